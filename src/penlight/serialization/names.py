"""The names that a checkpoint may use, each with the function of penlight's that stands for it.

The builders trust nothing: they are called with whatever the file has put on the stack.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _dtype
from .._device import device
from .._layout import strided
from .._size import Size
from .._tensor import Tensor, wrap
from ..nn.parameter import Parameter
from ._errors import CheckpointError
from .inert import UnknownName, UnknownObject, describe
from .limits import expect
from .numpy_names import NUMPY_BUILDERS, NUMPY_STATES
from .opcodes import Names
from .storages import StorageType, StoredBytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .opcodes import Builder

_ENCODINGS = ("latin1", "latin-1", "utf-8", "utf8", "ascii")

# ---- Python's own types ------------------------------------------------------------------------


def _items(args: tuple[object, ...], what: str) -> list[object]:
    if not args:
        return []
    (items,) = args
    if not isinstance(items, (list, tuple)):
        msg = f"the items of a {what} are {type(items).__name__}"
        raise CheckpointError(msg)
    return list(items)


def _keys(*args: object) -> Iterable[object]:
    """Return what a call makes dict keys or set items of."""
    return args[0] if args and isinstance(args[0], (list, tuple, dict)) else ()


def _first_parts(*args: object) -> Iterable[object]:
    return [pair[0] for pair in _keys(*args) if isinstance(pair, (list, tuple)) and pair]


def _build_ordered_dict(*args: object) -> OrderedDict[Any, Any]:
    made: OrderedDict[Any, Any] = OrderedDict()
    for pair in args[0] if args and isinstance(args[0], list) else ():
        key, value = pair
        made[key] = value
    return made


def _build_counter(*args: object) -> Counter[Any]:
    made: Counter[Any] = Counter()
    if args:
        dict.update(made, expect(args[0], dict, "the content of a Counter"))
    return made


def _build_complex(real: object, imag: object) -> complex:
    return complex(expect(real, float, "a real part"), expect(imag, float, "an imaginary part"))


def _build_bytes(*args: object) -> bytes:
    # Protocol 2 has no opcode for bytes: an empty one is written as a call without arguments,
    # another as text to be encoded.
    return _encode(*args) if args else b""


def _encode(text: object, encoding: object = "latin1") -> bytes:
    if encoding not in _ENCODINGS:
        msg = f"the encoding is {describe(encoding)}"
        raise CheckpointError(msg)
    return expect(text, str, "a text to encode").encode(str(encoding))


def _build_bytearray(*args: object) -> bytearray:
    if len(args) == 1 and isinstance(args[0], bytes):
        return bytearray(args[0])
    return bytearray(_build_bytes(*args))


def _build_slice(start: object, stop: object, step: object) -> slice:
    for part in (start, stop, step):
        if part is not None:
            expect(part, int, "a part of a slice")
    return slice(start, stop, step)


# ---- torch's types -----------------------------------------------------------------------------


def _build_size(items: object = ()) -> Size:
    if not isinstance(items, (tuple, list)) or any(type(item) is not int for item in items):
        msg = f"a torch.Size of {describe(items)}"
        raise CheckpointError(msg)
    return Size(items)


def _build_layout(name: object) -> object:
    if expect(name, str, "the name of a layout") == "torch.strided":
        return strided
    return UnknownObject("torch.serialization._get_layout", (name,), {})


def _build_device(kind: object, index: object = None) -> device:
    number = None if index is None else expect(index, int, "a device index")
    return device(expect(kind, str, "a device type"), number)


def _build_tensor(
    storage: object,
    offset: object,
    size: object,
    stride: object,
    requires_grad: object = False,
    hooks: object = None,  # hooks are not data: kept by an unknown object, and nowhere else
    metadata: object = None,
) -> Tensor | UnknownObject:
    args = (storage, offset, size, stride, requires_grad, hooks)
    if isinstance(storage, UnknownObject):
        return UnknownObject("torch._utils._rebuild_tensor_v2", args, {})
    return _lay_out(storage, None, (offset, size, stride, requires_grad), metadata)


def _build_tensor_v3(
    storage: object,
    offset: object,
    size: object,
    stride: object,
    requires_grad: object,
    hooks: object,
    dtype: object,
    metadata: object = None,
) -> Tensor | UnknownObject:
    if isinstance(storage, UnknownObject) or isinstance(dtype, UnknownName):
        args = (storage, offset, size, stride, requires_grad, hooks, dtype)
        return UnknownObject("torch._utils._rebuild_tensor_v3", args, {})
    return _lay_out(storage, dtype, (offset, size, stride, requires_grad), metadata)


def _lay_out(
    storage: object,
    dtype: object,
    layout: tuple[object, object, object, object],
    metadata: object,
) -> Tensor:
    offset, size, stride, requires_grad = layout
    if not isinstance(storage, StoredBytes):
        msg = f"a tensor lies over {describe(storage)}, which is no storage"
        raise CheckpointError(msg)
    kind: Any = storage.type.dtype if dtype is None else dtype
    if not isinstance(kind, _dtype.dtype):
        msg = f"the dtype of a tensor is {describe(kind)}"
        raise CheckpointError(msg)
    array = storage.over(kind, expect(offset, int, "a storage offset"), size, stride)
    if metadata:
        # The memory holds the numbers before conjugation or negation: such a tensor gets its own.
        flags = expect(metadata, dict, "the metadata of a tensor")
        storage.spend(array.size * array.itemsize)
        array = np.conj(array) if flags.get("conj") is True else array
        array = np.negative(array) if flags.get("neg") is True else array
    tensor = wrap(array)
    if expect(requires_grad, bool, "requires_grad"):
        tensor.requires_grad = True
    return tensor


def _build_parameter(data: object, requires_grad: object, hooks: object = None) -> Parameter:  # noqa: ARG001 - hooks are not data
    if not isinstance(data, Tensor):
        msg = f"a parameter holds {describe(data)}, which is no tensor"
        raise CheckpointError(msg)
    made: Parameter = Parameter(data, expect(requires_grad, bool, "requires_grad"))
    return made


def _build_parameter_with_state(
    data: object, requires_grad: object, hooks: object, state: object
) -> Parameter:
    made = _build_parameter(data, requires_grad, hooks)
    _set_attributes(made, state)
    return made


def _build_from_type(function: object, kind: object, args: object, state: object) -> object:
    """Build a tensor that had attributes, or was of a class of its own."""
    if not isinstance(function, UnknownName) or function.name not in _TENSOR_BUILDERS:
        msg = f"a tensor is built by {describe(function)}"
        raise CheckpointError(msg)
    made = _TENSOR_BUILDERS[function.name](*expect(args, tuple, "the arguments of a tensor"))
    if kind is not Tensor and kind is not Parameter:
        name = kind.name if isinstance(kind, UnknownName) else describe(kind)
        unknown = UnknownObject(name, (made,), {})
        unknown.state = state
        return unknown
    if isinstance(made, Tensor):
        _set_attributes(made, state[0] if isinstance(state, tuple) and state else state)
    return made


def _set_attributes(target: object, state: object) -> None:
    if state is None:
        return
    for name, value in expect(state, dict, "the state").items():
        if type(name) is not str or hasattr(type(target), name) or name.startswith("__"):
            msg = f"it sets {describe(name)}, which is not a plain attribute"
            raise CheckpointError(msg)
        target.__dict__[name] = value


# ---- the table ---------------------------------------------------------------------------------

_UNTYPED = ("torch.storage.UntypedStorage", "torch.UntypedStorage")
_DTYPES = [
    value
    for value in vars(_dtype).values()
    if isinstance(value, _dtype.dtype) and value is not _dtype.complex32  # NumPy has none
]


def _storage_types() -> Iterable[StorageType]:
    for dtype in _DTYPES:
        for module in ("torch", "torch.cuda"):
            name = f"{module}.{dtype.scalar_type}Storage"
            yield StorageType(name, dtype, typed=True)
    for name in _UNTYPED:
        yield StorageType(name, _dtype.uint8, typed=False)


_TENSOR_BUILDERS: dict[str, Builder] = {
    "torch._utils._rebuild_tensor": _build_tensor,
    "torch._utils._rebuild_tensor_v2": _build_tensor,
    "torch._utils._rebuild_tensor_v3": _build_tensor_v3,
    "torch._utils._rebuild_parameter": _build_parameter,
    "torch._utils._rebuild_parameter_with_state": _build_parameter_with_state,
}


def _python_builders() -> dict[str, Builder]:
    made: dict[str, Builder] = {
        "_codecs.encode": _encode,
        "collections.OrderedDict": _build_ordered_dict,
        "collections.Counter": _build_counter,
    }
    for module in ("builtins", "__builtin__"):
        made[f"{module}.set"] = lambda *args: set(_items(args, "set"))
        made[f"{module}.frozenset"] = lambda *args: frozenset(_items(args, "frozenset"))
        made[f"{module}.complex"] = _build_complex
        made[f"{module}.bytes"] = _build_bytes
        made[f"{module}.bytearray"] = _build_bytearray
        made[f"{module}.slice"] = _build_slice
    return made


NAMES = Names(
    values={
        **{f"torch.{dtype.name}": dtype for dtype in _DTYPES},
        **{kind.name: kind for kind in _storage_types()},
        "numpy.ndarray": np.ndarray,
        "torch.Tensor": Tensor,
        "torch.nn.parameter.Parameter": Parameter,
    },
    builders={
        **_python_builders(),
        **NUMPY_BUILDERS,
        **_TENSOR_BUILDERS,
        "torch._tensor._rebuild_from_type_v2": _build_from_type,
        "torch.Size": _build_size,
        "torch.device": _build_device,
        "torch.serialization._get_layout": _build_layout,
    },
    states={
        OrderedDict: _set_attributes,
        **NUMPY_STATES,
    },
    key_makers={
        "collections.OrderedDict": _first_parts,
        "collections.Counter": _keys,
        **{
            f"{module}.{name}": _keys
            for module in ("builtins", "__builtin__")
            for name in ("set", "frozenset")
        },
    },
)
