"""Standing in for torch.

Each test runs its program in a process of its own: the suite itself may have the real torch loaded,
and then penlight rightly refuses to stand in for it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import penlight
from penlight._missing import MissingName


def python(program: str, *, path: Path | None = None) -> str:
    """Run a program that must end well; return what it prints."""
    parts = [path, Path(penlight.__file__).parent.parent, os.environ.get("PYTHONPATH")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(part) for part in parts if part)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def fake_torch(tmp_path: Path) -> Path:
    """A directory that holds another torch, and a torchvision."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("__version__ = 'the other one'\n")
    (tmp_path / "torchvision.py").write_text("import torch\n")
    return tmp_path


def test_modules_are_the_same_objects_and_are_not_imported_twice() -> None:
    python(
        """
        import sys
        import penlight
        penlight.install_as_torch()
        import torch, torch.nn as nn, torch.nn.functional as F
        import torch.nn.modules.linear
        from torch.utils.data import DataLoader
        assert torch.nn is nn is penlight.nn
        assert F is penlight.nn.functional
        assert torch.nn.modules.linear is sys.modules["penlight.nn.modules.linear"]
        assert torch.Tensor is penlight.Tensor
        assert torch.nn.Linear is penlight.nn.Linear
        assert DataLoader is penlight.utils.data.DataLoader
        assert penlight.nn.__spec__.name == penlight.nn.__name__ == "penlight.nn"
        """
    )


def test_a_function_keeps_its_name_when_the_module_of_that_name_is_imported() -> None:
    python(
        """
        import sys
        import penlight
        penlight.install_as_torch()
        from torch.nn.utils.weight_norm import WeightNorm
        import torch.nn.utils.spectral_norm
        assert callable(torch.nn.utils.weight_norm) and callable(torch.nn.utils.spectral_norm)
        assert sys.modules["torch.nn.utils.weight_norm"].WeightNorm is WeightNorm
        penlight.uninstall_as_torch()
        assert not [name for name in sys.modules if name.startswith("torch")]
        """
    )


def test_version_is_torchs_only_under_torchs_name() -> None:
    python(
        """
        import penlight
        before = penlight.__version__
        penlight.install_as_torch()
        import torch
        assert torch.__version__ == "2.13.0+penlight"
        assert torch.__name__ == "torch"
        assert penlight.__version__ == before
        """
    )


def test_assignment_to_torch_stays_in_the_stand_in() -> None:
    python(
        """
        import penlight
        with penlight.install_as_torch():
            import torch
            torch.my_flag = 5
            assert torch.my_flag == 5
            assert "my_flag" in dir(torch)
        assert not hasattr(penlight, "my_flag")
        with penlight.install_as_torch():
            import torch
            assert not hasattr(torch, "my_flag")
        """
    )


def test_uninstalling_leaves_the_import_system_as_it_was(fake_torch: Path) -> None:
    python(
        """
        import sys
        import penlight, penlight.nn
        finders, modules = list(sys.meta_path), set(sys.modules)
        had = "__getattr__" in vars(penlight.nn)
        penlight.install_as_torch()
        import torch.nn
        assert torch.nn is penlight.nn
        penlight.uninstall_as_torch()
        assert sys.meta_path == finders
        assert not {name for name in sys.modules if name.split(".")[0] == "torch"}
        assert modules <= set(sys.modules)
        assert ("__getattr__" in vars(penlight.nn)) == had
        import torch
        assert torch.__version__ == "the other one"
        """,
        path=fake_torch,
    )


def test_nested_installs_end_with_the_outermost() -> None:
    python(
        """
        import sys
        import penlight
        def standing():
            return any(type(finder).__module__ == "penlight._alias" for finder in sys.meta_path)
        with penlight.install_as_torch():
            with penlight.install_as_torch() as inner:
                pass
            inner.__exit__(None, None, None)  # leaving twice counts once
            assert standing()
            penlight.install_as_torch()
            penlight.uninstall_as_torch()
            assert standing()
            import torch
        assert not standing() and "torch" not in sys.modules
        penlight.uninstall_as_torch()  # nothing to undo
        penlight.install_as_torch()
        assert standing()
        """
    )


def test_an_error_inside_the_block_still_uninstalls() -> None:
    python(
        """
        import sys
        import penlight
        try:
            with penlight.install_as_torch():
                import torch
                raise KeyError("mine")
        except KeyError:
            pass
        assert "torch" not in sys.modules
        """
    )


