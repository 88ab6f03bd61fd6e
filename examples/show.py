"""Shows what a run has made: a table of its metrics and a picture of each predicted scene.

    python examples/show.py ROOT_URI [PICTURE.png]

The picture has a row for each validation scene: image, truth, prediction. In semantic segmentation, true positives are
green, false positives red, false negatives blue, all of the classes but the null class; more than two such classes have
their colours. In chip classification, cells have the colours of their classes, and those that are known to be wrong
have a red frame. In object detection, boxes with a score above 0.4 are green where they lie over a true one of their
class, red where not; true boxes that were missed are blue.
"""

import sys
from collections.abc import Callable, Sequence
from os.path import exists, join

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.label.boxes import overlapping_pairs
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.scene import Scene
from rastervision.core.rv_pipeline.chip_classification_config import ChipClassificationConfig
from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionConfig
from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig
from rastervision.core.rv_pipeline.semantic_segmentation_config import SemanticSegmentationConfig
from rastervision.pipeline.config import Config
from rastervision.pipeline.file_system.utils import file_to_json

MAX_WIDTH = 480  # pixels of one panel
MARGIN = 8
FEW_CLASSES = 3  # up to so many, with the null class, hits and misses say enough; more are shown in their colours
GOOD_SCORE, GOOD_IOU = 0.4, 0.5
HIT, FALSE_ALARM, MISS = (60, 170, 80), (220, 60, 50), (60, 110, 220)


def metrics_table(root_uri: str, scene_group: str = 'validation_scenes') -> Table:
    """The metrics of each class."""
    report = file_to_json(join(root_uri, 'eval', scene_group, 'eval.json'))
    table = Table(title=f'Metrics on {scene_group}')
    has_boxes = 'mAP50' in report['overall'][-1]['metrics']
    for title in ('class', 'precision', 'recall', 'F1', *(('AP50', 'AP') if has_boxes else ())):
        table.add_column(title, justify='left' if title == 'class' else 'right')
    for item in report['overall']:
        metrics = item['metrics']
        values = [metrics[name] for name in ('precision', 'recall', 'f1')]
        if has_boxes:
            values += [metrics[name] if name in metrics else metrics[f'm{name}'] for name in ('AP50', 'AP')]
        table.add_row(item['class_name'], *('-' if value is None else f'{value:.3f}' for value in values))
    return table


