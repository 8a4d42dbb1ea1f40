"""Batches of sequences of different lengths: padded, and packed without padding."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable
from typing import Any, Self, TypeAlias

from ..._dtype import float16, float32, float64, int8, int16, int32, int64, uint8
from ..._tensor import Tensor
from ...ops import packing
from ...ops.creation import arange, empty_like
from ...ops.from_data import as_tensor

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]

# The class below has methods of these names.
_Float: TypeAlias = float
_Int: TypeAlias = int

PackedSequence_ = namedtuple(  # noqa: PYI024 - the untyped one is torch's
    "PackedSequence_", ["data", "batch_sizes", "sorted_indices", "unsorted_indices"]
)


class PackedSequence(PackedSequence_):
    """Sequences without padding: what recurrent modules take for a batch of different lengths.

    Made by :func:`pack_padded_sequence` and :func:`pack_sequence`, rarely by hand.

    Args:
        data: the rows, (N, *): all sequences' first steps, then their second, and so on.
        batch_sizes: the number of rows of each step, int64, never growing.
        sorted_indices: how the sequences were ordered, longest first; ``None`` when they were so.
        unsorted_indices: how to order them back; computed when left out.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.utils.rnn import pack_sequence
        >>> packed = pack_sequence([torch.tensor([1, 2, 3]), torch.tensor([4, 5])])
        >>> packed.data, packed.batch_sizes
        (tensor([1, 4, 2, 5, 3]), tensor([2, 2, 1]))
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> Self:
        """Make a packed sequence, or one from a pair of data and sizes."""
        if batch_sizes is None:
            if not isinstance(data, (list, tuple)) or len(data) != 2:
                msg = "Expected data to be a list or tuple of length 2: rows and batch_sizes"
                raise AssertionError(msg)
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Return the sequence with converted rows; itself when there is nothing to convert."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else self._replace(data=data)

    def cpu(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Return the sequence itself: it is on the CPU."""
        return self.to(*args, device="cpu", **kwargs)

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Refuse, as tensors do: there is no CUDA."""
        return self.to(*args, device="cuda", **kwargs)

    def pin_memory(self) -> PackedSequence:
        """Return the sequence itself: memory is pinned for GPUs."""
        return self

    def double(self) -> PackedSequence:
        """Return the sequence with float64 rows."""
        return self.to(dtype=float64)

    def float(self) -> PackedSequence:
        """Return the sequence with float32 rows."""
        return self.to(dtype=float32)

    def half(self) -> PackedSequence:
        """Return the sequence with float16 rows."""
        return self.to(dtype=float16)

    def long(self) -> PackedSequence:
        """Return the sequence with int64 rows."""
        return self.to(dtype=int64)

    def int(self) -> PackedSequence:
        """Return the sequence with int32 rows."""
        return self.to(dtype=int32)

    def short(self) -> PackedSequence:
        """Return the sequence with int16 rows."""
        return self.to(dtype=int16)

    def char(self) -> PackedSequence:
        """Return the sequence with int8 rows."""
        return self.to(dtype=int8)

    def byte(self) -> PackedSequence:
        """Return the sequence with uint8 rows."""
        return self.to(dtype=uint8)

    @property
    def is_cuda(self) -> bool:
        """``False``: there is no CUDA."""
        return False

    def is_pinned(self) -> bool:
        """Return ``False``: memory is pinned for GPUs."""
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """Return the permutation that undoes one; ``None`` for ``None``.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.utils.rnn import invert_permutation
        >>> invert_permutation(torch.tensor([2, 0, 1]))
        tensor([1, 2, 0])
    """
    if permutation is None:
        return None
    if not isinstance(permutation, Tensor):
        kind = type(permutation).__name__
        msg = f"empty_like(): argument 'input' (position 1) must be Tensor, not {kind}"
        raise TypeError(msg)
    inverse: Tensor = empty_like(permutation)
    places = arange(permutation.numel(), dtype=permutation.dtype)
    inverse[permutation] = places
    return inverse


def pack_padded_sequence(
    input: Tensor,
    lengths: Tensor | list[_Int],
    batch_first: bool = False,
    enforce_sorted: bool = True,
) -> PackedSequence:
    """Pack a padded batch.

    Args:
        input: (T, B, *), or (B, T, *) with ``batch_first``.
        lengths: the length of each sequence, positive.
        batch_first: whether the batch is the first dimension.
        enforce_sorted: refuse lengths that grow, instead of ordering the sequences.

    Raises:
        RuntimeError: the lengths are not one for each sequence, positive, at most T, and in order
            where they must be.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.utils.rnn import pack_padded_sequence
        >>> batch = torch.tensor([[1, 2, 0], [3, 0, 0], [4, 5, 6]])
        >>> packed = pack_padded_sequence(batch, [2, 1, 3], batch_first=True, enforce_sorted=False)
        >>> packed.data, packed.sorted_indices
        (tensor([4, 1, 3, 5, 2, 6]), tensor([2, 0, 1]))
    """
    sizes: Any = as_tensor(lengths, dtype=int64)
    order = None
    if not enforce_sorted:
        values = sizes.tolist()
        if isinstance(values, list) and not (values and isinstance(values[0], list)):
            places = sorted(range(len(values)), key=lambda place: -values[place])
            order = as_tensor(places, dtype=int64)
            sizes = sizes[order]
            if len(places) == input.size(0 if batch_first else 1):
                input = input.index_select(0 if batch_first else 1, order)
    data, batch_sizes = packing.pack_padded_sequence(input, sizes, batch_first)
    return PackedSequence(data, batch_sizes, order, None)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: _Float = 0.0,
    total_length: _Int | None = None,
) -> tuple[Tensor, Tensor]:
    """Undo :func:`pack_padded_sequence`.

    Args:
        sequence: the packed batch.
        batch_first: return (B, T, *) instead of (T, B, *).
        padding_value: what stands after the end of a sequence.
        total_length: T; the longest sequence's length when left out.

    Returns:
        The padded batch, and the length of each sequence.

    Raises:
        ValueError: ``total_length`` is less than the longest sequence's.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.utils.rnn import pack_sequence, pad_packed_sequence
        >>> packed = pack_sequence([torch.tensor([1, 2, 3]), torch.tensor([4, 5])])
        >>> pad_packed_sequence(packed, batch_first=True)
        (tensor([[1, 2, 3],
                [4, 5, 0]]), tensor([3, 2]))
    """
    longest = sequence.batch_sizes.size(0)
    if total_length is not None and total_length < longest:
        msg = (
            "Expected total_length to be at least the length of the longest sequence in input, but "
            f"got total_length={total_length} and max sequence length being {longest}"
        )
        raise ValueError(msg)
    steps = longest if total_length is None else total_length
    padded, lengths = packing.pad_packed_sequence(
        sequence.data, sequence.batch_sizes, batch_first, padding_value, steps
    )
    order: Any = sequence.unsorted_indices
    if order is None:
        return padded, lengths
    return padded.index_select(0 if batch_first else 1, order), lengths[order]


