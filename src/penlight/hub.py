"""``torch.hub`` without a network: models of a directory, and weights that are there already."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn
from urllib.parse import urlparse

from .serialization import load as _load

__all__ = [
    "download_url_to_file",
    "get_dir",
    "help",
    "list",
    "load",
    "load_state_dict_from_url",
    "set_dir",
]

_directory: str | None = None


def get_dir() -> str:
    """Return the directory of files that torch has downloaded, which penlight reads as well.

    It is what :func:`set_dir` was told, else ``$TORCH_HOME/hub``, where ``$TORCH_HOME`` is
    ``$XDG_CACHE_HOME/torch`` by default, and ``$XDG_CACHE_HOME`` is ``~/.cache``.
    """
    if _directory is not None:
        return _directory
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache"))
    home = Path(os.environ.get("TORCH_HOME", cache / "torch"))
    return str(home.expanduser() / "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Set the directory that :func:`get_dir` returns.

    Args:
        d: the directory.
    """
    global _directory  # noqa: PLW0603 - of the whole process, as torch's
    _directory = str(Path(d).expanduser())


def load(
    repo_or_dir: Any,
    model: str,
    *args: Any,
    source: str = "github",
    trust_repo: Any = "check",
    force_reload: bool = False,
    verbose: bool = True,
    skip_validation: bool = False,
    **kwargs: Any,
) -> Any:
    """Call a function of a directory's ``hubconf.py``, which makes a model.

    Args:
        repo_or_dir: the directory.
        model: the function's name.
        args: for the function.
        source: ``"local"``; torch's default, ``"github"``, is refused.
        trust_repo: accepted.
        force_reload: accepted.
        verbose: accepted.
        skip_validation: accepted.
        kwargs: for the function.

    Returns:
        What the function returns.

    Raises:
        ValueError: ``source`` is unknown, or ``model`` no text.
        RuntimeError: ``hubconf.py`` has no such function, or needs a package that is missing.
        NotImplementedError: ``source`` is ``"github"``.
    """
    del trust_repo, force_reload, verbose, skip_validation
    source = source.lower()
    if source not in {"github", "local"}:
        msg = f'Unknown source: "{source}". Allowed values: "github" | "local".'
        raise ValueError(msg)
    if source == "github":
        _refuse(f"download {repo_or_dir!r}", 'clone it, and give the directory and source="local"')
    directory = os.fspath(repo_or_dir)
    with _first_on_path(directory):
        config = _config(Path(directory, "hubconf.py"))
        return _entry(config, model)(*args, **kwargs)


@contextmanager
def _first_on_path(directory: str) -> Iterator[None]:
    sys.path.insert(0, directory)
    try:
        yield
    finally:
        sys.path.remove(directory)


def _config(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("hubconf.py", path)
    if spec is None or spec.loader is None:
        msg = f"{path} is no Python file"
        raise ImportError(msg)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _entry(config: ModuleType, model: str) -> Any:
    if not isinstance(model, str):
        msg = f"Invalid input: model should be a string of function name, got {model!r}"
        raise ValueError(msg)  # noqa: TRY004 - torch's type  # noqa: TRY004 - torch's type
    needed = getattr(config, "dependencies", None) or []
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        msg = f"Missing dependencies: {', '.join(missing)}"
        raise RuntimeError(msg)
    function = getattr(config, model, None)
    if not callable(function):
        msg = f"Cannot find callable {model} in hubconf"
        raise RuntimeError(msg)  # noqa: TRY004 - torch's type
    return function


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = False,
) -> dict[str, Any]:
    """Load the file that torch would have downloaded from an address, if it is here.

    Args:
        url: the address, whose last part is the file's name.
        model_dir: where the file is; by default ``checkpoints`` in :func:`get_dir`.
        map_location: as for ``torch.load``.
        progress: accepted.
        check_hash: accepted; torch looks at a file that it downloads only.
        file_name: the file's name, if another.
        weights_only: as for ``torch.load``.

    Raises:
        NotImplementedError: it is not here: penlight does not download.
    """
    del progress, check_hash
    directory = Path(get_dir(), "checkpoints") if model_dir is None else Path(model_dir)
    path = directory / (file_name or Path(urlparse(url).path).name)
    if not path.exists():
        _refuse(f"download {url}", f"put the file at {path}")
    state: dict[str, Any] = _load(path, map_location=map_location, weights_only=weights_only)
    return state


def download_url_to_file(
    url: str, dst: str, hash_prefix: str | None = None, progress: bool = True
) -> NoReturn:
    """Refuse: penlight does not download.

    Args:
        url: the address.
        dst: where the file would go.
        hash_prefix: accepted.
        progress: accepted.

    Raises:
        NotImplementedError: always.
    """
    del hash_prefix, progress
    _refuse(f"download {url}", f"put the file at {dst}")


def list(
    github: str,
    force_reload: bool = False,
    skip_validation: bool = False,
    trust_repo: Any = "check",
    verbose: bool = True,
) -> NoReturn:
    """Refuse: penlight does not download, and this is about what is on GitHub.

    Args:
        github: the repository.
        force_reload: accepted.
        skip_validation: accepted.
        trust_repo: accepted.
        verbose: accepted.

    Raises:
        NotImplementedError: always.
    """
    del force_reload, skip_validation, trust_repo, verbose
    _refuse(f"download {github!r}", "look at its hubconf.py")


def help(
    github: str,
    model: str,
    force_reload: bool = False,
    skip_validation: bool = False,
    trust_repo: Any = "check",
) -> NoReturn:
    """Refuse: penlight does not download, and this is about what is on GitHub.

    Args:
        github: the repository.
        model: the function's name.
        force_reload: accepted.
        skip_validation: accepted.
        trust_repo: accepted.

    Raises:
        NotImplementedError: always.
    """
    del model, force_reload, skip_validation, trust_repo
    _refuse(f"download {github!r}", "look at its hubconf.py")


def _refuse(what: str, instead: str) -> NoReturn:
    msg = f"penlight does not {what}: it does not use the network; {instead}"
    raise NotImplementedError(msg)
