"""The Transformer against torch: drawing, values, gradients, dropout, padding, warnings, errors."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

import penlight

try:
    import torch
except ImportError:
    torch = None

oracle = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")

SIZE, HEADS, HIDDEN = 8, 2, 12
SOURCE, TARGET, BATCH = 5, 4, 3


def array(tensor):
    return tensor.detach().numpy()


def values(seed, *shape):
    return np.random.RandomState(seed).randn(*shape).astype(np.float32)


def quietly(make):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


def layers(side, kind, **options):
    layer = getattr(side.nn, f"Transformer{kind}Layer")
    return layer(SIZE, HEADS, HIDDEN, **options)


def stack(side, kind, *, norm=True, **options):
    layer = layers(side, kind, **options)
    norm = side.nn.LayerNorm(SIZE) if norm else None
    return quietly(lambda: getattr(side.nn, f"Transformer{kind}")(layer, 2, norm))


MAKERS = {
    "encoder layer": lambda side, **options: layers(side, "Encoder", **options),
    "decoder layer": lambda side, **options: layers(side, "Decoder", **options),
    "encoder": lambda side, **options: stack(side, "Encoder", **options),
    "decoder": lambda side, **options: stack(side, "Decoder", **options),
    "transformer": lambda side, **options: quietly(
        lambda: side.nn.Transformer(SIZE, HEADS, 2, 1, HIDDEN, **options)
    ),
}
OPTIONS = [
    {},
    {"norm_first": True, "activation": "gelu"},
    {"batch_first": True, "bias": False},
    {"batch_first": True, "layer_norm_eps": 0.1, "dropout": 0.0},
]
MODULES = [
    {"activation": lambda side: side.nn.functional.silu},
    {"activation": lambda side: side.nn.GELU()},
]


def made(side, name, options):
    side.manual_seed(3)
    given = {key: value(side) if callable(value) else value for key, value in options.items()}
    return MAKERS[name](side, **given)


def sequences(side, name, *, batch_first, is_batched=True):
    """Return what a module takes: its source, its target and what is encoded, or both."""
    lengths = {"transformer": (SOURCE, TARGET), "encoder": (SOURCE,), "encoder layer": (SOURCE,)}
    given = []
    for seed, length in enumerate(lengths.get(name, (TARGET, SOURCE))):
        numbers = values(seed, length, BATCH, SIZE)
        if not is_batched:
            numbers = numbers[:, 0]
        elif batch_first:
            numbers = numbers.swapaxes(0, 1)
        given.append(side.tensor(np.ascontiguousarray(numbers), requires_grad=True))
    return given


def masks(side, name):
    """Return masks by the names that a module gives them."""
    hidden = np.arange(SOURCE) >= np.array([SOURCE, 3, 4])[:, None]
    source = side.tensor(np.where(hidden, -np.inf, 0).astype(np.float32))
    causal = side.nn.Transformer.generate_square_subsequent_mask(TARGET)
    over = side.tensor(values(9, TARGET, SOURCE))
    decoder = {
        "tgt_mask": causal,
        "memory_mask": over,
        "memory_key_padding_mask": source,
        "tgt_is_causal": True,
    }
    if name == "transformer":
        return {**decoder, "src_key_padding_mask": source}
    if name.startswith("decoder"):
        return decoder
    where = "mask" if name == "encoder" else "src_mask"
    return {where: side.tensor(values(9, SOURCE, SOURCE)), "src_key_padding_mask": source}


def run(side, module, given, named):
    module.zero_grad()
    side.manual_seed(5)
    out = module(*given, **named)
    numbers = np.cos(np.arange(out.numel())).reshape(tuple(out.shape)).astype(np.float32)
    (out * side.tensor(numbers)).sum().backward()
    found = {"out": out, "after": side.rand(1)}
    found |= {f"grad of input {i}": x.grad for i, x in enumerate(given)}
    found |= {f"grad of {name}": p.grad for name, p in module.named_parameters()}
    return {name: array(tensor) for name, tensor in found.items()}, type(out.grad_fn).__name__


def close(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name, expected in theirs.items():
        size = np.abs(expected).max(initial=1.0)
        np.testing.assert_allclose(ours[name], expected, rtol=5e-5, atol=5e-6 * size, err_msg=name)


@oracle
@pytest.mark.parametrize("options", OPTIONS + MODULES)
@pytest.mark.parametrize("name", MAKERS)
def test_module_is_torchs(name, options):
    ours, theirs = (made(side, name, options) for side in (penlight, torch))
    assert repr(ours) == repr(theirs)
    for (key, mine), (other, parameter) in zip(
        ours.state_dict().items(), theirs.state_dict().items(), strict=True
    ):
        assert key == other
        np.testing.assert_array_equal(array(mine), array(parameter))
    batch_first = options.get("batch_first", False)
    for training in (True, False):
        for is_batched, masked in ((True, False), (True, True), (False, False)):
            results, nodes = [], []
            for side, module in ((penlight, ours), (torch, theirs)):
                given = sequences(side, name, batch_first=batch_first, is_batched=is_batched)
                named = masks(side, name) if masked else {}
                found, node = run(side, module.train(training), given, named)
                results.append(found)
                nodes.append(node)
            close(*results)
            assert nodes[0] == nodes[1]


@oracle
@pytest.mark.parametrize("kind", ["left", "scattered", "none"])
@pytest.mark.parametrize("nested", [True, False])
def test_an_encoder_in_inference_gives_what_torchs_does(kind, nested):
    outs = []
    hidden = {
        "left": np.arange(SOURCE) >= np.array([SOURCE, 3, 2])[:, None],
        "scattered": np.arange(SOURCE) % 3 == np.array([1, 2, 3])[:, None],
        "none": None,
    }[kind]
    for side in (penlight, torch):
        side.manual_seed(3)
        layer = layers(side, "Encoder", batch_first=True)
        with warnings.catch_warnings():
            # torch says that nested tensors are a prototype.
            warnings.simplefilter("ignore")
            encoder = side.nn.TransformerEncoder(layer, 2, enable_nested_tensor=nested).eval()
            with side.no_grad():
                named = {} if hidden is None else {"src_key_padding_mask": side.tensor(hidden)}
                outs.append(array(encoder(side.tensor(values(0, BATCH, SOURCE, SIZE)), **named)))
    np.testing.assert_allclose(*outs, rtol=5e-5, atol=5e-6)


@oracle
def test_the_fast_path_of_inference_can_be_switched_off():
    outs = []
    hidden = np.arange(SOURCE) >= np.array([SOURCE, 3, 2])[:, None]
    for side in (penlight, torch):
        side.manual_seed(3)
        encoder = side.nn.TransformerEncoder(layers(side, "Encoder", batch_first=True), 1).eval()
        x = side.tensor(values(0, BATCH, SOURCE, SIZE))
        side.backends.mha.set_fastpath_enabled(False)
        try:
            assert not side.backends.mha.get_fastpath_enabled()
            with side.no_grad():
                outs.append(array(encoder(x, src_key_padding_mask=side.tensor(hidden))))
        finally:
            side.backends.mha.set_fastpath_enabled(True)
    assert np.abs(outs[0][hidden]).min() > 0
    np.testing.assert_allclose(*outs, rtol=5e-5, atol=5e-6)


@oracle
def test_a_causal_mask_is_found_out():
    results = []
    for side in (penlight, torch):
        side.manual_seed(3)
        encoder = stack(side, "Encoder", dropout=0.0)
        x = side.tensor(values(0, SOURCE, BATCH, SIZE), requires_grad=True)
        mask = side.nn.Transformer.generate_square_subsequent_mask(SOURCE)
        results.append([array(encoder(x, mask)), array(encoder(x, mask, is_causal=True))])
    for mine, other in zip(*results, strict=True):
        np.testing.assert_allclose(mine, other, rtol=5e-5, atol=5e-6)


WHY = [
    ({}, {}, "encoder_layer.self_attn.batch_first was not True(use batch_first for better"),
    ({"norm_first": True}, {}, "encoder_layer.norm_first was True"),
    ({"batch_first": True, "bias": False}, {}, "encoder_layer.self_attn was passed bias=False"),
    (
        {"batch_first": True, "activation": "silu"},
        {},
        "encoder_layer.activation_relu_or_gelu was not True",
    ),
    ({"batch_first": True}, {"nhead": 1}, "encoder_layer.self_attn.num_heads is odd"),
]


@oracle
@pytest.mark.parametrize("options, sizes, why", WHY, ids=str)
def test_why_there_are_no_nested_tensors_is_said_as_by_torch(options, sizes, why):
    for side in (penlight, torch):
        given = dict(options)
        if given.get("activation") == "silu":
            given["activation"] = side.nn.functional.silu
        layer = side.nn.TransformerEncoderLayer(SIZE, sizes.get("nhead", HEADS), HIDDEN, **given)
        phrase = f"enable_nested_tensor is True, but self.use_nested_tensor is False because {why}"
        with pytest.warns(UserWarning, match=re.escape(phrase)):
            encoder = side.nn.TransformerEncoder(layer, 1)
        assert not encoder.use_nested_tensor


@oracle
def test_what_does_not_fit_is_refused_as_by_torch():
    for side in (penlight, torch):
        model = made(side, "transformer", {})
        with pytest.raises(RuntimeError, match="the batch number of src and tgt must be equal"):
            model(side.zeros(5, 3, 8), side.zeros(4, 2, 8))
        with pytest.raises(RuntimeError, match="the feature number of src and tgt must be equal"):
            model(side.zeros(5, 3, 8), side.zeros(4, 3, 7))
        with pytest.raises(RuntimeError, match="activation should be relu/gelu, not tanh"):
            layers(side, "Decoder", activation="tanh")


@oracle
def test_state_goes_both_ways():
    ours, theirs = (made(side, "transformer", {}) for side in (penlight, torch))
    state = {name: penlight.tensor(t.numpy()) for name, t in theirs.state_dict().items()}
    ours.load_state_dict(state)
    theirs.load_state_dict({n: torch.tensor(t.numpy()) for n, t in ours.state_dict().items()})


@oracle
def test_encoders_of_ones_own_are_taken():
    texts = []
    for side in (penlight, torch):
        model = quietly(
            lambda side=side: side.nn.Transformer(
                SIZE, HEADS, custom_encoder=side.nn.Identity(), custom_decoder=side.nn.Identity()
            )
        )
        texts.append(repr(model))
    assert texts[0] == texts[1]
