"""Boxes in images, and the model and metrics of object detection.

torchvision and pycocotools are imported where they are used: they take seconds, and all tasks import this module.
"""

import contextlib
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from rastervision.pipeline import lazy
from rastervision.pipeline.errors import DataError
from rastervision.pytorch_learner.onnx import ONNXRuntimeAdapter

if TYPE_CHECKING:
    from pycocotools.cocoeval import COCOeval

lazy.also_give(__name__, 'rastervision.pipeline.file_system.utils: get_tmp_dir json_to_file')

COCO_MAX_BOXES = 100  # of an image, that pycocotools looks at if it is not told otherwise
MIN_SHARE_OF_DATA = 0.5  # of a box, so that it is one of something that the image shows
FORMATS = ('xyxy', 'yxyx', 'xywh', 'cxcywh')


class BoxList:
    """Boxes in one image, with things that are known of each, such as its class and score.

    Args:
        boxes: (n, 4), floating point, pixels.
        format: What the four numbers are: 'xyxy', 'yxyx' (edges), 'xywh' (corner and size), 'cxcywh' (center and
            size).
        extras: Tensors of length n, such as `class_ids` (int64) and `scores` (float32); other values belong to the
            image.

    Attributes:
        boxes: The boxes, always as 'xyxy'.
        extras: The extras, by name.
    """

    def __init__(self, boxes: Tensor, format: str = 'xyxy', **extras: Any) -> None:
        self.boxes = _convert(boxes, format, 'xyxy')
        self.extras = extras

    @classmethod
    def from_arrays(cls, boxes: np.ndarray, class_ids: np.ndarray, format: str = 'yxyx') -> Self:
        """Boxes of an array, (n, 4), as float32, with their `class_ids`, (n,)."""
        floats = torch.from_numpy(np.ascontiguousarray(boxes, dtype=np.float32)).reshape(-1, 4)
        return cls(floats, format, class_ids=torch.from_numpy(np.array(class_ids, dtype=np.int64)))

    def __contains__(self, key: str) -> bool:
        return key == 'boxes' or key in self.extras

    def __len__(self) -> int:
        return self.boxes.shape[0]

    def get_field(self, name: str) -> Any:
        """The boxes or an extra; None if there is no such."""
        return self.boxes if name == 'boxes' else self.extras.get(name)

    def _map_extras(self, function: Callable[[Tensor], Tensor], condition: Callable[[Tensor], bool]) -> dict[str, Any]:
        return {
            name: function(value) if isinstance(value, Tensor) and condition(value) else value
            for name, value in self.extras.items()
        }

    def copy(self) -> Self:
        """A copy that shares the tensors."""
        return type(self)(self.boxes, **dict(self.extras))

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Boxes and extras on another device; arguments as of `Tensor.to`."""
        extras = self._map_extras(lambda value: value.to(*args, **kwargs), lambda value: True)
        return type(self)(self.boxes.to(*args, **kwargs), **extras)

    def convert_boxes(self, out_fmt: str) -> Tensor:
        """The boxes in another format, (n, 4)."""
        return _convert(self.boxes, 'xyxy', out_fmt)

    @staticmethod
    def cat(box_lists: 'Iterable[BoxList]') -> 'BoxList':
        """All boxes in one list. The extras of the first are kept; those of all must have them."""
        lists = list(box_lists)
        if not lists:
            return BoxList(torch.empty((0, 4)))
        extras: dict[str, Any] = {name: torch.cat([b.extras[name] for b in lists]) for name in lists[0].extras}
        return BoxList(torch.cat([boxes.boxes for boxes in lists]), **extras)

    def equal(self, other: 'BoxList') -> bool:
        """Whether the other has the same boxes and extras, in the same order."""
        if len(self) != len(other) or self.extras.keys() != other.extras.keys():
            return False
        pairs = [(self.boxes, other.boxes), *((self.extras[name], other.extras[name]) for name in self.extras)]
        return all(torch.equal(a, b) if isinstance(a, Tensor) else a == b for a, b in pairs)

    def ind_filter(self, inds: Sequence[int] | Tensor) -> Self:
        """The boxes of some indices, or of a mask."""
        inds = torch.as_tensor(inds, device=self.boxes.device)
        inds = inds.long() if inds.dtype != torch.bool else inds
        extras = self._map_extras(lambda value: value[inds], lambda value: value.ndim > 0 and len(value) == len(self))
        return type(self)(self.boxes[inds], **extras)

    def score_filter(self, score_thresh: float = 0.25) -> Self:
        """The boxes whose score is greater than a threshold; all if there are no scores."""
        scores = self.get_field('scores')
        return self if scores is None else self.ind_filter(scores > score_thresh)

    def clip_boxes(self, img_height: int, img_width: int) -> Self:
        """The boxes, cut to the size of an image."""
        from torchvision.ops import clip_boxes_to_image

        return type(self)(clip_boxes_to_image(self.boxes, (img_height, img_width)), **self.extras)

    def nms(self, iou_thresh: float = 0.5) -> Self:
        """The boxes without those that overlap one of the same class with a better score; best first.

        Args:
            iou_thresh: Intersection over union from which on boxes overlap.
        """
        from torchvision.ops import batched_nms

        if not len(self):
            return self
        kept = batched_nms(self.boxes, self.get_field('scores'), self.get_field('class_ids'), iou_thresh)
        return self.ind_filter(kept)

    def scale(self, yscale: float, xscale: float) -> Self:
        """Bring the boxes into an image of other size, in place; whole numbers stay whole, rounded towards zero.

        Copies that share the tensor stay as they are.

        Returns:
            The list itself.
        """
        dtype = self.boxes.dtype if self.boxes.is_floating_point() else torch.float64
        factors = torch.tensor([xscale, yscale, xscale, yscale], dtype=dtype, device=self.boxes.device)
        self.boxes = (self.boxes * factors).to(self.boxes.dtype)
        return self

    def pin_memory(self) -> Self:
        """Boxes and extras in pinned memory, for faster copies to a GPU."""
        return type(self)(self.boxes.pin_memory(), **self._map_extras(lambda value: value.pin_memory(), lambda _: True))

    def __repr__(self) -> str:
        return f'BoxList({self.boxes!r}, {self.extras!r})'


def _convert(boxes: Tensor, in_fmt: str, out_fmt: str) -> Tensor:
    for fmt in (in_fmt, out_fmt):
        if fmt not in FORMATS:
            raise DataError(f'box format {fmt!r}: not valid. Choose from {", ".join(FORMATS)}.')
    if in_fmt == out_fmt:
        return boxes
    if in_fmt == 'yxyx':
        boxes, in_fmt = boxes[:, [1, 0, 3, 2]], 'xyxy'
    if out_fmt == 'yxyx':
        return _convert(boxes, in_fmt, 'xyxy')[:, [1, 0, 3, 2]]
    if in_fmt == out_fmt:
        return boxes
    from torchvision.ops import box_convert

    converted: Tensor = box_convert(boxes, in_fmt, out_fmt)
    return converted


def collate_fn(data: Iterable[Sequence[Any]]) -> tuple[Tensor, list[BoxList]]:
    """Make a batch of samples: images are stacked, labels are put into a list."""
    images, labels = zip(*((sample[0], sample[1]) for sample in data), strict=True)
    return torch.stack(images), list(labels)


def is_of_data(boxes: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Which boxes in an image are, by half or more, of what is data.

    Args:
        boxes: (n, 4), yxyx, pixels. Of a box, whole pixels count; at least one.
        valid: Which pixels are data, bool (height, width).

    Returns:
        Bool, (n,). By a table of sums, so at the cost of the image and the boxes.
    """
    height, width = valid.shape
    sums = np.pad(valid.astype(np.int64), ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    low = np.floor(boxes[:, :2]).clip(0, np.array([height, width]) - 1).astype(int)
    high = np.ceil(boxes[:, 2:]).astype(int).clip(low + 1, np.array([height, width]))
    (top, left), (bottom, right) = low.T, high.T
    counts = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    return np.asarray(counts >= MIN_SHARE_OF_DATA * (bottom - top) * (right - left))


def draw_boxes(x: Tensor, y: BoxList, class_names: Sequence[str], class_colors: Sequence[Any]) -> Tensor:
    """Draw boxes, with names of classes and scores.

    Args:
        x: Image, (3, height, width), uint8.
        y: The boxes, with `class_ids` and maybe `scores`.
        class_names: Names of the classes.
        class_colors: Their colors: names or triples.

    Returns:
        New image of the same shape and dtype.
    """
    from torchvision.utils import draw_bounding_boxes

    if not len(y):
        return x
    class_ids = y.get_field('class_ids').tolist()
    labels = [class_names[class_id] for class_id in class_ids]
    scores = y.get_field('scores')
    if scores is not None:
        labels = [f'{label} {score:.2f}' for label, score in zip(labels, scores.tolist(), strict=True)]
    colors = [tuple(c) if isinstance(c, list) else c for c in (class_colors[class_id] for class_id in class_ids)]
    image: Tensor = draw_bounding_boxes(x, y.boxes, labels, colors, width=2)
    return image


# ---------------------------------------------------------------------- metrics
def get_coco_gt(targets: Iterable[BoxList], num_class_ids: int) -> dict[str, list[dict[str, Any]]]:
    """Labels as a COCO dataset; images are numbered from 1, classes are categories."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, target in enumerate(targets, start=1):
        images.append({'id': image_id})
        class_ids = target.get_field('class_ids').tolist()
        for box, class_id in zip(target.convert_boxes('xywh').tolist(), class_ids, strict=True):
            number = len(annotations) + 1  # pycocotools takes 0 for no match
            annotations.append(
                {
                    'id': number,
                    'image_id': image_id,
                    'category_id': class_id,
                    'bbox': box,
                    'area': box[2] * box[3],
                    'iscrowd': 0,
                }
            )
    return {'images': images, 'annotations': annotations, 'categories': [{'id': i} for i in range(num_class_ids)]}


def get_coco_preds(outputs: Iterable[BoxList]) -> list[dict[str, Any]]:
    """Predictions as COCO results."""
    results = []
    for image_id, output in enumerate(outputs, start=1):
        columns = (output.convert_boxes('xywh'), output.get_field('class_ids'), output.get_field('scores'))
        for box, class_id, score in zip(*(column.tolist() for column in columns), strict=True):
            results.append({'image_id': image_id, 'category_id': class_id, 'bbox': box, 'score': score})
    return results


def compute_coco_eval(outputs: Iterable[BoxList], targets: Iterable[BoxList], num_class_ids: int) -> 'COCOeval | None':
    """Compare predictions and labels as COCO does.

    Args:
        outputs: Predictions of each image, with `class_ids` and `scores`.
        targets: Labels of each image, with `class_ids`.
        num_class_ids: Number of classes.

    Returns:
        The evaluation; its `stats` begin with mAP and mAP at an IoU of 0.5, of all predictions, also if an image has
        more than the 100 that COCO looks at; they are NaN if there are no labels. None if nothing was predicted.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    outputs = list(outputs)
    results = get_coco_preds(outputs)
    if not results:
        return None
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints
        coco = COCO()
        coco.dataset = get_coco_gt(targets, num_class_ids)
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), 'bbox')
        most = max(map(len, outputs))
        if most > COCO_MAX_BOXES:
            evaluation.params.maxDets = [*evaluation.params.maxDets, most]
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    precision = evaluation.eval['precision'][:, :, :, 0, -1]  # IoU, recall, class; of all areas
    evaluation.stats[:2] = _mean_of_known(precision), _mean_of_known(precision[0])
    return evaluation


