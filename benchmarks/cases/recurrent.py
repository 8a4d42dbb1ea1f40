"""Recurrent layers and cells: inference, training, padded and packed."""

from __future__ import annotations

from benchmarks.case import Case, Family

# batch, steps, input size, hidden size
SIZES = [(1, 32, 64, 64), (8, 32, 64, 64), (32, 32, 64, 128), (64, 50, 128, 256)]


def _layer(lib, kind, features, hidden, **options):
    lib.manual_seed(0)
    if kind == "RNN relu":
        kind, options = "RNN", {"nonlinearity": "relu", **options}
    return getattr(lib.nn, kind)(features, hidden, **options)


def padded(kind, size, *, train, **options):
    """Return a maker of a padded layer's forward, with backward in training."""
    batch, steps, features, hidden = size

    def make(lib):
        layer = _layer(lib, kind, features, hidden, **options)
        x = lib.randn(steps, batch, features, requires_grad=train)
        if train:
            return lambda: (
                layer(x)[0].sum().backward(),
                layer.zero_grad(),
                setattr(x, "grad", None),
            )

        def run():
            with lib.no_grad():
                layer(x)

        return run

    return make


def packed(kind, batch, shortest, longest, features, hidden, *, train):
    """Return a maker of a packed layer's forward, with backward in training."""

    def make(lib):
        layer = _layer(lib, kind, features, hidden)
        lengths = lib.linspace(longest, shortest, batch).long()
        x = lib.randn(longest, batch, features)
        sequence = lib.nn.utils.rnn.pack_padded_sequence(x, lengths)
        if train:
            return lambda: (layer(sequence)[0].data.sum().backward(), layer.zero_grad())

        def run():
            with lib.no_grad():
                layer(sequence)

        return run

    return make


def cell(kind, batch, features, hidden, *, train):
    """Return a maker of one step of a cell."""

    def make(lib):
        layer = _layer(lib, kind, features, hidden)
        x, h = lib.randn(batch, features), lib.randn(batch, hidden)
        state = (h, h) if kind == "LSTMCell" else h

        def run():
            if not train:
                with lib.no_grad():
                    return layer(x, state)
            out = layer(x, state)
            (out[0] if kind == "LSTMCell" else out).sum().backward()
            layer.zero_grad()
            return out

        return run

    return make


def _cases():
    for kind in ("GRU", "LSTM", "RNN", "RNN relu"):
        for size in SIZES if kind in {"GRU", "LSTM"} else SIZES[::2]:
            text = "B{} T{} I{} H{}".format(*size)
            goal = 5.0 if size[0] == 1 else 1.2
            yield Case(f"{kind} inference {text}", padded(kind, size, train=False), goal)
            yield Case(f"{kind} training {text}", padded(kind, size, train=True), 1.2)
    options = {"num_layers": 2, "bidirectional": True}
    text = "2 layers, 2 directions, B32 T32 I64 H128"
    yield Case(f"GRU training {text}", padded("GRU", SIZES[2], train=True, **options), 1.2)


def _packed_cases():
    for kind in ("GRU", "LSTM"):
        for train in (False, True):
            word = "training" if train else "inference"
            make = packed(kind, 32, 20, 200, 64, 128, train=train)
            yield Case(f"{kind} {word} packed, B32 T20-200 I64 H128", make, 5.0)


def _cell_cases():
    for kind in ("GRUCell", "LSTMCell", "RNNCell"):
        for train in (False, True):
            word = "training" if train else "inference"
            yield Case(f"{kind} {word} B16 I64 H64", cell(kind, 16, 64, 64, train=train), 2.0)


FAMILY = Family("Recurrent layers", [*_cases(), *_packed_cases(), *_cell_cases()], goal=2.0)
