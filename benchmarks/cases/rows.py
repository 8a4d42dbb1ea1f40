"""Softmax and normalisation of rows, forward and backward; sums, forward."""

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


def module(build, *shape):
    """Return a maker of a module in training, with backward."""

    def make(lib):
        lib.manual_seed(0)
        x = lib.randn(*shape, requires_grad=True)
        weight = lib.rand(*shape)
        layer = build(lib.nn)

        def run():
            layer(x).backward(weight)
            layer.zero_grad()
            x.grad = None

        return run

    return make


def summed(*dim):
    """Return a maker of the sum of a million elements."""

    def make(lib):
        lib.manual_seed(0)
        x = lib.randn(1000, 1000)
        return lambda: x.sum(*dim)

    return make


NORMS = [
    ("LayerNorm 128x64", lambda nn: nn.LayerNorm(64), (128, 64)),
    ("LayerNorm 4096x256", lambda nn: nn.LayerNorm(256), (4096, 256)),
    ("RMSNorm 4096x256", lambda nn: nn.RMSNorm(256), (4096, 256)),
    ("GroupNorm 16x64x32x32", lambda nn: nn.GroupNorm(8, 64), (16, 64, 32, 32)),
    ("BatchNorm1d 128x64", lambda nn: nn.BatchNorm1d(64), (128, 64)),
    ("BatchNorm1d 4096x256", lambda nn: nn.BatchNorm1d(256), (4096, 256)),
    ("BatchNorm2d 16x64x32x32", lambda nn: nn.BatchNorm2d(64), (16, 64, 32, 32)),
]


def _cases():
    for name in ("softmax", "log_softmax"):
        for rows, features in ((128, 64), (4096, 256)):
            call = function(lambda x, name=name: getattr(x, name)(-1), rows, features)
            yield Case(f"{name} {rows}x{features}", call)
    for name, build, shape in NORMS:
        yield Case(name, module(build, *shape), 0.95)
    for name, dim in (("all", ()), ("rows", (-1,)), ("columns", (0,))):
        yield Case(f"sum 1000x1000, {name}", summed(*dim))


FAMILY = Family("Softmax and normalisation of rows, forward and backward", [*_cases()])
