"""The arguments of torch's builtins, which ``inspect`` cannot see, against ours.

torch writes their overloads into the ``.pyi`` files of its wheel. Every name that an overload has
is an argument of ours, at the same place, but for the exceptions below.
"""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import penlight
from penlight.ops._codegen import compile_op

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

STUBS = Path(torch.__file__).parent / "_C"


class Overload(NamedTuple):
    """One form of a builtin: names by place, by keyword alone, and of ``*args``."""

    places: tuple[str, ...]
    keywords: tuple[str, ...]
    variadic: str | None
    tensors: frozenset[str]

    def __str__(self):
        star = () if self.variadic is None else (f"*{self.variadic}",)
        return f"({', '.join(self.places + star)})"


def overloads_in(body, *, method):
    """Return the overloads of each public function in a stub's body."""
    found = {}
    for node in body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            places = {
                argument.arg: ast.unparse(argument.annotation) if argument.annotation else ""
                for argument in [*node.args.posonlyargs, *node.args.args][1 if method else 0 :]
            }
            overload = Overload(
                tuple(our_name(name, annotation) for name, annotation in places.items()),
                tuple(argument.arg for argument in node.args.kwonlyargs),
                node.args.vararg and node.args.vararg.arg,
                frozenset(name for name, annotation in places.items() if annotation == "Tensor"),
            )
            found.setdefault(node.name, []).append(overload)
    return found


def our_name(name, annotation):
    """Return our name of an argument: a number in a tensor's place is ``self`` in torch alone."""
    return "input" if name == "self" and annotation.startswith("Number") else name


def read_stubs():
    functions = ast.parse((STUBS / "_VariableFunctions.pyi").read_text(encoding="utf-8")).body
    classes = ast.parse((STUBS / "__init__.pyi").read_text(encoding="utf-8")).body
    tensor = next(
        node for node in classes if isinstance(node, ast.ClassDef) and node.name == "TensorBase"
    )
    return {
        "torch": overloads_in(functions, method=False),
        "Tensor": overloads_in(tensor.body, method=True),
    }


def is_builtin(function):
    try:
        inspect.signature(function)
    except (ValueError, TypeError):
        return callable(function)
    return False


def owners(namespace):
    return (penlight, torch) if namespace == "torch" else (penlight.Tensor, torch.Tensor)


FUNCTIONS = {
    f"{namespace}.{name}": overloads
    for namespace, table in read_stubs().items()
    for name, overloads in sorted(table.items())
    if callable(getattr(owners(namespace)[0], name, None))
    and is_builtin(getattr(owners(namespace)[1], name, None))
}


class Accepted(NamedTuple):
    """What a function of ours takes."""

    places: tuple[str, ...]
    keywords: frozenset[str]
    variadic: str | None
    options: bool

    @property
    def names(self):
        return {*self.places, *self.keywords}


def accepted_by(full_name):
    """Return what one of our functions takes: of an op, what its compiled path takes."""
    namespace, _, name = full_name.partition(".")
    function = getattr(owners(namespace)[0], name)
    # Once a program has a subclass, functions look at classes first and then call the plain one.
    function = getattr(function, "_function", function)
    if hasattr(function, "op"):
        compile_op(function.op)
    try:
        parameters = inspect.signature(function, follow_wrapped=False).parameters.values()
    except ValueError:  # written in C++: nothing by name
        return Accepted((), frozenset(), None, False)
    kinds = {}
    for parameter in parameters:
        kinds.setdefault(parameter.kind.name, []).append(parameter.name)
    places = kinds.get("POSITIONAL_ONLY", []) + kinds.get("POSITIONAL_OR_KEYWORD", [])
    keywords = set(kinds.get("KEYWORD_ONLY", ()))
    variadic = next(iter(kinds.get("VAR_POSITIONAL", ())), None)
    options = kinds.get("VAR_KEYWORD", [])
    if options == ["_named"]:
        # A generated path takes its sizes by their name too, and nothing else.
        keywords.add(variadic)
    return Accepted(
        tuple(places[namespace == "Tensor" :]),
        frozenset(keywords),
        variadic,
        bool(options) and options != ["_named"],
    )


