"""One step over many parameters."""

from __future__ import annotations

from benchmarks.case import Case, Family


def step(name, count, rows, **options):
    """Return a maker of one optimiser step over ``count`` square parameters."""

    def make(lib):
        lib.manual_seed(0)
        params = [lib.randn(rows, rows, requires_grad=True) for _ in range(count)]
        for param in params:
            param.grad = lib.randn(rows, rows)
        optimizer = getattr(lib.optim, name)(params, **options)
        return optimizer.step

    return make


FAMILY = Family(
    "Optimiser steps",
    [
        Case("SGD, 50 of 128x128", step("SGD", 50, 128, lr=1e-3), 2.0),
        Case("SGD momentum, 50 of 128x128", step("SGD", 50, 128, lr=1e-3, momentum=0.9), 2.0),
        Case("Adam, 50 of 128x128", step("Adam", 50, 128), 2.0),
        Case("AdamW, 50 of 128x128", step("AdamW", 50, 128), 2.0),
        Case("Adam, 10 of 16x16", step("Adam", 10, 16), 2.0),
        Case("SGD, 10 of 16x16", step("SGD", 10, 16, lr=1e-3), 2.0),
    ],
)
