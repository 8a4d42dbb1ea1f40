"""Tell a city's country from its name with a Transformer, on the data of city_classifier.

    penlight run examples/transformer_classifier.py               # 3 epochs: about a minute
    penlight run examples/transformer_classifier.py --steps 50    # the losses of the first steps

This is a plain PyTorch program: ``python examples/transformer_classifier.py`` runs it on real torch
and gives the same losses. Every character looks at every other of the name, which takes no time
steps as the GRU of city_classifier does; that it knows their order comes from sines and cosines
that are added to their vectors.
"""

from __future__ import annotations

import argparse
import math

import torch
from city_classifier import (
    DATA,
    PADDING,
    CityDataset,
    Vocabulary,
    collate,
    evaluate,
    read_cities,
)
from torch import nn
from torch.utils.data import DataLoader, random_split


def positions(length: int, size: int) -> torch.Tensor:
    """Return a vector for each place in a name, ``(length, size)``: waves of growing length."""
    places = torch.arange(length, dtype=torch.float32).unsqueeze(1)
    waves = torch.exp(torch.arange(0, size, 2) * (-math.log(100.0) / size))
    return torch.cat([torch.sin(places * waves), torch.cos(places * waves)], dim=1)


class TransformerClassifier(nn.Module):
    """Embedding and positions → encoder layers → mean over the name → Linear."""

    def __init__(self, characters: int, countries: int, *, size: int = 64, layers: int = 2) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, size, padding_idx=PADDING)
        layer = nn.TransformerEncoderLayer(
            size, nhead=4, dim_feedforward=2 * size, dropout=0.1, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(
            layer, layers, norm=nn.LayerNorm(size), enable_nested_tensor=False
        )
        self.linear = nn.Linear(size, countries)

    def forward(self, names: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return a score for each country, ``(N, countries)``, for padded names ``(N, L)``."""
        is_padding = names == PADDING
        vectors = self.embedding(names)
        vectors = vectors + positions(*vectors.shape[1:])
        seen = self.encoder(vectors, src_key_padding_mask=is_padding)
        seen = seen.masked_fill(is_padding.unsqueeze(-1), 0.0)
        return self.linear(seen.sum(dim=1) / lengths.unsqueeze(1))


def main() -> None:
    """Train, and print the loss and accuracy of each epoch."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--steps", type=int, help="stop after so many, and print their losses")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    cities = read_cities(DATA)
    classes = sorted({city.country for city in cities})
    training, validation = random_split(cities, [0.9, 0.1])
    vocabulary = Vocabulary.of(city.name for city in training)
    batches, checks = (
        DataLoader(CityDataset(part, vocabulary, classes), 64, shuffle=shuffle, collate_fn=collate)
        for part, shuffle in ((training, True), (validation, False))
    )
    model = TransformerClassifier(len(vocabulary), len(classes))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.lr)
    step = 0
    for epoch in range(1, options.epochs + 1):
        model.train()
        for names, lengths, countries in batches:
            loss = criterion(model(names, lengths), countries)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            if options.steps is not None:
                print(f"step {step} loss {loss.item():.4f}")
                if step == options.steps:
                    return
        average, _ = evaluate(model, checks, criterion)
        print(f"epoch {epoch} validation loss {average.loss:.3f} accuracy {average.accuracy:.1%}")


if __name__ == "__main__":
    main()
