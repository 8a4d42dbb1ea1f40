"""Learn to tell a city's country from the spelling of its name, character by character.

    penlight run examples/city_classifier.py                            # train: about a minute
    penlight run examples/city_classifier.py predict "Hamburg" "Kyoto"  # ask the trained model

This is a plain PyTorch program: ``python examples/city_classifier.py`` runs it on real torch and
gives the same losses. An embedding turns each character into a vector, a GRU reads the name in
both directions, and a linear layer turns what it remembers into one log-probability a country.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import unicodedata
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from matplotlib.figure import Figure
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset, random_split
from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DATA = Path(__file__).resolve().parent / "data" / "cities.tsv"
OUT = Path("runs") / "city_classifier"
CHECKPOINT = "checkpoint.pt"

PADDING = 0
UNKNOWN = 1
RARE = 3  # a character seen fewer times in training shares the vector of the unknown ones


class InputError(Exception):
    """What the user gave cannot be used; the message says what and where."""


# ------------------------------------------------------------------------------------ the data


class City(NamedTuple):
    """One line of the data: a name and the country it is in."""

    name: str
    country: str


def clean(name: str) -> str:
    """Return the name in composed Unicode, without surrounding or doubled spaces."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def parse_city(line: bytes) -> City:
    """Read ``name<TAB>country``.

    Raises:
        ValueError: the line is anything else.
    """
    fields = line.decode("utf-8").rstrip("\r\n").split("\t")
    if len(fields) != 2:
        message = f"expected a name, a tab and a country, got {len(fields)} field(s)"
        raise ValueError(message)
    name, country = map(clean, fields)
    if not name or not country:
        message = f"the {'country' if name else 'name'} is empty"
        raise ValueError(message)
    return City(name, country)


def read_cities(path: Path, *, strict: bool = False) -> list[City]:
    """Read the data file; report malformed lines by number and skip them, or refuse them.

    Args:
        path: the file, one ``name<TAB>country`` a line, UTF-8.
        strict: refuse the file at its first malformed line.

    Raises:
        InputError: the file cannot be read, is malformed and ``strict``, or has too little in it.
    """
    cities = []
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    cities.append(parse_city(line))
                except ValueError as error:
                    if strict:
                        message = f"{path}:{number}: {error}"
                        raise InputError(message) from None
                    print(f"{path}:{number}: skipped: {error}", file=sys.stderr)
    except OSError as error:
        message = f"cannot read the data {path}: {error.strerror}"
        raise InputError(message) from None
    if len({city.country for city in cities}) < 2 or len(cities) < 10:
        message = f"{path}: {len(cities)} usable line(s); 10 names of 2 countries are needed"
        raise InputError(message)
    return cities


class Vocabulary:
    """Numbers for characters: 0 pads a batch, 1 is any character training hardly saw."""

    def __init__(self, characters: Iterable[str]) -> None:
        self.characters = list(characters)
        self._index = {char: at for at, char in enumerate(self.characters, start=UNKNOWN + 1)}

    @classmethod
    def of(cls, names: Iterable[str]) -> Vocabulary:
        """Collect the characters that occur often enough to learn something about them."""
        counts = Counter(char for name in names for char in name)
        return cls(sorted(char for char, count in counts.items() if count >= RARE))

    def __len__(self) -> int:
        return UNKNOWN + 1 + len(self.characters)

    def encode(self, name: str) -> torch.Tensor:
        """Return the numbers of the characters of a name.

        Raises:
            InputError: the name is empty.
        """
        name = clean(name)
        if not name:
            message = "a city's name is empty: there is nothing to read"
            raise InputError(message)
        return torch.tensor([self._index.get(char, UNKNOWN) for char in name])


class CityDataset(Dataset):
    """Encoded names, each with the number of its country."""

    def __init__(self, cities: Iterable[City], vocabulary: Vocabulary, classes: list[str]) -> None:
        numbers = {country: number for number, country in enumerate(classes)}
        self.items = [(vocabulary.encode(name), numbers[country]) for name, country in cities]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.items[index]


