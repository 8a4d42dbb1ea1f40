"""Steps on a table leave out rows that cannot change, and nobody can tell from the values."""

from __future__ import annotations

import copy
import gc
import pickle

import numpy as np
import pytest

import penlight as pl
from penlight.ops import table_memory

ROWS, FEATURES, IDS = 200, 20, 15

CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "maximize": True}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "initial_accumulator_value": 0.5}),
    ("Adagrad", {"lr": 0.1, "eps": 0}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "maximize": True}),
    ("Adam", {"lr": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.2, 0.9), "amsgrad": True, "maximize": True}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "eps": 0}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0}),
]
ALL = pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{o}" for n, o in CASES])
PLAIN = pytest.mark.parametrize("name", ["SGD", "Adagrad", "Adam"])


@pytest.fixture(autouse=True)
def small_tables(monkeypatch):
    """Let tables of any size be treated as large ones are."""
    monkeypatch.setattr(table_memory, "LEAST_BYTES", 0)


def _table(dtype="float32"):
    values = np.random.default_rng(0).normal(size=(ROWS, FEATURES)).astype(dtype)
    values[:, :3] = 0.0, -0.0, 1e-38
    values[1, :4] = np.inf, -np.inf, np.nan, 3e38
    return pl.nn.Parameter(pl.from_numpy(values))


def _backward(weight, seed, scale=1.0):
    draws = np.random.default_rng(seed)
    ids = pl.from_numpy(draws.integers(10, ROWS, IDS))
    out = pl.nn.functional.embedding(ids, weight)
    factors = pl.tensor(draws.normal(size=(IDS, FEATURES)) * scale, dtype=weight.dtype)
    (out * factors).sum().backward()


def _forget(weight):
    """Take away what is known of the gradient."""
    weight.grad = weight.grad.clone()


def _bits(tensor):
    array = tensor.detach().numpy()
    return np.where(np.isnan(array), 0, array).view(f"u{array.itemsize}")


def _assert_same(first, second, weight, other):
    np.testing.assert_array_equal(_bits(weight), _bits(other))
    np.testing.assert_array_equal(np.isnan(weight.detach()), np.isnan(other.detach()))
    for mine, theirs in zip(first.state.values(), second.state.values(), strict=True):
        assert list(mine) == list(theirs)
        for key, value in mine.items():
            np.testing.assert_array_equal(value.numpy(), theirs[key].numpy(), err_msg=key)


def _twins(name, options, dtype="float32"):
    weight, other = _table(dtype), _table(dtype)
    kind = getattr(pl.optim, name)
    return weight, other, kind([weight], **options), kind([other], **options)


@ALL
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_steps_have_the_bits_of_steps_over_all_rows(name, options, dtype):
    weight, other, first, second = _twins(name, options, dtype)
    for seed in range(12):
        _backward(weight, seed)
        _backward(other, seed)
        _forget(other)
        first.step()
        second.step()
        first.zero_grad()
        second.zero_grad()
    _assert_same(first, second, weight, other)


@PLAIN
def test_nan_and_infinity_in_a_gradient_stay_as_they_would(name):
    weight, other, first, second = _twins(name, {"lr": 0.1})
    for seed, scale in enumerate((np.nan, np.inf, 1.0, 1.0)):
        for table, optimizer in ((weight, first), (other, second)):
            optimizer.zero_grad()
            _backward(table, seed, scale)
            if table is other:
                _forget(table)
            optimizer.step()
            with pl.no_grad():
                table.fill_(0.5)
    _assert_same(first, second, weight, other)


@PLAIN
def test_only_the_used_rows_are_written(name):
    weight = _table()
    optimizer = getattr(pl.optim, name)([weight], lr=0.1)
    chosen = []
    with pytest.MonkeyPatch.context() as patch:
        kernel = f"{name.lower()}_step"
        original = getattr(table_memory.kernels, kernel)

        def spy(*args):
            chosen.extend(arg for arg in args if isinstance(arg, list) and arg[0].dtype == np.int64)
            return original(*args)

        patch.setattr(table_memory.kernels, kernel, spy)
        _backward(weight, 0)
        optimizer.step()
    assert len(chosen) == 1
    assert 0 < len(chosen[0][0]) <= IDS


def _rebuild_and_write(grad):
    function, arguments = grad.__reduce_ex__(2)[:2]
    function(*arguments).fill_(7.0)


def _resize_and_write(grad):
    grad.resize_(ROWS - 1, FEATURES)
    grad.resize_(ROWS, FEATURES)
    grad.numpy()[:] = 7.0


WRITES = {
    "an in-place op": lambda grad: grad.add_(1),
    "an assignment": lambda grad: grad.__setitem__(3, 7.0),
    "a view": lambda grad: grad[3].fill_(7.0),
    "a detached alias": lambda grad: grad.detach().fill_(7.0),
    "data": lambda grad: grad.data.fill_(7.0),
    "numpy": lambda grad: grad.numpy().fill(7.0),
    "an array": lambda grad: np.asarray(grad).fill(7.0),
    "dlpack": lambda grad: np.asarray(pl.from_numpy(grad.numpy())).fill(7.0),
    "the old constructor": lambda grad: pl.Tensor(grad).fill_(7.0),
    "another tensor of its storage": lambda grad: pl.nn.Parameter(grad).data.fill_(7.0),
    "a rebuilt tensor": _rebuild_and_write,
    "out": lambda grad: pl.add(pl.ones_like(grad), 6.0, out=grad),
    "new data": lambda grad: setattr(grad, "data", pl.full((ROWS, FEATURES), 7.0)),
    "another size and back": _resize_and_write,
}


