"""What moves tensors and modules between devices, and is refused: there are none here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

__all__ = ["gather", "parallel_apply", "replicate", "scatter"]


def refuse(function: str) -> NoReturn:
    """Raise the error of a function that needs several devices."""
    msg = (
        f"{function}: no available devices were found (device type could not be determined): "
        "penlight computes on one CPU, so call the module itself"
    )
    raise RuntimeError(msg)


def scatter(inputs: Any, target_gpus: Sequence[Any], dim: int = 0) -> Any:  # noqa: ARG001
    """Refuse to cut tensors into pieces for several devices.

    Raises:
        RuntimeError: always.
    """
    refuse("scatter")


def gather(outputs: Any, target_device: Any, dim: int = 0) -> Any:  # noqa: ARG001
    """Refuse to bring results from several devices together.

    Raises:
        RuntimeError: always.
    """
    refuse("gather")


def replicate(network: Any, devices: Sequence[Any], detach: bool = False) -> Any:  # noqa: ARG001
    """Refuse to copy a module to several devices.

    Raises:
        RuntimeError: always.
    """
    refuse("replicate")


def parallel_apply(
    modules: Sequence[Any],  # noqa: ARG001 - torch's signature, as are the others
    inputs: Sequence[Any],  # noqa: ARG001
    kwargs_tup: Sequence[Any] | None = None,  # noqa: ARG001
    devices: Sequence[Any] | None = None,  # noqa: ARG001
) -> Any:
    """Refuse to run modules on several devices at once.

    Raises:
        RuntimeError: always.
    """
    refuse("parallel_apply")
