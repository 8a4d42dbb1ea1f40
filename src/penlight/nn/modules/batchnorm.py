"""Normalisation over a batch: BatchNorm1d, BatchNorm2d, BatchNorm3d, lazy, and SyncBatchNorm."""

from __future__ import annotations

from typing import Any

from ..._dtype import dtype as _dtype, int64
from ..._tensor import Tensor
from ...ops.creation import empty, ones, zeros
from ...ops.from_data import tensor
from .. import (
    functional as F,  # noqa: N812 - the name everybody knows
    init,
)
from ..parameter import Parameter, UninitializedBuffer, UninitializedParameter
from .lazy import LazyModuleMixin
from .module import Module

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "SyncBatchNorm",
]


class _NormBase(Module):
    """The parameters and running moments of a normalisation over a batch."""

    _version = 2
    __constants__ = ("track_running_stats", "momentum", "eps", "num_features", "affine")
    num_features: int
    eps: float
    momentum: float | None
    affine: bool
    track_running_stats: bool
    weight: Tensor | None
    bias: Tensor | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: _dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        """Make parameters and running moments."""
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            made = Parameter(empty(num_features, device=device, dtype=dtype)) if wanted else None
            self.register_parameter(name, made)
        self._make_moments(device, dtype)
        self.reset_parameters()

    def _make_moments(self, device: Any, dtype: _dtype | None) -> None:
        made: tuple[Any, ...] = (None, None, None)
        if self.track_running_stats:
            made = (
                zeros(self.num_features, device=device, dtype=dtype),
                ones(self.num_features, device=device, dtype=dtype),
                tensor(0, dtype=int64),
            )
        names = ("running_mean", "running_var", "num_batches_tracked")
        for name, moment in zip(names, made, strict=True):
            self.register_buffer(name, moment)

    def reset_running_stats(self) -> None:
        """Set the running mean to zero, the running variance to one, and the count to zero."""
        if (
            self.running_mean is not None
            and self.running_var is not None
            and self.num_batches_tracked is not None
        ):
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Reset the running moments; set the scale to one and the shift to zero."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def extra_repr(self) -> str:
        """Return the options."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *others: Any
    ) -> None:
        version = local_metadata.get("version")
        key = f"{prefix}num_batches_tracked"
        if (version is None or version < 2) and self.track_running_stats and key not in state_dict:
            # torch: checkpoints of the first version have no count.
            counted = self.num_batches_tracked
            state_dict[key] = tensor(0, dtype=int64) if counted is None else counted
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *others)


class _LazyNormBase(LazyModuleMixin, _NormBase):
    """What lazy normalisation shares: channels from the first input."""

    weight: Any
    bias: Any
    running_mean: Any
    running_var: Any

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: _dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False, device, dtype, bias=False)
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = UninitializedParameter(device=device, dtype=dtype)
            if bias:
                self.bias = UninitializedParameter(device=device, dtype=dtype)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = tensor(0, dtype=int64)

    def reset_parameters(self) -> None:
        """Reset the running moments and the parameters, once they have a shape."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Give parameters and moments the shapes that ``input`` asks for."""
        if not self.has_uninitialized_params():
            return
        self.num_features = input.shape[1]
        for own in (self.weight, self.bias, self.running_mean, self.running_var):
            if own is not None:
                own.materialize((self.num_features,))
        self.reset_parameters()


