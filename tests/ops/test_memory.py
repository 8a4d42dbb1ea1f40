"""Storages, shared memory, DLPack, and the rest of what programs ask of a tensor's memory."""

from __future__ import annotations

import os
import warnings

import numpy as np
import pytest

import penlight

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")

# ---- storages ------------------------------------------------------------------------------------


def test_storage_of_a_view_is_that_of_its_base() -> None:
    base = penlight.arange(6, dtype=penlight.int32)
    storage, own = base[2:].untyped_storage(), base.untyped_storage()
    assert storage == own
    assert storage.data_ptr() == base.data_ptr()
    assert storage.nbytes() == len(storage) == storage.size() == 24


def test_writes_to_a_storage_show_in_the_tensor() -> None:
    x = penlight.tensor([1, 2, 3])
    storage = _typed(x)
    storage[1] = 7
    assert x.tolist() == storage.tolist() == [1, 7, 3]
    assert storage[-1] == 3
    storage.fill_(4)
    assert x.tolist() == [4, 4, 4]


def _typed(tensor: penlight.Tensor) -> penlight.TypedStorage:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tensor.storage()


@needs_torch
@pytest.mark.parametrize(
    "expression",
    [
        "len(x.untyped_storage())",
        "x.untyped_storage().tolist()",
        "x.untyped_storage()[3]",
        "x.untyped_storage()[99]",
        "x.untyped_storage().element_size()",
        "repr(x.untyped_storage())",
        "x.untyped_storage().is_shared()",
        "x.untyped_storage().is_cuda",
        "x.untyped_storage().device",
        "torch.is_storage(x.untyped_storage())",
        "torch.is_storage(x)",
        "torch.empty(0).set_(x.untyped_storage(), 1, (2,), (2,)).tolist()",
        "x.layout",
        "x.name",
        "x.is_shared()",
        "x.is_set_to(x.detach())",
        "x.is_set_to(x[1:])",
        "x.new(2, 3).shape",
        "x.new([1, 2])",
        "x.new_empty_strided((2, 3), (1, 2)).stride()",
        "x.mH.shape",
    ],
)
def test_storage_answers_as_in_torch(expression: str) -> None:
    shown = []
    for namespace in (penlight, torch):
        x = namespace.tensor([[1.0, 2.0], [3.0, 4.0]])
        try:
            value = eval(expression, {"torch": namespace, "x": x})
        except Exception as error:  # noqa: BLE001 - compared
            value = type(error).__name__
        shown.append(str(value))
    assert shown[0] == shown[1]


def test_storage_refuses_another_size() -> None:
    storage = penlight.zeros(3).untyped_storage()
    assert storage.resize_(12) is storage
    with pytest.raises(RuntimeError, match="Trying to resize storage that is not resizable"):
        storage.resize_(0)


def test_typed_storage_warns_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(penlight.storage, "_warned", [])
    x = penlight.zeros(2)
    with pytest.warns(UserWarning, match="TypedStorage is deprecated"):
        assert x.storage().tolist() == [0.0, 0.0]
    assert x.storage().dtype is penlight.float32


