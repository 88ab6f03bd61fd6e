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
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.data.scene_factory import make_ss_scene
from rastervision.pipeline.errors import LabelError

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
    ],
)
def test_nodata_that_is_no_class_is_the_null_class(write_ids, nodata, choice, expected):
    config = SemanticSegmentationLabelSourceConfig(
        raster_source=RasterioSourceConfig(uris=write_ids(nodata)), nodata_is_null=choice
    )
    source = config.build(ClassConfig(names=['a', 'b', 'null']), IdentityCRSTransformer())
    assert source.get_label_arr().tolist() == expected


def test_a_class_that_is_marked_as_nodata_for_looks_stays_one_unless_asked(tmp_path, write_raster):
    uri = write_raster(tmp_path / 'ids.tif', np.array([[0, 1, 0, 1]], dtype=np.uint8)[..., None])
    with rasterio.open(uri, 'r+') as raster:
        raster.nodata = 0
    source = RasterioSource(uri)
    classes = ClassConfig(names=['a', 'b', 'null'])
    assert SemanticSegmentationLabelSource(source, classes).get_label_arr().tolist() == [[0, 1, 0, 1]]
    null = SemanticSegmentationLabelSource(source, classes, nodata_is_null=True)
    assert null.get_label_arr().tolist() == [[2, 1, 2, 1]]


@pytest.mark.parametrize(
    ('nodata', 'dtype'),
    [(255, 'uint8'), (-1, 'int16'), (-9999, 'int32'), (np.nan, 'float32'), (1.5, 'float64'), (7, 'uint16')],
)
def test_nodata_is_null_however_a_scene_is_made(tmp_path, write_raster, nodata, dtype):
    """Through a config, from URIs, and by hand."""
    values = np.array([[0, 1, nodata, 1]]).astype(dtype)[..., None]
    uri, image = write_raster(tmp_path / 'ids.tif', values), write_raster(tmp_path / 'a.tif', np.ones((1, 4, 3), 'u1'))
    with rasterio.open(uri, 'r+') as raster:
        raster.nodata = nodata
    classes = ClassConfig(names=['a', 'b', 'null'])
    config = SemanticSegmentationLabelSourceConfig(raster_source=RasterioSourceConfig(uris=uri))
    scene = SceneConfig(id='s', raster_source=RasterioSourceConfig(uris=image), label_source=config).build(classes)
    from_uris = make_ss_scene(image, label_raster_uri=uri, class_config=classes)
    by_hand = Scene('s', RasterioSource(image), SemanticSegmentationLabelSource(RasterioSource(uri), classes))
    for each in (scene, from_uris, by_hand):
        assert each.label_source.get_label_arr().tolist() == [[0, 1, 2, 1]]


@pytest.mark.parametrize(('value', 'dtype'), [(5, 'uint8'), (255, 'uint8'), (-7, 'int16'), (1.5, 'float32')])
def test_values_that_are_no_class_are_named_with_their_file_and_window(tmp_path, write_raster, value, dtype):
    uri = write_raster(tmp_path / 'ids.tif', np.array([[0, 1, value, 1]]).astype(dtype)[..., None])
    source = SemanticSegmentationLabelSource(RasterioSource(uri), ClassConfig(names=['a', 'b', 'null']))
    assert source[Box(0, 0, 1, 2)].tolist() == [[0, 1]]
    with pytest.raises(LabelError, match=rf'ids\.tif.* has the values \[{value}\] in window Box\(ymin=0, xmin=1'):
        source[Box(0, 1, 1, 4)]


def test_nan_that_is_not_marked_as_nodata_is_null_if_there_is_a_null_class(tmp_path, write_raster):
    uri = write_raster(tmp_path / 'ids.tif', np.array([[0, np.nan, 1]], dtype='float32')[..., None])
    with_null = SemanticSegmentationLabelSource(RasterioSource(uri), ClassConfig(names=['a', 'b', 'null']))
    assert with_null.get_label_arr().tolist() == [[0, 2, 1]]
    with pytest.raises(LabelError, match='nan'):
        SemanticSegmentationLabelSource(RasterioSource(uri), ClassConfig(names=['a', 'b'])).get_label_arr()


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


class Short(RasterizedSource):
    """A plugin's: it gives what there is of a window, and no more."""

    def get_chip(self, window, out_shape=None):
        return super().get_chip(window.intersection(self.extent), out_shape)


def test_what_a_raster_leaves_out_is_of_the_null_class(make_vectors, square):
    raster = Short(make_vectors(square(0, 0, 4, class_id=1)), 0, Box(0, 0, 4, 4))
    labels = SemanticSegmentationLabelSource(raster, ClassConfig(names=['a', 'b', 'null']))

    label = labels[2:6, 3:6]

    assert label.tolist() == [[1, 2, 2], [1, 2, 2], [2, 2, 2], [2, 2, 2]] and label.dtype == np.uint8


def test_outside_of_a_raster_of_colours_is_the_null_class(tmp_path, write_raster):
    classes = ClassConfig(names=['a', 'b', 'null'], colors=['red', 'blue', 'white'])
    red = np.full((4, 4, 3), (255, 0, 0), dtype=np.uint8)
    raster = RasterioSource(
        write_raster(tmp_path / 'c.tif', red), [RGBClassTransformerConfig(class_config=classes).build()]
    )

    label = SemanticSegmentationLabelSource(raster, classes)[Box(3, 3, 5, 5)]

    assert label.tolist() == [[0, 2], [2, 2]]
