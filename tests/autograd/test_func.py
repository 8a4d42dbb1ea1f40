"""torch.func: derivatives of functions, maps over a dimension, modules as functions."""

from __future__ import annotations

import copy
from typing import NamedTuple

import pytest
from oracle import assert_close, flat

import penlight

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

pytestmark = [
    pytest.mark.usefixtures("forward_mode"),
    # torch's own, from linearize.
    pytest.mark.filterwarnings("ignore:Attempted to insert a get_attr Node"),
]


def matrix(pt, *shape, start=0.5, step=0.25):
    count = 1
    for size in shape:
        count *= size
    return pt.tensor([start + step * i for i in range(count)], dtype=pt.float64).reshape(shape)


def cube(x):
    return (x**3).sum()


def mixed(x, y):
    return (x.sin() * y).sum() + (x * y * y).sum()


def several(x, y):
    return {"product": x.sin() * y, "sum": ((x * y).sum(), y.exp())}


def with_aux(x):
    return (x * x).sum(), {"twice": x * 2}


def captured(pt, weight):
    return lambda x: (x * weight).sin().sum()


def network(pt):
    pt.manual_seed(0)
    return pt.nn.Sequential(pt.nn.Linear(3, 4), pt.nn.Tanh(), pt.nn.Linear(4, 2)).double()


def per_sample(pt, x, y):
    model = network(pt)
    params = {name: p.detach() for name, p in model.named_parameters()}

    def loss(params, sample, target):
        out = pt.func.functional_call(model, params, (sample[None],))
        return pt.nn.functional.cross_entropy(out, target[None])

    target = pt.tensor([0, 1])
    return pt.func.vmap(pt.func.grad(loss), in_dims=(None, 0, 0))(params, x, target)


def ensemble(pt, x, y):
    pt.manual_seed(0)
    models = [pt.nn.Linear(3, 2).double() for _ in range(3)]
    params, buffers = pt.func.stack_module_state(models)
    base = copy.deepcopy(models[0])

    def call(params, buffers, x):
        return pt.func.functional_call(base, (params, buffers), (x,))

    return pt.vmap(call, in_dims=(0, 0, None))(params, buffers, x)


