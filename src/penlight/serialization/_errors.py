"""The error that a damaged, hostile or unsupported checkpoint raises."""

from __future__ import annotations

import pickle


class CheckpointError(RuntimeError, pickle.UnpicklingError):
    """A checkpoint cannot be read; the message says what is wrong and where in the file.

    It is a :class:`RuntimeError` and a :class:`pickle.UnpicklingError`, the two types that
    ``torch.load`` raises for such files, so code written for torch catches it.
    """
