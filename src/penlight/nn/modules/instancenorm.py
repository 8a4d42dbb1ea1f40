"""Normalisation of each sample: InstanceNorm1d, InstanceNorm2d, InstanceNorm3d."""

from __future__ import annotations

import warnings
from typing import Any

from ..._dtype import dtype as _dtype
from ..._tensor import Tensor
from .. import functional as F  # noqa: N812 - the name everybody knows
from .batchnorm import _LazyNormBase, _NormBase

__all__ = [
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
]


class _InstanceNorm(_NormBase):
    """What the three classes share; each says how many dimensions a sample has."""

    _sample_dims: int

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: _dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def _check_input_dim(self, input: Tensor) -> None:
        low = self._sample_dims
        if input.dim() not in {low, low + 1}:
            msg = f"expected {low}D or {low + 1}D input (got {input.dim()}D input)"
            raise ValueError(msg)

    def _check_channels(self, input: Tensor) -> None:
        dim = input.dim() - self._sample_dims
        found = input.shape[dim]
        if found == self.num_features:
            return
        if self.affine:
            msg = (
                f"expected input's size at dim={dim} to match num_features ({self.num_features}), "
                f"but got: {found}."
            )
            raise ValueError(msg)
        warnings.warn(
            f"input's size at dim={dim} does not match num_features. You can silence this warning "
            "by not passing in num_features, which is not used because affine=False",
            stacklevel=3,
        )

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input; in training, move the running moments if there are any."""
        self._check_input_dim(input)
        self._check_channels(input)
        if input.dim() == self._sample_dims:
            return self._normalized(input.unsqueeze(0)).squeeze(0)
        return self._normalized(input)

    def _normalized(self, input: Tensor) -> Tensor:
        return F.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *others: Any
    ) -> None:
        old = local_metadata.get("version") is None and not self.track_running_stats
        names = ("running_mean", "running_var") if old else ()
        found = [prefix + name for name in names if prefix + name in state_dict]
        if found:
            # torch: checkpoints from before 0.4 have moments that this module does not keep.
            shown = " and ".join(f'"{key}"' for key in found)
            others[-1].append(
                f"Unexpected running stats buffer(s) {shown} for {type(self).__name__} with "
                "track_running_stats=False. Remove these keys from state_dict, or set "
                f"track_running_stats=True in {type(self).__name__} if the running stats are "
                "needed: a checkpoint saved before 0.4.0 has them always."
            )
            for key in found:
                state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *others)


class InstanceNorm1d(_InstanceNorm):
    r"""Normalise each channel of each of the sequences, then scale and shift it.

    .. math:: y = \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} \cdot w_c + b_c

    Args:
        num_features: :math:`C`.
        eps: added to the variance.
        momentum: by how much running moments move; ``None`` for not at all.
        affine: whether there is a weight, which starts at one.
        track_running_stats: whether there are running moments, which evaluation then uses.
        device: the CPU.
        dtype: of parameters and moments; the default dtype when left out.
        bias: whether there is a bias with the weight, which starts at zero.

    Shape:
        - input: :math:`(N, C, L)` or :math:`(C, L)`; output: the same

    Attributes:
        weight: :math:`(C)`, or ``None``
        bias: :math:`(C)`, or ``None``
        running_mean: :math:`(C)`, or ``None``
        running_var: :math:`(C)`, or ``None``

    Raises:
        ValueError: the input has another number of dimensions, with ``affine`` of channels, or
            one value only in each channel.

    Example:
        >>> import penlight as torch
        >>> torch.nn.InstanceNorm1d(3)(torch.randn(5, 3, 8)).shape
        torch.Size([5, 3, 8])

    References:
        Ulyanov et al. 2016, Instance Normalization, arXiv 1607.08022.
    """

    _sample_dims = 2


class InstanceNorm2d(_InstanceNorm):
    r"""Normalise each channel of each of the images, then scale and shift it.

    .. math:: y = \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} \cdot w_c + b_c

    Args:
        num_features: :math:`C`.
        eps: added to the variance.
        momentum: by how much running moments move; ``None`` for not at all.
        affine: whether there is a weight, which starts at one.
        track_running_stats: whether there are running moments, which evaluation then uses.
        device: the CPU.
        dtype: of parameters and moments; the default dtype when left out.
        bias: whether there is a bias with the weight, which starts at zero.

    Shape:
        - input: :math:`(N, C, H, W)` or :math:`(C, H, W)`; output: the same

    Attributes:
        weight: :math:`(C)`, or ``None``
        bias: :math:`(C)`, or ``None``
        running_mean: :math:`(C)`, or ``None``
        running_var: :math:`(C)`, or ``None``

    Raises:
        ValueError: the input has another number of dimensions, with ``affine`` of channels, or
            one value only in each channel.

    Example:
        >>> import penlight as torch
        >>> torch.nn.InstanceNorm2d(3)(torch.randn(5, 3, 4, 4)).shape
        torch.Size([5, 3, 4, 4])

    References:
        Ulyanov et al. 2016, Instance Normalization, arXiv 1607.08022.
    """

    _sample_dims = 3


class InstanceNorm3d(_InstanceNorm):
    r"""Normalise each channel of each of the volumes, then scale and shift it.

    .. math:: y = \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} \cdot w_c + b_c

    Args:
        num_features: :math:`C`.
        eps: added to the variance.
        momentum: by how much running moments move; ``None`` for not at all.
        affine: whether there is a weight, which starts at one.
        track_running_stats: whether there are running moments, which evaluation then uses.
        device: the CPU.
        dtype: of parameters and moments; the default dtype when left out.
        bias: whether there is a bias with the weight, which starts at zero.

    Shape:
        - input: :math:`(N, C, D, H, W)` or :math:`(C, D, H, W)`; output: the same

    Attributes:
        weight: :math:`(C)`, or ``None``
        bias: :math:`(C)`, or ``None``
        running_mean: :math:`(C)`, or ``None``
        running_var: :math:`(C)`, or ``None``

    Raises:
        ValueError: the input has another number of dimensions, with ``affine`` of channels, or
            one value only in each channel.

    Example:
        >>> import penlight as torch
        >>> torch.nn.InstanceNorm3d(3)(torch.randn(5, 3, 4, 4, 4)).shape
        torch.Size([5, 3, 4, 4, 4])

    References:
        Ulyanov et al. 2016, Instance Normalization, arXiv 1607.08022.
    """

    _sample_dims = 4


class LazyInstanceNorm1d(_LazyNormBase, _InstanceNorm):
    """An :class:`InstanceNorm1d` that takes the number of channels from its first input.

    Args:
        eps: added to the variance.
        momentum: by how much running moments move; ``None`` for not at all.
        affine: whether there is a weight, which starts at one.
        track_running_stats: whether there are running moments.
        device: the CPU.
        dtype: of parameters and moments; the default dtype when left out.
        bias: whether there is a bias with the weight, which starts at zero.

    Shape:
        - input: :math:`(N, C, L)` or :math:`(C, L)`; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.LazyInstanceNorm1d()(torch.randn(5, 3, 8)).shape
        torch.Size([5, 3, 8])
    """

    cls_to_become = InstanceNorm1d
    _sample_dims = 2


class LazyInstanceNorm2d(_LazyNormBase, _InstanceNorm):
    """An :class:`InstanceNorm2d` that takes the number of channels from its first input.

    Args:
        eps: added to the variance.
        momentum: by how much running moments move; ``None`` for not at all.
        affine: whether there is a weight, which starts at one.
        track_running_stats: whether there are running moments.
        device: the CPU.
        dtype: of parameters and moments; the default dtype when left out.
        bias: whether there is a bias with the weight, which starts at zero.

    Shape:
        - input: :math:`(N, C, H, W)` or :math:`(C, H, W)`; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.LazyInstanceNorm2d()(torch.randn(5, 3, 4, 4)).shape
        torch.Size([5, 3, 4, 4])
    """

    cls_to_become = InstanceNorm2d
    _sample_dims = 3


class LazyInstanceNorm3d(_LazyNormBase, _InstanceNorm):
    """An :class:`InstanceNorm3d` that takes the number of channels from its first input.

    Args:
        eps: added to the variance.
        momentum: by how much running moments move; ``None`` for not at all.
        affine: whether there is a weight, which starts at one.
        track_running_stats: whether there are running moments.
        device: the CPU.
        dtype: of parameters and moments; the default dtype when left out.
        bias: whether there is a bias with the weight, which starts at zero.

    Shape:
        - input: :math:`(N, C, D, H, W)` or :math:`(C, D, H, W)`; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.LazyInstanceNorm3d()(torch.randn(5, 3, 4, 4, 4)).shape
        torch.Size([5, 3, 4, 4, 4])
    """

    cls_to_become = InstanceNorm3d
    _sample_dims = 4
