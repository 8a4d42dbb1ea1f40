"""Saving and loading a state dict of 200 MB, with the file in the cache of the system."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

from benchmarks.case import Case, Family

LAYERS, SIZE = 50, 1000  # matrices of 1000 by 1000 floats: 4 MB each


def state(lib):
    """Return the state dict."""
    lib.manual_seed(0)
    return {f"layers.{number}.weight": lib.randn(SIZE, SIZE) for number in range(LAYERS)}


def path_for(lib):
    """Return the path of a file that goes with the process."""
    folder = tempfile.TemporaryDirectory(prefix="penlight-bench-")
    _KEPT.append(folder)
    path = Path(folder.name, "model.pt")
    lib.save(state(lib), path)
    return path


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def save(lib):
    """Return a save over a file that is there."""
    tensors, path = state(lib), path_for(lib)
    return lambda: lib.save(tensors, path)


def save_to_disk(lib):
    """Return a save that ends when the file is on the disk, as penlight's always does."""
    tensors, path = state(lib), path_for(lib)

    def save_and_sync():
        with path.open("wb") as file:
            lib.save(tensors, file)
            file.flush()
            os.fsync(file.fileno())

    return save_and_sync if lib.__name__ == "torch" else lambda: lib.save(tensors, path)


def save_to_memory(lib):
    """Return a save into memory, where no disk is waited for."""
    tensors = state(lib)
    return lambda: lib.save(tensors, io.BytesIO())


def load(lib):
    """Return a load."""
    path = path_for(lib)
    return lambda: lib.load(path)


def mapped(lib):
    """Return a load that leaves the tensors in the file."""
    path = path_for(lib)
    return lambda: lib.load(path, mmap=True)


FAMILY = Family(
    "Checkpoints of 200 MB",
    [
        Case("load", load, 1.0),
        Case("load, mmap=True", mapped, 1.0),
        Case("save to a file", save, 1.0),
        Case("save to a file, torch waiting for the disk too", save_to_disk, 1.0),
        Case("save to memory", save_to_memory, 1.0),
    ],
)
