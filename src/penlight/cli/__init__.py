"""The command ``penlight``, on argparse, so that it works wherever penlight is installed.

A subcommand is a line of ``SUMMARIES`` and a module here with ``add_arguments(parser)`` and
``execute(options)``, which returns the exit status. Only the module of the given one is imported.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

SUMMARIES = {
    "run": "run a PyTorch program, with penlight standing in for torch",
    "inspect": "list what is in a checkpoint, without loading or running it",
    "convert": "write a checkpoint in another format: .pt, .safetensors",
    "info": "say what is installed here and how it computes",
    "word2vec": "train word vectors, look for similar words, draw them",
}


class Command(Protocol):
    """What the module of a subcommand offers."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""

    def execute(self, options: Namespace) -> int:
        """Do it and return the exit status."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status.

    Args:
        arguments: what follows the command's name; by default what the process was given.

    Raises:
        SystemExit: the arguments are wrong, help was asked for, or a program that ran ended so.
    """
    import argparse  # noqa: PLC0415  so that `import penlight.cli` is free

    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="penlight", description="PyTorch's nn on NumPy: run PyTorch programs without torch."
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, summary in SUMMARIES.items():
        chosen = commands.add_parser(
            name, help=summary, description=f"{summary[0].upper()}{summary[1:]}."
        )
        if name in given[:1]:
            _module(name).add_arguments(chosen)
    options = parser.parse_args(given)
    if options.version:
        from .info import version  # noqa: PLC0415

        print(f"penlight {version()}")
        return 0
    if options.command is None:
        parser.print_help()
        return 2
    return _module(options.command).execute(options)


def _module(name: str) -> Command:
    return cast("Command", importlib.import_module(f"{__name__}.{name}"))
