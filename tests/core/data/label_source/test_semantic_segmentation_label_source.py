import numpy as np
import pytest

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.label_source.semantic_segmentation_label_source import SemanticSegmentationLabelSource
from rastervision.core.data.raster_source.rasterized_source import RasterizedSource

CLASSES = ClassConfig(names=['a', 'b'])


@pytest.fixture
def source(make_vectors, square):
    raster = RasterizedSource(make_vectors(square(2, 3, 4, class_id=1)), 0, Box(0, 0, 20, 20))
    return SemanticSegmentationLabelSource(raster, CLASSES)


def test_a_window_is_an_array_of_class_ids(source):
    assert source.get_label_arr(Box(0, 0, 4, 4)).tolist() == [[0] * 4, [0] * 4, [0] * 4, [0, 0, 1, 1]]
    assert (source[0:4, 0:4] == source[Box(0, 0, 4, 4)]).all()


def test_labels_are_those_of_the_whole_extent(source):
    assert (source.get_labels().get_label_arr(source.extent) == source.get_label_arr()).all()


def test_a_bbox_is_passed_on_to_the_raster(source):
    inner = SemanticSegmentationLabelSource(source.raster_source, CLASSES, bbox=Box(3, 2, 7, 6))
    assert inner.extent == Box(0, 0, 4, 4)
    assert np.all(inner.get_label_arr() == 1)
