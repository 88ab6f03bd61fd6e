import shutil
import sys

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from rastervision.core.data.cog import create_cog, gdal_cog_commands, run_cmd
from rastervision.pipeline.errors import ConfigError, NotReadableError, RunError


@pytest.fixture
def image(tmp_path):
    """Path of an image of 320 x 448 pixels."""
    pixels = np.random.default_rng(0).integers(1, 255, (3, 320, 448), dtype=np.uint8)
    place = {'crs': 'epsg:32633', 'transform': from_origin(500000, 5100000, 10, 10)}
    path = str(tmp_path / 'image.tif')
    with rasterio.open(path, 'w', driver='GTiff', height=320, width=448, count=3, dtype='uint8', **place) as dataset:
        dataset.write(pixels)
    return path


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read(), dataset.profile, dataset.overviews(1), dataset.tags(ns='IMAGE_STRUCTURE')


def test_pixels_and_place_stay_and_the_layout_is_for_the_cloud(image, tmp_path):
    create_cog(image, str(tmp_path / 'new' / 'cog.tif'), str(tmp_path / 'tmp'))

    pixels, profile, overviews, tags = read(tmp_path / 'new' / 'cog.tif')
    expected, source_profile, _, _ = read(image)
    assert np.array_equal(pixels, expected) and profile['transform'] == source_profile['transform']
    assert tags['LAYOUT'] == 'COG' and profile['compress'] == 'deflate' and profile['blockxsize'] == 512
    assert overviews == [2, 4, 8, 16, 32]
    assert [*(tmp_path / 'tmp').iterdir()] == [] and {p.name for p in tmp_path.iterdir()} == {'image.tif', 'new', 'tmp'}


def test_block_size_compression_and_overviews_are_a_choice(image, tmp_path):
    create_cog(image, str(tmp_path / 'cog.tif'), str(tmp_path), 64, 'average', 'lzw', [2, 6])

    pixels, profile, overviews, _ = read(tmp_path / 'cog.tif')
    assert (profile['compress'], profile['blockysize'], overviews) == ('lzw', 64, [2, 6])
    with rasterio.open(tmp_path / 'cog.tif', overview_level=0) as dataset:
        smaller = dataset.read()
    assert smaller[0, 0, 0] == pytest.approx(pixels[0, :2, :2].mean(), abs=1)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'block_size': 100}, 'block_size 100'),
        ({'compression': 'deflat'}, "'deflat'.*[Dd]id you mean.*deflate"),
        ({'resample_method': 'nearst'}, "'nearst'.*nearest"),
        ({'overviews': [1, 2]}, r'overviews \[1, 2\]'),
    ],
)
def test_an_option_that_is_not_valid_is_refused(image, tmp_path, options, message):
    with pytest.raises(ConfigError, match=message):
        create_cog(image, str(tmp_path / 'cog.tif'), str(tmp_path), **options)


def test_what_is_no_image_is_named_and_leaves_nothing(tmp_path):
    (tmp_path / 'text.tif').write_text('no image')

    with pytest.raises(NotReadableError, match=r'text\.tif'):
        create_cog(str(tmp_path / 'text.tif'), str(tmp_path / 'cog.tif'), str(tmp_path / 'tmp'))
    assert not (tmp_path / 'cog.tif').exists()


def test_commands_say_the_same_in_the_words_of_gdal():
    commands, path = gdal_cog_commands('/in/image.jp2', '/tmp', 256, 'cubicspline', 'zstd', [2, 4])

    assert path == '/tmp/image-cog.tif'
    assert commands[1] == ['gdaladdo', '-r', 'cubicspline', '/tmp/image.vrt', '2', '4']
    assert {'BLOCKSIZE=256', 'COMPRESS=ZSTD', 'OVERVIEWS=FORCE_USE_EXISTING'} <= set(commands[2])


@pytest.mark.skipif(shutil.which('gdaladdo') is None, reason='needs the programs of GDAL')
def test_commands_make_the_same_image(image, tmp_path):
    commands, path = gdal_cog_commands(image, str(tmp_path))
    for command in commands:
        run_cmd(command)

    assert read(path)[2] == [2, 4, 8, 16, 32]


def test_a_command_that_fails_says_why():
    run_cmd([sys.executable, '-c', 'pass'])
    with pytest.raises(RunError, match=r'exit status 1.*no luck'):
        run_cmd([sys.executable, '-c', 'raise SystemExit("no luck")'])
    with pytest.raises(RunError, match="no program 'no-such-program'"):
        run_cmd(['no-such-program', 'x'])
