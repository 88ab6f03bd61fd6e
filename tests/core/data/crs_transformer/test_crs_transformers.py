import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.rpc import RPC

from rastervision.core.box import Box
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.crs_transformer.sensor_model import ControlPoints, RationalPolynomials
from rastervision.pipeline.errors import ArgumentTypeError, DataError, NotReadableError

UTM = RasterioCRSTransformer(Affine(10, 0, 500000, 0, -10, 5100000), 'epsg:32633')
BENT = [
    GroundControlPoint(row, column, 14 + column * 1e-4 + row * column * 1e-7, 46 - row * 1e-4 - row * row * 1e-8)
    for row in (0, 50, 100)
    for column in (0, 50, 100)
]
LINE, SAMPLE, ONE = [0, 0, -1] + [0] * 17, [0, 1] + [0] * 18, [1] + [0] * 19
TILTED = RPC(
    height_off=0,
    height_scale=100,
    lat_off=46,
    lat_scale=0.01,
    long_off=14,
    long_scale=0.01,
    line_num_coeff=LINE,
    line_den_coeff=ONE,
    line_off=50,
    line_scale=50,
    samp_num_coeff=SAMPLE,
    samp_den_coeff=ONE,
    samp_off=50,
    samp_scale=50,
)


def by_sensor(model):
    return RasterioCRSTransformer(model.affine, model.crs, sensor=model)


@pytest.mark.parametrize(
    'transformer',
    [
        UTM,
        IdentityCRSTransformer(),
        by_sensor(ControlPoints(BENT, None)),
        by_sensor(RationalPolynomials(TILTED, (100, 100))),
    ],
)
@pytest.mark.parametrize('bbox', [None, Box(5, 7, 100, 100)])
@pytest.mark.parametrize(
    'thing',
    [
        (3, 4),
        (np.array([1, 2, 3]), np.array([4, 5, 6])),
        Box(1, 2, 3, 4),
        shapely.box(1, 2, 7, 8),
        np.array([shapely.Point(1, 2), shapely.Point(3, 4)]),
    ],
)
def test_whole_pixels_come_back(transformer, bbox, thing):
    back = transformer.map_to_pixel(transformer.pixel_to_map(thing, bbox=bbox), bbox=bbox)

    assert np.array_equal(back, thing) if not isinstance(thing, Box) else back == thing


def test_a_bent_image_is_placed_by_its_control_points():
    transformer = by_sensor(ControlPoints(BENT, None))
    point = BENT[-1]

    assert transformer.pixel_to_map((point.col - 0.5, point.row - 0.5)) != pytest.approx((point.x, point.y), abs=1e-7)
    unrounded = RasterioCRSTransformer(
        transformer.transform, None, sensor=transformer.sensor, round_pixels=False
    ).pixel_to_map((point.col - 0.5, point.row - 0.5))
    assert unrounded == pytest.approx((point.x, point.y), abs=1e-9)


def test_pixels_map_to_their_centres():
    transformer = RasterioCRSTransformer(Affine(10, 0, 500000, 0, -10, 5100000), 'epsg:32633', map_crs=None)

    assert transformer.pixel_to_map((0, 0)) == (500005.0, 5099995.0)
    assert transformer.map_to_pixel((500009.9, 5099990.1)) == (0, 0)


def test_unrounded_pixels_are_counted_from_the_corner():
    transformer = RasterioCRSTransformer(Affine(10, 0, 0, 0, -10, 0), 'epsg:32633', map_crs=None, round_pixels=False)

    assert transformer.map_to_pixel((25.0, -5.0)) == (2.5, 0.5)


def test_coordinates_far_away_are_refused():
    mercator = RasterioCRSTransformer(Affine(10, 0, 0, 0, -10, 0), 'epsg:3857')

    with pytest.raises(DataError, match='map to the image'):
        mercator.map_to_pixel((0.0, 95.0))


def test_other_things_are_refused():
    with pytest.raises(ArgumentTypeError, match='str'):
        UTM.pixel_to_map('x')


def test_transformers_can_be_pickled_and_shared_by_threads():
    copy = pickle.loads(pickle.dumps(UTM))

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(copy.pixel_to_map, [(1, 2)] * 20))

    assert all(result == UTM.pixel_to_map((1, 2)) for result in results)


def test_a_missing_image_is_named(tmp_path):
    with pytest.raises(NotReadableError, match=r'none\.tif'):
        RasterioCRSTransformer.from_uri(str(tmp_path / 'none.tif'))


# ------------------------------------------------------------------------ exact transformations
GRIDS = {
    'north up': Affine(0.5, 0, 500_000, 0, -0.5, 4_600_000),
    'south up': Affine(0.5, 0, 500_000, 0, 0.5, 4_600_000),
    'mirrored': Affine(-0.5, 0, 500_000, 0, -0.5, 4_600_000),
    'rotated, not square': Affine.translation(500_000, 4_600_000) @ Affine.rotation(33) @ Affine.scale(0.3, -0.7),
}


