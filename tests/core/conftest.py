"""A tiny project: two images, cells as labels, and a backend that needs no learning."""

import json
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from rastervision.core.backend.backend import Backend, SampleWriter
from rastervision.core.backend.backend_config import BackendConfig
from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label_source.chip_classification_label_source_config import (
    ChipClassificationLabelSourceConfig,
)
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.data.vector_source.geojson_vector_source_config import GeoJSONVectorSourceConfig
from rastervision.core.rv_pipeline.chip_classification_config import ChipClassificationConfig
from rastervision.core.rv_pipeline.chip_options import ChipOptions, WindowSamplingConfig
from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.config.resolve import resolve

CELL = 10


class ZipWriter(SampleWriter):
    """Remembers samples in a list."""

    def __init__(self, samples: list[Any]) -> None:
        self.samples = samples

    def __enter__(self) -> 'ZipWriter':
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def write_sample(self, sample: Any) -> None:
        self.samples.append(sample)


class ThresholdBackend(Backend):
    """A cell is of class 1 if its mean is above the threshold that `train` saves."""

    def __init__(self, pipeline: Any) -> None:
        self.pipeline = pipeline
        self.threshold: float | None = None
        self.calls: list[Any] = []
        self.samples: list[Any] = []

    def get_sample_writer(self) -> SampleWriter:
        return ZipWriter(self.samples)

    def train(self, source_bundle_uri: str | None = None) -> None:
        uri = self.pipeline.layout.trained_bundle
        os.makedirs(os.path.dirname(uri), exist_ok=True)
        with zipfile.ZipFile(uri, 'w') as model:
            model.writestr('threshold.json', json.dumps(100))

    def load_model(self, uri: str | None = None) -> None:
        with zipfile.ZipFile(uri or self.pipeline.layout.trained_bundle) as model:
            self.threshold = json.loads(model.read('threshold.json'))

    def predict_scene(self, scene: Any, predict_options: Any) -> ChipClassificationLabels:
        pairs = list(self.predictions(scene, predict_options))
        return ChipClassificationLabels.from_predictions([box for box, _ in pairs], [scores for _, scores in pairs])

    def chip_dataset(self, dataset: Any, chip_options: Any) -> None:
        folder = Path(self.pipeline.layout.chip)
        folder.mkdir(parents=True, exist_ok=True)
        name = '-'.join(scene.id for scene in dataset.all_scenes)
        (folder / f'{name}.txt').write_text(str(chip_options.get_chip_sz()))

    def predictions(self, scene: Any, options: Any) -> Iterator[tuple[Box, np.ndarray]]:
        for window in scene.extent.get_windows(options.chip_sz, options.stride):
            above = scene.raster_source[window].mean() > self.threshold
            yield window, np.array([0.2, 0.8] if above else [0.9, 0.1], dtype=np.float32)


class StreamingThresholdBackend(ThresholdBackend):
    """The same, window by window."""

    def iter_predict(self, scene: Any, predict_options: Any) -> Iterator[tuple[Box, np.ndarray]]:
        self.calls.append(scene.id)
        return self.predictions(scene, predict_options)

    def predict_scene(self, scene: Any, predict_options: Any) -> ChipClassificationLabels:
        self.calls.append(('whole', scene.id))
        return super().predict_scene(scene, predict_options)


@register_config('test_threshold_backend', plugin='rastervision.core')
class ThresholdBackendConfig(BackendConfig):
    """Configure a ThresholdBackend."""

    streaming: bool = False

    def build(self, pipeline: Any, tmp_dir: str) -> Backend:
        return (StreamingThresholdBackend if self.streaming else ThresholdBackend)(pipeline)


def write_image(path: Path, array: np.ndarray) -> str:
    """Write (height, width, channels) as a GeoTIFF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width, count = array.shape
    profile = {'driver': 'GTiff', 'height': height, 'width': width, 'count': count, 'dtype': array.dtype}
    with rasterio.open(path, 'w', crs='EPSG:32633', transform=Affine(10, 0, 5e5, 0, -10, 5e6), **profile) as image:
        image.write(array.transpose(2, 0, 1))
    return str(path)


def write_cells(image_path: str, path: Path, class_ids: np.ndarray) -> str:
    """Write a square for each class id of a grid, as GeoJSON."""
    from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer

    with rasterio.open(image_path) as image:
        transformer = RasterioCRSTransformer.from_dataset(image)
    features = []
    for (row, col), class_id in np.ndenumerate(class_ids):
        cell = Box.make_square(row * CELL, col * CELL, CELL)
        ring = [list(map(float, transformer.to_map((x, y)))) for x, y in cell.geojson_coordinates()]
        geometry = {'type': 'Polygon', 'coordinates': [ring]}
        features.append({'type': 'Feature', 'properties': {'class_id': int(class_id)}, 'geometry': geometry})
    path.write_text(json.dumps({'type': 'FeatureCollection', 'features': features}))
    return str(path)


@pytest.fixture
def write_raster() -> Callable[[Path, np.ndarray], str]:
    """A function that writes (height, width, channels) as a GeoTIFF and gives its URI."""
    return write_image


@pytest.fixture
def checkerboard(tmp_path: Path) -> Callable[[str], tuple[str, str]]:
    """A function that writes a 40 x 60 image of bright and dark cells and their labels, and gives both URIs."""

    def write(name: str) -> tuple[str, str]:
        class_ids = np.indices((4, 6)).sum(axis=0) % 2
        pixels = np.kron(class_ids, np.ones((CELL, CELL))) * 150 + 50
        image = write_image(tmp_path / 'in' / f'{name}.tif', np.stack([pixels] * 3, axis=-1).astype(np.uint8))
        return image, write_cells(image, tmp_path / 'in' / f'{name}.json', class_ids)

    return write


@pytest.fixture
def make_scene_config(checkerboard: Callable[[str], tuple[str, str]]) -> Callable[..., SceneConfig]:
    """A function that makes the config of a scene with labels."""

    def make(name: str, **kwargs: Any) -> SceneConfig:
        image, labels = checkerboard(name)
        source = GeoJSONVectorSourceConfig(uris=labels)
        label_source = ChipClassificationLabelSourceConfig(vector_source=source, background_class_id=0)
        fields = {'raster_source': RasterioSourceConfig(uris=[image]), 'label_source': label_source, **kwargs}
        return SceneConfig(id=name, **fields)

    return make


@pytest.fixture
def make_pipeline_config(
    tmp_path: Path, make_scene_config: Callable[..., SceneConfig]
) -> Callable[..., ChipClassificationConfig]:
    """A function that makes the resolved config of a project with a training and a validation scene."""

    def make(**kwargs: Any) -> ChipClassificationConfig:
        fields: dict[str, Any] = {
            'root_uri': str(tmp_path / 'out'),
            'dataset': DatasetConfig(
                class_config=ClassConfig(names=['dark', 'bright'], colors=['black', 'white']),
                train_scenes=[make_scene_config('a')],
                validation_scenes=[make_scene_config('b')],
            ),
            'backend': ThresholdBackendConfig(),
            'chip_options': ChipOptions(sampling=WindowSamplingConfig(size=CELL)),
            'predict_options': PredictOptions(chip_sz=CELL),
        }
        return resolve(ChipClassificationConfig(**{**fields, **kwargs}))

    return make
