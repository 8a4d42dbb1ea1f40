"""DistributedDataParallel: there to be asked after, and refused when it is made."""

from __future__ import annotations

from typing import Any

from ..modules.module import Module

__all__ = ["DistributedDataParallel"]


class DistributedDataParallel(Module):
    """Refuse to average gradients over processes, which penlight does not have.

    Programs that ask ``isinstance(model, DistributedDataParallel)`` get their answer.

    Args:
        module: the module.
        args: torch's other arguments.
        kwargs: as ``args``.

    Raises:
        ValueError: always; torch's error where no process group was made.

    Example:
        >>> import penlight as torch
        >>> isinstance(torch.nn.Linear(2, 3), torch.nn.parallel.DistributedDataParallel)
        False
    """

    def __init__(self, module: Module, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - refused
        """Raise."""
        super().__init__()
        msg = (
            "Default process group has not been initialized, please make sure to call "
            f"init_process_group: penlight trains in one process, so use the "
            f"{type(module).__name__} itself"
        )
        raise ValueError(msg)
