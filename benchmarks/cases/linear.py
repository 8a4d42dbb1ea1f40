"""Linear layers in training: matrix products are both libraries' BLAS."""

from __future__ import annotations

from benchmarks.case import Case, Family


def training(rows, features, outputs):
    """Return a maker of a linear layer's forward and backward."""

    def make(lib):
        lib.manual_seed(0)
        layer = lib.nn.Linear(features, outputs)
        x = lib.randn(rows, features, requires_grad=True)
        grad = lib.ones(rows, outputs)

        def run():
            layer(x).backward(grad)
            x.grad = None
            layer.zero_grad()

        return run

    return make


FAMILY = Family(
    "Linear, forward and backward",
    [
        Case(f"{rows} rows, {size} to {size}", training(rows, size, size), 0.95)
        for rows, size in ((16, 32), (64, 256), (256, 256), (512, 1024))
    ],
)
