"""Averaged models, their batch norms and SWALR, beside torch; and lending an optimiser a state."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import penlight as pl

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

AVERAGES = {
    "equal": lambda utils: {},
    "equal-buffers": lambda utils: {"use_buffers": True},
    "swa": lambda utils: {"avg_fn": utils.get_swa_avg_fn()},
    "swa-multi": lambda utils: {"multi_avg_fn": utils.get_swa_multi_avg_fn()},
    "ema": lambda utils: {"avg_fn": utils.get_ema_avg_fn(0.7)},
    "ema-multi": lambda utils: {"multi_avg_fn": utils.get_ema_multi_avg_fn(0.7)},
    "ema-buffers": lambda utils: {
        "multi_avg_fn": utils.get_ema_multi_avg_fn(),
        "use_buffers": True,
    },
    "own": lambda utils: {"avg_fn": lambda old, new, count: old + new * count},
    "cpu": lambda utils: {"device": "cpu"},
}


def model_of(library):
    library.manual_seed(0)
    return library.nn.Sequential(
        library.nn.Linear(3, 4), library.nn.BatchNorm1d(4), library.nn.Linear(4, 2)
    )


def train(library, averaged, model, steps):
    """Step the model and its average on the same data in both libraries."""
    optimizer = library.optim.SGD(model.parameters(), lr=0.3)
    x = library.tensor(np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32))
    for number in range(steps):
        optimizer.zero_grad()
        (model(x + number) ** 2).mean().backward()
        optimizer.step()
        averaged.update_parameters(model)
    return averaged(x)


def assert_same_states(ours, theirs):
    assert list(ours) == list(theirs)
    for key, value in theirs.items():
        assert str(ours[key].dtype) == str(value.dtype)
        np.testing.assert_allclose(ours[key].numpy(), value.numpy(), rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("average", AVERAGES)
def test_averages_are_torchs(average):
    outs, states, texts = [], [], []
    for library in (pl, torch):
        model = model_of(library)
        options = AVERAGES[average](library.optim.swa_utils)
        averaged = library.optim.swa_utils.AveragedModel(model, **options)
        outs.append(train(library, averaged, model, 4).detach().numpy())
        states.append(averaged.state_dict())
        texts.append(repr(averaged))
    np.testing.assert_allclose(*outs, rtol=1e-4, atol=1e-5)
    assert_same_states(*states)
    assert texts[0] == texts[1]


def test_checkpoints_are_taken_over_both_ways():
    made = []
    for library in (pl, torch):
        model = model_of(library)
        averaged = library.optim.swa_utils.AveragedModel(model)
        train(library, averaged, model, 3)
        made.append(averaged)
    ours, theirs = made
    ours.load_state_dict({k: pl.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    assert_same_states(ours.state_dict(), theirs.state_dict())
    theirs.load_state_dict({k: torch.tensor(v.numpy()) for k, v in ours.state_dict().items()})


def test_averaging_functions_are_torchs():
    for name, args in (
        ("get_swa_avg_fn", ()),
        ("get_ema_avg_fn", (0.25,)),
        ("get_ema_avg_fn", ()),
    ):
        results = []
        for library in (pl, torch):
            function = getattr(library.optim.swa_utils, name)(*args)
            old, new = library.tensor([1.0, 2.0]), library.tensor([3.0, -5.0])
            results.append(function(old, new, 3).numpy())
        np.testing.assert_array_equal(*results)
    for name, dtypes in (
        ("get_swa_multi_avg_fn", ("float64",)),
        ("get_ema_multi_avg_fn", ("float64", "int64")),
    ):
        results = []
        for library in (pl, torch):
            function = getattr(library.optim.swa_utils, name)()
            for dtype in dtypes:
                old, new = (
                    library.tensor(values, dtype=getattr(library, dtype))
                    for values in ([10, 20], [30, -50])
                )
                function([old], [new], library.tensor(3))
                results.append(old.numpy())
        np.testing.assert_array_equal(results[: len(dtypes)], results[len(dtypes) :])


def test_update_bn_is_torchs():
    seen = []
    for library in (pl, torch):
        model = model_of(library)
        model.eval()
        draws = np.random.default_rng(1).normal(size=(3, 5, 3)).astype(np.float32)
        loader = [
            (library.tensor(batch), 1) if index else library.tensor(batch)
            for index, batch in enumerate(draws)
        ]
        library.optim.swa_utils.update_bn(loader, model, device="cpu")
        assert not model.training
        assert model[1].momentum == 0.1
        seen.append(model.state_dict())
    assert_same_states(*seen)


def test_update_bn_leaves_a_model_without_batch_norm_alone():
    def fail():
        raise AssertionError
        yield

    pl.optim.swa_utils.update_bn(fail(), pl.nn.Linear(1, 1))


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("epochs", [0, 1, 4])
@pytest.mark.parametrize("rates", [0.05, [0.05, 0.3]])
def test_swalr_is_torchs(strategy, epochs, rates):
    seen, states = [], []
    for library in (pl, torch):
        groups = [
            {"params": [library.ones(1, requires_grad=True)]},
            {"params": [library.ones(1, requires_grad=True)], "lr": 0.5},
        ]
        optimizer = library.optim.SGD(groups, lr=0.1)
        scheduler = library.optim.swa_utils.SWALR(optimizer, rates, epochs, strategy)
        for _ in range(7):
            seen.append(scheduler.get_last_lr())
            optimizer.step()
            scheduler.step()
        states.append(scheduler.state_dict())
    np.testing.assert_allclose(seen[:7], seen[7:], rtol=1e-12)
    assert set(states[0]) == set(states[1])
    twin = pl.optim.swa_utils.SWALR(optimizer_of(pl), 0.05)
    twin.load_state_dict(copy.deepcopy(states[1]))
    assert twin.state_dict() == states[1]


def optimizer_of(library, kind="SGD", **options):
    return getattr(library.optim, kind)([library.ones(2, requires_grad=True)], lr=0.1, **options)


@pytest.mark.parametrize(
    "call",
    [
        lambda lib, swa: swa.get_ema_avg_fn(1.5),
        lambda lib, swa: swa.get_ema_multi_avg_fn(-0.1),
        lambda lib, swa: swa.AveragedModel(lib.nn.Identity(), avg_fn=len, multi_avg_fn=len),
        lambda lib, swa: swa.SWALR(optimizer_of(lib), 0.1, anneal_strategy="x"),
        lambda lib, swa: swa.SWALR(optimizer_of(lib), 0.1, anneal_epochs=-1),
        lambda lib, swa: swa.SWALR(optimizer_of(lib), 0.1, anneal_epochs=1.5),
        lambda lib, swa: swa.SWALR(optimizer_of(lib), [0.1, 0.2]),
    ],
)
def test_what_torch_refuses_is_refused(call):
    errors = []
    for library in (torch, pl):
        with pytest.raises((ValueError, AssertionError)) as caught:
            call(library, library.optim.swa_utils)
        errors.append(caught.value)
    assert type(errors[0]) is type(errors[1])
    assert str(errors[0]) in str(errors[1])


# ---- another state for a while ------------------------------------------------------------------


def stepped(library):
    optimizer = optimizer_of(library, "Adam")
    (param,) = optimizer.param_groups[0]["params"]
    param.grad = library.ones(2)
    optimizer.step()
    return optimizer, param


def test_a_lent_state_is_used_and_given_back():
    seen = []
    for library in (pl, torch):
        optimizer, param = stepped(library)
        other = library.zeros(2, requires_grad=True)
        other.grad = library.ones(2)
        state = copy.deepcopy(optimizer.state_dict())
        state["param_groups"][0]["lr"] = 0.5
        with library.optim.swap_in_optimizer_params_and_state(optimizer, {"w": other}, state):
            optimizer.step()
        assert optimizer.param_groups[0]["params"][0] is param
        assert optimizer.param_groups[0]["lr"] == 0.1
        steps = state["state"][0]["step"].item(), optimizer.state[param]["step"].item()
        seen.append((other.tolist(), param.tolist(), steps))
    assert seen[0] == seen[1]


SPOILED = [
    lambda state: 3,
    lambda state: {**state, "state": 3},
    lambda state: {**state, "state": {0: 3}},
    lambda state: {**state, "state": {7: {}}},
    lambda state: {**state, "param_groups": 3},
    lambda state: {**state, "param_groups": []},
    lambda state: {**state, "param_groups": [3]},
    lambda state: {**state, "param_groups": [{"params": [0]}]},
    lambda state: {**state, "param_groups": [{**state["param_groups"][0], "params": [0, 1]}]},
    lambda state: {**state, "param_groups": [{**state["param_groups"][0], "params": ["w"]}]},
]


@pytest.mark.parametrize("spoil", SPOILED)
def test_a_state_that_does_not_fit_is_refused(spoil):
    errors = []
    for library in (torch, pl):
        optimizer, param = stepped(library)
        lend = library.optim.swap_in_optimizer_params_and_state
        given = spoil(optimizer.state_dict())
        with pytest.raises(RuntimeError) as caught, lend(optimizer, {"w": param}, given):
            pass
        errors.append(str(caught.value))
    assert errors[0].rstrip(".") in errors[1]


def test_without_state_or_parameters_nothing_is_lent():
    for library in (torch, pl):
        lend = library.optim.swap_in_optimizer_params_and_state
        optimizer = optimizer_of(library, "Adam")
        with pytest.raises(RuntimeError, match="requires initialized optimizer state"):
            lend(optimizer, {}, optimizer.state_dict()).__enter__()
        optimizer, _ = stepped(library)
        with pytest.raises(RuntimeError, match="explicit parameter state to match"):
            lend(optimizer, {}, optimizer.state_dict()).__enter__()
