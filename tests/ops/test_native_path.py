"""The C++ call path does what the generated one does: result, history, and all that is saved."""

from __future__ import annotations

import warnings
from types import FunctionType
from typing import Any

import numpy as np
import oracle
import pytest

import penlight as pl
from penlight import kernels
from penlight.autograd.graph import Node
from penlight.autograd.views import View
from penlight.ops import (
    _native_path,
    activation_backward,
    indexing,
    pointwise,
    reduction,
    shape as shapes,
    softmax,
)
from penlight.ops._codegen import compile_op
from penlight.ops._op import REGISTRY

pytestmark = pytest.mark.skipif(not kernels.is_native, reason="the compiled kernels are not here")

SAMPLED = [
    (name, dtype)
    for name, dtype in oracle.cases()
    if hasattr(oracle.resolve(pl, name), "op")
    and _native_path.has_native_path(oracle.resolve(pl, name).op)
]


def without_native_path(op: Any) -> Any:
    """Return the op's generated function, its C++ path answering that it will not."""
    made = compile_op(op).call.__wrapped__
    names = {**made.__globals__, "native": lambda *_: None}
    plain = FunctionType(made.__code__, names, made.__name__, made.__defaults__)
    plain.__kwdefaults__ = made.__kwdefaults__
    return plain


def run(function: Any, sample: Any) -> Any:
    options = {key: oracle.to_penlight(value) for key, value in sample.kwargs.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return oracle.run(function, oracle.to_penlight(sample.args), options)


def slots_of(node: Any) -> dict[str, Any]:
    names = {name for cls in type(node).__mro__ for name in getattr(cls, "__slots__", ())}
    return {name: getattr(node, name) for name in names - {"__weakref__"} if hasattr(node, name)}


def assert_alike(one: Any, other: Any) -> None:
    """Require equal values of the things that tensors and nodes hold."""
    assert type(one) is type(other)
    if isinstance(one, pl.Tensor):
        assert_alike(one._array, other._array)
        assert_alike(one._edge, other._edge)
        assert_alike(one._view, other._view)
        assert one._version == other._version
    elif isinstance(one, np.ndarray):
        assert one.dtype is other.dtype
        assert one.strides == other.strides or one.size < 2
        assert one.shape == other.shape
        assert one.tobytes() == other.tobytes()
    elif isinstance(one, (tuple, list)):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_alike(a, b)
    elif isinstance(one, View):
        assert one.made_at == other.made_at
        assert one.refusal == other.refusal
        assert_alike(one.steps, other.steps)
    elif isinstance(one, Node) and type(one).__name__ != "AccumulateGrad":
        ours, theirs = slots_of(one), slots_of(other)
        assert ours.keys() == theirs.keys()
        for name in ours.keys() - {"sequence"}:
            assert_alike(ours[name], theirs[name])
    elif isinstance(one, Exception):
        assert str(one) == str(other)


@pytest.mark.parametrize("name, dtype", SAMPLED)
def test_both_paths_make_the_same_tensor_and_node(name: str, dtype: str) -> None:
    call = oracle.resolve(pl, name)
    plain = without_native_path(call.op)
    for sample in oracle.samples_of(name, dtype):
        assert_alike(run(call, sample), run(plain, sample))
        with pl.no_grad():
            assert_alike(run(call, sample), run(plain, sample))


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div"])
@pytest.mark.parametrize("dtype", [pl.float32, pl.float64, pl.float16, pl.bfloat16, pl.int64])
@pytest.mark.parametrize(
    "other",
    [0, -3, 2.5, True, float("inf"), float("nan"), 1e300, 2**53 + 1, 2**70],
    ids=str,
)
def test_numbers_meet_tensors_as_in_the_generated_path(name, dtype, other):
    call = getattr(pl, name)
    plain = without_native_path(call.op)
    x = pl.tensor([[1.0, -2.0, 0.0], [3.0, 4.0, 5.0]]).to(dtype)
    for operands in ((x, other), (other, x), (x.t(), other), (x[0, 1], other), (x, x[0, 1])):
        assert_alike(oracle.run(call, operands, {}), oracle.run(plain, operands, {}))


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 4095, 4096, 4097])
@pytest.mark.parametrize("dtype", [pl.float32, pl.float64])
def test_small_arithmetic_is_numpys_to_the_bit(size, dtype):
    special = pl.tensor([0.0, -0.0, float("inf"), float("-inf"), float("nan"), 1e-45, 3e38])
    a = pl.cat([special, pl.randn(4096)])[:size].to(dtype)
    b = pl.cat([pl.randn(9), special, pl.randn(4096)])[:size].to(dtype)
    for name in ("add", "sub", "mul", "div"):
        call = getattr(pl, name)
        ours = call(a, b)._array
        with np.errstate(all="ignore"):
            theirs = call.op.forward(a._array, b._array)
        np.testing.assert_array_equal(
            ours.view(f"u{ours.itemsize}"), theirs.view(f"u{ours.itemsize}")
        )


