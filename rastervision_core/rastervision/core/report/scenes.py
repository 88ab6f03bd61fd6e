"""Scans all scenes that were evaluated, one at a time."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from rastervision.core.box import Box
from rastervision.core.data.scene import naming_scene
from rastervision.core.evaluation.chip_classification_evaluator import ChipClassificationEvaluator
from rastervision.core.evaluation.object_detection_evaluator import ObjectDetectionEvaluator
from rastervision.core.evaluation.semantic_segmentation_evaluator import SemanticSegmentationEvaluator
from rastervision.core.report.blocks import Picture
from rastervision.core.report.boxes import scan_boxes, scan_cells
from rastervision.core.report.frame import Frame
from rastervision.core.report.objects import ScannedOutput, draw_outputs
from rastervision.core.report.pixels import scan_pixels
from rastervision.core.report.plots import encode
from rastervision.core.report.run import Run
from rastervision.core.report.scan import Panels, SceneScan, Tally
from rastervision.pipeline.errors import RasterVisionError

if TYPE_CHECKING:
    from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
    from rastervision.core.data.scene import Scene
    from rastervision.core.data.scene_config import SceneConfig

log = logging.getLogger(__name__)

SCANS: tuple[tuple[type, Callable[[Any, Any], SceneScan]], ...] = (
    (SemanticSegmentationEvaluator, scan_pixels),
    (ObjectDetectionEvaluator, scan_boxes),
    (ChipClassificationEvaluator, scan_cells),
)
CROP_SIDE = 384  # pixels of a picture of a window
CROPS = 3  # of the worst windows of a scene
SMALL = 128  # pixels of a picture that is enlarged when shown
MAX_LISTED = 50


@dataclass(frozen=True)
class WorstWindow:
    """A block of a scene in which much is wrong.

    Attributes:
        scene_id: The scene.
        window: In pixels of the scene.
        outline: Corners on the map, (5, 2); in pixels if the scene is not georeferenced.
        errors: How much is wrong.
        compared: How much was compared.
    """

    scene_id: str
    window: Box
    outline: np.ndarray
    errors: int
    compared: int

    @property
    def middle(self) -> tuple[float, float]:
        """Its middle on the map, x and y."""
        x, y = self.outline[:-1].mean(axis=0).tolist()
        return x, y


@dataclass(frozen=True)
class ScannedScene:
    """A scene that was scanned.

    Attributes:
        scene_id: Its id.
        split: Its split.
        tally: What was counted.
        unit: What was counted: pixels, cells or boxes.
        map_crs: CRS of the outlines of windows; None if they are in pixels.
        worst: Windows with errors, the worst first.
        pictures: Image, truth, prediction and errors of the scene; empty if left out.
        crops: The same of the worst windows, in their order; empty if left out.
        boxes: True and predicted boxes, in object detection.
        outputs: Vector outputs, in semantic segmentation; empty if left out.
    """

    scene_id: str
    split: str
    tally: Tally
    unit: str
    map_crs: str | None
    worst: list[WorstWindow]
    pictures: tuple[Picture, ...]
    crops: tuple[tuple[Picture, ...], ...]
    boxes: 'tuple[ObjectDetectionLabels, ObjectDetectionLabels] | None'
    outputs: tuple[ScannedOutput, ...] = ()

    @property
    def share(self) -> float:
        """The part of what was compared that is wrong."""
        return float(self.tally.errors.sum() / max(self.tally.compared.sum(), 1))


@dataclass(frozen=True)
class Scans:
    """The scanned scenes of a run.

    Attributes:
        scenes: The worst first.
        failures: Scene id -> why it could not be scanned.
        left_out: Scene id -> why its vector outputs could not be.
        has_task: Whether it is known how to scan scenes of this task.
    """

    scenes: list[ScannedScene]
    failures: dict[str, str]
    left_out: dict[str, str] = field(default_factory=dict)
    has_task: bool = True


def scan_run(run: Run, max_scenes: int, *, prefix: str = '', outputs: bool = True) -> Scans:
    """Scan the validation and test scenes of a run that have ground truth.

    A scene that cannot be read is left out, and it is said why. Memory holds one open scene, the counts of all, and the
    pictures of at most `max_scenes`.

    Args:
        run: The run.
        max_scenes: Of how many scenes to keep pictures: those with the largest share of errors.
        prefix: Put before the names of pictures.
        outputs: Whether to look at vector outputs, too.
    """
    evaluator = _evaluator(run)
    scan = next((scan for kind, scan in SCANS if isinstance(evaluator, kind)), None)
    if scan is None:
        return Scans([], {}, has_task=False)
    scenes: list[ScannedScene] = []
    failures: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for number, (split, config) in enumerate(_compared(run)):
        try:
            with naming_scene(config.id):
                scene = config.build(run.config.dataset.class_config)
                found = scan(scene, evaluator)
                name = f'{prefix}scene-{number + 1}'
                drawn = _outputs(scene, evaluator, name, left_out) if outputs else ()
                scenes.append(replace(_describe(scene, split, found, name), outputs=drawn))
        except (RasterVisionError, OSError) as error:
            log.info('The report leaves out scene %r: %s', config.id, error)
            failures[config.id] = str(error)
        scenes.sort(key=lambda scanned: (-scanned.share, scanned.scene_id))
        scenes[max_scenes:] = [replace(scanned, pictures=(), crops=(), outputs=()) for scanned in scenes[max_scenes:]]
    return Scans(scenes, failures, left_out)


def _outputs(scene: 'Scene', evaluator: Any, name: str, left_out: dict[str, str]) -> tuple[ScannedOutput, ...]:
    """The vector outputs of a scene; none, and why, if they cannot be read."""
    if not isinstance(evaluator, SemanticSegmentationEvaluator):
        return ()
    try:
        return tuple(draw_outputs(scene, evaluator.compare_vector_outputs(scene), name))
    except (RasterVisionError, OSError) as error:
        log.info('The report leaves out vector outputs of scene %r: %s', scene.id, error)
        left_out[scene.id] = str(error)
        return ()


def _evaluator(run: Run) -> Any:
    """The first evaluator of a run; None if there is none."""
    configs = run.config.evaluators
    return configs[0].build(run.config.dataset.class_config) if configs else None


def _compared(run: Run) -> 'Iterator[tuple[str, SceneConfig]]':
    seen = set()
    for split, scene in run.scenes():
        if split != 'training' and scene.label_source is not None and scene.id not in seen:
            seen.add(scene.id)
            yield split, scene


def _describe(scene: 'Scene', split: str, scan: SceneScan, name: str) -> ScannedScene:
    transformer = scene.raster_source.crs_transformer
    crs = getattr(transformer, 'map_crs', None) if transformer.image_crs is not None else None
    worst = list(_worst(scene, scan, georeferenced=crs is not None))
    crops = []
    for i, window in enumerate(worst[:CROPS]):
        panels = scan.draw(Frame.fit(window.window, CROP_SIDE))
        crops.append(_pictures(panels, f'{name}-window-{i + 1}'))
    pictures = _pictures(scan.panels, name)
    return ScannedScene(
        scene.id, split, scan.tally, scan.unit, str(crs) if crs else None, worst, pictures, tuple(crops), scan.boxes
    )


def _worst(scene: 'Scene', scan: SceneScan, *, georeferenced: bool) -> Iterator[WorstWindow]:
    """The blocks of a scene with errors, the worst first, at most `MAX_LISTED`."""
    errors = scan.tally.errors
    order = np.argsort(-errors, axis=None, kind='stable')[:MAX_LISTED]
    for row, col in zip(*np.unravel_index(order, errors.shape), strict=True):
        if errors[row, col] > 0:
            window = scan.grid.window(int(row), int(col))
            corners = shapely.get_coordinates(shapely.box(window.xmin, window.ymin, window.xmax, window.ymax))
            if georeferenced:
                x, y = scene.raster_source.crs_transformer.to_map(tuple(corners.T), bbox=scene.bbox)
                corners = np.stack([x, y], axis=-1)
            yield WorstWindow(scene.id, window, corners, int(errors[row, col]), int(scan.tally.compared[row, col]))


def _pictures(panels: Panels, name: str) -> tuple[Picture, ...]:
    small = max(panels.image.shape) < SMALL
    titles = {'image': 'Image', 'truth': 'Truth', 'prediction': 'Prediction', 'errors': 'Errors'}
    return tuple(
        encode(f'{name}-{part}', title, getattr(panels, part), pixelated=small) for part, title in titles.items()
    )
