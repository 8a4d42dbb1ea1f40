"""Copies in another arrangement: repeat, flip, roll, triangles, padding, grids."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._tensor import Array, Tensor, wrap
from . import _check
from ._creating import made, numpy_dtype_of
from ._op import attach, op
from .dims import unsqueeze
from .gathering import index_select
from .join import stack
from .shape import contiguous_copy, expand, flatten, reshape

__all__ = [
    "cartesian_prod",
    "combinations",
    "constant_pad_nd",
    "flip",
    "fliplr",
    "flipud",
    "meshgrid",
    "repeat_interleave",
    "roll",
    "rot90",
    "tile",
    "tril",
    "tril_indices",
    "triu",
    "triu_indices",
]

# ---- again and again -----------------------------------------------------------------------------


def _repeat_grad(grad: Tensor, repeats: tuple[int, ...], input_shape: tuple[int, ...]) -> Any:
    """Add up the copies: split each dimension into (copy, place) and sum over the copies."""
    padded = (1,) * (len(repeats) - len(input_shape)) + input_shape
    pairs = tuple(itertools.chain.from_iterable(zip(repeats, padded, strict=True)))
    if not pairs:
        return grad
    copies = tuple(range(0, len(pairs), 2))
    return grad.reshape(pairs).sum(copies).reshape(input_shape)


@op("repeat", quiet=True, input=_repeat_grad)
def repeat(input: Array, *repeats: int) -> Array:
    """Repeat the tensor along each dimension.

    Args:
        input: a tensor.
        repeats: how often along each dimension; more numbers than dimensions add leading ones.

    Raises:
        RuntimeError: there are fewer numbers than dimensions, or one is negative.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1, 2]).repeat(2, 2)
        tensor([[1, 2, 1, 2],
                [1, 2, 1, 2]])
    """
    if len(repeats) < input.ndim:
        msg = (
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            "tensor"
            f": got {list(repeats)} for a tensor with {input.ndim} dimensions"
        )
        raise RuntimeError(msg)
    padded = (1,) * (len(repeats) - input.ndim) + input.shape
    shape = [times * length for times, length in zip(repeats, padded, strict=True)]
    if min(repeats, default=0) < 0:
        msg = f"Trying to create tensor with negative dimension {min(shape)}: {shape}"
        raise RuntimeError(msg)
    return np.tile(input, repeats) if repeats else input.copy()


def tile(input: Tensor, *times: Any, dims: Any = None) -> Tensor:
    """Repeat the tensor along its last dimensions; as :func:`repeat` with ones in front.

    Args:
        input: a tensor.
        times: how often along each dimension, as numbers or one sequence.
        dims: how often, by name.

    Example:
        >>> import penlight as torch
        >>> torch.tile(torch.tensor([[1, 2]]), (2,))
        tensor([[1, 2, 1, 2]])
    """
    times = times if dims is None else (*times, dims)
    if len(times) == 1 and not hasattr(times[0], "__index__"):
        times = tuple(times[0])
    out: Tensor = repeat(input, (1,) * (input._array.ndim - len(times)) + times)
    return out


def repeat_interleave(
    input: Tensor | None = None,
    repeats: Any = None,
    dim: int | None = None,
    *,
    output_size: int | None = None,
) -> Tensor:
    """Repeat each element (of the flattened tensor), or each slice along a dimension.

    Args:
        input: a tensor.
        repeats: how often, one number or one for each slice. Alone (under either name), how often
            each of the numbers from 0 shall come.
        dim: the dimension; without it the tensor is flattened.
        output_size: accepted; the length is worked out.

    Raises:
        RuntimeError: a number is negative, or there are not as many as slices.

    Example:
        >>> import penlight as torch
        >>> torch.repeat_interleave(torch.tensor([1, 2]), 2)
        tensor([1, 1, 2, 2])
    """
    if input is None or repeats is None:
        return _counted(_check.only_one("repeat_interleave", input=input, repeats=repeats))
    if dim is None:
        input, dim = flatten(input), 0
    place = _check.dim(dim, input._array.ndim)
    if not isinstance(repeats, Tensor):
        if repeats < 0:
            msg = "Repeats must be non-negative"
            raise RuntimeError(msg)
        return _interleaved(input, int(repeats), place)
    length = input._array.shape[place] if input._array.ndim else 1
    if repeats._array.size == 1:
        repeats = expand(reshape(repeats, 1), (length,))
    elif repeats._array.shape[0] != length:
        msg = (
            "repeats must have the same size as input along dim, but got repeats.size(0) = "
            f"{repeats._array.shape[0]} and input.size({place}) = {length}"
        )
        raise RuntimeError(msg)
    out: Tensor = index_select(input, place, _counted(repeats))
    return out


def _repeat_interleave_method(
    self: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Repeat each element, or each slice along a dimension; see :func:`repeat_interleave`."""
    return repeat_interleave(self, repeats, dim, output_size=output_size)


