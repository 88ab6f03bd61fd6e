"""What examples for 0.31 use."""

import json

import albumentations as A
import numpy as np
import pytest
import rasterio
from affine import Affine

from rastervision.pipeline.errors import DataError
from rastervision.pytorch_backend.examples.semantic_segmentation.utils import (
    example_multiband_transform,
    example_rgb_transform,
)
from rastervision.pytorch_backend.examples.utils import get_scene_info, save_image_crop


def write(path, pixels):
    profile = {'driver': 'GTiff', 'count': 1, 'dtype': 'uint8', 'height': 20, 'width': 30}
    with rasterio.open(path, 'w', **profile, crs='EPSG:4326', transform=Affine(0.1, 0, 10, 0, -0.1, 50)) as dataset:
        dataset.write(pixels[None].astype(np.uint8))
    return str(path)


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read(1)


@pytest.fixture
def image(tmp_path):
    return write(tmp_path / 'image.tif', np.arange(600).reshape(20, 30) % 256)


def point(x, y):
    return {'type': 'Feature', 'geometry': {'type': 'Point', 'coordinates': [x, y]}, 'properties': {'class_id': 0}}


@pytest.fixture
def features(tmp_path):
    """One in the first part of 10 pixels, two in the second."""
    path = tmp_path / 'labels.json'
    points = [point(10.5, 49.5), point(11.25, 49.5), point(11.75, 49.5)]
    path.write_text(json.dumps({'type': 'FeatureCollection', 'features': points}))
    return str(path)


def test_rows_of_a_list_are_given(tmp_path):
    (tmp_path / 'scenes.csv').write_text('a.tif,a.json\n"b,c.tif",b.json\n\n')

    assert get_scene_info(str(tmp_path / 'scenes.csv')) == [['a.tif', 'a.json'], ['b,c.tif', 'b.json']]


def test_first_part_with_enough_features_is_written(image, features, tmp_path):
    crop, labels = tmp_path / 'crop.tif', tmp_path / 'crop.json'

    save_image_crop(image, str(crop), features, str(labels), 10, min_features=2)

    np.testing.assert_array_equal(read(crop), read(image)[:10, 10:20])
    kept = json.loads(labels.read_text())['features']
    np.testing.assert_allclose([f['geometry']['coordinates'][0] for f in kept], [11.25, 11.75], atol=0.06)


def test_labels_may_be_pixels_or_missing(image, tmp_path):
    pixels = np.zeros((20, 30))
    pixels[15, 25] = 1
    labels = write(tmp_path / 'labels.tif', pixels)

    save_image_crop(
        image, str(tmp_path / 'a.tif'), labels, str(tmp_path / 'b.tif'), 10, min_features=1, vector_labels=False
    )
    save_image_crop(image, str(tmp_path / 'c.tif'), size=10)

    assert read(tmp_path / 'b.tif')[5, 5] == 1
    np.testing.assert_array_equal(read(tmp_path / 'a.tif'), read(image)[10:, 20:])
    np.testing.assert_array_equal(read(tmp_path / 'c.tif'), read(image)[:10, :10])


def test_what_is_there_stays_and_too_few_labels_are_said(image, features, tmp_path):
    (tmp_path / 'there.tif').write_text('x')

    save_image_crop(image, str(tmp_path / 'there.tif'), features, size=10)
    with pytest.raises(DataError, match='None of the 6 parts'):
        save_image_crop(image, str(tmp_path / 'new.tif'), features, size=10)

    assert (tmp_path / 'there.tif').read_text() == 'x'
    assert not (tmp_path / 'new.tif').exists()


@pytest.mark.parametrize(('transform', 'bands'), [(example_rgb_transform, 3), (example_multiband_transform, 5)])
def test_augmentation_can_be_stored_and_keeps_the_form(transform, bands):
    again = A.from_dict(A.to_dict(transform))

    for _ in range(20):
        sample = again(image=np.full((8, 8, bands), 100, np.uint8), mask=np.zeros((8, 8), np.uint8))
        assert sample['image'].shape == (8, 8, bands)
