"""Anomaly mode: an error in backward names the forward call that made the node it happened in."""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from ._mode import mode
from ._watch import anomaly, begin, end

__all__ = ["detect_anomaly", "set_detect_anomaly"]

_HERE = Path(__file__).parent
# The rooms whose frames say nothing of where a node was made.
_ROOMS = (str(_HERE), str(_HERE.parent / "ops"), "<op ")


def set_anomaly_enabled(mode: bool, check_nan: bool = True) -> None:
    """Switch anomaly mode on or off, in all threads.

    Args:
        mode: as for :class:`set_detect_anomaly`, which can put the old mode back.
        check_nan: likewise.
    """
    if mode != anomaly.enabled:
        anomaly.remember, anomaly.run = remember, run
        (begin if mode else end)()
    anomaly.enabled, anomaly.check_nan = mode, check_nan


def is_anomaly_enabled() -> bool:
    """Return whether anomaly mode is on.

    Example:
        >>> import penlight as torch
        >>> torch.is_anomaly_enabled()
        False
    """
    return anomaly.enabled


def is_anomaly_check_nan_enabled() -> bool:
    """Return whether anomaly mode, when it is on, looks for NaN.

    Example:
        >>> import penlight as torch
        >>> torch.is_anomaly_check_nan_enabled()
        True
    """
    return anomaly.check_nan


class set_detect_anomaly:  # noqa: N801 - torch's name
    """Switch anomaly mode on or off; a statement by itself, or a context that puts it back.

    While it is on, every node remembers where it was made, and a backward that raises, or that
    computes NaN, warns with that place. It costs a traceback for every operation.

    Args:
        mode: switch it on (``True``) or off.
        check_nan: also raise where backward computes NaN.

    Example:
        >>> import penlight as torch
        >>> with torch.autograd.set_detect_anomaly(True):
        ...     torch.is_anomaly_enabled()
        True
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = anomaly.enabled, anomaly.check_nan
        set_anomaly_enabled(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        set_anomaly_enabled(*self._before)


class detect_anomaly:  # noqa: N801 - torch's name
    """A context in which anomaly mode is on; see :class:`set_detect_anomaly`.

    Run forward inside it as well as backward: the place that the warning names is remembered when
    forward runs.

    Args:
        check_nan: also raise where backward computes NaN.

    Example:
        >>> import warnings
        >>> import penlight as torch
        >>> warnings.simplefilter("ignore")
        >>> x = torch.zeros(1, requires_grad=True)
        >>> with torch.autograd.detect_anomaly():
        ...     (x.sqrt() * 0).backward()
        Traceback (most recent call last):
        RuntimeError: Function 'SqrtBackward0' returned nan values in its 0th output.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._check_nan = check_nan
        self._before: tuple[bool, bool] = (False, True)
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should "
            "only be enabled for debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self._before = anomaly.enabled, anomaly.check_nan
        set_anomaly_enabled(True, self._check_nan)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        set_anomaly_enabled(*self._before)


# ---- what nodes remember, and what backward says -------------------------------------------------


def remember(node: Any) -> None:
    """Note where a node is made, and in the backward of which other, if of any."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_ROOMS):
        frame = frame.f_back
    node.metadata["traceback_"] = traceback.format_stack(frame)
    if mode.node is not None:
        node.metadata["parent_"] = mode.node


def run(node: Any, grads: Any, edges: tuple[Any, ...]) -> Sequence[Any]:
    """Run a node's backward; warn where its forward was called when it fails or gives NaN."""
    before, mode.node = mode.node, node
    try:
        results: Sequence[Any] = node.backward(grads, edges)
    except Exception:
        _warn(node)
        raise
    finally:
        mode.node = before
    for index, result in enumerate(results if anomaly.check_nan else ()):
        if result is not None and result.is_floating_point() and result.isnan().any():
            _warn(node)
            msg = f"Function '{node.name()}' returned nan values in its {index}th output."
            raise RuntimeError(msg)
    return results


def _warn(node: Any) -> None:
    if "traceback_" not in node.metadata:
        warnings.warn(
            f"Error detected in {node.name()}. No forward pass information available. Enable "
            "detect anomaly during forward pass for more information.",
            stacklevel=4,
        )
        return
    warnings.warn(
        f"Error detected in {node.name()}. Traceback of forward call that caused the error:\n"
        + "".join(node.metadata["traceback_"]),
        stacklevel=4,
    )
    while (node := node.metadata.get("parent_")) is not None:
        if "traceback_" not in node.metadata:
            warnings.warn(
                "\n\nNo forward pass information available about the previous calculation, that "
                f"induced {node.name()}. Enable detect anomaly during forward pass for more "
                "information.",
                stacklevel=4,
            )
            return
        warnings.warn(
            "\n\nPrevious calculation was induced by "
            f"{node.name()}. Traceback of forward call that induced the previous calculation:\n"
            + "".join(node.metadata["traceback_"]),
            stacklevel=4,
        )
