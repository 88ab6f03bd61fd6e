"""Runs of each task that have ended, made without training: predictions are truth with errors of known place."""

import csv
import json
from collections.abc import Callable
from functools import cache, partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from rastervision.core.backend.backend_config import BackendConfig
from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.data.label.semantic_segmentation_labels import SemanticSegmentationSmoothLabels
from rastervision.core.data.label_source.chip_classification_label_source_config import (
    ChipClassificationLabelSourceConfig,
)
from rastervision.core.data.label_source.object_detection_label_source_config import ObjectDetectionLabelSourceConfig
from rastervision.core.data.label_source.semantic_segmentation_label_source_config import (
    SemanticSegmentationLabelSourceConfig,
)
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    SemanticSegmentationLabelStoreConfig,
)
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.data.vector_source.geojson_vector_source_config import GeoJSONVectorSourceConfig
from rastervision.core.evaluation.object_detection_evaluator_config import ObjectDetectionEvaluatorConfig
from rastervision.core.report.report import make_report
from rastervision.core.rv_pipeline.chip_classification_config import ChipClassificationConfig
from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionConfig
from rastervision.core.rv_pipeline.semantic_segmentation_config import SemanticSegmentationConfig
from rastervision.pipeline.config.files import save_pipeline_config
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.config.resolve import resolve

HEIGHT, WIDTH = 192, 256
PLACE = Affine(10, 0, 5e5, 0, -10, 5e6)
FIELD = Box(20, 30, 120, 160)
FALSE_ALARM = Box(130, 200, 150, 220)  # in the block of rows 128 to 192, columns 192 to 256
BOXES = [Box(10, 10, 40, 40), Box(70, 80, 100, 120), Box(140, 200, 170, 230)]
CELL = 32
NAMES = {'ss': ['background', 'field'], 'od': ['car', 'boat'], 'cc': ['none', 'some']}


@register_config('test_report_backend', plugin='rastervision.core')
class IdleBackendConfig(BackendConfig):
    """A backend that is never asked for anything."""