# ---- the exceptions ------------------------------------------------------------------------------


def is_deprecated(overload):
    """Whether a form has a factor by place among its tensors: torch warns of those, see below."""
    factors = {"alpha", "beta", "value"} & set(overload.places)
    return bool(factors) and "self" in overload.places


# What torch's stubs have and torch itself refuses: how to see it.
REFUSED_BY_TORCH = {
    "torch.numel": {"self": lambda torch: torch.numel(self=torch.ones(2))},
    "torch.set_num_threads": {"num": lambda torch: torch.set_num_threads(num=1)},
    "torch.set_num_interop_threads": {"num": lambda torch: torch.set_num_interop_threads(num=1)},
    "torch.tensor": {
        "(data, dtype, device, requires_grad, pin_memory)": lambda torch: torch.tensor(
            [1.0], torch.float64
        ),
    },
    "Tensor.new_tensor": {
        "pin_memory": lambda torch: torch.ones(2).new_tensor([1.0], pin_memory=False),
        "(data, dtype, device, requires_grad, pin_memory)": lambda torch: torch.ones(2).new_tensor(
            [1.0], torch.float64
        ),
    },
    "Tensor.requires_grad_": {"mode": lambda torch: torch.ones(2).requires_grad_(mode=True)},
}

# What ours does not take, and why.
NOT_TAKEN = {
    "Tensor.expand": dict.fromkeys(
        ("implicit",), "it tells torch's own vmap who expands, and changes no result"
    ),
    **{
        name: {form: "by place it would pass for the tensor of the deprecated (self, alpha, other)"}
        for name, form in (
            ("torch.subtract", "(input, other, alpha)"),
            ("Tensor.subtract", "(other, alpha)"),
            ("Tensor.subtract_", "(other, alpha)"),
        )
    },
    **{
        name: {form: "torch has it on CUDA alone; ours refuses it by name, see below"}
        for name, form in (
            ("torch.mm", "(input, mat2, out_dtype)"),
            ("torch.bmm", "(input, mat2, out_dtype)"),
            ("torch.addmm", "(input, mat1, mat2, out_dtype)"),
            ("torch.baddbmm", "(input, batch1, batch2, out_dtype)"),
        )
    },
}


def halves(torch, *parts):
    return torch.tensor_split(torch.arange(4), *parts)


def scattered(torch, function):
    return function(torch.zeros(3), 0, torch.tensor([2]), 5.0)


# Forms that ours tells apart by what the arguments are, not by where they stand: an example each.
BY_VALUE = {
    **{
        f"torch.{name}": {
            "(input, other)": lambda torch, name=name: getattr(torch, name)(
                torch.tensor([1.0, 4.0]), torch.tensor([2.0, 3.0])
            )
        }
        for name in ("max", "min")
    },
    **{
        f"Tensor.{name}": {
            "(other)": lambda torch, name=name: getattr(torch.tensor([1.0, 4.0]), name)(
                torch.tensor([2.0, 3.0])
            )
        }
        for name in ("max", "min")
    },
    **{
        f"torch.{name}": {
            "(input, unbiased)": lambda torch, name=name: getattr(torch, name)(
                torch.tensor([1.0, 4.0]), False
            )
        }
        for name in ("std", "var", "std_mean", "var_mean")
    },
    **{
        f"Tensor.{name}": {
            "(unbiased)": lambda torch, name=name: getattr(torch.tensor([1.0, 4.0]), name)(False)
        }
        for name in ("std", "var")
    },
    "torch.isin": {
        "(element, test_elements)": lambda torch: torch.isin(1, torch.tensor([1, 2])),
        "(elements, test_element)": lambda torch: torch.isin(torch.tensor([1, 2]), 1),
    },
    "torch.repeat_interleave": {
        "(repeats)": lambda torch: torch.repeat_interleave(torch.tensor([1, 2]))
    },
    "torch.result_type": {
        "(scalar, tensor)": lambda torch: torch.result_type(1, torch.ones(2)),
        "(scalar1, scalar2)": lambda torch: torch.result_type(1, 2.0),
    },
    "torch.scatter": {"(input, dim, index, value)": lambda torch: scattered(torch, torch.scatter)},
    "Tensor.scatter": {"(dim, index, value)": lambda torch: scattered(torch, torch.Tensor.scatter)},
    "Tensor.scatter_": {
        "(dim, index, value)": lambda torch: scattered(torch, torch.Tensor.scatter_)
    },
    **{
        f"{namespace}.tensor_split": {
            f"({first}sections, dim)": lambda torch: halves(torch, 2, 0),
            f"({first}indices, dim)": lambda torch: halves(torch, [1, 3], 0),
            f"({first}tensor_indices_or_sections, dim)": lambda torch: halves(
                torch, torch.tensor([1, 3]), 0
            ),
        }
        for namespace, first in (("torch", "input, "), ("Tensor", ""))
    },
}


