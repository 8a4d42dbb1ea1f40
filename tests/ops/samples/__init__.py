"""What the generic tests run ops on: sample inputs, and inputs to be refused. See README.md."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

FLOATING = ("float64", "float32", "float16", "bfloat16")
INTEGRAL = ("int64", "int32", "int16", "int8", "uint8")
BOOL = ("bool",)
REAL = FLOATING + INTEGRAL
ALL = REAL + BOOL

Generate = Callable[["Make"], Iterable["Sample"]]


class Input:
    """A tensor argument, not yet a tensor of either side.

    Attributes:
        values: its elements; float64, int64, uint8 or bool, cast to ``dtype`` on the way.
        dtype: its name.
        grad: whether its gradient is checked.
    """

    def __init__(self, values: Any, dtype: str, *, grad: bool) -> None:
        self.values = np.asarray(values)
        self.dtype = dtype
        self.grad = grad and dtype in FLOATING

    def __repr__(self) -> str:
        return f"{self.dtype}{list(self.values.shape)}"


class Sample:
    """One call.

    Args:
        args: positional arguments; :class:`Input` where a tensor goes, also inside sequences.
        grad: check gradients against finite differences, where an input is floating.
        second: check second gradients too.
        inplace: whether the in-place form takes these arguments too.
        loose: a factor on the tolerances, with the reason in a comment beside it.
        kwargs: keyword arguments.
    """

    def __init__(
        self,
        *args: Any,
        grad: bool = True,
        second: bool = True,
        inplace: bool = True,
        loose: float = 1,
        **kwargs: Any,
    ) -> None:
        self.args = args
        self.kwargs = kwargs
        self.grad = grad
        self.second = second
        self.inplace = inplace
        self.loose = loose

    def __repr__(self) -> str:
        named = [f"{name}={value!r}" for name, value in self.kwargs.items()]
        return ", ".join([*map(repr, self.args), *named])


class Refusal:
    """A call that must raise, as torch does.

    Args:
        error: the exception's type.
        phrase: what its message must contain, literally; torch's message contains it too.
        args: positional arguments, as in :class:`Sample`.
        ours: what penlight's message says beyond torch's.
        kwargs: keyword arguments.
    """

    def __init__(
        self, error: type[Exception], phrase: str, *args: Any, ours: str = "", **kwargs: Any
    ) -> None:
        self.error = error
        self.phrase = phrase
        self.args = args
        self.ours = ours
        self.kwargs = kwargs

    def __repr__(self) -> str:
        return f"{self.error.__name__}: {self.phrase}"


class Make:
    """Makes inputs of one dtype; the same ones every time.

    Args:
        dtype: the name of the dtype that ``make(...)`` gives.
    """

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.draw = np.random.RandomState(0)

    def __call__(
        self, *shape: int, low: float = -2.0, high: float = 2.0, grad: bool = True
    ) -> Input:
        """Return an input of distinct values between ``low`` and ``high``, none near an integer.

        Integers and bool may repeat; integers are between ``floor(low) - 2`` and ``ceil(high) + 2``
        where ``low`` is negative.
        """
        count = int(np.prod(shape))
        if self.dtype == "bool":
            values: Any = self.draw.randint(0, 2, count).astype(bool)
        elif self.dtype in INTEGRAL:
            wider = 2 if low < 0 else 0
            first = 0 if self.dtype == "uint8" else int(np.floor(low)) - wider
            values = self.draw.randint(
                max(first, int(np.ceil(low)) - wider), int(np.ceil(high)) + 3, count
            )
        else:
            values = _away_from_integers(self._spread(count, low, high))
        return Input(values.reshape(shape), self.dtype, grad=grad)

    def _spread(self, count: int, low: float, high: float) -> Any:
        places = (np.arange(count) + 0.3 + 0.4 * self.draw.rand(count)) / max(count, 1)
        return self.draw.permutation(low + (high - low) * places)

    def of(self, values: Any, *, dtype: str | None = None, grad: bool = True) -> Input:
        """Return an input of exactly these values."""
        return Input(values, dtype or self.dtype, grad=grad)

    def index(self, *shape: int, high: int, low: int = 0) -> Input:
        """Return int64 indices in ``[low, high)``."""
        return Input(self.draw.randint(low, high, shape), "int64", grad=False)

    def mask(self, *shape: int) -> Input:
        """Return a bool mask with both values in it, where there is room."""
        values = np.arange(int(np.prod(shape))) % 2 == 0
        return Input(self.draw.permutation(values).reshape(shape), "bool", grad=False)


def _away_from_integers(values: Any) -> Any:
    nearest = np.round(values)
    gap = values - nearest
    return np.where(np.abs(gap) < 0.02, nearest + np.where(gap < 0, -0.02, 0.02) + gap, values)


class Samples:
    """The samples of one op, with what is not the usual.

    Args:
        generate: yields the samples, given a :class:`Make`.
        dtypes: names of the dtypes to run; where torch refuses one, penlight must refuse it too.
        node: compare the printed name of ``grad_fn`` with torch's.
        strides: compare strides with torch's.
        layouts: the layout of the inputs does not change the result.
        terms: the largest sum of magnitudes where elements are sums of products: BLAS adds them in
            an order of its own on each processor, and what cancels keeps the rounding of what it
            was made of.
    """

    def __init__(
        self,
        generate: Generate,
        *,
        dtypes: Sequence[str] = ALL,
        node: bool = True,
        strides: bool = False,
        layouts: bool = True,
        terms: float | None = None,
    ) -> None:
        self.generate = generate
        self.dtypes = tuple(dtypes)
        self.node = node
        self.strides = strides
        self.layouts = layouts
        self.terms = terms

    def __call__(self, make: Make) -> list[Sample]:
        return list(self.generate(make))


def unary(
    *, domain: tuple[float, float] = (-2.0, 2.0), dtypes: Sequence[str] = ALL, grad: bool = True
) -> Samples:
    """Return the samples of a function of one: a matrix, a vector, a 0-d and an empty tensor."""
    low, high = domain

    def generate(make: Make) -> Iterator[Sample]:
        for shape in ((3, 4), (5,), (), (0, 3)):
            yield Sample(make(*shape, low=low, high=high), grad=grad)

    return Samples(generate, dtypes=dtypes)


POSITIVE = (0.1, 3.0)
UNIT = (-0.95, 0.95)


def binary(
    *,
    domain: tuple[float, float] = (-2.0, 2.0),
    other: tuple[float, float] | None = None,
    numbers: Sequence[Any] = (2, 1.5),
    dtypes: Sequence[str] = ALL,
    grad: bool = True,
) -> Samples:
    """Return the samples of a function of two: equal shapes, broadcast, 0-d, empty, and numbers."""
    low, high = domain
    other_low, other_high = other or domain

    def generate(make: Make) -> Iterator[Sample]:
        for first, second in (
            ((3, 4), (3, 4)),
            ((3, 4), (4,)),
            ((2, 3), ()),
            ((0, 3), (3,)),
            ((), ()),
        ):
            yield Sample(
                make(*first, low=low, high=high),
                make(*second, low=other_low, high=other_high),
                grad=grad,
            )
        yield Sample(
            make(3, 1, low=low, high=high),
            make(1, 4, low=other_low, high=other_high),
            grad=grad,
            inplace=False,
        )
        for number in numbers:
            yield Sample(make(2, 3, low=low, high=high), number, grad=grad)

    return Samples(generate, dtypes=dtypes)


def collect() -> tuple[dict[str, Samples], dict[str, list[Refusal]], dict[str, str]]:
    """Return the samples, the refusals and the ops tested elsewhere of every family."""
    samples: dict[str, Samples] = {}
    refusals: dict[str, list[Refusal]] = {}
    elsewhere: dict[str, str] = {}
    for found in pkgutil.iter_modules(__path__):
        family = importlib.import_module(f"{__name__}.{found.name}")
        for name, entry in family.SAMPLES.items():
            if name in samples:
                msg = f"{name} has samples in two families"
                raise ValueError(msg)
            samples[name] = entry if isinstance(entry, Samples) else Samples(entry)
        refusals.update(getattr(family, "REFUSALS", {}))
        elsewhere.update(getattr(family, "TESTED_ELSEWHERE", {}))
    return samples, refusals, elsewhere
