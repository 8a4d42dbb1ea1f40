"""Samples of repeat, flip, roll, triangles, diagonals, padding, grids and stacking."""

from __future__ import annotations

from ops.samples import FLOATING, Input, Refusal, Sample, Samples


def _repeat(make):
    yield Sample(make(2, 3), 2, 2)
    yield Sample(make(2, 3), (4, 1, 2))
    yield Sample(make(3), 0)
    yield Sample(make(), 3)
    yield Sample(make(0, 2), 2, 2)


def _tile(make):
    yield Sample(make(2, 3), (2,))
    yield Sample(make(3), (2, 1, 2))
    yield Sample(make(), (2,))
    yield Sample(make(2), ())


def _repeat_interleave(make):
    yield Sample(make(2, 3), 2)
    yield Sample(make(2, 3), 3, 1)
    yield Sample(make(2, 3), 2, dim=0)
    yield Sample(make(2, 3), make.of([1, 0], dtype="int64"), 0)
    yield Sample(make(2, 3), make.of([2], dtype="int64"), -1)
    yield Sample(make(3), make.of([1, 2, 0], dtype="int64"))
    yield Sample(make(3), 0)
    yield Sample(make(), 2)
    yield Sample(make.of([2, 0, 1], dtype="int64"))


def _flip(make):
    yield Sample(make(2, 3), (0,))
    yield Sample(make(2, 3), (0, -1))
    yield Sample(make(2, 3), dims=[1])
    yield Sample(make(2, 3), ())
    yield Sample(make(), ())
    yield Sample(make(0, 2), (0,))


def _matrices(make):
    yield Sample(make(3, 4))
    yield Sample(make(2, 3, 3))
    yield Sample(make(0, 2))


def _roll(make):
    yield Sample(make(2, 3), 1)
    yield Sample(make(2, 3), -4, 1)
    yield Sample(make(2, 3), (1, 2), (0, 1))
    yield Sample(make(2, 3), (1, 1), (-1, -1))
    yield Sample(make(), 1)
    yield Sample(make(0, 2), 1, 0)


def _rot90(make):
    for k in (1, 2, 3, 0, -1, 5):
        yield Sample(make(2, 3), k)
    yield Sample(make(2, 3, 2), 1, [2, 0])


def _meshgrid(make):
    yield Sample(make(2), make(3), indexing="ij")
    yield Sample(make(2), make(3), make(), indexing="xy")
    yield Sample(make(2), indexing="xy")


def _cartesian_prod(make):
    yield Sample(make(2), make(3))
    yield Sample(make(2), make(1), make(2))
    yield Sample(make(2))


def _combinations(make):
    yield Sample(make(4))
    yield Sample(make(4), 3, True)
    yield Sample(make(2), 3)
    yield Sample(make(3), r=1)
    yield Sample(make(3), 0)


def _triangle(make):
    yield Sample(make(3, 4))
    yield Sample(make(3, 4), 1)
    yield Sample(make(2, 4, 3), -1)
    yield Sample(make(2, 0))


def _triangle_indices(make):
    yield Sample(3, 4)
    yield Sample(3, 4, 1)
    yield Sample(4, 3, -2)
    yield Sample(0, 3)


def _pad(make):
    yield Sample(make(2, 3), (1, 2))
    yield Sample(make(2, 3), (1, 0, 2, 1), 3)
    yield Sample(make(2, 3), (-1, 1))
    yield Sample(make(2, 3), (-1, -1, 1, 0))
    yield Sample(make(3), (-2, -1))
    yield Sample(make(3), (3, -2))
    yield Sample(make(0), (1, 1), 1)
    yield Sample(make(2, 3), ())


def _diag(make):
    yield Sample(make(3))
    yield Sample(make(3), 1)
    yield Sample(make(3, 4))
    yield Sample(make(3, 4), -1)
    yield Sample(make(3, 4), 5)
    yield Sample(make(0))


def _diag_embed(make):
    yield Sample(make(3))
    yield Sample(make(2, 3), 1)
    yield Sample(make(2, 3), -1, 0, 2)
    yield Sample(make(2, 3), 0, 2, 0)
    yield Sample(make(0))


def _diagflat(make):
    yield Sample(make(2, 2))
    yield Sample(make(3), -1)
    yield Sample(make())


