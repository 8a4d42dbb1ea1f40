"""Sphinx configuration. Builds without a network; warnings are errors."""

from __future__ import annotations

project = "penlight"
author = "penlight developers"
copyright = f"2026, {author}"  # Sphinx reads this name

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
]

root_doc = "index"
exclude_patterns = ["_build"]
nitpicky = False

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Shape", "params_style"), "Example"]
doctest_test_doctest_blocks = ""  # pytest runs the examples, see tests/test_doctests.py

html_theme = "furo"
html_title = "penlight"
html_static_path: list[str] = []
# Nothing is fetched while building; formulas are set in the browser of the reader.
