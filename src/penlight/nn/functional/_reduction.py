"""What all losses share: the check of their tensors, reductions, and torch's old arguments."""

from __future__ import annotations

from typing import Any

from ..._tensor import Tensor


def check_reduction(reduction: str) -> str:
    """Return the reduction, refusing what is none.

    Raises:
        ValueError: it is not ``"none"``, ``"mean"`` or ``"sum"``.
    """
    if reduction not in {"none", "mean", "sum"}:
        msg = f"{reduction} is not a valid value for reduction: use 'none', 'mean' or 'sum'"
        raise ValueError(msg)
    return reduction


def legacy_reduction(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """Return the reduction that ``size_average`` and ``reduce`` mean, warning as torch does."""
    if size_average is None and reduce is None:
        return reduction
    import warnings  # noqa: PLC0415 - old arguments are rare

    average, reduced = size_average is not False, reduce is not False
    meant = "none" if not reduced else "mean" if average else "sum"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{meant}' instead.",
        stacklevel=3,
    )
    return meant


def reduced(loss: Any, reduction: str) -> Any:
    """Return the elements' losses, their mean or their sum."""
    if check_reduction(reduction) == "mean":
        return loss.mean()
    return loss.sum() if reduction == "sum" else loss


def check_tensors(function: str, **tensors: Any) -> None:
    """Refuse arguments that are no tensors.

    Raises:
        TypeError: one is not.
    """
    for position, (name, tensor) in enumerate(tensors.items(), 1):
        if not isinstance(tensor, Tensor):
            kind = type(tensor).__name__
            msg = (
                f"{function}(): argument '{name}' (position {position}) must be Tensor, not {kind}"
            )
            raise TypeError(msg)


def number_of(reduction: str) -> int:
    """Return torch's number for a reduction, which functions outside ``nn.functional`` take."""
    return ("none", "mean", "sum").index(check_reduction(reduction))