class _BatchNorm(_NormBase):
    """What the three classes share; each says how many dimensions its input has."""

    def _check_input_dim(self, input: Tensor) -> None:
        raise NotImplementedError

    def _moving_by(self) -> float:
        """Count this batch and return by how much the running moments move."""
        if not (self.training and self.track_running_stats) or self.num_batches_tracked is None:
            return 0.0 if self.momentum is None else self.momentum
        self.num_batches_tracked.add_(1)
        if self.momentum is None:  # the average over all batches
            return 1.0 / float(self.num_batches_tracked)
        return self.momentum

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input; in training, move the running moments."""
        self._check_input_dim(input)
        momentum = self._moving_by()
        tracked = not self.training or self.track_running_stats
        return F.batch_norm(
            input,
            self.running_mean if tracked else None,
            self.running_var if tracked else None,
            self.weight,
            self.bias,
            self.training or (self.running_mean is None and self.running_var is None),
            momentum,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    r"""Normalise each channel of rows or sequences over the batch, then scale and shift it.

    .. math:: y = \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} \cdot w_c + b_c

    In training the moments are the batch's, and running moments move towards them; in evaluation
    the running moments are used.

    Args:
        num_features: :math:`C`.
        eps: added to the variance.
        momentum: by how much the running moments move; ``None`` for the average of all batches.
        affine: whether there is a weight, which starts at one.
        track_running_stats: whether there are running moments; without them, evaluation uses the
            batch's, too.
        device: the CPU.
        dtype: of parameters and moments; the default dtype when left out.
        bias: whether there is a bias with the weight, which starts at zero.

    Shape:
        - input: :math:`(N, C)` or :math:`(N, C, L)`; output: the same

    Attributes:
        weight: :math:`(C)`, or ``None``
        bias: :math:`(C)`, or ``None``
        running_mean: :math:`(C)`, or ``None``
        running_var: :math:`(C)`, or ``None``
        num_batches_tracked: how many batches were seen in training, or ``None``

    Raises:
        ValueError: the input has another number of dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.nn.BatchNorm1d(3)(torch.randn(5, 3)).shape
        torch.Size([5, 3])

    References:
        Ioffe and Szegedy 2015, Batch Normalization, arXiv 1502.03167.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() not in {2, 3}:
            msg = f"expected 2D or 3D input (got {input.dim()}D input)"
            raise ValueError(msg)


class BatchNorm2d(_BatchNorm):
    r"""Normalise each channel of images over the batch, then scale and shift it.

    .. math:: y = \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} \cdot w_c + b_c

    In training the moments are the batch's, and running moments move towards them; in evaluation
    the running moments are used.

    Args:
        num_features: :math:`C`.
        eps: added to the variance.
        momentum: by how much the running moments move; ``None`` for the average of all batches.
        affine: whether there is a weight, which starts at one.
        track_running_stats: whether there are running moments; without them, evaluation uses the
            batch's, too.
        device: the CPU.
        dtype: of parameters and moments; the default dtype when left out.
        bias: whether there is a bias with the weight, which starts at zero.

    Shape:
        - input: :math:`(N, C, H, W)`; output: the same

    Attributes:
        weight: :math:`(C)`, or ``None``
        bias: :math:`(C)`, or ``None``
        running_mean: :math:`(C)`, or ``None``
        running_var: :math:`(C)`, or ``None``
        num_batches_tracked: how many batches were seen in training, or ``None``

    Raises:
        ValueError: the input has another number of dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.nn.BatchNorm2d(3)(torch.randn(5, 3, 4, 4)).shape
        torch.Size([5, 3, 4, 4])

    References:
        Ioffe and Szegedy 2015, Batch Normalization, arXiv 1502.03167.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() != 4:
            msg = f"expected 4D input (got {input.dim()}D input)"
            raise ValueError(msg)


class BatchNorm3d(_BatchNorm):
    r"""Normalise each channel of volumes over the batch, then scale and shift it.

    .. math:: y = \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} \cdot w_c + b_c

    In training the moments are the batch's, and running moments move towards them; in evaluation
    the running moments are used.

    Args:
        num_features: :math:`C`.
        eps: added to the variance.
        momentum: by how much the running moments move; ``None`` for the average of all batches.
        affine: whether there is a weight, which starts at one.
        track_running_stats: whether there are running moments; without them, evaluation uses the
            batch's, too.
        device: the CPU.
        dtype: of parameters and moments; the default dtype when left out.
        bias: whether there is a bias with the weight, which starts at zero.

    Shape:
        - input: :math:`(N, C, D, H, W)`; output: the same

    Attributes:
        weight: :math:`(C)`, or ``None``
        bias: :math:`(C)`, or ``None``
        running_mean: :math:`(C)`, or ``None``
        running_var: :math:`(C)`, or ``None``
        num_batches_tracked: how many batches were seen in training, or ``None``

    Raises:
        ValueError: the input has another number of dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.nn.BatchNorm3d(3)(torch.randn(5, 3, 4, 4, 4)).shape
        torch.Size([5, 3, 4, 4, 4])

    References:
        Ioffe and Szegedy 2015, Batch Normalization, arXiv 1502.03167.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() != 5:
            msg = f"expected 5D input (got {input.dim()}D input)"
            raise ValueError(msg)


class LazyBatchNorm1d(_LazyNormBase, _BatchNorm):
    """A :class:`BatchNorm1d` that takes the number of channels from its first input.

    Args:
        eps: added to the variance.
        momentum: by how much the running moments move; ``None`` for the average of all batches.
        affine: whether there is a weight, which starts at one.
        track_running_stats: whether there are running moments.
        device: the CPU.
        dtype: of parameters and moments; the default dtype when left out.
        bias: whether there is a bias with the weight, which starts at zero.

    Shape:
        - input: :math:`(N, C)` or :math:`(N, C, L)`; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.LazyBatchNorm1d()(torch.randn(5, 3)).shape
        torch.Size([5, 3])
    """

    cls_to_become = BatchNorm1d
    _check_input_dim = BatchNorm1d._check_input_dim


