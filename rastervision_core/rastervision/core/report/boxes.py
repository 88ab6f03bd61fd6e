"""Scans scenes of object detection and chip classification, whose labels are held in memory."""

from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.data.label_store.chip_classification_geojson_store import class_probabilities
from rastervision.core.evaluation.object_detection_evaluation import match_boxes
from rastervision.core.report.frame import Display, Frame, read_image
from rastervision.core.report.scan import FALSE_ALARM, FN, FP, HIT, MISS, TP, Grid, Panels, SceneScan, Tally, blend

if TYPE_CHECKING:
    from rastervision.core.data.scene import Scene
    from rastervision.core.evaluation.chip_classification_evaluator import ChipClassificationEvaluator
    from rastervision.core.evaluation.object_detection_evaluator import ObjectDetectionEvaluator

Color = tuple[int, int, int]

CELL_OPACITY = 0.4


def scan_boxes(scene: 'Scene', evaluator: 'ObjectDetectionEvaluator') -> SceneScan:
    """Compare and draw boxes. Memory grows with their number, as in evaluation; the image is read block by block."""
    truth, prediction = (cast(ObjectDetectionLabels, labels) for labels in evaluator.read_labels(scene))
    counted = prediction
    if evaluator.score_thresh is not None:
        counted = prediction.filter_by_score(evaluator.score_thresh)
    found, right = match_boxes(truth, counted, evaluator.iou_thresh, by_class=evaluator.by_class)
    is_found, is_right = np.zeros(len(truth), dtype=bool), np.zeros(len(counted), dtype=bool)
    is_found[found], is_right[right] = True, True
    grid = Grid.of(scene.extent)
    tally = Tally.empty(grid, len(evaluator.class_config.names))
    true_boxes, boxes = (_local(labels.get_npboxes(), scene) for labels in (truth, counted))
    _count(tally, grid, true_boxes[is_found], truth.get_class_ids()[is_found], TP)
    _count(tally, grid, true_boxes[~is_found], truth.get_class_ids()[~is_found], FN)
    _count(tally, grid, boxes[~is_right], counted.get_class_ids()[~is_right], FP)
    tally.errors[:] = tally.counts[..., [FP, FN]].sum(axis=(-1, -2))
    tally.compared[:] = tally.counts.sum(axis=(-1, -2))
    scores = counted.get_scores()
    if len(scores) and (scores != 1).any():
        tally.add_confidences(scores, is_right)
    display = Display.of(scene.raster_source)
    colors = _palette(evaluator.class_config.color_triples)

    def draw(frame: Frame) -> Panels:
        image = read_image(scene.raster_source, frame, display, tile=grid.block)
        panels = Panels(image, *(image.copy() for _ in range(3)))
        _outline(panels.truth, frame, true_boxes, [colors[i] for i in truth.get_class_ids()])
        _outline(panels.prediction, frame, boxes, [colors[i] for i in counted.get_class_ids()])
        _outline(panels.errors, frame, true_boxes[~is_found], [MISS] * len(true_boxes))
        _outline(panels.errors, frame, boxes, [HIT if ok else FALSE_ALARM for ok in is_right.tolist()])
        return panels

    return SceneScan(grid, tally, draw(grid.frame), draw, 'boxes', boxes=(truth, prediction))


