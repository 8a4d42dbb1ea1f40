"""The source of an op's call path, in-place form and Node class, compiled at the first call.

Specialised source costs a fraction of a path that binds arguments by dictionary. ``source_of(op)``
returns the text; it shows in tracebacks under ``<op NAME>``.
"""

from __future__ import annotations

import linecache
import threading
from typing import Any

from ..autograd._saved import RawSavedValue, SavedValue
from ..autograd._watch import WATCHED, note, on_switch
from ..autograd.graph import Node
from . import _runtime
from ._codegen_node import (
    backward_source,
    indent,
    kind_of,
    node_lines,
    overwritten_for,
    promoted_inputs,
    record_source,
    release_source,
    save_out_lines,
    saved_kinds,
    shown_values,
    slots_of,
    wanted_by,
)
from ._native_path import has_native_path, native_into, native_path


class _Required:
    """The default of a parameter that has none."""

    def __repr__(self) -> str:
        return "<required>"


REQUIRED = _Required()
_lock = threading.RLock()
_NUMPY_NAMES = {"dim": "axis", "keepdim": "keepdims"}


def call_stub(*args: Any, **kwargs: Any) -> Any:
    """Compile the op, then call it; the function's code is replaced by then."""
    return compile_op(op).call(*args, **kwargs)  # type: ignore[name-defined] # noqa: F821 - its globals


def inplace_stub(*args: Any, **kwargs: Any) -> Any:
    """Compile the op, then call its in-place form."""
    return compile_op(op).call_(*args, **kwargs)  # type: ignore[name-defined] # noqa: F821 - its globals


def operator_stub(*args: Any, **kwargs: Any) -> Any:
    """Compile the op, then call its operator."""
    return compile_op(op).operator(*args, **kwargs)  # type: ignore[name-defined] # noqa: F821 - its globals


def compile_op(op: Any) -> Any:
    """Give the op's functions their code, and the op its Node class; returns the op."""
    with _lock:
        if op.node_class is not None:
            return op
        text = source_of(op)
        filename = f"<op {op.name}>"
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        namespace = {**vars(_runtime), "op": op, "forward": op.forward, "write": op.write}
        namespace |= {f"default_{p.name}": p.default for p in op.params}
        namespace |= {f"variant_{name}": value for name, (_, value) in op.variants.items()}
        namespace |= {f"rule_{i}": rule for i, (_, rule, _) in enumerate(op.rules)}
        namespace["NODE"] = node_class = _node_class(op)
        if has_native_path(op):
            namespace["plain_native"] = plain = native_path(op, node_class)
            namespace["native"] = _watched(plain) if WATCHED else plain
        namespace["into"] = native_into(op)
        exec(compile(text, filename, "exec"), namespace)  # noqa: S102 - our own text, as attrs does
        if op.rules:
            node_class.backward = namespace["backward"]
            node_class.release = namespace["release"]
            op.record = namespace["record"]
            op.overwrites = overwritten_for(op)
        functions = (("call", op.call), ("call_", op.call_), ("operator", op.operator))
        for name, function in functions:
            if function is not None:
                _become(function, namespace[name], namespace)
        op.node_class = node_class
        return op


def _node_class(op: Any) -> Any:
    body: dict[str, Any] = {"__slots__": slots_of(op)}
    if op.outputs == 1:
        body["outputs"] = None
    else:
        # Shape and dtype of each output, set per node.
        body["__slots__"] += ("outputs",)
    body["saved_kinds"] = saved_kinds(op)
    for name, (slot, kind) in shown_values(op).items():
        body[f"_saved_{name}"] = SavedValue(slot, kind)
        if kind in {"tensor", "optional", "maybe", "out"}:
            body[f"_raw_saved_{name}"] = RawSavedValue(slot, kind)
    return type(op.node_name, (Node,), body)


# ---- watching ------------------------------------------------------------------------------------

# The namespaces of the functions that call a native path.
_with_native_path: list[dict[str, Any]] = []


def _watched(native: Any) -> Any:
    """Return a native path that shows each node it makes to those who watch."""

    def call(*args: Any) -> Any:
        tensor = native(*args)
        if tensor is not None and tensor._edge is not None:
            note(tensor._edge)
        return tensor

    return call


