"""Makes chips, trains and predicts with a PyTorch learner: what all three tasks share."""

import os
from collections.abc import Callable, Iterator
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from rastervision.core.backend.backend import Backend, SampleWriter
from rastervision.core.data_sample import DataSample
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import BundleError
from rastervision.pipeline.file_system.local_file_system import make_dir
from rastervision.pipeline.file_system.publish import publish_file
from rastervision.pipeline.file_system.utils import zipdir
from rastervision.pipeline.progress_bar import progress_bar
from rastervision.pipeline.rv_config import rv_config_
from rastervision.pytorch_backend.chip_files import chip_zip_name, get_image_ext, write_chip, write_mask
from rastervision.pytorch_learner.dataset.combination import set_epoch
from rastervision.pytorch_learner.dataset.labels import has_labels
from rastervision.pytorch_learner.dataset.sample_chips import CollateWithChips, with_options
from rastervision.pytorch_learner.learner.files import discard_training
from rastervision.pytorch_learner.learner.learner import Learner
from rastervision.pytorch_learner.learner.model import usable_workers
from rastervision.pytorch_learner.learner_config.circumstances import without_circumstances

if TYPE_CHECKING:
    from types import TracebackType

    import numpy as np
    from torch.utils.data import Dataset

    from rastervision.core.box import Box
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.dataset_config import DatasetConfig
    from rastervision.core.data.label.labels import Labels
    from rastervision.core.data.scene import Scene
    from rastervision.core.rv_pipeline.chip_options import ChipOptions
    from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions, RVPipelineConfig
    from rastervision.pytorch_learner.learner_config.geo_data import GeoDataConfig
    from rastervision.pytorch_learner.learner_config.learner import LearnerConfig

lazy.also_give(
    __name__, 'rastervision.core.data.plain_data: save_img', 'rastervision.pipeline.file_system.utils: upload_or_copy'
)

__all__ = ['SPLITS', 'PyTorchLearnerBackend', 'PyTorchLearnerSampleWriter', 'get_image_ext', 'write_chip']

CHIP_BATCH_SZ = 32

Split = Literal['train', 'valid', 'test']
SPLITS: tuple[Split, ...] = ('train', 'valid', 'test')


class PyTorchLearnerSampleWriter(SampleWriter):
    """Writes samples to a zip, which appears when the writer is left without an error and has written any.

    Subclasses write labels, and may choose other paths or formats.
    """

    def __init__(self, output_uri: str, class_config: 'ClassConfig', tmp_dir: str) -> None:
        """Keep the arguments.

        Args:
            output_uri: URI of the zip.
            class_config: The classes.
            tmp_dir: A folder for scratch files.
        """
        self.output_uri = output_uri
        self.class_config = class_config
        self.tmp_dir = tmp_dir
        self.sample_ind = 0

    def __enter__(self) -> Self:
        self.tmp_dir_obj = TemporaryDirectory(dir=self.tmp_dir)
        self.sample_dir = self.tmp_dir_obj.name
        self.sample_ind = 0
        return self

    def __exit__(
        self, type: type[BaseException] | None, value: BaseException | None, traceback: 'TracebackType | None'
    ) -> None:
        try:
            if type is None and self.sample_ind:
                with publish_file(self.output_uri, tmp_dir=self.tmp_dir) as path:
                    zipdir(self.sample_dir, path)
        finally:
            self.tmp_dir_obj.cleanup()

    def write_sample(self, sample: DataSample) -> None:
        """Write the chip of a sample, and a mask if some of its pixels are no data; and count it."""
        path = self.get_image_path(sample)
        self.write_chip(sample.chip, path)
        valid, shape = sample.valid, sample.chip.shape
        if valid is not None and not valid.all() and valid.shape == shape[-3:-1]:  # nobody has made it another size
            write_mask(valid, path, num_bands=shape[-1])
        self.sample_ind += 1

    def get_image_path(self, sample: DataSample) -> str:
        """Where the chip of a sample goes: `<split>/img/<index>.<ext>` under the sample folder."""
        return self._path(sample, 'img', sample.chip)

    def get_image_ext(self, chip: 'np.ndarray') -> str:
        """The extension of a chip's file."""
        return get_image_ext(chip)

    def write_chip(self, chip: 'np.ndarray', path: str) -> None:
        """Write a chip to a file."""
        write_chip(chip, path)

    def _path(self, sample: DataSample, folder: str, array: 'np.ndarray') -> str:
        """A path for an array of the present sample; its folder is made."""
        prefix = f'{sample.scene_id}-' if sample.scene_id else ''
        directory = os.path.join(self.sample_dir, sample.split or '', folder)
        make_dir(directory)
        return os.path.join(directory, f'{prefix}{self.sample_ind}.{self.get_image_ext(array)}')


