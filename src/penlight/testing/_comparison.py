"""``assert_close``: equality within tolerances, through nested containers."""

from __future__ import annotations

import cmath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from .. import (
    as_tensor,
    bfloat16,
    complex64,
    complex128,
    dtype,
    float16,
    float32,
    float64,
    int64,
    isclose,
    promote_types,
    uint16,
    uint32,
    uint64,
)
from .._tensor import Tensor

__all__ = ["assert_close"]

# rtol and atol of each dtype; others are compared exactly.
_TOLERANCES = {
    float16: (1e-3, 1e-5),
    bfloat16: (1.6e-2, 1e-5),
    float32: (1.3e-6, 1e-5),
    float64: (1e-7, 1e-7),
    complex64: (1.3e-6, 1e-5),
    complex128: (1e-7, 1e-7),
}
_NUMBER_DTYPES = {int: int64, float: float64, complex: complex128}


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    r"""Require two values to be close: equal within tolerances.

    Numbers are close if

    .. math::
        |\text{actual} - \text{expected}|
        \le \text{atol} + \text{rtol} \cdot |\text{expected}|

    Infinities are close to themselves only, and NaN to nothing unless ``equal_nan``. Tensors must
    have the same shape; sequences and mappings are compared entry by entry.

    Args:
        actual: a tensor or what makes one, a number, ``None``, or a container of these.
        expected: the same.
        allow_subclasses: whether tensors may be of different classes that are related.
        rtol: the relative tolerance, given together with ``atol``; by default, depending on the
            dtype, from 1e-7 (float64) over 1.3e-6 (float32) to 1.6e-2 (bfloat16), and 0 for others.
        atol: the absolute tolerance; by default 1e-7 (float64), 1e-5 (other floats), 0 for others.
        equal_nan: whether NaN is close to NaN.
        check_device: accepted; all tensors are on the CPU.
        check_dtype: whether tensors' dtypes, and numbers' types, must be the same.
        check_layout: accepted; all tensors are strided.
        check_stride: whether tensors' strides must be the same.
        msg: the error's text, or a function that makes it of the text it would have.

    Raises:
        AssertionError: they are not close.
        TypeError: they cannot be compared.
        ValueError: one of ``rtol`` and ``atol`` is given without the other.

    Example:
        >>> import penlight as torch
        >>> torch.testing.assert_close(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.5]))
        Traceback (most recent call last):
        AssertionError: Tensor-likes are not close!
        <BLANKLINE>
        Mismatched elements: 1 / 2 (50.0%)
        Greatest absolute difference: 0.5 at index (1,) (up to 1e-05 allowed)
        Greatest relative difference: 0.20000000298023224 at index (1,) (up to 1.3e-06 allowed)
    """
    del check_device, check_layout
    rules = _Rules(rtol, atol, equal_nan, allow_subclasses, check_dtype, check_stride)
    try:
        # torch: what cannot be compared at all is said before what differs.
        comparisons = list(_comparisons(actual, expected, rules, ()))
        for compare in comparisons:
            compare()
    except _MismatchError as mismatch:
        text = mismatch.whole_text()
        if msg is not None and not mismatch.is_misuse:
            text = msg(text) if callable(msg) else msg
        raise mismatch.kind(text) from None


@dataclass(frozen=True)
class _Rules:
    rtol: float | None
    atol: float | None
    equal_nan: bool
    allow_subclasses: bool
    check_dtype: bool
    check_stride: bool

    def tolerances(self, *dtypes: dtype, place: tuple[Any, ...]) -> tuple[float, float]:
        """Return the tolerances that were given, or the loosest of the dtypes'."""
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        if self.rtol is not None or self.atol is not None:
            missing = "rtol" if self.rtol is None else "atol"
            text = (
                f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}."
            )
            raise _MismatchError(text, place, ValueError, is_misuse=True)
        known = [_TOLERANCES.get(each, (0.0, 0.0)) for each in dtypes]
        return max(rtol for rtol, _ in known), max(atol for _, atol in known)


