"""The options of ``penlight word2vec``."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Option, the constructor's argument, its type, and what it says.
SETTINGS: tuple[tuple[str, str, Callable[[str], Any], str], ...] = (
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
FLAGS: tuple[tuple[str, str, Any, str], ...] = (
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
    for option, name, kind, text in SETTINGS:
        train.add_argument(option, dest=name, type=kind, default=SUPPRESS, help=text)
    for option, name, value, text in FLAGS:
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
