"""Attention against torch: values, gradients, weights, dropout, layouts, errors; and by blocks."""

from __future__ import annotations

import copy
import re
import warnings

import numpy as np
import pytest

import penlight
import penlight.nn.functional as F
from penlight.nn.attention import SDPBackend, sdpa_kernel
from penlight.ops import attention

try:
    import torch
except ImportError:
    torch = None

oracle = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")


def array(tensor):
    return tensor.detach().numpy()


def close(ours, theirs, size=1.0):
    """Require equal arrays, to rounding of sums of about this size."""
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6 * size)


def values(seed, *shape):
    return np.random.RandomState(seed).randn(*shape).astype(np.float32)


def factors(side, out):
    """Return different factors for each element, so that no gradient can be in a wrong place."""
    numbers = np.cos(np.arange(out.numel())).reshape(tuple(out.shape)).astype(np.float32)
    return side.tensor(numbers)


# ---- MultiheadAttention -------------------------------------------------------------------------

OPTIONS = [
    {},
    {"bias": False},
    {"add_bias_kv": True},
    {"add_zero_attn": True},
    {"kdim": 5, "vdim": 7},
    {"kdim": 5, "vdim": 7, "bias": False, "add_bias_kv": True, "add_zero_attn": True},
    {"batch_first": True},
    {"batch_first": True, "add_bias_kv": True, "add_zero_attn": True},
]
CALLS = [
    {},
    {"need_weights": False},
    {"average_attn_weights": False},
    {"attn_mask": "bool"},
    {"attn_mask": "float", "need_weights": False},
    {"attn_mask": "heads", "key_padding_mask": "bool"},
    {"key_padding_mask": "bool", "need_weights": False},
    {"key_padding_mask": "float", "attn_mask": "float", "average_attn_weights": False},
    {"attn_mask": "causal", "is_causal": True, "need_weights": False},
    {"attn_mask": "causal", "is_causal": True},
]
BATCH, LENGTH, KEYS, SIZE, HEADS = 3, 4, 5, 8, 2


def mask(side, kind, keys, is_batched):
    """Return a mask of a kind for attention from LENGTH positions to ``keys``."""
    if kind == "causal":
        return side.ones(LENGTH, keys, dtype=side.bool).triu(1)
    shape = (BATCH * HEADS if is_batched else HEADS, LENGTH, keys)
    numbers = values(5, *(shape if kind == "heads" else shape[1:]))
    if kind == "float":
        return side.tensor(numbers)
    hidden = numbers > 0.5
    hidden[..., 0] = False
    return side.tensor(hidden)


def padding(side, kind, keys, is_batched):
    hidden = np.arange(keys) >= np.array([keys, keys - 1, keys - 2])[:, None]
    if kind == "float":
        hidden = np.where(hidden, -np.inf, 0.5).astype(np.float32)
    return side.tensor(hidden if is_batched else hidden[1])


