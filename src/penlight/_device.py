"""``torch.device``: penlight computes on the CPU; other devices have names only.

A device of any type can be made and compared, as in a CPU-only build of torch, so that
``torch.device("cuda" if torch.cuda.is_available() else "cpu")`` runs. Putting a tensor on one is
refused.
"""

from __future__ import annotations

from typing import NoReturn, Self

_TYPES = (
    *("cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga"),
    *("maia", "xla", "lazy", "vulkan", "mps", "meta", "hpu", "mtia", "privateuseone"),
)
_NOT_COMPILED = {"cuda": "CUDA", "xpu": "XPU", "mtia": "MTIA"}
_MAX_INDEX = 127  # torch keeps the index in eight bits, but wraps round silently above this


class device:  # noqa: N801 - torch's name
    """Where a tensor's elements are.

    Args:
        type: ``"cpu"``, another of torch's device types, one with an index (``"cuda:1"``), or a
            device.
        index: the number of the device among those of its type.

    Raises:
        RuntimeError: the string names no device type, or the index is malformed.

    Example:
        >>> import penlight as torch
        >>> torch.device("cpu"), torch.device("cpu:0").index
        (device(type='cpu'), 0)
    """

    __slots__ = ("index", "type")

    index: int | None
    type: str

    def __init__(self, type: str | device | int, index: int | None = None) -> None:
        """Parse a device string, with the index in it or beside it."""
        if isinstance(type, device) and index is None:
            kind, number = type.type, type.index
        elif isinstance(type, str):
            kind, number = _parse(type, index)
        else:
            _refuse_argument(type, index)
        object.__setattr__(self, "type", kind)
        object.__setattr__(self, "index", number)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        msg = f"attribute {name!r} of 'torch.device' objects is not writable"
        raise AttributeError(msg)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, device):
            return self.type == other.type and self.index == other.index
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __repr__(self) -> str:
        number = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{number})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __enter__(self) -> Self:
        """Begin a block whose new tensors are on this device, which must be the CPU."""
        check_device(self, "device")
        return self

    def __exit__(self, *_exception: object) -> None:
        """End the block; there is no other device to go back to."""

    def __reduce__(self) -> tuple[object, tuple[str] | tuple[str, int]]:
        return device, (self.type,) if self.index is None else (self.type, self.index)


def _parse(text: str, index: int | None) -> tuple[str, int | None]:
    if index is not None and (not isinstance(index, int) or isinstance(index, bool)):
        msg = f"device(): argument 'index' (position 2) must be int, not {type(index).__name__}"
        raise TypeError(msg)
    if not text:
        msg = "Device string must not be empty"
        raise RuntimeError(msg)
    kind, colon, digits = text.partition(":")
    if colon and index is not None:
        msg = f"type (string) must not include an index because index was passed explicitly: {text}"
        raise RuntimeError(msg)
    if not _well_formed(kind, digits if colon else "0"):
        msg = f"Invalid device string: '{text}'"
        raise RuntimeError(msg)
    if kind not in _TYPES:
        msg = f"Expected one of {', '.join(_TYPES)} device type at start of device string: {kind}"
        raise RuntimeError(msg)
    number = int(digits) if colon else index
    if number is not None and number < 0:
        msg = f"Device index must not be negative, got {number}"
        raise RuntimeError(msg)
    if number is not None and number > _MAX_INDEX:
        msg = f"Device index must be at most {_MAX_INDEX}, got {number}"
        raise RuntimeError(msg)
    return kind, number


def _well_formed(kind: str, digits: str) -> bool:
    letters = kind.replace("_", "a")
    plain = letters.isascii() and letters.isalpha() and digits.isascii() and digits.isdecimal()
    return plain and digits == str(int(digits))


def _refuse_argument(kind: object, index: object) -> NoReturn:
    if isinstance(kind, int) and not isinstance(kind, bool) and index is None:
        reason = (
            "Cannot access accelerator device when none is available."
            if kind >= 0
            else "Device index must not be negative"
        )
        msg = f"{reason} (device {kind})"
        raise RuntimeError(msg)
    if index is not None:
        name = "torch.device" if isinstance(kind, device) else type(kind).__name__
        msg = f"device(): argument 'type' (position 1) must be str, not {name}"
        raise TypeError(msg)
    msg = (
        "device() received an invalid combination of arguments - got "
        f"({type(kind).__name__}), but expected a device, or a string and an index"
    )
    raise TypeError(msg)


CPU = device("cpu")


def check_device(wanted: device | str | int | None, function: str = "to") -> device:
    """Return the CPU device if ``wanted`` is one, or refuse with torch's sentence.

    Args:
        wanted: what a ``device=`` argument was given; ``None`` means the CPU.
        function: name of the public function, for the message.

    Raises:
        AssertionError: a device that this build of torch would not have been compiled for.
        RuntimeError: another device, or no device at all.
        TypeError: ``wanted`` cannot name a device.
    """
    if wanted is None or wanted is CPU or wanted == "cpu":
        return CPU
    if isinstance(wanted, bool) or not isinstance(wanted, (device, str, int)):
        msg = f"{function}(): argument 'device' must be torch.device, not {type(wanted).__name__}"
        raise TypeError(msg)
    kind = device(wanted).type
    if kind == "cpu":
        return CPU  # torch: "cpu:1" is the same memory, and the tensor says "cpu"
    if kind in _NOT_COMPILED:
        msg = f"Torch not compiled with {_NOT_COMPILED[kind]} enabled"
        raise AssertionError(msg)
    if kind == "meta":
        msg = "penlight has no meta device: a tensor here always has its elements, in CPU memory"
        raise NotImplementedError(msg)
    msg = f"PyTorch is not linked with support for {kind} devices: penlight computes on the CPU"
    raise RuntimeError(msg)
