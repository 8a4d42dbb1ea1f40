"""KeyedVectors: keys, attributes and neighbours, against brute force and against gensim."""

from __future__ import annotations

import io
import math
import pickle

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import penlight
from penlight import nn
from penlight.text import KeyedVectors


def table(count=50, size=7, seed=0, **options):
    """Return vectors under the keys w0, w1, ... with falling counts."""
    wv = KeyedVectors(size, **options)
    rows = np.random.default_rng(seed).standard_normal((count, size)).astype(np.float32)
    counts = np.arange(count, 0, -1)
    wv.add_vectors([f"w{number}" for number in range(count)], rows, extras={"count": counts})
    return wv


def with_gensim(wv):
    """Return gensim's table with the same content, or skip."""
    models = pytest.importorskip(
        "gensim.models", reason="compares with gensim: pip install gensim==4.4.0"
    )
    theirs = models.KeyedVectors(wv.vector_size)
    theirs.add_vectors(list(wv.index_to_key), wv.vectors)
    return theirs


def same_pairs(ours, theirs):
    assert [key for key, _ in ours] == [key for key, _ in theirs]
    np.testing.assert_allclose([s for _, s in ours], [s for _, s in theirs], rtol=1e-4, atol=1e-6)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


# Keys and rows.


def test_rows_are_found_by_key_by_number_and_in_lists():
    wv = table()
    np.testing.assert_array_equal(wv["w3"], wv.vectors[3])
    np.testing.assert_array_equal(wv[3], wv.vectors[3])
    np.testing.assert_array_equal(wv[np.int64(3)], wv.vectors[3])
    np.testing.assert_array_equal(wv[["w3", 4, "w3"]], wv.vectors[[3, 4, 3]])
    assert wv[[]].shape == (0, 7)
    assert wv.vectors.dtype == np.float32
    assert (len(wv), "w3" in wv, "x" in wv, 49 in wv, 50 in wv) == (50, True, False, True, False)
    assert wv.has_index_for("w0")
    assert wv.get_index("x", default=-5) == -5


def test_a_key_that_is_a_number_comes_before_the_row_of_that_number():
    wv = KeyedVectors(1)
    wv.add_vectors([1, 0], [[10.0], [20.0]])
    assert wv[1] == [10.0]
    assert wv[0] == [20.0]


@pytest.mark.parametrize(
    "ask",
    [
        lambda wv: wv["x"],
        lambda wv: wv[["w1", "x"]],
        lambda wv: wv.get_index("x"),
        lambda wv: wv.most_similar("x"),
        lambda wv: wv.most_similar(["w1"], ["x"]),
        lambda wv: wv.most_similar_cosmul("x"),
        lambda wv: wv.similarity("w1", "x"),
        lambda wv: wv.distances("x"),
        lambda wv: wv.distances("w1", ["x"]),
        lambda wv: wv.closer_than("w1", "x"),
        lambda wv: wv.get_vecattr("x", "count"),
        lambda wv: wv.set_vecattr("x", "count", 1),
        lambda wv: wv.get_mean_vector(["w1", "x"], ignore_missing=False),
    ],
)
def test_an_unknown_key_is_a_key_error_that_names_it(ask):
    with pytest.raises(KeyError, match="Key 'x' not present in the vocabulary of 50 keys"):
        ask(table())


def test_rows_that_are_given_out_cannot_be_written_to():
    wv = table()
    for row in (wv["w1"], wv.get_vector("w1", norm=True)):
        with pytest.raises(ValueError, match="read-only"):
            row[0] = 1
    wv.vectors[1] = 0
    assert not wv["w1"].any()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_vectors_keep_their_type(dtype):
    wv = table(dtype=dtype)
    assert wv.vectors.dtype == dtype
    assert wv.get_vector("w1", norm=True).dtype == dtype
    assert wv.get_mean_vector(["w1", "w2"]).dtype == dtype
    assert wv.most_similar("w1", topn=3)[0][1] == pytest.approx(
        np.sort(unit(wv.vectors.astype(float)) @ unit(wv["w1"].astype(float)))[-2], rel=2e-3
    )


@pytest.mark.parametrize(
    "arguments, error, match",
    [
        ((0,), ValueError, "vector_size=0; a whole number, 1 or more"),
        ((2.5,), ValueError, "vector_size=2.5"),
        ((3, -1), ValueError, "count=-1; a whole number, 0 or more"),
        ((3, 0, np.int32), TypeError, "floating-point"),
    ],
)
def test_sizes_and_types_that_make_no_table_are_refused(arguments, error, match):
    with pytest.raises(error, match=match):
        KeyedVectors(*arguments)


