"""Rasters beside each other: each pixel has the value that is at its place, in every window."""

import numpy as np
import pytest
import rasterio
import xarray
from affine import Affine
from pyproj import Transformer
from rasterio.control import GroundControlPoint

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.label_source.semantic_segmentation_label_source import SemanticSegmentationLabelSource
from rastervision.core.data.label_source.semantic_segmentation_label_source_config import (
    SemanticSegmentationLabelSourceConfig,
)
from rastervision.core.data.raster_source.aligned_source import AlignedSource
from rastervision.core.data.raster_source.multi_raster_source import MultiRasterSource
from rastervision.core.data.raster_source.raster_source import RasterSource
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.raster_source.temporal_multi_raster_source import TemporalMultiRasterSource
from rastervision.core.data.raster_source.xarray_source import XarraySource
from rastervision.core.data.raster_transformer.reclass_transformer import ReclassTransformer
from rastervision.core.data.scene import Scene
from rastervision.pipeline.errors import DataError

UTM = 'EPSG:32633'
CENTRE = 500_000.0, 5_100_000.0
CLASSES = ClassConfig(names=['a', 'b', 'c', 'd'])
SEEDS = range(16)


def grid(rng, side, resolution, *, turned=True):
    """A grid around the same place: north up, south up, mirrored, turned; its corner anywhere."""
    angle = rng.choice([0, 0, 90, rng.uniform(0, 360)]) if turned else 0
    flips = rng.choice([-1, 1], 2)
    around = Affine.translation(*CENTRE) @ Affine.rotation(angle) @ Affine.scale(*(resolution * flips))
    return around @ Affine.translation(*(-side / 2 + rng.uniform(-2, 2, 2)))


def save(path, pixels, transform, crs=UTM, **profile):
    """Write pixels (height, width) or (height, width, bands)."""
    pixels = np.atleast_3d(pixels)
    height, width, count = pixels.shape
    options = {'driver': 'GTiff', 'height': height, 'width': width, 'count': count, 'dtype': pixels.dtype}
    place = {} if transform is None else {'crs': crs, 'transform': transform}
    place = {'crs': crs} if 'gcps' in profile else place
    with rasterio.open(path, 'w', **options, **place, **profile) as image:
        image.write(np.moveaxis(pixels, -1, 0))
    return str(path)


def places(transform, height, width):
    """Map coordinates, x and y, of the centres of pixels."""
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    return transform @ (x, y)


def ramp(transform, side):
    """An image whose pixels follow from their place on the map by a line."""
    x, y = places(transform, side, side)
    return np.stack([x - CENTRE[0], y - CENTRE[1]], axis=-1)


def windows(extent):
    """Windows of all kinds: everything, over edges, single pixels, in steps."""
    yield extent
    yield Box(-3, -5, extent.height + 2, 9)
    yield from (Box(y, x, y + 1, x + 1) for y in (0, 13) for x in (5, extent.width - 1))
    yield from extent.get_windows((7, 11), (5, 9))


@pytest.mark.parametrize('resolution', [2, 5, 10, 13.7, 20, 60])
@pytest.mark.parametrize('seed', SEEDS)
def test_a_line_on_the_map_is_a_line_in_the_chip(tmp_path, seed, resolution):
    rng = np.random.default_rng(seed)
    primary_grid, side = grid(rng, 40, 10), int(1200 / resolution)
    other_grid = grid(rng, side, resolution)
    primary = RasterioSource(save(tmp_path / 'a.tif', ramp(primary_grid, 40), primary_grid))
    other = RasterioSource(save(tmp_path / 'b.tif', ramp(other_grid, side), other_grid))

    both = MultiRasterSource([other, primary], primary_source_idx=1)[:, :]

    assert both[..., :2] == pytest.approx(both[..., 2:], abs=1e-6)


KINDS = {
    'UTM': (UTM, None),
    'another zone': ('EPSG:32632', None),
    'degrees': ('EPSG:4326', None),
    'control points': (UTM, 'gcps'),
}


