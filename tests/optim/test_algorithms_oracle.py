"""Fifty steps of every option combination give torch's numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import penlight as pl

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

STEPS = 50


def _combinations(**options):
    names = list(options)
    return [
        dict(zip(names, values, strict=True)) for values in itertools.product(*options.values())
    ]


SGD_OPTIONS = [
    options
    for options in _combinations(
        momentum=[0, 0.9],
        dampening=[0, 0.3],
        weight_decay=[0, 0.1],
        nesterov=[False, True],
        maximize=[False, True],
    )
    if not options["nesterov"] or (options["momentum"] and not options["dampening"])
]
ADAM_OPTIONS = _combinations(
    betas=[(0.9, 0.999), (0.5, 0.7)],
    eps=[1e-8, 1e-3],
    weight_decay=[0, 0.1],
    amsgrad=[False, True],
    maximize=[False, True],
)
ADAGRAD_OPTIONS = _combinations(
    lr_decay=[0, 0.1],
    weight_decay=[0, 0.1],
    initial_accumulator_value=[0, 0.5],
    eps=[1e-10, 1e-3],
    maximize=[False, True],
)
COMMON = {"weight_decay": [0, 0.1], "maximize": [False, True]}
OTHER_OPTIONS = {
    "RMSprop": _combinations(
        alpha=[0.99, 0.6],
        eps=[1e-8, 1e-3],
        momentum=[0, 0.9],
        centered=[False, True],
        **COMMON,
    ),
    "Adadelta": _combinations(rho=[0.9, 0.3], eps=[1e-6, 1e-2], **COMMON),
    "Adamax": _combinations(betas=[(0.9, 0.999), (0.5, 0.7)], eps=[1e-8, 1e-3], **COMMON),
    "NAdam": _combinations(
        betas=[(0.9, 0.999), (0.5, 0.7)],
        momentum_decay=[4e-3, 0.1],
        decoupled_weight_decay=[False, True],
        **COMMON,
    ),
    "RAdam": _combinations(
        betas=[(0.9, 0.999), (0.5, 0.7)],
        eps=[1e-8, 1e-3],
        decoupled_weight_decay=[False, True],
        **COMMON,
    ),
    "Rprop": _combinations(
        etas=[(0.5, 1.2), (0.3, 1.5)], step_sizes=[(1e-6, 50), (0.01, 0.1)], maximize=[False, True]
    ),
    "ASGD": _combinations(lambd=[1e-4, 0.1], alpha=[0.75, 0.2], t0=[1e6, 10], **COMMON),
}
ADAFACTOR_OPTIONS = _combinations(
    beta2_decay=[-0.8, -0.5], eps=[(None, 1e-3), (1e-5, 0.5)], d=[1.0, 1.5], **COMMON
)
CASES = [
    *(("Adafactor", {"lr": 0.05, **options}) for options in ADAFACTOR_OPTIONS),
    ("Adafactor", {"lr": 0.05, "foreach": True}),
    *(("SGD", {"lr": 0.05, **options}) for options in SGD_OPTIONS),
    *(("SGD", {"lr": 0.05, "momentum": 0.9, name: True}) for name in ("foreach", "fused")),
    *(("Adam", {"lr": 0.02, **options}) for options in ADAM_OPTIONS),
    ("Adam", {"lr": 0.02, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    *(("Adam", {"lr": 0.02, name: True}) for name in ("foreach", "fused")),
    *(("AdamW", {"lr": 0.02, **options}) for options in ADAM_OPTIONS),
    *(("Adagrad", {"lr": 0.05, **options}) for options in ADAGRAD_OPTIONS),
    *(("Adagrad", {"lr": 0.05, name: True}) for name in ("foreach", "fused")),
    *((name, {"lr": 0.03, **options}) for name, all_ in OTHER_OPTIONS.items() for options in all_),
    # torch's ASGD over lists takes its rate through another rounding.
    *((name, {"lr": 0.03, "foreach": True}) for name in OTHER_OPTIONS if name != "ASGD"),
]


def _problem(dtype):
    draws = np.random.default_rng(0)
    starts = [draws.normal(size=(4, 3)).astype(dtype), draws.normal(size=5).astype(dtype)]
    grads = [[draws.normal(size=s.shape).astype(dtype) for s in starts] for _ in range(STEPS)]
    return starts, grads


def _tensors(library, arrays):
    return [library.tensor(array, requires_grad=True) for array in arrays]


def _run(library, optimizer, params, grads):
    for row in grads:
        for param, grad in zip(params, row, strict=True):
            param.grad = library.tensor(grad)
        optimizer.step()


def _arrays(params):
    return [param.detach().numpy().copy() for param in params]


def _compare(got, expected, dtype):
    rtol = {"float32": 2e-6, "float64": 1e-13}[dtype]
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{o}" for n, o in CASES])
def test_fifty_steps_equal_torch(name, options, dtype):
    starts, grads = _problem(dtype)
    results = []
    for library in (pl, torch):
        params = _tensors(library, starts)
        _run(library, getattr(library.optim, name)(params, **options), params, grads)
        results.append(_arrays(params))
    _compare(*results, dtype)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Adagrad", "Adafactor", *OTHER_OPTIONS])
def test_tensor_learning_rate_equals_torch(name):
    starts, grads = _problem("float32")
    results = []
    for library in (pl, torch):
        params = _tensors(library, starts)
        optimizer = getattr(library.optim, name)(params, lr=library.tensor(0.02))
        _run(library, optimizer, params, grads)
        results.append(_arrays(params))
    _compare(*results, "float32")


def _to_torch(value):
    """A state dict with penlight's tensors turned into torch's."""
    return _map_tensors(value, pl.Tensor, torch)


def _to_penlight(value):
    return _map_tensors(value, torch.Tensor, pl)


def _map_tensors(value, kind, library):
    if isinstance(value, kind):
        return library.tensor(value.detach().numpy())
    if isinstance(value, dict):
        return {key: _map_tensors(entry, kind, library) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_map_tensors(entry, kind, library) for entry in value)
    return value


EXCHANGES = [
    ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.05}),
    ("Adam", {"lr": 0.02, "amsgrad": True}),
    ("AdamW", {"lr": 0.02}),
    ("Adagrad", {"lr": 0.05, "lr_decay": 0.1}),
    ("RMSprop", {"lr": 0.02, "momentum": 0.5, "centered": True}),
    ("RMSprop", {"lr": 0.02}),
    ("Adadelta", {"lr": 0.5}),
    ("Adamax", {"lr": 0.02}),
    ("NAdam", {"lr": 0.02}),
    ("RAdam", {"lr": 0.02}),
    ("Rprop", {"lr": 0.02}),
    ("ASGD", {"lr": 0.02, "t0": 10}),
    ("Adafactor", {"lr": 0.05}),
]


@pytest.mark.parametrize(("name", "options"), EXCHANGES)
@pytest.mark.parametrize("to_torch", [True, False])
def test_training_goes_on_in_the_other_library_from_a_state_dict(name, options, to_torch):
    first, second = (pl, torch) if to_torch else (torch, pl)
    convert = _to_torch if to_torch else _to_penlight
    starts, grads = _problem("float32")
    params = _tensors(first, starts)
    optimizer = getattr(first.optim, name)(params, **options)
    _run(first, optimizer, params, grads[:20])

    others = _tensors(second, _arrays(params))
    resumed = getattr(second.optim, name)(others, lr=1.0)
    resumed.load_state_dict(convert(optimizer.state_dict()))
    _run(first, optimizer, params, grads[20:])
    _run(second, resumed, others, grads[20:])
    _compare(_arrays(others), _arrays(params), "float32")


@pytest.mark.parametrize(("name", "options"), EXCHANGES)
@pytest.mark.parametrize("named", [False, True])
def test_state_dict_has_torchs_keys_and_values(name, options, named):
    starts, grads = _problem("float32")
    dicts = []
    for library in (pl, torch):
        params = _tensors(library, starts)
        given = [(f"p{index}", param) for index, param in enumerate(params)] if named else params
        optimizer = getattr(library.optim, name)(given, **options)
        _run(library, optimizer, params, grads[:3])
        dicts.append(optimizer.state_dict())
    ours, theirs = dicts
    assert ours["param_groups"] == theirs["param_groups"]
    assert list(ours["param_groups"][0]) == list(theirs["param_groups"][0])
    assert {k: list(v) for k, v in ours["state"].items()} == {
        k: list(v) for k, v in theirs["state"].items()
    }
    for key, entry in theirs["state"].items():
        for field, value in entry.items():
            mine = ours["state"][key][field]
            assert str(mine.dtype) == str(value.dtype)
            np.testing.assert_allclose(mine.numpy(), value.numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    "name",
    ["SGD", "Adam", "AdamW", "Adagrad", "Adafactor", "LBFGS", "Muon", "SparseAdam", *OTHER_OPTIONS],
)
def test_repr_is_torchs(name):
    texts = []
    for library in (pl, torch):
        first, second = _tensors(library, [np.ones((2, 1)), np.ones((1, 3))])
        groups = [{"params": first}, {"params": [second], "lr": 0.5}]
        groups = groups[: 1 if name == "LBFGS" else 2]
        texts.append(repr(getattr(library.optim, name)(groups)))
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
        ("Adam", {"weight_decay": 0.1}),
        ("AdamW", {"maximize": True}),
        ("Adagrad", {"weight_decay": 0.1, "maximize": True}),
        ("RMSprop", {"weight_decay": 0.1, "momentum": 0.5, "centered": True}),
        ("Adadelta", {"weight_decay": 0.1}),
        ("Adamax", {"maximize": True}),
        ("RAdam", {"weight_decay": 0.1, "betas": (0.5, 0.7)}),
        ("Rprop", {}),
        ("ASGD", {"weight_decay": 0.1, "t0": 1}),
    ],
)
def test_differentiable_steps_carry_torchs_gradients(name, options):
    results = []
    for library in (pl, torch):
        weight = library.ones(3, dtype=library.float64, requires_grad=True)
        param = weight.clone()
        optimizer = getattr(library.optim, name)([param], differentiable=True, **options)
        # torch's own steps of these write over what it saved for the step before.
        for scale in (1.5,) if name in {"RMSprop", "Adamax", "Rprop"} else (1.5, 2.5, 3.5):
            param.grad = (weight * scale).clone()
            optimizer.step()
        param.sum().backward()
        results.append(weight.grad.numpy())
    np.testing.assert_allclose(*results, rtol=1e-12)


@pytest.mark.parametrize("name", ["RMSprop", "Adadelta", "Adamax", "NAdam", "RAdam", "ASGD"])
def test_several_recorded_steps_have_the_gradient_of_finite_differences(name):
    def last(value, *, differentiable=True):
        weight = pl.tensor([value, 0.5], dtype=pl.float64, requires_grad=differentiable)
        param = weight.clone() if differentiable else weight.requires_grad_()
        options = {"momentum": 0.9, "centered": True} if name == "RMSprop" else {}
        optimizer = getattr(pl.optim, name)(
            [param], lr=0.1, differentiable=differentiable, **options
        )
        for scale in (1.5, 2.5, 3.5):
            base = weight if differentiable else pl.tensor([value, 0.5], dtype=pl.float64)
            param.grad = (base * scale).clone()
            optimizer.step()
        return weight, param

    weight, param = last(0.7)
    param.sum().backward()
    step = 1e-6
    ends = [last(0.7 + sign * step, differentiable=False)[1].sum().item() for sign in (1, -1)]
    slope = (ends[0] - ends[1]) / (2 * step)
    assert weight.grad[0].item() == pytest.approx(slope, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_differentiable_step_carries_the_learning_rates_gradient(name):
    results = []
    for library in (pl, torch):
        rate = library.tensor(0.1, dtype=library.float64, requires_grad=True)
        param = library.ones(3, dtype=library.float64, requires_grad=True).clone()
        optimizer = getattr(library.optim, name)([param], lr=rate, differentiable=True)
        param.grad = library.ones(3, dtype=library.float64)
        optimizer.step()
        param.sum().backward()
        results.append(rate.grad.numpy())
    # torch corrects the bias in float32 here.
    np.testing.assert_allclose(*results, rtol=1e-12 if name == "SGD" else 1e-5)


BAD = [
    ("Adafactor", {"lr": -1}),
    ("Adafactor", {"weight_decay": -1}),
    ("Adafactor", {"beta2_decay": 1}),
    ("Adafactor", {"eps": (-1, 0)}),
    ("Adafactor", {"eps": (None, -1)}),
    ("Adafactor", {"d": 0.5}),
    ("LBFGS", {"lr": -1}),
    ("Muon", {"lr": -1}),
    ("Muon", {"momentum": -1}),
    ("Muon", {"weight_decay": -1}),
    ("Muon", {"adjust_lr_fn": "x"}),
    ("Muon", {}),
    ("SparseAdam", {"lr": 0}),
    ("SparseAdam", {"eps": 0}),
    ("SparseAdam", {"betas": (0.9, 1.0)}),
    ("SGD", {"lr": -1}),
    ("SGD", {"momentum": -1}),
    ("SGD", {"weight_decay": -1}),
    ("SGD", {"nesterov": True}),
    ("SGD", {"fused": True, "differentiable": True}),
    ("SGD", {"fused": True, "foreach": True}),
    ("Adam", {"lr": -1}),
    ("Adam", {"eps": -1}),
    ("Adam", {"betas": (1.0, 0.9)}),
    ("Adam", {"betas": (0.9, 1.0)}),
    ("Adam", {"weight_decay": -1}),
    ("AdamW", {"lr": -1}),
    ("Adagrad", {"lr": -1}),
    ("Adagrad", {"lr_decay": -1}),
    ("Adagrad", {"weight_decay": -1}),
    ("Adagrad", {"initial_accumulator_value": -1}),
    ("Adagrad", {"eps": -1}),
    *((name, {"lr": -1}) for name in OTHER_OPTIONS),
    *((name, {"weight_decay": -1}) for name in OTHER_OPTIONS if name != "Rprop"),
    *((name, {"eps": -1}) for name in ("RMSprop", "Adadelta", "Adamax", "NAdam", "RAdam")),
    *((name, {"betas": (1.0, 0.9)}) for name in ("Adamax", "NAdam", "RAdam")),
    *((name, {"betas": (0.9, 1.0)}) for name in ("Adamax", "NAdam", "RAdam")),
    ("RMSprop", {"momentum": -1}),
    ("RMSprop", {"alpha": -1}),
    ("Adadelta", {"rho": 1.5}),
    ("NAdam", {"momentum_decay": -1}),
    ("Rprop", {"etas": (1.2, 0.5)}),
    ("Adagrad", {"fused": True, "differentiable": True}),
    ("Adagrad", {"fused": True, "foreach": True}),
]


@pytest.mark.parametrize(("name", "options"), BAD, ids=[f"{n}-{o}" for n, o in BAD])
def test_bad_options_raise_what_torch_raises(name, options):
    errors = []
    for library in (torch, pl):
        with pytest.raises((ValueError, RuntimeError)) as caught:
            getattr(library.optim, name)(_tensors(library, [np.ones(2)]), **options)
        errors.append(caught.value)
    assert type(errors[1]) is type(errors[0])
    assert str(errors[0]) in str(errors[1])


@pytest.mark.parametrize("name", ["Adam", *OTHER_OPTIONS])
def test_capturable_steps_are_refused_as_by_torch(name):
    for library in (pl, torch):
        params = _tensors(library, [np.ones(2)])
        optimizer = getattr(library.optim, name)(params, capturable=True)
        params[0].grad = library.ones(2, dtype=params[0].dtype)
        with pytest.raises(
            AssertionError, match=r"If capturable=True, params.* must be on supported"
        ):
            optimizer.step()


def test_the_average_of_asgd_equals_torch():
    starts, grads = _problem("float64")
    averages = []
    for library in (pl, torch):
        params = _tensors(library, starts)
        optimizer = library.optim.ASGD(params, lr=0.05, t0=5)
        _run(library, optimizer, params, grads)
        averages.append([optimizer.state[param]["ax"].numpy() for param in params])
    _compare(*averages, "float64")
