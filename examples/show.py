"""Shows what a semantic segmentation run has made: a table of its metrics and a picture of each predicted scene.

    python examples/show.py ROOT_URI [PICTURE.png]

The picture has a row for each validation scene: image, truth, prediction (true positives green, false positives red,
false negatives blue, all of the classes but the null class).
"""

import sys
from os.path import join

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from rastervision.core.data.scene import Scene
from rastervision.core.rv_pipeline.semantic_segmentation_config import SemanticSegmentationConfig
from rastervision.pipeline.config import Config
from rastervision.pipeline.file_system.utils import file_to_json

MAX_WIDTH = 480  # pixels of one panel
MARGIN = 8
HIT, FALSE_ALARM, MISS = (60, 170, 80), (220, 60, 50), (60, 110, 220)


def metrics_table(root_uri: str, scene_group: str = 'validation_scenes') -> Table:
    """The metrics of each class."""
    report = file_to_json(join(root_uri, 'eval', scene_group, 'eval.json'))
    table = Table(title=f'Metrics on {scene_group}')
    for title in ('class', 'precision', 'recall', 'F1'):
        table.add_column(title, justify='left' if title == 'class' else 'right')
    for item in report['overall']:
        metrics = item['metrics']
        values = [metrics[name] for name in ('precision', 'recall', 'f1')]
        table.add_row(item['class_name'], *('-' if value is None else f'{value:.3f}' for value in values))
    return table


def panel(pixels: np.ndarray) -> np.ndarray:
    """Pixels scaled to the width of a panel, (h, w, 3) uint8."""
    scale = min(1.0, MAX_WIDTH / pixels.shape[1])
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def scene_row(scene: Scene, null_class_id: int) -> np.ndarray:
    """Image, truth and prediction of a scene side by side; reads the whole scene, so for small ones."""
    image = scene.raster_source.get_chip(scene.extent)[..., :3]
    truth = scene.label_source.get_label_arr(scene.extent) != null_class_id
    guess = scene.label_store.read_label_arr(scene.extent) != null_class_id
    overlay = image // 2 + 64
    for where, color in ((truth & guess, HIT), (guess & ~truth, FALSE_ALARM), (truth & ~guess, MISS)):
        overlay[where] = (0.35 * image[where] + 0.65 * np.array(color)).astype(np.uint8)
    panels = [panel(p) for p in (image, np.where(truth[..., None], 255, image // 3).astype(np.uint8), overlay)]
    gap = np.full((panels[0].shape[0], MARGIN, 3), 255, np.uint8)
    return np.hstack([panels[0], gap, panels[1], gap, panels[2]])


def draw(root_uri: str, path: str) -> None:
    """Write the picture."""
    config = Config.from_file(join(root_uri, 'pipeline-config.json'))
    assert isinstance(config, SemanticSegmentationConfig)
    classes = config.dataset.class_config
    rows = [scene_row(s.build(classes), classes.null_class_id) for s in config.dataset.validation_scenes]
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
    for name in ('eval/validation_scenes/eval.json', 'bundle/model-bundle.zip', 'predict'):
        console.print(f'{name:36}{join(root_uri, name)}', soft_wrap=True, highlight=False)
    console.print(f'{"image, truth, prediction":36}{path}', soft_wrap=True, highlight=False)


if __name__ == '__main__':
    main(*sys.argv[1:])
