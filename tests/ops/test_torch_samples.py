"""torch's own sample inputs of its operators (OpInfo): the table of what agrees is right."""

from __future__ import annotations

import pytest
from ops import torch_samples

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

ROWS = torch_samples.read_table()


@pytest.fixture(scope="module")
def operators() -> dict[str, object]:
    return torch_samples.operators()


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.samples is not None])
def test_operator_agrees_as_often_as_the_table_says(name: str, operators: dict) -> None:
    row = ROWS[name]
    samples, differing = torch_samples.measure(name, operators[name])
    assert samples == row.samples
    assert len(differing) == row.samples - row.agree, "\n".join(differing)


def test_every_operator_of_torch_is_in_the_table(operators: dict) -> None:
    assert sorted(ROWS) == sorted(operators)


def test_what_does_not_agree_has_a_reason() -> None:
    for name, (samples, agree, reason, _) in ROWS.items():
        if samples is None or agree < samples:
            assert len(reason) > 1, name
        else:
            assert not reason, name


def test_nearly_all_samples_agree() -> None:
    counted = [row for row in ROWS.values() if row.samples is not None]
    assert sum(row.agree for row in counted) >= 0.97 * sum(row.samples for row in counted)
