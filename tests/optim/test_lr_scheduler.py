"""What schedulers do beyond their numbers: warnings, checkpoints of functions, state."""

from __future__ import annotations

import pickle

import pytest

import penlight as pl
from penlight.optim import lr_scheduler


def _optimizer(**options):
    return pl.optim.SGD([pl.ones(2, requires_grad=True)], lr=1.0, **options)


def _rates(scheduler, steps):
    seen = []
    for _ in range(steps):
        seen += scheduler.get_last_lr()
        scheduler.optimizer.step()
        scheduler.step()
    return seen


def test_step_lr_falls_in_steps():
    assert _rates(lr_scheduler.StepLR(_optimizer(), 2, 0.5), 5) == [1.0, 1.0, 0.5, 0.5, 0.25]


def test_lambda_lr_multiplies_the_initial_rate():
    scheduler = lr_scheduler.LambdaLR(_optimizer(), lambda epoch: 0.5**epoch)
    assert _rates(scheduler, 4) == [1.0, 0.5, 0.25, 0.125]


def test_cosine_annealing_ends_at_the_minimum():
    scheduler = lr_scheduler.CosineAnnealingLR(_optimizer(), 4, eta_min=0.25)
    assert _rates(scheduler, 5)[-1] == pytest.approx(0.25, abs=1e-15)


def test_plateau_waits_for_patience_and_cooldown():
    optimizer = _optimizer()
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, cooldown=1)
    rates = []
    for _ in range(6):
        scheduler.step(1.0)
        rates += scheduler.get_last_lr()
    assert rates == [1.0, 1.0, 0.5, 0.5, 0.5, 0.25]


def test_plateau_refuses_a_group_it_has_no_minimum_for():
    optimizer = _optimizer()
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, min_lr=[0.1])
    optimizer.add_param_group({"params": pl.ones(1, requires_grad=True)})
    scheduler.step(1.0)
    with pytest.raises(RuntimeError, match="Please modify the `min_lrs` field"):
        scheduler.step(1.0)


def test_stepping_before_the_optimizer_warns():
    scheduler = lr_scheduler.StepLR(_optimizer(), 1)
    with pytest.warns(UserWarning, match=r"Detected call of `lr_scheduler.step\(\)` before"):
        scheduler.step()


def test_a_replaced_step_warns():
    optimizer = _optimizer()
    scheduler = lr_scheduler.StepLR(optimizer, 1)
    optimizer.step = lambda: None
    with pytest.warns(UserWarning, match=r"`optimizer.step\(\)` has been overridden after"):
        scheduler.step()


def test_get_lr_outside_step_warns():
    with pytest.warns(UserWarning, match=r"please use `get_last_lr\(\)`"):
        lr_scheduler.StepLR(_optimizer(), 1).get_lr()


def test_giving_an_epoch_warns_and_uses_the_closed_form():
    optimizer = _optimizer()
    scheduler = lr_scheduler.StepLR(optimizer, 1, 0.5)
    optimizer.step()
    with pytest.warns(UserWarning, match=r"The epoch parameter in `scheduler.step\(\)`"):
        scheduler.step(3)
    assert scheduler.get_last_lr() == [0.125]


def test_state_dict_keeps_attributes_of_callable_objects_only():
    class Power:
        def __init__(self, base):
            self.base = base

        def __call__(self, epoch):
            return self.base**epoch

    scheduler = lr_scheduler.LambdaLR(_optimizer(), Power(0.5))
    assert scheduler.state_dict()["lr_lambdas"] == [{"base": 0.5}]
    other = lr_scheduler.LambdaLR(_optimizer(), Power(0.1))
    other.load_state_dict(scheduler.state_dict())
    assert _rates(other, 3)[1:] == [0.5, 0.25]
    plain = lr_scheduler.LambdaLR(_optimizer(), lambda _: 1.0)
    assert plain.state_dict()["lr_lambdas"] == [None]


def test_an_optimizer_with_a_scheduler_pickles_and_is_freed():
    import gc
    import weakref

    optimizer = _optimizer()
    lr_scheduler.StepLR(optimizer, 1)
    assert pickle.loads(pickle.dumps(optimizer)).param_groups[0]["initial_lr"] == 1.0
    gc.disable()
    try:
        reference = weakref.ref(optimizer)
        del optimizer
        assert reference() is None
    finally:
        gc.enable()


def test_onecycle_refuses_more_steps_than_it_was_given():
    optimizer = _optimizer()
    scheduler = lr_scheduler.OneCycleLR(optimizer, 1.0, 2, cycle_momentum=False)
    optimizer.step()
    scheduler.step()
    scheduler.step()
    with pytest.raises(ValueError, match="Tried to step 3 times"):
        scheduler.step()


def test_cycling_needs_momentum_to_cycle():
    class Plain(pl.optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {"lr": 0.1})

    optimizer = Plain([pl.ones(1, requires_grad=True)])
    with pytest.raises(ValueError, match="optimizer must support momentum or beta1"):
        lr_scheduler.CyclicLR(optimizer, 0.1, 1.0)


def test_only_an_optimizer_can_be_scheduled():
    with pytest.raises(TypeError, match="int is not an Optimizer"):
        lr_scheduler.StepLR(5, 3)
