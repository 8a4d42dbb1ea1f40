"""Print penlight's Word2Vec beside gensim's: words a second, memory, and the vectors' quality.

    python -m benchmarks.word2vec CORPUS.txt                 # all of it: about 25 minutes
    python -m benchmarks.word2vec CORPUS.txt --seeds 1 --epochs 1 --models skip-gram

CORPUS.txt is plain text, a sentence a line, which each library reads by its own ``LineSentence``,
or with ``--by corpus_file`` by that argument. (gensim's learning rate then falls too slowly where
there are several workers: each counts its own sentences against those of all.) Every training is a
process of its own, and the libraries take turns. Speed is
that of training alone, without the pass that counts words. Quality is over seeds: the Spearman
correlation with WordSim-353 and SimLex-999, and the share of analogies answered right, by the
files that ship with gensim and by its own evaluation for both.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = {"vector_size": 100, "window": 5, "min_count": 5, "sample": 1e-3}
# Settings of each model, the least ratio of words a second, and whether its quality is compared.
MODELS = {
    "skip-gram": ({"sg": 1, "negative": 5}, 2.5, True),
    "CBOW": ({"sg": 0, "negative": 5}, 2.5, True),
    "skip-gram, hs": ({"sg": 1, "hs": 1, "negative": 0}, 1.5, False),
    "CBOW, hs": ({"sg": 0, "hs": 1, "negative": 0}, 1.5, False),
}
MODULES = {"penlight": "penlight.text", "gensim": "gensim.models.word2vec"}
LIBRARIES = tuple(MODULES)
QUALITIES = ("WordSim-353", "SimLex-999", "analogies")


def train(library, corpus, by, settings):
    """Train once in this process; return the vectors' words and rows, and the figures."""
    module = importlib.import_module(MODULES[library])
    model = module.Word2Vec(**SETTINGS, **settings)
    given = {"corpus_file": corpus}
    if by == "sentences":
        given = {"corpus_iterable": module.LineSentence(corpus)}
    begin = time.perf_counter()
    model.build_vocab(**given)
    counted = time.perf_counter()
    _, words = model.train(
        **given,
        total_examples=model.corpus_count,
        total_words=model.corpus_total_words,
        epochs=model.epochs,
    )
    seconds = time.perf_counter() - counted
    figures = {
        "speed": words / seconds,
        "vocabulary": counted - begin,
        "MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    return model.wv, figures


def qualities(wv):
    """Return the vectors' quality by gensim's evaluation."""
    gensim = importlib.import_module("gensim.models")
    folder = Path(gensim.__file__).parent.parent / "test" / "test_data"
    vectors = gensim.KeyedVectors(wv.vectors.shape[1])
    vectors.add_vectors(wv.index_to_key, wv.vectors)
    pairs = [
        vectors.evaluate_word_pairs(str(folder / name))[1][0]
        for name in ("wordsim353.tsv", "simlex999.txt")
    ]
    analogies = vectors.evaluate_word_analogies(str(folder / "questions-words.txt"))[0]
    return dict(zip(QUALITIES, map(float, [*pairs, analogies]), strict=True))


def train_in_fresh_process(library, corpus, by, settings, *, judged):
    """Run this file in a process of its own; return what it printed."""
    task = json.dumps([library, corpus, by, settings, judged])
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "benchmarks.word2vec", "--task", task]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def compare(corpus, model, options):
    """Return the figures of both libraries, a list for each name."""
    settings, _, judged = MODELS[model]
    settings = settings | {"workers": options.workers, "epochs": options.epochs if judged else 1}
    found = {library: {} for library in LIBRARIES}
    for seed in range(1, options.seeds + 1):
        for library in LIBRARIES if seed % 2 else LIBRARIES[::-1]:
            seeded = settings | {"seed": seed}
            run = train_in_fresh_process(library, corpus, options.by, seeded, judged=judged)
            print(model, library, seed, run, file=sys.stderr, flush=True)
            for name, value in run.items():
                found[library].setdefault(name, []).append(value)
    return found


def table(results, options):
    """Return the results as Markdown."""
    settings = f"By {options.by}, {options.workers} workers, {options.epochs} epochs (one for hs)"
    lines = [
        f"{settings}, {options.seeds} seeds: medians of speed and memory, means of quality.",
        "",
        "| model | figure | penlight | gensim | ratio or difference | goal |",
        "|---|---|---|---|---|---|",
    ]
    for model, found in results.items():
        goal = MODELS[model][1]
        ours, theirs = (
            {name: statistics.median(values) for name, values in found[library].items()}
            for library in LIBRARIES
        )
        speeds = f"{ours['speed']:,.0f} | {theirs['speed']:,.0f}"
        ratio = f"{ours['speed'] / theirs['speed']:.2f} | {goal}"
        lines.append(f"| {model} | words a second | {speeds} | {ratio} |")
        seconds = f"{ours['vocabulary']:.1f} | {theirs['vocabulary']:.1f}"
        ratio = f"{theirs['vocabulary'] / ours['vocabulary']:.2f} |"
        lines.append(f"| {model} | seconds to count the words | {seconds} | {ratio} |")
        memory = f"{ours['MiB']:.0f} | {theirs['MiB']:.0f}"
        ratio = f"{ours['MiB'] / theirs['MiB']:.2f} | 1"
        lines.append(f"| {model} | peak memory in MiB | {memory} | {ratio} |")
        for name in QUALITIES if MODELS[model][2] else ():
            mean, other = (statistics.mean(found[library][name]) for library in LIBRARIES)
            lines.append(
                f"| {model} | {name} | {mean:.4f} | {other:.4f} | {mean - other:+.4f} | -0.01 |"
            )
    return "\n".join(lines) + "\n"


def parser():
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    made.add_argument("corpus", nargs="?", help="plain text, a sentence a line")
    made.add_argument("--models", nargs="*", default=list(MODELS), choices=list(MODELS))
    made.add_argument("--by", default="sentences", choices=("sentences", "corpus_file"))
    made.add_argument("--seeds", type=int, default=3)
    made.add_argument("--epochs", type=int, default=5)
    made.add_argument("--workers", type=int, default=2)
    made.add_argument("--markdown", metavar="FILE", help="write the table there too")
    made.add_argument("--task", help=argparse.SUPPRESS)
    return made


def main():
    """Compare, or train once for a comparison."""
    options = parser().parse_args()
    if options.task:
        library, corpus, by, settings, judged = json.loads(options.task)
        wv, figures = train(library, corpus, by, settings)
        print(json.dumps(figures | (qualities(wv) if judged else {})))
        return
    if options.corpus is None:
        parser().error("expected the path of a corpus")
    results = {model: compare(options.corpus, model, options) for model in options.models}
    text = table(results, options)
    print(text)
    if options.markdown:
        Path(options.markdown).write_text(text)


if __name__ == "__main__":
    main()
