"""Scans scenes of semantic segmentation."""

from typing import TYPE_CHECKING

import numpy as np

from rastervision.core.data.label_store.semantic_segmentation_label_store import SemanticSegmentationLabelStore
from rastervision.core.evaluation.classification_evaluation import count_pairs
from rastervision.core.evaluation.pixel_pairs import AOIMask, read_pairs
from rastervision.core.report.frame import Display, Frame, read_image
from rastervision.core.report.scan import (
    CONFUSED,
    FALSE_ALARM,
    HIT,
    MISS,
    Grid,
    Panels,
    SceneScan,
    Tally,
    blend,
    dimmed,
)
from rastervision.pipeline.file_system.utils import file_exists

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.scene import Scene
    from rastervision.core.evaluation.semantic_segmentation_evaluator import SemanticSegmentationEvaluator

OPACITY = 0.6
FEW_CLASSES = 2  # up to so many, not counting the null class, what is right is marked too
SCORED_BLOCKS = 64  # of so many blocks scores are read


def scan_pixels(scene: 'Scene', evaluator: 'SemanticSegmentationEvaluator') -> SceneScan:
    """Compare and draw the classes of all pixels, block by block.

    Reads the image at the resolution of the picture, truth and labels at their own, and scores of at most
    `SCORED_BLOCKS` blocks. Time grows with the area; memory depends on the size of a block, which is at most 512 pixels
    or a 64th of the scene's side.
    """
    grid = Grid.of(scene.extent)
    view = _View(scene, evaluator)
    tally = Tally.empty(grid, len(view.classes.names))
    panels = view.draw(grid.frame, grid.block, tally)
    _count_confidences(view, grid, tally)
    return SceneScan(grid, tally, panels, lambda frame: view.draw(frame, grid.block), 'pixels')


class _View:
    """A scene with what is needed to draw it."""

    def __init__(self, scene: 'Scene', evaluator: 'SemanticSegmentationEvaluator') -> None:
        self.scene = scene
        self.classes: ClassConfig = evaluator.class_config
        self.null = self.classes.null_class_id
        self.ignores_null = evaluator.ignore_null
        self.display = Display.of(scene.raster_source)
        self.palette = np.round(255 * np.array(self.classes.color_triples))

    def draw(self, frame: Frame, block: int, tally: Tally | None = None) -> Panels:
        """Draw a part of the scene, tile by tile, and count what differs if there is something to count with."""
        image = read_image(self.scene.raster_source, frame, self.display, tile=block)
        panels = Panels(image, *(np.zeros_like(image) for _ in range(3)))
        tiles = list(frame.tiles(-(-block // frame.factor) * frame.factor))
        pairs = read_pairs(self.scene, [window for _, window, _ in tiles], self.null)
        for (place, _, slices), (window, truth, prediction) in zip(tiles, pairs, strict=True):
            part = Frame(window, frame.factor)
            for panel, class_ids in ((panels.truth, truth), (panels.prediction, prediction)):
                panel[slices] = self._tinted(image[slices], part.nearest(class_ids))
            panels.errors[slices] = self._errors(image[slices], part, truth, prediction)
            if tally is not None:
                tally.add_confusions(place, self._count(truth, prediction))
        return panels

    def _count(self, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        counts = count_pairs(truth, prediction, len(self.classes.names))
        if self.ignores_null:
            counts[self.null] = 0
        return counts

    def _tinted(self, image: np.ndarray, class_ids: np.ndarray) -> np.ndarray:
        known = (class_ids < len(self.palette)) & (class_ids != self.null)
        colors = self.palette[np.where(known, class_ids, 0)]
        return blend(dimmed(image), colors, OPACITY * known[..., None])

    def _errors(self, image: np.ndarray, part: Frame, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        known = truth < len(self.palette)
        is_null, says_null = truth == self.null, prediction == self.null
        wrong = known & (truth != prediction)
        layers = [(FALSE_ALARM, wrong & is_null), (MISS, wrong & says_null), (CONFUSED, wrong & ~is_null & ~says_null)]
        if self.ignores_null:
            layers = layers[1:]
        if len(self.palette) - 1 <= FEW_CLASSES:
            layers.append((HIT, known & ~wrong & ~is_null))
        result = dimmed(image)
        shares = [(color, part.share(mask)[..., None]) for color, mask in layers]
        total = np.sum([share for _, share in shares], axis=0)
        color = np.sum([share * np.array(color) for color, share in shares], axis=0) / np.maximum(total, 1e-6)
        return blend(result, color, (OPACITY + 0.2) * total)


def _count_confidences(view: _View, grid: Grid, tally: Tally) -> None:
    """Compare the highest score of pixels with whether they are right, if there are scores."""
    scene, store = view.scene, view.scene.label_store
    if not isinstance(store, SemanticSegmentationLabelStore) or not file_exists(store.score_uri, include_dir=False):
        return
    windows = [window for _, window, _ in grid.frame.tiles(grid.block)]
    windows = windows[:: -(-len(windows) // SCORED_BLOCKS)]
    aoi = AOIMask(scene.aoi_polygons_bbox_coords) if scene.aoi_polygons else None
    for window, truth, _ in read_pairs(scene, windows, view.null):
        scores = store.read_score_arr(window)
        confidence = scores.max(axis=0)
        used = (truth < len(view.palette)) & (confidence > 0)
        if aoi is not None:
            used &= ~aoi.outside(window)
        if view.ignores_null:
            used &= truth != view.null
        tally.add_confidences(confidence[used], (scores.argmax(axis=0) == truth)[used])
