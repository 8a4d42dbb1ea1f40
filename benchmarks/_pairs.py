"""The small programs that are timed, written once for both: each takes the library."""

from __future__ import annotations


def add(lib, *, grad):
    """Return a call of ``a + b`` on 8 floats."""
    a = lib.ones(8, requires_grad=grad)
    b = lib.ones(8, requires_grad=grad)
    return lambda: a + b


def multiplications(lib):
    """Return a call that multiplies 20 times and goes backward."""
    start = lib.ones(8, requires_grad=True)
    factor = lib.full((8,), 1.01)

    def run():
        out = start
        for _ in range(20):
            out = out * factor
        out.sum().backward()
        start.grad = None

    return run


PROGRAMS = {
    "a + b, 8 floats": lambda lib: add(lib, grad=False),
    "a + b, 8 floats, with grad": lambda lib: add(lib, grad=True),
    "20 multiplications, forward and backward": multiplications,
}
