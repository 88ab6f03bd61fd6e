"""Training a model, evaluating it, and keeping the results."""

import json
import logging
import os
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from torch.utils.data import DistributedSampler, RandomSampler
from tqdm import tqdm  # tqdm.auto would start the workers of a data loader twice

from rastervision.pipeline import lazy
from rastervision.pipeline.errors import BundleError, ConfigError
from rastervision.pipeline.file_system.utils import is_local, json_to_file
from rastervision.pipeline.rv_config import rv_config_
from rastervision.pytorch_learner.dataset.combination import num_samples, set_epoch
from rastervision.pytorch_learner.learner import bundle, files
from rastervision.pytorch_learner.learner.data import SPLITS, Split
from rastervision.pytorch_learner.learner.log import log_system_details
from rastervision.pytorch_learner.learner.results import ResultsPart
from rastervision.pytorch_learner.learner.state import seed_epoch
from rastervision.pytorch_learner.metrics import MetricDict, aggregate_metrics
from rastervision.pytorch_learner.utils.distributed import DDPContextManager, ddp_environment, reduce_metrics, spawn

if TYPE_CHECKING:
    from torch.utils.data import DataLoader, Dataset

    from rastervision.pytorch_learner.learner_config.learner import LearnerConfig

log = logging.getLogger(__name__)


