"""Corpora are read as streams, and text gives the numbers that its words have."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tracemalloc

import numpy as np
import pytest

from penlight.text import LineSentence
from penlight.text.corpus import (
    CHUNK_BYTES,
    TextEncoder,
    TokenEncoder,
    check_restartable,
    corpus_of,
)

TEXT = "the king rules\n\n国王 和 女王\r\nthe queen\n"
SENTENCES = [["the", "king", "rules"], ["国王", "和", "女王"], ["the", "queen"]]


@pytest.mark.parametrize(
    ("suffix", "packed"),
    [("", bytes), (".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)],
)
def test_a_line_is_a_sentence_in_files_of_every_kind(tmp_path, suffix, packed):
    path = tmp_path / f"corpus.txt{suffix}"
    path.write_bytes(packed(TEXT.encode()))
    corpus = LineSentence(path)
    assert list(corpus) == SENTENCES
    assert list(corpus) == SENTENCES, "a second time"


def test_an_open_file_is_read_from_its_beginning():
    file = io.BytesIO(TEXT.encode())
    corpus = LineSentence(file)
    assert list(corpus) == list(corpus) == SENTENCES


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 4, 5, None])
def test_a_limit_counts_lines(limit):
    lines = TEXT.split("\n")[:limit]
    expected = [line.split() for line in lines if line.split()]
    assert list(LineSentence(io.BytesIO(TEXT.encode()), limit=limit)) == expected


def test_long_lines_are_several_sentences():
    words = [f"w{number}" for number in range(30_000)]
    text = " ".join(words).encode()
    assert len(text) > 2 * CHUNK_BYTES
    found = list(LineSentence(io.BytesIO(text), max_sentence_length=100))
    assert [word for sentence in found for word in sentence] == words
    assert max(map(len, found)) == 100


def test_pieces_end_where_words_do_and_know_their_line():
    text = "".join(f"a{number} {'b' * (number % 50)}\n" for number in range(20_000)).encode()
    pieces = list(LineSentence(io.BytesIO(text)).chunks())
    assert b"".join(piece for piece, _ in pieces) == text
    assert len(pieces) > 3
    for at, (piece, line) in enumerate(pieces):
        assert piece.endswith(b"\n")
        assert line == b"".join(piece for piece, _ in pieces[:at]).count(b"\n")


def test_what_is_not_utf8_is_refused_by_line(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"fine\nalso fine\n" * 6000 + b"caf\xe9\n")
    with pytest.raises(ValueError, match=r"latin.txt, line 12001: byte 0xe9 is not UTF-8"):
        list(LineSentence(path))


def test_a_file_without_words_apart_is_refused_in_bounded_memory(tmp_path):
    path = tmp_path / "blob"
    path.write_bytes(b"x" * (1 << 24))
    tracemalloc.start()
    with pytest.raises(ValueError, match="blob, line 1: a word of more than 1048576 bytes"):
        list(LineSentence(path))
    assert tracemalloc.get_traced_memory()[1] < 1 << 23
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_sentence_length": 0}, "max_sentence_length: expected 1 or more, got 0"),
        ({"limit": -1}, "limit: expected 0 or more lines, or None, got -1"),
    ],
)
def test_bad_sizes_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        LineSentence("any", **options)


def test_a_text_and_its_lists_of_words_have_the_same_numbers():
    words = ["the", "国王", "queen", "女王"]
    numbers = {word: number for number, word in enumerate(words)}
    text = TextEncoder(LineSentence(io.BytesIO(TEXT.encode())), words)
    lists = TokenEncoder(SENTENCES, numbers, 10_000)
    (one,), (other,) = text.batches(), lists.batches()
    np.testing.assert_array_equal(one.tokens, [0, -1, 1, 3, -1, 0, 2, -1])
    np.testing.assert_array_equal(one.tokens, other.tokens)
    assert one.words == other.words == 8


def test_lists_of_words_come_in_batches():
    batches = list(TokenEncoder([["a"] * 7] * 10, {"a": 0}, 20).batches())
    assert [batch.words for batch in batches] == [21, 21, 21, 7]
    assert [batch.sentences for batch in batches] == [3, 3, 3, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None, None), "expected one of sentences .* got neither"),
        (([["a"]], "file"), "expected one of sentences .* got both"),
        (("a path", None), "sentences is 'a path': .* corpus_file takes a path"),
        ((7, None), "sentences: expected an iterable of lists of words, got 7"),
        ((None, 7), "corpus_file: expected a path, got 7"),
    ],
)
def test_one_corpus_is_expected(arguments, message):
    with pytest.raises(TypeError, match=message):
        corpus_of(*arguments)


def test_what_can_be_read_only_once_is_refused():
    with pytest.raises(TypeError, match="which can be read only once"):
        check_restartable(sentence for sentence in SENTENCES)
    check_restartable(SENTENCES)
