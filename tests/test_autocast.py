"""autocast on the CPU: in a block every op gives what torch gives, on the other tests' samples."""

from __future__ import annotations

import threading
import warnings

import oracle
import pytest

import penlight as pl
from penlight.autograd._autocast import state

try:
    import torch
except ImportError:
    torch = None

LIBRARIES = [pytest.param(pl, id="penlight")]
if torch is not None:
    LIBRARIES.append(pytest.param(torch, id="torch"))
HALVES = ("bfloat16", "float16")
both = pytest.mark.parametrize("lib", LIBRARIES)
halves = pytest.mark.parametrize("half", HALVES)
needs_torch = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")

# Factors on the tolerance of values: attention rounds its probabilities to a half, which then
# cancel; pinv is computed in single precision throughout and rounded once.
LOOSE = {"nn.functional.scaled_dot_product_attention": 2, "linalg.pinv": 4}
# torch prints pinv for a result that it has cast inside.
OTHER_NODE = {"linalg.pinv"}
# torch composes these of cat, which refuses the other half.
JOINING = {"roll", "unique", "unique_consecutive"}
# oneDNN has no LSTM in halves on every processor, and torch then raises.
NO_LSTM = "could not create a primitive descriptor for the LSTM"


@pytest.fixture(autouse=True)
def _nothing_left_behind():
    yield
    assert not state.enabled
    assert not state.casts
    assert not state.busy
    assert state.nesting == 0
    assert "_detour" not in pl.mm.__code__.co_varnames