def pad_sequence(
    sequences: Tensor | list[Tensor],
    batch_first: bool = False,
    padding_value: _Float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Put sequences beside each other, padded to the length of the longest.

    Args:
        sequences: tensors (L_i, *), equal in all dimensions but the first.
        batch_first: return (B, T, *) instead of (T, B, *).
        padding_value: what fills the rest.
        padding_side: ``"right"`` or ``"left"``: where the filling stands.

    Raises:
        RuntimeError: there are no sequences, or they do not fit together.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.utils.rnn import pad_sequence
        >>> pad_sequence([torch.tensor([1, 2, 3]), torch.tensor([4])], batch_first=True)
        tensor([[1, 2, 3],
                [4, 0, 0]])
    """
    given: Any = sequences.unbind(0) if isinstance(sequences, Tensor) else sequences
    if not isinstance(given, Iterable):
        msg = (
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(given)}"
        )
        raise RuntimeError(msg)  # noqa: TRY004 - torch's type
    return packing.pad_sequence(tuple(given), batch_first, padding_value, padding_side)


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """Undo :func:`pad_sequence`.

    Args:
        padded_sequences: (T, B, *), or (B, T, *) with ``batch_first``.
        lengths: the length of each sequence.
        batch_first: whether the batch is the first dimension.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.utils.rnn import unpad_sequence
        >>> unpad_sequence(torch.tensor([[1, 2], [3, 0]]), torch.tensor([2, 1]), batch_first=True)
        [tensor([1, 2]), tensor([3])]
    """
    padded: Any = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    sizes: Any = lengths.tolist()
    return [row[:size] for row, size in zip(padded, sizes, strict=True)]


def pack_sequence(sequences: list[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences of different lengths.

    Args:
        sequences: tensors (L_i, *), longest first unless ``enforce_sorted=False``.
        enforce_sorted: refuse lengths that grow, instead of ordering the sequences.

    Raises:
        RuntimeError: the lengths grow where they must not, or the sequences do not fit together.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.utils.rnn import pack_sequence
        >>> pack_sequence([torch.tensor([1, 2]), torch.tensor([3])]).data
        tensor([1, 3, 2])
    """
    lengths = [sequence.size(0) for sequence in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """Undo :func:`pack_sequence`.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.utils.rnn import pack_sequence, unpack_sequence
        >>> unpack_sequence(pack_sequence([torch.tensor([1, 2]), torch.tensor([3])]))
        [tensor([1, 2]), tensor([3])]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