def test_threads_that_install_and_uninstall_do_not_disturb_each_other() -> None:
    python(
        """
        import sys, threading
        import penlight
        sys.setswitchinterval(1e-5)
        failures = []
        def work():
            try:
                for _ in range(200):
                    with penlight.install_as_torch():
                        import torch.nn
                        assert torch.nn is penlight.nn
            except BaseException as error:
                failures.append(error)
        threads = [threading.Thread(target=work) for _ in range(4)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert not failures, failures
        assert "torch" not in sys.modules
        """
    )


def test_real_torch_already_imported_is_refused(fake_torch: Path) -> None:
    printed = python(
        """
        import torch, sys
        import penlight
        finders = list(sys.meta_path)
        try:
            penlight.install_as_torch()
        except RuntimeError as error:
            print(error)
        assert sys.modules["torch"] is torch and sys.meta_path == finders
        """,
        path=fake_torch,
    )
    assert "the real torch is already imported" in printed
    assert "before the first `import torch`" in printed


def test_a_torch_that_is_only_installed_is_not_looked_at(fake_torch: Path) -> None:
    python(
        """
        import penlight
        penlight.install_as_torch()
        import torchvision
        assert torchvision.torch.nn is penlight.nn
        import importlib.util, torch
        assert torchvision.__spec__.origin.endswith("torchvision.py")
        assert importlib.util.find_spec("torch") is torch.__spec__
        """,
        path=fake_torch,
    )


def test_a_name_blocked_in_sys_modules_is_blocked_again_afterwards() -> None:
    python(
        """
        import sys
        sys.modules["torch"] = None
        import penlight
        with penlight.install_as_torch():
            import torch
            assert torch.nn is penlight.nn
        assert sys.modules["torch"] is None
        """
    )


def test_find_spec_describes_a_package() -> None:
    python(
        """
        import importlib.util
        import penlight
        penlight.install_as_torch()
        spec = importlib.util.find_spec("torch")
        assert spec.name == "torch"
        assert spec.submodule_search_locations == []
        assert spec.origin == penlight.__file__
        assert importlib.util.find_spec("torch.nn").origin == penlight.nn.__file__
        """
    )


def test_classes_pickle_while_standing_in_and_load_without() -> None:
    python(
        """
        import pickle
        import penlight
        with penlight.install_as_torch():
            import torch
            data = pickle.dumps(torch.nn.Linear)
        assert pickle.loads(data) is penlight.nn.Linear
        """
    )


@pytest.mark.parametrize(
    ("statement", "kind", "asked", "nearest"),
    [
        ("torch.zeross", "AttributeError", "torch.zeross", "torch.zeros"),
        ("torch.Linear", "AttributeError", "torch.Linear", "torch.nn.Linear"),
        ("torch.nn.linear_", "AttributeError", "torch.nn.linear_", "torch.nn.Linear"),
        ("torch.optim.Adan", "AttributeError", "torch.optim.Adan", "torch.optim.Adam"),
        ("import torch.optin", "ModuleNotFoundError", "torch.optin", "torch.optim"),
        ("from torch import optin", "ModuleNotFoundError", "torch.optin", "torch.optim"),
        (
            "from torch.nn import Linera",
            "ModuleNotFoundError",
            "torch.nn.Linera",
            "torch.nn.Linear",
        ),
        (
            "import torch.nn.functionl",
            "ModuleNotFoundError",
            "torch.nn.functionl",
            "torch.nn.functional",
        ),
    ],
)
def test_a_missing_name_says_so_and_names_the_nearest(
    statement: str, kind: str, asked: str, nearest: str
) -> None:
    printed = python(
        f"""
        import penlight
        penlight.install_as_torch()
        import torch, torch.nn, torch.optim
        try:
            {statement}
        except (AttributeError, ImportError) as error:
            print([kind.__name__ for kind in type(error).__mro__], error)
        """
    )
    assert f"'{kind}'" in printed
    assert f"penlight does not have {asked}; the nearest it has is {nearest} " in printed
    assert "docs/reference/parity.md" in printed


def test_hasattr_and_getattr_with_default_work_for_missing_names() -> None:
    python(
        """
        import sys
        import penlight
        penlight.install_as_torch()
        import torch
        assert not hasattr(torch, "no_such_thing")
        assert getattr(torch.nn, "NoSuchThing", None) is None
        try:
            from torch import no_such_thing
        except ImportError:
            pass
        """
    )


def test_a_missing_name_survives_pickling() -> None:
    import pickle

    error = MissingName("torch", "zeross")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