def excepted(full_name):
    tables = (REFUSED_BY_TORCH, NOT_TAKEN, BY_VALUE)
    return {difference for table in tables for difference in table.get(full_name, ())}


def differences(full_name):
    """Return what overloads have and ours has not: names, and forms with names at other places."""
    ours, found = accepted_by(full_name), set()
    for overload in FUNCTIONS[full_name]:
        if is_deprecated(overload):
            continue
        last = len(overload.places) - 1
        for place, name in enumerate(overload.places):
            sizes = ours.variadic is not None and place == last == len(ours.places)
            if name not in ours.names and not (sizes and name == ours.variadic):
                found.add(name)
            elif ours.places[place : place + 1] != (name,) and not sizes:
                found.add(str(overload))
        found |= set(overload.keywords) - ours.names
        if overload.variadic is not None and ours.variadic is None:
            found.add(str(overload))
    return found


def has_options(full_name):
    """Whether one of our functions is written by hand and hands ``**options`` on."""
    namespace, _, name = full_name.partition(".")
    function = getattr(owners(namespace)[0], name)
    return not hasattr(function, "op") and accepted_by(full_name).options


WITH_OPTIONS = [name for name in FUNCTIONS if has_options(name)]


@pytest.mark.parametrize("full_name", [name for name in FUNCTIONS if name not in WITH_OPTIONS])
def test_arguments_are_those_of_torchs_overloads(full_name):
    assert differences(full_name) == excepted(full_name)


def examples(table):
    return [
        pytest.param(example, id=f"{name}: {difference}")
        for name, found in table.items()
        for difference, example in found.items()
    ]


@pytest.mark.parametrize("example", examples(REFUSED_BY_TORCH))
def test_what_the_stubs_promise_in_vain_is_refused_by_both(example):
    for package in (torch, penlight):
        with pytest.raises(TypeError):
            example(package)


@pytest.mark.parametrize("example", examples(BY_VALUE))
def test_forms_are_told_apart_by_value(example):
    assert plain(example(penlight)) == plain(example(torch))


