"""Second gradients against finite differences, on samples of a tenth of torch's operators."""

from __future__ import annotations

import pytest
from ops import second_gradients, torch_samples

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

TENTH = second_gradients.chosen_tenth()


@pytest.fixture(scope="module")
def operators() -> dict[str, object]:
    return torch_samples.operators()


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, id=f"{TENTH}-{name}") for name in second_gradients.operators_of(TENTH)],
)
def test_second_gradients_are_those_of_differences(name: str, operators: dict) -> None:
    info = operators[name]
    if not second_gradients.has_second_gradient(info):
        pytest.skip("torch has no second gradient of it in double precision")
    assert second_gradients.check(info) > 0


def test_nearly_every_operator_is_checked(operators: dict) -> None:
    differentiable = {
        name
        for name, row in torch_samples.read_table().items()
        if row.samples is not None and second_gradients.has_second_gradient(operators[name])
    }
    checked = differentiable.intersection(second_gradients.operators_of("all"))
    assert len(checked) >= 0.97 * len(differentiable)
