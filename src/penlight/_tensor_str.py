"""How a tensor prints: torch's text, character for character.

``repr`` is built in three steps. The values to be shown are picked (all of them, or the first and
last few along each dimension of a large tensor); a ``_Formatter`` looks at those values only and
settles on one width and one notation; the nested rows are then laid out and the suffixes
(``dtype=``, ``grad_fn=`` …) appended. All number formatting is done on Python floats, that is in
double precision, whatever the tensor's own.
"""

from __future__ import annotations

import math
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from . import _dtype

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "tensor("
_LARGE_RATIO = 1000.0  # beyond this ratio of magnitudes, or outside these two, torch prints 1.5e+09
_LARGE, _SMALL = 1e8, 1e-4


class _PrintOptions(NamedTuple):
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {
    "default": _PrintOptions(),
    "short": _PrintOptions(precision=2, edgeitems=2),
    "full": _PrintOptions(threshold=math.inf),
}
_options = _PROFILES["default"]


class _Printable(Protocol):
    """What printing needs of a tensor."""

    _array: np.ndarray
    requires_grad: bool

    @property
    def grad_fn(self) -> object | None: ...


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors print; what is left out keeps its value, except ``sci_mode``.

    Args:
        precision: digits after the decimal point (4 at first).
        threshold: number of elements above which a tensor is summarised (1000).
        edgeitems: how many elements a summary shows at each end of a dimension (3).
        linewidth: characters per line (80).
        profile: ``"default"``, ``"short"`` or ``"full"``: values for all of these at once.
        sci_mode: whether to use scientific notation; ``None``, also when left out, decides for each
            tensor by its values.

    Raises:
        TypeError: an option is not a number.
        ValueError: ``profile`` is unknown, or a number is negative.

    Example:
        >>> import penlight as torch
        >>> torch.set_printoptions(precision=2)
        >>> torch.tensor([1.12345])
        tensor([1.12])
        >>> torch.set_printoptions(profile="default")
    """
    global _options  # noqa: PLW0603 - torch's options are process-wide too
    if profile is not None and profile not in _PROFILES:
        msg = f"unknown profile {profile!r}: expected one of {', '.join(map(repr, _PROFILES))}"
        raise ValueError(msg)
    changes: dict[str, Any] = {
        name: _checked(name, value)
        for name, value in (
            ("precision", precision),
            ("threshold", threshold),
            ("edgeitems", edgeitems),
            ("linewidth", linewidth),
        )
        if value is not None
    }
    start = _options if profile is None else _PROFILES[profile]
    _options = start._replace(sci_mode=sci_mode, **changes)


def _checked(name: str, value: Any) -> Any:
    whole = name in {"precision", "edgeitems"}
    if not isinstance(value, (int, np.integer) if whole else (int, float, np.integer)):
        expected = "an int" if whole else "a number"
        msg = f"{name} must be {expected}, got {type(value).__name__}"
        raise TypeError(msg)
    if not value >= 0:
        msg = f"{name} must not be negative, got {value}"
        raise ValueError(msg)
    return value


def get_printoptions() -> dict[str, Any]:
    """Return the current options, as a dictionary ``set_printoptions`` accepts."""
    return _options._asdict()


@contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """Set print options inside a ``with`` block and put the old ones back after it."""
    before = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        set_printoptions(**before)


class _Formatter:
    """One width and notation for every value shown of a tensor.

    Args:
        values: the values shown, flat.
        is_floating: whether they are floating-point; else integers or bools.
    """

    def __init__(self, values: list[Any], *, is_floating: bool) -> None:
        self.is_floating = is_floating
        self.is_integral = True  # all values whole: print "2." rather than "2.0000"
        self.scientific = False
        self.width = 1
        if not is_floating:
            self.width = max((len(str(value)) for value in values), default=1)
            return
        # Zeros, infinities and NaNs follow the others, and print shortest where there are none.
        telling = [value for value in values if value and math.isfinite(value)]
        if telling:
            self._choose_notation(telling)
            self.width = max(len(self._digits(value)) for value in telling)

    def _choose_notation(self, telling: list[float]) -> None:
        largest, smallest = max(map(abs, telling)), min(map(abs, telling))
        self.is_integral = all(value == math.ceil(value) for value in telling)
        wide = largest / smallest > _LARGE_RATIO or largest > _LARGE
        tiny = smallest < _SMALL and not self.is_integral
        self.scientific = (wide or tiny) if _options.sci_mode is None else _options.sci_mode

    def _digits(self, value: float) -> str:
        if self.scientific:
            return f"{value:.{_options.precision}e}"
        if self.is_integral:
            return f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"
        return f"{value:.{_options.precision}f}"

    def format(self, value: Any) -> str:
        """Return ``value`` as text, padded on the left to the common width."""
        text = self._digits(value) if self.is_floating else str(value)
        return text.rjust(self.width)


def _summary(array: np.ndarray) -> tuple[np.ndarray, list[bool]]:
    """Pick the first and last few values along each dimension, and say which were shortened."""
    edge = _options.edgeitems
    shortened = [length > 2 * edge for length in array.shape]
    if not any(shortened):
        return array, shortened
    picks = [
        [*range(edge), *range(length - edge, length)] if short else range(length)
        for length, short in zip(array.shape, shortened, strict=True)
    ]
    return array[np.ix_(*picks)], shortened


def _layout(nested: Any, formatter: _Formatter, indent: int, shortened: list[bool]) -> str:
    """Lay nested values out in brackets, rows wrapped to the line width."""
    if not shortened:
        return formatter.format(nested)
    inner = "\n" + " " * (indent + 1)
    if len(shortened) > 1:
        parts = [_layout(part, formatter, indent + 1, shortened[1:]) for part in nested]
        if shortened[0]:
            parts.insert(_options.edgeitems, "...")
        # No blank line between rows, one between matrices, two between stacks of them.
        return "[" + ("," + "\n" * (len(shortened) - 2) + inner).join(parts) + "]"
    parts = list(map(formatter.format, nested))
    if shortened[0]:
        parts.insert(_options.edgeitems, " ...")
    room = (_options.linewidth - indent) / (formatter.width + 2)
    per_line = int(min(max(room, 1), len(parts)))
    lines = [", ".join(parts[i : i + per_line]) for i in range(0, len(parts), per_line)]
    return "[" + ("," + inner).join(lines) + "]"


def _with_suffixes(text: str, suffixes: list[str], indent: int) -> str:
    """Append the suffixes, each on a new line where the current one would become too long."""
    # torch: counts one character too many, or two when the text has one line.
    used = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if used + len(suffix) + 2 > _options.linewidth:
            text += ",\n" + " " * indent + suffix
            used = indent + len(suffix)
        else:
            text += ", " + suffix
            used += len(suffix) + 2
    return text + ")"


def format_array(
    array: np.ndarray,
    dtype: _dtype.dtype,
    *,
    requires_grad: bool = False,
    grad_fn_name: str | None = None,
    tensor_contents: str | None = None,
    prefix: str = _PREFIX,
) -> str:
    """Return the text of a tensor with these elements.

    Args:
        array: the elements.
        dtype: their dtype.
        requires_grad: whether to say so, where there is no ``grad_fn_name``.
        grad_fn_name: name of the node that made the tensor.
        tensor_contents: text to print in place of the elements.
        prefix: what the text begins with.

    Raises:
        NotImplementedError: ``dtype`` is complex.
    """
    if dtype.is_complex:
        msg = f"penlight does not print complex tensors, got one of dtype {dtype}"
        raise NotImplementedError(msg)
    # An empty tensor shows no element from which int64 or bool could be told.
    implied = [_dtype.get_default_dtype()]
    suffixes = []
    if array.size:
        implied += [_dtype.int64, _dtype.bool]
    # torch: shows the size of every tensor where the options leave no element of a summary.
    if (array.size and not _options.edgeitems) or (not array.size and array.ndim != 1):
        suffixes.append(f"size={array.shape}")
    if dtype not in implied:
        suffixes.append(f"dtype={dtype}")
    if grad_fn_name is not None:
        suffixes.append(f"grad_fn=<{grad_fn_name}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    indent = len(prefix)
    contents = _contents(array, dtype, indent) if tensor_contents is None else tensor_contents
    return _with_suffixes(prefix + contents, suffixes, indent)


def _contents(array: np.ndarray, dtype: _dtype.dtype, indent: int) -> str:
    if not array.size:
        return "[]"
    shortened = [False] * array.ndim
    if array.ndim and array.size > _options.threshold:
        if not _options.edgeitems:
            return "[...]"
        array, shortened = _summary(array)
    if dtype.is_floating_point:
        array = array.astype(np.float64)
    formatter = _Formatter(array.ravel().tolist(), is_floating=dtype.is_floating_point)
    return _layout(array.tolist(), formatter, indent, shortened)


def tensor_str(tensor: _Printable, *, tensor_contents: str | None = None) -> str:
    """Return ``repr(tensor)``.

    Args:
        tensor: the tensor to print.
        tensor_contents: text to print in place of the elements.
    """
    array = tensor._array
    node = tensor.grad_fn
    overrides = sys.modules.get(f"{__package__}._overrides")
    named = overrides is not None and overrides.takes_part(type(tensor))
    return format_array(
        array,
        _dtype.FROM_NUMPY[array.dtype],
        requires_grad=tensor.requires_grad,
        grad_fn_name=None if node is None else type(node).__name__,
        tensor_contents=tensor_contents,
        prefix=f"{type(tensor).__name__}(" if named else _PREFIX,
    )
