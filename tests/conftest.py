"""What every test starts from: fixed seeds, one oracle thread, a reproducible Hypothesis."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import hypothesis
import numpy as np
import pytest

import penlight

if TYPE_CHECKING:
    from collections.abc import Iterator

ORACLE_VERSION = "2.13.0"

try:
    import torch
except ImportError:
    torch = None
else:
    # More threads than cores make the oracle slow, and its sums depend on their number.
    torch.set_num_threads(1)

hypothesis.settings.register_profile("dev", deadline=None, max_examples=50)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_configure() -> None:
    """Let programs be interrupted; refuse to run without the oracle where it is required."""
    # A shell's background jobs ignore Ctrl-C, and so would the programs that tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if os.environ.get("PENLIGHT_ORACLE") != "required":
        return
    found = "no torch" if torch is None else torch.__version__.partition("+")[0]
    if found != ORACLE_VERSION:
        message = f"PENLIGHT_ORACLE=required: expected torch {ORACLE_VERSION}, found {found}"
        raise pytest.UsageError(message)


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Say so when the oracle tests did not run: a skip must not look like a pass."""
    yield
    if torch is None:
        terminalreporter.write_line(
            f"oracle tests skipped: pip install torch=={ORACLE_VERSION} runs them too",
        )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that requires the oracle and skipped a test for want of it."""
    if os.environ.get("PENLIGHT_ORACLE") != "required":
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if any("the oracle" in str(report.longrepr) for report in skipped):
        reporter.write_line("PENLIGHT_ORACLE=required, and an oracle test was skipped", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def seed() -> None:
    """Put every generator at the same place before each test."""
    penlight.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - torch.utils.data users draw from it
    if torch is not None:
        torch.manual_seed(0)
