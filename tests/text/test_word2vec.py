"""Word2Vec: what it learns, what it depends on, and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import penlight as torch
from penlight.text import (
    RULE_DEFAULT,
    RULE_DISCARD,
    RULE_KEEP,
    CallbackAny2Vec,
    LineSentence,
    Word2Vec,
)
from penlight.text.word2vec import _LearningRate

TOPICS = [
    ["cat", "dog", "mouse", "horse", "cow", "sheep"],
    ["red", "green", "blue", "yellow", "white", "black"],
    ["one", "two", "three", "four", "five", "six"],
]


def topical(count=600, seed=0):
    """Sentences of words of one topic each, and a word that is in all."""
    rng = np.random.default_rng(seed)
    return [
        ["the", *rng.choice(TOPICS[rng.integers(len(TOPICS))], 6).tolist()] for _ in range(count)
    ]


GONE = "the disk is gone"
SMALL = {"vector_size": 24, "min_count": 1, "workers": 1, "epochs": 4, "alpha": 0.05}


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("objective", [{}, {"hs": 1, "negative": 0}, {"hs": 1, "negative": 3}])
@pytest.mark.parametrize("mean", [0, 1])
def test_words_of_a_topic_come_together(sg, objective, mean):
    model = Word2Vec(
        topical(2000), sg=sg, cbow_mean=mean, compute_loss=True, sample=1e-2, **SMALL, **objective
    )
    for topic in TOPICS:
        for word in topic:
            nearest = {other for other, _ in model.wv.most_similar(word, topn=5)}
            assert len(nearest & set(topic)) >= 4, (word, nearest)
    assert model.epoch_losses[-1] < model.epoch_losses[0]


# ---- what the result depends on ------------------------------------------------------------------


def vectors_of(corpus, **settings):
    return Word2Vec(corpus, **(SMALL | settings)).wv.vectors.copy()


@pytest.mark.parametrize("sg", [0, 1])
def test_the_seed_decides(sg):
    corpus = topical()
    first = vectors_of(corpus, sg=sg, seed=7)
    np.testing.assert_array_equal(first, vectors_of(corpus, sg=sg, seed=7))
    assert (first != vectors_of(corpus, sg=sg, seed=8)).mean() > 0.9


@pytest.mark.parametrize("hs", [0, 1])
def test_a_deterministic_training_is_the_same_for_any_number_of_workers(hs):
    corpus = topical()
    alone = vectors_of(corpus, hs=hs, batch_words=300)
    for workers in (1, 2, 5):
        found = vectors_of(corpus, hs=hs, batch_words=300, workers=workers, deterministic=True)
        np.testing.assert_array_equal(found, alone)


def test_the_hash_seed_of_python_changes_nothing(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(" ".join(sentence) for sentence in topical(100)))
    program = f"""
from penlight.text import Word2Vec
import hashlib
for corpus in ({{"corpus_file": {str(path)!r}}}, {{"sentences": [["b", "a", "c"]] * 30}}):
    model = Word2Vec(**corpus, vector_size=8, min_count=1, workers=1)
    print(model.wv.index_to_key, hashlib.sha256(model.wv.vectors.tobytes()).hexdigest())
