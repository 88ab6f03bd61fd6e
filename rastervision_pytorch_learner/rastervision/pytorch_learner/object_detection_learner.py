"""Learns boxes around objects."""

import math
import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from rastervision.pytorch_learner.dataset.visualizer.object_detection_visualizer import ObjectDetectionVisualizer
from rastervision.pytorch_learner.learner.batch_checks import BatchError
from rastervision.pytorch_learner.learner.learner import Learner
from rastervision.pytorch_learner.object_detection_utils import (
    BoxList,
    ONNXRuntimeAdapterForFasterRCNN,
    TorchVisionODAdapter,
    collate_fn,
    compute_coco_eval,
    is_of_data,
)
from rastervision.pytorch_learner.onnx import export_to_onnx

if TYPE_CHECKING:
    from rastervision.pytorch_learner.dataset.visualizer.visualizer import Visualizer
    from rastervision.pytorch_learner.metrics import MetricDict
    from rastervision.pytorch_learner.symmetries import Symmetry


class ObjectDetectionLearner(Learner):
    """Learner for object detection. The model gives a :class:`.BoxList` for each image."""

    leaves_out_empty = True

    def get_visualizer_class(self) -> 'type[Visualizer]':
        """The class that plots samples."""
        return ObjectDetectionVisualizer

    def build_loss(self, loss_def_path: str | None = None) -> Callable[..., Tensor] | None:
        """None: the model computes its losses itself."""
        return None

    def model_options(self) -> dict[str, Any]:
        """The size that images are resized to inside the model."""
        return {'img_sz': self.cfg.data.img_sz}

    def build_model(self, model_def_path: str | None = None) -> nn.Module:
        """Build the model from the config."""
        return super().build_model(model_def_path)

    def setup_model(self, model_weights_path: str | None = None, model_def_path: str | None = None) -> None:
        """Build the model if none was passed, let it speak of :class:`.BoxList`, load first weights."""
        if self.onnx_mode:
            return
        if self.model is None:
            self.model = self._build_seeded(model_def_path)
        if not isinstance(self.model, TorchVisionODAdapter):
            self.model = TorchVisionODAdapter(self.model, ignored_output_inds=[0, self.cfg.data.num_classes + 1])
        super().setup_model(model_weights_path, model_def_path)

    def get_collate_fn(self) -> Callable[..., Any]:
        """What makes a batch of samples."""
        return collate_fn

    def train_step(self, batch: Any, batch_ind: int) -> dict[str, Any]:
        """The losses of a batch; 'train_loss' is their sum."""
        x, y = batch[:2]
        losses = self.model(x, y)
        return {**losses, 'train_loss': sum(losses.values())}

    def checked_batch(self, batch: list[Any]) -> list[Any]:
        """A batch as it is.

        Raises:
            BatchError: If boxes are not finite, or have classes that there are not.
        """
        wrong = [index for index, boxes in enumerate(batch[1]) if not self._is_good(boxes)]
        if wrong:
            raise BatchError(
                f'there are boxes {_shown(batch[1][wrong[0]])} that are not finite, or whose class id '
                f'is not one of 0 to {self.cfg.data.num_classes - 1}. Correct the labels.',
                wrong,
            )
        return batch

    def blank(self, part: Any) -> Any:
        """See the base class; of labels: no boxes."""
        return super().blank(part) if isinstance(part, Tensor) else [_no_boxes(), _no_boxes()]

    def _is_good(self, boxes: Any) -> bool:
        if not isinstance(boxes, BoxList):
            raise BatchError('there are images without labels (NaN). Give the scenes a label source.')
        edges, ids = boxes.boxes, boxes.get_field('class_ids')
        known = ids is None or bool(((ids >= 0) & (ids < self.cfg.data.num_classes)).all())
        return known and bool(edges.isfinite().all())

    def validate_step(self, batch: Any, batch_ind: int) -> dict[str, Any]:
        """The predictions and labels of a batch."""
        x, y = batch[:2]
        outs = self.to_device(self.model(x), 'cpu')
        return {'outs': outs, 'ys': self.to_device(y, 'cpu')}

    def validate_end(self, outputs: list[dict[str, Any]]) -> 'MetricDict':
        """Mean average precision, as COCO defines it: 0 if nothing was predicted, NaN if there is nothing to find."""
        outs = [boxes for output in outputs for boxes in output['outs']]
        ys = [boxes for output in outputs for boxes in output['ys']]
        evaluation = compute_coco_eval(outs, ys, self.cfg.data.num_classes)
        nothing = 0.0 if any(map(len, ys)) else math.nan
        stats = evaluation.stats if evaluation is not None else (nothing, nothing)
        return {'mAP': float(stats[0]), 'mAP50': float(stats[1])}

    def predict(self, x: Tensor, raw_out: bool = False, out_shape: tuple[int, int] | None = None) -> list[BoxList]:  # type: ignore[override]
        """Predict for a batch of images.

        Args:
            x: (batch, channels, height, width), or one image without batch.
            raw_out: No effect: there are only boxes.
            out_shape: Height and width of the image that boxes shall be in. None: those of `x`.

        Returns:
            The boxes of each image, with `class_ids` and `scores`. On the CPU.
        """
        boxes: list[BoxList] = super().predict(x, raw_out=raw_out, out_shape=out_shape)
        return boxes

    def predict_onnx(self, x: Tensor, raw_out: bool = False, out_shape: tuple[int, int] | None = None) -> list[BoxList]:  # type: ignore[override]
        """As `predict`, with a model that runs in ONNX Runtime."""
        boxes: list[BoxList] = super().predict_onnx(x, raw_out=raw_out, out_shape=out_shape)
        return boxes

    def postprocess(self, x: Tensor, out: list[BoxList], *, raw_out: bool, **kwargs: Any) -> list[BoxList]:
        """Scale the boxes to the size that is asked for."""
        return self.postprocess_model_output(x, out, kwargs.get('out_shape') or tuple(x.shape[-2:]))

    def postprocess_model_output(
        self, x: Tensor, out_batch: list[BoxList], out_shape: tuple[int, int]
    ) -> list[BoxList]:
        """Scale boxes in images of the size of `x` to images of another height and width."""
        height, width = x.shape[-2:]
        if tuple(out_shape) == (height, width):
            return out_batch
        return [boxes.scale(out_shape[0] / height, out_shape[1] / width) for boxes in out_batch]

    def nothing(self, size: tuple[int, int], *, raw_out: bool) -> BoxList:
        """See the base class: no boxes."""
        return _no_boxes()

    def only_of_data(self, out: BoxList, valid: np.ndarray) -> BoxList:
        """The boxes at least half of which is data."""
        return out.ind_filter(torch.from_numpy(is_of_data(out.convert_boxes('yxyx').numpy(), valid)))

    def undo_symmetry(self, out: list[BoxList], symmetry: 'Symmetry', size: tuple[int, int]) -> list[BoxList]:
        """Bring boxes in flipped or turned images back."""
        return [BoxList(symmetry.undo_boxes(boxes.boxes, *size), **boxes.extras) for boxes in out]

    def merge_predictions(self, outs: Iterable[list[BoxList]], merge_thresh: float = 0.5) -> list[BoxList]:
        """The boxes of all predictions of the same images; of those of a class that overlap, the best.

        Args:
            outs: The predictions: for each image the boxes.
            merge_thresh: Boxes overlap if their intersection over union is larger than this.
        """
        return [BoxList.cat(boxes).nms(merge_thresh) for boxes in zip(*outs, strict=True)]

    def output_to_numpy(self, out: BoxList | Iterable[BoxList]) -> Any:
        """The boxes (yxyx), class ids and scores of one image, or of each of several, as arrays."""
        if isinstance(out, BoxList):
            return _arrays(out)
        return [_arrays(boxes) for boxes in out]

    def prob_to_pred(self, x: Any) -> Any:
        """The boxes as they are."""
        return x

    def export_to_onnx(
        self,
        path: str,
        model: nn.Module | None = None,
        sample_input: Tensor | None = None,
        validate_export: bool = True,
        **kwargs: Any,
    ) -> None:
        """Write the model in ONNX format: one image in; boxes, class ids and scores out."""
        size = self.cfg.data.img_sz
        sample = sample_input if sample_input is not None else torch.rand(1, self.in_channels, size, size)
        names = ['boxes', 'class_ids', 'scores']
        options: dict[str, Any] = {'dynamo': False, 'dynamic_shapes': None, 'output_names': names}
        options |= {'dynamic_axes': {name: {0: 'n'} for name in names}}
        wrapped = _OneImage(model or self.bare_model)
        with warnings.catch_warnings():
            # The newer exporter cannot follow what depends on the number of boxes; the older one warns of itself, and
            # of shapes that it takes for constants.
            warnings.simplefilter('ignore')
            export_to_onnx(wrapped, path, sample.to(self.device), validate=False, **{**options, **kwargs})

    def load_onnx_model(self, model_path: str) -> ONNXRuntimeAdapterForFasterRCNN:
        """Read a model in ONNX format."""
        return ONNXRuntimeAdapterForFasterRCNN.from_file(model_path)


class _OneImage(nn.Module):
    """A detection model whose outputs are tensors, for a batch of one image."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        boxes = self.model(x)[0]
        return boxes.boxes, boxes.get_field('class_ids'), boxes.get_field('scores')


def _no_boxes() -> BoxList:
    scores = torch.zeros(0)
    return BoxList(torch.zeros((0, 4)), class_ids=torch.zeros(0, dtype=torch.int64), scores=scores)


def _shown(boxes: BoxList) -> str:
    """The first boxes of an image, for a message."""
    ids = boxes.get_field('class_ids')
    return f'{boxes.boxes[:5].tolist()} (xmin, ymin, xmax, ymax) of classes {None if ids is None else ids[:5].tolist()}'


def _arrays(boxes: BoxList) -> dict[str, np.ndarray]:
    return {
        'boxes': boxes.convert_boxes('yxyx').numpy(),
        'class_ids': boxes.get_field('class_ids').numpy(),
        'scores': boxes.get_field('scores').numpy(),
    }
