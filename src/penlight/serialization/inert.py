"""What stands in for the parts of a file that penlight does not know: data, and nothing else.

No object here can be called, and none looks anything up by the name it carries.
"""

from __future__ import annotations

_LONGEST_SHOWN = 80  # characters
_SHOWN = (bool, int, float, str, bytes, type(None))


class UnknownName:
    """The name of a class or function that a file mentions.

    Attributes:
        module: the module that the file says it is in.
        qualname: its name there.
    """

    __slots__ = ("module", "qualname")

    def __init__(self, module: str, qualname: str) -> None:
        self.module = module
        self.qualname = qualname

    @property
    def name(self) -> str:
        """The full dotted name."""
        return f"{self.module}.{self.qualname}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnknownName) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<unknown name {self.name}>"


class UnknownObject:
    """An object of a class that penlight does not know, with everything the file says about it.

    Attributes:
        name: the class or function the file would have called, in full.
        args: the arguments it would have been called with.
        kwargs: the keyword arguments.
        state: what would have been its ``__dict__`` (or what its ``__setstate__`` would have
            got); ``None`` if the file gives none.
        appended: the items, if the object is a list or a set of its own kind.
        entries: the key-value pairs, if it is a dict of its own kind. Pairs, because the keys
            may be unknown objects too.
    """

    __slots__ = ("appended", "args", "entries", "kwargs", "name", "state")

    def __init__(self, name: str, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        self.name = name
        self.args = args
        self.kwargs = kwargs
        self.state: object = None
        self.appended: list[object] = []
        self.entries: list[tuple[object, object]] = []

    def __repr__(self) -> str:
        return f"<unknown object {self.name}>"


def describe(value: object) -> str:
    """Return a few words for a message about a value that a file holds.

    The ``repr`` of a container could be endless: a list may hold another twice, and so on.
    """
    if isinstance(value, UnknownName):
        return f"the name {value.name}"
    if type(value) in _SHOWN:
        start = value[:_LONGEST_SHOWN] if isinstance(value, (str, bytes)) else value
        return repr(start)[:_LONGEST_SHOWN]
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiouAEIOU" else f"a {name}"