CALLS = {
    "grad": lambda pt, x, y: pt.func.grad(cube)(x),
    "grad of the second": lambda pt, x, y: pt.func.grad(mixed, 1)(x, y),
    "grad of both": lambda pt, x, y: pt.func.grad(mixed, (0, 1))(x, y),
    "grad of the last": lambda pt, x, y: pt.func.grad(mixed, -1)(x, y),
    "grad with aux": lambda pt, x, y: pt.func.grad(with_aux, has_aux=True)(x),
    "grad of something else": lambda pt, x, y: pt.func.grad(lambda x: y.sum())(x),
    "grad of a dictionary": lambda pt, x, y: pt.func.grad(lambda p: mixed(p["a"], p["b"]))(
        {"a": x, "b": y}
    ),
    "grad and value": lambda pt, x, y: pt.func.grad_and_value(mixed)(x, y),
    "grad and value with aux": lambda pt, x, y: pt.func.grad_and_value(with_aux, has_aux=True)(x),
    "grad of grad": lambda pt, x, y: pt.func.grad(lambda x: pt.func.grad(cube)(x).sum())(x),
    "grad that must not be confused": lambda pt, x, y: pt.func.grad(
        lambda a: a * pt.func.grad(lambda b: a + b)(a)
    )(x[0, 0]),
    "third derivative": lambda pt, x, y: pt.func.grad(pt.func.grad(pt.func.grad(pt.sin)))(x[0, 0]),
    "grad without recording": lambda pt, x, y: without_recording(pt, x),
    "vjp": lambda pt, x, y: called(pt.func.vjp(several, x, y), {"product": y, "sum": (x.sum(), x)}),
    "vjp of one": lambda pt, x, y: called(pt.func.vjp(pt.sin, x), y),
    "jvp": lambda pt, x, y: pt.func.jvp(several, (x, y), (y, x)),
    "jvp of what is not used": lambda pt, x, y: pt.func.jvp(lambda x, y: y * 2, (x, y), (y, x)),
    "jvp of jvp": lambda pt, x, y: pt.func.jvp(
        lambda a: pt.func.jvp(pt.sin, (a,), (y,))[1], (x,), (y,)
    ),
    "linearize": lambda pt, x, y: called(pt.func.linearize(pt.sin, x), y),
    "jacrev": lambda pt, x, y: pt.func.jacrev(several, (0, 1))(x, y),
    "jacrev of one": lambda pt, x, y: pt.func.jacrev(pt.sin)(x),
    "jacrev with aux": lambda pt, x, y: pt.func.jacrev(with_aux, has_aux=True)(x),
    "jacrev of grad": lambda pt, x, y: pt.func.jacrev(pt.func.grad(cube))(x),
    "jacrev of a dictionary": lambda pt, x, y: pt.func.jacrev(lambda p: p["a"] * p["b"])(
        {"a": x[0], "b": y[0]}
    ),
    "jacfwd": lambda pt, x, y: pt.func.jacfwd(several, (0, 1))(x, y),
    "jacfwd of one": lambda pt, x, y: pt.func.jacfwd(pt.sin)(x),
    "jacfwd with aux": lambda pt, x, y: pt.func.jacfwd(with_aux, has_aux=True)(x),
    "jacfwd of jacfwd": lambda pt, x, y: pt.func.jacfwd(pt.func.jacfwd(cube))(x),
    "hessian": lambda pt, x, y: pt.func.hessian(cube)(x),
    "hessian of both": lambda pt, x, y: pt.func.hessian(mixed, (0, 1))(x, y),
    "vmap": lambda pt, x, y: pt.vmap(lambda a, b: (a * b).sum())(x, y),
    "vmap over columns": lambda pt, x, y: pt.vmap(pt.dot, in_dims=1)(x, y),
    "vmap from the end": lambda pt, x, y: pt.vmap(pt.dot, in_dims=(-1, 1))(x, y),
    "vmap of one": lambda pt, x, y: pt.vmap(lambda a, b: a + b.sum(), (0, None))(x, y),
    "vmap to another place": lambda pt, x, y: pt.vmap(lambda a: a * 2, out_dims=1)(x),
    "vmap of several": lambda pt, x, y: pt.vmap(lambda a: (a * 2, {"s": a.sum()}), out_dims=0)(x),
    "vmap to several places": lambda pt, x, y: pt.vmap(lambda a: (a * 2, a.sum()), out_dims=(1, 0))(
        x
    ),
    "vmap of a tree": lambda pt, x, y: pt.vmap(
        lambda p, k: p["a"] * k + p["b"][0], ({"a": 0, "b": [1]}, None)
    )({"a": x, "b": [y.t()]}, 2),
    "vmap of vmap": lambda pt, x, y: pt.vmap(pt.vmap(lambda a, b: a * b, (0, None)), (None, 0))(
        x[0], y[:, 0]
    ),
    "vmap in chunks": lambda pt, x, y: pt.vmap(pt.sin, chunk_size=1)(x),
    "vmap of a constant": lambda pt, x, y: pt.vmap(lambda a: y[0])(x),
    "vmap of grad": lambda pt, x, y: pt.vmap(pt.func.grad(mixed))(x, y),
    "vmap of hessian": lambda pt, x, y: pt.vmap(pt.func.hessian(cube))(x),
    "grad of vmap": lambda pt, x, y: pt.func.grad(lambda x: pt.vmap(cube)(x).prod())(x),
    "jacrev of vmap of grad": lambda pt, x, y: pt.func.jacrev(pt.vmap(pt.func.grad(cube)))(x),
    "vmap with keywords": lambda pt, x, y: pt.vmap(lambda a, *, k: a * k.sum())(x, k=y),
    "gradients of each sample": per_sample,
    "an ensemble": ensemble,
}


def called(pair, *args):
    value, function = pair
    return value, function(*args)


def without_recording(pt, x):
    with pt.no_grad():
        return pt.func.grad(lambda x: pt.func.grad(cube)(x).sum())(x)


@pytest.mark.parametrize("name", CALLS)
def test_values_are_torchs(name):
    results = []
    for pt in (penlight, torch):
        x, y = matrix(pt, 2, 3), matrix(pt, 2, 3, start=1.0, step=-0.5)
        results.append(CALLS[name](pt, x, y))
    mine, theirs = results
    assert structure(mine) == structure(theirs)
    for a, b in zip(tensors(mine), tensors(theirs), strict=True):
        assert a.requires_grad == b.requires_grad
        assert_close(a, b, loose=4)