class LazyBatchNorm2d(_LazyNormBase, _BatchNorm):
    """A :class:`BatchNorm2d` that takes the number of channels from its first input.

    Args:
        eps: added to the variance.
        momentum: by how much the running moments move; ``None`` for the average of all batches.
        affine: whether there is a weight, which starts at one.
        track_running_stats: whether there are running moments.
        device: the CPU.
        dtype: of parameters and moments; the default dtype when left out.
        bias: whether there is a bias with the weight, which starts at zero.

    Shape:
        - input: :math:`(N, C, H, W)`; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.LazyBatchNorm2d()(torch.randn(5, 3, 4, 4)).shape
        torch.Size([5, 3, 4, 4])
    """

    cls_to_become = BatchNorm2d
    _check_input_dim = BatchNorm2d._check_input_dim


class LazyBatchNorm3d(_LazyNormBase, _BatchNorm):
    """A :class:`BatchNorm3d` that takes the number of channels from its first input.

    Args:
        eps: added to the variance.
        momentum: by how much the running moments move; ``None`` for the average of all batches.
        affine: whether there is a weight, which starts at one.
        track_running_stats: whether there are running moments.
        device: the CPU.
        dtype: of parameters and moments; the default dtype when left out.
        bias: whether there is a bias with the weight, which starts at zero.

    Shape:
        - input: :math:`(N, C, D, H, W)`; output: the same

    Example:
        >>> import penlight as torch
        >>> torch.nn.LazyBatchNorm3d()(torch.randn(5, 3, 4, 4, 4)).shape
        torch.Size([5, 3, 4, 4, 4])
    """

    cls_to_become = BatchNorm3d
    _check_input_dim = BatchNorm3d._check_input_dim


class SyncBatchNorm(_BatchNorm):
    r"""Batch normalisation over all processes of a training, of which penlight has one.

    So it computes what :class:`BatchNorm1d` and the others do, as torch's does without a process
    group; programs that convert their modules run unchanged.

    Args:
        num_features: :math:`C`.
        eps: added to the variance.
        momentum: by how much the running moments move; ``None`` for the average of all batches.
        affine: whether there is a weight, which starts at one.
        track_running_stats: whether there are running moments.
        process_group: ``None``: there are no groups of processes here.
        device: the CPU.
        dtype: of parameters and moments; the default dtype when left out.
        bias: whether there is a bias with the weight, which starts at zero.

    Shape:
        - input: :math:`(N, C, *)`; output: the same

    Raises:
        ValueError: the input has fewer than two dimensions, or no channels.
        NotImplementedError: a process group is given.

    Example:
        >>> import penlight as torch
        >>> torch.nn.SyncBatchNorm.convert_sync_batchnorm(torch.nn.BatchNorm1d(3))
        SyncBatchNorm(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: _dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        """Make parameters and running moments."""
        _refuse_group(process_group)
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            msg = f"expected at least 2D input (got {input.dim()}D input)"
            raise ValueError(msg)
        if not input.shape[1]:
            msg = "SyncBatchNorm number of input channels should be non-zero"
            raise ValueError(msg)

    @classmethod
    def convert_sync_batchnorm(cls, module: Any, process_group: Any = None) -> Any:
        """Return a module with a SyncBatchNorm in place of every BatchNorm in it.

        Parameters and moments stay the same tensors.

        Args:
            module: any module; the ones below it are replaced inside it.
            process_group: ``None``.
        """
        _refuse_group(process_group)
        converted = module
        if isinstance(module, _BatchNorm):
            converted = cls(
                module.num_features,
                module.eps,
                module.momentum,
                module.affine,
                module.track_running_stats,
                bias=module.bias is not None,
            )
            for own in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
                setattr(converted, own, getattr(module, own))
            converted.training = module.training
        for name, child in module.named_children():
            converted.add_module(name, cls.convert_sync_batchnorm(child))
        return converted


def _refuse_group(process_group: Any) -> None:
    if process_group is not None:
        msg = (
            "SyncBatchNorm in penlight normalises over one process: there are no process groups, "
            f"got process_group={process_group!r}"
        )
        raise NotImplementedError(msg)
