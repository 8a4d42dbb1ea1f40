"""The writer of pickle streams: protocol 2, the names torch uses, and data only.

Python's ``pickle`` would write whatever an object's ``__reduce__`` asks for, under the name of
penlight's classes. This one knows the types a checkpoint is made of and refuses others, saying
where in the object they are.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from struct import pack
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from .. import _dtype
from .._device import device
from .._layout import layout
from .._size import Size
from .._tensor import Tensor
from ..nn.modules.module import Module
from ..nn.parameter import Parameter
from .memory import StoredArrays
from .numpy_emitter import numpy_array, numpy_dtype, numpy_scalar
from .objects import FUNCTIONS, Parts, global_name, take_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Array = np.ndarray[Any, Any]

MOST_NESTING = 200  # containers inside each other; the writer recurses, and so do readers
_NOTHING = object()
_PROTOCOL = b"\x80\x02"
_SHORTEST_LONG_MEMO = 256
_BYTE, _SHORT, _INT = 0xFF, 0xFFFF, 0x7FFFFFFF
_WIDE_DTYPES = (_dtype.uint16, _dtype.uint32, _dtype.uint64)  # have no storage class in torch


class Emitter:
    """Turns one object into a pickle stream, and collects the storages it refers to.

    Args:
        legacy: refer to storages as the format before torch 1.6 does.
    """

    def __init__(self, *, legacy: bool = False) -> None:
        self.storages = StoredArrays()
        self._legacy = legacy
        self._out = bytearray(_PROTOCOL)
        self._memo: dict[object, int] = {}
        self._alive: list[object] = []
        self._path: list[tuple[str, object]] = []
        self._open_modules = 0

    def dump(self, value: object) -> bytes:
        """Return the stream.

        Raises:
            TypeError: the object holds something that is not data.
            RuntimeError: tensors of different types share memory.
            ValueError: it is nested too deeply, or a tuple contains itself.
        """
        self._emit(value)
        return bytes(self._out + b".")

    # ---- the memo -------------------------------------------------------------------------------

    def _recall(self, key: object) -> bool:
        """Refer to what was written under ``key`` before, if it was."""
        index = self._memo.get(key)
        if index is None:
            return False
        short = index < _SHORTEST_LONG_MEMO
        self._out += b"h" + pack("<B", index) if short else b"j" + pack("<I", index)
        return True

    def _remember(self, key: object) -> None:
        index = self._memo[key] = len(self._memo)
        short = index < _SHORTEST_LONG_MEMO
        self._out += b"q" + pack("<B", index) if short else b"r" + pack("<I", index)

    # ---- dispatch -------------------------------------------------------------------------------

    def _emit(self, value: object) -> None:
        writer = _WRITERS.get(type(value)) or self._find_writer(value)
        writer(self, value)

    def _find_writer(self, value: object) -> Callable[[Emitter, Any], None]:
        """Return the writer of a type that is known by its base, or by where it stands."""
        if isinstance(value, np.generic):
            return numpy_scalar
        if isinstance(value, np.dtype):
            return numpy_dtype
        if isinstance(value, Module) or (self._open_modules and not isinstance(value, Tensor)):
            return Emitter._global if isinstance(value, FUNCTIONS) else Emitter._object
        return self._refuse(value)

    def _emit_at(self, word: str, value: object, key: object = _NOTHING) -> None:
        """Write a part of a container; ``word`` and ``key`` say which, for messages."""
        if len(self._path) >= MOST_NESTING:
            msg = f"{self._place()[:200]}… is nested more than {MOST_NESTING} deep"
            raise ValueError(msg)
        self._path.append((word, key))
        self._emit(value)
        self._path.pop()

    def _place(self) -> str:
        steps = (word if key is _NOTHING else f"{word}[{key!r}]" for word, key in self._path)
        return "obj" + "".join(steps)

    def _refuse(self, value: object) -> NoReturn:
        kind = type(value)
        name = f"{kind.__module__}.{kind.__qualname__}"
        advice = (
            "save its state_dict() instead"
            if hasattr(value, "state_dict") and not isinstance(value, type)
            else "convert it to tensors, arrays, numbers, strings, lists, tuples, sets or dicts"
        )
        msg = f"cannot pickle {kind.__qualname__!r} object: {self._place()} is a {name}; {advice}"
        raise TypeError(msg)

    # ---- Python's own types ---------------------------------------------------------------------

    def _none(self, _value: None) -> None:
        self._out += b"N"

    def _bool(self, value: bool) -> None:
        self._out += b"\x88" if value else b"\x89"

    def _int(self, value: int) -> None:
        if 0 <= value <= _BYTE:
            self._out += b"K" + pack("<B", value)
        elif 0 <= value <= _SHORT:
            self._out += b"M" + pack("<H", value)
        elif -_INT - 1 <= value <= _INT:
            self._out += b"J" + pack("<i", value)
        else:
            data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            short = len(data) <= _BYTE
            self._out += (
                b"\x8a" + pack("<B", len(data)) if short else b"\x8b" + pack("<I", len(data))
            )
            self._out += data

    def _float(self, value: float) -> None:
        self._out += b"G" + pack(">d", value)

    def _complex(self, value: complex) -> None:
        self._call("__builtin__", "complex", (value.real, value.imag))

    def _str(self, value: str) -> None:
        if not self._recall(value):
            self._text(value)
            self._remember(value)

    def _text(self, value: str) -> None:
        data = value.encode("utf-8", "surrogatepass")
        self._out += b"X" + pack("<I", len(data)) + data

    def _bytes(self, value: bytes) -> None:
        # Protocol 2 has no bytes; torch's reader knows this call, which Python writes too.
        self._call("_codecs", "encode", (value.decode("latin1"), "latin1"))

    def _bytearray(self, value: bytearray) -> None:
        key = id(value)
        if not self._recall(key):
            self._call("__builtin__", "bytearray", (value.decode("latin1"), "latin-1"))
            self._keep(value)

    def _slice(self, value: slice) -> None:
        self._call("__builtin__", "slice", (value.start, value.stop, value.step))

    def _keep(self, value: object) -> None:
        self._remember(id(value))
        self._alive.append(value)

    # ---- containers -----------------------------------------------------------------------------

    def _list(self, value: list[object]) -> None:
        if self._recall(id(value)):
            return
        self._out += b"]"
        self._keep(value)
        if value:
            self._out += b"("
            for number, item in enumerate(value):
                self._emit_at("", item, number)
            self._out += b"e"

    def _tuple(self, value: tuple[object, ...]) -> None:
        if self._recall(id(value)):
            return
        self._items(value)
        if value:
            if id(value) in self._memo:
                msg = f"{self._place()} is a tuple that contains itself"
                raise ValueError(msg)
            self._keep(value)

    def _items(self, items: Iterable[object]) -> None:
        items = tuple(items)
        self._out += b"(" if len(items) > 3 else b""
        for number, item in enumerate(items):
            self._emit_at("", item, number)
        self._out += (b")", b"\x85", b"\x86", b"\x87", b"t")[min(len(items), 4)]

    def _dict(self, value: dict[object, object]) -> None:
        if not self._recall(id(value)):
            self._out += b"}"
            self._keep(value)
            self._entries(value)

    def _entries(self, value: dict[Any, Any]) -> None:
        if not value:
            return
        self._out += b"("
        for key, item in value.items():
            self._emit_at(".keys()", key, key)
            self._emit_at("", item, key)
        self._out += b"u"

    def _ordered_dict(self, value: OrderedDict[object, object]) -> None:
        if self._recall(id(value)):
            return
        self._call("collections", "OrderedDict", ())
        self._keep(value)
        self._entries(value)
        if vars(value):
            self._emit_at(".__dict__", vars(value))
            self._out += b"b"

    def _counter(self, value: Counter[object]) -> None:
        if not self._recall(id(value)):
            self._call("collections", "Counter", (dict(value),))
            self._keep(value)

    def _set(self, value: set[object]) -> None:
        if not self._recall(id(value)):
            self._call("__builtin__", "set", (list(value),))
            self._keep(value)

    def _frozenset(self, value: frozenset[object]) -> None:
        self._call("__builtin__", "frozenset", (list(value),))

    # ---- names and calls ------------------------------------------------------------------------

    def _name(self, module: str, qualname: str) -> None:
        if not self._recall((module, qualname)):
            self._out += f"c{module}\n{qualname}\n".encode()
            self._remember((module, qualname))

    def _call(self, module: str, qualname: str, args: tuple[object, ...]) -> None:
        self._name(module, qualname)
        self._items(args)
        self._out += b"R"

    # ---- modules, and what they hold ------------------------------------------------------------

    def _global(self, value: object) -> None:
        try:
            self._name(*global_name(value))
        except TypeError as error:
            self._explain(value, error)

    def _object(self, value: object) -> None:
        if self._recall(id(value)):
            return
        try:
            parts = take_apart(value)
        except TypeError as error:
            self._explain(value, error)
        self._open_modules += 1
        self._global(parts.function)
        self._items(parts.args)
        self._out += b"\x81" if parts.new else b"R"
        self._keep(value)
        self._contents(parts)
        self._open_modules -= 1

    def _contents(self, parts: Parts) -> None:
        if parts.items:
            self._out += b"("
            for number, item in enumerate(parts.items):
                self._emit_at("", item, number)
            self._out += b"e"
        self._entries(dict(parts.entries))
        if parts.state is not None:
            self._emit_at(".__dict__", parts.state)
            self._out += b"b"

    def _explain(self, value: object, error: TypeError) -> NoReturn:
        msg = f"cannot pickle {type(value).__qualname__!r} object: {self._place()}: {error}"
        raise TypeError(msg) from error

    # ---- torch's types --------------------------------------------------------------------------

    def _size(self, value: Size) -> None:
        self._call("torch", "Size", (tuple(value),))

    def _dtype(self, value: _dtype.dtype) -> None:
        self._name("torch", value.name)

    def _layout(self, value: layout) -> None:
        self._call("torch.serialization", "_get_layout", (repr(value),))

    def _device(self, value: device) -> None:
        index = () if value.index is None else (value.index,)
        self._call("torch", "device", (value.type, *index))

    def _tensor(self, value: Tensor) -> None:
        if self._recall(id(value)):
            return
        attributes = vars(value)
        if attributes:
            self._name("torch._tensor", "_rebuild_from_type_v2")
            self._out += b"("
            self._name("torch._utils", _rebuild_name(value))
            self._name("torch", "Tensor")
            self._tensor_arguments(value)
            self._emit_at(".__dict__", attributes)
            self._out += b"t"
        else:
            self._name("torch._utils", _rebuild_name(value))
            self._tensor_arguments(value)
        self._out += b"R"
        self._keep(value)

    def _tensor_arguments(self, value: Tensor) -> None:
        kind, size = _storage_name(value.dtype), value.itemsize
        unit = 1 if value.dtype in _WIDE_DTYPES else size
        number, array, offset = self.storages.add(value._array, kind, unit)
        self._out += b"("
        self._persistent(kind, str(number), self.storages.counts[number])
        self._int(offset // size)
        self._items(array.shape)
        self._items(step // size for step in array.strides)
        self._bool(value.requires_grad)
        self._call("collections", "OrderedDict", ())
        if value.dtype in _WIDE_DTYPES:
            self._dtype(value.dtype)
        self._out += b"t"

    def _persistent(self, kind: str, key: str, count: int) -> None:
        self._out += b"("
        self._str("storage")
        self._name("torch.storage" if kind == "UntypedStorage" else "torch", kind)
        self._str(key)
        self._str("cpu")
        self._int(count)
        self._out += b"NtQ" if self._legacy else b"tQ"

    def _parameter(self, value: Parameter) -> None:
        if self._recall(id(value)):
            return
        attributes = vars(value)
        function = "_rebuild_parameter_with_state" if attributes else "_rebuild_parameter"
        self._name("torch._utils", function)
        self._out += b"("
        self._name("torch._utils", _rebuild_name(value))
        self._tensor_arguments(value)
        self._out += b"R"
        self._bool(value.requires_grad)
        self._call("collections", "OrderedDict", ())
        if attributes:
            self._emit_at(".__dict__", attributes)
        self._out += b"tR"
        self._keep(value)


def _rebuild_name(value: Tensor) -> str:
    return "_rebuild_tensor_v3" if value.dtype in _WIDE_DTYPES else "_rebuild_tensor_v2"


def _storage_name(dtype: _dtype.dtype) -> str:
    return "UntypedStorage" if dtype in _WIDE_DTYPES else f"{dtype.scalar_type}Storage"


_WRITERS: dict[type, Callable[[Emitter, Any], None]] = {
    type(None): Emitter._none,
    bool: Emitter._bool,
    int: Emitter._int,
    float: Emitter._float,
    complex: Emitter._complex,
    str: Emitter._str,
    bytes: Emitter._bytes,
    bytearray: Emitter._bytearray,
    slice: Emitter._slice,
    list: Emitter._list,
    tuple: Emitter._tuple,
    dict: Emitter._dict,
    OrderedDict: Emitter._ordered_dict,
    Counter: Emitter._counter,
    set: Emitter._set,
    frozenset: Emitter._frozenset,
    Size: Emitter._size,
    _dtype.dtype: Emitter._dtype,
    device: Emitter._device,
    layout: Emitter._layout,
    Tensor: Emitter._tensor,
    Parameter: Emitter._parameter,
    np.ndarray: numpy_array,
}
