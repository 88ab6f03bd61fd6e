"""What a learner keeps: state, weights, log, bundle."""

import json
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from rastervision.core.layout import BUNDLE_FILE
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.file_system.file_system import FileSystem
from rastervision.pipeline.file_system.publish import record
from rastervision.pipeline.file_system.utils import file_exists, sync_from_dir, sync_to_dir
from rastervision.pytorch_learner.learner import bundle, files, weights
from rastervision.pytorch_learner.learner.data import DataPart
from rastervision.pytorch_learner.learner.selection import best_index, has_stalled
from rastervision.pytorch_learner.learner.state import TrainingState
from rastervision.pytorch_learner.learner_config.circumstances import without_circumstances
from rastervision.pytorch_learner.loggers.csv_log import read_log, write_log

if TYPE_CHECKING:
    from torch import nn
    from torch.amp.grad_scaler import GradScaler
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler
    from torch.optim.swa_utils import AveragedModel

    from rastervision.pytorch_learner.learner.learner import Learner
    from rastervision.pytorch_learner.learner_config.solver import SolverConfig

T = TypeVar('T')

log = logging.getLogger(__name__)


class ResultsPart(DataPart):
    """The part of a learner that has to do with its output folder.

    Attributes:
        last_model_weights_path: The weights after the last epoch.
        checkpoints_dir_local: Folder of other weights, and of the state of training.
        log_path: Metrics of each epoch.
        config_path: The config.
        tb_log_dir: Folder of what TensorBoard shows.
        model_bundle_uri: The bundle, where the output goes.
    """

    output_dir: str | None
    opt: 'Optimizer | None'
    step_scheduler: 'LRScheduler | None'
    epoch_scheduler: 'LRScheduler | None'
    log_rows: list[dict[str, Any]]
    scaler: 'GradScaler'
    last_model_weights_path: str
    checkpoints_dir_local: str
    log_path: str
    config_path: str
    tb_log_dir: str
    model_bundle_uri: str
    average: 'AveragedModel | None' = None
    _resumed: TrainingState | None = None
    _progress: tuple[int, list[dict[str, Any]]] = 0, []

    def _name_files(self) -> None:
        """Say where the files of the output are."""
        self.last_model_weights_path = self._path(files.LAST_MODEL_FILENAME)
        self.checkpoints_dir_local = self._path(files.CHECKPOINTS_DIRNAME)
        self.log_path = self._path(files.LOG_FILENAME)
        self.config_path = self._path(files.CONFIG_FILENAME)
        self.tb_log_dir = self._path(files.TENSORBOARD_DIRNAME)
        self.model_bundle_uri = os.path.join(self.output_dir or self.output_dir_local, BUNDLE_FILE)

    @property
    def is_main_process(self) -> bool:
        """Whether this process writes the output: the only one, or the first of several."""
        return not self.is_ddp_process or self.ddp_rank == 0

    @property
    def is_ddp_master(self) -> bool:
        """Older name of `is_main_process`."""
        return self.is_main_process

    @property
    def is_ddp_local_master(self) -> bool:
        """Whether this process is the only one, or the first, on its machine."""
        return not self.is_ddp_process or self.ddp_local_rank == 0

    @property
    def distributed(self) -> bool:
        """Whether this is one of several processes that train together."""
        return self.is_ddp_process

    @property
    def _solver(self) -> 'SolverConfig':
        if self.cfg.solver is None:
            raise ConfigError('solver: not set, but needed for training.')
        return self.cfg.solver

    def get_start_epoch(self) -> int:
        """The epoch after the last that was finished."""
        return int(self.log_rows[-1]['epoch']) + 1 if self.log_rows else 0

    def _path(self, name: str) -> str:
        return os.path.join(self.output_dir_local, name)

    def _settings(self) -> str:
        """What must be the same for training to go on exactly: all of the config that weights depend on."""
        settings = without_circumstances(self.cfg.dict(mode='json'), with_results=False)
        settings['code'] = bundle.code_digests(self.cfg, self.modules_dir)
        return json.dumps(settings, sort_keys=True, default=str)

    # --------------------------------------------------------------- best weights
    @property
    def evaluated_model(self) -> 'nn.Module':
        """The model that is evaluated and kept: with the running average of the weights, if there is one."""
        if self.average is None:
            return self.bare_model
        model: nn.Module = self.average.module
        return model

    def _with_evaluated_model(self, action: Callable[[], T]) -> T:
        wrapped, self.model = self.model, self.evaluated_model
        try:
            return action()
        finally:
            self.model = wrapped

    def has_stalled(self) -> bool:
        """Whether training is to stop early."""
        metric, patience = self._solver.selection_metric, self._solver.early_stopping_epochs
        return metric is not None and has_stalled(self.log_rows, metric, patience)

    def use_final_weights(self) -> None:
        """Give the model the weights that training ends with: of the best epoch, or the last, as configured."""
        best = self._path(files.BEST_MODEL_FILENAME)
        if self._solver.selection_metric is not None and os.path.isfile(best):
            self.load_weights(best)
        elif self.average is not None:
            self.bare_model.load_state_dict(self.average.module.state_dict())

    # ---------------------------------------------------------------------- state
    def _state(self, epoch: int, batch: int = 0, outputs: Sequence[dict[str, Any]] = ()) -> TrainingState:
        step, per_epoch = (
            s.state_dict() if s is not None else None for s in (self.step_scheduler, self.epoch_scheduler)
        )
        return TrainingState(
            epoch,
            self._settings(),
            self.log_rows,
            self.bare_model.state_dict(),
            self.opt.state_dict(),  # type: ignore[union-attr]
            step,
            per_epoch,
            self.scaler.state_dict(),
            self.average.state_dict() if self.average is not None else None,
            batch,
            list(outputs),
        )

    def _save_progress(self, batch: int, outputs: Sequence[dict[str, Any]]) -> None:
        """Save the state within an epoch, when it is time to."""
        interval = self.cfg.solver.state_interval if self.cfg.solver is not None else None
        if interval is None or batch % interval or not self.is_main_process:
            return
        self._state(self.get_start_epoch() - 1, batch, outputs).save(self._path(files.RESUME_FILENAME))

    def _take_progress(self) -> tuple[int, list[dict[str, Any]]]:
        """How many batches of this epoch are done already, and what `train_step` returned for them; once."""
        (batch, outputs), self._progress = self._progress, (0, [])
        return batch, list(outputs)

    def _write_results(self) -> None:
        """Write the files that follow from the state, each whole or not at all, in an order that may stop anywhere."""
        last = self.last_model_weights_path
        previous = self._path(files.checkpoint_filename(self.get_start_epoch() - 2))
        if self.cfg.save_all_checkpoints and len(self.log_rows) > 1 and not os.path.isfile(previous):
            shutil.copyfile(last, f'{previous}.part')
            os.replace(f'{previous}.part', previous)
        self._with_evaluated_model(lambda: self.save_weights(last))
        metric = self._solver.selection_metric
        if metric is not None and best_index(self.log_rows, metric) == len(self.log_rows) - 1:
            weights.save_weights(self.evaluated_model, self._path(files.BEST_MODEL_FILENAME))
        write_log(self.log_path, self.log_rows)

    def load_checkpoint(self) -> None:
        """Go on from where an earlier run in the output folder stopped, if there is one.

        Without its state (a run that was complete, or one of an earlier version), weights and log are what there is.
        """
        state = self._resumed = TrainingState.load(self._path(files.RESUME_FILENAME))
        if state is not None and state.settings != self._settings():
            log.warning('The config has changed since training stopped: optimizer and schedules start anew.')
            self._resumed = None
        if state is not None and (state.batch == 0 or self._resumed is not None):
            self._load_state(state)
        else:
            self.log_rows = read_log(self.log_path)
            last = self.last_model_weights_path
            if self.log_rows and os.path.isfile(last):
                self.load_weights(last)
        if self.log_rows:
            log.info('Going on after epoch %d.', self.get_start_epoch() - 1)

    def _load_state(self, state: TrainingState) -> None:
        self.log_rows = list(state.log)
        self.bare_model.load_state_dict(state.model)
        if self.average is not None and state.average is not None:
            self.average.load_state_dict(state.average)
        if self.is_main_process and state.batch == 0:
            self._write_results()

    def _restore_state(self) -> None:
        state, self._resumed = self._resumed, None
        if state is None:
            return
        self.opt.load_state_dict(state.optimizer)  # type: ignore[union-attr]
        self.scaler.load_state_dict(state.scaler)
        self._progress = state.batch, self.to_device(state.outputs, self.device)
        saved = (self.step_scheduler, state.step_scheduler), (self.epoch_scheduler, state.epoch_scheduler)
        for scheduler, scheduler_state in saved:
            if scheduler is not None and scheduler_state is not None:
                scheduler.load_state_dict(scheduler_state)

    def keep_results(self) -> None:
        """Note the files of training as put out by this run, although an earlier one wrote them."""
        names = (files.LOG_FILENAME, files.LAST_MODEL_FILENAME, files.BEST_MODEL_FILENAME, files.RESUME_FILENAME)
        there = [name for name in names if os.path.isfile(self._path(name))]
        record(os.path.join(self.output_dir or self.output_dir_local, name) for name in there)

    def _remove_state(self) -> None:
        path = self._path(files.RESUME_FILENAME)
        if self.is_main_process and os.path.isfile(path):
            os.remove(path)

    def save_model_bundle(self, export_onnx: bool = True) -> None:
        """Write the bundle `model-bundle.zip`.

        Args:
            export_onnx: Add the model in ONNX format.
        """
        log.info('Writing the model bundle')
        bundle.write_bundle(cast('Learner', self), self._path(BUNDLE_FILE), export_onnx=export_onnx)

    def sync_to_cloud(self) -> None:
        """Upload the output, if it is to be remote; of a training that has ended, the state goes only then."""
        if self.output_dir is None or self.output_dir == self.output_dir_local:
            return
        sync_to_dir(self.output_dir_local, self.output_dir)
        if not os.path.isfile(self._path(files.RESUME_FILENAME)):
            uri = os.path.join(self.output_dir, files.RESUME_FILENAME)
            FileSystem.get_file_system(uri, 'w').remove(uri)

    def sync_from_cloud(self) -> None:
        """Download the output of an earlier run, if it is remote."""
        if self.output_dir is not None and self.output_dir != self.output_dir_local and file_exists(self.output_dir):
            sync_from_dir(self.output_dir, self.output_dir_local)
