"""Samples of normalisation; running moments and modules are in tests/nn/test_normalization.py."""

from __future__ import annotations

from collections.abc import Iterator

from ops.samples import FLOATING, Input, Make, Refusal, Sample, Samples

ROWS = [((3, 6), (6,)), ((2, 3, 4), (3, 4)), ((5,), (5,)), ((0, 3), (3,)), ((2, 40), (40,))]


def layers(make: Make) -> Iterator[Sample]:
    """Yield shapes, with and without parameters, and another epsilon."""
    for shape, normalized in ROWS:
        weight, bias = make(*normalized), make(*normalized)
        yield Sample(make(*shape), normalized)
        yield Sample(make(*shape), normalized, weight, bias)
        yield Sample(make(*shape), normalized, None, bias, 0.1)
        yield Sample(make(*shape), normalized, weight)


def root_mean_squares(make: Make) -> Iterator[Sample]:
    """Yield shapes, with and without a weight, and another epsilon."""
    for shape, normalized in ROWS:
        yield Sample(make(*shape), normalized)
        yield Sample(make(*shape), normalized, make(*normalized))
        yield Sample(make(*shape), normalized, None, 0.1)


def groups(make: Make) -> Iterator[Sample]:
    """Yield shapes and numbers of groups, with and without parameters."""
    for shape, count in (((3, 6), 1), ((3, 8), 2), ((2, 6, 5), 3), ((2, 4, 3, 2), 4), ((0, 2), 1)):
        weight, bias = make(shape[1]), make(shape[1])
        yield Sample(make(*shape), count)
        yield Sample(make(*shape), count, weight, bias)
        yield Sample(make(*shape), count, None, bias, 0.1)


def batches(make: Make) -> Iterator[Sample]:
    """Yield shapes in training and by running moments, with and without parameters."""
    for shape in ((4, 3), (3, 2, 5), (2, 3, 2, 4)):
        weight, bias = make(shape[1]), make(shape[1])
        mean = make(shape[1], low=-1, high=1, grad=False)
        var = make(shape[1], low=0.5, high=2, grad=False)
        yield Sample(make(*shape), None, None, training=True)
        yield Sample(make(*shape), None, None, weight, bias, training=True)
        yield Sample(make(*shape), mean, var)
        yield Sample(make(*shape), mean, var, weight, bias, eps=0.1)
        yield Sample(make(*shape), mean, var, None, bias)
    # More channels than go down the rows together. Torch multiplies before it subtracts the mean,
    # which costs digits where a channel's values are close to each other.
    yield Sample(make(3, 70), None, None, make(70), training=True, loose=4)


def instances(make: Make) -> Iterator[Sample]:
    """Yield shapes by their own and by running moments."""
    for shape in ((2, 3, 5), (2, 2, 3, 4)):
        mean = make(shape[1], low=-1, high=1, grad=False)
        var = make(shape[1], low=0.5, high=2, grad=False)
        yield Sample(make(*shape))
        yield Sample(make(*shape), weight=make(shape[1]), bias=make(shape[1]))
        yield Sample(make(*shape), mean, var, use_input_stats=False)


DTYPES = tuple(dtype for dtype in FLOATING if dtype in {"float32", "float64"})
SAMPLES = {
    "nn.functional.layer_norm": Samples(layers, dtypes=DTYPES),
    "nn.functional.rms_norm": Samples(root_mean_squares, dtypes=DTYPES),
    "nn.functional.group_norm": Samples(groups, dtypes=DTYPES),
    "nn.functional.batch_norm": Samples(batches, dtypes=DTYPES),
    "nn.functional.instance_norm": Samples(instances, dtypes=DTYPES),
}


def ones(*shape: int, dtype: str = "float32") -> Input:
    """Return an input for a refusal."""
    values = 1.0 if dtype != "int64" else 1
    for size in reversed(shape):
        values = [values] * size  # type: ignore[assignment]
    return Input(values, dtype, grad=False)


