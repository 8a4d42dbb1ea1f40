"""Standing in for ``torch``: :func:`install_as_torch`, and what ``penlight run`` is made of.

Two finders on ``sys.meta_path`` do it. The first answers for the name ``torch`` and for every name
that starts with ``torch.``, and nothing else: ``torch`` becomes a :class:`StandIn`, ``torch.nn``
the very module ``penlight.nn``. It always answers, with a module or with an error, for otherwise
the ordinary finder would find ``penlight/nn/init.py`` a second time as ``torch.nn.init``. The
second comes last and says what else there is when a ``penlight.*`` import finds nothing, which is
what ``from torch.nn import Missing`` comes down to.
"""

from __future__ import annotations

import importlib
import sys
import threading
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn, Self

from ._missing import PACKAGE, MissingName, as_penlight, as_torch, not_found

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader, MetaPathFinder
    from types import TracebackType
else:
    # Bases that add nothing here, from a module that costs 8 ms to import.
    Loader = MetaPathFinder = object

TORCH_VERSION = "2.13.0"
_lock = threading.Lock()
_depth = 0
_blocked: list[str] = []  # names that held None in sys.modules: "may not be imported"
_explained: list[ModuleType] = []  # modules that were given a __getattr__


class Standing:
    """The stand-in that one call of :func:`install_as_torch` put up; leaving it takes it down."""

    def __init__(self) -> None:
        self._left = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._left:
            self._left = True
            uninstall_as_torch()


def install_as_torch() -> Standing:
    """Make ``import torch`` give penlight, from now on and in the whole process.

    ``torch.nn`` is then ``penlight.nn``, the same module, and so on down; ``torch.__version__``
    reads ``2.13.0+penlight``. ``torchvision`` and others that only start alike are left alone.
    Calls nest: each is undone by one :func:`uninstall_as_torch`, or by leaving the ``with`` block.

    Returns:
        A context manager, to stand in for the length of a block only.

    Raises:
        RuntimeError: the real torch is already imported.

    Example::

        import penlight

        with penlight.install_as_torch():
            import torch  # is penlight, and so is what the_program imports by that name
            import the_program
    """
    global _depth  # noqa: PLW0603  there is one sys.modules to stand in
    with _lock:
        if _depth == 0:
            _put_up()
        _depth += 1
    return Standing()


def uninstall_as_torch() -> None:
    """Undo one :func:`install_as_torch`; with the last, ``import torch`` is as it was before.

    Modules that have imported the stand-in keep it. Without an :func:`install_as_torch` to undo,
    nothing happens.
    """
    global _depth  # noqa: PLW0603
    with _lock:
        if _depth == 1:
            _take_down()
        _depth = max(0, _depth - 1)


class StandIn(ModuleType):
    """The module that ``import torch`` gives: penlight's names, torch's own name and version.

    It starts with a copy of penlight's namespace, so that reading ``torch.relu`` costs what reading
    ``penlight.relu`` costs; a name that is not there yet is asked of penlight. What a program
    assigns to ``torch.something`` stays here, and is gone with the stand-in.
    """

    def __getattr__(self, name: str) -> object:
        try:
            return getattr(sys.modules[PACKAGE], name)
        except AttributeError:
            raise MissingName(self.__name__, name) from None

    def __dir__(self) -> list[str]:
        return sorted({*vars(self), *dir(sys.modules[PACKAGE])})


class _StandInLoader(Loader):
    """Makes the module ``torch``."""

    def create_module(self, spec: ModuleSpec) -> StandIn:
        return StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        own = vars(module)
        package = vars(sys.modules[PACKAGE])
        own.update({name: value for name, value in package.items() if name not in own})
        own["__doc__"] = package["__doc__"]
        own.pop("__getattr__", None)  # StandIn has its own, which asks penlight's
        own["__version__"] = f"{TORCH_VERSION}+{PACKAGE}"


