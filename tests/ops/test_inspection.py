"""Questions about tensors, and Python functions applied element by element."""

from __future__ import annotations

from typing import Any

import pytest

import penlight
from penlight.ops import inspection

try:
    import torch
except ImportError:
    torch = None

LIBRARIES = [penlight, torch] if torch else [penlight]


def test_questions_about_what_an_object_is() -> None:
    x = penlight.zeros(2, 3)
    assert inspection.is_tensor(x)
    assert not inspection.is_tensor([0.0])
    assert not inspection.is_storage(x)
    assert inspection.is_floating_point(x)
    assert not inspection.is_floating_point(penlight.ones(1, dtype=penlight.int64))
    assert inspection.is_signed(x)
    assert not inspection.is_signed(penlight.ones(1, dtype=penlight.uint8))
    assert not inspection.is_complex(x)
    assert inspection.numel(x) == 6
    with pytest.raises(TypeError, match="must be Tensor, not list"):
        inspection.numel([1])


@pytest.mark.parametrize(
    "expression, answer",
    [
        ("T.zeros(2).is_same_size(T.ones(2))", True),
        ("T.zeros(2).is_same_size(T.ones(2, 1))", False),
        ("T.tensor([0.0]).is_nonzero()", False),
        ("T.tensor(3).is_nonzero()", True),
        ("2 in T.tensor([1, 2])", True),
        ("2.5 in T.tensor([1, 2])", False),
        ("T.tensor(2) in T.tensor([1, 2])", True),
        ("T.tensor([1, 2]).apply_(lambda a: a * 1.5).tolist()", [1, 3]),
        ("T.tensor([1, 2]).map_(T.tensor([3]), lambda a, b: a * b).tolist()", [3, 6]),
        ("tuple(T.broadcast_shapes((2, 1), (3,), 1))", (2, 3)),
        ("[x.tolist() for x in T.broadcast_tensors(T.ones(2), T.zeros(1))]", [[1, 1], [0, 0]]),
    ],
)
def test_answers_are_torchs(expression: str, answer: Any) -> None:
    for library in LIBRARIES:
        assert eval(expression, {"T": library}) == answer


@pytest.mark.parametrize(
    "expression, error, phrase",
    [
        (
            "T.zeros(2).is_nonzero()",
            RuntimeError,
            "Boolean value of Tensor with more than one value",
        ),
        ("T.zeros(0).is_nonzero()", RuntimeError, "Boolean value of Tensor with no values"),
        ("'a' in T.zeros(2)", RuntimeError, "Tensor.__contains__ only supports Tensor or scalar"),
        (
            "T.ones(2, requires_grad=True).apply_(abs)",
            RuntimeError,
            "Can't call apply_() on Variable",
        ),
        (
            "T.broadcast_shapes((2,), (3,))",
            RuntimeError,
            "broadcast a dimension of length 3 at -1!",
        ),
        ("T.broadcast_tensors(T.ones(2), T.ones(3))", RuntimeError, "The size of tensor a (2)"),
    ],
)
def test_refusals_are_torchs(expression: str, error: type[Exception], phrase: str) -> None:
    for library in LIBRARIES:
        with pytest.raises(error) as caught:
            eval(expression, {"T": library})
        assert phrase in str(caught.value)
