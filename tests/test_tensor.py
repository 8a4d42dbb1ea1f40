"""The class Tensor: properties, Python's protocols, copies, pickles, what autograd asks of it."""

from __future__ import annotations

import copy
import pickle
from types import ModuleType

import numpy as np
import pytest

import penlight


@pytest.fixture(params=["penlight", "torch"])
def pt(request: pytest.FixtureRequest) -> ModuleType:
    """Return the module that a program calls torch."""
    if request.param == "penlight":
        return penlight
    return pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")


def ones(pt, *shape):
    return pt.ones(*(shape or (2,)), requires_grad=True)


def test_shape_stride_and_offset_count_elements(pt):
    x = pt.arange(24.0).reshape(2, 3, 4)
    view = x[1, :, 1::2]
    assert (view.shape, view.size(), view.size(-1)) == ((3, 2), (3, 2), 2)
    assert (view.stride(), view.stride(0), view.storage_offset()) == ((4, 2), 4, 13)
    assert view.data_ptr() == x.data_ptr() + 13 * 4
    assert (view.is_contiguous(), x.is_contiguous()) == (False, True)
    assert (x.numel(), x.nelement(), x.ndim, x.dim(), x.ndimension()) == (24, 24, 3, 3, 3)
    assert (x.itemsize, x.element_size(), x.nbytes) == (4, 4, 96)
    for ask in (x.size, x.stride):
        with pytest.raises(IndexError, match=r"expected to be in range of \[-3, 2\], but got 3"):
            ask(3)


def test_offset_of_an_expanded_and_of_a_strided_view_counts_from_the_memory(pt) -> None:
    x = pt.arange(6.0)
    for view in (x[2:3].expand(4, 1), x.as_strided((2, 2), (1, 2), 2)):
        assert view.storage_offset() == 2


def test_strides_without_elements_are_those_of_a_contiguous_tensor(pt):
    for shape in ((0,), (3, 0), (0, 3), (2, 0, 4)):
        assert pt.zeros(shape).stride() == pt.zeros([max(n, 1) for n in shape]).stride()
    assert pt.tensor(1.0).stride() == ()


def test_kinds_of_dtypes(pt):
    assert pt.ones(1).is_floating_point()
    assert not pt.ones(1, dtype=pt.int64).is_floating_point()
    assert pt.ones(1, dtype=pt.int64).is_signed()
    assert not pt.ones(1, dtype=pt.bool).is_signed()
    assert not pt.ones(1).is_complex()
    assert (pt.ones(1).device.type, pt.ones(1).get_device(), pt.ones(1).is_cpu) == ("cpu", -1, True)


def test_one_element_becomes_a_number(pt):
    assert pt.tensor([[2.5]]).item() == 2.5
    assert (int(pt.tensor(2.5)), float(pt.tensor(2)), complex(pt.tensor(1.0))) == (2, 2.0, 1)
    assert [10, 11, 12][pt.tensor(1)] == 11
    assert (bool(pt.tensor([0.0])), bool(pt.tensor(3))) == (False, True)
    assert type(pt.tensor(1).item()) is int
    assert type(pt.tensor(True).item()) is bool
    assert f"{pt.tensor(1.23456):.2f}" == "1.23"


@pytest.mark.parametrize(
    "use, kind, phrase",
    [
        (
            lambda pt: pt.ones(2).item(),
            RuntimeError,
            "a Tensor with 2 elements cannot be converted",
        ),
        (lambda pt: bool(pt.ones(2)), RuntimeError, "Boolean value of Tensor with more than one"),
        (lambda pt: bool(pt.ones(0)), RuntimeError, "Boolean value of Tensor with no values"),
        (lambda pt: len(pt.tensor(1)), TypeError, "len\\(\\) of a 0-d tensor"),
        (lambda pt: list(pt.tensor(1)), TypeError, "iteration over a 0-d tensor"),
        (lambda pt: [1][pt.tensor(0.0)], TypeError, "only integer tensors of a single element can"),
        (
            lambda pt: ones(pt).numpy(),
            RuntimeError,
            "Can't call numpy\\(\\) on Tensor that requires",
        ),
        (lambda pt: ones(pt).__array__(), RuntimeError, "Can't call numpy\\(\\) on Tensor that"),
    ],
)
def test_what_is_no_number_or_array_is_refused(pt, use, kind, phrase):
    with pytest.raises(kind, match=phrase):
        use(pt)


