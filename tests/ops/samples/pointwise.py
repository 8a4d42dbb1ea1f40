"""Samples of the elementwise functions and of conversions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ops.samples import (
    ALL,
    FLOATING,
    POSITIVE,
    UNIT,
    Input,
    Make,
    Refusal,
    Sample,
    Samples,
    binary,
    unary,
)

import penlight

INF, NAN = float("inf"), float("nan")
ABOVE_ONE = (1.1, 4.0)
# torch makes NaN negative when it converts it to bfloat16.
NOT_BFLOAT16 = tuple(name for name in ALL if name != "bfloat16")
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, INF, -INF, NAN]


def special(*, domain: tuple[float, float] = (-2.0, 2.0), **settings: Any) -> Samples:
    """Return the usual samples of a function of one, and special values for floating dtypes."""
    usual = unary(domain=domain, **settings)

    def generate(make: Make) -> Iterator[Sample]:
        yield from usual(make)
        if make.dtype in FLOATING:
            yield Sample(make.of(SPECIAL), grad=False)

    return Samples(generate, dtypes=usual.dtypes)


def pairs(**settings: Any) -> Samples:
    """Return the usual samples of a function of two tensors, and special values; no numbers."""
    usual = binary(numbers=(), **settings)

    def generate(make: Make) -> Iterator[Sample]:
        yield from usual(make)
        if make.dtype in FLOATING:
            yield Sample(
                make.of(SPECIAL),
                make.of([[1.0], [-0.5], [0.0], [INF], [NAN]]),
                grad=False,
                inplace=False,
            )

    return Samples(generate, dtypes=usual.dtypes)


def mixed(**settings: Any) -> Samples:
    """Return :func:`pairs`, and a number on the right."""
    usual, numbers = pairs(**settings), (2, 1.5)

    def generate(make: Make) -> Iterator[Sample]:
        yield from usual(make)
        low, high = settings.get("domain", (-2.0, 2.0))
        for number in numbers:
            yield Sample(make(2, 3, low=low, high=high), number, grad=settings.get("grad", True))
        # Dtypes that meet: of two dimensions, of none, and of numbers.
        yield Sample(make(3, low=low, high=high), make.of([1, 2, 3], dtype="int32"), grad=False)
        yield Sample(make.of([1, 2], dtype="int64"), make(2, low=low, high=high), grad=False)
        yield Sample(
            make(2, low=low, high=high), make.of(1.5, dtype="float64", grad=False), grad=False
        )
        yield Sample(make.of([True, False], dtype="bool"), make(low=low, high=high), grad=False)

    return Samples(generate, dtypes=usual.dtypes)


def with_numbers_left(usual: Any, *, grad: bool = True) -> Samples:
    """Return samples, and calls with a number on the left."""

    def generate(make: Make) -> Iterator[Sample]:
        yield from usual(make)
        for number in (2, 0.5):
            yield Sample(number, make(2, 3, low=0.2), grad=grad)
            yield Sample(number, make(low=0.2), grad=grad)

    return Samples(generate)


def scaled(make: Make) -> Iterator[Sample]:
    """Yield the samples of add and sub."""
    yield from mixed()(make)
    yield Sample(make(3), make(3), alpha=2)
    yield Sample(make(2, 3), make(3), alpha=-1)
    if make.dtype in FLOATING:
        yield Sample(make(3), make(3), alpha=0.5)
        yield Sample(make(3), 2, alpha=0.5)


def divided(make: Make) -> Iterator[Sample]:
    """Yield the samples of div."""
    yield from mixed(domain=(0.3, 3.0))(make)
    for mode in ("floor", "trunc"):
        yield Sample(make(3, 4, low=-9, high=9), make(4, low=1.2, high=3), rounding_mode=mode)
        yield Sample(make(4, low=-9, high=9), 2, rounding_mode=mode)
        yield Sample(make(4, low=-9, high=9), -2.5, rounding_mode=mode)


def quotients(make: Make) -> Iterator[Sample]:
    """Yield divisions with signs on both sides."""
    low, high = (1, 9) if make.dtype == "uint8" else (-9, 9)
    yield Sample(make(3, 4, low=low, high=high), make.of([1, 2, 3, 4]), second=False)
    yield Sample(
        make(5, low=low, high=high), make.of([-1, 2, -3, 4, -5] if low < 0 else [1, 2, 3, 4, 5])
    )
    yield Sample(make(4, low=low, high=high), 3)
    yield Sample(make(4, low=low, high=high), -2.5)
    yield Sample(make(low=low, high=high), make(low=1.2, high=5))
    yield Sample(make(2, low=low, high=high), make.of(0), grad=False)


def without_derivative(usual: Any) -> Samples:
    """Return samples of an op that torch records but does not differentiate."""

    def generate(make: Make) -> Iterator[Sample]:
        for sample in usual(make):
            yield Sample(*sample.args, grad=False, inplace=sample.inplace, **sample.kwargs)

    return Samples(generate)


def powers(make: Make) -> Iterator[Sample]:
    """Yield the samples of pow: tensors and numbers on each side."""
    for exponent in (0, 1, 2, 3, 0.5, 1.0, 2.5):
        yield Sample(make(2, 3, low=0.2), exponent)
    if make.dtype in FLOATING:
        for exponent in (-1, -0.5, -2, -1.5, -3):
            yield Sample(make(4, low=0.2), exponent)
        yield Sample(make.of(SPECIAL), 2.0, grad=False)
        yield Sample(make(3), 3)
    yield Sample(make(2, 3, low=0.2), make(3, low=0.2))
    yield Sample(make(3, low=0.2), make.of([0, 1, 2], grad=False))
    yield Sample(make.of([0, 0, 1, 2]), make.of([0, 1, 2, 0]), grad=False)
    yield Sample(make.of([1, 2], dtype="int64"), make(2, low=0.2))
    yield Sample(2, make(3))
    yield Sample(0, make(3, low=0.2), second=False)
    yield Sample(1.5, make(2, 3, low=0.2))


def rounded(make: Make) -> Iterator[Sample]:
    """Yield the samples of round."""
    yield from special()(make)
    for decimals in (1, 3, -1):
        yield Sample(make(4, low=-99, high=99), decimals=decimals)
    if make.dtype in FLOATING:
        yield Sample(make.of([0.5, 1.5, 2.5, -0.5, -1.5]), grad=False)


def logits(make: Make) -> Iterator[Sample]:
    """Yield the samples of logit."""
    yield from unary(domain=(0.05, 0.95))(make)
    yield Sample(make(5, low=-0.5, high=1.5), eps=0.1)
    yield Sample(make.of([0.0, 1.0, 0.5]), grad=False)


def replaced(make: Make) -> Iterator[Sample]:
    """Yield the samples of nan_to_num."""
    yield from special()(make)
    if make.dtype in FLOATING:
        yield Sample(make.of(SPECIAL), 1.0, 2.0, -2.0, grad=False)
        yield Sample(make.of(SPECIAL), posinf=5.0, grad=False)


def chosen(make: Make) -> Iterator[Sample]:
    """Yield the samples of where."""
    yield Sample(make.mask(3, 4), make(3, 4), make(3, 4))
    yield Sample(make.mask(3, 1), make(4), make(3, 4))
    yield Sample(make.mask(4), make(4), make.of([1, 2, 3, 4], dtype="int64"), grad=False)
    yield Sample(make.mask(), make(), make(2))
    yield Sample(make.mask(0, 2), make(0, 2), make(2))
    yield Sample(make.mask(4), make(4), 1.5)
    yield Sample(make.mask(4), 2, make(4))
    yield Sample(make.mask(4), 1, 2)
    yield Sample(make.mask(4), 1.0, 2)
    yield Sample(make.mask(4), True, False)
    yield Sample(make.mask(2, 3))


def limits(make: Make) -> Iterator[Sample]:
    """Yield the samples of clamp."""
    for low, high in ((-1, 1), (None, 0.5), (-0.5, None), (0, None), (1, -1), (0.3, 0.7)):
        yield Sample(make(3, 4), low, high)
    yield Sample(make(3, 4), make(4, high=0.5), make(3, 4, low=0.5))
    yield Sample(make(3, 4), min=make(4))
    yield Sample(make(3, 4), max=make(4))
    yield Sample(make(), 0, 1)
    yield Sample(make(0, 3), -1, 1)
    yield Sample(make(2), make.of([3, 3]), make.of([1, 1]), grad=False)
    if make.dtype in FLOATING:
        yield Sample(make.of(SPECIAL), -1, 1, grad=False)


def one_limit(make: Make) -> Iterator[Sample]:
    """Yield the samples of clamp_min and clamp_max."""
    yield Sample(make(3, 4), 0)
    yield Sample(make(3, 4), 0.25)
    yield Sample(make(3, 4), make(4))


def between(make: Make) -> Iterator[Sample]:
    """Yield the samples of lerp."""
    yield Sample(make(3, 4), make(3, 4), 0.3)
    yield Sample(make(3, 4), make(4), 0.8)
    yield Sample(make(3, 4), make(3, 4), make(3, 4, low=0.1, high=0.9))
    yield Sample(make(3, 4), make(3, 4), make(low=0.1, high=0.9))
    yield Sample(make(0, 2), make(2), 0.5)


def products(make: Make) -> Iterator[Sample]:
    """Yield the samples of addcmul and addcdiv."""
    yield Sample(make(3, 4), make(3, 4, low=0.3), make(3, 4, low=0.3))
    yield Sample(make(3, 4), make(4, low=0.3), make(3, 1, low=0.3), value=2)
    yield Sample(make(), make(low=0.3), make(low=0.3), value=-1)
    if make.dtype in FLOATING:
        # Two products, then a sum: torch's vector loop fuses some of them.
        yield Sample(make(2, 3), make(2, 3, low=0.3), make(2, 3, low=0.3), value=0.5, loose=4)


def nearness(make: Make) -> Iterator[Sample]:
    """Yield the samples of isclose and allclose."""
    yield Sample(make(3), make(3))
    yield Sample(make.of([1, 2, 3]), make.of([1, 2, 4]))
    yield Sample(make.of([1, 2, 3]), make.of([1, 2, 3]))
    yield Sample(make.of([10, 20]), make.of([11, 20]), rtol=0.1)
    yield Sample(make.of([10, 20]), make.of([11, 20]), rtol=0.0, atol=0.5)
    if make.dtype in FLOATING:
        yield Sample(make.of(SPECIAL), make.of(SPECIAL))
        yield Sample(make.of(SPECIAL), make.of(SPECIAL), equal_nan=True)


def sameness(make: Make) -> Iterator[Sample]:
    """Yield the samples of equal."""
    yield Sample(make.of([1, 2]), make.of([1, 2]))
    yield Sample(make.of([1, 0]), make.of([1, 1]))
    yield Sample(make(2), make(2, 1))
    yield Sample(make(0), make(0))


def shifts(make: Make) -> Iterator[Sample]:
    """Yield the samples of the shifts."""
    yield Sample(make(3, 4, low=1), make.of([0, 1, 2, 3]))
    yield Sample(make(3, 4, low=1), 2)


def fills(make: Make) -> Iterator[Sample]:
    """Yield the samples of fill."""
    yield Sample(make(2, 3), 2)
    yield Sample(make(2, 3), 0.5)
    yield Sample(make(), True)
    yield Sample(make(0, 2), 1)
    yield Sample(make(2, 3), make())


def copies(make: Make) -> Iterator[Sample]:
    """Yield the samples of copy_, on a copy of the leaf."""
    yield Sample(make(2, 3, grad=False), make(2, 3))
    yield Sample(make(2, 3, grad=False), make(3))
    yield Sample(make(2, 3, grad=False), make())
    yield Sample(make(3, grad=False), make.of([1.5, 2.5, -1.5], dtype="float64"))
    yield Sample(make(3, grad=False), make.of([1, 0, 1], dtype="bool"))


def to_dtypes(make: Make) -> Iterator[Sample]:
    """Yield the samples of Tensor.to."""
    for name in ("float64", "float32", "float16", "int64", "uint8", "bool"):
        yield Sample(make(2, 3, low=0.2, high=3), getattr(penlight, name), grad=name == "float64")
    yield Sample(make(3), copy=True)
    yield Sample(make(3), "cpu")
    yield Sample(make(3), "cpu", penlight.float64)
    yield Sample(make(3), make.of(0, dtype="float64", grad=False))
    yield Sample(make(3, low=0.2), dtype=penlight.int32, non_blocking=True, grad=False)


def layouts_kept(make: Make) -> Iterator[Sample]:
    """Yield the samples of clone."""
    for shape in ((3, 4), (5,), ()):
        yield Sample(make(*shape))


def converted(make: Make) -> Iterator[Sample]:
    """Yield the samples of Tensor.float and its like."""
    yield Sample(make(2, 3, low=0.2, high=3), grad=False)
    yield Sample(make(low=0.2, high=3), grad=False)


SAMPLES: dict[str, Any] = {
    # arithmetic
    "add": scaled,
    "sub": scaled,
    "mul": mixed(),
    "div": divided,
    "true_divide": mixed(domain=(0.3, 3.0)),
    "rsub": scaled,
    "floor_divide": without_derivative(quotients),
    "remainder": with_numbers_left(quotients, grad=False),
    "fmod": quotients,
    "neg": special(),
    "abs": special(),
    "sign": special(),
    "sgn": special(),
    "positive": special(),
    "reciprocal": special(domain=POSITIVE),
    "pow": powers,
    "square": special(),
    "float_power": Samples(powers),
    "Tensor.__add__": mixed(),
    "Tensor.__radd__": mixed(),
    "Tensor.__sub__": mixed(),
    "Tensor.__rsub__": mixed(),
    "Tensor.__mul__": mixed(),
    "Tensor.__rmul__": mixed(),
    "Tensor.__truediv__": mixed(domain=POSITIVE),
    "Tensor.__rtruediv__": mixed(domain=POSITIVE),
    "Tensor.__pow__": mixed(domain=POSITIVE),
    "Tensor.__rpow__": mixed(domain=POSITIVE),
    "Tensor.__floordiv__": without_derivative(quotients),
    "Tensor.__mod__": quotients,
    # exponentials and logarithms
    "exp": special(),
    "exp2": special(),
    "expm1": special(),
    "log": special(domain=POSITIVE),
    "log2": special(domain=POSITIVE),
    "log10": special(domain=POSITIVE),
    "log1p": special(domain=POSITIVE),
    "sqrt": special(domain=POSITIVE),
    "rsqrt": special(domain=POSITIVE),
    "sigmoid": special(),
    # torch rounds to bfloat16 between its three steps, which near 0.5 leaves nothing to compare.
    "logit": Samples(logits, dtypes=NOT_BFLOAT16),
    "logaddexp": pairs(),
    "logaddexp2": pairs(),
    "xlogy": with_numbers_left(mixed(domain=POSITIVE)),
    # trigonometry
    "sin": special(),
    "cos": special(),
    "tan": special(domain=(-1.2, 1.2)),
    "asin": special(domain=UNIT),
    "acos": special(domain=UNIT),
    "atan": special(),
    "sinh": special(),
    "cosh": special(),
    "tanh": special(),
    "asinh": special(),
    "acosh": special(domain=ABOVE_ONE),
    "atanh": special(domain=UNIT),
    "deg2rad": special(domain=(-180.0, 180.0)),
    "rad2deg": special(),
    "atan2": pairs(),
    "hypot": pairs(),
    # error functions
    "erf": special(),
    "erfc": special(),
    "erfinv": special(domain=UNIT),
    # rounding
    "ceil": special(),
    "floor": special(),
    "trunc": special(),
    "frac": special(),
    "round": rounded,
    # larger and smaller
    "maximum": pairs(),
    "minimum": pairs(),
    "fmax": pairs(),
    "fmin": pairs(),
    "heaviside": without_derivative(binary(numbers=())),
    "copysign": mixed(dtypes=NOT_BFLOAT16),
    "nan_to_num": replaced,
    "clamp": limits,
    "clamp_min": one_limit,
    "clamp_max": one_limit,
    # of three
    "where": chosen,
    "lerp": between,
    "addcmul": products,
    "addcdiv": products,
    # comparison and logic
    "eq": mixed(grad=False),
    "ne": mixed(grad=False),
    "lt": mixed(grad=False),
    "le": mixed(grad=False),
    "gt": mixed(grad=False),
    "ge": mixed(grad=False),
    "Tensor.__eq__": mixed(grad=False),
    "Tensor.__lt__": mixed(grad=False),
    "equal": sameness,
    "isclose": nearness,
    "allclose": nearness,
    "isnan": special(grad=False),
    "isinf": special(grad=False),
    "isfinite": special(grad=False),
    "isreal": special(grad=False),
    "isposinf": special(grad=False),
    "isneginf": special(grad=False),
    "signbit": special(grad=False, dtypes=NOT_BFLOAT16),
    "logical_and": pairs(grad=False),
    "logical_or": pairs(grad=False),
    "logical_xor": pairs(grad=False),
    "logical_not": special(grad=False),
    "bitwise_and": binary(numbers=(3,), grad=False),
    "bitwise_or": binary(numbers=(3,), grad=False),
    "bitwise_xor": binary(numbers=(3,), grad=False),
    "bitwise_not": unary(grad=False),
    "bitwise_left_shift": shifts,
    "bitwise_right_shift": shifts,
    "Tensor.__invert__": unary(grad=False),
    # copies
    "clone": Samples(layouts_kept, strides=True),
    "fill": Samples(fills, node=False),  # torch's fill is an op of its own; ours writes into a copy
    "Tensor.copy_": copies,
    "Tensor.to": Samples(to_dtypes, dtypes=ALL),
    **{
        f"Tensor.{name}": converted
        for name in (
            "float",
            "double",
            "half",
            "bfloat16",
            "long",
            "int",
            "short",
            "char",
            "byte",
            "bool",
            "cpu",
        )
    },
    "Tensor.type_as": lambda make: [Sample(make(3), make.of(0, dtype="float64", grad=False))],
    "Tensor.zero_": lambda make: [Sample(make(2, 3, grad=False))],
}


def tensor(values: Any, dtype: str = "float32") -> Input:
    """Return an input for a refusal."""
    return Input(values, dtype, grad=False)


BROADCAST = (
    "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0"
)
TRUE = tensor([True], "bool")
REFUSALS = {
    "add": [
        Refusal(RuntimeError, BROADCAST, tensor([1, 2]), tensor([1, 2, 3])),
        Refusal(
            TypeError,
            "add(): argument 'other' (position 2) must be Tensor, not str",
            tensor([1]),
            "a",
        ),
        Refusal(
            RuntimeError,
            "For integral input tensors, argument alpha must not be a floating point number.",
            tensor([1], "int64"),
            tensor([1], "int64"),
            alpha=0.5,
        ),
    ],
    "sub": [
        Refusal(
            RuntimeError,
            "Subtraction, the `-` operator, with two bool tensors is not supported.",
            TRUE,
            TRUE,
        )
    ],
    "rsub": [
        Refusal(
            RuntimeError,
            "Subtraction, the `-` operator, with a bool tensor is not supported.",
            TRUE,
            1,
        )
    ],
    "neg": [
        Refusal(
            RuntimeError, "Negation, the `-` operator, on a bool tensor is not supported.", TRUE
        )
    ],
    "exp": [
        Refusal(TypeError, "exp(): argument 'input' (position 1) must be Tensor, not float", 2.0)
    ],
    "div": [
        Refusal(
            RuntimeError,
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found 'up'",
            tensor([1.0]),
            2,
            rounding_mode="up",
        )
    ],
    "floor_divide": [Refusal(RuntimeError, "ZeroDivisionError", tensor([1], "int64"), 0)],
    "remainder": [Refusal(RuntimeError, "ZeroDivisionError", tensor([1], "int64"), 0)],
    "pow": [
        Refusal(
            RuntimeError,
            "Integers to negative integer powers are not allowed.",
            tensor([1], "int64"),
            -1,
        )
    ],
    "bitwise_and": [
        Refusal(
            NotImplementedError,
            "\"bitwise_and_cpu\" not implemented for 'Float'",
            tensor([1.0]),
            tensor([1.0]),
        )
    ],
    "bitwise_left_shift": [
        Refusal(NotImplementedError, "\"lshift_cpu\" not implemented for 'Bool'", TRUE, TRUE)
    ],
    "Tensor.__invert__": [
        Refusal(
            TypeError,
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors",
            tensor([1.0]),
            ours="float32",
        )
    ],
    "floor": [Refusal(NotImplementedError, "\"floor_vml_cpu\" not implemented for 'Bool'", TRUE)],
    "frac": [
        Refusal(
            NotImplementedError, "\"frac_cpu\" not implemented for 'Long'", tensor([1], "int64")
        )
    ],
    "clamp": [
        Refusal(
            RuntimeError,
            "torch.clamp: At least one of 'min' or 'max' must not be None",
            tensor([1.0]),
        ),
        Refusal(
            TypeError,
            "clamp() received an invalid combination of arguments",
            tensor([1.0]),
            tensor([1.0]),
            2,
        ),
    ],
    "where": [
        Refusal(
            RuntimeError,
            "where expected condition to be a boolean tensor, but got a tensor with dtype Long",
            tensor([1], "int64"),
            tensor([1.0]),
            tensor([1.0]),
        ),
        Refusal(
            TypeError, "where() received an invalid combination of arguments", TRUE, tensor([1.0])
        ),
    ],
    "lerp": [
        Refusal(
            RuntimeError, "for `end` but got dtype", tensor([1.0]), tensor([1.0], "float64"), 0.5
        )
    ],
    "addcdiv": [
        Refusal(
            RuntimeError,
            "Integer division with addcdiv is no longer supported",
            *[tensor([1], "int64")] * 3,
        )
    ],
    "isclose": [
        Refusal(
            RuntimeError, "Float did not match Double", tensor([1.0]), tensor([1.0], "float64")
        ),
        Refusal(
            RuntimeError,
            "rtol must be greater than or equal to zero, but got -1",
            tensor([1.0]),
            tensor([1.0]),
            rtol=-1,
        ),
    ],
    "Tensor.copy_": [
        Refusal(RuntimeError, BROADCAST, tensor([1, 2]), tensor([1, 2, 3])),
        Refusal(
            RuntimeError,
            "output with shape [2] doesn't match the broadcast shape [3, 2]",
            tensor([1, 2]),
            tensor([[1, 2]] * 3),
        ),
    ],
    "Tensor.fill_": [
        Refusal(
            RuntimeError,
            "fill_ only supports 0-dimension value tensor but got tensor with 1 dimensions.",
            tensor([1, 2]),
            tensor([1, 2]),
        )
    ],
    "Tensor.add_": [
        Refusal(
            RuntimeError,
            "output with shape [2] doesn't match the broadcast shape [3, 2]",
            tensor([1, 2]),
            tensor([[1, 2]] * 3),
        ),
        Refusal(
            RuntimeError,
            "result type Float can't be cast to the desired output type Long",
            tensor([1], "int64"),
            1.5,
        ),
    ],
    "Tensor.exp_": [
        Refusal(
            RuntimeError,
            "result type Float can't be cast to the desired output type Long",
            tensor([1], "int64"),
        )
    ],
    "Tensor.cuda": [Refusal(AssertionError, "Torch not compiled with CUDA enabled", tensor([1]))],
    "Tensor.to": [
        Refusal(AssertionError, "Torch not compiled with CUDA enabled", tensor([1]), "cuda")
    ],
}
