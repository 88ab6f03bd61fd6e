from types import SimpleNamespace

import pytest

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.label_source.chip_classification_label_source_config import (
    ChipClassificationLabelSourceConfig,
    cc_label_source_config_upgrader,
)
from rastervision.core.data.label_source.object_detection_label_source_config import ObjectDetectionLabelSourceConfig
from rastervision.core.data.raster_source.rasterized_source_config import RasterizedSourceConfig, RasterizerConfig
from rastervision.core.data.vector_source.geojson_vector_source_config import (
    GeoJSONVectorSourceConfig,
    geojson_vector_source_config_upgrader,
)
from rastervision.core.data.vector_transformer.buffer_transformer_config import BufferTransformerConfig

BACKGROUND = RasterizerConfig(background_class_id=0)


def make_rasterized(vectors):
    return RasterizedSourceConfig(vector_source=vectors, rasterizer_config=BACKGROUND)


def make_boxes(vectors):
    return ObjectDetectionLabelSourceConfig(vector_source=vectors)


def make_cells(vectors):
    return ChipClassificationLabelSourceConfig(vector_source=vectors)


@pytest.fixture(params=[make_rasterized, make_boxes, make_cells])
def make(request):
    return request.param


def hints(config):
    return [transformer.type_hint for transformer in config.vector_source.transformers]


def test_transformers_that_labels_need_are_added_and_the_callers_config_stays(make):
    vectors = GeoJSONVectorSourceConfig(uris='x.json')
    config = make(vectors)
    assert hints(config) == ['class_inference_transformer', 'buffer_transformer', 'buffer_transformer']
    assert vectors.transformers == []
    assert hints(make(config.vector_source)) == hints(config)


def test_buffers_are_not_added_to_ones_own(make):
    vectors = GeoJSONVectorSourceConfig(uris='x.json', transformers=[BufferTransformerConfig(geom_type='Point')])
    assert hints(make(vectors)) == ['buffer_transformer', 'class_inference_transformer']


def test_all_are_built(make, make_vectors, square):
    uri = make_vectors(square(0, 0, 4, class_name='b')).uris[0]
    config = make(GeoJSONVectorSourceConfig(uris=uri))
    source = config.build(ClassConfig(names=['a', 'b']), IdentityCRSTransformer(), bbox=Box(0, 0, 10, 10))
    assert source.bbox == Box(0, 0, 10, 10)


def test_the_cell_size_is_that_of_the_chips():
    pipeline = SimpleNamespace(chip_options=SimpleNamespace(get_chip_sz=lambda scene_id: 64))
    config = ChipClassificationLabelSourceConfig()
    config.update(pipeline=pipeline, scene=SimpleNamespace(id='s'))
    config.update(pipeline=SimpleNamespace(chip_options=None))
    assert config.cell_sz == 64


def test_older_dicts_are_upgraded():
    old = {'uri': 'x.json', 'ignore_crs_field': True}
    assert geojson_vector_source_config_upgrader(old, 7) == {'uris': 'x.json', 'ignore_crs_field': True}
    assert geojson_vector_source_config_upgrader(old, 12) == {'uri': 'x.json'}
    assert cc_label_source_config_upgrader({'ioa_thresh': None}, 4) == {'ioa_thresh': 0.5}


def test_an_old_spelling_is_accepted_with_a_warning(caplog):
    GeoJSONVectorSourceConfig(uris='x.json', ignore_crs_field=True)
    assert 'ignore_crs_field' in caplog.text
