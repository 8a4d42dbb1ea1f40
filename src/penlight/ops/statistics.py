"""Variances, norms and the logarithm of summed exponentials."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from .._dtype import FROM_NUMPY, dtype
from .._tensor import Array, Tensor
from . import _check
from ._creating import numpy_dtype_of
from ._op import attach, op
from ._reducing import add_reduce, converted, numpy_axis, restore, size, tupled, wide
from ._results import written

__all__ = ["logsumexp", "norm", "std", "std_mean", "var", "var_mean"]

# ---- variances -----------------------------------------------------------------------------------


def _freedom(shape: tuple[int, ...], dim: Any, correction: float) -> float:
    return builtins.max(
        0.0, size(shape, _check.dims(dim, len(shape)) if shape else None) - correction
    )


def _var_grad(grad: Any, dim: Any, correction: float, keepdim: bool, input: Any) -> Any:
    shape = input._array.shape
    freedom = _freedom(shape, dim, correction)
    centred = input - input.mean(dim, True)
    return (
        restore(grad, dim, keepdim, len(shape)) * (2.0 / freedom if freedom else math.inf) * centred
    )


def _std_grad(grad: Any, dim: Any, correction: float, keepdim: bool, input: Any, out: Any) -> Any:
    scaled = (grad / (out * 2)).masked_fill(out == 0, 0)
    return _var_grad(scaled, dim, correction, keepdim, input)


def _variance(
    function: str, input: Array, dim: Any, correction: float, keepdim: bool
) -> tuple[Array, Array]:
    """Return variances, and means with every dimension kept, both in a wider dtype."""
    if not FROM_NUMPY[input.dtype].is_floating_point:
        msg = "std and var only support floating point and complex dtypes"
        raise RuntimeError(msg)
    dims = _check.dims(dim, input.ndim)
    values = input.astype(np.float64 if input.dtype.itemsize > 2 else np.float32)
    centre = values.mean(axis=dims, keepdims=True)
    freedom = _freedom(input.shape, dim, correction)
    if freedom <= 0:
        _warn_about_freedom(function)
    centred = values - centre
    squares = add_reduce(centred * centred, axis=dims, keepdims=keepdim)
    return np.asarray(np.true_divide(squares, freedom)), centre


def _warn_about_freedom(function: str) -> None:
    import warnings  # noqa: PLC0415 - only for what torch warns about

    warnings.warn(
        f"{function}(): degrees of freedom is <= 0. Correction should be strictly less than the "
        "reduction factor (input numel divided by output numel).",
        stacklevel=5,
    )


@op("_var", node="VarBackward0", method=False, input=_var_grad)
def var_dims(input: Array, dim: Any, correction: float, keepdim: bool) -> Array:
    """Return variances over dimensions."""
    return _variance("var", input, dim, correction, keepdim)[0].astype(input.dtype)


@op(
    "_std",
    node="StdBackward0",
    method=False,
    input=lambda grad, dim, correction, keepdim, input, out: _std_grad(
        grad, dim, correction, keepdim, input, out
    ),
)
def std_dims(input: Array, dim: Any, correction: float, keepdim: bool) -> Array:
    """Return standard deviations over dimensions."""
    return np.sqrt(_variance("std", input, dim, correction, keepdim)[0]).astype(input.dtype)


def _spread_arguments(dim: Any, unbiased: Any, correction: Any) -> tuple[Any, float]:
    """Return dimensions and correction from ``var(unbiased)`` or ``var(dim, unbiased)``."""
    if isinstance(dim, builtins.bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    return tupled(dim), correction


def var(
    input: Tensor,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
    out: Tensor | None = None,
    axis: Any = None,
) -> Tensor:
    """Return the variance of all elements, or along dimensions.

    Args:
        input: a floating tensor.
        dim: one dimension or several; all when not given.
        unbiased: divide by one less than the number of elements (the default).
        keepdim: keep the dimensions with length 1.
        correction: what to subtract from the number of elements; 1 when not given.
        out: where to write the result.
        axis: NumPy's name of ``dim``.

    Raises:
        RuntimeError: the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1.0, 3.0]).var()
        tensor(2.)
    """
    dims, correction = _spread_arguments(numpy_axis(axis, dim), unbiased, correction)
    return written(out, var_dims(input, dims, correction, keepdim))


def std(
    input: Tensor,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
    out: Tensor | None = None,
    axis: Any = None,
) -> Tensor:
    """Return the standard deviation of all elements, or along dimensions; as :func:`var`.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1.0, 3.0]).std()
        tensor(1.4142)
    """
    dims, correction = _spread_arguments(numpy_axis(axis, dim), unbiased, correction)
    return written(out, std_dims(input, dims, correction, keepdim))


def _mean_grad(grad: Any, dim: Any, keepdim: bool, shape: tuple[int, ...]) -> Any:
    count = builtins.max(size(shape, _check.dims(dim, len(shape))), 1)
    return (restore(grad, dim, keepdim, len(shape)) / count).expand(shape)


def _with_mean(function: str, input: Array, options: tuple[Any, ...], root: Any) -> Any:
    dim, _, keepdim = options
    spread, centre = _variance(function, input, *options)
    centre = centre if keepdim else centre.squeeze(_check.dims(dim, input.ndim))
    return np.asarray(root(spread)).astype(input.dtype), np.asarray(centre).astype(input.dtype)


@op(
    "_var_mean",
    node="VarMeanBackward0",
    method=False,
    outputs=2,
    input=lambda grads, dim, correction, keepdim, input: (
        _var_grad(grads[0], dim, correction, keepdim, input)
        + _mean_grad(grads[1], dim, keepdim, input._array.shape)
    ),
)
def _var_mean(input: Array, dim: Any, correction: float, keepdim: bool) -> Any:
    return _with_mean("var_mean", input, (dim, correction, keepdim), np.positive)


@op(
    "_std_mean",
    node="StdMeanBackward0",
    method=False,
    outputs=2,
    input=lambda grads, dim, correction, keepdim, input, out: (
        _std_grad(grads[0], dim, correction, keepdim, input, out)
        + _mean_grad(grads[1], dim, keepdim, input._array.shape)
    ),
)
def _std_mean(input: Array, dim: Any, correction: float, keepdim: bool) -> Any:
    return _with_mean("std_mean", input, (dim, correction, keepdim), np.sqrt)


def var_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> tuple[Tensor, Tensor]:
    """Return :func:`var` and :func:`mean` as a pair.

    Example:
        >>> import penlight as torch
        >>> torch.var_mean(torch.tensor([1.0, 3.0]))
        (tensor(2.), tensor(2.))
    """
    dims, correction = _spread_arguments(dim, unbiased, correction)
    out: tuple[Tensor, Tensor] = _var_mean(input, dims, correction, keepdim)
    return out


def std_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> tuple[Tensor, Tensor]:
    """Return :func:`std` and :func:`mean` as a pair.

    Example:
        >>> import penlight as torch
        >>> torch.std_mean(torch.tensor([1.0, 3.0]))
        (tensor(1.4142), tensor(2.))
    """
    dims, correction = _spread_arguments(dim, unbiased, correction)
    out: tuple[Tensor, Tensor] = _std_mean(input, dims, correction, keepdim)
    return out


# ---- norms ---------------------------------------------------------------------------------------


@op(
    "logsumexp",
    input=lambda grad, dim, keepdim, input, out: (
        restore(grad, dim, keepdim, input._array.ndim)
        * (input - restore(out, dim, keepdim, input._array.ndim)).exp()
    ),
    out=True,
)
def logsumexp(input: Array, dim: Any, keepdim: bool = False) -> Array:
    """Return the logarithm of the sum of exponentials over dimensions, without overflow.

    Args:
        input: a tensor; integers give the default floating dtype.
        dim: one dimension or several.
        keepdim: keep the dimensions with length 1.

    Example:
        >>> import penlight as torch
        >>> torch.logsumexp(torch.tensor([1000.0, 1000.0]), 0)
        tensor(1000.6932)
    """
    dims = _check.dims(dim, input.ndim)
    values = input.astype(numpy_dtype_of(None)) if input.dtype.kind in "biu" else input
    top = np.max(values, axis=dims, keepdims=True, initial=-math.inf)
    shift = np.where(np.isfinite(top), top, 0).astype(values.dtype)
    powers = np.exp(values - shift)
    total = add_reduce(powers, axis=dims, keepdims=keepdim, dtype=wide(powers.dtype))
    total = total.astype(values.dtype, copy=False)
    shift = shift if keepdim else shift.squeeze(dims)
    return np.asarray(np.log(total) + shift).astype(values.dtype, copy=False)


def norm_gradient(grad: Any, p: float, dim: Any, keepdim: bool, input: Any, out: Any) -> Any:
    ndim = input._array.ndim
    grad, out = restore(grad, dim, keepdim, ndim), restore(out, dim, keepdim, ndim)
    if p == 0:
        return None
    if math.isinf(p):
        hit = input.abs() == out
        return grad * input.sgn() * hit / hit.sum(_check.dims(dim, ndim), True)
    if p == 1:
        return grad * input.sgn()
    if p == 2:
        return (grad * (input / out)).masked_fill(out == 0, 0)
    scale = (grad / out ** (p - 1)).masked_fill(out == 0, 0)
    power = input.abs() ** (p - 1)
    return scale * (power.masked_fill(input == 0, 0) if p < 1 else power) * input.sgn()


def norm_of(input: Array, p: float, dim: Any, keepdim: bool) -> Array:
    """Return the p-norm of an array over dimensions."""
    dims = _check.dims(dim, input.ndim)
    magnitude = np.abs(input.astype(wide(input.dtype), copy=False))
    reduced: Any
    if p == 0:
        reduced = np.count_nonzero(magnitude, axis=dims, keepdims=keepdim)
    elif p == math.inf:
        reduced = np.max(magnitude, axis=dims, keepdims=keepdim, initial=0)
    elif p == -math.inf:
        reduced = np.min(magnitude, axis=dims, keepdims=keepdim)
    elif p == 1:
        reduced = add_reduce(magnitude, axis=dims, keepdims=keepdim)
    elif p == 2:
        reduced = np.sqrt(add_reduce(magnitude * magnitude, axis=dims, keepdims=keepdim))
    else:
        reduced = add_reduce(magnitude**p, axis=dims, keepdims=keepdim) ** (1.0 / p)
    return np.asarray(reduced).astype(input.dtype)


vector_norm = op("_norm", node="LinalgVectorNormBackward0", method=False, input=norm_gradient)(
    norm_of
)


def norm(
    input: Tensor,
    p: Any = "fro",
    dim: Any = None,
    keepdim: bool = False,
    out: Tensor | None = None,
    dtype: dtype | None = None,
) -> Tensor:
    """Return the p-norm of all elements, or along dimensions.

    Args:
        input: a floating tensor.
        p: a number, ``inf``, ``-inf``, ``"fro"`` for 2, or ``"nuc"`` for a matrix's nuclear norm.
        dim: one dimension or several; all when not given.
        keepdim: keep the dimensions with length 1.
        out: where to write the result.
        dtype: cast the input to this first.

    Raises:
        RuntimeError: the dtype is not floating.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([3.0, 4.0]).norm()
        tensor(5.)
    """
    values = converted(input, dtype)
    if not values.is_floating_point():
        msg = (
            "linalg.vector_norm: Expected a floating point or complex tensor as input. "
            f"Got {_check.scalar_type(values._array)}"
        )
        raise RuntimeError(msg)
    if p == "nuc":
        from .matrix_norms import matrix_norm  # noqa: PLC0415 - families know each other late

        return matrix_norm(values, "nuc", (-2, -1) if dim is None else dim, keepdim, out=out)
    power = 2.0 if p in {"fro", None} else float(p)
    result: Tensor = vector_norm(values, power, tupled(dim), keepdim)
    return written(out, result)


for _function in (norm, std, var):
    attach(_function)


def _norm_method(
    self: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: dtype | None = None
) -> Tensor:
    """Return the p-norm of this tensor; see :func:`norm`."""
    return norm(self, p, dim, keepdim, dtype=dtype)


attach(_norm_method, "norm")
