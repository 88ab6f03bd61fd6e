import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from rastervision.core.data.class_config import ClassConfig


@pytest.fixture
def class_config():
    return ClassConfig(names=['bg', 'thing'], colors=['black', 'white'], null_class='bg')


@pytest.fixture
def write_tif(tmp_path):
    def write(name: str, pixels: np.ndarray) -> str:
        path = tmp_path / name
        height, width, bands = pixels.shape
        profile = {'width': width, 'height': height, 'count': bands, 'dtype': pixels.dtype}
        place = {'crs': 'EPSG:32636', 'transform': from_origin(500_000, 0, 1, 1)}
        with rasterio.open(path, 'w', driver='GTiff', **profile, **place) as dataset:
            dataset.write(np.moveaxis(pixels, -1, 0))
        return str(path)

    return write


@pytest.fixture
def scene_uris(write_tif):
    """An image of 60 x 80 whose pixels tell where they are, and labels: the right half is a thing."""
    rows, columns = np.mgrid[:60, :80].astype(np.uint8)
    image = np.stack([rows, columns, rows ^ columns], axis=-1)
    return {
        'image_uri': write_tif('image.tif', image),
        'label_raster_uri': write_tif('labels.tif', (columns >= 40).astype(np.uint8)[..., np.newaxis]),
    }
