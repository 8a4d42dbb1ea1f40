"""Element types: the dtypes, and the default one.

NumPy stores the elements; this module gives its dtypes torch's names. What they can hold is in
``_limits``, how they promote in ``_promotion``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

if TYPE_CHECKING:
    import builtins

_SUPPORTED_BY_NUMPY = (
    "float64, float32, float16, complex64, complex128, int64, int32, int16, int8, "
    "uint64, uint32, uint16, uint8, and bool"
)


class Frozen:
    """Refuses assignment and deletion of attributes, as the C types of torch do."""

    __slots__ = ()

    def __setattr__(self, name: str, _value: object) -> NoReturn:
        self._refuse(name)

    def __delattr__(self, name: str) -> NoReturn:
        self._refuse(name)

    def _refuse(self, name: str) -> NoReturn:
        kind = f"torch.{type(self).__name__}"
        known = hasattr(type(self), name)
        msg = (
            f"attribute {name!r} of {kind!r} objects is not writable"
            if known
            else f"{kind!r} object has no attribute {name!r}"
        )
        raise AttributeError(msg)


class dtype(Frozen):  # noqa: N801 - torch's name
    """The type of a tensor's elements; one object per type, compared by identity.

    Attributes:
        name: torch's name, such as ``"float32"``.
        numpy: the NumPy dtype that stores the elements, or ``None`` where there is none.
        scalar_type: the name torch's C++ messages use, such as ``"Float"``.
        is_floating_point: whether it is one of the real floating types.
        is_complex: whether it is complex.
        is_signed: whether it can hold negative numbers.
        itemsize: bytes per element.
    """

    __slots__ = (
        "__weakref__",
        "is_complex",
        "is_floating_point",
        "is_signed",
        "itemsize",
        "name",
        "numpy",
        "scalar_type",
    )

    name: str
    numpy: np.dtype | None
    scalar_type: str
    is_floating_point: builtins.bool
    is_complex: builtins.bool
    is_signed: builtins.bool
    itemsize: builtins.int

    def __new__(cls, *_args: object, **_kwargs: object) -> NoReturn:
        """Refuse: the dtypes that exist are the module's constants."""
        msg = "cannot create 'torch.dtype' instances"
        raise TypeError(msg)

    def __getattr__(self, attribute: str) -> np.dtype:
        # Reached only when a slot is empty: bfloat16 finds its NumPy dtype at first use, so that
        # importing penlight does not import ml_dtypes.
        if attribute == "numpy":
            return _load_bfloat16()
        msg = f"'torch.dtype' object has no attribute {attribute!r}"
        raise AttributeError(msg)

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        # A plain string makes pickle and copy look the singleton up by name.
        return self.name

    @property
    def abbr(self) -> str:
        """The short name, such as ``"f32"`` or ``"bf16"``."""
        kind = "bf" if self.name == "bfloat16" else self.name[0]
        return f"{kind}{8 * self.itemsize}"

    def to_real(self) -> dtype:
        """Return the type of the real part: ``float32`` for ``complex64``, else itself."""
        return _REAL_OF.get(self, self)

    def to_complex(self) -> dtype:
        """Return the complex type whose parts hold this type.

        Raises:
            RuntimeError: the type is an integer or bool, which has none.
        """
        if self.is_complex:
            return self
        if not self.is_floating_point:
            msg = f"Unknown Complex ScalarType for {self.scalar_type}"
            raise RuntimeError(msg)
        return _COMPLEX_OF[self]


def _make(
    name: str, scalar_type: str, itemsize: builtins.int, *, stored: builtins.bool = True
) -> dtype:
    made: dtype = object.__new__(dtype)  # type: ignore[arg-type] # dtype() itself refuses
    put = object.__setattr__
    put(made, "name", name)
    put(made, "scalar_type", scalar_type)
    put(made, "itemsize", itemsize)
    put(made, "is_floating_point", "float" in name)
    put(made, "is_complex", name.startswith("complex"))
    put(made, "is_signed", not name.startswith(("uint", "bool")))
    if name != "bfloat16":
        put(made, "numpy", np.dtype(name) if stored else None)
    return made


