"""A state dict that does not fit: the one rule, and a call that makes it fit, tried out here."""

from __future__ import annotations

import re
from collections import OrderedDict

import pytest

import penlight
from penlight import nn


class Model(nn.Module):
    """A small classifier of words."""

    def __init__(self, words: int = 7, classes: int = 3) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, 4)
        self.encoder = nn.ModuleDict(
            {"layers": nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 6)]), "norm": nn.LayerNorm(6)}
        )
        self.head = nn.Linear(6, classes)


def message_of(model, given) -> str:
    with pytest.raises(RuntimeError) as caught:
        model.load_state_dict(given)
    return str(caught.value)


def assert_fixed(model, given, expected=None) -> str:
    """Find the call in the message, make it, and compare what was loaded; return the message."""
    text = message_of(model, given)
    (call,) = re.findall(r"^\t\t(model\S*\.load_state_dict.*)$", text, flags=re.MULTILINE)
    scope = {"torch": penlight, "model": model, "state_dict": given, "checkpoint": given}
    eval(call, scope)
    if expected is not None:
        loaded = model.state_dict()
        assert all(penlight.equal(loaded[key], value) for key, value in expected.items())
    assert text.index(call) < min(
        text.index(word) for word in ("Missing", "Unexpected", "size mism") if word in text
    )
    return text


@pytest.fixture
def state():
    """What was saved: of a model of other weights."""
    penlight.manual_seed(1)
    return Model().state_dict()


def prefixed(state, prefix):
    return OrderedDict((prefix + key, value) for key, value in state.items())


@pytest.mark.parametrize("prefix", ["module.", "model.", "net.model.", "_orig_mod."])
def test_a_prefix_too_much(state, prefix):
    text = assert_fixed(Model(), prefixed(state, prefix), state)
    assert f'Every key of the state dict has the prefix "{prefix}"' in text


def test_a_prefix_beside_other_things(state):
    given = {**prefixed(state, "student."), "loss.weight": penlight.ones(2)}
    text = assert_fixed(Model(), given, state)
    assert 'Every key that the model needs of the state dict has the prefix "student."' in text


def test_a_prefix_that_is_lacking(state):
    model = nn.ModuleDict({"inner": Model()})
    text = assert_fixed(model, state, prefixed(state, "inner."))
    assert 'has the prefix "inner."' in text
    assert "model.inner (Model)" in text


def test_the_state_of_a_part(state):
    model = nn.ModuleDict({"inner": Model(), "other": nn.Linear(2, 2)})
    text = assert_fixed(model, state, prefixed(state, "inner."))
    assert 'Some of its names have the prefix "inner."' in text


def test_a_part_that_could_be_one_of_several_is_not_named():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    assert "\t\t" not in message_of(model, nn.Linear(2, 2).state_dict())


@pytest.mark.parametrize("key", ["state_dict", "model"])
def test_one_level_down(state, key):
    text = assert_fixed(Model(), {"epoch": 3, key: state}, state)
    assert f'stands one level down, under "{key}" (beside "epoch")' in text


def test_one_level_down_and_with_a_prefix(state):
    text = assert_fixed(Model(), {"state_dict": prefixed(state, "model."), "epoch": 1}, state)
    assert 'under "state_dict" (beside "epoch"). Of that part:' in text
    assert 'has the prefix "model."' in text


@pytest.mark.parametrize(
    "old, new",
    [
        ("head", "classifier"),
        ("encoder.layers", "blocks"),
        ("layers", "attention.stack"),
        ("encoder.norm", "encoder.ln"),
        ("embedding", "word.embedding"),
    ],
)
def test_a_block_of_another_name(state, old, new):
    given = OrderedDict((key.replace(old, new), value) for key, value in state.items())
    text = assert_fixed(Model(), given, state)
    assert "renamed, all of them fit" in text


def test_a_transposed_weight(state):
    given = {key: value.t() if key == "head.weight" else value for key, value in state.items()}
    text = assert_fixed(Model(), given, state)
    assert '"head.weight" is transposed in the state dict' in text


def test_several_transposed_weights(state):
    keys = ("head.weight", "encoder.layers.1.weight", "embedding.weight")
    given = {key: value.t() if key in keys else value for key, value in state.items()}
    text = assert_fixed(Model(), given, state)
    assert "are transposed in the state dict" in text


@pytest.mark.parametrize("words", [5, 9])
def test_a_vocabulary_of_another_size(words):
    penlight.manual_seed(1)
    given = Model(words).state_dict()
    model = Model()
    before = model.embedding.weight.detach().clone()
    text = assert_fixed(model, given)
    assert f'"embedding.weight" has {words} rows in the state dict and 7 in the model' in text
    kept = min(words, 7)
    assert penlight.equal(model.embedding.weight[:kept], given["embedding.weight"][:kept])
    assert penlight.equal(model.embedding.weight[kept:], before[kept:])


def test_classes_of_another_number():
    text = assert_fixed(Model(), Model(classes=5).state_dict())
    assert '"head.weight", "head.bias" have 5 rows in the state dict and 3 in the model' in text


def test_no_rule_is_named_where_none_explains_everything(state):
    odd = {**state, "head.weight": penlight.ones(5, 5)}
    other = {"weights": penlight.ones(2)}
    half = {key: value for key, value in state.items() if "norm" not in key}
    for given in (odd, other, half, {}, {"a": 1}, {**prefixed(state, "m."), "m.head.bias": 3}):
        assert "\t\t" not in message_of(Model(), given)


def test_values_that_are_no_tensors_get_torchs_words(state):
    text = message_of(Model(), {**state, "head.bias": 3})
    assert 'While copying the parameter named "head.bias", expected torch.Tensor' in text


def test_long_lists_are_shortened():
    model = nn.Sequential(*[nn.Linear(2, 2) for _ in range(20)])
    text = message_of(model, {f"x{i}": penlight.ones(3) for i in range(30)})
    assert text.count('.weight"') == 5
    assert "... and 30 more" in text
    assert "... and 20 more" in text
    wide = nn.Sequential(*[nn.Linear(3, 2) for _ in range(20)])
    text = message_of(model, wide.state_dict())
    assert text.count("size mismatch") == 5
    assert "... and 15 more like these." in text


def test_without_strict_shapes_are_still_explained():
    model = Model()
    with pytest.raises(RuntimeError, match="rows in the state dict"):
        model.load_state_dict(Model(9).state_dict(), strict=False)
