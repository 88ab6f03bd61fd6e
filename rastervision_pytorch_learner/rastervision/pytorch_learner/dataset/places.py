"""Where classes are in a scene, for random windows that are to have them."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.label_source.chip_classification_label_source import ChipClassificationLabelSource
from rastervision.core.data.scene import naming_scene
from rastervision.core.rv_pipeline.object_windows import boxes_of
from rastervision.pytorch_learner.dataset.errors import LabelError
from rastervision.pytorch_learner.dataset.labels import NO_CLASS, ignore_pixels
from rastervision.pytorch_learner.dataset.transform import TransformType

if TYPE_CHECKING:
    from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
    from rastervision.core.data.label_source.label_source import LabelSource
    from rastervision.core.data.scene import Scene

BLOCK = 256  # side, in pixels, of the parts of a scene in which pixels are looked for; 8 bits tell where one is
KEPT = 64  # pixels of a block


class Places(Protocol):
    """Where some classes are in a scene.

    Attributes:
        found: Which of the classes are anywhere, bool (n,).
    """

    found: np.ndarray

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """A random place: a box (4,), ymin, xmin, ymax, xmax, in pixels of the scene."""


class PixelPlaces:
    """Pixels of some classes, all about equally likely.

    Labels are read once, block by block. Of a block are held how many such pixels it has, and `KEPT` of them.

    Args:
        scene: A scene with labels of pixels.
        class_ids: The classes.
    """

    def __init__(self, scene: 'Scene', class_ids: Sequence[int]) -> None:
        rng, counts, corners, kept = np.random.default_rng(0), [0], [], []
        self.found = np.zeros(len(class_ids), dtype=bool)
        for block in _blocks(scene.extent):
            labels = _labels(scene, block)
            masks = [labels == class_id for class_id in class_ids]
            if any(map(np.any, masks)):
                self.found |= [mask.any() for mask in masks]
                pixels = np.argwhere(np.any(masks, axis=0)).astype(np.uint8)
                counts.append(counts[-1] + len(pixels))
                corners.append((block.ymin, block.xmin))
                kept.append(pixels if len(pixels) <= KEPT else pixels[rng.choice(len(pixels), KEPT, replace=False)])
        self._ends, self._corners, self._kept = np.array(counts[1:]), np.array(corners), kept

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """A random pixel; see `Places`."""
        index = int(np.searchsorted(self._ends, rng.integers(self._ends[-1]), side='right'))
        pixels = self._kept[index]
        corner = self._corners[index] + pixels[rng.integers(len(pixels))]
        return np.concatenate([corner, corner + 1])


class BoxPlaces:
    """Boxes, all equally likely.

    Args:
        boxes: The boxes (n, 4), ymin, xmin, ymax, xmax, in pixels of the scene.
        largest: Height and width of the largest box that is drawn as it is. Of a larger one, a pixel is.
        found: See `Places`.
    """

    def __init__(self, boxes: np.ndarray, largest: tuple[int, int], found: np.ndarray) -> None:
        self.boxes, self.largest, self.found = boxes, np.array(largest), found

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """A random box, or a pixel of it; see `Places`."""
        box: np.ndarray = self.boxes[rng.integers(len(self.boxes))]
        if (np.ceil(box[2:]) - np.floor(box[:2]) <= self.largest).all():
            return box
        corner = np.floor(rng.uniform(box[:2], box[2:]))
        return np.concatenate([corner, corner + 1])


def find_places(
    scene: 'Scene', class_ids: Sequence[int], transform_type: TransformType, largest: tuple[int, int]
) -> Places | None:
    """Where classes are in a scene.

    Args:
        scene: The scene.
        class_ids: The classes.
        transform_type: What kind of labels it has. Of pixels, all are read, block by block.
        largest: Height and width of boxes that can be in a window as a whole.

    Returns:
        The places. None: there are none, or nothing tells.
    """
    if scene.label_source is None:
        return None
    if transform_type is TransformType.semantic_segmentation:
        pixels = PixelPlaces(scene, class_ids)
        return pixels if pixels.found.any() else None
    with naming_scene(scene.id):
        boxes, of_class = _boxes(scene, transform_type)
    found = np.isin(class_ids, of_class)
    return BoxPlaces(boxes[np.isin(of_class, class_ids)], largest, found) if found.any() else None


def _labels(scene: 'Scene', block: Box) -> np.ndarray:
    """Class ids of a block, (height, width); `NO_CLASS` outside the AOI."""
    inside = scene.aoi_mask(block)
    if scene.label_source is None or (inside is not None and not inside.any()):
        return np.full(block.size, NO_CLASS)
    with naming_scene(scene.id):
        labels = np.asarray(scene.label_source[block])
    return labels if inside is None else ignore_pixels(labels, ~inside)


def _boxes(scene: 'Scene', transform_type: TransformType) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (n, 4) of objects, or of the parts in the scene of polygons that classify windows; their class ids (n,)."""
    source = scene.label_source
    if transform_type is TransformType.object_detection:
        labels = cast('ObjectDetectionLabels', cast('LabelSource', source).get_labels())
        return boxes_of(scene), labels.get_class_ids()
    if not isinstance(source, ChipClassificationLabelSource):
        return np.zeros((0, 4)), np.zeros(0, dtype=int)
    polygons, limits = source.labels_df, np.array([*scene.extent.size] * 2)
    bounds = polygons.geometry.bounds[['miny', 'minx', 'maxy', 'maxx']].to_numpy(dtype=float)
    boxes = (bounds - [scene.bbox.ymin, scene.bbox.xmin] * 2).clip(0, limits)
    inside = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    return boxes[inside], polygons['class_id'].to_numpy()[inside]


def classes_in(label: Any, class_ids: Sequence[int], transform_type: TransformType) -> np.ndarray:
    """Which classes a label has.

    Args:
        label: The label of a sample, as its source has it. None: it has none.
        class_ids: The classes, (n,).
        transform_type: What kind of label it is.

    Returns:
        Bool array (n,).

    Raises:
        LabelError: If labels of the kind have no classes.
    """
    if transform_type in (TransformType.regression, TransformType.noop):
        raise LabelError(f'Labels of {transform_type.value} have no classes, so none of these is rare.')
    found = label[1] if transform_type is TransformType.object_detection and label is not None else label
    if found is None:
        return np.zeros(len(class_ids), dtype=bool)
    return np.array([(np.asarray(found) == class_id).any() for class_id in class_ids], dtype=bool)


def _blocks(extent: Box) -> Iterator[Box]:
    """Parts of a scene, without overlap, by rows."""
    for ymin in range(0, extent.height, BLOCK):
        for xmin in range(0, extent.width, BLOCK):
            yield Box(ymin, xmin, min(ymin + BLOCK, extent.height), min(xmin + BLOCK, extent.width))
