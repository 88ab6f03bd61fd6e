"""Finds what in a batch cannot be learnt from, and names it: files, or windows of scenes."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from rastervision.pipeline.errors import DataError
from rastervision.pytorch_learner.dataset.combination import sample_name

SHOWN = 8  # samples in a message
STATISTICS = ('running_mean', 'running_var')


class BatchError(DataError):
    """Samples of a batch cannot be learnt from.

    Args:
        message: What is wrong, and what to look at.
        positions: Which samples of the batch. None: all, or it is not known which.
    """

    def __init__(self, message: str, positions: Sequence[int] | None = None) -> None:
        super().__init__(message)
        self.positions = positions


class NonFiniteError(BatchError):
    """A loss, a gradient or a weight is not a finite number."""


def name_samples(error: BatchError, loader: 'DataLoader[Any]', number: int, seed: int | None = None) -> None:
    """Put the names of the samples before the message of an error.

    Args:
        error: The error; it is changed.
        loader: Where the batch is from.
        number: Number of the batch in its epoch.
        seed: What the order of samples follows from, where it is random.
    """
    names = _names(loader, number, seed, error.positions)
    error.args = (f'batch {number} ({names}): {error}' if names else f'batch {number}: {error}',)


def check_weights(model: nn.Module, epoch: int) -> None:
    """See that a model is still good for something after an epoch.

    Raises:
        NonFiniteError: If weights are not finite.
    """
    spoilt = nonfinite_parts(model)
    if spoilt:
        raise NonFiniteError(
            f'epoch {epoch + 1}: weights of the model are not finite any more: {", ".join(spoilt[:SHOWN])}. The files '
            'of the epoch before are kept. Use a lower learning rate (solver.lr), or solver.clip_grad_norm.'
        )


def _names(loader: 'DataLoader[Any]', number: int, seed: int | None, positions: Sequence[int] | None) -> str:
    """The names of samples of a batch, as text; empty if they cannot be known."""
    if isinstance(loader.dataset, IterableDataset) or loader.batch_size is None:
        return ''
    generator = getattr(loader.sampler, 'generator', None)
    if generator is not None and seed is not None:
        generator.manual_seed(seed)
    indices = list(loader.sampler)[number * loader.batch_size : (number + 1) * loader.batch_size]
    chosen = indices if positions is None else [indices[position] for position in positions if position < len(indices)]
    names = [sample_name(loader.dataset, index) for index in chosen[:SHOWN]]
    return ', '.join(names) + (f' and {len(chosen) - SHOWN} more' if len(chosen) > SHOWN else '')


def all_finite(tensors: Sequence[Tensor]) -> bool:
    """Whether all numbers in tensors are finite. One synchronisation with a GPU."""
    floats = [each.detach() for each in tensors if each.is_floating_point() and each.numel()]
    # The largest absolute value of each, which is NaN if there is one: faster than looking at each number.
    return not floats or bool(torch.stack([each.abs().max().float() for each in floats]).isfinite().all())


def nonfinite_parts(model: nn.Module) -> list[str]:
    """Names of the weights, and statistics of batch norm, of a model that have other numbers than finite ones."""
    # Not all buffers: masks may be infinite on purpose.
    statistics = [(name, value) for name, value in model.named_buffers() if name.endswith(STATISTICS)]
    values = dict([*model.named_parameters(), *statistics])
    if all_finite([*values.values()]):
        return []
    return [name for name, value in values.items() if not all_finite([value])]


def explain_loss(loss: Tensor, batch: Sequence[Any], model: nn.Module) -> NonFiniteError:
    """The error for a loss that is not finite, with what is to blame as far as that can be seen.

    Args:
        loss: The loss.
        batch: Images, labels, ...
        model: The model.
    """
    what = f'the loss is {loss.detach().float().mean().item()}'
    positions = _nonfinite_samples(batch[0])
    if positions:
        return NonFiniteError(
            f'{what}, because the images have pixels that are not finite numbers (NaN or infinite). Mark them as '
            'NODATA, replace them, or pass over such batches with solver.on_nonfinite="skip".',
            positions,
        )
    spoilt = nonfinite_parts(model)
    if spoilt:
        return NonFiniteError(
            f'{what}, because weights of the model are not finite any more, {spoilt[0]!r} first. Use a lower '
            'learning rate (solver.lr), or solver.clip_grad_norm.'
        )
    return NonFiniteError(
        f'{what}, though images and weights are finite. Look at the labels and the range of the pixels; use a lower '
        'learning rate, solver.clip_grad_norm, or precision bf16 instead of fp16. solver.on_nonfinite="skip" passes '
        'over such batches.'
    )


def _nonfinite_samples(images: Any) -> list[int]:
    if not isinstance(images, Tensor) or not images.is_floating_point() or images.ndim < 2:
        return []
    finite = images.isfinite().flatten(1).all(dim=1)
    return (~finite).nonzero().flatten().tolist()
