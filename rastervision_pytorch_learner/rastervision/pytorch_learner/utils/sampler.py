"""The order of training samples when several processes share them."""

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DistributedSampler


class SharedOrderSampler(DistributedSampler[Any]):
    """Gives each process its part of an order that is the same as that of one process.

    The batches that the processes train at the same time hold the samples of one batch of a single process whose
    batches are that many times larger. If the samples cannot be divided evenly, the first ones of the order are used
    twice.
    """

    def __iter__(self) -> Iterator[Any]:
        """Indices of the samples of this process; `set_epoch` takes the seed of their order."""
        size = len(self.dataset)  # type: ignore[arg-type]
        order = list(range(size))
        if self.shuffle:
            order = torch.randperm(size, generator=torch.Generator().manual_seed(self.epoch)).tolist()
        order += order[: self.total_size - size]
        return iter(order[self.rank : self.total_size : self.num_replicas])