class Learner(ResultsPart):
    """Trains a model and predicts with it.

    Subclasses say what the steps of a task are. A config is enough to make all parts; each can be passed instead.

    Training can be stopped at any moment, and goes on after the last finished epoch when it is started again with the
    same config and output folder. The result is the same as without stopping, whatever the number of workers.

    Args:
        cfg: The config; it is copied.
        output_dir: Folder for the output, local or remote. None: the config's `output_uri`.
        train_ds: Training data.
        valid_ds: Validation data.
        test_ds: Test data.
        model: The model.
        loss: Function of outputs and labels.
        optimizer: Changes the weights.
        epoch_scheduler: Schedule of the learning rate, stepped with each epoch.
        step_scheduler: Schedule of the learning rate, stepped with each batch.
        tmp_dir: Folder for temporary files. None: one is made.
        model_weights_path: Weights to start from.
        model_def_path: Folder with the external definition of the model.
        loss_def_path: Folder with the external definition of the loss.
        training: Whether to prepare training. Without, the learner can only predict.
    """

    def __init__(
        self,
        cfg: 'LearnerConfig',
        output_dir: str | None = None,
        train_ds: 'Dataset[Any] | None' = None,
        valid_ds: 'Dataset[Any] | None' = None,
        test_ds: 'Dataset[Any] | None' = None,
        model: nn.Module | None = None,
        loss: Callable[..., torch.Tensor] | None = None,
        optimizer: Optimizer | None = None,
        epoch_scheduler: LRScheduler | None = None,
        step_scheduler: LRScheduler | None = None,
        tmp_dir: str | None = None,
        model_weights_path: str | None = None,
        model_def_path: str | None = None,
        loss_def_path: str | None = None,
        training: bool = True,
    ) -> None:
        self.cfg = cfg.copy()
        if self.cfg.data.class_config is None:
            self.cfg.update()
        self.cfg.recursive_validate_config()
        self.model, self.loss, self.opt = model, loss, optimizer
        self.epoch_scheduler, self.step_scheduler = epoch_scheduler, step_scheduler
        self.datasets = {'train': train_ds, 'valid': valid_ds, 'test': test_ds}
        self.dataloaders = dict.fromkeys(SPLITS)
        self.model_bundle_dir: str | None = None
        self.tb = None
        self.log_rows = []
        self.loss_def_path = loss_def_path
        self.setup_ddp_params()
        self._setup_dirs(output_dir, tmp_dir, training)
        if training:
            self._setup_data_and_channels()
        self.setup_model(model_weights_path, model_def_path)
        if training:
            self.setup_training(loss_def_path)
        elif not self.onnx_mode:
            self.model.eval()

    @classmethod
    def from_model_bundle(
        cls,
        model_bundle_uri: str,
        tmp_dir: str | None = None,
        cfg: 'LearnerConfig | None' = None,
        training: bool = False,
        use_onnx_model: bool | None = None,
        *,
        trust: bool = False,
        **kwargs: Any,
    ) -> Self:
        """Make a learner from a bundle, of this or an earlier version.

        Args:
            model_bundle_uri: The bundle, local or remote.
            tmp_dir: Folder for temporary files. None: one is made.
            cfg: Config to use instead of the bundle's.
            training: Whether to prepare training.
            use_onnx_model: Run the bundle's ONNX model instead of PyTorch's. None: as the setting USE_ONNX says.
            trust: Allow code of the bundle to be run: external definitions of models, losses and transforms.
            kwargs: Passed to the learner.

        Raises:
            BundleError: If it is not a bundle, or would run code and is not trusted.
        """
        tmp_dir = tmp_dir or tempfile.mkdtemp(dir=rv_config_.get_tmp_dir_root())
        folder = bundle.unpack(model_bundle_uri, tmp_dir)
        cfg = cfg or bundle.get_learner_config_from_bundle_dir(folder)
        own_model = kwargs.get('model') is not None
        bundle.check_trust(cfg, model_bundle_uri, trust=trust, own_model=own_model, training=training)
        learner_cls: type[Self] = cls if cls is not Learner else lazy.load(str(cfg._learner))
        if use_onnx_model is None:
            use_onnx_model = rv_config_.get_namespace_option('rastervision', 'USE_ONNX', False, as_bool=True)
        if use_onnx_model:
            if training:
                raise BundleError(f'{model_bundle_uri}: an ONNX model cannot be trained. Leave out use_onnx_model.')
            path = os.path.join(folder, files.BUNDLE_MODEL_ONNX_FILENAME)
            if not os.path.isfile(path):
                raise BundleError(f'{model_bundle_uri}: has no ONNX model. Set use_onnx_model=False.')
            kwargs['model'] = learner_cls.load_onnx_model(learner_cls.__new__(learner_cls), path)
        else:
            kwargs['model_weights_path'] = bundle.find_weights(folder)
            definition = cfg.model.external_def if cfg.model is not None and not own_model else None
            kwargs['model_def_path'] = bundle.definition_dir(folder, definition)
        if training and cfg.solver is not None:
            kwargs['loss_def_path'] = bundle.definition_dir(folder, cfg.solver.external_loss_def)
        if cfg.model is not None:
            cfg = cfg.copy()
            cfg.model.pretrained = False  # type: ignore[union-attr]
        learner = learner_cls(cfg, tmp_dir=tmp_dir, training=training, **kwargs)
        learner.model_bundle_dir = folder
        return learner

    # -------------------------------------------------------------------- setup
    def _setup_dirs(self, output_dir: str | None, tmp_dir: str | None, training: bool) -> None:
        self.tmp_dir = tmp_dir or tempfile.mkdtemp(dir=rv_config_.get_tmp_dir_root())
        self.output_dir = output_dir or self.cfg.output_uri
        if self.output_dir is None and training:
            raise ConfigError('output_uri: not set. Set it, or pass output_dir to the learner.')
        if self.output_dir is not None and is_local(self.output_dir):
            self.output_dir_local = self.output_dir
        else:
            self.output_dir_local = os.path.join(self.tmp_dir, 'output')
        self.modules_dir = os.path.join(self.output_dir_local if training else self.tmp_dir, files.MODULES_DIRNAME)
        if training:
            self.sync_from_cloud()
            for folder in (files.CHECKPOINTS_DIRNAME, files.MODULES_DIRNAME):
                os.makedirs(os.path.join(self.output_dir_local, folder), exist_ok=True)

    def setup_ddp_params(self) -> None:
        """Find out whether this is one of several processes that train together, and the device to use."""
        env = ddp_environment()
        self.is_ddp_process = env is not None
        self.ddp_rank, self.ddp_local_rank, self.ddp_world_size = env or (None, None, None)
        self.device = torch.device(f'cuda:{self.ddp_local_rank or 0}' if torch.cuda.is_available() else 'cpu')

    def _setup_data_and_channels(self) -> None:
        self.setup_data()
        if self.cfg.data.img_channels is not None:
            return
        for dataset in self.datasets.values():
            if dataset is not None and num_samples(dataset):
                self.cfg.data.img_channels = int(dataset[0][0].shape[-3])
                return

    def setup_training(self, loss_def_path: str | None = None) -> None:
        """Prepare training: config file, loss, weights and state of an earlier run, optimizer, schedules, TensorBoard.

        Args:
            loss_def_path: Folder with the external definition of the loss.
        """
        if self.is_main_process:
            self.cfg.to_file(os.path.join(self.output_dir_local, files.CONFIG_FILENAME))
        self.log_data_stats()
        self.setup_loss(loss_def_path)
        self.load_checkpoint()
        start_epoch = self.get_start_epoch()
        own_schedules = self.step_scheduler, self.epoch_scheduler
        self.opt = self.opt or self.build_optimizer()
        if self.cfg.solver is not None:
            self.step_scheduler = own_schedules[0] or self.build_step_scheduler(start_epoch)
            self.epoch_scheduler = own_schedules[1] or self.build_epoch_scheduler(start_epoch)
        self._restore_state()
        if self.is_main_process:
            self.setup_tensorboard()

    def setup_loss(self, loss_def_path: str | None = None) -> None:
        """Build the loss if none was passed, and move it to the device."""
        if self.loss is None:
            self.loss = self.build_loss(loss_def_path)
        if isinstance(self.loss, nn.Module):
            self.loss.to(self.device)

    def build_loss(self, loss_def_path: str | None = None) -> Callable[..., torch.Tensor] | None:
        """Build the loss from the config.

        Args:
            loss_def_path: Folder with its external definition.
        """
        if self.cfg.solver is None:
            return None
        return self.cfg.solver.build_loss(self.cfg.data.num_classes, self.modules_dir, hubconf_dir=loss_def_path)

    def build_optimizer(self) -> Optimizer:
        """Build the optimizer from the config."""
        return self._solver.build_optimizer(self.bare_model)

    def build_step_scheduler(self, start_epoch: int = 0) -> LRScheduler | None:
        """Build the schedule that is stepped with each batch, to go on at an epoch."""
        size = num_samples(self.train_ds)
        return self._solver.build_step_scheduler(self.opt, size, last_epoch=start_epoch - 1)  # type: ignore[arg-type]

    def build_epoch_scheduler(self, start_epoch: int = 0) -> LRScheduler | None:
        """Build the schedule that is stepped with each epoch, to go on at an epoch."""
        return self._solver.build_epoch_scheduler(self.opt, last_epoch=start_epoch - 1)  # type: ignore[arg-type]

    # ----------------------------------------------------------------- training
    def main(self) -> None:
        """Train; then write the bundle, evaluate and plot. With several GPUs, a process is started for each."""
        if self.is_main_process:
            log_system_details()
            self.plot_dataloaders(self.cfg.data.preview_batch_limit)
        if self.is_ddp_process:
            with self.ddp():
                self.train()
            if not self.is_main_process:
                return
        elif not spawn(self):
            if self.cfg.run_tensorboard:
                self.run_tensorboard()
            self.train()
        else:
            self.load_checkpoint()
        if self.cfg.save_model_bundle:
            self.save_model_bundle(export_onnx=self.cfg.export_onnx)
        self.stop_tensorboard()
        for split in ('train', 'valid') if self.cfg.eval_train else ('valid',):
            if num_samples(self.get_dataset(split)):
                self.validate(split)
                self.plot_predictions(split, self.cfg.data.preview_batch_limit)
        self.sync_to_cloud()

    def train(self, epochs: int | None = None) -> None:
        """Train from the last finished epoch on.

        Args:
            epochs: Number of epochs to train. None: up to the config's `num_epochs`.
        """
        start, end = self.get_start_and_end_epochs(epochs)
        if start >= end:
            log.info('Training is already completed: %d epochs.', start)
            self._remove_state()
            return
        self.on_train_start()
        for epoch in range(start, end):
            log.info('epoch: %d', epoch)
            self._start_epoch(epoch)
            train_metrics = self.train_epoch(self.opt, step_scheduler=self.step_scheduler)  # type: ignore[arg-type]
            valid_metrics = self._validate_in_training()
            metrics = {'epoch': epoch, **train_metrics, **valid_metrics}
            self._step_epoch_scheduler(metrics)
            log.info('metrics:\n%s', json.dumps(metrics, indent=2, default=str))
            self.on_epoch_end(epoch, metrics)
        if end >= (self.cfg.solver.num_epochs if self.cfg.solver is not None else end):
            self._remove_state()

    def _validate_in_training(self) -> MetricDict:
        if not self.is_main_process or not num_samples(self.valid_ds):
            return {}
        wrapped, self.model = self.model, self.bare_model  # the others do not take part in this
        try:
            return self.validate_epoch(self.get_dataloader('valid'))
        finally:
            self.model = wrapped

    def _step_epoch_scheduler(self, metrics: dict[str, Any]) -> None:
        if isinstance(self.epoch_scheduler, ReduceLROnPlateau):
            self.epoch_scheduler.step(metrics.get('val_loss', metrics['train_loss']))
        elif self.epoch_scheduler is not None:
            self.epoch_scheduler.step()

    def _start_epoch(self, epoch: int) -> None:
        """Make all randomness of an epoch follow from the seed and its number."""
        order_seed = seed_epoch(self.cfg.seed, epoch, self.ddp_rank or 0)
        set_epoch(self.train_ds, epoch, self.cfg.seed)
        loader = self.get_dataloader('train')
        sampler = loader.sampler
        if loader.generator is not None:
            loader.generator.manual_seed(order_seed)
        if isinstance(sampler, DistributedSampler):
            sampler.set_epoch(epoch)
        elif isinstance(sampler, RandomSampler) and sampler.generator is not None:
            sampler.generator.manual_seed(order_seed)

    def get_start_and_end_epochs(self, epochs: int | None = None) -> tuple[int, int]:
        """The epoch to go on with, and the one to stop before.

        Args:
            epochs: Number of epochs to train. None: up to the config's `num_epochs`.
        """
        start = self.get_start_epoch()
        return start, start + epochs if epochs is not None else self._solver.num_epochs

    def on_train_start(self) -> None:
        """Called before the first epoch."""

    def train_epoch(
        self,
        optimizer: Optimizer,
        dataloader: 'DataLoader[Any] | None' = None,
        step_scheduler: LRScheduler | None = None,
    ) -> MetricDict:
        """Train for an epoch.

        Args:
            optimizer: Changes the weights.
            dataloader: The data. None: the training data.
            step_scheduler: Schedule of the learning rate that is stepped with each batch.

        Returns:
            Metrics; 'train_loss' and 'train_time' among them.
        """
        start = time.monotonic()
        self.model.train()
        outputs = []
        dataloader = dataloader or self.get_dataloader('train')
        for index, batch in enumerate(tqdm(dataloader, desc='Training', disable=not self.is_main_process)):
            batch = self.to_device(list(batch), self.device)
            optimizer.zero_grad()
            output = self.train_step(batch, index)
            output['train_loss'].backward()
            optimizer.step()
            if step_scheduler is not None:
                step_scheduler.step()
            outputs.append({key: _detached(value) for key, value in output.items()})
        metrics: dict[str, Any] = self.train_end(outputs)
        if self.is_ddp_process:
            self.reduce_distributed_metrics(metrics)
        return {**metrics, 'train_time': str(timedelta(seconds=time.monotonic() - start))}

    def train_step(self, batch: Any, batch_ind: int) -> dict[str, Any]:
        """Compute the loss of a batch: 'train_loss' in the result, a tensor that can be differentiated."""
        raise ConfigError(f'{type(self).__name__}: train_step is not defined.')

    def train_end(self, outputs: list[dict[str, Any]]) -> MetricDict:
        """Make the metrics of an epoch from what `train_step` returned: their means over batches."""
        return aggregate_metrics(outputs)

    def validate(self, split: Split = 'valid') -> None:
        """Evaluate on a split and write `<split>_metrics.json`."""
        metrics = self.validate_epoch(self.build_dataloader(split, distributed=False, sampler=None, drop_last=False))
        log.info('metrics: %s', metrics)
        json_to_file(metrics, os.path.join(self.output_dir_local, f'{split}_metrics.json'))

    def validate_epoch(self, dl: 'DataLoader[Any]') -> MetricDict:
        """Evaluate on all batches of a loader.

        Returns:
            Metrics, and 'valid_time'.
        """
        start = time.monotonic()
        self.model.eval()
        outputs = []
        with torch.inference_mode():
            for index, batch in enumerate(tqdm(dl, desc='Validating')):
                output = self.validate_step(self.to_device(list(batch), self.device), index)
                outputs.append({key: _detached(value) for key, value in output.items()})
        metrics: dict[str, Any] = self.validate_end(outputs)
        return {**metrics, 'valid_time': str(timedelta(seconds=time.monotonic() - start))}

    def validate_step(self, batch: Any, batch_ind: int) -> dict[str, Any]:
        """Compute what the metrics of a batch are made of."""
        raise ConfigError(f'{type(self).__name__}: validate_step is not defined.')

    def validate_end(self, outputs: list[dict[str, Any]]) -> MetricDict:
        """Make the metrics from what `validate_step` returned: their means over batches."""
        return aggregate_metrics(outputs)

    def on_epoch_end(self, curr_epoch: int, metrics: dict[str, Any]) -> None:
        """Keep the results of an epoch: state, weights, log, TensorBoard.

        The state is written first and as a whole. All else follows from it, here or when training goes on.
        """
        self.log_rows = [*self.log_rows, metrics]
        if not self.is_main_process:
            return
        self._state(curr_epoch).save(self._path(files.RESUME_FILENAME))
        self._write_results()
        if self.tb is not None:
            self.tb.add(curr_epoch, metrics)
        if (curr_epoch + 1) % self._solver.sync_interval == 0:
            self.sync_to_cloud()

    # -------------------------------------------------------------- distributed
    def ddp(self, rank: int | None = None, world_size: int | None = None) -> DDPContextManager:
        """Inside this context, several processes train one model together.

        Args:
            rank: Number of this process. None: from the environment.
            world_size: Number of processes. None: from the environment.
        """
        return DDPContextManager(self, rank, world_size)

    def reduce_distributed_metrics(self, metrics: dict[str, Any]) -> None:
        """Replace metrics by their means over all processes, in place."""
        reduce_metrics(metrics, self.device)


def _detached(value: Any) -> Any:
    return value.detach() if isinstance(value, torch.Tensor) else value
