# ruff: noqa: E501 - one expression a line is what makes the tables readable
"""Clipping gradients and parameters as one vector, beside torch and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from expressions import compare

import penlight
from penlight.nn.utils import clip_grad_norm_
from penlight.ops.table_memory import rows_of

SETUP = """
inf, nan = float("inf"), float("nan")
def made(*grads):
    params = []
    for grad in grads:
        param = nn.Parameter(torch.zeros(len(grad) if grad else 1))
        if grad:
            param.grad = torch.tensor(grad)
        params.append(param)
    return params
def after(call, *grads):
    params = made(*grads)
    result = call(params)
    return result, [param.grad for param in params]
U = nn.utils
"""

EXPRESSIONS = [
    *(
        f"after(lambda ps: U.clip_grad_norm_(ps, {limit}, norm_type={order}), [3.0, 4.0], None, [-12.0])"
        for limit in (1.0, 100.0, 2)
        for order in (2.0, 1, "inf", 0, 3.5, "-inf", "'inf'")
    ),
    "after(lambda ps: U.clip_grad_norm_(ps[0], 1.0), [3.0, 4.0])",
    "after(lambda ps: U.clip_grad_norm_(iter(ps), 1.0), [3.0, 4.0], [5.0])",
    "after(lambda ps: U.clip_grad_norm_(ps, 1.0), None)",
    "after(lambda ps: U.clip_grad_norm_([], 1.0))",
    "after(lambda ps: U.clip_grad_norm_(iter([]), 1.0))",
    "after(lambda ps: U.clip_grad_norm_(ps, 1.0, foreach=False), [0.0, 0.0])",
    "after(lambda ps: U.clip_grad_norm_(ps, 1.0, error_if_nonfinite=True), [1.0, nan])",
    "after(lambda ps: U.clip_grad_norm_(ps, 1.0, error_if_nonfinite=True), [1.0, inf])",
    "after(lambda ps: U.clip_grad_norm_(ps, 1.0), [1.0, nan])",
    "after(lambda ps: U.clip_grad_norm_(ps, 1.0), [1.0, inf])",
    "after(lambda ps: U.clip_grad_norm(ps, 1.0), [1.0, inf])",
    "after(lambda ps: U.clip_grad_value_(ps, 2.5), [3.0, -4.0, 1.0], None)",
    "after(lambda ps: U.clip_grad_value_(ps[0], 2, foreach=False), [3.0, -4.0, 1.0])",
    "U.get_total_norm([torch.tensor([3.0]), torch.tensor([4.0])])",
    "U.get_total_norm([])",
    "U.get_total_norm(torch.tensor([3.0, 4.0]), 1)",
    "after(lambda ps: U.clip_grads_with_norm_(ps, 1.0, torch.tensor(4.0)), [8.0])",
    "U.parameters_to_vector([torch.ones(2, 2), torch.zeros(1)])",
    "U.parameters_to_vector([nn.Parameter(torch.ones(1)), nn.Parameter(torch.zeros(1))]).requires_grad",
    "(lambda ps: (U.vector_to_parameters(torch.arange(3.0), ps), ps))(made([1.0, 1.0], [5.0]))",
    "U.vector_to_parameters([1.0], [])",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_gives_what_torch_gives(expression: str) -> None:
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    compare(expression, torch, SETUP)


def test_clipping_divides_by_the_norm_and_returns_it() -> None:
    weight = penlight.nn.Parameter(penlight.zeros(2))
    weight.grad = penlight.tensor([3.0, 4.0])
    assert clip_grad_norm_([weight], 1.0).item() == 5.0
    np.testing.assert_allclose(weight.grad.numpy(), [0.6, 0.8], rtol=1e-6)


def test_a_nonfinite_norm_says_which_gradient() -> None:
    good, bad = (penlight.nn.Parameter(penlight.zeros(1)) for _ in range(2))
    good.grad, bad.grad = penlight.tensor([1.0]), penlight.tensor([math.inf])
    with pytest.raises(RuntimeError, match=r"non-finite.*gradient 1 of 2, with norm inf"):
        clip_grad_norm_([good, bad], 1.0, error_if_nonfinite=True)


@pytest.mark.parametrize("dtype", [penlight.float32, penlight.float64])
def test_many_gradients_are_clipped_as_one_by_one(dtype) -> None:
    shapes = [(3, 4), (0, 2), (), (5000,), (70, 80), (7,)]
    penlight.manual_seed(1)
    grads = [penlight.randn(shape, dtype=dtype) for shape in shapes]
    grads.append(penlight.randn(6, 5, dtype=dtype).t())
    params = [penlight.nn.Parameter(penlight.zeros(grad.shape, dtype=dtype)) for grad in grads]
    for param, grad in zip(params, grads, strict=True):
        param.grad = grad.clone()
    versions = [param.grad._version for param in params]
    total = clip_grad_norm_(params, 0.5)
    expected = penlight.cat([grad.reshape(-1) for grad in grads]).norm()
    tolerance = 2e-6 if dtype is penlight.float32 else 1e-14
    assert total.dtype is dtype
    np.testing.assert_allclose(total.item(), expected.item(), rtol=tolerance)
    factor = 0.5 / (total + 1e-6)
    for param, grad, version in zip(params, grads, versions, strict=True):
        assert penlight.equal(param.grad, grad * factor)
        assert param.grad._version > version


def test_gradients_of_several_dtypes_and_layouts_go_the_long_way() -> None:
    grads = [penlight.full((2,), 3.0), penlight.full((2,), 4.0, dtype=penlight.float64)]
    grads.append(penlight.full((4, 6), 2.0)[::2, ::3])
    params = [penlight.nn.Parameter(penlight.zeros_like(grad)) for grad in grads]
    for param, grad in zip(params, grads, strict=True):
        param.grad = grad.clone() if grad.dim() == 1 else grad
    assert clip_grad_norm_(params, 1.0).item() == pytest.approx(66**0.5)
    assert params[2].grad.tolist() == [[pytest.approx(2 / 66**0.5)] * 2] * 2


def test_what_is_not_clipped_keeps_its_values() -> None:
    param = penlight.nn.Parameter(penlight.zeros(3))
    param.grad = penlight.tensor([0.1, -0.2, 0.3])
    clip_grad_norm_([param], 100.0)
    assert param.grad.tolist() == penlight.tensor([0.1, -0.2, 0.3]).tolist()


def test_clipping_keeps_what_is_known_of_a_tables_rows() -> None:
    table = penlight.nn.Embedding(400_000, 3)
    table(penlight.tensor([7, 9])).sum().backward()
    grad = table.weight.grad
    assert rows_of(grad) is not None
    assert clip_grad_norm_(table.parameters(), 1.0).item() == pytest.approx(6**0.5)
    assert rows_of(grad).indices.tolist() == [7, 9]
    assert int((grad != 0).sum()) == 6
    np.testing.assert_allclose(grad[7].tolist(), [1 / 6**0.5] * 3, rtol=1e-5)
