"""Scaled dot-product attention: torch's composition, and a form that works through blocks.

The second never holds all scores at once. Where torch chooses its fused kernel for the CPU, whose
node is printed, so does penlight; where torch composes but the scores would be many, penlight takes
the blocks, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import kernels
from .._dtype import bool as _BOOL, float32 as _FLOAT  # noqa: N812 - constants here
from .._tensor import Array, Tensor, wrap
from ..autograd.grad_mode import mode
from . import _check
from ._elementwise import widened
from ._op import Saving, op
from ._recorded import differentiate
from .creation import ones, zeros
from .dropout import dropped
from .matmul import matmul
from .rearrange import repeat_interleave, tril
from .softmax import safe_softmax, softmax_without_lost_rows
from .ternary import where

# nn.functional shows it; torch has no such function of its own.
__all__: list[str] = []

# So many scores are worked on at a time: they stay in the cache.
_BLOCK = 1 << 18
# Up to so many scores are kept for backward; beyond, they are computed again.
_KEPT = 1 << 22

_C_NAMES = {
    "float64": "double",
    "float32": "float",
    "float16": "c10::Half",
    "bfloat16": "c10::BFloat16",
    "int64": "long int",
    "int32": "int",
    "int16": "short int",
    "int8": "signed char",
    "uint8": "unsigned char",
}


# ---- by blocks ----------------------------------------------------------------------------------


def _blocks(entries: int, rows: int, columns: int) -> Iterator[tuple[slice, slice]]:
    """Yield which entries of the batch, and which of their queries, to work on at a time."""
    if rows * columns <= _BLOCK:
        step = max(1, _BLOCK // max(1, rows * columns))
        for first in range(0, entries, step):
            yield slice(first, min(first + step, entries)), slice(0, rows)
        return
    step = max(1, _BLOCK // columns)
    for entry in range(entries):
        for first in range(0, rows, step):
            yield slice(entry, entry + 1), slice(first, min(first + step, rows))


class _Scores:
    """The softmax of the scores of queries and keys, a block at a time.

    Attributes:
        query: (B, L, E), the batch in one dimension; float32 or float64, as all.
        key: (B, S, E).
        scale: their factor.
    """

    def __init__(
        self, query: Array, key: Array, mask: Array | None, is_causal: bool, scale: float
    ) -> None:
        self.query, self.key = _entries(query), _entries(key)
        self._batch = query.shape[:-2]
        self._is_causal = is_causal
        self.scale = self.query.dtype.type(scale)
        shape = (*self._batch, query.shape[-2], key.shape[-2])
        self._mask = None if mask is None else np.broadcast_to(mask, shape)
        self._is_shared = mask is None or math.prod(mask.shape[:-2]) == 1

    def blocks(self) -> Iterator[tuple[slice, slice]]:
        """Yield the blocks: entries of the batch, and rows of queries."""
        return _blocks(self.query.shape[0], self.query.shape[1], self.key.shape[1])

    def count(self) -> int:
        """Return how many scores there are."""
        return self.query.shape[0] * self.query.shape[1] * self.key.shape[1]

    def reach(self, rows: slice) -> int:
        """Return how many of the keys a block of queries can see."""
        keys = self.key.shape[1]
        return min(keys, rows.stop) if self._is_causal else keys

    def weights(self, entries: slice, rows: slice) -> Array:
        """Return the weights of a block: (entries, rows, keys within reach)."""
        keys = self.key[entries, : self.reach(rows)]
        scores = multiplied(self.query[entries, rows], keys.swapaxes(1, 2))
        scores *= self.scale
        self._hide(scores, entries, rows)
        return softmax_without_lost_rows(scores)

    def _hide(self, scores: Array, entries: slice, rows: slice) -> None:
        """Add the mask to a block of scores; a bool one, and the future, are minus infinity."""
        if self._is_causal:
            queries = np.arange(rows.start, rows.stop)[:, None]
            scores += _as_addend_array(np.arange(scores.shape[2]) <= queries, scores.dtype)
        if self._mask is None:
            return
        if self._is_shared:
            hidden = self._mask[(0,) * len(self._batch)][rows]
        else:
            places: Any = np.unravel_index(np.arange(entries.start, entries.stop), self._batch)
            hidden = self._mask[(*places, rows)]
        if hidden.dtype == np.bool_:
            hidden = _as_addend_array(hidden, scores.dtype)
        scores += hidden


def _as_addend_array(seen: Array, kind: Any) -> Array:
    """Return zeros where a key is seen, minus infinity elsewhere; adding beats writing by mask."""
    return np.where(seen, kind.type(0), kind.type(-np.inf))


def multiplied(first: Array, second: Array) -> Array:
    """Return the products of two batches of matrices of one floating dtype."""
    out = np.empty((*first.shape[:2], second.shape[2]), first.dtype)
    kernels.batch_matmul(out, first, second)
    return out


def _entries(array: Array) -> Array:
    """Return (B, L, E): the leading dimensions in one."""
    return array.reshape(math.prod(array.shape[:-2]), *array.shape[-2:])


def _laid_as(query: Array, entries: Array) -> Array:
    """Return (B, L, D) with the batch's dimensions, in the query's order of memory.

    torch: so heads that came out of one projection are joined again without a copy.
    """
    shape = (*query.shape[:-1], entries.shape[-1])
    is_like = shape == query.shape
    out = np.empty_like(query, order="K") if is_like else np.empty(shape, query.dtype)
    out[...] = entries.reshape(shape)
    return out


@op(
    "_scaled_dot_product_flash_attention_for_cpu",
    node="ScaledDotProductFlashAttentionForCpuBackward0",
    method=False,
    saves=("weights",),
    quiet=True,
)
def attention_by_blocks(
    query: Array,
    key: Array,
    value: Array,
    attn_mask: Array | None,
    is_causal: bool,
    scale: float,
) -> Saving:
    """Return attention over equal leading dimensions, without all of its scores in memory."""
    scores = _Scores(widened(query), widened(key), widened(attn_mask), is_causal, scale)
    values = _entries(widened(value))
    out = np.empty((*scores.query.shape[:2], values.shape[2]), values.dtype)
    kept: list[Array] | None = [] if scores.count() <= _KEPT else None
    for entries, rows in scores.blocks():
        weights = scores.weights(entries, rows)
        out[entries, rows] = multiplied(weights, values[entries, : weights.shape[2]])
        if kept is not None:
            kept.append(weights)
    return Saving(_laid_as(query, out), weights=kept)


@attention_by_blocks.vjp("query", "key", "value")
def _attention_backward(
    grad: Any,
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any,
    is_causal: bool,
    scale: float,
    weights: Any,
    needs: Any,
) -> tuple[Any, ...]:
    if mode.grad:
        return differentiate(
            lambda q, k, v: _composed(q, k, v, attn_mask, 0.0, is_causal, scale),
            (query, key, value),
            grad,
            needs,
        )
    arrays = [tensor._array for tensor in (query, key, value)]
    mask = None if attn_mask is None else widened(attn_mask._array)
    wide = [widened(array) for array in arrays]
    scores = _Scores(wide[0], wide[1], mask, is_causal, scale)
    made = _gradients(_entries(widened(grad._array)), scores, _entries(wide[2]), weights)
    kind = arrays[0].dtype
    return tuple(
        wrap(array.reshape(like.shape).astype(kind, copy=False)) if need else None
        for array, like, need in zip(made, arrays, needs, strict=True)
    )


def _gradients(
    grad: Array, scores: _Scores, value: Array, kept: list[Array] | None
) -> tuple[Array, Array, Array]:
    """Return the gradients of query, key and value, their leading dimensions in one."""
    query, key = scores.query, scores.key
    to_query = np.empty(query.shape, query.dtype)
    to_key, to_value = np.zeros(key.shape, key.dtype), np.zeros(value.shape, value.dtype)
    for number, (entries, rows) in enumerate(scores.blocks()):
        weights = scores.weights(entries, rows) if kept is None else kept[number]
        seen = slice(0, weights.shape[2])
        of_rows = grad[entries, rows]
        to_value[entries, seen] += multiplied(weights.swapaxes(1, 2), of_rows)
        to_weights = multiplied(of_rows, value[entries, seen].swapaxes(1, 2))
        to_scores = np.empty_like(weights)
        kernels.softmax_backward(to_scores, to_weights, weights, 2)
        to_scores *= scores.scale
        to_query[entries, rows] = multiplied(to_scores, key[entries, seen])
        to_key[entries, seen] += multiplied(to_scores.swapaxes(1, 2), query[entries, rows])
    return to_query, to_key, to_value


# ---- composed -----------------------------------------------------------------------------------


def _composed(
    query: Any,
    key: Any,
    value: Any,
    mask: Any,
    dropout_p: float,
    is_causal: bool,
    scale: float,
) -> Any:
    """Return attention through all of its scores; halves in float32."""
    kind = query.dtype
    if kind.itemsize == 2 and kind.is_floating_point:
        query, key, value = (tensor.float() for tensor in (query, key, value))
    if is_causal:
        mask = tril(ones((query.shape[-2], key.shape[-2]), dtype=_BOOL))
    # torch: both factors are scaled, so that neither their product nor its sums overflow.
    factor = math.sqrt(abs(scale))
    scaled = query * (-factor if scale < 0 else factor)
    scores: Any = matmul(scaled, key.transpose(-2, -1) * factor)
    if mask is not None:
        scores.add_(_as_addend(mask, scores.dtype))
    weights = safe_softmax(scores)
    if dropout_p > 0.0:
        weights = _thinned(weights, dropout_p)
    return matmul(weights, value).to(kind)


def _thinned(weights: Any, p: float) -> Any:
    """Return the weights with dropout."""
    if not weights.numel():
        return weights
    return weights * 0.0 if p == 1.0 else dropped(weights, float(p))


def _as_addend(mask: Any, kind: Any) -> Any:
    """Return what a mask adds to the scores: a bool one adds minus infinity where it is unset."""
    if mask.dtype is not _BOOL:
        return mask.to(kind)
    return where(mask, zeros((), dtype=kind), zeros((), dtype=kind).fill_(-math.inf))


# ---- checks and the choice ----------------------------------------------------------------------


def _check_inputs(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, causal: bool
) -> None:
    for place, (name, tensor) in enumerate(
        (("query", query), ("key", key), ("value", value)), start=1
    ):
        if not isinstance(tensor, Tensor):
            msg = (
                f"scaled_dot_product_attention(): argument '{name}' (position {place}) must be "
                f"Tensor, not {type(tensor).__name__}"
            )
            raise TypeError(msg)
    if not query.dtype is key.dtype is value.dtype:
        _check.refuse(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{_c_name(query)} key.dtype: {_c_name(key)} and value.dtype: {_c_name(value)} instead."
        )
    if min(query.dim(), key.dim(), value.dim()) < 2:
        _check.refuse(
            "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
            f"{query.dim()} key.dim: {key.dim()} and value.dim: {value.dim()} instead."
        )
    if mask is None:
        return
    if mask.dtype is not _BOOL and mask.dtype is not query.dtype and mask.dtype is not _FLOAT:
        _check.refuse(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got "
            f"attn_mask.dtype: {_c_name(mask)} and  query.dtype: {_c_name(query)} instead."
        )
    if causal:
        _check.refuse(
            "Explicit attn_mask should not be set when is_causal=True: give one of them, or the "
            "mask with is_causal=False"
        )


def _c_name(tensor: Any) -> str:
    """Return a dtype under the name that torch's message gives it."""
    return _C_NAMES.get(tensor.dtype.name, tensor.dtype.name)


