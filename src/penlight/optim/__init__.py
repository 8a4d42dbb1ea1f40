"""Optimisers and learning-rate schedulers, with torch.optim's names, options and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import lr_scheduler
from ._stateless import swap_in_optimizer_params_and_state
from .adadelta import Adadelta
from .adafactor import Adafactor
from .adagrad import Adagrad
from .adam import Adam
from .adamax import Adamax
from .adamw import AdamW
from .asgd import ASGD
from .lbfgs import LBFGS
from .muon import Muon
from .nadam import NAdam
from .optimizer import Optimizer
from .radam import RAdam
from .rmsprop import RMSprop
from .rprop import Rprop
from .sgd import SGD
from .sparse_adam import SparseAdam

if TYPE_CHECKING:
    from . import swa_utils


def __getattr__(name: str) -> Any:
    """Import what stands on the modules when a program asks for it."""
    if name == "swa_utils":
        from importlib import import_module  # noqa: PLC0415 - kept out of the namespace

        return import_module(f".{name}", __name__)
    from .._missing import MissingName  # noqa: PLC0415 - rare

    raise MissingName("torch.optim", name)  # noqa: EM101 - not a message


__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SparseAdam",
    "lr_scheduler",
    "swa_utils",
    "swap_in_optimizer_params_and_state",
]