def test_rows_set_aside_are_filled_in_order_and_never_found():
    wv = KeyedVectors(2, count=3)
    assert (len(wv), wv.vectors.shape) == (3, (3, 2))
    assert wv.add_vector("a", [1, 0]) == 0
    assert wv.add_vector("b", [-1, 0]) == 1
    assert wv.most_similar("a") == [("b", -1.0)]
    assert wv.closer_than("a", "b") == []
    assert [wv.add_vector(key, [0, 1]) for key in "cd"] == [2, 3]
    assert wv.index_to_key == ["a", "b", "c", "d"]
    assert wv.add_vector("a", [5, 5]) == 0
    assert wv["a"].tolist() == [5, 5]


@pytest.mark.parametrize("replace", [False, True])
def test_keys_that_are_present_are_kept_or_replaced(replace):
    wv = KeyedVectors(1)
    wv.add_vectors(["a", "b"], [[1], [2]], extras={"count": np.array([1, 2])})
    given = np.array([[3], [4], [5]])
    wv.add_vectors(["b", "c", "c"], given, extras={"count": [3, 4, 5]}, replace=replace)
    assert wv.index_to_key == ["a", "b", "c"]
    assert wv.key_to_index == {"a": 0, "b": 1, "c": 2}
    assert wv.vectors.ravel().tolist() == ([1, 3, 5] if replace else [1, 2, 4])
    assert wv.expandos["count"].tolist() == ([1, 3, 5] if replace else [1, 2, 4])


def test_items_can_be_assigned():
    wv = table(2, 3)
    wv["w0"] = np.array([1, 2, 3])
    wv[["w1", "new"]] = np.array([[4, 5, 6], [7, 8, 9]])
    assert wv.vectors.ravel().tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert wv.get_vecattr("new", "count") == 0


@pytest.mark.parametrize(
    "keys, weights, extras, match",
    [
        (["a", "b"], [[1, 2]], None, r"expected 2 vectors of 2 numbers, .* got shape \(1, 2\)"),
        (["a"], [[1, 2, 3]], None, r"got shape \(1, 3\)"),
        ("a", [1, 2, 3], None, r"got shape \(1, 3\)"),
        (["a"], [[1, 2]], {"count": [1, 2]}, r"extras\['count'\] has 2 values for 1 keys"),
    ],
)
def test_vectors_of_another_shape_are_refused_and_nothing_is_added(keys, weights, extras, match):
    wv = KeyedVectors(2)
    with pytest.raises(ValueError, match=match):
        wv.add_vectors(keys, weights, extras)
    assert len(wv) == 0
    assert wv.expandos == {}


# Attributes and order.


def test_attributes_keep_the_type_of_their_first_value():
    wv = table(3)
    for name, value in (("rank", 7), ("share", 0.5), ("tag", "noun"), ("known", True)):
        wv.set_vecattr("w1", name, value)
    kinds = {name: values.dtype.kind for name, values in wv.expandos.items()}
    assert kinds == {"count": "i", "rank": "i", "share": "f", "tag": "O", "known": "b"}
    assert wv.expandos["count"].dtype == np.int64
    assert wv.get_vecattr("w1", "tag") == "noun"
    assert wv.get_vecattr(1, "rank") == 7
    wv.set_vecattr("w1", "rank", np.int32(8))
    for value in (0.5, "x", None):
        with pytest.raises(TypeError, match="attribute 'rank' has values of type int64"):
            wv.set_vecattr("w1", "rank", value)
    with pytest.raises(KeyError, match="no attribute 'size'; there is 'count', 'rank'"):
        wv.get_vecattr("w1", "size")
    wv.add_vector("new", np.zeros(7))
    assert {len(values) for values in wv.expandos.values()} == {4}


def test_sorting_by_count_moves_everything_and_orders_equals_as_gensim():
    counts, keys = np.array([3, 9, 3, 1, 9]), list("abcde")
    wv = KeyedVectors(1)
    wv.add_vectors(keys, np.arange(5.0)[:, None], extras={"count": counts})
    wv.sort_by_descending_frequency()
    assert "".join(wv.index_to_key) == "ebcad"
    assert [wv[key].item() for key in "abcde"] == [0, 1, 2, 3, 4]
    assert [int(wv.get_vecattr(key, "count")) for key in "abcde"] == counts.tolist()
    theirs = with_gensim(KeyedVectors(1))
    theirs.index_to_key, theirs.key_to_index = keys, {key: i for i, key in enumerate(keys)}
    theirs.expandos["count"] = counts
    theirs.sort_by_descending_frequency()
    assert theirs.index_to_key == wv.index_to_key


