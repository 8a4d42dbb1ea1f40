"""The example learns, says what is wrong with its input, loses nothing, computes as torch."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import penlight

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "examples" / "city_classifier.py"
CITIES = ROOT / "examples" / "data" / "cities.tsv"

PENLIGHT = ("-m", "penlight", "run", str(EXAMPLE))
REAL_TORCH = (str(EXAMPLE),)
SMALL = ("--hidden", "32", "--embedding", "16", "--lr", "0.01")


def environment() -> dict[str, str]:
    """Return the variables for a process that finds penlight; one thread, as this suite does."""
    path = [str(Path(penlight.__file__).parent.parent), os.environ.get("PYTHONPATH")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
        "PYTHONIOENCODING": "utf-8",
        "OMP_NUM_THREADS": "1",
    }


def example(
    *arguments: str | Path, program: tuple[str, ...] = PENLIGHT
) -> subprocess.CompletedProcess[str]:
    """Run the example to its end."""
    return subprocess.run(
        [sys.executable, *program, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        env=environment(),
        timeout=300,
        check=False,
    )


def step_losses(out: Path, *arguments: str, program: tuple[str, ...] = PENLIGHT) -> list[float]:
    """Return the loss of each of the first 50 steps on the full data."""
    done = example("--steps", "50", "--out", out, *arguments, program=program)
    assert done.returncode == 0, done.stderr
    losses = json.loads((out / "history.json").read_text(encoding="utf-8"))["step_loss"]
    assert len(losses) == 50
    return losses


@dataclass
class Trained:
    """A finished small run."""

    out: Path
    printed: str


@pytest.fixture(scope="module")
def few_cities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with 600 names of four countries that are easy to tell apart."""
    lines = CITIES.read_text(encoding="utf-8").splitlines(keepends=True)
    path = tmp_path_factory.mktemp("data") / "few.tsv"
    with path.open("w", encoding="utf-8", newline="") as file:
        for country in ("China", "Japan", "Poland", "Turkey"):
            rows = [line for line in lines if line.endswith(f"\t{country}\n")]
            file.writelines(rows[: 6 * 150 : 6])
    return path


