"""Configs as they were written for 0.20 and 0.21 run unchanged."""

import sys
import warnings

import pytest
import rasterio
from rasterio.windows import Window

from rastervision.pipeline.cli import _main
from rastervision.pipeline.config.spellings import OldSpellingWarning

pytestmark = pytest.mark.e2e

SIZE = 192
CONFIG = """
from os.path import join

from rastervision.core.rv_pipeline import *
from rastervision.core.backend import *
from rastervision.core.data import *
from rastervision.core.analyzer import *
from rastervision.pytorch_backend import *
from rastervision.pytorch_learner import *


def get_config(runner, data_uri, root_uri, nochip=False):
    class_config = ClassConfig(
        names=['background', 'building'], colors=['lightgray', 'darkred'], null_class='background')

    def make_scene(id):
        return SceneConfig(
            id=id,
            raster_source=RasterioSourceConfig(
                uris=[join(data_uri, f'{id}.tif')], channel_order=[0, 1, 2], transformers=[StatsTransformerConfig()]),
            label_source=SemanticSegmentationLabelSourceConfig(
                raster_source=RasterizedSourceConfig(
                    vector_source=GeoJSONVectorSourceConfig(
                        uri=join(data_uri, f'{id}_buildings.geojson'), ignore_crs_field=True,
                        transformers=[ClassInferenceTransformerConfig(default_class_id=1)]),
                    rasterizer_config=RasterizerConfig(background_class_id=0))))

    dataset = DatasetConfig(
        class_config=class_config,
        train_scenes=[make_scene('train_a')],
        validation_scenes=[make_scene('validation')])
    chip_sz = 64
    if nochip:
        data = SemanticSegmentationGeoDataConfig(
            scene_dataset=dataset, img_sz=chip_sz, num_workers=0,
            window_opts=GeoDataWindowConfig(
                method=GeoDataWindowMethod.random, size=chip_sz, size_lims=(chip_sz, chip_sz + 1), max_windows=6))
    else:
        data = SemanticSegmentationImageDataConfig(img_sz=chip_sz, num_workers=0, img_format='png', label_format='png')
    backend = PyTorchSemanticSegmentationConfig(
        data=data,
        model=SemanticSegmentationModelConfig(backbone=Backbone.resnet50, pretrained=False),
        solver=SolverConfig(lr=1e-4, num_epochs=1, batch_sz=3, test_num_epochs=1, one_cycle=True),
        log_tensorboard=False, run_tensorboard=False, test_mode=False)
    return SemanticSegmentationConfig(
        root_uri=root_uri, dataset=dataset, backend=backend,
        train_chip_sz=chip_sz, predict_chip_sz=chip_sz, predict_batch_sz=4,
        chip_options=SemanticSegmentationChipOptions(
            window_method=SemanticSegmentationWindowMethod.random_sample, chips_per_scene=6))
"""


@pytest.fixture
def small_town(town, tmp_path):
    """The upper left corner of the scenes of the town."""
    for name in ('train_a', 'validation'):
        with rasterio.open(town / f'{name}.tif') as image:
            window = Window(0, 0, SIZE, SIZE)
            profile = {**image.profile, 'width': SIZE, 'height': SIZE, 'blockxsize': 64, 'blockysize': 64}
            with rasterio.open(tmp_path / f'{name}.tif', 'w', **profile) as out:
                out.write(image.read(window=window))
        (tmp_path / f'{name}_buildings.geojson').write_bytes((town / f'{name}_buildings.geojson').read_bytes())
    return tmp_path


@pytest.mark.parametrize('nochip', [True, False])
def test_config_of_0_21_runs(small_town, tmp_path, monkeypatch, nochip):
    config, root = tmp_path / 'old.py', tmp_path / 'run'
    config.write_text(CONFIG)
    options = {'data_uri': small_town, 'root_uri': root, 'nochip': nochip}
    extra = [str(part) for name, value in options.items() for part in ('-a', name, value)]
    monkeypatch.setattr(sys, 'argv', ['rastervision', 'run', 'inprocess', str(config), *extra])

    with warnings.catch_warnings(), pytest.raises(SystemExit) as end:
        warnings.simplefilter('ignore', OldSpellingWarning)
        _main()

    assert end.value.code in (0, None)
    with rasterio.open(root / 'predict/validation/labels.tif') as labels:
        assert labels.shape == (SIZE, SIZE)
    assert (root / 'analyze/stats/train_scenes/stats.json').exists()
    assert (root / 'bundle/model-bundle.zip').exists()
    assert bool(list(root.glob('chip/*.zip'))) != nochip
