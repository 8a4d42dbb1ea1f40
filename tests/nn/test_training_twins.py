"""Training twins: the same program, seed and data on both sides give the same losses.

A twin is a function of a library (penlight or torch) that trains for STEPS steps and returns the
losses as numbers. It draws from the library's own generator, seeded before it is called: weights,
batches, dropout and noise are then the same on both sides, or the losses part. Steps are
small enough that roundings do not grow: in an unruly training they double every few steps. Another
twin is another function with ``@twin``.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import penlight

try:
    import torch
except ImportError:
    torch = None

STEPS = 100
TWINS = []


def twin(function):
    """Add a function to the twins."""
    TWINS.append(function)
    return function


@pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")
@pytest.mark.parametrize("train", TWINS, ids=lambda function: function.__name__)
def test_losses_are_torchs(train):
    sides = []
    for side in (penlight, torch):
        side.manual_seed(0)
        sides.append(np.array(train(side)))
    ours, theirs = sides
    assert ours.shape == theirs.shape == (STEPS,)
    np.testing.assert_allclose(ours, theirs, rtol=1e-3)
    # It learned something, so that the losses are of many different weights.
    assert theirs[-10:].mean() < 0.8 * theirs[:10].mean()


# ---- sequences ----------------------------------------------------------------------------------


@twin
def transformer_classifier(side):
    """Say whether most words of a sentence, which is padded, are of the first half of all."""
    nn, F = side.nn, side.nn.functional
    words, size, length, batch = 12, 32, 10, 16

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(words, size, padding_idx=0)
            self.places = nn.Parameter(side.randn(length, size) * 0.1)
            layer = nn.TransformerEncoderLayer(
                size, 4, 64, dropout=0.1, activation="gelu", batch_first=True
            )
            self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
            self.out = nn.Linear(size, 2)

        def forward(self, sentences):
            is_padding = sentences == 0
            x = self.words(sentences) * math.sqrt(size) + self.places
            x = self.encoder(x, src_key_padding_mask=is_padding)
            x = x.masked_fill(is_padding.unsqueeze(-1), 0.0)
            return self.out(x.sum(1) / (~is_padding).sum(1, keepdim=True))

    model = Classifier()
    optimizer = side.optim.AdamW(model.parameters(), lr=5e-4)
    losses = []
    for _ in range(STEPS):
        sentences = side.randint(1, words, (batch, length))
        lengths = side.randint(4, length + 1, (batch,))
        sentences = sentences.masked_fill(side.arange(length) >= lengths.unsqueeze(1), 0)
        is_early = (sentences > 0) & (sentences <= words // 2)
        target = (2 * is_early.sum(1) > lengths).long()
        loss = F.cross_entropy(model(sentences), target)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


@twin
def gru_seq2seq_with_attention(side):
    """Write a sequence of digits backwards; the decoder looks at what the encoder has seen."""
    nn, F = side.nn, side.nn.functional
    digits, size, length, batch = 8, 32, 6, 16

    class Seq2Seq(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(digits + 1, size)
            self.dropout = nn.Dropout(0.1)
            self.encoder = nn.GRU(size, size, batch_first=True)
            self.decoder = nn.GRUCell(2 * size, size)
            self.query = nn.Linear(size, size, bias=False)
            self.out = nn.Linear(2 * size, digits)

        def forward(self, source, target):
            seen, state = self.encoder(self.dropout(self.words(source)))
            state, context = state[0], seen.mean(1)
            start = side.full((source.shape[0], 1), digits)
            given = self.dropout(self.words(side.cat([start, target[:, :-1]], 1)))
            outs = []
            for step in range(target.shape[1]):
                state = self.decoder(side.cat([given[:, step], context], -1), state)
                scores = side.bmm(seen, self.query(state).unsqueeze(-1)).squeeze(-1)
                weights = F.softmax(scores / math.sqrt(size), -1)
                context = side.bmm(weights.unsqueeze(1), seen).squeeze(1)
                outs.append(self.out(self.dropout(side.cat([state, context], -1))))
            return side.stack(outs, 1)

    model = Seq2Seq()
    optimizer = side.optim.Adam(model.parameters(), lr=5e-3)
    losses = []
    for _ in range(STEPS):
        source = side.randint(0, digits, (batch, length))
        target = source.flip(1)
        loss = F.cross_entropy(model(source, target).flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
