"""Corpora: sentences of words, read again for every epoch and never held in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from .. import kernels
from ._files import name_of, opened, refuse

Sentence = Sequence[Any]

CHUNK_BYTES = 1 << 16
LONGEST_WORD = 1 << 20


class LineSentence:
    r"""The sentences of a text file: one a line, its words between white space.

    The file is UTF-8, plain or compressed (``.gz``, ``.bz2``, ``.xz``), and is read anew each time
    the object is iterated. Text without spaces between words, such as Chinese, is split before.

    Args:
        source: a path, or a file open in binary mode that can seek.
        max_sentence_length: words of a sentence at most; a longer line is several sentences, and a
            line of more than 64 KiB may be cut earlier.
        limit: lines that are read at most; all by default.

    Raises:
        OSError: the file cannot be read.
        WordFileError: it is damaged or not UTF-8; the message names the line.
        ValueError: an argument is not positive.

    Example:
        >>> from penlight.text import LineSentence
        >>> import io
        >>> list(LineSentence(io.BytesIO("the king\n\n国王 女王\n".encode())))
        [['the', 'king'], ['国王', '女王']]
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | IO[bytes],
        max_sentence_length: int = 10_000,
        limit: int | None = None,
    ) -> None:
        if max_sentence_length < 1:
            msg = f"max_sentence_length: expected 1 or more, got {max_sentence_length}"
            raise ValueError(msg)
        if limit is not None and limit < 0:
            msg = f"limit: expected 0 or more lines, or None, got {limit}"
            raise ValueError(msg)
        self.source = source
        self.max_sentence_length = max_sentence_length
        self.limit = limit

    def __iter__(self) -> Iterator[list[str]]:
        for chunk, line in self.chunks():
            for sentence in decoded(chunk, line, self.source).split("\n"):
                words = sentence.split()
                for begin in range(0, len(words), self.max_sentence_length):
                    yield words[begin : begin + self.max_sentence_length]

    def chunks(self) -> Iterator[tuple[bytes, int]]:
        """Yield pieces of the file that end where a line or at least a word does, and their line.

        Yields:
            Bytes, and the number of lines before them.
        """
        line, left = 0, b""
        with _rewound(self.source) as file:
            while True:
                read = file.read(CHUNK_BYTES)
                text = left + read
                cut = len(text) if not read else _end_of_line_or_word(text)
                if not cut and len(text) > LONGEST_WORD:
                    refuse(
                        name_of(self.source),
                        f"line {line + 1}",
                        f"a word of more than {LONGEST_WORD} bytes; expected words between white "
                        "space",
                    )
                piece, left = text[:cut], text[cut:]
                lines = piece.count(b"\n")
                if self.limit is not None and line + lines >= self.limit:
                    piece = b"".join(piece.splitlines(keepends=True)[: self.limit - line])
                    yield piece, line
                    return
                if piece:
                    yield piece, line
                line += lines
                if not read:
                    return


@contextmanager
def _rewound(source: Any) -> Iterator[Any]:
    if hasattr(source, "read"):
        source.seek(0)
    with opened(source) as file:
        yield file


def _end_of_line_or_word(text: bytes) -> int:
    """Return the position behind the last newline, or else behind the last blank; 0 for none."""
    return (text.rfind(b"\n") + 1) or (text.rfind(b" ") + 1)


def decoded(chunk: bytes, line: int, source: Any) -> str:
    """Return a piece of a file as text.

    Raises:
        WordFileError: it is not UTF-8; the message names the line.
    """
    try:
        return chunk.decode()
    except UnicodeDecodeError as error:
        at = line + chunk[: error.start].count(b"\n") + 1
        refuse(
            name_of(source),
            f"line {at}",
            f"byte 0x{chunk[error.start]:02x} is not UTF-8 ({error.reason}); convert the file, as "
            "with iconv",
        )


class Batch(NamedTuple):
    """Some sentences: word numbers with -1 behind each, and what was read for them."""

    tokens: npt.NDArray[np.int32]
    words: int
    sentences: int