# Calls by names that one form alone has, and with results written elsewhere.
NAMED = [
    lambda torch, x: torch.hsplit(x, sections=2),
    lambda torch, x: torch.hsplit(x, indices=[1, 3]),
    lambda torch, x: x.hsplit(1, 3),
    lambda torch, x: x.hsplit([]),
    lambda torch, x: torch.vsplit(x, sections=2),
    lambda torch, x: x.vsplit(indices=(1,)),
    lambda torch, x: x.vsplit(1, 1),
    lambda torch, x: torch.dsplit(x[None], sections=4),
    lambda torch, x: x[None].dsplit(1, 2),
    lambda torch, x: torch.tensor_split(x, sections=3, dim=1),
    lambda torch, x: torch.tensor_split(x, indices=[1, 3], dim=1),
    lambda torch, x: x.tensor_split(tensor_indices_or_sections=torch.tensor([1])),
    lambda torch, x: torch.heaviside(x - 3, values=x),
    lambda torch, x: x.heaviside_(values=x[0].clone()),
    lambda torch, x: torch.swapaxes(x, axis0=0, axis1=1),
    lambda torch, x: x.swapaxes_(axis0=0, axis1=1),
    lambda torch, x: x.copy_(other=x + 1),
    lambda torch, x: x.map_(other=x, callable=lambda a, b: a * b),
    lambda torch, x: x.new(other=x),
    lambda torch, x: x.new(x.untyped_storage()),
    lambda torch, x: x.new(storage=x.untyped_storage()),
    lambda torch, x: x.resize_(size=(2, 3)),
    lambda torch, x: x.sum_to_size(size=(1, 4)),
    lambda torch, x: torch.tile(x, dims=(2,)),
    lambda torch, x: x.reshape(shape=(4, 2)),
    lambda torch, x: torch.reshape(x[0, :1], shape=()),
    lambda torch, x: x[0].broadcast_to(2, 4),
    lambda torch, x: x[0].broadcast_to(size=(2, 4)),
    lambda torch, x: x[None, None].squeeze(0, 1),
    lambda torch, x: x[None, None].squeeze_(0, 2),
    lambda torch, x: x.count_nonzero(0, 1),
    lambda torch, x: torch.repeat_interleave(repeats=torch.tensor([2, 1])),
    lambda torch, x: torch.isin(elements=x, test_element=2),
    lambda torch, x: torch.isin(element=2, test_elements=x),
    lambda torch, x: torch.isin(x, x[0], out=torch.empty(0, dtype=torch.bool)),
    lambda torch, x: torch.result_type(scalar=2.0, tensor=torch.tensor(1)),
    lambda torch, x: torch.result_type(scalar1=2, scalar2=3),
    lambda torch, x: torch.result_type(tensor=x, other=torch.ones(1, dtype=torch.float64)),
    lambda torch, x: torch.histogramdd(x.T[:, :1], [2], [0.0, 8.0], x[0], True).hist,
    lambda torch, x: torch.rsub(x, 3, 2),
    lambda torch, x: torch.fill_(input=x, value=3),
    lambda torch, x: torch.as_strided_(input=x, size=(2,), stride=(3,)),
    lambda torch, x: torch.index_put_(input=x, indices=(torch.tensor([1]),), values=x[:1] * 5),
    lambda torch, x: torch.ldexp_(input=x, other=x),
    lambda torch, x: torch.round_(input=x / 3),
    lambda torch, x: torch.square_(input=x),
    lambda torch, x: torch.zero_(input=x),
    lambda torch, x: torch.detach(input=x),
    lambda torch, x: torch.detach_(input=x),
    lambda torch, x: torch.unsafe_split(input=x, split_size=1),
    lambda torch, x: torch.argsort(x, stable=True, out=torch.empty(0, dtype=torch.int64)),
    lambda torch, x: torch.nonzero(x, out=torch.empty(0, dtype=torch.int64)),
    lambda torch, x: torch.outer(x[0], x[1], out=torch.empty(0)),
    lambda torch, x: torch.prod(x, 1, True, out=torch.empty(0)),
    lambda torch, x: torch.scatter(x, 0, torch.tensor([[1]]), x, out=torch.empty(0)),
    lambda torch, x: torch.scatter(x, 0, torch.tensor([[1]]), 9.0, out=torch.empty(0)),
    lambda torch, x: torch.slice_scatter(x, x[:, :2], 1, 1, 3, out=torch.empty(0)),
    lambda torch, x: torch.take_along_dim(x, torch.tensor([[3]]), 1, out=torch.empty(0)),
    lambda torch, x: torch.threshold(x, 3.0, 9.0, out=torch.empty(0)),
]


def lines_of(example):
    return inspect.getsource(example).strip().partition(": ")[2].rstrip(",")


@pytest.mark.parametrize("call", NAMED, ids=lines_of)
def test_calls_by_name_give_what_torch_gives(call):
    ours, theirs = (
        call(package, package.arange(8.0).reshape(2, 4).clone()) for package in (penlight, torch)
    )
    assert plain(ours) == plain(theirs)


