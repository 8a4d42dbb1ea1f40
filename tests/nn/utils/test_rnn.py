"""Packed and padded sequences against torch."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import penlight
from penlight.nn.utils import rnn

try:
    import torch
except ImportError:
    torch = None

oracle = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")


def sides():
    found = [(penlight, rnn)]
    return found if torch is None else [*found, (torch, torch.nn.utils.rnn)]


def array(tensor):
    return tensor.detach().numpy()


def plain(value):
    """Return tensors as arrays, so that both sides compare."""
    if hasattr(value, "detach"):
        return array(value)
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return value


def same(ours, theirs):
    assert type(ours) is type(theirs)
    if isinstance(ours, list):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            same(a, b)
    elif isinstance(ours, np.ndarray):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
    else:
        assert ours == theirs


ROWS = np.arange(30, dtype=np.float32).reshape(5, 3, 2) + 1
PACKINGS = [
    ([5, 3, 1], {}),
    ([4, 4, 2], {}),
    ([2, 5, 5], {"enforce_sorted": False}),
    ([5, 3, 1], {"enforce_sorted": False}),
]


def packed(side, utils, lengths, options, *, batch_first, as_list, rows=ROWS):
    given = np.ascontiguousarray(rows.swapaxes(0, 1)) if batch_first else rows
    x = side.tensor(given, requires_grad=True)
    sizes = lengths if as_list else side.tensor(lengths)
    return x, utils.pack_padded_sequence(x, sizes, batch_first=batch_first, **options)


@oracle
@pytest.mark.parametrize("as_list", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("lengths, options", PACKINGS)
def test_packing_and_padding_again_are_torchs(lengths, options, batch_first, as_list):
    results = []
    for side, utils in sides():
        x, sequence = packed(
            side, utils, lengths, options, batch_first=batch_first, as_list=as_list
        )
        found = [*sequence, type(sequence.data.grad_fn).__name__]
        for settings in (
            {},
            {"batch_first": True},
            {"padding_value": -1.5, "total_length": 7},
            {"batch_first": True, "padding_value": float("inf")},
        ):
            padded, sizes = utils.pad_packed_sequence(sequence, **settings)
            found += [padded, sizes, type(padded.grad_fn).__name__, padded.stride()]
        total = (sequence.data * side.arange(sequence.data.numel()).view(-1, 2)).sum()
        padded, _ = utils.pad_packed_sequence(sequence, total_length=6)
        total = total + (padded * side.arange(36).view(6, 3, 2)).sum()
        total.backward()
        results.append(plain([*found, x.grad]))
    same(*results)


@oracle
def test_rows_of_any_number_of_dimensions_pack():
    for shape in ((5, 3), (5, 3, 2, 2)):
        rows = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
        results = [
            plain(list(packed(*side, [5, 3, 1], {}, batch_first=False, as_list=True, rows=rows)[1]))
            for side in sides()
        ]
        same(*results)


@oracle
@pytest.mark.parametrize("kind", ["int64", "int32", "uint8", "bool", "float16"])
def test_sequences_of_any_dtype_pack_and_pad(kind):
    results = []
    for side, utils in sides():
        sequences = [
            side.tensor([1, 2, 3], dtype=getattr(side, kind)),
            side.tensor([4, 5], dtype=getattr(side, kind)),
        ]
        found = [utils.pad_sequence(sequences), utils.pad_sequence(sequences, True, 1)]
        sequence = utils.pack_sequence(sequences)
        found += [sequence.data, sequence.batch_sizes, utils.unpack_sequence(sequence)]
        results.append(plain(found))
    same(*results)


@oracle
@pytest.mark.parametrize("padding_side", ["left", "right"])
@pytest.mark.parametrize("batch_first", [True, False])
def test_padding_sequences_is_torchs(batch_first, padding_side):
    results = []
    for side, utils in sides():
        sequences = [side.tensor(ROWS[:length, 0], requires_grad=True) for length in (2, 5, 0, 1)]
        padded = utils.pad_sequence(sequences, batch_first, -2.5, padding_side)
        (padded * side.arange(40).view(*padded.shape)).sum().backward()
        found = [padded, type(padded.grad_fn).__name__, padded.stride()]
        results.append(plain([*found, *(sequence.grad for sequence in sequences)]))
    same(*results)


@oracle
def test_sequences_of_several_dtypes_take_the_first_ones():
    results = []
    for side, utils in sides():
        first, second = side.ones(2), side.ones(3, dtype=side.float64).requires_grad_()
        padded = utils.pad_sequence([first, second])
        padded.sum().backward()
        results.append(plain([padded, second.grad]))
    same(*results)


@oracle
def test_unpadding_and_unpacking_are_torchs():
    results = []
    for side, utils in sides():
        x = side.tensor(ROWS)
        found = [
            utils.unpad_sequence(x.clone(), side.tensor([5, 1, 3])),  # torch turns its input around
            utils.unpad_sequence(x, side.tensor([2, 1, 3, 3, 2]), batch_first=True),
            utils.pad_sequence(x),
        ]
        sequence = utils.pack_sequence([x[:2, 0], x[:5, 1], x[:3, 2]], enforce_sorted=False)
        found += [list(sequence), utils.unpack_sequence(sequence)]
        found += [utils.invert_permutation(side.tensor([2, 0, 1])), utils.invert_permutation(None)]
        results.append(plain(found))
    same(*results)


REFUSALS = [
    # what is done, torch's phrase, what penlight says besides
    (
        lambda s, r: r.pack_padded_sequence(s.zeros(5, 2, 3), [3, 5]),
        "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True",
        "length 5 at position 1 follows 3",
    ),
    (
        lambda s, r: r.pack_padded_sequence(s.zeros(5, 2, 3), [3, 0]),
        "Length of all samples has to be greater than 0",
        ": 0",
    ),
    (
        lambda s, r: r.pack_padded_sequence(s.zeros(5, 2, 3), [3, 2, 1]),
        "Expected `len(lengths)` to be equal to batch_size, but got 3 (batch_size=2)",
        "(sequence, batch, ...)",
    ),
    (
        lambda s, r: r.pack_padded_sequence(s.zeros(2, 5, 3), [5, 4]),
        "Expected `len(lengths)` to be equal to batch_size, but got 2 (batch_size=5)",
        "with batch_first=False the input of shape [2, 5, 3]",
    ),
    (
        lambda s, r: r.pack_padded_sequence(s.zeros(5, 2, 3), s.tensor([[3, 2]])),
        "'lengths' argument should be a 1D CPU int64 tensor, but got 2D cpu Long tensor",
        "",
    ),
    (lambda s, r: r.pack_padded_sequence(s.zeros(5, 0, 3), []), "Cannot pack empty tensors", ""),
    (
        lambda s, r: r.pack_padded_sequence(s.zeros(0, 2, 3), [5, 4]),
        "Cannot pack empty tensors",
        "[0, 2, 3]",
    ),
    (lambda s, r: r.pack_padded_sequence(s.zeros(5), [5]), "Dimension out of range", ""),
    (
        lambda s, r: r.pad_packed_sequence(
            r.pack_padded_sequence(s.zeros(5, 2, 3), [5, 3]), total_length=3
        ),
        "got total_length=3 and max sequence length being 5",
        "",
    ),
    (lambda s, r: r.pad_sequence([]), "received an empty list of sequences", ""),
    (
        lambda s, r: r.pad_sequence([s.zeros(3, 2), s.zeros(2, 3)]),
        "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 1",
        "sequence 1 has [2, 3]",
    ),
    (
        lambda s, r: r.pad_sequence([s.zeros(2)], padding_side="x"),
        "Expected padding_side to be one of left or right, but got x",
        "",
    ),
    (lambda s, r: r.pad_sequence(5), "Expected iterable for input sequences", ""),
    (lambda s, r: r.pad_sequence([[1, 2]]), "expected Tensor as element 0 in argument 0", ""),
    (lambda s, r: r.pad_sequence([s.zeros(())]), "ArrayRef: invalid slice", "sequence 0"),
    (
        lambda s, r: r.pack_sequence([s.zeros(2, 1), s.zeros(3, 1)]),
        "`lengths` array must be sorted in decreasing order",
        "",
    ),
    (
        lambda s, r: r.PackedSequence(s.zeros(2), None),
        "Expected data to be a list or tuple of length 2",
        "",
    ),
    (
        lambda s, r: r.PackedSequence(s.zeros(2), s.tensor([1, 1]), [0]),
        "argument 'input' (position 1) must be Tensor, not list",
        "",
    ),
]


@pytest.mark.parametrize("call, phrase, more", REFUSALS)
def test_refusals_are_torchs(call, phrase, more):
    kinds = []
    for side, utils in sides():
        with pytest.raises(Exception) as caught:
            call(side, utils)
        assert phrase in str(caught.value)
        assert side is not penlight or more in str(caught.value)
        kinds.append(caught.type)
    assert len(set(kinds)) == 1


def test_lengths_beyond_the_input_are_refused():
    # torch packs them into a sequence that no recurrent module takes.
    with pytest.raises(RuntimeError, match=r"at most 5, but got 7 at position 0.*5 steps"):
        rnn.pack_padded_sequence(penlight.zeros(5, 2, 3), [7, 3])


def test_conversions_keep_a_sequence_that_needs_none():
    sequence = rnn.pack_sequence([penlight.ones(2), penlight.ones(1)])
    assert sequence.float() is sequence
    assert sequence.cpu() is sequence
    assert sequence.to("cpu", penlight.float32) is sequence
    assert sequence.pin_memory() is sequence
    assert sequence.double().data.dtype is penlight.float64
    assert sequence.half().data.dtype is penlight.float16
    for name, kind in (("long", "int64"), ("int", "int32"), ("short", "int16"), ("byte", "uint8")):
        assert getattr(sequence, name)().data.dtype is getattr(penlight, kind)
    assert sequence.char().data.dtype is penlight.int8
    assert sequence.double().batch_sizes.dtype is penlight.int64
    assert not sequence.is_cuda
    assert not sequence.is_pinned()


def test_a_packed_sequence_is_a_named_tuple():
    data, sizes = penlight.tensor([1, 3, 2]), penlight.tensor([2, 1])
    sequence = rnn.PackedSequence(data, sizes)
    assert isinstance(sequence, tuple)
    assert sequence._fields == ("data", "batch_sizes", "sorted_indices", "unsorted_indices")
    assert sequence[0] is data
    assert tuple(sequence) == (data, sizes, None, None)
    assert rnn.PackedSequence((data, sizes)).batch_sizes is sizes
    order = penlight.tensor([1, 0])
    assert rnn.PackedSequence(data, sizes, order).unsorted_indices.tolist() == [1, 0]
    assert repr(sequence) == (
        "PackedSequence(data=tensor([1, 3, 2]), batch_sizes=tensor([2, 1]), sorted_indices=None, "
        "unsorted_indices=None)"
    )
    for twin in (copy.deepcopy(sequence), pickle.loads(pickle.dumps(sequence))):
        assert type(twin) is rnn.PackedSequence
        assert twin.data.tolist() == [1, 3, 2]


def test_recorded_packing():
    x = penlight.tensor(ROWS[:, :, 0].copy())
    sequence = rnn.pack_padded_sequence(x, [2, 5, 3], enforce_sorted=False)
    assert sequence.data.tolist() == [3, 5, 1, 9, 11, 7, 15, 17, 21, 27]
    assert sequence.batch_sizes.tolist() == [3, 3, 2, 1, 1]
    assert sequence.sorted_indices.tolist() == [1, 2, 0]
    assert sequence.unsorted_indices.tolist() == [2, 0, 1]
    padded, lengths = rnn.pad_packed_sequence(sequence, batch_first=True, padding_value=-1)
    assert padded.tolist() == [
        [1, 7, -1, -1, -1],
        [3, 9, 15, 21, 27],
        [5, 11, 17, -1, -1],
    ]
    assert lengths.tolist() == [2, 5, 3]


def test_first_and_second_derivatives():
    def random(*shape):
        return penlight.randn(*shape, dtype=penlight.float64, requires_grad=True)

    def there_and_back(x):
        sequence = rnn.pack_padded_sequence(x, [2, 4, 1], enforce_sorted=False)
        padded, _ = rnn.pad_packed_sequence(sequence, batch_first=True, total_length=5)
        return sequence.data.pow(3), padded.pow(2)

    def beside(a, b, c):
        return rnn.pad_sequence([a, b, c], padding_side="left").pow(3)

    for call, arguments in (
        (there_and_back, (random(4, 3, 2),)),
        (beside, (random(2, 2), random(3, 2), random(1, 2))),
    ):
        assert penlight.autograd.gradcheck(call, arguments)
        assert penlight.autograd.gradgradcheck(call, arguments)
