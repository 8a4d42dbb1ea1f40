"""Every example in a docstring, in README and in the documents runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import penlight

ROOT = Path(__file__).resolve().parent.parent
PARSER = doctest.DocTestParser()
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def modules():
    names = [module.name for module in pkgutil.walk_packages(penlight.__path__, "penlight.")]
    return ["penlight", *(name for name in names if not name.endswith(("__main__", "_kernels")))]


def documented(module):
    """Yield the name and docstring of everything a module defines that has an example."""
    owner = importlib.import_module(module)
    yield module, owner.__doc__
    for name, value in vars(owner).items():
        if getattr(value, "__module__", None) != module:
            continue
        yield f"{module}.{name}", getattr(value, "__doc__", None)
        if inspect.isclass(value):
            for member, inner in vars(value).items():
                yield f"{module}.{name}.{member}", getattr(inner, "__doc__", None)


def examples():
    found = {}
    for module in modules():
        for name, doc in documented(module):
            if isinstance(doc, str) and ">>>" in doc:
                found.setdefault(id(doc), (name, doc))
    return [pytest.param(name, doc, id=name) for name, doc in found.values()]


def run(name, text):
    test = PARSER.get_doctest(text, {"__name__": "__main__"}, name, name, 0)
    report = []
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    runner.run(test, out=report.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)


@pytest.mark.parametrize("name, doc", examples())
def test_example_in_docstring(name, doc):
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
