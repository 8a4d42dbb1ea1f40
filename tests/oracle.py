"""The one place that converts between penlight and torch, and that says how close is close.

torch is imported when it is first needed, so that the tests that do without it can use the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from ops.samples import Input, Make, Sample, Samples, collect

import penlight
from penlight._tensor import wrap

# How far apart two results may be, in units of the dtype's machine epsilon: one rounding in the
# half precisions; NumPy's and torch's polynomials differ by a few units in the others.
EPSILONS = {"float64": 24, "float32": 12, "float16": 1.01, "bfloat16": 1.01}
MACHINE_EPSILON = {"float64": 2**-52, "float32": 2**-23, "float16": 2**-10, "bfloat16": 2**-7}

SAMPLES, REFUSALS, TESTED_ELSEWHERE = collect()


# ---- names --------------------------------------------------------------------------------------


def resolve(namespace: Any, name: str) -> Callable[..., Any]:
    """Return what a key of the tables calls: a function, a method, or one of nn.functional."""
    if "." in name:
        found = namespace
        for part in name.split("."):
            found = getattr(found, part)
        return found
    for place in (namespace, namespace.Tensor, namespace.nn.functional):
        found = getattr(place, name, None)
        if callable(found):
            return found
    msg = f"{namespace.__name__} has no {name}"
    raise AttributeError(msg)


def cases(*dtypes: str) -> list[tuple[str, str]]:
    """Return every op with samples and each of its dtypes, of these if any are given."""
    return [
        (name, dtype)
        for name, samples in SAMPLES.items()
        for dtype in samples.dtypes
        if not dtypes or dtype in dtypes
    ]


def samples_of(name: str, dtype: str) -> list[Sample]:
    """Return the samples of an op in a dtype."""
    return SAMPLES.get(name, Samples(lambda _: ()))(Make(dtype))


# ---- conversion ---------------------------------------------------------------------------------


def array_of(given: Input) -> Any:
    """Return an input as a fresh array; halves by way of float32, as torch makes them."""
    dtype = getattr(penlight, given.dtype).numpy
    values = given.values
    if given.dtype in {"float16", "bfloat16"}:
        values = values.astype(np.float32)
    return values.astype(dtype)


def to_penlight(value: Any, *, layout: Callable[[Any], Any] | None = None) -> Any:
    """Return inputs, also those inside sequences, as leaf tensors."""
    if isinstance(value, Input):
        array = array_of(value)
        made = wrap(array if layout is None else layout(array))
        return made.requires_grad_() if value.grad else made
    if isinstance(value, (list, tuple)):
        return type(value)(to_penlight(item, layout=layout) for item in value)
    return value


def to_torch(value: Any) -> Any:
    """Return inputs, also those inside sequences, as torch's leaves, and our dtypes as torch's."""
    import torch

    if isinstance(value, Input):
        values = value.values
        if value.dtype in {"float16", "bfloat16"}:
            values = values.astype(np.float32)
        made = torch.tensor(values).to(getattr(torch, value.dtype))
        return made.requires_grad_() if value.grad else made
    if isinstance(value, (list, tuple)):
        return type(value)(to_torch(item) for item in value)
    if isinstance(value, penlight.dtype):
        return getattr(torch, value.name)
    return value


def leaves_of(value: Any) -> list[Any]:
    """Return the tensors in arguments that want a gradient, once each."""
    if hasattr(value, "requires_grad"):
        return [value] if value.requires_grad else []
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        found: list[Any] = []
        for item in value:
            found += [leaf for leaf in leaves_of(item) if not any(leaf is seen for seen in found)]
        return found
    return []


def flat(result: Any) -> list[Any]:
    """Return a result's tensors and numbers in order."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, (list, tuple)):
        return [part for item in result for part in flat(item)]
    return [result]


def run(function: Callable[..., Any], arguments: Any, options: Any) -> Any:
    """Return the result of a call, or the exception it raised."""
    try:
        return function(*arguments, **options)
    except Exception as error:  # noqa: BLE001 - any exception is an answer to compare
        return error


# ---- comparison ---------------------------------------------------------------------------------


def numbers(tensor: Any) -> Any:
    """Return a tensor of either side as an array; floating ones as float64."""
    tensor = tensor.detach()
    return (tensor.double() if tensor.is_floating_point() else tensor).numpy()


def assert_close(mine: Any, theirs: Any, *, loose: float = 1, terms: float | None = None) -> None:
    """Require equal shapes, dtypes and (to the dtype's tolerance) elements of two tensors."""
    assert tuple(mine.shape) == tuple(theirs.shape)
    name = str(theirs.dtype).rpartition(".")[2]
    assert str(mine.dtype).rpartition(".")[2] == name
    a, b = numbers(mine), numbers(theirs)
    if name not in EPSILONS:
        np.testing.assert_array_equal(a, b)
        return
    tolerance = EPSILONS[name] * MACHINE_EPSILON[name] * loose
    finite = np.abs(b[np.isfinite(b)])
    scale = finite.max() if finite.size else 0.0
    # Relative to each element, and a tenth of that to the largest (or to the terms of sums), for
    # what cancels.
    size = min(scale, 1.0) if terms is None else terms
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=0.1 * tolerance * size)


def assert_same(mine: Any, theirs: Any, *, loose: float = 1, terms: float | None = None) -> None:
    """Require the same of two results: tensors, numbers, or sequences of them, or exceptions."""
    if isinstance(mine, Exception) or isinstance(theirs, Exception):
        assert type(mine) is type(theirs), f"penlight: {mine!r}; torch: {theirs!r}"
        return
    mine, theirs = flat(mine), flat(theirs)
    assert len(mine) == len(theirs)
    for a, b in zip(mine, theirs, strict=True):
        if hasattr(b, "detach"):
            assert_close(a, b, loose=loose, terms=terms)
        else:
            assert a == b
            assert type(a) is type(b)


def steps(tensor: Any) -> list[int]:
    """Return the strides that matter: those of dimensions with more than one element."""
    return [step for step, size in zip(tensor.stride(), tensor.shape, strict=True) if size > 1]


def node_name(tensor: Any) -> str | None:
    """Return the printed name of a tensor's node."""
    node = getattr(tensor, "grad_fn", None)
    return None if node is None else type(node).__name__