@pytest.fixture(params=[1, 2])
def threads(request):
    before = pl.get_num_threads()
    pl.set_num_threads(request.param)
    yield request.param
    pl.set_num_threads(before)


LARGE = [4097, 65535, 65536, 200001]


def operand_pairs(a, b):
    """Return all that arithmetic takes without NumPy, and a little that it leaves."""
    numbers = (2.5, -3, pl.tensor(0.3, dtype=a.dtype), a[0].expand(a.shape))
    rows = a[:4096].view(64, 64)
    yield from ((a, b), (a, a), (rows, rows.t()), (rows.t(), rows.t()), (a[::2], b[::2]))
    for number in numbers:
        yield from ((a, number), (number, a))
    yield from ((numbers[3], 2.5), (numbers[3], numbers[3]), (a[1:], b[:-1]), (rows, rows[0]))


@pytest.mark.parametrize("size", LARGE)
@pytest.mark.parametrize("dtype", [pl.float32, pl.float64])
def test_large_arithmetic_is_that_of_the_generated_path(size, dtype, threads):
    a, b = pl.randn(size).to(dtype), pl.randn(size).to(dtype)
    reversed_ = pointwise._rsub_tensor, pointwise._rsub_number
    for call in (pl.add, pl.sub, pl.mul, pl.div, *reversed_):
        for operands in operand_pairs(a, b):
            expected = oracle.run(without_native_path(call.op), operands, {})
            assert_alike(oracle.run(call, operands, {}), expected)


@pytest.mark.parametrize("size", [0, 1, 9, 4096, *LARGE])
@pytest.mark.parametrize("dtype", [pl.float32, pl.float64])
def test_arithmetic_in_place_is_numpys_to_the_bit(size, dtype, threads):
    a, b = pl.randn(size).to(dtype), pl.randn(size).to(dtype)
    expanded = pl.tensor(0.3, dtype=dtype).expand(size)
    for name in ("add", "sub", "mul", "div"):
        call, ufunc = getattr(pl.Tensor, f"{name}_"), getattr(pl, name).op.forward
        for other in (b, 2.5, -3, pl.tensor(-0.0, dtype=dtype), expanded, b.double().flip(0)):
            target = a.clone()
            array = target._array
            value = other._array if isinstance(other, pl.Tensor) else other
            with np.errstate(all="ignore"):
                expected = np.asarray(ufunc(a._array, value)).astype(array.dtype)
            assert call(target, other) is target
            assert target._array is array
            assert target._version == 1
            np.testing.assert_array_equal(array, expected)
        own = a.clone()
        call(own, own)
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(own._array, ufunc(a._array, a._array))


def test_arithmetic_in_place_leaves_the_rest_to_numpy(threads):
    x = pl.randn(300, 300)
    expected = x._array + x._array.T
    shown = x.clone()
    assert shown.add_(x.t()) is shown
    np.testing.assert_array_equal(shown._array, expected)
    turned = x.clone()
    turned.t().mul_(x)
    np.testing.assert_array_equal(turned._array, (x._array.T * x._array).T)
    part = pl.cat([x, x])
    with pytest.raises(RuntimeError, match="refer to a single memory location"):
        part[:300].add_(part[1:301])
    with pytest.raises(RuntimeError, match="more than one element"):
        pl.zeros(1).expand(70000).add_(1)
    with pytest.raises(RuntimeError, match="output with shape"):
        pl.zeros(3).add_(pl.zeros(2, 3))
    with pytest.raises(RuntimeError, match=r"must match the size"):
        pl.zeros(70000).add_(pl.zeros(70001))
    assert pl.zeros(()).add_(pl.ones(())).item() == 1


