"""Samples of integrals and slopes of sampled functions."""

from __future__ import annotations

from ops.samples import FLOATING, REAL, Input, Refusal, Sample, Samples


def _trapezoid(make):
    yield Sample(make(5))
    yield Sample(make(3, 4), dx=2)
    yield Sample(make(3, 4), dx=0.5, dim=0)
    yield Sample(make(3, 4), make(4))
    yield Sample(make(3, 4), make(3), dim=0)
    yield Sample(make(3, 4), make(3, 4), dim=0)
    yield Sample(make(1))
    yield Sample(make(2, 0))


def _gradient(make):
    yield Sample(make(5))
    yield Sample(make(3, 4))
    yield Sample(make(3, 4), dim=1)
    yield Sample(make(3, 4), dim=(1,), edge_order=2)
    yield Sample(make(4, 3), spacing=0.5)
    yield Sample(make(4, 3), spacing=[2.0, 0.5])
    yield Sample(make(4, 3), spacing=2.0, dim=[0], edge_order=2)
    rows = make.of([0, 1, 3, 3.5], grad=False)
    columns = make.of([0, 2, 3], grad=False)
    yield Sample(make(4, 3), spacing=(rows, columns))
    yield Sample(make(4, 3), spacing=(rows,), dim=0)
    yield Sample(make(4, 3), spacing=(rows, columns), edge_order=2)


SAMPLES = {
    "trapezoid": Samples(_trapezoid, dtypes=REAL),
    "trapz": Samples(_trapezoid, dtypes=REAL),
    "cumulative_trapezoid": Samples(_trapezoid, dtypes=REAL),
    "gradient": Samples(_gradient, dtypes=(*FLOATING, "int64")),
}

_VECTOR = Input([1.0, 2.0, 3.0], "float32", grad=False)
_MATRIX = Input([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "float32", grad=False)
_MASK = Input([True, False], "bool", grad=False)

REFUSALS = {
    "trapezoid": [
        Refusal(
            RuntimeError,
            "There must be one `x` value for each sample point",
            *(_MATRIX, Input([0.0, 1.0], "float32", grad=False)),
        ),
        Refusal(RuntimeError, "bool is not supported", _MASK),
    ],
    "gradient": [
        Refusal(RuntimeError, "only supports edge_order=1 and edge_order=2", _VECTOR, edge_order=3),
        Refusal(
            RuntimeError,
            "expected each dimension size to be at least edge_order+1",
            *(Input([1.0], "float32", grad=False),),
        ),
        Refusal(RuntimeError, "expected spacing", _MATRIX, spacing=[1.0, 2.0, 3.0]),
    ],
}
