"""Views and in-place writes: what is refused, in which words, and versions."""

from __future__ import annotations

import numpy as np
import pytest

LEAF = "a leaf Variable that requires grad is being used in an in-place operation"
VIEW_OF_LEAF = "a view of a leaf Variable that requires grad is being used in an in-place operation"
SEVERAL = "This view is the output of a function that returns multiple views"
NO_GRAD = "A view was created in no_grad mode and is being modified inplace with grad mode enabled"
REPEATED = "more than one element of the written-to tensor refers to a single memory location"
OVERLAP = "some elements of the input tensor and the written-to tensor refer to a single memory"
MODIFIED = r"modified by an inplace operation: \[torch.FloatTensor \[2\]\]"


def ones(pt, *shape):
    return pt.ones(*(shape or (2,)), requires_grad=True)


def view_without_grad(pt):
    base = ones(pt, 2, 2) * 1
    with pt.no_grad():
        return base[0]


def leaf_view_of_a_constant(pt):
    return pt.ones(2, 2)[0].requires_grad_()


@pytest.mark.parametrize(
    "make, phrase",
    [
        (ones, LEAF),
        (lambda pt: ones(pt)[0], VIEW_OF_LEAF),
        (leaf_view_of_a_constant, VIEW_OF_LEAF),
        (lambda pt: (ones(pt, 2, 2) * 1).unbind(0)[0], SEVERAL),
        (lambda pt: (ones(pt, 4) * 1).split(2)[0], SEVERAL),
        (lambda pt: (ones(pt, 2, 2) * 1).unbind(0)[0][:], SEVERAL),
        (view_without_grad, NO_GRAD),
    ],
)
def test_writes_that_would_lose_gradients_are_refused(pt, make, phrase):
    with pytest.raises(RuntimeError, match=phrase):
        make(pt).mul_(ones(pt))


def test_a_view_of_several_is_refused_when_its_base_was_written(pt):
    base = ones(pt, 2, 2) * 1
    first, _ = base.unbind(0)
    base.mul_(2)
    with pytest.raises(
        RuntimeError, match="its base or another view of its base has been modified"
    ):
        first * 1


def test_views_of_several_of_a_constant_may_be_written(pt):
    base = pt.ones(2, 2)
    base.unbind(0)[0].add_(1)
    assert base.tolist() == [[2, 2], [1, 1]]


def test_leaves_may_be_written_without_recording(pt):
    x = ones(pt)
    view = x[0:1]
    with pt.no_grad():
        x.add_(1)
        x[0] = 5
    x.data.add_(1)
    assert x.tolist() == [6, 3]
    assert (x.is_leaf, x._version) == (True, 2)
    assert type(view.grad_fn).__name__ == "AsStridedBackward0"


def test_a_write_to_a_view_shows_in_the_history_of_base_and_view(pt):
    x = ones(pt, 2, 2)
    base = x * 1
    view = base.t()[0]
    view.mul_(3)
    assert type(base.grad_fn).__name__ == "CopySlices"
    assert type(view.grad_fn).__name__ == "AsStridedBackward0"
    (base.sum() + view.sum()).backward()
    assert x.grad.tolist() == [[6, 1], [6, 1]]


def test_views_of_a_base_in_column_order_are_replayed(pt):
    x = pt.arange(6.0).reshape(2, 3).requires_grad_()
    base = x.t().clone()  # keeps the strides of the transpose
    assert base.stride() == (1, 3)
    view = base.t().reshape(-1)
    view[1:3].mul_(10)
    (base * base).sum().backward()
    assert x.grad.tolist() == [[0, 200, 400], [6, 8, 10]]


def test_a_constant_base_gets_a_history_from_what_is_written_to_its_view(pt):
    w = ones(pt)
    base = pt.zeros(2, 2)
    base[0] = w * 3
    assert base.requires_grad
    base.sum().backward()
    assert w.grad.tolist() == [3, 3]


def test_a_rule_that_needs_the_overwritten_value_gets_it(pt):
    x = pt.tensor([2.0, 3.0], requires_grad=True)
    y = x * 1
    y.mul_(y.clone())
    y.sum().backward()
    assert x.grad.tolist() == [4, 6]


def test_multiplying_a_tensor_by_itself_in_place_needs_a_value_that_is_gone(pt):
    y = ones(pt) * 1
    y.mul_(y)
    with pytest.raises(RuntimeError, match=MODIFIED):
        y.sum().backward()


@pytest.mark.parametrize(
    "program",
    [
        lambda pt, x, w: (x.exp(), lambda y: y.add_(1)),
        lambda pt, x, w: (x * w, lambda y: w.add_(1)),
        lambda pt, x, w: (x * w, lambda y: w.detach().add_(1)),
        lambda pt, x, w: (x * w, lambda y: w[:1].add_(1)),
    ],
)
def test_a_saved_tensor_that_was_written_is_refused(pt, program):
    out, write = program(pt, ones(pt), pt.ones(2))
    loss = out.sum()
    write(out)
    with pytest.raises(RuntimeError, match=MODIFIED + ".* version 1; expected version 0"):
        loss.backward()


def test_a_write_through_data_is_not_noticed(pt):
    x, w = ones(pt), pt.ones(2)
    y = (x * w).sum()
    w.data.add_(1)
    y.backward()
    assert x.grad.tolist() == [2, 2]


