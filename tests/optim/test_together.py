"""A step over all parameters in one go has the bits of one that goes parameter by parameter."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest

import penlight as pl

CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
    ("Adam", {"lr": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.3, 0.7), "weight_decay": 0.1, "amsgrad": True}),
    ("AdamW", {"lr": 0.1, "maximize": True}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1}),
]
SHAPES = [(33, 5), (7,), (), (0, 3), (2000,)]


def _op_by_op(optimizer):
    """Keep an optimiser from stepping in one go."""
    optimizer._step_together = lambda *_: False
    return optimizer


def _params(dtype=np.float32, shapes=SHAPES):
    draws = np.random.default_rng(0)
    return [
        pl.tensor(draws.normal(size=shape).astype(dtype), requires_grad=True) for shape in shapes
    ]


def _train(optimizer, params, steps=4, seed=1):
    draws = np.random.default_rng(seed)
    for _ in range(steps):
        for param in params:
            values = draws.normal(size=param.shape)
            param.grad = pl.tensor(values, dtype=param.dtype)
        optimizer.step()


def _states(optimizer):
    entries = optimizer.state_dict()["state"]
    return {
        (index, name): None if value is None else value.numpy()
        for index, entry in entries.items()
        for name, value in entry.items()
    }


def _assert_same(first, second, params, others):
    for one, two in zip(params, others, strict=True):
        np.testing.assert_array_equal(one.detach().numpy(), two.detach().numpy())
    ours, theirs = _states(first), _states(second)
    assert list(ours) == list(theirs)
    for key, value in ours.items():
        np.testing.assert_array_equal(value, theirs[key])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{o}" for n, o in CASES])
def test_values_and_state_are_those_of_single_steps(name, options, dtype):
    params, others = _params(dtype), _params(dtype)
    first = getattr(pl.optim, name)(params, **options)
    second = _op_by_op(getattr(pl.optim, name)(others, **options))
    _train(first, params)
    _train(second, others)
    _assert_same(first, second, params, others)


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{o}" for n, o in CASES])
def test_parameters_that_do_not_fit_take_the_long_way(name, options):
    def made():
        tensors = _params()
        half = pl.ones(3, dtype=pl.bfloat16, requires_grad=True)
        double = pl.ones(3, dtype=pl.float64, requires_grad=True)
        turned = pl.ones(4, 6).t().detach().requires_grad_()
        return [tensors[0], half, double, turned, *tensors[1:]]

    params, others = made(), made()
    first = getattr(pl.optim, name)(params, **options)
    second = _op_by_op(getattr(pl.optim, name)(others, **options))
    for optimizer, tensors in ((first, params), (second, others)):
        draws = np.random.default_rng(2)
        for _ in range(3):
            for tensor in tensors:
                tensor.grad = pl.tensor(draws.normal(size=tensor.shape), dtype=tensor.dtype)
            optimizer.step()
    for one, two in zip(params, others, strict=True):
        assert pl.equal(one, two)


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{o}" for n, o in CASES])
def test_parameters_that_share_memory_are_stepped_in_their_order(name, options):
    results = []
    for keep in (lambda optimizer: optimizer, _op_by_op):
        memory = pl.arange(8, dtype=pl.float32)
        params = [memory[:6].detach().requires_grad_(), memory[3:].detach().requires_grad_()]
        optimizer = keep(getattr(pl.optim, name)(params, **options))
        _train(optimizer, params)
        results.append(memory.numpy())
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{o}" for n, o in CASES])
def test_a_gradient_may_be_the_parameters_own_memory(name, options):
    results = []
    for keep in (lambda optimizer: optimizer, _op_by_op):
        param = pl.tensor([1.0, 2.0, -3.0], requires_grad=True)
        param.grad = param.detach()
        optimizer = keep(getattr(pl.optim, name)([param], **options))
        optimizer.step()
        results.append(param.detach().numpy())
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{o}" for n, o in CASES])
def test_a_parameter_that_joins_later_starts_afresh(name, options):
    params, others = _params(), _params()
    optimizers = []
    for tensors, keep in ((params, lambda optimizer: optimizer), (others, _op_by_op)):
        optimizer = keep(getattr(pl.optim, name)(tensors, **options))
        optimizers.append(optimizer)
        _train(optimizer, tensors[1:], steps=2)
        _train(optimizer, tensors, steps=2)
    _assert_same(*optimizers, params, others)


def test_every_write_is_counted():
    params = _params()
    optimizer = pl.optim.Adam(params, amsgrad=True)
    _train(optimizer, params, steps=1)
    before = [tensor._version for tensor in _written(optimizer, params)]
    _train(optimizer, params, steps=1)
    after = [tensor._version for tensor in _written(optimizer, params)]
    assert all(new > old for old, new in zip(before, after, strict=True))


def _written(optimizer, params):
    return [*params, *itertools.chain.from_iterable(s.values() for s in optimizer.state.values())]


def test_a_step_between_forward_and_backward_is_noticed():
    weight = pl.ones(3, requires_grad=True)
    other = pl.ones(3, requires_grad=True)
    out = (weight * other).sum()
    weight.grad = pl.ones(3)
    pl.optim.SGD([weight], lr=0.1).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.backward()


def test_copies_of_an_optimizer_go_their_own_way():
    params = _params()
    optimizer = pl.optim.Adam(params)
    _train(optimizer, params, steps=2)
    twin = copy.deepcopy(optimizer)
    _train(optimizer, params, steps=1, seed=5)
    twin_params = twin.param_groups[0]["params"]
    _train(twin, twin_params, steps=1, seed=5)
    _assert_same(optimizer, twin, params, twin_params)


@pytest.mark.parametrize("name", ["SGD", "Adam", "Adagrad"])
def test_a_tensor_rate_that_wants_a_gradient_is_read_as_a_number(name):
    results = []
    for rate in (0.25, pl.tensor(0.25, requires_grad=True)):
        param = pl.ones(3, requires_grad=True)
        param.grad = pl.ones(3)
        getattr(pl.optim, name)([param], lr=rate).step()
        results.append(param.detach().numpy())
    np.testing.assert_array_equal(*results)


def test_adagrad_has_its_state_before_the_first_step():
    params = _params()
    optimizer = pl.optim.Adagrad(params, initial_accumulator_value=0.5)
    assert all(optimizer.state[param]["step"].item() == 0 for param in params)
    assert all(bool((optimizer.state[param]["sum"] == 0.5).all()) for param in params)


# ---- small parameters stepped as one (optim/optimizer.py, _step_joined) --------------------------

ELEMENTWISE = [
    ("Adadelta", {"weight_decay": 0.1}),
    ("Adamax", {"betas": (0.3, 0.7)}),
    ("ASGD", {"t0": 2, "weight_decay": 0.1, "lambd": 0.1}),
    ("NAdam", {"decoupled_weight_decay": True, "weight_decay": 0.1}),
    ("RAdam", {"betas": (0.9, 0.99), "maximize": True}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("RMSprop", {}),
    ("Rprop", {}),
]
SMALL = [(7,), (3, 4), (), (1,), (0, 2), (5000,), (64,)]


def _one_by_one(optimizer):
    optimizer._elementwise = False
    return optimizer


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "options"), ELEMENTWISE, ids=[f"{n}-{o}" for n, o in ELEMENTWISE])
def test_joined_steps_have_the_bits_of_single_ones(name, options, dtype):
    params, others = _params(dtype, SMALL), _params(dtype, SMALL)
    first = getattr(pl.optim, name)(params, lr=0.1, **options)
    second = _one_by_one(getattr(pl.optim, name)(others, lr=0.1, **options))
    for optimizer, tensors in ((first, params), (second, others)):
        _train(optimizer, tensors[2:], steps=2)
        _train(optimizer, tensors, steps=9, seed=3)
    _assert_same(first, second, params, others)


@pytest.mark.parametrize(("name", "options"), ELEMENTWISE, ids=[f"{n}-{o}" for n, o in ELEMENTWISE])
def test_joined_steps_count_their_writes_and_keep_the_tensors(name, options):
    params = _params(shapes=[(3,), (4,)])
    optimizer = getattr(pl.optim, name)(params, **options)
    _train(optimizer, params, steps=1)
    before = {id(tensor): tensor._version for tensor in _written(optimizer, params)}
    arrays = [param.detach().numpy() for param in params]
    _train(optimizer, params, steps=1)
    for tensor in _written(optimizer, params):
        assert tensor._version > before[id(tensor)]
    for param, array in zip(params, arrays, strict=True):
        np.testing.assert_array_equal(param.detach().numpy(), array)


@pytest.mark.parametrize(("name", "options"), ELEMENTWISE, ids=[f"{n}-{o}" for n, o in ELEMENTWISE])
def test_shared_memory_and_other_dtypes_are_not_joined(name, options):
    results = []
    for keep in (lambda optimizer: optimizer, _one_by_one):
        memory = pl.arange(8, dtype=pl.float32)
        params = [memory[:6].detach().requires_grad_(), memory[3:].detach().requires_grad_()]
        half = pl.ones(3, dtype=pl.bfloat16, requires_grad=True)
        double = pl.ones(3, dtype=pl.float64, requires_grad=True)
        params += [half, double, pl.ones(2, requires_grad=True)]
        optimizer = keep(getattr(pl.optim, name)(params, **options))
        _train(optimizer, params)
        results.append([memory.numpy(), *(param.detach().float().numpy() for param in params[2:])])
    for one, two in zip(*results, strict=True):
        np.testing.assert_array_equal(one, two)


def test_fifty_small_parameters_are_stepped_as_one(monkeypatch):
    params = _params(shapes=[(128,)] * 50)
    optimizer = pl.optim.RMSprop(params)
    sizes = []
    step = type(optimizer)._step
    monkeypatch.setattr(
        type(optimizer),
        "_step",
        lambda self, param, *rest: (sizes.append(param.numel()), step(self, param, *rest)),
    )
    _train(optimizer, params, steps=1)
    assert sizes == [50 * 128]


def test_what_is_stepped_as_one_fits_a_cache(monkeypatch):
    params, others = (_params(shapes=[(4000,)] * 20) for _ in range(2))
    optimizer = pl.optim.NAdam(params)
    sizes = []
    step = type(optimizer)._step
    monkeypatch.setattr(
        type(optimizer),
        "_step",
        lambda self, param, *rest: (sizes.append(param.numel()), step(self, param, *rest)),
    )
    _train(optimizer, params, steps=2)
    assert sizes == [16 * 4000, 4 * 4000] * 2
    second = _one_by_one(pl.optim.NAdam(others))
    _train(second, others, steps=2)
    _assert_same(optimizer, second, params, others)