def _switch() -> None:
    """Put the watched paths in place of the native ones, or take them away again."""
    with _lock:
        for namespace in _with_native_path:
            plain = namespace["plain_native"]
            namespace["native"] = _watched(plain) if WATCHED else plain


on_switch(_switch)


def _become(function: Any, made: Any, namespace: dict[str, Any]) -> None:
    """Make ``function`` what ``made`` is, its code last: other threads may be calling it."""
    function.__globals__.update(namespace)
    if "native" in namespace:
        _with_native_path.append(function.__globals__)
    function.__defaults__ = made.__defaults__
    function.__kwdefaults__ = made.__kwdefaults__
    function.__wrapped__ = made
    function.__code__ = made.__code__.replace(co_name=function.__name__)


# ---- the text ------------------------------------------------------------------------------------


def source_of(op: Any) -> str:
    """Return the generated source of an op."""
    parts = [_call(op)]
    if op.rules:
        parts += [record_source(op), backward_source(op), release_source(op)]
    if op.inplace:
        parts.append(_inplace(op))
    if op.operator is not None:
        parts.append(_operator(op))
    return "\n\n".join(parts) + "\n"


def _signature(op: Any, *, inplace: bool = False) -> str:
    """Return the parameter list: the op's own, its variants, ``out=`` and NumPy's names."""
    plain = [p for p in op.params if not p.keyword_only and not p.variadic]
    parts = [_parameter(p) for p in plain]
    variadic = [p for p in op.params if p.variadic]
    keyword = [_parameter(p) for p in op.params if p.keyword_only]
    keyword += [f"{name}={default!r}" for name, (default, _) in op.variants.items()]
    if op.has_out and not inplace:
        keyword.append("out=None")
    keyword += [f"{_NUMPY_NAMES[p.name]}=None" for p in op.params if p.name in _NUMPY_NAMES]
    if variadic:
        parts.append(f"*{variadic[0].name}")
        keyword.append("**_named")
    elif keyword:
        parts.append("*")
    return ", ".join(parts + keyword)


def _parameter(param: Any) -> str:
    return param.name if param.default is REQUIRED else f"{param.name}=default_{param.name}"


def _arguments(op: Any) -> str:
    """Return the op's own parameters as they are passed on."""
    return ", ".join(_passed(p) for p in op.params)


def _passed(param: Any) -> str:
    if param.variadic:
        return f"*{param.name}"
    return f"{param.name}={param.name}" if param.keyword_only else param.name


def _prelude(op: Any, *, inplace: bool = False) -> list[str]:
    """Handle what is rare before anything else: variants, ``out=``, NumPy's names, sizes."""
    lines = []
    for name in op.variants:
        default = op.variants[name][0]
        test = f"{name} is not None" if default is None else f"{name} != {default!r}"
        call = f"run_variant(variant_{name}({_arguments(op)}, {name}={name}), inplace={inplace})"
        if op.has_out and not inplace:
            call = f"write_out(op, out, {call}) if out is not None else {call}"
        lines.append(f"if {test}: return {call}")
    for param in op.params:
        if param.name in _NUMPY_NAMES:
            other = _NUMPY_NAMES[param.name]
            lines.append(f"if {other} is not None: {param.name} = {other}")
        if param.variadic:
            lines.append(f"{param.name} = sizes(op, {param.name}, _named, {param.name!r})")
    if op.has_out and not inplace:
        lines.append(f"if out is not None: return write_out(op, out, op.call({_arguments(op)}))")
    return lines


def _unwrap(op: Any, *, inplace: bool = False) -> list[str]:
    """Bring tensors to arrays ``a_NAME``, promoted where the op promotes, with edges ``e_NAME``."""
    promoted = promoted_inputs(op)
    lines = _unwrap_promoted(op, promoted, inplace=inplace) if promoted else []
    for position, param in enumerate(op.params):
        name = param.name
        if name in promoted or param.kind == "other":
            continue
        refuse = f"not_tensor(op, {name!r}, {position + 1}, {name})"
        if param.kind == "tensor":
            lines.append(f"a_{name} = {name}._array if isinstance({name}, Tensor) else {refuse}")
        elif param.kind == "optional":
            lines.append(
                f"a_{name} = None if {name} is None else "
                f"{name}._array if isinstance({name}, Tensor) else {refuse}"
            )
        elif param.kind == "maybe":
            lines.append(f"a_{name} = {name}._array if isinstance({name}, Tensor) else {name}")
        else:
            lines.append(f"{name} = many(op, {name!r}, {position + 1}, {name})")
            lines += [f"{name} = promote_many({name})"] if op.promotion else []
            lines.append(f"a_{name} = arrays_of({name})")
        if name in op.differentiable:
            lines.append(_edge_line(param))
    return lines


