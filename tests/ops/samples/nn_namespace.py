"""Samples of functions of ``torch.*`` that nn.functional has with other arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ops.samples import FLOATING, Make, Sample, Samples

WHOLE = ("float64", "float32")


def normalized(*, running: bool) -> Any:
    """Return the samples of batch_norm and instance_norm, whose order of arguments is their own."""

    def generate(make: Make) -> Iterator[Sample]:
        weight, bias = make(3), make(3)
        mean, var = make(3, grad=False), make(3, low=0.5, high=2, grad=False)
        x = make(2, 3, 2)
        yield Sample(x, weight, bias, None, None, True, 0.1, 1e-5, False)
        yield Sample(x, None, None, mean, var, False, 0.1, 1e-3, running)

    return generate


def layers(make: Make) -> Iterator[Sample]:
    """Yield both numbers of arguments."""
    yield Sample(make(3, 4), [4])
    yield Sample(make(3, 4), [4], make(4), make(4), 1e-3, False)


def groups(make: Make) -> Iterator[Sample]:
    """Yield both numbers of arguments."""
    yield Sample(make(2, 4, 3), 2)
    yield Sample(make(2, 4, 3), 2, make(4), make(4), 1e-3, False)


def rows(make: Make) -> Iterator[Sample]:
    """Yield a weight and none."""
    yield Sample(make(3, 4), [4])
    yield Sample(make(3, 4), [4], make(4), 1e-3)


def not_dropped(make: Make) -> Iterator[Sample]:
    """Yield what drops nothing, and everything; draws are in tests/nn/test_dropout.py."""
    yield Sample(make(2, 3), 0.5, False)
    yield Sample(make(2, 3), 0.0, True, inplace=False)


def pooled(dims: int, *, adaptive: bool = False) -> Any:
    """Return the samples of pooling by the arguments that are the same."""

    def generate(make: Make) -> Iterator[Sample]:
        yield Sample(make(1, 2, *(5, 4, 3)[:dims]), 2, second=False)
        if not adaptive:
            yield Sample(make(2, *(5, 4, 3)[:dims]), 3, (), 1, ceil_mode=True, second=False)

    return generate


def bilinear(make: Make) -> Iterator[Sample]:
    """Yield a bias and none."""
    yield Sample(make(2, 3), make(2, 2), make(2, 3, 2), make(2))
    yield Sample(make(1, 2, 3), make(1, 2, 2), make(2, 3, 2), second=False)


def convolved(make: Make) -> Iterator[Sample]:
    """Yield convolutions and their adjoints of each number of dimensions."""
    ones, none = [1] * 3, [0] * 3
    yield Sample(make(1, 2, 5), make(2, 2, 3), make(2), [2], [1], [1], False, [0], 1)
    images, kernel = make(1, 4, 4, 3), make(2, 2, 2, 2)
    yield Sample(images, kernel, None, [1, 1], [0, 1], [1, 2], False, [0, 0], 2, second=False)
    images, kernel = make(1, 2, 3, 3), make(2, 1, 3, 2)
    numbers = ([2, 3], [1, 0], [1, 1], True, [1, 2], 2)
    yield Sample(images, kernel, make(2), *numbers, second=False)
    volumes, kernel = make(1, 1, 2, 3, 2), make(1, 2, 2, 2, 2)
    yield Sample(volumes, kernel, None, ones, none, ones, True, none, 1, second=False)


def bags(make: Make) -> Iterator[Sample]:
    """Yield modes as numbers, an empty bag, what is left out, the end of the last bag."""
    indices = make.of([1, 2, 4, 5, 4, 3], dtype="int64")
    starts = make.of([0, 2, 2, 5], dtype="int64")
    ended = make.of([0, 2, 2, 5, 6], dtype="int64")
    for mode in range(3):
        yield Sample(make(6, 2), indices, starts, False, mode, second=False)
        yield Sample(make(6, 2), indices, starts, False, mode, False, None, False, 4, second=False)
        yield Sample(make(6, 2), indices, ended, False, mode, False, None, True, None, second=False)
    yield Sample(make(6, 2), indices, starts, False, 0, False, make(6), second=False)


DROPS = ("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout")
SAMPLES: dict[str, Any] = {
    "batch_norm": Samples(normalized(running=True), dtypes=WHOLE),
    "instance_norm": Samples(normalized(running=False), dtypes=WHOLE),
    "layer_norm": Samples(layers, dtypes=WHOLE),
    "group_norm": Samples(groups, dtypes=WHOLE),
    "rms_norm": Samples(rows, dtypes=WHOLE),
    **{name: Samples(not_dropped, dtypes=FLOATING) for name in DROPS},
    **{f"max_pool{dims}d": Samples(pooled(dims), dtypes=FLOATING) for dims in (1, 2, 3)},
    "max_pool1d_with_indices": Samples(pooled(1), dtypes=FLOATING),
    "avg_pool1d": Samples(pooled(1), dtypes=FLOATING),
    "adaptive_avg_pool1d": Samples(pooled(1, adaptive=True), dtypes=FLOATING),
    "adaptive_max_pool1d": Samples(pooled(1, adaptive=True), dtypes=FLOATING),
    # As the namesakes of nn.functional: sums of products.
    "bilinear": Samples(bilinear, dtypes=WHOLE, terms=32.0, node=False),
    "embedding_bag": Samples(bags, dtypes=WHOLE),
    "convolution": Samples(convolved, dtypes=WHOLE, terms=108.0),
}