def test_views_and_detach_share_the_version_and_data_does_not(pt):
    x = pt.zeros(3)
    view = x[1:]
    view.add_(1)
    x.mul_(2)
    detached = x.detach()
    detached.add_(1)
    assert (x._version, view._version, detached._version, x.data._version) == (3, 3, 3, 0)
    assert (x.clone()._version, x.t()._version) == (0, 3)
    assert (view._is_view(), detached._is_view(), view.detach()._is_view()) == (True, False, False)
    assert view._base is x


def test_copy_and_fill_cut_the_gradient_and_keep_the_flag(pt):
    x, w = ones(pt), ones(pt)
    y = x * 1
    y.copy_(w)
    (y * 2).sum().backward()
    assert w.grad.tolist() == [2, 2]
    assert x.grad.tolist() == [0, 0]
    z = ones(pt) * 1
    z.fill_(3)
    assert z.requires_grad


@pytest.mark.parametrize(
    "write",
    [
        lambda x: x.add_(1),
        lambda x: x.sin_(),
        lambda x: x.copy_(x.clone()),
    ],
)
def test_an_expanded_tensor_is_not_written(pt, write):
    with pytest.raises(RuntimeError, match=REPEATED):
        write(pt.ones(1).expand(3))


def test_an_expanded_tensor_may_be_filled(pt):
    x = pt.ones(1).expand(3)
    x.fill_(2)
    assert x.tolist() == [2, 2, 2]
    x[0] = 3
    assert x.zero_().tolist() == [0, 0, 0]


def test_writing_to_an_expanded_out_is_refused(pt):
    with pytest.raises(RuntimeError, match=REPEATED):
        pt.add(pt.ones(3), 1, out=pt.ones(1).expand(3))


@pytest.mark.parametrize(
    "write",
    [
        lambda x: x[1:].add_(x[:-1]),
        lambda x: x.view(2, 2).add_(x[:2]),
        lambda x: x.view(2, 2).add_(x.view(2, 2).t()),
        lambda x: x.__setitem__(slice(1, None), x[:-1]),
    ],
)
def test_reading_and_writing_overlapping_parts_is_refused(pt, write):
    with pytest.raises(RuntimeError, match=OVERLAP):
        write(pt.arange(4.0))


def test_reading_exactly_what_is_written_is_fine(pt):
    x = pt.arange(4.0)
    x[1:].add_(x[1:])
    x.mul_(x)
    assert x.tolist() == [0, 4, 16, 36]


@pytest.mark.parametrize(
    "write, phrase",
    [
        (lambda pt: pt.ones(1, 2).add_(pt.ones(2, 2)), r"output with shape \[1, 2\] doesn't match"),
        (lambda pt: pt.ones(2, dtype=pt.int64).add_(1.5), "result type Float can't be cast to the"),
        (
            lambda pt: pt.ones(2, dtype=pt.int64).div_(2),
            "can't be cast to the desired output type Long",
        ),
        (
            lambda pt: pt.ones(2, dtype=pt.int64).exp_(),
            "can't be cast to the desired output type Long",
        ),
        (lambda pt: pt.ones(2, dtype=pt.bool).add_(pt.ones(2, dtype=pt.int64)), "output type Bool"),
    ],
)
def test_a_result_that_does_not_fit_is_refused(pt, write, phrase):
    with pytest.raises(RuntimeError, match=phrase):
        write(pt)


def test_a_refused_write_leaves_the_tensor_alone(pt):
    x = ones(pt, 1, 2) * 1
    node = x.grad_fn
    with pytest.raises(RuntimeError, match="doesn't match the broadcast shape"):
        x.add_(pt.ones(2, 2))
    assert (x.tolist(), x._version, x.grad_fn) == ([[1, 1]], 0, node)


def test_writing_promotes_towards_the_target(pt):
    x = ones(pt)
    y = x * 1
    y.mul_(pt.tensor([2.0, 3.0], dtype=pt.float64))
    y.sum().backward()
    assert y.dtype == pt.float32
    assert x.grad.tolist() == [2, 3]


def test_detach_in_place_is_refused_for_views(pt):
    x = ones(pt, 2, 2)
    with pytest.raises(RuntimeError, match=r"Can't detach views in-place. Use detach\(\) instead"):
        x[0].detach_()
    y = x * 2
    y.detach_()
    assert (y.requires_grad, y.grad_fn, y.is_leaf) == (False, None, True)


def test_out_refuses_gradients(pt):
    message = r"add\(\): functions with out=... arguments don't support automatic differentiation"
    with pytest.raises(RuntimeError, match=message):
        pt.add(pt.ones(2), 1, out=ones(pt))
    with pytest.raises(RuntimeError, match=message):
        pt.add(ones(pt), 1, out=pt.ones(2))
    out = pt.ones(2)
    with pt.no_grad():
        assert pt.add(ones(pt), 1, out=out) is out
    assert out.tolist() == [2, 2]


def test_out_may_be_an_input(pt):
    x = pt.arange(3.0)
    assert pt.add(x, x, out=x) is x
    assert x.tolist() == [0, 2, 4]
    assert x._version == 1


def test_numpy_sees_writes(pt):
    x = pt.zeros(2)
    array = x.numpy()
    x.add_(1)
    np.testing.assert_array_equal(array, [1, 1])


@pytest.mark.parametrize("key", [slice(None), slice(0, 2), ...], ids=str)
def test_a_number_is_not_written_to_elements_that_share_memory(pt, key):
    expanded = pt.ones(1).expand(3)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        expanded[key] = 2
    expanded[0] = 2  # one element, one place
    assert expanded.tolist() == [2, 2, 2]
