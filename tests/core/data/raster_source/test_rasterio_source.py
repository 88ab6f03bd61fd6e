import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.control import GroundControlPoint
from rasterio.transform import from_gcps

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.rasterio_io import vsi_path
from rastervision.pipeline.errors import ChannelOrderError, ConfigError, NotReadableError, RasterVisionError


def test_margins_of_a_coarser_chip_are_counted_in_pixels_of_the_window(write_tif, noise):
    chip = RasterioSource(write_tif(noise)).get_chip(Box(-10, -4, 30, 36), out_shape=(20, 20))

    assert not chip[:10].any() and not chip[:, :4].any() and chip[10:, 4:].all()


def test_nodata_value_becomes_zero_and_is_in_the_mask(write_tif, noise):
    noise[:10] = 255
    noise[20, :, 0] = 255
    source = RasterioSource(write_tif(noise, nodata=255))
    window = Box(5, 0, 30, 10)

    chip, mask = source.get_chip(window), source.get_nodata_mask(window)

    assert not chip[:5].any() and not chip[15, :, 0].any() and chip[15, :, 1:].all()
    assert mask[:5].all() and not mask[5:].any()


def test_nan_nodata_becomes_zero(write_tif):
    pixels = np.ones((4, 4, 1), dtype=np.float32)
    pixels[0] = np.nan
    source = RasterioSource(write_tif(pixels, nodata=np.nan))

    assert source.get_chip(Box(0, 0, 4, 4)).sum() == 12
    assert source.get_nodata_mask(Box(0, 0, 4, 4)).sum() == 4


@pytest.mark.parametrize('value', [-9999, 9999, 3])
@pytest.mark.parametrize('other', [1, np.nan])
def test_any_value_can_be_nodata(write_tif, value, other):
    pixels = np.full((4, 4, 2), 5, dtype=np.float32)
    pixels[0], pixels[1], pixels[2, :, 0] = value, other, value
    source = RasterioSource(write_tif(pixels, nodata=value))

    chip = source.get_chip(Box(0, 0, 4, 4))

    assert not chip[0].any() and not chip[2, :, 0].any()
    assert np.array_equal(chip[1], pixels[1], equal_nan=True) and (chip[3] == 5).all()
    assert (source.get_chip(Box(3, 0, 4, 4)) == 5).all()


def test_internal_mask_marks_nodata(write_tif, noise):
    valid = np.ones((60, 80), dtype=bool)
    valid[:, :7] = False
    source = RasterioSource(write_tif(noise, mask=valid))

    assert not source.get_chip(Box(0, 0, 9, 9))[:, :7].any()
    assert np.array_equal(source.get_nodata_mask(Box(0, 0, 9, 9)), ~valid[:9, :9])


def test_alpha_marks_nodata_and_is_no_channel(write_tif, noise):
    alpha = np.full((60, 80, 1), 255, dtype=np.uint8)
    alpha[:5] = 0
    source = RasterioSource(write_tif(np.concatenate([noise, alpha], axis=-1), photometric='RGB', alpha='YES'))

    assert source.num_channels == 3 and source.num_channels_raw == 4
    assert not source.get_chip(Box(0, 0, 9, 9))[:5].any()
    assert source.get_nodata_mask(Box(0, 0, 9, 9))[:5].all()
    assert np.array_equal(source.get_raw_chip(Box(0, 0, 9, 9))[..., 3], alpha[:9, :9, 0])


def test_mask_is_true_outside_the_image(write_tif, noise):
    mask = RasterioSource(write_tif(noise, nodata=0)).get_nodata_mask(Box(55, 75, 65, 85))

    assert not mask[:5, :5].any() and mask[5:].all() and mask[:, 5:].all()


def test_bands_are_a_choice_among_the_selected_channels(write_tif, noise):
    source = RasterioSource(write_tif(noise), channel_order=[2, 0])

    assert np.array_equal(source.get_chip(Box(0, 0, 4, 4), bands=[1]), noise[:4, :4, [0]])
    assert np.array_equal(source[:4, :4, 0], noise[:4, :4, 2])


def test_a_missing_channel_says_how_many_there_are(write_tif, noise):
    with pytest.raises(ChannelOrderError, match=r'\[7\].*3 channels'):
        RasterioSource(write_tif(noise), channel_order=[7])
    with pytest.raises(ChannelOrderError):
        RasterioSource(write_tif(noise), channel_order=[-1])


