"""Attention with several heads: projections, masks, and the average of values by their weights."""

from __future__ import annotations

import math
from typing import Any, NoReturn

from ..._tensor import Tensor
from ...ops.attention import scaled_dot_product_attention
from ...ops.join import cat
from ...ops.products import baddbmm, bmm
from ._masks import as_addend
from .dropout import dropout
from .linear import linear
from .padding import pad
from .softmax import softmax

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]

# torch: what attention refuses, it refuses by assertion.


def _refuse(message: str) -> NoReturn:
    raise AssertionError(message)


# ---- checks -------------------------------------------------------------------------------------


def _check_dimensions(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    padding: Tensor | None,
    mask: Tensor | None,
    num_heads: int,
) -> None:
    dims = query.dim()
    if dims not in {2, 3}:
        _refuse(
            f"query should be unbatched 2D or batched 3D tensor but received {dims}-D query tensor"
        )
    kind = f"For {'batched' if dims == 3 else 'unbatched'} ({dims}-D) `query`, expected"
    if not key.dim() == value.dim() == dims:
        _refuse(
            f"{kind} `key` and `value` to be {dims}-D but found {key.dim()}-D and {value.dim()}-D "
            "tensors respectively"
        )
    if padding is not None and padding.dim() != dims - 1:
        _refuse(
            f"{kind} `key_padding_mask` to be `None` or {dims - 1}-D but found {padding.dim()}-D "
            "tensor instead"
        )
    if mask is not None and mask.dim() not in {2, 3}:
        _refuse(
            f"{kind} `attn_mask` to be `None`, 2-D or 3-D but found {mask.dim()}-D tensor instead"
        )
    if mask is not None and dims == 2 and mask.dim() == 3:
        expected = (num_heads, query.shape[0], key.shape[0])
        if mask.shape != expected:
            _refuse(f"Expected `attn_mask` shape to be {expected} but got {mask.shape}")


def _check_sizes(inputs: Any, embed_dim: int, num_heads: int, *, separate: bool) -> None:
    query, key, value = inputs
    found = query.shape[-1]
    if found != embed_dim:
        _refuse(f"was expecting embedding dimension of {embed_dim}, but got {found}")
    if found % num_heads:
        _refuse(f"embed_dim {found} not divisible by num_heads {num_heads}")
    if separate:
        if key.shape[:2] != value.shape[:2]:
            _refuse(
                f"key's sequence and batch dims {key.shape[:2]} do not match value's "
                f"{value.shape[:2]}"
            )
    elif key.shape != value.shape:
        _refuse(f"key shape {key.shape} does not match value shape {value.shape}")


def _checked_mask(mask: Any, sizes: tuple[int, int], entries: int) -> Any:
    """Return the mask in three dimensions, refusing what does not fit the scores."""
    if mask is None:
        return None
    expected = sizes if mask.dim() == 2 else (entries, *sizes)
    if mask.shape != expected:
        msg = f"The shape of the {mask.dim()}D attn_mask is {mask.shape}, but should be {expected}."
        raise RuntimeError(msg)
    return mask.unsqueeze(0) if mask.dim() == 2 else mask


# ---- projections --------------------------------------------------------------------------------


def _projected(inputs: Any, weight: Any, bias: Any) -> Any:
    """Project by weights that are packed into one, with as few products as may be."""
    query, key, value = inputs
    if weight is None:
        _refuse("use_separate_proj_weight is False but in_proj_weight is None")
    if key is not value:
        biases = (None,) * 3 if bias is None else bias.chunk(3)
        return [linear(*each) for each in zip(inputs, weight.chunk(3), biases, strict=True)]
    if query is key:
        return _unpacked(linear(query, weight, bias), 3)
    size = query.shape[-1]
    of_query, of_both = weight.split([size, 2 * size])
    first, second = (None, None) if bias is None else bias.split([size, 2 * size])
    return [linear(query, of_query, first), *_unpacked(linear(key, of_both, second), 2)]


