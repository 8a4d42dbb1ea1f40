"""autocast where it is off, and the scaler of losses beside torch's; see test_autocast.py."""

from __future__ import annotations

import copy
import pickle

import pytest

import penlight as pl

try:
    import torch
except ImportError:
    torch = None

LIBRARIES = [pytest.param(pl, id="penlight")]
if torch is not None:
    LIBRARIES.append(pytest.param(torch, id="torch"))


# ---- autocast -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lib", LIBRARIES)
def test_autocast_that_is_off_changes_nothing(lib):
    for device in ("cpu", "cuda"):
        with lib.autocast(device, enabled=False) as block:
            assert lib.mm(lib.ones(2, 2), lib.ones(2, 2)).dtype is lib.float32
            assert not lib.is_autocast_enabled(device)
        assert isinstance(block, lib.amp.autocast)

    @lib.autocast(device_type="cpu", enabled=False)
    def product(x):
        return x @ x

    assert product(lib.ones(2, 2)).dtype is lib.float32


@pytest.mark.parametrize("lib", LIBRARIES)
def test_autocast_of_an_absent_accelerator_warns_and_does_nothing(lib):
    with pytest.warns(UserWarning, match="CUDA is not available or torch_xla is imported"):
        block = lib.autocast("cuda", dtype=lib.float16)
    with block:
        assert lib.mm(lib.ones(2, 2), lib.ones(2, 2)).dtype is lib.float32
    with pytest.warns(FutureWarning, match=r"`torch.cuda.amp.autocast\(args...\)` is deprecated"):
        lib.cuda.amp.autocast(enabled=False)
    with pytest.warns(FutureWarning, match=r"`torch.cpu.amp.autocast\(args...\)` is deprecated"):
        lib.cpu.amp.autocast(enabled=False)


@pytest.mark.parametrize("lib", LIBRARIES)
def test_autocast_checks_its_arguments(lib):
    with pytest.raises(ValueError, match="Expected `device_type` of type `str`"):
        lib.autocast(lib.device("cpu"))
    with pytest.raises(RuntimeError, match="unsupported autocast device_type 've'"):
        lib.autocast("ve", dtype=lib.float16)
    with pytest.raises(RuntimeError, match="device type at start of device string: nowhere"):
        lib.autocast("nowhere")
    with pytest.raises(TypeError, match="requires a callable, but got int"):
        lib.autocast("cpu", enabled=False)(3)
    with pytest.warns(UserWarning, match="In CPU autocast, but the target dtype is not supported"):
        lib.autocast("cpu", dtype=lib.float32)
    assert lib.amp.is_autocast_available("cpu")
    assert not lib.amp.is_autocast_available("ve")
    assert lib.get_autocast_dtype("cpu") is lib.bfloat16
    assert lib.get_autocast_dtype("cuda") is lib.float16


@pytest.mark.parametrize("lib", LIBRARIES)
def test_marked_functions_run_as_they_are(lib):
    class Double(lib.autograd.Function):
        @staticmethod
        @lib.amp.custom_fwd(device_type="cpu", cast_inputs=lib.float32)
        def forward(ctx, x):
            return x * 2

        @staticmethod
        @lib.amp.custom_bwd(device_type="cpu")
        def backward(ctx, grad):
            return grad * 2

    x = lib.ones(2, requires_grad=True)
    Double.apply(x).sum().backward()
    assert x.grad.tolist() == [2, 2]
    with pytest.raises(ValueError, match="Expected `device_type` of type `str`"):
        lib.amp.custom_bwd(device_type=None)


# ---- GradScaler ---------------------------------------------------------------------------------


def _training(lib, losses, **options):
    """Parameters, scale and count of good steps after each iteration."""
    weight = lib.tensor([1.0, 2.0], requires_grad=True)
    optimizer = lib.optim.SGD([weight], lr=0.1)
    scaler = lib.amp.GradScaler("cpu", **options)
    history = []
    for factor in losses:
        optimizer.zero_grad()
        scaler.scale((weight * factor).sum()).backward()
        if factor == 3:
            scaler.unscale_(optimizer)
            lib.nn.utils.clip_grad_norm_([weight], 1.0)
        scaler.step(optimizer)
        scaler.update()
        history.append((weight.tolist(), scaler.get_scale(), scaler.state_dict()))
    return history


LOSSES = [1.0, 2.0, 3.0, float("inf"), 1.0, 1.0, 1.0, float("nan"), 0.5]


