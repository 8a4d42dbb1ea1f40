"""Pooling modules: torch's values, printed form and ties."""

from __future__ import annotations

import numpy as np
import pytest

import penlight as pl

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

CASES = [
    ("MaxPool1d", (2,), {}, (2, 3, 8)),
    ("MaxPool2d", (3,), {"stride": 2, "padding": 1, "ceil_mode": True}, (2, 3, 8, 7)),
    ("MaxPool2d", ((2, 3),), {"return_indices": True}, (3, 8, 7)),
    ("MaxPool3d", (2,), {"dilation": 2, "stride": (1, 2, 1)}, (1, 3, 5, 4, 6)),
    ("AvgPool1d", (3,), {"padding": 1, "count_include_pad": False}, (2, 3, 8)),
    ("AvgPool2d", ((3, 2),), {"stride": 2}, (2, 3, 8, 7)),
    ("AvgPool3d", (2,), {"divisor_override": 3}, (1, 2, 4, 5, 4)),
    ("AdaptiveMaxPool1d", (3,), {"return_indices": True}, (2, 3, 8)),
    ("AdaptiveMaxPool2d", ((3, None),), {}, (2, 3, 8, 7)),
    ("AdaptiveMaxPool3d", (2,), {}, (1, 2, 4, 5, 3)),
    ("AdaptiveAvgPool1d", (3,), {}, (2, 3, 8)),
    ("AdaptiveAvgPool2d", ((1, 1),), {}, (2, 3, 8, 7)),
    ("AdaptiveAvgPool2d", ((5, 3),), {}, (2, 3, 8, 7)),
    ("AdaptiveAvgPool3d", ((2, None, 3),), {}, (1, 2, 4, 5, 4)),
]


@pytest.mark.parametrize(("name", "sizes", "options", "shape"), CASES, ids=str)
def test_a_module_is_torchs(name, sizes, options, shape):
    results, texts = [], []
    for library in (pl, torch):
        library.manual_seed(3)
        module = getattr(library.nn, name)(*sizes, **options)
        input = library.randn(shape, requires_grad=True)
        out = module(input)
        out, *indices = out if isinstance(out, tuple) else (out,)
        (out * out).sum().backward()
        texts.append(repr(module))
        results.append([each.detach().numpy() for each in (out, input.grad, *indices)])
    assert texts[0] == texts[1]
    for ours, theirs in zip(*results, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_ties_infinities_and_nan_are_torchs():
    values = np.array(
        [[1, 1, -np.inf, -np.inf], [1, 0, -np.inf, -np.inf], [np.nan, 1, 2, 2]], np.float32
    )
    for options in ({"kernel_size": 2, "stride": 1}, {"kernel_size": 3, "stride": 2, "padding": 1}):
        results = []
        for library in (pl, torch):
            input = library.tensor(values[None, None])
            out, indices = library.nn.functional.max_pool2d(input, return_indices=True, **options)
            results.append((out.numpy(), indices.numpy()))
        (ours, our_indices), (theirs, their_indices) = results
        np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_array_equal(our_indices, their_indices)
