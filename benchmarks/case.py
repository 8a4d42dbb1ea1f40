"""What is timed: a program written once for both libraries, and the ratio it has to reach."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple


class Case(NamedTuple):
    """One program.

    Attributes:
        name: what the table calls it.
        make: takes the library, prepares, and returns the call to time.
        goal: the least ratio of torch's time to penlight's, ``None`` if only the family has one.
    """

    name: str
    make: Callable[[Any], Callable[[], Any]]
    goal: float | None = None


class Family(NamedTuple):
    """Cases that are timed one after another in one process.

    Attributes:
        title: what the table calls it.
        cases: its programs.
        goal: the least geometric mean of their ratios.
        memory: compare the memory that a call takes, too.
    """

    title: str
    cases: list[Case]
    goal: float | None = None
    memory: bool = False


FAMILIES = (
    "recurrent",
    "losses",
    "rows",
    "embedding",
    "random",
    "overhead",
    "optimizers",
    "loader",
    "checkpoints",
    "pointwise",
    "linear",
    "networks",
    "small_ops",
    "programs",
)


def load_family(name: str) -> Family:
    """Return the family in ``benchmarks/cases/<name>.py``."""
    family: Family = importlib.import_module(f"benchmarks.cases.{name}").FAMILY
    return family