def test_results_are_written_to_out():
    out = penlight.empty(0)
    x = penlight.arange(3.0)
    assert penlight.outer(x, x, out=out) is out
    assert out.tolist() == [[0.0, 0.0, 0.0], [0.0, 1.0, 2.0], [0.0, 2.0, 4.0]]
    with pytest.raises(RuntimeError, match="nonzero does not support the out kwarg"):
        penlight.nonzero(x, as_tuple=True, out=out)


@pytest.mark.parametrize(
    "call",
    [
        lambda torch, x: torch.hsplit(x),
        lambda torch, x: torch.hsplit(x, indices=[1], sections=2),
        lambda torch, x: torch.tensor_split(x),
        lambda torch, x: torch.tensor_split(x, indices=[1], sections=2),
        lambda torch, x: torch.isin(x),
        lambda torch, x: torch.isin(x, x, element=1),
        lambda torch, x: torch.result_type(x),
        lambda torch, x: torch.result_type(scalar=1, scalar1=2),
        lambda torch, x: torch.repeat_interleave(),
        lambda torch, x: torch.heaviside(x, other=x),
        lambda torch, x: torch.swapaxes(x, dim0=0, dim1=1),
        lambda torch, x: x.copy_(src=x),
        lambda torch, x: x.new(other=x, storage=x.untyped_storage()),
    ],
    ids=lines_of,
)
def test_arguments_of_no_form_are_refused(call):
    for package in (torch, penlight):
        with pytest.raises(TypeError):
            call(package, package.ones(2, 4))


def test_a_storage_of_another_dtype_makes_no_tensor():
    for package in (torch, penlight):
        with pytest.warns(UserWarning, match="TypedStorage is deprecated"):
            storage = package.ones(2).storage()
        with pytest.raises(RuntimeError, match="Expected a Storage of type Double"):
            package.ones(2, dtype=package.float64).new(storage)