def test_iteration_and_unpacking_give_views(pt):
    x = pt.arange(4.0).reshape(2, 2)
    first, _ = x
    first.zero_()
    assert x.tolist() == [[0, 0], [2, 3]]
    assert len(x) == 2
    assert [row.tolist() for row in reversed(x)] == [[2, 3], [0, 0]]


def test_tensors_are_hashed_by_identity(pt):
    x = pt.ones(2)
    assert {x: 1}[x] == 1
    assert hash(x) != hash(x.clone())


def test_numpy_shares_memory_in_both_directions(pt):
    x = pt.zeros(2)
    array = x.numpy()
    array[0] = 5
    x[1] = 7
    assert x.tolist() == [5, 7]
    np.testing.assert_array_equal(array, [5, 7])
    assert ones(pt).numpy(force=True).tolist() == [1, 1]
    np.testing.assert_array_equal(np.asarray(x, dtype=np.float64), [5.0, 7.0])
    assert np.add(x.numpy(), 1).dtype == np.float32


def test_dlpack_shares_memory(pt):
    x = pt.arange(3.0)
    array = np.from_dlpack(x)
    x.add_(1)
    np.testing.assert_array_equal(array, [1, 2, 3])


def test_a_tensor_of_either_library_becomes_the_others_through_dlpack():
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    ours = penlight.arange(3.0)
    theirs = torch.from_dlpack(ours)
    ours.mul_(2)
    assert theirs.tolist() == [0, 2, 4]


# ---- requires_grad, grad, data -------------------------------------------------------------------


def test_requires_grad_is_the_leafs_to_say(pt):
    x = pt.ones(2)
    assert x.requires_grad_() is x
    assert (x.requires_grad, x.is_leaf, x.grad_fn, x.output_nr) == (True, True, None, 0)
    y = x * 2
    assert (y.requires_grad, y.is_leaf) == (True, False)
    assert y.requires_grad_(True) is y
    message = "you can only change requires_grad flags of leaf variables"
    with pytest.raises(RuntimeError, match=message):
        y.requires_grad = False
    with pytest.raises(RuntimeError, match="dtype can require gradients"):
        pt.ones(2, dtype=pt.int64).requires_grad_()
    with pytest.raises(RuntimeError, match="requires_grad must be a bool"):
        x.requires_grad = "yes"


@pytest.mark.parametrize(
    "value, kind, phrase",
    [
        (
            lambda pt, x: 3,
            TypeError,
            "assigned grad expected to be a Tensor or None but got grad of",
        ),
        (lambda pt, x: x, RuntimeError, "can't assign Variable as its own grad"),
        (
            lambda pt, x: pt.ones(3),
            RuntimeError,
            r"assign a gradient of size '\[3\]' to a tensor of",
        ),
        (
            lambda pt, x: pt.ones(2).double(),
            RuntimeError,
            "attempting to assign a gradient with dtype",
        ),
    ],
)
def test_grad_must_fit_its_tensor(pt, value, kind, phrase):
    x = ones(pt)
    with pytest.raises(kind, match=phrase):
        x.grad = value(pt, x)


def test_grad_can_be_set_and_cleared(pt):
    x, grad = ones(pt), pt.ones(2)
    x.grad = grad
    assert x.grad is grad
    x.grad = None
    assert x.grad is None
    constant = pt.ones(2)
    constant.grad = grad
    assert constant.grad is grad


