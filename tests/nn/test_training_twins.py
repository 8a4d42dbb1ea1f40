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


# ---- images -------------------------------------------------------------------------------------


def blobs(side, batch, noise, classes=3, size=8):
    """Return noisy images of one channel with a bright spot, and in which third it is."""
    target = side.randint(0, classes, (batch,))
    places = side.arange(size * 1.0)
    middle = (target * (size / classes) + size / (2 * classes)).view(-1, 1, 1)
    rows = (-((places.view(1, -1, 1) - middle) ** 2) / 2).exp()
    columns = (-((places.view(1, 1, -1) - size / 2) ** 2) / 6).exp()
    images = rows * columns + noise * side.randn(batch, size, size)
    return images.unsqueeze(1), target


@twin
def convolutional_classifier(side):
    """Say in which third of an image the spot is; dropout is on."""
    nn, F = side.nn, side.nn.functional
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout2d(0.1),
        nn.Conv2d(8, 12, 3, padding=1, padding_mode="reflect"),
        nn.InstanceNorm2d(12, affine=True),
        nn.RReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.LazyLinear(3),
    )
    model(blobs(side, 2, 0.3)[0])
    optimizer = side.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    losses = []
    for _ in range(STEPS):
        images, target = blobs(side, 16, 0.3)
        loss = F.cross_entropy(model(images), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@twin
def variational_autoencoder(side):
    """Write images into two numbers with noise, and read them back by growing them."""
    nn, F = side.nn, side.nn.functional

    class Autoencoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(128, 4)
            )
            self.start = nn.Linear(2, 32)
            self.decoder = nn.Sequential(
                nn.Unflatten(1, (8, 2, 2)),
                nn.Upsample(scale_factor=2, mode="bilinear"),
                nn.Conv2d(8, 8, 3, padding=1),
                nn.LeakyReLU(0.1),
                nn.Conv2d(8, 4, 3, padding=1),
                nn.PixelShuffle(2),
            )

        def forward(self, images):
            mean, log_var = self.encoder(images).chunk(2, dim=1)
            code = mean + side.randn_like(mean) * (0.5 * log_var).exp()
            return self.decoder(self.start(code)), mean, log_var

    model = Autoencoder()
    optimizer = side.optim.Adam(model.parameters(), lr=5e-3)
    losses = []
    for _ in range(STEPS):
        images = blobs(side, 16, 0.1)[0]
        found, mean, log_var = model(images)
        error = F.mse_loss(found, images, reduction="sum")
        divergence = -0.5 * (1 + log_var - mean**2 - log_var.exp()).sum()
        loss = (error + 0.1 * divergence) / len(images)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@twin
def adversarial_pair(side):
    """Draw images for another network to tell from real ones; return the loss of that one."""
    nn, F = side.nn, side.nn.functional
    generator = nn.Sequential(
        nn.Linear(4, 32),
        nn.Unflatten(1, (8, 2, 2)),
        nn.ConvTranspose2d(8, 8, 4, stride=2, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1),
        nn.Tanh(),
    )
    critic = nn.Sequential(
        nn.Conv2d(1, 8, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.Linear(128, 1),
    )
    draws = side.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    tells = side.optim.Adam(critic.parameters(), lr=1e-2, betas=(0.5, 0.999))
    losses = []
    for _ in range(STEPS):
        real = blobs(side, 16, 0.1)[0]
        fake = generator(side.randn(16, 4))
        logits = critic(side.cat([real, fake.detach()]))
        target = side.cat([side.ones(16, 1), side.zeros(16, 1)])
        loss = F.binary_cross_entropy_with_logits(logits, target)
        tells.zero_grad()
        loss.backward()
        tells.step()
        of_generator = F.binary_cross_entropy_with_logits(critic(fake), side.ones(16, 1))
        draws.zero_grad()
        of_generator.backward()
        draws.step()
        losses.append(loss.item())
    return losses