def structure(value):
    if isinstance(value, dict):
        return {key: structure(child) for key, child in value.items()}
    return type(value)(map(structure, value)) if isinstance(value, (tuple, list)) else None


def tensors(value):
    if isinstance(value, dict):
        value = [value[key] for key in sorted(value)]
    if isinstance(value, (tuple, list)):
        return [tensor for child in value for tensor in tensors(child)]
    return [value]


RECORDED = {
    "grad": lambda pt, x, y: pt.func.grad(mixed)(x, y),
    "grad of a captured weight": lambda pt, x, y: pt.func.grad(captured(pt, y))(x.detach()),
    "value": lambda pt, x, y: pt.func.grad_and_value(mixed)(x, y)[1],
    "vjp": lambda pt, x, y: called(pt.func.vjp(several, x, y), {"product": y, "sum": (x.sum(), x)}),
    "vjp by a recorded cotangent": lambda pt, x, y: called(pt.func.vjp(pt.sin, x.detach()), y),
    "jvp": lambda pt, x, y: pt.func.jvp(several, (x, y), (y, x)),
    "jacrev": lambda pt, x, y: pt.func.jacrev(several)(x, y),
    "jacfwd": lambda pt, x, y: pt.func.jacfwd(several)(x, y),
    "hessian": lambda pt, x, y: pt.func.hessian(mixed)(x, y),
    "vmap": lambda pt, x, y: pt.vmap(mixed)(x, y),
    "vmap of grad": lambda pt, x, y: pt.vmap(pt.func.grad(mixed))(x, y),
}


