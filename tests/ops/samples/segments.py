"""Samples of reductions of segments."""

from __future__ import annotations

from ops.samples import Input, Refusal, Sample, Samples


def _lengths(values):
    return Input(values, "int64", grad=False)


def _segments(make):
    for reduce in ("sum", "mean", "max", "min", "prod"):
        yield Sample(make(6), reduce, lengths=_lengths([2, 1, 3]))
        yield Sample(make(6, 2), reduce, lengths=_lengths([2, 0, 4]), initial=1)
        yield Sample(make(2, 3, 2), reduce, lengths=_lengths([[1, 2], [2, 1]]), axis=1)
        yield Sample(make(5), reduce, offsets=_lengths([0, 2, 5]))
        yield Sample(make(4, grad=False), reduce, lengths=_lengths([0, 4]), unsafe=True)


SAMPLES = {"segment_reduce": Samples(_segments, dtypes=("float64", "float32", "int64"))}

_ROWS = Input([[1.0], [2.0]], "float32", grad=False)

REFUSALS = {
    "segment_reduce": [
        Refusal(RuntimeError, "Either lengths or offsets must be defined", _ROWS, "sum"),
        Refusal(
            RuntimeError,
            "Expected all rows of lengths along axis to sum to",
            *(_ROWS, "sum"),
            lengths=_lengths([2, 3]),
            ours="[2, 3]",
        ),
        Refusal(
            RuntimeError,
            "reduce argument must be either sum, prod, mean, amax or amin",
            *(_ROWS, "median"),
            lengths=_lengths([2]),
        ),
        Refusal(
            RuntimeError, "lengths contains negative value", _ROWS, "sum", lengths=_lengths([-1, 3])
        ),
        Refusal(RuntimeError, "indices based reduction", _ROWS, "sum", indices=_lengths([2])),
    ],
}
