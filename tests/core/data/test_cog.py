import shutil
import sys

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp
from rasterio.transform import from_origin

from rastervision.core.data.cog import create_cog, gdal_cog_commands, run_cmd
from rastervision.core.data.cog_check import check_copy
from rastervision.pipeline.errors import ConfigError, NotReadableError, NotWritableError, RunError


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


def write_image(path, count=3, dtype='uint8', alpha=None, mask=False, palette=False, **profile):
    """A smooth image with a hole in what is data, if there is anything that says so."""
    rows, columns = np.mgrid[:200, :260]
    pixels = np.stack([np.abs((rows + columns + 20 * band) % 160 - 80) + 20 for band in range(count)]).astype(dtype)
    if profile.get('nodata') is not None:
        pixels[:, 20:50, 20:50] = profile['nodata']
    if alpha is not None:
        pixels[-1], pixels[-1, 20:50, 20:50] = 255, alpha
    colours = {'photometric': 'RGB'} if count > 2 and dtype == 'uint8' else {}
    options = {'height': 200, 'width': 260, 'count': count, 'dtype': dtype, **colours, **profile}
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, 'w', driver='GTiff', **options) as dataset:
        if alpha is not None:
            dataset.colorinterp = [*dataset.colorinterp[:-1], ColorInterp.alpha]
        dataset.write(pixels)
        if palette:
            dataset.write_colormap(1, {i: (i, 0, 0, 255) for i in range(256)})
        if mask:
            dataset.write_mask(np.pad(np.zeros((30, 30), bool), ((20, 150), (20, 210)), constant_values=True))
    return str(path)


TILES = {'tiled': True, 'blockxsize': 64, 'blockysize': 64}
HELD = [
    ('jpeg', {'count': 1}),
    ('jpeg', {}),
    ('jpeg', {'count': 4}),
    ('jpeg', {'mask': True}),
    ('jpeg', {'count': 4, 'alpha': 0}),
    ('webp', {}),
    ('webp', {'count': 4, 'alpha': 0}),
    ('webp', {'mask': True}),
    ('lerc', {'dtype': 'float32', 'count': 5, 'nodata': float('nan')}),
    ('lerc_zstd', {'dtype': 'int16', 'nodata': -1}),
    ('lerc', {'count': 4, 'alpha': 0}),
    *[
        (codec, {'dtype': dtype, 'count': 7})
        for codec in ('deflate', 'lzw', 'zstd', 'lzma', 'none')
        for dtype in ('int8', 'uint16', 'int64', 'float64', 'complex64')
    ],
    ('deflate', {'count': 1, 'palette': True, 'nodata': 0}),
    ('deflate', {'count': 4, 'alpha': 100}),
    ('zstd', {'mask': True, 'dtype': 'uint16'}),
]


@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
@pytest.mark.parametrize(('compression', 'kind'), HELD)
def test_what_a_compression_can_hold_is_kept(tmp_path, compression, kind):
    path, cog = write_image(tmp_path / 'image.tif', **kind), tmp_path / 'cog.tif'

    create_cog(path, str(cog), str(tmp_path / 'tmp'), 64, compression=compression, overviews=[2])

    with rasterio.open(path) as source, rasterio.open(cog) as copy:
        valid = source.dataset_mask() != 0
        np.testing.assert_array_equal(copy.dataset_mask() != 0, valid)
        found, expected = copy.read()[:, valid], source.read(copy.indexes)[:, valid]
        if compression in ('jpeg', 'webp'):
            assert np.abs(found.astype(float) - expected).mean() < 3
        else:
            np.testing.assert_array_equal(found, expected)


REFUSED = [
    *[('jpeg', {'dtype': dtype}, 'its pixels are') for dtype in ('int8', 'uint16', 'int16', 'float32', 'complex64')],
    ('jpeg', {'count': 5}, 'it has 5 bands'),
    ('jpeg', {'count': 1, 'palette': True}, 'colour table'),
    ('jpeg', {'nodata': 0}, 'NODATA value 0'),
    ('jpeg', {'count': 4, 'alpha': 100}, 'alpha has values other than'),
    ('webp', {'count': 1}, 'it has 1 bands'),
    ('webp', {'count': 4}, 'no alpha'),
    ('webp', {'dtype': 'uint16'}, 'its pixels are'),
    ('webp', {'nodata': 7}, 'NODATA value 7'),
    ('lerc', {'dtype': 'int64'}, 'its pixels are'),
    ('lerc_deflate', {'dtype': 'complex64'}, 'its pixels are'),
]


@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
@pytest.mark.parametrize(('compression', 'kind', 'reason'), REFUSED)
def test_what_a_compression_cannot_hold_is_refused_and_leaves_nothing(tmp_path, compression, kind, reason):
    path, cog = write_image(tmp_path / 'image.tif', **kind), tmp_path / 'cog.tif'

    with pytest.raises(ConfigError, match=rf"'{compression}' cannot hold .*image\.tif': .*{reason}.*Use deflate"):
        create_cog(path, str(cog), str(tmp_path / 'tmp'), compression=compression)

    assert not cog.exists()


@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
@pytest.mark.parametrize('compression', ['deflate', 'jpeg'])
@pytest.mark.parametrize('kind', [{'count': 1}, {'mask': True}, {'dtype': 'uint16'}])
def test_a_copy_that_is_none_is_found(tmp_path, compression, kind):
    path = write_image(tmp_path / 'image.tif', **{'count': 3, **kind})
    with rasterio.open(path) as source:
        pixels, mask, profile = source.read(), source.dataset_mask(), source.profile | TILES
        pixels[:, 64:128, 64:128] = 0
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
            with rasterio.open(tmp_path / 'blank.tif', 'w', **profile) as blank:
                blank.write(pixels)
                blank.write_mask(mask)
            with rasterio.open(tmp_path / 'masked.tif', 'w', **profile) as masked:
                masked.write(source.read())
                masked.write_mask(mask * (np.arange(200) > 3)[:, None])

        with pytest.raises(NotWritableError, match=r"'cog\.tif' is not a copy of .*image\.tif': pixels differ"):
            check_copy(source, str(tmp_path / 'blank.tif'), compression, 'cog.tif')
        with pytest.raises(NotWritableError, match='other pixels are data'):
            check_copy(source, str(tmp_path / 'masked.tif'), compression, 'cog.tif')
