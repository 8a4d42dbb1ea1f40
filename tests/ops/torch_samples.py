"""Run torch's sample inputs of its operators (OpInfo) on both sides, and keep the table of results.

    python tests/ops/torch_samples.py            # print what disagrees beyond the table
    python tests/ops/torch_samples.py --write    # write the table anew; reasons are kept
    python tests/ops/torch_samples.py NAME ...   # the disagreements of these operators, explained

The table ``torch_samples.tsv`` has a row for each operator: how many samples torch has for it in
the four dtypes, how many agree, the reason where some do not, and the reason why its second
gradients are not checked by differences (``second_gradients.py``), if they are not. A row whose
count is ``-`` is of an operator outside penlight's subject; its reason says why.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import types
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

import oracle
import torch_internal

import penlight

TABLE = pathlib.Path(__file__).with_suffix(".tsv")

INTERNAL = "torch.testing._internal"

# torch.testing's own limits for its dtypes, relative and absolute.
LIMITS = {"float64": (1e-7, 1e-7), "float32": (1.3e-6, 1e-5), "float16": (1e-3, 1e-5)}

# The memory these give holds anything: only shape, dtype and strides are compared.
UNWRITTEN = {"empty", "empty_like", "empty_permuted", "empty_strided", "new_empty"}
UNWRITTEN |= {"new_empty_strided", "resize_", "resize_as_"}


class Row(NamedTuple):
    """What the table says of one operator."""

    samples: int | None
    agree: int | None
    reason: str
    no_second: str


def read_table() -> dict[str, Row]:
    """Return the rows by the operator's name."""
    rows = {}
    for line in TABLE.read_text().splitlines():
        if line.startswith("#"):
            continue
        name, samples, agree, *reasons = line.split("\t")
        counts = (None, None) if samples == "-" else (int(samples), int(agree))
        rows[name] = Row(*counts, *reasons)
    return rows


def operators() -> dict[str, Any]:
    """Return torch's OpInfos by name, with the variant after a colon."""
    found = torch_internal.database("common_methods_invocations", "op_db")
    return {
        f"{info.name}:{info.variant_test_name}" if info.variant_test_name else info.name: info
        for info in found
    }


SEED = 42  # what torch's samples of samplers are drawn with