@pytest.mark.parametrize("name", ["cat", "stack"])
@pytest.mark.parametrize("kinds", [("float32",), ("bool",), ("bfloat16",), ("int16", "float32")])
def test_sequences_of_tensors_are_joined_as_in_the_generated_path(name, kinds):
    call = getattr(pl, name)
    plain = without_native_path(call.op)
    dtypes = [getattr(pl, kind) for kind in kinds]
    shapes = [(2, 3)] * 2, [(2, 1), (2, 4)], [(1, 3), (2, 3)], [(0,), (2, 3)], [()] * 2, [(0, 3)]
    for each in (*shapes, [(2, 3, 2)] * 3, [(2, 3), (2, 3, 1)], [(65, 64)], [(64, 64), (0, 64)]):
        whole = [pl.randn(shape).mul(9).to(dtypes[i % len(dtypes)]) for i, shape in enumerate(each)]
        turned = [tensor.transpose(0, -1) for tensor in whole if tensor.dim() > 1]
        for tensors in (whole, tuple(whole), turned, whole[:1]):
            for dim in (*range(-3, 4), True, None):
                assert_alike(
                    oracle.run(call, (tensors, dim), {}), oracle.run(plain, (tensors, dim), {})
                )


def test_the_history_of_joined_tensors_is_the_generated_paths():
    base = pl.randn(3, 2, requires_grad=True)
    tensors = [base, pl.randn(3, 2), base * 2, base[:, :2], base.t().t()]
    for call in (pl.cat, pl.stack):
        plain = without_native_path(call.op)
        for chosen in (tensors, tuple(tensors), tensors[1:2]):
            assert_alike(call(chosen, -1), plain(chosen, -1))


# Ops that a kernel computes, and numbers to call them with after their tensors.
BY_KERNEL = {
    **dict.fromkeys(("exp", "expm1", "log", "log1p", "erf", "tanh", "sigmoid", "relu"), ((),)),
    **dict.fromkeys(("_silu", "_mish", "_log_sigmoid", "_hardsigmoid", "_hardswish"), ((),)),
    "_leaky_relu": ((0.1,), (2,), (True,)),
    "_hardtanh": ((-1, 1), (0.5, 0.5), (1, -1), (float("nan"), 1.0)),
    "_elu": ((1.0, 1.0, 1.0), (2, 0.5, 3)),
    "_softplus": ((1, 20), (0.5, 2.5), (2**70, 1)),
    "_gelu": (("none",), ("tanh",), ("no",)),
}


@pytest.mark.parametrize("name", BY_KERNEL)
@pytest.mark.parametrize("dtype", [pl.float32, pl.float64, pl.float16, pl.int64], ids=str)
def test_a_shortcut_to_a_kernel_gives_what_the_forward_gives(name, dtype):
    call = REGISTRY[name].call
    plain = without_native_path(REGISTRY[name])
    x = pl.cat([pl.tensor([0.0, -0.0, 90.0, -90.0, 1e-30]), pl.randn(4100) * 3]).to(dtype)
    for each in (x[:0], x[0], x[:1], x[:33], x[:4096], x[:4097], x[:60].view(5, 12).t(), x[:50:2]):
        for options in BY_KERNEL[name]:
            named = {"approximate": options[0]} if name == "_gelu" else {}
            arguments = (each,) if named else (each, *options)
            assert_alike(oracle.run(call, arguments, named), oracle.run(plain, arguments, named))


BACKWARD_BY_KERNEL = {
    **dict.fromkeys(("tanh", "sigmoid", "silu", "mish", "log_sigmoid"), ((),)),
    **dict.fromkeys(("hardsigmoid", "hardswish"), ((),)),
    "threshold": ((0,), (0.5,)),
    "leaky_relu": ((0.1,),),
    "hardtanh": ((-1, 1),),
    "elu": ((1.0, 1.0, 1.0), (2, 0.5, 3)),
    "softplus": ((1, 20),),
    "gelu": (("none",), ("tanh",)),
}


