"""The source of an op's call path, its in-place form and its Node class, compiled at the first call.

Specialised source costs a fraction of a path that binds arguments by dictionary. ``source_of(op)``
returns the text; it shows in tracebacks under ``<op NAME>``.
"""

from __future__ import annotations

import linecache
import threading
from typing import Any

from ..autograd.graph import Node
from . import _runtime


class _Required:
    """The default of a parameter that has none."""

    def __repr__(self) -> str:
        return "<required>"


REQUIRED = _Required()
_lock = threading.RLock()
_NUMPY_NAMES = {"dim": "axis", "keepdim": "keepdims"}
_METADATA = ("_shape", "_dtype", "_layout")


def call_stub(*args: Any, **kwargs: Any) -> Any:
    """Compile the op, then call it; the function's code is replaced by then."""
    return compile_op(op).call(*args, **kwargs)  # type: ignore[name-defined] # noqa: F821 - its globals


def inplace_stub(*args: Any, **kwargs: Any) -> Any:
    """Compile the op, then call its in-place form."""
    return compile_op(op).call_(*args, **kwargs)  # type: ignore[name-defined] # noqa: F821 - its globals


def compile_op(op: Any) -> Any:
    """Give the op's functions their code, and the op its Node class; returns the op."""
    with _lock:
        if op.node_class is not None:
            return op
        text = source_of(op)
        filename = f"<op {op.name}>"
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        namespace = {**vars(_runtime), "op": op, "forward": op.forward}
        namespace |= {f"default_{p.name}": p.default for p in op.params}
        namespace |= {f"variant_{name}": value for name, (_, value) in op.variants.items()}
        namespace |= {f"rule_{i}": rule for i, (_, rule, _) in enumerate(op.rules)}
        slots = _slots(op)
        namespace["NODE"] = node_class = type(
            op.node_name,
            (Node,),
            {"__slots__": slots, "outputs": None, "saved_names": _releasable(op)},
        )
        if op.outputs != 1:
            # Shape and dtype of each output, set per node.
            namespace["NODE"] = node_class = type(
                op.node_name,
                (Node,),
                {"__slots__": (*slots, "outputs"), "saved_names": _releasable(op)},
            )
        exec(compile(text, filename, "exec"), namespace)  # noqa: S102 - our own text, as attrs does
        for name, function in (("call", op.call), ("call_", op.call_)):
            if function is not None:
                made = namespace[name]
                function.__globals__.update(namespace)
                function.__code__ = made.__code__.replace(co_name=function.__name__)
                function.__defaults__ = made.__defaults__
                function.__kwdefaults__ = made.__kwdefaults__
        if op.rules:
            node_class.backward = namespace["backward"]  # type: ignore[attr-defined]
            op.record = namespace["record"]
        op.node_class = node_class
        return op


# ---- what is saved ----------------------------------------------------------------------------------


def _wanted_by(op: Any) -> dict[str, tuple[str, ...]]:
    """Return each saved name with the inputs whose rules want it."""
    wanted: dict[str, tuple[str, ...]] = {}
    for inputs, _, names in op.rules:
        for name in names[1:]:
            if name != "needs":
                wanted[name] = wanted.get(name, ()) + inputs
    return wanted


def _kind(op: Any, name: str) -> str:
    """Return a saved name's kind: a parameter's kind, ``out``, ``saved`` or ``metadata``."""
    for param in op.params:
        if param.name == name:
            kind: str = param.kind
            return kind
    return "out" if name == "out" else "saved" if name in op.saves else "metadata"


def _slots(op: Any) -> tuple[str, ...]:
    slots: list[str] = ["shapes"] if op.broadcast else []
    for name in _wanted_by(op):
        kind = _kind(op, name)
        slots.append(_slot(name))
        if kind in {"tensor", "optional", "maybe", "many", "out"}:
            slots.append(f"{_slot(name)}_version")
        if kind == "out":
            slots.append("saved_out_storage")
    return tuple(slots)


def _slot(name: str) -> str:
    return f"saved_{name}"


def _releasable(op: Any) -> tuple[str, ...]:
    """Return the slots that hold memory worth freeing after backward."""
    kinds = {"tensor", "optional", "maybe", "many", "out", "saved"}
    return tuple(_slot(name) for name in _wanted_by(op) if _kind(op, name) in kinds)


# ---- the text ---------------------------------------------------------------------------------------


def source_of(op: Any) -> str:
    """Return the generated source of an op."""
    parts = [_call(op)]
    if op.rules:
        parts += [_record(op), _backward(op)]
    if op.inplace:
        parts.append(_inplace(op))
    return "\n\n".join(parts) + "\n"


