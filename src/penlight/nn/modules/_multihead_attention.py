"""MultiheadAttention, which torch keeps among the activations."""

from __future__ import annotations

from typing import Any

from ..._dtype import dtype as _dtype
from ..._tensor import Tensor
from ...ops.creation import empty
from .. import (
    functional as F,  # noqa: N812 - the name everybody knows
    init,
)
from ..functional._masks import as_addend
from ..parameter import Parameter
from .linear import NonDynamicallyQuantizableLinear
from .module import Module

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    r"""Attention of several heads, each on its share of the features.

    .. math:: \text{head}_i = \text{softmax}\left(\frac{(Q W^Q_i) (K W^K_i)^T}{\sqrt{E / h}} + M
              \right) V W^V_i, \qquad
              \text{out} = [\text{head}_1, \dots, \text{head}_h] W^O

    Args:
        embed_dim: :math:`E`, the size of queries and of the result.
        num_heads: :math:`h`, a divisor of ``embed_dim``.
        dropout: the share of weights that training sets to zero.
        bias: whether the projections have biases.
        add_bias_kv: add a trained key and value to the end of the sequence.
        add_zero_attn: add a key and a value of zeros to the end of the sequence.
        kdim: size of the keys; ``embed_dim`` when left out.
        vdim: size of the values; ``embed_dim`` when left out.
        batch_first: inputs and result are (N, L, E), not (L, N, E).
        device: the CPU.
        dtype: of the parameters; the default dtype when left out.

    Shape:
        - query: :math:`(L, N, E)`, :math:`(N, L, E)` or, without a batch, :math:`(L, E)`
        - key: :math:`(S, N, K)`, :math:`(N, S, K)` or :math:`(S, K)`; value: the same with
          :math:`V`
        - output: as query; weights: :math:`(N, L, S)`, :math:`(N, h, L, S)` where they are not
          averaged, or without :math:`N`

    Attributes:
        in_proj_weight: the three projections in one, :math:`(3E, E)`; ``None`` where keys or
            values have a size of their own, and there are ``q_proj_weight``, ``k_proj_weight`` and
            ``v_proj_weight``
        in_proj_bias: :math:`(3E)`, or ``None``
        out_proj: :math:`W^O` and its bias, a linear module
        bias_k, bias_v: :math:`(1, 1, E)`, or ``None``

    Raises:
        ValueError: a size is not positive.
        AssertionError: the heads do not divide ``embed_dim``; on a call, shapes do not fit.

    Example:
        >>> import penlight as torch
        >>> attention = torch.nn.MultiheadAttention(8, 2)
        >>> x = torch.zeros(5, 1, 8)
        >>> out, weights = attention(x, x, x)
        >>> out.shape, weights.shape
        (torch.Size([5, 1, 8]), torch.Size([1, 5, 5]))

    References:
        Vaswani et al. 2017, Attention Is All You Need, arXiv 1706.03762.
    """

    __constants__ = ("batch_first",)
    in_proj_weight: Tensor | None
    in_proj_bias: Tensor | None
    bias_k: Tensor | None
    bias_v: Tensor | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make the projections and initialise them."""
        if embed_dim <= 0 or num_heads <= 0:
            msg = (
                "embed_dim and num_heads must be greater than 0, got "
                f"embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
            raise ValueError(msg)
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            msg = (
                f"embed_dim must be divisible by num_heads, got embed_dim={embed_dim} and "
                f"num_heads={num_heads}"
            )
            raise AssertionError(msg)
        options = {"device": device, "dtype": dtype}
        self._make_projections(bias, options)
        for name in ("bias_k", "bias_v"):
            made = Parameter(empty((1, 1, embed_dim), **options)) if add_bias_kv else None
            setattr(self, name, made)
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _make_projections(self, bias: bool, options: dict[str, Any]) -> None:
        size = self.embed_dim
        packed = {"in_proj_weight": (3 * size, size)}
        separate = {
            "q_proj_weight": (size, size),
            "k_proj_weight": (size, self.kdim),
            "v_proj_weight": (size, self.vdim),
        }
        made, absent = (packed, separate) if self._qkv_same_embed_dim else (separate, packed)
        for name, shape in made.items():
            setattr(self, name, Parameter(empty(shape, **options)))
        for name in absent:
            self.register_parameter(name, None)
        if bias:
            self.in_proj_bias = Parameter(empty(3 * size, **options))
        else:
            self.register_parameter("in_proj_bias", None)
        self.out_proj = NonDynamicallyQuantizableLinear(size, size, bias=bias, **options)

    def _reset_parameters(self) -> None:
        """Draw the parameters anew; torch leaves the result's projection as it was made."""
        names = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")
        for weight in (getattr(self, name) for name in names):
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the result and the weights.

        Args:
            query: what looks; see Shape for all three.
            key: what is looked at.
            value: what is averaged.
            key_padding_mask: (N, S) or (S): ``True``, or minus infinity, for keys to be ignored.
            need_weights: return the weights, not ``None``; without, it is quicker.
            attn_mask: (L, S) or (N * heads, L, S): ``True`` where a query must not look, or
                numbers that are added to the scores.
            average_attn_weights: return the mean of the heads' weights.
            is_causal: says that ``attn_mask`` is the causal one, so that it need not be read.
        """
        kind = query.dtype
        padding = as_addend(key_padding_mask, "key_padding_mask", kind, attn_mask, "attn_mask")
        mask = as_addend(attn_mask, "attn_mask", kind)
        is_turned = self.batch_first and query.dim() == 3
        if is_turned:
            query, key, value = _turned(query, key, value)
        out, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=padding,
            need_weights=need_weights,
            attn_mask=mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        if is_turned:
            out = out.transpose(1, 0)
            if not (self.training or out.requires_grad):
                # torch: its fast path for inference gives memory in one piece.
                out = out.contiguous()
        return out, weights

    def merge_masks(
        self, attn_mask: Tensor | None, key_padding_mask: Tensor | None, query: Tensor
    ) -> tuple[Tensor | None, int | None]:
        """Return both masks, as numbers to be added, in one, and torch's number for its kind.

        Args:
            attn_mask: (L, L) or (N * heads, L, L), or ``None``.
            key_padding_mask: (N, L), or ``None``.
            query: (N, L, E).

        Returns:
            The mask, (N, heads, L, L) where there is an ``attn_mask``, with 2; the other alone with
            1; ``None`` twice where there is neither.
        """
        if attn_mask is None:
            return key_padding_mask, None if key_padding_mask is None else 1
        batch, length, _ = query.shape
        merged: Any
        if attn_mask.dim() == 3:
            merged = attn_mask.view(batch, -1, length, length)
        else:
            merged = attn_mask.view(1, 1, length, length).expand(batch, self.num_heads, -1, -1)
        if key_padding_mask is not None:
            merged = merged + key_padding_mask.view(batch, 1, 1, length)
        return merged, 2


def _turned(query: Any, key: Any, value: Any) -> tuple[Any, Any, Any]:
    """Put the sequence first; what was one tensor stays one, which saves projections."""
    turned = {id(tensor): tensor.transpose(1, 0) for tensor in (query, key, value)}
    return turned[id(query)], turned[id(key)], turned[id(value)]
