"""Storage: the identity and the version of one block of memory."""

from __future__ import annotations


class Storage:
    """What every alias of one block of memory shares.

    A tensor, its views and its ``detach()`` refer to one ``Storage``. Every in-place write adds one
    to ``version``; whoever saved a tensor for backward compares versions before using it. The
    memory itself belongs to the NumPy array at the root of the aliases.
    """

    __slots__ = ("__weakref__", "version")

    def __init__(self) -> None:
        self.version = 0