@pytest.mark.parametrize("name", BACKWARD_BY_KERNEL)
@pytest.mark.parametrize("dtype", [pl.float32, pl.float64, pl.float16], ids=str)
def test_a_shortcut_to_a_gradient_gives_what_the_forward_gives(name, dtype):
    call = getattr(activation_backward, f"{name}_backward")
    plain = without_native_path(call.op)
    saved, grad = pl.randn(66).to(dtype), pl.randn(66).to(dtype)
    one = pl.tensor(0.3, dtype=dtype)
    for pair in (
        (grad, saved),
        (grad.view(6, 11), saved.view(6, 11)),
        (grad.view(6, 11).t(), saved.view(11, 6)),
        (one, saved[0]),
        (one.expand(66), saved),
        (one.expand(6, 11), saved.view(11, 6).t()),
        (grad[:0], saved[:0]),
        (grad.double(), saved),
        (grad[:1], saved),
    ):
        for options in BACKWARD_BY_KERNEL[name]:
            arguments = (*pair, *options)
            assert_alike(oracle.run(call, arguments, {}), oracle.run(plain, arguments, {}))


def matrices(dtype: Any) -> list[Any]:
    """Return pairs of matrices to multiply, in many layouts and sizes, and some that do not fit."""
    made = []
    for m, k, n in ((1, 1, 1), (1, 5, 3), (2, 9, 17), (4, 8, 4), (7, 300, 5), (32, 32, 33)):
        a, b = pl.randn(m, k).to(dtype), pl.randn(k, n).to(dtype)
        turned = a.t().contiguous().t(), b.t().contiguous().t()
        parts = pl.randn(2 * m, k + 1).to(dtype)[::2, 1:], pl.randn(k, 2 * n).to(dtype)[:, ::2]
        made += [(a, b), turned, (a, turned[1]), parts, (a[:1].expand(m, k), b[:, :1])]
        made += [(a, b[: k - 1]), (a[:, :0], b[:0]), (a, b[0]), (a, b.double()), (a[:0], b)]
    return made


@pytest.mark.parametrize("dtype", [pl.float32, pl.float64, pl.bfloat16, pl.int64], ids=str)
def test_a_shortcut_to_the_product_gives_what_the_forward_gives(dtype):
    mm, addmm = without_native_path(pl.mm.op), without_native_path(pl.addmm.op)
    for a, b in matrices(dtype):
        assert_alike(oracle.run(pl.mm, (a, b), {}), oracle.run(mm, (a, b), {}))
        row = b[0] if b.dim() == 2 and b.shape[0] else pl.zeros(3, dtype=dtype)
        for bias in (row, row.clone(), row[:1], row.double()):
            for scales in ({}, {"beta": 1.0, "alpha": 1}, {"beta": 2}, {"alpha": 0.5}):
                arguments = (bias, a, b)
                assert_alike(
                    oracle.run(pl.addmm, arguments, scales), oracle.run(addmm, arguments, scales)
                )


SHAPES = [(), (1,), (7,), (2, 3), (3, 1, 4), (5, 0), (4096,), (2, 2049)]


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize("dtype", [pl.float32, pl.float64, pl.float16, pl.int64, pl.int8], ids=str)
def test_a_shortcut_to_where_an_extreme_is_gives_what_the_forward_gives(name, dtype):
    call = getattr(pl, name)
    plain = without_native_path(call.op)
    for shape in SHAPES:
        whole = pl.randn(shape).mul(3).round()
        odd = [whole]
        if dtype.is_floating_point:
            drawn = pl.rand(shape)
            odd.append(whole.masked_fill(drawn > 0.6, float("nan")))
            odd.append(pl.where(drawn > 0.5, pl.tensor(float("inf")), pl.tensor(float("-inf"))))
        for x in odd:
            for each in (x.to(dtype), x.to(dtype).transpose(0, -1) if x.dim() else x.to(dtype)):
                for dim in (None, 0, -1, 1, 2, -3, 3, True):
                    for keepdim in (False, True, 1):
                        arguments = each, dim, keepdim
                        assert_alike(
                            oracle.run(call, arguments, {}), oracle.run(plain, arguments, {})
                        )