@pytest.mark.parametrize("name", RECORDED)
def test_results_are_differentiated_by_ordinary_autograd(name):
    grads = []
    for pt in (penlight, torch):
        x = matrix(pt, 2, 2).requires_grad_()
        y = matrix(pt, 2, 2, start=1.0, step=-0.5).requires_grad_()
        found = [t for t in tensors(RECORDED[name](pt, x, y)) if t.requires_grad]
        sum((each * each).sum() for each in found).backward()
        grads.append((x.grad, y.grad))
    for a, b in zip(*grads, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert_close(a, b, loose=8)


@pytest.mark.parametrize("pt", [penlight, torch], ids=["penlight", "torch"])
def test_a_gradient_that_depends_on_nothing_outside_has_no_history(pt):
    weight = pt.ones(2, requires_grad=True)
    by_x, by_y = pt.func.grad(lambda x, y: (x.exp() * y * weight).sum() - (x * y).sum(), (0, 1))(
        pt.ones(2), pt.ones(2)
    )
    assert by_x.requires_grad
    assert by_y.requires_grad
    by_x, by_y = pt.func.grad(lambda x, y: (x.exp() * weight).sum() + y.exp().sum(), (0, 1))(
        pt.ones(2), pt.ones(2)
    )
    assert by_x.requires_grad
    assert not by_y.requires_grad


class Pair(NamedTuple):
    first: object
    second: object


def test_named_tuples_keep_their_class():
    x = matrix(penlight, 2, 2)
    found = penlight.vmap(lambda pair: Pair(pair.second, pair.first))(Pair(x, x * 2))
    assert isinstance(found, Pair)
    assert found.first.tolist() == (x * 2).tolist()


REFUSED = {
    "grad of no scalar": lambda pt, x: pt.func.grad(pt.sin)(x),
    "grad of no tensor": lambda pt, x: pt.func.grad(lambda x: 3.0)(x),
    "grad of a missing argument": lambda pt, x: pt.func.grad(cube, 2)(x),
    "grad of an argument twice": lambda pt, x: pt.func.grad(mixed, (0, 0))(x, x),
    "grad of no argument": lambda pt, x: pt.func.grad(cube, ())(x),
    "grad without the aux": lambda pt, x: pt.func.grad(cube, has_aux=True)(x),
    "jvp of no tuple": lambda pt, x: pt.func.jvp(pt.sin, x, x),
    "jacrev in no chunks": lambda pt, x: pt.func.jacrev(pt.sin, chunk_size=0)(x),
    "vmap in no chunks": lambda pt, x: pt.vmap(pt.sin, chunk_size=0)(x),
    "vmap of nothing": lambda pt, x: pt.vmap(pt.sin)(),
    "vmap over nothing": lambda pt, x: pt.vmap(pt.sin, None)(x),
    "vmap over no int": lambda pt, x: pt.vmap(pt.sin, "0")(x),
    "vmap over a number": lambda pt, x: pt.vmap(pt.mul)(x, 3),
    "vmap over a missing dimension": lambda pt, x: pt.vmap(pt.sin, 2)(x),
    "vmap over other structures": lambda pt, x: pt.vmap(pt.mul, (0, 0, 0))(x, x),
    "vmap over unequal sizes": lambda pt, x: pt.vmap(pt.mul)(x, x[:1]),
    "vmap to other structures": lambda pt, x: pt.vmap(pt.sin, out_dims=(0, 0))(x),
    "vmap to another structure": lambda pt, x: pt.vmap(lambda x: [x, x], out_dims=(0, 1))(x),
    "vmap to no int": lambda pt, x: pt.vmap(pt.sin, out_dims="0")(x),
    "grad for a number": lambda pt, x: pt.func.grad(cube)(3.0),
    "vjp of another structure": lambda pt, x: pt.func.vjp(pt.sin, x)[1]((x,)),
    "vjp of another shape": lambda pt, x: pt.func.vjp(pt.sin, x)[1](x[0]),
    "jvp of others": lambda pt, x: pt.func.jvp(pt.sin, (x,), (x, x)),
    "strict jvp": lambda pt, x: pt.func.jvp(lambda x: pt.ones(1), (x,), (x,), strict=True),
    "vmap to a number": lambda pt, x: pt.vmap(lambda x: 3)(x),
    "vmap to no place": lambda pt, x: pt.vmap(pt.sin, out_dims=None)(x),
    "vmap to a missing place": lambda pt, x: pt.vmap(pt.sum, out_dims=2)(x),
    "vmap of drawing": lambda pt, x: pt.vmap(lambda x: x + pt.rand(2))(x),
    "vmap of unknown drawing": lambda pt, x: pt.vmap(pt.sin, randomness="some")(x),
    "call with a missing name": lambda pt, x: pt.func.functional_call(
        pt.nn.Linear(2, 1), {"x.weight": x}, x
    ),
    "strict call with a missing name": lambda pt, x: pt.func.functional_call(
        pt.nn.Linear(2, 1), {"weight": x}, x, strict=True
    ),
    "call with a name twice": lambda pt, x: pt.func.functional_call(
        pt.nn.Linear(2, 1), ({"weight": x}, {"weight": x}), x
    ),
    "call with no dictionary": lambda pt, x: pt.func.functional_call(pt.nn.Linear(2, 1), x, x),
    "call with no tensors": lambda pt, x: pt.func.functional_call(
        pt.nn.Linear(2, 1), {"weight": 3}, x
    ),
    "stack of no models": lambda pt, x: pt.func.stack_module_state([]),
    "stack of unequal models": lambda pt, x: pt.func.stack_module_state(
        [pt.nn.Linear(2, 1), pt.nn.ReLU()]
    ),
    "stack of unequal modes": lambda pt, x: pt.func.stack_module_state(
        [pt.nn.Linear(2, 1), pt.nn.Linear(2, 1).eval()]
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_are_torchs(name):
    errors = []
    for pt in (penlight, torch):
        with pytest.raises(Exception) as caught:
            REFUSED[name](pt, matrix(pt, 2, 2))
        errors.append(caught.value)
    mine, theirs = errors
    assert type(mine).__name__ == type(theirs).__name__
    assert str(mine).startswith(str(theirs)[:40])


# ---- vmap: a loop --------------------------------------------------------------------------------


def test_vmap_draws_as_it_is_told():
    penlight.manual_seed(0)
    x = penlight.zeros(3, 2)
    same = penlight.vmap(lambda row: row + penlight.rand(2), randomness="same")(x)
    assert same[0].tolist() == same[1].tolist() == same[2].tolist()
    penlight.manual_seed(0)
    different = penlight.vmap(lambda row: row + penlight.rand(2), randomness="different")(x)
    penlight.manual_seed(0)
    assert different.tolist() == penlight.rand(3, 2).tolist()


def test_a_map_over_no_slices_is_refused():
    with pytest.raises(ValueError, match="size 0"):
        penlight.vmap(penlight.sin)(penlight.ones(0, 2))


def test_a_map_may_branch_on_values():
    x = penlight.tensor([1.0, -1.0])
    assert penlight.vmap(lambda v: v if v.item() > 0 else v * 3)(x).tolist() == [1, -3]


def test_dual_numbers_are_refused():
    forward_ad = penlight.autograd.forward_ad
    x = penlight.ones(2)
    for call in (
        forward_ad.dual_level,
        lambda: forward_ad.make_dual(x, x),
        lambda: forward_ad.unpack_dual(x),
    ):
        with pytest.raises(NotImplementedError, match=r"torch\.func\.jvp"):
            call()


# ---- functional_call -----------------------------------------------------------------------------


@pytest.mark.parametrize("pt", [penlight, torch], ids=["penlight", "torch"])
def test_a_module_is_as_it_was_after_a_call(pt):
    model = pt.nn.Sequential(pt.nn.Linear(2, 2), pt.nn.BatchNorm1d(2))
    before = dict(model.state_dict(keep_vars=True))
    state = {
        "0.weight": pt.ones(2, 2),
        "1.running_mean": pt.zeros(2),
        "1.num_batches_tracked": pt.tensor(0),
    }
    out = pt.func.functional_call(model, state, (pt.ones(3, 2),))
    assert out.shape == (3, 2)
    after = model.state_dict(keep_vars=True)
    assert all(after[name] is before[name] for name in before)
    assert state["1.num_batches_tracked"].item() == 1
    assert before["1.num_batches_tracked"].item() == 0
    assert state["1.running_mean"].abs().sum().item() > 0


@pytest.mark.parametrize("pt", [penlight, torch], ids=["penlight", "torch"])
def test_a_name_too_many_is_let_pass_unless_strict(pt):
    linear = pt.nn.Linear(2, 1)
    given = {"weight": pt.ones(1, 2), "bias": pt.zeros(1), "more": pt.ones(1)}
    assert pt.func.functional_call(linear, given, pt.ones(1, 2)).tolist() == [[2]]
    assert not hasattr(linear, "more")
    with pytest.raises(RuntimeError, match="Unexpected key"):
        pt.func.functional_call(linear, given, pt.ones(1, 2), strict=True)


@pytest.mark.parametrize("pt", [penlight, torch], ids=["penlight", "torch"])
def test_tied_weights_stand_for_each_other(pt):
    class Tied(pt.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = pt.nn.Linear(2, 2, bias=False)
            self.b = pt.nn.Linear(2, 2, bias=False)
            self.b.weight = self.a.weight

        def forward(self, x):
            return self.b(self.a(x))

    model, x = Tied(), pt.ones(1, 2)
    given = {"a.weight": pt.eye(2) * 3}
    assert pt.func.functional_call(model, given, (x,)).tolist() == [[9, 9]]
    apart = pt.func.functional_call(model, given, (x,), tie_weights=False)
    assert apart.tolist() == model.b(x * 3).tolist()
    with pytest.raises(ValueError, match="functional_call got multiple values for keys"):
        pt.func.functional_call(model, {**given, "b.weight": pt.eye(2)}, (x,))


@pytest.mark.parametrize("pt", [penlight, torch], ids=["penlight", "torch"])
def test_batch_norms_forget_their_statistics(pt):
    model = pt.nn.Sequential(pt.nn.BatchNorm1d(2), pt.nn.Linear(2, 2))
    assert pt.func.replace_all_batch_norm_modules_(model) is model
    norm = model[0]
    assert norm.running_mean is norm.running_var is norm.num_batches_tracked is None
    assert norm.track_running_stats is False
    assert sorted(model.state_dict()) == ["0.bias", "0.weight", "1.bias", "1.weight"]


def test_a_recurrent_network_computes_with_what_it_is_given():
    layer = penlight.nn.LSTM(2, 3)
    zeros = {name: penlight.zeros_like(p) for name, p in layer.named_parameters()}
    out, _ = penlight.func.functional_call(layer, zeros, (penlight.ones(4, 2),))
    assert out.tolist() == penlight.zeros(4, 3).tolist()


def test_recorded_results_reach_what_was_recorded_outside():
    weight = penlight.ones(2, requires_grad=True)
    penlight.func.grad(captured(penlight, weight))(penlight.ones(2)).sum().backward()
    assert weight.grad is not None
    assert flat(penlight.func.grad(cube)(penlight.ones(2)))[0].requires_grad is False
