"""What modules pass on to what makes their tensors, and names for the types of sizes."""

from __future__ import annotations

import pytest

import penlight

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

GIVEN = [
    None,
    {},
    {"device": "cpu"},
    {"factory_kwargs": {"dtype": "wide"}, "device": "cpu"},
    {"memory_format": 1, "dtype": 2},
]


@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_arguments_of_a_factory_are_gathered(given):
    assert penlight.nn.factory_kwargs(given) == torch.nn.factory_kwargs(given)


@pytest.mark.parametrize("given", [{"x": 1}, {"dtype": 1, "factory_kwargs": {"dtype": 2}}], ids=str)
def test_other_arguments_of_a_factory_are_refused(given):
    for library in (penlight, torch):
        with pytest.raises(TypeError, match=r"unexpected kwargs \{'x'\}|dtype specified twice"):
            library.nn.factory_kwargs(given)


def test_every_name_of_a_size_is_there():
    theirs = {name for name in vars(torch.nn.common_types) if name.endswith("_t")}
    assert theirs <= set(vars(penlight.nn.common_types))
