"""Recurrent networks and cells; the modules over them are tested in tests/nn/test_rnn.py."""

from __future__ import annotations

from ops.samples import Make, Refusal, Sample, Samples

# In the halves torch rounds after each operation, penlight once at the end.
_DTYPES = ("float64", "float32")
# A gate is five products of numbers of at most 2, and two biases.
_TERMS = 24.0


def _weights(make, gates, *, bias=True, groups=1, features=3, projection=0):
    """Return the weights of one layer in ``groups`` directions, hidden size 2."""
    found = []
    for _ in range(groups):
        found += [make(gates * 2, features), make(gates * 2, projection or 2)]
        found += [make(gates * 2), make(gates * 2)] if bias else []
        found += [make(projection, 2)] if projection else []
    return found


def _network(gates, states=1):
    def hidden(make, *shape):
        given = [make(*shape) for _ in range(states)]
        return given if states > 1 else given[0]

    def generate(make):
        x = make(4, 2, 3)
        weights = _weights(make, gates)
        yield Sample(x, hidden(make, 1, 2, 2), weights, True, 1, 0.0, True, False, False)
        yield Sample(x, hidden(make, 1, 4, 2), weights, True, 1, 0.0, True, False, True)
        weights = _weights(make, gates, bias=False, groups=2)
        yield Sample(x, hidden(make, 2, 2, 2), weights, False, 1, 0.0, True, True, False)
        sizes = make.of([2, 2, 1], dtype="int64")
        yield Sample(make(5, 3), sizes, hidden(make, 2, 2, 2), weights, False, 1, 0.0, True, True)
        weights = _weights(make, gates) + _weights(make, gates, features=2)
        yield Sample(x, hidden(make, 2, 2, 2), weights, True, 2, 0.0, False, False, False)

    return generate


def _lstm(make):
    yield from _network(4, states=2)(make)
    weights = _weights(make, 4, projection=1)
    states = [make(1, 2, 1), make(1, 2, 2)]
    yield Sample(make(4, 2, 3), states, weights, True, 1, 0.0, True, False, False)


def _cell(gates, states=1):
    def generate(make):
        for bias in (True, False):
            given = [make(2, 2) for _ in range(states)]
            hx = given if states > 1 else given[0]
            yield Sample(make(2, 3), hx, *_weights(make, gates, bias=bias))

    return generate


SAMPLES = {
    "gru": Samples(_network(3), dtypes=_DTYPES, terms=_TERMS, strides=True),
    "gru_cell": Samples(_cell(3), dtypes=_DTYPES, terms=_TERMS),
    "lstm": Samples(_lstm, dtypes=_DTYPES, terms=_TERMS, strides=True),
    "lstm_cell": Samples(_cell(4, states=2), dtypes=_DTYPES, terms=_TERMS),
    "rnn_relu": Samples(_network(1), dtypes=_DTYPES, terms=_TERMS, strides=True),
    "rnn_relu_cell": Samples(_cell(1), dtypes=_DTYPES, terms=_TERMS),
    "rnn_tanh": Samples(_network(1), dtypes=_DTYPES, terms=_TERMS, strides=True),
    "rnn_tanh_cell": Samples(_cell(1), dtypes=_DTYPES, terms=_TERMS),
}

_MAKE = Make("float32")
_X, _H = _MAKE(4, 2, 3, grad=False), _MAKE(1, 2, 2, grad=False)
_OPTIONS = (True, 1, 0.0, False, False, False)

REFUSALS = {
    "gru": [
        Refusal(
            RuntimeError,
            "got an incorrect number of RNN parameters",
            *(_X, _H, _weights(_MAKE, 3)[:3], *_OPTIONS),
            ours="expected 4 for each of 1 layers",
        ),
        Refusal(
            RuntimeError,
            "Expected more hidden states in stacked_rnn",
            *(_X, _MAKE(2, 2, 2), _weights(_MAKE, 3), *_OPTIONS),
            ours="[2, 2, 2]",
        ),
    ],
    "lstm": [
        Refusal(
            RuntimeError,
            "lstm expects two hidden states",
            *(_X, [_H], _weights(_MAKE, 4), *_OPTIONS),
        ),
    ],
    "gru_cell": [
        Refusal(
            RuntimeError,
            "input has inconsistent input_size: got 5 expected 3",
            *(_MAKE(2, 5), _MAKE(2, 2), *_weights(_MAKE, 3)),
            ours="[2, 5]",
        ),
        Refusal(
            RuntimeError,
            "Input batch size 2 doesn't match hidden0 batch size 3",
            *(_MAKE(2, 3), _MAKE(3, 2), *_weights(_MAKE, 3)),
        ),
        Refusal(
            IndexError,
            "Dimension out of range",
            *(_MAKE(3), _MAKE(2), *_weights(_MAKE, 3)),
            ours="a cell takes input (batch, features)",
        ),
    ],
}

_HERE = "tests/nn/utils/test_rnn.py"
TESTED_ELSEWHERE = {"_pack_rows": _HERE, "_pad_rows": _HERE, "_pad_sequence": _HERE}
