"""torch's own samples of its modules (ModuleInfo), on both sides."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import oracle
import pytest
import torch_internal
from ops import torch_samples

import penlight

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

# Where penlight differs: the module and dtype, on how many samples, and the reason.
EXCEPTIONS = {
    "CTCLoss float32": (16, "exponentials of sums near 100 round by 1e-5, on both sides"),
    "FractionalMaxPool3d float32": (2, "random samples for two, given to an input without a batch"),
    "FractionalMaxPool3d float64": (2, "random samples for two, given to an input without a batch"),
}

# Modules that refuse the same inputs for another reason first.
REFUSED_OTHERWISE = {"LinearCrossEntropyLoss": "it checks as cross_entropy does"}

MODULES = {
    info.module_cls.__name__: info
    for info in torch_internal.database("common_modules", "module_db")
}


def samples(info: Any) -> Iterator[tuple[str, bool, Any, Any]]:
    """Yield each sample with its name, twice where training and evaluation differ."""
    for dtype in (torch.float32, torch.float64):
        for training in (True, False) if info.train_and_eval_differ else (True,):
            found = info.module_inputs_func(
                info, device="cpu", dtype=dtype, requires_grad=True, training=training
            )
            for number, sample in enumerate(found):
                mode = "train" if training else "eval"
                yield f"{str(dtype)[6:]} {mode} {number} {sample.desc}", training, dtype, sample


def make_both(info: Any, given: Any, dtype: Any) -> tuple[Any, Any]:
    """Return penlight's and torch's module from the same seed and arguments."""
    mine = torch_internal.to_penlight([list(given.args), given.kwargs])
    penlight.manual_seed(0)
    torch.manual_seed(0)
    ours = getattr(penlight.nn, info.module_cls.__name__)(*mine[0], **mine[1])
    theirs = info.module_cls(*given.args, **given.kwargs)
    return ours.to(torch_internal.to_penlight(dtype)), theirs.to(dtype)


def same_state(ours: Any, theirs: Any) -> None:
    """Require equal parameters, buffers and extra keys, in order."""
    mine, expected = ours.state_dict(), theirs.state_dict()
    assert list(mine) == list(expected)
    for name, value in expected.items():
        torch_samples.same_tensor(mine[name], value)


def same_run(ours: Any, theirs: Any, given: Any) -> None:
    """Require equal outputs, and equal gradients of inputs and parameters."""
    arguments = [list(given.args), given.kwargs]
    mine = torch_internal.to_penlight(arguments)
    penlight.manual_seed(1)
    torch.manual_seed(1)
    results = [ours(*mine[0], **mine[1]), theirs(*given.args, **given.kwargs)]
    results = [
        [part for part in oracle.flat(list_of(result)) if part is not None] for result in results
    ]
    torch_samples.same(*results)
    inputs = [
        [*oracle.leaves_of(side), *(p for p in module.parameters() if p.requires_grad)]
        for side, module in ((mine, ours), (arguments, theirs))
    ]
    floating = any(part.requires_grad for part in results[1])
    if floating and inputs[1]:
        torch_samples.compare_gradients(results, inputs, second=False)


def list_of(result: Any) -> Any:
    """Return the parts of a packed sequence in a list, other results as they are."""
    return list(result) if type(result).__name__ == "PackedSequence" else result


@pytest.mark.parametrize("name", sorted(MODULES))
def test_module_gives_what_torch_gives_on_its_samples(name: str) -> None:
    info = MODULES[name]
    wrong: dict[str, list[str]] = {}
    for label, training, dtype, sample in samples(info):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ours, theirs = make_both(info, sample.constructor_input, dtype)
                ours.train(training)
                theirs.train(training)
                assert repr(ours) == repr(theirs)
                if not info.is_lazy:
                    same_state(ours, theirs)
                same_run(ours, theirs, sample.forward_input)
                same_state(ours, theirs)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is the finding
            said = f"{name} {label}: {type(error).__name__}: {error}"[:600]
            wrong.setdefault(f"{name} {label.partition(' ')[0]}", []).append(said)
    for kind in {*wrong, *(kind for kind in EXCEPTIONS if kind.startswith(f"{name} "))}:
        found, (expected, _) = wrong.get(kind, []), EXCEPTIONS.get(kind, (0, ""))
        assert len(found) == expected, "\n".join(found)


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name, info in MODULES.items()
        if info.module_error_inputs_func and name not in REFUSED_OTHERWISE
    ),
)
def test_module_refuses_what_torch_refuses(name: str) -> None:
    info = MODULES[name]
    found = info.module_error_inputs_func(
        info, device="cpu", dtype=torch.float64, requires_grad=False, training=True
    )
    for sample in found:
        given = sample.module_error_input
        with pytest.raises(sample.error_type, match=sample.error_regex):
            construct_and_call(info, given)


def construct_and_call(info: Any, given: Any) -> None:
    """Make penlight's module and call it, one of which must fail."""
    made, forward = given.constructor_input, given.forward_input
    args, options = torch_internal.to_penlight([list(made.args), made.kwargs])
    module = getattr(penlight.nn, info.module_cls.__name__)(*args, **options)
    assert forward is not None, "the construction was to fail"
    args, options = torch_internal.to_penlight([list(forward.args), forward.kwargs])
    module(*args, **options)


def test_nearly_all_samples_agree() -> None:
    total = sum(1 for info in MODULES.values() for _ in samples(info))
    assert sum(count for count, _ in EXCEPTIONS.values()) <= 0.02 * total
