"""``penlight word2vec``: train word vectors, look for similar words, draw them."""

from __future__ import annotations

import sys
import time
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..serialization import CheckpointError

if TYPE_CHECKING:
    from ..text import KeyedVectors, Word2Vec

_TEXT_ENDINGS = {".txt", ".vec", ".text"}
_COMPRESSED = {".gz", ".bz2", ".xz"}

# Option, the constructor's argument, its type, and what it says.
_SETTINGS: tuple[tuple[str, str, Callable[[str], Any], str], ...] = (
    ("--vector-size", "vector_size", int, "numbers of a vector (100)"),
    ("--window", "window", int, "words on each side at most (5)"),
    ("--min-count", "min_count", int, "ignore rarer words (5)"),
    ("--max-final-vocab", "max_final_vocab", int, "words that get vectors at most (all)"),
    ("--sample", "sample", float, "how strongly frequent words are left out (0.001)"),
    ("--negative", "negative", int, "words drawn a window, 0 for none (5)"),
    ("--ns-exponent", "ns_exponent", float, "of the counts by which they are drawn (0.75)"),
    ("--alpha", "alpha", float, "learning rate at the beginning (0.025)"),
    ("--min-alpha", "min_alpha", float, "and at the end (0.0001)"),
    ("--epochs", "epochs", int, "passes over the corpus (5)"),
    ("--seed", "seed", int, "decides all draws (1)"),
)
_FLAGS: tuple[tuple[str, str, Any, str], ...] = (
    ("--sg", "sg", 1, "skip-gram rather than CBOW"),
    ("--hs", "hs", 1, "hierarchical softmax, with negative sampling unless --negative 0"),
    ("--cbow-sum", "cbow_mean", 0, "CBOW by the sum of a window's words, not their mean"),
    ("--fixed-windows", "shrink_windows", False, "do not draw each window's size"),
    ("--deterministic", "deterministic", True, "the same vectors for any number of workers"),
)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the subcommands and their arguments."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    train = commands.add_parser("train", help="train vectors on a text, a sentence a line")
    train.add_argument("corpus", help="UTF-8 text, words between white space; also .gz .bz2 .xz")
    train.add_argument("-o", "--output", required=True, type=Path, help="where the vectors go")
    for option, name, kind, text in _SETTINGS:
        train.add_argument(option, dest=name, type=kind, default=SUPPRESS, help=text)
    for option, name, value, text in _FLAGS:
        train.add_argument(
            option, dest=name, action="store_const", const=value, default=SUPPRESS, help=text
        )
    train.add_argument("--workers", type=int, default=2, help="threads (2)")
    train.add_argument(
        "--checkpoint-every",
        type=int,
        default=1,
        metavar="EPOCHS",
        help="keep the vectors, and what --resume needs, after so many epochs (1); 0: at the end",
    )
    train.add_argument("--resume", action="store_true", help="go on after the last checkpoint")
    train.add_argument("--progress", action="store_true", help="show a bar (needs tqdm)")
    similar = commands.add_parser("similar", help="the words most similar to others")
    _takes_vectors(similar)
    similar.add_argument("words", nargs="+", metavar="WORD", help="similar to all of them")
    analogy = commands.add_parser("analogy", help="A is to B as C is to which words?")
    _takes_vectors(analogy)
    analogy.add_argument("words", nargs=3, metavar=("A", "B", "C"), help="words")
    for command in (similar, analogy):
        command.add_argument("--topn", type=int, default=10, help="words to print (10)")
    plot = commands.add_parser("plot", help="draw words in the plane (needs matplotlib)")
    _takes_vectors(plot)
    plot.add_argument("words", nargs="+", metavar="WORD", help="three or more")
    plot.add_argument("-o", "--output", required=True, type=Path, help="an image, as plane.png")
    for command in (train, similar, analogy, plot):
        command.add_argument(
            "--format",
            choices=("binary", "text"),
            help="of the vectors; by default text if their name ends in .txt, .vec or .text",
        )


def _takes_vectors(command: ArgumentParser) -> None:
    command.add_argument("vectors", type=Path, help="a file of word2vec's, binary or text")


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
    name = path.with_suffix("") if path.suffix.lower() in _COMPRESSED else path
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
    names = [name for _, name, *_ in (*_SETTINGS, *_FLAGS)]
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
