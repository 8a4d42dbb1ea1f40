"""Losses: every combination of options against torch, and recorded values that need no torch."""

from __future__ import annotations

import itertools
import math
import warnings

import numpy as np
import oracle
import pytest

import penlight
import penlight.nn.functional as F
from penlight import nn

try:
    import torch
except ImportError:
    torch = None

needs_oracle = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")

# ---- class indices and class probabilities ------------------------------------------------------

SHAPES = [(5,), (4, 5), (3, 5, 2), (2, 5, 3, 2), (2, 5, 2, 1, 2), (0, 5), (0, 5, 2, 2)]
KINDS = ["index", "all ignored", "uint8", "probability"]
OPTIONS = list(
    itertools.product([False, True], [-100, 1, -1], ["none", "mean", "sum"], [0.0, 0.1, 1.0])
)
# In units of the dtype's epsilon and of the largest element: a gradient's terms cancel.
EPSILONS = {"float64": 8, "float32": 8, "float16": 2}


def inputs(shape, kind, ignore_index, draw):
    """Return logits, a target of this kind and class weights."""
    classes = shape[0] if len(shape) == 1 else shape[1]
    without = () if len(shape) == 1 else (shape[0], *shape[2:])
    if kind == "probability":
        target = draw.rand(*shape)
    elif kind == "all ignored":
        target = np.full(without, ignore_index)
    else:
        target = np.asarray(draw.randint(0, classes, without))
        if kind == "index" and ignore_index < 0 and target.size:
            target.reshape(-1)[0] = ignore_index
    return draw.randn(*shape), target, draw.rand(classes) + 0.1


def outcome(library, loss, arrays, dtype, kind, options):
    """Return the loss, the gradients of logits and target, and the printed name of the node."""
    logits, target, weight = arrays
    weighted, ignore_index, reduction, smoothing = options
    made = library.tensor(logits, dtype=getattr(library, dtype)).requires_grad_()
    if kind == "probability":
        target = library.tensor(target, dtype=made.dtype).requires_grad_()
    else:
        target = library.tensor(
            target, dtype=getattr(library, "uint8" if kind == "uint8" else "int64")
        )
    named = {"ignore_index": ignore_index, "reduction": reduction}
    if weighted:
        named["weight"] = library.tensor(weight, dtype=made.dtype)
    if loss == "cross_entropy":
        named["label_smoothing"] = smoothing
    out = getattr(library.nn.functional, loss)(made, target, **named)
    # Different factors for each element, so that no gradient can be in the wrong place.
    factors = library.arange(1, out.numel() + 1).reshape(out.shape)
    (out * factors).sum().backward()
    return out, made.grad, target.grad, oracle.node_name(out)


def assert_near(mine, theirs, dtype):
    assert mine.shape == theirs.shape
    assert str(mine.dtype) == str(theirs.dtype) == f"torch.{dtype}"
    expected = oracle.numbers(theirs)
    largest = np.abs(expected[np.isfinite(expected)]).max(initial=0.0)
    close = EPSILONS[dtype] * oracle.MACHINE_EPSILON[dtype] * largest
    np.testing.assert_allclose(oracle.numbers(mine), expected, rtol=0, atol=close)


def compare(loss, shape, dtype, kind):
    if kind == "uint8" and len(shape) > 2:
        refuse_bytes(loss)
        return
    draw = np.random.RandomState(0)
    for options in OPTIONS:
        _, ignore_index, _, smoothing = options
        unwanted = smoothing and (loss == "nll_loss" or kind == "uint8")
        if unwanted or (kind == "probability" and ignore_index >= 0):
            continue
        if kind == "uint8" and ignore_index != 1:
            continue
        arrays = inputs(shape, kind, ignore_index, draw)
        if loss == "nll_loss":
            # Log-probabilities are negative; without cancelling, half precision can be compared.
            arrays = (-np.abs(arrays[0]), *arrays[1:])
        try:
            mine = outcome(penlight, loss, arrays, dtype, kind, options)
            theirs = outcome(torch, loss, arrays, dtype, kind, options)
            assert mine[3] == theirs[3]
            for a, b in zip(mine[:3], theirs[:3], strict=True):
                assert (a is None) == (b is None)
                if a is not None:
                    assert_near(a, b, dtype)
        except AssertionError as error:
            error.add_note(f"weighted, ignore_index, reduction, label_smoothing: {options}")
            raise


def refuse_bytes(loss):
    """Both sides take bytes as class indices of rows only."""
    for library in (penlight, torch):
        logits = library.zeros(2, 5, 3)
        target = library.zeros(2, 3, dtype=library.uint8)
        with pytest.raises(RuntimeError, match="expected scalar type Long but found Byte"):
            getattr(library.nn.functional, loss)(logits, target)


