"""``penlight info``: what is installed here and how it computes."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from typing import TYPE_CHECKING

import numpy as np

from .. import kernels
from .._alias import TORCH_VERSION

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments: there are none."""
    del parser


def execute(options: Namespace) -> int:
    """Print one fact a line."""
    del options
    facts = {
        "penlight": version(),
        "stands in for": f"torch {TORCH_VERSION} (CPU)",
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "numpy": f"{np.__version__}, BLAS {_blas()}",
        "kernels": _kernels(),
        "processors": str(os.cpu_count()),
        "platform": platform.platform(),
    }
    width = max(map(len, facts))
    for name, fact in facts.items():
        print(f"{name:{width}}  {fact}")
    return 0


def version() -> str:
    """Return the version of the installed package."""
    try:
        return importlib.metadata.version("penlight")
    except importlib.metadata.PackageNotFoundError:
        return "unknown (not installed)"


def _blas() -> str:
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".rstrip()


def _kernels() -> str:
    if not kernels.is_native:
        return "NumPy (the compiled kernels are not in use)"
    capability, threads = kernels.get_cpu_capability().upper(), kernels.get_num_threads()
    return f"compiled, {capability}, {threads} {'thread' if threads == 1 else 'threads'}"
