"""Where in the model an error arose: the module's path, added to penlight's own messages."""

from __future__ import annotations

from typing import Any

# Only these, and only with a single text as argument, are rewritten; their subclasses may mean
# anything.
_KINDS = frozenset({IndexError, NotImplementedError, RuntimeError, TypeError, ValueError})


def add_module_path(module: Any, error: BaseException) -> None:
    """Add ``(module: path.below.module)`` to an error of penlight's that comes out of ``module``.

    Called at each level on the way up, so the path is known a little further each time. Errors
    that the
    user's own code raised are left alone.
    """
    if type(error) not in _KINDS or len(error.args) != 1 or not isinstance(error.args[0], str):
        return
    trail = error.__dict__.get("_module_trail")
    if trail is None:
        if _raised_by_penlight(error):
            error._module_trail = (module, "", error.args[0])  # type: ignore[attr-defined]
        return
    below, path, message = trail
    step = _path_below(module, below)
    if step:
        path = f"{step}.{path}" if path else step
        error._module_trail = (module, path, message)  # type: ignore[attr-defined]
        error.args = (f"{message} (module: {path})",)


def _raised_by_penlight(error: BaseException) -> bool:
    step = error.__traceback__
    if step is None:
        return False
    while step.tb_next is not None:
        step = step.tb_next
    return str(step.tb_frame.f_globals.get("__name__", "")).startswith(_PACKAGE)


def _path_below(module: Any, below: Any) -> str:
    """Return the path of ``below`` in ``module``; empty if it is the module or not there."""
    for path, found in module.named_modules():
        if found is below:
            return str(path)
    return ""


_PACKAGE = __name__.partition(".")[0] + "."
