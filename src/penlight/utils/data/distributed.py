"""The sampler that gives each of several processes its part of a dataset."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeVar

from ... import Generator, randperm
from .sampler import Sampler

__all__ = ["DistributedSampler"]

T_co = TypeVar("T_co", covariant=True)


class DistributedSampler(Sampler[T_co]):
    r"""Visit the part of a dataset that belongs to one of several processes.

    All processes draw the same order, and process :math:`r` of :math:`n` takes the places
    :math:`r, r + n, r + 2n, \dots` of it. All parts have the same length: the first samples come
    again at the end, or the last ones are left out.

    Args:
        dataset: what is sampled; its length counts.
        num_replicas: how many processes there are.
        rank: the number of this one, from 0.
        shuffle: whether the order is drawn for each epoch.
        seed: what the order is drawn from, together with the epoch; the same in all processes.
        drop_last: whether samples are left out, rather than repeated, to make the parts equal.

    Raises:
        RuntimeError: ``num_replicas`` or ``rank`` is not given: there is no process group that
            could be asked.
        ValueError: ``rank`` is not below ``num_replicas``.

    Example:
        >>> import penlight as torch
        >>> sampler = torch.utils.data.DistributedSampler(
        ...     range(5), num_replicas=2, rank=1, shuffle=False
        ... )
        >>> list(sampler)
        [1, 3, 0]
    """

    def __init__(
        self,
        dataset: Any,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None or rank is None:
            msg = (
                "Requires distributed package to be available: penlight has no torch.distributed, "
                "so DistributedSampler needs both num_replicas and rank, "
                f"but got num_replicas={num_replicas} and rank={rank}"
            )
            raise RuntimeError(msg)
        if rank >= num_replicas or rank < 0:
            msg = f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]"
            raise ValueError(msg)
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        size = len(dataset)
        self.num_samples = size // num_replicas if drop_last else math.ceil(size / num_replicas)
        self.total_size = self.num_samples * num_replicas
        self.shuffle = shuffle
        self.seed = seed

    def __iter__(self) -> Iterator[T_co]:
        size = len(self.dataset)
        if self.shuffle:
            generator = Generator()
            generator.manual_seed(self.seed + self.epoch)
            order = randperm(size, generator=generator).tolist()
        else:
            order = list(range(size))
        if self.total_size > size:
            order *= math.ceil(self.total_size / size)
        return iter(order[self.rank : self.total_size : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch begins: with ``shuffle``, each has an order of its own.

        Args:
            epoch: the number of the epoch.
        """
        self.epoch = epoch
