"""CTC: gradients as torch gives them, every path by hand, and what torch refuses."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import penlight
import penlight.nn.functional as F
from penlight import nn
from penlight.autograd import gradcheck

try:
    import torch
except ImportError:
    torch = None

oracle = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")

TARGETS = {
    "padded": ([[1, 2, 2, 1], [3, 1, 0, 0], [4, 4, 4, 0], [0, 0, 0, 0]], [4, 2, 3, 0]),
    "joined": ([1, 2, 2, 1, 3, 1, 4, 4, 4], [4, 2, 3, 0]),
}
# The third target, 4 4 4, does not fit into three times.
LENGTHS = {"long": [9, 7, 6, 5], "short": [9, 2, 3, 1]}


@oracle
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("zero_infinity", [True, False])
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("kind", TARGETS)
def test_loss_and_gradient_are_torchs(kind, lengths, zero_infinity, dtype):
    labels, counts = TARGETS[kind]
    for reduction in ("none", "mean", "sum"):
        results = []
        for side in (penlight, torch):
            logits = np.random.RandomState(0).randn(9, 4, 5)
            x = side.tensor(logits, dtype=getattr(side, dtype), requires_grad=True)
            loss = side.nn.CTCLoss(reduction=reduction, zero_infinity=zero_infinity)(
                x.log_softmax(2),
                side.tensor(labels),
                side.tensor(LENGTHS[lengths]),
                side.tensor(counts),
            )
            (loss * side.arange(1, loss.numel() + 1).reshape(loss.shape)).sum().backward()
            results.append((loss.detach().numpy(), x.grad.numpy(), type(loss.grad_fn).__name__))
        (ours, our_grad, our_node), (theirs, their_grad, their_node) = results
        assert our_node == their_node
        tolerance = {"float64": 1e-12, "float32": 1e-5}[dtype]
        np.testing.assert_allclose(ours, theirs, rtol=tolerance)
        np.testing.assert_allclose(our_grad, their_grad, rtol=tolerance, atol=tolerance)


def joined(path):
    """Return what a path of labels says: neighbours joined, then blanks taken out."""
    return [label for label, _ in itertools.groupby(path) if label]


def test_loss_is_the_likelihood_of_every_path_that_says_the_target():
    log_probs = penlight.randn(5, 1, 3, dtype=penlight.float64).log_softmax(2)
    table = log_probs[:, 0].numpy()
    for target in ([1], [1, 2], [2, 2], [1, 2, 1], []):
        paths = [path for path in itertools.product(range(3), repeat=5) if joined(path) == target]
        total = sum(np.exp(sum(table[time, label] for time, label in enumerate(p))) for p in paths)
        loss = F.ctc_loss(
            log_probs,
            penlight.tensor([target], dtype=penlight.int64),
            (5,),
            (len(target),),
            reduction="sum",
        )
        assert loss.item() == pytest.approx(-np.log(total), rel=1e-12)


def test_gradient_of_logits_is_the_slope():
    logits = penlight.randn(6, 2, 4, dtype=penlight.float64, requires_grad=True)
    targets = penlight.tensor([[1, 1, 3], [2, 0, 0]])

    def loss(x):
        return F.ctc_loss(x.log_softmax(2), targets, (6, 4), (3, 1), reduction="none")

    assert gradcheck(loss, (logits,))


@oracle
def test_a_second_gradient_is_refused_as_by_torch():
    for side in (penlight, torch):
        x = side.zeros(4, 1, 3, requires_grad=True)
        loss = side.nn.functional.ctc_loss(x.log_softmax(2), side.tensor([[1]]), (4,), (1,))
        (grad,) = side.autograd.grad(loss, x, create_graph=True)
        with pytest.raises(RuntimeError, match="derivative for aten::_ctc_loss_backward"):
            grad.sum().backward()


def test_module_prints_its_name_and_keeps_its_options():
    loss = nn.CTCLoss(blank=2, reduction="sum", zero_infinity=True)
    assert repr(loss) == "CTCLoss()"
    assert (loss.blank, loss.reduction, loss.zero_infinity) == (2, "sum", True)


@pytest.mark.parametrize("target", [[3], [-1]])
def test_a_label_out_of_range_is_named(target):
    with pytest.raises(RuntimeError, match=rf"labels in \[0, 3\), but got {target[0]}, label 0"):
        F.ctc_loss(penlight.zeros(4, 1, 3), penlight.tensor([target]), (4,), (1,))
