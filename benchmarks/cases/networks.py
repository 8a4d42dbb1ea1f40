"""Training steps of networks that are made of products: attention, norms, convolutions."""

from __future__ import annotations

from benchmarks.case import Case, Family


def _step(model, *inputs):
    """Return a forward and backward pass through a module."""

    def run():
        model.zero_grad()
        model(*inputs).sum().backward()

    return run


def transformer(size, heads, length, batch):
    """Return a maker of one encoder layer's step, without dropout."""

    def make(lib):
        lib.manual_seed(0)
        layer = lib.nn.TransformerEncoderLayer(size, heads, 4 * size, dropout=0.0, batch_first=True)
        return _step(layer, lib.randn(batch, length, size))

    return make


def norm(kind, *shape):
    """Return a maker of one normalisation's step."""

    def make(lib):
        lib.manual_seed(0)
        layer = lib.nn.LayerNorm(shape[-1]) if kind == "layer" else lib.nn.BatchNorm1d(shape[1])
        return _step(layer, lib.randn(*shape))

    return make


def products(lib):
    """Return the step of two wide linear layers."""
    lib.manual_seed(0)
    nn = lib.nn
    model = nn.Sequential(nn.Linear(512, 2048), nn.GELU(), nn.Linear(2048, 512))
    return _step(model, lib.randn(256, 512))


def digits(lib):
    """Return the step of LeNet on 64 pictures of 28x28."""
    lib.manual_seed(0)
    nn = lib.nn
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 10),
    )
    return _step(model, lib.randn(64, 1, 28, 28))


def pictures(lib):
    """Return the step of a small network with batch norm on 32 pictures of 32x32."""
    lib.manual_seed(0)
    nn = lib.nn

    def block(before, after):
        return [
            nn.Conv2d(before, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]

    model = nn.Sequential(
        *block(3, 32), *block(32, 64), *block(64, 128), nn.Flatten(), nn.Linear(2048, 10)
    )
    return _step(model, lib.randn(32, 3, 32, 32))


def text(lib):
    """Return the step of convolutions over words (Kim 2014), 32 sentences of 40 words."""
    lib.manual_seed(0)
    nn = lib.nn
    convolutions = nn.ModuleList([nn.Conv1d(100, 100, width) for width in (3, 4, 5)])
    words = lib.randn(32, 100, 40)

    def run():
        convolutions.zero_grad()
        found = [nn.functional.relu(layer(words)).amax(2) for layer in convolutions]
        lib.cat(found, 1).sum().backward()

    return run


FAMILY = Family(
    "Networks of products, forward and backward",
    [
        Case("encoder layer 128, 4 heads, 32 of 32", transformer(128, 4, 32, 32), 0.95),
        Case("encoder layer 256, 8 heads, 8 of 128", transformer(256, 8, 128, 8), 0.95),
        Case("layer norm 2048x512", norm("layer", 2048, 512), 0.95),
        Case("batch norm 128x512", norm("batch", 128, 512), 0.95),
        Case("512-2048-512 on 256 rows", products, 0.95),
        Case("LeNet, 64 of 28x28", digits, 0.7),
        Case("three convolutions with batch norm, 32 of 32x32", pictures, 0.7),
        Case("convolutions over words, 32 of 40", text, 0.7),
    ],
)
