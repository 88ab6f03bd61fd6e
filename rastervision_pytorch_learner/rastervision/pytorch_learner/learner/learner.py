"""Training a model, evaluating it, and keeping the results."""

import logging
import math
import os
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, cast

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ConfigError, about
from rastervision.pipeline.file_system.utils import is_local, json_to_file
from rastervision.pipeline.masking import mask_data
from rastervision.pipeline.overriding import is_overridden
from rastervision.pipeline.rv_config import rv_config_
from rastervision.pytorch_learner.dataset.combination import num_samples
from rastervision.pytorch_learner.learner import bundle, files
from rastervision.pytorch_learner.learner.compute import ComputeOptions
from rastervision.pytorch_learner.learner.data import SPLITS, DataPart, Split
from rastervision.pytorch_learner.learner.lr_finder import LearningRates, find_lr
from rastervision.pytorch_learner.learner.system import log_system_details
from rastervision.pytorch_learner.learner.training import TrainingPart
from rastervision.pytorch_learner.learner.weights import input_channels, read_weights
from rastervision.pytorch_learner.loggers.loggers import Loggers
from rastervision.pytorch_learner.utils.distributed import DDPContextManager, ddp_environment, spawn

if TYPE_CHECKING:
    from torch.utils.data import Dataset

    from rastervision.pytorch_learner.learner_config.learner import LearnerConfig

log = logging.getLogger(__name__)

PARTS = (
    *('train_ds', 'valid_ds', 'test_ds', 'model', 'loss', 'optimizer', 'epoch_scheduler', 'step_scheduler'),
    *('model_weights_path', 'model_def_path', 'loss_def_path'),
)


