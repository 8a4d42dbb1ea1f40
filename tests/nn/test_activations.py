"""Activation modules: what torch's print, keep, compute and write in place."""

from __future__ import annotations

import copy
import inspect
import pickle
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

# Constructors, and shapes of their own where not every shape will do.
CONSTRUCTORS = {
    "Threshold(0.1, 20)": None,
    "Threshold(0.1, 20, True)": None,
    "ReLU()": None,
    "ReLU(inplace=True)": None,
    "ReLU6()": None,
    "ReLU6(True)": None,
    "Hardtanh()": None,
    "Hardtanh(-2, 0.5, True)": None,
    "LeakyReLU()": None,
    "LeakyReLU(0.2, True)": None,
    "PReLU()": None,
    "PReLU(3, 0.1)": (4, 3, 2),
    "PReLU(dtype=torch.float32)": None,
    "ELU()": None,
    "ELU(2.0, True)": None,
    "CELU()": None,
    "CELU(2, True)": None,
    "SELU()": None,
    "SELU(True)": None,
    "GELU()": None,
    "GELU('tanh')": None,
    "SiLU()": None,
    "SiLU(True)": None,
    "Mish()": None,
    "Mish(True)": None,
    "Softplus()": None,
    "Softplus(2, 1)": None,
    "Softsign()": None,
    "Tanh()": None,
    "Sigmoid()": None,
    "LogSigmoid()": None,
    "GLU()": (3, 4),
    "GLU(0)": (4, 3),
    "Hardsigmoid()": None,
    "Hardsigmoid(True)": None,
    "Hardswish()": None,
    "Hardswish(True)": None,
    "Hardshrink()": None,
    "Hardshrink(0.2)": None,
    "Softshrink()": None,
    "Softshrink(0.1)": None,
    "Tanhshrink()": None,
    "Softmax(dim=1)": None,
    "Softmax(-1)": None,
    "Softmin(0)": None,
    "Softmax2d()": (2, 3, 2, 2),
    "LogSoftmax(-1)": None,
}
NAMES = sorted({constructor.partition("(")[0] for constructor in CONSTRUCTORS})


def make(library, constructor):
    return eval(f"nn.{constructor}", {"nn": library.nn, "torch": library})


@needs_oracle
@pytest.mark.parametrize("constructor", CONSTRUCTORS)
def test_module_is_torch_s(constructor):
    draw = np.random.RandomState(0).randn(*(CONSTRUCTORS[constructor] or (4, 5))) * 2
    results = []
    for library in (penlight, torch):
        module = make(library, constructor)
        leaf = library.tensor(draw, dtype=library.float32, requires_grad=True)
        given = leaf * 1
        out = module(given)
        out.square().sum().backward()
        results.append((out, leaf.grad, given, module))
    (out, grad, given, mine), (their_out, their_grad, their_given, theirs) = results
    assert repr(mine) == repr(theirs)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    oracle.assert_close(out, their_out, loose=4)
    oracle.assert_close(grad, their_grad, loose=8)
    # Written in place, or not, as in torch.
    assert (out is given) == (their_out is their_given)
    if out is not given:
        assert oracle.node_name(out) == oracle.node_name(their_out)


@needs_oracle
@pytest.mark.parametrize("name", NAMES)
def test_signature_is_torch_s(name):
    mine, theirs = (
        [
            (p.name, p.default, p.kind)
            for p in inspect.signature(getattr(library.nn, name)).parameters.values()
        ]
        for library in (penlight, torch)
    )
    assert mine == theirs


@pytest.mark.parametrize("constructor", CONSTRUCTORS)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_compute_the_same(constructor, copied):
    module = make(penlight, constructor)
    x = penlight.randn(*(CONSTRUCTORS[constructor] or (4, 5)))
    twin = copied(module)
    assert repr(twin) == repr(module)
    assert twin(x.clone()).tolist() == module(x.clone()).tolist()


