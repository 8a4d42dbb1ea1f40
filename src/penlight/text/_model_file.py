"""A whole Word2Vec model in a file of ``penlight.save``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from ..serialization import load as load_file, save as save_file
from ._training import padded

if TYPE_CHECKING:
    from .word2vec import Word2Vec

FORMAT = "penlight.text.Word2Vec"
VERSION = 1

SETTINGS = (
    "vector_size",
    "alpha",
    "window",
    "min_count",
    "max_vocab_size",
    "sample",
    "seed",
    "workers",
    "min_alpha",
    "sg",
    "hs",
    "negative",
    "ns_exponent",
    "cbow_mean",
    "epochs",
    "sorted_vocab",
    "batch_words",
    "compute_loss",
    "max_final_vocab",
    "shrink_windows",
    "deterministic",
)
STATE = (
    "effective_min_count",
    "corpus_count",
    "corpus_total_words",
    "train_calls",
    "epochs_done",
    "epoch_losses",
    "_total_loss",
)


def save(model: Word2Vec, fname: str | os.PathLike[str]) -> None:
    """Write a model.

    Raises:
        TypeError: a word is neither a string nor a number.
    """
    for word in model.wv.index_to_key:
        if not isinstance(word, str | int):
            msg = f"word {word!r} is neither a string nor a number: such models cannot be saved"
            raise TypeError(msg)
    arrays = {
        "vectors": model.wv.vectors,
        "outputs": model.syn1neg if model.negative else None,
        "nodes": model.syn1 if model.hs else None,
        "keep": model._keep.astype(np.int64),
        "counts": model.wv.expandos.get("count", np.zeros(0, np.int64)),
    }
    save_file(
        {
            "format": FORMAT,
            "version": VERSION,
            "settings": {name: getattr(model, name) for name in SETTINGS},
            "state": {name: getattr(model, name) for name in STATE},
            "words": list(model.wv.index_to_key),
            "arrays": {
                name: None if array is None else np.ascontiguousarray(array)
                for name, array in arrays.items()
            },
        },
        fname,
    )


def load(kind: type[Word2Vec], fname: str | os.PathLike[str]) -> Word2Vec:
    """Read a model.

    Raises:
        ValueError: the file holds something else, or what it holds does not fit together.
    """
    found: Any = load_file(fname)
    name = os.fspath(fname)
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        msg = f"{name}: expected a file that Word2Vec.save wrote; it holds something else"
        raise ValueError(msg)
    if found.get("version") != VERSION:
        msg = f"{name}: of version {found.get('version')!r}; this penlight reads version {VERSION}"
        raise ValueError(msg)
    model = kind(**{setting: found["settings"][setting] for setting in SETTINGS})
    for attribute in STATE:
        setattr(model, attribute, found["state"][attribute])
    words, arrays = found["words"], found["arrays"]
    size = len(words)
    shapes = {
        "vectors": (size, model.vector_size),
        "outputs": (size, model.vector_size) if model.negative else None,
        "nodes": (max(size - 1, 0), model.vector_size) if model.hs else None,
        "keep": (size,),
        "counts": (size,),
    }
    for key, shape in shapes.items():
        got = None if arrays.get(key) is None else arrays[key].shape
        if got != shape:
            msg = f"{name}: {key} has shape {got}, expected {shape} for {size} words"
            raise ValueError(msg)
    model._inputs = padded(arrays["vectors"])
    if model.negative:
        model._outputs = padded(arrays["outputs"])
    if model.hs:
        model._nodes = padded(arrays["nodes"])
    model._keep = arrays["keep"].astype(np.uint32)
    model._place(words, arrays["counts"])
    return model
