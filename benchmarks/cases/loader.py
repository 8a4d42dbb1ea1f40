"""Loading of data that is in memory."""

from __future__ import annotations

from benchmarks.case import Case, Family


def tensor_dataset(*, shuffle):
    """Return a maker of one pass over 50,000 rows in batches of 64."""

    def make(lib):
        data = lib.utils.data
        lib.manual_seed(0)
        dataset = data.TensorDataset(lib.randn(50_000, 20), lib.randint(0, 10, (50_000,)))
        loader = data.DataLoader(dataset, batch_size=64, shuffle=shuffle)

        def run():
            for _ in loader:
                pass

        return run

    return make


def samples(lib):
    """Return one pass over a dataset of tuples, collated sample by sample."""
    data = lib.utils.data
    items = [(lib.ones(20), number % 10) for number in range(2000)]

    class Items(data.Dataset):
        def __len__(self):
            return len(items)

        def __getitem__(self, index):
            return items[index]

    loader = data.DataLoader(Items(), batch_size=64)

    def run():
        for _ in loader:
            pass

    return run


FAMILY = Family(
    "Loaders",
    [
        Case("TensorDataset, 50,000 rows, shuffled", tensor_dataset(shuffle=True), 20.0),
        Case("TensorDataset, 50,000 rows, in order", tensor_dataset(shuffle=False), 20.0),
        Case("dataset of 2,000 tuples", samples),
    ],
)
