"""QGIS finds names and colours of classes beside labels. (It cannot run here: what is tested is its file format.)"""

from xml.etree import ElementTree as Xml

import numpy as np
import pytest

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.data.label.semantic_segmentation_labels import SemanticSegmentationLabels
from rastervision.core.data.label_store.chip_classification_geojson_store_config import (
    ChipClassificationGeoJSONStoreConfig,
)
from rastervision.core.data.label_store.object_detection_geojson_store_config import ObjectDetectionGeoJSONStoreConfig
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    PolygonVectorOutputConfig,
    SemanticSegmentationLabelStoreConfig,
)

CLASSES = ClassConfig(names=['back<ground>', 'roof'], colors=['#010203', '#ff8000'], null_class='back<ground>')
EXTENT = Box(0, 0, 16, 16)


@pytest.fixture
def store(tmp_path):
    def make(config_class=SemanticSegmentationLabelStoreConfig, name='scene', **fields):
        config = config_class(uri=str(tmp_path / name), qgis_style=True, **fields)
        return config.build(CLASSES, IdentityCRSTransformer(), bbox=EXTENT)

    return make


def write_scores(store):
    scores = np.full((2, 16, 16), 0.5, np.float32)
    with store.writer(smooth=True) as writer:
        writer.write(EXTENT, scores)


def styles(folder):
    """Name -> root of each style in a folder."""
    return {str(path.relative_to(folder)): Xml.parse(path).getroot() for path in folder.rglob('*.qml')}


def test_pixels_have_names_and_colours(store, tmp_path):
    write_scores(store())

    found = styles(tmp_path / 'scene')

    assert list(found) == ['labels.qml']
    renderer = found['labels.qml'].find('pipe/rasterrenderer')
    assert (renderer.get('type'), renderer.get('band')) == ('paletted', '1')
    assert [entry.attrib for entry in renderer.iter('paletteEntry')] == [
        {'value': '0', 'color': '#010203', 'alpha': '0', 'label': 'back<ground>'},
        {'value': '1', 'color': '#ff8000', 'alpha': '255', 'label': 'roof'},
    ]


@pytest.mark.parametrize(('as_uint8', 'highest'), [(False, '1'), (True, '255')])
def test_scores_are_drawn_in_the_colour_of_their_class(store, tmp_path, as_uint8, highest):
    write_scores(store(smooth_output=True, smooth_as_uint8=as_uint8))

    renderer = styles(tmp_path / 'scene')['scores.qml'].find('pipe/rasterrenderer')

    assert (renderer.get('type'), renderer.get('band')) == ('singlebandpseudocolor', '2')
    items = [(item.get('value'), item.get('color'), item.get('alpha')) for item in renderer.iter('item')]
    assert items == [('0', '#ff8000', '0'), (highest, '#ff8000', '255')]


def test_each_vector_output_has_the_colour_of_its_class(store, tmp_path):
    outputs = [
        PolygonVectorOutputConfig(class_id=class_id, format=kind) for class_id, kind in ((0, 'gpkg'), (1, 'geojson'))
    ]
    write_scores(store(vector_output=outputs))

    found = styles(tmp_path / 'scene' / 'vector_output')

    assert sorted(found) == ['class-0-back<ground>.qml', 'class-1-roof.qml']
    renderer = found['class-1-roof.qml'].find('renderer-v2')
    options = {option.get('name'): option.get('value') for option in renderer.iter('Option')}
    assert renderer.get('type') == 'singleSymbol'
    assert (options['color'], options['outline_color']) == ('255,128,0,80', '255,128,0,255')


def test_labels_in_memory_get_styles_too(store, tmp_path):
    labels = SemanticSegmentationLabels.from_predictions([EXTENT], [np.ones((16, 16), np.uint8)], EXTENT, 2)

    store().save(labels)

    assert list(styles(tmp_path / 'scene')) == ['labels.qml']


def test_colours_in_the_pixels_need_no_style(store, tmp_path):
    write_scores(store(rgb=True))

    assert styles(tmp_path) == {}


CELLS = ChipClassificationLabels.from_predictions([EXTENT], [np.array([0.25, 0.75])])
BOXES = ObjectDetectionLabels(np.array([[1.0, 2, 8, 9]]), np.array([1]), np.array([0.5]))


@pytest.mark.parametrize(
    ('config_class', 'labels'),
    [(ChipClassificationGeoJSONStoreConfig, CELLS), (ObjectDetectionGeoJSONStoreConfig, BOXES)],
)
def test_features_are_drawn_by_class(store, tmp_path, config_class, labels):
    store(config_class, 'scene.json').save(labels)

    renderer = styles(tmp_path)['scene.qml'].find('renderer-v2')

    assert (renderer.get('type'), renderer.get('attr')) == ('categorizedSymbol', 'class_name')
    categories = {item.get('value'): (item.get('symbol'), item.get('render')) for item in renderer.iter('category')}
    assert categories == {'back<ground>': ('0', 'false'), 'roof': ('1', 'true')}
    assert {symbol.get('name') for symbol in renderer.iter('symbol')} == {'0', '1'}


def test_no_style_is_written_unless_asked_for(tmp_path):
    config = ObjectDetectionGeoJSONStoreConfig(uri=str(tmp_path / 'scene.json'))
    config.build(CLASSES, IdentityCRSTransformer(), bbox=EXTENT).save(BOXES)

    assert [path.name for path in tmp_path.iterdir()] == ['scene.json']
    assert 'qgis_style' not in config.dict(mode='json')
