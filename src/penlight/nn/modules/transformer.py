"""The Transformer: layers of attention and feed-forward networks, and stacks of them."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable
from typing import Any

from ..._dtype import dtype as _dtype
from ..._tensor import Tensor
from ...autograd.grad_mode import is_grad_enabled
from ...backends import mha
from ...ops.creation import full
from ...ops.rearrange import triu
from .. import (
    functional as F,  # noqa: N812 - the name everybody knows
    init,
)
from ..functional._masks import as_addend
from ._multihead_attention import MultiheadAttention
from .activation import GELU, ReLU
from .container import ModuleList
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .normalization import LayerNorm

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]

Activation = Callable[[Tensor], Tensor]


def _square_mask(size: int, device: Any = None, dtype: _dtype | None = None) -> Tensor:
    """Return zeros with minus infinity above the diagonal."""
    out: Tensor = triu(full((size, size), -math.inf, device=device, dtype=dtype), 1)
    return out


def _is_causal(mask: Tensor | None, hint: bool | None, sequence: Tensor, layer: Any) -> bool:
    """Return whether a mask is the causal one: what the hint says, or what the mask holds."""
    if hint is not None or mask is None:
        return bool(hint)
    place = 1 if sequence.dim() == 3 and layer.self_attn.batch_first else 0
    causal = _square_mask(sequence.shape[place], dtype=mask.dtype)
    return mask.shape == causal.shape and bool((mask == causal).all())


def _activation(activation: str | Activation) -> Activation:
    """Return the function of a name."""
    if not isinstance(activation, str):
        return activation
    known: dict[str, Any] = {"relu": F.relu, "gelu": F.gelu}
    if activation not in known:
        msg = f"activation should be relu/gelu, not {activation}"
        raise RuntimeError(msg)
    return known[activation]  # type: ignore[no-any-return]


def _clones(layer: Module, count: int) -> ModuleList:
    return ModuleList([copy.deepcopy(layer) for _ in range(count)])


# ---- layers -------------------------------------------------------------------------------------


class _Layer(Module):
    """What both kinds of layer hold: attention, a feed-forward network, norms and dropouts."""

    __constants__ = ("norm_first",)
    _attentions: tuple[str, ...]
    norm_first: bool
    linear1: Linear
    linear2: Linear
    dropout: Dropout
    activation: Activation

    def _make(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int,
        dropout: float,
        layer_norm_eps: float,
        batch_first: bool,
        norm_first: bool,
        bias: bool,
        **options: Any,
    ) -> None:
        """Make the parts in torch's order, which is that of drawing."""
        for name in self._attentions:
            attention = MultiheadAttention(
                d_model, nhead, dropout=dropout, batch_first=batch_first, bias=bias, **options
            )
            setattr(self, name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias, **options)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias, **options)
        self.norm_first = norm_first
        numbers = range(1, len(self._attentions) + 2)
        for number in numbers:
            norm = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **options)
            setattr(self, f"norm{number}", norm)
        for number in numbers:
            setattr(self, f"dropout{number}", Dropout(dropout))

    def _around(self, number: int, block: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """Add what a block makes of ``x`` to it, with a norm before or after."""
        norm = getattr(self, f"norm{number}")
        if self.norm_first:
            return x + block(norm(x))
        return norm(x + block(x))  # type: ignore[no-any-return]

    # torch: programs override the blocks, under these names.
    def _sa_block(
        self,
        x: Tensor,
        attn_mask: Tensor | None,
        key_padding_mask: Tensor | None,
        is_causal: bool = False,
    ) -> Tensor:
        """Return the sequence's attention to itself, with dropout."""
        out, _ = self.self_attn(
            x,
            x,
            x,
            attn_mask=attn_mask,
            key_padding_mask=key_padding_mask,
            is_causal=is_causal,
            need_weights=False,
        )
        return self.dropout1(out)  # type: ignore[no-any-return]

    def _ff_block(self, x: Tensor) -> Tensor:
        """Return what the feed-forward network makes of the sequence, with the last dropout."""
        out = self.linear2(self.dropout(self.activation(self.linear1(x))))
        dropout = getattr(self, f"dropout{len(self._attentions) + 1}")
        return dropout(out)  # type: ignore[no-any-return]


class TransformerEncoderLayer(_Layer):
    r"""Self-attention, then a feed-forward network, each with dropout, residual and norm.

    .. math:: y = \text{norm}_1(x + \text{attention}(x)), \qquad
              z = \text{norm}_2(y + W_2\, \sigma(W_1 y))

    or with the norms of :math:`x` and :math:`y` before attention and network.

    Args:
        d_model: size of the features.
        nhead: number of heads.
        dim_feedforward: size between the two linear maps.
        dropout: probability of every dropout, that of attention too.
        activation: :math:`\sigma`: ``"relu"``, ``"gelu"`` or a function.
        layer_norm_eps: added to the variance in norms.
        batch_first: input is (N, S, E), not (S, N, E).
        norm_first: norms before, not after.
        bias: whether linear maps and norms have biases.
        device: the CPU.
        dtype: of the parameters; the default dtype when left out.

    Shape:
        - src: :math:`(S, N, E)`, :math:`(N, S, E)` or :math:`(S, E)`; output: the same

    Raises:
        RuntimeError: the activation's name is not known.

    Example:
        >>> import penlight as torch
        >>> layer = torch.nn.TransformerEncoderLayer(d_model=8, nhead=2)
        >>> layer(torch.zeros(5, 3, 8)).shape
        torch.Size([5, 3, 8])

    References:
        Vaswani et al. 2017, Attention Is All You Need, arXiv 1706.03762.

        Xiong et al. 2020, On Layer Normalization in the Transformer Architecture, arXiv 2002.04745.
    """

    _attentions = ("self_attn",)

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make the parts."""
        super().__init__()
        self._make(
            d_model,
            nhead,
            dim_feedforward,
            dropout,
            layer_norm_eps,
            batch_first,
            norm_first,
            bias,
            device=device,
            dtype=dtype,
        )
        function = _activation(activation)
        is_relu = function is F.relu or isinstance(function, ReLU)
        is_gelu = function is F.gelu or isinstance(function, GELU)
        self.activation_relu_or_gelu = 1 if is_relu else 2 if is_gelu else 0
        self.activation = function

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Return the encoded sequence.

        Args:
            src: the sequence.
            src_mask: (S, S) or (N * heads, S, S): ``True`` where not to look, or numbers to add.
            src_key_padding_mask: (N, S) or (S): ``True`` for positions to be ignored.
            is_causal: says that ``src_mask`` is the causal one.
        """
        kind = src.dtype
        padding = as_addend(
            src_key_padding_mask, "src_key_padding_mask", kind, src_mask, "src_mask"
        )
        mask = as_addend(src_mask, "src_mask", kind)

        def attend(x: Tensor) -> Tensor:
            return self._sa_block(x, mask, padding, is_causal)

        return self._around(2, self._ff_block, self._around(1, attend, src))


class TransformerDecoderLayer(_Layer):
    r"""Self-attention, attention to an encoded sequence, then a feed-forward network.

    Each has dropout, a residual and a norm, as in :class:`TransformerEncoderLayer`.

    Args:
        d_model: size of the features.
        nhead: number of heads.
        dim_feedforward: size between the two linear maps.
        dropout: probability of every dropout, that of attention too.
        activation: ``"relu"``, ``"gelu"`` or a function.
        layer_norm_eps: added to the variance in norms.
        batch_first: inputs are (N, T, E), not (T, N, E).
        norm_first: norms before, not after.
        bias: whether linear maps and norms have biases.
        device: the CPU.
        dtype: of the parameters; the default dtype when left out.

    Shape:
        - tgt: :math:`(T, N, E)`, :math:`(N, T, E)` or :math:`(T, E)`; output: the same
        - memory: the same with the encoded sequence's length :math:`S`

    Raises:
        RuntimeError: the activation's name is not known.

    Example:
        >>> import penlight as torch
        >>> layer = torch.nn.TransformerDecoderLayer(d_model=8, nhead=2)
        >>> layer(torch.zeros(5, 3, 8), torch.zeros(4, 3, 8)).shape
        torch.Size([5, 3, 8])

    References:
        Vaswani et al. 2017, Attention Is All You Need, arXiv 1706.03762.
    """

    _attentions = ("self_attn", "multihead_attn")

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make the parts."""
        super().__init__()
        self._make(
            d_model,
            nhead,
            dim_feedforward,
            dropout,
            layer_norm_eps,
            batch_first,
            norm_first,
            bias,
            device=device,
            dtype=dtype,
        )
        self.activation = _activation(activation)

    def __setstate__(self, state: dict[str, Any]) -> None:
        # torch: a copy, and so every layer of a decoder, forgets an activation that is a module and
        # takes ReLU.
        super().__setstate__({"activation": F.relu, **state})

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Return the decoded sequence.

        Args:
            tgt: the sequence.
            memory: the encoded sequence.
            tgt_mask: where ``tgt`` must not look at itself, as in the encoder layer.
            memory_mask: where it must not look at ``memory``, (T, S) or (N * heads, T, S).
            tgt_key_padding_mask: positions of ``tgt`` to be ignored.
            memory_key_padding_mask: positions of ``memory`` to be ignored.
            tgt_is_causal: says that ``tgt_mask`` is the causal one.
            memory_is_causal: says that ``memory_mask`` is the causal one.
        """

        def attend(x: Tensor) -> Tensor:
            return self._sa_block(x, tgt_mask, tgt_key_padding_mask, tgt_is_causal)

        def attend_memory(x: Tensor) -> Tensor:
            padding = memory_key_padding_mask
            return self._mha_block(x, memory, memory_mask, padding, memory_is_causal)

        x = self._around(2, attend_memory, self._around(1, attend, tgt))
        return self._around(3, self._ff_block, x)

    def _mha_block(
        self,
        x: Tensor,
        mem: Tensor,
        attn_mask: Tensor | None,
        key_padding_mask: Tensor | None,
        is_causal: bool = False,
    ) -> Tensor:
        """Return the sequence's attention to the encoded one, with dropout."""
        out, _ = self.multihead_attn(
            x,
            mem,
            mem,
            attn_mask=attn_mask,
            key_padding_mask=key_padding_mask,
            is_causal=is_causal,
            need_weights=False,
        )
        return self.dropout2(out)  # type: ignore[no-any-return]


# ---- stacks -------------------------------------------------------------------------------------


class TransformerEncoder(Module):
    r"""A stack of encoder layers, which begin as copies of one.

    Args:
        encoder_layer: the layer that is copied.
        num_layers: how many copies.
        norm: a module for the result, or ``None``.
        enable_nested_tensor: torch's shortcut for padded batches in inference. Here it changes
            nothing but what torch gives there: zeros in place of padding.
        mask_check: with ``enable_nested_tensor``, look whether padding is at the end.

    Shape:
        - src: :math:`(S, N, E)`, :math:`(N, S, E)` or :math:`(S, E)`; output: the same

    Example:
        >>> import penlight as torch
        >>> layer = torch.nn.TransformerEncoderLayer(d_model=8, nhead=2, batch_first=True)
        >>> torch.nn.TransformerEncoder(layer, num_layers=2)(torch.zeros(3, 5, 8)).shape
        torch.Size([3, 5, 8])

    References:
        Vaswani et al. 2017, Attention Is All You Need, arXiv 1706.03762.
    """

    __constants__ = ("norm",)

    def __init__(
        self,
        encoder_layer: TransformerEncoderLayer,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        """Copy the layer."""
        super().__init__()
        self.layers = _clones(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.use_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check
        obstacle = _nesting_obstacle(encoder_layer)
        if enable_nested_tensor and obstacle:
            warnings.warn(
                "enable_nested_tensor is True, but self.use_nested_tensor is False because "
                f"{obstacle}",
                stacklevel=2,
            )
            self.use_nested_tensor = False

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """Return the encoded sequence.

        Args:
            src: the sequence.
            mask: (S, S) or (N * heads, S, S): ``True`` where not to look, or numbers to add.
            src_key_padding_mask: (N, S) or (S): ``True`` for positions to be ignored.
            is_causal: says whether ``mask`` is the causal one; otherwise it is looked at.
        """
        kind = src.dtype
        padding = as_addend(src_key_padding_mask, "src_key_padding_mask", kind, mask, "mask")
        mask = as_addend(mask, "mask", kind)
        is_causal = _is_causal(mask, is_causal, src, self.layers[0])
        out: Any = src
        for layer in self.layers:
            out = layer(out, src_mask=mask, is_causal=is_causal, src_key_padding_mask=padding)
        if padding is not None and mask is None and self._drops_padding(src, padding):
            out = out.masked_fill((padding != 0).unsqueeze(-1), 0.0)
        return out if self.norm is None else self.norm(out)  # type: ignore[no-any-return]

    def _drops_padding(self, src: Any, padding: Any) -> bool:
        """Return whether torch nests the sequences, so that padding comes back as zeros."""
        first = self.layers[0]
        is_wanted = self.use_nested_tensor and mha.get_fastpath_enabled()
        if not is_wanted or first.training or src.dim() != 3:
            return False
        if is_grad_enabled() and any(tensor.requires_grad for tensor in (src, *first.parameters())):
            return False
        is_kept = padding.logical_not()
        starts_again = is_kept[:, 1:].logical_and(is_kept[:, :-1].logical_not())
        return not (self.mask_check and bool(starts_again.any()))


def _nesting_obstacle(layer: Any) -> str:
    """Return why torch could not use nested tensors with a layer, in its words, or nothing."""
    if not isinstance(layer, TransformerEncoderLayer):
        return "encoder_layer was not TransformerEncoderLayer"
    attention = layer.self_attn
    obstacles = (
        (layer.norm_first, ".norm_first was True"),
        (
            not attention.batch_first,
            ".self_attn.batch_first was not True(use batch_first for better inference performance)",
        ),
        (not attention._qkv_same_embed_dim, ".self_attn._qkv_same_embed_dim was not True"),
        (attention.in_proj_bias is None, ".self_attn was passed bias=False"),
        (not layer.activation_relu_or_gelu, ".activation_relu_or_gelu was not True"),
        (
            layer.norm1.eps != layer.norm2.eps,
            ".norm1.eps was not equal to encoder_layer.norm2.eps",
        ),
        (attention.num_heads % 2 == 1, ".self_attn.num_heads is odd"),
    )
    return next((f"encoder_layer{text}" for is_met, text in obstacles if is_met), "")


class TransformerDecoder(Module):
    r"""A stack of decoder layers, which begin as copies of one.

    Args:
        decoder_layer: the layer that is copied.
        num_layers: how many copies.
        norm: a module for the result, or ``None``.

    Shape:
        - tgt: :math:`(T, N, E)`, :math:`(N, T, E)` or :math:`(T, E)`; output: the same
        - memory: the same with the encoded sequence's length :math:`S`

    Example:
        >>> import penlight as torch
        >>> layer = torch.nn.TransformerDecoderLayer(d_model=8, nhead=2)
        >>> decoder = torch.nn.TransformerDecoder(layer, num_layers=2)
        >>> decoder(torch.zeros(5, 3, 8), torch.zeros(4, 3, 8)).shape
        torch.Size([5, 3, 8])

    References:
        Vaswani et al. 2017, Attention Is All You Need, arXiv 1706.03762.
    """

    __constants__ = ("norm",)

    def __init__(
        self, decoder_layer: TransformerDecoderLayer, num_layers: int, norm: Module | None = None
    ) -> None:
        """Copy the layer."""
        super().__init__()
        self.layers = _clones(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Return the decoded sequence; arguments as for :class:`TransformerDecoderLayer`.

        Without ``tgt_is_causal``, ``tgt_mask`` is looked at.
        """
        tgt_is_causal = _is_causal(tgt_mask, tgt_is_causal, tgt, self.layers[0])
        out = tgt
        for layer in self.layers:
            out = layer(
                out,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=tgt_is_causal,
                memory_is_causal=memory_is_causal,
            )
        return out if self.norm is None else self.norm(out)


class Transformer(Module):
    r"""An encoder and a decoder that looks at what it encodes.

    Weights of two dimensions and more are drawn anew at the end, uniform by Glorot's rule.

    Args:
        d_model: size of the features.
        nhead: number of heads.
        num_encoder_layers: layers of the encoder.
        num_decoder_layers: layers of the decoder.
        dim_feedforward: size between the two linear maps of a layer.
        dropout: probability of every dropout.
        activation: ``"relu"``, ``"gelu"`` or a function.
        custom_encoder: a module in place of the encoder.
        custom_decoder: a module in place of the decoder.
        layer_norm_eps: added to the variance in norms.
        batch_first: inputs are (N, S, E), not (S, N, E).
        norm_first: norms before attention and network, not after.
        bias: whether linear maps and norms have biases.
        device: the CPU.
        dtype: of the parameters; the default dtype when left out.

    Shape:
        - src: :math:`(S, N, E)`, :math:`(N, S, E)` or :math:`(S, E)`
        - tgt: the same with :math:`T`; output: as tgt

    Raises:
        RuntimeError: on a call, batches or features do not fit.

    Example:
        >>> import penlight as torch
        >>> model = torch.nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
        >>> model(torch.zeros(3, 4, 8), torch.zeros(3, 5, 8)).shape
        torch.Size([3, 5, 8])

    References:
        Vaswani et al. 2017, Attention Is All You Need, arXiv 1706.03762.
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Activation = F.relu,
        custom_encoder: Any | None = None,
        custom_decoder: Any | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make encoder and decoder and initialise them."""
        super().__init__()
        rest = (dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)
        options = {"device": device, "dtype": dtype}
        stacks: tuple[Any, ...] = (
            (
                "encoder",
                custom_encoder,
                num_encoder_layers,
                TransformerEncoder,
                TransformerEncoderLayer,
            ),
            (
                "decoder",
                custom_decoder,
                num_decoder_layers,
                TransformerDecoder,
                TransformerDecoderLayer,
            ),
        )
        for name, custom, count, stack, layer in stacks:
            made = custom
            if made is None:
                copied = layer(d_model, nhead, *rest, **options)
                norm = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **options)
                made = stack(copied, count, norm)
            setattr(self, name, made)
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Return the decoded sequence.

        Args:
            src: the sequence to be encoded.
            tgt: the sequence to be decoded.
            src_mask: where ``src`` must not look at itself: ``True``, or numbers to be added.
            tgt_mask: where ``tgt`` must not look at itself.
            memory_mask: where ``tgt`` must not look at what is encoded.
            src_key_padding_mask: positions of ``src`` to be ignored.
            tgt_key_padding_mask: positions of ``tgt`` to be ignored.
            memory_key_padding_mask: positions of what is encoded to be ignored.
            src_is_causal: says whether ``src_mask`` is the causal one.
            tgt_is_causal: says whether ``tgt_mask`` is the causal one.
            memory_is_causal: says that ``memory_mask`` is the causal one.
        """
        self._check(src, tgt)
        memory = self.encoder(
            src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal
        )
        return self.decoder(  # type: ignore[no-any-return]
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    def _check(self, src: Tensor, tgt: Tensor) -> None:
        place = 0 if self.batch_first else 1
        shapes = f"got shapes {list(src.shape)} and {list(tgt.shape)}"
        if src.dim() == 3 and src.size(place) != tgt.size(place):
            msg = f"the batch number of src and tgt must be equal: {shapes}"
            raise RuntimeError(msg)
        if src.size(-1) != self.d_model or tgt.size(-1) != self.d_model:
            msg = (
                "the feature number of src and tgt must be equal to d_model, which is "
                f"{self.d_model}: {shapes}"
            )
            raise RuntimeError(msg)

    @staticmethod
    def generate_square_subsequent_mask(
        sz: int, device: Any = None, dtype: _dtype | None = None
    ) -> Tensor:
        """Return the causal mask: zeros, with minus infinity above the diagonal.

        Args:
            sz: the length of the sequence.
            device: the CPU.
            dtype: of the mask; the default dtype when left out.

        Example:
            >>> import penlight as torch
            >>> torch.nn.Transformer.generate_square_subsequent_mask(2)
            tensor([[0., -inf],
                    [0., 0.]])
        """
        return _square_mask(sz, device, dtype)

    def _reset_parameters(self) -> None:
        for parameter in self.parameters():
            if parameter.dim() > 1:
                init.xavier_uniform_(parameter)
