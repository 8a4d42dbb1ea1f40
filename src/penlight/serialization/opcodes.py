"""A reader of pickle streams that runs nothing.

Python's ``pickle`` imports the names it meets in a file and calls them. This reader has the same
stack, marks and memo, but a name is only ever looked up in the table it was given: there stand
penlight's own builders, which check their arguments. A name that is not in the table stays a name,
and what would have been made by calling it becomes an :class:`UnknownObject`. Opcodes of protocols
0 and 1 that neither torch nor Python has written since, and those for extension registries and
out-of-band buffers, are refused.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from struct import Struct
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from ._errors import CheckpointError
from .classes import make_instance, set_class_state
from .inert import UnknownName, UnknownObject, describe
from .limits import Budget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Builder = Callable[..., object]
    KeyMaker = Callable[..., Iterable[object]]
    StateSetter = Callable[[object, object], None]

HIGHEST_PROTOCOL = 5
LOWEST_PROTOCOL = 2
_LONGEST_INT = 1024  # bytes; torch writes seeds and counters, which are far shorter
_LONGEST_NAME = 1024

_FLOAT = Struct(">d")
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_DICTS = (dict, OrderedDict, Counter)
_STOP, _PERSISTENT = ord("."), ord("Q")
_BAD_CONTENT = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RuntimeError)


class Names:
    """What the names in a file mean.

    Attributes:
        values: names that stand for a value, such as a dtype.
        builders: names that the file may call, with the function that is called in their place.
        states: for the types of objects that accept a state after they were built, what sets it.
        key_makers: for the builders that make dict keys or set items of what they are given, what
            returns these.
        classes: the classes that the caller allows, by the names that files give them.
    """

    def __init__(
        self,
        values: Mapping[str, object],
        builders: Mapping[str, Builder],
        states: Mapping[type, StateSetter],
        key_makers: Mapping[str, KeyMaker] = _NOTHING,
        classes: Mapping[str, type] = _NOTHING,
    ) -> None:
        self.values = values
        self.builders = builders
        self.states = states
        self.key_makers = key_makers
        self.classes = classes

    def allowing(self, values: Mapping[str, object], classes: Mapping[str, type]) -> Names:
        """Return these names with more values, and classes that the caller allows."""
        return Names(
            {**self.values, **values}, self.builders, self.states, self.key_makers, classes
        )


class PickleReader:
    """Reads one object from a pickle stream.

    Args:
        data: the stream; what follows the first object is left alone.
        names: what the names in it mean.
        load_persistent: returns the object for a persistent id, or raises :class:`CheckpointError`.
        where: what the stream is, for messages.
        strict: refuse a name that is not in ``names``.
        encoding: of Python 2's byte strings; ``"bytes"`` leaves them bytes.
        start: where in ``data`` to begin.
    """

    def __init__(
        self,
        data: bytes | memoryview,
        names: Names,
        load_persistent: Callable[[object], object],
        *,
        where: str = "data.pkl",
        strict: bool = False,
        encoding: str = "utf-8",
        start: int = 0,
    ) -> None:
        self._data = memoryview(data)
        self._names = names
        self._load_persistent = load_persistent
        self._where = where
        self._strict = strict
        self._encoding = encoding
        self._position = self._opcode_at = start
        self._stack: list[object] = []
        self._marks: list[int] = []
        self._memo: dict[int, object] = {}
        self._allowed = frozenset(names.classes.values())
        self._budget = Budget(len(self._data) - start)

    @property
    def position(self) -> int:
        """Where the next byte is read."""
        return self._position

    def read(self) -> object:
        """Return the object.

        Raises:
            CheckpointError: the stream is damaged, cut off, or asks for what is not allowed.
        """
        actions = _ACTIONS
        while True:
            self._opcode_at = self._position
            code = self._take(1)[0]
            if code == _STOP:
                break
            action = actions.get(code)
            if action is None:
                self.refuse(f"opcode 0x{code:02x} is not one that a checkpoint needs")
            try:
                action(self)
            except CheckpointError:
                raise
            except _BAD_CONTENT as error:
                if code == _PERSISTENT:  # may have come from the user's map_location
                    raise
                self.refuse(str(error), error)
        result = self._pop()
        if self._stack or self._marks:
            self.refuse(f"the stream stops with {len(self._stack)} objects left over")
        return result

    def refuse(self, reason: str, cause: BaseException | None = None) -> NoReturn:
        """Raise an error that names the place."""
        msg = f"{self._where}, byte {self._opcode_at}: {reason}"
        raise CheckpointError(msg) from cause

    # ---- bytes, stack and marks -----------------------------------------------------------------

    def _take(self, count: int) -> memoryview:
        begin = self._position
        end = begin + count
        if end > len(self._data):
            left = len(self._data) - begin
            self.refuse(f"the stream is cut off: {count} bytes are wanted and {left} are left")
        self._position = end
        return self._data[begin:end]

    def _unsigned(self, size: int) -> int:
        return int.from_bytes(self._take(size), "little")

    def _line(self) -> str:
        begin = self._position
        window = bytes(self._data[begin : begin + _LONGEST_NAME])
        length = window.find(b"\n")
        if length < 0:
            self.refuse(f"a name does not end within {_LONGEST_NAME} bytes")
        self._position = begin + length + 1
        return window[:length].decode()

    def _push(self, value: object) -> None:
        self._stack.append(value)

    def _floor(self) -> int:
        return self._marks[-1] if self._marks else 0

    def _pop(self) -> object:
        if len(self._stack) <= self._floor():
            self.refuse("the stack is empty")
        return self._stack.pop()

    def _top(self) -> object:
        if len(self._stack) <= self._floor():
            self.refuse("the stack is empty")
        return self._stack[-1]

    def _pop_to_mark(self) -> list[object]:
        if not self._marks:
            self.refuse("there is no mark on the stack")
        begin = self._marks.pop()
        items = self._stack[begin:]
        del self._stack[begin:]
        return items

    # ---- numbers, strings and frames ------------------------------------------------------------

    def _protocol(self) -> None:
        version = self._unsigned(1)
        if not LOWEST_PROTOCOL <= version <= HIGHEST_PROTOCOL:
            self.refuse(
                f"pickle protocol {version}; {LOWEST_PROTOCOL} to {HIGHEST_PROTOCOL} can be read"
            )

    def _frame(self) -> None:
        size = self._unsigned(8)
        if size > len(self._data) - self._position:
            self.refuse(f"a frame of {size} bytes does not fit in the stream")

    def _signed_32(self) -> None:
        self._push(int.from_bytes(self._take(4), "little", signed=True))

    def _long(self, size: int) -> None:
        if size > _LONGEST_INT:
            self.refuse(f"an integer of {size} bytes; at most {_LONGEST_INT} are accepted")
        self._push(int.from_bytes(self._take(size), "little", signed=True))

    def _float(self) -> None:
        self._push(_FLOAT.unpack(self._take(8))[0])

    def _text(self, size: int) -> None:
        self._push(str(self._take(size), "utf-8", "surrogatepass"))

    def _bytes(self, size: int) -> None:
        self._push(bytes(self._take(size)))

    def _bytearray(self) -> None:
        self._push(bytearray(self._take(self._unsigned(8))))

    def _old_string(self, size: int) -> None:
        data = bytes(self._take(size))
        self._push(data if self._encoding == "bytes" else data.decode(self._encoding))

    # ---- memo -----------------------------------------------------------------------------------

    def _get(self, index: int) -> None:
        if index not in self._memo:
            self.refuse(f"memo entry {index} was never written")
        self._push(self._memo[index])

    def _put(self, index: int) -> None:
        self._memo[index] = self._top()

    def _memoize(self) -> None:
        self._memo[len(self._memo)] = self._top()

    # ---- containers -----------------------------------------------------------------------------

    def _mark(self) -> None:
        self._marks.append(len(self._stack))

    def _pop_mark(self) -> None:
        self._pop_to_mark()

    def _pop_or_unmark(self) -> None:
        if self._marks and len(self._stack) == self._marks[-1]:
            self._marks.pop()
        else:
            self._pop()

    def _tuple(self, size: int) -> None:
        if len(self._stack) - size < self._floor():
            self.refuse("the stack is empty")
        items = tuple(self._stack[len(self._stack) - size :])
        del self._stack[len(self._stack) - size :]
        self._push(items)

    def _append(self, items: list[object]) -> None:
        target = self._top()
        if type(target) is list:
            target.extend(items)
        elif isinstance(target, UnknownObject):
            target.appended.extend(items)
        elif type(target) in self._allowed and isinstance(target, list):
            target.extend(items)
        else:
            self.refuse(f"items are appended to {describe(target)}")

    def _set_items(self, items: list[object]) -> None:
        target = self._top()
        if len(items) % 2:
            self.refuse("a key has no value")
        pairs = zip(items[::2], items[1::2], strict=True)
        if isinstance(target, UnknownObject):
            target.entries.extend(pairs)
        elif type(target) in _DICTS or (type(target) in self._allowed and isinstance(target, dict)):
            for key, value in pairs:
                self._check_key(key)
                target[key] = value  # type: ignore[index] # a dict of some kind
        else:
            self.refuse(f"keys are set in {describe(target)}")

    def _add_items(self) -> None:
        items = self._pop_to_mark()
        target = self._top()
        if isinstance(target, UnknownObject):
            target.appended.extend(items)
        elif type(target) is set or (type(target) in self._allowed and isinstance(target, set)):
            for item in items:
                self._check_key(item)
            target.update(items)
        else:
            self.refuse(f"items are added to {describe(target)}")

    def _frozenset(self) -> None:
        items = self._pop_to_mark()
        for item in items:
            self._check_key(item)
        self._push(frozenset(items))

    def _pop_pair(self) -> list[object]:
        value = self._pop()
        return [self._pop(), value]

    def _check_key(self, key: object) -> None:
        try:
            self._budget.check_key(key)
        except CheckpointError as error:
            self.refuse(str(error))

    # ---- names and objects ----------------------------------------------------------------------

    def _global(self) -> None:
        module = self._line()
        self._name(module, self._line())

    def _stack_global(self) -> None:
        qualname, module = self._pop(), self._pop()
        if not isinstance(module, str) or not isinstance(qualname, str):
            self.refuse("a name is not a string")
        self._name(module, qualname)

    def _name(self, module: str, qualname: str) -> None:
        name = UnknownName(module, qualname)
        names = self._names
        if name.name in names.classes:
            self._push(names.classes[name.name])
            return
        if name.name in names.values:
            self._push(names.values[name.name])
            return
        if self._strict and name.name not in names.builders:
            self.refuse(f"the file refers to {name.name}, which is not known (strict=True)")
        self._push(name)

    def _reduce(self) -> None:
        args = self._pop()
        self._call(self._pop(), args, {})

    def _new_object(self) -> None:
        args = self._pop()
        self._call(self._pop(), args, {}, new=True)

    def _new_object_ex(self) -> None:
        kwargs, args = self._pop(), self._pop()
        if type(kwargs) is not dict:
            self.refuse(f"keyword arguments are {describe(kwargs)}, not a dict")
        self._call(self._pop(), args, kwargs, new=True)

    def _call(
        self, function: object, args: object, kwargs: dict[str, object], *, new: bool = False
    ) -> None:
        if type(args) is not tuple:
            self.refuse(f"arguments are {describe(args)}, not a tuple")
        self._spend(args)
        if isinstance(function, type) and function in self._allowed:
            self._push(make_instance(function, args, kwargs, new=new))
            return
        if not isinstance(function, UnknownName):
            self.refuse(f"{describe(function)} is called, which is not a name")
        builder = self._names.builders.get(function.name)
        if builder is None:
            self._push(UnknownObject(function.name, args, kwargs))
        elif kwargs:
            self.refuse(f"{function.name} is called with keyword arguments")
        else:
            self._build_known(function.name, builder, args)

    def _build_known(self, name: str, builder: Builder, args: tuple[object, ...]) -> None:
        if name in self._names.key_makers:
            self._spend(args, hashed=True)
            for key in self._names.key_makers[name](*args):
                self._check_key(key)
        try:
            self._push(builder(*args))
        except CheckpointError as error:
            self.refuse(f"{name}: {error}")
        except _BAD_CONTENT as error:
            self.refuse(f"{name} refuses its arguments: {error}", error)

    def _spend(self, values: tuple[object, ...], *, hashed: bool = False) -> None:
        try:
            self._budget.spend(values, hashed=hashed)
        except CheckpointError as error:
            self.refuse(str(error))

    def _build(self) -> None:
        state, target = self._pop(), self._top()
        if isinstance(target, UnknownObject):
            target.state = state
            return
        self._spend(state if isinstance(state, tuple) else (state,))
        if type(target) in self._allowed:
            set_class_state(target, state)
            return
        states = self._names.states
        setter = next((states[kind] for kind in type(target).__mro__ if kind in states), None)
        if setter is None:
            self.refuse(f"a state is set on {describe(target)}, which has none")
        try:
            setter(target, state)
        except CheckpointError as error:
            self.refuse(f"the state of {describe(target)}: {error}")

    def _persistent(self) -> None:
        try:
            self._push(self._load_persistent(self._pop()))
        except CheckpointError as error:
            self.refuse(str(error))


def _sized(take: Callable[[PickleReader, int], None], size: int) -> Callable[[PickleReader], None]:
    """Return an action whose argument is an unsigned number of ``size`` bytes."""
    return lambda reader: take(reader, reader._unsigned(size))


def _constant(value: object) -> Callable[[PickleReader], None]:
    return lambda reader: reader._push(value)


_ACTIONS: dict[int, Callable[[PickleReader], None]] = {
    ord("\x80"): PickleReader._protocol,
    ord("\x95"): PickleReader._frame,
    ord("N"): _constant(None),
    ord("\x88"): _constant(True),
    ord("\x89"): _constant(False),
    ord("K"): _sized(PickleReader._push, 1),
    ord("M"): _sized(PickleReader._push, 2),
    ord("J"): PickleReader._signed_32,
    ord("\x8a"): _sized(PickleReader._long, 1),
    ord("\x8b"): _sized(PickleReader._long, 4),
    ord("G"): PickleReader._float,
    ord("\x8c"): _sized(PickleReader._text, 1),
    ord("X"): _sized(PickleReader._text, 4),
    ord("\x8d"): _sized(PickleReader._text, 8),
    ord("C"): _sized(PickleReader._bytes, 1),
    ord("B"): _sized(PickleReader._bytes, 4),
    ord("\x8e"): _sized(PickleReader._bytes, 8),
    ord("\x96"): PickleReader._bytearray,
    ord("U"): _sized(PickleReader._old_string, 1),
    ord("T"): _sized(PickleReader._old_string, 4),
    ord("h"): _sized(PickleReader._get, 1),
    ord("j"): _sized(PickleReader._get, 4),
    ord("q"): _sized(PickleReader._put, 1),
    ord("r"): _sized(PickleReader._put, 4),
    ord("\x94"): PickleReader._memoize,
    ord("("): PickleReader._mark,
    ord("0"): PickleReader._pop_or_unmark,
    ord("1"): PickleReader._pop_mark,
    ord(")"): lambda reader: reader._push(()),
    ord("\x85"): lambda reader: reader._tuple(1),
    ord("\x86"): lambda reader: reader._tuple(2),
    ord("\x87"): lambda reader: reader._tuple(3),
    ord("t"): lambda reader: reader._push(tuple(reader._pop_to_mark())),
    ord("]"): lambda reader: reader._push([]),
    ord("a"): lambda reader: reader._append([reader._pop()]),
    ord("e"): lambda reader: reader._append(reader._pop_to_mark()),
    ord("}"): lambda reader: reader._push({}),
    ord("s"): lambda reader: reader._set_items(reader._pop_pair()),
    ord("u"): lambda reader: reader._set_items(reader._pop_to_mark()),
    ord("\x8f"): lambda reader: reader._push(set()),
    ord("\x90"): PickleReader._add_items,
    ord("\x91"): PickleReader._frozenset,
    ord("c"): PickleReader._global,
    ord("\x93"): PickleReader._stack_global,
    ord("R"): PickleReader._reduce,
    ord("\x81"): PickleReader._new_object,
    ord("\x92"): PickleReader._new_object_ex,
    ord("b"): PickleReader._build,
    ord("Q"): PickleReader._persistent,
}
