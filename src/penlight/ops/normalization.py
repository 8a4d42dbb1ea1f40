"""Normalisation over trailing dimensions, over groups of channels, and of channels over a batch.

Forward saves the input and each group's mean and reciprocal deviation; backward is one kernel. It
is not differentiable itself: a recorded walk (``create_graph``) goes through the same computation
in elementary ops instead. Half types compute in single precision.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kernels
from .._tensor import Array, Tensor, wrap
from ..autograd.grad_mode import mode
from ..autograd.views import storage_of
from . import _check
from ._elementwise import refuse
from ._op import Saving, op
from ._recorded import differentiate
from ._reducing import wide

# nn.functional puts torch's checks in front of these.
__all__: list[str] = []


def _check_dtypes(kernel: str, input: Array, *others: Array | None) -> None:
    """Refuse integers, and parameters of another dtype; a half input takes single ones, too."""
    refuse(kernel, input, kinds="bi")
    kind = input.dtype
    for other in others:
        if other is None or other.dtype == kind:
            continue
        if kind.itemsize == 2 and other.dtype == np.float32:
            continue
        phrase = (
            "all inputs must share same datatype."
            if kind.itemsize == 8
            else "expect parameter to have scalar type of Float"
        )
        msg = (
            f"mixed dtype (CPU): {phrase} (the input is {_check.scalar_type(input)}, a parameter "
            f"{_check.scalar_type(other)})"
        )
        raise RuntimeError(msg)


def _laid(kind: Any, *arrays: Array | None) -> Any:
    """Return parameters as kernels want them: contiguous, flat, of one dtype."""
    return [
        None if array is None else np.ascontiguousarray(array, kind).reshape(-1) for array in arrays
    ]


class _Gradients:
    """The arrays that a backward kernel writes, and the tensors that they become."""

    def __init__(self, kind: Any, shapes: tuple[Any, ...], needs: tuple[bool, ...]) -> None:
        self.arrays = [
            np.empty(shape, kind) if need else None
            for shape, need in zip(shapes, needs, strict=True)
        ]

    def shaped(self, shape: tuple[int, ...]) -> Any:
        """Return them as the kernel wants them, the first in this shape."""
        of_input, *others = self.arrays
        flat = [None if array is None else array.reshape(-1) for array in others]
        return [None if of_input is None else of_input.reshape(shape), *flat]

    def tensors(self, *dtypes: Any) -> tuple[Any, ...]:
        """Return them in the dtypes of what they are the gradients of."""
        return tuple(
            None if array is None else wrap(array.astype(kind, copy=False))
            for array, kind in zip(self.arrays, dtypes, strict=True)
        )


# ---- layer and RMS norm --------------------------------------------------------------------------


def _rows(input: Array, ndim: int, kind: Any) -> Array:
    """Return (N, L): the trailing ``ndim`` dimensions in one."""
    split = input.ndim - ndim
    sizes = math.prod(input.shape[:split]), math.prod(input.shape[split:])
    return np.ascontiguousarray(input, kind).reshape(sizes)


def _normalized_rows(
    input: Array, weight: Array | None, bias: Array | None, ndim: int, eps: float, centred: bool
) -> Any:
    kind = wide(input.dtype)
    rows = _rows(input, ndim, kind)
    out = np.empty(input.shape, kind)
    mean = np.empty(len(rows), kind) if centred else None
    rstd = np.empty(len(rows), kind)
    scale, shift = _laid(kind, weight, bias)
    kernels.layer_norm(out.reshape(rows.shape), mean, rstd, rows, scale, shift, eps)
    return Saving(out.astype(input.dtype, copy=False), moments=(mean, rstd))


def _rows_backward(
    grad: Any, input: Any, weight: Any, moments: Any, ndim: int, bias_dtype: Any, needs: Any
) -> tuple[Any, ...]:
    mean, rstd = moments
    array, kind = input._array, rstd.dtype
    rows = _rows(array, ndim, kind)
    shape = array.shape[array.ndim - ndim :]
    made = _Gradients(kind, (array.shape, shape, shape), needs)
    (factors,) = _laid(kind, None if weight is None else weight._array)
    to_input, to_weight, to_bias = made.shaped(rows.shape)
    kernels.layer_norm_backward(
        to_input, to_weight, to_bias, _rows(grad._array, ndim, kind), rows, mean, rstd, factors
    )
    return made.tensors(array.dtype, None if weight is None else weight._array.dtype, bias_dtype)


def _composed_rows(input: Any, weight: Any, ndim: int, eps: float, *, centred: bool) -> Any:
    dims = tuple(range(-ndim, 0))
    if centred:
        input = input - input.mean(dims, True)
    out = input * ((input * input).mean(dims, True) + eps).rsqrt()
    return out if weight is None else out * weight


def _bias_gradient(grad: Any, shape: Any, need: bool) -> Any:
    return grad._sum_to(shape) if need else None


@op(
    "_layer_norm",
    node="NativeLayerNormBackward0",
    method=False,
    saves=("moments",),
    quiet=True,
)
def layer_norm(
    input: Array, weight: Array | None, bias: Array | None, ndim: int, eps: float
) -> Any:
    """Return the input with mean 0 and variance 1 over its last dimensions, scaled and shifted."""
    _check_dtypes("LayerNormKernelImpl", input, weight, bias)
    return _normalized_rows(input, weight, bias, ndim, eps, centred=True)


@layer_norm.vjp("input", "weight", "bias")
def _layer_norm_backward(
    grad: Any,
    input: Any,
    weight: Any,
    moments: Any,
    ndim: int,
    eps: float,
    bias_shape: Any,
    bias_dtype: Any,
    needs: Any,
) -> tuple[Any, ...]:
    if not mode.grad:
        return _rows_backward(grad, input, weight, moments, ndim, bias_dtype, needs)
    both = differentiate(
        lambda x, w: _composed_rows(x, w, ndim, eps, centred=True),
        (input, weight),
        grad,
        needs[:2],
    )
    return *both, _bias_gradient(grad, bias_shape, needs[2])


@op("_rms_norm", node="MulBackward0", method=False, saves=("moments",), quiet=True)
def rms_norm(input: Array, weight: Array | None, ndim: int, eps: float) -> Any:
    """Return the input with mean square 1 over its last dimensions, scaled."""
    _check_dtypes("rms_norm", input, weight)
    return _normalized_rows(input, weight, None, ndim, eps, centred=False)


@rms_norm.vjp("input", "weight")
def _rms_norm_backward(
    grad: Any, input: Any, weight: Any, moments: Any, ndim: int, eps: float, needs: Any
) -> tuple[Any, ...]:
    if not mode.grad:
        return _rows_backward(grad, input, weight, moments, ndim, None, (*needs, False))[:2]
    return differentiate(
        lambda x, w: _composed_rows(x, w, ndim, eps, centred=False), (input, weight), grad, needs
    )


# ---- group norm ----------------------------------------------------------------------------------


def _channels(array: Array, kind: Any) -> Array:
    """Return (N, C, S): the dimensions after the channels in one."""
    sizes = (*array.shape[:2], math.prod(array.shape[2:]))
    return np.ascontiguousarray(array, kind).reshape(sizes)


def _per_channel(tensor: Any, ndim: int) -> Any:
    """Return a parameter in a shape that broadcasts along the channels."""
    return tensor.reshape(1, -1, *(1,) * (ndim - 2))


def _composed_groups(input: Any, weight: Any, groups: int, eps: float) -> Any:
    size = input.shape[1] // groups * math.prod(input.shape[2:])
    x = input.reshape(input.shape[0], groups, size)
    x = x - x.mean(2, True)
    x = x * ((x * x).mean(2, True) + eps).rsqrt()
    x = x.reshape(input.shape)
    return x if weight is None else x * _per_channel(weight, x.dim())


@op(
    "_group_norm",
    node="NativeGroupNormBackward0",
    method=False,
    saves=("moments",),
    quiet=True,
)
def group_norm(
    input: Array, weight: Array | None, bias: Array | None, groups: int, eps: float
) -> Any:
    """Return each group of channels of each sample with mean 0 and variance 1, scaled, shifted."""
    _check_dtypes("GroupNormKernelImpl", input, weight, bias)
    kind = wide(input.dtype)
    x = _channels(input, kind)
    out = np.empty(input.shape, kind)
    mean, rstd = (np.empty((len(x), groups), kind) for _ in range(2))
    scale, shift = _laid(kind, weight, bias)
    kernels.group_norm(out.reshape(x.shape), mean, rstd, x, scale, shift, eps, groups)
    return Saving(out.astype(input.dtype, copy=False), moments=(mean, rstd))


@group_norm.vjp("input", "weight", "bias")
def _group_norm_backward(
    grad: Any,
    input: Any,
    weight: Any,
    moments: Any,
    groups: int,
    eps: float,
    bias_dtype: Any,
    needs: Any,
) -> tuple[Any, ...]:
    if mode.grad:
        both = differentiate(
            lambda x, w: _composed_groups(x, w, groups, eps), (input, weight), grad, needs[:2]
        )
        return *both, _channel_sums(grad) if needs[2] else None
    mean, rstd = moments
    array, kind = input._array, rstd.dtype
    x = _channels(array, kind)
    made = _Gradients(kind, (array.shape, x.shape[1], x.shape[1]), needs)
    (factors,) = _laid(kind, None if weight is None else weight._array)
    to_input, to_weight, to_bias = made.shaped(x.shape)
    kernels.group_norm_backward(
        to_input, to_weight, to_bias, _channels(grad._array, kind), x, mean, rstd, factors, groups
    )
    return made.tensors(array.dtype, None if weight is None else weight._array.dtype, bias_dtype)


def _channel_sums(grad: Any) -> Any:
    return grad.sum(tuple(dim for dim in range(grad.dim()) if dim != 1))


# ---- batch norm ----------------------------------------------------------------------------------


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
) -> Tensor:
    """Return each channel with mean 0 and variance 1, by its own moments or by the running ones.

    In training the running moments, where given, move towards the batch's by ``momentum``.
    """
    array = input._array
    running = [None if tensor is None else tensor._array for tensor in (running_mean, running_var)]
    _check_dtypes("batch_norm", array, *running)
    kind = wide(array.dtype)
    if training and array.size:
        x = _channels(array, kind)
        mean, var = (np.empty(x.shape[1], kind) for _ in range(2))
        kernels.batch_moments(mean, var, x)
        if running_mean is not None:
            count = x.shape[0] * x.shape[2]
            _move(running_mean, mean, momentum)
            _move(running_var, var * (count / max(count - 1, 1)), momentum)
    elif running[0] is None or running[1] is None:
        mean, var = np.zeros(array.shape[1], kind), np.ones(array.shape[1], kind)
    else:
        mean, var = (np.array(moment, kind) for moment in running)
    rstd = (1 / np.sqrt(var.astype(np.float64) + eps)).astype(kind)
    out: Tensor = normalized_channels(input, weight, bias, (mean, rstd), not training, eps)
    return out


def _move(running: Any, found: Array, momentum: float) -> None:
    array = running._array
    kind = array.dtype.type
    array[...] = array * kind(1 - momentum) + found.astype(array.dtype) * kind(momentum)
    storage_of(running).version += 1


def _composed_channels(
    input: Any, weight: Any, moments: tuple[Array, Array], eps: float, *, fixed: bool
) -> Any:
    if fixed:
        mean, rstd = (_per_channel(wrap(moment), input.dim()) for moment in moments)
        x = (input - mean) * rstd
    else:
        dims = tuple(dim for dim in range(input.dim()) if dim != 1)
        x = input - input.mean(dims, True)
        x = x * ((x * x).mean(dims, True) + eps).rsqrt()
    return x if weight is None else x * _per_channel(weight, x.dim())


@op("_batch_norm", node="NativeBatchNormBackward0", method=False, quiet=True)
def normalized_channels(
    input: Array, weight: Array | None, bias: Array | None, moments: Any, fixed: bool, eps: float
) -> Array:
    """Return the channels less their means, divided by their deviations, scaled and shifted."""
    _check_dtypes("batch_norm", input, weight, bias)
    mean, rstd = moments
    kind = mean.dtype
    x = _channels(input, kind)
    out = np.empty(input.shape, kind)
    scale, shift = _laid(kind, weight, bias)
    kernels.batch_norm(out.reshape(x.shape), x, mean, rstd, scale, shift)
    return out.astype(input.dtype, copy=False)


@normalized_channels.vjp("input", "weight", "bias")
def _batch_norm_backward(
    grad: Any,
    input: Any,
    weight: Any,
    moments: Any,
    fixed: bool,
    eps: float,
    bias_dtype: Any,
    needs: Any,
) -> tuple[Any, ...]:
    if mode.grad:
        both = differentiate(
            lambda x, w: _composed_channels(x, w, moments, eps, fixed=fixed),
            (input, weight),
            grad,
            needs[:2],
        )
        return *both, _channel_sums(grad) if needs[2] else None
    mean, rstd = moments
    array, kind = input._array, rstd.dtype
    x = _channels(array, kind)
    made = _Gradients(kind, (array.shape, x.shape[1], x.shape[1]), needs)
    (factors,) = _laid(kind, None if weight is None else weight._array)
    to_input, to_weight, to_bias = made.shaped(x.shape)
    kernels.batch_norm_backward(
        to_input, to_weight, to_bias, _channels(grad._array, kind), x, mean, rstd, factors, fixed
    )
    return made.tensors(array.dtype, None if weight is None else weight._array.dtype, bias_dtype)
