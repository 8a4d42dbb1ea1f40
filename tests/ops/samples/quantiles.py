"""Samples of quantiles, the commonest element, and histograms."""

from __future__ import annotations

from ops.samples import ALL, FLOATING, Input, Refusal, Sample, Samples


def _mode(make):
    # Where there are equals, a step changes which element is the commonest.
    yield Sample(make.of([[3, 1, 3, 1, 2], [2, 2, 1, 1, 1]]), grad=False)
    yield Sample(make.of([[3, 1, 3, 1, 2], [2, 1, 3, 1, 1]]), 0, True, grad=False)
    yield Sample(make(2, 3, 4), 1)
    yield Sample(make(5), -1, keepdim=True)
    yield Sample(make(5))
    yield Sample(make())


def _quantile(make):
    yield Sample(make(7), 0.3)
    yield Sample(make(3, 4), 0.75, 1)
    yield Sample(make(3, 4), 0.5, 0, True)
    yield Sample(make(3, 4), 0.4, None, True)
    yield Sample(make(2, 3, 4), make.of([0.1, 0.5, 1.0], grad=False), 1)
    yield Sample(make(2, 3, 4), make.of([0.1, 0.5], grad=False), -1, True)
    yield Sample(make(3, 4), make.of(0.25, grad=False))
    yield Sample(make(3, 4), make.of([0.0], grad=False))
    yield Sample(make(), 0.5)
    for interpolation in ("lower", "higher", "midpoint", "nearest"):
        yield Sample(make(3, 6), 0.3, 1, interpolation=interpolation)


def _nanquantile(make):
    yield from _quantile(make)
    nan = float("nan")
    rows = [[nan, 1.0, 4.0, 2.0], [nan, nan, nan, nan]]
    yield Sample(make.of(rows, grad=False), 0.4, 1)
    yield Sample(make.of(rows, grad=False), 0.4, 0)


def _quantile_of_nans(make):
    rows = [[float("nan"), 1.0, 4.0, 2.0], [3.0, 1.0, 4.0, 2.0]]
    yield Sample(make.of(rows, grad=False), 0.4, 1)


def _histogram(make):
    plain = make(20, grad=False)
    yield Sample(plain, 5)
    yield Sample(plain, 4, range=(-1.0, 1.5))
    yield Sample(plain, 4, density=True)
    yield Sample(plain, 3, weight=make(20, grad=False))
    yield Sample(make(4, 5, grad=False), make.of([-2, -0.5, 0, 2], grad=False))
    yield Sample(make.of([1, 1, 1], grad=False), 3)
    yield Sample(make(0, grad=False), 3)
    yield Sample(make.of([0.0, 0.5, 1.0], grad=False), make.of([0, 0.5, 1], grad=False))


def _histogramdd(make):
    rows = make(20, 2, grad=False)
    yield Sample(rows, [3, 4])
    yield Sample(rows, [3, 4], range=[-1.0, 1.0, -2.0, 0.5])
    yield Sample(rows, 2, density=True)
    yield Sample(rows, [2, 2], weight=make(20, grad=False))
    edges = (make.of([-2, 0, 2], grad=False), make.of([-1, 1], grad=False))
    yield Sample(rows, edges)


SAMPLES = {
    "mode": Samples(_mode, dtypes=ALL),
    "quantile": Samples(_quantile, dtypes=FLOATING),
    "nanquantile": Samples(_nanquantile, dtypes=FLOATING),
    "Tensor.quantile": Samples(_quantile_of_nans, dtypes=FLOATING),
    "histogram": Samples(_histogram, dtypes=("float64", "float32")),
    "histogramdd": Samples(_histogramdd, dtypes=("float64", "float32")),
}

_VECTOR = Input([1.0, 2.0, 3.0], "float32", grad=False)
_DOUBLES = Input([0.1], "float64", grad=False)
_WHOLE = Input([1, 2], "int64", grad=False)

REFUSALS = {
    "quantile": [
        Refusal(RuntimeError, "q must be in the range [0, 1]", _VECTOR, 1.5, ours="but got 1.5"),
        Refusal(RuntimeError, "q tensor must be same dtype", _VECTOR, _DOUBLES),
        Refusal(RuntimeError, "must be either float or double dtype", _WHOLE, 0.5),
        Refusal(
            RuntimeError,
            "interpolation must be one of linear, lower, higher, midpoint or nearest",
            *(_VECTOR, 0.5),
            interpolation="cubic",
            ours="cubic",
        ),
        Refusal(
            RuntimeError, "input tensor must be non-empty", Input([], "float32", grad=False), 0.5
        ),
    ],
    "mode": [
        Refusal(
            IndexError,
            "Expected reduction dim 0 to have non-zero size",
            Input([], "float32", grad=False),
        ),
    ],
    "histogram": [
        Refusal(RuntimeError, "bins must be > 0", _VECTOR, 0),
        Refusal(RuntimeError, "min should not exceed max", _VECTOR, 2, range=(1.0, 0.0)),
        Refusal(NotImplementedError, "not implemented for 'Long'", _WHOLE, 2),
    ],
}
