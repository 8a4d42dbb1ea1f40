"""Softmax and normalisation of rows, forward and backward."""

from __future__ import annotations

from benchmarks.case import Case, Family


def function(call, rows, features):
    """Return a maker of a function on the last dimension, with backward."""

    def make(lib):
        lib.manual_seed(0)
        x = lib.randn(rows, features, requires_grad=True)
        weight = lib.rand(rows, features)

        def run():
            call(x).backward(weight)
            x.grad = None

        return run

    return make


FAMILY = Family(
    "Softmax of rows, forward and backward",
    [
        Case(
            f"{name} {rows}x{features}",
            function(lambda x, name=name: getattr(x, name)(-1), rows, features),
        )
        for name in ("softmax", "log_softmax")
        for rows, features in ((128, 64), (4096, 256))
    ],
)
