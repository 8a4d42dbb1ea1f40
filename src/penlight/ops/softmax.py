"""softmax and log_softmax along a dimension; softmin and gumbel_softmax are made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from .._dtype import dtype
from .._tensor import Array, Tensor, wrap
from . import _check
from ._creating import numpy_dtype_of
from ._elementwise import refuse
from ._op import attach, op
from ._picked import picked
from ._runtime import write_out

__all__ = ["log_softmax", "softmax"]


def _apply(kernel: Any, dim: int, *arrays: Array) -> Array:
    """Run a row kernel along a dimension; half types go through float32, as torch's do."""
    kind, shape = arrays[0].dtype, arrays[0].shape
    if not arrays[0].size:
        return np.empty(shape, kind)
    place = _check.dim(dim, len(shape))
    if not shape:
        return _apply(kernel, 0, *(array.reshape(1) for array in arrays)).reshape(())
    wide = np.float32 if kind.itemsize == 2 else kind
    laid = [np.ascontiguousarray(array, wide) for array in arrays]
    out = np.empty(shape, wide)
    kernel(out, *laid, place)
    return out if wide is kind else out.astype(kind)


def _refuse_integers(function: str, input: Array, dim: int) -> None:
    if input.dtype.kind == "f":
        return
    # torch: the last dimension has a kernel of its own, whose name is in the message.
    last = input.ndim <= 1 or _check.dim(dim, input.ndim) == input.ndim - 1
    if input.size:
        refuse(f"{function}{'_lastdim' if last else ''}_kernel_impl", input, kinds="bi")


@op(
    "_softmax",
    node="SoftmaxBackward0",
    method=False,
    input=lambda grad, out, dim: softmax_backward(grad, out, dim),
)
def softmax_rows(input: Array, dim: int) -> Array:
    """Return the softmax along a dimension."""
    _refuse_integers("softmax", input, dim)
    return _apply(kernels.softmax, dim, input)


def softmax_without_lost_rows(scores: Array) -> Array:
    """Return the softmax along the last dimension; a row of minus infinities becomes zeros."""
    out = _apply(kernels.softmax, -1, scores)
    if scores.size:
        # Only a row that has nothing but minus infinity, or has NaN, begins with NaN.
        odd = np.isnan(out[..., :1])
        if odd.any():
            np.copyto(out, 0, where=odd & np.isneginf(scores).all(axis=-1, keepdims=True))
    return out


# torch: what attention takes, so that a query that may look at nothing gives zeros, not NaN.
@op(
    "_safe_softmax",
    node="SafeSoftmaxBackward0",
    method=False,
    input=lambda grad, out: softmax_backward(grad, out, -1),
)
def safe_softmax(input: Array) -> Array:
    """Return the softmax along the last dimension, of a row of minus infinities zeros."""
    _refuse_integers("softmax", input, -1)
    return softmax_without_lost_rows(input)


@op(
    "_softmax_backward_data",
    node="SoftmaxBackwardDataBackward0",
    method=False,
    grad_output=lambda grad, output, dim: softmax_backward(grad, output, dim),
    output=lambda grad, grad_output, output, dim: (
        grad * grad_output
        - (grad * output).sum(dim, True) * grad_output
        - grad * (grad_output * output).sum(dim, True)
    ),
)
def softmax_backward(grad_output: Array, output: Array, dim: int) -> Array:
    """Return the gradient of softmax: ``out * (grad - sum(grad * out))``."""
    return _apply(kernels.softmax_backward, dim, grad_output, output)


@op(
    "_log_softmax",
    node="LogSoftmaxBackward0",
    method=False,
    input=lambda grad, out, dim: _log_softmax_gradient(grad, out, dim),
)
def log_softmax_rows(input: Array, dim: int) -> Array:
    """Return the logarithm of the softmax along a dimension."""
    _refuse_integers("log_softmax", input, dim)
    return _apply(kernels.log_softmax, dim, input)


def _log_softmax_gradient(grad: Any, out: Any, dim: int) -> Any:
    """Return the gradient of log_softmax's input, without writing out one that nll_loss left."""
    found = picked(grad) if out._array.ndim == 2 and dim in {1, -1} else None
    if found is None or out._array.dtype.char not in "fd":
        return log_softmax_backward(grad, out, dim)
    array = np.ascontiguousarray(out._array)
    made = np.empty(array.shape, array.dtype)
    kernels.log_softmax_backward_picked(
        made, found.places.reshape(-1), found.values.reshape(-1), array
    )
    return wrap(made)


@op(
    "_log_softmax_backward_data",
    node="LogSoftmaxBackwardDataBackward0",
    method=False,
    grad_output=lambda grad, output, dim: grad - (grad * output.exp()).sum(dim, True),
    output=lambda grad, grad_output, output, dim: (
        -(grad * output.exp()) * grad_output.sum(dim, True)
    ),
)
def log_softmax_backward(grad_output: Array, output: Array, dim: int) -> Array:
    """Return the gradient of log_softmax: ``grad - exp(out) * sum(grad)``."""
    return _apply(kernels.log_softmax_backward, dim, grad_output, output)


def softmax(
    input: Tensor, dim: int, dtype: dtype | None = None, *, out: Tensor | None = None
) -> Tensor:
    r"""Turn the numbers along a dimension into probabilities that sum to one.

    .. math:: \text{softmax}(x)_i = \frac{e^{x_i}}{\sum_j e^{x_j}}

    Args:
        input: a floating tensor of any shape.
        dim: the dimension along which the result sums to one.
        dtype: cast the input to this first.
        out: where to write the result.

    Raises:
        IndexError: ``dim`` is out of range.
        RuntimeError: the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.softmax(torch.tensor([0.0, 0.0]), dim=0)
        tensor([0.5000, 0.5000])
    """
    return _along(softmax_rows, "softmax", input, dim, dtype, out)


def log_softmax(
    input: Tensor, dim: int, dtype: dtype | None = None, *, out: Tensor | None = None
) -> Tensor:
    r"""Return the logarithm of :func:`softmax`, finite where softmax itself would underflow.

    .. math:: \text{log\_softmax}(x)_i = x_i - \log \sum_j e^{x_j}

    Args:
        input: a floating tensor of any shape.
        dim: the dimension along which the probabilities sum to one.
        dtype: cast the input to this first.
        out: where to write the result.

    Raises:
        IndexError: ``dim`` is out of range.
        RuntimeError: the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.log_softmax(torch.tensor([0.0, -1000.0]), dim=0)
        tensor([    0., -1000.])
    """
    return _along(log_softmax_rows, "log_softmax", input, dim, dtype, out)


def _along(
    record: Any, name: str, input: Tensor, dim: Any, wanted: dtype | None, out: Tensor | None
) -> Tensor:
    if not isinstance(input, Tensor):
        msg = f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}"
        raise TypeError(msg)
    if not hasattr(dim, "__index__"):
        msg = f"{name}(): argument 'dim' (position 2) must be int, not {type(dim).__name__}"
        raise TypeError(msg)
    if wanted is not None and input.dtype is not wanted:
        input = input._cast(numpy_dtype_of(wanted))
    result: Tensor = record(input, dim)
    return result if out is None else write_out(record.op, out, result)


attach(softmax)
attach(log_softmax)