def _mean_of_known(precision: np.ndarray) -> float:
    """Mean of the precisions that pycocotools has not set to -1, which it does for classes without labels."""
    known = precision[precision >= 0]
    return float(known.mean()) if len(known) else math.nan


# ------------------------------------------------------------------------ model
class TorchVisionODAdapter(nn.Module):
    """A torchvision detection model that takes and gives :class:`.BoxList` with class ids.

    Args:
        model: The model. Its labels are those of the classes, with others between them.
        ignored_output_inds: The labels that are no class. The first, 0, is background.
    """

    def __init__(self, model: nn.Module, ignored_output_inds: Sequence[int] = (0,)) -> None:
        super().__init__()
        self.model = model
        self.ignored_output_inds = sorted(ignored_output_inds)

    def forward(self, input: Tensor, targets: Iterable[BoxList] | None = None) -> dict[str, Any] | list[BoxList]:
        """Losses of a batch if there are targets and the model is in training; else the boxes of each image."""
        if targets is not None:
            losses: dict[str, Any] = self.model(list(input), [self.boxlist_to_model_input_dict(y) for y in targets])
            return losses
        return [self.model_output_dict_to_boxlist(out) for out in self.model(list(input))]

    def boxlist_to_model_input_dict(self, boxlist: BoxList) -> dict[str, Tensor]:
        """Boxes and labels as torchvision wants them: none without an area."""
        boxlist = boxlist.ind_filter((boxlist.boxes[:, 2:] > boxlist.boxes[:, :2]).all(dim=1))
        labels: Tensor = boxlist.get_field('class_ids').long()
        for ignored in self.ignored_output_inds:
            labels = labels + (labels >= ignored)
        return {'boxes': boxlist.convert_boxes('xyxy').float(), 'labels': labels}

    def model_output_dict_to_boxlist(self, out: Mapping[str, Tensor]) -> BoxList:
        """The boxes of an image, without those whose labels are no class."""
        labels = out['labels']
        ignored = torch.tensor(self.ignored_output_inds, device=labels.device)
        kept = (labels[:, None] != ignored).all(dim=1)  # ONNX has no isin
        class_ids = labels - (labels[:, None] > ignored).sum(dim=1)
        boxes, scores = out['boxes'][kept].float(), out['scores'][kept].float()  # of half precision, maybe
        return BoxList(boxes, class_ids=class_ids[kept], scores=scores)


class ONNXRuntimeAdapterForFasterRCNN(ONNXRuntimeAdapter):
    """A detection model that runs in ONNX Runtime: boxes, class ids and scores of one image at a time."""

    def __call__(self, x: Tensor | np.ndarray) -> list[BoxList]:
        """The boxes of each image of a batch."""
        return [self._boxes(x[i : i + 1]) for i in range(len(x))]

    def _boxes(self, image: Tensor | np.ndarray) -> BoxList:
        boxes, class_ids, scores = (torch.from_numpy(out) for out in self.run(image))
        return BoxList(boxes, class_ids=class_ids, scores=scores)