def _run(lib, half, function, sample, convert):
    options = {key: convert(value) for key, value in sample.kwargs.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with lib.autocast("cpu", dtype=getattr(lib, half)):
            return oracle.run(function, convert(sample.args), options)


def _names_of_dtypes(result):
    if isinstance(result, Exception):
        return type(result).__name__
    return [
        str(getattr(item, "dtype", None)).removeprefix("torch.") for item in oracle.flat(result)
    ]


@needs_torch
@pytest.mark.parametrize(
    "name, dtype", oracle.cases("float32", "float64", "float16", "bfloat16", "int64")
)
def test_op_in_a_block_gives_what_torch_gives(name, dtype):
    settings = oracle.SAMPLES[name]
    ours, theirs = oracle.resolve(pl, name), oracle.resolve(torch, name)
    for half in HALVES:
        for sample in oracle.samples_of(name, dtype):
            mine = _run(pl, half, ours, sample, oracle.to_penlight)
            reference = _run(torch, half, theirs, sample, oracle.to_torch)
            if isinstance(reference, RuntimeError) and NO_LSTM in str(reference):
                assert _names_of_dtypes(mine) == [half] * 3
                continue
            if name in JOINING and "at::autocast::prioritize" in str(reference):
                assert _names_of_dtypes(mine)[0] == dtype
                continue
            context = f"{name}({sample}) for {half}"
            assert _names_of_dtypes(mine) == _names_of_dtypes(reference), context
            if isinstance(reference, Exception):
                continue
            loose = sample.loose * LOOSE.get(name, 1)
            oracle.assert_same(mine, reference, loose=loose, terms=settings.terms)
            if settings.node and name not in OTHER_NODE:
                for a, b in zip(oracle.flat(mine), oracle.flat(reference), strict=True):
                    if hasattr(b, "grad_fn"):
                        assert oracle.node_name(a) == oracle.node_name(b), context


@needs_torch
def test_every_operator_that_torch_casts_is_among_the_samples_or_is_not_here():
    registered = torch._C._dispatch_get_registrations_for_dispatch_key("AutocastCPU")
    names = {name.removeprefix("aten::").split(".")[0] for name in registered}
    absent = {
        name
        for name in names
        if not any(
            name.removeprefix("linalg_") in (each, each.split(".")[-1]) for each in oracle.SAMPLES
        )
    }
    functions = {name for name in absent if hasattr(pl, name) or hasattr(pl.nn.functional, name)}
    assert functions == {"linear", "svd"}  # of the next test


@both
@halves
def test_operators_without_samples(lib, half):
    dtype = getattr(lib, half)
    x = lib.eye(2)
    with lib.autocast("cpu", dtype=dtype):
        assert lib.nn.functional.linear(lib.ones(4, 3, 2), x, x[0]).dtype is dtype
        assert lib.nn.functional.linear(x.to(dtype), x).dtype is dtype
        assert [part.dtype for part in lib.svd(x.to(dtype))] == [lib.float32] * 3


# ---- blocks -------------------------------------------------------------------------------------


@both
def test_blocks_nest(lib):
    x = lib.ones(2, 2)
    with lib.autocast("cpu") as block:
        assert block.fast_dtype is lib.bfloat16
        assert lib.is_autocast_enabled("cpu")
        assert not lib.is_autocast_enabled()
        assert lib.mm(x, x).dtype is lib.bfloat16
        with lib.autocast("cpu", enabled=False):
            assert not lib.is_autocast_enabled("cpu")
            assert (x @ x).dtype is lib.float32
            with lib.autocast("cpu", dtype=lib.float16, cache_enabled=False):
                assert lib.get_autocast_dtype("cpu") is lib.float16
                assert not lib.is_autocast_cache_enabled()
                assert (x @ x).dtype is lib.float16
        with lib.autocast("cuda", enabled=False):
            assert lib.mm(x, x).dtype is lib.bfloat16
        assert lib.is_autocast_cache_enabled()
        assert lib.mm(x, x).dtype is lib.bfloat16
    assert lib.mm(x, x).dtype is lib.float32
    assert lib.get_autocast_dtype("cpu") is lib.bfloat16


def test_one_block_may_be_entered_in_itself():
    # torch forgets then what was before it.
    block = pl.autocast("cpu")
    with block:
        with block:
            assert pl.is_autocast_enabled("cpu")
        assert pl.is_autocast_enabled("cpu")
    assert not pl.is_autocast_enabled("cpu")


@both
def test_a_block_ends_when_an_error_leaves_it(lib):
    with pytest.raises(RuntimeError), lib.autocast("cpu"):
        lib.mm(lib.ones(2, 3), lib.ones(2, 3))
    assert not lib.is_autocast_enabled("cpu")
    assert lib.mm(lib.ones(2, 2), lib.ones(2, 2)).dtype is lib.float32


@both
def test_a_decorated_function_casts_in_its_calls(lib):
    @lib.autocast("cpu", dtype=lib.float16)
    def square(x, *, bias):
        """Return a square."""
        return x @ x + bias

    assert square(lib.ones(2, 2), bias=1).dtype is lib.float16
    assert square.__doc__ == "Return a square."
    assert (lib.ones(2, 2) @ lib.ones(2, 2)).dtype is lib.float32


@both
def test_what_is_written_to_is_not_cast(lib):
    x, out = lib.ones(2, 2), lib.zeros(2, 2)
    with lib.autocast("cpu"):
        assert lib.mm(x, x, out=out) is out
        assert lib.matmul(x, x, out=out) is out
        assert x.addmm_(x, x).dtype is lib.float32
    assert out.tolist() == [[2, 2], [2, 2]]


@both
def test_double_precision_and_integers_are_not_cast(lib):
    x, n = lib.ones(2, 2, dtype=lib.float64), lib.ones(2, 2, dtype=lib.int64)
    with lib.autocast("cpu"):
        assert (x @ x).dtype is lib.float64
        assert (n @ n).dtype is lib.int64
        assert x.prod().dtype is lib.float64
        with pytest.raises(RuntimeError):
            lib.mm(x, x.float())


@both
def test_joining_takes_the_wider_dtype_and_refuses_the_other_half(lib):
    single, brain, half = (
        lib.ones(2, dtype=dtype) for dtype in (lib.float32, lib.bfloat16, lib.float16)
    )
    with lib.autocast("cpu"):
        assert lib.cat([brain, single]).dtype is lib.float32
        assert lib.stack((brain, brain)).dtype is lib.bfloat16
        with pytest.raises(RuntimeError, match="Unexpected floating ScalarType in at::autocast"):
            lib.cat([half, half])


@both
def test_one_thread_casts_and_another_does_not(lib):
    found = []
    with lib.autocast("cpu"):
        thread = threading.Thread(
            target=lambda: found.append(lib.mm(lib.ones(2, 2), lib.ones(2, 2)).dtype)
        )
        thread.start()
        thread.join()
        assert lib.mm(lib.ones(2, 2), lib.ones(2, 2)).dtype is lib.bfloat16
    assert found == [lib.float32]


def test_functions_run_their_own_code_when_no_thread_casts():
    functions = (pl.mm, pl.nn.functional.mse_loss, pl.Tensor.__matmul__)
    pl.mm(pl.ones(2, 2), pl.ones(2, 2))  # a call compiles it
    own = [function.__code__ for function in functions]
    with pl.autocast("cpu", enabled=False):
        assert [function.__code__ for function in functions] == own
    with pl.autocast("cpu"):
        for function, code in zip(functions, own, strict=True):
            assert function.__code__ is not code
    for function, code in zip(functions, own, strict=True):
        assert function.__code__ is code
    assert pl.mm(pl.ones(2, 2), mat2=pl.ones(2, 2)).dtype is pl.float32


# ---- casts of weights ---------------------------------------------------------------------------


def _cast_node(product):
    return product.grad_fn.next_functions[1][0]


@both
def test_the_cast_of_a_weight_is_kept_until_the_outermost_block_ends(lib):
    x, w = lib.ones(2, 2), lib.ones(2, 2, requires_grad=True)
    with lib.autocast("cpu"):
        first = lib.mm(x, w)
        with lib.autocast("cpu"):
            assert _cast_node(lib.mm(x, w)) is _cast_node(first)
        assert _cast_node(lib.mm(x, w)) is _cast_node(first)
        with lib.no_grad():
            w.add_(1)
        assert lib.mm(x, w).tolist() == [[2, 2], [2, 2]]
        lib.clear_autocast_cache()
        assert lib.mm(x, w).tolist() == [[4, 4], [4, 4]]
    with lib.autocast("cpu"):
        assert _cast_node(lib.mm(x, w)) is not _cast_node(first)


@both
def test_a_cast_kept_under_no_grad_is_recorded(lib):
    x, w = lib.ones(2, 2), lib.ones(2, 2, requires_grad=True)
    with lib.autocast("cpu"):
        with lib.no_grad():
            assert not lib.mm(x, w).requires_grad
        lib.mm(x, w).sum().backward()
    assert w.grad.tolist() == [[2, 2], [2, 2]]
    assert w.grad.dtype is lib.float32


@both
def test_no_cast_is_kept_where_the_cache_is_off(lib):
    x, w = lib.ones(2, 2), lib.ones(2, 2, requires_grad=True)
    with lib.autocast("cpu", cache_enabled=False):
        assert _cast_node(lib.mm(x, w)) is not _cast_node(lib.mm(x, w))


def test_a_block_of_the_other_half_keeps_casts_of_its_own():
    # torch takes the outer block's cast here, and then refuses the product.
    x, w = pl.ones(2, 2), pl.ones(2, 2, requires_grad=True)
    with pl.autocast("cpu"):
        assert pl.mm(x, w).dtype is pl.bfloat16
        with pl.autocast("cpu", dtype=pl.float16):
            assert pl.mm(x, w).dtype is pl.float16
        assert pl.mm(x, w).dtype is pl.bfloat16


# ---- gradients ----------------------------------------------------------------------------------


def _gradients(lib, half, make, shape):
    lib.manual_seed(0)
    model = make(lib.nn)
    x = lib.linspace(-1, 1, 240).reshape(shape).requires_grad_()
    with lib.autocast("cpu", dtype=getattr(lib, half)):
        out = model(x)
        out = out[0] if isinstance(out, tuple) else out
        target = lib.linspace(0, 1, out.numel()).reshape(out.shape)
        loss = lib.nn.functional.mse_loss(out, target)
    assert loss.dtype is lib.float32
    loss.backward()
    leaves = [x, *model.parameters()]
    assert all(leaf.grad.dtype is lib.float32 for leaf in leaves)
    return [leaf.grad.flatten().tolist() for leaf in leaves]


MODELS = {
    "mlp": (lambda nn: nn.Sequential(nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 3)), (30, 8)),
    "conv": (
        lambda nn: nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2)
        ),
        (5, 3, 4, 4),
    ),
    "attention": (lambda nn: nn.TransformerEncoderLayer(8, 2, 16, 0.0), (5, 6, 8)),
    "gru": (lambda nn: nn.GRU(8, 3, 2, bidirectional=True), (5, 6, 8)),
    "rnn": (lambda nn: nn.RNN(8, 3, batch_first=True), (5, 6, 8)),
}


