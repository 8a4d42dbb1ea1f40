"""What a call costs beside its arithmetic."""

from __future__ import annotations

from benchmarks.case import Case, Family


def add(*, grad):
    """Return a maker of ``a + b`` on 8 floats."""

    def make(lib):
        a = lib.ones(8, requires_grad=grad)
        b = lib.ones(8, requires_grad=grad)
        return lambda: a + b

    return make


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


def perceptron(lib):
    """Return one training step of a small network on 32 rows."""
    nn = lib.nn
    lib.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 4)
    )
    optimizer = lib.optim.SGD(model.parameters(), lr=0.01)
    x, y = lib.randn(32, 20), lib.randint(0, 4, (32,))

    def run():
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()

    return run


FAMILY = Family(
    "Overhead of calls",
    [
        Case("a + b, 8 floats", add(grad=False), 1.3),
        Case("a + b, 8 floats, with grad", add(grad=True), 1.3),
        Case("20 multiplications, forward and backward", multiplications, 1.6),
        Case("training step of a 20-32-32-4 network", perceptron, 1.5),
    ],
)
