import numpy as np
import pytest

from rastervision.core.box import Box
from rastervision.core.data.geojson import features_to_geojson, geom_to_feature
from rastervision.core.data.label_source.object_detection_label_source import ObjectDetectionLabelSource
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.scene import Scene
from rastervision.core.data.vector_source.vector_source import VectorSource


class Objects(VectorSource):
    def __init__(self, crs_transformer, boxes):
        super().__init__(crs_transformer)
        self.boxes = boxes

    def _get_geojson(self):
        shapes = self.crs_transformer.to_map(np.array([box.to_shapely() for box in self.boxes], dtype=object))
        return features_to_geojson([geom_to_feature(shape, {'class_id': 0}) for shape in shapes])


@pytest.fixture(params=[None, Box(3, 2, 90, 95)])
def scene_of(request, tmp_path, write_raster):
    """Makes a scene of 100 x 100 pixels, whole or with a bbox, whose objects are boxes in pixels of the image."""
    path = write_raster(tmp_path / 'a.tif', np.ones((100, 100, 3), np.uint8))

    def make(boxes):
        image = RasterioSource(path, bbox=request.param)
        return Scene('s', image, ObjectDetectionLabelSource(Objects(image.crs_transformer, boxes), image.bbox))

    return make
