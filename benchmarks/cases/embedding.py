"""Rows of a large table: lookup, gradient, and the optimiser's step on it."""

from __future__ import annotations

from benchmarks.case import Case, Family

ROWS, FEATURES, IDS = 100_000, 256, 4096


def _table(lib):
    lib.manual_seed(0)
    return lib.nn.Embedding(ROWS, FEATURES), lib.randint(0, ROWS, (IDS,))


def forward(lib):
    """Return a lookup without gradients."""
    table, ids = _table(lib)

    def run():
        with lib.no_grad():
            return table(ids)

    return run


def backward(lib):
    """Return a lookup and its gradient."""
    table, ids = _table(lib)

    def run():
        table(ids).sum().backward()
        table.weight.grad = None

    return run


def with_step(name, **options):
    """Return a maker of lookup, gradient and an optimiser's step."""

    def make(lib):
        table, ids = _table(lib)
        optimizer = getattr(lib.optim, name)(table.parameters(), **options)

        def run():
            table(ids).sum().backward()
            optimizer.step()
            optimizer.zero_grad()

        return run

    return make


def bag(mode):
    """Return a maker of an EmbeddingBag's lookup and gradient."""

    def make(lib):
        lib.manual_seed(0)
        table = lib.nn.EmbeddingBag(ROWS, 64, mode=mode)
        ids = lib.randint(0, ROWS, (256, 16))

        def run():
            table(ids).sum().backward()
            table.weight.grad = None

        return run

    return make


FAMILY = Family(
    "Embedding, 100,000 x 256, 4,096 indices",
    [
        Case("forward", forward, 1.0),
        Case("forward and backward", backward, 20.0),
        Case("forward, backward, SGD step", with_step("SGD", lr=0.1), 20.0),
        Case("forward, backward, Adagrad step", with_step("Adagrad", lr=0.1)),
        Case("forward, backward, Adam step", with_step("Adam", lr=0.1)),
        Case("EmbeddingBag(100,000, 64), sum, 256 bags of 16", bag("sum")),
        Case("EmbeddingBag(100,000, 64), mean, 256 bags of 16", bag("mean")),
    ],
)
