"""What ops return: named results, printed as torch prints them, and what goes to ``out=``."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from ._runtime import write_result


class NamedResult(tuple[Any, ...]):
    """A tuple whose items also have names; made from its items one by one."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()

    def __new__(cls, *items: Any) -> Any:
        """Take the items one by one, as a named tuple does, or in one sequence, as torch's do."""
        if len(items) == 1 and len(cls._fields) != 1:
            items = tuple(items[0])
        return tuple.__new__(cls, items)

    def __repr__(self) -> str:
        body = ",\n".join(f"{name}={item!r}" for name, item in zip(self._fields, self, strict=True))
        return f"torch.return_types.{type(self).__name__}(\n{body})"

    def __reduce__(self) -> Any:
        return type(self), tuple(self)


def named_result(name: str, *fields: str) -> Any:
    """Return the class of a named result."""
    members: dict[str, Any] = {field: property(itemgetter(i)) for i, field in enumerate(fields)}
    made = type(name, (NamedResult,), {"__slots__": (), "_fields": fields, **members})
    globals()[name] = made
    made.__module__ = __name__
    return made


def written(out: Any, result: Any) -> Any:
    """Return what a composed function found, written to ``out`` when that is given."""
    return result if out is None else write_result(out, result)