def scan_cells(scene: 'Scene', evaluator: 'ChipClassificationEvaluator') -> SceneScan:
    """Compare and draw cells. Memory grows with their number, as in evaluation; the image is read block by block."""
    truth, prediction = (cast(ChipClassificationLabels, labels) for labels in evaluator.read_labels(scene))
    cells = [cell for cell in truth.get_cells() if cell in prediction]
    true_ids, ids = (
        np.array([labels.get_cell_class_id(cell) for cell in cells], dtype=int) for labels in (truth, prediction)
    )
    boxes = _local(Box.to_npboxes(cells), scene)
    grid = Grid.of(scene.extent)
    tally = Tally.empty(grid, len(evaluator.class_config.names))
    is_right = true_ids == ids
    _count(tally, grid, boxes[is_right], ids[is_right], TP)
    _count(tally, grid, boxes[~is_right], ids[~is_right], FP)
    _count(tally, grid, boxes[~is_right], true_ids[~is_right], FN)
    tally.errors[:] = tally.counts[..., FN].sum(axis=-1)
    tally.compared[:] = tally.counts[..., [TP, FN]].sum(axis=(-1, -2))
    scores = [prediction.get_cell_scores(cell) for cell in cells]
    if scores and all(values is not None for values in scores):
        confidences = np.array([max(class_probabilities(values)) for values in scores if values is not None])
        tally.add_confidences(confidences, is_right)
    display = Display.of(scene.raster_source)
    colors = _palette(evaluator.class_config.color_triples)

    def draw(frame: Frame) -> Panels:
        image = read_image(scene.raster_source, frame, display, tile=grid.block)
        marks = [HIT if ok else FALSE_ALARM for ok in is_right.tolist()]
        tints = ([colors[i] for i in true_ids], [colors[i] for i in ids], marks)
        return Panels(image, *(_fill(image, frame, boxes, tint) for tint in tints))

    return SceneScan(grid, tally, draw(grid.frame), draw, 'cells')


def _palette(triples: list[tuple[float, float, float]]) -> list[Color]:
    return [(round(255 * red), round(255 * green), round(255 * blue)) for red, green, blue in triples]


def _local(boxes: np.ndarray, scene: 'Scene') -> np.ndarray:
    """Boxes in pixels of the image, as labels have them, in pixels of the scene: (n, 4)."""
    corner = np.array([scene.bbox.ymin, scene.bbox.xmin] * 2, dtype=float)
    local: np.ndarray = boxes.reshape(-1, 4) - corner
    return local


def _count(tally: Tally, grid: Grid, boxes: np.ndarray, class_ids: np.ndarray, kind: int) -> None:
    rows, cols = grid.blocks_of(boxes)
    np.add.at(tally.counts[..., kind], (rows, cols, class_ids), 1)


def _corners(frame: Frame, boxes: np.ndarray) -> np.ndarray:
    """First and last pixel (x, y, x, y) of boxes in the picture of a frame, (n, 4), int."""
    corner = np.array([frame.window.ymin, frame.window.xmin] * 2)
    pixels = np.floor((boxes - corner) / frame.factor)[:, [1, 0, 3, 2]]
    corners: np.ndarray = (pixels - np.array([0, 0, 1, 1])).astype(int)
    return corners


def _visible(frame: Frame, boxes: np.ndarray) -> np.ndarray:
    """Indices of the boxes that meet a frame."""
    ymin, xmin, ymax, xmax = frame.window
    meets = (boxes[:, 0] < ymax) & (boxes[:, 2] > ymin) & (boxes[:, 1] < xmax) & (boxes[:, 3] > xmin)
    return np.flatnonzero(meets)


def _outline(picture: np.ndarray, frame: Frame, boxes: np.ndarray, colors: list[Color]) -> None:
    """Draw boxes on a picture of a frame."""
    corners = _corners(frame, boxes)
    for i in _visible(frame, boxes).tolist():
        x1, y1, x2, y2 = corners[i].tolist()
        cv2.rectangle(picture, (x1, y1), (x2, y2), colors[i], thickness=1 if frame.factor > 1 else 2)


def _fill(image: np.ndarray, frame: Frame, boxes: np.ndarray, colors: list[Color]) -> np.ndarray:
    """A picture of a frame with filled boxes laid over it, each a little smaller than it is."""
    tints, mask = image.copy(), np.zeros(image.shape[:2], dtype=np.uint8)
    corners = _corners(frame, boxes)
    for i in _visible(frame, boxes).tolist():
        x1, y1, x2, y2 = corners[i].tolist()
        inset = max(1, (x2 - x1) // 32)
        for canvas, color in ((tints, colors[i]), (mask, 1)):
            cv2.rectangle(canvas, (x1 + inset, y1 + inset), (x2 - inset, y2 - inset), color, thickness=-1)
    return blend(image, tints, CELL_OPACITY * mask[..., None])
