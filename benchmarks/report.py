"""The table and the figure of what was measured."""

from __future__ import annotations

import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np

import penlight
from benchmarks.case import Family


def machine():
    """Return a line about the machine and the versions."""
    found = re.search(r"model name\s*:\s*(.*)", _read("/proc/cpuinfo"))
    processor = found[1] if found else platform.processor() or platform.machine()
    return (
        f"{processor}, kernels {penlight.backends.cpu.get_cpu_capability()}, "
        f"{platform.system()}, Python {platform.python_version()}, NumPy {np.__version__}, "
        f"penlight {penlight.__version__}, torch {version('torch')}"
    )


def _read(path):
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""


def duration(seconds):
    """Return seconds as text with three digits and a fitting unit."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1 or unit == "µs":
            value = seconds * factor
            digits = 2 if value < 10 else 1 if value < 100 else 0
            return f"{value:.{digits}f} {unit}"
    raise AssertionError


def geometric_mean(ratios):
    """Return the geometric mean."""
    return float(np.exp(np.mean(np.log(ratios))))


class Row(NamedTuple):
    """One line of a table; ``met`` is ``None`` where there is no goal."""

    name: str
    ours: str
    theirs: str
    ratio: str
    goal: str
    met: bool | None


def _row(name, ours, theirs, ratio, goal):
    wanted = "" if goal is None else f"{goal:g}"
    return Row(name, ours, theirs, f"{ratio:.2f}", wanted, None if goal is None else ratio >= goal)


class Result(NamedTuple):
    """What was measured of a family: ``(penlight, torch)`` by case, seconds and bytes."""

    family: Family
    threads: int
    pairs: int
    times: dict[str, tuple[float, float]]
    memory: dict[str, tuple[int, int]]

    @property
    def title(self):
        """The family and how it was run."""
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.family.title} ({threads}, median of {self.pairs} processes)"

    def ratios(self):
        """Return torch's time over penlight's by case."""
        return {name: theirs / ours for name, (ours, theirs) in self.times.items()}

    def rows(self):
        """Return the table's lines."""
        goals = {case.name: case.goal for case in self.family.cases}
        ratios = self.ratios()
        rows = [
            _row(name, duration(ours), duration(theirs), ratios[name], goals[name])
            for name, (ours, theirs) in self.times.items()
        ]
        mean = geometric_mean(list(ratios.values()))
        rows.append(_row("geometric mean", "", "", mean, self.family.goal))
        for name, (ours, theirs) in self.memory.items():
            if max(ours, theirs) >= 1 << 22:
                ratio = theirs / max(ours, 1)
                sizes = (f"{size / 1e6:.0f} MB" for size in (ours, theirs))
                rows.append(_row(f"peak memory, {name}", *sizes, ratio, 1.0))
        return rows

    def as_text(self):
        """Return the table for a terminal."""
        lines = [f"\n{self.title:<62} {'penlight':>10} {'torch':>10} {'ratio':>7} {'goal':>5}"]
        for row in self.rows():
            mark = "" if row.met is None or row.met else "  below"
            lines.append(
                f"{row.name:<62} {row.ours:>10} {row.theirs:>10} {row.ratio:>7} {row.goal:>5}{mark}"
            )
        return "\n".join(lines)

    def as_markdown(self):
        """Return the table for a page."""
        lines = [f"### {self.title}", ""]
        lines += ["| case | penlight | torch | ratio | goal |", "|---|--:|--:|--:|--:|"]
        for row in self.rows():
            ratio = f"**{row.ratio}**" if row.met is False else row.ratio
            lines.append(f"| {row.name} | {row.ours} | {row.theirs} | {ratio} | {row.goal} |")
        return "\n".join(lines)


def write_markdown(path, results):
    """Write the tables; a ratio below its goal is in bold."""
    parts = [f"Measured on {machine()}.", *(result.as_markdown() for result in results)]
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def write_png(path, results):
    """Draw the ratios as bars on a logarithmic scale, one panel for each number of threads."""
    import matplotlib as mpl  # noqa: PLC0415 - only for a figure

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    threads = sorted({result.threads for result in results})
    most = max(sum(len(r.times) for r in results if r.threads == n) for n in threads)
    figure, panels = plt.subplots(
        1, len(threads), figsize=(7 * len(threads), 0.22 * most + 2), squeeze=False, sharex=True
    )
    for panel, count in zip(panels[0], threads, strict=True):
        _draw(panel, [result for result in results if result.threads == count])
    figure.suptitle(
        "Time of torch / time of penlight (right of 1: penlight is faster)\n" + machine(),
        fontsize=9,
    )
    figure.tight_layout(rect=(0, 0, 1, 0.98))
    figure.savefig(path, dpi=110, bbox_inches="tight")


def _draw(panel, results):
    names, values, colors = [], [], []
    for number, result in enumerate(results):
        for name, ratio in result.ratios().items():
            names.append(name)
            values.append(ratio)
            colors.append(f"C{number % 10}")
    places = range(len(names))
    panel.barh(places, [value - 1 for value in values], left=1, color=colors)
    for place, value in zip(places, values, strict=True):
        panel.text(
            value,
            place,
            f" {value:.1f} ",
            va="center",
            fontsize=6,
            ha="left" if value >= 1 else "right",
        )
    panel.set_yticks(places, names, fontsize=6)
    panel.set_xscale("log")
    panel.axvline(1, color="black", linewidth=0.8)
    panel.invert_yaxis()
    panel.margins(y=0.01)
    panel.set_title("1 thread" if results[0].threads == 1 else f"{results[0].threads} threads")
