"""Random windows lie inside the scene where it is large enough: in datasets and in pipelines that draw their own."""

from types import SimpleNamespace

import numpy as np
import pytest
from shapely.geometry import box

from rastervision.core.box import Box
from rastervision.core.data.window_sampler import RandomWindowSampler
from rastervision.core.padding import least_padding
from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig
from rastervision.core.rv_pipeline.chipping import sample_windows

SIZES = [
    {'size': 20, 'size_lims': (20, 21)},
    {'size': 20, 'size_lims': (10, 80)},
    {'size': 20, 'h_lims': (5, 60), 'w_lims': (30, 500)},
]


def sampler_windows(extent, sizes, polygons, within, n):
    h_lims = sizes.get('size_lims', sizes.get('h_lims'))
    w_lims = sizes.get('w_lims')
    sampler = RandomWindowSampler(
        extent,
        h_lims=h_lims,
        w_lims=w_lims,
        padding=least_padding(extent.size, (h_lims[0], (w_lims or h_lims)[0])),
        aoi_polygons=polygons,
        within_aoi=within,
    )
    rng = np.random.default_rng(0)
    return [sampler.sample(rng) for _ in range(n)]


def pipeline_windows(extent, sizes, polygons, within, n):
    sampling = WindowSamplingConfig(method='random', max_windows=n, within_aoi=within, **sizes)
    scene = SimpleNamespace(
        id='s', extent=extent, aoi_polygons=polygons, aoi_polygons_bbox_coords=polygons, label_source=None
    )
    return sample_windows(scene, sampling)


@pytest.fixture(params=[sampler_windows, pipeline_windows])
def draw(request):
    return request.param


@pytest.mark.parametrize('sizes', SIZES)
@pytest.mark.parametrize('extent', [Box(0, 0, 40, 60), Box(0, 0, 20, 31), Box(0, 0, 300, 60)])
def test_windows_lie_inside_and_everywhere(draw, sizes, extent):
    windows = draw(extent, sizes, [], True, 400)

    assert all(window in extent for window in windows)
    assert min(w.ymin for w in windows) <= 5 and max(w.ymax for w in windows) >= extent.ymax - 5
    assert min(w.xmin for w in windows) <= 5 and max(w.xmax for w in windows) >= extent.xmax - 5


@pytest.mark.parametrize('extent', [Box(0, 0, 7, 100), Box(0, 0, 100, 8), Box(0, 0, 1, 1), Box(0, 0, 19, 19)])
def test_windows_larger_than_the_scene_show_all_that_there_is(draw, extent):
    for window in draw(extent, SIZES[0], [], True, 20):
        shown = window.intersection(extent)
        assert shown.size == (min(20, extent.height), min(20, extent.width))
        assert window.size == (20, 20)


def test_an_area_at_the_far_end_is_found_though_no_window_begins_in_it():
    extent, corner = Box(0, 0, 1000, 1000), box(985, 990, 1000, 1000)

    windows = sampler_windows(extent, SIZES[0], [corner], False, 50)

    assert all(window in extent and Box.intersects_aoi(window, [corner]) for window in windows)
