"""Printing: golden texts recorded from torch 2.13, and thousands of arrays compared with it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as arrays

from penlight import _dtype, _tensor_str
from penlight._tensor import wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

_CASES = 4000  # of the seeded comparison with torch: about three seconds
_NAN, _INF = math.nan, math.inf


@pytest.fixture(autouse=True)
def _default_options() -> Iterator[None]:
    yield
    _tensor_str.set_printoptions(profile="default")
    _dtype.set_default_dtype(_dtype.float32)


def _printed(values: Any, name: str, **suffixes: Any) -> str:
    kind = getattr(_dtype, name)
    return _tensor_str.format_array(np.asarray(values).astype(kind.numpy), kind, **suffixes)


_ONE_LINE = [
    (1, "int64", "tensor(1)"),
    (1.0, "float32", "tensor(1.)"),
    (True, "bool", "tensor(True)"),
    (_NAN, "float32", "tensor(nan)"),
    (123456.789, "float32", "tensor(123456.7891)"),
    (1.5, "float64", "tensor(1.5000, dtype=torch.float64)"),
    ([1.0, -2.5], "float32", "tensor([ 1.0000, -2.5000])"),
    ([1.0, 2.0], "float32", "tensor([1., 2.])"),
    ([0.0, -0.0], "float32", "tensor([0., -0.])"),
    ([1.0, _NAN, _INF, -_INF], "float32", "tensor([1., nan, inf, -inf])"),
    ([1.5, _NAN, -_INF], "float32", "tensor([1.5000,    nan,   -inf])"),
    ([_NAN], "float32", "tensor([nan])"),
    ([1e-5, 1.0, _INF], "float32", "tensor([1.0000e-05, 1.0000e+00,        inf])"),
    ([1.0, 1000.0], "float32", "tensor([   1., 1000.])"),
    ([1.0, 1001.0], "float32", "tensor([1.0000e+00, 1.0010e+03])"),
    ([1e8], "float32", "tensor([100000000.])"),
    ([1e9], "float32", "tensor([1.0000e+09])"),
    # As a float32 this is a little below the bound of 1e-4, as a float64 it is not.
    ([1e-4], "float32", "tensor([1.0000e-04])"),
    ([1e-4], "float64", "tensor([0.0001], dtype=torch.float64)"),
    ([1e-45], "float32", "tensor([1.4013e-45])"),
    ([1.5], "float16", "tensor([1.5000], dtype=torch.float16)"),
    ([1, -100, 3], "int64", "tensor([   1, -100,    3])"),
    ([True, False], "bool", "tensor([ True, False])"),
    ([2**63], "uint64", "tensor([9223372036854775808], dtype=torch.uint64)"),
    (np.arange(2000), "int64", "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"),
    ([], "float32", "tensor([])"),
    (np.zeros((0, 3)), "float32", "tensor([], size=(0, 3))"),
    (np.zeros((2, 0)), "int32", "tensor([], size=(2, 0), dtype=torch.int32)"),
    # Nothing in an empty tensor tells int64 or bool, so these are named.
    ([], "int64", "tensor([], dtype=torch.int64)"),
    ([], "bool", "tensor([], dtype=torch.bool)"),
]

_SEVERAL_LINES = [
    (
        [[1, 2], [3, 4]],
        "uint8",
        """\
tensor([[1, 2],
        [3, 4]], dtype=torch.uint8)""",
    ),
    (
        np.zeros((2, 2, 2)),
        "float32",
        """\
tensor([[[0., 0.],
         [0., 0.]],

        [[0., 0.],
         [0., 0.]]])""",
    ),
    (
        np.zeros((2, 2, 1, 2)),
        "int64",
        """\
tensor([[[[0, 0]],

         [[0, 0]]],


        [[[0, 0]],

         [[0, 0]]]])""",
    ),
    (
        np.arange(2000),
        "float32",
        """\
tensor([0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 1.9970e+03, 1.9980e+03,
        1.9990e+03])""",
    ),
    (
        np.zeros((2, 2000)),
        "float32",
        """\
tensor([[0., 0., 0.,  ..., 0., 0., 0.],
        [0., 0., 0.,  ..., 0., 0., 0.]])""",
    ),
    (
        np.arange(12) / 3,
        "float64",
        """\
