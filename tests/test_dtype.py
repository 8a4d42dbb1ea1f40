"""The dtypes: identity, NumPy, the default, limits and promotion."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from penlight import _dtype, _limits, _promotion

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMES = (
    *("bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"),
    *("float16", "bfloat16", "float32", "float64", "complex32", "complex64", "complex128"),
)
_ALIASES = {
    "half": "float16",
    "float": "float32",
    "double": "float64",
    "short": "int16",
    "int": "int32",
    "long": "int64",
    "chalf": "complex32",
    "cfloat": "complex64",
    "cdouble": "complex128",
}


@pytest.fixture(autouse=True)
def _float32_is_the_default() -> Iterator[None]:
    yield
    _dtype.set_default_dtype(_dtype.float32)


def _outcome(function: Any, *arguments: Any) -> str:
    try:
        return str(function(*arguments))
    except (TypeError, RuntimeError) as error:
        return f"{type(error).__name__}: {error}"


class TestDtype:
    """The objects themselves."""

    @pytest.mark.parametrize("name", _NAMES)
    def test_prints_as_torch_and_stays_itself_through_pickle_and_copy(self, name: str) -> None:
        kind = getattr(_dtype, name)
        assert kind.name == name
        assert repr(kind) == str(kind) == f"torch.{name}"
        assert pickle.loads(pickle.dumps(kind)) is kind
        assert copy.copy(kind) is copy.deepcopy(kind) is kind

    def test_aliases_are_the_same_objects(self) -> None:
        for alias, name in _ALIASES.items():
            assert getattr(_dtype, alias) is getattr(_dtype, name)

    def test_cannot_be_made_or_changed(self) -> None:
        with pytest.raises(TypeError, match=r"cannot create 'torch\.dtype' instances"):
            _dtype.dtype("float32")
        with pytest.raises(AttributeError, match="not writable"):
            _dtype.float32.name = "float64"
        with pytest.raises(AttributeError, match=r"'torch\.dtype' object has no attribute 'extra'"):
            _dtype.float32.extra = 1
        with pytest.raises(AttributeError, match=r"'torch\.dtype' object has no attribute 'extra'"):
            _ = _dtype.float32.extra

    def test_describes_its_kind(self) -> None:
        def described(kind: _dtype.dtype) -> tuple[object, ...]:
            return kind.itemsize, kind.is_floating_point, kind.is_complex, kind.is_signed

        assert described(_dtype.float16) == (2, True, False, True)
        assert described(_dtype.bfloat16) == (2, True, False, True)
        assert described(_dtype.uint8) == (1, False, False, False)
        assert described(_dtype.int64) == (8, False, False, True)
        assert described(_dtype.bool) == (1, False, False, False)
        assert described(_dtype.complex64) == (8, False, True, True)

    def test_real_and_complex_counterparts(self) -> None:
        assert _dtype.complex64.to_real() is _dtype.float32
        assert _dtype.int8.to_real() is _dtype.int8
        assert _dtype.float64.to_complex() is _dtype.complex128
        assert _dtype.bfloat16.to_complex() is _dtype.complex64
        with pytest.raises(RuntimeError, match=r"^Unknown Complex ScalarType for Char$"):
            _dtype.int8.to_complex()

    @pytest.mark.parametrize("name", _NAMES)
    def test_agrees_with_torch(self, name: str) -> None:
        torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
        ours, theirs = getattr(_dtype, name), getattr(torch, name)
        for attribute in ("itemsize", "is_floating_point", "is_complex", "is_signed", "abbr"):
            assert getattr(ours, attribute) == getattr(theirs, attribute), attribute
        assert _outcome(ours.to_real) == _outcome(theirs.to_real)
        assert _outcome(ours.to_complex) == _outcome(theirs.to_complex)


class TestNumpy:
    """To and from NumPy's dtypes."""

    @pytest.mark.parametrize("name", [n for n in _NAMES if n not in {"bfloat16", "complex32"}])
    def test_each_stored_type_goes_to_numpy_and_back(self, name: str) -> None:
        kind = getattr(_dtype, name)
        assert kind.numpy == np.dtype(name)
        assert _dtype.from_numpy(np.dtype(name)) is kind

    def test_all_names_of_one_numpy_type_are_found(self) -> None:
        assert _dtype.from_numpy(np.dtype(np.longlong)) is _dtype.int64

    def test_bfloat16_is_stored_through_ml_dtypes(self) -> None:
        ml_dtypes = pytest.importorskip("ml_dtypes", reason="bfloat16: pip install ml_dtypes")
        assert _dtype.from_numpy(np.dtype(ml_dtypes.bfloat16)) is _dtype.bfloat16
        assert _dtype.bfloat16.numpy == np.dtype(ml_dtypes.bfloat16)

    def test_bfloat16_without_ml_dtypes_says_what_to_install(self) -> None:
        # In a process of its own: here ml_dtypes may be loaded already.
        program = (
            "import sys\n"
            "from penlight import _dtype\n"
            "assert 'ml_dtypes' not in sys.modules\n"
            "sys.modules['ml_dtypes'] = None\n"
            "for use in (lambda: _dtype.bfloat16.numpy,\n"
            "            lambda: _dtype.set_default_dtype(_dtype.bfloat16)):\n"
            "    try: use()\n"
            "    except ModuleNotFoundError as error: print(error)\n"
            "print(_dtype.get_default_dtype())\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        first, second, default = done.stdout.splitlines()
        assert first == second
        assert "pip install ml_dtypes" in first
        assert default == "torch.float32"

    @pytest.mark.parametrize(
        ("spec", "named"),
        [("U1", "numpy.str_"), ("O", "numpy.object_"), ("M8[s]", "numpy.datetime64")],
    )
    def test_other_types_are_refused_by_name(self, spec: str, named: str) -> None:
        with pytest.raises(TypeError) as caught:
            _dtype.from_numpy(np.dtype(spec))
        assert str(caught.value) == (
            f"can't convert np.ndarray of type {named}. The only supported types are: float64, "
            "float32, float16, complex64, complex128, int64, int32, int16, int8, uint64, uint32, "
            "uint16, uint8, and bool."
        )

    def test_foreign_byte_order_is_refused(self) -> None:
        with pytest.raises(ValueError, match="byte order different from the native byte order"):
            _dtype.from_numpy(np.dtype("f4").newbyteorder())


class TestDefault:
    """The dtype of Python floats."""

    def test_is_float32_and_can_be_set(self) -> None:
        assert _dtype.get_default_dtype() is _dtype.float32
        _dtype.set_default_dtype(_dtype.float64)
        assert _dtype.get_default_dtype() is _dtype.float64
        assert _dtype.default_numpy() == np.float64

    @pytest.mark.parametrize("bad", [_dtype.int32, _dtype.bool, _dtype.complex64, "float32", None])
    def test_must_be_a_floating_dtype(self, bad: Any) -> None:
        with pytest.raises(TypeError, match="only floating-point types are supported as the defau"):
            _dtype.set_default_dtype(bad)
        assert _dtype.get_default_dtype() is _dtype.float32


class TestLimits:
    """``finfo`` and ``iinfo``."""

    def test_finfo_prints_as_torch(self) -> None:
        assert repr(_limits.finfo(_dtype.float32)) == (
            "finfo(resolution=1e-06, min=-3.40282e+38, max=3.40282e+38, eps=1.19209e-07, "
            "smallest_normal=1.17549e-38, tiny=1.17549e-38, dtype=float32)"
        )
        assert repr(_limits.finfo(_dtype.bfloat16)) == (
            "finfo(resolution=0.01, min=-3.38953e+38, max=3.38953e+38, eps=0.0078125, "
            "smallest_normal=1.17549e-38, tiny=1.17549e-38, dtype=bfloat16)"
        )

    @pytest.mark.parametrize("name", ["float16", "float32", "float64"])
    def test_finfo_has_the_values_of_numpy(self, name: str) -> None:
        ours, expected = _limits.finfo(getattr(_dtype, name)), np.finfo(name)
        for limit in ("bits", "eps", "max", "min", "smallest_normal", "tiny"):
            assert getattr(ours, limit) == getattr(expected, limit), limit

    def test_finfo_is_of_the_default_dtype_when_none_is_given(self) -> None:
        assert _limits.finfo().dtype == "float32"
        _dtype.set_default_dtype(_dtype.float64)
        assert _limits.finfo() == _limits.finfo(_dtype.float64)

    def test_iinfo_prints_and_holds_the_limits(self) -> None:
        assert repr(_limits.iinfo(_dtype.int8)) == "iinfo(min=-128, max=127, dtype=int8)"
        info = _limits.iinfo(_dtype.int64)
        assert (info.bits, info.min, info.max) == (64, -(2**63), 2**63 - 1)
        assert _limits.iinfo(_dtype.uint64).max == 2**64 - 1

    def test_each_refuses_the_types_of_the_other(self) -> None:
        with pytest.raises(TypeError, match=r"floating point input type.*torch\.int8"):
            _limits.finfo(_dtype.int8)
        with pytest.raises(TypeError, match=r"integer input type.*torch\.float16"):
            _limits.iinfo(_dtype.float16)
        with pytest.raises(TypeError, match=r"torch\.bool is not supported by torch\.iinfo"):
            _limits.iinfo(_dtype.bool)
        with pytest.raises(TypeError, match=r"finfo\(\).*must be torch\.dtype, not str"):
            _limits.finfo("float32")

    def test_limits_compare_by_dtype_and_cannot_be_changed(self) -> None:
        assert _limits.finfo(_dtype.float32) == _limits.finfo(_dtype.complex64)
        assert _limits.finfo(_dtype.float32) != _limits.finfo(_dtype.float64)
        assert _limits.iinfo(_dtype.int8) != _limits.iinfo(_dtype.int16)
        with pytest.raises(
            AttributeError, match=r"'eps' of 'torch\.finfo' objects is not writable"
        ):
            _limits.finfo().eps = 1.0

    @pytest.mark.parametrize("name", _NAMES)
    def test_agree_with_torch(self, name: str) -> None:
        torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
        floating = ("bits", "eps", "max", "min", "resolution", "smallest_normal", "tiny", "dtype")
        for kind, attributes in (("finfo", floating), ("iinfo", ("bits", "max", "min", "dtype"))):
            try:
                theirs = getattr(torch, kind)(getattr(torch, name))
            except TypeError:
                with pytest.raises(TypeError):
                    getattr(_limits, kind)(getattr(_dtype, name))
                continue
            ours = getattr(_limits, kind)(getattr(_dtype, name))
            assert repr(ours) == repr(theirs)
            assert [getattr(ours, a) for a in attributes] == [
                getattr(theirs, a) for a in attributes
            ]


class TestPromotion:
    """What dtype comes of two."""

    @pytest.mark.parametrize(
        ("first", "second", "result"),
        [
            ("uint8", "int8", "int16"),
            ("uint8", "int64", "int64"),
            ("bool", "uint8", "uint8"),
            ("int64", "float16", "float16"),
            ("float16", "bfloat16", "float32"),
            ("float32", "float64", "float64"),
            ("float64", "complex64", "complex128"),
            ("uint16", "uint16", "uint16"),
            ("uint16", "float16", "float16"),
        ],
    )
    def test_promotes_both_ways_round(self, first: str, second: str, result: str) -> None:
        one, other = getattr(_dtype, first), getattr(_dtype, second)
        assert _promotion.promote_types(one, other) is getattr(_dtype, result)
        assert _promotion.promote_types(other, one) is getattr(_dtype, result)

    def test_wide_unsigned_integers_promote_with_no_other_integer(self) -> None:
        with pytest.raises(RuntimeError) as caught:
            _promotion.promote_types(_dtype.uint8, _dtype.uint16)
        assert str(caught.value) == (
            "Promotion for uint16, uint32, uint64 types is not supported, "
            "attempted to promote Byte and UInt16"
        )

    def test_only_dtypes_promote(self) -> None:
        with pytest.raises(TypeError) as caught:
            _promotion.promote_types(_dtype.int8, 2)
        assert str(caught.value) == (
            "promote_types(): argument 'type2' (position 2) must be torch.dtype, not int"
        )

    def test_can_cast_never_loses_a_kind(self) -> None:
        assert _promotion.can_cast(_dtype.float64, _dtype.float16)
        assert _promotion.can_cast(_dtype.int64, _dtype.uint8)
        assert not _promotion.can_cast(_dtype.float16, _dtype.int64)
        assert not _promotion.can_cast(_dtype.complex64, _dtype.float64)
        assert not _promotion.can_cast(_dtype.uint8, _dtype.bool)

    def test_tables_are_those_of_torch(self) -> None:
        torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
        for function, (first, second) in product(
            ("promote_types", "can_cast"), product(_NAMES, repeat=2)
        ):
            ours = getattr(_promotion, function), getattr(_dtype, first), getattr(_dtype, second)
            theirs = getattr(torch, function), getattr(torch, first), getattr(torch, second)
            assert _outcome(*ours) == _outcome(*theirs), (function, first, second)


class TestResultType:
    """Arrays outrank 0-d arrays, which outrank numbers."""

    @pytest.mark.parametrize(
        ("operands", "result"),
        [
            ((np.ones(2, np.int8), 1), "int8"),
            ((np.ones(2, np.int8), 1.0), "float32"),
            ((np.ones(2, np.float16), 1.0), "float16"),
            ((np.ones(2, np.float16), np.float64(1.0)), "float16"),
            ((np.ones(2, np.float16), np.array(1.0)), "float16"),
            ((np.ones(2, np.int8), np.array(1, np.int64)), "int8"),
            ((np.ones(2, np.int8), np.array(1.0)), "float64"),
            ((np.array(1, np.int8), 1.0), "float32"),
            ((np.ones(2, bool), 1), "int64"),
            ((np.ones(2, np.uint8), True), "uint8"),
            ((np.ones(2, np.uint8), np.ones(1, np.int8)), "int16"),
            ((np.ones(2, np.float64), 2j), "complex128"),
            ((1, 2.0), "float32"),
            ((True, False), "bool"),
            ((np.ones(2, np.int32), np.ones(2, np.float16), 3.0), "float16"),
        ],
    )
    def test_ranks_operands(self, operands: tuple[Any, ...], result: str) -> None:
        assert _promotion.result_dtype(operands) is getattr(_dtype, result)
        assert _promotion.result_dtype(operands[::-1]) is getattr(_dtype, result)

    def test_python_floats_take_the_default_dtype(self) -> None:
        _dtype.set_default_dtype(_dtype.float64)
        assert _promotion.result_dtype((np.ones(2, np.int8), 1.0)) is _dtype.float64

    def test_neither_tensor_nor_number_is_refused(self) -> None:
        with pytest.raises(TypeError, match=r"result_type\(\) received an invalid .*\(str, int\)"):
            _promotion.result_type("a", 2)
        with pytest.raises(TypeError, match="expected a tensor or a number, got NoneType"):
            _promotion.result_dtype((np.ones(2), None))

    def test_pairs_agree_with_torch(self) -> None:
        torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
        arrays = [np.ones(shape, n) for shape in ((), (2,)) for n in _NAMES if _has_plain_array(n)]
        numbers = [True, 3, 2.5, 2j, np.float32(1), np.float64(1), np.int32(1), np.bool_(1)]
        for one, other in product([*arrays, *numbers], repeat=2):
            pair = [torch.from_numpy(x) if isinstance(x, np.ndarray) else x for x in (one, other)]
            expected = _outcome(torch.result_type, *pair)
            assert _outcome(_promotion.result_type, one, other) == expected, (one, other)


def _has_plain_array(name: str) -> bool:
    return name not in {"bfloat16", "complex32"}
