"""What torch offers to steer attention: here one way of computing it serves all settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

__all__ = ["WARN_FOR_UNFUSED_KERNELS", "SDPBackend", "sdpa_kernel"]

WARN_FOR_UNFUSED_KERNELS = False
"""torch's switch for warnings about kernels of other devices; here nothing reads it."""


class SDPBackend(Enum):
    """torch's ways to compute attention.

    Example:
        >>> from penlight.nn.attention import SDPBackend
        >>> SDPBackend.MATH
        <SDPBackend.MATH: 0>
    """

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4

    def __int__(self) -> int:
        return int(self.value)

    __index__ = __int__


@contextmanager
def sdpa_kernel(
    backends: list[SDPBackend] | SDPBackend,
    set_priority: bool = False,  # noqa: ARG001 - there is nothing to choose from
) -> Iterator[dict[Any, Any]]:
    """Do nothing but check the argument: penlight chooses for itself, with the same results.

    Args:
        backends: one or a list.
        set_priority: accepted.

    Raises:
        AssertionError: ``backends`` is neither.

    Example:
        >>> from penlight.nn.attention import SDPBackend, sdpa_kernel
        >>> with sdpa_kernel([SDPBackend.MATH, SDPBackend.FLASH_ATTENTION]):
        ...     pass
    """
    if not isinstance(backends, (list, SDPBackend)):
        msg = (
            "Backend must be an instance of SDPBackend or a list of SDPBackend instances, got "
            f"{type(backends).__name__}"
        )
        raise AssertionError(msg)  # noqa: TRY004 - torch: by assertion
    yield {}
