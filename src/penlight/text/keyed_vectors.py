"""KeyedVectors: word vectors, their neighbours, analogies, evaluation and files."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from typing import IO, Any, Self

import numpy as np
import numpy.typing as npt

from . import _evaluation, _vector_files
from ._correlation import Correlation
from ._files import name_of
from ._vector_reading import Reading
from ._vector_store import KEY_TYPES, Array, Key, VectorStore, as_items, divisors, lengths, unit

_log = logging.getLogger(__name__)
_NO_INPUT = "cannot compute a mean of no keys: give at least one"

Path = str | os.PathLike[str]


class KeyedVectors(VectorStore):
    """Vectors and a key, such as a word, for each: what training word vectors leaves behind.

    Names and meanings are those of gensim 4. Where that library keeps the lengths of the vectors
    from the first search on, and finds old neighbours after vectors were changed in place, lengths
    are computed by each search here, which takes as long again. A vector of zeros is
    similar to nothing, by 0. Of equally similar keys the one in the first row comes first.

    A table can be given to :meth:`penlight.nn.Embedding.from_pretrained`; row *i* of the embedding
    is then the vector of ``index_to_key[i]``.

    Args:
        vector_size: length of each vector, D.
        count: rows set aside, for :meth:`add_vector` to fill. Until then they are zero, their key
            is ``None``, and no search finds them.
        dtype: of the vectors, a floating-point type.

    Attributes:
        vectors: the table, a NumPy array (N, D).
        vector_size: D.
        index_to_key: the list of keys, by row.
        key_to_index: the row of each key.
        norms: the lengths of the vectors when :meth:`fill_norms` was called, ``None`` before.
        expandos: the arrays of attributes, (N), by name; see :meth:`set_vecattr`.

    Raises:
        ValueError: ``vector_size`` or ``count`` is no such number.
        TypeError: ``dtype`` is not of floating-point numbers.

    Example:
        >>> from penlight.text import KeyedVectors
        >>> wv = KeyedVectors(2)
        >>> wv.add_vectors(["north", "northeast", "east"], [[0, 1], [1, 1], [2, 0]])
        >>> wv
        <KeyedVectors of 3 keys by 2, float32: 'north', 'northeast', 'east'>
        >>> wv["east"]
        array([2., 0.], dtype=float32)
        >>> [(key, round(similarity, 3)) for key, similarity in wv.most_similar("north")]
        [('northeast', 0.707), ('east', 0.0)]

    References:
        Mikolov et al., Efficient Estimation of Word Representations in Vector Space, 2013.
    """

    def get_mean_vector(
        self,
        keys: Any,
        weights: Any = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> Array:
        """Return the weighted mean of the vectors of several keys.

        Args:
            keys: keys and vectors; vectors are taken as they are.
            weights: a number for each; all 1 when left out. The sum is divided by that of their
                absolute values.
            pre_normalize: scale the vectors of keys to length 1 first.
            post_normalize: scale the mean to length 1.
            ignore_missing: leave out keys that are not there.

        Shape:
            Output: (``vector_size``)

        Raises:
            ValueError: no keys, or not as many weights.
            KeyError: a key is not there, and ``ignore_missing`` is False.
        """
        if not len(keys):
            raise ValueError(_NO_INPUT)
        weights = np.ones(len(keys)) if weights is None else np.asarray(weights)
        if weights.shape != (len(keys),):
            msg = f"{len(keys)} keys and weights of shape {weights.shape}: one for each is expected"
            raise ValueError(msg)
        total, sum_of_weights = np.zeros(self.vector_size), 0.0
        for key, weight in zip(keys, weights, strict=True):
            if isinstance(key, KEY_TYPES):
                if ignore_missing and key not in self:
                    continue
                vector = self.get_vector(key, norm=pre_normalize)
            else:
                vector = self._as_vector(key)
            total += weight * vector
            sum_of_weights += abs(weight)
        mean = total / (sum_of_weights or 1.0)
        return (unit(mean) if post_normalize else mean).astype(self.vectors.dtype)

    def _as_vector(self, given: Any) -> Array:
        vector = np.asarray(given)
        if vector.shape != (self.vector_size,) or vector.dtype.kind not in "fiub":
            msg = (
                f"expected a key (a string or a row) or a vector of {self.vector_size} numbers, "
                f"got {given!r}"
            )
            raise TypeError(msg) if vector.dtype.kind not in "fiub" else ValueError(msg)
        return vector

    def most_similar(
        self,
        positive: Any = None,
        negative: Any = None,
        topn: int | None = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
    ) -> Any:
        """Find the keys whose vectors have the greatest cosine with a mean of others.

        "king" is to "man" as which word is to "woman"? ``most_similar(["king", "woman"], ["man"])``

        Args:
            positive: a key, a vector, or several of them, each alone or as a pair (key, weight).
                Keys count as vectors of length 1.
            negative: the same, counted negatively; the weight of one that has none is -1.
            topn: how many; ``None`` for the similarities of all rows.
            clip_start: the first row to look at.
            clip_end: the row to stop before; all when left out.
            restrict_vocab: look at that many of the first rows, whatever is clipped.

        Returns:
            Pairs (key, similarity), the most similar first, without the keys given; or, for
            ``topn=None``, an array of the similarities of all rows looked at.

        Raises:
            KeyError: a key is not there.
            ValueError: nothing is given, a vector has another length, or a limit is negative.

        References:
            Mikolov et al., Linguistic Regularities in Continuous Space Word Representations, 2013.
        """
        if topn is not None and topn < 1:
            return []
        start, end = self._searched(clip_start, clip_end, restrict_vocab)
        keys, weights = _weighted(as_items(positive), as_items(negative))
        mean = self.get_mean_vector(keys, weights, post_normalize=True, ignore_missing=False)
        rows = self.vectors[start:end]
        similarities = rows @ mean / divisors(rows)
        return similarities if topn is None else self._best(similarities, topn, keys, start)

    def most_similar_cosmul(
        self,
        positive: Any = None,
        negative: Any = None,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
    ) -> Any:
        """Find the keys that are similar to all of some keys and to none of others: 3CosMul.

        Similarities, moved to the range from 0 to 1, are multiplied where :meth:`most_similar` adds
        them, so that none outweighs the others.

        Args:
            positive: a key, a vector, or several of them.
            negative: the same; a candidate is to be dissimilar to these.
            topn: how many; ``None`` for the scores of all rows.
            restrict_vocab: look at that many of the first rows only.

        Returns:
            As :meth:`most_similar`, with scores instead of cosines.

        Raises:
            KeyError: a key is not there.
            ValueError: nothing positive is given, or a vector has another length.

        References:
            Levy and Goldberg, Linguistic Regularities in Sparse and Explicit Word Representations,
            2014.
        """
        if topn is not None and topn < 1:
            return []
        start, end = self._searched(0, None, restrict_vocab)
        liked, disliked = as_items(positive), as_items(negative)
        if not liked:
            raise ValueError(_NO_INPUT)
        rows = self.vectors[start:end]
        scale = divisors(rows)

        def product(keys: Sequence[Any]) -> Any:
            shifted = [(1 + rows @ self._direction(key) / scale) / 2 for key in keys]
            return np.prod(shifted, axis=0)

        scores = product(liked) / (product(disliked) + scale.dtype.type(_evaluation.TINY))
        return scores if topn is None else self._best(scores, topn, [*liked, *disliked], start)

    def _direction(self, key: Any) -> Array:
        if isinstance(key, KEY_TYPES):
            return self.get_vector(key, norm=True)
        return unit(self._as_vector(key).astype(self.vectors.dtype))

    def _searched(
        self, clip_start: int, clip_end: int | None, restrict_vocab: int | None
    ) -> tuple[int, int]:
        """Return the first row of a search and the one to stop before."""
        limits = {
            "clip_start": clip_start,
            "clip_end": clip_end,
            "restrict_vocab": restrict_vocab,
        }
        for name, value in limits.items():
            if value is not None and value < 0:
                msg = f"{name}={value}; rows are counted from 0 on"
                raise ValueError(msg)
        if restrict_vocab:
            return 0, min(restrict_vocab, len(self.vectors))
        return clip_start, min(clip_end or len(self.vectors), len(self.vectors))

    def _best(
        self, scores: Array, topn: int, given: Iterable[Any], start: int
    ) -> list[tuple[Any, float]]:
        """Return the keys with the greatest scores, without those that were given."""
        scores = np.where(np.isnan(scores), scores.dtype.type(-np.inf), scores)
        out = {self.get_index(key) - start for key in given if isinstance(key, KEY_TYPES)}
        if len(self.key_to_index) < len(self):
            out |= {row - start for row, key in enumerate(self.index_to_key) if key is None}
        candidates = _greatest(scores, topn + len(out))
        kept = [row for row in candidates.tolist() if row not in out][:topn]
        return [(self.index_to_key[row + start], float(scores[row])) for row in kept]

    def similar_by_key(
        self, key: Key, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """Find the keys most similar to one key; see :meth:`most_similar`."""
        return self.most_similar([key], topn=topn, restrict_vocab=restrict_vocab)

    def similar_by_word(
        self, word: Key, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """Find the words most similar to one word; see :meth:`most_similar`."""
        return self.similar_by_key(word, topn, restrict_vocab)

    def similar_by_vector(
        self, vector: Any, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """Find the keys most similar to a vector; see :meth:`most_similar`."""
        return self.most_similar([np.asarray(vector)], topn=topn, restrict_vocab=restrict_vocab)

    def similarity(self, w1: Key, w2: Key) -> float:
        """Return the cosine of the vectors of two keys.

        Raises:
            KeyError: one of them is not there.
        """
        return _cosine(self.get_vector(w1), self.get_vector(w2))

    def distance(self, w1: Key, w2: Key) -> float:
        """Return 1 less the :meth:`similarity` of two keys."""
        return 1 - self.similarity(w1, w2)

    def n_similarity(self, ws1: Sequence[Any], ws2: Sequence[Any]) -> float:
        """Return the cosine of the means of two sets of keys; keys that are not there are left out.

        Raises:
            ZeroDivisionError: one of the sets is empty.
        """
        if not len(ws1) or not len(ws2):
            msg = f"sets of {len(ws1)} and {len(ws2)} keys; an empty one has no mean"
            raise ZeroDivisionError(msg)
        first, second = (self.get_mean_vector(keys, pre_normalize=False) for keys in (ws1, ws2))
        return _cosine(first, second)

    def distances(self, word_or_vector: Any, other_words: Iterable[Key] = ()) -> Array:
        """Return 1 less the cosines between one vector and others.

        Args:
            word_or_vector: a key or a vector.
            other_words: the keys of the others; all rows when empty.

        Shape:
            Output: a number for each of ``other_words``, or (N)

        Raises:
            KeyError: a key is not there.
        """
        others = list(other_words)
        rows = self[others] if others else self.vectors
        return np.asarray(1 - rows @ self._direction(word_or_vector) / divisors(rows))

    def closer_than(self, key1: Key, key2: Key) -> list[Any]:
        """Return the keys that are closer to ``key1`` than ``key2`` is, in the order of rows."""
        distances = self.distances(key1)
        first = self.get_index(key1)
        closer = np.flatnonzero(distances < distances[self.get_index(key2)]).tolist()
        keys = [self.index_to_key[row] for row in closer if row != first]
        return [key for key in keys if key is not None]

    def rank(self, key1: Key, key2: Key) -> int:
        """Return the place of ``key2`` among the neighbours of ``key1``: 1 for the nearest."""
        return len(self.closer_than(key1, key2)) + 1

    def most_similar_to_given(self, key1: Key, keys_list: Sequence[Key]) -> Key:
        """Return the key of a list that is most similar to ``key1``."""
        return keys_list[int(np.argmin(self.distances(key1, keys_list)))]

    def rank_by_centrality(
        self, words: Iterable[Any], use_norm: bool = True
    ) -> list[tuple[float, Any]]:
        """Return pairs (similarity to the mean of all, key), the most central first.

        Args:
            words: the keys; those that are not there are left out.
            use_norm: take the mean of the vectors scaled to length 1.

        Raises:
            ValueError: none of them is there.
        """
        given = list(words)
        used = [word for word in given if word in self]
        if len(used) < len(given):
            _log.warning("left out, for they have no vectors: %s", sorted({*given} - {*used}))
        if not used:
            msg = f"none of the keys {given!r} is in the vocabulary"
            raise ValueError(msg)
        vectors = unit(self[used]) if use_norm else self[used]
        closeness = vectors @ unit(vectors.mean(axis=0))
        return sorted(zip(closeness.tolist(), used, strict=True), reverse=True)

    def doesnt_match(self, words: Iterable[Any]) -> Any:
        """Return the one of several keys that is least similar to the mean of all.

        Raises:
            ValueError: none of them is there.

        Example:
            >>> from penlight.text import KeyedVectors
            >>> wv = KeyedVectors(2)
            >>> wv.add_vectors(["red", "green", "seven"], [[5, 1], [4, 1], [0, 3]])
            >>> wv.doesnt_match(["red", "green", "seven"])
            'seven'
        """
        return self.rank_by_centrality(words)[-1][1]

    def evaluate_word_pairs(
        self,
        pairs: Path | IO[bytes],
        delimiter: str = "\t",
        encoding: str = "utf8",
        restrict_vocab: int | None = 300000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
    ) -> tuple[Correlation, Correlation, float]:
        r"""Compare similarities with human judgements, such as those of WordSim-353.

        Args:
            pairs: a file with a pair of words and a number on each line; also compressed. Lines
                that begin with ``#``, and lines of another form, are left out.
            delimiter: what stands between the three.
            encoding: of the file.
            restrict_vocab: know only that many of the first words; ``None`` for all.
            case_insensitive: compare words in upper case; of words that differ in case only, the
                one in the first row counts.
            dummy4unknown: take 0 for the similarity of words that are not there, instead of leaving
                the pair out.

        Returns:
            Pearson's correlation and Spearman's, each with ``statistic`` and two-sided ``pvalue``,
            and the share of pairs with unknown words in percent.

        Raises:
            ValueError: the file has no pair of known words.

        References:
            Finkelstein et al., Placing Search in Context: The Concept Revisited, 2002.
        """
        words = _evaluation.Words(self, restrict_vocab, case_insensitive=case_insensitive)
        name = name_of(pairs)
        lines = _vector_files.decoded_lines(pairs, encoding)
        return _evaluation.word_pairs(self, lines, name, delimiter, words, dummy=dummy4unknown)

    def evaluate_word_analogies(
        self,
        analogies: Path | IO[bytes],
        restrict_vocab: int | None = 300000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
        similarity_function: str = "most_similar",
    ) -> tuple[float, list[dict[str, Any]]]:
        """Count how many analogies are solved, such as those of ``questions-words.txt``.

        Args:
            analogies: a file with four words on each line, and a line ``: name`` before each
                section; also compressed. Other lines are left out.
            restrict_vocab: know, and find, only that many of the first words; ``None`` for all.
            case_insensitive: compare words in upper case; of words that differ in case only, the
                one in the first row counts.
            dummy4unknown: count a question with an unknown word as not solved, instead of leaving
                it out.
            similarity_function: ``"most_similar"`` or ``"most_similar_cosmul"``: the way to find
                the fourth word.

        Returns:
            The share of solved questions, and a dict for each section and for all with its name as
            ``"section"`` and the questions as ``"correct"`` and ``"incorrect"``.

        Raises:
            ValueError: a question stands before the first section, or ``similarity_function`` is
                another.

        References:
            Mikolov et al., Efficient Estimation of Word Representations in Vector Space, 2013.
        """
        words = _evaluation.Words(self, restrict_vocab, case_insensitive=case_insensitive)
        lines = _vector_files.decoded_lines(analogies, "utf8")
        sections = _evaluation.read_questions(lines, name_of(analogies), words)
        return _evaluation.word_analogies(
            self, sections, words, similarity_function, dummy=dummy4unknown
        )

    def save_word2vec_format(
        self,
        fname: Path | IO[bytes],
        fvocab: Path | IO[bytes] | None = None,
        binary: bool = False,
        total_vec: int | None = None,
        write_header: bool = True,
        prefix: str = "",
        append: bool = False,
        sort_attr: str = "count",
    ) -> None:
        """Write the vectors as word2vec, gensim and many other programs read them.

        Text keeps every float32 exactly. A path that ends in ``.gz``, ``.bz2`` or ``.xz`` is
        compressed. A path is written aside and put in place when it is complete, except with
        ``append``. Rows without a key are left out.

        Args:
            fname: a path, or a file open for writing in binary mode.
            fvocab: where to write the keys with their values of ``sort_attr``.
            binary: write the binary form: a key, a space and float32 numbers, without anything
                between that and the next key.
            total_vec: the number of vectors to write in the header, if more are to be appended.
            write_header: write the first line, with the number of vectors and their length.
            prefix: put in front of each key.
            append: write behind what the files hold already.
            sort_attr: the attribute whose greatest values come first; without it, or for equal
                values, the order of rows is kept.

        Raises:
            ValueError: a key is empty or has white space in it, ``fvocab`` is given without the
                attribute, or ``total_vec`` is less than there are vectors.
            RuntimeError: the directory does not exist.
        """
        rows = [row for row, key in enumerate(self.index_to_key) if key is not None]
        values = self.expandos.get(sort_attr)
        if values is not None:
            rows.sort(key=lambda row: -values[row])
        elif fvocab is not None:
            msg = f"fvocab={fvocab!r}: there are no values of {sort_attr!r} to write (sort_attr)"
            raise ValueError(msg)
        keys = [f"{prefix}{self.index_to_key[row]}" for row in rows]
        chosen = self.vectors if rows == list(range(len(self.vectors))) else self.vectors[rows]
        layout = _vector_files.Layout(binary=binary, header=write_header, total=total_vec)
        _vector_files.write(fname, keys, chosen, layout, append=append)
        if fvocab is not None and values is not None:
            _vector_files.write_counts(fvocab, keys, values[rows], append=append)

    @classmethod
    def load_word2vec_format(
        cls,
        fname: Path | IO[bytes],
        fvocab: Path | IO[bytes] | None = None,
        binary: bool = False,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
        limit: int | None = None,
        datatype: npt.DTypeLike = np.float32,
        binary_chunk_size: int = 1 << 20,
        no_header: bool = False,
    ) -> Self:
        r"""Read vectors that word2vec, gensim or penlight wrote.

        The file is read as a stream, and no memory is taken for vectors that a header promises and
        the file does not hold. The text form must end with the end of a line: a number that was cut
        short looks like a number.

        Without ``fvocab`` the vectors have no ``"count"``; gensim makes one up.

        Args:
            fname: a path, or a file open for reading in binary mode. A path that ends in ``.gz``,
                ``.bz2`` or ``.xz`` is decompressed.
            fvocab: a file of words with their counts, which become the attribute ``"count"``.
            binary: read the binary form.
            encoding: of the words.
            unicode_errors: ``"strict"``, or as for :meth:`bytes.decode`: ``"ignore"`` and
                ``"replace"`` read words that were cut within a character.
            limit: read that many of the first vectors only.
            datatype: of the vectors, a floating-point type.
            binary_chunk_size: how many bytes of the binary form to read at a time.
            no_header: the text form begins with the first vector, as GloVe's files do.

        Raises:
            WordFileError: the file is damaged, cut off or of another form; the message names the
                line, or the byte, and what was expected there. It is a :class:`ValueError` and an
                :class:`EOFError`.
            ValueError: an option has another value, or ``no_header`` is asked of the binary form.
            OSError: the file cannot be read.

        Warns:
            UserWarning: words occur again; their first vectors are kept.

        Example:
            >>> import io
            >>> from penlight.text import KeyedVectors
            >>> file = io.BytesIO(b"2 3\nking 0.5 1 2\nqueen 0.25 1 2\n")
            >>> KeyedVectors.load_word2vec_format(file)["queen"]
            array([0.25, 1.  , 2.  ], dtype=float32)
        """
        options = Reading(
            binary=binary,
            no_header=no_header,
            encoding=encoding,
            errors=unicode_errors,
            limit=limit,
            dtype=datatype,
            chunk=binary_chunk_size,
        )
        keys, vectors = _vector_files.read(fname, options)
        made = cls(vectors.shape[1], dtype=vectors.dtype)
        made.vectors, made.index_to_key = vectors, list(keys)
        made.key_to_index = {key: row for row, key in enumerate(keys)}
        made.next_index = len(keys)
        if fvocab is not None:
            counts = _vector_files.read_counts(fvocab, keys, options)
            made.expandos["count"] = np.array(counts, dtype=np.int64)
        return made


def _weighted(positive: Sequence[Any], negative: Sequence[Any]) -> tuple[list[Any], list[float]]:
    """Return keys and weights of items that may be pairs of both."""
    keys, weights = [], []
    for items, weight in ((positive, 1.0), (negative, -1.0)):
        for item in items:
            is_pair = isinstance(item, tuple) and len(item) == 2
            keys.append(item[0] if is_pair else item)
            weights.append(float(item[1]) if is_pair else weight)
    return keys, weights


def _greatest(scores: Array, count: int) -> npt.NDArray[np.intp]:
    """Return where the ``count`` greatest scores are, the greatest first, of equals the first."""
    places = np.arange(len(scores))
    if count < len(scores):
        least = np.partition(scores, len(scores) - count)[len(scores) - count]
        places = np.flatnonzero(scores >= least)
    return places[np.lexsort((places, -scores[places]))][:count]


def _cosine(first: Array, second: Array) -> float:
    """Return the cosine of two vectors, 0 where one is zero."""
    first, second = first.astype(np.float64), second.astype(np.float64)
    product = lengths(first) * lengths(second)
    return float(np.vecdot(first, second) / product) if product else 0.0
