"""Samples of the losses; all combinations of cross-entropy are in tests/nn/test_losses.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ops.samples import FLOATING, REAL, Input, Make, Refusal, Sample, Samples

REDUCTIONS = ("none", "mean", "sum")


def pairs(*options: dict[str, Any]) -> Samples:
    """Return samples of a loss of two tensors: shapes, reductions, and these options."""

    def generate(make: Make) -> Iterator[Sample]:
        for shape in ((3, 4), (), (0, 3)):
            for reduction in REDUCTIONS:
                yield Sample(make(*shape), make(*shape), reduction=reduction)
        for named in options:
            yield Sample(make(3, 4), make(3, 4), **named)

    return Samples(generate, dtypes=REAL)


def probabilities(make: Make) -> Iterator[Sample]:
    """Yield the samples of the cross-entropy of probabilities."""
    for shape in ((3, 4), (), (0, 3)):
        for reduction in REDUCTIONS:
            x, y = make(*shape, low=0.1, high=0.9), make(*shape, low=0.1, high=0.9)
            yield Sample(x, y, reduction=reduction)
    factors = make(4, low=0.5, high=2, grad=False)
    x, y = make(3, 4, low=0.1, high=0.9), make(3, 4, low=0.1, high=0.9)
    yield Sample(x, y, weight=factors, reduction="none")
    yield Sample(x, y, weight=factors)
    if make.dtype in FLOATING:
        # Logarithms are cut off where they would be infinite.
        yield Sample(make.of([0.0, 1.0, 0.0, 1.0]), make.of([0.0, 1.0, 1.0, 0.0]), grad=False)


def logits(make: Make) -> Iterator[Sample]:
    """Yield the samples of the cross-entropy of logits."""
    for shape in ((3, 4), (), (0, 3)):
        for reduction in REDUCTIONS:
            yield Sample(make(*shape), make(*shape, low=0.1, high=0.9), reduction=reduction)
    factors, positive = make(4, low=0.5, high=2, grad=False), make(4, low=0.5, high=2, grad=False)
    x, y = make(3, 4), make(3, 4, low=0.1, high=0.9)
    for named in ({"weight": factors}, {"pos_weight": positive}):
        yield Sample(x, y, **named)
        yield Sample(x, y, **named, reduction="none")
    yield Sample(x, y, weight=factors, pos_weight=positive, reduction="sum")
    if make.dtype in FLOATING:
        yield Sample(make.of([80.0, -80.0]), make.of([0.0, 1.0]), grad=False)


def divergences(make: Make) -> Iterator[Sample]:
    """Yield the samples of kl_div; its mean warns."""
    for shape in ((3, 4), ()):
        for reduction in ("none", "sum", "batchmean"):
            x, y = make(*shape), make(*shape, low=0.1, high=0.9)
            yield Sample(x, y, reduction=reduction)
            yield Sample(x, make(*shape), reduction=reduction, log_target=True)


def classes(make: Make) -> Iterator[Sample]:
    """Yield shapes, reductions, weights and ignored targets of losses under class indices."""
    weight = make(4, low=0.5, high=2, grad=False)
    # Log-probabilities, all negative: torch adds halves up in half precision.
    domain = {"low": -3.0, "high": -0.1}
    for batch in ((), (2,), (3, 2), (2, 2, 2)):
        target = make.index(*batch, high=4)
        x = make(*batch[:1], 4, *batch[1:], **domain)
        for reduction in REDUCTIONS:
            yield Sample(x, target, reduction=reduction)
            yield Sample(x, target, weight=weight, reduction=reduction)
    kept = make.of([1, 3, 1], dtype="int64", grad=False)
    for reduction in REDUCTIONS:
        x = make(3, 4, **domain)
        yield Sample(x, kept, ignore_index=3, weight=weight, reduction=reduction)


def soft_classes(make: Make) -> Iterator[Sample]:
    """Yield what cross_entropy has beyond nll_loss: probabilities as targets, smoothed labels."""
    yield from classes(make)
    weight = make(4, low=0.5, high=2, grad=False)
    for reduction in REDUCTIONS:
        target = make(3, 4, low=0.1, high=0.9)
        yield Sample(make(3, 4), target, weight=weight, reduction=reduction)
        target = make(3, 4, low=0.1, high=0.9, grad=False)
        yield Sample(make(3, 4), target, weight=weight, reduction=reduction)
        yield Sample(make(3, 4), make.index(3, high=4), label_smoothing=0.1, reduction=reduction)


SAMPLES: dict[str, Any] = {
    f"nn.functional.{name}": entry
    for name, entry in {
        "mse_loss": pairs(),
        "l1_loss": pairs(),
        "smooth_l1_loss": pairs({"beta": 0.5}, {"beta": 0.0}),
        "huber_loss": pairs({"delta": 0.5}),
        "binary_cross_entropy": Samples(probabilities, dtypes=REAL),
        "binary_cross_entropy_with_logits": Samples(logits, dtypes=REAL),
        "kl_div": Samples(divergences, dtypes=REAL),
        "nll_loss": Samples(classes, dtypes=REAL),
        "cross_entropy": Samples(soft_classes, dtypes=REAL),
    }.items()
}

# Reached by second gradients only.
TESTED_ELSEWHERE = {
    "_nll_gather": "tests/ops/test_gradients.py",
    "_nll_scatter": "tests/ops/test_gradients.py",
    "_linear_cross_entropy_batch_chunked": "tests/nn/test_linear_cross_entropy.py",
    "_linear_cross_entropy_batch_chunked_no_reduction": "tests/nn/test_linear_cross_entropy.py",
}


def tensor(values: Any, dtype: str = "float32") -> Input:
    """Return an input for a refusal."""
    return Input(values, dtype, grad=False)


HALF = tensor([0.5])
REFUSALS = {
    "nn.functional.huber_loss": [
        Refusal(
            RuntimeError,
            "huber_loss does not support non-positive values for delta",
            HALF,
            HALF,
            delta=0.0,
            ours="got 0.0",
        ),
    ],
    "nn.functional.smooth_l1_loss": [
        Refusal(
            RuntimeError,
            "smooth_l1_loss does not support negative values for beta",
            HALF,
            HALF,
            beta=-1.0,
            ours="got -1.0",
        ),
    ],
    "nn.functional.mse_loss": [
        Refusal(
            ValueError,
            "x is not a valid value for reduction",
            HALF,
            HALF,
            reduction="x",
            ours="sum",
        ),
    ],
    "nn.functional.binary_cross_entropy": [
        Refusal(
            RuntimeError,
            "all elements of input should be between 0 and 1",
            tensor([0.5, 1.5]),
            tensor([1.0, 1.0]),
            ours="got 1.5 at position (1,)",
        ),
        Refusal(
            RuntimeError,
            "all elements of target should be between 0 and 1",
            HALF,
            tensor([2.0]),
            ours="got 2.0 at position (0,)",
        ),
        Refusal(
            RuntimeError, "Found dtype Double but expected Float", HALF, tensor([1.0], "float64")
        ),
        Refusal(ValueError, "that is different to the input size", HALF, tensor([1.0, 1.0])),
    ],
    "nn.functional.binary_cross_entropy_with_logits": [
        Refusal(ValueError, "must be the same as input size", HALF, tensor([1.0, 1.0])),
        Refusal(
            RuntimeError,
            "result type Float can't be cast to the desired output type Long",
            HALF,
            tensor([1], "int64"),
            ours="target.float()",
        ),
        Refusal(
            RuntimeError,
            "output with shape [1] doesn't match the broadcast shape [2]",
            HALF,
            HALF,
            weight=tensor([1.0, 1.0]),
            reduction="none",
        ),
    ],
    "nn.functional.kl_div": [
        Refusal(
            RuntimeError,
            "kl_div: Integral inputs not supported",
            HALF,
            tensor([1], "int64"),
            reduction="sum",
        ),
    ],
}
