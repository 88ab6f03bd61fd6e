import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

UTM = 'epsg:32633'


def save_tif(path, pixels, *, origin=(500000.0, 5100000.0), resolution=10.0, crs=UTM, mask=None, **profile):
    """Write pixels (height, width, bands) as a GeoTIFF and return its path."""
    height, width, count = pixels.shape
    place = {} if crs is None else {'crs': crs, 'transform': from_origin(*origin, resolution, resolution)}
    options = {'driver': 'GTiff', 'height': height, 'width': width, 'count': count, 'dtype': pixels.dtype}
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, 'w', **options, **place, **profile) as dataset:
        dataset.write(np.moveaxis(pixels, -1, 0))
        if mask is not None:
            dataset.write_mask(mask)
    return str(path)


@pytest.fixture
def noise():
    """Pixels (60, 80, 3), uint8, none of them 0."""
    return np.random.default_rng(0).integers(1, 255, (60, 80, 3), dtype=np.uint8)


@pytest.fixture
def write_tif(tmp_path):
    """A function that writes pixels (height, width, bands) as a GeoTIFF in the test's folder; see `save_tif`."""

    def write(pixels, name='image.tif', **options):
        return save_tif(tmp_path / name, pixels, **options)

    return write
