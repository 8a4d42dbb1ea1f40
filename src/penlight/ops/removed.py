"""Methods that PyTorch has taken away and still answers for: each says what took its place."""

from __future__ import annotations

from typing import NoReturn

from .._tensor import Tensor
from ._op import attach

__all__: list[str] = []


def _refuse(advice: str) -> NoReturn:
    msg = f"This function was deprecated since version 1.9 and is now removed. {advice}"
    raise RuntimeError(msg)


def eig(self: Tensor, eigenvectors: bool = False) -> NoReturn:
    """Refuse: it was removed from torch, and the eigenvalues of a general matrix are complex."""
    _refuse(
        "`torch.linalg.eig` gives complex numbers, which penlight does not have; for a symmetric "
        "matrix there are `torch.linalg.eigh` and `torch.linalg.eigvalsh`."
    )


def symeig(self: Tensor, eigenvectors: bool = False) -> NoReturn:
    """Refuse: it was removed from torch in favour of ``torch.linalg.eigh``."""
    _refuse(
        "Use `torch.linalg.eigh(A, UPLO='U')` or `torch.linalg.eigvalsh(A, UPLO='U')`, which read "
        "the lower triangle when UPLO is not given."
    )


def lstsq(self: Tensor, other: Tensor) -> NoReturn:
    """Refuse: it was removed from torch in favour of ``torch.linalg.lstsq``."""
    _refuse("Use `torch.linalg.lstsq(A, B).solution`, whose arguments are the other way around.")


def solve(self: Tensor, other: Tensor) -> NoReturn:
    """Refuse: it was removed from torch in favour of ``torch.linalg.solve``."""
    _refuse("Use `torch.linalg.solve(A, B)`, whose arguments are the other way around.")


for _function in (eig, symeig, lstsq, solve):
    attach(_function)
