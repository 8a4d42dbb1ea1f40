"""Every example in a docstring, in README and in the documents runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import penlight

ROOT = Path(__file__).resolve().parent.parent
PARSER = doctest.DocTestParser()
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def module_names():
    """Return every module of the package, found as files: a broken one fails its own test."""
    root = Path(penlight.__file__).parent
    paths = (path.relative_to(root.parent).with_suffix("") for path in sorted(root.rglob("*.py")))
    names = (".".join(path.parts).removesuffix(".__init__") for path in paths)
    return [name for name in names if not name.endswith("__main__")]


def documented(module):
    """Yield name and docstring of everything a module defines."""
    owner = importlib.import_module(module)
    yield module, owner.__doc__
    for name, value in list(vars(owner).items()):
        if getattr(value, "__module__", None) != module:
            continue
        yield f"{module}.{name}", getattr(value, "__doc__", None)
        if inspect.isclass(value):
            for member, inner in list(vars(value).items()):
                yield f"{module}.{name}.{member}", getattr(inner, "__doc__", None)


def run(name, text):
    test = PARSER.get_doctest(text, {"__name__": "__main__"}, name, name, 0)
    report = []
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    assert runner.run(test, out=report.append).failed == 0, "".join(report)


@pytest.mark.parametrize("module", module_names())
def test_examples_in_docstrings(module):
    seen = set()
    for name, doc in documented(module):
        if isinstance(doc, str) and ">>>" in doc and doc not in seen:
            seen.add(doc)
            penlight.manual_seed(0)
            run(name, inspect.cleandoc(doc))


@pytest.mark.parametrize(
    "page",
    [
        page
        for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
        if ">>>" in page.read_text(encoding="utf-8")
    ],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_example_on_page(page):
    run(page.name, page.read_text(encoding="utf-8"))
