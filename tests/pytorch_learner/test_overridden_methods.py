"""A public method that a subclass overrides is called, for every base class that others derive from."""

import json
from typing import NamedTuple

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.scene import Scene
from rastervision.core.data.scene_factory import make_cc_scene, make_od_scene, make_ss_scene
from rastervision.pytorch_learner.dataset.classification_dataset import (
    ClassificationRandomWindowGeoDataset,
    ClassificationSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.dataset import (
    AlbumentationsDataset,
    GeoDataset,
    RandomWindowGeoDataset,
    SlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    ObjectDetectionRandomWindowGeoDataset,
    ObjectDetectionSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.regression_dataset import (
    RegressionRandomWindowGeoDataset,
    RegressionSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationRandomWindowGeoDataset,
    SemanticSegmentationSlidingWindowGeoDataset,
)

CLASSES = ClassConfig(names=['bg', 'thing'], colors=['black', 'white'], null_class='bg')
SIZE = 40


class Row(NamedTuple):
    """A base class, a method that a subclass of it overrides, and what must call that, given subclass and scenes."""

    base: type
    method: str
    reach: object


def spying(base, method):
    """A subclass that overrides a method, and the calls of it."""
    calls = []

    def overriding(self, *args, **kwargs):
        calls.append(args)
        return getattr(super(cls, self), method)(*args, **kwargs)

    cls = type(f'Own{base.__name__}', (base,), {method: overriding})
    return cls, calls


@pytest.fixture
def scenes(tmp_path):
    """A scene for each task, of an image with one object in it."""
    image = str(tmp_path / 'image.tif')
    place = {'crs': 'EPSG:32636', 'transform': from_origin(500_000, 0, 1, 1)}
    with rasterio.open(image, 'w', driver='GTiff', width=SIZE, height=SIZE, count=3, dtype='uint8', **place) as dataset:
        dataset.write(np.arange(1, 3 * SIZE**2 + 1).reshape(3, SIZE, SIZE).astype(np.uint8) // 2 + 1)
    x, y = 500_010, -10
    ring = [[x, y], [x + 8, y], [x + 8, y - 8], [x, y - 8], [x, y]]
    geometry = {'type': 'Polygon', 'coordinates': [ring]}
    features = [{'type': 'Feature', 'properties': {'class_id': 1}, 'geometry': geometry}]
    crs = {'type': 'name', 'properties': {'name': 'EPSG:32636'}}
    labels = tmp_path / 'labels.json'
    labels.write_text(json.dumps({'type': 'FeatureCollection', 'features': features, 'crs': crs}))
    options = {'label_vector_uri': str(labels), 'class_config': CLASSES}
    cells = {'label_source_kw': {'background_class_id': 0, 'lazy': True}}
    return {
        'ss': make_ss_scene(image, **options),
        'od': make_od_scene(image, **options),
        'cc': make_cc_scene(image, **options, **cells),
        'none': Scene('none', RasterioSource(image)),
    }


# ------------------------------------------------------------------- datasets
def first_sample(task, **options):
    return lambda cls, scenes: cls(scenes[task], **options)[0]


def first_window(cls, scenes):
    return cls(scenes['ss'], out_size=10)[Box(0, 0, 10, 10)]


def first_of_a_list(cls, scenes):
    return cls([(np.zeros((4, 4, 3), np.uint8), 1)])[0]


SLIDING = {
    SlidingWindowGeoDataset: 'ss',
    SemanticSegmentationSlidingWindowGeoDataset: 'ss',
    ClassificationSlidingWindowGeoDataset: 'cc',
    ObjectDetectionSlidingWindowGeoDataset: 'od',
    RegressionSlidingWindowGeoDataset: 'none',
}
RANDOM = {
    RandomWindowGeoDataset: 'ss',
    SemanticSegmentationRandomWindowGeoDataset: 'ss',
    ClassificationRandomWindowGeoDataset: 'cc',
    ObjectDetectionRandomWindowGeoDataset: 'od',
    RegressionRandomWindowGeoDataset: 'none',
}
GRID = {'size': 10, 'stride': 10, 'out_size': 10}
DRAWN = {'size_lims': (10, 12), 'out_size': 10, 'max_windows': 2}
SAMPLE_METHODS = ('__getitem__', '__len__')
DRAWING_METHODS = ('sample_window', '_sample_window', 'sample_window_size', 'sample_window_loc')

DATASETS = [
    Row(AlbumentationsDataset, '__len__', first_of_a_list),
    Row(GeoDataset, '__getitem__', first_window),
    Row(GeoDataset, 'append_resize_transform', first_window),
    *(
        Row(base, method, first_sample(task, **GRID))
        for base, task in SLIDING.items()
        for method in (*SAMPLE_METHODS, 'init_windows', 'append_resize_transform')
    ),
    *(
        Row(base, method, first_sample(task, **DRAWN))
        for base, task in RANDOM.items()
        for method in (*SAMPLE_METHODS, *DRAWING_METHODS, 'append_resize_transform')
    ),
    *(
        Row(ObjectDetectionRandomWindowGeoDataset, method, first_sample('od', **DRAWN, neg_ratio=ratio))
        for ratio, methods in {
            0: ('_sample_window', '_sample_pos_window', 'sample_window_size'),
            1e9: ('_sample_window', '_sample_neg_window', 'sample_window_size', 'sample_window_loc'),
        }.items()
        for method in methods
    ),
]


ROWS = DATASETS


@pytest.mark.parametrize('row', ROWS, ids=lambda row: f'{row.base.__name__}.{row.method}')
def test_an_overridden_method_is_called(row, scenes):
    cls, calls = spying(row.base, row.method)

    row.reach(cls, scenes)

    assert calls


def test_a_scene_with_its_own_windows_is_asked_for_them(scenes):
    class OwnScene(Scene):
        def __getitem__(self, key):
            return np.full((10, 10, 3), 255, np.uint8), np.zeros((10, 10), int)

    scene = OwnScene('own', scenes['ss'].raster_source, scenes['ss'].label_source)

    x, y = SemanticSegmentationSlidingWindowGeoDataset(scene, size=10, stride=10)[0]

    assert (x.min(), y.max()) == (1, 0)
