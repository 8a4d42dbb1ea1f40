"""How linear_cross_entropy takes its rows in chunks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..._dtype import bfloat16, dtype as _dtype, float16, float32, float64

__all__ = ["LinearCrossEntropyOptions"]

_POLICIES = ("auto", "accurate", "balanced", "compact")
_HALVES = (float16, bfloat16)
_DTYPES = (float16, bfloat16, float32, float64)


@dataclass(slots=True, frozen=True)
class LinearCrossEntropyOptions:
    r"""Have :func:`linear_cross_entropy` take a chunk of rows at a time.

    The logits of all rows, :math:`(N, C)`, are never in memory together, only those of a chunk.
    That pays where there are many classes, as the words of a language model's vocabulary. The
    loss and its gradients are those of the whole.

    For the reductions ``"mean"`` and ``"sum"`` the gradients are made in forward, so backward
    costs nothing more; for ``"none"`` backward computes the logits again.

    What the chunks do not serve (targets that are probabilities, smoothed labels, a weight of more
    than two dimensions) is computed at once, with a warning.

    Args:
        allow_retain_graph: for ``"mean"`` and ``"sum"``, keep the gradients for further walks
            back. Without it the first walk gives them away and a second one is an error.
        batch_chunk_size: rows in a chunk; all by default.
        chunking_method: how to choose ``batch_chunk_size``. ``"aspect_ratio"``: the least power
            of two for which a chunk's logits are as large as the input; ``"aspect_ratio:N"``: the
            N-th part of that; ``"auto"``: ``"aspect_ratio"`` for halves and ``"aspect_ratio:2"``
            for other dtypes, unless ``batch_chunk_size`` is given; ``None``: do not choose.
        acc_policy: ``"accurate"``, ``"balanced"``, ``"compact"`` or ``"auto"``, torch's trades of
            precision for memory. penlight takes products of halves in float32 and adds the
            weight's gradient in parts, whichever is named: as exact as the first, in the memory
            of the last.
        acc_dtype: the dtype in which the weight's gradient is summed over the chunks: that of the
            input, or float32 for halves. ``None``: float32 for halves under ``"auto"``, else the
            input's.

    Raises:
        ValueError: a value is none of these; on a call, ``batch_chunk_size`` and
            ``chunking_method`` disagree.
        RuntimeError: on a call, ``acc_dtype`` does not suit the input.

    Example:
        >>> import penlight as torch
        >>> options = torch.nn.LinearCrossEntropyOptions(batch_chunk_size=2)
        >>> loss = torch.nn.LinearCrossEntropyLoss(3, 4, options=options)
        >>> loss(torch.zeros(5, 3), torch.tensor([0, 1, 2, 3, 0])).item()
        1.3862943649291992
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: Literal["accurate", "balanced", "compact", "auto"] = "auto"
    acc_dtype: _dtype | None = None

    def __post_init__(self) -> None:
        if self.acc_policy not in _POLICIES:
            msg = f"invalid acc_policy: {self.acc_policy!r}; it is one of {', '.join(_POLICIES)}"
            raise ValueError(msg)
        if self.chunking_method not in {None, "auto"}:
            _factor(str(self.chunking_method))
        size = self.batch_chunk_size
        if size is not None and not (isinstance(size, int) and size > 0):
            msg = f"batch_chunk_size must be positive int or None, got {size!r}"
            raise ValueError(msg)
        if self.acc_dtype is not None and self.acc_dtype not in _DTYPES:
            msg = (
                "acc_dtype must be one of {None, torch.float16, torch.bfloat16, torch.float32, "
                f"torch.float64}}, got {self.acc_dtype!r}. None chooses by the input."
            )
            raise ValueError(msg)

    def _resolved(self, rows: int, features: int, classes: int, kind: _dtype) -> tuple[int, _dtype]:
        """Return how many rows to take, and the dtype of sums, for an input of this size."""
        method = self.chunking_method
        if method == "auto":
            automatic = "aspect_ratio" if kind in _HALVES else "aspect_ratio:2"
            method = automatic if self.batch_chunk_size is None else None
        size = rows if self.batch_chunk_size is None else min(self.batch_chunk_size, rows)
        if method is not None:
            size = _by_aspect_ratio(rows, features, classes, _factor(method))
            if self.batch_chunk_size not in {None, size}:
                msg = (
                    f"batch_chunk_size (={self.batch_chunk_size}) and chunking_method ({method!r}) "
                    f"give different chunk sizes ({self.batch_chunk_size} vs {size}): pass only one"
                )
                raise ValueError(msg)
        return max(1, size), self._sum_dtype(kind)

    def _sum_dtype(self, kind: _dtype) -> _dtype:
        wanted = self.acc_dtype
        if wanted is None:
            return float32 if kind in _HALVES and self.acc_policy == "auto" else kind
        if wanted is not kind and not (kind in _HALVES and wanted is float32):
            msg = (
                "linear_cross_entropy supports float32 acc_dtype with float16/bfloat16 inputs, but "
                f"got {wanted} acc_dtype and {kind} inputs."
            )
            raise RuntimeError(msg)
        return wanted


def _factor(method: str) -> int:
    """Return the N of ``aspect_ratio:N``, 1 where there is none."""
    name, colon, factor = method.partition(":")
    number = int(factor) if factor.isdigit() else int(not colon)
    if name != "aspect_ratio" or number < 1:
        msg = (
            f"invalid chunking_method: {method!r}; it is None, 'auto', 'aspect_ratio' or "
            "'aspect_ratio:N' with N from 1"
        )
        raise ValueError(msg)
    return number


def _by_aspect_ratio(rows: int, features: int, classes: int, factor: int) -> int:
    wide = -(-classes // max(1, features))
    target = -(-rows // max(1, wide))
    power = 1 << max(0, target - 1).bit_length()
    return min(power // factor, rows)
