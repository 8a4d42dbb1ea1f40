"""Words of UTF-8 text looked up in a vocabulary."""

from __future__ import annotations

import numpy as np
import pytest


def vocabulary(words):
    encoded = [word.encode("utf-8", "surrogateescape") for word in words]
    letters = np.frombuffer(b"".join(encoded), np.uint8)
    return letters, np.cumsum([len(word) for word in encoded], dtype=np.int64)


def slots_for(kernels, letters, ends):
    capacity = 1
    while capacity < 2 * ends.size + 1:
        capacity *= 2
    slots = np.empty(capacity, np.int32)
    kernels.hash_words(slots, letters, ends)
    return slots


def encode(kernels, words, text, longest=10_000):
    letters, ends = vocabulary(words)
    raw = text if isinstance(text, bytes) else text.encode()
    out = np.full(len(raw) + 1, -7, np.int32)
    length, seen = kernels.encode_text(
        out, np.frombuffer(raw, np.uint8), letters, ends, slots_for(kernels, letters, ends), longest
    )
    assert (out[length:] == -7).all()
    return out[:length].tolist(), seen


@pytest.mark.parametrize(
    ("text", "numbers", "seen"),
    [
        ("", [], 0),
        ("\n\n  \n", [], 0),
        ("a", [0, -1], 1),
        ("a b a\n", [0, 1, 0, -1], 3),
        ("a x b\nx\nb", [0, 1, -1, 1, -1], 5),
        ("  a\tb\r\nab\n", [0, 1, -1, 2, -1], 3),
        ("国王 a 女王\n", [3, 0, -1], 3),
        ("aa ba A", [], 3),
    ],
)
def test_known_words_get_their_numbers(kernels, text, numbers, seen):
    assert encode(kernels, ["a", "b", "ab", "国王"], text) == (numbers, seen)


def test_words_are_parted_where_python_parts_them(kernels):
    every = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    blocks = [every[at : at + 20_000] for at in range(0, len(every), 20_000)]
    for block in blocks if kernels.__class__.__name__ == "module" else blocks[:1]:
        text = "".join(f"a{char}a\n" for char in block if char != "\n")
        _, seen = encode(kernels, ["a"], text)
        assert seen == len(text.split())


def test_long_lines_are_cut(kernels):
    assert encode(kernels, ["a", "b"], "a b a b a", 2) == ([0, 1, -1, 0, 1, -1, 0, -1], 5)
    assert encode(kernels, ["a", "b"], "x x a b", 2) == ([0, 1, -1], 4)


def test_what_is_not_utf8_is_part_of_an_unknown_word(kernels):
    assert encode(kernels, ["a", "b"], b"a \xff b\xe2\x80 a\xc2") == ([0, -1], 4)
    assert encode(kernels, ["a", "\udcff"], b"a \xff b") == ([0, 1, -1], 3)


def test_all_levels_fill_one_table(kernels, specification, rng):
    words = sorted({"".join(rng.choice(list("abcdé国"), 4)) for _ in range(300)})
    letters, ends = vocabulary(words)
    np.testing.assert_array_equal(
        slots_for(kernels, letters, ends), slots_for(specification, letters, ends)
    )
    text = " ".join(rng.choice([*words, "none", "a"], 2000))
    assert encode(kernels, words, text) == encode(specification, words, text)


def test_a_vocabulary_may_be_empty(kernels):
    assert encode(kernels, [], "a b") == ([], 2)


def test_a_table_of_wrong_numbers_finds_nothing_and_harms_nothing(kernels):
    letters, ends = vocabulary(["a", "b"])
    text = np.frombuffer(b"a b c", np.uint8)
    out = np.empty(6, np.int32)
    for wrong in (2**31 - 1, -(2**31), 2):
        slots = np.full(8, wrong, np.int32)
        assert kernels.encode_text(out, text, letters, ends, slots, 9) == (0, 3)
    full = np.zeros(8, np.int32)  # every slot says "a": the search must end
    assert kernels.encode_text(out, text, letters, ends, full, 9) == (2, 3)


@pytest.mark.parametrize("ends", [[2, 1], [-1, 2], [1, 4]])
def test_ends_that_do_not_rise_are_refused(kernels, ends):
    letters = np.zeros(3, np.uint8)
    with pytest.raises(IndexError, match="ends: expected rising positions up to 3, got"):
        kernels.hash_words(np.empty(8, np.int32), letters, np.array(ends, np.int64))


@pytest.mark.parametrize("capacity", [0, 1, 2, 3, 6])
def test_a_table_of_another_size_is_refused(kernels, capacity):
    letters, ends = vocabulary(["a", "b"])
    slots = np.full(capacity, -1, np.int32)
    with pytest.raises(ValueError, match="slots: expected a power of two above the number"):
        kernels.hash_words(slots, letters, ends)
    with pytest.raises(ValueError, match="slots: expected a power of two above the number"):
        kernels.encode_text(np.empty(9, np.int32), letters, letters, ends, slots, 9)


def test_too_little_room_is_refused(kernels):
    letters, ends = vocabulary(["a"])
    slots = slots_for(kernels, letters, ends)
    text = np.frombuffer(b"a a a", np.uint8)
    with pytest.raises(ValueError, match="out: expected more elements than the text has bytes, 5"):
        kernels.encode_text(np.empty(5, np.int32), text, letters, ends, slots, 9)
    with pytest.raises(ValueError, match="longest: expected 1 or more, got 0"):
        kernels.encode_text(np.empty(6, np.int32), text, letters, ends, slots, 0)
