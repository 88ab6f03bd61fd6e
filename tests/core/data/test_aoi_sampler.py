import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon, box

from rastervision.core.data.aoi_sampler import AoiSampler
from rastervision.pipeline.errors import ArgumentError

RING = box(0, 0, 10, 10).difference(box(2, 2, 8, 8))


def test_points_are_in_the_area_and_not_in_its_holes():
    points = AoiSampler([RING]).sample(2000)
    assert shapely.contains_xy(RING.buffer(1e-9), points[:, 0], points[:, 1]).all()


def test_polygons_get_points_by_area_and_overlaps_count_once():
    points = AoiSampler([box(0, 0, 10, 10), box(0, 0, 10, 10), box(20, 0, 50, 10)], rng=1).sample(20_000)
    assert np.isclose((points[:, 0] > 15).mean(), 0.75, atol=0.02)


def test_the_same_seed_gives_the_same_points():
    assert (AoiSampler([RING], rng=3).sample(5) == AoiSampler([RING], rng=3).sample(5)).all()
    assert (AoiSampler([RING], rng=3).sample(5) != AoiSampler([RING], rng=4).sample(5)).any()


def test_multipolygons_count_by_their_parts():
    points = AoiSampler([MultiPolygon([RING, box(20, 0, 24, 16)])]).sample(10_000)
    assert shapely.contains_xy(shapely.union(RING, box(20, 0, 24, 16)).buffer(1e-9), *points.T).all()
    assert np.isclose((points[:, 0] > 15).mean(), 0.5, atol=0.02)


@pytest.mark.parametrize('size', [1e-6, 1e-3, 0.5])
def test_a_tiny_area_gives_points_in_it(size):
    area = box(1000, 2000, 1000 + size, 2000 + size).difference(box(1000, 2000, 1000 + size / 2, 2000 + size / 2))
    points = AoiSampler([area]).sample(100)
    assert shapely.contains_xy(area.buffer(size / 1000), *points.T).all()


def test_an_invalid_polygon_gives_points_in_its_parts():
    bowtie = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    assert shapely.contains_xy(shapely.make_valid(bowtie).buffer(1e-9), *AoiSampler([bowtie]).sample(500).T).all()


def test_triangles_cover_the_polygon_exactly():
    sampler = AoiSampler([RING])
    parts = sampler.triangulate_polygon(RING)
    assert np.isclose(sampler.triangle_area(parts['vertices'], parts['triangles']).sum(), RING.area)


def test_a_graph_has_an_edge_for_each_side_of_each_ring():
    vertices, edges = AoiSampler([RING]).polygon_to_graph(RING)
    assert np.isclose(np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1).sum(), RING.length)


def test_polygons_without_area_are_refused():
    with pytest.raises(ArgumentError, match='no area'):
        AoiSampler([])


def test_a_multi_polygon_is_an_area_too():
    areas = [shapely.box(0, 0, 2, 2), shapely.box(4, 4, 6, 6)]

    points = AoiSampler(shapely.MultiPolygon(areas)).sample(50)

    assert np.array_equal(points, AoiSampler(areas).sample(50))