tensor([0.0000, 0.3333, 0.6667, 1.0000, 1.3333, 1.6667, 2.0000, 2.3333, 2.6667,
        3.0000, 3.3333, 3.6667], dtype=torch.float64)""",
    ),
    (
        np.zeros((7, 2, 80)),
        "int8",
        """\
tensor([[[0, 0, 0,  ..., 0, 0, 0],
         [0, 0, 0,  ..., 0, 0, 0]],

        [[0, 0, 0,  ..., 0, 0, 0],
         [0, 0, 0,  ..., 0, 0, 0]],

        [[0, 0, 0,  ..., 0, 0, 0],
         [0, 0, 0,  ..., 0, 0, 0]],

        ...,

        [[0, 0, 0,  ..., 0, 0, 0],
         [0, 0, 0,  ..., 0, 0, 0]],

        [[0, 0, 0,  ..., 0, 0, 0],
         [0, 0, 0,  ..., 0, 0, 0]],

        [[0, 0, 0,  ..., 0, 0, 0],
         [0, 0, 0,  ..., 0, 0, 0]]], dtype=torch.int8)""",
    ),
]


class TestText:
    """What is printed with the options as they start."""

    @pytest.mark.parametrize(("values", "name", "text"), [*_ONE_LINE, *_SEVERAL_LINES])
    def test_is_that_of_torch(self, values: Any, name: str, text: str) -> None:
        assert _printed(values, name) == text

    def test_bfloat16_prints_its_rounded_values(self) -> None:
        pytest.importorskip("ml_dtypes", reason="bfloat16: pip install ml_dtypes")
        assert _printed([70000.0], "bfloat16") == "tensor([70144.], dtype=torch.bfloat16)"

    def test_default_dtype_is_not_named(self) -> None:
        _dtype.set_default_dtype(_dtype.float64)
        assert _printed([1.5], "float64") == "tensor([1.5000])"
        assert _printed([1.5], "float32") == "tensor([1.5000], dtype=torch.float32)"

    def test_summary_looks_only_at_what_it_shows(self) -> None:
        values = np.ones(2001)
        values[1000] = 1e-9
        assert _printed(values, "float32") == "tensor([1., 1., 1.,  ..., 1., 1., 1.])"

    def test_complex_is_refused(self) -> None:
        with pytest.raises(NotImplementedError, match=r"complex tensors.*torch\.complex64"):
            _printed([1j], "complex64")


class TestSuffixes:
    """Gradients, and the order and wrapping of what follows the values."""

    def test_requires_grad_is_shown_unless_a_node_is(self) -> None:
        assert _printed([1.5], "float32", requires_grad=True) == (
            "tensor([1.5000], requires_grad=True)"
        )
        assert _printed([3.0], "float32", requires_grad=True, grad_fn_name="MulBackward0") == (
            "tensor([3.], grad_fn=<MulBackward0>)"
        )

    def test_come_in_the_order_of_torch(self) -> None:
        assert _printed(np.zeros((0, 3)), "float64", requires_grad=True) == (
            "tensor([], size=(0, 3), dtype=torch.float64, requires_grad=True)"
        )

    def test_go_to_a_new_line_when_the_last_one_is_full(self) -> None:
        values = np.full(9, 1.5)
        assert _printed(values, "float32", grad_fn_name="MulBackward0") == (
            "tensor([1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000],\n"
            "       grad_fn=<MulBackward0>)"
        )

    def test_other_contents_can_take_the_place_of_the_values(self) -> None:
        assert _printed([1.5], "float64", tensor_contents="abc") == (
            "tensor(abc, dtype=torch.float64)"
        )


class TestTensor:
    """The text of tensors themselves."""

    def test_names_the_node_that_made_it(self) -> None:
        leaf = wrap(np.array([1.5, 2.5], np.float32))
        assert repr(leaf) == str(leaf) == "tensor([1.5000, 2.5000])"
        leaf.requires_grad = True
        assert repr(leaf) == "tensor([1.5000, 2.5000], requires_grad=True)"
        assert repr(leaf * 2) == "tensor([3., 5.], grad_fn=<MulBackward0>)"

    def test_takes_other_contents(self) -> None:
        leaf = wrap(np.array([1.5], np.float64))
        assert _tensor_str.tensor_str(leaf, tensor_contents="abc") == (
            "tensor(abc, dtype=torch.float64)"
        )

    def test_formats_as_its_number_only_without_dimensions(self) -> None:
        number = wrap(np.array(1.23456, np.float32))
        assert f"{number:.2f}" == "1.23"
        assert f"{number}" == "1.2345600128173828"
        assert f"{wrap(np.array(3)):>5}" == "    3"
        assert f"{wrap(np.array([1.0], np.float32))}" == "tensor([1.])"
        with pytest.raises(
            TypeError, match=r"unsupported format string passed to Tensor\.__format_"
        ):
            format(wrap(np.array([1.0])), ".2f")


class TestOptions:
    """``set_printoptions``."""

    values = np.arange(24.0).reshape(2, 12) / 7

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            (
                {"threshold": 5, "edgeitems": 1},
                "tensor([[0.0000,  ..., 1.5714],\n        [1.7143,  ..., 3.2857]])",
            ),
            ({"threshold": 5, "edgeitems": 0}, "tensor([...], size=(2, 12))"),
            (
                {"profile": "short", "threshold": 5},
                "tensor([[0.00, 0.14,  ..., 1.43, 1.57],\n        [1.71, 1.86,  ..., 3.14, 3.29]])",
            ),
            (
                {"threshold": 5, "edgeitems": 1, "sci_mode": True, "precision": 1},
                "tensor([[0.0e+00,  ..., 1.6e+00],\n        [1.7e+00,  ..., 3.3e+00]])",
            ),
        ],
    )
    def test_change_the_text(self, options: dict[str, Any], text: str) -> None:
        _tensor_str.set_printoptions(**options)
        assert _printed(self.values, "float32") == text

    def test_linewidth_wraps_rows(self) -> None:
        _tensor_str.set_printoptions(linewidth=40)
        assert _printed(self.values[0], "float32") == (
            "tensor([0.0000, 0.1429, 0.2857, 0.4286,\n"
            "        0.5714, 0.7143, 0.8571, 1.0000,\n"
            "        1.1429, 1.2857, 1.4286, 1.5714])"
        )

    def test_full_profile_summarises_nothing(self) -> None:
        _tensor_str.set_printoptions(profile="full")
        assert "..." not in _printed(np.zeros(2000), "float32")

    def test_last_until_changed_except_sci_mode(self) -> None:
        _tensor_str.set_printoptions(precision=2, sci_mode=True)
        _tensor_str.set_printoptions(edgeitems=5)
        assert _tensor_str.get_printoptions() == {
            "precision": 2,
            "threshold": 1000,
            "edgeitems": 5,
            "linewidth": 80,
            "sci_mode": None,
        }

    def test_a_block_puts_the_old_options_back(self) -> None:
        _tensor_str.set_printoptions(sci_mode=True)
        before = _tensor_str.get_printoptions()

        def fail_inside() -> None:
            with _tensor_str.printoptions(precision=1, sci_mode=False):
                assert _printed([1.25], "float32") == "tensor([1.2])"
                raise KeyError

        with pytest.raises(KeyError):
            fail_inside()
        assert _tensor_str.get_printoptions() == before

    @pytest.mark.parametrize(
        ("options", "error", "phrase"),
        [
            ({"precision": -1}, ValueError, "precision must not be negative, got -1"),
            ({"precision": 2.5}, TypeError, "precision must be an int, got float"),
            ({"threshold": "many"}, TypeError, "threshold must be a number, got str"),
            ({"threshold": _NAN}, ValueError, "threshold must not be negative, got nan"),
            ({"profile": "long"}, ValueError, "'long': expected one of 'default', 'short', 'full'"),
        ],
    )
    def test_bad_ones_are_refused_and_change_nothing(
        self, options: dict[str, Any], error: type[Exception], phrase: str
    ) -> None:
        with pytest.raises(error, match=phrase):
            _tensor_str.set_printoptions(linewidth=20, **options)
        assert _tensor_str.get_printoptions()["linewidth"] == 80


class _Sampler:
    """Random arrays, options and suffixes that reach every rule of the printer."""

    shapes = (
        *((), (1,), (7,), (30,), (100,), (1001,), (0,), (0, 3), (2, 0), (3, 4), (2, 600), (40, 40)),
        *((2000, 3), (2, 3, 4), (9, 8, 20), (6, 7, 40), (2, 2, 2, 2), (2, 3, 1, 4, 5)),
    )
    floats = ("float32", "float64", "float16", "bfloat16")
    integers = ("int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64")
    choices: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("precision", (0, 1, 2, 3, 6, 10)),
        ("threshold", (0, 5, 100, _INF)),
        ("edgeitems", (0, 1, 2, 5)),
        ("linewidth", (0, 20, 40, 60, 90.5, 120, 1000)),
        ("sci_mode", (True, False)),
        ("profile", ("default", "short", "full")),
    )

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def pick(self, options: tuple[Any, ...]) -> Any:
        return options[self.rng.integers(len(options))]

    def array(self) -> tuple[np.ndarray, str]:
        shape = self.pick(self.shapes)
        if self.rng.random() < 0.6:
            return np.asarray(self._floats(shape)), self.pick(self.floats)
        if self.rng.random() < 0.3:
            return np.asarray(self.rng.random(shape) < 0.5), "bool"
        name = self.pick(self.integers)
        limits, reach = np.iinfo(name), 10 ** int(self.rng.integers(1, 20))
        low, high = max(limits.min, -reach), min(limits.max, reach)
        return np.asarray(self.rng.integers(low, high, shape, name, endpoint=True)), name

    def _floats(self, shape: tuple[int, ...]) -> Any:
        normal = self.rng.standard_normal(shape)
        recipes = (
            lambda: normal,
            lambda: normal * 10.0 ** self.rng.integers(-12, 13),
            lambda: normal * 10.0 ** self.rng.integers(-6, 7, shape),
            lambda: np.round(normal * 10.0 ** self.rng.integers(0, 11)),
            lambda: self.rng.choice([1.0, 0.0, -0.0, _INF, -_INF, _NAN, 1.5], shape),
            lambda: self.rng.choice([1e-4, 2e-4, 1e8, 99999999.0, 1000.0, 999.99, 1.0, 0.1], shape),
            lambda: np.where(self.rng.random(shape) < 0.2, _NAN, normal),
        )
        return self.pick(recipes)()

    def options(self) -> dict[str, Any]:
        if self.rng.random() < 0.5:
            return {}
        return {name: self.pick(v) for name, v in self.choices if self.rng.random() < 0.4}


def _compare(torch: Any, array: np.ndarray, name: str, grad: str = "") -> tuple[str, str]:
    """Return what torch and penlight print for one array."""
    tensor = torch.from_numpy(array).to(getattr(torch, name))
    if grad:
        tensor.requires_grad_()
    if grad == "node":
        tensor = tensor * 1
    stored = tensor.detach()
    kind = getattr(_dtype, name)
    back = (stored.float() if name == "bfloat16" else stored).numpy().astype(kind.numpy, copy=False)
    node = "MulBackward0" if grad == "node" else None
    ours = _tensor_str.format_array(back, kind, requires_grad=bool(grad), grad_fn_name=node)
    return repr(tensor), ours


@pytest.fixture
def torch() -> Iterator[Any]:
    """Real torch, its print options put back afterwards."""
    oracle = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    pytest.importorskip("ml_dtypes", reason="bfloat16: pip install ml_dtypes")
    yield oracle
    oracle.set_printoptions(profile="default")


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_arrays_of_all_kinds_under_all_options_print_as_with_torch(torch: Any) -> None:
    sampler = _Sampler(seed=0)
    for case in range(_CASES):
        array, name = sampler.array()
        options = sampler.options()
        for module in (torch, _tensor_str):
            module.set_printoptions(profile="default")
            module.set_printoptions(**options)
        grad = sampler.pick(("", "", "leaf", "node")) if name in sampler.floats else ""
        theirs, ours = _compare(torch, array, name, grad)
        assert ours == theirs, (case, name, options)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    array=arrays.arrays(
        st.sampled_from([np.float16, np.float32, np.float64, np.int16, np.uint8]),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6),
    )
)
def test_any_small_array_prints_as_with_torch(array: np.ndarray) -> None:
    oracle = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    theirs, ours = _compare(oracle, array.copy(), str(array.dtype))
    assert ours == theirs
