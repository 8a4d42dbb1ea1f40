"""The generated source of an op's node: what it saves, how it is made, and its backward."""

from __future__ import annotations

from typing import Any

# The endings of names in a rule that ask for what an argument is, not for what it holds.
METADATA = ("_shape", "_dtype", "_layout")


def indent(lines: list[str]) -> list[str]:
    """Return lines of source one level further in."""
    return ["    " + line for line in lines]


def promoted_inputs(op: Any) -> list[str]:
    """Return the inputs that take part in dtype promotion, each a parameter of one tensor."""
    if op.promotion is None:
        return []
    kinds = {p.name: p.kind for p in op.params}
    names = op.differentiable
    if not names:
        names = tuple(name for name in kinds if kinds[name] in {"tensor", "maybe", "optional"})
    return [name for name in names if kinds[name] != "many"]


def wanted_by(op: Any) -> dict[str, tuple[str, ...]]:
    """Return each saved name with the inputs whose rules want it."""
    wanted: dict[str, tuple[str, ...]] = {}
    for inputs, _, names in op.rules:
        for name in names[1:]:
            if name != "needs":
                wanted[name] = wanted.get(name, ()) + inputs
    return wanted


def kind_of(op: Any, name: str) -> str:
    """Return a saved name's kind: a parameter's kind, ``out``, ``saved`` or ``metadata``."""
    for param in op.params:
        if param.name == name:
            kind: str = param.kind
            return kind
    return "out" if name == "out" else "saved" if name in op.saves else "metadata"


def overwritten_for(op: Any) -> tuple[int, ...]:
    """Return which inputs' rules want the first argument's value, which a write overwrites."""
    wanting = wanted_by(op).get(op.params[0].name, ())
    return tuple(i for i, name in enumerate(op.differentiable) if name in wanting)


def slots_of(op: Any) -> tuple[str, ...]:
    """Return the slots of the op's node."""
    slots: list[str] = ["shapes"] if op.broadcast else []
    for name in wanted_by(op):
        kind = kind_of(op, name)
        slots.append(saved_slot(name))
        if kind in {"tensor", "optional", "maybe", "many", "out"}:
            slots.append(f"{saved_slot(name)}_version")
        if kind == "out":
            slots.append("saved_out_storage")
    return tuple(slots)


def saved_kinds(op: Any) -> dict[str, str]:
    """Return the kind of what each slot of the op's node holds."""
    return {saved_slot(name): kind_of(op, name) for name in wanted_by(op)}


def shown_values(op: Any) -> dict[str, tuple[str, str]]:
    """Return the names by which torch shows what a node saved, each with its slot and kind."""
    shown = {}
    for name in wanted_by(op):
        kind = kind_of(op, name)
        plain, shape = name.removesuffix("_shape"), "_sym_sizes" if name.endswith("_shape") else ""
        if kind == "metadata" and not shape:
            continue
        known = {"input": "self", "out": "result"}
        public = known.get(plain, plain) + shape if kind == "metadata" else known.get(name, name)
        shown[public] = saved_slot(name), kind
    return shown


def saved_slot(name: str) -> str:
    """Return the slot of a node that holds a saved value."""
    return f"saved_{name}"


def release_source(op: Any) -> str:
    """Return the source of the method that frees what a node holds in memory after backward."""
    kinds = {"tensor", "optional", "maybe", "many", "out", "saved"}
    slots = [saved_slot(name) for name in wanted_by(op) if kind_of(op, name) in kinds]
    freed = "".join(f"self.{slot} = " for slot in slots) + "FREED" if slots else "pass"
    return f"def release(self):\n    {freed}"


# ---- the text ------------------------------------------------------------------------------------


def node_lines(op: Any) -> list[str]:
    """Make the node ``_n`` and save what the rules name, except ``out``."""
    names = op.differentiable
    if any(kind_of(op, name) == "many" for name in names):
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
    for name, wanting in wanted_by(op).items():
        lines += _save(op, name, wanting)
    return lines


def _shapes(arrays: list[str]) -> str:
    """Return the expression for the shapes that gradients are summed to, ``None`` if equal."""
    if len(arrays) == 2:
        a, b = arrays
        same = f"{a}.__class__ is ndarray and {b}.__class__ is ndarray and {a}.shape == {b}.shape"
        return f"None if {same} else shapes_of(_shape, {a}, {b})".replace("_shape,", "_r.shape,")
    return f"shapes_of(_r.shape, {', '.join(arrays)})"


def _save(op: Any, name: str, wanting: tuple[str, ...]) -> list[str]:
    kind, slot = kind_of(op, name), saved_slot(name)
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
    if kind != "tensor" or promoted_inputs(op):
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
    for end in METADATA:
        if name.endswith(end):
            return f"metadata{end}(a_{name.removesuffix(end)})"
    raise AssertionError(name)


def save_out_lines(op: Any) -> list[str]:
    if "out" not in wanted_by(op):
        return []
    return [
        "_n.saved_out = _t._array",
        "_s = _n.saved_out_storage = storage_of(_t)",
        "_n.saved_out_version = _s.version",
    ]


def record_source(op: Any) -> str:
    """The function that the in-place form calls to make the node."""
    own = ", ".join(f"{p.name}" for p in op.params)
    arrays = "".join(f", a_{p.name}" for p in op.params if p.kind != "other")
    edges = "".join(f", e_{name}" for name in op.differentiable)
    body = [*node_lines(op), "return _n"]
    head = f"def record({own}{arrays}{edges}, _r=None, _extras=None, _step=None):"
    return "\n".join([head, *indent(body)])


def backward_source(op: Any) -> str:
    names = op.differentiable
    many = any(kind_of(op, name) == "many" for name in names)
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
    return "\n".join([head, *indent(body)])


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
                f"if _shapes is not None and g_{name} is not None and _shapes[{index}] is not "
                "None: "
                f"g_{name} = summed_to(g_{name}, _shapes[{index}])"
            )
    if many:
        return lines
    test = " or ".join(f"e_{name} is not None" for name in inputs)
    otherwise = " = ".join(f"g_{name}" for name in inputs) + " = None"
    return [f"if {test}:", *indent(lines), "else:", f"    {otherwise}"]


def _argument(name: str) -> str:
    return "needs" if name == "needs" else f"v_{name}"


def _unpack(op: Any, name: str, inputs: tuple[str, ...], *, many: bool) -> list[str]:
    if name == "needs":
        if many:
            return ["needs = tuple(edge is not None for edge in edges)"]
        return ["needs = (" + "".join(f"e_{i} is not None, " for i in inputs) + ")"]
    kind, slot, value = kind_of(op, name), saved_slot(name), f"v_{name}"
    lines = [f"{value} = self.{slot}"]
    if kind in {"other", "metadata"}:
        return lines
    lines.append(f"if {value} is FREED: refuse_freed(self)")
    if kind == "tensor" and not promoted_inputs(op):
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
