import shutil

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from rasterio.transform import from_origin

from rastervision.core.cogify_command import cogify
from rastervision.core.cogify_config import CogifyConfig
from rastervision.pipeline.errors import ConfigError


@pytest.fixture
def raster(tmp_path):
    """Writes a striped GeoTIFF, and gives its path and pixels."""

    def write(name='a.tif', dtype='uint8', **profile):
        pixels = np.random.default_rng(0).integers(0, 9, (3, 700, 900)).astype(dtype)
        path = tmp_path / 'in' / name
        path.parent.mkdir(exist_ok=True)
        options = {'crs': 'EPSG:32618', 'transform': from_origin(5e5, 4e6, 2, 2), 'nodata': 0, **profile}
        with rasterio.open(path, 'w', 'GTiff', 900, 700, 3, dtype=dtype, **options) as dataset:
            dataset.write(pixels)
        return str(path), pixels

    return write


def test_command_makes_many_files_in_splits_and_none_twice(raster, tmp_path):
    paths = [raster(f'{name}.tif')[0] for name in 'abc']
    out = str(tmp_path / 'out')
    options = ['--splits', '2', '--resampling', 'average', '--block-size', '128', '--overview', '2', '--overview', '4']

    first = CliRunner().invoke(cogify, [out, *paths, *options], catch_exceptions=False)
    second = CliRunner().invoke(cogify, [out, *paths, *options], catch_exceptions=False)

    assert 'split 2/2' in first.output
    assert 'cogify is done already' in second.output
    for name in 'abc':
        with rasterio.open(tmp_path / 'out' / f'{name}.tif') as made:
            assert made.block_shapes[0] == (128, 128)
            assert made.overviews(1) == [2, 4]
            assert made.tags(ns='IMAGE_STRUCTURE')['LAYOUT'] == 'COG'


def test_rasters_of_the_same_name_are_refused(raster, tmp_path):
    path, _ = raster('a.tif')
    twins = [str(tmp_path / 'a.tif'), str(tmp_path / 'a.img')]
    for twin in twins:
        shutil.copy(path, twin)

    with pytest.raises(ConfigError, match='would all become'):
        CliRunner().invoke(cogify, [str(tmp_path / 'out'), *twins], catch_exceptions=False)
    with pytest.raises(ConfigError, match='replaced by its own result'):
        CliRunner().invoke(cogify, [str(tmp_path / 'in'), str(tmp_path / 'in' / 'a.tif')], catch_exceptions=False)


@pytest.mark.parametrize(
    ('field', 'value'),
    [('block_size', 128), ('resample_method', 'average'), ('compression', 'lzw'), ('overviews', [4])],
)
def test_each_option_of_the_config_shows_in_the_copies(raster, tmp_path, field, value):
    (uri, *_), copies = raster('a.tif'), []
    for name, given in (('plain', {}), ('changed', {field: value})):
        config = CogifyConfig(root_uri=str(tmp_path / name), uris=[uri], **{'overviews': [2], **given})
        config.build(str(tmp_path)).cogify()
        with rasterio.open(tmp_path / name / 'a.tif', overview_level=0) as made:
            overview = made.read()
        with rasterio.open(tmp_path / name / 'a.tif') as made:
            copies.append((made.block_shapes, made.profile['compress'], made.overviews(1), overview.tobytes()))

    assert copies[0] != copies[1]
