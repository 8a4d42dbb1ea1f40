"""Functions without a module of their own: normalize, cosine_similarity, pairwise_distance, pad."""

from __future__ import annotations

import oracle
import pytest

import penlight
import penlight.nn.functional as F

try:
    import torch
except ImportError:
    torch = None

needs_oracle = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")

CALLS = [
    "F.normalize(x)",
    "F.normalize(x, dim=0)",
    "F.normalize(x, 1.0, -1)",
    "F.normalize(x * 0)",
    "F.normalize(x[0], dim=0)",
    "F.cosine_similarity(x, y)",
    "F.cosine_similarity(x, y, dim=-1)",
    "F.cosine_similarity(x[0], y[0], dim=0)",
    "F.cosine_similarity(x[:1], y)",
    "F.cosine_similarity(x[:, :1], y)",
    "F.cosine_similarity(x[0], y, dim=1)",
    "F.pairwise_distance(x, y)",
    "F.pairwise_distance(x, y, 1.0)",
    "F.pairwise_distance(x[0], y[0], keepdim=True)",
    "F.pad(x, (1, 2))",
    "F.pad(x, [1, 2, 0, 1], value=2)",
    "F.pad(x, (-1, 0))",
]


@needs_oracle
@pytest.mark.parametrize("call", CALLS)
def test_values_and_gradients_are_torch_s(call):
    results = []
    for library in (penlight, torch):
        library.manual_seed(0)
        x = library.randn(3, 4, dtype=library.float64, requires_grad=True)
        y = library.randn(3, 4, dtype=library.float64)
        out = eval(call, {"F": library.nn.functional, "x": x, "y": y})
        out.square().sum().backward()
        results.append((out, x.grad))
    (out, grad), (their_out, their_grad) = results
    oracle.assert_close(out, their_out)
    assert (grad - penlight.tensor(their_grad.numpy())).abs().max().item() < 1e-14
    # torch's pairwise_distance is the older norm.
    if "pairwise" not in call:
        assert oracle.node_name(out) == oracle.node_name(their_out)


def test_normalize_writes_where_it_is_told():
    out = penlight.empty(1, 2)
    assert F.normalize(penlight.tensor([[3.0, 4.0]]), out=out) is out
    assert out.allclose(penlight.tensor([[0.6, 0.8]]))


@pytest.mark.parametrize(
    "options, error, phrase",
    [
        ({"pad": (1,)}, RuntimeError, "Padding length must be divisible by 2"),
        ({"pad": (1, 1, 1, 1)}, RuntimeError, "no more than twice the number of dimensions"),
        ({"pad": (1, 1), "mode": "x"}, NotImplementedError, "Unrecognised padding mode x"),
        (
            {"pad": (1, 1), "mode": "reflect"},
            NotImplementedError,
            "Padding size 2 is not supported for 1D",
        ),
    ],
)
def test_bad_widths_and_modes_are_refused(options, error, phrase):
    with pytest.raises(error, match=phrase):
        F.pad(penlight.ones(3), **options)
