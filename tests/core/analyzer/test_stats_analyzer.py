import json
import os
from types import SimpleNamespace

import numpy as np
import pytest
import xarray

from rastervision.core.analyzer.stats_analyzer import StatsAnalyzer
from rastervision.core.analyzer.stats_analyzer_config import StatsAnalyzerConfig
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.raster_source.xarray_source import XarraySource
from rastervision.core.data.scene import Scene
from rastervision.pipeline.errors import ConfigError, NoStatsError, NotReadableError


@pytest.fixture
def scenes():
    arrays = (np.full((10, 10, 1), value, dtype=np.uint8) for value in (10, 20))
    return [
        Scene(f's{i}', XarraySource(xarray.DataArray(a, dims=('y', 'x', 'band')), IdentityCRSTransformer()))
        for i, a in enumerate(arrays)
    ]


def test_statistics_of_all_scenes_are_written(scenes, tmp_path):
    uri = tmp_path / 'stats/train_scenes/stats.json'

    StatsAnalyzer(str(uri), sample_prob=None).process(scenes, str(tmp_path))

    assert json.loads(uri.read_text())['means'] == [15.0]


def test_an_image_that_cannot_be_read_is_reported_with_its_scene(scenes, checkerboard, tmp_path):
    path, _ = checkerboard('damaged')
    with open(path, 'r+b') as file:
        file.truncate(os.path.getsize(path) // 2)
    scenes.insert(1, Scene('bad', RasterioSource(path)))

    with pytest.raises(NotReadableError, match=r"^scene 'bad': .*damaged\.tif"):
        StatsAnalyzer(str(tmp_path / 'stats.json'), sample_prob=None).process(scenes, str(tmp_path))


def test_images_without_data_are_not_blamed_on_the_last_scene():
    array = xarray.DataArray(np.zeros((10, 10, 1)), dims=('y', 'x', 'band'))

    with pytest.raises(NoStatsError, match=r'^There are no statistics of 1 rasters'):
        StatsAnalyzer(sample_prob=None).compute_stats([Scene('s', XarraySource(array, IdentityCRSTransformer()))])


def test_without_a_target_nothing_is_computed(scenes, tmp_path):
    with pytest.raises(ConfigError, match='stats_uri is not set'):
        StatsAnalyzer().process(scenes, str(tmp_path))


def test_config_is_filled_from_the_pipeline():
    config = StatsAnalyzerConfig()

    config.update(pipeline=SimpleNamespace(analyze_uri='/r/analyze', seed=7))

    analyzer = config.build(('train_scenes', ['a']))
    assert analyzer.stats_uri == '/r/analyze/stats/train_scenes/stats.json'
    assert analyzer.seed == 7


@pytest.mark.parametrize('fields', [{'sample_prob': 0}, {'sample_prob': 1.5}, {'chip_sz': 0}])
def test_numbers_out_of_range_are_refused(fields):
    with pytest.raises(ConfigError):
        StatsAnalyzerConfig(**fields).validate_config()


def test_seed_is_left_out_of_json_unless_set():
    assert 'seed' not in StatsAnalyzerConfig().dict()
    assert StatsAnalyzerConfig(seed=3).dict()['seed'] == 3


def test_the_default_seed_of_a_pipeline_leaves_json_as_it_was():
    config = StatsAnalyzerConfig()

    config.update(pipeline=SimpleNamespace(analyze_uri='/r/analyze', seed=0))

    assert 'seed' not in config.dict() and config.build().seed == 0