@pytest.mark.parametrize('stream', [True, False])
def test_a_missing_image_is_named(tmp_path, stream):
    with pytest.raises(RasterVisionError, match=r'nowhere\.tif'):
        RasterioSource(str(tmp_path / 'nowhere.tif'), allow_streaming=stream)


def test_a_damaged_image_is_named_with_the_window(write_tif, noise):
    path = write_tif(np.tile(noise, (10, 10, 1)))
    with open(path, 'r+b') as file:
        file.truncate(100_000)
    source = RasterioSource(path)

    with pytest.raises(NotReadableError, match=r'image\.tif.*ymin=500.*cut short'):
        source.get_chip(Box(500, 500, 520, 520))


def test_no_images_are_refused():
    with pytest.raises(ConfigError, match='uris is empty'):
        RasterioSource([])


def test_an_image_without_georeference_has_pixel_coordinates(write_tif, noise):
    source = RasterioSource(write_tif(noise, crs=None))

    assert isinstance(source.crs_transformer, IdentityCRSTransformer)


def test_ground_control_points_georeference_an_image(tmp_path, noise):
    corners = [(0, 0), (0, 80), (60, 0), (60, 80)]
    gcps = [GroundControlPoint(row, col, 14 + col / 1000, 46 - row / 1000) for row, col in corners]
    path = str(tmp_path / 'gcps.tif')
    with rasterio.open(path, 'w', driver='GTiff', height=60, width=80, count=3, dtype='uint8') as dataset:
        dataset.gcps = gcps, 'epsg:4326'
        dataset.write(np.moveaxis(noise, -1, 0))

    transformer = RasterioSource(path).crs_transformer

    assert transformer.transform.almost_equals(from_gcps(gcps))
    assert transformer.pixel_to_map((0, 0)) == pytest.approx((14.0005, 45.9995))


@pytest.mark.parametrize('method', ['fork', 'spawn'])
def test_a_source_reads_in_other_processes(write_tif, noise, method):
    source = RasterioSource(write_tif(noise))
    source.get_chip(Box(0, 0, 9, 9))

    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
        chip = pool.submit(source.get_chip, Box(0, 0, 30, 30)).result(timeout=60)

    assert np.array_equal(chip, noise[:30, :30])


def test_a_source_reads_in_many_threads(write_tif, noise):
    source = RasterioSource(write_tif(noise, tiled=True, blockxsize=16, blockysize=16, compress='deflate'))
    windows = source.extent.get_windows(10, 5, padding=0) * 5

    with ThreadPoolExecutor(8) as pool:
        chips = list(pool.map(source.get_chip, windows))

    assert all(np.array_equal(c, noise[w.to_slices()]) for c, w in zip(chips, windows, strict=True))


class QuietHandler(SimpleHTTPRequestHandler):
    """Keeps quiet."""

    def log_message(self, *_):
        pass


