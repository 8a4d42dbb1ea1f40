"""Expressions evaluated with torch and with penlight, and what they give compared."""

from __future__ import annotations

import copy
import pickle
import re
import warnings

import penlight


def names(text: str) -> str:
    """Return ``text`` with penlight's module names as torch's and addresses taken out."""
    text = re.sub(r"0x[0-9a-f]+", "0x", text)
    text = re.sub(r"torch\.nn\.modules\._parameter_container", "torch.nn.modules.container", text)
    return text.replace("penlight.nn", "torch.nn").replace("penlight._tensor", "torch")


def outcome(expression: str, namespace: object, setup: str) -> tuple[str, str]:
    """Return the printed value of an expression, or the kind and the text of its error."""
    scope = {"torch": namespace, "nn": namespace.nn, "copy": copy, "pickle": pickle}
    exec(setup, scope)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return "value", names(repr(eval(expression, scope)))
    except Exception as error:  # noqa: BLE001 - compared
        return type(error).__name__, names(str(error.args[0]) if error.args else "")


def compare(expression: str, torch: object, setup: str) -> None:
    """Assert that penlight does what torch does; its error may say more than torch's sentence."""
    expected_kind, expected = outcome(expression, torch, setup)
    kind, got = outcome(expression, penlight, setup)
    assert kind == expected_kind, got
    if kind == "value":
        assert got == expected
    else:
        assert expected.split(" Please file")[0].split(" Open an issue")[0].rstrip(".") in got
