"""Check second gradients by finite differences, on torch's samples of a tenth of its operators.

    python tests/ops/second_gradients.py [0-9 | all]    # print what fails, by operator

The tenth changes with the day; ``PENLIGHT_TENTH`` names another, or ``all``. Operators that are
left out have their reason in the last column of ``torch_samples.tsv``.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

if __name__ == "__main__":
    import pathlib

    sys.path[:0] = [str(pathlib.Path(__file__).parents[1]), str(pathlib.Path(__file__).parents[2])]

import oracle
import torch_internal
from ops import torch_samples

import penlight

# Each element of the inputs and of the result is moved, and the gradient taken each time: samples
# of so many elements in all, or else the smallest one up to the larger number.
ENOUGH_ELEMENTS, MOST_ELEMENTS = 90, 900
MOST_SAMPLES = 4


def chosen_tenth() -> str:
    """Return the tenth to check: a digit, or ``all``."""
    today = dt.datetime.now(tz=dt.UTC).date()
    return os.environ.get("PENLIGHT_TENTH", str(today.toordinal() % 10))


def operators_of(tenth: str) -> list[str]:
    """Return the operators of a tenth that the table counts and does not leave out."""
    return [
        name
        for name, row in torch_samples.read_table().items()
        if row.samples is not None
        and not row.no_second
        and tenth in {"all", str(zlib.crc32(name.encode()) % 10)}
    ]


def has_second_gradient(info: Any) -> bool:
    """Return whether torch can differentiate the operator twice in double precision."""
    import torch

    return info.supports_autograd and info.supports_gradgrad and torch.float64 in info.dtypes


def replaced(value: Any, leaves: dict[int, Any]) -> Any:
    """Return arguments with other tensors in the leaves' places."""
    if isinstance(value, penlight.Tensor):
        return leaves.get(id(value), value)
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return type(value)(replaced(item, leaves) for item in value)
    if isinstance(value, dict):
        return {key: replaced(item, leaves) for key, item in value.items()}
    return value


def checks(info: Any) -> Iterator[tuple[Any, list[Any]]]:
    """Yield functions of the leaves of some samples, and these leaves."""
    import torch

    function = torch_samples.resolve(info)
    wrapper = torch_samples.in_terms_of_penlight(info.gradcheck_wrapper)
    torch.manual_seed(0)
    found = []
    for sample in info.sample_inputs("cpu", torch.float64, requires_grad=True):
        mine = torch_internal.to_penlight([sample.input, sample.args, sample.kwargs])
        leaves = oracle.leaves_of(mine)
        size = sum(leaf.numel() for leaf in leaves)
        if 0 < size <= MOST_ELEMENTS and all(leaf.dtype is penlight.float64 for leaf in leaves):
            found.append((size, len(found), sample, mine, leaves))
    found.sort(key=lambda entry: entry[:2])
    enough = [entry for entry in found if entry[0] <= ENOUGH_ELEMENTS]
    for _, _, sample, mine, leaves in enough[-MOST_SAMPLES:] or found[:1]:

        def call(
            *values: Any, sample: Any = sample, mine: Any = mine, leaves: Any = leaves
        ) -> tuple[Any, ...]:
            places = {id(leaf): value for leaf, value in zip(leaves, values, strict=True)}
            first, rest, options = replaced(mine, places)
            penlight.manual_seed(torch_samples.SEED)
            result = wrapper(function, first, *rest, **options)
            parts = oracle.flat(sample.output_process_fn_grad(result))
            return tuple(part for part in parts if isinstance(part, penlight.Tensor))

        if sum(part.numel() for part in call(*leaves)) <= MOST_ELEMENTS:
            yield call, leaves


def check(info: Any) -> int:
    """Run gradgradcheck on an operator's samples; return how many there were."""
    count = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for call, leaves in checks(info):
            outputs = [part for part in call(*leaves) if part.requires_grad]
            if not outputs:
                continue
            penlight.autograd.gradgradcheck(
                call, tuple(leaves), nondet_tol=info.gradcheck_nondet_tol
            )
            count += 1
    return count


def _main() -> None:
    tenth = sys.argv[1] if len(sys.argv) > 1 else chosen_tenth()
    operators, total = torch_samples.operators(), 0
    for name in operators_of(tenth):
        info = operators[name]
        if not has_second_gradient(info):
            continue
        try:
            count = check(info)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is the finding
            print(f"{name}\t{type(error).__name__}: {error}".replace("\n", " | ")[:600], flush=True)
            continue
        total += count
        if not count:
            print(f"{name}\tno sample is small enough", flush=True)
    print(f"{total} samples")


if __name__ == "__main__":
    _main()
