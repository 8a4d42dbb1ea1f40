"""Saving and loading, in torch's file formats, without ever running what is in a file."""

from ._errors import CheckpointError
from ._load import load
from ._save import save
from .classes import add_safe_globals, clear_safe_globals, get_safe_globals, safe_globals
from .inert import UnknownName, UnknownObject
from .safetensors import load_file, save_file

__all__ = [
    "CheckpointError",
    "UnknownName",
    "UnknownObject",
    "add_safe_globals",
    "clear_safe_globals",
    "get_safe_globals",
    "load",
    "load_file",
    "safe_globals",
    "save",
    "save_file",
]