class _MismatchError(Exception):
    """What differs, and at which place in nested containers."""

    def __init__(
        self,
        text: str,
        place: tuple[Any, ...],
        kind: type[Exception] = AssertionError,
        *,
        is_misuse: bool = False,
    ) -> None:
        super().__init__(text)
        self.text = text
        self.place = place
        self.kind = kind
        self.is_misuse = is_misuse

    def whole_text(self) -> str:
        """Return what differs with the place."""
        if not self.place:
            return self.text
        place = "".join(f"[{key!r}]" for key in self.place)
        return f"{self.text}\n\nThe failure occurred for item {place}"


def _comparisons(
    actual: Any, expected: Any, rules: _Rules, place: tuple[Any, ...]
) -> Iterator[Callable[[], None]]:
    """Yield what to compare, entry by entry of containers."""
    pair = (actual, expected)
    if all(isinstance(each, Sequence) and not isinstance(each, str) for each in pair):
        if len(actual) != len(expected):
            text = f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
            raise _MismatchError(text, place, is_misuse=True)
        keys: Any = range(len(actual))
    elif all(isinstance(each, Mapping) for each in pair):
        keys = _common_keys(actual, expected, place)
    else:
        yield _comparison(actual, expected, rules, place)
        return
    for key in keys:
        yield from _comparisons(actual[key], expected[key], rules, (*place, key))


def _common_keys(actual: Any, expected: Any, place: tuple[Any, ...]) -> list[Any]:
    missing, additional = expected.keys() - actual.keys(), actual.keys() - expected.keys()
    if missing or additional:
        text = (
            "The keys of the mappings do not match:\n"
            f"Missing keys in the actual mapping: {sorted(missing)}\n"
            f"Additional keys in the actual mapping: {sorted(additional)}"
        )
        raise _MismatchError(text, place, is_misuse=True)
    try:
        return sorted(actual)
    except TypeError:  # keys of different types have no order
        return list(actual)


def _comparison(
    actual: Any, expected: Any, rules: _Rules, place: tuple[Any, ...]
) -> Callable[[], None]:
    """Return what compares two values that are no containers."""
    pair = (actual, expected)
    if actual is None or expected is None:
        return lambda: _compare_nothing(actual, expected, place)
    if all(isinstance(each, bool | np.bool_) for each in pair):
        return lambda: _compare_booleans(bool(actual), bool(expected), place)
    if all(isinstance(each, int | float | complex | np.number) for each in pair):
        numbers = [each.item() if isinstance(each, np.number) else each for each in pair]
        tolerances = rules.tolerances(*(_NUMBER_DTYPES[type(n)] for n in numbers), place=place)
        first, second = numbers
        return lambda: _compare_numbers(first, second, rules, tolerances, place)
    tensors = _as_tensors(actual, expected, rules)
    if tensors is None:
        text = (
            "No comparison pair was able to handle inputs of type "
            f"{type(actual)} and {type(expected)}."
        )
        raise _MismatchError(text, place, TypeError, is_misuse=True)
    tolerances = rules.tolerances(*(tensor.dtype for tensor in tensors), place=place)
    one, other = tensors
    return lambda: _compare_tensors(one, other, rules, tolerances, place)


def _as_tensors(actual: Any, expected: Any, rules: _Rules) -> list[Tensor] | None:
    related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    if not related or (not rules.allow_subclasses and type(actual) is not type(expected)):
        return None
    try:
        return [as_tensor(each) for each in (actual, expected)]
    except (TypeError, ValueError, RuntimeError):  # nothing that makes a tensor
        return None


def _compare_nothing(actual: Any, expected: Any, place: tuple[Any, ...]) -> None:
    if actual is not None or expected is not None:
        text = f"None mismatch: {actual} is not {expected}"
        raise _MismatchError(text, place)


def _compare_booleans(actual: bool, expected: bool, place: tuple[Any, ...]) -> None:
    if actual is not expected:
        text = f"Booleans mismatch: {actual} is not {expected}"
        raise _MismatchError(text, place)


