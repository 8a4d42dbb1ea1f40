"""L-BFGS goes torch's way: the same evaluations, steps, state and checkpoints."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import penlight as pl

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

OPTIONS = [
    {},
    {"lr": 0.1},
    {"line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "history_size": 3, "lr": 0.3},
    {"line_search_fn": "strong_wolfe", "max_eval": 4, "max_iter": 7},
    {"max_iter": 3, "history_size": 2, "lr": 0.5},
    {"max_eval": 2},
    {"tolerance_grad": 1e-1, "lr": 0.05},
    {"tolerance_change": 1e-2, "line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "max_eval": 1},
]


def bowl(params):
    first, second = params
    coupled = 3 * (second - first[:2]).square().sum() + second.sum()
    return (first - 1).square().sum() + coupled + (first + 0.5).square().square().sum() / 10


def rosenbrock(params):
    x, y = params[0][:2], params[1][:2]
    return (100 * (y - x.square()).square() + (1 - x).square()).sum()


# Without a search the second one is left in leaps that a rounding decides.
CASES = [(options, bowl) for options in OPTIONS] + [
    (options, rosenbrock) for options in OPTIONS if "line_search_fn" in options
]


def made(library, dtype="float64"):
    arrays = np.array([-1.2, 0.7, 0.3], dtype), np.array([1.0, -0.4], dtype)
    return [library.tensor(array, requires_grad=True) for array in arrays]


def steps(optimizer, params, loss_of, count):
    """Return the losses that the closure has found in some steps."""
    losses = []

    def closure():
        optimizer.zero_grad()
        loss = loss_of(params)
        loss.backward()
        losses.append(loss.item())
        return loss

    for _ in range(count):
        optimizer.step(closure)
    return losses


@pytest.mark.parametrize(("options", "loss_of"), CASES)
def test_the_evaluations_are_torchs(options, loss_of):
    seen = []
    for library in (pl, torch):
        params = made(library)
        optimizer = library.optim.LBFGS(params, **options)
        losses = steps(optimizer, params, loss_of, 3)
        seen.append((losses, [param.detach().numpy() for param in params]))
    (ours, our_params), (theirs, their_params) = seen
    assert len(ours) == len(theirs)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-8)
    for mine, its in zip(our_params, their_params, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("options", [{"lr": 0.1}, {"line_search_fn": "strong_wolfe"}])
def test_the_state_has_torchs_keys_and_kinds(options):
    states = []
    for library in (pl, torch):
        params = made(library)
        optimizer = library.optim.LBFGS(params, max_iter=4, **options)
        steps(optimizer, params, bowl, 2)
        states.append(optimizer.state_dict())
    ours, theirs = states
    assert ours["param_groups"] == theirs["param_groups"]
    mine, its = ours["state"][0], theirs["state"][0]
    assert list(mine) == list(its)
    for key, value in its.items():
        compare(mine[key], value)


def compare(mine, its):
    if isinstance(its, list):
        assert len(mine) == len(its)
        for ours, theirs in zip(mine, its, strict=True):
            compare(ours, theirs)
    elif isinstance(its, torch.Tensor):
        assert isinstance(mine, pl.Tensor)
        np.testing.assert_allclose(mine.numpy(), its.numpy(), rtol=1e-6)
    else:
        assert type(mine) is type(its)
        assert mine == (its if its is None else pytest.approx(its, rel=1e-6))


def converted(value, library):
    other = torch.Tensor if library is pl else pl.Tensor
    if isinstance(value, other):
        return library.tensor(value.detach().numpy())
    if isinstance(value, dict):
        return {key: converted(entry, library) for key, entry in value.items()}
    if isinstance(value, list):
        return [converted(entry, library) for entry in value]
    return value


@pytest.mark.parametrize("first, second", [(pl, torch), (torch, pl)])
@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_training_goes_on_in_the_other_library(first, second, search):
    options = {"max_iter": 3, "lr": 0.1 if search is None else 1, "line_search_fn": search}
    params = made(first)
    optimizer = first.optim.LBFGS(params, **options)
    steps(optimizer, params, bowl, 3)
    others = [second.tensor(param.detach().numpy(), requires_grad=True) for param in params]
    resumed = second.optim.LBFGS(others)
    resumed.load_state_dict(converted(copy.deepcopy(optimizer.state_dict()), second))
    losses = steps(optimizer, params, bowl, 3)
    np.testing.assert_allclose(steps(resumed, others, bowl, 3), losses, rtol=1e-8)


def test_a_parameter_without_gradient_stays():
    seen = []
    for library in (pl, torch):
        params = made(library)
        optimizer = library.optim.LBFGS(params, lr=0.1)
        steps(optimizer, params, lambda given: (given[0] - 1).square().sum(), 2)
        seen.append([param.tolist() for param in params])
    assert seen[0][1] == seen[1][1] == [1.0, -0.4]
    np.testing.assert_allclose(seen[0][0], seen[1][0])


def test_what_is_refused():
    for library in (pl, torch):
        params = made(library)
        with pytest.raises(ValueError, match="LBFGS doesn't support per-parameter options"):
            library.optim.LBFGS([{"params": params[:1]}, {"params": params[1:]}])
        with pytest.raises(ValueError, match="Invalid learning rate: -1"):
            library.optim.LBFGS(params, lr=-1)
        optimizer = library.optim.LBFGS(params, line_search_fn="other")
        with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
            steps(optimizer, params, bowl, 1)
        with pytest.raises(TypeError, match="closure"):
            optimizer.step()
        extra = library.ones(1, requires_grad=True)
        optimizer.add_param_group({"params": [extra]})
        with pytest.raises(AssertionError, match="Expected exactly one param_group"):
            steps(optimizer, params, bowl, 1)


def test_copies_and_pickles_go_on():
    params = made(pl)
    optimizer = pl.optim.LBFGS(params, lr=0.1)
    steps(optimizer, params, bowl, 1)
    for twin in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        own = twin.param_groups[0]["params"]
        assert own[0] is not params[0]
        assert steps(twin, own, bowl, 1)[-1] < 5
