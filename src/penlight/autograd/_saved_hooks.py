"""Contexts that say how tensors are kept for backward, under the names of ``autograd.graph``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from .._tensor import Tensor
from ._mode import mode
from ._saved import Hooks
from ._watch import begin, end
from .views import storage_of


class saved_tensors_hooks:  # noqa: N801 - torch's name
    """Keep what ``pack_hook`` makes of each tensor that is saved for backward inside.

    When backward (or ``grad_fn._saved_…``, or ``ctx.saved_tensors``) asks for the tensor,
    ``unpack_hook`` is given what ``pack_hook`` returned, and returns a tensor of the same shape and
    dtype with the same numbers, as near as the program needs them. Of nested contexts the innermost
    one counts. Where hooks keep a tensor, nobody checks whether it was written in place since.

    Args:
        pack_hook: takes a tensor, returns anything.
        unpack_hook: takes that, returns a tensor.

    Raises:
        RuntimeError: on entering, inside :class:`disable_saved_tensors_hooks`.

    Example:
        >>> import penlight as torch
        >>> x = torch.tensor([3.0], requires_grad=True)
        >>> with torch.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), torch.tensor):
        ...     y = x * x
        >>> y.backward()
        >>> x.grad
        tensor([6.])
    """

    def __init__(
        self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]
    ) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook
        self._outer: list[Hooks | None] = []

    def __enter__(self) -> None:
        if mode.saving_refused is not None:
            raise RuntimeError(mode.saving_refused)
        begin()
        self._outer.append(mode.saving)
        mode.saving = self._hooks()

    def _hooks(self) -> Hooks:
        return Hooks(self.pack_hook, self.unpack_hook)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        mode.saving = self._outer.pop()
        end()


class save_on_cpu(saved_tensors_hooks):  # noqa: N801 - torch's name
    """Keep saved tensors in the CPU's memory, where penlight keeps all tensors: nothing changes.

    Args:
        pin_memory: accepted; there is no device to pin memory for.
        device_type: accepted likewise.

    Example:
        >>> import penlight as torch
        >>> x = torch.tensor([3.0], requires_grad=True)
        >>> with torch.autograd.graph.save_on_cpu(pin_memory=True):
        ...     y = x * x
        >>> y.backward()
        >>> x.grad
        tensor([6.])
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        del pin_memory, device_type
        super().__init__(_same, _same)


def _same(tensor: Any) -> Any:
    return tensor


class disable_saved_tensors_hooks:  # noqa: N801 - torch's name
    """Refuse hooks on saved tensors inside.

    Args:
        error_message: what the ``RuntimeError`` says.

    Example:
        >>> import penlight as torch
        >>> graph = torch.autograd.graph
        >>> with graph.disable_saved_tensors_hooks("not here"), graph.save_on_cpu():
        ...     pass
        Traceback (most recent call last):
        RuntimeError: not here
    """

    def __init__(self, error_message: str) -> None:
        self._message = error_message
        self._outer: list[str | None] = []

    def __enter__(self) -> None:
        if mode.saving is not None:
            raise RuntimeError(self._message)
        self._outer.append(mode.saving_refused)
        mode.saving_refused = self._message

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        mode.saving_refused = self._outer.pop()


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[None]:
    """Let tensors be written in place after they were saved for backward inside.

    Backward computes with what they held when they were saved. Each is copied as it is saved; torch
    copies those that are written, when they are.

    Example:
        >>> import penlight as torch
        >>> x = torch.ones(2, requires_grad=True)
        >>> with torch.autograd.graph.allow_mutation_on_saved_tensors():
        ...     y = x * 1
        ...     z = y * y
        ...     _ = y.zero_()
        ...     z.sum().backward()
        >>> x.grad
        tensor([2., 2.])
    """
    with saved_tensors_hooks(_copied, _same):
        yield


def _copied(tensor: Any) -> Any:
    return tensor.detach().clone()


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Tell autograd that a tensor's memory was written by something that it cannot see.

    A backward that saved the tensor before then refuses to use it.

    Args:
        tensor: one tensor or several.

    Example:
        >>> import penlight as torch
        >>> x = torch.ones(2)
        >>> torch.autograd.graph.increment_version(x)
        >>> x._version
        1
    """
    for each in (tensor,) if isinstance(tensor, Tensor) else tensor:
        storage_of(each).version += 1