class _SameModuleLoader(Loader):
    """Puts a module of penlight into ``sys.modules`` under torch's name for it."""

    def create_module(self, spec: ModuleSpec) -> None:
        del spec  # an ordinary empty module will do

    def exec_module(self, module: ModuleType) -> None:
        # A module may replace itself while it is loaded. Had it been handed over by create_module,
        # the import machinery would have overwritten the __spec__ of penlight's own module.
        name = module.__name__
        sys.modules[name] = importlib.import_module(as_penlight(name))
        _explain_missing_names(sys.modules[name])
        _enter_hidden_modules(sys.modules[name], name)


class _TorchFinder(MetaPathFinder):
    """Finds ``torch`` and ``torch.*`` in penlight."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  the protocol of finders
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Return how to load the module, None for a name that is not torch's.

        Raises:
            ModuleNotFoundError: penlight has no such module.
        """
        if not _is_torch(fullname):
            return None
        import importlib.util  # noqa: PLC0415  3 ms that nobody owes who does not stand in

        found = importlib.util.find_spec(as_penlight(fullname))
        if found is None:
            raise not_found(fullname)
        loader = _StandInLoader() if fullname == "torch" else _SameModuleLoader()
        spec = ModuleSpec(fullname, loader, origin=found.origin)
        spec.has_location = found.has_location
        if found.submodule_search_locations is not None:
            spec.submodule_search_locations = []  # a package, but no files are to be looked for
        return spec


class _LastFinder(MetaPathFinder):
    """Asked when nothing was found: says what penlight has instead."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> None:
        """Find nothing.

        Raises:
            ModuleNotFoundError: the name is a public one of penlight's.
        """
        place, _, name = fullname.rpartition(".")
        if place.partition(".")[0] == PACKAGE and not name.startswith("_"):
            raise not_found(as_torch(fullname))


_finders: tuple[MetaPathFinder, MetaPathFinder] = (_TorchFinder(), _LastFinder())


def _put_up() -> None:
    """Begin to stand in."""
    present = [name for name in list(sys.modules) if _is_torch(name)]
    real = next((name for name in present if sys.modules[name] is not None), None)
    if real is not None:
        message = (
            f"the real torch is already imported ({real} is in sys.modules): penlight can stand in "
            "for it only when install_as_torch() comes before the first `import torch`"
        )
        raise RuntimeError(message)
    for name in present:
        del sys.modules[name]
    _blocked.extend(present)
    sys.meta_path.insert(0, _finders[0])
    sys.meta_path.append(_finders[1])
    for name in list(sys.modules):
        if name.startswith(f"{PACKAGE}."):
            _explain_missing_names(sys.modules[name])


def _take_down() -> None:
    """Stop standing in, and leave ``sys`` as it was found."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder not in _finders]
    for name in [name for name in list(sys.modules) if _is_torch(name)]:
        if _is_ours(sys.modules[name]):
            del sys.modules[name]
    for module in _explained:
        vars(module).pop("__getattr__", None)
    _explained.clear()
    for name in _blocked:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    _blocked.clear()


def _is_torch(name: str) -> bool:
    return name == "torch" or name.startswith("torch.")


def _is_ours(module: ModuleType) -> bool:
    name = getattr(module, "__name__", "")
    return isinstance(module, StandIn) or name.startswith(f"{PACKAGE}.")


def _enter_hidden_modules(package: ModuleType, name: str) -> None:
    """Enter the modules of a package that something of the same name hides, as weight_norm does.

    They are loaded. Were they first imported under torch's name, the import system would put them
    in the place of what hides them.
    """
    for path, module in list(sys.modules.items()):
        parent, _, last = path.rpartition(".")
        if parent == package.__name__ and vars(package).get(last, module) is not module:
            sys.modules[f"{name}.{last}"] = module


def _explain_missing_names(module: ModuleType) -> None:
    """Let a module of penlight say more than that it does not have a name."""
    if not isinstance(module, ModuleType) or "__getattr__" in vars(module):
        return

    def missing(name: str) -> NoReturn:
        raise MissingName(as_torch(module.__name__), name)

    vars(module)["__getattr__"] = missing
    _explained.append(module)