attach(_repeat_interleave_method, "repeat_interleave")


def _interleaved(input: Tensor, repeats: int, place: int) -> Tensor:
    if not input._array.ndim:
        input = reshape(input, 1)
    shape = input._array.shape
    wide = expand(unsqueeze(input, place + 1), (*shape[: place + 1], repeats, *shape[place + 1 :]))
    return flatten(contiguous_copy(wide), place, place + 1)


def _counted(repeats: Tensor) -> Tensor:
    """Return 0, 1, … each as often as ``repeats`` says."""
    array = repeats._array
    if array.ndim != 1:
        msg = "repeat_interleave only accept 1D vector as repeat"
        raise RuntimeError(msg)
    if array.dtype.kind not in "iu" or array.dtype.itemsize < 4:
        msg = f"\"repeat_interleave_cpu\" not implemented for '{_check.scalar_type(array)}'"
        raise NotImplementedError(msg)
    if array.size and array.min() < 0:
        msg = "repeats can not be negative"
        raise RuntimeError(msg)
    return wrap(np.repeat(np.arange(array.size, dtype=array.dtype), array))


# ---- the other way round -------------------------------------------------------------------------


@op("flip", quiet=True, input=lambda grad, dims: grad.flip(*dims))
def flip(input: Array, *dims: int) -> Array:
    """Return a copy with the order along ``dims`` reversed.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: a dimension is named twice.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1, 2, 3]).flip(0)
        tensor([3, 2, 1])
    """
    places = _check.dims(dims, input.ndim) if dims else ()
    return np.flip(input, places).copy() if input.ndim else input.copy()


def fliplr(input: Tensor) -> Tensor:
    """Return a copy with the columns in reverse order.

    Example:
        >>> import penlight as torch
        >>> torch.fliplr(torch.tensor([[1, 2]]))
        tensor([[2, 1]])
    """
    if input._array.ndim < 2:
        msg = "Input must be >= 2-d."
        raise RuntimeError(msg)
    out: Tensor = flip(input, 1)
    return out


def flipud(input: Tensor) -> Tensor:
    """Return a copy with the rows in reverse order.

    Example:
        >>> import penlight as torch
        >>> torch.flipud(torch.tensor([1, 2]))
        tensor([2, 1])
    """
    if not input._array.ndim:
        msg = "Input must be >= 1-d."
        raise RuntimeError(msg)
    out: Tensor = flip(input, 0)
    return out


def _as_ints(values: Any) -> tuple[int, ...]:
    return tuple(values) if isinstance(values, (list, tuple)) else (values,)


@op(
    "roll",
    quiet=True,
    input=lambda grad, shifts, dims: grad.roll(tuple(-shift for shift in _as_ints(shifts)), dims),
)
def roll(input: Array, shifts: Any, dims: Any = ()) -> Array:
    """Return a copy moved along ``dims``; what leaves at one end enters at the other.

    Args:
        input: a tensor.
        shifts: how far, one number or one for each of ``dims``.
        dims: one dimension or several; without them the flattened tensor is moved.

    Raises:
        RuntimeError: there are not as many shifts as dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.tensor([1, 2, 3]).roll(1)
        tensor([3, 1, 2])
    """
    distances, places = _as_ints(shifts), _as_ints(() if dims is None else dims)
    if len(distances) != len(places) and not (len(distances) == 1 and not places):
        msg = f"shifts and dimensions must align. shifts: {len(distances)}, dims:{len(places)}"
        raise RuntimeError(msg)
    if not places:
        return np.roll(input, distances[0])
    return np.roll(input, distances, tuple(_check.dim(dim, input.ndim) for dim in places))


@op("rot90", quiet=True, input=lambda grad, k, dims: grad.rot90(-k, dims))
def rot90(input: Array, k: int = 1, dims: Sequence[int] = (0, 1)) -> Array:
    """Return a copy turned ``k`` times by 90°, from the first of ``dims`` towards the second.

    Raises:
        RuntimeError: ``dims`` are not two different dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.rot90(torch.tensor([[1, 2], [3, 4]]))
        tensor([[2, 4],
                [1, 3]])
    """
    if len(dims) != 2:
        msg = f"expected total rotation dims == 2, but got dims = {len(dims)}"
        raise RuntimeError(msg)
    if input.ndim < 2:
        msg = f"expected total dims >= 2, but got total dims = {input.ndim}"
        raise RuntimeError(msg)
    first, second = (_check.dim(dim, input.ndim) for dim in dims)
    if first == second:
        msg = (
            f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}"
        )
        raise RuntimeError(msg)
    return np.rot90(input, k, (first, second)).copy()


