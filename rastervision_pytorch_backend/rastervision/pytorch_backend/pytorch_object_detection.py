"""Object detection with PyTorch."""

import os
from typing import TYPE_CHECKING, Any, Self

from rastervision.core.data_sample import DataSample
from rastervision.pipeline import lazy
from rastervision.pipeline.file_system.utils import json_to_file
from rastervision.pytorch_backend.pytorch_learner_backend import PyTorchLearnerBackend, PyTorchLearnerSampleWriter
from rastervision.pytorch_backend.utils import as_box_list, chip_collate_fn_od
from rastervision.pytorch_learner.object_detection_learner_config import ObjectDetectionGeoDataConfig
from rastervision.pytorch_learner.utils.prediction import iter_predict_scene_od, predict_scene_od

if TYPE_CHECKING:
    from types import TracebackType

lazy.also_give(__name__, 'rastervision.core.data.label.object_detection_labels: ObjectDetectionLabels')

__all__ = ['PyTorchObjectDetection', 'PyTorchObjectDetectionSampleWriter', 'chip_collate_fn_od']

COCO_FILE = 'labels.json'
DIGITS = 2  # of edges in pixels


class PyTorchObjectDetectionSampleWriter(PyTorchLearnerSampleWriter):
    """Writes chips to `<split>/img` and their boxes to `<split>/labels.json`, in COCO format."""

    def __enter__(self) -> Self:
        self.splits: dict[str, dict[str, list[Any]]] = {}
        return super().__enter__()

    def __exit__(
        self, type: type[BaseException] | None, value: BaseException | None, traceback: 'TracebackType | None'
    ) -> None:
        if type is None:
            for split, coco in self.splits.items():
                json_to_file(coco, os.path.join(self.sample_dir, split, COCO_FILE))
        super().__exit__(type, value, traceback)

    def write_sample(self, sample: DataSample) -> None:
        """Write a chip and note its boxes."""
        self.update_coco_data(sample, self.get_image_path(sample))
        super().write_sample(sample)

    def update_coco_data(self, sample: DataSample, img_path: str) -> None:
        """Note the image and the boxes of a sample.

        Args:
            sample: Its label: a `BoxList` in pixels of the chip, with `class_ids`, or what a label source gives.
            img_path: Where its chip is written.
        """
        coco = self.splits.setdefault(sample.split or '', self._empty())
        height, width = sample.chip.shape[:2]
        image = {'file_name': os.path.basename(img_path), 'id': self.sample_ind, 'height': height, 'width': width}
        coco['images'].append(image)
        label = as_box_list(sample.label)
        if label is None:
            return
        boxes, class_ids = label.convert_boxes('xywh').double().numpy(), label.get_field('class_ids')
        for index, (box, class_id) in enumerate(zip(boxes.round(DIGITS).tolist(), class_ids.tolist(), strict=True)):
            coco['annotations'].append(
                {
                    'id': f'{self.sample_ind}-{index}',
                    'image_id': self.sample_ind,
                    'bbox': box,
                    'category_id': class_id,
                }
            )

    def _empty(self) -> dict[str, list[Any]]:
        return {'images': [], 'annotations': [], 'categories': self.categories}

    @property
    def categories(self) -> list[dict[str, Any]]:
        """The classes in the form of COCO: `id` and `name` of each."""
        return [{'id': class_id, 'name': name} for class_id, name in enumerate(self.class_config.names)]


class PyTorchObjectDetection(PyTorchLearnerBackend):
    """Makes chips, trains and predicts for object detection."""

    sample_writer_class = PyTorchObjectDetectionSampleWriter
    geo_data_config = ObjectDetectionGeoDataConfig
    collate_fn = chip_collate_fn_od
    predict_windows = iter_predict_scene_od
    predict_labels = predict_scene_od