def test_sorting_without_counts_says_so():
    wv = KeyedVectors(1)
    wv.sort_by_descending_frequency()
    wv.add_vector("a", [1])
    with pytest.raises(KeyError, match="no attribute 'count'; there is none"):
        wv.sort_by_descending_frequency()


def test_a_table_grows_by_the_numbers_that_gensim_draws():
    wv = table(3)
    before = wv.vectors.copy()
    wv.index_to_key += ["x", "y"]
    wv.key_to_index |= {"x": 3, "y": 4}
    wv.resize_vectors(seed=5)
    np.testing.assert_array_equal(wv.vectors[:3], before)
    assert (np.abs(wv.vectors[3:]) <= 1 / 7).all()
    assert len(wv.expandos["count"]) == 5
    theirs = with_gensim(table(3))
    theirs.index_to_key += ["x", "y"]
    theirs.resize_vectors(seed=5)
    np.testing.assert_array_equal(wv.vectors, theirs.vectors)


def test_a_choice_of_keys_makes_a_table_of_its_own():
    wv = table()
    made = wv.vectors_for_all(["w9", "x", "w2", "w9", 4], copy_vecattrs=True)
    assert made.index_to_key == ["w9", "w2"]
    np.testing.assert_array_equal(made.vectors, wv.vectors[[9, 2]])
    assert made.get_vecattr("w2", "count") == wv.get_vecattr("w2", "count")
    made.vectors[:] = 0
    assert wv["w9"].any()
    assert wv.vectors_for_all(["w9", 4], allow_inference=True).index_to_key == ["w9", 4]
    assert wv.vectors_for_all([]).vectors.shape == (0, 7)


# Neighbours.

KEYS = st.lists(st.integers(0, 19), min_size=1, max_size=3)


@given(st.integers(0, 2**32 - 1), KEYS, KEYS, st.integers(1, 30), st.integers(0, 25))
def test_neighbours_are_those_of_brute_force(seed, positive, negative, topn, restrict):
    wv = table(20, 4, seed)
    exact = unit(wv.vectors.astype(np.float64))
    target = exact[positive].sum(0) - exact[negative].sum(0)
    if np.linalg.norm(target) < 1e-3:
        return
    cosines = (exact @ unit(target))[: restrict or None]
    found = wv.most_similar(positive, negative, topn, restrict_vocab=restrict)
    allowed = [row for row in range(len(cosines)) if row not in {*positive, *negative}]
    assert len(found) == min(topn, len(allowed))
    best = sorted(cosines[allowed], reverse=True)[: len(found)]
    np.testing.assert_allclose([similarity for _, similarity in found], best, atol=1e-5)
    for key, similarity in found:
        assert similarity == pytest.approx(cosines[wv.key_to_index[key]], abs=1e-5)
    assert len({key for key, _ in found}) == len(found)


CALLS = {
    "key": lambda wv: wv.most_similar("w3"),
    "analogy": lambda wv: wv.most_similar(["w3", "w4"], ["w5"], topn=7),
    "weights": lambda wv: wv.most_similar([("w3", 0.5), "w4"], [("w5", -0.3)]),
    "vector": lambda wv: wv.most_similar(positive=wv.vectors[3] + wv.vectors[4]),
    "matrix": lambda wv: wv.most_similar(positive=wv.vectors[3:6]),
    "clipped": lambda wv: wv.most_similar("w3", clip_start=2, clip_end=20),
    "restricted": lambda wv: wv.most_similar("w3", topn=100, restrict_vocab=10),
    "by key": lambda wv: wv.similar_by_key("w3", 4),
    "by word": lambda wv: wv.similar_by_word("w3", 4, 20),
    "by vector": lambda wv: wv.similar_by_vector(wv.vectors[3], 4),
    "cosmul": lambda wv: wv.most_similar_cosmul(["w3", "w4"], ["w5"]),
    "cosmul of one": lambda wv: wv.most_similar_cosmul("w3"),
}
VALUES = {
    "all": lambda wv: wv.most_similar("w3", topn=None),
    "all clipped": lambda wv: wv.most_similar("w3", topn=None, clip_start=5, clip_end=9),
    "all cosmul": lambda wv: wv.most_similar_cosmul(["w3"], ["w4", "w5"], topn=None),
    "similarity": lambda wv: wv.similarity("w3", "w4"),
    "distance": lambda wv: wv.distance("w3", "w4"),
    "distances": lambda wv: wv.distances("w3"),
    "some distances": lambda wv: wv.distances(wv.vectors[3], ["w4", "w5"]),
    "sets": lambda wv: wv.n_similarity(["w3", "w4"], ["w5", "x", "w6"]),
    "mean": lambda wv: wv.get_mean_vector(["w3", "x", wv.vectors[4]]),
    "weighted mean": lambda wv: wv.get_mean_vector(["w3", "w4"], [2, -0.5], False, True),
    "normed": lambda wv: wv.get_normed_vectors(),
    "unit vector": lambda wv: wv.get_vector("w3", norm=True),
    "centrality": lambda wv: [s for s, _ in wv.rank_by_centrality(["w3", "w4", "w5"])],
}
EQUAL = {
    "rank": lambda wv: wv.rank("w3", "w4"),
    "closer": lambda wv: wv.closer_than("w3", "w4"),
    "odd one": lambda wv: wv.doesnt_match(["w3", "w4", "w5", "w6"]),
    "of a list": lambda wv: wv.most_similar_to_given("w3", ["w4", "w5", "w6"]),
    "none": lambda wv: wv.most_similar("w3", topn=0),
}