@needs_torch
@halves
@pytest.mark.parametrize("name", MODELS)
def test_gradients_reach_float32_parameters_as_torchs(name, half):
    ours, theirs = _gradients(pl, half, *MODELS[name]), _gradients(torch, half, *MODELS[name])
    for a, b in zip(ours, theirs, strict=True):
        # A few roundings to the half on the way, of what may cancel.
        scale = max(map(abs, b))
        assert a == pytest.approx(b, abs=4 * oracle.MACHINE_EPSILON[half] * scale, rel=0)


@halves
def test_an_lstm_computes_in_the_half(half):
    dtype = getattr(pl, half)
    layer, x = pl.nn.LSTM(3, 4, 2), pl.linspace(-1, 1, 30).reshape(5, 2, 3)
    with pl.autocast("cpu", dtype=dtype):
        out, (h, c) = layer(x)
    out.float().sum().backward()
    assert layer.weight_hh_l0.grad.dtype is pl.float32
    expected, (h_expected, c_expected) = layer.to(dtype)(x.to(dtype))
    for a, b in ((out, expected), (h, h_expected), (c, c_expected)):
        assert a.dtype is dtype
        assert pl.equal(a, b)


@both
def test_backward_inside_the_block_gives_float32_too(lib):
    w = lib.ones(2, 2, requires_grad=True)
    with lib.autocast("cpu"):
        lib.nn.functional.linear(lib.ones(3, 2), w).sum().backward()
    assert w.grad.dtype is lib.float32
    assert w.grad.tolist() == [[3, 3], [3, 3]]


