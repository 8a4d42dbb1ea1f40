"""What programs ask of complex numbers, answered for real ones: conj, real, imag, angle."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._tensor import Array, Tensor
from ._families import INT_TO_FLOAT, unary
from ._op import ZERO, attach

__all__ = [
    "angle",
    "conj",
    "conj_physical",
    "imag",
    "is_conj",
    "is_neg",
    "real",
    "resolve_conj",
    "resolve_neg",
]


def is_conj(input: Tensor) -> bool:
    """Say whether a tensor is the conjugate of its memory; never, for real numbers.

    Example:
        >>> import penlight as torch
        >>> torch.is_conj(torch.zeros(1))
        False
    """
    del input
    return False


def is_neg(input: Tensor) -> bool:
    """Say whether a tensor is the negative of its memory; never, for real numbers.

    Example:
        >>> import penlight as torch
        >>> torch.is_neg(torch.zeros(1))
        False
    """
    del input
    return False


def resolve_conj(input: Tensor) -> Tensor:
    """Return the tensor itself: its memory is not conjugated.

    Example:
        >>> import penlight as torch
        >>> torch.resolve_conj(torch.ones(1))
        tensor([1.])
    """
    return input


def resolve_neg(input: Tensor) -> Tensor:
    """Return the tensor itself: its memory is not negated.

    Example:
        >>> import penlight as torch
        >>> torch.resolve_neg(torch.ones(1))
        tensor([1.])
    """
    return input


def conj(input: Tensor) -> Tensor:
    """Return the conjugate, which for real numbers is the tensor itself.

    Example:
        >>> import penlight as torch
        >>> torch.conj(torch.ones(1))
        tensor([1.])
    """
    return input


def conj_physical(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the conjugate in memory, which for real numbers is the tensor itself.

    Example:
        >>> import penlight as torch
        >>> torch.conj_physical(torch.ones(1))
        tensor([1.])
    """
    if out is None:
        return input
    from ._runtime import write_result  # noqa: PLC0415 - rare

    written: Tensor = write_result(out, input)
    return written


def conj_physical_(input: Tensor) -> Tensor:
    """Conjugate in place, which leaves real numbers as they are."""
    return input


def real(input: Tensor) -> Tensor:
    """Return the real part, which for real numbers is the tensor itself.

    Example:
        >>> import penlight as torch
        >>> torch.real(torch.ones(1))
        tensor([1.])
    """
    return input


def imag(input: Tensor) -> Tensor:
    """Refuse: real numbers have no imaginary part in torch.

    Raises:
        RuntimeError: always.

    Example:
        >>> import penlight as torch
        >>> try:
        ...     torch.imag(torch.ones(1))
        ... except RuntimeError as error:
        ...     print(error)
        imag is not implemented for tensors with non-complex dtypes.
    """
    del input
    msg = "imag is not implemented for tensors with non-complex dtypes."
    raise RuntimeError(msg)


def _angle(input: Array) -> Array:
    turned = np.where(np.less(input, 0), math.pi, 0.0)
    if input.dtype.kind in "biu":
        return turned
    return np.where(np.isnan(input), input, turned.astype(input.dtype))


angle = unary(
    "angle",
    _angle,
    INT_TO_FLOAT,
    "Return the angle in the complex plane: pi for negative numbers, else 0.",
    inplace=False,
    input=ZERO,
)


for _function in (
    is_conj,
    is_neg,
    resolve_conj,
    resolve_neg,
    conj,
    conj_physical,
    conj_physical_,
):
    attach(_function)
_parts: tuple[tuple[str, Any], ...] = (("real", real), ("imag", imag))
for _name, _part in _parts:
    attach(property(_part), _name)
