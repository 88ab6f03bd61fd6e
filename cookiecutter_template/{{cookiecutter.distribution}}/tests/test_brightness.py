import json

import numpy as np
import pytest
import rasterio
from rastervision.pipeline.config.build import build_config
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.execution import prepare
from rastervision.pipeline.registry import registry_
from rastervision.pipeline.runner.inprocess_runner import InProcessRunner

from rastervision.{{ cookiecutter.package }}.brightness_config import {{ cookiecutter.class_prefix }}BrightnessConfig


@pytest.fixture
def images(tmp_path):
    uris = []
    for value in (10, 30):
        uris.append(str(tmp_path / f'{value}.tif'))
        profile = {'driver': 'GTiff', 'count': 2, 'height': 40, 'width': 50, 'dtype': 'uint8'}
        with rasterio.open(uris[-1], 'w', transform=rasterio.Affine(1, 0, 9, 0, -1, 9), **profile) as dataset:
            dataset.write(np.full((2, 40, 50), value, dtype=np.uint8))
    return uris


@pytest.mark.parametrize('num_splits', [1, 2])
def test_pipeline_measures_images(images, tmp_path, num_splits):
    root = tmp_path / 'out'
    config = prepare({{ cookiecutter.class_prefix }}BrightnessConfig(uris=images, root_uri=str(root), chip_sz=16))

    pipeline = config.build(str(tmp_path))
    InProcessRunner().run(config.get_config_uri(), pipeline, pipeline.commands, num_splits)

    assert json.loads((root / 'summary.json').read_text()) == {'pixels': 8000, 'mean': 20.0}


def test_plugin_is_found():
    assert registry_.get_plugin_versions()['rastervision.{{ cookiecutter.package }}'] == 0


def test_config_comes_back_from_json():
    config = {{ cookiecutter.class_prefix }}BrightnessConfig(uris=['a.tif'], chip_sz=99)

    again = build_config(json.loads(json.dumps(config.dict(mode='json'))))

    assert (type(again), again.uris, again.chip_sz) == (type(config), ['a.tif'], 99)


def test_config_needs_images():
    with pytest.raises(ConfigError, match='at least one image'):
        {{ cookiecutter.class_prefix }}BrightnessConfig(uris=[]).validate_config()