@needs_oracle
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_cross_entropy_is_torch_s_for_every_combination_of_options(shape, dtype, kind):
    compare("cross_entropy", shape, dtype, kind)


@needs_oracle
@pytest.mark.parametrize("kind", KINDS[:-1])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_nll_loss_is_torch_s_for_every_combination_of_options(shape, dtype, kind):
    compare("nll_loss", shape, dtype, kind)


LOGITS = [[1.0, 2.0, 3.0], [0.5, -0.5, 0.0], [-1.0, 4.0, 2.0]]
WEIGHT = [0.2, 1.0, 3.0]
SOFT = [[0.1, 0.2, 0.7], [1.0, 0.0, 0.0], [0.25, 0.25, 0.5]]
# Recorded from torch 2.13 in float64.
RECORDED = {
    "target=index reduction=mean": (
        0.40690695627123014,
        [0.030010191056793478, 0.08157615701826587, -0.1115863480750594],
    ),
    "target=index reduction=mean weight=yes": (
        0.35517072885453893,
        [0.06430755226455745, 0.17480605075342687, -0.2391136030179844],
    ),
    "target=index reduction=sum": (
        1.2207208688136904,
        [0.09003057317038043, 0.24472847105479764, -0.3347590442251782],
    ),
    "target=index reduction=none weight=yes": (
        [1.2228178933331413, 0.13605393412834693, 0.13284523372757537],
        [0.2700917195111413, 0.7341854131643929, -1.0042771326755346],
    ),
    "target=index reduction=mean label_smoothing=0.1": (
        0.534684734049008,
        [0.018899079945682365, 0.07046504590715476, -0.0893641258528372],
    ),
    "target=index reduction=mean weight=yes label_smoothing=0.1": (
        0.44685228810414457,
        [0.05929051455647946, 0.15754655344340282, -0.21683706799988242],
    ),
    "target=index reduction=none weight=yes label_smoothing=0.1": (
        [1.2042676056887072, 0.3010196279386884, 0.37149237641001165],
        [0.24902016113721379, 0.6616955244622921, -0.9107156855995062],
    ),
    "target=ignored reduction=mean": (
        0.2702255990859779,
        [0.04501528658519022, 0.12236423552739882, -0.1673795221125891],
    ),
    "target=ignored reduction=mean weight=yes label_smoothing=0.1": (
        0.39393999552467973,
        [0.062255040284303446, 0.16542388111557302, -0.22767892139987655],
    ),
    "target=ignored reduction=sum weight=yes label_smoothing=0.1": (
        1.575759982098719,
        [0.24902016113721379, 0.6616955244622921, -0.9107156855995062],
    ),
    "target=soft reduction=mean": (
        1.2902402896045635,
        [-0.0033231422765398564, 0.01490949035159921, -0.011586348075059393],
    ),
    "target=soft reduction=mean weight=yes": (
        1.603607064116315,
        [0.06295697658509421, 0.12259001761571017, -0.18554699420080445],
    ),
    "target=soft reduction=none weight=yes label_smoothing=0.1": (
        [1.1708127554487462, 0.3010196279386884, 3.392140944693866],
        [0.17592145035694096, 0.3319217001767559, -0.5078431505336969],
    ),
}


def arguments(name):
    """Return logits, target and options from a recorded case's name."""
    options = dict(part.split("=") for part in name.split())
    target = {
        "index": [2, 0, 1],
        "ignored": [2, -100, 1],
        "soft": SOFT,
    }[options.pop("target")]
    if "label_smoothing" in options:
        options["label_smoothing"] = float(options["label_smoothing"])
    if "weight" in options:
        options["weight"] = penlight.tensor(WEIGHT, dtype=penlight.float64)
    kind = penlight.float64 if target is SOFT else penlight.int64
    return (
        penlight.tensor(LOGITS, dtype=penlight.float64),
        penlight.tensor(target, dtype=kind),
        options,
    )


