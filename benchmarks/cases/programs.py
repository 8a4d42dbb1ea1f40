"""Whole small programs: a classifier's epoch and a single prediction."""

from __future__ import annotations

from benchmarks.case import Case, Family


def _classifier(lib):
    nn = lib.nn
    lib.manual_seed(0)

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(64, 64)
            self.gru = nn.GRU(64, 128, batch_first=True)
            self.linear = nn.Linear(128, 18)

        def forward(self, names):
            _, last = self.gru(self.embedding(names))
            return self.linear(last[0])

    return Classifier()


def epoch(lib):
    """Return one epoch over 2,048 names of 16 characters, batches of 64, Adam."""
    model = _classifier(lib)
    data = lib.utils.data
    dataset = data.TensorDataset(lib.randint(0, 64, (2048, 16)), lib.randint(0, 18, (2048,)))
    loader = data.DataLoader(dataset, batch_size=64, shuffle=True)
    optimizer = lib.optim.Adam(model.parameters())

    def run():
        for names, countries in loader:
            optimizer.zero_grad()
            lib.nn.functional.cross_entropy(model(names), countries).backward()
            optimizer.step()

    return run


def prediction(lib):
    """Return the prediction for one name."""
    model = _classifier(lib).eval()
    name = lib.randint(0, 64, (1, 12))

    def run():
        with lib.no_grad():
            return model(name).argmax(1)

    return run


FAMILY = Family(
    "Embedding-GRU(128)-Linear on names",
    [
        Case("epoch of 2,048 names, batch 64, Adam", epoch, 2.5),
        Case("single prediction, 12 characters", prediction, 2.5),
    ],
)