@pytest.mark.parametrize('transform', GRIDS.values(), ids=GRIDS.keys())
@pytest.mark.parametrize('map_crs', ['EPSG:32618', 'EPSG:4326'])
def test_exact_pixels_are_corners_and_keep_their_fractions(transform, map_crs):
    crs_transformer = RasterioCRSTransformer(transform, 'EPSG:32618', map_crs)
    if map_crs == 'EPSG:32618':
        assert crs_transformer.to_map((0.0, 0.0)) == pytest.approx((transform.c, transform.f))
    x, y = np.random.default_rng(0).uniform(-100, 1000, (2, 50))

    there_and_back = crs_transformer.to_pixels(crs_transformer.to_map((x, y)))

    np.testing.assert_allclose(there_and_back, (x, y), atol=1e-6)


def test_exact_box_is_around_all_corners_of_a_rotated_one():
    transform = GRIDS['rotated, not square']
    crs_transformer = RasterioCRSTransformer(transform, 'EPSG:32618', None)
    corners = [transform @ (x, y) for x in (1.5, 4) for y in (2, 8.25)]

    box = crs_transformer.to_map(Box(2, 1.5, 8.25, 4))

    xs, ys = zip(*corners, strict=True)
    assert tuple(box) == pytest.approx((min(ys), min(xs), max(ys), max(xs)))


def test_exact_pixels_are_relative_to_a_bbox():
    crs_transformer = RasterioCRSTransformer(GRIDS['north up'], 'EPSG:32618', None)
    bbox = Box(10, 20, 30, 40)

    assert crs_transformer.to_map((0.25, 0.5), bbox) == crs_transformer.to_map((20.25, 10.5))
    assert crs_transformer.to_pixels(crs_transformer.to_map((20.25, 10.5)), bbox) == pytest.approx((0.25, 0.5))


TURNED = Affine.translation(500000.3, 5100000.6) @ Affine.rotation(23) @ Affine.scale(0.3, -0.3)


class Centred(CRSTransformer):
    """A plugin as of 0.31: the centre of a pixel is what it maps to."""

    def _map_to_pixel(self, point):
        x, y = point
        return (x - 100) / 2, (200 - y) / 2

    def _pixel_to_map(self, point):
        x, y = point
        return 100 + 2 * (x + 0.5), 200 - 2 * (y + 0.5)


class Cornered(Centred):
    """Another, to which whole numbers are corners."""

    def _pixel_to_map(self, point):
        x, y = point
        return 100 + 2 * x, 200 - 2 * y


class Whole(Centred):
    """Another, which only knows whole pixels."""

    def _map_to_pixel(self, point):
        return tuple(np.floor(values).astype(int) for values in super()._map_to_pixel(point))


class Shifted(RasterioCRSTransformer):
    """An image that is known to lie 30 m further east."""

    def map_to_pixel(self, inp, bbox=None):
        x, y = super().map_to_pixel(inp, bbox)
        return x - 3, y

    def pixel_to_map(self, inp, bbox=None):
        x, y = inp
        return super().pixel_to_map((x + 3, y), bbox)


class ShiftedInside(RasterioCRSTransformer):
    """The same by the inner methods."""

    def _map_to_pixel(self, point):
        x, y = super()._map_to_pixel(point)
        return x - 3, y

    def _pixel_to_map(self, point):
        x, y = point
        return super()._pixel_to_map((x + 3, y))


@pytest.mark.parametrize('plugin', [Centred(), Cornered()])
def test_a_plugin_that_knows_the_older_methods_is_exact(plugin):
    assert plugin.to_map((0.25, 0.75)) == pytest.approx((100.5, 198.5))
    assert plugin.to_pixels((100.5, 198.5)) == pytest.approx((0.25, 0.75))
    assert plugin.to_pixels(Box(197, 101, 199, 105)) == Box(0.5, 0.5, 1.5, 2.5)


def test_a_plugin_that_rounds_gives_whole_pixels():
    assert Whole().to_pixels((100.5, 196.5)) == (0, 1)
    assert Whole().to_map((0, 1)) == (100, 198)


class Doubled(CRSTransformer):
    """As of 0.31: a point is one pair."""

    def _map_to_pixel(self, point):
        x, y = point
        return x * 2.0, y * 2.0

    def _pixel_to_map(self, point):
        return [value / 2 for value in point]


@pytest.mark.parametrize(
    ('there', 'here'),
    [
        ((3, 4), (6, 8)),
        ((np.array([1.0, 2.0]), np.array([3.0, 4.0])), (np.array([2.0, 4.0]), np.array([6.0, 8.0]))),
        (Box(0, 1, 2, 3), Box(0, 2, 4, 6)),
        (shapely.box(0, 0, 1, 2), shapely.box(0, 0, 2, 4)),
    ],
)
def test_a_plugin_gets_a_point_as_one_pair(there, here):
    for forward, backward in (
        (Doubled().map_to_pixel, Doubled().pixel_to_map),
        (Doubled().to_pixels, Doubled().to_map),
    ):
        assert np.array_equal(forward(there), here) and np.array_equal(backward(here), there)
    assert Doubled().map_to_pixel((3, 4), bbox=Box(1, 2, 9, 9)) == (4, 7)
    assert Doubled().pixel_to_map((3, 4), bbox=Box(1, 2, 9, 9)) == (2.5, 2.5)


