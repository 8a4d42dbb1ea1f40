"""What to say of a name of torch's that penlight does not have."""

from __future__ import annotations

import sys

PACKAGE = __name__.partition(".")[0]
PARITY = "docs/reference/parity.md"

# Where the name that is missing in one place may be found under the same spelling.
_OTHER_PLACES = ("torch", "torch.nn", "torch.nn.functional", "torch.optim", "torch.utils.data")


class MissingName(AttributeError):  # noqa: N818  what is missing says more than Error
    """A name of torch that penlight does not have.

    The sentence is made when it is read: ``hasattr(torch, "compile")`` does not pay for it.

    Args:
        module: torch's name of the module that was asked.
        name: the name it does not have.
    """

    def __init__(self, module: str, name: str) -> None:
        super().__init__(module, name)

    def __str__(self) -> str:
        module, name = self.args
        return f"module {module!r} has no attribute {name!r}: {_advice(module, name)}"


def as_torch(name: str) -> str:
    """Return torch's name for a module of penlight."""
    return "torch" + name.removeprefix(PACKAGE)


def as_penlight(name: str) -> str:
    """Return penlight's name for a module of torch."""
    return PACKAGE + name.removeprefix("torch")


def not_found(name: str) -> ModuleNotFoundError:
    """Return the error for a module of torch's that penlight does not have."""
    place, _, last = name.rpartition(".")
    # No name=: with it, `from torch import missing` would drop this error and its advice for a
    # plain "cannot import name".
    return ModuleNotFoundError(f"No module named {name!r}: {_advice(place, last)}")


def _advice(module: str, name: str) -> str:
    """Return what penlight has instead of ``module.name``, and where to look."""
    nearest = _nearest(module, name)
    instead = f"; the nearest it has is {nearest}" if nearest else ""
    return f"penlight does not have {module}.{name}{instead} (see {PARITY} for what it has)"


def _nearest(module: str, name: str) -> str | None:
    """Return the same name in another place, else the most similar name in the same place."""
    for place in _OTHER_PLACES:
        if place != module and name in _public_names(place):
            return f"{place}.{name}"
    import difflib  # noqa: PLC0415  needs re, and is needed only here

    known = _public_names(module)
    similar = difflib.get_close_matches(name.lower(), [other.lower() for other in known], n=1)
    # Adam and adam are both there: of the spellings of what was found, the one most like the name.
    spellings = [other for other in known if other.lower() in similar]
    best = difflib.get_close_matches(name, spellings, n=1, cutoff=0.0)
    return f"{module}.{best[0]}" if best else None


def _public_names(place: str) -> list[str]:
    module = sys.modules.get(as_penlight(place))
    return [] if module is None else [name for name in dir(module) if not name.startswith("_")]
