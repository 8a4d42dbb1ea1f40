"""Evaluation: recorded cases, SciPy's correlations, and gensim on the files that it ships."""

from __future__ import annotations

import gzip
import io
import math
from pathlib import Path

import numpy as np
import pytest

from penlight.text import KeyedVectors
from penlight.text._correlation import pearson, spearman

PAIRS = b"""# a comment
king\tqueen\t8.5
King\tman\t7
man\tcar\t1.5
car\troad\t6
no pair at all
king\tyeti\t3
word one\tword two\tnumber
"""
QUESTIONS = b""": capitals
Paris France Rome Italy
Paris France Oslo Norway
Paris France Rome
Paris France Rome Atlantis

: a second section
Rome Italy Paris France
Oslo Norway Paris Italy
"""


def small():
    """Return vectors in which a capital is its country and one direction more."""
    countries = {"France": [1, 0, 0, 0], "Italy": [0, 1, 0, 0], "Norway": [0, 0, 1, 0]}
    capitals = {"Paris": [1, 0, 0, 1], "Rome": [0, 1, 0, 1], "Oslo": [0, 0, 1, 1]}
    people = {"king": [-1, -2, -3, 1], "queen": [-1, -2, -2, 1], "man": [-3, -2, -1, 1]}
    things = {"car": [-1, 2, -3, 0], "road": [-2, 1, -3, 1]}
    wv = KeyedVectors(4)
    for words in (countries, capitals, people, things):
        wv.add_vectors(list(words), list(words.values()))
    return wv


def shipped(name):
    module = pytest.importorskip("gensim", reason="compares with gensim: pip install gensim==4.4.0")
    return str(Path(module.__file__).parent / "test" / "test_data" / name)


def both(*files, size=20, seed=1, words=None):
    """Return our and gensim's table of the same random vectors for the words of shipped files."""
    models = pytest.importorskip(
        "gensim.models", reason="compares with gensim: pip install gensim==4.4.0"
    )
    if words is None:
        text = "".join(Path(shipped(name)).read_text("utf8") for name in files)
        lines = [line for line in text.splitlines() if not line.startswith(("#", ":"))]
        words = [word for word in dict.fromkeys(" ".join(lines).split()) if word[0].isalpha()]
    rows = np.random.default_rng(seed).standard_normal((len(words), size)).astype(np.float32)
    made = KeyedVectors(size), models.KeyedVectors(size)
    for wv in made:
        wv.add_vectors(list(words), rows)
    return made


# Correlations.


@pytest.mark.parametrize("count", [3, 4, 5, 10, 353, 999, 20_000])
@pytest.mark.parametrize("slope", [0, 0.01, 0.3, -3])
def test_correlations_and_their_p_values_are_those_of_scipy(count, slope):
    stats = pytest.importorskip("scipy.stats", reason="compares with SciPy: pip install scipy")
    rng = np.random.default_rng(count)
    x = rng.standard_normal(count)
    y = slope * x + rng.standard_normal(count)
    np.testing.assert_allclose(pearson(x, y), tuple(stats.pearsonr(x, y)), rtol=1e-9)
    x = np.round(x, 1)  # ties
    np.testing.assert_allclose(spearman(x, y), tuple(stats.spearmanr(x, y)), 1e-9, 1e-15)


def test_correlations_that_were_recorded():
    x, y = [1, 2, 3, 4, 5, 5], [2, 1, 4, 3, 6, 9]
    np.testing.assert_allclose(pearson(x, y), (0.8229443, 0.0442478), rtol=1e-5)
    np.testing.assert_allclose(spearman(x, y), (0.8696566, 0.0243769), rtol=1e-5)


@pytest.mark.parametrize("correlation", [pearson, spearman])
def test_correlations_at_the_edges(correlation):
    assert correlation([1, 2, 3, 4], [2, 4, 6, 8]) == (1, 0)
    assert correlation([1, 2, 3, 4], [8, 6, 4, 2]) == (-1, 0)
    assert correlation([1, 2], [4, 3]) == (-1, 1)
    assert correlation([1, 2, 3, 4], [1, -1, -1, 1]) == (0, 1)
    assert np.isnan(correlation([1, 2, 3], [5, 5, 5])).all()
    assert np.isnan(correlation([1, 2, 3], [5, math.nan, 6])).all()
    with pytest.raises(ValueError, match="1 pair"):
        correlation([1], [1])


# Pairs.


def test_pairs_that_were_recorded():
    wv = small()
    first, second, unknown = wv.evaluate_word_pairs(io.BytesIO(PAIRS))
    found = [wv.similarity(*pair) for pair in (("king", "queen"), ("king", "man"))]
    found += [wv.similarity("man", "car"), wv.similarity("car", "road")]
    assert first.statistic == pytest.approx(np.corrcoef([8.5, 7, 1.5, 6], found)[0, 1])
    # The similarities are 0.98, 0.73, 0.14 and 0.90: two neighbouring ranks are exchanged.
    assert second.statistic == pytest.approx(0.8)
    assert unknown == 20
    statistic, pvalue = second
    assert (statistic, pvalue) == (second[0], pytest.approx(0.2))


def test_pairs_with_unknown_words_count_as_dissimilar_when_asked():
    wv = small()
    first, _, unknown = wv.evaluate_word_pairs(io.BytesIO(PAIRS), dummy4unknown=True)
    assert unknown == 20
    assert first != wv.evaluate_word_pairs(io.BytesIO(PAIRS))[0]