def collate(
    items: Sequence[tuple[torch.Tensor, int]],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Make a batch: names padded to the longest, their lengths, their countries."""
    names, countries = zip(*items, strict=True)
    lengths = torch.tensor([len(name) for name in names])
    padded = pad_sequence(names, batch_first=True, padding_value=PADDING)
    return padded, lengths, torch.tensor(countries)


# ----------------------------------------------------------------------------------- the model


class CityClassifier(nn.Module):
    """Embedding → GRU → Dropout → Linear, and LogSoftmax unless the loss has it inside."""

    def __init__(
        self,
        characters: int,
        countries: int,
        *,
        embedding: int,
        hidden: int,
        dropout: float,
        log_probabilities: bool = True,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, embedding, padding_idx=PADDING)
        self.gru = nn.GRU(embedding, hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(2 * hidden, countries)
        self.output = nn.LogSoftmax(dim=1) if log_probabilities else nn.Identity()

    def forward(self, names: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return a score for each country, ``(N, countries)``, for padded names ``(N, L)``."""
        vectors = self.embedding(names)
        packed = pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
        _, last = self.gru(packed)  # (2, N, hidden): after the last character, after the first
        memory = torch.cat([last[0], last[1]], dim=1)
        return self.output(self.linear(self.dropout(memory)))


# ------------------------------------------------------------------------------------ training


@dataclass
class History:
    """What happened: the loss of every step; loss and accuracy of every epoch."""

    step_loss: list[float] = field(default_factory=list)
    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    valid_loss: list[float] = field(default_factory=list)
    valid_accuracy: list[float] = field(default_factory=list)

    @property
    def best_epoch(self) -> int:
        """The epoch with the lowest validation loss, counted from 1; 0 before the first."""
        return self.valid_loss.index(min(self.valid_loss)) + 1 if self.valid_loss else 0


class Average:
    """Loss and accuracy over the names seen so far."""

    def __init__(self) -> None:
        self.names = 0
        self._loss = 0.0
        self._correct = 0

    def add(self, loss: float, scores: torch.Tensor, countries: torch.Tensor) -> None:
        """Count one batch and its mean loss."""
        self.names += len(countries)
        self._loss += loss * len(countries)
        self._correct += int((scores.argmax(dim=1) == countries).sum())

    @property
    def loss(self) -> float:
        """Mean loss of a name."""
        return self._loss / self.names

    @property
    def accuracy(self) -> float:
        """Share of names put into the right country."""
        return self._correct / self.names


def train_epoch(
    model: CityClassifier,
    batches: DataLoader,
    criterion: nn.Module,
    optimizer: torch.optim.Optimizer,
    history: History,
    options: argparse.Namespace,
) -> Average:
    """Go once through the training names, or until ``--steps`` is reached."""
    model.train()
    average = Average()
    title = f"epoch {len(history.valid_loss) + 1}/{options.epochs}"
    with tqdm(batches, desc=title, unit="batch", leave=False, disable=None) as bar:
        for names, lengths, countries in bar:
            if len(history.step_loss) == options.steps:
                break
            optimizer.zero_grad()
            scores = model(names, lengths)
            loss = criterion(scores, countries)
            loss.backward()
            optimizer.step()

            history.step_loss.append(loss.item())
            average.add(loss.item(), scores, countries)
            bar.set_postfix(loss=f"{average.loss:.3f}", accuracy=f"{average.accuracy:.1%}")
    return average


@torch.no_grad()
def evaluate(
    model: CityClassifier, batches: DataLoader, criterion: nn.Module
) -> tuple[Average, torch.Tensor]:
    """Return loss and accuracy, and how often country ``i`` was taken for country ``j``."""
    model.eval()
    average = Average()
    countries_count = model.linear.out_features
    confusion = torch.zeros(countries_count, countries_count, dtype=torch.int64)
    for names, lengths, countries in batches:
        scores = model(names, lengths)
        average.add(criterion(scores, countries).item(), scores, countries)
        pairs = countries * countries_count + scores.argmax(dim=1)
        confusion += torch.bincount(pairs, minlength=countries_count**2).view_as(confusion)
    return average, confusion


def save(content: dict[str, object], path: Path) -> None:
    """Write a checkpoint aside and rename it, so that ``path`` is always a whole file."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


@dataclass
class Run:
    """One training run: everything that its checkpoints hold."""

    model: CityClassifier
    optimizer: torch.optim.Optimizer
    settings: dict[str, object]
    history: History = field(default_factory=History)
    saved_epoch: int = 0

    def checkpoint(self) -> dict[str, object]:
        """Return what ``predict`` needs, and what shows where the run stood."""
        return {
            **self.settings,
            "state_dict": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "history": asdict(self.history),
        }

    def fit(
        self,
        training: DataLoader,
        validation: DataLoader,
        criterion: nn.Module,
        options: argparse.Namespace,
    ) -> dict[str, torch.Tensor]:
        """Train until ``--patience`` epochs bring nothing better; return the best parameters."""
        best = {}
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, options.epochs)
        for epoch in range(1, options.epochs + 1):
            trained = train_epoch(
                self.model, training, criterion, self.optimizer, self.history, options
            )
            valid, _ = evaluate(self.model, validation, criterion)
            self.record(epoch, trained, valid)
            scheduler.step()
            save(self.checkpoint(), options.out / CHECKPOINT)
            self.saved_epoch = epoch
            if self.history.best_epoch == epoch:
                best = {name: value.clone() for name, value in self.model.state_dict().items()}
            elif epoch - self.history.best_epoch >= options.patience:
                print(f"no better for {options.patience} epochs: stopped")
                break
            if len(self.history.step_loss) == options.steps:
                break
        return best

    def record(self, epoch: int, trained: Average, valid: Average) -> None:
        """Keep and print the figures of an epoch."""
        self.history.train_loss.append(trained.loss)
        self.history.train_accuracy.append(trained.accuracy)
        self.history.valid_loss.append(valid.loss)
        self.history.valid_accuracy.append(valid.accuracy)
        print(
            f"epoch {epoch:2}   training loss {trained.loss:.3f} accuracy {trained.accuracy:.1%}"
            f"   validation loss {valid.loss:.3f} accuracy {valid.accuracy:.1%}",
            flush=True,
        )


def read_sets(
    options: argparse.Namespace,
) -> tuple[CityDataset, CityDataset, Vocabulary, list[str]]:
    """Return what to learn from and what to check with, the characters and the countries."""
    cities = read_cities(options.data, strict=options.strict)
    classes = sorted({city.country for city in cities})
    validation_size = round(options.validation * len(cities))
    if not 0 < validation_size < len(cities):
        message = f"--validation {options.validation} leaves nothing on one side"
        raise InputError(message)
    training, validation = random_split(
        cities,
        [len(cities) - validation_size, validation_size],
        generator=torch.Generator().manual_seed(options.seed),
    )
    vocabulary = Vocabulary.of(city.name for city in training)
    training_set = CityDataset(training, vocabulary, classes)
    return training_set, CityDataset(validation, vocabulary, classes), vocabulary, classes


def new_run(options: argparse.Namespace, vocabulary: Vocabulary, classes: list[str]) -> Run:
    """Return an untrained model with its optimizer."""
    shape = {
        "embedding": options.embedding,
        "hidden": options.hidden,
        "dropout": options.dropout,
        "log_probabilities": options.loss == "nll",
    }
    model = CityClassifier(len(vocabulary), len(classes), **shape)
    optimizer = torch.optim.Adam(model.parameters(), lr=options.lr)
    settings = {"shape": shape, "vocabulary": vocabulary.characters, "classes": classes}
    return Run(model, optimizer, settings)


def train(options: argparse.Namespace) -> None:
    """Train on the data file and write the model, its history and two pictures."""
    torch.manual_seed(options.seed)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot write to {options.out}: {error.strerror}"
        raise InputError(message) from None
    training_set, validation_set, vocabulary, classes = read_sets(options)
    training = DataLoader(training_set, options.batch_size, shuffle=True, collate_fn=collate)
    validation = DataLoader(validation_set, 512, collate_fn=collate)
    criterion = nn.NLLLoss() if options.loss == "nll" else nn.CrossEntropyLoss()
    run = new_run(options, vocabulary, classes)
    print(run.model)
    print(
        f"{len(training_set)} names to learn from, {len(validation_set)} to check with, "
        f"{len(classes)} countries, {len(vocabulary)} characters, "
        f"{sum(parameter.numel() for parameter in run.model.parameters()):,} parameters"
    )
    try:
        best = run.fit(training, validation, criterion, options)
        run.model.load_state_dict(best)
        valid, confusion = evaluate(run.model, validation, criterion)
        finish(run, valid, confusion, options.out)
    except KeyboardInterrupt:
        tell_interrupted(options.out / CHECKPOINT, run.saved_epoch)
        raise


def tell_interrupted(checkpoint: Path, epoch: int) -> None:
    """Say what an interrupted run leaves behind."""
    if epoch:
        print(f"\ninterrupted: the last complete checkpoint is {checkpoint} (epoch {epoch})")
        print(f'use it with: predict --model {checkpoint} "Hamburg"', flush=True)
    else:
        print("\ninterrupted before the first checkpoint: nothing was written", flush=True)


def finish(run: Run, valid: Average, confusion: torch.Tensor, out: Path) -> None:
    """Write the results and say where they are."""
    written = [out / name for name in ("model.pt", "history.json", "curve.png", "confusion.png")]
    save({**run.settings, "state_dict": run.model.state_dict()}, written[0])
    written[1].write_text(json.dumps(asdict(run.history), indent=1) + "\n", encoding="utf-8")
    draw_curve(run.history, written[2])
    draw_confusion(confusion, run.settings["classes"], valid.accuracy, written[3])

    majority = confusion.sum(dim=1).max().item() / valid.names
    print(
        f"validation accuracy {valid.accuracy:.1%} (epoch {run.history.best_epoch}); "
        f"always guessing the commonest country: {majority:.1%}"
    )
    print("wrote " + ", ".join(str(path) for path in [*written, out / CHECKPOINT]))


# ------------------------------------------------------------------------------------ pictures


def draw_curve(history: History, path: Path) -> None:
    """Draw loss and accuracy, epoch by epoch."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    loss_axes, accuracy_axes = figure.subplots(1, 2)
    epochs = range(1, len(history.valid_loss) + 1)
    percent = 100.0
    for axes, training, validation, unit, title in (
        (loss_axes, history.train_loss, history.valid_loss, 1.0, "Loss"),
        (accuracy_axes, history.train_accuracy, history.valid_accuracy, percent, "Accuracy (%)"),
    ):
        axes.plot(epochs, [unit * value for value in training], "o-", ms=4, label="training")
        axes.plot(epochs, [unit * value for value in validation], "o-", ms=4, label="validation")
        axes.axvline(history.best_epoch, color="0.6", ls=":", label="best epoch")
        axes.set_title(title, loc="left", fontweight="bold")
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    figure.savefig(path, dpi=150)


def draw_confusion(
    confusion: torch.Tensor, classes: list[str], accuracy: float, path: Path
) -> None:
    """Draw which country was taken for which, in percent of the names of the true one."""
    total = confusion.sum(dim=1, keepdim=True).clamp(min=1)
    percent = (100.0 * confusion / total).tolist()
    side = 4 + 0.42 * len(classes)
    figure = Figure(figsize=(side, 0.93 * side), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    places = range(len(classes))
    axes.set_xticks(places, classes, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(places, classes)
    axes.set_xlabel("predicted country")
    axes.set_ylabel("true country")
    axes.set_title(
        f"Validation names by true and predicted country, % of each row (accuracy {accuracy:.1%})",
        loc="left",
        fontweight="bold",
    )
    for row, values in enumerate(percent):
        for column, value in enumerate(values):
            if value >= 0.5:
                color = "white" if value > 55 else "black"
                axes.text(
                    column, row, f"{value:.0f}", ha="center", va="center", color=color, fontsize=8
                )
    axes.spines[:].set_visible(False)
    axes.set_xticks([place - 0.5 for place in places], minor=True)
    axes.set_yticks([place - 0.5 for place in places], minor=True)
    axes.grid(which="minor", color="white", lw=1)
    axes.tick_params(which="both", length=0)
    figure.colorbar(image, ax=axes, shrink=0.6, label="%")
    figure.savefig(path, dpi=150)


# ---------------------------------------------------------------------------------- prediction


def load(path: Path) -> tuple[CityClassifier, Vocabulary, list[str]]:
    """Read a model that ``train`` wrote."""
    try:
        content = torch.load(path)
    except FileNotFoundError:
        message = f"there is no model {path}: train one first"
        raise InputError(message) from None
    vocabulary = Vocabulary(content["vocabulary"])
    model = CityClassifier(len(vocabulary), len(content["classes"]), **content["shape"])
    model.load_state_dict(content["state_dict"])
    return model.eval(), vocabulary, content["classes"]


@torch.no_grad()
def predict(options: argparse.Namespace) -> None:
    """Print the likeliest countries of each name."""
    model, vocabulary, classes = load(options.model)
    encoded = [(vocabulary.encode(name), 0) for name in options.names]
    names, lengths, _ = collate(encoded)
    probabilities = torch.softmax(model(names, lengths), dim=1)  # log-probabilities or scores alike
    best, numbers = probabilities.topk(min(options.top, len(classes)), dim=1)
    for name, shares, countries in zip(options.names, best.tolist(), numbers.tolist(), strict=True):
        print(clean(name))
        for share, country in zip(shares, countries, strict=True):
            print(f"  {share:6.1%}  {classes[country]}")


# -------------------------------------------------------------------------------- command line


def positive(text: str) -> int:
    """Read a whole number of at least 1, for argparse."""
    if (number := int(text)) < 1:
        message = f"{number} is not at least 1"
        raise argparse.ArgumentTypeError(message)
    return number


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line; without a command it is ``train``."""
    parser = argparse.ArgumentParser(
        description="Learn to tell a city's country from its name.",
        epilog="Without a command: train. `train --help` and `predict --help` list the options.",
    )
    commands = parser.add_subparsers(dest="command", required=True)

    training = commands.add_parser(
        "train", help="train a model", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = training.add_argument
    add("--data", type=Path, default=DATA, help="file with a name, a tab and a country a line")
    add("--out", type=Path, default=OUT, help="directory for what is written")
    add("--epochs", type=positive, default=8, help="most times to go through the data")
    add(
        "--patience",
        type=positive,
        default=2,
        help="stop after so many epochs without a better one",
    )
    add("--steps", type=positive, help="stop after so many steps, for a quick try")
    add("--batch-size", type=positive, default=64, help="names in a step")
    add("--embedding", type=positive, default=32, help="size of a character's vector")
    add("--hidden", type=positive, default=96, help="size of the GRU's memory, each direction")
    add("--dropout", type=float, default=0.4, help="share of the memory to drop in training")
    add("--lr", type=float, default=4e-3, help="Adam's first learning rate, falling to 0")
    add("--loss", choices=["nll", "cross-entropy"], default="nll", help="the same, written twice")
    add("--validation", type=float, default=0.2, help="share of the names to check with")
    add("--seed", type=int, default=0, help="for the split, the parameters and the order")
    malformed = training.add_mutually_exclusive_group()
    malformed.add_argument("--strict", action="store_true", help="refuse malformed lines")
    malformed.add_argument(
        "--skip", dest="strict", action="store_false", help="report and skip malformed lines"
    )
    training.set_defaults(run=train)

    prediction = commands.add_parser("predict", help="print the likeliest countries of names")
    prediction.add_argument("names", nargs="+", metavar="NAME", help="a city's name")
    prediction.add_argument("--model", type=Path, default=OUT / "model.pt", help="%(default)s")
    prediction.add_argument(
        "--top", type=positive, default=5, help="how many countries (%(default)s)"
    )
    prediction.set_defaults(run=predict)

    if not arguments or arguments[0] not in {*commands.choices, "-h", "--help"}:
        arguments = ["train", *arguments]
    return parser.parse_args(arguments)


def main() -> int:
    """Run the command and return the exit status."""
    options = parse(sys.argv[1:])
    try:
        options.run(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