X = ones(2, 6, 5)
MIXED = "mixed dtype (CPU): expect parameter to have scalar type of Float"
REFUSALS = {
    "nn.functional.layer_norm": [
        Refusal(
            RuntimeError,
            "Given normalized_shape=[4], expected input with shape [*, 4], but got input of "
            "size[2, 6, 5]",
            X,
            [4],
        ),
        Refusal(RuntimeError, "Expected normalized_shape to be at least 1-dimensional", X, []),
        Refusal(
            RuntimeError,
            "Expected weight to be of same shape as normalized_shape, but got weight of shape [4]",
            X,
            [5],
            ones(4),
        ),
        Refusal(
            RuntimeError,
            "Expected bias to be of same shape as normalized_shape, but got bias of shape [4]",
            X,
            [5],
            None,
            ones(4),
        ),
        Refusal(RuntimeError, MIXED, X, [5], ones(5, dtype="float64"), ours="the input is Float"),
        Refusal(
            NotImplementedError,
            "\"LayerNormKernelImpl\" not implemented for 'Long'",
            ones(2, 5, dtype="int64"),
            [5],
        ),
        Refusal(
            TypeError,
            "argument 'normalized_shape' (position 2) must be tuple of ints, not int",
            X,
            5,
        ),
    ],
    "nn.functional.rms_norm": [
        Refusal(
            RuntimeError,
            "Given normalized_shape=[4], expected input with shape [*4], but got input of "
            "size[2, 6, 5]",
            X,
            [4],
        ),
        Refusal(
            NotImplementedError,
            "\"rms_norm\" not implemented for 'Long'",
            ones(2, 5, dtype="int64"),
            [5],
        ),
    ],
    "nn.functional.group_norm": [
        Refusal(
            RuntimeError,
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            "shape [2, 6, 5] and num_groups=4",
            X,
            4,
        ),
        Refusal(RuntimeError, "Expected num groups to be greater than 0, got -2", X, -2),
        Refusal(
            RuntimeError,
            "Expected at least 2 dimensions for input tensor but received 1",
            ones(3),
            1,
        ),
        Refusal(
            ValueError,
            "Expected more than 1 value per channel when training, got input size [1, 3]",
            ones(1, 3),
            3,
        ),
        Refusal(
            RuntimeError,
            "Expected weight to be a vector of size equal to the number of channels in input, but "
            "got weight of shape [4]",
            X,
            3,
            ones(4),
        ),
        Refusal(RuntimeError, MIXED, X, 3, ones(6, dtype="float64")),
    ],
    "nn.functional.batch_norm": [
        Refusal(RuntimeError, "running_mean must be defined in evaluation mode", X, None, None),
        Refusal(RuntimeError, "running_var must be defined in evaluation mode", X, ones(6), None),
        Refusal(
            ValueError,
            "running_mean and running_var must either both be None or neither be None",
            X,
            ones(6),
            None,
            training=True,
        ),
        Refusal(RuntimeError, "running_mean should contain 6 elements not 5", X, ones(5), ones(6)),
        Refusal(
            RuntimeError,
            "weight should contain 6 elements not 5",
            X,
            None,
            None,
            ones(5),
            training=True,
        ),
        Refusal(
            ValueError,
            "Expected more than 1 value per channel when training, got input size "
            "torch.Size([1, 6, 1])",
            ones(1, 6, 1),
            None,
            None,
            training=True,
        ),
        Refusal(
            RuntimeError,
            "mixed dtype (CPU): all inputs must share same datatype.",
            ones(2, 3, dtype="float64"),
            ones(3),
            ones(3),
        ),
    ],
    "nn.functional.instance_norm": [
        Refusal(
            ValueError,
            "Expected more than 1 spatial element when training, got input size torch.Size([2, 3])",
            ones(2, 3),
        ),
        Refusal(
            RuntimeError,
            "Expected running_mean and running_var to be defined when use_input_stats is false",
            X,
            use_input_stats=False,
        ),
    ],
}
