"""Semantic segmentation with PyTorch."""

from typing import TYPE_CHECKING

from rastervision.core.data_sample import DataSample
from rastervision.pipeline import lazy
from rastervision.pytorch_backend.pytorch_learner_backend import PyTorchLearnerBackend, PyTorchLearnerSampleWriter
from rastervision.pytorch_backend.utils import chip_collate_fn_ss
from rastervision.pytorch_learner.semantic_segmentation_learner_config import SemanticSegmentationGeoDataConfig
from rastervision.pytorch_learner.utils.prediction import iter_predict_scene_ss, predict_scene_ss

if TYPE_CHECKING:
    import numpy as np

lazy.also_give(
    __name__,
    'rastervision.core.data.label.pixel_labels: SemanticSegmentationLabels',
    'rastervision.pipeline.file_system.local_file_system: make_dir',
)

__all__ = ['PyTorchSemanticSegmentation', 'PyTorchSemanticSegmentationSampleWriter', 'chip_collate_fn_ss']


class PyTorchSemanticSegmentationSampleWriter(PyTorchLearnerSampleWriter):
    """Writes chips to `<split>/img` and class ids of their pixels, as images, to `<split>/labels`."""

    def write_sample(self, sample: DataSample) -> None:
        """Write a chip and its label."""
        if sample.label is not None:
            self.write_chip(sample.label, self.get_label_path(sample, sample.label))
        super().write_sample(sample)

    def get_label_path(self, sample: DataSample, label_arr: 'np.ndarray') -> str:
        """Where the label of a sample goes: `<split>/labels/<index>.png`, or `.npy` if not of 8 bits."""
        return self._path(sample, 'labels', label_arr)


class PyTorchSemanticSegmentation(PyTorchLearnerBackend):
    """Makes chips, trains and predicts for semantic segmentation."""

    sample_writer_class = PyTorchSemanticSegmentationSampleWriter
    geo_data_config = SemanticSegmentationGeoDataConfig
    collate_fn = chip_collate_fn_ss
    predict_windows = iter_predict_scene_ss
    predict_labels = predict_scene_ss
