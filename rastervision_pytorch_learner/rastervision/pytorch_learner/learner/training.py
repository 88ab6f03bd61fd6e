"""The loop over epochs and batches."""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from torch.utils.data import DistributedSampler

from rastervision.pipeline.file_system.utils import json_to_file
from rastervision.pytorch_learner.dataset.combination import num_samples, set_epoch
from rastervision.pytorch_learner.learner import files
from rastervision.pytorch_learner.learner.batch_checks import check_weights
from rastervision.pytorch_learner.learner.batches import from_batch
from rastervision.pytorch_learner.learner.data import Split
from rastervision.pytorch_learner.learner.gradient_step import GradientStep, make_average, make_scaler
from rastervision.pytorch_learner.learner.learning import LearningPart
from rastervision.pytorch_learner.learner.progress import Progress
from rastervision.pytorch_learner.learner.state import order_seed, seed_step
from rastervision.pytorch_learner.metrics import MetricDict, aggregate_metrics
from rastervision.pytorch_learner.optimization import step_schedule
from rastervision.pytorch_learner.utils.distributed import reduce_metrics, share_from_first

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.utils.data import DataLoader

log = logging.getLogger(__name__)

LEARNED = 0.1  # of the first training loss; few samples that cannot be brought there are not learned


class TrainingPart(LearningPart):
    """The part of a learner that goes through epochs and batches."""

    loss: 'Callable[..., Tensor] | None'
    calibration: Mapping[str, float] = MappingProxyType({})  # what `calibrate` found out

    def setup_steps(self) -> None:
        """Prepare what steps of the optimizer need beside it: the gradient scaler, the average of the weights."""
        solver = self.cfg.solver
        self.scaler = make_scaler(self.precision, self.device)
        self.average = make_average(self.bare_model, solver.ema_decay if solver is not None else None)

    # ------------------------------------------------------------------- epochs
    def train(self, epochs: int | None = None) -> None:
        """Train from where an earlier run stopped. Afterwards the model has the weights that are kept.

        Args:
            epochs: Number of epochs to train. None: up to the config's `num_epochs`.
        """
        start, end = self.get_start_and_end_epochs(epochs)
        if start >= end:
            log.info('Training is already completed: %d epochs.', start)
            if start == end:
                self._remove_state()
            self.keep_results()
            self.use_final_weights()
            return
        self.log_data_stats()
        self.on_train_start()
        with self.recorded():
            for epoch in range(start, end):
                self._train_and_validate(epoch)
                if self.has_stalled():
                    log.info('Training ends early: %s has not become better.', self._solver.selection_metric)
                    break
        if self.has_stalled() or self.get_start_epoch() >= self._solver.num_epochs:
            self._end_training()

    def _train_and_validate(self, epoch: int) -> None:
        self._start_epoch(epoch)
        train_metrics = self.train_epoch(optimizer=self.opt, step_scheduler=self.step_scheduler)  # type: ignore[arg-type]
        check_weights(self.bare_model, epoch)
        metrics = {'epoch': epoch, **train_metrics, **self._validate_in_training(), **self.learning_rates()}
        metrics = {name: _plain(value) for name, value in metrics.items()}
        self._step_epoch_scheduler(metrics)
        self.on_epoch_end(epoch, metrics)

    def _end_training(self) -> None:
        self._remove_state()
        self.use_final_weights()
        if self._solver.overfit_batches is not None and self.is_main_process:
            self._tell_whether_learned_by_heart()

    def _tell_whether_learned_by_heart(self) -> None:
        """Log what `overfit_batches` was to show."""
        first, row = float(self.log_rows[0]['train_loss']), self.log_rows[-1]
        in_training = float(row['train_loss'])
        in_evaluation = float(row.get('val_loss', in_training))  # of the same samples, without dropout and the like
        last = min(in_training, in_evaluation)
        if last <= LEARNED * first:
            log.info(
                'overfit_batches: the loss went from %.4g to %.4g on %d samples, so they can be learned: data, model, '
                'loss and optimizer work together.',
                first,
                last,
                num_samples(self.train_ds),
            )
            if in_evaluation > LEARNED * first:
                log.info(
                    'overfit_batches: in evaluation, the loss of the same samples is %.4g yet. Running averages, as '
                    'those of batch normalization, need some hundred steps.',
                    in_evaluation,
                )
            return
        log.warning(
            'overfit_batches: the loss went from %.4g to only %.4g on %d samples in %d epochs, not to a tenth. '
            'Train longer (num_epochs) or with another lr. If that does not help, images and labels do not fit '
            'together (look at dataloaders/train.png), or the model or the loss cannot learn them.',
            first,
            last,
            num_samples(self.train_ds),
            len(self.log_rows),
        )

    def _validate_in_training(self) -> MetricDict:
        """Metrics of the validation data, in all processes; the first one computes them."""
        metrics: MetricDict = {}
        if self.is_main_process and num_samples(self.valid_ds):
            metrics = self._with_evaluated_model(lambda: self.evaluate(self.get_dataloader('valid')))
        return share_from_first(metrics) if self.is_ddp_process else metrics

    def _step_epoch_scheduler(self, metrics: dict[str, Any]) -> None:
        if isinstance(self.epoch_scheduler, ReduceLROnPlateau):
            self.epoch_scheduler.step(metrics.get('val_loss', metrics['train_loss']))
        elif self.epoch_scheduler is not None:
            step_schedule(self.epoch_scheduler)

    def _start_epoch(self, epoch: int) -> None:
        """Make the order of samples, and what they draw at random, follow from the seed and the epoch."""
        set_epoch(self.train_ds, epoch, self.cfg.seed)
        loader = self.get_dataloader('train')
        seed = order_seed(self.cfg.seed, epoch)
        for part in (loader, loader.sampler):
            generator = getattr(part, 'generator', None)
            if generator is not None:
                generator.manual_seed(seed)
        if isinstance(loader.sampler, DistributedSampler):
            loader.sampler.set_epoch(seed)

    def get_start_and_end_epochs(self, epochs: int | None = None) -> tuple[int, int]:
        """The epoch to go on with, and the one to stop before.

        Args:
            epochs: Number of epochs to train. None: up to the config's `num_epochs`.
        """
        start = self.get_start_epoch()
        if self.has_stalled():
            return start, start
        return start, start + epochs if epochs is not None else self._solver.num_epochs

    def on_train_start(self) -> None:
        """Called before the first epoch."""

    # ------------------------------------------------------------------ batches
    def train_epoch(
        self,
        optimizer: 'Optimizer',
        dataloader: 'DataLoader[Any] | None' = None,
        step_scheduler: LRScheduler | None = None,
    ) -> MetricDict:
        """Train for an epoch, or for what is left of it.

        Args:
            optimizer: Changes the weights.
            dataloader: The data. None: the training data.
            step_scheduler: Schedule of the learning rate that is stepped with the optimizer.

        Returns:
            Metrics; 'train_loss' and 'train_time' among them.
        """
        start = time.monotonic()
        self.model.train()
        dataloader = dataloader or self.get_dataloader('train')
        step = self._gradient_step(optimizer, step_scheduler)
        first, outputs = self._take_progress()
        title = f'epoch {self.get_start_epoch() + 1}, training'
        with Progress(title, len(dataloader), first, shown=self.is_main_process) as progress:
            for index, batch in progress.waiting_for(self._seeded_batches(dataloader, first)):
                output, done = self.learn(list(batch), index, step, dataloader)
                if output is not None:
                    outputs.append({key: _detached(value) for key, value in output.items()})
                if done and index + 1 < len(dataloader):
                    self._save_progress(index + 1, outputs)
                progress.add(len(batch[0]), None if output is None else output['train_loss'])
            self._speed = progress.speed()
        metrics: dict[str, Any] = self.train_end(outputs) if outputs else self.loss_of_nothing()
        if self.is_ddp_process:
            self.reduce_distributed_metrics(metrics)
        return {**metrics, 'train_time': str(timedelta(seconds=time.monotonic() - start))}

    def _gradient_step(self, optimizer: 'Optimizer', scheduler: LRScheduler | None) -> GradientStep:
        solver = self.cfg.solver
        accumulate, clip = (solver.accumulate_batches, solver.clip_grad_norm) if solver is not None else (1, None)
        return GradientStep(self.bare_model, optimizer, scheduler, self.scaler, accumulate, clip, self.average)

    def _seeded_batches(self, loader: 'DataLoader[Any]', first: int) -> Iterator[tuple[int, Any]]:
        """The batches with their numbers; the random numbers of each follow from seed, epoch and number."""
        epoch, rank = self.get_start_epoch(), self.ddp_rank or 0
        batches = from_batch(loader, first)
        for index in range(first, len(loader)):
            seed_step(self.cfg.seed, epoch, rank, index)
            yield index, next(batches)

    def train_end(self, outputs: list[dict[str, Any]]) -> MetricDict:
        """Make the metrics of an epoch from what `train_step` returned: their means over batches."""
        return aggregate_metrics(outputs)

    def reduce_distributed_metrics(self, metrics: dict[str, Any]) -> None:
        """Replace metrics by their means over all processes, in place."""
        reduce_metrics(metrics, self.device)

    # --------------------------------------------------------------- validation
    def validate(self, split: Split = 'valid') -> None:
        """Evaluate on a split, write `<split>_metrics.json`, and plot predictions."""
        metrics = self.evaluate(self.get_evaluation_dataloader(split, sampler=None, drop_last=False))
        if split == 'valid':
            metrics |= self.calibration
        log.debug('%s metrics: %s', split, metrics)
        json_to_file(metrics, os.path.join(self.output_dir_local, f'{split}_metrics.json'))
        self.plot_predictions(split, self.cfg.data.preview_batch_limit)

    def evaluate(self, dl: 'DataLoader[Any]') -> MetricDict:
        """The metrics of `validate_epoch` and `further_metrics`."""
        metrics = self.validate_epoch(dl)
        return {**metrics, **self.further_metrics()}

    def further_metrics(self) -> MetricDict:
        """Metrics of the last validation that earlier versions did not have."""
        return {}

    def validate_epoch(self, dl: 'DataLoader[Any]') -> MetricDict:
        """Evaluate on all batches of a loader.

        Returns:
            Metrics, and 'valid_time'.
        """
        start = time.monotonic()
        self.model.eval()
        outputs = []
        with torch.inference_mode(), Progress('validating', len(dl)) as progress:
            for index, batch in enumerate(progress.waiting_for(iter(dl))):
                output = self.judge(list(batch), index, dl)
                if output:
                    outputs.append({key: _detached(value) for key, value in output.items()})
                progress.add(len(batch[0]), output.get('val_loss'))
        metrics: dict[str, Any] = {name: _plain(value) for name, value in self.validate_end(outputs).items()}
        return {**metrics, 'valid_time': str(timedelta(seconds=time.monotonic() - start))}

    def validate_end(self, outputs: list[dict[str, Any]]) -> MetricDict:
        """Make the metrics from what `validate_step` returned: their means over batches."""
        return aggregate_metrics(outputs)

    def on_epoch_end(self, curr_epoch: int, metrics: dict[str, Any]) -> None:
        """Keep the results of an epoch: records of the loggers, state, weights, log.

        The state is written as a whole. Weights and log follow from it, here or when training goes on.
        """
        if self.is_main_process:
            self.tell_epoch(curr_epoch, metrics)
            self.record_epoch(curr_epoch, metrics)
        self.log_rows = [*self.log_rows, metrics]
        if not self.is_main_process:
            return
        self._state(curr_epoch).save(self._path(files.RESUME_FILENAME))
        self._write_results()
        if (curr_epoch + 1) % self._solver.sync_interval == 0:
            self.sync_to_cloud()


def _detached(value: Any) -> Any:
    """A value that can be kept: without what it was computed by."""
    return value.detach() if isinstance(value, Tensor) else _plain(value)


def _plain(value: Any) -> Any:
    """A number of NumPy or PyTorch as one of Python, which files can hold; anything else as it is."""
    is_number = isinstance(value, np.generic) or (isinstance(value, Tensor) and value.numel() == 1)
    return value.item() if is_number else value
