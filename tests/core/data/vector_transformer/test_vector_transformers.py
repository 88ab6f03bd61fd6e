"""The contract of vector transformers, over all of them, and what is particular to each."""

import copy

import numpy as np
import pytest
from affine import Affine

from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.features import Features
from rastervision.core.data.geojson import features_to_geojson
from rastervision.core.data.vector_transformer.buffer_transformer import BufferTransformer
from rastervision.core.data.vector_transformer.class_inference_transformer import ClassInferenceTransformer
from rastervision.core.data.vector_transformer.label_maker.filter import create_filter
from rastervision.core.data.vector_transformer.shift_transformer import ShiftTransformer
from rastervision.core.data.vector_transformer.vector_transformer import VectorTransformer
from rastervision.pipeline.errors import DataError

CLASSES = ClassConfig(names=['road', 'building'])
METRES = RasterioCRSTransformer(Affine(1, 0, 500_000, 0, -1, 0), 'epsg:32631')


class Rename(VectorTransformer):
    """As a plugin written for GeoJSON has it."""

    def transform(self, geojson, crs_transformer=None):
        return features_to_geojson([{**f, 'properties': {'name': 'x'}} for f in geojson['features']])


TRANSFORMERS = [BufferTransformer('Point', default_buf=2), ClassInferenceTransformer(3), ShiftTransformer(5), Rename()]


@pytest.fixture
def collection(square, feature):
    return features_to_geojson([square(10, 10, 4, class_id=1), feature({'type': 'Point', 'coordinates': [5, 5]})])


@pytest.mark.parametrize('transformer', TRANSFORMERS, ids=lambda t: type(t).__name__)
class TestEveryVectorTransformer:
    def test_leaves_its_argument_alone(self, transformer, collection):
        before = copy.deepcopy(collection)
        transformer(collection, crs_transformer=METRES)
        assert collection == before

    def test_does_the_same_to_arrays_and_geojson(self, transformer, collection):
        by_arrays = transformer.transform_features(Features.from_geojson(collection), METRES).to_geojson()
        assert transformer.transform(collection, METRES) == by_arrays

    def test_takes_no_features(self, transformer, collection):
        assert transformer(features_to_geojson([]), crs_transformer=METRES)['features'] == []


def test_buffers_depend_on_the_class(feature):
    point = {'type': 'Point', 'coordinates': [0, 0]}
    collection = features_to_geojson([feature(point, class_id=i) for i in range(3)])
    widened = BufferTransformer('Point', {0: 1, 1: None}, default_buf=2)(collection)
    bounds = [geometry.bounds[2] for geometry in Features.from_geojson(widened).geometries]
    assert np.allclose(bounds, [1, 0, 2])


def test_a_shift_is_in_metres_east_and_north(square):
    shifted = ShiftTransformer(10, 20)(features_to_geojson([square(100, 100, 4)]), crs_transformer=METRES)
    xmin, ymin, _, _ = Features.from_geojson(shifted).geometries[0].bounds
    assert (xmin, ymin) == pytest.approx((110, 80), abs=0.2)  # on a sphere


@pytest.mark.parametrize('round_pixels', [False, True])
def test_a_shift_keeps_fractions_of_pixels(square, round_pixels):
    one = features_to_geojson([square(100.25, 100.5, 0.3)])
    shift = ShiftTransformer(0, 0, round_pixels=round_pixels)
    (same,) = Features.from_geojson(shift(one, crs_transformer=METRES)).geometries
    assert same.bounds == pytest.approx((100.25, 100.5, 100.55, 100.8), abs=1e-5)


def test_a_shift_needs_a_place_on_earth(collection):
    with pytest.raises(DataError, match='georeferenced'):
        ShiftTransformer(1)(collection, crs_transformer=IdentityCRSTransformer())


@pytest.mark.parametrize(
    ('properties', 'class_id'),
    [
        ({'class_id': 7, 'class_name': 'road'}, 7),
        ({'class_name': 'building', 'label': 'road'}, 1),
        ({'label': 'Gebäude'}, 1),
        ({'class_id': None, 'lanes': 3}, 5),
        ({'class_name': 'tree', 'lanes': 3}, 5),
        ({}, 9),
    ],
)
def test_the_first_rule_that_gives_a_class_wins(properties, class_id):
    found = ClassInferenceTransformer.infer_feature_class_id(
        {'properties': properties}, 9, CLASSES, {5: ['has', 'lanes'], 6: ['has', 'lanes']}, {'Gebäude': 'building'}
    )
    assert found == class_id


def test_features_without_class_are_dropped_with_one_warning_that_helps(square, caplog):
    collection = features_to_geojson([square(0, 0, 1, class_name='buildings') for _ in range(3)])
    assert ClassInferenceTransformer(None, CLASSES)(collection)['features'] == []
    assert len(caplog.records) == 1
    assert '3 of 3 features have no class' in caplog.text
    assert "Did you mean 'building'" in caplog.text


@pytest.mark.parametrize('key', ['class_name', 'label'])
def test_a_file_that_numbers_classes_in_another_way_is_warned_of_once(square, caplog, key):
    names = ['building', 'road', 'building', 'unknown']
    numbered = features_to_geojson([square(i, i, 4, class_id=i % 2, **{key: name}) for i, name in enumerate(names)])
    transformer = ClassInferenceTransformer(None, CLASSES)

    for _ in range(2):
        found = Features.from_geojson(transformer(numbered)).class_ids

    assert found.tolist() == [0, 1, 0, 1]
    (record,) = caplog.records
    assert record.getMessage().startswith(
        "3 of 4 features have the name of one class and the class_id of another, such as 'building', but class_id 0, "
        "which is 'road' here."
    )


def test_names_are_mapped_to_those_of_classes_only():
    with pytest.raises(ValueError, match='class_config, which is missing'):
        ClassInferenceTransformer(0, class_name_mapping={'x': 'y'})
    with pytest.raises(ValueError, match='class_config, which is missing'):
        ClassInferenceTransformer.infer_feature_class_id({'properties': {}}, 0, class_name_mapping={'x': 'y'})


def test_filters_may_be_functions():
    building = {'properties': {'type': 'building'}}
    by_filter = {2: create_filter(['==', 'type', 'building'])}

    assert ClassInferenceTransformer.infer_feature_class_id(building, None, class_id_to_filter=by_filter) == 2
