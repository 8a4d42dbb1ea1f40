"""Convolution modules: torch's initial values, printed form, padding modes, and refusals."""

from __future__ import annotations

import pytest

import penlight as pl

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

CASES = [
    ("Conv1d", (3, 4, 3), {}, (2, 3, 8)),
    ("Conv1d", (4, 6, 5), {"stride": 2, "padding": 2, "groups": 2, "bias": False}, (4, 9)),
    ("Conv2d", (3, 8, 3), {"padding": 1}, (2, 3, 6, 5)),
    ("Conv2d", (3, 8, (3, 2)), {"stride": (2, 1), "dilation": (1, 2)}, (2, 3, 6, 5)),
    ("Conv2d", (4, 4, 3), {"padding": "same", "groups": 4}, (1, 4, 6, 5)),
    ("Conv2d", (2, 4, 4), {"padding": "same", "padding_mode": "circular"}, (1, 2, 6, 5)),
    ("Conv1d", (2, 4, 3), {"padding": 2, "padding_mode": "reflect"}, (1, 2, 6)),
    ("Conv2d", (2, 4, 3), {"padding": (2, 1), "padding_mode": "replicate"}, (1, 2, 6, 5)),
    ("Conv3d", (2, 3, (1, 2, 3)), {"padding": "valid"}, (1, 2, 4, 5, 6)),
    ("ConvTranspose1d", (3, 4, 3), {"stride": 2, "output_padding": 1}, (2, 3, 5)),
    ("ConvTranspose2d", (4, 6, 3), {"stride": (2, 3), "padding": 1, "groups": 2}, (1, 4, 4, 3)),
    ("ConvTranspose3d", (2, 3, 2), {"dilation": 2, "bias": False}, (1, 2, 3, 3, 3)),
]


@pytest.mark.parametrize(("name", "sizes", "options", "shape"), CASES, ids=str)
def test_a_module_is_torchs(name, sizes, options, shape):
    results, texts, states = [], [], []
    for library in (pl, torch):
        library.manual_seed(3)
        module = getattr(library.nn, name)(*sizes, **options)
        input = library.randn(shape, requires_grad=True)
        out = module(input)
        (out * out).sum().backward()
        texts.append(repr(module))
        states.append({key: value.numpy() for key, value in module.state_dict().items()})
        grads = [parameter.grad for parameter in module.parameters()]
        results.append([each.detach().numpy() for each in (out, input.grad, *grads)])
    assert texts[0] == texts[1]
    assert list(states[0]) == list(states[1])
    for key, value in states[1].items():
        assert (states[0][key] == value).all()
    for ours, theirs in zip(*results, strict=True):
        assert ours.shape == theirs.shape
        assert abs(ours - theirs).max() <= 2e-5 * max(1, abs(theirs).max())


def test_a_transposed_convolution_gives_the_size_that_is_asked_for():
    for library in (pl, torch):
        module = library.nn.ConvTranspose2d(2, 3, 3, stride=2)
        input = library.ones(1, 2, 4, 4)
        assert tuple(module(input, output_size=(10, 9)).shape) == (1, 3, 10, 9)
        assert tuple(module(input, output_size=(1, 3, 9, 10)).shape) == (1, 3, 9, 10)
        with pytest.raises(ValueError, match="requested an output size of"):
            module(input, output_size=(12, 9))
        with pytest.raises(ValueError, match="output_size must have 2 or 4 elements"):
            module(input, output_size=(9,))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("Conv2d", {"groups": 2}, "in_channels must be divisible by groups"),
        ("Conv2d", {"groups": 3}, "out_channels must be divisible by groups"),
        ("Conv2d", {"groups": 0}, "groups must be a positive integer"),
        ("Conv2d", {"padding": "some"}, "Invalid padding string 'some'"),
        ("Conv2d", {"padding": "same", "stride": 2}, "padding='same' is not supported for strided"),
        ("Conv2d", {"padding_mode": "odd"}, "padding_mode must be one of"),
        ("ConvTranspose2d", {"padding_mode": "reflect"}, 'Only "zeros" padding mode is supported'),
    ],
    ids=str,
)
def test_a_bad_option_is_refused(name, options, message):
    for library in (pl, torch):
        with pytest.raises(ValueError, match=message):
            getattr(library.nn, name)(3, 4, 3, **options)


def test_large_batches_go_block_by_block():
    for size in (1, 7):
        input = pl.randn(40, 16, 64, 64)
        weight = pl.randn(8, 16, size, size)
        whole = pl.nn.functional.conv2d(input, weight, padding=size // 2)
        for at in (0, 39):
            one = pl.nn.functional.conv2d(input[at], weight, padding=size // 2)
            assert (whole[at] - one).abs().max() < 1e-4
