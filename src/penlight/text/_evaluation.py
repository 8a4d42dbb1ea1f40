"""Word vectors against people: correlations of similarity, and solved analogies."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ._correlation import Correlation, pearson, spearman
from ._vector_store import Array, VectorStore, divisors, unit

_log = logging.getLogger(__name__)
_BLOCK_SCORES = 1 << 21  # scores that are held at a time, 8 MiB of float32
_LOOKED_AT = 5  # candidates among which the answer is sought; gensim's number
TINY = 1e-6  # keeps the quotient of 3CosMul finite
_TOTAL = "Total accuracy"
_SIMILARITY_FUNCTIONS = ("most_similar", "most_similar_cosmul")

Question = tuple[str, str, str, str]


class Words:
    """The words that an evaluation knows: those of the first rows, perhaps in upper case.

    Args:
        vectors: the table.
        restrict_vocab: how many rows; ``None`` for all.
        case_insensitive: compare in upper case; of words that become equal the first counts.

    Attributes:
        rows: the row of each word.
        names: the word of each row, in upper case where that is how it is compared.
    """

    def __init__(
        self, vectors: VectorStore, restrict_vocab: int | None, *, case_insensitive: bool
    ) -> None:
        if restrict_vocab is not None and restrict_vocab < 0:
            msg = f"restrict_vocab={restrict_vocab}; it is a number of rows, or None for all"
            raise ValueError(msg)
        self._case_insensitive = case_insensitive
        keys = vectors.index_to_key[:restrict_vocab]
        self.names: list[str | None] = [
            self.compared(key) if isinstance(key, str) else None for key in keys
        ]
        self.rows: dict[str, int] = {}
        for row, name in enumerate(self.names):
            if name is not None:
                self.rows.setdefault(name, row)

    def compared(self, word: str) -> str:
        """Return a word as it is compared."""
        return word.upper() if self._case_insensitive else word


# Pairs.


def word_pairs(
    vectors: VectorStore,
    lines: Iterable[str],
    name: str,
    delimiter: str,
    words: Words,
    *,
    dummy: bool,
) -> tuple[Correlation, Correlation, float]:
    """Return Pearson's and Spearman's correlation, and the percentage of unknown pairs."""
    judged: list[float] = []
    known: list[int] = []
    rows: list[tuple[int, int]] = []
    unknown = 0
    for first, second, judgement in _pairs(lines, name, delimiter):
        one, other = (words.rows.get(words.compared(word)) for word in (first, second))
        if one is None or other is None:
            unknown += 1
            if not dummy:
                continue
        else:
            known.append(len(judged))
            rows.append((one, other))
        judged.append(judgement)
    if not judged:
        msg = (
            f"{name} has no pair of known words: expected lines of two words and a number, with "
            f"{delimiter!r} between them; {unknown} pairs have a word that is not known"
        )
        raise ValueError(msg)
    found = np.zeros(len(judged))
    found[known] = _cosines(vectors.vectors, np.array(rows, dtype=np.intp).reshape(-1, 2))
    share = unknown / (len(judged) if dummy else len(judged) + unknown) * 100
    return pearson(judged, found), spearman(judged, found), share


def _pairs(lines: Iterable[str], name: str, delimiter: str) -> Iterator[tuple[str, str, float]]:
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            continue
        try:
            first, second, judgement = line.split(delimiter)
            yield first, second, float(judgement)
        except ValueError:
            _log.info("%s, line %d: left out, it is no pair with a number", name, number)


def _cosines(vectors: Array, rows: Array) -> Array:
    one, other = (unit(vectors[side].astype(np.float64)) for side in rows.T)
    return np.asarray(np.vecdot(one, other))


# Analogies.


class Section(NamedTuple):
    """A section of a file of questions."""

    name: str
    questions: list[Question]


def read_questions(lines: Iterable[str], name: str, words: Words) -> list[Section]:
    """Return the sections of a file, the words as they are compared.

    Raises:
        ValueError: a line stands before the first section.
    """
    sections: list[Section] = []
    for number, line in enumerate(lines, 1):
        if line.startswith(": "):
            sections.append(Section(line.lstrip(": ").strip(), []))
            continue
        if not sections:
            msg = f"{name}, line {number}: expected a section, ': name', found {line.strip()!r}"
            raise ValueError(msg)
        question = words.compared(line).split()
        if len(question) == 4:
            sections[-1].questions.append((question[0], question[1], question[2], question[3]))
        else:
            _log.info("%s, line %d: left out, it has no four words", name, number)
    return sections


def word_analogies(
    vectors: VectorStore,
    sections: Sequence[Section],
    words: Words,
    similarity_function: str,
    *,
    dummy: bool,
) -> tuple[float, list[dict[str, Any]]]:
    """Return the share of solved questions and the questions of each section, solved or not.

    Raises:
        ValueError: ``similarity_function`` is not one of the two.
    """
    if similarity_function not in _SIMILARITY_FUNCTIONS:
        msg = (
            f"similarity_function={similarity_function!r}; one of "
            f"{', '.join(map(repr, _SIMILARITY_FUNCTIONS))} is expected"
        )
        raise ValueError(msg)
    asked = [question for section in sections for question in section.questions]
    known = list(dict.fromkeys(q for q in asked if all(word in words.rows for word in q)))
    answers = dict(zip(known, _answers(vectors, known, words, similarity_function), strict=True))
    counted = [
        Section(section.name, [q for q in section.questions if dummy or q in answers])
        for section in sections
    ]
    counted.append(Section(_TOTAL, [q for section in counted for q in section.questions]))
    results = [
        {
            "section": section.name,
            "correct": [q for q in section.questions if answers.get(q) == q[3]],
            "incorrect": [q for q in section.questions if answers.get(q) != q[3]],
        }
        for section in counted
    ]
    solved, all_questions = len(results[-1]["correct"]), len(counted[-1].questions)
    return (solved / all_questions if all_questions else 0.0), results


def _answers(
    vectors: VectorStore, questions: Sequence[Question], words: Words, similarity_function: str
) -> Iterator[str | None]:
    """Yield the fourth word that the vectors give to the first three of each question."""
    table = vectors.vectors[: len(words.names)]
    scale = divisors(table)
    lost = ~np.isfinite(scale)
    score = _added if similarity_function == "most_similar" else _multiplied
    step = max(1, _BLOCK_SCORES // max(1, len(table)))
    for start in range(0, len(questions), step):
        block = questions[start : start + step]
        rows = np.array([[words.rows[word] for word in question[:3]] for question in block])
        scores = score(table, scale, rows)
        if lost.any():
            scores[:, lost] = -np.inf
        np.put_along_axis(scores, rows, -np.inf, axis=1)
        best = scores.argmax(axis=1).tolist()
        for question, first, ranked in zip(block, best, scores, strict=True):
            yield _answer(words, question, first, ranked)


def _answer(words: Words, question: Question, first: int, scores: Array) -> str | None:
    """Return the best candidate that is none of the three words, differing in case or not."""
    given = {None, *question[:3]}
    if words.names[first] not in given:
        return words.names[first]
    order = np.argsort(-scores, kind="stable")[:_LOOKED_AT]
    names = [words.names[int(row)] for row in order]
    return next((name for name in names if name not in given), names[-1])


def _added(table: Array, scale: Array, rows: Array) -> Array:
    """Return the scores of 3CosAdd, (questions, N), but for a positive factor for each question."""
    first, second, third = (table[side] / scale[side][:, None] for side in rows.T)
    scores: Array = (second + third - first) @ table.T
    scores /= scale
    return scores


def _multiplied(table: Array, scale: Array, rows: Array) -> Array:
    """Return the scores of 3CosMul, (questions, N)."""

    def shifted(side: Array) -> Array:
        cosines: Array = (table[side] / scale[side][:, None]) @ table.T
        return (1 + cosines / scale) / 2

    first, second, third = rows.T
    scores: Array = shifted(second) * shifted(third)
    scores /= shifted(first) + scale.dtype.type(TINY)
    return scores
