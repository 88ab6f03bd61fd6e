import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.features import rasterize

from rastervision.core.box import Box
from rastervision.core.data.features import Features
from rastervision.core.data.rings import MANY_VERTICES, Rings


def star(rng, count):
    angles, radii = np.sort(rng.uniform(0, 2 * np.pi, count)), rng.uniform(5, 60, count)
    return shapely.Polygon(np.stack([50 + radii * np.cos(angles), 50 + radii * np.sin(angles)], axis=1))


def tangle(rng, count):
    return shapely.make_valid(shapely.Polygon(rng.uniform(0, 100, (count, 2))))


def sieve(rng, count):
    holes = [shapely.Point(*xy).buffer(rng.uniform(1, 8)) for xy in rng.uniform(0, 100, (count, 2))]
    return shapely.difference(shapely.box(0, 0, 100, 100), shapely.union_all(holes))


def steps(rng, count):
    corners = np.add(rng.integers(0, 60, (count // 3, 4)), [0, 0, 1, 1])
    return shapely.union_all([shapely.box(x, y, x + w, y + h) for x, y, w, h in corners])


def draw(polygon, window, all_touched):
    if polygon is None:
        return np.zeros(window.size, dtype=np.uint8)
    place = Affine.translation(window.xmin, window.ymin)
    return rasterize([polygon], window.size, transform=place, all_touched=all_touched)


@pytest.mark.parametrize('all_touched', [False, True])
@pytest.mark.parametrize('make', [star, tangle, sieve, steps])
def test_what_is_left_of_a_polygon_looks_the_same_in_the_window(make, all_touched):
    rng = np.random.default_rng(0)
    left = total = 0
    for _ in range(15):
        for polygon in shapely.get_parts(make(rng, rng.integers(20, 80))):
            if polygon.geom_type != 'Polygon':
                continue
            ymin, xmin, height, width = (*rng.integers(-10, 95, 2).tolist(), *rng.integers(1, 40, 2).tolist())
            window = Box(ymin, xmin, ymin + height, xmin + width)
            near = Rings.of(polygon).near(window)
            np.testing.assert_array_equal(draw(near, window, all_touched), draw(polygon, window, all_touched))
            left += 0 if near is None else shapely.get_num_coordinates(near)
            total += shapely.get_num_coordinates(polygon)
    assert left < total


def test_only_holes_near_the_window_are_drawn():
    holes = [shapely.box(x, y, x + 2, y + 2).exterior for x in range(5, 995, 10) for y in range(5, 995, 10)]
    ground = shapely.Polygon(shapely.box(0, 0, 1000, 1000).exterior, holes)
    features = Features(np.array([ground, shapely.box(0, 0, 9, 9)], dtype=object), [{}, {}])

    (near, small), indices = features.drawable(np.array([0, 1]), Box(0, 0, 20, 20))

    assert shapely.get_num_coordinates(ground) > MANY_VERTICES
    assert shapely.get_num_coordinates(near) < 50
    assert small is features.geometries[1]
    assert indices == [0, 1]


def test_a_polygon_beside_the_window_is_left_out():
    assert Rings.of(shapely.box(100, 0, 110, 10)).near(Box(0, 0, 50, 50)) is None
