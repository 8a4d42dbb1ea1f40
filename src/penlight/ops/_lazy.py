"""Families that are imported when a program first asks for one of their names.

An import of everything would read sixty files of which a program needs a dozen. So Tensor gets its
methods, and ``torch.*`` its functions, from :mod:`penlight.ops._index`, which says what family
holds a name and is made from the families themselves (``tools/make_stubs.py``).
``penlight._functions`` imports them all.
"""

from __future__ import annotations

from importlib import import_module
from sys import modules
from typing import Any

from .._tensor import Tensor
from ._index import FROM_METHODS, FUNCTIONS, METHODS


class LazyMethod:
    """A method of Tensor that imports its family when it is first looked up.

    The family's ops then put themselves in its place.
    """

    __slots__ = ("_family", "_name")

    def __init__(self, name: str, family: str) -> None:
        self._name = name
        self._family = family

    def __get__(self, instance: Tensor | None, owner: type[Tensor]) -> Any:
        import_module(f".{self._family}", __package__)
        found = vars(Tensor).get(self._name, self)
        if found is self:
            msg = f"{__package__}.{self._family} has not made Tensor.{self._name} (yet)"
            raise AttributeError(msg)
        return found.__get__(instance, owner)


FAMILY_OF: dict[str, str | None] = {
    name: family for family, names in FUNCTIONS.items() for name in names.split()
}
# Functions that are the method itself: torch.exp_ is Tensor.exp_.
FAMILY_OF |= dict.fromkeys(FROM_METHODS.split())


def function(name: str) -> Any:
    """Return the function of ``torch.*`` called ``name``, a key of ``FAMILY_OF``."""
    family = FAMILY_OF[name]
    place = Tensor if family is None else import_module(f".{family}", __package__)
    found = getattr(place, name)
    overrides = modules.get(Tensor.__module__.replace("_tensor", "_overrides"))
    return found if overrides is None else overrides.as_seen(found)


def put_methods() -> None:
    """Give Tensor its methods, but for those it has by now."""
    has = vars(Tensor)
    for family, names in METHODS.items():
        for name in names.split():
            if name not in has:
                setattr(Tensor, name, LazyMethod(name, family))
