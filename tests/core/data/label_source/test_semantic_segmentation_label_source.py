import numpy as np
import pytest
import rasterio

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.label_source.semantic_segmentation_label_source import SemanticSegmentationLabelSource
from rastervision.core.data.label_source.semantic_segmentation_label_source_config import (
    SemanticSegmentationLabelSourceConfig,
)
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.raster_source.rasterized_source import RasterizedSource
from rastervision.core.data.raster_transformer.rgb_class_transformer_config import RGBClassTransformerConfig
from rastervision.core.data.scene import Scene

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


@pytest.fixture
def write_ids(tmp_path, write_raster):
    """A function that writes class ids, two rows of four, with a NODATA value, and gives the URI."""

    def write(nodata, name='ids.tif'):
        uri = write_raster(tmp_path / name, np.array([[0, 1, 255, 1], [0, 0, 1, 1]], dtype=np.uint8)[..., None])
        with rasterio.open(uri, 'r+') as raster:
            raster.nodata = nodata
        return uri

    return write


@pytest.mark.parametrize(
    ('nodata', 'choice', 'expected'),
    [
        (255, None, [[0, 1, 2, 1], [0, 0, 1, 1]]),  # 255 is no class, so it says that the class is not known
        (255, False, [[0, 1, 0, 1], [0, 0, 1, 1]]),
        (0, None, [[0, 1, 255, 1], [0, 0, 1, 1]]),  # class 0 is marked as NODATA for looks
        (0, True, [[2, 1, 255, 1], [2, 2, 1, 1]]),
        (None, None, [[0, 1, 255, 1], [0, 0, 1, 1]]),
    ],
)
def test_nodata_that_is_no_class_is_the_null_class(write_ids, nodata, choice, expected):
    config = SemanticSegmentationLabelSourceConfig(
        raster_source=RasterioSourceConfig(uris=write_ids(nodata)), nodata_is_null=choice
    )
    source = config.build(ClassConfig(names=['a', 'b', 'null']), IdentityCRSTransformer())
    assert source.get_label_arr().tolist() == expected


def test_labels_are_null_where_the_image_has_no_data(write_ids, write_raster, tmp_path):
    image = write_raster(tmp_path / 'image.tif', np.array([[0, 9, 9, 9], [0, 9, 9, 9]], dtype=np.uint8)[..., None])
    with rasterio.open(image, 'r+') as raster:
        raster.nodata = 0
    config = SemanticSegmentationLabelSourceConfig(
        raster_source=RasterioSourceConfig(uris=write_ids(255)), image_nodata_is_null=True
    )
    source = config.build(ClassConfig(names=['a', 'b', 'null']), IdentityCRSTransformer())
    scene = Scene('s', RasterioSource(image), source)
    assert scene[0:2, 0:4][1].tolist() == [[2, 1, 2, 1], [2, 0, 1, 1]]


def test_colours_become_class_ids(write_raster, tmp_path):
    classes = ClassConfig(names=['a', 'b', 'null'], colors=['red', 'blue', 'black'])
    colours = np.array([[(255, 0, 0), (0, 0, 255), (0, 0, 250)], [(0, 0, 255), (0, 0, 255), (0, 0, 0)]], dtype=np.uint8)
    uri = write_raster(tmp_path / 'labels.tif', colours)
    raster = RasterioSourceConfig(uris=uri, transformers=[RGBClassTransformerConfig(class_config=classes)])

    source = SemanticSegmentationLabelSourceConfig(raster_source=raster).build(classes, IdentityCRSTransformer())

    assert source.get_label_arr().tolist() == [[0, 1, 2], [1, 1, 2]]
    assert source.get_label_arr(Box(0, 1, 1, 3)).tolist() == [[1, 2]]
