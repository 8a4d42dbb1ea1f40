"""Gradients where there is no derivative: ties, zeros, what is left out; recorded from torch."""

from __future__ import annotations

from typing import Any

import pytest

import penlight

try:
    import torch
except ImportError:
    torch = None

LIBRARIES = [penlight, torch] if torch else [penlight]
NAN = float("nan")

# An expression in x, where x is, and the gradient there.
CONVENTIONS = [
    # All elements that are the extreme share the gradient; along a dimension its index gets it.
    ("x.max()", [1.0, 3.0, 3.0], [0, 0.5, 0.5]),
    ("x.min()", [1.0, 1.0, 3.0], [0.5, 0.5, 0]),
    ("x.amax(0)", [1.0, 3.0, 3.0], [0, 0.5, 0.5]),
    ("T.aminmax(x).max", [1.0, 3.0, 3.0], [0, 0.5, 0.5]),
    ("x.max(0).values", [1.0, 3.0, 3.0], [0, 1, 0]),
    ("x.min(0).values", [1.0, 1.0, 3.0], [1, 0, 0]),
    ("x.cummax(0).values", [1.0, 3.0, 3.0], [1, 1, 1]),
    ("x.median()", [2.0, 2.0, 3.0], [0.5, 0.5, 0]),
    ("x.kthvalue(2).values", [3.0, 1.0, 2.0], [0, 0, 1]),
    ("x.topk(2).values", [3.0, 1.0, 2.0], [1, 0, 1]),
    ("x.sort(descending=True).values[0]", [1.0, 3.0, 3.0], [0, 1, 0]),
    # Products do not divide by zero.
    ("x.prod()", [2.0, 0.0, 3.0], [0, 6, 0]),
    ("x.prod()", [0.0, 0.0, 3.0], [0, 0, 0]),
    ("x.prod(0)", [2.0, 0.0, 3.0], [0, 6, 0]),
    ("x.cumprod(0)", [2.0, 0.0, 3.0], [1, 8, 0]),
    # Norms and deviations at zero.
    ("x.norm()", [0.0, 0.0], [0, 0]),
    ("x.norm(1)", [0.0, 2.0], [0, 1]),
    ("x.norm(float('inf'))", [2.0, -2.0, 1.0], [0.5, -0.5, 0]),
    ("x.std()", [1.0, 1.0], [0, 0]),
    # What is not a number is left out.
    ("x.nansum()", [1.0, NAN], [1, 0]),
    ("x.nanmean()", [1.0, NAN, 3.0], [0.5, 0, 0.5]),
    # Infinities do not make NaN of the rest.
    ("x.logsumexp(0)", [-float("inf"), 1.0], [0, 1]),
    # Repeated indices add up; of repeated writes the last one counts.
    ("x[[0, 0, 1]]", [1.0, 2.0], [2, 1]),
    ("x.gather(0, T.tensor([1, 1]))", [1.0, 2.0], [0, 2]),
    ("x.expand(3, 2)", [1.0, 2.0], [3, 3]),
    ("x.as_strided((2, 2), (1, 1))", [1.0, 2.0, 3.0], [1, 2, 1]),
    ("x.unfold(0, 2, 1)", [1.0, 2.0, 3.0], [1, 2, 1]),
]


@pytest.mark.parametrize("expression, at, expected", CONVENTIONS)
def test_gradient_where_there_is_no_derivative(expression: str, at: Any, expected: Any) -> None:
    for library in LIBRARIES:
        x = library.tensor(at, dtype=library.float64, requires_grad=True)
        eval(expression, {"x": x, "T": library}).sum().backward()
        assert x.grad.tolist() == pytest.approx(expected, abs=1e-12)


def test_one_element_has_no_deviation_and_torchs_warning() -> None:
    with pytest.warns(UserWarning, match=r"std\(\): degrees of freedom is <= 0"):
        assert penlight.ones(1).std().isnan()
    with pytest.warns(UserWarning, match=r"var\(\): degrees of freedom is <= 0"):
        assert penlight.ones(2, 1).var(1).isnan().all()


