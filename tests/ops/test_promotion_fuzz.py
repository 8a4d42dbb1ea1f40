"""5,000 mixtures of dtypes, dimensions and Python numbers meet as in torch: dtypes and values.

The cases are drawn from a fixed seed, so a failure names one that can be run again.
"""

from __future__ import annotations

import random
import warnings
from typing import Any

import pytest

import penlight

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

COUNT = 5000
DTYPES = (
    *("float64", "float32", "float16", "bfloat16"),
    *("int64", "int32", "int16", "int8", "uint8", "bool"),
)
NUMBERS = ("True", "False", "0", "1", "-3", "7", "200", "-1", "2.5", "-0.5")
FILLS = (*NUMBERS, "1e10", "-300")
EXPRESSIONS = (
    *("{a} + {b}", "{a} - {b}", "{a} * {b}", "{a} / {b}", "{a} // {b}", "{a} % {b}"),
    *("{a} == {b}", "{a} < {b}", "{a} >= {b}", "{a} & {b}", "{a} | {b}", "{a} ^ {b}"),
    *("{a} << {b}", "{a} >> {b}", "torch.pow({a}, {b})", "torch.maximum({t}, {u})"),
    *("torch.fmod({t}, {b})", "torch.true_divide({a}, {b})", "torch.atan2({t}, {u})"),
    *("torch.div({a}, {b}, rounding_mode='floor')", "torch.div({a}, {b}, rounding_mode='trunc')"),
    *("torch.add({a}, {b}, alpha=2)", "torch.sub({a}, {b}, alpha=0.5)"),
    *("torch.result_type({a}, {b})", "torch.where({a} == 1, {a}, {b})", "torch.rsub({t}, {b})"),
    *("torch.cat([{t}, {u}])", "torch.stack([{t}, {u}])", "torch.lerp({t}, {u}, 0.5)"),
    *("{t}.add_({b})", "{t}.mul_({b})", "{t}.div_({b})", "{t}.sub_({b})", "{t}.floor_divide_({b})"),
    *("{t}.sum()", "{t}.mean()", "{t}.prod()", "{t}.cumsum(0)", "-{t}", "~{t}", "{t}.abs()"),
    *("{t}.sqrt()", "{t}.exp()", "{t}.floor()", "{t}.to(torch.{d})", "{t}.type_as({u})"),
    *("torch.promote_types(torch.{d}, torch.{e})", "torch.can_cast(torch.{d}, torch.{e})"),
    *("{t}.masked_fill({t} == 1, {n})", "torch.full([2], {n}, dtype=torch.{d})"),
    *("torch.clamp({t}, {n}, 100)", "torch.addcmul({t}, {t}, {u})", "torch.tensor([{n}, {m}])"),
    *("torch.full_like({t}, {n})", "torch.arange({n}, {n} + 3)", "{t}.fill_({n})"),
)
LIMITS = ("finfo", "iinfo")


def tensor(draw: random.Random) -> tuple[str, str]:
    """Return the text of a small tensor of 0 or 1 dimensions, and its dtype."""
    dtype = draw.choice(DTYPES)
    low = 0 if dtype in {"uint8", "bool"} else -4
    values = [draw.randint(low, 4) for _ in range(2)]
    text = str(values if draw.random() < 0.7 else values[0])
    return f"torch.tensor({text}, dtype=torch.{dtype})", dtype


def case(seed: int) -> str:
    """Return one expression."""
    draw = random.Random(seed)
    (t, d), (u, e) = tensor(draw), tensor(draw)
    n, m, number = draw.choice(FILLS), draw.choice(FILLS), draw.choice(NUMBERS)
    a, b = draw.choice(((t, u), (t, u), (t, number), (number, t)))
    return draw.choice(EXPRESSIONS).format(a=a, b=b, t=t, u=u, n=n, m=m, d=d, e=e)


def outcome(namespace: Any, text: str) -> Any:
    """Return the value of an expression, or the type of its error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return eval(text, {"torch": namespace})
    except Exception as error:  # noqa: BLE001 - compared
        return type(error).__name__


def shown(value: Any) -> Any:
    """Return what is compared of a value: the dtype, the shape and the numbers, or the text."""
    if not hasattr(value, "tolist"):
        return str(value)
    numbers = value.double() if value.is_floating_point() else value
    return str(value.dtype), tuple(value.shape), numbers.tolist()


def is_close(mine: Any, theirs: Any) -> bool:
    """Whether two outcomes are one, but for the last digit of floating numbers."""
    if mine == theirs or not isinstance(theirs, tuple) or not isinstance(mine, tuple):
        return mine == theirs
    if mine[:2] != theirs[:2] or "float" not in theirs[0]:
        return False
    digit = {"torch.float64": 2e-15, "torch.float32": 5e-7, "torch.float16": 1e-3}
    wanted = penlight.tensor(theirs[2], dtype=penlight.float64)
    got = penlight.tensor(mine[2], dtype=penlight.float64)
    rtol = digit.get(theirs[0], 8e-3)
    return bool(penlight.allclose(got, wanted, rtol=rtol, atol=0, equal_nan=True))


@pytest.mark.parametrize("part", range(5))
def test_dtypes_meet_as_in_torch(part: int) -> None:
    for seed in range(part * COUNT // 5, (part + 1) * COUNT // 5):
        text = case(seed)
        mine, theirs = shown(outcome(penlight, text)), shown(outcome(torch, text))
        assert is_close(mine, theirs), f"seed {seed}: {text}: penlight {mine}; torch {theirs}"


@pytest.mark.parametrize("dtype", [*DTYPES[:-1], "complex64"])
@pytest.mark.parametrize("limits", LIMITS)
def test_limits_of_dtypes_are_torchs(limits: str, dtype: str) -> None:
    names = ("bits", "max", "min", "dtype", "eps", "tiny", "smallest_normal", "resolution")
    for name in names:
        text = f"torch.{limits}(torch.{dtype}).{name}"
        assert outcome(penlight, text) == outcome(torch, text), text
