"""Sequences of different lengths: padded to one length, or packed step by step without padding.

Packing takes rows (step, sequence) of a padded batch in order of steps, where sequences stand
longest first, so that each step's rows are those of the first sequences. Padding is its adjoint,
and packing is that of padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._tensor import Array, Tensor, wrap
from . import _check
from ._op import op

__all__: list[str] = []


def _inside(lengths: Array, steps: int) -> Array:
    """Return which places of a padded (steps, batch) hold an element."""
    inside: Array = np.arange(steps)[:, None] < lengths
    return inside


@op(
    "_pack_rows",
    node="PackPaddedSequenceBackward0",
    method=False,
    quiet=True,
    input=lambda grad, lengths, input_shape: pad_rows(grad, lengths, input_shape[0], 0.0),
)
def pack_rows(input: Array, lengths: Any) -> Array:
    """Return the rows of a padded (T, B, *) that are within the lengths, in order of steps."""
    return input[_inside(lengths, input.shape[0])]


# torch writes step after step into a tensor made before; hence the printed name.
@op(
    "_pad_rows",
    node="CopySlices",
    method=False,
    quiet=True,
    data=lambda grad, lengths: pack_rows(grad, lengths),
)
def pad_rows(data: Array, lengths: Any, steps: int, value: float) -> Array:
    """Return packed rows (N, *) as a padded (steps, B, *)."""
    out = np.full((steps, len(lengths), *data.shape[1:]), value, data.dtype)
    out[_inside(lengths, steps)] = data
    return out


def _pieces(
    grad: Any, sequences_shape: list[tuple[int, ...]], batch_first: bool, left: bool
) -> list[Any]:
    pieces = []
    for index, shape in enumerate(sequences_shape):
        padded = grad.select(0 if batch_first else 1, index)
        start = padded.shape[0] - shape[0] if left else 0
        pieces.append(padded.narrow(0, start, shape[0]))
    return pieces


@op("_pad_sequence", node="CopySlices", method=False, quiet=True, sequences=_pieces)
def pad_sequence_arrays(
    sequences: Sequence[Array],
    batch_first: bool,
    value: float,
    left: bool,
) -> Array:
    """Return sequences (L_i, *) beside each other, (B, T, *) or (T, B, *), padded at one side."""
    first, longest = sequences[0], max(len(array) for array in sequences)
    out = np.full((len(sequences), longest, *first.shape[1:]), value, first.dtype)
    for row, array in zip(out, sequences, strict=True):
        where = slice(longest - len(array), None) if left else slice(len(array))
        row[where] = array
    return out if batch_first else np.ascontiguousarray(out.swapaxes(0, 1))


def pad_sequence(
    sequences: Sequence[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Return sequences padded to the longest; see :func:`penlight.nn.utils.rnn.pad_sequence`."""
    sequences = list(sequences)
    if not sequences:
        msg = "received an empty list of sequences"
        raise RuntimeError(msg)
    if padding_side not in {"left", "right"}:
        msg = f"Expected padding_side to be one of left or right, but got {padding_side}."
        raise RuntimeError(msg)
    first = sequences[0]
    for index, sequence in enumerate(sequences):
        if not isinstance(sequence, Tensor):
            kind = type(sequence).__name__
            msg = f"expected Tensor as element {index} in argument 0, but got {kind}"
            raise TypeError(msg)
        if not sequence.dim():
            msg = (
                f"ArrayRef: invalid slice, N = 1; size = 0: sequence {index} is a scalar, expected "
                "(length, *)"
            )
            raise RuntimeError(msg)
        _check_trailing(first, sequence, index)
    same: Any = [s if s.dtype is first.dtype else s._cast(first._array.dtype) for s in sequences]
    padded: Tensor = pad_sequence_arrays(same, batch_first, padding_value, padding_side == "left")
    return padded


