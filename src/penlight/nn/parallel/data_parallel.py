"""DataParallel: a wrapper that, with one CPU, only forwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..modules.module import Module
from .devices import refuse

__all__ = ["DataParallel", "data_parallel"]


class DataParallel(Module):
    """Forward to a module, as torch does on a machine without a GPU.

    The names in its state dict begin with ``module.``, and the module itself is ``.module``.

    Args:
        module: the module.
        device_ids: kept out of use: there are no devices to spread a batch over.
        output_device: as ``device_ids``.
        dim: as ``device_ids``.

    Example:
        >>> import penlight as torch
        >>> parallel = torch.nn.DataParallel(torch.nn.Linear(2, 3))
        >>> parallel(torch.zeros(5, 2)).shape, list(parallel.state_dict())
        (torch.Size([5, 3]), ['module.weight', 'module.bias'])
    """

    def __init__(
        self,
        module: Module,
        device_ids: Sequence[Any] | None = None,  # noqa: ARG002 - torch's signature
        output_device: Any = None,  # noqa: ARG002 - torch's signature
        dim: int = 0,  # noqa: ARG002 - torch's signature
    ) -> None:
        """Keep the module; the other arguments have no meaning on a CPU."""
        super().__init__()
        self.module = module
        self.device_ids: list[Any] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """Return what the module returns."""
        return self.module(*inputs, **kwargs)


def data_parallel(
    module: Module,  # noqa: ARG001 - torch's signature, as are the others
    inputs: Any,  # noqa: ARG001
    device_ids: Sequence[Any] | None = None,  # noqa: ARG001
    output_device: Any = None,  # noqa: ARG001
    dim: int = 0,  # noqa: ARG001
    module_kwargs: Any = None,  # noqa: ARG001
) -> Any:
    """Refuse to spread a batch over devices, of which there are none; torch does the same.

    Raises:
        RuntimeError: always.
    """
    refuse("data_parallel")
