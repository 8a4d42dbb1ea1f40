"""Dual numbers, which penlight does not have: its products with Jacobians go backward twice.

``torch.func.jvp``, ``torch.func.linearize``, ``torch.func.jacfwd`` and
``torch.autograd.functional.jvp`` compute what programs want of dual numbers.
"""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = ["dual_level", "make_dual", "unpack_dual"]


def _refuse(name: str) -> NoReturn:
    msg = (
        f"forward_ad.{name}: penlight has no dual numbers, since its operations are recorded and "
        "walked backward only. torch.func.jvp(f, (x,), (tangent,)) returns f(x) and its "
        "directional derivative."
    )
    raise NotImplementedError(msg)


class dual_level:  # noqa: N801 - torch's name
    """Refuses: penlight has no dual numbers; see :func:`penlight.func.jvp`."""

    def __init__(self) -> None:
        _refuse("dual_level")


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> NoReturn:
    """Refuse: penlight has no dual numbers; see :func:`penlight.func.jvp`."""
    del tensor, tangent, level
    _refuse("make_dual")


def unpack_dual(tensor: Any, *, level: int | None = None) -> NoReturn:
    """Refuse: penlight has no dual numbers; see :func:`penlight.func.jvp`."""
    del tensor, level
    _refuse("unpack_dual")
