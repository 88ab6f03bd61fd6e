"""GDAL reads from the same store, in the same name, as the file system."""

import sys

import numpy as np
import pytest
import rasterio

from rastervision.aws_s3.s3_file_system import S3FileSystem
from rastervision.core.box import Box
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.pipeline.errors import NotReadableError


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(1, 255, (2, 600, 500), dtype=np.uint8)


@pytest.fixture
def image(bucket, pixels, tmp_path):
    path = str(tmp_path / 'image.tif')
    profile = {'driver': 'GTiff', 'count': 2, 'height': 600, 'width': 500, 'dtype': 'uint8', 'tiled': True}
    with rasterio.open(path, 'w', blockxsize=256, blockysize=256, compress='deflate', **profile) as dataset:
        dataset.write(pixels)
    S3FileSystem.copy_to(path, f'{bucket}/a b/image.tif')
    return f'{bucket}/a b/image.tif'


def test_image_is_streamed(image, pixels, requests):
    source = RasterioSource(image, allow_streaming=True)

    chip = source.get_chip(Box(100, 100, 300, 350))

    assert np.array_equal(chip, pixels[:, 100:300, 100:350].transpose(1, 2, 0))
    assert [request for request in requests if request.method == 'GET'] == []  # GDAL sends its own


def test_several_images_are_streamed_as_one(image, bucket, pixels, tmp_path):
    path = str(tmp_path / 'right.tif')
    profile = {'driver': 'GTiff', 'count': 2, 'height': 600, 'width': 500, 'dtype': 'uint8', 'crs': 'EPSG:32633'}
    uris = []
    for number in (0, 1):
        transform = rasterio.Affine(1, 0, 500 * number, 0, -1, 0)
        with rasterio.open(path, 'w', transform=transform, **profile) as dataset:
            dataset.write(pixels)
        uris.append(f'{bucket}/{number}.tif')
        S3FileSystem.copy_to(path, uris[-1])

    chip = RasterioSource(uris, allow_streaming=True).get_chip(Box(0, 400, 10, 600))

    assert np.array_equal(chip, np.concatenate([pixels[:, :10, 400:], pixels[:, :10, :100]], 2).transpose(1, 2, 0))


def test_keys_that_only_boto3_finds_are_used(image, monkeypatch, tmp_path):
    keys = '{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "b"}'
    (tmp_path / 'keys.py').write_text(f'print({keys!r})')
    (tmp_path / 'config').write_text(f'[default]\ncredential_process = {sys.executable} {tmp_path / "keys.py"}\n')
    monkeypatch.setenv('AWS_CONFIG_FILE', str(tmp_path / 'config'))
    for name in ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'):
        monkeypatch.delenv(name)

    assert RasterioSource(image, allow_streaming=True).get_chip(Box(0, 0, 9, 9)).shape == (9, 9, 2)


def test_image_that_is_not_there_is_said(bucket):
    with pytest.raises(NotReadableError, match=r'missing.tif.*does not exist'):
        RasterioSource(f'{bucket}/missing.tif', allow_streaming=True)