def test_reading_grad_of_a_result_warns(pt):
    y = ones(pt) * 2
    with pytest.warns(
        UserWarning, match="The .grad attribute of a Tensor that is not a leaf Tensor"
    ):
        assert y.grad is None
    y.retain_grad()
    assert y.retains_grad
    assert y.grad is None


def test_data_can_be_replaced(pt):
    x = ones(pt)
    x.data = pt.zeros(3)
    assert (x.tolist(), x.requires_grad, x._version) == ([0, 0, 0], True, 0)
    with pytest.raises(RuntimeError, match="data set to a tensor that requires gradients must be"):
        x.data = pt.zeros(3, dtype=pt.int64)
    with pytest.raises(TypeError):
        x.data = 3


# ---- copies --------------------------------------------------------------------------------------


def test_deepcopy_takes_gradient_and_attributes_along(pt):
    x = ones(pt)
    x.sum().backward()
    x.note = [1]
    y = copy.deepcopy(x)
    y.grad.add_(1)
    y.note.append(2)
    assert (y.is_leaf, y.requires_grad) == (True, True)
    assert (x.grad.tolist(), x.note) == ([1, 1], [1])
    assert y.grad.tolist() == [2, 2]


def test_one_deepcopy_keeps_what_is_shared_shared(pt):
    base = pt.arange(6.0).reshape(2, 3)
    copied, row, turned, same = copy.deepcopy([base, base[1], base.t(), base])
    assert same is copied
    copied.zero_()
    assert row.tolist() == [0, 0, 0]
    assert turned.stride() == (1, 3)
    assert turned.sum().item() == 0
    assert base.sum().item() == 15


def test_deepcopy_of_a_result_is_refused(pt):
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copy.deepcopy(ones(pt) * 2)


def test_copy_shares_memory_and_starts_a_history(pt):
    x = ones(pt)
    x.note = 3
    for source in (x, x * 1):
        y = copy.copy(source)
        assert y.data_ptr() == source.data_ptr()
        assert (y.is_leaf, y.requires_grad) == (True, True)
    assert copy.copy(x).note == 3


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_keep_values_flag_and_attributes(pt, protocol):
    x = ones(pt)
    x.sum().backward()
    x.note = 3
    y = pickle.loads(pickle.dumps(x, protocol))
    assert (y.tolist(), y.requires_grad, y.grad, y.note) == ([1, 1], True, None, 3)
    z = pickle.loads(pickle.dumps(x * 2, protocol))
    assert (z.is_leaf, z.requires_grad) == (True, True)
    whole = pickle.loads(pickle.dumps(pt.arange(6.0).reshape(2, 3).t(), protocol))
    assert whole.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert whole.stride() == (1, 3)


@pytest.mark.parametrize("name", ["float32", "float64", "int64", "bool", "bfloat16"])
def test_unpickled_tensors_have_numpys_own_dtype_object(name):
    kind = getattr(penlight, name)
    for source in (penlight.ones(2, 3, dtype=kind).t(), penlight.tensor(1, dtype=kind)):
        made = pickle.loads(pickle.dumps(source))
        assert made._array.dtype is kind.numpy
        assert (made.stride(), made.tolist()) == (source.stride(), source.tolist())


# ---- the old constructor -------------------------------------------------------------------------


def test_the_old_constructor_takes_sizes_or_data(pt):
    assert pt.Tensor(2, 3).shape == (2, 3)
    assert pt.Tensor([1, 2]).tolist() == [1, 2]
    assert pt.Tensor([1, 2]).dtype == pt.float32
    assert pt.Tensor(pt.Size([2, 1])).shape == (2, 1)
    assert pt.Tensor().shape == (0,)
    source = pt.ones(2)
    assert pt.Tensor(source).data_ptr() == source.data_ptr()


def test_subclasses_share_memory_and_keep_their_class(pt):
    class Marked(pt.Tensor):
        pass

    data = pt.zeros(2)
    made = pt.Tensor._make_subclass(Marked, data, True)
    data.add_(1)
    assert type(made) is Marked
    assert made.tolist() == [1, 1]
    assert made.requires_grad