@pytest.mark.parametrize('round_pixels', [True, False])
def test_a_transform_that_is_set_counts_in_both_directions(round_pixels):
    model = ControlPoints(BENT, None)
    for transformer in (
        RasterioCRSTransformer(UTM.transform, 'epsg:32633', round_pixels=round_pixels),
        RasterioCRSTransformer(model.affine, 'epsg:32633', sensor=model, round_pixels=round_pixels),
    ):
        transformer.transform = Affine(5, 0, 400000, 0, -5, 5000000)
        set_at_first = RasterioCRSTransformer(transformer.transform, 'epsg:32633', round_pixels=round_pixels)

        for way in ('pixel_to_map', 'to_map'):
            assert getattr(transformer, way)((3, 4)) == getattr(set_at_first, way)((3, 4))
        place = transformer.pixel_to_map((3, 4))
        for way in ('map_to_pixel', 'to_pixels'):
            assert getattr(transformer, way)(place) == getattr(set_at_first, way)(place)
        assert transformer.map_to_pixel(place) == pytest.approx((3, 4) if round_pixels else (3.5, 4.5))
        assert pickle.loads(pickle.dumps(transformer)).map_to_pixel(place) == transformer.map_to_pixel(place)


def test_whole_pixels_far_away_do_not_wrap():
    x, _ = RasterioCRSTransformer(Affine(0.001, 0, 0, 0, -0.001, 0), 'epsg:32633', None).map_to_pixel((5e6, 0))

    assert x == 5_000_000_000


@pytest.mark.parametrize('kind', [Shifted, ShiftedInside])
def test_what_a_plugin_overrides_counts_for_the_exact_way_too(kind):
    plugin = kind(UTM.transform, 'epsg:32633', None)

    assert plugin.to_map((0.5, 0.25)) == pytest.approx((500035, 5099997.5))
    assert plugin.to_pixels((500035.0, 5099997.5)) == pytest.approx((0.5, 0.25))


@pytest.mark.parametrize('transform', [UTM.transform, TURNED, Affine(0.3, 0, 7, 0, 0.5, 9)])
def test_the_exact_way_keeps_fractions(transform):
    transformer = RasterioCRSTransformer(transform, 'epsg:32633')
    polygon = shapely.Polygon([(0.1, 0.2), (7.3, 0.4), (5.5, 9.9)])

    back = transformer.to_pixels(transformer.to_map(polygon))

    assert shapely.get_coordinates(back) == pytest.approx(shapely.get_coordinates(polygon), abs=1e-6)


def test_of_a_box_on_a_turned_image_all_corners_are_inside():
    transformer = RasterioCRSTransformer(TURNED, 'epsg:32633', None)
    corners = shapely.transform(shapely.box(0, 0, 10, 20), lambda xy: np.stack(TURNED @ (xy[:, 0], xy[:, 1]), 1))

    box = transformer.to_map(Box(0, 0, 20, 10))

    assert box.to_xyxy() == pytest.approx(corners.bounds)


def test_an_image_without_crs_has_no_map_crs():
    transformer = RasterioCRSTransformer(UTM.transform, None)

    assert transformer.map_crs is None and transformer.to_map((0, 0)) == (500000, 5100000)


def test_an_image_in_a_local_crs_is_its_own_map():
    site = 'LOCAL_CS["site grid",UNIT["metre",1]]'
    transformer = RasterioCRSTransformer(UTM.transform, site)

    assert transformer.map_crs == site and transformer.to_map((1, 2)) == (500010, 5099980)


@pytest.mark.parametrize(
    'transform', [Affine(10, 10, 5e5, 10, 10, 5e6), Affine(0, 0, 5e5, 0, 0, 5e6), Affine(1, 0, float('nan'), 0, 1, 0)]
)
def test_pixels_without_area_are_refused(transform):
    with pytest.raises(DataError, match='makes no grid of pixels'):
        RasterioCRSTransformer(transform, 'epsg:32633')


def test_a_dataset_whose_pixels_have_no_area_is_named(tmp_path):
    path = tmp_path / 'image.tif'
    profile = {'driver': 'GTiff', 'height': 2, 'width': 3, 'count': 1, 'dtype': 'uint8'}
    with rasterio.open(path, 'w', **profile, transform=Affine(10, 10, 5e5, 10, 10, 5e6)) as image:
        image.write(np.ones((1, 2, 3), 'uint8'))

    with pytest.raises(DataError, match=r'image\.tif.*geotransform \(10\.0'):
        RasterioCRSTransformer.from_uri(str(path))


def test_what_is_no_crs_is_refused():
    with pytest.raises(DataError, match="'moon' is no CRS"):
        RasterioCRSTransformer(UTM.transform, 'moon')