# ---- grids and choices ---------------------------------------------------------------------------


def _spread_out(function: str, tensors: tuple[Any, ...]) -> list[Tensor]:
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    for position, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            msg = (
                f"expected Tensor as element {position} in argument 0, but got "
                f"{type(tensor).__name__}"
            )
            raise TypeError(msg)
    if not tensors:
        msg = f"{function} expects a non-empty TensorList"
        raise RuntimeError(msg)
    return list(tensors)


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Return the coordinates of every point of a grid, one tensor for each dimension.

    Args:
        tensors: vectors (or numbers) of one dtype.
        indexing: ``"ij"`` (matrix order) or ``"xy"``, which swaps the first two dimensions.

    Raises:
        RuntimeError: the dtypes differ, or a tensor has more than one dimension.

    Example:
        >>> import penlight as torch
        >>> torch.meshgrid(torch.tensor([1, 2]), torch.tensor([3]), indexing="ij")
        (tensor([[1],
                [2]]), tensor([[3],
                [3]]))
    """
    given = _spread_out("meshgrid", tensors)
    for tensor in given:
        if tensor._array.ndim > 1:
            msg = (
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: "
                f"{tensor._array.ndim}D of shape {list(tensor.shape)}"
            )
            raise RuntimeError(msg)
        if tensor.dtype is not given[0].dtype:
            msg = "meshgrid expects all tensors to have the same dtype"
            raise RuntimeError(msg)
    if indexing is None:
        _warn_about_indexing()
    elif indexing not in {"ij", "xy"}:
        msg = f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        raise RuntimeError(msg)
    swap = indexing == "xy" and len(given) >= 2
    if swap:
        given[:2] = given[1::-1]
    shape = tuple(tensor._array.size for tensor in given)
    grids: list[Any] = [
        expand(reshape(tensor, (*(1,) * place, -1, *(1,) * (len(given) - place - 1))), shape)
        for place, tensor in enumerate(given)
    ]
    if swap:
        grids[:2] = grids[1::-1]
    return tuple(grids)


def _warn_about_indexing() -> None:
    import warnings  # noqa: PLC0415 - only for what torch warns about

    warnings.warn(
        "torch.meshgrid: in an upcoming release, it will be required to pass the indexing "
        "argument.",
        stacklevel=3,
    )


def cartesian_prod(*tensors: Any) -> Tensor:
    """Return every combination of one element of each vector, a row each.

    Example:
        >>> import penlight as torch
        >>> torch.cartesian_prod(torch.tensor([1, 2]), torch.tensor([3, 4]))
        tensor([[1, 3],
                [1, 4],
                [2, 3],
                [2, 4]])
    """
    given = _spread_out("meshgrid", tensors)
    for tensor in given:
        if tensor._array.ndim != 1:
            msg = f"Expect a 1D vector, but got shape {list(tensor.shape)}"
            raise RuntimeError(msg)
    if len(given) == 1:
        return given[0]
    grids = meshgrid(*given, indexing="ij")
    return stack([flatten(grid) for grid in grids], 1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """Return every choice of ``r`` elements of a vector, a row each, in order.

    Args:
        input: a vector.
        r: how many to choose.
        with_replacement: an element may be chosen again.

    Raises:
        RuntimeError: the tensor is no vector, or ``r`` is negative.

    Example:
        >>> import penlight as torch
        >>> torch.combinations(torch.tensor([1, 2, 3]))
        tensor([[1, 2],
                [1, 3],
                [2, 3]])
    """
    if input._array.ndim != 1:
        msg = f"Expect a 1D vector, but got shape {list(input.shape)}"
        raise RuntimeError(msg)
    if r < 0:
        msg = f"Expect a non-negative number, but got {r}"
        raise RuntimeError(msg)
    if r == 0:
        return wrap(np.empty(0, input._array.dtype))
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(input._array.size), r)), np.int64).reshape(-1, r)
    return stack([index_select(input, 0, wrap(rows[:, i].copy())) for i in range(r)], 1)


# ---- triangles -----------------------------------------------------------------------------------


@op("tril", quiet=True, out=True, inplace=True, input=lambda grad, diagonal: grad.tril(diagonal))
def tril(input: Array, diagonal: int = 0) -> Array:
    """Return matrices with zeros above a diagonal.

    Args:
        input: shape (…, n, m).
        diagonal: how far above the main diagonal the last kept one is.

    Raises:
        RuntimeError: there are fewer than two dimensions.

    Example:
        >>> import penlight as torch
        >>> torch.tril(torch.ones(2, 2))
        tensor([[1., 0.],
                [1., 1.]])
    """
    _need_matrix("tril", input)
    return np.tril(input, diagonal)


@op("triu", quiet=True, out=True, inplace=True, input=lambda grad, diagonal: grad.triu(diagonal))
def triu(input: Array, diagonal: int = 0) -> Array:
    """Return matrices with zeros below a diagonal; arguments as for :func:`tril`.

    Example:
        >>> import penlight as torch
        >>> torch.triu(torch.ones(2, 2))
        tensor([[1., 1.],
                [0., 1.]])
    """
    _need_matrix("triu", input)
    return np.triu(input, diagonal)


def _need_matrix(function: str, input: Array) -> None:
    if input.ndim < 2:
        msg = f"{function}: input tensor must have at least 2 dimensions"
        raise RuntimeError(msg)


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, **options: Any
) -> Tensor:
    """Return the positions of a matrix's lower triangle: row numbers, then column numbers.

    Example:
        >>> import penlight as torch
        >>> torch.tril_indices(2, 2)
        tensor([[0, 1, 1],
                [0, 0, 1]])
    """
    return _triangle("tril_indices", np.tril_indices, (row, col, offset), dtype, options)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, **options: Any
) -> Tensor:
    """Return the positions of a matrix's upper triangle; as :func:`tril_indices`.

    Example:
        >>> import penlight as torch
        >>> torch.triu_indices(2, 2)
        tensor([[0, 0, 1],
                [0, 1, 1]])
    """
    return _triangle("triu_indices", np.triu_indices, (row, col, offset), dtype, options)


def _triangle(
    function: str, indices: Any, sizes: tuple[int, int, int], dtype: Any, options: dict[str, Any]
) -> Tensor:
    row, col, offset = sizes
    for name, length in (("row", row), ("col", col)):
        if length < 0:
            msg = f"{name} must be non-negative, got{length}"
            raise RuntimeError(msg)
    kind = numpy_dtype_of(dtype, np.dtype(np.int64))
    if kind not in {np.dtype(np.int64), np.dtype(np.int32)}:
        msg = f"\"{function}\" not implemented for '{_check.scalar_type(np.empty(0, kind))}'"
        raise NotImplementedError(msg)
    return made(np.stack(indices(row, offset, col)).astype(kind), **options)


# ---- padding -------------------------------------------------------------------------------------


@op(
    "constant_pad_nd",
    quiet=True,
    method=False,
    input=lambda grad, pad: constant_pad_nd(grad, tuple(-width for width in pad), 0),
)
def constant_pad_nd(input: Array, pad: Sequence[int], value: float = 0) -> Array:
    """Return a copy with ``value`` put around it.

    Args:
        input: a tensor.
        pad: widths before and after the last dimension, then before and after the one before it,
            and
            so on; negative widths cut off.
        value: what to put there.

    Raises:
        RuntimeError: the number of widths is odd or too large, or more is cut off than there is.

    Example:
        >>> import penlight as torch
        >>> torch.constant_pad_nd(torch.ones(2), (1, 2))
        tensor([0., 1., 1., 0., 0.])
    """
    if len(pad) % 2:
        msg = f"Length of pad must be even but instead it equals {len(pad)}"
        raise RuntimeError(msg)
    if len(pad) > 2 * input.ndim:
        msg = (
            "Length of pad should be no more than twice the number of dimensions of the input. "
            f"Pad length is {len(pad)} while the input has {input.ndim} dimensions."
        )
        raise RuntimeError(msg)
    shape, taken, written = (
        list(input.shape),
        [slice(None)] * input.ndim,
        [slice(None)] * input.ndim,
    )
    for pair in range(len(pad) // 2):
        before, after = int(pad[2 * pair]), int(pad[2 * pair + 1])
        place = input.ndim - 1 - pair
        length = shape[place]
        shape[place] = length + before + after
        if shape[place] < 0:
            msg = (
                f"The input size {length}, plus negative padding {before} and {after} resulted "
                "in a "
                f"negative output size, which is invalid. Check dimension {place} of your input."
            )
            raise RuntimeError(msg)
        taken[place] = slice(max(0, -before), length - max(0, -after))
        written[place] = slice(max(0, before), shape[place] - max(0, after))
    filling = value if input.dtype.kind == "f" else int(value) if math.isfinite(value) else value
    out = np.full(shape, filling, input.dtype) if value else np.zeros(shape, input.dtype)
    out[tuple(written)] = input[tuple(taken)]
    return out


for _function in (tile, fliplr, flipud):
    attach(_function)