def seeded(function: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a sampler from the state that torch's own wrapper begins with."""
    penlight.manual_seed(SEED)
    return function(*args, **kwargs)


def in_terms_of_penlight(function: types.FunctionType) -> types.FunctionType:
    """Return a function of torch's samples that calls penlight where it calls torch."""
    names = function.__globals__ | {
        "torch": penlight,
        "F": penlight.nn.functional,
        "wrapper_set_seed": seeded,
    }
    code, defaults, closure = function.__code__, function.__defaults__, function.__closure__
    made = types.FunctionType(code, names, None, defaults, closure)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def resolve(info: Any) -> Any:
    """Return what penlight calls for an operator.

    torch's table writes some operators as functions of its own, in terms of ``torch``; the same
    functions, in terms of penlight, are called then.
    """
    function = info.op
    if isinstance(function, types.FunctionType) and function.__module__.startswith(INTERNAL):
        return in_terms_of_penlight(function)
    found: Any = penlight
    try:
        for part in info.name.split("."):
            found = getattr(found, part)
    except AttributeError:
        found = getattr(penlight.Tensor, info.name)
    return found.__get__ if isinstance(found, property) else found


def disagreements(name: str, info: Any) -> Iterator[str | None]:
    """Yield for each sample None, or what differs."""
    import torch

    for dtype_name in torch_internal.DTYPES:
        dtype = getattr(torch, dtype_name)
        if dtype not in info.dtypes:
            continue
        grad = info.supports_autograd and dtype.is_floating_point
        torch.manual_seed(0)
        for number, sample in enumerate(info.sample_inputs("cpu", dtype, requires_grad=grad)):
            try:
                compare(resolve(info), info, sample)
            except Exception as error:  # noqa: BLE001 - whatever goes wrong is the finding
                said = f"{type(error).__name__}: {error}".strip().replace("\n", " | ")
                yield f"{name} {dtype_name} {number} {sample.summary()[:300]}: {said[:400]}"
            else:
                yield None


def compare(ours: Any, info: Any, sample: Any) -> None:
    """Require of one sample the same result, and the same first and second gradients."""
    given = [sample.input, sample.args, sample.kwargs]
    mine = torch_internal.to_penlight(given)
    results = call(info.op, given, ours, mine)
    if isinstance(results[1], Exception):
        assert type(results[0]) is type(results[1]), f"{results[0]!r}, torch: {results[1]!r}"
        return
    if isinstance(results[0], Exception):
        raise results[0]
    unwritten = info.name in UNWRITTEN
    try:
        same(*results, values=not unwritten)
    except AssertionError:
        # Factors that are unique up to a sign, of which torch compares what is unique.
        unique = [sample.output_process_fn_grad(result) for result in results]
        same(*unique, values=not unwritten)
    if unwritten or not info.supports_autograd:
        return
    results = [sample.output_process_fn_grad(result) for result in results]
    compare_gradients(
        results, [oracle.leaves_of(mine), oracle.leaves_of(given)], second=info.supports_gradgrad
    )


def call(theirs: Any, given: Any, ours: Any, mine: Any) -> list[Any]:
    """Return penlight's result and torch's, either of which may be an exception."""
    import torch

    results = []
    for function, (first, rest, options) in ((ours, mine), (theirs, given)):
        torch.manual_seed(SEED)
        penlight.manual_seed(SEED)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                results.append(function(first, *rest, **options))
            except Exception as error:  # noqa: BLE001 - an answer to compare
                results.append(error)
    return results


def same(mine: Any, theirs: Any, *, values: bool = True) -> None:
    """Require equal structure, shapes, dtypes, and elements up to the dtype's limits."""
    mine, theirs = oracle.flat(mine), oracle.flat(theirs)
    assert len(mine) == len(theirs), f"{len(mine)} results, torch: {len(theirs)}"
    for a, b in zip(mine, theirs, strict=True):
        if not hasattr(b, "detach"):
            expected = torch_internal.to_penlight(b)
            assert type(a) is type(expected), f"{a!r}, torch: {b!r}"
            assert a == expected or a != a, f"{a!r}, torch: {b!r}"
            continue
        same_tensor(a, b, values=values)


def same_tensor(a: Any, b: Any, *, values: bool = True) -> None:
    """Require of two tensors the same."""
    assert tuple(a.shape) == tuple(b.shape), f"shape {tuple(a.shape)}, torch: {tuple(b.shape)}"
    name = str(b.dtype).rpartition(".")[2]
    assert a.dtype.name == name, f"dtype {a.dtype}, torch: {b.dtype}"
    assert a.requires_grad == b.requires_grad, f"requires_grad {a.requires_grad}"
    if b._is_view() and b.numel() > 1:
        assert oracle.steps(a) == oracle.steps(b), (
            f"strides of a view {a.stride()}, torch: {b.stride()}"
        )
    if values:
        relative, absolute = LIMITS.get(name, (0, 0))
        a, b = (part.float() if name == "bfloat16" else part for part in (a, b))
        expected = b.numpy(force=True)
        # Sums round by the size of their terms, for which the largest element stands.
        finite = np.abs(expected[np.isfinite(expected)]) if absolute else expected
        scale = max(1.0, float(finite.max(initial=0))) if absolute else 0
        np.testing.assert_allclose(
            a.detach().numpy(), expected, rtol=relative, atol=absolute * scale
        )


def weights(parts: list[Any], namespace: Any) -> Any:
    """Return the sum of the parts' elements, each with a weight of its own."""
    total = 0
    # NumPy has no bfloat16.
    for part in [p.float() if str(p.dtype).endswith("bfloat16") else p for p in parts]:
        scale = np.cos(np.arange(part.numel(), dtype=np.float64)).reshape(tuple(part.shape))
        scale = scale.astype(str(part.dtype).rpartition(".")[2])
        total = total + (part * namespace.from_numpy(np.asarray(scale))).sum()
    return total


def compare_gradients(results: list[Any], inputs: list[Any], *, second: bool) -> None:
    """Require equal gradients of the inputs, and of those gradients in float64."""
    import torch

    parts = [
        [part for part in oracle.flat(result) if getattr(part, "requires_grad", False) is True]
        for result in results
    ]
    for order in ("first", "second"):
        if not inputs[1] or not (parts[0] or parts[1]):
            return
        again = order == "first" and second and inputs[1][0].dtype == torch.float64
        found = []
        for side, namespace in enumerate((penlight, torch)):
            if not parts[side]:
                found.append([None] * len(inputs[side]))
                continue
            found.append(
                namespace.autograd.grad(
                    weights(parts[side], namespace),
                    inputs[side],
                    create_graph=again,
                    allow_unused=True,
                )
            )
        same_gradients(*found, order)
        if not again:
            return
        parts = [[g for g in side if g is not None and g.requires_grad] for side in found]


def same_gradients(mine: Any, theirs: Any, order: str) -> None:
    """Require equal gradients; one that torch leaves out may be zeros, and the other way round."""
    for place, (a, b) in enumerate(zip(mine, theirs, strict=True)):
        if a is None or b is None:
            present = b if a is None else a
            assert present is None or not bool((present.detach() != 0).any()), (
                f"{order} gradient {place}: {a}, torch: {b}"
            )
            continue
        try:
            same_tensor(a.detach(), b.detach())
        except AssertionError as error:
            msg = f"{order} gradient {place}: {error}"
            raise AssertionError(msg) from error


def measure(name: str, info: Any) -> tuple[int, list[str]]:
    """Return how many samples there are, and what differs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what torch warns of while it makes its samples
        found = list(disagreements(name, info))
    return len(found), [line for line in found if line is not None]


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    known = read_table() if TABLE.exists() else {}
    rows = dict(known)
    for name, info in sorted(operators().items()):
        if options.names and name not in options.names and info.name not in options.names:
            continue
        row = known.get(name, Row(0, 0, "?", ""))
        if row.samples is None:
            rows[name] = row
            continue
        samples, differing = measure(name, info)
        if len(differing) != (row.samples or 0) - (row.agree or 0) or options.names:
            print(*differing, sep="\n", flush=True)
        reason = (row.reason or "?") if differing else ""
        rows[name] = row._replace(samples=samples, agree=samples - len(differing), reason=reason)
    if options.write:
        lines = ["# operator\tsamples\tagree\treason\tno second gradients by differences"]
        for name, (samples, agree, *reasons) in sorted(rows.items()):
            counts = ("-", "-") if samples is None else (str(samples), str(agree))
            lines.append("\t".join((name, *counts, *reasons)))
        TABLE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    _main()
