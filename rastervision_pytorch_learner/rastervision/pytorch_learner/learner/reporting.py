"""What a learner tells people and tools of its training."""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from rastervision.pipeline.masking import mask_data
from rastervision.pytorch_learner.dataset.combination import num_samples
from rastervision.pytorch_learner.learner import files
from rastervision.pytorch_learner.learner.progress import announce, speed_text
from rastervision.pytorch_learner.learner.results import ResultsPart
from rastervision.pytorch_learner.loggers.figures import prediction_image
from rastervision.pytorch_learner.loggers.logger import TrainingRun
from rastervision.pytorch_learner.loggers.loggers import Loggers
from rastervision.pytorch_learner.loggers.tensorboard_logger import TensorBoardLogger, TensorBoardServer

if TYPE_CHECKING:
    import subprocess

log = logging.getLogger(__name__)

HEADLINES = ('train_loss', 'val_loss', 'avg_f1', 'mean_iou', 'mAP', 'mAP50')
# What of the data config is recorded; the rest may be as large as the list of all scenes.
DATA_SETTINGS = ('img_sz', 'img_channels', 'augmentors', 'train_sz', 'train_sz_rel')


class ReportingPart(ResultsPart):
    """The part of a learner that records training with loggers, and shows it."""

    tb: TensorBoardLogger | None
    loggers: Loggers
    _server: TensorBoardServer | None = None
    _tb_writer: Any = None
    _speed: Mapping[str, float] = MappingProxyType({})  # of the last epoch

    # ------------------------------------------------------------------ loggers
    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Inside this context, training is recorded by the configured loggers, if this process writes the output."""
        self.loggers = Loggers()
        if self.is_main_process:
            self.setup_tensorboard()
            boards = [] if self.tb is None else [self.tb]
            self.loggers = Loggers([*boards, *(cfg.build() for cfg in self.cfg.loggers)])
        self.loggers.start(self._training_run())
        is_good = False
        try:
            yield
            is_good = True
        finally:
            self.loggers.end(is_good=is_good)

    @property
    def tb_writer(self) -> Any:
        """What writes for TensorBoard, a `SummaryWriter`, during training and after it; else None. It may be set."""
        return self._tb_writer or getattr(self.tb, 'writer', None)

    @tb_writer.setter
    def tb_writer(self, writer: Any) -> None:
        """Set it."""
        self._tb_writer = writer

    def setup_tensorboard(self) -> None:
        """Make the logger for TensorBoard, if configured."""
        if self.cfg.log_tensorboard:
            self.tb = TensorBoardLogger(files.TENSORBOARD_DIRNAME)

    @property
    def tb_process(self) -> 'subprocess.Popen[bytes] | None':
        """The process of the TensorBoard server, while it runs."""
        return None if self._server is None else self._server.process

    def run_tensorboard(self) -> None:
        """Run a TensorBoard server, until `stop_tensorboard` or the end of this process."""
        if self.cfg.log_tensorboard and self._server is None:
            self._server = TensorBoardServer(self._path(files.TENSORBOARD_DIRNAME))

    def stop_tensorboard(self) -> None:
        """End the server."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    @contextmanager
    def served(self) -> Iterator[None]:
        """Inside this context, TensorBoard shows the logs, if configured and if this process writes the output."""
        if self.cfg.run_tensorboard and self.is_main_process:
            self.run_tensorboard()
        try:
            yield
        finally:
            self.stop_tensorboard()

    def _training_run(self) -> TrainingRun:
        folder = self.output_dir_local
        name = '/'.join(os.path.normpath(self.output_dir or folder).split(os.sep)[-2:])
        return TrainingRun(name, folder, self._path(files.CHECKPOINTS_DIRNAME), self.get_start_epoch(), self.settings())

    def settings(self) -> dict[str, Any]:
        """What training is configured by, for its record: dotted names, and numbers, text or None.

        Where data comes from is left out.
        """
        data = self.cfg.data.dict(mode='json')
        settings = {
            'model': self.cfg.model and self.cfg.model.dict(mode='json'),
            'solver': self.cfg.solver and self.cfg.solver.dict(mode='json'),
            'data': {name: data[name] for name in DATA_SETTINGS if name in data},
            'seed': self.cfg.seed,
            'classes': self.cfg.data.class_names,
            'samples': {split: num_samples(dataset) for split, dataset in self.datasets.items()},
        }
        return dict(_flat(mask_data(settings)))

    # ------------------------------------------------------------------- epochs
    def learning_rates(self) -> dict[str, float]:
        """The learning rate of the optimizer as 'lr'; of further groups of weights as 'lr_1', and so on."""
        groups = self.opt.param_groups if self.opt is not None else []
        return {f'lr_{index}' if index else 'lr': float(group['lr']) for index, group in enumerate(groups)}

    def images(self) -> dict[str, np.ndarray]:
        """Images of how far training is, by name: (height, width, 3), uint8."""
        image = prediction_image(self) if num_samples(self.valid_ds) else None
        return {} if image is None else {'predictions': image}

    def record_epoch(self, epoch: int, metrics: Mapping[str, Any]) -> None:
        """Hand an epoch to the loggers. Times, which are text, are left out.

        It is recorded before its state is kept: if training is stopped between the two, it is repeated, and loggers
        drop what they have twice. The other way round, it would be missing.
        """
        numbers = {name: float(value) for name, value in metrics.items() if isinstance(value, Real) and name != 'epoch'}
        if self.loggers.loggers and self._is_image_due(epoch):
            for name, image in self._with_evaluated_model(self.images).items():
                self.loggers.log_image(epoch, name, image)
        self.loggers.log_metrics(epoch, {**numbers, **self._speed})

    def _is_image_due(self, epoch: int) -> bool:
        interval = self.cfg.image_interval
        return interval is not None and ((epoch + 1) % interval == 0 or epoch + 1 == self._solver.num_epochs)

    def tell_epoch(self, epoch: int, metrics: Mapping[str, Any]) -> None:
        """Show how an epoch went, in a line; all of its metrics are in the log at the level DEBUG."""
        errors = [name for name in metrics if name.endswith('_scaled_abs_error')]
        wanted = dict.fromkeys([*HEADLINES, *errors, self._solver.selection_metric or 'val_loss'])
        numbers = ', '.join(f'{name} {metrics[name]:.4g}' for name in wanted if name in metrics)
        how = [str(metrics.get('train_time', '')).split('.')[0]] + ([speed_text(self._speed)] if self._speed else [])
        announce(f'epoch {epoch + 1}/{self._solver.num_epochs}: {numbers} ({", ".join(how)})')
        log.debug('metrics:\n%s', json.dumps(metrics, indent=2, default=str))


def _flat(values: Mapping[str, Any], prefix: str = '') -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f'{prefix}{name}.')
        elif name != 'type_hint':
            is_plain = value is None or isinstance(value, str | int | float)
            yield f'{prefix}{name}', value if is_plain else json.dumps(value)
