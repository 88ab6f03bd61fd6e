import json

import pytest

from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.vector_source.geojson_vector_source import GeoJSONVectorSource


def square(x, y, size, **properties):
    """A feature: a square with its upper left corner at (x, y)."""
    ring = [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    return feature({'type': 'Polygon', 'coordinates': [ring]}, **properties)


def feature(geometry, **properties):
    return {'type': 'Feature', 'geometry': geometry, 'properties': properties}


@pytest.fixture
def make_vectors(tmp_path):
    """Makes a vector source, in pixel coordinates, of features."""

    def make(*features, transformers=(), bbox=None, **members):
        path = tmp_path / f'{len(list(tmp_path.iterdir()))}.geojson'
        path.write_text(json.dumps({'type': 'FeatureCollection', 'features': list(features), **members}))
        return GeoJSONVectorSource(str(path), IdentityCRSTransformer(), transformers, bbox)

    return make


@pytest.fixture(name='square')
def square_fixture():
    return square


@pytest.fixture(name='feature')
def feature_fixture():
    return feature
