"""Samples of what programs ask of complex numbers, answered for real ones."""

from __future__ import annotations

from ops.samples import FLOATING, Input, Refusal, Sample, Samples, unary


def _itself(make):
    yield Sample(make(2, 3))
    yield Sample(make())


def _itself_everywhere(make):
    # Nothing is written in place, and no write is counted.
    yield Sample(make(2, 3), inplace=False)


def _angle_of_specials(make):
    special = [0.0, -0.0, float("inf"), -float("inf"), float("nan"), -1.0]
    yield Sample(make.of(special, grad=False))


SAMPLES = {
    "angle": unary(),
    "Tensor.angle": Samples(_angle_of_specials, dtypes=FLOATING),
    "is_conj": _itself,
    "is_neg": _itself,
    "resolve_conj": _itself,
    "resolve_neg": _itself,
    "conj": _itself,
    "conj_physical": _itself_everywhere,
    "real": _itself,
}

_VECTOR = Input([1.0, 2.0], "float32", grad=False)

REFUSALS = {
    "imag": [
        Refusal(
            RuntimeError, "imag is not implemented for tensors with non-complex dtypes.", _VECTOR
        )
    ],
}
