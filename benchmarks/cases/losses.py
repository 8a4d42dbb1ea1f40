"""Cross-entropy and what it is made of, forward and backward."""

from __future__ import annotations

from benchmarks.case import Case, Family

SIZES = [(64, 10), (256, 100), (1024, 1000), (1024, 32000)]


def cross_entropy(rows, classes, **options):
    """Return a maker of cross-entropy over class indices."""

    def make(lib):
        lib.manual_seed(0)
        logits = lib.randn(rows, classes, requires_grad=True)
        target = lib.randint(0, classes, (rows,))
        given = {key: value(lib) if callable(value) else value for key, value in options.items()}

        def run():
            lib.nn.functional.cross_entropy(logits, target, **given).backward()
            logits.grad = None

        return run

    return make


def soft_targets(rows, classes):
    """Return a maker of cross-entropy over class probabilities."""

    def make(lib):
        lib.manual_seed(0)
        logits = lib.randn(rows, classes, requires_grad=True)
        target = lib.rand(rows, classes).softmax(1)

        def run():
            lib.nn.functional.cross_entropy(logits, target).backward()
            logits.grad = None

        return run

    return make


def log_softmax_nll(rows, classes):
    """Return a maker of LogSoftmax followed by NLLLoss."""

    def make(lib):
        lib.manual_seed(0)
        logits = lib.randn(rows, classes, requires_grad=True)
        target = lib.randint(0, classes, (rows,))
        log_softmax, loss = lib.nn.LogSoftmax(dim=1), lib.nn.NLLLoss()

        def run():
            loss(log_softmax(logits), target).backward()
            logits.grad = None

        return run

    return make


def _cases():
    for rows, classes in SIZES:
        goal = 5.0 if classes == 32000 else None
        yield Case(f"cross_entropy {rows}x{classes}", cross_entropy(rows, classes), goal)
        yield Case(f"LogSoftmax + NLLLoss {rows}x{classes}", log_softmax_nll(rows, classes), goal)
    yield Case(
        "cross_entropy 1024x1000, weights",
        cross_entropy(1024, 1000, weight=lambda lib: lib.ones(1000)),
    )
    yield Case("cross_entropy 1024x1000, smoothing", cross_entropy(1024, 1000, label_smoothing=0.1))
    yield Case("cross_entropy 1024x1000, probabilities", soft_targets(1024, 1000))


FAMILY = Family("Cross-entropy, forward and backward", [*_cases()], goal=2.5, memory=True)