class Encoder(Protocol):
    """What turns a corpus into batches."""

    def batches(self) -> Iterator[Batch]:
        """Read the corpus once."""


class TextEncoder:
    """Encodes a text file by the compiled look-up, without making a string of any word."""

    def __init__(self, corpus: LineSentence, words: Sequence[Any]) -> None:
        self._corpus = corpus
        encoded = [str(word).encode("utf-8", "surrogatepass") for word in words]
        self._letters = np.frombuffer(b"".join(encoded), np.uint8)
        self._ends = np.cumsum([len(word) for word in encoded], dtype=np.int64)
        self._slots = np.empty(1 << (2 * len(encoded) + 1).bit_length(), np.int32)
        kernels.hash_words(self._slots, self._letters, self._ends)

    def batches(self) -> Iterator[Batch]:
        """Read the file once."""
        for chunk, _ in self._corpus.chunks():
            text = np.frombuffer(chunk, np.uint8)
            tokens = np.empty(text.size + 1, np.int32)
            length, words = kernels.encode_text(
                tokens,
                text,
                self._letters,
                self._ends,
                self._slots,
                self._corpus.max_sentence_length,
            )
            yield Batch(tokens[:length].copy(), words, chunk.count(b"\n"))


class TokenEncoder:
    """Encodes sentences that are lists of words."""

    def __init__(
        self, corpus: Iterable[Sentence], numbers: dict[Any, int], batch_words: int
    ) -> None:
        self._corpus = corpus
        self._numbers = numbers
        self._batch_words = batch_words

    def batches(self) -> Iterator[Batch]:
        """Iterate the sentences once."""
        find = self._numbers.get
        tokens: list[int] = []
        words = sentences = 0
        for sentence in checked(self._corpus):
            tokens += [number for number in map(find, sentence) if number is not None]
            tokens.append(-1)
            words += len(sentence)
            sentences += 1
            if words >= self._batch_words:
                yield Batch(np.array(tokens, np.int32), words, sentences)
                tokens, words, sentences = [], 0, 0
        if sentences:
            yield Batch(np.array(tokens, np.int32), words, sentences)


def checked(corpus: Iterable[Sentence]) -> Iterator[Sentence]:
    """Yield the sentences of a corpus.

    Raises:
        TypeError: a sentence is no list of words.
    """
    for number, sentence in enumerate(corpus):
        if isinstance(sentence, str | bytes) or not hasattr(sentence, "__len__"):
            msg = (
                f"sentence {number} is {sentence!r:.60}: expected a list of words, such as "
                "text.split()"
            )
            raise TypeError(msg)
        yield sentence


def corpus_of(
    sentences: Iterable[Sentence] | None, corpus_file: str | os.PathLike[str] | None
) -> Iterable[Sentence]:
    """Return the one corpus that was given.

    Raises:
        TypeError: none was, or both, or one that cannot be read a second time.
    """
    if (sentences is None) == (corpus_file is None):
        got = "neither" if sentences is None else "both"
        msg = f"expected one of sentences (a corpus_iterable) and corpus_file, got {got}"
        raise TypeError(msg)
    if sentences is None:
        if not isinstance(corpus_file, str | os.PathLike):
            msg = f"corpus_file: expected a path, got {corpus_file!r}"
            raise TypeError(msg)
        return LineSentence(corpus_file)
    if isinstance(sentences, str | bytes):
        msg = f"sentences is {sentences!r:.60}: expected lists of words; corpus_file takes a path"
        raise TypeError(msg)
    if not hasattr(sentences, "__iter__"):
        msg = f"sentences: expected an iterable of lists of words, got {sentences!r:.60}"
        raise TypeError(msg)
    return sentences


def check_restartable(corpus: Iterable[Sentence]) -> None:
    """Refuse an iterator, which ends with the first epoch.

    Raises:
        TypeError: it is one.
    """
    if iter(corpus) is corpus:
        msg = (
            f"sentences is {corpus!r:.60}, which can be read only once: training reads its corpus "
            "for the vocabulary and for every epoch. Expected a list, or an object whose "
            "__iter__ begins anew"
        )
        raise TypeError(msg)