@pytest.mark.filterwarnings("ignore:Call to deprecated `init_sims`")
@pytest.mark.parametrize("name", CALLS)
def test_neighbours_are_those_of_gensim(name):
    wv = table()
    same_pairs(CALLS[name](wv), CALLS[name](with_gensim(wv)))


@pytest.mark.filterwarnings("ignore:Call to deprecated `init_sims`")
@pytest.mark.parametrize("name", VALUES)
def test_values_are_those_of_gensim(name):
    wv = table()
    theirs = VALUES[name](with_gensim(wv))
    np.testing.assert_allclose(VALUES[name](wv), theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", EQUAL)
def test_choices_are_those_of_gensim(name):
    wv = table()
    assert EQUAL[name](wv) == EQUAL[name](with_gensim(wv))


def test_vectors_changed_in_place_are_found_as_they_are():
    wv = table()
    wv.fill_norms()
    wv.most_similar("w3")
    wv.vectors[7] = 1000 * wv.vectors[3]
    wv.vectors[8] = -1000 * wv.vectors[3]
    assert wv.most_similar("w3", topn=1) == [("w7", pytest.approx(1.0))]
    assert wv.similar_by_key("w3", topn=None)[8] == pytest.approx(-1.0)


def test_vectors_may_be_part_of_a_wider_array():
    wv, twin = table(), table()
    wider = np.full((50, 16), np.nan, np.float32)
    wider[:, :7] = twin.vectors
    wv.vectors = wider[:, :7]
    same_pairs(wv.most_similar(["w3"], ["w4"]), twin.most_similar(["w3"], ["w4"]))
    same_pairs(wv.most_similar_cosmul("w3"), twin.most_similar_cosmul("w3"))
    assert nn.Embedding.from_pretrained(wv).weight.tolist() == twin.vectors.tolist()
    files = io.BytesIO(), io.BytesIO()
    for file, vectors in zip(files, (wv, twin), strict=True):
        vectors.save_word2vec_format(file, binary=True)
    assert files[0].getvalue() == files[1].getvalue()
    wv.unit_normalize_all()
    assert np.shares_memory(wv.vectors, wider)
    np.testing.assert_allclose(wv.vectors, twin.get_normed_vectors(), rtol=1e-6)


def test_norms_are_filled_when_asked_for_and_again_when_forced():
    wv = table()
    assert wv.norms is None
    wv.fill_norms()
    first = wv.norms
    np.testing.assert_allclose(first, np.linalg.norm(wv.vectors, axis=1), rtol=1e-6)
    wv.vectors *= 2
    wv.fill_norms()
    assert wv.norms is first
    wv.fill_norms(force=True)
    np.testing.assert_allclose(wv.norms, 2 * first, rtol=1e-6)
    wv.unit_normalize_all()
    wv.fill_norms()
    np.testing.assert_allclose(wv.norms, 1, rtol=1e-6)


def test_a_vector_of_zeros_is_similar_to_nothing():
    wv = table(4)
    wv.vectors[1] = 0
    assert wv.similarity("w0", "w1") == 0
    assert dict(wv.most_similar("w0"))["w1"] == 0
    assert dict(wv.most_similar("w1")) == {"w0": 0, "w2": 0, "w3": 0}
    assert not wv.get_vector("w1", norm=True).any()
    wv.unit_normalize_all()
    assert not wv["w1"].any()


def test_vectors_that_are_not_numbers_come_last():
    wv = table(4)
    wv.vectors[1] = math.nan
    assert [key for key, _ in wv.most_similar("w0")][-1] == "w1"


def test_equally_similar_keys_come_in_the_order_of_rows():
    wv = KeyedVectors(2)
    wv.add_vectors([f"k{i}" for i in range(100)], np.tile([[1.0, 2.0]], (100, 1)))
    assert [key for key, _ in wv.most_similar("k3", topn=5)] == ["k0", "k1", "k2", "k4", "k5"]


@pytest.mark.parametrize(
    "ask, error, match",
    [
        (lambda wv: wv.most_similar(), ValueError, "mean of no keys"),
        (lambda wv: wv.most_similar_cosmul(negative=["w1"]), ValueError, "mean of no keys"),
        (lambda wv: wv.get_mean_vector([]), ValueError, "mean of no keys"),
        (lambda wv: wv.get_mean_vector(["w1"], [1, 2]), ValueError, r"1 keys and weights .*\(2,\)"),
        (lambda wv: wv.similar_by_vector([1, 2]), ValueError, "a vector of 7 numbers, got"),
        (lambda wv: wv.most_similar([3.5]), ValueError, r"expected a key .* got 3\.5"),
        (lambda wv: wv.most_similar([None]), TypeError, "expected a key .* got None"),
        (lambda wv: wv.most_similar("w1", clip_start=-1), ValueError, "clip_start=-1; rows are"),
        (lambda wv: wv.most_similar("w1", restrict_vocab=-1), ValueError, "restrict_vocab=-1"),
        (lambda wv: wv.doesnt_match(["x"]), ValueError, r"none of the keys \['x'\]"),
        (lambda wv: wv.n_similarity([], ["w1"]), ZeroDivisionError, "sets of 0 and 1 keys"),
    ],
)
def test_what_cannot_be_computed_is_refused(ask, error, match):
    with pytest.raises(error, match=match):
        ask(table())


def test_missing_words_are_left_out_of_the_odd_one_and_said(caplog):
    assert table().doesnt_match(["w3", "x", "w4"]) in {"w3", "w4"}
    assert "left out, for they have no vectors: ['x']" in caplog.text


# As an object.


def test_it_prints_its_size_and_first_keys():
    assert str(table()) == "KeyedVectors<vector_size=7, 50 keys>"
    assert repr(table()) == "<KeyedVectors of 50 keys by 7, float32: 'w0', 'w1', 'w2', ...>"
    assert repr(KeyedVectors(3)) == "<KeyedVectors of 0 keys by 3, float32>"


def test_it_pickles():
    wv = table()
    twin = pickle.loads(pickle.dumps(wv))
    np.testing.assert_array_equal(twin.vectors, wv.vectors)
    assert twin.most_similar("w3") == wv.most_similar("w3")
    assert twin.get_vecattr("w3", "count") == wv.get_vecattr("w3", "count")


def test_text_is_imported_when_it_is_asked_for():
    assert penlight.text.KeyedVectors is KeyedVectors
    assert "text" in penlight.__all__


@pytest.mark.parametrize("kind", [nn.Embedding, nn.EmbeddingBag])
def test_embeddings_start_from_it_with_a_table_of_their_own(kind):
    wv = table()
    before = wv.vectors.copy()
    frozen = kind.from_pretrained(wv)
    assert not frozen.weight.requires_grad
    assert frozen.padding_idx is None
    assert frozen.weight.dtype is penlight.float32
    np.testing.assert_array_equal(frozen.weight.numpy(), before)
    trained = kind.from_pretrained(wv, freeze=False, padding_idx=1)
    assert trained.weight.requires_grad
    trained(penlight.tensor([[0, 1]])).sum().backward()
    assert trained.weight.grad[0].any()
    assert not trained.weight.grad[1].any()
    with penlight.no_grad():
        trained.weight.zero_()
    np.testing.assert_array_equal(wv.vectors, before)


def test_an_embedding_takes_whatever_has_vectors_and_refuses_other_shapes():
    class Holder:
        vectors = np.ones((3, 2), dtype=np.float64)

    assert nn.Embedding.from_pretrained(Holder()).weight.dtype is penlight.float64
    Holder.vectors = np.ones(3)
    with pytest.raises(AssertionError, match="expected to be 2-dimensional"):
        nn.Embedding.from_pretrained(Holder())