def plain(value):
    """Return results of either package so that they compare."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else str(value)


def test_forms_with_a_factor_among_the_tensors_are_deprecated_in_torch():
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        with pytest.warns(UserWarning, match="deprecated"):
            torch.add(torch.ones(2), 2, torch.ones(2))
    finally:
        torch.set_warn_always(before)


@pytest.mark.parametrize("name", ["mm", "addmm", "bmm", "baddbmm"])
def test_out_dtype_is_not_for_the_cpu(name):
    for package in (torch, penlight):
        operand = package.ones((2, 2, 2) if name.endswith("bmm") else (2, 2))
        operands = [operand] * (3 if "add" in name else 2)
        with pytest.raises(NotImplementedError, match=f"'aten::{name}.dtype'.*'CPU' backend"):
            getattr(package, name)(*operands, out_dtype=package.float32)


# ---- functions that take options as they come ----------------------------------------------------

# A value for each argument, given the package; a tensor of it where the form asks for one.
VALUES = {
    "input": lambda torch: torch.ones(3, 2),
    "other": lambda torch: torch.ones(1, dtype=torch.float64),
    "out": lambda torch: torch.empty(0, dtype=torch.float64),
    "size": lambda torch: (3, 2),
    "stride": lambda torch: (2, 1),
    "dtype": lambda torch: torch.float64,
    "layout": lambda torch: torch.strided,
    "device": lambda torch: "cpu",
    "memory_format": lambda torch: torch.contiguous_format,
    "generator": lambda torch: torch.Generator(),
    "fill_value": lambda torch: 2.0,
    "pin_memory": lambda torch: False,
    "requires_grad": lambda torch: True,
    "non_blocking": lambda torch: False,
    "copy": lambda torch: True,
    "names": lambda torch: None,
    "start": lambda torch: 1.0,
    "end": lambda torch: 4.0,
    "step": lambda torch: 1.0,
    "steps": lambda torch: 5,
    "base": lambda torch: 2.0,
    "s": lambda torch: 3.0,
    "n": lambda torch: 3,
    "m": lambda torch: 2,
    "row": lambda torch: 3,
    "col": lambda torch: 2,
    "offset": lambda torch: 1,
    "low": lambda torch: 1,
    "high": lambda torch: 4,
    "from_": lambda torch: 1,
    "to": lambda torch: 4,
    "mean": lambda torch: 1.0,
    "std": lambda torch: 2.0,
    "window_length": lambda torch: 4,
    "periodic": lambda torch: False,
    "alpha": lambda torch: 0.5,
    "beta": lambda torch: 0.5,
}

# Those of functions that give indices, and of one that torch does not resize ``out`` for.
OF_INDICES = {
    "out": lambda torch: torch.empty(0, dtype=torch.int64),
    "dtype": lambda torch: torch.int32,
    "requires_grad": lambda torch: False,
}
OWN_VALUES = {
    "torch.normal": {"out": lambda torch: torch.empty(3, 2, dtype=torch.float64)},
    "torch.randint": OF_INDICES,
    "torch.randperm": OF_INDICES,
    "torch.tril_indices": OF_INDICES,
    "torch.triu_indices": OF_INDICES,
}

# Options that torch's stubs have and torch refuses, and forms whose names it refuses.
REFUSED_OPTIONS = {
    "torch.full": {"names"},
    "torch.range": {"pin_memory"},
    "Tensor.new_ones": {"(size, dtype, device, requires_grad, pin_memory)"},
    "Tensor.to": {"(other, non_blocking, copy)"},
}


def value_for(package, full_name, overload, name):
    value = {**VALUES, **OWN_VALUES.get(full_name, {})}[name](package)
    if name not in overload.tensors or isinstance(value, package.Tensor):
        return value
    return package.full((3, 2) if name in {"mean", "std"} else (), value)


def outcome(package, full_name, overload, arguments, options):
    """Return shape, dtype and whether gradients are wanted of what a call gives, or its refusal."""
    namespace, _, name = full_name.partition(".")
    called = getattr(package if namespace == "torch" else VALUES["input"](package), name)
    values = [value_for(package, full_name, overload, argument) for argument in arguments]
    named = {
        option.removesuffix("_"): value_for(package, full_name, overload, option)
        for option in options
    }
    try:
        result = called(*values, *((3, 2) if overload.variadic else ()), **named)
    except TypeError:
        return "TypeError"
    return tuple(result.shape), str(result.dtype).partition(".")[2], result.requires_grad


RECURRENT = {"torch.rnn_tanh": 1, "torch.rnn_relu": 1, "torch.gru": 3, "torch.lstm": 4}


@pytest.mark.parametrize("full_name", [name for name in WITH_OPTIONS if name not in RECURRENT])
@pytest.mark.filterwarnings("ignore:torch.range is deprecated")
def test_options_are_those_of_torchs_overloads(full_name):
    refused = set()
    for overload in FUNCTIONS[full_name]:
        places = overload.places
        calls = {(places, ()): str(overload), ((), places): str(overload)}
        calls |= {(places, (option,)): option for option in overload.keywords}
        for (arguments, options), shown in calls.items():
            theirs = outcome(torch, full_name, overload, arguments, options)
            if theirs == "TypeError":
                refused.add(shown)
            else:
                assert outcome(penlight, full_name, overload, arguments, options) == theirs, shown
    assert refused == REFUSED_OPTIONS.get(full_name, set())


@pytest.mark.parametrize("full_name, gates", RECURRENT.items())
def test_recurrent_networks_take_torchs_names(full_name, gates):
    for overload in FUNCTIONS[full_name]:
        results = []
        for package in (torch, penlight):
            ones, hidden = package.ones, package.ones(1, 2, 3)
            values = {
                "input": ones(4, 2, 5),
                "data": ones(8, 5),
                "batch_sizes": package.tensor([2, 2, 2, 2]),
                "hx": (hidden, hidden) if gates == 4 else hidden,
                "params": (ones(gates * 3, 5), ones(gates * 3, 3)),
                "has_biases": False,
                "num_layers": 1,
                "dropout": 0.0,
                "train": False,
                "bidirectional": False,
                "batch_first": False,
            }
            function = getattr(package, full_name.partition(".")[2])
            named = function(**{name: values[name] for name in overload.places})
            by_place = function(*(values[name] for name in overload.places))
            results += [named, by_place]
        for result in results[1:]:
            for ours, theirs in zip(result, results[0], strict=True):
                np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)
