"""Saving and loading, in torch's file formats, without ever running what is in a file."""

from ._errors import CheckpointError
from ._load import load
from ._save import save
from .inert import UnknownName, UnknownObject

__all__ = ["CheckpointError", "UnknownName", "UnknownObject", "load", "save"]