@pytest.mark.parametrize("name", ["sum", "mean"])
@pytest.mark.parametrize("dtype", [pl.float32, pl.float64, pl.float16, pl.int64], ids=str)
def test_a_shortcut_to_a_sum_adds_in_the_order_of_the_forward(name, dtype):
    of_all = getattr(reduction, f"{name}_all")
    of_dim = getattr(reduction, f"{name}_dim")
    ends = [float("inf"), float("nan"), float("-inf")]
    given = [pl.randn(n) for n in (*range(1, 40), 127, 128, 129, 137, 300, 1000, 4095, 4097)]
    given += [pl.randn(shape) for shape in (*SHAPES, (4, 8), (3, 129), (2, 3, 20), (40, 9))]
    given += [pl.zeros(3), -pl.zeros(2, 9), pl.tensor(ends), pl.tensor(ends[:1] * 9)]
    for x in (each.to(dtype) for each in given):
        assert_alike(
            oracle.run(of_all, (x,), {}), oracle.run(without_native_path(of_all.op), (x,), {})
        )
        plain = without_native_path(of_dim.op)
        for dim in (None, 0, -1, 1, 2, -3, (0,), True):
            for keepdim in (False, True):
                arguments = x, dim, keepdim
                assert_alike(oracle.run(of_dim, arguments, {}), oracle.run(plain, arguments, {}))


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("dtype", [pl.float32, pl.float64, pl.float16, pl.int64], ids=str)
def test_a_shortcut_to_softmax_gives_what_the_forward_gives(name, dtype):
    for function, count in ((f"{name}_rows", 1), (f"{name}_backward", 2)):
        call = getattr(softmax, function)
        plain = without_native_path(call.op)
        for shape in SHAPES:
            x = pl.randn(count, *shape).mul(9)
            x = x.masked_fill(pl.rand_like(x) > 0.8, float("-inf")).to(dtype)
            for given in (x, x.transpose(1, -1) if shape else x):
                for dim in (0, -1, 1, 2, -3, 3, True):
                    arguments = (*given, dim)
                    assert_alike(oracle.run(call, arguments, {}), oracle.run(plain, arguments, {}))


def test_a_view_whose_base_was_written_is_asked_for_its_history():
    base = pl.ones(4, requires_grad=True) * 1
    view = base[:2]
    base.mul_(3)
    (view * 1).sum().backward()
    assert view.grad_fn.name() == "AsStridedBackward0"


def test_an_exception_of_a_forward_comes_through():
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied"):
        pl.mm(pl.ones(2, 3), pl.ones(2, 3))
    with pytest.raises(RuntimeError, match="must match the size of tensor b"):
        pl.add(pl.ones(2), pl.ones(3))


def test_numpys_warnings_are_back_after_a_call():
    with pytest.raises(RuntimeError):
        pl.mm(pl.ones(2, 3), pl.ones(2, 3))
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        np.divide(1.0, np.zeros(2))


def test_a_path_refuses_what_is_no_record():
    from penlight import _kernels

    with pytest.raises(TypeError):
        _kernels.CallPath(1)
    with pytest.raises(ValueError, match="1 to 16 parameters"):
        _kernels.CallPath(abs, (), None, (), (), (), "", *[False] * 6)
    with pytest.raises(TypeError, match="2 arguments by position"):
        _native_path.native_path(REGISTRY["add"], REGISTRY["add"].node_class)(pl.ones(1))


# ---- calls that come before ops ------------------------------------------------------------------