# Recorded from torch 2.13 at (-1.5, -0.25, 0, 0.75, 4).
RECORDED = {
    "ReLU()": [0.0, 0.0, 0.0, 0.75, 4.0],
    "ReLU6()": [0.0, 0.0, 0.0, 0.75, 4.0],
    "LeakyReLU(0.2)": [-0.30000000000000004, -0.05, 0.0, 0.75, 4.0],
    "ELU(0.7)": [-0.5438088878960992, -0.15483945185001657, 0.0, 0.75, 4.0],
    "CELU(0.7)": [-0.6178765837340244, -0.21022922383740877, 0.0, 0.75, 4.0],
    "SELU()": [-1.3658143533672527, -0.388890197478119, 0.0, 0.7880257405166103, 4.202803949421922],
    "GELU()": [
        -0.10021080190328704,
        -0.10032341857926907,
        0.0,
        0.5800294857173489,
        3.9998733150326675,
    ],
    "GELU('tanh')": [
        -0.10042842301976707,
        -0.100324649298315,
        0.0,
        0.5799605551656203,
        3.9999297540518075,
    ],
    "SiLU()": [
        -0.2736382857095345,
        -0.10945587477855048,
        0.0,
        0.5093840243815447,
        3.928055160151634,
    ],
    "Mish()": [
        -0.29809974216680674,
        -0.129926963679141,
        0.0,
        0.6100183352182934,
        3.9974128069762385,
    ],
    "Softplus(2, 1)": [0.02429367578687103, 0.23703849209005334, 0.34657359027997264, 0.75, 4.0],
    "Softsign()": [-0.6, -0.2, 0.0, 0.42857142857142855, 0.8],
    "Tanh()": [
        -0.9051482536448664,
        -0.24491866240370913,
        0.0,
        0.6351489523872873,
        0.999329299739067,
    ],
    "Sigmoid()": [
        0.18242552380635635,
        0.43782349911420193,
        0.5,
        0.679178699175393,
        0.9820137900379085,
    ],
    "LogSigmoid()": [
        -1.7014132779827524,
        -0.8259394198788436,
        -0.6931471805599453,
        -0.38687100611489994,
        -0.018149927917809738,
    ],
    "Hardtanh()": [-1.0, -0.25, 0.0, 0.75, 1.0],
    "Hardsigmoid()": [0.25, 0.4583333333333333, 0.5, 0.625, 1.0],
    "Hardswish()": [-0.375, -0.11458333333333333, 0.0, 0.46875, 4.0],
    "Hardshrink()": [-1.5, 0.0, 0.0, 0.75, 4.0],
    "Softshrink()": [-1.0, -0.0, 0.0, 0.25, 3.5],
    "Tanhshrink()": [
        -0.5948517463551336,
        -0.005081337596290869,
        0.0,
        0.1148510476127127,
        3.000670700260933,
    ],
    "Threshold(0.5, 9)": [9.0, 9.0, 9.0, 0.75, 4.0],
    "Softmax(0)": [
        0.003800089452251872,
        0.013263615457392349,
        0.017030819364464177,
        0.03605424487749813,
        0.9298512308483935,
    ],
    "LogSoftmax(0)": [
        -5.572730672460578,
        -4.322730672460578,
        -4.072730672460578,
        -3.322730672460578,
        -0.07273067246057781,
    ],
    "Softmin(0)": [
        0.6176190840725123,
        0.1769508302191718,
        0.1378094451398262,
        0.06509657253585169,
        0.0025240680326378802,
    ],
}


@pytest.mark.parametrize("constructor", RECORDED)
def test_module_gives_the_recorded_values(constructor):
    out = make(penlight, constructor)(
        penlight.tensor([-1.5, -0.25, 0.0, 0.75, 4.0], dtype=penlight.float64)
    )
    np.testing.assert_allclose(out.detach().numpy(), RECORDED[constructor], rtol=1e-12, atol=1e-15)


def test_inplace_writes_and_returns_the_input():
    x = penlight.tensor([-1.0, 2.0])
    assert nn.ReLU(inplace=True)(x) is x
    assert x.tolist() == [0.0, 2.0]


def test_options_are_read_at_each_call():
    module = nn.LeakyReLU(0.1)
    module.negative_slope = 0.5
    assert module(penlight.tensor(-2.0)).item() == -1.0


@pytest.mark.parametrize("name", ["Softmax", "LogSoftmax", "Softmin"])
@pytest.mark.parametrize("shape, dim", [((3,), 0), ((2, 3), 1), ((2, 3, 4), 0), ((1, 2, 3, 4), 1)])
def test_a_missing_dim_is_chosen_with_a_warning_that_names_it(name, shape, dim):
    x = penlight.randn(*shape)
    with pytest.warns(UserWarning, match=f"Implicit dimension choice for .*dim={dim}") as caught:
        out = getattr(nn, name)()(x)
    assert caught[0].filename == __file__
    assert out.tolist() == getattr(nn, name)(dim)(x).tolist()


@needs_oracle
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
@pytest.mark.parametrize(
    "shape", [(), (3,), (2, 3), (2, 3, 4), (1, 2, 3, 4), (1, 1, 2, 3, 4)], ids=str
)
def test_functions_choose_torch_s_dim_and_say_so(name, shape):
    draw = np.random.RandomState(0).randn(*shape)
    results = []
    for library in (penlight, torch):
        with pytest.warns(
            UserWarning, match=f"Implicit dimension choice for {name} has been deprecated"
        ) as caught:
            results.append(getattr(library.nn.functional, name)(library.tensor(draw)))
        assert caught[0].filename == __file__
    oracle.assert_close(*results)


def test_softmax_casts_before_it_divides():
    out = F.softmax(penlight.tensor([1, 2]), dim=0, dtype=penlight.float64)
    assert out.dtype is penlight.float64
    assert abs(out.sum().item() - 1) < 1e-15


def test_log_softmax_is_finite_where_softmax_underflows():
    x = penlight.tensor([0.0, -1000.0])
    assert F.softmax(x, 0)[1].item() == 0
    assert F.log_softmax(x, 0).tolist() == [0.0, -1000.0]


def test_old_names_of_limits_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = nn.Hardtanh(min_value=-3, max_value=2)
    assert repr(module) == "Hardtanh(min_val=-3, max_val=2)"
    with pytest.warns(FutureWarning, match="`min_value` is deprecated and renamed to `min_val`"):
        nn.Hardtanh(min_value=-3)


def test_a_prelu_trains_its_slopes():
    module = nn.PReLU(2, init=0.5)
    module(penlight.tensor([[-1.0, 2.0], [-3.0, -4.0]])).sum().backward()
    assert module.weight.tolist() == [0.5, 0.5]
    assert module.weight.grad.tolist() == [-4.0, -4.0]
