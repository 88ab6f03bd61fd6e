"""Chip classification with PyTorch."""

from typing import TYPE_CHECKING

from rastervision.core.data_sample import DataSample
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import DataError
from rastervision.pytorch_backend.pytorch_learner_backend import PyTorchLearnerBackend, PyTorchLearnerSampleWriter
from rastervision.pytorch_backend.utils import chip_collate_fn_cc
from rastervision.pytorch_learner.classification_learner_config import ClassificationGeoDataConfig
from rastervision.pytorch_learner.utils.prediction import iter_predict_scene_cc, predict_scene_cc

if TYPE_CHECKING:
    from rastervision.core.data.dataset_config import DatasetConfig
    from rastervision.core.rv_pipeline.chip_options import ChipOptions

lazy.also_give(
    __name__,
    'rastervision.core.data.label.chip_classification_labels: ChipClassificationLabels',
    'rastervision.pipeline.file_system.local_file_system: make_dir',
)

__all__ = ['PyTorchChipClassification', 'PyTorchChipClassificationSampleWriter', 'chip_collate_fn_cc']


class PyTorchChipClassificationSampleWriter(PyTorchLearnerSampleWriter):
    """Writes each chip to a folder named after its class: `<split>/<class name>`."""

    def write_sample(self, sample: DataSample) -> None:
        """Write a chip."""
        super().write_sample(sample)

    def get_image_path(self, sample: DataSample) -> str:
        """Where the chip of a sample goes: `<split>/<class name>/<index>.<ext>` under the sample folder."""
        if sample.label is None:
            raise DataError(f'The {sample.split} chip of {sample.window!r} has no class. Set background_class_id.')
        return self._path(sample, self.class_config.get_name(int(sample.label)), sample.chip)


class PyTorchChipClassification(PyTorchLearnerBackend):
    """Makes chips, trains and predicts for chip classification."""

    sample_writer_class = PyTorchChipClassificationSampleWriter
    geo_data_config = ClassificationGeoDataConfig
    collate_fn = chip_collate_fn_cc
    predict_windows = iter_predict_scene_cc
    predict_labels = predict_scene_cc

    def _chipping_data(self, dataset: 'DatasetConfig', chip_options: 'ChipOptions') -> ClassificationGeoDataConfig:
        """As in the base class; test scenes without labels are left out, since there is no folder for their chips."""
        labeled = [scene for scene in dataset.test_scenes if scene.label_source is not None]
        data = super()._chipping_data(dataset.model_copy(update={'test_scenes': labeled}), chip_options)
        assert isinstance(data, ClassificationGeoDataConfig)
        return data
