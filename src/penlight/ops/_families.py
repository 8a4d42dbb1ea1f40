"""Constructors that fill an op's record with what a family shares."""

from __future__ import annotations

import sys
from types import FunctionType
from typing import Any

from ._op import OPTIONS, Op, Param, params_of
from ._overlap import check_overlap

DEFAULT = "default"
INT_TO_FLOAT = "int_to_float"
ALWAYS_BOOL = "bool"

_UNARY_DOC = """{summary}

Args:
    input: a tensor of any shape.{promotion}

Returns:
    A tensor of the shape of ``input``.
"""

_BINARY_DOC = """{summary}

Args:
    input: a tensor or a number.
    other: a tensor or a number; the shapes broadcast.{promotion}

Returns:
    A tensor of the broadcast shape.

Raises:
    RuntimeError: the shapes do not broadcast.
"""

_PROMOTION_DOC = {
    DEFAULT: " The result has the inputs' common dtype.",
    INT_TO_FLOAT: " Integers give the default floating dtype.",
    ALWAYS_BOOL: " The result is bool.",
    None: "",
}


def _fill(template: str, summary: str, promotion: str | None) -> str:
    return template.format(summary=summary, promotion=_PROMOTION_DOC[promotion])


# What inspect.signature() shows of an op over a ufunc before its first call.
def _unary_signature(input: Any, *, out: Any = None) -> Any: ...
def _unary_signature_without_out(input: Any) -> Any: ...
def _binary_signature(input: Any, other: Any, *, out: Any = None) -> Any: ...
def _scaled_signature(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Any: ...


def _add_rules(record: Op, rules: dict[str, Any]) -> None:
    for name, rule in rules.items():
        record.add_rule((name,), rule)


def unary(
    name: str,
    forward: Any,
    promotion: str | None = DEFAULT,
    summary: str = "",
    *,
    node: str | None = None,
    inplace: bool = True,
    out: bool = True,
    quiet: bool = False,
    aliases: tuple[str, ...] = (),
    method: bool = True,
    **rules: Any,
) -> Any:
    """Return an op that works on each element of one tensor.

    Args:
        name: the function's name.
        forward: a ufunc or a function on an array (and options).
        promotion: ``DEFAULT``, ``INT_TO_FLOAT`` or ``ALWAYS_BOOL``.
        summary: the docstring's first line.
        node: the printed name of the node.
        inplace: there is ``name_``.
        out: there is ``out=``.
        quiet: no floating-point warning can arise.
        aliases: further method names.
        method: attach to Tensor.
        rules: ``input=`` and its gradient rule.
    """
    is_function = isinstance(forward, FunctionType)
    record = Op(
        name,
        forward,
        node=node,
        params=params_of(forward) if is_function else [Param("input", "tensor")],
        promotion=promotion,
        inplace=inplace,
        out=out,
        quiet=quiet,
        method=method,
        doc=_fill(_UNARY_DOC, summary, promotion) if summary else None,
        module=sys._getframe(1).f_globals["__name__"],
        signature=None
        if is_function
        else _unary_signature
        if out
        else _unary_signature_without_out,
    )
    _add_rules(record, rules)
    record.attach(*aliases)
    return record.call


def binary(
    name: str,
    forward: Any,
    promotion: str | None = DEFAULT,
    summary: str = "",
    *,
    node: str | None = None,
    inplace: bool = True,
    out: bool = True,
    quiet: bool = False,
    variants: dict[str, tuple[Any, Any]] | None = None,
    aliases: tuple[str, ...] = (),
    method: bool = True,
    **rules: Any,
) -> Any:
    """Return an op on each pair of elements of two broadcast operands.

    Args:
        name: the function's name.
        forward: a ufunc, or a function of two arrays or numbers.
        promotion: ``DEFAULT``, ``INT_TO_FLOAT`` or ``ALWAYS_BOOL``.
        summary: the docstring's first line.
        node: the printed name of the node.
        inplace: there is ``name_``.
        out: there is ``out=``.
        quiet: no floating-point warning can arise.
        variants: keyword options, see :class:`Op`.
        aliases: further method names, operators such as ``__add__`` among them.
        method: attach to Tensor.
        rules: gradient rules by input; gradients are summed back over broadcast dimensions.
    """
    record = Op(
        name,
        forward,
        node=node,
        params=[Param("input", "maybe"), Param("other", "maybe")],
        promotion=promotion,
        broadcast=True,
        inplace=inplace,
        out=out,
        quiet=quiet,
        variants=variants,
        method=method,
        doc=_fill(_BINARY_DOC, summary, promotion) if summary else None,
        module=sys._getframe(1).f_globals["__name__"],
        signature=_scaled_signature if variants and "alpha" in variants else _binary_signature,
    )
    _add_rules(record, rules)
    record.attach(*aliases)
    return record.call


def writing(name: str, **options: Any) -> Any:
    """Decorate a function that writes into its first argument, an array, and returns nothing.

    It is the in-place form of the op; the op itself runs it on a copy.

    Args:
        name: the function's name.
        options: those of :class:`Op`, and gradient rules by the names of their inputs.
    """

    def make(write: Any) -> Any:
        def forward(*arguments: Any, **named: Any) -> Any:
            out = arguments[0].copy()
            write(out, *arguments[1:], **named)
            return out

        def write_apart(target: Any, *arguments: Any, **named: Any) -> None:
            check_overlap(target)
            write(target, *arguments, **named)

        settings = {key: value for key, value in options.items() if key in OPTIONS}
        record = Op(
            name,
            forward,
            params=params_of(write),
            inplace=True,
            write=write_apart,
            doc=write.__doc__,
            module=write.__module__,
            signature=write,
            **settings,
        )
        _add_rules(record, {key: value for key, value in options.items() if key not in OPTIONS})
        record.call.vjp = record.vjp
        return record.call

    return make


def view(
    name: str | None = None, *, node: str | None = None, outputs: int = 1, **rules: Any
) -> Any:
    """Decorate the forward of an op whose result looks at its first argument's memory.

    Without a rule for ``input``, the adjoint comes from the forward: zeros of the input's layout
    with the gradient written through the view.

    Args:
        name: the function's name, the forward's when not given.
        node: the printed name of the node.
        outputs: ``-1`` for several views.
        rules: ``input=`` and its gradient rule.
    """
    method = rules.pop("method", True)
    aliases = rules.pop("aliases", ())

    def make(forward: Any) -> Any:
        record = Op(
            name or forward.__name__, forward, node=node, outputs=outputs, view=True, method=method
        )
        first = record.params[0].name
        _add_rules(record, rules or {first: _embed if first == "input" else None})
        record.attach(*aliases)
        return record.call

    return make


def _embed(grad: Any, view_step: Any, input_layout: Any) -> Any:
    return grad._embed((view_step,), input_layout)
