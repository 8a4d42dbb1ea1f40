"""Recurrent modules against torch: numbers, gradients, printed nodes, strides, errors."""

from __future__ import annotations

import copy
import itertools
import pickle
import warnings

import numpy as np
import pytest

import penlight
from penlight import nn
from penlight.nn.utils import rnn as packing
from penlight.ops import recurrent_cell
from penlight.ops.recurrent_network import run_network

try:
    import torch
except ImportError:
    torch = None

oracle = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")

KINDS = {
    "tanh": ("RNN", {}),
    "relu": ("RNN", {"nonlinearity": "relu"}),
    "gru": ("GRU", {}),
    "lstm": ("LSTM", {}),
    "projected": ("LSTM", {"proj_size": 2}),
}
FORMS = ("padded", "batch_first", "unbatched", "packed", "unsorted")
TOLERANCES = {"float32": (2e-6, 1e-6), "float64": (1e-12, 1e-13)}


def pair(name, dtype="float32", **options):
    """Return the same module on both sides, from the same seed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        penlight.manual_seed(3)
        ours = getattr(nn, name)(3, 4, **options, dtype=getattr(penlight, dtype))
        torch.manual_seed(3)
        theirs = getattr(torch.nn, name)(3, 4, **options, dtype=getattr(torch, dtype))
    return ours, theirs


def array(tensor):
    return tensor.detach().numpy()


def close(ours, theirs, dtype="float32"):
    relative, absolute = TOLERANCES[dtype]
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=relative, atol=absolute)


def states_of(result):
    return result if isinstance(result, tuple) else (result,)


def run(side, utils, module, form, rows, hidden, train_seed=None):
    """Run forward and backward; return the named arrays and the tensors that came out."""
    lengths = [5, 3, 1] if form == "packed" else [2, 5, 3]
    x = side.tensor(rows)
    if form == "unbatched":
        x = side.tensor(np.ascontiguousarray(rows[:, 0]))
        hidden = [state[:, 0] for state in hidden]
    if form == "batch_first":
        x = side.tensor(np.ascontiguousarray(rows.swapaxes(0, 1)))
    x.requires_grad_()
    states = [side.tensor(np.ascontiguousarray(state), requires_grad=True) for state in hidden]
    given = x
    if form in {"packed", "unsorted"}:
        given = utils.pack_padded_sequence(x, lengths, enforce_sorted=form == "packed")
    if train_seed is not None:
        side.manual_seed(train_seed)
    hx = tuple(states) if len(states) == 2 else states[0]
    output, last = module(given, hx)
    data = output.data if form in {"packed", "unsorted"} else output
    out = (data, *states_of(last))
    total = sum(
        (
            t * side.tensor(np.cos(np.arange(t.numel())).reshape(tuple(t.shape)).astype(rows.dtype))
        ).sum()
        for t in out
    )
    total.backward()
    named = {f"out{i}": array(t) for i, t in enumerate(out)}
    named["grad_x"] = array(x.grad)
    named.update({f"grad_state{i}": array(t.grad) for i, t in enumerate(states)})
    named.update({f"grad_{name}": array(p.grad) for name, p in module.named_parameters()})
    return named, out


def inputs(options, kind, dtype):
    draw = np.random.RandomState(1)
    groups = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    sizes = {"lstm": (4, 4), "projected": (2, 4)}.get(kind, (4,))
    rows = draw.randn(5, 3, 3).astype(dtype)
    return rows, [draw.randn(groups, 3, size).astype(dtype) for size in sizes]


@oracle
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:LSTM with projections")
def test_outputs_gradients_nodes_and_strides_are_torchs(kind, form, dtype):
    name, more = KINDS[kind]
    for layers, bias, both in itertools.product((1, 2), (True, False), (False, True)):
        options = {"num_layers": layers, "bias": bias, "bidirectional": both, **more}
        options["batch_first"] = form == "batch_first"
        ours, theirs = pair(name, dtype, **options)
        rows, hidden = inputs(options, kind, dtype)
        got, tensors = run(penlight, packing, ours, form, rows, hidden)
        want, expected = run(torch, torch.nn.utils.rnn, theirs, form, rows, hidden)
        assert got.keys() == want.keys()
        for key in want:
            close(got[key], want[key], dtype)
        for tensor, other in zip(tensors, expected, strict=True):
            assert type(tensor.grad_fn).__name__ == type(other.grad_fn).__name__
            assert tensor.stride() == other.stride()


@oracle
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:LSTM with projections")
def test_dropout_between_layers_draws_as_torch(kind, form):
    name, more = KINDS[kind]
    for both, p in itertools.product((False, True), (0.4, 1.0)):
        options = {"num_layers": 3, "dropout": p, "bidirectional": both, **more}
        options["batch_first"] = form == "batch_first"
        ours, theirs = pair(name, **options)
        rows, hidden = inputs(options, kind, "float32")
        got, _ = run(penlight, packing, ours, form, rows, hidden, train_seed=5)
        want, _ = run(torch, torch.nn.utils.rnn, theirs, form, rows, hidden, train_seed=5)
        for key in want:
            close(got[key], want[key])
        assert penlight.rand(1).item() == torch.rand(1).item()


@oracle
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:LSTM with projections")
def test_parameters_names_order_and_initial_values_are_torchs(kind):
    name, more = KINDS[kind]
    for bias, both in itertools.product((True, False), (False, True)):
        ours, theirs = pair(name, num_layers=2, bias=bias, bidirectional=both, **more)
        want = dict(theirs.named_parameters())
        assert list(dict(ours.named_parameters())) == list(want)
        assert list(ours.state_dict()) == list(theirs.state_dict())
        for key, parameter in ours.named_parameters():
            np.testing.assert_array_equal(array(parameter), array(want[key]))
        assert ours._flat_weights_names == theirs._flat_weights_names
        assert ours._all_weights == theirs._all_weights
        assert [len(group) for group in ours.all_weights] == [len(g) for g in theirs.all_weights]
        assert repr(ours) == repr(theirs)


@oracle
@pytest.mark.parametrize(
    "make",
    [
        lambda nn: nn.RNN(3, 4),
        lambda nn: nn.RNN(3, 4, 2, "relu", False, True, 0.1, True),
        lambda nn: nn.RNN(3, 4, 2, dropout=0),
        lambda nn: nn.GRU(3, 4, batch_first=True),
        lambda nn: nn.LSTM(3, 4, 2, False, True, 0.2, True, 2),
        lambda nn: nn.RNNBase("GRU", 3, 4),
        lambda nn: nn.RNNCellBase(3, 4, True, 2),
        lambda nn: nn.RNNCell(3, 4),
        lambda nn: nn.RNNCell(3, 4, False, "relu"),
        lambda nn: nn.GRUCell(3, 4, bias=False),
        lambda nn: nn.LSTMCell(3, 4),
    ],
)
def test_modules_print_as_torchs(make):
    assert repr(make(nn)) == repr(make(torch.nn))


@oracle
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    "name, options",
    [
        ("RNNCell", {}),
        ("RNNCell", {"nonlinearity": "relu"}),
        ("GRUCell", {}),
        ("LSTMCell", {}),
    ],
)
def test_cells_are_torchs(name, options, bias, batched, dtype):
    ours, theirs = pair(name, dtype, bias=bias, **options)
    draw = np.random.RandomState(1)
    rows = draw.randn(*(3, 3) if batched else (3,)).astype(dtype)
    hidden = [draw.randn(*(3, 4) if batched else (4,)).astype(dtype) for _ in range(2)]
    results = []
    for side, module in ((penlight, ours), (torch, theirs)):
        x = side.tensor(rows, requires_grad=True)
        states = [side.tensor(state, requires_grad=True) for state in hidden]
        hx = tuple(states) if name == "LSTMCell" else states[0]
        out = states_of(module(x, hx))
        assert all(array(a).shape == array(b).shape for a, b in zip(out, states, strict=False))
        sum((t * t).sum() * (i + 1) for i, t in enumerate(out)).backward()
        found = [array(t) for t in out] + [array(x.grad), array(states[0].grad)]
        found += [array(states[1].grad)] if name == "LSTMCell" else []
        found += [array(p.grad) for p in module.parameters()]
        found += [array(t) for t in states_of(module(x))]
        results.append((found, [type(t.grad_fn).__name__ for t in out]))
    (got, nodes), (want, expected) = results
    assert nodes == expected
    for a, b in zip(got, want, strict=True):
        close(a, b, dtype)


@oracle
def test_three_steps_of_training_a_classifier_give_torchs_losses():
    losses = []
    for side in (penlight, torch):
        side.manual_seed(0)
        embed, gru = side.nn.Embedding(11, 6), side.nn.GRU(6, 8, batch_first=True)
        head, loss_of = side.nn.Linear(8, 4), side.nn.CrossEntropyLoss()
        parameters = [*embed.parameters(), *gru.parameters(), *head.parameters()]
        optimizer = side.optim.Adam(parameters, lr=0.05)
        tokens, targets = side.randint(0, 11, (16, 7)), side.randint(0, 4, (16,))
        found = []
        for _ in range(3):
            optimizer.zero_grad()
            _, h = gru(embed(tokens))
            loss = loss_of(head(h[-1]), targets)
            loss.backward()
            optimizer.step()
            found.append(loss.item())
        losses.append(found)
    np.testing.assert_allclose(losses[0], losses[1], rtol=2e-6)


# ---- errors --------------------------------------------------------------------------------------


def z(side, *shape, dtype="float32"):
    return side.zeros(shape, dtype=getattr(side, dtype))


def states(side, name, *shape, dtype="float32"):
    one = z(side, *shape, dtype=dtype)
    return (one, one) if name == "LSTM" else one


LAYER_REFUSALS = [
    # what is done, torch's phrase, what penlight says besides
    (lambda s, n, m: m(z(s, 5, 2, 7)), "Expected 3, got 7", "(sequence, batch, features)"),
    (lambda s, n, m: m(z(s, 5, 7)), "Expected 3, got 7", "(sequence, features)"),
    (lambda s, n, m: m(z(s, 5, 2, 3, 1)), "Expected input to be 2D or 3D, got 4D", "[5, 2, 3, 1]"),
    (lambda s, n, m: m(z(s, 3)), "Expected input to be 2D or 3D, got 1D", "batch_first=False"),
    (
        lambda s, n, m: m(z(s, 5, 2, 3, dtype="float64")),
        "RNN input dtype (torch.float64) does not match weight dtype (torch.float32)",
        "input.to(torch.float32)",
    ),
    (lambda s, n, m: m(z(s, 0, 2, 3)), "Expected sequence length to be larger than 0", "[0, 2, 3]"),
    (lambda s, n, m: m(z(s, 5, 2, 3), states(s, n, 2, 4)), "For batched 3-D input, hx", "[2, 4]"),
    (
        lambda s, n, m: m(z(s, 5, 3), states(s, n, 1, 1, 4)),
        "For unbatched 2-D input, hx",
        "[1, 1, 4]",
    ),
    (
        lambda s, n, m: m(z(s, 5, 2, 3), states(s, n, 1, 3, 4)),
        "size (1, 2, 4), got [1, 3, 4]",
        "axis 1 (batch) is 3 instead of 2",
    ),
    (
        lambda s, n, m: m(z(s, 5, 2, 3), states(s, n, 2, 1, 4)),
        "size (1, 2, 4), got [2, 1, 4]",
        "batch_first does not apply to hidden states",
    ),
    (lambda s, n, m: m(z(s, 5, 3), states(s, n, 2, 4)), "size (1, 1, 4), got [2, 1, 4]", "axis 0"),
]


def raised(call):
    with pytest.raises(Exception) as caught:
        call()
    return caught.type, str(caught.value)


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("call, phrase, more", LAYER_REFUSALS)
def test_wrong_shapes_are_refused_in_torchs_words_and_more(name, call, phrase, more):
    kind, message = raised(lambda: call(penlight, name, getattr(nn, name)(3, 4)))
    assert phrase in message
    assert more in message
    if torch is not None:
        expected, words = raised(lambda: call(torch, name, getattr(torch.nn, name)(3, 4)))
        assert kind is expected
        assert phrase in words


@pytest.mark.parametrize(
    "name, call, phrase, more",
    [
        (
            "GRU",
            lambda s, m: m(z(s, 5, 2, 3), z(s, 1, 2, 4, dtype="float64")),
            "mat1 and mat2 must have the same dtype, but got Double and Float",
            "hidden states",
        ),
        (
            "LSTM",
            lambda s, m: m(z(s, 5, 2, 3), (z(s, 1, 2, 4), z(s, 1, 2, 5))),
            "Expected hidden[1] size (1, 2, 4), got [1, 2, 5]",
            "axis 2 (hidden features) is 5 instead of 4",
        ),
        (
            "LSTM",
            lambda s, m: m(z(s, 5, 2, 3), z(s, 1, 2, 4)),
            "index 1 is out of bounds for dimension 0 with size 1",
            "pair (h_0, c_0)",
        ),
        (
            "LSTM",
            lambda s, m: m(z(s, 5, 2, 3), (z(s, 1, 2, 4), z(s, 2, 4))),
            "hx and cx should also be 3-D but got (3-D, 2-D) tensors",
            "[2, 4]",
        ),
        (
            "GRUCell",
            lambda s, m: m(z(s, 2, 2, 3)),
            "Expected input to be 1D or 2D, got 3D",
            "[2, 2, 3]",
        ),
        (
            "GRUCell",
            lambda s, m: m(z(s, 2, 7)),
            "input has inconsistent input_size: got 7 expected 3",
            "[2, 7]",
        ),
        (
            "RNNCell",
            lambda s, m: m(z(s, 2, 3), z(s, 2, 5)),
            "hidden0 has inconsistent hidden_size: got 5, expected 4",
            "[2, 5]",
        ),
        (
            "RNNCell",
            lambda s, m: m(z(s, 2, 3), z(s, 3, 4)),
            "Input batch size 2 doesn't match hidden0 batch size 3",
            "[3, 4]",
        ),
        (
            "LSTMCell",
            lambda s, m: m(z(s, 2, 3), (z(s, 2, 4), z(s, 2, 5))),
            "hidden1 has inconsistent hidden_size: got 5, expected 4",
            "[2, 5]",
        ),
        (
            "LSTMCell",
            lambda s, m: m(z(s, 2, 3), (z(s, 1, 2, 4), z(s, 2, 4))),
            "Expected hx[0] to be 1D or 2D, got 3D",
            "[1, 2, 4]",
        ),
        (
            "GRUCell",
            lambda s, m: m(z(s, 2, 3, dtype="float64")),
            "mat1 and mat2 must have the same dtype, but got Double and Float",
            "",
        ),
    ],
)
def test_other_refusals_are_torchs(name, call, phrase, more):
    kind, message = raised(lambda: call(penlight, getattr(nn, name)(3, 4)))
    assert phrase in message
    assert more in message
    if torch is not None:
        expected, words = raised(lambda: call(torch, getattr(torch.nn, name)(3, 4)))
        assert kind is expected
        assert phrase in words


@pytest.mark.parametrize(
    "make, kind, phrase",
    [
        (
            lambda nn: nn.GRU(3, 4, dropout=1.5),
            ValueError,
            "dropout should be a number in range [0, 1]",
        ),
        (
            lambda nn: nn.GRU(3, 4, dropout=True),
            ValueError,
            "dropout should be a number in range [0, 1]",
        ),
        (lambda nn: nn.GRU(3, 4, dropout="a"), ValueError, "could not convert string to float"),
        (lambda nn: nn.GRU(3, 0), ValueError, "hidden_size must be greater than zero"),
        (lambda nn: nn.GRU(3, 4.0), TypeError, "hidden_size should be of type int, got: float"),
        (lambda nn: nn.GRU(-1, 4), ValueError, "input_size must be greater than zero"),
        (lambda nn: nn.GRU(3.0, 4), TypeError, "input_size should be of type int, got: float"),
        (lambda nn: nn.GRU(3, 4, 0), ValueError, "num_layers must be greater than zero"),
        (lambda nn: nn.GRU(3, 4, 2.0), TypeError, "cannot be interpreted as an integer"),
        (
            lambda nn: nn.GRU(3, 4, proj_size=2),
            ValueError,
            "only supported for LSTM, not RNN or GRU",
        ),
        (
            lambda nn: nn.RNN(3, 4, proj_size=2),
            ValueError,
            "only supported for LSTM, not RNN or GRU",
        ),
        (
            lambda nn: nn.LSTM(3, 4, proj_size=-1),
            ValueError,
            "proj_size should be a positive integer",
        ),
        (
            lambda nn: nn.LSTM(3, 4, proj_size=4),
            ValueError,
            "proj_size has to be smaller than hidden_size",
        ),
        (lambda nn: nn.RNN(3, 4, nonlinearity="x"), ValueError, "Unknown nonlinearity 'x'"),
        (lambda nn: nn.RNNBase("X", 3, 4), ValueError, "Unrecognized RNN mode: X"),
        (lambda nn: nn.GRU(3, 4, foo=1), TypeError, "unexpected keyword argument 'foo'"),
        (
            lambda nn: nn.RNNCell(3, 4, nonlinearity="x")(
                nn.Flatten()(nn.Parameter(nn.RNN(3, 4).weight_ih_l0))
            ),
            RuntimeError,
            "Unknown nonlinearity: x",
        ),
    ],
)
def test_wrong_constructor_arguments_are_refused(make, kind, phrase):
    sides = [nn] if torch is None else [nn, torch.nn]
    for side in sides:
        found, message = raised(lambda side=side: make(side))
        assert found is kind
        assert phrase in message


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_dropout_of_one_layer_warns(name):
    phrase = "dropout option adds dropout after all but last recurrent layer"
    with pytest.warns(UserWarning, match=phrase) as caught:
        getattr(nn, name)(3, 4, dropout=0.5)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        getattr(nn, name)(3, 4, 2, dropout=0.5)


def test_errors_name_the_module():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(nn.GRU(3, 4))

        def forward(self, x):
            return self.encoder(x)

    with pytest.raises(RuntimeError, match=r"\(module: encoder\.0\)"):
        Model()(penlight.zeros(5, 2, 7))


# ---- without torch -------------------------------------------------------------------------------


def ramp(module):
    """Give each parameter values that do not come from the random streams."""
    with penlight.no_grad():
        for number, parameter in enumerate(module.parameters()):
            count = parameter.numel()
            values = np.sin(np.arange(count) * 0.7 + number).reshape(tuple(parameter.shape)) * 0.5
            parameter.copy_(penlight.tensor(values.astype(np.float32)))
    return module


def ramp_input(*shape):
    return penlight.tensor(np.cos(np.arange(np.prod(shape))).reshape(shape).astype(np.float32))


GOLDEN = {
    "tanh": [-15.18106, 5.958716, 18.38483, -0.3314422],
    "relu": [8.618814, 8.3282, 49.62792, 12.75956],
    "gru": [-0.08012271, 0.34495, 0.978536, 1.902754],
    "lstm": [-3.960305, 0.2892702, 0.6607078, -1.683243, -0.5011411],
    "projected": [-1.296085, 0.01846206, 0.002259724, -0.6456407, 1.280633],
}


@pytest.mark.parametrize("kind", KINDS)
def test_recorded_values(kind):
    name, more = KINDS[kind]
    module = ramp(getattr(nn, name)(3, 4, 2, bidirectional=True, **more))
    x = ramp_input(5, 2, 3).requires_grad_()
    output, last = module(packing.pack_padded_sequence(x, [5, 3]))
    output.data.pow(2).sum().backward()
    found = [output.data.sum(), x.grad.abs().sum(), module.weight_hh_l0_reverse.grad.abs().sum()]
    found += [state.sum() for state in states_of(last)]
    np.testing.assert_allclose([value.item() for value in found], GOLDEN[kind], rtol=1e-5)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_first_and_second_derivatives(kind, packed):
    name, more = KINDS[kind]
    both = kind != "lstm"
    module = getattr(nn, name)(2, 3, bidirectional=both, dtype=penlight.float64, **more)
    run_kind = {"RNN": f"rnn_{kind}"}.get(name, name.lower())
    batch_sizes = penlight.tensor([2, 2, 1]) if packed else None

    def walk(x, h, c, *weights):
        return run_network(
            run_kind,
            x[:5].view(5, 2) if packed else x.view(3, 2, 2),
            batch_sizes,
            (h, c) if name == "LSTM" else (h,),
            weights,
            has_biases=True,
            num_layers=1,
            dropout=0.0,
            train=False,
            bidirectional=both,
        )

    def random(*shape):
        return penlight.randn(*shape, dtype=penlight.float64, requires_grad=True)

    groups, size = 2 if both else 1, more.get("proj_size", 3)
    c = random(groups, 2, 3) if name == "LSTM" else None
    arguments = (random(6, 2), random(groups, 2, size), c, *module.parameters())
    assert penlight.autograd.gradcheck(walk, arguments)
    assert penlight.autograd.gradgradcheck(walk, arguments)


@pytest.mark.parametrize("name", ["rnn_tanh_cell", "rnn_relu_cell", "gru_cell", "lstm_cell"])
def test_first_and_second_derivatives_of_cells(name):
    gates = {"gru_cell": 3, "lstm_cell": 4}.get(name, 1)

    def random(*shape):
        return penlight.randn(*shape, dtype=penlight.float64, requires_grad=True)

    def step(x, h, c, *weights):
        return getattr(recurrent_cell, name)(x, (h, c) if name == "lstm_cell" else h, *weights)

    weights = [random(gates * 3, 2), random(gates * 3, 3), random(gates * 3), random(gates * 3)]
    c = random(2, 3) if name == "lstm_cell" else None
    arguments = (random(2, 2), random(2, 3), c, *weights)
    assert penlight.autograd.gradcheck(step, arguments)
    assert penlight.autograd.gradgradcheck(step, arguments)


def test_pieces_of_a_sequence_run_one_after_the_other_give_the_whole():
    module = nn.GRU(3, 4)
    x = penlight.randn(6, 2, 3)
    whole, last = module(x)
    first, h = module(x[:2])
    second, h = module(x[2:], h)
    np.testing.assert_allclose(array(penlight.cat([first, second])), array(whole), rtol=1e-6)
    np.testing.assert_allclose(array(h), array(last), rtol=1e-6)


def test_packed_outputs_do_not_depend_on_padding():
    module = nn.LSTM(3, 4, 2, bidirectional=True)
    x = penlight.randn(6, 3, 3)
    lengths = [4, 6, 1]
    packed = packing.pack_padded_sequence(x, lengths, enforce_sorted=False)
    output, (h, c) = module(packed)
    padded, _ = packing.pad_packed_sequence(output)
    for index, length in enumerate(lengths):
        alone, (h_alone, c_alone) = module(x[:length, index])
        np.testing.assert_allclose(
            array(padded[:length, index]), array(alone), rtol=1e-5, atol=1e-7
        )
        np.testing.assert_allclose(array(h[:, index]), array(h_alone), rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(array(c[:, index]), array(c_alone), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_may_be_written_before_backward(kind, batch_first):
    name, more = KINDS[kind]
    module = getattr(nn, name)(3, 4, 2, bidirectional=True, batch_first=batch_first, **more)
    x = penlight.randn(2, 5, 3)
    gradients = []
    for write in (lambda t: t * 2, lambda t: t.mul_(2)):
        output, last = module(x)
        (write(output).sum() + sum(write(state).sum() for state in states_of(last))).backward()
        gradients.append([array(parameter.grad).copy() for parameter in module.parameters()])
        module.zero_grad()
    for plain, in_place in zip(*gradients, strict=True):
        np.testing.assert_array_equal(plain, in_place)


def test_a_weight_written_before_backward_is_refused():
    module = nn.GRU(3, 4)
    output, _ = module(penlight.randn(5, 2, 3))
    with penlight.no_grad():
        module.weight_hh_l0.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()


def test_inference_makes_no_node():
    module = nn.GRU(3, 4)
    with penlight.no_grad():
        output, h = module(penlight.zeros(5, 2, 3))
    assert output.grad_fn is None
    assert h.grad_fn is None
    module.requires_grad_(False)
    assert module(penlight.zeros(5, 2, 3))[0].grad_fn is None


@pytest.mark.parametrize("batch_first", [False, True])
def test_an_empty_batch_gives_empty_outputs_and_zero_gradients(batch_first):
    for name in ("RNN", "GRU", "LSTM"):
        module = getattr(nn, name)(3, 4, batch_first=batch_first)
        output, last = module(penlight.zeros(*(0, 5, 3) if batch_first else (5, 0, 3)))
        assert tuple(output.shape) == ((0, 5, 4) if batch_first else (5, 0, 4))
        assert all(tuple(state.shape) == (1, 0, 4) for state in states_of(last))
        output.sum().backward()
        assert module.weight_hh_l0.grad.abs().sum().item() == 0


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_halves_compute_in_single_precision(dtype):
    kind = getattr(penlight, dtype)
    module = nn.GRU(3, 4)
    x = penlight.randn(5, 2, 3)
    want = module(x)[0]
    output, h = copy.deepcopy(module).to(kind)(x.to(kind))
    assert output.dtype is h.dtype is kind
    # What rounding inputs and weights makes of it.
    np.testing.assert_allclose(array(output.float()), array(want), atol=0.02, rtol=0)
    output.float().sum().backward()


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell"])
def test_copies_and_pickles_compute_the_same_on_their_own_weights(name):
    module = getattr(nn, name)(3, 4)
    x = penlight.randn(2, 3)
    want = states_of(module(x))[0]
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        np.testing.assert_array_equal(array(states_of(twin(x))[0]), array(want))
        with penlight.no_grad():
            for parameter in twin.parameters():
                parameter.zero_()
        assert states_of(twin(x))[0].abs().sum().item() == 0
        np.testing.assert_array_equal(array(states_of(module(x))[0]), array(want))


def test_a_replaced_parameter_is_used():
    module = nn.GRU(3, 4)
    x = penlight.randn(5, 2, 3)
    before = array(module(x)[0]).copy()
    module.weight_hh_l0 = nn.Parameter(penlight.zeros(12, 4))
    assert module._flat_weights[1] is module.weight_hh_l0
    assert not np.array_equal(array(module(x)[0]), before)
    module.flatten_parameters()


def test_states_of_old_checkpoints_without_projections_load():
    module = nn.LSTM(3, 4)
    state = dict(module.__dict__)
    del state["proj_size"]
    old = nn.LSTM.__new__(nn.LSTM)
    old.__setstate__(state)
    assert old.proj_size == 0
    assert old(penlight.zeros(5, 3))[0].shape == (5, 4)


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_gradients_of_biases_keep_single_precision_over_many_rows(name):
    single = getattr(nn, name)(3, 4)
    double = copy.deepcopy(single).double()
    x, factors = penlight.randn(100, 64, 3), penlight.rand(100, 64, 4)
    found = []
    for module, kind in ((double, penlight.float64), (single, penlight.float32)):
        (module(x.to(kind))[0] * factors.to(kind)).sum().backward()
        grads = array(penlight.cat([module.bias_ih_l0.grad, module.bias_hh_l0.grad]))
        found.append(grads / np.abs(grads).max())
    np.testing.assert_allclose(found[1], found[0], atol=6e-7)