def test_a_remote_image_is_streamed_or_downloaded(write_tif, noise, tmp_path):
    write_tif(noise)
    server = ThreadingHTTPServer(('127.0.0.1', 0), partial(QuietHandler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    uri = f'http://127.0.0.1:{server.server_address[1]}/image.tif'

    for stream in (True, False):
        source = RasterioSource(uri, allow_streaming=stream, tmp_dir=str(tmp_path / 'tmp'))
        assert np.array_equal(source.get_chip(Box(0, 0, 9, 9)), noise[:9, :9])
    server.shutdown()
    server.server_close()

    assert source.imagery_path.startswith(str(tmp_path / 'tmp'))


def test_a_remote_image_is_placed_and_masked_by_the_files_beside_it(tmp_path):
    web = tmp_path / 'web'
    web.mkdir()
    pixels = np.full((3, 20, 20), 7, 'uint8')
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False):
        options = {'driver': 'GTiff', 'count': 3, 'height': 20, 'width': 20, 'dtype': 'uint8'}
        with rasterio.open(web / 'a.tif', 'w', **options) as image:
            image.write(pixels)
            image.write_mask(np.arange(400).reshape(20, 20) >= 100)
    (web / 'a.tfw').write_text('2\n0\n0\n-2\n1001\n1999\n')
    assert sorted(path.name for path in web.iterdir()) == ['a.tfw', 'a.tif', 'a.tif.msk']
    with ThreadingHTTPServer(('127.0.0.1', 0), partial(QuietHandler, directory=str(web))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        uri = f'http://127.0.0.1:{server.server_address[1]}/a.tif'
        source = RasterioSource(uri, tmp_dir=str(tmp_path / 'tmp'))
        server.shutdown()

    assert source.crs_transformer.to_map((0.0, 0.0)) == (1000, 2000)
    chip = source.read_chip(source.extent)
    assert np.array_equal(chip.valid, np.arange(400).reshape(20, 20) >= 100)


class RangeHandler(QuietHandler):
    """Serves parts of files, and counts the bytes."""

    sent = 0

    def do_GET(self):
        first, _, last = self.headers.get('Range', 'bytes=0-').removeprefix('bytes=').partition('-')
        content = Path(self.translate_path(self.path)).read_bytes()
        part = content[int(first) : int(last or len(content)) + 1]
        type(self).sent += len(part)
        self.send_response(206 if 'Range' in self.headers else 200)
        self.send_header('Content-Length', str(len(part)))
        self.send_header('Accept-Ranges', 'bytes')
        self.send_header('Content-Range', f'bytes {first}-{int(first) + len(part) - 1}/{len(content)}')
        self.end_headers()
        self.wfile.write(part)


def test_of_a_streamed_image_only_what_is_needed_is_fetched(write_tif, tmp_path):
    pixels = np.random.default_rng(0).integers(1, 255, (1024, 1024, 3), dtype=np.uint8)
    path = write_tif(pixels, tiled=True, blockxsize=128, blockysize=128, compress='deflate')
    with ThreadingHTTPServer(('127.0.0.1', 0), partial(RangeHandler, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        uri = f'http://127.0.0.1:{server.server_address[1]}/image.tif'
        chip = RasterioSource(uri, allow_streaming=True).get_chip(Box(500, 500, 520, 520))
        server.shutdown()

    assert np.array_equal(chip, pixels[500:520, 500:520])
    assert RangeHandler.sent < Path(path).stat().st_size / 4


@pytest.mark.parametrize(
    ('uri', 'path'),
    [
        ('s3://bucket/a b/image.tif', '/vsis3/bucket/a b/image.tif'),
        ('gs://bucket/image.tif', '/vsigs/bucket/image.tif'),
        ('https://host/image.tif?token=x', '/vsicurl/https://host/image.tif?token=x'),
        ('file:///data/image.tif', '/data/image.tif'),
        ('/vsizip//data/images.zip/image.tif', '/vsizip//data/images.zip/image.tif'),
    ],
)
def test_uris_become_paths_of_gdal(uri, path):
    assert vsi_path(uri) == path


def test_config_builds_the_source(write_tif, noise):
    config = RasterioSourceConfig(
        uris=write_tif(noise),
        channel_order=[1],
        bbox=(5, 6, 20, 30),
        transformers=[{'type_hint': 'cast_transformer', 'to_dtype': 'float32'}],
    )

    assert config.build().dtype == np.float32
    assert config.build(use_transformers=False).get_chip(Box(0, 0, 2, 2)).tolist() == noise[5:7, 6:8, [1]].tolist()


def test_more_bands_than_an_image_can_have_are_an_error_at_once(tmp_path):
    path = tmp_path / 'odd.tif'
    profile = {'driver': 'GTiff', 'height': 1, 'width': 1, 'count': 9000, 'dtype': 'uint8'}
    with rasterio.open(path, 'w', **profile):
        pass

    with pytest.raises(NotReadableError, match=r'odd\.tif.* has 9000 bands'):
        RasterioSource(str(path))


def test_the_open_image_and_its_bands_are_there_to_look_at(write_tif, noise):
    source = RasterioSource(write_tif(noise, nodata=0), channel_order=[2, 0])

    assert source.bands_to_read.tolist() == [3, 1] and source.is_masked
    assert np.array_equal(source.image_dataset.read(3), noise[..., 2])
    assert hasattr(source, 'session')
    assert not RasterioSource(write_tif(noise, 'other.tif')).is_masked