def panel(pixels: np.ndarray) -> np.ndarray:
    """Pixels scaled to the width of a panel, (h, w, 3) uint8."""
    scale = min(1.0, MAX_WIDTH / pixels.shape[1])
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def pixel_panels(scene: Scene, classes: ClassConfig) -> list[np.ndarray]:
    """Image, truth and prediction of pixels; reads the whole scene, so for small ones."""
    image = scene.raster_source.get_chip(scene.extent)[..., :3]
    if len(classes) > FEW_CLASSES:
        ids = (scene.label_source.get_label_arr(scene.extent), scene.label_store.read_label_arr(scene.extent))
        colors = np.round(255 * np.array(classes.color_triples)).astype(np.uint8)
        return [image, *(colors[class_ids] for class_ids in ids)]
    truth = scene.label_source.get_label_arr(scene.extent) != classes.null_class_id
    guess = scene.label_store.read_label_arr(scene.extent) != classes.null_class_id
    overlay = image // 2 + 64
    for where, color in ((truth & guess, HIT), (guess & ~truth, FALSE_ALARM), (truth & ~guess, MISS)):
        overlay[where] = (0.35 * image[where] + 0.65 * np.array(color)).astype(np.uint8)
    return [image, np.where(truth[..., None], 255, image // 3).astype(np.uint8), overlay]


def cell_panels(scene: Scene, classes: ClassConfig) -> list[np.ndarray]:
    """Image, truth and prediction of cells; reads the whole scene."""
    image = np.ascontiguousarray(scene.raster_source.get_chip(scene.extent)[..., :3])
    guess = scene.label_store.get_labels()
    truth = scene.label_source.get_labels().snap_to(guess)
    panels = [image, fill_cells(image, truth, scene, classes), fill_cells(image, guess, scene, classes)]
    for cell in truth.get_cells():
        if cell in guess and truth.get_cell_class_id(cell) != guess.get_cell_class_id(cell):
            frame = corners(cell, scene, inset=cell.width // 16)
            cv2.rectangle(panels[2], *frame, FALSE_ALARM, thickness=max(1, cell.width // 9))
    return panels


def fill_cells(image: np.ndarray, labels: ChipClassificationLabels, scene: Scene, classes: ClassConfig) -> np.ndarray:
    """The image, dimmed, with cells in the colours of their classes."""
    colors = [tuple(round(255 * part) for part in color) for color in classes.color_triples]
    tints = np.zeros_like(image)
    for cell in labels.get_cells():
        color = colors[labels.get_cell_class_id(cell)]
        cv2.rectangle(tints, *corners(cell, scene, inset=cell.width // 32), color, thickness=-1)
    return cv2.addWeighted(image, 0.6, tints, 0.4, 0)


def corners(cell: Box, scene: Scene, inset: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Upper left and lower right pixel (x, y) of a cell in the scene, moved into it."""
    ymin, xmin, ymax, xmax = cell.to_local_coords(scene.bbox)
    return (xmin + inset, ymin + inset), (xmax - 1 - inset, ymax - 1 - inset)


def box_panels(scene: Scene, classes: ClassConfig) -> list[np.ndarray]:
    """Image, true and predicted boxes; reads the whole scene."""
    image = np.ascontiguousarray(scene.raster_source.get_chip(scene.extent)[..., :3])
    truth, guess = scene.label_source.get_labels(), scene.label_store.get_labels().filter_by_score(GOOD_SCORE)
    i, j, iou = overlapping_pairs(truth.get_npboxes(), guess.get_npboxes())
    match = (iou > GOOD_IOU) & (truth.get_class_ids()[i] == guess.get_class_ids()[j])
    panels = [image, image.copy(), image.copy()]
    for number, box in enumerate(truth.get_boxes()):
        cv2.rectangle(panels[1], *corners(box.to_int(), scene, inset=0), (255,) * 3, thickness=2)
        if number not in i[match]:
            cv2.rectangle(panels[2], *corners(box.to_int(), scene, inset=0), MISS, thickness=1)
    for number, box in enumerate(guess.get_boxes()):
        color = HIT if number in j[match] else FALSE_ALARM
        cv2.rectangle(panels[2], *corners(box.to_int(), scene, inset=0), color, thickness=2)
    return panels


PANELS: dict[type[RVPipelineConfig], Callable[[Scene, ClassConfig], list[np.ndarray]]] = {
    SemanticSegmentationConfig: pixel_panels,
    ChipClassificationConfig: cell_panels,
    ObjectDetectionConfig: box_panels,
}


def side_by_side(panels: Sequence[np.ndarray]) -> np.ndarray:
    """Panels in a row, with gaps."""
    scaled = [panel(pixels) for pixels in panels]
    gap = np.full((scaled[0].shape[0], MARGIN, 3), 255, np.uint8)
    return np.hstack([part for pixels in scaled for part in (pixels, gap)][:-1])


def draw(root_uri: str, path: str) -> None:
    """Write the picture."""
    config = Config.from_file(join(root_uri, 'pipeline-config.json'))
    classes = config.dataset.class_config
    panels_of = next(make for kind, make in PANELS.items() if isinstance(config, kind))
    rows = [side_by_side(panels_of(s.build(classes), classes)) for s in config.dataset.validation_scenes]
    width = max(row.shape[1] for row in rows)
    padded = [
        cv2.copyMakeBorder(r, 0, MARGIN, 0, width - r.shape[1], cv2.BORDER_CONSTANT, value=(255,) * 3) for r in rows
    ]
    cv2.imwrite(path, np.vstack(padded)[..., ::-1])


def main(root_uri: str, path: str | None = None) -> None:
    """Print the table, write the picture, and list what was made."""
    path = path or join(root_uri, 'predictions.png')
    console = Console()
    console.print(metrics_table(root_uri))
    draw(root_uri, path)
    for name in ('eval/validation_scenes/eval.json', 'report/report.html', 'bundle/model-bundle.zip', 'predict'):
        if exists(join(root_uri, name)):
            console.print(f'{name:36}{join(root_uri, name)}', soft_wrap=True, highlight=False)
    console.print(f'{"image, truth, prediction":36}{path}', soft_wrap=True, highlight=False)


if __name__ == '__main__':
    main(*sys.argv[1:])