def _block_diag(make):
    yield Sample(make(2, 3), make(2), make())
    yield Sample(make(1, 1))
    yield Sample(make(2, 0), make(1, 2))


def _trace(make):
    yield Sample(make(3, 3))
    yield Sample(make(2, 4))
    yield Sample(make(0, 2))


def _stack(make):
    yield Sample([make(2, 3), make(2, 3)])
    yield Sample((make(3), make(3), make(3)))
    yield Sample([make(), make()])
    yield Sample([make(2, 1, 2), make(2, 1, 2)])


def _column_stack(make):
    yield Sample([make(2), make(2, 3), make(2)])
    yield Sample([make(), make()])


def _atleast(make):
    yield Sample(make())
    yield Sample(make(2))
    yield Sample(make(2, 3))
    yield Sample(make(2, 1, 3))
    yield Sample([make(), make(2)])
    yield Sample(make(), make(2, 2))


def _hsplit(make):
    yield Sample(make(4), 2)
    yield Sample(make(2, 4), 2)
    yield Sample(make(2, 4), [1, 3])


def _vsplit(make):
    yield Sample(make(4, 1), 2)
    yield Sample(make(4, 1), (1, 2))


def _dsplit(make):
    yield Sample(make(1, 2, 4), 2)
    yield Sample(make(1, 2, 4), [3])


SAMPLES = {
    "Tensor.repeat": _repeat,
    "tile": _tile,
    "repeat_interleave": _repeat_interleave,
    "flip": _flip,
    "fliplr": _matrices,
    "flipud": _matrices,
    "roll": _roll,
    "rot90": _rot90,
    "meshgrid": _meshgrid,
    "cartesian_prod": _cartesian_prod,
    "combinations": _combinations,
    "tril": _triangle,
    "triu": _triangle,
    "tril_indices": Samples(_triangle_indices, dtypes=FLOATING[:1]),
    "triu_indices": Samples(_triangle_indices, dtypes=FLOATING[:1]),
    "constant_pad_nd": _pad,
    "diag": _diag,
    "diag_embed": _diag_embed,
    "diagflat": _diagflat,
    "block_diag": _block_diag,
    "trace": _trace,
    "hstack": _stack,
    "vstack": _stack,
    "row_stack": _stack,
    "dstack": _stack,
    "column_stack": _column_stack,
    "atleast_1d": _atleast,
    "atleast_2d": _atleast,
    "atleast_3d": _atleast,
    "hsplit": _hsplit,
    "vsplit": _vsplit,
    "dsplit": _dsplit,
}

