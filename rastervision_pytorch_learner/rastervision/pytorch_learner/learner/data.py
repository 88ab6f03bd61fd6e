"""Datasets, data loaders and previews of a learner."""

import logging
import os
from collections.abc import Callable, Sized
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

import torch
from torch.utils.data import DataLoader, RandomSampler, Sampler

from rastervision.pipeline.errors import ConfigError, DataError, did_you_mean
from rastervision.pipeline.overriding import is_overridden, is_overridden_later
from rastervision.pytorch_learner.dataset.combination import few_samples, num_samples
from rastervision.pytorch_learner.dataset.sample_chips import LeaveOutEmpty, first_batch, with_options
from rastervision.pytorch_learner.learner.files import DATALOADERS_DIRNAME
from rastervision.pytorch_learner.learner.model import usable_workers
from rastervision.pytorch_learner.learner.predicting import PredictingPart
from rastervision.pytorch_learner.own_class import own_class
from rastervision.pytorch_learner.utils.sampler import SharedOrderSampler

if TYPE_CHECKING:
    from torch.utils.data import Dataset

    from rastervision.pytorch_learner.dataset.visualizer.visualizer import Visualizer

log = logging.getLogger(__name__)

Split = Literal['train', 'valid', 'test']
SPLITS: tuple[Split, ...] = ('train', 'valid', 'test')
T = TypeVar('T')


class Part(Generic[T]):
    """An attribute of a learner that is what it has for a split; None if it has nothing. It may be set.

    A loader that is set brings its data along, and is used wherever there would be another loader of the same data.

    Args:
        kind: The dict of the learner that it is in.
        split: The split.
    """

    def __init__(self, kind: Literal['datasets', 'dataloaders'], split: Split) -> None:
        self.kind, self.split = kind, split

    def __get__(self, owner: 'DataPart', cls: type | None = None) -> T | None:
        """What the learner has."""
        found: T | None = getattr(owner, self.kind)[self.split]
        return found

    def __set__(self, owner: 'DataPart', value: T | None) -> None:
        """Put something else in its place."""
        getattr(owner, self.kind)[self.split] = value
        if self.kind == 'dataloaders' and value is not None:
            owner.given_loaders |= {self.split}
            owner.datasets[self.split] = getattr(value, 'dataset', owner.datasets[self.split])