class PyTorchLearnerBackend(Backend):
    """Makes chips, trains and predicts with a PyTorch learner.

    Attributes:
        trust: Whether code that a model bundle brings along may be executed. Set it before `load_model`.
    """

    # What differs between the tasks.
    sample_writer_class: ClassVar[type[PyTorchLearnerSampleWriter]] = PyTorchLearnerSampleWriter
    geo_data_config: ClassVar['type[GeoDataConfig]']
    collate_fn: ClassVar[Callable[[list[Any]], Any]]
    predict_windows: ClassVar[Callable[..., 'Iterator[tuple[Box, Any]]']]
    predict_labels: ClassVar[Callable[..., 'Labels']]

    def __init__(self, pipeline_cfg: 'RVPipelineConfig', learner_cfg: 'LearnerConfig', tmp_dir: str) -> None:
        """Keep the arguments.

        Args:
            pipeline_cfg: The resolved pipeline.
            learner_cfg: The learner to train.
            tmp_dir: A folder for scratch files.
        """
        self.pipeline_cfg = pipeline_cfg
        self.learner_cfg = learner_cfg
        self.tmp_dir = tmp_dir
        self.learner: Learner | None = None
        self.trust = False
        self.owns_model = False
        self._chipped: DatasetConfig | None = None

    # -------------------------------------------------------------------- chips
    def get_sample_writer(self) -> PyTorchLearnerSampleWriter:
        """A writer for the chips of the scenes that `chip_dataset` is at, or else of all."""
        return self._writer_for(self._chipped or self.pipeline_cfg.dataset)

    def chip_dataset(
        self, dataset: 'DatasetConfig', chip_options: 'ChipOptions', dataloader_kw: dict[str, Any] | None = None
    ) -> None:
        """Cut chips from scenes and write them to a zip under `chip_uri`.

        One batch of chips is in memory at a time; disk space is needed for the chips twice.

        Args:
            dataset: The scenes.
            chip_options: Which chips.
            dataloader_kw: Overrides of the data loader's arguments.
        """
        if not dataset.all_scenes:
            return
        data = self._chipping_data(dataset, chip_options)
        self._chipped = dataset
        with self.get_sample_writer() as writer:
            for split in SPLITS:
                samples = data.build_dataset(split, self.tmp_dir, for_chipping=True)
                set_epoch(samples, 0, self.pipeline_cfg.seed)
                self.chip_pytorch_dataset(samples, writer, chip_options, split, dataloader_kw)

    def chip_pytorch_dataset(
        self,
        dataset: 'Dataset[Any]',
        sample_writer: PyTorchLearnerSampleWriter,
        chip_options: 'ChipOptions',
        split: Split | None = None,
        dataloader_kw: dict[str, Any] | None = None,
    ) -> None:
        """Write those samples of a dataset that the options ask for.

        Args:
            dataset: Gives `((chip, label), window)`: (height, width, channels) arrays and labels of the task.
            sample_writer: Where to.
            chip_options: Which samples to keep.
            split: The split they belong to.
            dataloader_kw: Overrides of the data loader's arguments.
        """
        from torch.utils.data import DataLoader

        if len(dataset) == 0:  # type: ignore[arg-type]
            return
        options = {**self._chip_loader_options(), **(dataloader_kw or {})}
        options['collate_fn'] = CollateWithChips(options.get('collate_fn', type(self).collate_fn))
        loader = DataLoader(with_options(dataset, gives_chips=True), **options)
        for (arrays, labels), windows, chips in progress_bar(loader, f'Making {split} chips', mininterval=0.5):
            for array, label, window, chip in zip(arrays, labels, windows, chips, strict=True):
                if not has_labels(label):
                    continue
                keeps = chip_options.keep_chip if chip is None else chip_options.keep_sample
                if keeps(array if chip is None else chip, label):
                    valid = None if chip is None else chip.valid
                    sample = DataSample(chip=array, label=label, split=split, window=window, valid=valid)
                    sample_writer.write_sample(sample)

    # ----------------------------------------------------------------- training
    def train(self, source_bundle_uri: str | None = None) -> None:
        """Train, or finish a training that was interrupted.

        Args:
            source_bundle_uri: A bundle whose weights to start from.
        """
        if source_bundle_uri is None:
            learner = self.learner_cfg.build(tmp_dir=self.tmp_dir, training=True)
        else:
            learner = Learner.from_model_bundle(
                source_bundle_uri, tmp_dir=self.tmp_dir, cfg=self.learner_cfg, training=True, trust=self.trust
            )
        learner.main()

    def training_settings(self) -> dict[str, Any]:
        """The learner's config without what may change while training goes on, such as the number of epochs."""
        settings = without_circumstances(self.learner_cfg.dict(mode='json'), with_results=False)
        return {**settings, 'solver': {name: v for name, v in settings['solver'].items() if name != 'num_epochs'}}

    def discard_training(self) -> None:
        """Remove log, weights and checkpoints of an earlier training, so that `train` starts anew."""
        if self.learner_cfg.output_uri is not None:
            discard_training(self.learner_cfg.output_uri, self.tmp_dir)

    # --------------------------------------------------------------- prediction
    def load_model(self, uri: str | None = None) -> None:
        """Load a trained model.

        The bundle that this pipeline has trained may run the code that the pipeline's own config names; others must be
        trusted.

        Args:
            uri: Its bundle. None: the one that this pipeline has trained.
        """
        owns_model = self.owns_model or uri is None
        uri = uri or self.pipeline_cfg.layout.trained_bundle
        trust = self.trust or (owns_model and bool(self.learner_cfg.bundled_code()))
        self.learner = Learner.from_model_bundle(uri, tmp_dir=self.tmp_dir, training=False, trust=trust)

    def iter_predict(self, scene: 'Scene', predict_options: 'PredictOptions') -> 'Iterator[tuple[Box, Any]]':
        """Predict a scene window by window; memory does not depend on its size.

        Args:
            scene: The scene.
            predict_options: Which windows.

        Returns:
            Windows in row-major order, each with its prediction in the form of the task.
        """
        return type(self).predict_windows(self._loaded(), scene, predict_options)

    def predict_scene(
        self,
        scene: 'Scene',
        predict_options: 'PredictOptions | int | None' = None,
        stride: int | None = None,
        *,
        chip_sz: int | None = None,
    ) -> 'Labels':
        """Predict a scene into memory.

        Args:
            scene: The scene.
            predict_options: Which windows; or their size. None: those of the pipeline.
            stride: Overrides the distance from window to window.
            chip_sz: Overrides the size of the windows.
        """
        if isinstance(predict_options, int):
            predict_options, chip_sz = None, predict_options
        options = predict_options or self.pipeline_cfg.get_predict_options()
        given = {name: value for name, value in (('chip_sz', chip_sz), ('stride', stride)) if value is not None}
        if given:
            options = options.with_changes(**given)
        return type(self).predict_labels(self._loaded(), scene, options)

    # ---------------------------------------------------------------- internals
    def _loaded(self) -> Learner:
        if self.learner is None:
            self.load_model()
        if self.learner is None:
            raise BundleError('No model is loaded. Call load_model() first.')
        return self.learner

    def _writer_for(self, dataset: 'DatasetConfig') -> PyTorchLearnerSampleWriter:
        ids = [[scene.id for scene in d.all_scenes] for d in (dataset, self.pipeline_cfg.dataset)]
        uri = os.path.join(self.pipeline_cfg.chip_uri or '', chip_zip_name(*ids))
        return self.sample_writer_class(uri, self.pipeline_cfg.dataset.class_config, self.tmp_dir)

    def _chipping_data(self, dataset: 'DatasetConfig', chip_options: 'ChipOptions') -> 'GeoDataConfig':
        return self.geo_data_config(
            scene_dataset=dataset,
            sampling=chip_options.sampling,
            class_config=self.pipeline_cfg.dataset.class_config,
        )

    def _chip_loader_options(self) -> dict[str, Any]:
        workers = usable_workers(self.learner_cfg.data.num_workers)
        return {
            'batch_size': rv_config_.get_namespace_int('rastervision', 'CHIP_BATCH_SIZE', CHIP_BATCH_SZ, least=1),
            'num_workers': rv_config_.get_namespace_int('rastervision', 'CHIP_NUM_WORKERS', workers),
        }
