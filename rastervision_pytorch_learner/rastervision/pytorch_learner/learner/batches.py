"""The batches of an epoch, from any of them on."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from torch.utils.data import DataLoader, IterableDataset

# What a loader is made of, besides its samples and their order.
OPTIONS = (
    'batch_size',
    'num_workers',
    'collate_fn',
    'pin_memory',
    'drop_last',
    'timeout',
    'worker_init_fn',
    'multiprocessing_context',
    'generator',
    'prefetch_factor',
)


def from_batch(loader: DataLoader[Any], first: int) -> Iterator[Any]:
    """The batches of a loader without the first ones, whose samples are not read if the loader has an order of them.

    Args:
        loader: The loader.
        first: The batch to begin with.
    """
    if first == 0:
        return iter(loader)
    if isinstance(loader.dataset, IterableDataset) or loader.batch_size is None:
        return islice(loader, first, None)
    order = list(loader.sampler)[first * loader.batch_size :]
    options = {name: getattr(loader, name) for name in OPTIONS}
    return iter(DataLoader(loader.dataset, sampler=order, **options))
