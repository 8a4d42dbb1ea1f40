"""Skip-gram in both ways: with ``nn.Embedding`` and a loss from ``nn``, and with ``Word2Vec``.

    penlight run examples/skip_gram.py                       # characters of city names: 7 seconds
    penlight run examples/skip_gram.py corpus.txt --words king queen

The first way is a plain PyTorch program: every pair of neighbours is a row of a ``TensorDataset``,
negatives are drawn for it, and autograd and Adam do the rest. It shows what is computed. The second
way computes the same objective (with SGD, and negatives that a window's words share) in a kernel:
an epoch is more than twenty times as fast, which is what a corpus of millions of words needs.

Without a corpus the sentences are the names of ``data/cities.tsv`` and their words the characters.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from penlight.text import LineSentence, Word2Vec

DATA = Path(__file__).resolve().parent / "data" / "cities.tsv"


class SkipGram(nn.Module):
    """Scores of words beside a word: products of two embeddings."""

    def __init__(self, words: int, size: int) -> None:
        super().__init__()
        self.inputs = nn.Embedding(words, size)
        self.outputs = nn.Embedding(words, size)
        nn.init.uniform_(self.inputs.weight, -0.5 / size, 0.5 / size)
        nn.init.zeros_(self.outputs.weight)

    def forward(self, words: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        """Return the scores, ``(N, K)``, of others ``(N, K)`` beside words ``(N,)``."""
        return torch.bmm(self.outputs(others), self.inputs(words).unsqueeze(2)).squeeze(2)


def pairs_of(sentences: list[list[int]], window: int) -> torch.Tensor:
    """Return every word with each word at most ``window`` beside it, ``(N, 2)``."""
    return torch.tensor(
        [
            (sentence[at], sentence[beside])
            for sentence in sentences
            for at in range(len(sentence))
            for beside in range(max(0, at - window), min(len(sentence), at + window + 1))
            if beside != at
        ]
    )


def train_with_nn(
    sentences: list[list[str]], words: list[str], counts: Counter[str], options: argparse.Namespace
) -> torch.Tensor:
    """Train by autograd; return the vectors, ``(words, size)``."""
    numbers = {word: number for number, word in enumerate(words)}
    known = [[numbers[word] for word in sentence if word in numbers] for sentence in sentences]
    pairs = pairs_of(known, options.window)
    noise = torch.tensor([float(counts[word]) for word in words]) ** 0.75
    model = SkipGram(len(words), options.size)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for epoch in range(options.epochs):
        total = 0.0
        for (batch,) in DataLoader(TensorDataset(pairs), batch_size=1024, shuffle=True):
            negatives = torch.multinomial(noise, len(batch) * options.negative, replacement=True)
            others = torch.cat([batch[:, 1:], negatives.view(len(batch), -1)], dim=1)
            labels = torch.zeros(others.shape)
            labels[:, 0] = 1
            optimizer.zero_grad()
            loss = criterion(model(batch[:, 0], others), labels)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        print(f"nn, epoch {epoch + 1}: loss {total / len(pairs):.4f} a score")
    return model.inputs.weight.detach()


def nearest(vectors: torch.Tensor, words: list[str], word: str, count: int = 6) -> list[str]:
    """Return the words whose vectors point most nearly the same way."""
    unit = nn.functional.normalize(vectors, dim=1)
    order = torch.argsort(unit @ unit[words.index(word)], descending=True)
    return [words[number] for number in order.tolist() if words[number] != word][:count]


def sentences_of(corpus: Path | None) -> list[list[str]]:
    """Read a text, a sentence a line, or the characters of the cities' names."""
    if corpus is not None:
        return list(LineSentence(corpus))
    lines = DATA.read_text(encoding="utf-8").splitlines()
    return [list(line.partition("\t")[0].lower()) for line in lines]


def main() -> None:
    """Train twice, and print what is near what."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", nargs="?", type=Path, help="text, a sentence a line")
    parser.add_argument("--words", nargs="+", default=["a", "t", "ö"], help="to show neighbours of")
    parser.add_argument("--size", type=int, default=16, help="numbers of a vector")
    parser.add_argument("--window", type=int, default=2, help="words on each side")
    parser.add_argument("--negative", type=int, default=5, help="negatives a pair")
    parser.add_argument("--min-count", type=int, default=20, help="ignore rarer words")
    parser.add_argument("--epochs", type=int, default=2, help="passes of the first way")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    sentences = sentences_of(options.corpus)
    counts = Counter(word for sentence in sentences for word in sentence)
    words = [word for word, count in counts.most_common() if count >= options.min_count]
    unknown = [word for word in options.words if word not in words]
    if unknown:
        parser.error(f"--words: {', '.join(unknown)}: not among the {len(words)} words")

    begin = time.perf_counter()
    vectors = train_with_nn(sentences, words, counts, options)
    middle = time.perf_counter()
    model = Word2Vec(
        sentences,
        vector_size=options.size,
        window=options.window,
        negative=options.negative,
        min_count=options.min_count,
        epochs=20,
        sample=0,
        sg=1,
        workers=1,
        seed=options.seed,
    )
    print(f"nn: {middle - begin:.1f} s, Word2Vec: {time.perf_counter() - middle:.1f} s")
    for word in options.words:
        print(f"{word}: by nn       {' '.join(nearest(vectors, words, word))}")
        similar = (other for other, _ in model.wv.most_similar(word, topn=6))
        print(f"{' ' * len(word)}  by Word2Vec {' '.join(similar)}")


if __name__ == "__main__":
    main()