def test_case_and_restriction_of_pairs():
    wv = small()
    assert wv.evaluate_word_pairs(io.BytesIO(PAIRS), case_insensitive=False)[2] == 40
    assert wv.evaluate_word_pairs(io.BytesIO(PAIRS), restrict_vocab=10)[2] == 40
    same = wv.evaluate_word_pairs(io.BytesIO(PAIRS))
    assert wv.evaluate_word_pairs(io.BytesIO(PAIRS.replace(b"\t", b",")), ",") == same
    wide = io.BytesIO(PAIRS.decode().encode("utf-16"))
    assert wv.evaluate_word_pairs(wide, encoding="utf-16") == same
    with pytest.raises(UnicodeDecodeError):
        wv.evaluate_word_pairs(io.BytesIO(b"caf\xe9\tking\t1"), encoding="ascii")


def test_a_file_without_known_pairs_is_refused():
    with pytest.raises(ValueError, match=r"the file has no pair of known words.*1 pairs have"):
        small().evaluate_word_pairs(io.BytesIO(b"yeti\tbigfoot\t9\n"))
    with pytest.raises(ValueError, match="restrict_vocab=-1"):
        small().evaluate_word_pairs(io.BytesIO(PAIRS), restrict_vocab=-1)


@pytest.mark.parametrize("name", ["wordsim353.tsv", "simlex999.txt"])
@pytest.mark.parametrize(
    "options",
    [{}, {"restrict_vocab": 300}, {"restrict_vocab": 300, "dummy4unknown": True},
     {"case_insensitive": False}],
    ids=str,
)  # fmt: skip
def test_pairs_are_judged_as_by_gensim(name, options):
    ours, theirs = both(name)
    found = ours.evaluate_word_pairs(shipped(name), **options)
    expected = theirs.evaluate_word_pairs(shipped(name), **options)
    np.testing.assert_allclose(found[0], tuple(expected[0]), rtol=1e-5)
    np.testing.assert_allclose(found[1], tuple(expected[1]), rtol=1e-5)
    assert found[2] == expected[2]


# Analogies.


@pytest.mark.parametrize("function", ["most_similar", "most_similar_cosmul"])
def test_analogies_that_were_recorded(function):
    score, sections = small().evaluate_word_analogies(
        io.BytesIO(QUESTIONS), similarity_function=function
    )
    rome = ("PARIS", "FRANCE", "ROME", "ITALY")
    oslo = ("PARIS", "FRANCE", "OSLO", "NORWAY")
    back = ("ROME", "ITALY", "PARIS", "FRANCE")
    wrong = ("OSLO", "NORWAY", "PARIS", "ITALY")
    assert sections == [
        {"section": "capitals", "correct": [rome, oslo], "incorrect": []},
        {"section": "a second section", "correct": [back], "incorrect": [wrong]},
        {"section": "Total accuracy", "correct": [rome, oslo, back], "incorrect": [wrong]},
    ]
    assert score == 0.75


def test_unknown_words_case_and_restriction_of_analogies(tmp_path):
    path = tmp_path / "questions.txt.gz"
    path.write_bytes(gzip.compress(QUESTIONS))
    wv = small()
    assert wv.evaluate_word_analogies(path, dummy4unknown=True)[0] == 0.6
    lower = io.BytesIO(QUESTIONS.lower())
    assert wv.evaluate_word_analogies(lower, case_insensitive=False)[0] == 0.0
    score, sections = wv.evaluate_word_analogies(path, restrict_vocab=5)
    assert (score, len(sections[-1]["correct"]), sections[-1]["incorrect"]) == (1.0, 2, [])


def test_what_is_no_file_of_analogies_is_refused():
    with pytest.raises(ValueError, match="line 1: expected a section, ': name', found 'a b c d'"):
        small().evaluate_word_analogies(io.BytesIO(b"a b c d\n"))
    with pytest.raises(ValueError, match="'cosine'; one of 'most_similar', 'most_similar_cosmul'"):
        small().evaluate_word_analogies(io.BytesIO(QUESTIONS), similarity_function="cosine")


@pytest.mark.parametrize(
    "options",
    [{}, {"restrict_vocab": 500, "dummy4unknown": True}, {"case_insensitive": False}],
    ids=str,
)
def test_analogies_are_solved_as_by_gensim(options):
    ours, theirs = both("questions-words.txt", size=4)
    path = shipped("questions-words.txt")
    found = ours.evaluate_word_analogies(path, **options)
    assert found == theirs.evaluate_word_analogies(path, **options)
    assert 0 < found[0] < 1


def test_words_that_differ_in_case_are_told_apart_as_by_gensim(tmp_path):
    rng = np.random.default_rng(0)
    words = [word for pair in ("ab", "cd", "ef", "gh") for word in (pair, pair.upper())]
    words += ["Ab", "aB", "Cd", "cD"]
    lines = [" ".join(rng.choice(["ab", "cd", "ef", "gh"], 4, replace=False)) for _ in range(30)]
    path = tmp_path / "questions.txt"
    path.write_text(": all\n" + "\n".join(lines) + "\n", encoding="utf8")
    ours, theirs = both(size=3, words=words)
    for case_insensitive in (False, True):
        found = ours.evaluate_word_analogies(path, case_insensitive=case_insensitive)
        assert found == theirs.evaluate_word_analogies(str(path), case_insensitive=case_insensitive)
    assert 0 < found[0] < 1