@pytest.mark.parametrize("case", RECORDED)
def test_cross_entropy_gives_the_recorded_values(case):
    logits, target, options = arguments(case)
    out = F.cross_entropy(logits.requires_grad_(), target, **options)
    out.sum().backward()
    values, gradient = RECORDED[case]
    np.testing.assert_allclose(out.detach().numpy(), values, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(logits.grad.numpy()[0], gradient, rtol=1e-12, atol=1e-14)


def test_mean_reduction_divides_by_total_weight():
    logp = penlight.tensor([[-1.0, -2.0], [-3.0, -4.0]])
    loss = F.nll_loss(logp, penlight.tensor([0, 1]), weight=penlight.tensor([1.0, 3.0]))
    assert loss.item() == (1 * 1 + 4 * 3) / 4


def test_mean_of_only_ignored_targets_is_nan_and_its_sum_zero():
    logp = penlight.zeros(2, 3, requires_grad=True)
    target = penlight.full((2,), -100)
    assert math.isnan(F.nll_loss(logp, target).item())
    total = F.nll_loss(logp, target, reduction="sum")
    total.backward()
    assert total.item() == 0
    assert logp.grad.tolist() == [[0.0] * 3] * 2


def test_an_ignored_row_counts_zero_even_where_its_log_probability_is_infinite():
    logp = penlight.tensor([[-math.inf, 0.0], [-1.0, -2.0]], requires_grad=True)
    loss = F.nll_loss(logp, penlight.tensor([0, 1]), ignore_index=0)
    loss.backward()
    assert loss.item() == 2.0
    assert logp.grad.tolist() == [[0.0, 0.0], [0.0, -1.0]]


def test_the_loss_of_one_sample_without_a_batch_has_no_dimensions():
    logp = penlight.tensor([-1.0, -2.0], requires_grad=True)
    loss = F.nll_loss(logp, penlight.tensor(1), reduction="none")
    assert loss.shape == ()
    assert repr(loss) == "tensor(2., grad_fn=<NllLossBackward0>)"


def test_log_softmax_and_nll_loss_are_cross_entropy():
    logits, target = penlight.randn(4, 3), penlight.tensor([0, 2, 1, 1])
    both = nn.NLLLoss()(nn.LogSoftmax(dim=1)(logits), target)
    assert nn.CrossEntropyLoss()(logits, target).item() == both.item()


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_second_gradients_of_cross_entropy_exist(reduction):
    logits = penlight.randn(3, 4, dtype=penlight.float64, requires_grad=True)
    target = penlight.tensor([0, 3, 1])

    def loss(logits):
        return F.cross_entropy(logits, target, reduction=reduction, label_smoothing=0.1)

    assert penlight.autograd.gradgradcheck(loss, (logits,))


# ---- what the fused forms keep and give away ----------------------------------------------------


def composed(logits, target, **options):
    """Return cross-entropy of logits that the fused op does not take: their twin (N, C, 1)."""
    return F.cross_entropy(logits.unsqueeze(-1), target.unsqueeze(-1), **options)


def two_targets():
    return [penlight.tensor([0, 3, -100]), penlight.rand(3, 4, dtype=penlight.float64)]


@pytest.mark.parametrize("kind", [0, 1], ids=["index", "probability"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_second_walk_and_a_recorded_one_give_the_same_gradient(kind, reduction, smoothing):
    logits = penlight.randn(3, 4, dtype=penlight.float64, requires_grad=True)
    target = two_targets()[kind]
    weight = penlight.rand(4, dtype=penlight.float64)
    options = {"reduction": reduction, "label_smoothing": smoothing, "weight": weight}
    loss = F.cross_entropy(logits, target, **options)
    factors = penlight.ones_like(loss) * 3
    twin = composed(logits, target, **options)
    (expected,) = penlight.autograd.grad(twin, logits, factors.reshape(twin.shape))
    for create_graph in (False, False, True):
        (found,) = penlight.autograd.grad(
            loss, logits, factors, retain_graph=True, create_graph=create_graph
        )
        np.testing.assert_allclose(found.detach().numpy(), expected.numpy(), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("kind", [0, 1], ids=["index", "probability"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_second_gradients_of_the_fused_form_are_right(kind, smoothing):
    logits = penlight.randn(3, 4, dtype=penlight.float64, requires_grad=True)
    target = two_targets()[kind]
    assert penlight.autograd.gradgradcheck(
        lambda x: F.cross_entropy(x.t().t() * 2, target, label_smoothing=smoothing), (logits,)
    )


def test_hooks_of_the_logits_run_once_in_a_recorded_walk():
    logits = penlight.randn(3, 4, requires_grad=True)
    seen = []
    product = logits * 1
    product.register_hook(seen.append)
    F.cross_entropy(product, penlight.tensor([0, 1, 2])).backward(create_graph=True)
    assert len(seen) == 1


def test_logits_may_be_written_after_the_loss_but_not_before_a_second_walk():
    logits = penlight.randn(3, 4, requires_grad=True)
    target = penlight.tensor([0, 3, 1])
    buffer = logits * 1
    loss = F.cross_entropy(buffer, target)
    with penlight.no_grad():
        buffer.zero_()
    loss.backward(retain_graph=True)
    expected = penlight.autograd.grad(F.cross_entropy(logits, target), logits)[0]
    assert penlight.equal(logits.grad, expected)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("upstream", [math.inf, math.nan])
def test_an_infinite_gradient_of_the_loss_leaves_ignored_rows_alone(upstream):
    logits = penlight.randn(2, 3, requires_grad=True)
    target = penlight.tensor([-100, 1])
    F.cross_entropy(logits, target, reduction="sum").backward(penlight.tensor(upstream))
    assert logits.grad[0].tolist() == [0.0, 0.0, 0.0]
    assert not logits.grad[1].isfinite().any()


@pytest.mark.parametrize("function", [F.cross_entropy, F.nll_loss])
def test_views_and_strided_targets_are_taken_as_they_are(function):
    logits = penlight.randn(4, 6, requires_grad=True)
    targets = penlight.tensor([[0, 9], [3, 9], [2, 9], [1, 9], [0, 9], [2, 9]])
    function(logits.t(), targets[:, 0]).backward()
    expected = logits.detach().t().contiguous().requires_grad_()
    function(expected, targets[:, 0].contiguous()).backward()
    assert penlight.equal(logits.grad, expected.grad.t())


def test_whoever_looks_at_the_gradient_of_nll_loss_sees_an_ordinary_tensor():
    logits = penlight.randn(2, 3, requires_grad=True)
    target = penlight.tensor([2, 0])
    expected = [[0.0, 0.0, -0.5], [-0.5, 0.0, 0.0]]
    logp = logits.log_softmax(1)
    logp.retain_grad()
    seen = []
    logp.register_hook(seen.append)
    F.nll_loss(logp, target).backward()
    for gradient in (*seen, logp.grad):
        assert type(gradient) is penlight.Tensor
        assert gradient.tolist() == expected
    leaf = logp.detach().requires_grad_()
    (found,) = penlight.autograd.grad(F.nll_loss(leaf, target), leaf)
    assert type(found) is penlight.Tensor
    assert found.tolist() == expected


def test_the_gradient_of_nll_loss_adds_up_with_others():
    logits = penlight.randn(3, 4, dtype=penlight.float64, requires_grad=True)
    target = penlight.tensor([2, 0, -100])
    logp = logits.log_softmax(1)
    (F.nll_loss(logp, target) + F.nll_loss(logp, target) + logp.sum()).backward()
    twin = logits.detach().clone().requires_grad_()
    logp = twin.log_softmax(1)
    (-(logp[0, 2] + logp[1, 0]) + logp.sum()).backward()
    np.testing.assert_allclose(logits.grad.numpy(), twin.grad.numpy(), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("dim", [0, 1])
def test_log_softmax_along_any_dimension_takes_the_gradient_of_nll_loss(dim):
    logits = penlight.randn(3, 3, dtype=penlight.float64, requires_grad=True)
    target = penlight.tensor([2, 0, 1])
    F.nll_loss(logits.log_softmax(dim), target, reduction="sum").backward()
    factors = penlight.zeros(3, 3, dtype=penlight.float64)
    factors[[0, 1, 2], [2, 0, 1]] = -1.0
    twin = logits.detach().clone().requires_grad_()
    (twin.log_softmax(dim) * factors).sum().backward()
    np.testing.assert_allclose(logits.grad.numpy(), twin.grad.numpy(), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("loss", [F.cross_entropy, F.nll_loss])
def test_a_target_that_is_no_class_is_named_with_its_position(loss):
    message = (
        r"Target 4 is out of bounds: it is at position \(1,\) of the target, but the input has 4 "
        r"classes, so targets run from 0 to 3 \(ignore_index is -100\)"
    )
    with pytest.raises(IndexError, match=message):
        loss(penlight.zeros(2, 4), penlight.tensor([0, 4]))


# ---- modules ------------------------------------------------------------------------------------

CLASSIFIED = "torch.tensor([[0.3, -1.2, 0.8], [1.5, 0.1, -0.4]]), torch.tensor([2, 0])"
LOG_CLASSIFIED = CLASSIFIED.replace("]])", "]]).log_softmax(1)")
TWO = "torch.tensor([0.2, 0.9, 0.4]), torch.tensor([0.0, 1.0, 0.3])"
THREE = "torch.tensor([0.5, 1.0, 2.0])"
MODULES = [
    ("NLLLoss()", LOG_CLASSIFIED),
    (f"NLLLoss(weight={THREE}, ignore_index=2, reduction='sum')", LOG_CLASSIFIED),
    ("CrossEntropyLoss()", CLASSIFIED),
    (f"CrossEntropyLoss({THREE}, label_smoothing=0.2, reduction='none')", CLASSIFIED),
    ("MSELoss()", TWO),
    ("MSELoss(reduction='none')", TWO),
    ("L1Loss(reduction='sum')", TWO),
    ("SmoothL1Loss(beta=0.3)", TWO),
    ("HuberLoss('sum', 0.3)", TWO),
    ("BCELoss()", TWO),
    (f"BCELoss({THREE})", TWO),
    ("BCEWithLogitsLoss()", TWO),
    (f"BCEWithLogitsLoss({THREE}, pos_weight={THREE}, reduction='none')", TWO),
    ("KLDivLoss(reduction='batchmean')", TWO),
    ("KLDivLoss(reduction='sum', log_target=True)", TWO),
]


def scope(library):
    return {"torch": library, "nn": library.nn}


@needs_oracle
@pytest.mark.parametrize("constructor, call", MODULES)
def test_module_prints_computes_and_saves_what_torch_s_does(constructor, call):
    mine = eval(f"nn.{constructor}", scope(penlight))
    theirs = eval(f"nn.{constructor}", scope(torch))
    assert repr(mine) == repr(theirs)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    oracle.assert_close(
        mine(*eval(call, scope(penlight))), theirs(*eval(call, scope(torch))), loose=2
    )


@pytest.mark.parametrize("constructor, call", MODULES)
def test_module_loads_its_own_state(constructor, call):
    first, second = (eval(f"nn.{constructor}", scope(penlight)) for _ in range(2))
    assert str(second.load_state_dict(first.state_dict())) == "<All keys matched successfully>"


@pytest.mark.parametrize(
    "options, meant",
    [
        ({"size_average": False}, "sum"),
        ({"size_average": True}, "mean"),
        ({"reduce": False}, "none"),
        ({"reduce": True}, "mean"),
        ({"size_average": False, "reduce": False}, "none"),
        ({"size_average": False, "reduce": True, "reduction": "mean"}, "sum"),
    ],
)
@pytest.mark.parametrize("name", ["MSELoss", "NLLLoss", "CrossEntropyLoss", "KLDivLoss", "BCELoss"])
def test_old_arguments_mean_a_reduction_and_warn(name, options, meant):
    with pytest.warns(UserWarning, match=f"please use reduction='{meant}' instead"):
        module = getattr(nn, name)(**options)
    assert module.reduction == meant


def test_nll_loss_2d_is_nll_loss_with_a_warning():
    with pytest.warns(FutureWarning, match="`NLLLoss2d` has been deprecated"):
        module = nn.NLLLoss2d(ignore_index=3)
    assert isinstance(module, nn.NLLLoss)
    assert module.ignore_index == 3


def test_the_mean_of_a_divergence_warns():
    p = penlight.tensor([[0.5, 0.5]])
    with pytest.warns(UserWarning, match="'batchmean' divides only by the batch size"):
        F.kl_div(p.log(), p)


def test_shapes_that_broadcast_warn():
    for loss in (F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss):
        with pytest.warns(UserWarning, match="different to the input size"):
            loss(penlight.ones(2), penlight.ones(3, 2))


def test_class_weights_follow_the_module_to_another_dtype():
    module = nn.CrossEntropyLoss(weight=penlight.ones(3)).double()
    assert module.weight.dtype is penlight.float64


@needs_oracle
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss"])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_element_weights_are_torch_s(name, reduction):
    draw = np.random.RandomState(0)
    arrays = draw.randn(3, 4), draw.randn(3, 4), draw.rand(3, 4)
    results = []
    for library in (penlight, torch):
        x, y, w = (library.tensor(array) for array in arrays)
        loss = getattr(library.nn.functional, name)
        results.append(loss(x.requires_grad_(), y, reduction=reduction, weight=w))
    oracle.assert_close(*results)
    assert oracle.node_name(results[0]) == oracle.node_name(results[1])


@needs_oracle
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
def test_broadcast_gradients_are_summed_back(name):
    gradients = []
    for library in (penlight, torch):
        x = library.tensor([0.3, -0.7], requires_grad=True)
        y = library.tensor([[1.0, 0.2], [0.1, -2.0], [0.0, 0.5]], requires_grad=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            getattr(library.nn.functional, name)(x, y).backward()
        gradients.append((x.grad, y.grad))
    for mine, theirs in zip(*gradients, strict=True):
        oracle.assert_close(mine, theirs)
