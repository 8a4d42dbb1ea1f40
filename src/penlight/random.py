"""Random generators: torch's CPU streams for the same seed, and torch's saved states.

A :class:`Generator` is MT19937 with what torch keeps beside it: the seed and a cached normal. Its
state has the byte layout of torch's, so states go both ways between the two.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator as Iterating
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import kernels
from ._device import device as Device  # noqa: N812 - a property is named device
from ._tensor import Tensor, wrap

__all__ = [
    "Generator",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]

_DEFAULT_SEED = 67280421310721
_WORDS = 624

# torch's legacy layout: 5056 bytes. The fields that older versions needed are zero.
_LAYOUT = np.dtype(
    [
        ("seed", "<u8"),
        ("left", "<i4"),
        ("seeded", "<i4"),
        ("next", "<u8"),
        ("words", "<u8", _WORDS),
        ("normal_x", "<f8"),
        ("normal_y", "<f8"),
        ("normal_rho", "<f8"),
        ("normal_is_valid", "<i4"),
        ("padding", "<i4"),
        ("float_normal", "<f4"),
        ("float_normal_is_valid", "<i4"),
    ]
)


class Generator:
    """A stream of random numbers, equal to that of ``torch.Generator`` with the same seed.

    Args:
        device: ``"cpu"``; there is no other.

    Example:
        >>> import penlight as torch
        >>> generator = torch.Generator().manual_seed(0)
        >>> torch.rand(2, generator=generator)
        tensor([0.4963, 0.7682])
    """

    __slots__ = ("__weakref__", "_cache", "_lock", "_seed", "_state")

    def __init__(self, device: Any = "cpu") -> None:
        if Device(device).type != "cpu":
            msg = f"penlight generators live on the CPU; there is none for device {str(device)!r}"
            raise RuntimeError(msg)
        self._lock = threading.Lock()
        self._state = np.empty(_WORDS + 1, np.uint32)
        self._cache = np.zeros(2)
        self._start(_DEFAULT_SEED)

    def _start(self, seed: int) -> None:
        with self._lock:
            self._seed = seed
            self._cache[:] = 0.0
            kernels.seed_words(self._state, seed)

    @property
    def device(self) -> Device:
        """Always ``device(type='cpu')``."""
        return Device("cpu")

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of ``seed``, modulo 2**64, and return the generator.

        Raises:
            RuntimeError: the seed is not an int.
            ValueError: the seed does not fit 64 bits ("Overflow when unpacking long long").
        """
        if isinstance(seed, float) or not hasattr(seed, "__index__"):
            msg = f"manual_seed expected a long, but got {type(seed).__name__}"
            raise RuntimeError(msg)
        self._start(_unsigned(seed.__index__()))
        return self

    def seed(self) -> int:
        """Start the stream of a seed that nobody chose, and return it."""
        chosen = int.from_bytes(os.urandom(8), "little")
        self._start(chosen)
        return chosen

    def initial_seed(self) -> int:
        """Return the seed that the stream started from."""
        return self._seed

    def get_state(self) -> Tensor:
        """Return the state as 5056 bytes, those that torch would give."""
        return wrap(np.frombuffer(bytearray(self._to_bytes()), np.uint8))

    def _to_bytes(self) -> bytes:
        record = np.zeros((), _LAYOUT)
        with self._lock:
            used = int(self._state[_WORDS])
            record["seed"] = self._seed
            record["words"] = self._state[:_WORDS]
            record["normal_y"] = self._cache[0]
            record["normal_is_valid"] = self._cache[1]
        record["seeded"] = 1
        record["left"] = max(_WORDS + 1 - used, 1)
        record["next"] = used if used <= _WORDS else 0
        return record.tobytes()

    def set_state(self, new_state: Any) -> Generator:
        """Continue from a state that :meth:`get_state` gave, here or in torch; returns ``self``.

        Raises:
            TypeError: ``new_state`` is not a uint8 tensor.
            RuntimeError: its size is not 5056, or it is no state of MT19937.
        """
        if not isinstance(new_state, Tensor):
            msg = f"expected a torch.ByteTensor, but got {type(new_state).__name__}"
            raise TypeError(msg)
        array = new_state._array
        if array.dtype != np.uint8:
            msg = f"RNG state must be a torch.ByteTensor, but it is {new_state.dtype}"
            raise TypeError(msg)
        if array.size != _LAYOUT.itemsize:
            msg = (
                f"Expected a CPUGeneratorImplState of size {_LAYOUT.itemsize} but found the input "
                f"RNG state size to be {array.size}"
            )
            raise RuntimeError(msg)
        self._from_bytes(array.tobytes())
        return self

    def _from_bytes(self, data: bytes) -> None:
        record = np.frombuffer(data, _LAYOUT)[0]
        left, following = int(record["left"]), int(record["next"])
        fresh = (left, following) == (1, 0)
        if not record["seeded"] or not (fresh or (left >= 1 and left + following == _WORDS + 1)):
            msg = f"Invalid mt19937 state: left={left}, next={following}, seeded={record['seeded']}"
            raise RuntimeError(msg)
        with self._lock:
            self._seed = int(record["seed"])
            self._state[:_WORDS] = record["words"].astype(np.uint32)
            self._state[_WORDS] = _WORDS + 1 if fresh else following
            valid = bool(record["normal_is_valid"])
            self._cache[:] = (record["normal_y"], 1.0) if valid else 0.0

    def clone_state(self) -> Generator:
        """Return another generator that stands at the same place of the same stream."""
        return _rebuild(self._to_bytes())

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._to_bytes(),)

    def __repr__(self) -> str:
        return f"<torch._C.Generator object at {id(self):#x}>"


