"""Op: one operation, written once. Everything else about it is derived from the record.

A record holds the forward function on arrays and one gradient rule per differentiable input. A rule
is a function on Tensors whose *parameter names* say what is saved for it: after ``grad`` (or
``grads`` where there are several outputs) an argument's name, ``out``, ``<arg>_shape``,
``<arg>_dtype``, ``<arg>_layout``, ``view_step`` (of a view), ``needs``, or a name from ``saves``.

From the record come the function, its in-place form, ``out=``, the method, and the Node class under
torch's name. Their source is generated and compiled when the op is first called, so that an import
pays for none of it; see ``_codegen``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from .._tensor import Array, Tensor
from . import _codegen
from ._codegen_node import METADATA

Rule = Callable[..., Any]

REGISTRY: dict[str, Op] = {}


class Saving:
    """What a forward returns when its rules need intermediates: the output, and those by name."""

    __slots__ = ("out", "saved")

    def __init__(self, out: Any, **saved: Any) -> None:
        self.out = out
        self.saved = saved


class Param:
    """One parameter of an op.

    Attributes:
        name: its name.
        kind: ``"tensor"``, ``"optional"`` (tensor or None), ``"maybe"`` (tensor or number),
            ``"many"`` (a sequence of tensors) or ``"other"``.
        default: its default value, or ``REQUIRED``.
        keyword_only: whether it can be given by name only.
        variadic: whether it is ``*name``.
    """

    __slots__ = ("default", "keyword_only", "kind", "name", "variadic")

    def __init__(
        self,
        name: str,
        kind: str,
        default: Any = _codegen.REQUIRED,
        *,
        keyword_only: bool = False,
        variadic: bool = False,
    ) -> None:
        self.name = name
        self.kind = kind
        self.default = default
        self.keyword_only = keyword_only
        self.variadic = variadic


_KINDS = {"Array": "tensor", "Array | None": "optional", "Array | Number": "maybe"}


def params_of(forward: Any) -> list[Param]:
    """Read the parameters of a forward function; annotations say which are tensors."""
    code, hints = forward.__code__, forward.__annotations__
    plain, keyword_only = code.co_argcount, code.co_kwonlyargcount
    names = code.co_varnames
    defaults = forward.__defaults__ or ()
    params = []
    for position, name in enumerate(names[:plain]):
        index = position - (plain - len(defaults))
        default = defaults[index] if index >= 0 else _codegen.REQUIRED
        params.append(Param(name, _kind(hints.get(name, "")), default))
    if code.co_flags & 0x04:
        params.append(Param(names[plain + keyword_only], "other", variadic=True))
    for name in names[plain : plain + keyword_only]:
        default = (forward.__kwdefaults__ or {}).get(name, _codegen.REQUIRED)
        params.append(Param(name, _kind(hints.get(name, "")), default, keyword_only=True))
    return params


def _kind(hint: str) -> str:
    if hint.startswith("Sequence[Array"):
        return "many"
    return _KINDS.get(hint, "other")


class Op:
    """The record of one operation.

    Args:
        name: the function's name.
        forward: on arrays; returns an array, a tuple of them, or :class:`Saving`.
        node: the printed name of its node; derived from ``name`` when not given.
        params: its parameters, read from ``forward`` when not given.
        outputs: how many tensors it returns; ``-1`` for a list whose length the call decides.
        saves: names of intermediates that ``forward`` gives by :class:`Saving`.
        promotion: how inputs of different dtypes meet: ``None`` (they do not), ``"default"``,
            ``"int_to_float"`` or ``"bool"`` (compare in the common dtype).
        broadcast: the inputs are broadcast, so gradients are summed back to their shapes.
        view: the result looks at the first input's memory.
        inplace: there is a form with a trailing underscore that writes its first input.
        write: a function of the forward's arguments that writes the result into the first array,
            all checks done before. Without it, the in-place form computes aside and copies.
        out: there is an ``out=`` argument.
        variants: keyword arguments that change the meaning: name to (default, function that gives,
            for another value, the op to call instead and its operands).
        result: builds what the caller gets from the tuple of outputs (a named tuple's class).
        quiet: floating-point warnings cannot happen in ``forward``.
        method: attach it to Tensor.
        doc: the docstring, when ``forward`` has none of its own.
        module: the module that holds the function, when it is not the forward's.
        signature: a function with the parameters of the op, when ``forward`` is a ufunc.
    """

    def __init__(
        self,
        name: str,
        forward: Any,
        *,
        node: str | None = None,
        params: list[Param] | None = None,
        outputs: int = 1,
        saves: tuple[str, ...] = (),
        promotion: str | None = None,
        broadcast: bool = False,
        view: bool = False,
        inplace: bool = False,
        write: Any = None,
        out: bool = False,
        variants: dict[str, tuple[Any, Any]] | None = None,
        result: Any = None,
        quiet: bool = False,
        method: bool = True,
        doc: str | None = None,
        module: str | None = None,
        signature: Any = None,
    ) -> None:
        self.name = name
        self.forward = forward
        self.params = params_of(forward) if params is None else params
        self.node_name = node or "".join(map(str.capitalize, name.split("_"))) + "Backward0"
        self.outputs = outputs
        self.saves = saves
        self.promotion = promotion
        self.broadcast = broadcast
        self.view = view
        self.inplace = inplace
        self.write = write
        self.has_out = out
        self.variants = variants or {}
        self.result = result
        self.quiet = quiet or view
        self.doc = doc or getattr(forward, "__doc__", None) or ""
        self.module = module or getattr(forward, "__module__", None) or __name__
        self.signature = signature or forward
        self.rules: list[tuple[tuple[str, ...], Rule, tuple[str, ...]]] = []
        # Made at the first call: the node's class and maker, and the inputs whose rules want the
        # first argument's value, which the in-place form overwrites.
        self.node_class: Any = None
        self.record: Any = None
        self.overwrites: tuple[int, ...] = ()
        self.call = self._make_function(name, _codegen.call_stub)
        self.call_ = self._make_function(name + "_", _codegen.inplace_stub) if inplace else None
        # As ``call``, but for operators: made when one is attached.
        self.operator: Any = None
        REGISTRY[name] = self
        if method:
            self.attach(name)

    def _make_function(self, name: str, stub: Any) -> Any:
        """Return a function that compiles this op at its first call and then is the result."""
        function = FunctionType(
            stub.__code__, {"op": self, "compile_op": _codegen.compile_op}, name
        )
        function.__doc__ = self.doc
        function.__module__ = self.module
        function.__qualname__ = name
        function.__dict__["op"] = self
        if isinstance(self.signature, FunctionType):
            # What inspect.signature() reads until the first call.
            function.__dict__["__wrapped__"] = self.signature
        return function

    def attach(self, *names: str) -> None:
        """Make the op a method of Tensor under ``names``, with its in-place form."""
        for name in names:
            if name.startswith("__") and len(self.params) > 1:
                if self.operator is None:
                    self.operator = self._make_function(name, _codegen.operator_stub)
                setattr(Tensor, name, self.operator)
                continue
            setattr(Tensor, name, self.call)
            if self.call_ is not None and not name.startswith("__"):
                setattr(Tensor, name + "_", self.call_)

    def add_rule(self, inputs: tuple[str, ...], rule: Rule) -> None:
        """Add the gradient rule of one input, or a joint rule of several.

        Raises:
            TypeError: a parameter of the rule names nothing that could be saved.
        """
        names = rule.__code__.co_varnames[: rule.__code__.co_argcount]
        if not names or names[0] not in {"grad", "grads"}:
            msg = f"a rule of {self.name} takes 'grad' or 'grads' first, got {names[:1]}"
            raise TypeError(msg)
        known = {param.name for param in self.params}
        for name in names[1:]:
            plain = next((name.removesuffix(end) for end in METADATA if name.endswith(end)), name)
            special = {"out", "needs", *self.saves, *(("view_step",) if self.view else ())}
            if not {name, plain} & known and name not in special:
                msg = (
                    f"a rule of {self.name} asks for {name!r}, which is neither an argument nor "
                    "saved"
                )
                raise TypeError(msg)
        for wanted in inputs:
            if wanted not in known:
                msg = f"{self.name} has no argument {wanted!r} to give a rule to"
                raise TypeError(msg)
        self.rules.append((inputs, rule, names))

    def vjp(self, *inputs: str) -> Callable[[Rule], Rule]:
        """Decorate the joint gradient rule of ``inputs``; it returns a tuple of gradients."""

        def register(rule: Rule) -> Rule:
            self.add_rule(inputs, rule)
            return rule

        return register

    @property
    def differentiable(self) -> tuple[str, ...]:
        """The names of the inputs that have a gradient, in the order of the parameters."""
        with_rule = {name for inputs, _, _ in self.rules for name in inputs}
        return tuple(param.name for param in self.params if param.name in with_rule)

    def __repr__(self) -> str:
        return f"<op {self.name}>"


def op(name: str | None = None, **options: Any) -> Callable[[Any], Any]:
    """Decorate a forward function on arrays; the result is the op's function on Tensors.

    Keyword arguments are those of :class:`Op`, and rules by the names of their inputs. The
    function's ``vjp`` decorates a joint rule.
    """
    rules = {key: value for key, value in options.items() if key not in OPTIONS}
    settings = {key: value for key, value in options.items() if key in OPTIONS}

    def make(forward: Any) -> Any:
        record = Op(name or forward.__name__, forward, **settings)
        for input_name, rule in rules.items():
            record.add_rule((input_name,), rule)
        record.call.vjp = record.vjp
        return record.call

    return make


OPTIONS = frozenset(Op.__init__.__kwdefaults__ or ())


def attach(function: Any, *names: str) -> Any:
    """Make a composite function a method of Tensor under ``names`` (its own when none is given)."""
    for name in names or (function.__name__,):
        setattr(Tensor, name, function)
    return function


def zero(grad: Tensor) -> Tensor:
    """The rule of an op that is differentiable with gradient zero everywhere."""
    return grad._zeros_like()


ZERO = zero


def arrays_of(tensors: Sequence[Any]) -> list[Array]:
    """Return the arrays of tensors."""
    return [tensor._array for tensor in tensors]


def contiguous(array: Array) -> Array:
    """Return the array, copied when it is not row-major."""
    return np.ascontiguousarray(array) if array.ndim else array