@both
@pytest.mark.parametrize("reentrant", [False, True])
def test_a_checkpoint_casts_again_outside_the_block(lib, reentrant):
    from importlib import import_module

    checkpoint = import_module(f"{lib.__name__}.utils.checkpoint").checkpoint
    layer, x = lib.nn.Linear(2, 2), lib.ones(3, 2, requires_grad=True)
    dtypes = []

    def part(x):
        out = layer(x)
        dtypes.append(out.dtype)
        return out.sin() * out

    with lib.autocast("cpu"):
        out = checkpoint(part, x, use_reentrant=reentrant)
    out.sum().backward()
    assert dtypes == [lib.bfloat16] * 2
    assert layer.weight.grad.dtype is lib.float32


# ---- custom functions ---------------------------------------------------------------------------


def _product(lib, seen, **options):
    class Product(lib.autograd.Function):
        @staticmethod
        @lib.amp.custom_fwd(device_type="cpu", **options)
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            seen.append((lib.is_autocast_enabled("cpu"), a.dtype, (a @ b).dtype))
            return a @ b

        @staticmethod
        @lib.amp.custom_bwd(device_type="cpu")
        def backward(ctx, grad):
            a, b = ctx.saved_tensors
            seen.append((lib.is_autocast_enabled("cpu"), grad.dtype, (a.float() @ b).dtype))
            return grad.to(a.dtype) @ b.t(), a.t() @ grad.to(a.dtype)

    return Product.apply


