"""The twenty commonest ops of published programs, on a few numbers: what a call costs."""

from __future__ import annotations

from benchmarks.case import Case, Family

# x and y are (4, 8) floats, i three indices, F is nn.functional.
EXPRESSIONS = (
    "x + y",
    "x * y",
    "x - 0.5",
    "x / y",
    "x @ y.t()",
    "x.exp()",
    "x.view(8, 4)",
    "x.reshape(-1)",
    "x.transpose(0, 1)",
    "x.unsqueeze(0)",
    "x.sum()",
    "x.mean(1)",
    "x.argmax(1)",
    "torch.cat([x, y])",
    "torch.stack([x, y])",
    "x[1]",
    "x[:, 2:5]",
    "x[i]",
    "F.relu(x)",
    "F.softmax(x, 1)",
)


def _evaluation(expression):
    """Return a maker of an expression's evaluation."""

    def make(lib):
        lib.manual_seed(0)
        names = {"torch": lib, "F": lib.nn.functional, "i": lib.tensor([0, 2, 1])}
        names |= {"x": lib.rand(4, 8), "y": lib.rand(4, 8) + 1}
        return eval(f"lambda: {expression}", names)  # noqa: S307 - one of those above

    return make


FAMILY = Family(
    "Small ops", [Case(expression, _evaluation(expression), 1.0) for expression in EXPRESSIONS]
)
