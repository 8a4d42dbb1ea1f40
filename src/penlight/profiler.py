"""``torch.profiler``: labels around parts of a program, without a profiler."""

from __future__ import annotations

from contextlib import ContextDecorator
from types import TracebackType
from typing import Any, NoReturn, Self

__all__ = ["profile", "record_function"]


class record_function(ContextDecorator):  # noqa: N801 - torch's name
    """A block, or a function, with a label for a profiler; without one it runs like any other.

    Args:
        name: the label.
        args: more of it.

    Example:
        >>> import penlight as torch
        >>> with torch.profiler.record_function("the sum"):
        ...     torch.ones(3).sum()
        tensor(3.)
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self.args = args

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the block."""


def profile(*args: Any, **kwargs: Any) -> NoReturn:
    """Refuse: penlight has no profiler of its own.

    Args:
        args: accepted.
        kwargs: accepted.

    Raises:
        NotImplementedError: always.
    """
    del args, kwargs
    msg = (
        "penlight has no torch.profiler.profile: Python's own profilers see everything but the "
        "inside of kernels; run the program with `python -m cProfile -s tottime`"
    )
    raise NotImplementedError(msg)
