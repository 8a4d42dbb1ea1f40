"""Text to numbers: the words of UTF-8 text looked up in a vocabulary.

A vocabulary is its words one after another, ``letters`` (uint8), and the position behind each,
``ends`` (int64). ``slots`` (int32) is a hash table of word numbers, -1 where it is empty, whose
size is a power of two.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_HASH_BEGIN, _HASH_FACTOR, _HASH_MASK = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1


def hash_words(slots: Array, letters: Array, ends: Array) -> None:
    """Fill the hash table of a vocabulary, by Fowler, Noll and Vo's hash 1a, 64 bits.

    Args:
        slots: written, shape (a power of two above V).
        letters: uint8, shape (L).
        ends: int64, shape (V).

    Raises:
        IndexError: the ends do not rise, or pass the letters.
        ValueError: the table's size is not a power of two above V.
    """
    words = _words(letters, ends)
    _check_capacity(slots, len(words))
    slots.fill(-1)
    for number, word in enumerate(words):
        slot = _slot(word, slots.size)
        while slots[slot] >= 0:
            slot = (slot + 1) % slots.size
        slots[slot] = number


def encode_text(
    out: Array, text: Array, letters: Array, ends: Array, slots: Array, longest: int
) -> tuple[int, int]:
    """Write the numbers of a text's words, without those that the vocabulary lacks.

    Behind each line, and behind each ``longest`` words of one, that had a word of the vocabulary
    stands -1. What ``str.split()`` splits at separates words, but only a newline ends a line.

    Args:
        out: written, int32, of more elements than the text.
        text: UTF-8, uint8; what is not UTF-8 is part of a word that no vocabulary has.
        letters: uint8, shape (L).
        ends: int64, shape (V).
        slots: what :func:`hash_words` made of them.
        longest: words of a sentence at most.

    Returns:
        The elements written, and the words of the text, known or not.

    Raises:
        IndexError: the ends do not rise, or pass the letters.
        ValueError: ``out`` is too small, ``slots`` of a wrong size, or ``longest`` not positive.
    """
    if out.size <= text.size:
        msg = f"out: expected more elements than the text has bytes, {text.size}, got {out.size}"
        raise ValueError(msg)
    if longest < 1:
        msg = f"longest: expected 1 or more, got {longest}"
        raise ValueError(msg)
    words = _words(letters, ends)
    _check_capacity(slots, len(words))
    length = seen = 0
    for line in text.tobytes().split(b"\n"):
        found = line.decode("utf-8", "surrogateescape").split()
        seen += len(found)
        for begin in range(0, len(found), longest):
            sentence = [
                _find(word.encode("utf-8", "surrogateescape"), words, slots)
                for word in found[begin : begin + longest]
            ]
            numbers = [number for number in sentence if number >= 0]
            if numbers:
                out[length : length + len(numbers)] = numbers
                out[length + len(numbers)] = -1
                length += len(numbers) + 1
    return length, seen


def _words(letters: Array, ends: Array) -> list[bytes]:
    begin = 0
    for place, end in enumerate(ends.tolist()):
        if not begin <= end <= letters.size:
            msg = (
                f"ends: expected rising positions up to {letters.size}, got {end} at position "
                f"{place}"
            )
            raise IndexError(msg)
        begin = end
    all_letters = letters.tobytes()
    begins = [0, *ends.tolist()]
    return [all_letters[begin:end] for begin, end in zip(begins, ends.tolist(), strict=False)]


def _check_capacity(slots: Array, size: int) -> None:
    if slots.size <= size or slots.size & (slots.size - 1):
        msg = f"slots: expected a power of two above the number of words, {size}, got {slots.size}"
        raise ValueError(msg)


def _slot(word: bytes, capacity: int) -> int:
    value = _HASH_BEGIN
    for byte in word:
        value = (value ^ byte) * _HASH_FACTOR & _HASH_MASK
    return (value ^ value >> 32) & (capacity - 1)


def _find(word: bytes, words: list[bytes], slots: Array) -> int:
    slot = _slot(word, slots.size)
    for _ in range(slots.size):
        number = int(slots[slot])
        if not 0 <= number < len(words):
            break
        if words[number] == word:
            return number
        slot = (slot + 1) % slots.size
    return -1
