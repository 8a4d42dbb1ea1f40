"""Start the city classifier from vectors that Word2Vec learnt, and compare with a random start.

    penlight run examples/city_vectors.py              # 5 seconds
    penlight run examples/city_vectors.py --labelled 500

Word2Vec needs no labels: it learns vectors of characters from all names, and the classifier begins
with them by ``nn.Embedding.from_pretrained``. What it gains is seen where few names are labelled.
"""

from __future__ import annotations

import argparse

import torch
from city_classifier import (
    DATA,
    PADDING,
    CityClassifier,
    CityDataset,
    Vocabulary,
    collate,
    evaluate,
    read_cities,
)
from torch import nn
from torch.utils.data import DataLoader

from penlight.text import KeyedVectors, Word2Vec

SIZE = 32


def character_vectors(names: list[str], vocabulary: Vocabulary, seed: int) -> KeyedVectors:
    """Learn a vector of each character from its neighbours in names."""
    known = set(vocabulary.characters)
    sentences = [[char for char in name if char in known] for name in names]
    model = Word2Vec(
        sentences,
        vector_size=SIZE,
        window=3,
        min_count=1,
        sample=0,
        sg=1,
        epochs=10,
        seed=seed,
        workers=1,
    )
    return model.wv


def embedding_of(wv: KeyedVectors, vocabulary: Vocabulary) -> nn.Embedding:
    """Return an embedding with the vectors in the vocabulary's order, to be trained further.

    Rows are scaled to the length that ``nn.Embedding`` draws on average; the padding is zero, and
    what training hardly saw has the mean of all vectors.
    """
    table = KeyedVectors(SIZE)
    rows = wv[vocabulary.characters]
    rows = rows / (rows**2).mean() ** 0.5
    table.add_vectors(["padding", "unknown"], [rows[0] * 0, rows.mean(axis=0)])
    table.add_vectors(vocabulary.characters, rows)
    return nn.Embedding.from_pretrained(table, freeze=False, padding_idx=PADDING)


def accuracy(
    start: nn.Embedding | None,
    training: CityDataset,
    validation: CityDataset,
    vocabulary: Vocabulary,
    options: argparse.Namespace,
) -> float:
    """Train a classifier; return the share of the other names that it puts into their country."""
    torch.manual_seed(options.seed)
    countries = 1 + max(int(country) for _, country in validation.items)
    model = CityClassifier(
        len(vocabulary), countries, embedding=SIZE, hidden=options.hidden, dropout=0.2
    )
    if start is not None:
        model.embedding = start
    criterion = nn.NLLLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    batches = DataLoader(training, batch_size=32, shuffle=True, collate_fn=collate)
    for _ in range(options.epochs):
        model.train()
        for names, lengths, labels in batches:
            optimizer.zero_grad()
            criterion(model(names, lengths), labels).backward()
            optimizer.step()
    average, _ = evaluate(
        model, DataLoader(validation, batch_size=256, collate_fn=collate), criterion
    )
    return average.accuracy


def main() -> None:
    """Train from both starts, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--labelled", type=int, default=1000, help="names whose country is known")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    cities = read_cities(DATA)
    order = torch.randperm(len(cities), generator=torch.Generator().manual_seed(options.seed))
    cities = [cities[number] for number in order.tolist()]
    names = [city.name for city in cities]
    vocabulary = Vocabulary.of(names)
    classes = sorted({city.country for city in cities})
    labelled, others = cities[: options.labelled], cities[options.labelled :][:3000]
    training = CityDataset(labelled, vocabulary, classes)
    validation = CityDataset(others, vocabulary, classes)

    wv = character_vectors(names, vocabulary, options.seed)
    print("near 'a':", " ".join(char for char, _ in wv.most_similar("a", topn=6)))
    print(f"{len(labelled)} labelled names of {len(classes)} countries")
    for title, start in (("random", None), ("Word2Vec", embedding_of(wv, vocabulary))):
        share = accuracy(start, training, validation, vocabulary, options)
        print(f"from {title} vectors: {share:.1%} of {len(others)} other names are right")


if __name__ == "__main__":
    main()