class Learner(TrainingPart):
    """Trains a model and predicts with it.

    Subclasses say what the steps of a task are. A config is enough to make all parts; each can be passed instead.

    Training can be stopped at any moment, and goes on after the last saved state when it is started again with the
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

    Attributes:
        given_parts: Those of the arguments that would else be made from the config.
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
        given = locals()
        self.given_parts = {name: given[name] for name in PARTS if given[name] is not None}
        self.model, self.loss, self.opt = model, loss, optimizer
        self.model_was_passed = model is not None
        self.epoch_scheduler, self.step_scheduler = epoch_scheduler, step_scheduler
        self.datasets = {'train': train_ds, 'valid': valid_ds, 'test': test_ds}
        self.dataloaders = dict.fromkeys(SPLITS)
        self.model_bundle_dir: str | None = None
        self.tb = None
        self.loggers = Loggers()
        self.log_rows = []
        self.init_loss_def_path = loss_def_path
        self.training = training
        self.init_model_weights_path, self.init_model_def_path = model_weights_path, model_def_path
        self.compute = ComputeOptions.of(self.cfg.model, training=training, onnx=self.onnx_mode)
        self.setup_ddp_params()
        self._setup_dirs(output_dir, tmp_dir, training)
        if training:
            self._setup_data_and_channels()
            self._check_calibration()
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
            model_bundle_uri: The bundle that training writes, or that of a pipeline, local or remote.
            tmp_dir: Folder for temporary files. None: one is made.
            cfg: Config to use instead of the bundle's. The code that it names is taken from where it says, unless the
                bundle is trusted.
            training: Whether to prepare training.
            use_onnx_model: Run the bundle's ONNX model instead of PyTorch's. None: as the setting USE_ONNX says.
            trust: Allow code of the bundle to be run: external definitions of models, losses and transforms.
            kwargs: Passed to the learner. A bundle of a model that no config describes needs `model`, a model of the
                same class, which gets the weights.

        Raises:
            BundleError: If it is not a bundle, or would run code and is not trusted.
        """
        tmp_dir = tmp_dir or rv_config_.make_tmp_dir()
        folder = bundle.unpack(model_bundle_uri, tmp_dir)
        own_cfg = cfg is not None
        if cfg is None:
            with about(model_bundle_uri):
                cfg = bundle.get_learner_config_from_bundle_dir(folder)
        own_model = kwargs.get('model') is not None
        if use_onnx_model is None:
            use_onnx_model = rv_config_.get_namespace_option('rastervision', 'USE_ONNX', False, as_bool=True)
        has_model = own_model or bool(use_onnx_model)
        if not own_cfg:
            bundle.check_trust(cfg, model_bundle_uri, trust=trust, own_model=has_model, training=training)
        if use_onnx_model:
            path = bundle.find_onnx(folder, model_bundle_uri, training=training)
            learner_cls: type[Learner] = cls if cls is not Learner or not cfg._learner else lazy.load(cfg._learner)
            kwargs['model'] = learner_cls.load_onnx_model(learner_cls.__new__(learner_cls), path)
        else:
            bundle.check_model(cfg, folder, model_bundle_uri, own_model=own_model)
            kwargs['model_weights_path'] = bundle.find_weights(folder)
        if trust:
            kwargs |= bundle.definition_dirs(cfg, folder, own_model=has_model, training=training)
        cfg = cfg.copy()
        if cfg.model is not None:
            cfg.model.pretrained = False
        if not own_cfg and not trust:
            bundle.keep_to_itself(cfg)
        if cfg.data.img_channels is None and not training and not has_model:  # as up to 0.13
            cfg.data.img_channels = input_channels(read_weights(kwargs['model_weights_path']))
        if training and not own_cfg:
            cfg.temperature = 1.0  # it belongs to the weights before training
        options = {'tmp_dir': tmp_dir, 'training': training, **kwargs}
        learner = cast(Self, cfg.build_with(**options)) if cls is Learner else cls(cfg, **options)
        learner.model_bundle_dir = folder
        return learner

    # -------------------------------------------------------------------- setup
    def _setup_dirs(self, output_dir: str | None, tmp_dir: str | None, training: bool) -> None:
        # Kept, unlike other temporary folders: a training without output_dir has its results in it.
        self.tmp_dir = tmp_dir or tempfile.mkdtemp(dir=rv_config_.get_tmp_dir_root())
        self.output_dir = output_dir or self.cfg.output_uri
        if self.output_dir is None and training:
            raise ConfigError('output_uri: not set. Set it, or pass output_dir to the learner.')
        if self.output_dir is not None and is_local(self.output_dir):
            self.output_dir_local = self.output_dir
        else:
            self.output_dir_local = os.path.join(self.tmp_dir, 'output')
        self._name_files()
        self.modules_dir = os.path.join(self.output_dir_local if training else self.tmp_dir, files.MODULES_DIRNAME)
        if training:
            self.sync_from_cloud()
            shown = [files.TENSORBOARD_DIRNAME] if self.cfg.log_tensorboard else []
            for folder in (files.CHECKPOINTS_DIRNAME, *shown):
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
        for dataset in map(self.get_dataset, SPLITS):
            if dataset is not None and num_samples(dataset):
                self.cfg.data.img_channels = int(dataset[0][0].shape[-3])
                return

    def _check_calibration(self) -> None:
        if self.cfg.solver is not None and self.cfg.solver.calibrate and not num_samples(self.valid_ds):
            raise ConfigError('solver.calibrate: needs validation data, and there are none.')

    def setup_training(self, loss_def_path: str | None = None) -> None:
        """Prepare training: config file, loss, weights and state of an earlier run, optimizer, schedules.

        Args:
            loss_def_path: Folder with the external definition of the loss.
        """
        if self.is_main_process:
            config = self.cfg.dict(with_rv_metadata=True, mode='json')
            json_to_file(mask_data(config), os.path.join(self.output_dir_local, files.CONFIG_FILENAME))
        self.setup_loss(loss_def_path)
        self.setup_steps()
        self.load_checkpoint()
        start_epoch = self.get_start_epoch()
        own_schedules = self.step_scheduler, self.epoch_scheduler
        self.opt = self.opt or self.build_optimizer()
        if self.cfg.solver is not None:
            self.step_scheduler = own_schedules[0] or self.build_step_scheduler(start_epoch)
            self.epoch_scheduler = own_schedules[1] or self.build_epoch_scheduler(start_epoch)
        self._restore_state()
        if is_overridden(self, 'get_visualizer_class', base=DataPart) and self._visualizer is None:
            self.visualizer = self.build_visualizer()

    def setup_loss(self, loss_def_path: str | None = None) -> None:
        """Build the loss if none was passed, and move it to the device."""
        if self.loss is None:
            self.loss = self.build_loss(loss_def_path)
        if isinstance(self.loss, nn.Module):
            self.loss.to(self.device)

    @property
    def loss_weights(self) -> torch.Tensor | None:
        """Weight of each class in the loss, (classes,), float32; None if there are none."""
        weights = None if self.cfg.solver is None else self.cfg.solver.class_loss_weights
        return None if weights is None else torch.tensor(weights, dtype=torch.float32, device=self.device)

    def build_loss(self, loss_def_path: str | None = None) -> Callable[..., torch.Tensor] | None:
        """Build the loss from the config.

        Args:
            loss_def_path: Folder with its external definition.
        """
        if self.cfg.solver is None:
            return None
        modules_dir = bundle.loss_modules_dir_of(self.cfg, self.modules_dir)
        return self.cfg.solver.build_loss(self.cfg.data.num_classes, modules_dir, hubconf_dir=loss_def_path)

    def build_optimizer(self) -> Optimizer:
        """Build the optimizer from the config."""
        return self._solver.build_optimizer(self.bare_model)

    def build_step_scheduler(self, start_epoch: int = 0) -> LRScheduler | None:
        """Build the schedule that is stepped with each batch, to go on at an epoch."""
        size = math.ceil(num_samples(self.train_ds) / (self.ddp_world_size or 1))
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
        with self.served():
            self._train_in_processes()
        if not self.is_main_process:
            return
        if self.cfg.solver is not None and self.cfg.solver.calibrate:
            self.calibrate()
        if self.cfg.save_model_bundle:
            self.save_model_bundle(export_onnx=self.cfg.export_onnx)
        for split in ('train', 'valid') if self.cfg.eval_train else ('valid',):
            if num_samples(self.get_dataset(split)):
                self.validate(split)
        self.sync_to_cloud()

    def _train_in_processes(self) -> None:
        if self.is_ddp_process:
            with self.ddp():
                self.train()
        elif spawn(self):
            self.load_checkpoint()
            self.use_final_weights()
        else:
            self.train()

    def calibrate(self, split: Split = 'valid') -> None:
        """Fit probabilities to how often they are right on a split. Only for tasks with class labels."""
        raise ConfigError(f'{type(self).__name__}: has no probabilities of classes to calibrate.')

    def find_lr(self, start: float = 1e-6, end: float = 1.0, num_batches: int = 100) -> LearningRates:
        """Look for a good learning rate; see :func:`.find_lr`."""
        return find_lr(self, start, end, num_batches)

    # -------------------------------------------------------------- distributed
    @property
    def ddp_start_method(self) -> str:
        """How processes that train together are started: the setting DDP_START_METHOD, or spawn."""
        return str(rv_config_.get_namespace_option('rastervision', 'DDP_START_METHOD', 'spawn'))

    def ddp(self, rank: int | None = None, world_size: int | None = None) -> DDPContextManager:
        """Inside this context, several processes train one model together.

        Args:
            rank: Number of this process. None: from the environment.
            world_size: Number of processes. None: from the environment.
        """
        return DDPContextManager(self, rank, world_size)