def _check_trailing(first: Tensor, other: Tensor, index: int) -> None:
    if first.shape[1:] == other.shape[1:]:
        return
    place = next(
        (
            place
            for place, (a, b) in enumerate(zip(first.shape[1:], other.shape[1:], strict=False), 1)
            if a != b
        ),
        None,
    )
    phrase = "The size of tensors must match"
    if place is not None:
        phrase = (
            f"The size of tensor a ({first.shape[place]}) must match the size of tensor b "
            f"({other.shape[place]}) at non-singleton dimension {place}"
        )
    msg = (
        f"{phrase}: sequences may differ in their first dimension only, but sequence 0 has shape "
        f"{list(first.shape)} and sequence {index} has {list(other.shape)}"
    )
    raise RuntimeError(msg)


def pack_padded_sequence(input: Any, lengths: Tensor, batch_first: bool) -> tuple[Tensor, Tensor]:
    """Return packed rows and the number of rows of each step.

    Args:
        input: (T, B, *), or (B, T, *) with ``batch_first``.
        lengths: of the sequences, int64, never growing.
        batch_first: whether the batch is the first dimension.

    Raises:
        RuntimeError: the lengths are not one for each sequence, positive and sorted.
    """
    sizes = lengths._array
    if input.dim() < 2:
        _check.dim(1, input.dim())
    batch = input.shape[0 if batch_first else 1]
    _check_lengths(sizes, batch, list(input.shape), batch_first=batch_first)
    if not input.numel():
        msg = f"Cannot pack empty tensors: the input has shape {list(input.shape)}"
        raise RuntimeError(msg)
    rows = pack_rows(input.transpose(0, 1) if batch_first else input, sizes)
    counts = _inside(sizes, int(sizes[0])).sum(axis=1, dtype=np.int64)
    return rows, wrap(counts)


def _check_lengths(sizes: Array, batch: int, shape: list[int], *, batch_first: bool) -> None:
    if sizes.ndim != 1:
        msg = (
            "'lengths' argument should be a 1D CPU int64 tensor, but got "
            f"{sizes.ndim}D cpu Long tensor"
        )
        raise RuntimeError(msg)
    if len(sizes) != batch:
        order = "batch, sequence" if batch_first else "sequence, batch"
        msg = (
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(sizes)} "
            f"(batch_size={batch}): with batch_first={batch_first} the input of shape {shape} is "
            f"({order}, ...)"
        )
        raise RuntimeError(msg)
    wrong = np.flatnonzero(sizes <= 0)
    if wrong.size:
        msg = (
            "Length of all samples has to be greater than 0, but found an element in 'lengths' "
            f"that is <= 0: {int(sizes[wrong[0]])}"
        )
        raise RuntimeError(msg)
    steps = shape[1 if batch_first else 0]
    if batch and int(sizes.max()) > steps > 0:
        # torch packs what is there, into a sequence whose parts do not fit together.
        msg = (
            f"Expected lengths of at most {steps}, but got {int(sizes.max())} at position "
            f"{int(sizes.argmax())}: with batch_first={batch_first} the input of shape {shape} has "
            f"{steps} steps"
        )
        raise RuntimeError(msg)
    growing = np.flatnonzero(sizes[1:] > sizes[:-1])
    if growing.size:
        at = int(growing[0])
        msg = (
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You "
            "can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to "
            "sidestep this requirement if you do not need ONNX exportability: length "
            f"{int(sizes[at + 1])} at position {at + 1} follows {int(sizes[at])}"
        )
        raise RuntimeError(msg)


def pad_packed_sequence(
    data: Any,
    batch_sizes: Tensor,
    batch_first: bool,
    padding_value: float,
    total_length: int,
) -> tuple[Tensor, Tensor]:
    """Return packed rows as a padded batch, and the lengths of its sequences."""
    counts = batch_sizes._array
    lengths = (np.arange(int(counts[0]))[:, None] < counts).sum(axis=1, dtype=np.int64)
    padded = pad_rows(data, lengths, total_length, padding_value)
    return padded.transpose(0, 1) if batch_first else padded, wrap(lengths)
