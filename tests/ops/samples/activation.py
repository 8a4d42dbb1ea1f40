"""Samples of the activations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ops.samples import FLOATING, Input, Make, Refusal, Sample, Samples

INF, NAN = float("inf"), float("nan")


def shaped(*options: dict[str, Any], loose: float = 1, infinite: bool = True) -> Samples:
    """Return samples of an activation: shapes, both tails, special values, and these options."""

    def generate(make: Make) -> Iterator[Sample]:
        for shape in ((3, 4), (), (0, 3)):
            yield Sample(make(*shape), loose=loose)
        yield Sample(make(9, low=-8, high=8), loose=loose)
        for named in options:
            yield Sample(make(2, 5, low=-4, high=4), loose=loose, **named)
        if make.dtype in FLOATING:
            yield Sample(make.of([0.0, 1.0, -1.0, 30.0, -30.0]), grad=False)
            yield Sample(make.of([INF, -INF, NAN] if infinite else [NAN]), grad=False)

    return Samples(generate)


def thresholds(make: Make) -> Iterator[Sample]:
    """Yield the samples of threshold."""
    yield Sample(make(3, 4), 0.5, 2)
    yield Sample(make(), -1, 0)


def slopes(make: Make) -> Iterator[Sample]:
    """Yield the samples of prelu: one slope, and one per channel."""
    yield Sample(make(2, 3), make(1, low=0.1, high=0.4))
    yield Sample(make(2, 3), make(3, low=0.1, high=0.4))
    yield Sample(make(2, 3, 4), make(3, low=0.1, high=0.4))
    yield Sample(make(5), make(1, low=0.1, high=0.4))
    yield Sample(make(5), make(low=0.1, high=0.4))
    yield Sample(make(), make(1, low=0.1, high=0.4))


def halves(make: Make) -> Iterator[Sample]:
    """Yield the samples of glu."""
    yield Sample(make(3, 4))
    yield Sample(make(4, 3), 0)
    yield Sample(make(2, 6, 2), dim=1)
    yield Sample(make(0, 4))


def functional(**tables: Any) -> dict[str, Any]:
    """Return the entries with their path."""
    return {f"nn.functional.{name}": entry for name, entry in tables.items()}


SAMPLES: dict[str, Any] = {
    "relu": shaped(),
    "selu": shaped(),
    "celu": shaped({"alpha": 0.7}),
    "hardshrink": shaped({"lambd": 1.3}),
    "prelu": slopes,
    "threshold": thresholds,
    **functional(
        relu6=shaped(),
        leaky_relu=shaped({"negative_slope": 0.2}),
        elu=shaped({"alpha": 0.7}),
        # 1 + erf(x) cancels far on the left, in torch too; and torch gives NaN for the infinities.
        gelu=shaped({"approximate": "tanh"}, loose=4, infinite=False),
        silu=shaped(),
        mish=shaped(),
        softplus=shaped({"beta": 2}, {"beta": 0.5, "threshold": 1}),
        softsign=shaped(),
        tanhshrink=shaped(),
        hardtanh=shaped({"min_val": -0.5, "max_val": 1.5}),
        hardsigmoid=shaped(),
        hardswish=shaped(),
        softshrink=shaped({"lambd": 1.3}),
        logsigmoid=shaped(),
        glu=halves,
    ),
}


def tensor(values: Any, dtype: str = "float32") -> Input:
    """Return an input for a refusal."""
    return Input(values, dtype, grad=False)


ONES = [[1.0] * 3] * 2
REFUSALS = {
    "relu": [
        Refusal(RuntimeError, "Boolean inputs not supported for relu", tensor([True], "bool"))
    ],
    "celu": [Refusal(RuntimeError, "alpha cannot be 0 for CELU", tensor([1.0]), 0.0)],
    "prelu": [
        Refusal(
            RuntimeError,
            "Mismatch of parameter numbers and input channel size. Found parameter numbers = 2 and "
            "channel size = 3.",
            tensor(ONES),
            tensor([1.0, 1.0]),
        ),
        Refusal(
            RuntimeError,
            "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = 2",
            tensor(ONES),
            tensor([[1.0]]),
        ),
        Refusal(
            RuntimeError,
            "prelu: Type promoting not supported. Got Float and Double",
            tensor(ONES),
            tensor([1.0], "float64"),
        ),
    ],
    "nn.functional.glu": [
        Refusal(
            RuntimeError,
            "Halving dimension must be even, but dimension 0 is size 3",
            tensor([1.0] * 3),
        ),
    ],
    "nn.functional.gelu": [
        Refusal(
            RuntimeError,
            "approximate argument must be either none or tanh",
            tensor([1.0]),
            approximate="erf",
            ours="'erf'",
        ),
    ],
    "nn.functional.softshrink": [
        Refusal(
            RuntimeError,
            "lambda must be in range [0, 3.40282e+38] for input dtype Float, but found -1",
            tensor([1.0]),
            -1.0,
        ),
    ],
    "nn.functional.hardtanh": [
        Refusal(ValueError, "min_val cannot be greater than max_val", tensor([1.0]), 2.0, 1.0),
    ],
}

TESTED_ELSEWHERE = {
    "_dropped": "tests/nn/test_dropout.py",
    "_masked_scale": "tests/nn/test_dropout.py",
}
