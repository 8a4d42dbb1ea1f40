"""Every scheduler gives torch's learning rates, state dicts and errors."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest

import penlight as pl

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

SCHEDULERS = {
    "lambda": ("LambdaLR", ([lambda e: 1 / (e + 1), lambda e: 0.5**e],), {}),
    "multiplicative": ("MultiplicativeLR", (lambda e: 0.9 + e / 100,), {}),
    "step": ("StepLR", (3,), {"gamma": 0.3}),
    "multistep": ("MultiStepLR", ([2, 5, 5, 9],), {}),
    "constant": ("ConstantLR", (), {}),
    "linear": ("LinearLR", (), {"end_factor": 0.7}),
    "exponential": ("ExponentialLR", (0.9,), {}),
    "polynomial": ("PolynomialLR", (), {"total_iters": 7, "power": 1.5}),
    "cosine": ("CosineAnnealingLR", (4,), {"eta_min": 0.01}),
    "restarts": ("CosineAnnealingWarmRestarts", (3,), {"T_mult": 2}),
    "restarts-equal": ("CosineAnnealingWarmRestarts", (4,), {"eta_min": 0.02}),
    "cyclic": ("CyclicLR", (0.1, 0.5), {"step_size_up": 3, "step_size_down": 2}),
    "cyclic2": ("CyclicLR", (0.1, [0.5, 0.7]), {"step_size_up": 2, "mode": "triangular2"}),
    "cyclic-exp": ("CyclicLR", (0.1, 0.5, 3), {"mode": "exp_range", "gamma": 0.9}),
    "cyclic-fn": ("CyclicLR", (0.1, 0.5, 3), {"scale_fn": lambda x: 1 / x}),
    "onecycle": ("OneCycleLR", (0.5, 20), {}),
    "onecycle3": (
        "OneCycleLR",
        ([0.5, 0.7],),
        {"epochs": 5, "steps_per_epoch": 4, "three_phase": True, "anneal_strategy": "linear"},
    ),
}
STEPS = 15


def _optimizer(library, kind="SGD", **options):
    groups = [
        {"params": [library.ones(2, requires_grad=True)]},
        {"params": [library.ones(2, requires_grad=True)], "lr": 0.5},
    ]
    if kind == "SGD":
        options = {"momentum": 0.9, **options}
    return getattr(library.optim, kind)(groups, lr=0.1, **options)


def _make(library, optimizer, name, **more):
    kind, args, options = copy.copy(SCHEDULERS[name])
    return getattr(library.optim.lr_scheduler, kind)(optimizer, *args, **options, **more)


def _options_of(optimizer):
    return [
        {key: value for key, value in group.items() if key != "params"}
        for group in optimizer.param_groups
    ]


def _trace(optimizer, scheduler, steps=STEPS):
    seen = [(scheduler.get_last_lr(), _options_of(optimizer))]
    for _ in range(steps):
        optimizer.step()
        scheduler.step()
        seen.append((scheduler.get_last_lr(), _options_of(optimizer)))
    return seen


def _close(ours, theirs):
    """Equal structures, numbers to the last bits."""
    if isinstance(theirs, dict):
        assert set(ours) == set(theirs)
        for key in theirs:
            _close(ours[key], theirs[key])
    elif isinstance(theirs, list | tuple):
        assert type(ours) is type(theirs)
        assert len(ours) == len(theirs)
        for mine, other in zip(ours, theirs, strict=True):
            _close(mine, other)
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=1e-14, abs=1e-16)
    else:
        assert ours == theirs


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_learning_rates_and_momenta_equal_torch(name, kind):
    traces, states = [], []
    for library in (pl, torch):
        optimizer = _optimizer(library, kind)
        scheduler = _make(library, optimizer, name)
        traces.append(_trace(optimizer, scheduler))
        states.append(scheduler.state_dict())
    _close(*traces)
    _close(*states)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_resuming_at_an_epoch_equals_torch(name):
    traces = []
    for library in (pl, torch):
        optimizer = _optimizer(library)
        _trace(optimizer, _make(library, optimizer, name), steps=5)
        traces.append(_trace(optimizer, _make(library, optimizer, name, last_epoch=5), steps=8))
    _close(*traces)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_going_to_an_epoch_equals_torch(name):
    seen = []
    for library in (pl, torch):
        optimizer = _optimizer(library)
        scheduler = _make(library, optimizer, name)
        optimizer.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for epoch in (7, 2, 11):
                scheduler.step(epoch)
                seen.append(scheduler.get_last_lr())
            scheduler.step()
        seen.append(scheduler.get_last_lr())
    _close(seen[:4], seen[4:])


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_state_dict_of_torch_is_taken_over(name):
    theirs = _optimizer(torch)
    their_scheduler = _make(torch, theirs, name)
    _trace(theirs, their_scheduler, steps=6)
    ours = _optimizer(pl)
    our_scheduler = _make(pl, ours, name)
    our_scheduler.load_state_dict(copy.deepcopy(their_scheduler.state_dict()))
    ours.load_state_dict(theirs.state_dict())
    ours.step()
    _close(_trace(ours, our_scheduler, 6), _trace(theirs, their_scheduler, 6))


def _sequential(library, optimizer):
    schedulers = library.optim.lr_scheduler
    parts = [
        schedulers.LinearLR(optimizer, total_iters=3),
        schedulers.CosineAnnealingLR(optimizer, 5),
    ]
    return schedulers.SequentialLR(optimizer, parts, [4])


def _chained(library, optimizer):
    schedulers = library.optim.lr_scheduler
    parts = [schedulers.ConstantLR(optimizer), schedulers.ExponentialLR(optimizer, 0.9)]
    return schedulers.ChainedScheduler(parts)


@pytest.mark.parametrize("make", [_sequential, _chained])
def test_composite_schedulers_equal_torch(make):
    traces, states = [], []
    for library in (pl, torch):
        optimizer = _optimizer(library)
        scheduler = make(library, optimizer)
        traces.append(_trace(optimizer, scheduler))
        states.append(scheduler.state_dict())
    _close(*traces)
    _close(*states)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
def test_plateau_equals_torch(mode, threshold_mode):
    losses = np.random.default_rng(1).normal(size=40).round(2).tolist()
    seen = []
    for library in (pl, torch):
        optimizer = _optimizer(library)
        scheduler = library.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer,
            mode,
            factor=0.5,
            patience=2,
            threshold=0.1,
            threshold_mode=threshold_mode,
            cooldown=1,
            min_lr=[0.01, 0.1],
        )
        rates = []
        for loss in losses:
            scheduler.step(library.tensor(loss))
            rates.append(scheduler.get_last_lr())
        seen.append((rates, scheduler.state_dict()))
    _close(*seen)


def test_a_tensor_learning_rate_is_filled_in_place():
    seen = []
    for library in (pl, torch):
        rate = library.tensor(0.1)
        optimizer = library.optim.SGD([library.ones(2, requires_grad=True)], lr=rate)
        scheduler = library.optim.lr_scheduler.StepLR(optimizer, 1)
        assert optimizer.param_groups[0]["lr"] is rate
        optimizer.step()
        scheduler.step()
        seen.append((rate.item(), scheduler.get_last_lr()[0].item(), scheduler.base_lrs[0].item()))
    assert seen[0] == seen[1]


BAD = [
    ("LambdaLR", ([lambda _: 1],), {}),
    ("MultiplicativeLR", ([1, 2],), {}),
    ("StepLR", (3,), {"last_epoch": 2}),
    ("ReduceLROnPlateau", ("x",), {}),
    ("ReduceLROnPlateau", (), {"threshold_mode": "x"}),
    ("ReduceLROnPlateau", (), {"factor": 1.0}),
    ("ReduceLROnPlateau", (), {"min_lr": [1]}),
    ("CosineAnnealingWarmRestarts", (0,), {}),
    ("CosineAnnealingWarmRestarts", (1, 0), {}),
    ("CosineAnnealingWarmRestarts", (1,), {"eta_min": "x"}),
    ("ConstantLR", (2,), {}),
    ("LinearLR", (0,), {}),
    ("LinearLR", (), {"end_factor": 2}),
    ("CyclicLR", (1, 2), {"mode": "x"}),
    ("CyclicLR", ([1], 2), {}),
    ("OneCycleLR", (1,), {}),
    ("OneCycleLR", (1, 0), {}),
    ("OneCycleLR", (1,), {"epochs": 0, "steps_per_epoch": 1}),
    ("OneCycleLR", (1, 5), {"pct_start": 3}),
    ("OneCycleLR", (1, 5), {"anneal_strategy": "x"}),
    ("SequentialLR", ([], []), {}),
    ("SequentialLR", ([5], []), {}),
]


@pytest.mark.parametrize(("kind", "args", "options"), BAD)
def test_bad_arguments_raise_what_torch_raises(kind, args, options):
    errors = []
    for library in (torch, pl):
        with pytest.raises((ValueError, TypeError, KeyError)) as caught:
            getattr(library.optim.lr_scheduler, kind)(_optimizer(library), *args, **options)
        errors.append(caught.value)
    assert type(errors[1]) is type(errors[0])
    assert str(errors[0]) in str(errors[1])