def _rebuild(data: bytes) -> Generator:
    """Return a generator in the given state."""
    generator = Generator()
    generator._from_bytes(data)
    return generator


def _unsigned(seed: int) -> int:
    if not -(2**63) <= seed < 2**64:
        msg = f"Overflow when unpacking long long: seeds run from -2**63 to 2**64 - 1, got {seed}"
        raise ValueError(msg)
    return seed % 2**64


default_generator = Generator()
default_generator.seed()


class _OfThread(threading.local):
    """What a thread draws from when no generator is named: all from one, but for some workers."""

    generator = default_generator


_of_thread = _OfThread()


def current_generator() -> Generator:
    """Return the generator that this thread draws from when none is named."""
    return _of_thread.generator


def use_in_this_thread(generator: Generator) -> None:
    """Have this thread draw from a generator of its own instead of the default one."""
    _of_thread.generator = generator


def manual_seed(seed: Any) -> Generator:
    """Start the default generator from ``seed`` and return it.

    Args:
        seed: an int, or what ``int()`` makes one of; from -2**63 to 2**64 - 1.

    Raises:
        ValueError: the seed does not fit 64 bits.

    Example:
        >>> import penlight as torch
        >>> torch.manual_seed(7).initial_seed()
        7
    """
    return current_generator().manual_seed(int(seed))


def seed() -> int:
    """Start the default generator from a seed that nobody chose, and return it."""
    return current_generator().seed()


def initial_seed() -> int:
    """Return the seed of the default generator.

    Example:
        >>> import penlight as torch
        >>> generator = torch.manual_seed(3)
        >>> torch.initial_seed()
        3
    """
    return current_generator().initial_seed()


def get_rng_state() -> Tensor:
    """Return the default generator's state, a ByteTensor that torch can read too.

    Example:
        >>> import penlight as torch
        >>> torch.get_rng_state().shape
        torch.Size([5056])
    """
    return current_generator().get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Set the default generator's state.

    Args:
        new_state: from :func:`get_rng_state`, here or in torch.

    Raises:
        TypeError: ``new_state`` is not a uint8 tensor.
        RuntimeError: it is not the state of a CPU generator.
    """
    current_generator().set_state(new_state)


@contextmanager
def fork_rng(
    devices: Any = None,  # noqa: ARG001 - torch's signature; there is only the CPU
    enabled: bool = True,
    _caller: str = "fork_rng",
    _devices_kw: str = "devices",
    device_type: str | None = None,  # noqa: ARG001
) -> Iterating[None]:
    """Put the default generator back where it was when the block ends.

    Args:
        devices: accepted; the CPU generator is the only one.
        enabled: ``False`` makes the block do nothing.
        device_type: accepted.

    Example:
        >>> import penlight as torch
        >>> generator = torch.manual_seed(0)
        >>> with torch.random.fork_rng():
        ...     inside = torch.rand(1)
        >>> bool(torch.rand(1) == inside)
        True
    """
    if not enabled:
        yield
        return
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)
