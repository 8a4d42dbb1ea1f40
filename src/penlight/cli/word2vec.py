"""``penlight word2vec``: train word vectors, look for similar words, draw them."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..serialization import CheckpointError
from ._word2vec_options import FLAGS, SETTINGS, add_arguments

if TYPE_CHECKING:
    from ..text import KeyedVectors, Word2Vec

_TEXT_ENDINGS = {".txt", ".vec", ".text"}

__all__ = ["add_arguments", "execute"]


def execute(options: Namespace) -> int:
    """Do what was asked for; a mistake in the input ends with its message and status 1."""
    actions = {"train": _train, "similar": _similar, "analogy": _analogy, "plot": _plot}
    try:
        actions[options.action](options)
    except (OSError, ValueError, RuntimeError, ImportError, CheckpointError) as error:
        print(f"penlight word2vec {options.action}: {error}", file=sys.stderr)
        return 1
    except KeyError as error:
        print(f"penlight word2vec {options.action}: {error.args[0]}", file=sys.stderr)
        return 1
    return 0


def _is_binary(path: Path, options: Namespace) -> bool:
    if options.format:
        return bool(options.format == "binary")
    from ..text._files import suffix_of  # noqa: PLC0415 - the parser needs none of it

    name = path.with_suffix("") if suffix_of(path) else path
    return name.suffix.lower() not in _TEXT_ENDINGS


def _load(options: Namespace) -> KeyedVectors:
    from ..text import KeyedVectors  # noqa: PLC0415 - the parser needs none of it

    binary = _is_binary(options.vectors, options)
    return KeyedVectors.load_word2vec_format(options.vectors, binary=binary)


# ---- training ------------------------------------------------------------------------------------


def _train(options: Namespace) -> None:
    from ..text import Word2Vec  # noqa: PLC0415 - the parser needs none of it

    if options.checkpoint_every < 0:
        msg = f"--checkpoint-every: expected 0 or more epochs, got {options.checkpoint_every}"
        raise ValueError(msg)
    names = [name for _, name, *_ in (*SETTINGS, *FLAGS)]
    given = {name: getattr(options, name) for name in names if hasattr(options, name)}
    checkpoint = options.output.with_name(options.output.name + ".checkpoint")
    if options.resume:
        model = _resumed(checkpoint, given)
        model.workers = options.workers
    else:
        model = Word2Vec(workers=options.workers, compute_loss=True, **given)
        model.build_vocab(corpus_file=options.corpus)
        print(f"{model.corpus_total_words:,} words in all, {len(model.wv):,} of them different")
    keeper = _Keeper(options, checkpoint)
    model.train(
        corpus_file=options.corpus,
        first_epoch=model.epochs_done,
        callbacks=[keeper],
        show_progress=options.progress,
    )
    keeper.write_vectors(model)
    checkpoint.unlink(missing_ok=True)
    print(f"{len(model.wv):,} vectors of {model.vector_size} numbers are in {options.output}")


def _resumed(checkpoint: Path, given: dict[str, Any]) -> Word2Vec:
    """Load the checkpoint, refusing settings that are not its own."""
    from ..text import Word2Vec  # noqa: PLC0415 - the parser needs none of it

    if not checkpoint.exists():
        msg = (
            f"--resume: there is no {checkpoint}; it is written after an epoch, and goes at the end"
        )
        raise FileNotFoundError(msg)
    model = Word2Vec.load(checkpoint)
    for name, value in given.items():
        if getattr(model, name) != value:
            msg = (
                f"--resume: {name} is {getattr(model, name)!r} in {checkpoint}, not {value!r}; "
                "leave the option out, or train anew without --resume"
            )
            raise ValueError(msg)
    print(f"going on after epoch {model.epochs_done} of {model.epochs}")
    return model


class _Keeper:
    """Prints a line for each epoch, and writes checkpoints."""

    def __init__(self, options: Namespace, checkpoint: Path) -> None:
        self._options, self._checkpoint = options, checkpoint
        self._begin = 0.0

    def on_epoch_begin(self, model: Word2Vec) -> None:
        """Note the time."""
        del model
        self._begin = time.perf_counter()

    def on_epoch_end(self, model: Word2Vec) -> None:
        """Print what the epoch did; keep it if it is its turn."""
        speed = model.corpus_total_words / (time.perf_counter() - self._begin)
        print(
            f"epoch {model.epochs_done} of {model.epochs}: loss {model.epoch_losses[-1]:.4f}, "
            f"{speed:,.0f} words/s",
            flush=True,
        )
        every = self._options.checkpoint_every
        if every and model.epochs_done % every == 0 and model.epochs_done < model.epochs:
            model.save(self._checkpoint)
            self.write_vectors(model)

    def write_vectors(self, model: Word2Vec) -> None:
        """Write the vectors as they are."""
        output = self._options.output
        model.wv.save_word2vec_format(output, binary=_is_binary(output, self._options))


# ---- looking -------------------------------------------------------------------------------------


def _similar(options: Namespace) -> None:
    _print(_load(options).most_similar(positive=options.words, topn=options.topn))


def _analogy(options: Namespace) -> None:
    first, second, third = options.words
    found = _load(options).most_similar([second, third], [first], topn=options.topn)
    _print(found)


def _print(found: Any) -> None:
    for word, similarity in found:
        print(f"{similarity:.4f}  {word}")


def _plot(options: Namespace) -> None:
    from ..text.plane import draw  # noqa: PLC0415 - it takes an extra

    share = draw(_load(options), options.words, options.output)
    print(f"{options.output} shows {share:.0%} of the variance of {len(options.words)} words")
