"""What is done with a batch: checks, forward pass, gradients."""

import logging
from typing import TYPE_CHECKING, Any

from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.learner.batch_checks import (
    BatchError,
    NonFiniteError,
    all_finite,
    explain_loss,
    name_samples,
)
from rastervision.pytorch_learner.learner.reporting import ReportingPart
from rastervision.pytorch_learner.learner.state import order_seed
from rastervision.pytorch_learner.utils.distributed import any_process

if TYPE_CHECKING:
    from torch.utils.data import DataLoader

    from rastervision.pytorch_learner.learner.gradient_step import GradientStep
    from rastervision.pytorch_learner.metrics import MetricDict

log = logging.getLogger(__name__)


class _TooFewSamples(ConfigError):
    """Batch norm has nothing to normalise over."""


class LearningPart(ReportingPart):
    """The part of a learner that goes through a batch."""

    _num_passed_over: int = 0  # batches of the present epoch whose loss was not finite

    # --------------------------------------------------------------- of the task
    def train_step(self, batch: Any, batch_ind: int) -> dict[str, Any]:
        """Compute the loss of a batch: 'train_loss' in the result, a tensor that can be differentiated."""
        raise ConfigError(f'{type(self).__name__}: train_step is not defined.')

    def validate_step(self, batch: Any, batch_ind: int) -> dict[str, Any]:
        """Compute what the metrics of a batch are made of."""
        raise ConfigError(f'{type(self).__name__}: validate_step is not defined.')

    def checked_batch(self, batch: list[Any]) -> list[Any]:
        """A batch as it is, or with labels of the right type.

        Args:
            batch: Images, labels, ..., on the CPU.

        Raises:
            BatchError: If there is something in it that cannot be learnt from.
        """
        return batch

    def counts(self, batch: list[Any]) -> bool:
        """Whether anything in a batch counts. If not, it changes nothing."""
        return len(batch[0]) > 0

    def placeholder(self, batch: list[Any]) -> list[Any]:
        """A batch of which nothing counts, with labels that a loss can be computed of; that loss is not used."""
        return batch if len(batch[0]) else [self.blank(part) for part in batch]

    def blank(self, part: Any) -> Any:
        """Something in the place of a part of a batch, such as its labels, that has no samples: zeros for two."""
        return part.new_zeros((2, *part.shape[1:]))

    # ----------------------------------------------------------------- training
    def learn(
        self, batch: list[Any], index: int, step: 'GradientStep', loader: 'DataLoader[Any]'
    ) -> tuple[dict[str, Any] | None, bool]:
        """Learn from a batch.

        Args:
            batch: Images, labels, ...
            index: Its number in the epoch.
            step: Takes the loss.
            loader: Where it is from.

        Returns:
            What `train_step` gives, or None if the batch is passed over; and whether a step was due.

        Raises:
            BatchError: If it cannot be learnt from; the message names the samples.
        """
        is_kept = self.cfg.solver is not None and self.cfg.solver.on_nonfinite == 'skip'
        buffers = [each.clone() for each in self.bare_model.buffers()] if is_kept else []
        try:
            return self._learn(batch, index, step, len(loader))
        except _TooFewSamples:
            # Beside samples without data, which were left out, others of another order may stand in the next epoch.
            if not self.leaves_out_empty or loader.batch_size == len(batch[0]) or self.is_ddp_process:
                raise
            return None, step.skip(index, len(loader))
        except BatchError as error:
            self._name_samples(error, batch, loader, index, order_seed(self.cfg.seed, self.get_start_epoch()))
            if not (is_kept and isinstance(error, NonFiniteError)):
                raise
            log.warning('Passed over: %s', error)
        self._num_passed_over += 1
        for buffer, value in zip(self.bare_model.buffers(), buffers, strict=True):
            buffer.copy_(value)
        return None, step.skip(index, len(loader))

    def _learn(
        self, batch: list[Any], index: int, step: 'GradientStep', total: int
    ) -> tuple[dict[str, Any] | None, bool]:
        batch = self.checked_batch(batch) if len(batch[0]) else batch
        counts = self.counts(batch)
        if not self._in_any_process(counts):
            return None, step.skip(index, total)
        batch = self.to_device(batch if counts else self.placeholder(batch), self.device)
        output = self._train_step(batch, index)
        # A process that has nothing to learn from gives gradients of zero, which the others wait for.
        loss = output['train_loss'] if counts else output['train_loss'] * 0
        return output, step(loss, index, total)

    def _train_step(self, batch: list[Any], index: int) -> dict[str, Any]:
        """What `train_step` gives, once its loss is known to be finite, in all processes.

        Raises:
            NonFiniteError: If it is not.
            ConfigError: If batch norm has nothing to normalise over.
        """
        try:
            with self.autocast():
                output = self.train_step(batch, index)
        except ValueError as error:
            if 'more than 1 value per channel' not in str(error):
                raise
            raise _TooFewSamples(
                'solver.batch_sz: batch norm cannot learn from one value per channel, which is what this model has in '
                f'a batch of {len(batch[0])}. Use batches of two or more, larger images (data.img_sz), or another '
                'model.'
            ) from error
        is_finite = all_finite([output['train_loss']])
        if self._in_any_process(not is_finite):
            if is_finite:
                raise NonFiniteError('the loss of another process is not finite; see what that one says.')
            raise explain_loss(output['train_loss'], batch, self.bare_model)
        return output

    def _name_samples(
        self, error: BatchError, batch: list[Any], loader: 'DataLoader[Any]', index: int, seed: int | None = None
    ) -> None:
        """See `name_samples`; if samples have been left out of the batch, it is not known which ones are to blame."""
        if self.leaves_out_empty and len(batch[0]) != loader.batch_size:
            error.positions = None
        name_samples(error, loader, index, seed)

    def _in_any_process(self, flag: bool) -> bool:
        """Whether something is so in this process, or in one of those that train together with it."""
        return any_process(flag, self.device) if self.is_ddp_process else flag

    def loss_of_nothing(self) -> 'MetricDict':
        """The metrics of an epoch that changed nothing.

        Raises:
            NonFiniteError: If that is because no batch had a finite loss.
        """
        if self._num_passed_over:
            raise NonFiniteError(
                f'epoch {self.get_start_epoch() + 1}: no batch had a finite loss. Look at the warnings before this.'
            )
        log.warning(
            'No label of the training data counts: all are of pixels or classes that are ignored, or of images that '
            'have no data.'
        )
        return {'train_loss': 0.0}

    # --------------------------------------------------------------- validation
    def judge(self, batch: list[Any], index: int, loader: 'DataLoader[Any]') -> dict[str, Any]:
        """What `validate_step` gives for a batch; nothing if it has no samples.

        Args:
            batch: Images, labels, ...
            index: Its number.
            loader: Where it is from.

        Raises:
            BatchError: If the loss is not finite, or labels are not what they should be; it names the samples.
        """
        if not len(batch[0]):
            return {}
        try:
            batch = self.to_device(self.checked_batch(batch), self.device)
            with self.autocast():
                output = self.validate_step(batch, index)
            if 'val_loss' in output and not all_finite([output['val_loss']]):
                raise explain_loss(output['val_loss'], batch, self.bare_model)
        except BatchError as error:
            self._name_samples(error, batch, loader, index)
            error.args = (f'validation, {error}',)
            is_kept = self.cfg.solver is not None and self.cfg.solver.on_nonfinite == 'skip'
            if not (is_kept and isinstance(error, NonFiniteError)):
                raise
            log.warning('The loss is left out: %s', error)
            output = {name: value for name, value in output.items() if name != 'val_loss'}
        return output
