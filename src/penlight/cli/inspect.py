"""``penlight inspect``: what is in a checkpoint, without loading it or running anything in it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from ..serialization.summary import Summary

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
_LONGEST_NAME = 200


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("file", help="a checkpoint of torch or penlight, or a safetensors file")
    parser.add_argument("--json", action="store_true", help="print it as one JSON object")


def execute(options: Namespace) -> int:
    """Print it; a file that cannot be read ends with the reason and status 1."""
    from ..serialization import CheckpointError  # noqa: PLC0415 - the parser needs none of it
    from ..serialization.summary import summarize  # noqa: PLC0415

    try:
        summary = summarize(options.file)
    except (OSError, CheckpointError, ImportError, RuntimeError) as error:
        print(f"penlight inspect: {options.file}: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(_as_json(summary))
    else:
        print("\n".join(_lines(summary)))
    return 0


def _as_json(summary: Summary) -> str:
    import json  # noqa: PLC0415 - for those who ask for it

    content = summary._asdict()
    for part in ("tensors", "others"):
        content[part] = [entry._asdict() for entry in content[part]]
    return json.dumps(content, indent=2)


def _lines(summary: Summary) -> list[str]:
    own = [entry for entry in summary.tensors if not entry.same_memory_as]
    count, total = sum(_numbers(entry.shape) for entry in own), sum(entry.bytes for entry in own)
    lines = [
        f"{summary.file}: {summary.format}, {human(summary.bytes)}",
        f"{len(summary.tensors):,} tensors of {count:,} numbers, {human(total)}",
    ]
    rows = [
        (
            printable(entry.name),
            entry.dtype,
            "x".join(map(str, entry.shape)) or "scalar",
            human(entry.bytes),
            _note(entry.kind, entry.same_memory_as),
        )
        for entry in summary.tensors
    ]
    lines += _table(rows)
    if summary.others:
        lines += ["", "beside them:"]
        lines += _table(
            [
                (
                    printable(entry.name),
                    printable(entry.type),
                    "kept as an inert object: its class is not known"
                    if entry.inert
                    else printable(entry.value or ""),
                )
                for entry in summary.others
            ]
        )
    if summary.metadata:
        lines += ["", "metadata:"]
        lines += _table([(printable(k), printable(v)) for k, v in summary.metadata.items()])
    return lines


def _note(kind: str, same: str | None) -> str:
    notes = [] if kind == "tensor" else [kind]
    return ", ".join([*notes, f"same memory as {printable(same)}"] if same else notes)


def _numbers(shape: Sequence[int]) -> int:
    count = 1
    for length in shape:
        count *= length
    return count


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return lines in which the columns stand below each other."""
    if not rows:
        return []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def printable(text: str) -> str:
    """Return a text from a file without what could change the terminal, and not too long."""
    short = text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}..."
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short)


def human(size: float) -> str:
    """Return a number of bytes in the unit that fits."""
    power = 0
    while size >= 1024 and power < len(_UNITS) - 1:
        size /= 1024
        power += 1
    return f"{size:,.1f} {_UNITS[power]}" if power else f"{size:,.0f} {_UNITS[0]}"