def _edge_line(param: Any) -> str:
    name = param.name
    if param.kind == "tensor":
        return f"e_{name} = {name}._edge if {name}._view is None else edge_of({name})"
    if param.kind == "many":
        return f"e_{name} = edges_of({name})"
    return f"e_{name} = any_edge({name})"


def _unwrap_promoted(op: Any, names: list[str], *, inplace: bool) -> list[str]:
    first = names[0]
    tests = [f"isinstance({name}, Tensor)" for name in names]
    tests += [
        f"(a_{first} := {first}._array).dtype is (a_{name} := {name}._array).dtype"
        if name == names[1]
        else f"a_{first}.dtype is (a_{name} := {name}._array).dtype"
        for name in names[1:]
    ]
    edges = [f"e_{n} = {n}._edge if {n}._view is None else edge_of({n})" for n in names]
    edges = edges if op.rules else []
    fast = [f"a_{first} = {first}._array"] if len(names) == 1 else []
    if op.promotion == "int_to_float":
        fast.append(f"_d = a_{first}.dtype")
    fast = [*fast, *edges] or ["pass"]
    listed = ", ".join(names)
    slow = [f"{listed}, _d = promote{'_inplace' if inplace else ''}(op, {listed})"]
    if inplace:
        slow.append(
            f"if _d is None: return convert_inplace(op, {first}, op.call({_arguments(op)}))"
        )
    slow += [f"a_{n} = {n}._array if isinstance({n}, Tensor) else {n}" for n in names]
    slow += [f"e_{n} = any_edge({n})" for n in names] if op.rules else []
    return [f"if {' and '.join(tests)}:", *indent(fast), "else:", *indent(slow)]


def _forward_arguments(op: Any) -> str:
    parts = []
    for param in op.params:
        value = param.name if param.kind == "other" else f"a_{param.name}"
        if param.variadic:
            value = f"*{value}"
        parts.append(f"{param.name}={value}" if param.keyword_only else value)
    return ", ".join(parts)


def _guarded(op: Any, statement: str) -> list[str]:
    """Run a forward with NumPy's warnings off and its shape errors put into torch's words."""
    lines = ["try:", f"    {statement}"]
    if op.broadcast:
        shown = ", ".join(f"a_{p.name}" for p in op.params if p.kind != "other")
        lines += ["except (ValueError, TypeError) as error:", f"    explain(op, error, {shown})"]
    if not op.quiet:
        lines = ["_token = silence(SILENT)", *lines, "finally:", "    restore(_token)"]
    elif not op.broadcast:
        lines = [statement]
    return lines


def _call(op: Any) -> str:
    return "\n".join([f"def call({_signature(op)}):", *indent(_call_body(op))])


def _operator(op: Any) -> str:
    """The call path that leaves an operand of a class it does not know to that class."""
    operands = ", ".join(param.name for param in op.params[:2])
    body = [
        "try:",
        *indent(_call_body(op)),
        "except TypeError:",
        f"    if known({operands}): raise",
        "    return NotImplemented",
    ]
    return "\n".join([f"def operator({_signature(op)}):", *indent(body)])


def _call_body(op: Any) -> list[str]:
    body = _prelude(op)
    if has_native_path(op):
        passed = ", ".join(param.name for param in op.params)
        body += [f"_t = native({passed})", "if _t is not None: return _t"]
    body += _unwrap(op)
    body += _guarded(op, f"_r = forward({_forward_arguments(op)})")
    if op.saves:
        body += ["_extras = _r.saved", "_r = _r.out"]
    if op.view:
        body += _finish_view(op)
    elif op.outputs == 1:
        body += _finish_single(op)
    else:
        body += _finish_many(op)
    return body


def _settle(op: Any) -> list[str]:
    """Let integers come back as the default floating dtype; NumPy would make them float64."""
    if op.promotion != "int_to_float":
        return []
    again = ", ".join(
        f"to_default({p.name})" if p.name in promoted_inputs(op) else _passed(p) for p in op.params
    )
    return [
        "if _r.dtype is not _d:",
        f"    if _d.kind in 'biu': return op.call({again})",
        "    _r = _r.astype(_d)",
    ]


