"""The gamma function and its relatives: lgamma, digamma, polygamma, zeta, incomplete gamma."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._dtype import FROM_NUMPY
from .._tensor import Array, Tensor
from . import _check, _gamma
from ._elementwise import dtype_of, kind_of
from ._families import INT_TO_FLOAT, binary, unary
from ._op import attach, op
from ._results import written

__all__ = [
    "digamma",
    "igamma",
    "igammac",
    "lgamma",
    "mvlgamma",
    "polygamma",
]

lgamma = unary(
    "lgamma",
    _gamma.lgamma,
    INT_TO_FLOAT,
    "Return the logarithm of the size of the gamma function.",
    input=lambda grad, input: grad * digamma(input),
)
digamma = unary(
    "digamma",
    _gamma.digamma,
    INT_TO_FLOAT,
    "Return the derivative of the logarithm of the gamma function.",
    input=lambda grad, input: grad * polygamma(1, input),
)


# ---- polygamma -----------------------------------------------------------------------------------


def _floating(input: Array) -> Any:
    return input.dtype if kind_of(input) == "f" else np.float64


@op(
    "_polygamma",
    node="PolygammaBackward0",
    promotion="int_to_float",
    inplace=True,
    method=False,
    input=lambda grad, input, n: grad * polygamma(n + 1, input),
)
def _polygamma(input: Array, n: int) -> Array:
    return _gamma.polygamma(n, input.astype(np.float64)).astype(_floating(input))


def polygamma(n: int, input: Tensor, *, out: Tensor | None = None) -> Tensor:
    r"""Return the n-th derivative of the digamma function.

    .. math:: \psi^{(n)}(x) = \frac{d^n}{dx^n} \psi(x)

    Args:
        n: the order, 0 or more.
        input: a tensor.
        out: where to write the result.

    Raises:
        RuntimeError: ``n`` is negative.

    Example:
        >>> import penlight as torch
        >>> torch.polygamma(1, torch.tensor([1.0]))
        tensor([1.6449])
    """
    _check_order(n)
    found: Tensor = _polygamma(input, n)
    return written(out, found)


def _check_order(n: int) -> None:
    if n < 0:
        _check.refuse(f"polygamma(n, x) does not support negative n, got {n}.")


def polygamma_method(self: Tensor, n: int) -> Tensor:
    """Return the n-th derivative of the digamma function; see :func:`polygamma`."""
    return polygamma(n, self)


def polygamma_method_(self: Tensor, n: int) -> Tensor:
    """Write the n-th derivative of the digamma function; see :func:`polygamma`."""
    _check_order(n)
    out: Tensor = _polygamma.op.call_(self, n)
    return out


attach(polygamma_method, "polygamma")
attach(polygamma_method_, "polygamma_")


# ---- the multivariate gamma function -------------------------------------------------------------


def _steps(p: int) -> Array:
    return np.arange(p, dtype=np.float64) * -0.5


def _mvlgamma_rule(grad: Any, input: Any, p: int) -> Any:
    shifts = input.new_tensor(_steps(p).tolist())
    return grad * digamma(input.unsqueeze(-1) + shifts).sum(-1)


@op(
    "mvlgamma",
    promotion="int_to_float",
    inplace=True,
    out=True,
    input=_mvlgamma_rule,
)
def mvlgamma(input: Array, p: int) -> Array:
    r"""Return the logarithm of the multivariate gamma function.

    .. math::
        \log \Gamma_p(x) = \frac{p (p - 1)}{4} \log \pi + \sum_{i=1}^p \log \Gamma(x - (i - 1) / 2)

    Args:
        input: a tensor of numbers above ``(p - 1) / 2``.
        p: the number of dimensions.

    Raises:
        RuntimeError: ``p`` is below 1.

    Example:
        >>> import penlight as torch
        >>> torch.mvlgamma(torch.tensor([2.0]), 2)
        tensor([0.4516])
    """
    if p < 1:
        _check.refuse(f"p has to be greater than or equal to 1, got {p}")
    wide = input.astype(np.float64)[..., None] + _steps(p)
    out = _gamma.lgamma(wide).sum(axis=-1) + p * (p - 1) / 4 * math.log(math.pi)
    return np.asarray(out).astype(_floating(input))


# ---- incomplete gamma functions ------------------------------------------------------------------


def _not_by_order(name: str) -> Any:
    def rule(grad: Any) -> Any:
        del grad
        msg = f"the derivative for '{name}: input' is not implemented."
        raise NotImplementedError(msg)

    return rule


def _of_density(grad: Any, input: Any, other: Any) -> Any:
    return grad * ((input - 1) * other.log() - other - lgamma(input)).exp()


def _incomplete(name: str, *, upper: bool) -> Any:
    def forward(input: Any, other: Any) -> Array:
        kind = dtype_of(input, other)
        if kind.kind in "biu":
            _refuse_integers(name, kind)
        return _gamma.incomplete(input, other, upper=upper).astype(kind)

    sign = -1 if upper else 1
    return binary(
        name,
        forward,
        summary=f"Return the regularised {'upper' if upper else 'lower'} incomplete gamma function "
        "of ``other`` with the parameter ``input``.",
        input=_not_by_order(name),
        other=lambda grad, input, other: _of_density(grad * sign, input, other),
    )


def _refuse_integers(name: str, kind: Any) -> None:
    msg = f"\"{name}_cpu\" not implemented for '{FROM_NUMPY[kind].scalar_type}'"
    raise NotImplementedError(msg)


igamma = _incomplete("igamma", upper=False)
igammac = _incomplete("igammac", upper=True)


# ---- zeta ----------------------------------------------------------------------------------------


def _zeta_forward(input: Any, other: Any) -> Array:
    kind = dtype_of(input, other)
    out = _gamma.zeta(
        *(
            value.astype(np.float64) if isinstance(value, np.ndarray) else np.float64(value)
            for value in (input, other)
        )
    )
    return out.astype(np.float64 if kind.kind in "biu" else kind)


def _no_zeta(grad: Any) -> Any:
    del grad
    msg = "the derivative for 'zeta' is not implemented."
    raise NotImplementedError(msg)


def _zeta_record(name: str, node: str) -> Any:
    return binary(
        name,
        _zeta_forward,
        INT_TO_FLOAT,
        "Return Hurwitz's zeta function.",
        node=node,
        method=False,
        inplace=False,
        input=_no_zeta,
        other=lambda grad, input, other: grad * -input * zeta(input + 1, other),
    )


_zetas = (
    _zeta_record("_special_zeta", "SpecialZetaBackward0"),
    _zeta_record("_special_zeta_number", "SpecialZetaBackward2"),
    _zeta_record("_special_zeta_reversed", "SpecialZetaBackward1"),
)


def zeta(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    r"""Return Hurwitz's zeta function, elementwise.

    .. math:: \zeta(x, q) = \sum_{k=0}^\infty \frac{1}{(k + q)^x}

    Args:
        input: ``x``, a tensor or a number.
        other: ``q``, a tensor or a number; the shapes broadcast.
        out: where to write the result.

    Example:
        >>> import penlight as torch
        >>> torch.special.zeta(torch.tensor([2.0]), 1)
        tensor([1.6449])
    """
    by_both, by_number, reverse = _zetas
    chosen = (
        by_number
        if not isinstance(other, Tensor)
        else by_both
        if isinstance(input, Tensor)
        else reverse
    )
    found: Tensor = chosen(input, other, out=out)
    return found
