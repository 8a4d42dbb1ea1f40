"""Modules as functions of their parameters, and several modules' parameters in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..nn.modules.batchnorm import _BatchNorm
from ..nn.utils.stateless import _functional_call
from ..ops.join import stack


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: Any,
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other tensors in the place of its parameters and buffers.

    The module is as it was afterwards; a buffer that it writes in place is written in the tensor
    given for it.

    Args:
        module: the module.
        parameter_and_buffer_dicts: tensors by their dotted names, or a sequence of such
            dictionaries; those left out keep the module's own.
        args: its arguments, a tuple; what is no tuple is the only one.
        kwargs: its keyword arguments.
        tie_weights: a tensor given for one of several names of a parameter stands for all.
        strict: refuse names that the module lacks, and names left out.

    Returns:
        What the module returns.

    Raises:
        RuntimeError: what ``strict`` refuses.
        AttributeError: a name in a submodule that there is not.
        ValueError: a name is given twice, or tied names get different tensors.
        TypeError: what is given is no dictionary or holds no tensors.

    Example:
        >>> import penlight as torch
        >>> linear = torch.nn.Linear(2, 1)
        >>> tensors = {"weight": torch.ones(1, 2), "bias": torch.zeros(1)}
        >>> torch.func.functional_call(linear, tensors, torch.tensor([3.0, 4.0]))
        tensor([7.])
    """
    given = _merged(parameter_and_buffer_dicts)
    return _functional_call(module, given, args, kwargs, tie_weights=tie_weights, strict=strict)


def _merged(dicts: Any) -> dict[str, Any]:
    if isinstance(dicts, dict):
        dicts = (dicts,)
    elif not isinstance(dicts, Sequence) or not all(isinstance(each, dict) for each in dicts):
        msg = (
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(dicts)}"
        )
        raise ValueError(msg)
    merged: dict[str, Any] = {}
    for each in dicts:
        twice = merged.keys() & each.keys()
        if twice:
            msg = (
                f"{sorted(twice)} appeared in multiple dictionaries; behavior of functional call "
                "is ambiguous"
            )
            raise ValueError(msg)
        merged |= each
    return merged


def stack_module_state(models: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the parameters and the buffers of several models of one kind, stacked.

    With :func:`vmap` and :func:`functional_call` an ensemble runs as one function.

    Args:
        models: the models, all in training or all in evaluation.

    Returns:
        Two dictionaries, whose tensors have the models as their first dimension. The parameters
        are leaves that require grad where the models' do.

    Raises:
        RuntimeError: there is no model, or they differ in class or mode.

    Example:
        >>> import penlight as torch
        >>> models = [torch.nn.Linear(2, 1) for _ in range(3)]
        >>> params, buffers = torch.func.stack_module_state(models)
        >>> {name: tuple(p.shape) for name, p in params.items()}
        {'weight': (3, 1, 2), 'bias': (3, 1)}
    """
    models = list(models)
    if not models:
        msg = "stack_module_state: Expected at least one model, got 0."
        raise RuntimeError(msg)
    if len({model.training for model in models}) > 1:
        msg = "stack_module_state: Expected all models to have the same training/eval mode."
        raise RuntimeError(msg)
    if len({type(model) for model in models}) > 1:
        msg = "stack_module_state: Expected all models to be of the same class."
        raise RuntimeError(msg)
    params = {
        name: _stacked([dict(model.named_parameters())[name] for model in models], name)
        for name, _ in models[0].named_parameters()
    }
    buffers = {
        name: _stacked([dict(model.named_buffers())[name] for model in models], name)
        for name, _ in models[0].named_buffers()
    }
    return params, buffers


def _stacked(tensors: Sequence[Any], name: str) -> Any:
    wanted = {tensor.requires_grad for tensor in tensors}
    if len(wanted) > 1:
        msg = (
            f"Expected {name} from each model to have the same .requires_grad: got "
            f"{[tensor.requires_grad for tensor in tensors]}"
        )
        raise RuntimeError(msg)
    return stack(tensors).detach().requires_grad_(wanted.pop())


def replace_all_batch_norm_modules_(root: Any) -> Any:
    """Have every batch norm in a module use its batch's statistics only, and keep none.

    Args:
        root: the module; changed in place.

    Returns:
        The module.

    Example:
        >>> import penlight as torch
        >>> model = torch.nn.Sequential(torch.nn.BatchNorm1d(2))
        >>> torch.func.replace_all_batch_norm_modules_(model)[0].running_mean is None
        True
    """
    for module in root.modules():
        if isinstance(module, _BatchNorm):
            module.running_mean = module.running_var = None
            module.num_batches_tracked = None
            module.track_running_stats = False
    return root