_NOTE = "if WATCHED: note(_n)"
_MAKE = ["_t = new(Tensor)", "_t._array = _r", "_t._view = _t._storage = _t._grad = None"]


def _finish_single(op: Any) -> list[str]:
    lines = ["if _r.__class__ is not ndarray: _r = asarray(_r)", *_settle(op), *_MAKE]
    if not op.rules:
        return [*lines, "_t._edge = None", "return _t"]
    lines += [
        f"if {_recording(op)}:",
        *indent([*node_lines(op), *save_out_lines(op), "_t._edge = _n", _NOTE]),
    ]
    return [*lines, "else:", "    _t._edge = None", "return _t"]


def _finish_many(op: Any) -> list[str]:
    lines = ["_ts = wrap_all(_r)"]
    if op.rules:
        lines += ["_t = _ts[0]"] if "out" in wanted_by(op) else []
        record = [*node_lines(op), *save_out_lines(op), "connect(_n, _ts)", _NOTE]
        lines += [f"if {_recording(op)}:", *indent(record)]
    return [*lines, "return op.result(*_ts)" if op.result else "return _ts"]


def _finish_view(op: Any) -> list[str]:
    first = op.params[0].name
    rest = "".join(f"{'*' if p.variadic else ''}{p.name}, " for p in op.params[1:])
    lines = [f"_step = (forward, ({rest}))"]
    if op.outputs == 1:
        lines += [*_MAKE, "_t._edge = None", f"attach_view(_t, {first}, _step, None)"]
        if op.rules:
            lines += [f"if {_recording(op)}:", *indent([*node_lines(op), "_t._edge = _n", _NOTE])]
        return [*lines, "return _t"]
    lines.append(f"_ts = view_all(op, _r, {first}, _step)")
    if op.rules:
        lines += [f"if {_recording(op)}:", *indent([*node_lines(op), "connect(_n, _ts)", _NOTE])]
    return [*lines, "return _ts"]


def _recording(op: Any) -> str:
    tests = []
    for name in op.differentiable:
        is_many = kind_of(op, name) == "many"
        tests.append(f"any_of(e_{name})" if is_many else f"e_{name} is not None")
    return f"({' or '.join(tests)}) and mode.grad"


def _inplace(op: Any) -> str:
    """The in-place form: straight through when nothing is recorded, else by ``write_inplace``."""
    first = op.params[0].name
    body = _prelude(op, inplace=True) + _unwrap(op, inplace=True) + _overlap(op)
    if op.rules:
        recorded = [f"return write_inplace(op, ({_collect(op)}), ({_edges(op)}))"]
        body += [f"if {_recording(op)}:", *indent(recorded)]
    arguments = _forward_arguments(op)
    if type(op.forward).__name__ == "ufunc":
        statement = f"forward({arguments}, out=a_{first})"
    elif op.write is not None:
        statement = f"write({arguments})"
    else:
        statement = f"assign(op, a_{first}, forward({arguments}))"
    if op.promotion == "int_to_float":
        body.append(
            f"if _d.kind in 'biu': return convert_inplace(op, {first}, op.call({_arguments(op)}))"
        )
    written = _guarded(op, statement)
    if native_into(op) is not None:
        written = [f"if not into({arguments}):", *indent(written)]
    body += [
        *written,
        f"_s = {first}._storage",
        f"if _s is None: _s = {first}._storage = Storage()",
        "_s.version += 1",
        f"return {first}",
    ]
    return "\n".join([f"def call_({_signature(op, inplace=True)}):", *indent(body)])


def _overlap(op: Any) -> list[str]:
    """Look at what is written and read together, where one of them is part of another's memory."""
    if not (op.broadcast or op.promotion):
        return []
    first, *others = [f"a_{p.name}" for p in op.params if p.kind in {"tensor", "maybe", "optional"}]
    tests = [f"{first}.base is not None"]
    tests += [f"{other}.__class__ is ndarray and {other}.base is not None" for other in others]
    return [f"if {' or '.join(tests)}: check_overlap({', '.join([first, *others])})"]


def _collect(op: Any) -> str:
    return "".join(f"{p.name}, " for p in op.params)


def _edges(op: Any) -> str:
    return "".join(f"e_{name}, " for name in op.differentiable)