def _compare_numbers(
    actual: Any,
    expected: Any,
    rules: _Rules,
    tolerances: tuple[float, float],
    place: tuple[Any, ...],
) -> None:
    if rules.check_dtype and type(actual) is not type(expected):
        text = f"The (d)types do not match: {type(actual)} != {type(expected)}."
        raise _MismatchError(text, place)
    if actual == expected or (rules.equal_nan and cmath.isnan(actual) and cmath.isnan(expected)):
        return
    rtol, atol = tolerances
    difference = abs(actual - expected)
    if not (cmath.isfinite(difference) and difference <= atol + rtol * abs(expected)):
        raise _MismatchError(_scalar_text(actual, expected, tolerances), place)


def _compare_tensors(
    actual: Any,
    expected: Any,
    rules: _Rules,
    tolerances: tuple[float, float],
    place: tuple[Any, ...],
) -> None:
    def refuse(name: str, mine: Any, theirs: Any) -> NoReturn:
        text = f"The values for attribute '{name}' do not match: {mine} != {theirs}."
        raise _MismatchError(text, place)

    if actual.shape != expected.shape:
        refuse("shape", actual.shape, expected.shape)
    if rules.check_stride and actual.stride() != expected.stride():
        refuse("stride()", actual.stride(), expected.stride())
    if actual.dtype is not expected.dtype:
        if rules.check_dtype:
            refuse("dtype", actual.dtype, expected.dtype)
        wide = promote_types(*(_signed(each.dtype) for each in (actual, expected)))
        actual, expected = actual.to(wide), expected.to(wide)
    actual, expected = actual.detach(), expected.detach()
    rtol, atol = tolerances
    matches = isclose(actual, expected, rtol=rtol, atol=atol, equal_nan=rules.equal_nan)
    if bool(matches.all()):
        return
    if actual.dim() == 0:
        text = _scalar_text(actual.item(), expected.item(), tolerances)
    else:
        text = _tensor_text(actual, expected, matches, tolerances)
    raise _MismatchError(text, place)


def _signed(kind: dtype) -> dtype:
    """Return the dtype that torch promotes instead of the wide unsigned ones."""
    return int64 if kind in {uint16, uint32, uint64} else kind


# ---- texts --------------------------------------------------------------------------------------


def _scalar_text(actual: Any, expected: Any, tolerances: tuple[float, float]) -> str:
    rtol, atol = tolerances
    absolute = abs(actual - expected)
    relative = float("inf") if expected == 0 else absolute / abs(expected)
    return (
        f"Scalars are not {_adjective(tolerances)}!\n\n"
        f"Expected {expected} but got {actual}.\n"
        f"Absolute difference: {absolute}{_allowed(atol, tolerances)}\n"
        f"Relative difference: {relative}{_allowed(rtol, tolerances)}"
    )


def _tensor_text(actual: Any, expected: Any, matches: Any, tolerances: tuple[float, float]) -> str:
    rtol, atol = tolerances
    if not (actual.is_floating_point() or actual.is_complex()):
        actual, expected = actual.to(int64), expected.to(int64)
    absolute = (actual - expected).abs().masked_fill(matches, 0)
    relative = (absolute / expected.abs()).masked_fill(matches, 0)
    count, wrong = matches.numel(), int((~matches).sum())
    lines = [
        f"Tensor-likes are not {_adjective(tolerances)}!\n",
        f"Mismatched elements: {wrong} / {count} ({wrong / count:.1%})",
    ]
    for name, difference, tolerance in (
        ("absolute", absolute, atol),
        ("relative", relative, rtol),
    ):
        place = int(difference.flatten().max(0).indices)
        index = tuple(int(each) for each in np.unravel_index(place, tuple(matches.shape)))
        greatest = difference.flatten()[place].item()
        lines.append(
            f"Greatest {name} difference: {greatest} at index {index}"
            f"{_allowed(tolerance, tolerances)}"
        )
    return "\n".join(lines)


def _adjective(tolerances: tuple[float, float]) -> str:
    return "close" if any(tolerances) else "equal"


def _allowed(tolerance: float, tolerances: tuple[float, float]) -> str:
    return f" (up to {tolerance} allowed)" if any(tolerances) else ""
