"""Windows with and without objects, as pipelines that change samples get them."""

import numpy as np
import pytest

from rastervision.core.box import Box
from rastervision.core.data.geojson import features_to_geojson, geom_to_feature
from rastervision.core.data.label_source.object_detection_label_source import ObjectDetectionLabelSource
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.scene import Scene
from rastervision.core.data.vector_source.vector_source import VectorSource
from rastervision.core.rv_pipeline.chip_options import WindowSamplingMethod
from rastervision.core.rv_pipeline.chipping import read_label, sample_windows
from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionWindowSamplingConfig

BOXES = [Box(5, 5, 13, 13), Box(60, 80, 68, 88)]


class Objects(VectorSource):
    def _get_geojson(self):
        shapes = self.crs_transformer.to_map(np.array([box.to_shapely() for box in BOXES], dtype=object))
        return features_to_geojson([geom_to_feature(shape, {'class_id': 0}) for shape in shapes])


@pytest.fixture(params=[None, Box(3, 2, 90, 95)])
def scene(request, tmp_path, write_raster):
    image = RasterioSource(write_raster(tmp_path / 'a.tif', np.ones((100, 100, 3), np.uint8)), bbox=request.param)
    return Scene('s', image, ObjectDetectionLabelSource(Objects(image.crs_transformer), image.bbox))


def sampling(**options):
    return ObjectDetectionWindowSamplingConfig(method=WindowSamplingMethod.random, size=20, max_windows=100, **options)


@pytest.mark.parametrize(('neg_ratio', 'with_objects'), [(0, 100), (1, 50), (3, 25)])
def test_the_share_of_windows_with_objects_is_that_of_the_config(scene, neg_ratio, with_objects):
    options = sampling(neg_ratio=neg_ratio, neg_ioa_thresh=0.01, ioa_thresh=0.02)
    windows = sample_windows(scene, options)
    boxes = [read_label(scene, window, options)[0] for window in windows]

    assert len(windows) == 100
    assert sum(len(each) > 0 for each in boxes) == with_objects
    assert all(window in scene.extent for window in windows)


def test_boxes_of_a_random_window_are_those_of_the_config(scene):
    window = Box(8, 0, 28, 20).to_local_coords(scene.bbox)  # has 5 of the 8 rows of the first box
    whole, class_ids, order = read_label(scene, window, sampling(ioa_thresh=0.9))
    (cut,), _, _ = read_label(scene, window, sampling(ioa_thresh=0.5, clip=True))

    assert (len(whole), len(class_ids), order) == (0, 0, 'yxyx')
    assert cut.tolist() == pytest.approx([0, 5, 5, 13])


def test_without_objects_windows_are_drawn_blindly(scene, monkeypatch):
    monkeypatch.setattr(f'{__name__}.BOXES', [])
    scene.label_source = ObjectDetectionLabelSource(Objects(scene.raster_source.crs_transformer), scene.bbox)
    assert len(sample_windows(scene, sampling(neg_ratio=1))) == 100


@pytest.mark.parametrize(('per_box', 'expected'), [(1, 2), (4, 8), (0.6, 2)])
def test_there_are_so_many_windows_for_each_box(scene, per_box, expected):
    options = sampling(windows_per_box=per_box, neg_ratio=1)
    assert len(sample_windows(scene, options)) == expected


def test_there_are_no_windows_for_no_boxes(scene, monkeypatch):
    monkeypatch.setattr(f'{__name__}.BOXES', [])
    scene.label_source = ObjectDetectionLabelSource(Objects(scene.raster_source.crs_transformer), scene.bbox)
    assert sample_windows(scene, sampling(windows_per_box=1, neg_ratio=1)) == []