@pytest.mark.parametrize("kind", ["Float", "Double", "Half", "Long", "Int", "Byte", "Bool"])
def test_old_storage_types_make_and_know_storages(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(penlight.storage, "_warned", [True])
    old = getattr(penlight.storage, f"{kind}Storage")
    made = old([1, 0])
    assert made.type() == f"torch.{kind}Storage"
    assert isinstance(made, old)
    assert not isinstance(made, penlight.ShortStorage)
    assert penlight.zeros(1, dtype=made.dtype).storage_type() is old
    assert old(wrap_storage=made.untyped()).tolist() == [1, 0]


def test_volatile_is_false_and_warns() -> None:
    with pytest.warns(UserWarning, match="volatile was removed"):
        assert penlight.zeros(1).volatile is False


def test_storages_are_copied_and_hashed_by_their_memory() -> None:
    x = penlight.zeros(2)
    storage = x.untyped_storage()
    assert len({storage, x.untyped_storage()}) == 1
    assert storage.clone() != storage
    assert storage.clone().tolist() == storage.tolist()


# ---- shared memory -------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_forked_process_writes_to_shared_memory() -> None:
    turned = penlight.zeros(3, 2).t().clone()
    assert turned.share_memory_().is_shared()
    assert turned.stride() == (1, 2)
    x = penlight.zeros(2, 3).share_memory_()
    child = os.fork()
    if not child:
        x[1, 2] = 5.0
        os._exit(0)
    os.waitpid(child, 0)
    assert x.tolist() == [[0.0, 0.0, 0.0], [0.0, 0.0, 5.0]]


def test_memory_with_other_aliases_is_not_moved() -> None:
    x = penlight.zeros(3)
    view = x[1:]
    with pytest.raises(RuntimeError, match="share it before making views"):
        x.share_memory_()
    assert not x.is_shared()
    del view


# ---- DLPack --------------------------------------------------------------------------------------

DTYPES = ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_and_penlight_share_memory_by_dlpack(dtype: str) -> None:
    array = np.zeros((2, 3), dtype)
    x = penlight.from_dlpack(array)
    x[0, 1] = 1
    assert array[0, 1] == 1
    back = np.from_dlpack(x)
    x[1, 2] = 1
    assert back[1, 2] == 1
    assert back.dtype == array.dtype


@needs_torch
@pytest.mark.parametrize("dtype", DTYPES)
def test_torch_and_penlight_share_memory_by_dlpack(dtype: str) -> None:
    theirs = torch.zeros(2, 3, dtype=getattr(torch, dtype)).t()
    x = penlight.from_dlpack(theirs)
    x[0, 1] = 1
    assert theirs[0, 1] == 1
    assert x.stride() == theirs.stride()
    back = torch.from_dlpack(x)
    x[2, 0] = 1
    assert back[2, 0] == 1


@needs_torch
def test_capsules_go_both_ways() -> None:
    assert penlight.from_dlpack(torch.to_dlpack(torch.ones(2))).tolist() == [1.0, 1.0]
    assert torch.from_dlpack(penlight.to_dlpack(penlight.ones(2))).tolist() == [1.0, 1.0]


def test_copy_is_made_when_asked_for() -> None:
    array = np.zeros(2)
    x = penlight.from_dlpack(array, copy=True)
    x.fill_(1)
    assert array.tolist() == [0.0, 0.0]


def test_what_cannot_be_shared_is_refused() -> None:
    with pytest.raises(BufferError, match="Can't export tensors that require gradient"):
        np.from_dlpack(penlight.zeros(1, requires_grad=True))
    with pytest.raises(BufferError, match="bfloat16"):
        penlight.to_dlpack(penlight.zeros(1, dtype=penlight.bfloat16))
    if torch is not None:
        with pytest.raises(BufferError, match="cannot take this tensor"):
            penlight.from_dlpack(torch.zeros(1, dtype=torch.bfloat16))
    with pytest.raises(AssertionError, match="stream should be None on cpu"):
        penlight.zeros(1).__dlpack__(stream=3)


# ---- torch's old resize --------------------------------------------------------------------------


def test_resize_keeps_the_elements_and_warns() -> None:
    x = penlight.arange(6.0).requires_grad_()
    with pytest.warns(UserWarning, match="non-inplace resize is deprecated"):
        made = x.resize(2, 3)
    assert type(made.grad_fn).__name__ == "ResizeBackward"
    (made * made).sum().backward()
    assert x.grad.tolist() == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    with pytest.warns(UserWarning, match="non-inplace resize_as is deprecated"):
        assert x.detach().resize_as(penlight.zeros(3, 2)).tolist()[2] == [4.0, 5.0]
    with (
        pytest.warns(UserWarning, match="deprecated"),
        pytest.raises(RuntimeError, match="requested resize to 4"),
    ):
        x.resize(4)


# ---- operands of other classes -------------------------------------------------------------------


class Foreign:
    """Knows tensors, and is not known to them."""

    def __radd__(self, other: object) -> str:
        return "radd"

    __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __rmatmul__ = __rand__ = __rmod__ = __radd__
    __rfloordiv__ = __rxor__ = __ror__ = __rlshift__ = __rrshift__ = __radd__


@pytest.mark.parametrize(
    "operator", ["+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "^", "<<", ">>"]
)
def test_operand_of_another_class_has_its_say(operator: str) -> None:
    scope = {"x": penlight.ones(2, dtype=penlight.int64), "other": Foreign()}
    assert eval(f"x {operator} other", scope) == "radd"
    with pytest.raises(TypeError):
        eval(f"x {operator} None", scope)


# ---- functions that are methods ------------------------------------------------------------------


@needs_torch
def test_inplace_forms_are_functions_where_torch_has_them() -> None:
    x = penlight.tensor([-1.0, 4.0])
    assert penlight.abs_(x) is x
    assert penlight.sqrt_(x).tolist() == [1.0, 2.0]
    assert penlight.detach(x).is_set_to(x)
    penlight.index_put_(x, (penlight.tensor([0]),), penlight.tensor([9.0]))
    assert penlight.fill_(x, 3).tolist() == [3.0, 3.0]
    missing = [
        name
        for name in dir(penlight.Tensor)
        if name.endswith("_")
        and not name.endswith("__")
        and hasattr(torch, name)
        and not hasattr(penlight, name)
    ]
    assert missing == []


# ---- writes touch only what they write -----------------------------------------------------------


def test_writes_at_an_index_make_no_copy_of_the_whole() -> None:
    import tracemalloc

    x = penlight.zeros(1000, 1000)
    rows = penlight.tensor([3, 5])
    writes = [
        lambda: x.__setitem__(rows, 1.0),
        lambda: x.index_add_(0, rows, penlight.ones(2, 1000)),
        lambda: x.index_fill_(0, rows, 2.0),
        lambda: x.scatter_(0, rows[:, None], 3.0),
        x.zero_,
    ]
    for write in writes:
        write()
        tracemalloc.start()
        write()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 400_000