class Page(HTMLParser):
    """What is in a page: its text, the sources of its pictures, its links and its tags."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.text, self.sources, self.links, self.tags = '', [], [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ('src', 'srcset', 'data', 'poster'):
                self.sources.append(value)
            elif name == 'href':
                (self.links if tag == 'a' else self.sources).append(value)

    def handle_data(self, data: str) -> None:
        self.text += f'{data}\n'


@pytest.fixture(name='Page')
def page_class() -> type[Page]:
    """Reads a page."""
    return Page


def write_image(path: Path, pixels: np.ndarray) -> str:
    profile = {'driver': 'GTiff', 'height': HEIGHT, 'width': WIDTH, 'count': len(pixels), 'dtype': pixels.dtype}
    with rasterio.open(path, 'w', crs='EPSG:32633', transform=PLACE, **profile) as file:
        file.write(pixels)
    return str(path)


def write_boxes(path: Path, boxes: list[tuple[Box, int]]) -> str:
    features = []
    for box, class_id in boxes:
        ring = [[float(part) for part in PLACE @ (x, y)] for x, y in box.geojson_coordinates()]
        geometry = {'type': 'Polygon', 'coordinates': [ring]}
        features.append({'type': 'Feature', 'properties': {'class_id': class_id}, 'geometry': geometry})
    crs = {'type': 'name', 'properties': {'name': 'urn:ogc:def:crs:EPSG::32633'}}
    path.write_text(json.dumps({'type': 'FeatureCollection', 'crs': crs, 'features': features}))
    return str(path)


def true_field() -> np.ndarray:
    truth = np.zeros((HEIGHT, WIDTH), np.uint8)
    truth[FIELD.to_slices()] = 1
    return truth


def grid() -> list[tuple[Box, int]]:
    cells = Box(0, 0, HEIGHT, WIDTH).get_windows(CELL, CELL)
    return [(cell, (i // 3) % 2) for i, cell in enumerate(cells)]


def label_source(task: str, folder: Path, name: str) -> Any:
    """The truth of a scene."""
    if task == 'ss':
        uri = write_image(folder / f'{name}-truth.tif', true_field()[None])
        return SemanticSegmentationLabelSourceConfig(raster_source=RasterioSourceConfig(uris=uri))
    boxes = [(box, i % 2) for i, box in enumerate(BOXES)] if task == 'od' else grid()
    vectors = GeoJSONVectorSourceConfig(uris=write_boxes(folder / f'{name}.json', boxes))
    kind = ObjectDetectionLabelSourceConfig if task == 'od' else ChipClassificationLabelSourceConfig
    return kind(vector_source=vectors)


def predict(task: str) -> Any:
    """Predictions with one place of errors."""
    if task == 'ss':
        labels = SemanticSegmentationSmoothLabels(Box(0, 0, HEIGHT, WIDTH), 2)
        is_field = true_field() == 1
        is_field[FALSE_ALARM.to_slices()] = True
        scores = np.where(is_field, 0.9, 0.2)
        labels[Box(0, 0, HEIGHT, WIDTH)] = np.stack([1 - scores, scores])
        return labels
    if task == 'od':
        boxes = np.array([tuple(BOXES[0]), tuple(BOXES[1]), tuple(FALSE_ALARM)], dtype=float)
        return ObjectDetectionLabels(boxes, np.array([0, 1, 0]), np.array([0.9, 0.8, 0.6]))
    labels = ChipClassificationLabels.make_empty()
    for cell, class_id in grid():
        said = 1 - class_id if cell == Box(160, 224, 192, 256) else class_id
        labels.set_cell(cell, said, [3.0, 0.0] if said == 0 else [0.0, 3.0])
    return labels


def write_log(folder: Path, best: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / 'log.csv').open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['epoch', 'train_loss', 'val_loss', 'avg_f1'])
        writer.writerows([i, 1 / (i + 1), 1.1 / (i + 1), best * i / 4] for i in range(5))


def write_run(
    folder: Path,
    task: str,
    name: str = 'run',
    steps: tuple[str, ...] = ('train', 'predict', 'eval'),
    vector_output: Any = (),
    **fields: Any,
) -> Path:
    """Make a run of a task in a folder and give its root. Its predictions are those of `predict`."""
    store = SemanticSegmentationLabelStoreConfig(smooth_output=True, vector_output=list(vector_output))
    data, root = folder / 'data', folder / name
    data.mkdir(exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 256, (3, HEIGHT, WIDTH)).astype(np.uint8)
    scenes = [
        SceneConfig(
            id=scene_id,
            raster_source=RasterioSourceConfig(uris=write_image(data / f'{scene_id}.tif', pixels)),
            label_source=label_source(task, data, scene_id),
            label_store=store if task == 'ss' else None,
        )
        for scene_id in ('first', 'second')
    ]
    kind = {'ss': SemanticSegmentationConfig, 'od': ObjectDetectionConfig, 'cc': ChipClassificationConfig}[task]
    if task == 'od':
        fields.setdefault('evaluators', [ObjectDetectionEvaluatorConfig(average_precision=True)])
    config = resolve(
        kind(
            root_uri=str(root),
            dataset=DatasetConfig(
                class_config=ClassConfig(names=NAMES[task], null_class=NAMES[task][0] if task == 'ss' else None),
                train_scenes=scenes[:1],
                validation_scenes=scenes[1:],
            ),
            backend=IdleBackendConfig(),
            **fields,
        )
    )
    save_pipeline_config(config, config.get_config_uri())
    if 'train' in steps:
        write_log(root / 'train', best=0.8)
    if 'predict' in steps:
        scene = config.dataset.validation_scenes[0].build(config.dataset.class_config)
        scene.label_store.save(predict(task))
    if 'eval' in steps:
        config.build(str(folder)).eval()
    return root


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """A function that makes a run of a task and gives its root."""
    return partial(write_run, tmp_path)


@pytest.fixture(scope='session')
def finished(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function that gives the root of a run of a task, with its report; the same run each time."""

    @cache
    def make(task: str) -> Path:
        root = write_run(tmp_path_factory.mktemp(task), task)
        make_report([str(root)])
        return root

    return make