def write_noise(path, kind, side, resolution, rng, **options):
    """Random pixels, (side, side, 3), on a grid of one of the kinds, around the same place."""
    crs, gcps = KINDS[kind]
    pixels = options.pop('pixels', None)
    pixels = rng.integers(1, 60_000, (side, side, 3)).astype(np.uint16) if pixels is None else pixels
    if gcps:
        transform = grid(rng, side, resolution)
        corners = [(c, r) for c in (0, side / 2, side) for r in (0, side / 2, side)]
        points = []
        for column, row in corners:
            x, y = transform @ (column, row)
            points.append(GroundControlPoint(row, column, x + column * row * resolution * 2e-4, y))
        return save(path, pixels, None, gcps=points, crs=crs, **options)
    if crs == UTM:
        return save(path, pixels, grid(rng, side, resolution), **options)
    x, y = Transformer.from_crs(UTM, crs, always_xy=True).transform(*CENTRE)
    step = resolution if crs != 'EPSG:4326' else resolution / 90_000
    corner = Affine.translation(x - side / 2 * step, y + side / 2 * step)
    return save(path, pixels, corner @ Affine.scale(step, -step), crs, **options)


@pytest.mark.parametrize('resolution', [4, 10, 33])
@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('temporal', [False, True])
def test_a_pixel_has_one_value_whatever_the_window(tmp_path, kind, resolution, temporal):
    rng = np.random.default_rng(5)
    primary = RasterioSource(
        save(tmp_path / 'a.tif', np.ones((40, 50, 3), np.uint16), grid(rng, 45, 10)), bbox=Box(3, 4, 38, 49)
    )
    noise = rng.integers(0, 60_000, (600 // resolution, 600 // resolution, 3)).astype(np.uint16)
    noise[rng.random(noise.shape[:2]) < 0.1] = 7
    other = RasterioSource(write_noise(tmp_path / 'b.tif', kind, len(noise), resolution, rng, pixels=noise, nodata=7))
    source = (TemporalMultiRasterSource if temporal else MultiRasterSource)([primary, other])
    frame = Box(-20, -20, 60, 70)
    whole = source.read_chip(frame)

    for window in windows(source.extent):
        chip = source.read_chip(window)
        part = window.to_local_coords(frame).to_slices()
        assert np.array_equal(chip.pixels, whole.pixels[(..., *part, slice(None))]), window
        valid = np.ones(window.size, bool) if chip.valid is None else chip.valid
        assert np.array_equal(valid, whole.valid[part]), window
    assert whole.valid[25:50, 25:60].any() and len(np.unique(whole.pixels)) > 200


@pytest.mark.parametrize('resolution', [3, 10, 33])
@pytest.mark.parametrize('kind', KINDS)
def test_no_data_is_not_mixed_into_data(tmp_path, kind, resolution):
    rng = np.random.default_rng(1)
    primary = RasterioSource(save(tmp_path / 'a.tif', np.full((40, 50), 5, np.float32), grid(rng, 45, 10)))
    pixels = np.full((1200 // resolution,) * 2, 100, np.float32)
    pixels[rng.random(pixels.shape) < 0.4] = -9999
    other = RasterioSource(
        write_noise(tmp_path / 'b.tif', kind, len(pixels), resolution, rng, pixels=pixels, nodata=-9999)
    )

    source = MultiRasterSource([primary, other], channel_order=[1])
    chip = source.read_chip(source.extent)

    valid = np.ones(chip.pixels.shape[:2], bool) if chip.valid is None else chip.valid
    assert 0.2 < valid.mean() <= 1
    assert chip.pixels[valid] == pytest.approx(100) and (chip.pixels[~valid] == 0).all()
    mask = source.get_nodata_mask(source.extent)
    assert np.array_equal(np.zeros(valid.shape, bool) if mask is None else mask, ~valid)


@pytest.mark.parametrize('dtype', ['uint8', 'int16', 'uint16', 'int32', 'int64', 'float32', 'float64'])
def test_values_stay_in_their_dtype_and_range(tmp_path, dtype):
    rng = np.random.default_rng(2)
    limits = np.iinfo(dtype) if np.dtype(dtype).kind in 'iu' else np.finfo('float32')
    pixels = np.full((40, 40), limits.max, dtype)
    primary = RasterioSource(save(tmp_path / 'a.tif', np.ones((20, 20), dtype), grid(rng, 20, 10)))
    other = RasterioSource(save(tmp_path / 'b.tif', pixels, grid(rng, 40, 10)))

    chip = MultiRasterSource([primary, other])[:, :]

    assert chip.dtype == dtype and chip[..., 1] == pytest.approx(limits.max, rel=1e-12)


@pytest.mark.parametrize('crs', ['EPSG:7855', 'EPSG:28355'])
@pytest.mark.parametrize('kind', ['labels', 'channels', 'times'])
def test_rasters_of_other_datums_are_where_gdal_puts_them(tmp_path, crs, kind):
    # There are 1.5 metres between these two datums, of which EPSG:4326 knows nothing.
    x, y = Transformer.from_crs('EPSG:4326', 'EPSG:7855', always_xy=True).transform(146, -37)
    place = Affine(0.5, 0, round(x), 0, -0.5, round(y))
    image = RasterioSource(save(tmp_path / 'a.tif', np.ones((40, 50), np.uint8), place, 'EPSG:7855'))
    x, y = places(place, 40, 50)
    x, y = Transformer.from_crs('EPSG:7855', crs, always_xy=True).transform(x, y)
    other = place @ Affine.translation(-20, -20)
    pixels = np.random.default_rng(0).integers(0, 4, (80, 90)).astype(np.uint8)
    uri = save(tmp_path / 'b.tif', pixels if kind == 'labels' else ramp(other, 90), other, crs)

    if kind == 'labels':
        source = SemanticSegmentationLabelSource(RasterioSource(uri), CLASSES)
        got = Scene('s', image, source).label_source.get_label_arr(image.extent)
        column, row = (np.floor(place).astype(int) for place in ~other @ (x, y))
        assert np.array_equal(got, pixels[row, column])
    else:
        flat = RasterioSource(save(tmp_path / 'c.tif', np.ones((40, 50, 2)), place, 'EPSG:7855'))
        make = MultiRasterSource if kind == 'channels' else TemporalMultiRasterSource
        found = make([flat, RasterioSource(uri)])[:, :]
        got = found[..., 2:] if kind == 'channels' else found[1]
        right = np.stack([x - CENTRE[0], y - CENTRE[1]], axis=-1)
        assert got == pytest.approx(right, abs=1e-3)


@pytest.mark.parametrize('resolution', [2, 10, 25])
@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('seed', range(4))
def test_labels_on_another_grid_are_those_that_centres_lie_in(tmp_path, seed, kind, resolution):
    rng = np.random.default_rng(seed)
    image = RasterioSource(
        save(tmp_path / 'a.tif', np.ones((40, 50), np.uint8), grid(rng, 45, 10)), bbox=Box(2, 3, 40, 50)
    )
    side = 500 // resolution
    class_ids = rng.integers(0, 4, (side, side)).astype(np.uint8)
    uri = write_noise(tmp_path / 'b.tif', kind, side, resolution, rng, pixels=class_ids)
    config = SemanticSegmentationLabelSourceConfig(raster_source=RasterioSourceConfig(uris=uri))

    scene = Scene('s', image, config.build(CLASSES, image.crs_transformer, image.bbox))

    columns, rows = np.meshgrid(np.arange(50) + 0.5, np.arange(40) + 0.5)
    u, v = RasterioSource(uri).crs_transformer.to_pixels(image.crs_transformer.to_map((columns, rows)))
    inside = (u > 0) & (v > 0) & (u < side) & (v < side)
    expected = np.zeros((40, 50), np.uint8)
    expected[inside] = class_ids[np.floor(v[inside]).astype(int), np.floor(u[inside]).astype(int)]
    # On the very edge between two pixels, and where places between are interpolated, either is right.
    sure = (np.abs(u - np.round(u)) > 1e-3) & (np.abs(v - np.round(v)) > 1e-3)
    for window in windows(image.extent):
        drawn = scene.label_source.get_label_arr(window)
        part = window.intersection(image.extent)
        got = drawn[part.to_local_coords(window).to_slices()]
        here = part.to_global_coords(image.bbox).to_slices()
        assert np.array_equal(got[sure[here]], expected[here][sure[here]])
    assert inside.mean() > 0.3


def test_labels_of_the_same_grid_are_read_as_they_are(tmp_path):
    transform = Affine(10, 0, 5e5, 0, -10, 5e6)
    image = RasterioSource(save(tmp_path / 'a.tif', np.ones((9, 9), np.uint8), transform))
    labels = RasterioSource(save(tmp_path / 'b.tif', np.ones((9, 9), np.uint8), transform))

    scene = Scene('s', image, SemanticSegmentationLabelSource(labels, CLASSES))

    assert scene.label_source.raster_source is labels


@pytest.mark.parametrize(('image_grid', 'label_grid'), [(None, Affine(10, 0, 5e5, 0, -10, 5e6))])
@pytest.mark.parametrize('swapped', [False, True])
def test_labels_without_georeference_are_taken_pixel_by_pixel_or_refused(
    tmp_path, image_grid, label_grid, swapped, caplog
):
    grids = (label_grid, image_grid) if swapped else (image_grid, label_grid)
    class_ids = np.random.default_rng(0).integers(0, 4, (9, 12)).astype(np.uint8)
    image = RasterioSource(save(tmp_path / 'a.tif', np.ones((9, 12), np.uint8), grids[0]), bbox=Box(2, 3, 9, 9))
    labels = save(tmp_path / 'b.tif', class_ids, grids[1])
    other = save(tmp_path / 'c.tif', class_ids[:5], grids[1])

    scene = Scene('s', image, SemanticSegmentationLabelSource(RasterioSource(labels), CLASSES))

    assert np.array_equal(scene.label_source[scene.extent], class_ids[2:9, 3:9])
    assert 'not georeferenced' in caplog.text
    with pytest.raises(DataError, match=r"scene 's'.*c\.tif.*\(5, 12\).*\(9, 12\)"):
        Scene('s', image, SemanticSegmentationLabelSource(RasterioSource(other), CLASSES))


def multi(image, other):
    return MultiRasterSource([image, other])


def multi_with_the_second_as_primary(image, other):
    return MultiRasterSource([other, image], primary_source_idx=1)


def temporal(image, other):
    return TemporalMultiRasterSource([image, other])


def labels(image, other):
    return Scene('s', image, SemanticSegmentationLabelSource(other, ClassConfig(names=['a', 'null'])))


BESIDE_AN_IMAGE = [multi, multi_with_the_second_as_primary, temporal, labels]


def pair(tmp_path, x, crs=UTM, size=20):
    image = save(tmp_path / 'a.tif', np.ones((9, 12), np.uint8), Affine(10, 0, 5e5, 0, -10, 5e6))
    other = save(tmp_path / 'b.tif', np.zeros((9, 12), np.uint8), Affine(size, 0, x, 0, -20, 5e6), crs)
    return RasterioSource(image), RasterioSource(other)


@pytest.mark.parametrize('make', BESIDE_AN_IMAGE)
@pytest.mark.parametrize(
    ('crs', 'x', 'says'),
    [
        (UTM, 9e5, r'cover x 900000 to .*EPSG:32633.* image x 500000 to'),
        ('EPSG:32634', 5e5, r'Are they in EPSG:32633\?'),
    ],
)
def test_a_raster_elsewhere_is_refused_with_both_places(tmp_path, make, crs, x, says):
    with pytest.raises(DataError, match=rf'nowhere in the image: .*b\.tif.*{says}'):
        make(*pair(tmp_path, x, crs))


@pytest.mark.parametrize('make', BESIDE_AN_IMAGE)
def test_a_raster_of_a_part_of_the_image_is_used_there_with_a_warning(tmp_path, make, caplog):
    made = make(*pair(tmp_path, 5e5 + 60))

    assert 'in 50.0 % of the image only' in caplog.text and 'b.tif' in caplog.text
    if make is labels:
        null = made.label_source[made.extent]
        assert (null[:, :6] == 1).all() and not null[:, 6:].any()
    elif make is multi:
        chip = made._read_stored(made.extent)
        assert not chip.data[:, :6, 1].any() and chip.data[:, 6:].all() and chip.data[..., 0].all()


@pytest.mark.parametrize('make', BESIDE_AN_IMAGE)
def test_a_raster_all_over_the_image_is_worth_no_warning(tmp_path, make, caplog):
    make(*pair(tmp_path, 5e5))

    assert not caplog.text


def test_labels_of_the_same_grid_that_end_early_are_null_there(tmp_path):
    image, _ = pair(tmp_path, 5e5)
    short = save(tmp_path / 'c.tif', np.zeros((9, 8), np.uint8), image.crs_transformer.transform)

    scene = labels(image, RasterioSource(short))

    assert (scene.label_source[scene.extent][:, 8:] == 1).all()


def test_a_raster_of_which_no_channel_is_used_may_be_elsewhere(tmp_path):
    assert MultiRasterSource(pair(tmp_path, 9e5), channel_order=[0])[:, :].all()


@pytest.mark.parametrize(('resolution', 'corner'), [(5000, (-700, 700)), (0.5, (33, -23))])
def test_labels_much_coarser_or_smaller_than_the_image_are_found(tmp_path, resolution, corner):
    image = RasterioSource(save(tmp_path / 'a.tif', np.ones((90, 120), np.uint8), Affine(10, 0, 5e5, 0, -10, 5e6)))
    grid = Affine(resolution, 0, 5e5 + corner[0], 0, -resolution, 5e6 + corner[1])
    labels = save(tmp_path / 'b.tif', np.full((6, 6), 2, np.uint8), grid)

    scene = Scene('s', image, SemanticSegmentationLabelSource(RasterioSource(labels), CLASSES))

    assert np.count_nonzero(scene.label_source[scene.extent] == 2) == (90 * 120 if resolution == 5000 else 1)


def test_empty_windows_are_empty_chips(tmp_path):
    rng = np.random.default_rng(0)
    sources = [RasterioSource(save(tmp_path / f'{i}.tif', np.ones((9, 9), np.uint8), grid(rng, 9, 10))) for i in (0, 1)]

    assert MultiRasterSource(sources).get_chip(Box(3, 3, 3, 8)).shape == (0, 5, 2)


def test_transformers_of_labels_come_after_their_grid(tmp_path):
    transform = Affine(10, 0, 5e5, 0, -10, 5e6)
    image = RasterioSource(save(tmp_path / 'a.tif', np.ones((8, 8), np.uint8), transform))
    coarse = save(tmp_path / 'b.tif', np.full((4, 4), 9, np.uint8), transform @ Affine.scale(2, 2))

    aligned = AlignedSource(
        RasterioSource(coarse, [ReclassTransformer({9: 3})]), image.crs_transformer, image.extent, image.bbox
    )

    assert (aligned[:, :] == 3).all() and aligned.shape == (8, 8, 1)


class Plain(RasterSource):
    """A plugin that only knows `get_chip`."""

    def __init__(self, source):
        super().__init__(channel_order=None, num_channels_raw=1, dtype_raw=source.dtype, bbox=source.bbox)
        self.source = source

    @property
    def crs_transformer(self):
        return self.source.crs_transformer

    def _get_chip(self, window, out_shape=None):
        raise AssertionError('get_chip is overridden')

    def get_chip(self, window, out_shape=None):
        return self.source.get_chip(window, out_shape=out_shape) + 1


class Northing(CRSTransformer):
    """A plugin's grid of 20 m, by the methods of 0.31."""

    def _map_to_pixel(self, point):
        x, y = point
        return (x - 5e5) / 20, (5e6 - y) / 20

    def _pixel_to_map(self, point):
        x, y = point
        return 5e5 + 20 * (x + 0.5), 5e6 - 20 * (y + 0.5)


def test_sources_and_transformers_of_plugins_are_brought_to_the_grid(tmp_path):
    transform = Affine(10, 0, 5e5, 0, -10, 5e6)
    image = RasterioSource(save(tmp_path / 'a.tif', np.ones((8, 8)), transform), map_crs=None)
    pixels = np.arange(16.0).reshape(4, 4)
    coarse = save(tmp_path / 'b.tif', pixels, transform @ Affine.scale(2, 2))
    array = xarray.DataArray(pixels[..., None], dims=('y', 'x', 'band'))
    plugins = [Plain(RasterioSource(coarse, map_crs=None)), XarraySource(array, Northing())]

    both = MultiRasterSource([image, *plugins])[:, :]

    x, y = np.meshgrid(np.arange(1, 7), np.arange(1, 7))
    assert both[1:7, 1:7, 2] == pytest.approx((y / 2 - 0.25) * 4 + x / 2 - 0.25)
    assert both[..., 1] == pytest.approx(both[..., 2] + 1)


@pytest.mark.parametrize('west', [-20.0, 340.0])
def test_degrees_beyond_180_are_the_same_places(tmp_path, west):
    degrees = Affine(1, 0, west, 0, -1, 10)
    image = RasterioSource(save(tmp_path / 'a.tif', np.ones((20, 40), np.float64), degrees, 'EPSG:4326'))
    whole = Affine(1, 0, 0, 0, -1, 90)
    x, _ = places(whole, 180, 360)
    globe = RasterioSource(save(tmp_path / 'b.tif', np.where(x > 180, x - 360, x), whole, 'EPSG:4326'))

    chip = MultiRasterSource([image, globe])[:, :]

    assert chip[0, :, 1].tolist() == [-19.5 + i for i in range(40)]


def test_rasters_whose_crs_have_no_way_between_them_are_refused(tmp_path):
    transform = Affine(10, 0, 5e5, 0, -10, 5e6)
    image = RasterioSource(save(tmp_path / 'a.tif', np.ones((8, 8), np.uint8), transform))
    site = RasterioSource(
        save(tmp_path / 'b.tif', np.ones((8, 8), np.uint8), transform, 'LOCAL_CS["site grid",UNIT["metre",1]]')
    )

    with pytest.raises(DataError, match='site grid'):
        MultiRasterSource([image, site])[:, :]


def test_rows_and_columns_of_different_pixels_are_averaged(tmp_path):
    pixels = np.arange(36, dtype=np.float64).reshape(6, 6)
    coarse = RasterioSource(save(tmp_path / 'a.tif', np.ones((2, 2)), Affine(30, 0, 5e5, 0, -30, 5e6)))
    fine = RasterioSource(save(tmp_path / 'b.tif', pixels, Affine(10, 0, 5e5, 0, -10, 5e6)))

    chip = MultiRasterSource([coarse, fine])[:, :]

    assert chip[..., 1].tolist() == pixels.reshape(2, 3, 2, 3).mean(axis=(1, 3)).tolist()


def test_a_map_of_the_image_alone_is_enough():
    one, other = (RasterioCRSTransformer(Affine(10, 0, 5e5, 0, -10, 5e6), crs, None) for crs in (None, UTM))

    array = xarray.DataArray(np.arange(16.0).reshape(4, 4, 1), dims=('y', 'x', 'band'))
    chip = MultiRasterSource([XarraySource(array, one), XarraySource(array, other)])[:, :]

    assert np.array_equal(chip[..., 0], chip[..., 1])
