"""Task runner. ``nox -l`` lists the sessions; ``.ci/run`` runs the same commands."""

from __future__ import annotations

import nox

nox.options.sessions = ["lint", "types", "tests"]
nox.options.reuse_existing_virtualenvs = True

ORACLE = "torch==2.13.0"


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format, the layer contract and the size limits."""
    session.install(".[lint]")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports")
    session.run("python", "tools/size_budget.py")


@nox.session
def types(session: nox.Session) -> None:
    """Check types: strict for the package."""
    session.install(".[lint]")
    session.run("mypy", "--strict", "src")


@nox.session
@nox.parametrize("oracle", [False, True], ids=["alone", "oracle"])
def tests(session: nox.Session, oracle: bool) -> None:
    """Run the suite, without torch and beside it."""
    session.install(".[test]")
    if oracle:
        session.install(ORACLE)
    session.run("python", "-m", "pytest", "-rs", *session.posargs)


@nox.session
def kernels(session: nox.Session) -> None:
    """Build the kernels with the address and undefined-behaviour sanitisers and run their tests."""
    session.install(
        ".[test]",
        "--config-settings=cmake.define.PENLIGHT_SANITIZE=ON",
        "--config-settings=cmake.build-type=Debug",
    )
    # libstdc++ too: the sanitiser looks its exceptions up at start, before any extension brings it.
    libraries = [
        str(session.run("g++", f"-print-file-name={name}", external=True, silent=True)).strip()
        for name in ("libasan.so", "libstdc++.so")
    ]
    environment = {
        "LD_PRELOAD": " ".join(libraries),
        "ASAN_OPTIONS": "detect_leaks=0",
        "PENLIGHT_KERNELS": "native",
    }
    # The cache of blocks would hide what happens past an array's end, or after its life.
    system = environment | {"PENLIGHT_ALLOCATOR": "system"}
    session.run("python", "-m", "pytest", "tests/kernels", env=system)
    session.run("python", "-m", "pytest", "tests/kernels/test_memory.py", env=environment)


@nox.session
def build(session: nox.Session) -> None:
    """Build the kernels into ``src/penlight``, for work from a checkout."""
    session.install("cmake>=3.22", "nanobind>=2.4", "ninja", "numpy>=2")
    session.run("cmake", "-S", "cpp", "-B", "build/dev", "-G", "Ninja", "-DPENLIGHT_IN_PLACE=ON")
    session.run("ninja", "-C", "build/dev")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation and run its examples; warnings are errors and no network is used."""
    session.install(".[docs]")
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "build/docs/html")
    session.run("sphinx-build", "-W", "--keep-going", "-b", "doctest", "docs", "build/docs/doctest")


@nox.session
def bench(session: nox.Session) -> None:
    """Compare with real torch."""
    session.install(".[bench]", ORACLE)
    session.run("python", "-m", "benchmarks", *session.posargs)