@pytest.fixture(scope="module")
def trained(few_cities: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Train once, for all the tests that look at what comes out."""
    out = tmp_path_factory.mktemp("trained") / "new" / "directory"
    done = example("--data", few_cities, "--out", out, "--epochs", "5", *SMALL)
    assert (done.returncode, done.stderr) == (0, "")
    return Trained(out, done.stdout)


def test_data_is_as_its_licence_file_says() -> None:
    lines = CITIES.read_text(encoding="utf-8").splitlines()
    assert CITIES.stat().st_size <= 500_000
    assert len(lines) == len(set(lines)) == 22_000
    assert len({line.split("\t")[1] for line in lines}) == 22
    assert "CC BY 4.0" in CITIES.with_name("LICENSE.md").read_text(encoding="utf-8")


@pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="the oracle: pip install torch==2.13.0"
)
def test_first_50_losses_are_torchs(tmp_path: Path) -> None:
    ours = step_losses(tmp_path / "penlight")
    theirs = step_losses(tmp_path / "torch", program=REAL_TORCH)
    assert ours == pytest.approx(theirs, rel=1e-4)


# Every seventh, recorded from torch 2.13 (CPU) with the default seed.
TORCH_LOSSES = [3.1110749, 3.0328972, 2.865984, 2.7018361, 2.5069678, 2.6208353, 2.4413908]


def test_first_losses_are_those_recorded_from_torch_and_cross_entropy_gives_the_same(
    tmp_path: Path,
) -> None:
    nll = step_losses(tmp_path / "nll")
    assert nll[:49:7] == pytest.approx(TORCH_LOSSES, rel=1e-4)
    assert step_losses(tmp_path / "ce", "--loss", "cross-entropy") == pytest.approx(nll, rel=1e-4)


def test_training_learns_far_more_than_the_majority_guess(trained: Trained) -> None:
    history = json.loads((trained.out / "history.json").read_text(encoding="utf-8"))
    assert history["train_loss"][-1] < 0.6 * history["train_loss"][0]
    accuracy, majority = re.findall(r"([\d.]+)%", trained.printed.splitlines()[-2])
    assert float(accuracy) > 75 > 2 * float(majority)


def test_training_writes_what_it_says(trained: Trained) -> None:
    names = ["checkpoint.pt", "confusion.png", "curve.png", "history.json", "model.pt"]
    assert sorted(path.name for path in trained.out.iterdir()) == names
    for name in names:
        assert str(trained.out / name) in trained.printed.splitlines()[-1]
    for name in ("curve.png", "confusion.png"):
        assert (trained.out / name).read_bytes().startswith(b"\x89PNG")


def test_model_file_holds_parameters_vocabulary_and_classes(trained: Trained) -> None:
    model = penlight.load(trained.out / "model.pt")
    assert model["classes"] == ["China", "Japan", "Poland", "Turkey"]
    assert "ł" in model["vocabulary"]
    assert model["state_dict"]["embedding.weight"].shape == (len(model["vocabulary"]) + 2, 16)


def test_predict_prints_countries_by_probability(trained: Trained) -> None:
    done = example("predict", "--model", trained.out / "model.pt", "Hiroshima", "Wrocław")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [lines[0], lines[5]] == ["Hiroshima", "Wrocław"]
    assert lines[1].endswith("Japan")
    assert lines[6].endswith("Poland")
    shares = [float(line.split("%")[0]) for line in lines[1:5]]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(100, abs=0.3)


def test_unknown_characters_are_read_as_unknown(trained: Trained) -> None:
    model = trained.out / "model.pt"
    one, other = (example("predict", "--model", model, name) for name in ("☃x☃", "★x★"))
    assert one.returncode == other.returncode == 0
    assert one.stdout.splitlines()[1:] == other.stdout.splitlines()[1:]


@pytest.mark.parametrize("name", ["", "  \t"])
def test_empty_name_is_refused(trained: Trained, name: str) -> None:
    done = example("predict", "--model", trained.out / "model.pt", "Tokyo", name)
    assert done.returncode == 1
    assert done.stderr == "error: a city's name is empty: there is nothing to read\n"


def test_missing_model_is_reported(tmp_path: Path) -> None:
    done = example("predict", "--model", tmp_path / "none.pt", "Tokyo")
    assert done.returncode == 1
    assert "none.pt: train one first" in done.stderr


MALFORMED = {
    "one field": (b"Atlantis\n", "got 1 field"),
    "three fields": (b"a\tb\tc\n", "got 3 field"),
    "no name": (b" \tJapan\n", "the name is empty"),
    "no country": (b"Osaka\t\n", "the country is empty"),
    "not UTF-8": (b"Os\xffka\tJapan\n", "'utf-8' codec can't decode"),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed_line_is_refused_with_its_number(
    kind: str, few_cities: Path, tmp_path: Path
) -> None:
    line, reason = MALFORMED[kind]
    lines = few_cities.read_bytes().splitlines(keepends=True)
    path = tmp_path / "cities.tsv"
    path.write_bytes(b"".join([*lines[:2], line, *lines[2:]]))
    done = example("--data", path, "--out", tmp_path / "out", "--strict")
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {path}:3: ")
    assert reason in done.stderr


def test_malformed_lines_are_reported_and_skipped(few_cities: Path, tmp_path: Path) -> None:
    path = tmp_path / "cities.tsv"
    malformed = b"".join(line for line, _ in MALFORMED.values())
    path.write_bytes(malformed + few_cities.read_bytes())
    done = example("--data", path, "--out", tmp_path / "out", "--steps", "1", *SMALL)
    assert done.returncode == 0
    assert "480 names to learn from, 120 to check with" in done.stdout
    for number, (_, reason) in enumerate(MALFORMED.values(), start=1):
        assert re.search(rf":{number}: skipped: .*{re.escape(reason)}", done.stderr)


def test_unreadable_or_useless_data_is_reported(tmp_path: Path) -> None:
    done = example("--data", tmp_path / "none.tsv", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "none.tsv: No such file" in done.stderr
    (tmp_path / "one.tsv").write_text("Tokyo\tJapan\n" * 20, encoding="utf-8")
    done = example("--data", tmp_path / "one.tsv", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "10 names of 2 countries are needed" in done.stderr


def test_training_stops_early_when_nothing_gets_better(few_cities: Path, tmp_path: Path) -> None:
    done = example("--data", few_cities, "--out", tmp_path, *SMALL[:4], "--lr", "0")
    assert done.returncode == 0
    assert "no better for 2 epochs: stopped" in done.stdout
    assert done.stdout.count("\nepoch ") == 3
    assert "(epoch 1)" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_interrupted_run_keeps_its_last_complete_checkpoint(
    few_cities: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, *PENLIGHT, "--data", few_cities, "--out", out, "--epochs", "5000"]
    with subprocess.Popen(
        [*map(str, command), "--patience", "5000", *SMALL],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
    ) as process:
        for line in process.stdout:
            if line.startswith("epoch  2"):
                process.send_signal(signal.SIGINT)
                break
        printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == ""
    assert re.search(r"interrupted: the last complete checkpoint is .*checkpoint\.pt", printed)
    assert [path.name for path in out.iterdir()] == ["checkpoint.pt"]
    done = example("predict", "--model", out / "checkpoint.pt", "Tokyo")
    assert (done.returncode, done.stderr) == (0, "")