LEAF = pl.arange(24.0).reshape(2, 3, 4).requires_grad_()
TENSORS = {
    "plain": lambda: pl.arange(24.0).reshape(2, 3, 4),
    "integers": lambda: pl.arange(24).view(2, 3, 4),
    "half": lambda: pl.arange(24).view(2, 3, 4).bfloat16(),
    "leaf": lambda: LEAF,
    "result": lambda: LEAF * 1,
    "view of result": lambda: (LEAF * 1)[:, 1:],
    "transposed": lambda: (LEAF * 1).transpose(0, 2),
    "expanded": lambda: pl.ones(3, 1).expand(2, 3, 4),
    "vector": lambda: pl.arange(24.0),
    "number": lambda: pl.tensor(3.0),
    "one": lambda: pl.ones(1, 1, 1),
    "empty": lambda: pl.ones(2, 0, 3),
}
ASKED_SHAPES = [
    *((24,), (-1,), (2, -1), (3, 8), (2, 3, 4), (4, -1, 3, 1), ((4, 6),), ([-1, 12],), ((),)),
    *((pl.Size([6, 4]),), (1,), (5, 5), (7, -1), (-1, -1), (-2, 12), (0, -1), (0,), (2**70,)),
    *((2**40, 2**40), (2**62, 8, -1), (True, 24), (24, "a"), (2.5,), (), ((2, 12), 1), (None,)),
    *((pl.tensor(24),), (np.int64(24),), (1,) * 40 + (24,), (pl.int64,)),
]
CHOICE = pl.tensor([1, 0, -1])
KEYS = [
    *(0, 1, -1, -2, 5, -3, 2**70, True, False, None, Ellipsis, (), (None, None), (0, 1, 2)),
    *((1, None, -1), (Ellipsis, 1), (0, Ellipsis), (Ellipsis, None), (0, 1, 2, 3), (Ellipsis,) * 2),
    *(
        slice(None),
        slice(1),
        slice(1, None),
        slice(-1, None),
        slice(5, 9),
        slice(2, 1),
        slice(0, 9),
    ),
    *(slice(None, None, 2), slice(None, None, 0), slice(None, None, -1), slice(-(2**70), 2**70)),
    *((slice(None), slice(1, 2)), (slice(None), 1), (Ellipsis, slice(1, 3, 2)), (slice(1.5),)),
    *((slice(None), None, slice(1)), (slice(None),) * 4, (slice(pl.tensor(1), 2),), [0, 1], "a"),
    *((None, 0, slice(1, 2), Ellipsis, -1), np.int64(1), pl.tensor(1), (slice(True), 0), 1.5),
    *(CHOICE, pl.tensor([[0], [1]]), pl.tensor([5]), pl.tensor([-9]), CHOICE[:0], CHOICE[::2]),
    *(CHOICE.int(), CHOICE > 0, pl.tensor([1, 0]).byte(), pl.tensor([1.0]), CHOICE.repeat(2000)),
    *((slice(None), CHOICE), (Ellipsis, CHOICE), (None, CHOICE), (0, CHOICE), (CHOICE, CHOICE)),
    *((CHOICE, slice(1), CHOICE), (CHOICE, 1), (CHOICE, None), (slice(1, 2), CHOICE, Ellipsis)),
    *((CHOICE,) * 4, (slice(None), CHOICE * 3), (CHOICE, pl.tensor([1, 0])), (CHOICE, True)),
]


def assert_same_without(function: str, module: Any, call: Any, monkeypatch: Any) -> None:
    """Require that a call gives what it gives when the C++ leaves it to Python."""
    for recording in (True, False):
        with pl.set_grad_enabled(recording), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours = oracle.run(call, (), {})
            with monkeypatch.context() as patch:
                patch.setattr(module, function, lambda *_: None)
                theirs = oracle.run(call, (), {})
        assert_alike(ours, theirs)


@pytest.mark.parametrize("shape", ASKED_SHAPES, ids=str)
@pytest.mark.parametrize("name", TENSORS)
def test_a_shape_is_read_as_in_python(name, shape, monkeypatch):
    x = TENSORS[name]()
    assert_same_without("_view_plainly", shapes, lambda: x.view(*shape), monkeypatch)
    assert_same_without("_reshape_plainly", shapes, lambda: x.reshape(*shape), monkeypatch)
    assert_same_without("_view_plainly", shapes, lambda: x.view(size=shape), monkeypatch)


@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("name", TENSORS)
def test_a_key_is_read_as_in_python(name, key, monkeypatch):
    x = TENSORS[name]()
    assert_same_without("_getitem_plainly", indexing, lambda: x[key], monkeypatch)


def test_what_is_no_tensor_is_refused_in_pythons_words():
    with pytest.raises(AttributeError):
        pl.reshape(np.ones(3), (3,))
    with pytest.raises(TypeError, match="takes a tensor and"):
        shapes._view_plainly(pl.ones(3))


def test_calls_are_left_to_python_while_nodes_are_watched():
    x = pl.ones(2, 3, requires_grad=True)
    assert shapes._view_plainly(x, (6,)) is not None
    with pl.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        assert shapes._view_plainly(x, (6,)) is None
        assert indexing._getitem_plainly(x, 0) is None
    assert indexing._getitem_plainly(x, 0) is not None


def test_a_tensor_call_refuses_what_it_does_not_know():
    from penlight import _kernels

    with pytest.raises(ValueError, match="no such call"):
        _kernels.TensorCall(99, tuple, [])
    with pytest.raises(TypeError, match="not the paths it needs"):
        _kernels.TensorCall(0, tuple, [])(pl.ones(1), (1,))
