import json

import numpy as np
import rasterio

from rastervision.core.box import Box
from rastervision.core.data.geotiff import crop_geotiff, write_bbox, write_geotiff_like_geojson
from rastervision.core.data.raster_values import read_window


def test_pixels_fill_a_box(tmp_path):
    path = str(tmp_path / 'a.tif')
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)

    write_bbox(path, pixels, Box(0, 0, 20, 40), 'epsg:32633')

    with rasterio.open(path) as dataset:
        assert dataset.bounds == (0, 0, 40, 20)
        assert np.array_equal(read_window(dataset), pixels)
        assert np.array_equal(read_window(dataset, bands=2), pixels[..., 1])
        assert read_window(dataset, window=((-1, 1), (0, 2))).shape == (2, 2, 3)


def test_pixels_fill_the_bounds_of_features(tmp_path):
    geojson = {'type': 'Feature', 'properties': {}, 'geometry': {'type': 'LineString', 'coordinates': [[1, 2], [3, 4]]}}
    (tmp_path / 'f.json').write_text(json.dumps(geojson))

    write_geotiff_like_geojson(str(tmp_path / 'a.tif'), np.ones((4, 4), dtype=np.uint8), str(tmp_path / 'f.json'))

    with rasterio.open(tmp_path / 'a.tif') as dataset:
        assert dataset.bounds == (1, 2, 3, 4)


def test_a_crop_keeps_its_place(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 9, (700, 600, 1), dtype=np.uint8)
    write_bbox(str(tmp_path / 'a.tif'), pixels, Box(0, 0, 7000, 6000), 'epsg:32633')

    crop_geotiff(str(tmp_path / 'a.tif'), Box(10, 20, 650, 900), str(tmp_path / 'b.tif'))

    with rasterio.open(tmp_path / 'b.tif') as dataset:
        assert np.array_equal(read_window(dataset), pixels[10:650, 20:600])
        assert dataset.bounds == (200, 500, 6000, 6900)
