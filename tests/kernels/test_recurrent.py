"""RNN, GRU and LSTM over sequences: every level against the NumPy form, that against torch."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

GATES = {"rnn": 1, "relu": 1, "gru": 3, "lstm": 4}
SAVED = {"rnn": 2, "relu": 2, "gru": 5, "lstm": 6}
# Steps, rows, hidden size, features. Rows: one tile is 8 or 4 of them, and fewer than 4 go another
# way. Hidden: vectors of 2 to 16 lanes, three to a panel; 16,384 bytes of a panel to a block.
SIZES = [
    (3, 1, 1, 1),
    (3, 1, 64, 5),
    (3, 2, 40, 3),
    (2, 3, 33, 17),
    (2, 7, 15, 1),
    (2, 8, 16, 16),
    (2, 9, 17, 2),
    (3, 13, 48, 33),
    (2, 33, 49, 8),
    (41, 1, 9, 4),
    (5, 3, 64, 0),
    (2, 5, 200, 250),
    (0, 3, 2, 2),
    (3, 0, 2, 2),
]
TOLERANCE = {np.float32: 2e-6, np.float64: 1e-14}
PACKED = [5, 5, 3, 1, 1]


def run(kernels, case, *, save=True):
    """Run a recurrence forward and, if it saves, backward; return every array that was written."""
    c, rows, (batch, hidden) = case, len(case.x), case.h0.shape
    made = SimpleNamespace()

    def new(name, *shape):
        setattr(made, name, np.full(shape, np.nan, c.x.dtype))
        return getattr(made, name)

    long, cells = c.cell == "lstm", {"rnn": "rnn", "relu": "rnn"}.get(c.cell, c.cell)
    options = (c.batch_sizes, c.reverse, *([c.cell == "relu"] if cells == "rnn" else []))
    written = [new("output", rows, hidden), new("h_n", batch, hidden)]
    written += [new("c_n", batch, hidden)] if long else []
    saved = new("saved", rows, SAVED[c.cell] * hidden) if save else None
    starts = [c.h0, c.c0] if long else [c.h0]
    weights = (c.w_ih, c.w, c.b_ih, c.b)
    getattr(kernels, f"{cells}_forward")(*written, saved, c.x, *starts, *weights, *options)
    if not save:
        return made
    gates = new("grad_gates", rows, {"gru": 4}.get(c.cell, GATES[c.cell]) * hidden)
    written = [gates, new("grad_h0", batch, hidden)]
    written += [new("grad_c0", batch, hidden)] if long else []
    given = [c.grad_output, c.grad_h, *([c.grad_c] if long else []), saved]
    given += [c.c0] if long else []
    getattr(kernels, f"{cells}_backward")(*written, *given, c.w, *options)
    return made


def make_case(cell, kind, batch, hidden, steps=3, features=3, **options):
    rng = np.random.default_rng(steps + 31 * batch + 997 * hidden)
    batch_sizes = options.get("batch_sizes")
    rows = steps * batch if batch_sizes is None else int(batch_sizes.sum())
    gates = GATES[cell] * hidden

    def draw(*shape, scale=1.0):
        return (scale * rng.standard_normal(shape)).astype(kind)

    return SimpleNamespace(
        cell=cell,
        x=draw(rows, features),
        h0=draw(batch, hidden),
        c0=draw(batch, hidden),
        w_ih=draw(gates, features, scale=max(features, 1) ** -0.5),
        w=draw(gates, hidden, scale=hidden**-0.5),
        b_ih=draw(gates) if options.get("bias", True) else None,
        b=draw(gates) if options.get("bias", True) else None,
        batch_sizes=batch_sizes,
        reverse=options.get("reverse", False),
        grad_output=draw(rows, hidden),
        grad_h=draw(batch, hidden),
        grad_c=draw(batch, hidden),
    )


def assert_same(got, expected, close):
    for name, value in vars(expected).items():
        np.testing.assert_allclose(getattr(got, name), value, rtol=close, atol=close, err_msg=name)


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("steps, batch, hidden, features", SIZES)
def test_every_level_equals_the_specification(
    native, specification, kind, cell, steps, batch, hidden, features
):
    case = make_case(cell, kind, batch, hidden, steps, features)
    assert_same(run(native, case), run(specification, case), 10 * TOLERANCE[kind])


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_directions_packing_and_bias(native, specification, kind, cell, reverse, packed, bias):
    sizes = np.array(PACKED) if packed else None
    case = make_case(cell, kind, 5, 6, len(PACKED), batch_sizes=sizes, reverse=reverse, bias=bias)
    assert_same(run(native, case), run(specification, case), 10 * TOLERANCE[kind])


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("reverse", [False, True])
def test_a_packed_batch_equals_its_sequences_one_by_one(
    kernels, specification, kind, cell, reverse
):
    sizes = np.array(PACKED)
    case = make_case(cell, kind, 5, 6, len(PACKED), batch_sizes=sizes, reverse=reverse)
    whole = run(kernels, case)
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    for b in range(5):
        rows = starts[sizes > b] + b
        fields = vars(case) | {"x": case.x[rows], "grad_output": case.grad_output[rows]}
        fields |= {name: fields[name][b : b + 1] for name in ("h0", "c0", "grad_h", "grad_c")}
        alone = run(kernels, SimpleNamespace(**(fields | {"batch_sizes": None})))
        for name, value in vars(alone).items():
            part = getattr(whole, name)
            part = part[b : b + 1] if part.shape[0] == 5 else part[rows]
            np.testing.assert_allclose(part, value, rtol=TOLERANCE[kind], atol=TOLERANCE[kind])


@pytest.mark.parametrize("cell", GATES)
def test_saving_nothing_changes_no_result(kernels, kind, cell):
    case = make_case(cell, kind, 9, 17)
    expected = run(kernels, case)
    for name, value in vars(run(kernels, case, save=False)).items():
        np.testing.assert_array_equal(value, getattr(expected, name), err_msg=name)


# Steps, rows, hidden size, features: below and above the work that is worth threads.
THREADED = [
    (3, 33, 20, 3),
    (40, 1, 160, 160),
    (2, 2, 700, 130),
    (2, 5, 400, 600),
    (9, 33, 130, 65),
    (20, 70, 64, 128),
]


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("steps, batch, hidden, features", THREADED)
def test_the_number_of_threads_changes_no_bit(
    native, kind, cell, packed, reverse, steps, batch, hidden, features
):
    sizes = np.linspace(batch, 1, steps).astype(int) if packed else None
    case = make_case(cell, kind, batch, hidden, steps, features, batch_sizes=sizes, reverse=reverse)
    before = native.get_num_threads()
    results = []
    for count in (1, 2, 8):
        native.set_num_threads(count)
        results.append(run(native, case))
    native.set_num_threads(before)
    for other in results[1:]:
        for name, value in vars(results[0]).items():
            np.testing.assert_array_equal(getattr(other, name), value, err_msg=name)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_nan_stays_in_its_sequence_and_infinity_saturates(kernels, specification, kind, cell):
    case = make_case(cell, kind, 3, 5)
    case.x[0, 0] = np.nan
    case.x[1, 0] = np.inf
    case.x[4, 0] = -np.inf
    made = run(kernels, case)
    assert np.isnan(made.h_n[0]).all()
    assert np.isfinite(made.h_n[1:]).all()


def test_tanh_and_sigmoid_are_accurate_to_units_in_the_last_place(kernels, kind):
    """A GRU without weights shows both: h = tanh(x) (1 - sigmoid(z)) from h0 = 0."""
    tiny = np.finfo(kind).tiny
    x = np.concatenate((np.linspace(-30, 30, 4001), np.geomspace(1e-30, 1, 200), [0.0, -0.0, tiny]))
    x = x.astype(kind)
    n = x.size
    out, h_n, zero = np.empty((n, 1), kind), np.empty((n, 1), kind), np.zeros((n, 1), kind)
    column, one, none = x[:, None].copy(), np.ones((1, 1), kind), np.zeros((1, 1), kind)
    options = (None, None, None, False)
    kernels.rnn_forward(out, h_n, None, column, zero, one, none, *options, False)
    expected = np.tanh(x.astype(np.longdouble))
    unit = np.spacing(np.abs(expected).astype(kind)).astype(np.longdouble)
    assert (np.abs(out[:, 0] - expected) / unit).max() <= 2.5
    gates = np.zeros((n, 3), kind)
    gates[:, 1], gates[:, 2] = x, 40
    same, none = np.eye(3, dtype=kind), np.zeros((3, 1), kind)
    kernels.gru_forward(out, h_n, None, gates, zero, same, none, *options)
    expected = 1 / (1 + np.exp(x.astype(np.longdouble)))
    close = 4 * float(np.finfo(kind).eps)
    np.testing.assert_allclose(out[:, 0], expected.astype(kind), rtol=0, atol=close)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"w": (14, 5)}, r"w_hh: expected shape \(15, 5\), got \(14, 5\)"),
        ({"b": (14,)}, r"b_hh: expected shape \(15,\)|b_hh: expected shape \(15\)"),
        ({"w_ih": (15, 3)}, r"w_ih: expected shape \(15, 4\), got \(15, 3\)"),
        ({"b_ih": (16,)}, r"b_ih: expected shape \(15,\)|b_ih: expected shape \(15\)"),
        ({"saved": (6, 20)}, r"saved: expected shape \(6, 25\), got \(6, 20\)"),
        (
            {"x": (7, 4), "output": (7, 5), "saved": (7, 25)},
            "7 rows are not a whole number of steps of 3 rows",
        ),
        ({"output": (5, 5)}, r"output: expected shape \(6, 5\)"),
        ({"batch_sizes": [2, 3]}, "step 1 has 3 rows, expected 0 to 2"),
        ({"batch_sizes": [4, 2]}, "step 0 has 4 rows, expected 0 to 3"),
        ({"batch_sizes": [3, -1]}, "step 1 has -1 rows"),
        ({"batch_sizes": [3, 2]}, "they add up to 5 rows, but the arrays have 6"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(kernels, kind, change, message):
    shapes = {"output": (6, 5), "h": (3, 5), "saved": (6, 25), "x": (6, 4), "w_ih": (15, 4)}
    shapes |= {"w": (15, 5), "b_ih": (15,), "b": (15,)} | change
    sizes = shapes.pop("batch_sizes", None)
    a = {name: np.zeros(shape, kind) for name, shape in shapes.items()}
    sizes = None if sizes is None else np.array(sizes)
    with pytest.raises(ValueError, match=message):
        kernels.gru_forward(
            a["output"], a["h"].copy(), a["saved"], a["x"], a["h"], a["w_ih"], a["w"], a["b_ih"],
            a["b"], sizes, False,
        )  # fmt: skip


# ---- the specification against torch ------------------------------------------------------


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("reverse", [False, True])
def test_the_specification_is_torchs(specification, cell, reverse):
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    case = make_case(cell, np.float64, 4, 6, 5, reverse=reverse)
    made = run(specification, case)
    kind = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}.get(cell, torch.nn.RNN)
    options = {"nonlinearity": "relu"} if cell == "relu" else {}
    layer = kind(3, 6, dtype=torch.float64, **options)
    with torch.no_grad():
        for parameter, array in zip(
            layer.parameters(), (case.w_ih, case.w, case.b_ih, case.b), strict=True
        ):
            parameter.copy_(torch.from_numpy(array))

    def leaf(array):
        return torch.from_numpy(array.copy()).requires_grad_()

    x, h0, c0 = leaf(case.x.reshape(5, 4, 3)), leaf(case.h0[None]), leaf(case.c0[None])
    given = x.flip(0) if reverse else x
    output, state = layer(given, (h0, c0) if cell == "lstm" else h0)
    output = output.flip(0) if reverse else output
    ends = list(zip(state if cell == "lstm" else [state], (case.grad_h, case.grad_c), strict=False))
    loss = (output * torch.from_numpy(case.grad_output.reshape(5, 4, 6))).sum()
    for end, grad in ends:
        loss = loss + (end[0] * torch.from_numpy(grad)).sum()
    loss.backward()

    # the columns of a GRU's gradient stand n of the input, r, z, n of the hidden state
    grad_u = made.grad_gates[:, 6:] if cell == "gru" else made.grad_gates
    grad_x = np.roll(made.grad_gates[:, :18], -6, axis=1) if cell == "gru" else made.grad_gates
    previous = specification.previous_states(case.h0, made.output, None, reverse=reverse)
    np.testing.assert_array_equal(made.saved[:, -6:], previous)
    pairs = {
        "output": (made.output, output.reshape(20, 6)),
        "h_n": (made.h_n, ends[0][0][0]),
        "grad_x": (grad_x @ case.w_ih, x.grad.reshape(20, 3)),
        "grad_h0": (made.grad_h0, h0.grad[0]),
        "grad_w_ih": (grad_x.T @ case.x, layer.weight_ih_l0.grad),
        "grad_w_hh": (grad_u.T @ previous, layer.weight_hh_l0.grad),
        "grad_b_ih": (grad_x.sum(0), layer.bias_ih_l0.grad),
        "grad_b_hh": (grad_u.sum(0), layer.bias_hh_l0.grad),
    }
    if cell == "lstm":
        pairs |= {"c_n": (made.c_n, ends[1][0][0]), "grad_c0": (made.grad_c0, c0.grad[0])}
    for name, (got, expected) in pairs.items():
        np.testing.assert_allclose(
            got, expected.detach().numpy(), rtol=1e-12, atol=1e-13, err_msg=name
        )


@pytest.mark.parametrize("reverse", [False, True])
def test_the_projected_lstm_is_torchs(specification, reverse):
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    rng = np.random.default_rng(0)
    x, h0, c0 = (rng.standard_normal(s) for s in ((20, 24), (4, 2), (4, 6)))
    grad_output, grad_h, grad_c = (rng.standard_normal(s) for s in ((20, 2), (4, 2), (4, 6)))
    layer = torch.nn.LSTM(24, 6, proj_size=2, dtype=torch.float64)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.eye(24))
        layer.bias_ih_l0.zero_()
    w, b, p = (
        getattr(layer, n).detach().numpy() for n in ("weight_hh_l0", "bias_hh_l0", "weight_hr_l0")
    )

    def leaf(array):
        return torch.from_numpy(array.copy()).requires_grad_()

    tx, th, tc = leaf(x.reshape(5, 4, 24)), leaf(h0[None]), leaf(c0[None])
    out, (h_n, c_n) = layer(tx.flip(0) if reverse else tx, (th, tc))
    out = out.flip(0) if reverse else out
    total = (out.reshape(20, 2) * torch.from_numpy(grad_output)).sum()
    total = (
        total
        + (h_n[0] * torch.from_numpy(grad_h)).sum()
        + (c_n[0] * torch.from_numpy(grad_c)).sum()
    )
    total.backward()

    got_out, got_h, got_c = np.empty((20, 2)), np.empty((4, 2)), np.empty((4, 6))
    saved, cells, hidden = np.empty((20, 24)), np.empty((20, 6)), np.empty((20, 6))
    specification.lstm_projected_forward(
        got_out, got_h, got_c, saved, cells, hidden, x, h0, c0, w, p, b, None, reverse
    )
    grads = [np.empty(s) for s in ((20, 24), (20, 2), (4, 2), (4, 6))]
    before = specification.previous_states(c0, cells, None, reverse=reverse)
    specification.lstm_projected_backward(
        *grads, grad_output, grad_h, grad_c, saved, cells, before, w, p, None, reverse
    )
    started = specification.previous_states(h0, got_out, None, reverse=reverse)
    pairs = [
        (got_out, out.reshape(20, 2)), (got_h, h_n[0]), (got_c, c_n[0]),
        (grads[0], tx.grad.reshape(20, 24)), (grads[2], th.grad[0]), (grads[3], tc.grad[0]),
        (grads[0].T @ started, layer.weight_hh_l0.grad),
        (grads[1].T @ hidden, layer.weight_hr_l0.grad),
    ]  # fmt: skip
    for got, expected in pairs:
        np.testing.assert_allclose(got, expected.detach().numpy(), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("reverse", [False, True])
def test_previous_states_of_a_packed_batch(specification, reverse):
    sizes = np.array([2, 2, 1])
    states = np.arange(5.0)[:, None]
    h0 = np.array([[10.0], [11.0]])
    before = specification.previous_states(h0, states, sizes, reverse=reverse)
    # sequence 0 has rows 0, 2, 4; sequence 1 has rows 1, 3
    expected = [2, 3, 4, 11, 10] if reverse else [10, 11, 0, 1, 2]
    np.testing.assert_array_equal(before[:, 0], expected)