def _with_all_heads(query: Any, key: Any, value: Any) -> tuple[Any, Any]:
    """Return key and value with each head as often as there are heads of queries for it."""
    if min(query.dim(), key.dim(), value.dim()) < 3:
        _check.refuse(
            "enable_gqa needs heads in dimension -3, got shapes "
            f"{list(query.shape)}, {list(key.shape)} and {list(value.shape)}"
        )
    heads, of_key, of_value = (tensor.shape[-3] for tensor in (query, key, value))
    if heads % of_key or heads % of_value:
        _check.refuse(
            "Number of heads in key and value must divide the number of heads in query, got "
            f"{of_key} and {of_value} for {heads}"
        )
    if heads != of_key:
        key = repeat_interleave(key, heads // of_key, -3)
    if heads != of_value:
        value = repeat_interleave(value, heads // of_value, -3)
    return key, value


def _is_fused(query: Any, key: Any, value: Any, mask: Any) -> bool:
    """Return whether torch takes its fused kernel, or the scores are too many to be kept."""
    shapes = [tensor.shape for tensor in (query, key, value)]
    if not shapes[0][:-2] == shapes[1][:-2] == shapes[2][:-2] or not query.is_floating_point():
        return False
    if shapes[0][-1] != shapes[1][-1] or shapes[1][-2] != shapes[2][-2]:
        return False
    if not all(tensor.numel() for tensor in (query, key, value)):
        return False
    scores = (*shapes[0][:-1], shapes[1][-2])
    if mask is not None and (mask.requires_grad or not _fits(mask.shape, scores)):
        return False
    if math.prod(scores) > _KEPT:
        return True
    return (
        len(scores) == 4
        and shapes[1][-1] == shapes[2][-1]
        and all(tensor.stride(-1) == 1 for tensor in (query, key, value))
        and (mask is None or mask.dim() in {2, 4})
    )


def _fits(mask: tuple[int, ...], scores: tuple[int, ...]) -> bool:
    """Return whether a mask broadcasts to the scores' shape."""
    if len(mask) > len(scores):
        return False
    pairs = zip(reversed(mask), reversed(scores), strict=False)
    return all(size in {1, full} for size, full in pairs)


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    r"""Return averages of values, weighted by how well the keys fit each query.

    .. math:: \text{softmax}\left(\frac{Q K^T}{\sqrt{E}} + M\right) V

    A query that may look at no key gives zeros. Without dropout, the scores are worked through in
    blocks, forward and backward, and never held all at once where they are many.

    Args:
        query: :math:`Q`.
        key: :math:`K`, of the same dtype.
        value: :math:`V`, of the same dtype.
        attn_mask: :math:`M`, broadcasting to the scores: added, or bool with ``True`` where a query
            may look at a key.
        dropout_p: the share of weights set to zero; whoever calls leaves it out in evaluation.
        is_causal: let query :math:`i` look at the keys up to :math:`i` only.
        scale: a factor of the scores in place of :math:`1 / \sqrt{E}`.
        enable_gqa: let several heads of queries (dimension -3) share one of keys and values.

    Shape:
        - query: :math:`(N, \dots, L, E)`; key: :math:`(N, \dots, S, E)`
        - value: :math:`(N, \dots, S, E_v)`; output: :math:`(N, \dots, L, E_v)`

    Raises:
        RuntimeError: dtypes or shapes do not fit, or there are both ``attn_mask`` and
            ``is_causal``.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> x = torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]])
        >>> F.scaled_dot_product_attention(x, x, x, is_causal=True)
        tensor([[[[1.0000, 0.0000],
                  [0.3302, 0.6698]]]])

    References:
        Vaswani et al. 2017, Attention Is All You Need, arXiv 1706.03762.

        Rabe and Staats 2021, Self-attention Does Not Need O(n^2) Memory, arXiv 2112.05682.
    """
    _check_inputs(query, key, value, attn_mask, is_causal)
    if not 0.0 <= dropout_p <= 1.0:
        _check.refuse(f"dropout probability has to be between 0 and 1, but got {dropout_p}")
    if enable_gqa:
        key, value = _with_all_heads(query, key, value)
    if scale is None:
        scale = 1 / math.sqrt(query.shape[-1]) if query.shape[-1] else math.inf
    if dropout_p == 0.0 and _is_fused(query, key, value, attn_mask):
        return attention_by_blocks(query, key, value, attn_mask, is_causal, float(scale))
    return _composed(query, key, value, attn_mask, dropout_p, is_causal, scale)