_NUMBER = Input(1.0, "float32", grad=False)
_VECTOR = Input([1.0, 2.0, 3.0], "float32", grad=False)
_MATRIX = Input([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "float32", grad=False)
_CUBE = Input([[[1.0]]], "float32", grad=False)
_INTEGERS = Input([1, 2, 3], "int64", grad=False)

REFUSALS = {
    "Tensor.repeat": [
        Refusal(RuntimeError, "Number of dimensions of repeat dims can not be smaller", _MATRIX, 2),
        Refusal(RuntimeError, "negative dimension -6", _VECTOR, -2),
    ],
    "repeat_interleave": [
        Refusal(RuntimeError, "Repeats must be non-negative", _VECTOR, -2),
        Refusal(
            RuntimeError,
            "repeats must have the same size as input along dim",
            _MATRIX,
            _INTEGERS,
            0,
        ),
        Refusal(NotImplementedError, "not implemented for 'Float'", _VECTOR, _VECTOR),
        Refusal(
            RuntimeError, "repeats can not be negative", _NUMBER, Input([-1], "int64", grad=False)
        ),
    ],
    "flip": [
        Refusal(RuntimeError, "dim 0 appears multiple times in the list of dims", _MATRIX, (0, -2)),
        Refusal(
            IndexError, "Dimension out of range (expected to be in range of [-1, 0]", _VECTOR, (1,)
        ),
    ],
    "fliplr": [Refusal(RuntimeError, "Input must be >= 2-d.", _VECTOR)],
    "flipud": [Refusal(RuntimeError, "Input must be >= 1-d.", _NUMBER)],
    "roll": [
        Refusal(
            RuntimeError, "shifts and dimensions must align. shifts: 2, dims:1", _VECTOR, (1, 2), 0
        ),
        Refusal(
            RuntimeError, "shifts and dimensions must align. shifts: 2, dims:0", _VECTOR, (1, 2)
        ),
        Refusal(IndexError, "Dimension out of range", _VECTOR, 1, 1),
    ],
    "rot90": [
        Refusal(RuntimeError, "expected total dims >= 2, but got total dims = 1", _VECTOR),
        Refusal(RuntimeError, "expected rotation dims to be different", _MATRIX, 1, (0, 0)),
        Refusal(
            RuntimeError, "expected total rotation dims == 2, but got dims = 1", _MATRIX, 1, (0,)
        ),
        Refusal(IndexError, "Dimension out of range", _MATRIX, 1, (0, 3)),
    ],
    "meshgrid": [
        Refusal(
            RuntimeError,
            "expects all tensors to have the same dtype",
            _VECTOR,
            _INTEGERS,
            indexing="ij",
        ),
        Refusal(RuntimeError, 'indexing must be one of "xy" or "ij"', _VECTOR, indexing="zz"),
        Refusal(
            RuntimeError, "Expected 0D or 1D tensor in the tensor list", _MATRIX, indexing="ij"
        ),
        Refusal(RuntimeError, "meshgrid expects a non-empty TensorList", indexing="ij"),
    ],
    "cartesian_prod": [Refusal(RuntimeError, "Expect a 1D vector, but got shape [2, 3]", _MATRIX)],
    "combinations": [
        Refusal(RuntimeError, "Expect a 1D vector, but got shape [2, 3]", _MATRIX),
        Refusal(RuntimeError, "Expect a non-negative number, but got -1", _VECTOR, -1),
    ],
    "tril": [Refusal(RuntimeError, "tril: input tensor must have at least 2 dimensions", _VECTOR)],
    "triu": [Refusal(RuntimeError, "triu: input tensor must have at least 2 dimensions", _VECTOR)],
    "tril_indices": [Refusal(RuntimeError, "row must be non-negative, got-1", -1, 2)],
    "triu_indices": [Refusal(RuntimeError, "col must be non-negative, got-1", 2, -1)],
    "constant_pad_nd": [
        Refusal(RuntimeError, "Length of pad must be even but instead it equals 1", _VECTOR, (1,)),
        Refusal(RuntimeError, "no more than twice the number of dimensions", _VECTOR, (1, 1, 1, 1)),
    ],
    "diag": [
        Refusal(RuntimeError, "diag(): Supports 1D or 2D tensors. Got 3D", _CUBE),
        Refusal(RuntimeError, "diag(): Supports 1D or 2D tensors. Got 0D", _NUMBER),
    ],
    "diag_embed": [
        Refusal(RuntimeError, "diagonal dimensions cannot be identical 0, 0", _VECTOR, 0, 0, 0),
        Refusal(IndexError, "Dimension out of range", _NUMBER),
    ],
    "trace": [Refusal(RuntimeError, "trace: expected a matrix", _VECTOR)],
    "block_diag": [Refusal(RuntimeError, "Input tensors must have 2 or fewer dimensions", _CUBE)],
    "hstack": [
        Refusal(TypeError, "must be tuple of Tensors, not Tensor", _VECTOR),
        Refusal(RuntimeError, "hstack expects a non-empty TensorList", []),
    ],
    "vstack": [
        Refusal(
            RuntimeError, "Sizes of tensors must match except in dimension 0", [_VECTOR, _NUMBER]
        )
    ],
    "hsplit": [
        Refusal(
            RuntimeError, "torch.hsplit requires a tensor with at least 1 dimension", _NUMBER, 1
        ),
        Refusal(RuntimeError, "attempted to split along dimension 1, but the size", _MATRIX, 2),
    ],
    "vsplit": [
        Refusal(
            RuntimeError, "torch.vsplit requires a tensor with at least 2 dimension", _VECTOR, 1
        ),
        Refusal(RuntimeError, "is not divisible by the split_size 0", _MATRIX, 0),
    ],
    "dsplit": [
        Refusal(
            RuntimeError, "torch.dsplit requires a tensor with at least 3 dimension", _MATRIX, 1
        )
    ],
}
