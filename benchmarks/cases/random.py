"""Random numbers and dropout."""

from __future__ import annotations

from benchmarks.case import Case, Family

MILLION = 1_000_000


def dropout(*, train):
    """Return a maker of dropout on a million elements."""

    def make(lib):
        x = lib.ones(MILLION, requires_grad=train)

        def run():
            out = lib.nn.functional.dropout(x, 0.5)
            if train:
                out.sum().backward()
                x.grad = None

        return run

    return make


FAMILY = Family(
    "Random numbers, a million each",
    [
        Case("dropout", dropout(train=False), 3.0),
        Case("dropout, forward and backward", dropout(train=True), 3.0),
        Case("rand", lambda lib: lambda: lib.rand(MILLION), 1.2),
        Case("randn", lambda lib: lambda: lib.randn(MILLION), 1.2),
        Case("randn float64", lambda lib: lambda: lib.randn(MILLION, dtype=lib.float64), 1.2),
        Case("randperm", lambda lib: lambda: lib.randperm(MILLION), 1.2),
        Case("randint", lambda lib: lambda: lib.randint(0, 1000, (MILLION,))),
        Case("bernoulli", lambda lib: lambda: lib.empty(MILLION).bernoulli_(0.3)),
    ],
)