"""
    prints = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(prints) == 1


def test_a_file_and_its_sentences_give_the_same_vectors(tmp_path):
    path = tmp_path / "corpus.txt"
    corpus = topical(50)
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in corpus))
    one_batch = vectors_of(corpus, batch_words=10**6)
    np.testing.assert_array_equal(one_batch, vectors_of(None, corpus_file=path))
    np.testing.assert_array_equal(one_batch, vectors_of(LineSentence(path)))


def test_several_workers_learn_as_well():
    model = Word2Vec(topical(2000), sg=1, sample=1e-2, batch_words=200, **(SMALL | {"workers": 4}))
    for topic in TOPICS:
        assert {w for w, _ in model.wv.most_similar(topic[0], topn=4)} <= set(topic)


# ---- the vocabulary ------------------------------------------------------------------------------


def test_rare_words_get_no_vector():
    corpus = [["a"] * 5 + ["b"] * 3 + ["c"]]
    model = Word2Vec(min_count=3)
    model.build_vocab(corpus)
    assert model.wv.index_to_key == ["a", "b"]
    assert [model.wv.get_vecattr(word, "count") for word in "ab"] == [5, 3]
    assert (model.corpus_count, model.corpus_total_words) == (1, 9)
    model = Word2Vec(min_count=1, max_final_vocab=1)
    model.build_vocab(corpus, keep_raw_vocab=True)
    assert model.wv.index_to_key == ["a"]
    assert model.effective_min_count == 4
    assert model.raw_vocab == {"a": 5, "b": 3, "c": 1}


def test_words_are_numbered_as_asked():
    corpus = [["rare", "often", "often", "also", "also"]]
    for sorted_vocab, words in ((1, ["often", "also", "rare"]), (0, ["rare", "often", "also"])):
        model = Word2Vec(min_count=1, sorted_vocab=sorted_vocab)
        model.build_vocab(corpus)
        assert model.wv.index_to_key == words


def test_a_rule_may_keep_and_discard():
    rules = {"a": RULE_DISCARD, "c": RULE_KEEP}
    model = Word2Vec(min_count=2)
    model.build_vocab(
        [["a", "a", "b", "b", "c", "d"]],
        trim_rule=lambda word, count, least: rules.get(word, RULE_DEFAULT),
    )
    assert set(model.wv.index_to_key) == {"b", "c"}


def test_a_vocabulary_may_come_from_counts():
    model = Word2Vec(min_count=2)
    model.build_vocab_from_freq({"a": 1, "b": 7, "c": 2}, corpus_count=4)
    assert model.wv.index_to_key == ["b", "c"]
    assert (model.corpus_count, model.corpus_total_words) == (4, 10)


@pytest.mark.parametrize("objective", [{}, {"hs": 1, "negative": 0}, {"hs": 1}])
def test_a_vocabulary_may_grow(objective):
    model = Word2Vec(topical(100), **SMALL, **objective)
    before, words = model.wv.vectors.copy(), list(model.wv.index_to_key)
    more = [["cat", "dragon", "unicorn"]] * 40
    model.build_vocab(more, update=True)
    assert model.wv.index_to_key == [*words, "dragon", "unicorn"]
    np.testing.assert_array_equal(model.wv.vectors[: len(words)], before)
    assert model.wv.get_vecattr("dragon", "count") == 40
    assert model.wv.get_vecattr("cat", "count") > 40
    start = model.wv["dragon"].copy()
    assert np.abs(start).max() <= 1 / 24
    model.train(more, epochs=10)
    assert (model.wv["dragon"] != start).any()
    unseen = [word for word in ("red", "six") if objective.get("negative") == 0]
    for word in unseen:  # the tree has all words, the inputs only those of the corpus
        np.testing.assert_array_equal(model.wv[word], before[words.index(word)])


def test_only_a_vocabulary_can_grow():
    with pytest.raises(RuntimeError, match="there is none: build one first"):
        Word2Vec().build_vocab([["a"]], update=True)


# ---- training ------------------------------------------------------------------------------------


def test_words_read_and_words_trained_are_counted():
    model = Word2Vec(min_count=2, workers=1, sample=0)
    corpus = [["a", "a", "x", "b"], ["b", "a"]]
    model.build_vocab(corpus)
    assert model.train(corpus, epochs=3) == (15, 18)


def test_the_loss_is_a_mean_in_double_precision():
    model = Word2Vec(topical(), compute_loss=True, sample=0, **SMALL)
    assert len(model.epoch_losses) == 4
    assert all(isinstance(loss, float) for loss in model.epoch_losses)
    # Before it learns, every score is 0 and each term log 2: of the centre, and of five negatives
    # less those that are the centre.
    still = Word2Vec(
        topical(), compute_loss=True, sample=0, **(SMALL | {"alpha": 1e-9, "epochs": 1})
    )
    assert 5.5 < still.epoch_losses[0] / np.log(2) < 6
    model._total_loss = 2.0**53 - 2.0**20  # where a sum in single precision has long stood still
    before = model.get_latest_training_loss()
    model.train(topical(), epochs=1)
    grown = model.get_latest_training_loss() - before
    windows = 600 * 7
    assert grown == pytest.approx(model.epoch_losses[-1] * windows, abs=2)


def test_without_compute_loss_there_is_none():
    model = Word2Vec(topical(50), **SMALL)
    assert np.isnan(model.epoch_losses).all()
    assert model.get_latest_training_loss() == 0.0


def test_the_learning_rate_falls_in_a_straight_line():
    by_words = _LearningRate(0.5, 0.1, 4, None, 100)
    assert by_words.at(0, 0, 0) == 0.5
    assert by_words.at(1, 50, 0) == pytest.approx(0.5 - 0.4 * 1.5 / 4)
    assert by_words.at(3, 100, 0) == pytest.approx(0.1)
    assert by_words.at(3, 900, 0) == pytest.approx(0.1)
    by_sentences = _LearningRate(0.5, 0.1, 4, 10, 100)
    assert by_sentences.at(1, 0, 5) == pytest.approx(0.5 - 0.4 * 1.5 / 4)


class Notes(CallbackAny2Vec):
    def __init__(self):
        self.events = []

    def on_train_begin(self, model):
        self.events.append("begin")

    def on_epoch_begin(self, model):
        self.events.append(f"epoch {model.epochs_done}")

    def on_epoch_end(self, model):
        self.events.append(f"end {model.epochs_done}")

    def on_train_end(self, model):
        self.events.append("done")


def test_callbacks_are_told():
    notes = Notes()
    Word2Vec(topical(20), callbacks=[notes, object()], **(SMALL | {"epochs": 2}))
    assert notes.events == ["begin", "epoch 0", "end 1", "epoch 1", "end 2", "done"]


def test_a_bar_shows_words_and_the_loss(capsys):
    pytest.importorskip("tqdm", reason="a progress bar needs tqdm")
    settings = SMALL | {"epochs": 2}
    Word2Vec(topical(200), sample=0, compute_loss=True, show_progress=True, **settings)
    shown = capsys.readouterr().err.rpartition("\r")[2]
    assert "2.80k/2.80k" in shown
    assert " words/s" in shown
    assert "loss=" in shown


def test_training_goes_on_after_an_epoch_as_if_without_a_break(tmp_path):
    corpus = topical(300)
    whole = Word2Vec(corpus, compute_loss=True, **SMALL)

    class Stop(CallbackAny2Vec):
        def on_epoch_end(self, model):
            if model.epochs_done == 2:
                model.save(tmp_path / "model.pt")
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Word2Vec(corpus, compute_loss=True, callbacks=[Stop()], **SMALL)
    model = Word2Vec.load(tmp_path / "model.pt")
    assert model.epochs_done == 2
    model.train(corpus, first_epoch=2)
    np.testing.assert_array_equal(model.wv.vectors, whole.wv.vectors)
    np.testing.assert_array_equal(model.syn1neg, whole.syn1neg)
    assert model.epoch_losses == whole.epoch_losses


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("deterministic", [False, True])
def test_what_the_corpus_raises_ends_the_training(workers, deterministic):
    class Broken:
        passes = 0

        def __iter__(self):
            self.passes += 1
            for number in range(400):
                if self.passes == 3 and number == 300:
                    raise OSError(GONE)
                yield ["a", "b", "c"]

    broken = Broken()
    settings = SMALL | {"workers": workers, "deterministic": deterministic, "batch_words": 30}
    with pytest.raises(OSError, match=GONE):
        Word2Vec(broken, **settings)
    assert broken.passes == 3, "the vocabulary, the first epoch, and a part of the second"


def test_vectors_that_a_program_puts_in_place_are_trained():
    model = Word2Vec(**SMALL)
    corpus = topical(30)
    model.build_vocab(corpus)
    mine = np.full_like(model.wv.vectors, 0.01)
    model.wv.vectors = mine.copy()
    model.train(corpus)
    assert (model.wv.vectors != mine).any()
    model.wv.vectors = mine[:-1]
    with pytest.raises(
        RuntimeError, match=r"wv.vectors: expected shape \(19, 24\), one row a word"
    ):
        model.train(corpus)


def test_trained_vectors_begin_an_embedding():
    model = Word2Vec(topical(30), **SMALL)
    layer = torch.nn.Embedding.from_pretrained(model.wv)
    row = layer(torch.tensor(model.wv.key_to_index["cat"]))
    np.testing.assert_array_equal(row.numpy(), model.wv["cat"])


# ---- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", [{}, {"hs": 1, "negative": 0}, {"hs": 1}])
def test_a_loaded_model_trains_as_the_saved_one(tmp_path, objective):
    corpus = topical(200)
    model = Word2Vec(corpus, window=3, sg=1, sample=1e-2, **SMALL, **objective)
    model.save(tmp_path / "model.pt")
    loaded = Word2Vec.load(tmp_path / "model.pt")
    assert repr(loaded) == repr(model)
    np.testing.assert_array_equal(loaded.wv.vectors, model.wv.vectors)
    assert loaded.wv.get_vecattr("the", "count") == 200
    for one in (model, loaded):
        one.train(corpus, epochs=1)
    np.testing.assert_array_equal(loaded.wv.vectors, model.wv.vectors)


def test_other_files_are_no_models(tmp_path):
    path = tmp_path / "other.pt"
    torch.save({"weight": torch.ones(2)}, path)
    with pytest.raises(ValueError, match=r"other.pt: expected a file that Word2Vec.save wrote"):
        Word2Vec.load(path)
    model = Word2Vec([["a", "b"]], min_count=1, workers=1)
    model.save(path)
    content = torch.load(path)
    content["arrays"]["vectors"] = content["arrays"]["vectors"][:1]
    torch.save(content, path)
    with pytest.raises(ValueError, match=r"vectors has shape \(1, 100\), expected \(2, 100\)"):
        Word2Vec.load(path)
    content["version"] = 99
    torch.save(content, path)
    with pytest.raises(ValueError, match="of version 99; this penlight reads version 1"):
        Word2Vec.load(path)


def test_words_that_no_file_can_hold_are_named(tmp_path):
    model = Word2Vec([[("a", 1), ("b", 2)]], min_count=1, workers=1)
    with pytest.raises(TypeError, match=r"word \('a', 1\) is neither a string nor a number"):
        model.save(tmp_path / "model.pt")


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"vector_size": 0}, "vector_size: expected a whole number of 1 or more, got 0"),
        ({"window": 2.5}, "window: expected a whole number of 1 or more, got 2.5"),
        ({"min_count": -1}, "min_count: expected a whole number of 0 or more, got -1"),
        ({"workers": 0}, "workers: expected a whole number of 1 or more, got 0"),
        ({"seed": -1}, "seed: expected a whole number of 0 or more, got -1"),
        ({"epochs": 0}, "epochs: expected a whole number of 1 or more, got 0"),
        ({"max_final_vocab": 0}, "max_final_vocab: expected a whole number of 1 or more"),
        ({"sg": 2}, "sg: expected 0 or 1, got 2"),
        ({"alpha": float("nan")}, "alpha: expected a number of 0 or more, got nan"),
        ({"sample": -1}, "sample: expected a number of 0 or more, got -1.0"),
        ({"negative": 0}, "hs=0 and negative=0: expected hs=1, a positive negative, or both"),
        ({"callbacks": [Notes()]}, "expected with a corpus; else give them to train"),
        ({"trim_rule": max}, "expected with a corpus; else give them to build_vocab"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Word2Vec(**settings)


def test_a_sentence_that_is_a_string_is_refused():
    with pytest.raises(TypeError, match=r"sentence 1 is 'a b c': expected a list of words"):
        Word2Vec([["a"], "a b c"])


def test_a_generator_is_refused_before_anything_is_read():
    def sentences():
        raise AssertionError
        yield

    with pytest.raises(TypeError, match="which can be read only once"):
        Word2Vec(sentences())
    model = Word2Vec(**SMALL)
    model.build_vocab(iter([["a", "b"]]))
    with pytest.raises(TypeError, match="which can be read only once"):
        model.train(iter([["a", "b"]]))
    assert model.train(iter([["a", "b"]]), epochs=1)[1] == 2


def test_without_words_there_is_nothing_to_train():
    with pytest.raises(RuntimeError, match="you must first build vocabulary"):
        Word2Vec().train([["a"]])
    with pytest.raises(RuntimeError, match="none of the corpus's 2 words occurs 5 times"):
        Word2Vec([["a", "b"]])


def test_an_epoch_beyond_the_last_is_refused():
    model = Word2Vec([["a", "b"]], min_count=1, workers=1)
    with pytest.raises(ValueError, match="first_epoch: expected 0 to 4"):
        model.train([["a", "b"]], first_epoch=5)


# ---- memory --------------------------------------------------------------------------------------


def peak_of_training(path):
    program = f"""
import json, resource
from penlight.text import Word2Vec
Word2Vec(corpus_file={str(path)!r}, vector_size=8, epochs=1, workers=2)
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout) / 1024


def test_memory_does_not_grow_with_the_corpus(tmp_path):
    sentence = " ".join(word for topic in TOPICS for word in topic) + "\n"
    small, large = tmp_path / "small.txt", tmp_path / "large.txt"
    small.write_text(sentence * 2_000)
    large.write_text(sentence * 200_000)
    assert large.stat().st_size > 15 << 20
    assert peak_of_training(large) < peak_of_training(small) + 4