@PLAIN
@pytest.mark.parametrize("write", WRITES.values(), ids=list(WRITES))
def test_a_gradient_that_was_written_is_read_whole(name, write):
    weight, other, first, second = _twins(name, {"lr": 0.1})
    for table, optimizer in ((weight, first), (other, second)):
        _backward(table, 0)
        if table is other:
            _forget(table)
        write(table.grad)
        optimizer.step()
        optimizer.zero_grad()
    _assert_same(first, second, weight, other)
    gc.collect()
    # Nor does the memory, if it was kept, bring what was written to the next gradient.
    for table in (weight, other):
        _backward(table, 1)
    np.testing.assert_array_equal(weight.grad.numpy(), other.grad.numpy())


@pytest.mark.parametrize("write", WRITES.values(), ids=list(WRITES))
@pytest.mark.parametrize(
    ("name", "options", "key"),
    [
        ("SGD", {"lr": 0.1, "momentum": 0.5}, "momentum_buffer"),
        ("Adagrad", {"lr": 0.1}, "sum"),
        ("Adam", {"lr": 0.1}, "exp_avg"),
        ("Adam", {"lr": 0.1}, "exp_avg_sq"),
    ],
)
def test_a_state_that_was_written_is_stepped_whole(name, options, key, write):
    weight, other, first, second = _twins(name, options)
    for seed in range(3):
        for table, optimizer in ((weight, first), (other, second)):
            _backward(table, seed)
            if table is other:
                _forget(table)
            optimizer.step()
            optimizer.zero_grad()
            if seed == 1:
                write(optimizer.state[table][key])
    _assert_same(first, second, weight, other)


@PLAIN
def test_gradients_that_are_added_up_are_read_whole(name):
    weight, other, first, second = _twins(name, {"lr": 0.1})
    for table in (weight, other):
        _backward(table, 0)
        _backward(table, 1)
    _forget(other)
    first.step()
    second.step()
    _assert_same(first, second, weight, other)


@PLAIN
def test_a_state_that_was_loaded_or_copied_goes_on(name):
    weight, other, first, second = _twins(name, {"lr": 0.1})
    for seed in range(4):
        for table, optimizer in ((weight, first), (other, second)):
            _backward(table, seed)
            if table is other:
                _forget(table)
            optimizer.step()
            optimizer.zero_grad()
        if seed == 0:
            first.load_state_dict(first.state_dict())
        if seed == 1:
            first.load_state_dict(copy.deepcopy(first.state_dict()))
        if seed == 2:
            first.load_state_dict(pickle.loads(pickle.dumps(first.state_dict())))
    _assert_same(first, second, weight, other)


def test_a_hook_that_keeps_the_gradient_keeps_it_as_it_was():
    weight = _table()
    kept = []
    weight.register_hook(kept.append)
    _backward(weight, 0)
    before = kept[0].clone()
    weight.grad.fill_(5.0)
    assert pl.equal(kept[0], before)


def test_a_view_of_a_gradient_that_is_gone_stays_as_it_was():
    weight = _table()
    _backward(weight, 0)
    row = int(np.flatnonzero(weight.grad.clone().numpy().any(axis=1))[0])
    view, array = weight.grad[row], weight.grad[row].clone().numpy()
    weight.grad = None
    _backward(weight, 1)
    np.testing.assert_array_equal(view.numpy(), array)


def test_the_memory_of_a_gradient_serves_the_next():
    weight = _table()
    table_memory._spare.clear()
    _backward(weight, 0)
    assert not table_memory._spare
    weight.grad = None
    assert len(table_memory._spare) == 1
    assert not table_memory._spare[0].any()
    _backward(weight, 1)
    assert not table_memory._spare


def test_kept_memory_has_a_limit(monkeypatch):
    monkeypatch.setattr(table_memory, "MOST_SPARE_BYTES", 4 * ROWS * FEATURES)
    table_memory._spare.clear()
    tables = [_table(), _table()]
    for table in tables:
        _backward(table, 0)
    for table in tables:
        table.grad = None
    assert len(table_memory._spare) == 1


def test_a_tables_gradient_looks_like_any_other():
    weight = _table()
    _backward(weight, 0)
    grad = weight.grad
    assert (grad._version, grad.is_leaf, grad.requires_grad, grad._is_view()) == (
        0,
        True,
        False,
        False,
    )
    assert (grad.storage_offset(), grad.stride()) == (0, (FEATURES, 1))
    for again in (copy.deepcopy(grad), pickle.loads(pickle.dumps(grad)), grad.clone()):
        assert pl.equal(again, grad)
        again.add_(1)
        assert not pl.equal(again, grad)


def test_a_table_that_is_used_twice_has_both_gradients():
    weight = _table()
    ids = pl.tensor([5, 7, 5])
    out = (
        pl.nn.functional.embedding(ids, weight).sum()
        + pl.nn.functional.embedding(ids, weight).sum()
    )
    out.backward()
    assert weight.grad[5, 0].item() == 4
    assert weight.grad.sum().item() == 6 * FEATURES
