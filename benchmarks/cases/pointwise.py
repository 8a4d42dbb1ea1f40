"""Pointwise functions on a million elements, forward and backward."""

from __future__ import annotations

from benchmarks.case import Case, Family

MILLION = 1_000_000


def training(call):
    """Return a maker of a function's forward and backward on a million elements."""

    def make(lib):
        lib.manual_seed(0)
        x = lib.rand(MILLION).add_(0.5).requires_grad_()
        grad = lib.ones(MILLION)
        run_function = call(lib)

        def run():
            run_function(x).backward(grad)
            x.grad = None

        return run

    return make


def chain(lib):
    """Return a longer expression's forward and backward."""
    x = lib.rand(MILLION, requires_grad=True)
    y = lib.rand(MILLION, requires_grad=True)

    def run():
        ((x * y + x) * (y - x)).sum().backward()
        x.grad = y.grad = None

    return run


CALLS = {
    "tanh": lambda lib: lib.tanh,
    "sigmoid": lambda lib: lib.sigmoid,
    "exp": lambda lib: lib.exp,
    "log": lambda lib: lib.log,
    "relu": lambda lib: lib.relu,
    "gelu": lambda lib: lib.nn.functional.gelu,
    "gelu tanh": lambda lib: lambda x: lib.nn.functional.gelu(x, approximate="tanh"),
    "silu": lambda lib: lib.nn.functional.silu,
    "softplus": lambda lib: lib.nn.functional.softplus,
}

FAMILY = Family(
    "Pointwise on a million elements, forward and backward",
    [
        *(Case(name, training(call), 1.0) for name, call in CALLS.items()),
        Case("(x * y + x) * (y - x), summed", chain, 1.0),
    ],
)
