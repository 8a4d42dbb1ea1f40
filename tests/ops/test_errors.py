"""Inputs to be refused raise torch's exception type with torch's key phrase, and say more."""

from __future__ import annotations

import re
from typing import Any

import oracle
import pytest

import penlight

CASES = [
    pytest.param(name, refusal, id=f"{name}-{number}")
    for name, refusals in oracle.REFUSALS.items()
    for number, refusal in enumerate(refusals)
]


def call(namespace: Any, name: str, refusal: Any, convert: Any) -> None:
    """Run the call that is to be refused."""
    options = {key: convert(value) for key, value in refusal.kwargs.items()}
    oracle.resolve(namespace, name)(*convert(refusal.args), **options)


@pytest.mark.parametrize("name, refusal", CASES)
def test_bad_input_is_refused_clearly(name: str, refusal: Any) -> None:
    with pytest.raises(refusal.error, match=re.escape(refusal.phrase)) as caught:
        call(penlight, name, refusal, oracle.to_penlight)
    assert type(caught.value) is refusal.error
    assert refusal.ours in str(caught.value)


@pytest.mark.parametrize("name, refusal", CASES)
def test_torch_refuses_with_the_same_phrase(name: str, refusal: Any) -> None:
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    with pytest.raises(refusal.error, match=re.escape(refusal.phrase)) as caught:
        call(torch, name, refusal, oracle.to_torch)
    assert type(caught.value) is refusal.error
