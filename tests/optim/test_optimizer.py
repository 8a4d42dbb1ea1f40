"""What every optimiser does with groups, hooks, closures, checkpoints and pickles."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import penlight as pl
from penlight.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
    required,
)


def _param(*values):
    return pl.tensor(values or (1.0, 2.0), requires_grad=True)


def _step(optimizer):
    for group in optimizer.param_groups:
        for param in group["params"]:
            param.grad = pl.ones_like(param)
    optimizer.step()


def test_sgd_goes_down_the_gradient():
    weight = _param()
    _step(pl.optim.SGD([weight], lr=0.5))
    np.testing.assert_array_equal(weight.detach().numpy(), np.array([0.5, 1.5], np.float32))


def test_adams_first_step_is_the_learning_rate():
    weight = _param()
    _step(pl.optim.Adam([weight], lr=0.25))
    np.testing.assert_allclose(weight.detach().numpy(), [0.75, 1.75], rtol=1e-6)


def test_parameters_without_gradient_are_left_alone():
    used, unused = _param(), _param()
    optimizer = pl.optim.Adam([used, unused], lr=0.1)
    used.grad = pl.ones(2)
    optimizer.step()
    np.testing.assert_array_equal(unused.detach().numpy(), np.array([1.0, 2.0], np.float32))
    assert list(optimizer.state_dict()["state"]) == [0]


def test_groups_take_their_own_options_before_the_defaults():
    fast, slow = _param(0.0), _param(0.0)
    groups = [{"params": fast, "lr": 1.0}, {"params": [slow]}]
    _step(pl.optim.SGD(groups, lr=0.125))
    assert (fast.item(), slow.item()) == (-1.0, -0.125)


def test_a_group_added_later_is_trained():
    weight = _param(0.0)
    optimizer = pl.optim.SGD([_param()], lr=1.0)
    optimizer.add_param_group({"params": [weight], "lr": 2.0})
    _step(optimizer)
    assert weight.item() == -2.0


def test_closure_runs_with_gradients_and_its_loss_is_returned():
    weight = _param(3.0)
    optimizer = pl.optim.SGD([weight], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = (weight**2).sum()
        loss.backward()
        return loss

    with pl.no_grad():
        assert optimizer.step(closure).item() == 9.0
    assert weight.item() == 0.0


def test_step_leaves_no_history():
    weight = _param()
    optimizer = pl.optim.AdamW([weight])
    _step(optimizer)
    assert weight.is_leaf
    assert weight.grad_fn is None
    assert not any(value.requires_grad for value in optimizer.state[weight].values())


def test_zero_grad_drops_or_zeroes_gradients():
    weight = _param()
    optimizer = pl.optim.SGD([weight])
    weight.grad = pl.ones(2, requires_grad=True) * 2
    optimizer.zero_grad(set_to_none=False)
    assert weight.grad.tolist() == [0.0, 0.0]
    assert not weight.grad.requires_grad
    optimizer.zero_grad()
    assert weight.grad is None


def test_step_counts_follow_the_default_dtype():
    before = pl.get_default_dtype()
    try:
        pl.set_default_dtype(pl.float64)
        weight = _param()
        optimizer = pl.optim.Adam([weight])
        _step(optimizer)
        assert optimizer.state[weight]["step"].dtype is pl.float64
    finally:
        pl.set_default_dtype(before)


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "error", "phrase"),
    [
        (list, ValueError, "optimizer got an empty parameter list"),
        (_param, TypeError, "should be an iterable of Tensors or dicts, but got"),
        (lambda: [1], TypeError, "can only optimize Tensors, but one of the params is int"),
        (lambda: [_param() * 2], ValueError, "can't optimize a non-leaf Tensor"),
        (lambda: [{"params": {_param()}}], TypeError, "organized in ordered collections"),
        (lambda: [("a", _param()), _param()], ValueError, "Some param names are missing"),
        (lambda: [_param(), ("a", _param())], ValueError, "Some param names are missing"),
    ],
)
def test_wrong_parameters_are_refused(params, error, phrase):
    with pytest.raises(error, match=phrase):
        pl.optim.SGD(params(), lr=0.1)


def test_a_parameter_in_two_groups_is_refused():
    weight = _param()
    with pytest.raises(ValueError, match="appear in more than one parameter group"):
        pl.optim.SGD([{"params": weight}, {"params": [weight]}])


def test_a_parameter_twice_in_a_group_warns():
    weight = _param()
    with pytest.warns(UserWarning, match="a parameter group with duplicate parameters"):
        pl.optim.SGD([weight, weight])


@pytest.mark.parametrize("named_first", [True, False])
def test_named_and_nameless_groups_do_not_mix(named_first):
    first, second = [("a", _param())], [_param()]
    if not named_first:
        first, second = second, first
    optimizer = pl.optim.SGD(first)
    which = "without names" if named_first else "with names"
    with pytest.raises(ValueError, match=f"cannot add param group {which} to the optimizer"):
        optimizer.add_param_group({"params": second})


def test_a_group_must_be_a_dict():
    with pytest.raises(TypeError, match="param_group must be a dict, but got"):
        pl.optim.SGD([_param()]).add_param_group([_param()])


def test_a_required_option_must_be_given():
    with pytest.raises(ValueError, match="required optimization parameter lr"):
        Optimizer([_param()], {"lr": required})


def test_capturable_steps_are_refused_on_a_cpu():
    optimizer = pl.optim.Adam([_param()], capturable=True)
    with pytest.raises(AssertionError, match="must be on supported devices"):
        _step(optimizer)


def test_tensor_rate_needs_one_element_and_no_foreach():
    with pytest.raises(ValueError, match="Tensor lr must be 1-element"):
        pl.optim.SGD([_param()], lr=pl.tensor([0.1, 0.2]))
    with pytest.raises(ValueError, match="lr as a Tensor is not supported"):
        pl.optim.Adam([_param()], lr=pl.tensor(0.1), foreach=True)


# -- checkpoints -----------------------------------------------------------------------------------


def test_state_dict_round_trip_continues_exactly():
    weight, other = _param(), _param()
    optimizer = pl.optim.Adam([weight], lr=0.1, amsgrad=True)
    for _ in range(3):
        _step(optimizer)
    with pl.no_grad():
        other.copy_(weight)
    resumed = pl.optim.Adam([other], lr=9.0)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for each in (optimizer, resumed):
        _step(each)
    assert weight.tolist() == other.tolist()
    assert resumed.param_groups[0]["lr"] == 0.1


def test_loaded_moments_take_the_parameters_dtype_and_steps_keep_theirs():
    weight = _param()
    optimizer = pl.optim.Adam([weight])
    _step(optimizer)
    double = pl.ones(2, dtype=pl.float64, requires_grad=True)
    resumed = pl.optim.Adam([double])
    resumed.load_state_dict(optimizer.state_dict())
    state = resumed.state[double]
    assert state["exp_avg"].dtype is pl.float64
    assert state["step"].dtype is pl.float32


def test_an_old_checkpoint_gains_new_options_and_a_tensor_step():
    weight = _param()
    optimizer = pl.optim.Adam([weight])
    moments = {"exp_avg": pl.zeros(2), "exp_avg_sq": pl.zeros(2)}
    group = {"lr": 0.5, "betas": (0.9, 0.99), "eps": 1e-8, "weight_decay": 0, "params": [0]}
    optimizer.load_state_dict({"state": {0: {"step": 3, **moments}}, "param_groups": [group]})
    assert optimizer.param_groups[0]["amsgrad"] is False
    _step(optimizer)
    assert optimizer.state[weight]["step"].item() == 4.0


@pytest.mark.parametrize(
    ("groups", "phrase"),
    [
        ([], "different number of parameter groups"),
        ([{"params": [0, 1]}], "doesn't match the size of optimizer's group"),
    ],
)
def test_a_checkpoint_of_another_shape_is_refused(groups, phrase):
    with pytest.raises(ValueError, match=phrase):
        pl.optim.SGD([_param()]).load_state_dict({"state": {}, "param_groups": groups})


def test_names_are_kept_when_the_checkpoint_has_none():
    optimizer = pl.optim.SGD([("weight", _param())])
    optimizer.load_state_dict(pl.optim.SGD([_param()]).state_dict())
    assert optimizer.param_groups[0]["param_names"] == ["weight"]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_copies_and_pickles_train_on_their_own(duplicate):
    weight = _param()
    optimizer = pl.optim.SGD([weight], lr=0.5, momentum=0.9)
    _step(optimizer)
    twin = duplicate(optimizer)
    _step(twin)
    (param,) = twin.param_groups[0]["params"]
    np.testing.assert_allclose(param.detach().numpy(), [-0.45, 0.55], rtol=1e-5)
    assert weight.tolist() == [0.5, 1.5]


# -- hooks -----------------------------------------------------------------------------------------


def test_step_hooks_run_around_each_step_in_torchs_order():
    events = []
    optimizer = pl.optim.SGD([_param()])
    optimizer.register_step_pre_hook(lambda o, args, kwargs: events.append("pre"))
    optimizer.register_step_post_hook(lambda o, args, kwargs: events.append("post"))
    handles = [
        register_optimizer_step_pre_hook(lambda *_: events.append("global pre")),
        register_optimizer_step_post_hook(lambda *_: events.append("global post")),
    ]
    try:
        optimizer.step()
    finally:
        for handle in handles:
            handle.remove()
    optimizer.step()
    assert events == ["global pre", "pre", "post", "global post", "pre", "post"]


def test_a_pre_hook_may_change_the_arguments():
    optimizer = pl.optim.SGD([_param()])
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: "loss"), {}))
    assert optimizer.step() == "loss"
    optimizer.register_step_pre_hook(lambda *_: 5)
    with pytest.raises(RuntimeError, match="must return None or a tuple of"):
        optimizer.step()


def test_state_dict_hooks_see_and_change_the_state():
    optimizer = pl.optim.SGD([_param()])
    seen = []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("before"))
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "extra": 1})
    optimizer.register_load_state_dict_pre_hook(lambda o, state: seen.append(sorted(state)))
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append("after"))
    optimizer.load_state_dict(optimizer.state_dict())
    assert seen == ["before", ["extra", "param_groups", "state"], "after"]


def test_prepended_hooks_run_first():
    optimizer = pl.optim.SGD([_param()])
    seen = []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append(2))
    optimizer.register_state_dict_pre_hook(lambda o: seen.append(1), prepend=True)
    optimizer.state_dict()
    assert seen == [1, 2]


def test_a_users_optimizer_may_override_step_and_still_has_hooks():
    class SignDescent(Optimizer):
        def __init__(self, params, lr=0.5):
            super().__init__(params, {"lr": lr})

        @pl.no_grad()
        def step(self):
            for group in self.param_groups:
                for param in group["params"]:
                    param.add_(param.grad.sign(), alpha=-group["lr"])

    events = []
    weight = _param()
    optimizer = SignDescent([weight])
    optimizer.register_step_post_hook(lambda *_: events.append("post"))
    _step(optimizer)
    assert weight.tolist() == [0.5, 1.5]
    assert events == ["post"]
