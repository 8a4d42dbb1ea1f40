"""5,000 index expressions, read and written, give what torch gives: values, errors, gradients.

The expressions are drawn from a fixed seed, so a failure names one that can be run again.
"""

from __future__ import annotations

import random
import warnings
from typing import Any

import pytest

import penlight

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

COUNT = 5000
SHAPES = ((), (3,), (1,), (2, 3), (3, 1, 2), (2, 3, 2, 2), (0, 2), (4, 0))


class Drawn:
    """One index expression as text, with the shape of what it is an index of."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.shape = self.draw.choice(SHAPES)
        self.dtype = self.draw.choice(("float64", "float32", "int64", "bool"))
        self.together = self.draw.choice(([2], [3], [2, 2], [1], []))
        self.key = self.expression()

    def expression(self) -> str:
        """Return the text between the brackets."""
        draw = self.draw
        items: list[str] = []
        place = 0
        ellipsis = draw.random() < 0.25
        while place < len(self.shape) and draw.random() < 0.85:
            if ellipsis and draw.random() < 0.4:
                items.append("...")
                ellipsis = False
                place += draw.randrange(len(self.shape) - place + 1)
                continue
            text, taken = self.item(place)
            items.append(text)
            place += taken
        if draw.random() < 0.05:
            items.append(str(draw.choice((7, "None", "5:1", "1.5"))))
        if not items:
            return draw.choice(("...", "()", "None", "True", "False", ":" if self.shape else "..."))
        return ", ".join(items) + ("," if draw.random() < 0.1 else "")

    def item(self, place: int) -> tuple[str, int]:
        """Return one item of a key, and how many dimensions it takes up."""
        draw, length = self.draw, self.shape[place]
        kind = draw.choice(("int", "slice", "slice", "None", "index", "index", "list", "mask"))
        if kind == "None":
            return "None", 0
        if kind == "slice" or (not length and kind != "mask"):
            return self.slice(length), 1
        if kind == "int":
            number = draw.randrange(-length, length) if draw.random() < 0.97 else length
            return draw.choice((f"{number}", f"torch.tensor({number})")), 1
        if kind == "list":
            return str([draw.randrange(-length, length) for _ in range(draw.randint(1, 3))]), 1
        if kind == "mask":
            taken = draw.randint(1, len(self.shape) - place)
            return self.mask(self.shape[place : place + taken]), taken
        return self.index(length), 1

    def slice(self, length: int) -> str:
        """Return a slice with its ends inside and outside."""
        ends = [str(self.draw.randint(-length - 1, length + 1)) for _ in range(2)]
        first, last = (end if self.draw.random() < 0.6 else "" for end in ends)
        step = f":{self.draw.randint(1, 3)}" if self.draw.random() < 0.3 else ""
        return f"{first}:{last}{step}"

    def index(self, length: int) -> str:
        """Return an index tensor of a shape that broadcasts with the others'."""
        draw = self.draw
        shape = [draw.choice((1, size)) for size in self.together]
        shape = shape[draw.randint(0, len(shape)) :]
        count = 1
        for size in shape:
            count *= size
        values = [draw.randrange(-length, length) for _ in range(count)]
        kind = draw.choice(("int64", "int64", "int32"))
        return f"torch.tensor({values}, dtype=torch.{kind}).reshape({shape})"

    def mask(self, shape: tuple[int, ...]) -> str:
        """Return a mask of these lengths, rarely of wrong ones."""
        draw = self.draw
        count = 1
        for size in shape:
            count *= size
        flags = [draw.random() < 0.5 for _ in range(count)]
        if draw.random() < 0.03 and count:
            return f"torch.tensor({flags[1:]}, dtype=torch.bool)"
        return f"torch.tensor({flags}, dtype=torch.bool).reshape({list(shape)})"

    def value(self) -> str:
        """Return what to write: a number, or a tensor that may or may not broadcast."""
        draw = self.draw
        if draw.random() < 0.4:
            return draw.choice(("1", "2.5", "True"))
        shape = draw.choice(([], [1], [2], [3], [2, 2], [1, 3], [2, 1], list(self.shape)))
        kind = self.dtype if draw.random() < 0.9 else "float64"
        return f"torch.ones({shape}, dtype=torch.{kind})"


def outcome(namespace: Any, text: str, drawn: Drawn) -> Any:
    """Return what a statement leaves in ``out``, or the type of its error."""
    scope = {"torch": namespace, "x": start(namespace, drawn)}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(text, scope)
    except Exception as error:  # noqa: BLE001 - compared
        return type(error).__name__
    return scope["out"]


def start(namespace: Any, drawn: Drawn) -> Any:
    """Return the tensor that is indexed: every element another number."""
    count = 1
    for size in drawn.shape:
        count *= size
    values = namespace.arange(count).reshape(drawn.shape)
    made = values.to(getattr(namespace, drawn.dtype))
    return made.requires_grad_() if made.is_floating_point() else made


def assert_same(mine: Any, theirs: Any, text: str) -> None:
    """Compare two outcomes."""
    if isinstance(theirs, str) or isinstance(mine, str):
        assert mine == theirs, f"{text}: penlight {mine!r}; torch {theirs!r}"
        return
    assert tuple(mine.shape) == tuple(theirs.shape), text
    assert str(mine.dtype) == str(theirs.dtype), text
    assert mine.detach().tolist() == theirs.detach().tolist(), text


READ = "out = x[{key}]"
GRADIENT = """
y = x[{key}]
(y * torch.arange(1, y.numel() + 1).reshape(y.shape)).sum().backward()
out = x.grad
"""
WRITE = """
out = x * 1
out[{key}] = {value}
"""
WRITE_UNRECORDED = """
out = x.detach().clone()
out[{key}] = {value}
"""


@pytest.mark.parametrize("part", range(5))
def test_index_expressions_read_and_write_as_in_torch(part: int) -> None:
    for seed in range(part * COUNT // 5, (part + 1) * COUNT // 5):
        drawn = Drawn(seed)
        texts = [READ.format(key=drawn.key)]
        write = drawn.draw.choice((WRITE, WRITE_UNRECORDED))
        texts.append(write.format(key=drawn.key, value=drawn.value()))
        if drawn.dtype == "float64":
            texts.append(GRADIENT.format(key=drawn.key))
        for text in texts:
            mine, theirs = outcome(penlight, text, drawn), outcome(torch, text, drawn)
            assert_same(mine, theirs, f"seed {seed}, shape {drawn.shape} {drawn.dtype}: {text}")
