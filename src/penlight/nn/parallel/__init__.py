"""Training on several devices, as far as it has a meaning where there is one CPU."""

from __future__ import annotations

from .data_parallel import DataParallel, data_parallel
from .devices import gather, parallel_apply, replicate, scatter
from .distributed import DistributedDataParallel

__all__ = [
    "DataParallel",
    "DistributedDataParallel",
    "data_parallel",
    "gather",
    "parallel_apply",
    "replicate",
    "scatter",
]