def pair(name, *sizes, **options):
    """Return the same module on both sides, from the same seed."""
    made = []
    for side in (penlight, torch):
        side.manual_seed(3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made.append(getattr(side.nn, name)(*sizes, **options))
    return made


def attend(side, module, call, *, itself, is_batched):
    """Return the named arrays of one forward and backward."""
    keys = LENGTH if itself else KEYS
    given = []
    sizes = ((LENGTH, SIZE), (keys, module.kdim), (keys, module.vdim))
    for seed, (length, size) in enumerate(sizes):
        numbers = values(seed, length, BATCH, size)
        if not is_batched:
            numbers = numbers[:, 0]
        elif module.batch_first:
            numbers = numbers.swapaxes(0, 1)
        given.append(side.tensor(np.ascontiguousarray(numbers), requires_grad=True))
    if itself:
        given = [given[0]] * 3
    named = dict(call)
    if "attn_mask" in named:
        named["attn_mask"] = mask(side, named["attn_mask"], keys, is_batched)
    if "key_padding_mask" in named:
        named["key_padding_mask"] = padding(side, named["key_padding_mask"], keys, is_batched)
    module.zero_grad()
    out, weights = module(*given, **named)
    total = (out * factors(side, out)).sum()
    if weights is not None:
        total = total + (weights * factors(side, weights)).sum()
    total.backward()
    found = {"out": out, "weights": weights}
    found |= {f"grad of input {i}": x.grad for i, x in enumerate(given)}
    found |= {f"grad of {name}": p.grad for name, p in module.named_parameters()}
    return {name: tensor for name, tensor in found.items() if tensor is not None}


def compare(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        try:
            close(array(ours[name]), array(tensor), size=np.abs(array(tensor)).max(initial=1.0))
        except AssertionError as error:
            error.add_note(name)
            raise
    for name in ("out", "weights"):
        if name in theirs:
            assert type(ours[name].grad_fn).__name__ == type(theirs[name].grad_fn).__name__


@oracle
@pytest.mark.filterwarnings("ignore:Support for mismatched")
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_multihead_attention_computes_what_torchs_does(options):
    ours, theirs = pair("MultiheadAttention", SIZE, HEADS, **options)
    for (name, mine), (other, parameter) in zip(
        ours.named_parameters(), theirs.named_parameters(), strict=True
    ):
        assert name == other
        np.testing.assert_array_equal(array(mine), array(parameter))
    same = ours._qkv_same_embed_dim
    for call in CALLS:
        for itself in (True, False) if same else (False,):
            if call.get("attn_mask") == "causal" and not itself:
                continue
            for is_batched in (True, False):
                how = {"itself": itself, "is_batched": is_batched}
                try:
                    compare(attend(penlight, ours, call, **how), attend(torch, theirs, call, **how))
                except AssertionError as error:
                    error.add_note(f"{call}, {how}")
                    raise


@oracle
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_multihead_attention_prints_and_keeps_what_torchs_does(options):
    ours, theirs = pair("MultiheadAttention", SIZE, HEADS, **options)
    assert repr(ours) == repr(theirs)
    state = {name: penlight.tensor(t.numpy()) for name, t in theirs.state_dict().items()}
    assert list(state) == list(ours.state_dict())
    ours.load_state_dict(state)
    theirs.load_state_dict({n: torch.tensor(t.numpy()) for n, t in ours.state_dict().items()})
    assert repr(copy.deepcopy(ours)) == repr(ours)


@oracle
@pytest.mark.parametrize("need_weights", [True, False])
def test_dropout_of_weights_draws_as_torch(need_weights):
    ours, theirs = pair("MultiheadAttention", SIZE, HEADS, dropout=0.4)
    results = []
    for side, module in ((penlight, ours), (torch, theirs)):
        side.manual_seed(11)
        call = {"need_weights": need_weights}
        results.append(attend(side, module, call, itself=True, is_batched=True))
        results[-1]["after"] = side.rand(1).requires_grad_()
    compare(*results)


@oracle
def test_in_inference_the_result_is_torchs_and_in_one_piece():
    ours, theirs = pair("MultiheadAttention", SIZE, HEADS, batch_first=True)
    numbers = values(0, BATCH, LENGTH, SIZE)
    hidden = np.arange(LENGTH) >= np.array([4, 3, 2])[:, None]
    for kind in ("weights", "none"):
        outs = []
        for side, module in ((penlight, ours.eval()), (torch, theirs.eval())):
            x = side.tensor(numbers)
            with side.no_grad():
                need = kind == "weights"
                out, weights = module(
                    x, x, x, key_padding_mask=side.tensor(hidden), need_weights=need
                )
            assert out.is_contiguous()
            outs.append([array(t) for t in (out, weights) if t is not None])
        for mine, other in zip(*outs, strict=True):
            close(mine, other)


REFUSED = [
    (ValueError, "embed_dim and num_heads must be greater than 0", (0, 1), {}),
    (AssertionError, "embed_dim must be divisible by num_heads", (8, 3), {}),
]
WRONG = [
    ({"key": (5, 8)}, AssertionError, "expected `key` and `value` to be 3-D but found 2-D and 3-D"),
    ({"query": (8,)}, AssertionError, "query should be unbatched 2D or batched 3D tensor"),
    ({"query": (4, 3, 7)}, AssertionError, "was expecting embedding dimension of 8, but got 7"),
    ({"key": (6, 3, 8)}, AssertionError, "does not match value shape"),
    ({"attn_mask": (5, 5)}, RuntimeError, "The shape of the 2D attn_mask is"),
    ({"attn_mask": (5, 4, 5)}, RuntimeError, "The shape of the 3D attn_mask is"),
    ({"attn_mask": (5,)}, AssertionError, "`attn_mask` to be `None`, 2-D or 3-D but found 1-D"),
    ({"key_padding_mask": (4, 5)}, AssertionError, "key_padded_mask.shape[0] to be 3, but got 4"),
    ({"key_padding_mask": (3, 4)}, AssertionError, "key_padded_mask.shape[1] to be 5, but got 4"),
    ({"key_padding_mask": (5,)}, AssertionError, "`key_padding_mask` to be `None` or 2-D"),
    ({"is_causal": True}, RuntimeError, "Need attn_mask if specifying the is_causal hint"),
]


@oracle
@pytest.mark.parametrize("error, phrase, sizes, options", REFUSED)
def test_a_constructor_refuses_as_torch(error, phrase, sizes, options):
    for side in (penlight, torch):
        with pytest.raises(error, match=re.escape(phrase)):
            side.nn.MultiheadAttention(*sizes, **options)


@oracle
@pytest.mark.parametrize("wrong, error, phrase", WRONG, ids=str)
def test_a_call_refuses_as_torch(wrong, error, phrase):
    for side in (penlight, torch):
        shapes = {"query": (4, 3, 8), "key": (5, 3, 8), "value": (5, 3, 8)} | wrong
        named = {
            name: side.zeros(shape) if isinstance(shape, tuple) else shape
            for name, shape in shapes.items()
        }
        with pytest.raises(error, match=re.escape(phrase)):
            side.nn.MultiheadAttention(8, 2)(**named)


@oracle
def test_masks_of_integers_are_refused_and_mixed_ones_warned_of():
    for side in (penlight, torch):
        module, x = side.nn.MultiheadAttention(8, 2), side.zeros(4, 3, 8)
        with pytest.raises(AssertionError, match="only bool and floating types of attn_mask"):
            module(x, x, x, attn_mask=side.zeros(4, 4, dtype=side.int64))
        hidden = side.zeros(3, 4, dtype=side.bool)
        with pytest.warns(UserWarning, match="mismatched key_padding_mask and attn_mask"):
            module(x, x, x, attn_mask=side.zeros(4, 4), key_padding_mask=hidden)


@oracle
def test_the_function_takes_keys_and_values_that_are_given_ready():
    results = []
    for side in (penlight, torch):
        x, eye = side.tensor(values(0, 4, 3, 8)), side.eye(8)
        static = side.tensor(values(1, 6, 5, 4))
        out, weights = side.nn.functional.multi_head_attention_forward(
            *(x, x, x, 8, 2, side.cat([eye] * 3), None, None, None, True, 0.0, eye, None),
            static_k=static,
            static_v=static,
        )
        results.append((array(out), array(weights)))
    for mine, other in zip(*results, strict=True):
        close(mine, other)


# ---- scaled_dot_product_attention ---------------------------------------------------------------


def inputs(side, *shapes):
    return [side.tensor(values(i, *shape), requires_grad=True) for i, shape in enumerate(shapes)]


@oracle
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (3, 4, 5)], ids=str)
@pytest.mark.parametrize("p", [0.3, 1.0])
def test_attention_drops_weights_as_torch(shape, p):
    results = []
    for side in (penlight, torch):
        query, key, value = inputs(side, shape, shape, shape)
        side.manual_seed(2)
        out = side.nn.functional.scaled_dot_product_attention(query, key, value, dropout_p=p)
        (out * factors(side, out)).sum().backward()
        found = [out, query.grad, key.grad, value.grad, side.rand(1)]
        results.append([array(tensor) for tensor in found])
    for mine, other in zip(*results, strict=True):
        close(mine, other)


