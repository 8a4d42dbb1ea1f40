"""What PyTorch's own tests try with each optimiser: fifty steps of every sample, and its errors.

The samples (``OptimizerInfo``) come with torch; its module of them imports ``expecttest``.
"""

from __future__ import annotations

import numpy as np
import pytest

import penlight as pl

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
common = pytest.importorskip(
    "torch.testing._internal.common_optimizers",
    reason="the oracle's samples: pip install expecttest",
)

STEPS = 50
INFOS = {info.optim_cls.__name__: info for info in common.optim_db}
# The flags that say how to compute, each with every sample; they change nothing here.
SAMPLES = [
    (name, sample)
    for name, info in INFOS.items()
    for sample in common._get_optim_inputs_including_global_cliquey_kwargs(
        "cpu", torch.float64, info, skip=("differentiable",)
    )
]
# In float32 a search that halts at a tolerance goes other ways by a rounding; the flags are tried
# in float64.
CASES = [
    (name, sample, dtype)
    for name, sample in SAMPLES
    for dtype in ("float32", "float64")
    if dtype == "float64" or not (name == "LBFGS" or " & " in sample.desc)
]
ERRORS = [
    (name, error)
    for name, info in INFOS.items()
    for error in info.optim_error_inputs_func(device="cpu", dtype=torch.float32)
]


def tensors_in(params):
    """Yield the tensors of parameters, pairs with names, or groups."""
    if isinstance(params, torch.Tensor):
        yield params
    elif isinstance(params, dict):
        yield from tensors_in(params["params"])
    elif isinstance(params, list | tuple):
        for entry in params:
            yield from tensors_in(entry)


def representable(error):
    """Whether penlight has tensors such as the parameters of an error."""
    tensors = tensors_in(error.optimizer_error_input.params)
    return not any(tensor.is_sparse or tensor.is_complex() for tensor in tensors)


TOLERANCES = {"float32": 2e-6, "float64": 1e-12}


def to_penlight(value, made=None):
    """Return a value with penlight's tensors; one that comes twice is the same tensor twice."""
    made = {} if made is None else made
    if isinstance(value, torch.Tensor):
        if id(value) not in made:
            tensor = pl.tensor(value.detach().numpy(), requires_grad=value.requires_grad)
            is_parameter = isinstance(value, torch.nn.Parameter)
            made[id(value)] = pl.nn.Parameter(tensor) if is_parameter else tensor
        return made[id(value)]
    if isinstance(value, dict):
        return {key: to_penlight(entry, made) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(to_penlight(entry, made) for entry in value)
    return value


def problem(name, dtype):
    draws = np.random.default_rng(0)
    shapes = [(4, 3), (3, 6)] if name == "Muon" else [(4, 3), (5,)]
    starts = [draws.normal(size=shape).astype(dtype) for shape in shapes]
    grads = [[draws.normal(size=shape).astype(dtype) for shape in shapes] for _ in range(STEPS)]
    return starts, grads


def copied(library, kwargs):
    """Options of one library's tensors; a tensor is a new one, since steps may write it."""
    if library is pl:
        return to_penlight(kwargs)
    return {key: v.clone() if isinstance(v, torch.Tensor) else v for key, v in kwargs.items()}


def loss_of(params):
    """A round bowl, so that a rounding does not send the search elsewhere."""
    matrix, vector = params
    return (matrix - 1).square().sum() + (vector - 0.3).square().sum() * 1.5


def steps(library, name, kwargs, starts, grads):
    """Return the parameters after each tenth step."""
    params = [library.tensor(start, requires_grad=True) for start in starts]
    # A call of L-BFGS makes up to 20 steps, which is 1000 here.
    fewer = {"max_iter": 2} if name == "LBFGS" else {}
    optimizer = getattr(library.optim, name)(params, **fewer, **copied(library, kwargs))

    def closure():
        optimizer.zero_grad()
        loss = loss_of(params)
        loss.backward()
        return loss

    seen = []
    for number, row in enumerate(grads):
        if name == "LBFGS":
            optimizer.step(closure)
        else:
            for param, grad in zip(params, row, strict=True):
                param.grad = library.tensor(grad)
                if name == "SparseAdam" and library is torch:
                    param.grad = param.grad.to_sparse(1)
            optimizer.step()
        if number % 10 == 9:
            seen.append([param.detach().numpy().copy() for param in params])
    return seen


@pytest.mark.parametrize(
    ("name", "sample", "dtype"), CASES, ids=[f"{n}-{sample.desc}-{d}" for n, sample, d in CASES]
)
def test_fifty_steps_of_a_sample_equal_torchs(name, sample, dtype):
    starts, grads = problem(name, dtype)
    ours, theirs = (steps(lib, name, sample.kwargs, starts, grads) for lib in (pl, torch))
    rate = float(sample.kwargs.get("lr", 1e-3))
    for count, (mine, its) in enumerate(zip(ours, theirs, strict=True), 1):
        atol = TOLERANCES[dtype]
        if name == "Muon":
            # An update is near 1, and known to some units of bfloat16's 2**-8, after 5 iterations.
            atol = 10 * count * rate * 2**-6
        elif name == "LBFGS":
            # It stays where a step would change less than this.
            atol = 1e-9
        for a, b in zip(mine, its, strict=True):
            np.testing.assert_allclose(a, b, rtol=TOLERANCES[dtype], atol=atol)


@pytest.mark.parametrize(
    ("name", "error"),
    [case for case in ERRORS if representable(case[1])],
    ids=[f"{n}-{error.optimizer_error_input.desc}" for n, error in ERRORS if representable(error)],
)
def test_an_error_is_torchs(name, error):
    given = error.optimizer_error_input
    params = [torch.nn.Parameter(torch.ones(2, 2))] if given.params is None else given.params
    warns = issubclass(error.error_type, Warning)
    catching = pytest.warns if warns else pytest.raises
    with catching(error.error_type, match=error.error_regex):
        optimizer = getattr(pl.optim, name)(to_penlight(params), **to_penlight(given.kwargs))
        if error.error_on is common.OptimizerErrorEnum.STEP_ERROR:
            for group in optimizer.param_groups:
                for param in group["params"]:
                    param.grad = pl.ones_like(param)
            optimizer.step()


def test_the_errors_left_out_are_of_parameters_that_penlight_does_not_have():
    left_out = {(n, e.optimizer_error_input.desc) for n, e in ERRORS if not representable(e)}
    assert left_out == {
        ("Adafactor", "does not support complex parameters"),
        ("Muon", "does not support complex parameters"),
        ("SparseAdam", "complex not supported"),
        ("SparseAdam", "dense params required"),
        ("SparseAdam", "dense params required in param_groups"),
    }