def test_a_step_that_is_not_finite_is_left_out_and_the_scale_reduced():
    history = _training(pl, LOSSES, init_scale=8.0, growth_interval=2)
    assert [scale for _, scale, _ in history] == [8, 16, 16, 8, 8, 16, 16, 8, 8]
    assert history[2][0] == history[3][0]
    assert history[6][0] == history[7][0]


@pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")
@pytest.mark.parametrize(
    "options",
    [{}, {"init_scale": 8.0, "growth_interval": 2}, {"growth_factor": 3.7, "growth_interval": 1}],
)
def test_training_with_a_scaler_is_torchs(options):
    ours, theirs = _training(pl, LOSSES, **options), _training(torch, LOSSES, **options)
    assert [scales for _, *scales in ours] == [scales for _, *scales in theirs]
    for (weight, *_), (their_weight, *_) in zip(ours, theirs, strict=True):
        assert weight == pytest.approx(their_weight, rel=1e-6, nan_ok=True)


@pytest.mark.parametrize("lib", LIBRARIES)
def test_scaler_without_cuda_warns_and_is_off(lib):
    with pytest.warns(UserWarning, match="GradScaler is enabled, but CUDA is not available"):
        scaler = lib.amp.GradScaler()
    assert not scaler.is_enabled()
    assert scaler.get_scale() == 1.0
    assert scaler.state_dict() == {}
    loss = lib.ones(1)
    assert scaler.scale(loss) is loss
    with pytest.warns(FutureWarning, match="GradScaler"):
        lib.cuda.amp.GradScaler(enabled=False)


@pytest.mark.parametrize("lib", LIBRARIES)
def test_scaler_checks_the_order_of_calls(lib):
    weight = lib.ones(1, requires_grad=True)
    optimizer = lib.optim.SGD([weight], lr=1.0)
    scaler = lib.amp.GradScaler("cpu")
    with pytest.raises(AssertionError, match="Attempted step but _scale is None"):
        scaler.step(optimizer)
    scaler.scale(weight.sum()).backward()
    with pytest.raises(AssertionError, match="No inf checks were recorded prior to update"):
        scaler.update()
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match="has already been called on this optimizer"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match=r"step\(\) has already been called since"):
        scaler.step(optimizer)
    with pytest.raises(RuntimeError, match=r"unscale_\(\) is being called after step\(\)"):
        scaler.unscale_(optimizer)
    with pytest.raises(AssertionError, match="only be pickled at the beginning"):
        pickle.dumps(scaler)
    with pytest.raises(RuntimeError, match="Closure use is not currently supported"):
        scaler.step(optimizer, closure=lambda: None)
    scaler.update()
    scaler.update(3.0) if lib is torch else scaler.update(pl.tensor([3.0]))
    assert scaler.get_scale() == 3.0


@pytest.mark.parametrize("lib", LIBRARIES)
def test_scaler_takes_and_gives_its_state(lib):
    scaler = lib.amp.GradScaler("cpu", init_scale=4.0)
    state = scaler.state_dict()
    assert state == {
        "scale": 4.0,
        "growth_factor": 2.0,
        "backoff_factor": 0.5,
        "growth_interval": 2000,
        "_growth_tracker": 0,
    }
    state.update(scale=2.0, _growth_tracker=7)
    scaler.scale(lib.ones(1))
    scaler.load_state_dict(state)
    assert scaler.state_dict() == state
    assert scaler.scale([lib.ones(1), (lib.ones(1),)])[1][0].item() == 2
    for other in (copy.deepcopy(scaler), pickle.loads(pickle.dumps(scaler))):
        assert other.state_dict() == state
    with pytest.raises(RuntimeError, match="source state dict is empty"):
        scaler.load_state_dict({})
    scaler.set_growth_factor(3.0)
    scaler.set_backoff_factor(0.25)
    scaler.set_growth_interval(5)
    settings = scaler.get_growth_factor(), scaler.get_backoff_factor(), scaler.get_growth_interval()
    assert settings == (3.0, 0.25, 5)


@pytest.mark.parametrize("lib", LIBRARIES)
@pytest.mark.parametrize("options", [{"growth_factor": 1.0}, {"backoff_factor": 1.0}])
def test_scaler_refuses_factors_that_do_nothing(lib, options):
    with pytest.raises(AssertionError, match="factor must be"):
        lib.amp.GradScaler("cpu", **options)


def test_gradients_of_half_precision_are_refused():
    weight = pl.ones(1, dtype=pl.float16, requires_grad=True)
    scaler = pl.amp.GradScaler("cpu")
    scaler.scale(weight.sum()).backward()
    with pytest.raises(ValueError, match="Attempting to unscale FP16 gradients"):
        scaler.unscale_(pl.optim.SGD([weight], lr=1.0))
