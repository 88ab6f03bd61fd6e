"""Polygons in a text file: a class id and WKT in each line."""

# ruff: noqa: B006

import shapely
import shapely.wkt

from rastervision.core.data import VectorSource, VectorSourceConfig
from rastervision.pipeline.config import Field, register_config
from rastervision.pipeline.file_system import file_to_str
from rastervision.written_for_031.marks import mark


class WktVectorSource(VectorSource):
    def __init__(self, uri, crs_transformer, vector_transformers=[], bbox=None):
        self.uri = uri
        super().__init__(crs_transformer, vector_transformers=vector_transformers, bbox=bbox)

    def _get_geojson(self):
        mark('WktVectorSource._get_geojson')
        features = []
        for line in file_to_str(self.uri).splitlines():
            class_id, _, wkt = line.partition(' ')
            geometry = shapely.geometry.mapping(shapely.wkt.loads(wkt))
            features.append({'type': 'Feature', 'properties': {'class_id': int(class_id)}, 'geometry': geometry})
        return {'type': 'FeatureCollection', 'features': features}


@register_config('wkt_vector_source')
class WktVectorSourceConfig(VectorSourceConfig):
    uri: str = Field(..., description='The file.')

    def build(self, class_config, crs_transformer):
        return WktVectorSource(self.uri, crs_transformer, [t.build(class_config) for t in self.transformers])
