"""Results do not depend on the number of threads: whole training runs, bit for bit."""

from __future__ import annotations

import pytest

import penlight as pl
from penlight import nn


@pytest.fixture(autouse=True)
def _put_the_number_back():
    before = pl.get_num_threads()
    yield
    pl.set_num_threads(before)


class Classifier(nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.embedding = nn.Embedding(5000, 96, padding_idx=0)
        self.recurrent = cell(96, 130, num_layers=2, bidirectional=True, dropout=0.2)
        self.dropout = nn.Dropout(0.3)
        self.linear = nn.Linear(260, 3000)

    def forward(self, tokens, lengths):
        vectors = self.dropout(self.embedding(tokens))
        packed = nn.utils.rnn.pack_padded_sequence(vectors, lengths)
        last = self.recurrent(packed)[1]
        last = last[0] if isinstance(last, tuple) else last
        return self.linear(nn.functional.gelu(pl.cat([last[-2], last[-1]], dim=1)))


def train(cell, optimizer, options):
    pl.manual_seed(0)
    model = Classifier(cell)
    step = optimizer(model.parameters(), **options)
    lengths = pl.linspace(20, 3, 70).long()
    for _ in range(2):
        tokens, target = pl.randint(1, 5000, (20, 70)), pl.randint(0, 3000, (70,))
        step.zero_grad()
        loss = nn.functional.cross_entropy(model(tokens, lengths), target)
        loss.backward()
        step.step()
    return [loss.detach(), *(param.detach() for param in model.parameters())]


@pytest.mark.parametrize(
    "cell, optimizer, options",
    [
        (nn.GRU, pl.optim.Adam, {}),
        (nn.LSTM, pl.optim.AdamW, {"amsgrad": True}),
        (nn.RNN, pl.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
    ],
    ids=["GRU", "LSTM", "RNN"],
)
def test_a_training_run_has_the_same_bits_on_1_2_and_8_threads(cell, optimizer, options):
    found = []
    for threads in (1, 2, 8):
        pl.set_num_threads(threads)
        found.append([tensor.numpy().tobytes() for tensor in train(cell, optimizer, options)])
    assert found[0] == found[1] == found[2]


LARGE = {
    "sum": lambda x: x.sum(),
    "mean of rows": lambda x: x.mean(1),
    "softmax": lambda x: x.softmax(1),
    "log_softmax of columns": lambda x: x.log_softmax(0),
    "cross_entropy": lambda x: nn.functional.cross_entropy(x, pl.arange(700), reduction="none"),
    "gelu": nn.functional.gelu,
    "dropout": lambda x: nn.functional.dropout(x, 0.4),
    "matmul": lambda x: x @ x.t(),
    "mv": lambda x: x @ x[0],
    "dot": lambda x: x.flatten() @ x.flatten(),
    "bmm": lambda x: x.view(7, 100, 1100) @ x.view(7, 1100, 100),
    "randn": lambda x: x + pl.randn(700, 1100),
    "bag": lambda x: nn.functional.embedding_bag(pl.arange(700).view(70, 10), x),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_function_has_the_same_bits_on_1_2_and_8_threads(name):
    found = []
    for threads in (1, 2, 8):
        pl.set_num_threads(threads)
        pl.manual_seed(0)
        x = pl.randn(700, 1100, requires_grad=True)
        out = LARGE[name](x)
        out.backward(pl.ones_like(out))
        found.append((out.detach().numpy().tobytes(), x.grad.numpy().tobytes()))
    assert found[0] == found[1] == found[2]