uint8 = _make("uint8", "Byte", 1)
int8 = _make("int8", "Char", 1)
int16 = short = _make("int16", "Short", 2)
int32 = int = _make("int32", "Int", 4)
int64 = long = _make("int64", "Long", 8)
uint16 = _make("uint16", "UInt16", 2)
uint32 = _make("uint32", "UInt32", 4)
uint64 = _make("uint64", "UInt64", 8)
float16 = half = _make("float16", "Half", 2)
bfloat16 = _make("bfloat16", "BFloat16", 2)
float32 = float = _make("float32", "Float", 4)
float64 = double = _make("float64", "Double", 8)
complex32 = chalf = _make("complex32", "ComplexHalf", 4, stored=False)
complex64 = cfloat = _make("complex64", "ComplexFloat", 8)
complex128 = cdouble = _make("complex128", "ComplexDouble", 16)
bool = _make("bool", "Bool", 1)

_REAL_OF = {complex32: float16, complex64: float32, complex128: float64}
_COMPLEX_OF = {float16: complex32, bfloat16: complex64, float32: complex64, float64: complex128}


class _FromNumpy(dict[np.dtype, dtype]):
    """NumPy dtype to ours; what is not there is looked into once, or refused by name."""

    def __missing__(self, key: np.dtype) -> dtype:
        if key.name == "bfloat16":
            _load_bfloat16()
            return bfloat16
        if not key.isnative:
            msg = (
                "given numpy array has byte order different from the native byte order. "
                "Conversion between byte orders is currently not supported."
            )
            raise ValueError(msg)
        kind = f"{key.type.__module__}.{key.type.__qualname__}"
        msg = (
            f"can't convert np.ndarray of type {kind}. "
            f"The only supported types are: {_SUPPORTED_BY_NUMPY}."
        )
        raise TypeError(msg)


FROM_NUMPY = _FromNumpy(
    (made.numpy, made)
    for made in (
        *(uint8, int8, int16, int32, int64, uint16, uint32, uint64, bool),
        *(float16, float32, float64, complex64, complex128),
    )
    if made.numpy is not None
)


def _load_bfloat16() -> np.dtype:
    try:
        import ml_dtypes  # noqa: PLC0415 - optional, and only bfloat16 needs it
    except ImportError:
        msg = (
            "torch.bfloat16 needs the package ml_dtypes, which gives NumPy this type and is not "
            "installed: pip install ml_dtypes"
        )
        raise ModuleNotFoundError(msg, name="ml_dtypes") from None
    found: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    object.__setattr__(bfloat16, "numpy", found)
    FROM_NUMPY[found] = bfloat16
    return found


def from_numpy(numpy_dtype: np.dtype) -> dtype:
    """Return the dtype whose elements NumPy stores as ``numpy_dtype``.

    Raises:
        TypeError: torch has no such type.
        ValueError: the byte order is not the machine's.
    """
    return FROM_NUMPY[numpy_dtype]


_default = float32


def get_default_dtype() -> dtype:
    """Return the floating dtype that new tensors of Python floats get.

    Example:
        >>> import penlight as torch
        >>> torch.get_default_dtype()
        torch.float32
    """
    return _default


def default_numpy() -> np.dtype:
    """Return the NumPy form of the default dtype."""
    return _default.numpy  # type: ignore[return-value] # every floating dtype is stored


def set_default_dtype(d: dtype, /) -> None:
    """Set the floating dtype that new tensors of Python floats get.

    Args:
        d: a real floating dtype.

    Raises:
        TypeError: ``d`` is not a floating dtype.
    """
    global _default  # noqa: PLW0603 - torch's default is process-wide too
    if not isinstance(d, dtype):
        msg = (
            "invalid dtype object: only floating-point types are supported as the default type, "
            f"got {d!r}"
        )
        raise TypeError(msg)
    if not d.is_floating_point:
        msg = f"only floating-point types are supported as the default type, got {d}"
        raise TypeError(msg)
    _ = d.numpy  # fails now, not at the next tensor, where ml_dtypes is missing
    _default = d


def check_dtype(function: str, argument: str, position: builtins.int, value: object) -> None:
    """Refuse an argument that is not a dtype, naming the function and the position."""
    if not isinstance(value, dtype):
        msg = (
            f"{function}(): argument {argument!r} (position {position}) must be torch.dtype, "
            f"not {type(value).__name__}"
        )
        raise TypeError(msg)