def _unpacked(packed: Any, count: int) -> list[Any]:
    """Return the parts of a projection that was made at once, each with memory in one piece."""
    parts = packed.unflatten(-1, (count, packed.shape[-1] // count)).movedim(-2, 0).contiguous()
    return [parts[place] for place in range(count)]


def _projected_separately(inputs: Any, weights: Any, bias: Any) -> list[Any]:
    """Project queries, keys and values, which may differ in size, by a weight each."""
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    size = inputs[0].shape[-1]
    out = []
    for name, input, weight, shift in zip("qkv", inputs, weights, biases, strict=True):
        if weight is None:
            _refuse(f"use_separate_proj_weight is True but {name}_proj_weight is None")
        expected = (size, input.shape[-1])
        if weight.shape != expected:
            full = {"q": "query", "k": "key", "v": "value"}[name]
            _refuse(f"expecting {full} weights shape of {expected}, but got {weight.shape}")
        out.append(linear(input, weight, shift))
    return out


# ---- heads --------------------------------------------------------------------------------------


def _with_bias(pair: Any, biases: Any, statics: Any) -> tuple[Any, Any]:
    """Add a trained key and value to the end of the sequence."""
    key, value = pair
    bias_k, bias_v = biases
    if bias_k is None and bias_v is None:
        return key, value
    if bias_v is None:
        _refuse("bias_k is set but bias_v is None")
    if bias_k is None:
        _refuse("bias_v is set but bias_k is None")
    for name, static in zip(("key", "value"), statics, strict=True):
        if static is not None:
            _refuse(f"bias cannot be added to static {name}.")
    batch = key.shape[1]
    return cat([key, bias_k.repeat(1, batch, 1)]), cat([value, bias_v.repeat(1, batch, 1)])


def _heads(tensor: Any, entries: int, size: int) -> Any:
    """Return (N * heads, L, E / heads) from (L, N, E)."""
    return tensor.contiguous().view(tensor.shape[0], entries, size).transpose(0, 1)


def _heads_or_static(name: str, tensor: Any, static: Any, entries: int, size: int) -> Any:
    if static is None:
        return _heads(tensor, entries, size)
    for dim, expected in ((0, entries), (2, size)):
        if static.shape[dim] != expected:
            _refuse(f"expecting {name}.size({dim}) of {expected}, but got {static.shape[dim]}")
    return static


def _with_zeros(tensor: Any) -> Any:
    """Add a position of zeros to the end of the sequence."""
    return cat([tensor, tensor.new_zeros((tensor.shape[0], 1, tensor.shape[2]))], dim=1)


def _keys_and_values(
    pair: Any, biases: Any, statics: Any, add_zero_attn: bool, entries: int, size: int
) -> tuple[Any, Any, int]:
    """Return keys and values by heads, and how many positions they were given at the end."""
    key, value = _with_bias(pair, biases, statics)
    key = _heads_or_static("static_k", key, statics[0], entries, size)
    value = _heads_or_static("static_v", value, statics[1], entries, size)
    if add_zero_attn:
        key, value = _with_zeros(key), _with_zeros(value)
    return key, value, int(biases[0] is not None) + int(add_zero_attn)


def _merged(mask: Any, padding: Any, added: int, sizes: tuple[int, int, int]) -> Any:
    """Return one mask from that of positions and that of padding, with room for added keys."""
    if added and mask is not None:
        mask = pad(mask, (0, added))
    if padding is None:
        return mask
    if added:
        padding = pad(padding, (0, added))
    batch, heads, keys = sizes
    for dim, expected in ((0, batch), (1, keys)):
        if padding.shape[dim] != expected:
            _refuse(
                f"Expected key_padded_mask.shape[{dim}] to be {expected}, but got "
                f"{padding.shape[dim]}"
            )
    padding = padding.view(batch, 1, 1, keys).expand(-1, heads, -1, -1)
    padding = padding.reshape(batch * heads, 1, keys)
    return padding if mask is None else mask + padding


def _with_weights(
    query: Any, key: Any, value: Any, mask: Any, dropout_p: float
) -> tuple[Tensor, Any]:
    """Return (L, N * heads, E / heads) and the weights, (N * heads, L, S), after dropout."""
    scaled = query * math.sqrt(1.0 / query.shape[-1])
    turned = key.transpose(-2, -1)
    scores = bmm(scaled, turned) if mask is None else baddbmm(mask, scaled, turned)
    weights = softmax(scores, dim=-1)
    if dropout_p > 0.0:
        weights = dropout(weights, p=dropout_p)
    out: Tensor = bmm(weights, value).transpose(0, 1)
    return out, weights


def _without_weights(
    parts: Any, mask: Any, dropout_p: float, is_causal: bool, batch: int, num_heads: int
) -> Tensor:
    """Return (L, N, heads, E / heads)."""
    query, key, value = (part.view(batch, num_heads, *part.shape[1:]) for part in parts)
    if mask is not None:
        single = mask.shape[0] == 1
        mask = mask.unsqueeze(0) if single else mask.view(batch, num_heads, -1, key.shape[2])
    out: Any = scaled_dot_product_attention(query, key, value, mask, dropout_p, is_causal)
    return out.permute(2, 0, 1, 3)  # type: ignore[no-any-return]


def _shown(weights: Any, batch: int, num_heads: int, average: bool, is_batched: bool) -> Tensor:
    """Return the weights as they are given back."""
    weights = weights.view(batch, num_heads, *weights.shape[1:])
    if average:
        weights = weights.mean(dim=1)
    return weights if is_batched else weights.squeeze(0)  # type: ignore[no-any-return]


def _masks(
    mask: Any, padding: Any, kind: Any, is_causal: bool, need_weights: bool
) -> tuple[Any, Any, bool]:
    """Return both masks as addends, and whether the hint is all that is needed of the first."""
    padding = as_addend(padding, "key_padding_mask", kind, mask, "attn_mask")
    if is_causal and mask is None:
        msg = (
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module "
            "method `generate_square_subsequent_mask` to create this mask."
        )
        raise RuntimeError(msg)
    if is_causal and padding is None and not need_weights:
        return None, None, True
    return as_addend(mask, "attn_mask", kind), padding, is_causal and padding is None


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    r"""Attention of several heads with their projections, as :class:`~torch.nn.MultiheadAttention`.

    Args:
        query: shape (L, N, E) or (L, E).
        key: shape (S, N, K) or (S, K).
        value: shape (S, N, V) or (S, V).
        embed_dim_to_check: E.
        num_heads: how many heads share E.
        in_proj_weight: the projections of all three, shape (3E, E).
        in_proj_bias: their biases, shape (3E).
        bias_k: a trained key at the end of the sequence, shape (1, 1, E).
        bias_v: its value.
        add_zero_attn: add a key and value of zeros to the end of the sequence.
        dropout_p: the share of weights that training sets to zero.
        out_proj_weight: the projection of the result, shape (E, E).
        out_proj_bias: its bias.
        training: whether there is dropout.
        key_padding_mask: shape (N, S) or (S): ``True``, or minus infinity, for keys to be ignored.
        need_weights: return the weights too.
        attn_mask: shape (L, S) or (N * heads, L, S): ``True`` where a query must not look, or
            numbers that are added to the scores.
        use_separate_proj_weight: take the three weights that follow, not ``in_proj_weight``.
        q_proj_weight: shape (E, E).
        k_proj_weight: shape (E, K).
        v_proj_weight: shape (E, V).
        static_k: keys in place of the projected ones, shape (N * heads, S, E / heads).
        static_v: values in place of the projected ones.
        average_attn_weights: return the mean of the heads' weights.
        is_causal: says that ``attn_mask`` is the causal one, so that it need not be read.

    Returns:
        The result, of the query's shape, and the weights: (N, L, S), (N, heads, L, S) where they
        are not averaged, both without N where the query has none, or ``None``.

    Raises:
        AssertionError: a shape does not fit.
        RuntimeError: the mask does not fit the scores.

    Example:
        >>> import penlight as torch
        >>> import penlight.nn.functional as F
        >>> x, eye, zeros = torch.ones(3, 1, 2), torch.eye(2), torch.zeros(2)
        >>> out, weights = F.multi_head_attention_forward(
        ...     x, x, x, 2, 1, torch.cat([eye] * 3), None, None, None, False, 0.0, eye, zeros
        ... )
        >>> weights.shape
        torch.Size([1, 3, 3])

    References:
        Vaswani et al. 2017, Attention Is All You Need, arXiv 1706.03762.
    """
    _check_dimensions(query, key, value, key_padding_mask, attn_mask, num_heads)
    is_batched = query.dim() == 3
    inputs: Any = (query, key, value)
    if not is_batched:
        inputs = tuple(tensor.unsqueeze(1) for tensor in inputs)
        key_padding_mask = key_padding_mask if key_padding_mask is None else key_padding_mask[None]
    kind = query.dtype
    mask, padding, is_causal = _masks(attn_mask, key_padding_mask, kind, is_causal, need_weights)
    separate = use_separate_proj_weight
    _check_sizes(inputs, embed_dim_to_check, num_heads, separate=separate)
    length, batch, size = inputs[0].shape
    entries, size = batch * num_heads, size // num_heads
    if separate:
        weights_of = (q_proj_weight, k_proj_weight, v_proj_weight)
        q, k, v = _projected_separately(inputs, weights_of, in_proj_bias)
    else:
        q, k, v = _projected(inputs, in_proj_weight, in_proj_bias)
    mask = _checked_mask(mask, (length, inputs[1].shape[0]), entries)
    q = _heads(q, entries, size)
    k, v, added = _keys_and_values(
        (k, v), (bias_k, bias_v), (static_k, static_v), add_zero_attn, entries, size
    )
    mask = _merged(mask, padding, added, (batch, num_heads, k.shape[1]))
    p, weights = dropout_p if training else 0.0, None
    joined: Any
    if need_weights:
        joined, weights = _with_weights(q, k, v, mask, p)
        weights = _shown(weights, batch, num_heads, average_attn_weights, is_batched)
    else:
        joined = _without_weights((q, k, v), mask, p, is_causal, batch, num_heads)
    rows = joined.reshape(length * batch, -1)
    out: Any = linear(rows, out_proj_weight, out_proj_bias).view(length, batch, -1)
    return out if is_batched else out.squeeze(1), weights