MASKS = {
    "none": dict,
    "causal": lambda: {"is_causal": True},
    "bool": lambda: {"attn_mask": penlight.tensor(values(7, 2, 1, 30, 40) > 0)},
    "float": lambda: {"attn_mask": penlight.tensor(values(7, 30, 40))},
}


@pytest.mark.parametrize("kept", [1 << 22, 0], ids=["kept", "computed again"])
@pytest.mark.parametrize("block", [50, 400, 3000], ids=lambda size: f"blocks of {size}")
@pytest.mark.parametrize("kind", MASKS)
def test_blocks_give_what_all_scores_give(monkeypatch, kind, block, kept):
    monkeypatch.setattr(attention, "_BLOCK", block)
    monkeypatch.setattr(attention, "_KEPT", kept)
    options = MASKS[kind]()
    results = []
    for by_blocks in (True, False):
        if not by_blocks:
            monkeypatch.setattr(attention, "_is_fused", lambda *_: False)
        given = inputs(penlight, (2, 3, 30, 8), (2, 3, 40, 8), (2, 3, 40, 8))
        out = F.scaled_dot_product_attention(*given, **options)
        (out * factors(penlight, out)).sum().backward()
        results.append([array(t) for t in (out, *(x.grad for x in given))])
    for mine, other in zip(*results, strict=True):
        close(mine, other)


def test_many_scores_are_never_held_at_once(monkeypatch):
    largest = []
    plain = attention.multiplied

    def watched(first, second):
        out = plain(first, second)
        largest.append(out.size)
        return out

    monkeypatch.setattr(attention, "multiplied", watched)
    monkeypatch.setattr(attention, "_KEPT", 1 << 16)
    given = inputs(penlight, (1, 600, 4), (1, 900, 4), (1, 900, 4))
    F.scaled_dot_product_attention(*given).sum().backward()
    assert max(largest) <= attention._BLOCK < 600 * 900


def test_a_query_that_sees_nothing_gives_zeros_and_no_gradient():
    hidden = penlight.tensor([[False, False], [True, True]])
    for shape in ((1, 1, 2, 3), (2, 3)):
        given = inputs(penlight, shape, shape, shape)
        out = F.scaled_dot_product_attention(*given, attn_mask=hidden)
        assert out[..., 0, :].abs().sum().item() == 0
        out.sum().backward()
        assert given[0].grad[..., 0, :].abs().sum().item() == 0
        assert all(bool(x.grad.isfinite().all()) for x in given)


def test_choosing_a_kernel_changes_nothing():
    x = penlight.ones(1, 1, 2, 2)
    with sdpa_kernel(SDPBackend.MATH):
        first = F.scaled_dot_product_attention(x, x, x)
    with sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.MATH], set_priority=True):
        assert penlight.equal(first, F.scaled_dot_product_attention(x, x, x))
    with pytest.raises(AssertionError, match="must be an instance of SDPBackend or a list"):
        sdpa_kernel("math").__enter__()


@oracle
def test_kernels_have_torchs_names_and_numbers():
    for kind in SDPBackend:
        other = getattr(torch.nn.attention.SDPBackend, kind.name)
        assert (int(kind), str(kind), repr(kind)) == (int(other), str(other), repr(other))