class DataPart(PredictingPart):
    """The part of a learner that has to do with data.

    Attributes:
        datasets: The data of each split.
        dataloaders: Their loaders.
        given_loaders: The splits whose loaders were set from outside.
    """

    # Whether labels cannot say that nothing counts, so that images without any data are left out of batches.
    leaves_out_empty: ClassVar[bool] = False

    datasets: 'dict[Split, Dataset[Any] | None]'
    dataloaders: 'dict[Split, DataLoader[Any] | None]'

    train_ds = Part['Dataset[Any]']('datasets', 'train')
    valid_ds = Part['Dataset[Any]']('datasets', 'valid')
    test_ds = Part['Dataset[Any]']('datasets', 'test')
    train_dl = Part['DataLoader[Any]']('dataloaders', 'train')
    valid_dl = Part['DataLoader[Any]']('dataloaders', 'valid')
    test_dl = Part['DataLoader[Any]']('dataloaders', 'test')
    given_loaders: frozenset[Split] = frozenset()
    _visualizer: 'Visualizer | None' = None

    def setup_data(self, distributed: bool | None = None) -> None:
        """Build the datasets that were not passed, and the loaders of all.

        Args:
            distributed: Whether each process gets a part of the training data. None: as this process is.

        Raises:
            DataError: If there are too few training samples for a batch.
        """
        self.datasets = dict(zip(SPLITS, self.build_datasets(), strict=True))
        self._use_few_batches()
        self.dataloaders = dict(zip(SPLITS, self.build_dataloaders(distributed=distributed), strict=True))
        self.given_loaders = frozenset()
        if not num_samples(self.valid_ds):
            log.warning('There are no validation data: nothing will tell how good the model is on other images.')
        if self.train_dl is not None and not num_samples(self.train_ds):
            uri = getattr(self.cfg.data, 'uri', None) or getattr(self.cfg.data, 'group_uris', None)
            where = f' data.uri is {uri!r}; they are looked for in its folder train.' if uri else ''
            raise DataError(f'There are no training samples.{where} Check the data, and train_sz and the AOI.')
        if self.train_dl is not None and len(self.train_dl) == 0:
            batch_sz = self.cfg.solver and self.cfg.solver.batch_sz
            raise DataError(
                f'{num_samples(self.train_ds)} training samples with batch_sz {batch_sz} '
                'make no batch: a last batch of one is left out, since batch norm cannot use it. Use more samples.'
            )

    def _use_few_batches(self) -> None:
        """Train and validate with the same few samples, if `overfit_batches` says so."""
        solver, dataset = self.cfg.solver, self.datasets['train']
        if solver is None or solver.overfit_batches is None or dataset is None:
            return
        few = few_samples(dataset, solver.overfit_batches * solver.batch_sz * (self.ddp_world_size or 1))
        self.datasets |= {'train': few, 'valid': few}
        log.warning(
            'overfit_batches: the same %d samples are for training and validation. The model is good for nothing but '
            'looking for mistakes.',
            len(few),
        )

    def build_datasets(self) -> 'tuple[Dataset[Any] | None, Dataset[Any] | None, Dataset[Any] | None]':
        """The training, validation and test data: as passed, else built from the config.

        Test data is not needed for training: it is not built if other data was passed.
        """
        passed = any(dataset is not None for dataset in self.datasets.values())
        if not passed and is_overridden_later(self.cfg.data, 'build', than=('build_dataset',)):
            return self.cfg.data.build(tmp_dir=self.tmp_dir)
        train, valid = (self._passed_or_built(split) for split in ('train', 'valid'))
        return train, valid, self.datasets['test'] if passed else self.build_dataset('test')

    def _passed_or_built(self, split: Split) -> 'Dataset[Any]':
        dataset = self.datasets[split]
        return self.build_dataset(split) if dataset is None else dataset

    def build_dataset(self, split: Split) -> 'Dataset[Any]':
        """Build the data of a split from the config."""
        return self.cfg.data.build_dataset(split, tmp_dir=self.tmp_dir)

    def build_dataloaders(
        self, distributed: bool | None = None
    ) -> 'tuple[DataLoader[Any], DataLoader[Any], DataLoader[Any] | None]':
        """Build the loaders of training, validation and test data."""
        train = self.build_dataloader('train', distributed=distributed)
        valid = self.build_dataloader('valid', distributed=False)
        test = self.build_dataloader('test', distributed=False) if num_samples(self.test_ds) else None
        return train, valid, test

    def build_dataloader(self, split: Split, distributed: bool | None = None, **kwargs: Any) -> 'DataLoader[Any]':
        """Build the loader of a split.

        Training samples are shuffled; a last batch of one sample is left out. What is loaded does not depend on the
        number of workers.

        Args:
            split: The split.
            distributed: Whether each process gets a part. None: as this process is.
            kwargs: Passed to `DataLoader`.

        Raises:
            ConfigError: If the split has no data.
        """
        dataset = self.get_dataset(split)
        if dataset is None:
            raise ConfigError(f'split {split!r}: there is no data for it.')
        distributed = self.is_ddp_process if distributed is None else distributed
        sampler = self.build_sampler(dataset, split, distributed=distributed)
        batch_sz = self.cfg.solver.batch_sz if self.cfg.solver is not None else 1
        size = len(sampler) if isinstance(sampler, Sized) else num_samples(dataset)
        options: dict[str, Any] = {
            'batch_size': batch_sz,
            'sampler': sampler,
            'drop_last': split == 'train' and size % batch_sz == 1,
            'num_workers': usable_workers(self.cfg.data.num_workers),
            'collate_fn': self.get_collate_fn(),
            'pin_memory': self.device.type == 'cuda',
            # Of its own, so that what is drawn for workers does not change the random numbers of the model.
            'generator': torch.Generator().manual_seed(self.cfg.seed),
        }
        options |= kwargs
        if self.cfg.no_data == 'mixed':
            dataset = with_options(dataset, mixes_gaps=True)
        if self.leaves_out_empty:
            dataset = with_options(dataset, gives_chips=True)
            options['collate_fn'] = LeaveOutEmpty(options['collate_fn'])
        return DataLoader(dataset, **options)

    def build_sampler(self, ds: 'Dataset[Any]', split: Split, distributed: bool = False) -> 'Sampler[Any] | None':
        """What gives the order of samples, or None for the order of the dataset.

        Args:
            ds: The dataset.
            split: Its split.
            distributed: Whether each process gets a part.
        """
        shuffle = split == 'train' and num_samples(ds) > 0
        if distributed:
            return SharedOrderSampler(ds, num_replicas=self.ddp_world_size, rank=self.ddp_rank, shuffle=shuffle)
        if not shuffle:
            return None
        return RandomSampler(ds, generator=torch.Generator().manual_seed(self.cfg.seed))  # type: ignore[arg-type]

    def get_collate_fn(self) -> Callable[..., Any] | None:
        """What makes a batch of samples. None: torch's default."""
        return None

    def get_dataset(self, split: Split) -> 'Dataset[Any] | None':
        """The data of a split.

        Raises:
            ConfigError: If there is no such split.
        """
        dataset: Dataset[Any] | None = getattr(self, f'{known_split(split)}_ds')
        return dataset

    def get_dataloader(self, split: Split) -> 'DataLoader[Any]':
        """The loader of a split.

        Raises:
            ConfigError: If there is no such split, or it has no data.
        """
        loader: DataLoader[Any] | None = getattr(self, f'{known_split(split)}_dl')
        if loader is None:
            raise ConfigError(f'split {split!r}: there is no data for it.')
        return loader

    def get_evaluation_dataloader(self, split: Split, **kwargs: Any) -> 'DataLoader[Any]':
        """A loader of all samples of a split, in their order.

        A loader that was set, or that a subclass makes of its own, is given as it is.

        Args:
            split: The split.
            kwargs: Passed to `DataLoader`, if it is built anew.
        """
        is_own = is_overridden(self, 'setup_data', 'build_dataloaders', 'get_dataloader', base=own_class(self))
        if split in self.given_loaders or is_own:
            return self.get_dataloader(split)
        return self.build_dataloader(split, distributed=False, **kwargs)

    def log_data_stats(self) -> None:
        """Log how many samples each split has."""
        for split in SPLITS:
            log.info('%s samples: %d', split, num_samples(self.get_dataset(split)))

    # ----------------------------------------------------------------- previews
    def get_visualizer_class(self) -> 'type[Visualizer]':
        """The class that plots samples of the task."""
        raise ConfigError(f'{type(self).__name__}: get_visualizer_class is not defined.')

    def build_visualizer(self) -> 'Visualizer':
        """Build what plots samples, as configured in `data.plot_options`."""
        data, options = self.cfg.data, self.cfg.data.plot_options
        extra: dict[str, Any] = {} if options is None else options.for_visualizer()
        return self.get_visualizer_class()(data.class_names, data.class_colors, **extra)

    @property
    def visualizer(self) -> 'Visualizer':
        """What plots samples. It may be set."""
        if self._visualizer is None:
            self._visualizer = self.build_visualizer()
        return self._visualizer

    @visualizer.setter
    def visualizer(self, visualizer: 'Visualizer') -> None:
        """Set it."""
        self._visualizer = visualizer

    def plot_predictions(self, split: Split, batch_limit: int | None = None, show: bool = False) -> None:
        """Plot images, labels and predictions of the first batch of a split, to `<split>_preds.png`.

        Args:
            split: The split.
            batch_limit: At most this many samples.
            show: Show the plot too.
        """
        if not num_samples(self.get_dataset(split)):
            return
        batch = first_batch(self.get_evaluation_dataloader(split, num_workers=0))
        if batch is None:
            return
        x, y = batch[:2]
        path = os.path.join(self.output_dir_local, f'{split}_preds.png')
        self.visualizer.plot_batch(x, y, path, z=self.predict(x), batch_limit=batch_limit, show=show)

    def plot_dataloader(
        self, dl: 'DataLoader[Any]', output_path: str, batch_limit: int | None = None, show: bool = False
    ) -> None:
        """Plot images and labels of the first batch of a loader.

        Args:
            dl: The loader.
            output_path: Path of a PNG file.
            batch_limit: At most this many samples.
            show: Show the plot too.
        """
        batch = first_batch(dl)
        if batch is not None:
            x, y = batch[:2]
            self.visualizer.plot_batch(x, y, output_path, batch_limit=batch_limit, show=show)

    def plot_dataloaders(self, batch_limit: int | None = None, show: bool = False) -> None:
        """Plot the first batch of each split, to `dataloaders/<split>.png`.

        Args:
            batch_limit: At most this many samples of each.
            show: Show the plots too.
        """
        for split in SPLITS:
            if num_samples(self.get_dataset(split)):
                log.info('Plotting a batch of %s samples', split)
                path = os.path.join(self.output_dir_local, DATALOADERS_DIRNAME, f'{split}.png')
                os.makedirs(os.path.dirname(path), exist_ok=True)
                loader = self.get_evaluation_dataloader(split, num_workers=0)
                self.plot_dataloader(loader, path, batch_limit=batch_limit, show=show)


def known_split(split: str) -> Split:
    """A split, once it is known to be one.

    Raises:
        ConfigError: If it is not.
    """
    if split not in SPLITS:
        raise ConfigError(f'split {split!r}: not one of {", ".join(SPLITS)}{did_you_mean(split, SPLITS) or "."}')
    return split