def test_means_of_nothing_are_nan_and_extremes_of_nothing_are_refused() -> None:
    empty = penlight.zeros(0)
    assert empty.mean().isnan()
    assert empty.sum() == 0
    assert empty.prod() == 1
    with pytest.raises(RuntimeError, match="Specify the reduction dim with the 'dim' argument"):
        empty.max()


def test_halves_are_summed_in_float32() -> None:
    x = penlight.full((4096,), 1.0, dtype=penlight.float16)
    assert x.sum() == 4096
    assert (x * 0.1).sum().item() == 409.5


# ---- a tensor that becomes a view of itself ------------------------------------------------------


def test_views_in_place_keep_history_and_earlier_views() -> None:
    for library in LIBRARIES:
        x = library.arange(6.0).view(2, 3).requires_grad_()
        y = x * 2
        row = y[0]
        y.t_()
        assert type(y.grad_fn).__name__ == "TBackward1"
        row.mul_(10)
        y[1].add_(1)
        assert y.tolist() == [[0, 6], [21, 9], [40, 10]]
        (y * library.arange(6.0).view(3, 2)).sum().backward()
        assert x.grad.tolist() == [[0, 40, 80], [2, 6, 10]]


@pytest.mark.parametrize(
    "call, shape, node",
    [
        ("unsqueeze_(0)", (1, 2, 1), "UnsqueezeBackward1"),
        ("squeeze_()", (2,), "SqueezeBackward3"),
        ("squeeze_(1)", (2,), "SqueezeBackward4"),
        ("squeeze_((0, 1))", (2,), "SqueezeBackward5"),
        ("transpose_(0, 1)", (1, 2), "TransposeBackward1"),
        ("t_()", (1, 2), "TBackward1"),
    ],
)
def test_views_in_place_have_torchs_nodes(call: str, shape: Any, node: str) -> None:
    for library in LIBRARIES:
        x = library.ones(2, 1, requires_grad=True)
        y = x * 1
        assert eval(f"y.{call}", {"y": y}) is y
        assert (tuple(y.shape), type(y.grad_fn).__name__) == (shape, node)
        y.sum().backward()
        assert x.grad.tolist() == [[1], [1]]
        with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
            eval(f"x.{call}", {"x": x})
        with library.no_grad():
            eval(f"x.{call}", {"x": x})
        assert (x.is_leaf, tuple(x.shape)) == (True, shape)


def test_resize_keeps_what_fits() -> None:
    x = penlight.arange(6.0)
    assert x.resize_(2, 2).tolist() == [[0, 1], [2, 3]]
    assert x.resize_(5)[:4].tolist() == [0, 1, 2, 3]
    with pytest.raises(RuntimeError, match="cannot resize variables that require grad"):
        penlight.ones(2, requires_grad=True).resize_(3)


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("function", ["index_reduce", "scatter_reduce"])
def test_a_product_with_a_zero_can_be_differentiated_again(function, include_self):
    index = penlight.tensor([0, 1, 0])
    x = penlight.tensor([0.0, 2.0], dtype=penlight.float64, requires_grad=True)
    source = penlight.tensor([3.0, 0.0, 0.0], dtype=penlight.float64, requires_grad=True)

    def call(x, source):
        return getattr(x, function)(0, index, source, "prod", include_self=include_self)

    assert penlight.autograd.gradgradcheck(call, (x, source))


@pytest.mark.parametrize("shape", [(0,), (2, 0)])
def test_gathering_nothing_has_a_gradient_of_zeros(shape):
    x = penlight.ones(5, dtype=penlight.float64, requires_grad=True)
    index = penlight.zeros(shape, dtype=penlight.int64)
    (grad,) = penlight.autograd.grad(x.gather(0, index).sum(), x)
    assert grad.tolist() == [0.0] * 5
    assert penlight.zeros(5).scatter_add(0, index, penlight.ones(shape)).tolist() == [0.0] * 5