@both
def test_a_custom_function_runs_backward_as_it_ran_forward(lib):
    seen = []
    x = lib.ones(2, 2, requires_grad=True)
    with lib.autocast("cpu"):
        out = _product(lib, seen)(x, x)
    out.sum().backward()
    single, half = lib.float32, lib.bfloat16
    assert seen == [(True, single, half), (True, half, half)]
    assert x.grad.dtype is single


@both
def test_a_custom_function_may_ask_for_a_dtype(lib):
    seen = []
    x = lib.ones(2, 2, requires_grad=True)
    y = lib.ones(2, 2, dtype=lib.bfloat16)
    with lib.autocast("cpu"):
        out = _product(lib, seen, cast_inputs=lib.float32)(y, x)
    assert out.dtype is lib.float32
    out.sum().backward()
    assert seen == [(False, lib.float32, lib.float32), (False, lib.float32, lib.float32)]
    seen.clear()
    _product(lib, seen, cast_inputs=lib.float16)(x, x)
    assert seen == [(False, lib.float32, lib.float32)]


# ---- switches -----------------------------------------------------------------------------------


@both
def test_switches_without_a_block(lib):
    x = lib.ones(2, 2)
    lib.set_autocast_enabled("cpu", True)
    lib.set_autocast_dtype("cpu", lib.float16)
    lib.set_autocast_cache_enabled(False)
    try:
        assert lib.mm(x, x).dtype is lib.float16
        assert not lib.is_autocast_cache_enabled()
    finally:
        lib.set_autocast_enabled("cpu", False)
        lib.set_autocast_dtype("cpu", lib.bfloat16)
        lib.set_autocast_cache_enabled(True)
    assert lib.mm(x, x).dtype is lib.float32
    lib.set_autocast_enabled(True)
    assert lib.is_autocast_enabled()
    lib.set_autocast_enabled(False)
    assert lib.autocast_increment_nesting() == 1
    assert lib.autocast_decrement_nesting() == 0


@both
def test_switches_check_their_arguments(lib):
    with pytest.raises(TypeError, match=r"argument 'enabled' \(position 2\) must be bool, not int"):
        lib.set_autocast_enabled("cpu", 1)
    with pytest.raises(TypeError, match=r"argument 'dtype' \(position 2\) must be torch.dtype"):
        lib.set_autocast_dtype("cpu", "half")
    with pytest.raises(TypeError, match=r"argument 'device_type' \(position 1\) must be str"):
        lib.is_autocast_enabled(3)
    with pytest.raises(TypeError, match=r"enabled must be a bool \(got int\)"):
        lib.set_autocast_cache_enabled(1)
    with pytest.raises(RuntimeError, match="unknown device type for autocast"):
        lib.set_autocast_enabled("ve", True)
    with pytest.raises(RuntimeError, match="device type at start of device string: nowhere"):
        lib.is_autocast_enabled("nowhere")


def test_older_switches_say_what_took_their_place():
    for name, argument in (
        ("cpu_enabled", False),
        ("cpu_dtype", pl.bfloat16),
        ("gpu_dtype", pl.half),
    ):
        with pytest.warns(DeprecationWarning, match=f"torch.set_autocast_{name}"):
            getattr(pl, f"set_autocast_{name}")(argument)
    for name, value in (
        ("is_autocast_cpu_enabled", False),
        ("get_autocast_cpu_dtype", pl.bfloat16),
        ("get_autocast_gpu_dtype", pl.float16),
    ):
        with pytest.warns(DeprecationWarning, match=f"torch.{name}"):
            assert getattr(pl, name)() is value


@both
@pytest.mark.parametrize("name", ["float32", "float64"])
def test_a_dtype_that_is_no_half_turns_the_block_off(lib, name):
    with pytest.warns(UserWarning, match="In CPU autocast, but the target dtype is not supported"):
        block = lib.autocast("cpu", dtype=getattr(lib, name))
    with block:
        assert not lib.is_autocast_enabled("cpu")
        assert lib.mm(lib.ones(2, 2), lib.ones(2, 2)).dtype is lib.float32