def _indent(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


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


def _promoted(op: Any) -> list[str]:
    """Return the inputs that take part in dtype promotion."""
    if op.promotion is None:
        return []
    names = op.differentiable
    if not names:
        names = tuple(p.name for p in op.params if p.kind in {"tensor", "maybe", "optional"})
    return list(names)


def _prelude(op: Any, *, inplace: bool = False) -> list[str]:
    """Handle what is rare before anything else: variants, ``out=``, NumPy's names, sizes."""
    lines = []
    for name in op.variants:
        default = op.variants[name][0]
        test = f"{name} is not None" if default is None else f"{name} != {default!r}"
        call = f"run_variant(variant_{name}({_arguments(op)}, {name}={name}), inplace={inplace})"
        if op.has_out and not inplace:
            call = f"write_out(out, lambda: {call}) if out is not None else {call}"
        lines.append(f"if {test}: return {call}")
    for param in op.params:
        if param.name in _NUMPY_NAMES:
            other = _NUMPY_NAMES[param.name]
            lines.append(f"if {other} is not None: {param.name} = {other}")
        if param.variadic:
            lines.append(f"{param.name} = sizes(op, {param.name}, _named, {param.name!r})")
    if op.has_out and not inplace:
        lines.append(f"if out is not None: return write_out(out, lambda: op.call({_arguments(op)}))")
    return lines


def _unwrap(op: Any, *, inplace: bool = False) -> list[str]:
    """Bring tensors to arrays ``a_NAME``, promoted where the op promotes, with edges ``e_NAME``."""
    promoted = _promoted(op)
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
    if len(names) == 1:
        tests.append(f"((a_{first} := {first}._array), True)[1]")
    tests += [
        f"(a_{first} := {first}._array).dtype is (a_{name} := {name}._array).dtype"
        if name == names[1]
        else f"a_{first}.dtype is (a_{name} := {name}._array).dtype"
        for name in names[1:]
    ]
    edges = [f"e_{n} = {n}._edge if {n}._view is None else edge_of({n})" for n in names]
    edges = edges if op.rules else []
    fast = [f"_d = a_{first}.dtype", *edges]
    listed = ", ".join(names)
    slow = [f"{listed}, _d = promote{'_inplace' if inplace else ''}(op, {listed})"]
    if inplace:
        slow.append(f"if _d is None: return convert_inplace(op, {first}, lambda: op.call({_arguments(op)}))")
    slow += [f"a_{n} = {n}._array if isinstance({n}, Tensor) else {n}" for n in names]
    slow += [f"e_{n} = any_edge({n})" for n in names] if op.rules else []
    return [f"if {' and '.join(tests)}:", *_indent(fast), "else:", *_indent(slow)]


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
    body = _prelude(op) + _unwrap(op)
    body += _guarded(op, f"_r = forward({_forward_arguments(op)})")
    if op.saves:
        body += ["_extras = _r.saved", "_r = _r.out"]
    if op.view:
        body += _finish_view(op)
    elif op.outputs == 1:
        body += _finish_single(op)
    else:
        body += _finish_many(op)
    return "\n".join([f"def call({_signature(op)}):", *_indent(body)])


def _settle(op: Any) -> list[str]:
    """Let integers come back as the default floating dtype; NumPy would make them float64."""
    if op.promotion != "int_to_float":
        return []
    again = ", ".join(
        f"to_default({p.name})" if p.name in _promoted(op) else _passed(p) for p in op.params
    )
    return [
        "if _r.dtype is not _d:",
        f"    if _d.kind in 'biu': return op.call({again})",
        "    _r = _r.astype(_d)",
    ]


_MAKE = ["_t = new(Tensor)", "_t._array = _r", "_t._view = _t._storage = _t._grad = None"]


def _finish_single(op: Any) -> list[str]:
    lines = ["if _r.__class__ is not ndarray: _r = asarray(_r)", *_settle(op), *_MAKE]
    if not op.rules:
        return [*lines, "_t._edge = None", "return _t"]
    lines += [f"if {_recording(op)}:", *_indent([*_node(op), *_save_out(op), "_t._edge = _n"])]
    return [*lines, "else:", "    _t._edge = None", "return _t"]


def _finish_many(op: Any) -> list[str]:
    lines = ["_ts = wrap_all(_r)"]
    if op.rules:
        lines += ["_t = _ts[0]"] if "out" in _wanted_by(op) else []
        record = [*_node(op), *_save_out(op), "connect(_n, _ts)"]
        lines += [f"if {_recording(op)}:", *_indent(record)]
    return [*lines, "return op.result(*_ts)" if op.result else "return _ts"]


def _finish_view(op: Any) -> list[str]:
    first = op.params[0].name
    rest = "".join(f"{'*' if p.variadic else ''}{p.name}, " for p in op.params[1:])
    lines = [f"_step = (forward, ({rest}))"]
    if op.outputs == 1:
        lines += [*_MAKE, "_t._edge = None", f"attach_view(_t, {first}, _step, None)"]
        if op.rules:
            lines += [f"if {_recording(op)}:", *_indent([*_node(op), "_t._edge = _n"])]
        return [*lines, "return _t"]
    lines.append(f"_ts = view_all(op, _r, {first}, _step)")
    if op.rules:
        lines += [f"if {_recording(op)}:", *_indent([*_node(op), "connect(_n, _ts)"])]
    return [*lines, "return _ts"]


def _recording(op: Any) -> str:
    tests = []
    for name in op.differentiable:
        is_many = _kind(op, name) == "many"
        tests.append(f"any_of(e_{name})" if is_many else f"e_{name} is not None")
    return f"({' or '.join(tests)}) and mode.grad"


def _node(op: Any) -> list[str]:
    """Make the node ``_n`` and save what the rules name, except ``out``."""
    names = op.differentiable
    if any(_kind(op, name) == "many" for name in names):
        edges = f"e_{names[0]}"
    else:
        edges = "(" + "".join(f"e_{name}, " for name in names) + ")"
    lines = [
        "_n = new(NODE)",
        f"_n.edges = {edges}",
        "_n.sequence = next_sequence()",
        "_n.hooks = None",
    ]
    if op.broadcast:
        arrays = [f"a_{name}" for name in names]
        lines.append(f"_n.shapes = {_shapes(arrays)}")
    for name, wanting in _wanted_by(op).items():
        lines += _save(op, name, wanting)
    return lines


def _shapes(arrays: list[str]) -> str:
    """Return the expression for the shapes that gradients are summed back to, ``None`` if all agree."""
    if len(arrays) == 2:  # noqa: PLR2004 - the common case, written out for speed
        a, b = arrays
        same = f"{a}.__class__ is ndarray and {b}.__class__ is ndarray and {a}.shape == {b}.shape"
        return f"None if {same} else shapes_of(_shape, {a}, {b})".replace("_shape,", "_r.shape,")
    return f"shapes_of(_r.shape, {', '.join(arrays)})"


def _save(op: Any, name: str, wanting: tuple[str, ...]) -> list[str]:
    kind, slot = _kind(op, name), _slot(name)
    if kind == "out":
        return []
    if kind == "saved":
        return [f"_n.{slot} = _extras[{name!r}]"]
    if kind == "metadata":
        return [f"_n.{slot} = {_metadata(name)}"]
    if kind == "other":
        return [f"_n.{slot} = {name}"]
    if kind == "many":
        return [f"_n.{slot} = {name}", f"_n.{slot}_version = versions_of({name})"]
    version = f"0 if {name}._storage is None else {name}._storage.version"
    if kind != "tensor" or _promoted(op):
        version = f"version_of_any({name})"
        version = f"({version} if {name}.__class__ is not Tensor else {_plain_version(name)})"
    if set(wanting) == set(op.differentiable):
        return [f"_n.{slot} = {name}", f"_n.{slot}_version = {version}"]
    needed = " or ".join(f"e_{want} is not None" for want in dict.fromkeys(wanting))
    return [
        f"if {needed}:",
        f"    _n.{slot} = {name}",
        f"    _n.{slot}_version = {version}",
        f"else: _n.{slot} = None",
    ]


def _plain_version(name: str) -> str:
    return f"(0 if {name}._storage is None else {name}._storage.version)"


def _metadata(name: str) -> str:
    if name == "view_step":
        return "_step"
    for end in _METADATA:
        if name.endswith(end):
            return f"metadata{end}(a_{name.removesuffix(end)})"
    raise AssertionError(name)


def _save_out(op: Any) -> list[str]:
    if "out" not in _wanted_by(op):
        return []
    return [
        "_n.saved_out = _t._array",
        "_s = _n.saved_out_storage = storage_of(_t)",
        "_n.saved_out_version = _s.version",
    ]


def _record(op: Any) -> str:
    """The function that the in-place form calls to make the node."""
    own = ", ".join(f"{p.name}" for p in op.params)
    arrays = "".join(f", a_{p.name}" for p in op.params if p.kind != "other")
    edges = "".join(f", e_{name}" for name in op.differentiable)
    body = [*_node(op), "return _n"]
    head = f"def record({own}{arrays}{edges}, _r=None, _extras=None, _step=None):"
    return "\n".join([head, *_indent(body)])


def _backward(op: Any) -> str:
    names = op.differentiable
    many = any(_kind(op, name) == "many" for name in names)
    body = []
    if op.outputs != 1:
        body.append("grads = fill_missing(self, grads)")
        if any(rule_names[0] == "grad" for _, _, rule_names in op.rules):
            body.append("grad = grads[0]")
    if not many:
        body.append("".join(f"e_{name}, " for name in names) + "= edges")
    if op.broadcast:
        body.append("_shapes = self.shapes")
    for number, (inputs, _, rule_names) in enumerate(op.rules):
        body += _apply_rule(op, number, inputs, rule_names, many=many)
    body.append(f"return g_{names[0]}" if many else "return " + "".join(f"g_{n}, " for n in names))
    head = f"def backward(self, {'grad' if op.outputs == 1 else 'grads'}, edges):"
    return "\n".join([head, *_indent(body)])


def _apply_rule(
    op: Any, number: int, inputs: tuple[str, ...], names: tuple[str, ...], *, many: bool
) -> list[str]:
    lines = []
    for name in names[1:]:
        lines += _unpack(op, name, inputs, many=many)
    arguments = ", ".join([names[0], *(_argument(name) for name in names[1:])])
    targets = ", ".join(f"g_{name}" for name in inputs)
    lines.append(f"{targets} = rule_{number}({arguments})")
    if op.broadcast:
        for name in inputs:
            index = op.differentiable.index(name)
            lines.append(
                f"if _shapes is not None and g_{name} is not None and _shapes[{index}] is not None: "
                f"g_{name} = summed_to(g_{name}, _shapes[{index}])"
            )
    if many:
        return lines
    test = " or ".join(f"e_{name} is not None" for name in inputs)
    otherwise = " = ".join(f"g_{name}" for name in inputs) + " = None"
    return [f"if {test}:", *_indent(lines), "else:", f"    {otherwise}"]


def _argument(name: str) -> str:
    return "needs" if name == "needs" else f"v_{name}"


def _unpack(op: Any, name: str, inputs: tuple[str, ...], *, many: bool) -> list[str]:
    if name == "needs":
        if many:
            return ["needs = tuple(edge is not None for edge in edges)"]
        return ["needs = (" + "".join(f"e_{i} is not None, " for i in inputs) + ")"]
    kind, slot, value = _kind(op, name), _slot(name), f"v_{name}"
    lines = [f"{value} = self.{slot}"]
    if kind in {"other", "metadata"}:
        return lines
    lines.append(f"if {value} is FREED: refuse_freed(self)")
    if kind == "tensor" and not _promoted(op):
        lines.append(
            f"if {value}._storage is not None and {value}._storage.version != self.{slot}_version: "
            f"refuse_modified(self, {value}, self.{slot}_version)"
        )
    elif kind == "out":
        lines.append(f"{value} = unpack_out(self)")
    elif kind == "many":
        lines.append(f"check_versions(self, {value}, self.{slot}_version)")
    elif kind != "saved":
        lines.append(
            f"if {value}.__class__ is Tensor:\n"
            f"    if {value}._storage is not None and "
            f"{value}._storage.version != self.{slot}_version: "
            f"refuse_modified(self, {value}, self.{slot}_version)\n"
            f"else: check_version(self, {value}, self.{slot}_version)"
        )
        lines[-1:] = lines[-1].split("\n")
    return lines


def _inplace(op: Any) -> str:
    """The in-place form: straight through when nothing is recorded, else by ``write_inplace``."""
    first = op.params[0].name
    body = _prelude(op, inplace=True) + _unwrap(op, inplace=True)
    if op.rules:
        recorded = [f"return write_inplace(op, ({_collect(op)}), ({_edges(op)}))"]
        body += [f"if {_recording(op)}:", *_indent(recorded)]
    arguments = _forward_arguments(op)
    if type(op.forward).__name__ == "ufunc":
        statement = f"forward({arguments}, out=a_{first})"
    else:
        statement = f"assign(op, a_{first}, forward({arguments}))"
    if op.promotion == "int_to_float":
        body.append(f"if _d.kind in 'biu': return convert_inplace(op, {first}, lambda: op.call({_arguments(op)}))")
    body += _guarded(op, statement)
    body += [
        f"_s = {first}._storage",
        f"if _s is None: _s = {first}._storage = Storage()",
        "_s.version += 1",
        f"return {first}",
    ]
    return "\n".join([f"def call_({_signature(op, inplace=True)}):", *_indent(body)])


def _collect(op: Any) -> str:
    return "".join(f"{p.name}, " for p in op.params)


def _edges(op: Any) -> str:
    return "".join(f"e_{name}, " for name in op.differentiable)
