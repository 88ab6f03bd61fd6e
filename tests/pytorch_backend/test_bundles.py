"""Bundles of pipelines: their cards, `rastervision info`, code that they bring along, ONNX."""

import hashlib
import json
import os
import re
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import albumentations as A
import numpy as np
import pystac
import pytest
import rasterio
from click.testing import CliRunner
from pystac.extensions.mlm import MLMExtension
from pystac.validation.stac_validator import JsonSchemaSTACValidator
from rasterio.transform import from_origin

from rastervision.core.cli import info, predict
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.data.label_source.semantic_segmentation_label_source_config import (
    SemanticSegmentationLabelSourceConfig,
)
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.raster_transformer.stats_transformer_config import StatsTransformerConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.predictor import Predictor
from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig
from rastervision.core.rv_pipeline.semantic_segmentation_config import (
    SemanticSegmentationConfig,
    SemanticSegmentationPredictOptions,
)
from rastervision.core.zoo.command import zoo
from rastervision.pipeline.config.resolve import resolve
from rastervision.pipeline.errors import BundleError, RasterVisionError
from rastervision.pytorch_backend.pytorch_semantic_segmentation_config import PyTorchSemanticSegmentationConfig
from rastervision.pytorch_learner.dataset.transform_io import serialize_albumentation_transform
from rastervision.pytorch_learner.learner_config.external_module import ExternalModuleConfig
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.semantic_segmentation_learner_config import (
    SemanticSegmentationGeoDataConfig,
    SemanticSegmentationModelConfig,
)

SIZE = 16
HUBCONF = """
import torch
from layers import last
dependencies = ['torch']

def net(channels):
    return torch.nn.Sequential(torch.nn.Conv2d(channels, 4, 3, padding=1), torch.nn.ReLU(), last(4))
"""
LAMBDAS = """
import albumentations as A
import numpy as np

def halve(image, **kwargs):
    return image / np.float32(2)

lambda_transforms = {'halve': A.Lambda(image=halve, name='halve', p=1.0)}
"""


@dataclass
class Project:
    """A finished run and what it was made from."""

    folder: Path
    config: SemanticSegmentationConfig

    @property
    def bundle(self) -> str:
        return self.config.get_model_bundle_uri()

    def read_json(self, name: str) -> dict:
        with zipfile.ZipFile(self.bundle) as bundle:
            return json.loads(bundle.read(name))

    def scores_of(self, out: Path, *options: str) -> np.ndarray:
        args = [self.bundle, str(self.folder / 'valid.tif'), str(out), *options]
        result = CliRunner().invoke(predict, args, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        with rasterio.open(out / 'scores.tif') as file:
            return file.read()


def write_scene(folder: Path, name: str, seed: int) -> SceneConfig:
    pixels = np.random.default_rng(seed).integers(1, 4000, (3, SIZE, SIZE), dtype=np.uint16)
    profile = {'height': SIZE, 'width': SIZE, 'crs': 'EPSG:32633', 'transform': from_origin(5e5, 51e5, 10, 10)}
    for path, array in ((f'{name}.tif', pixels), (f'{name}-labels.tif', (pixels[:1] > 2000).astype(np.uint8))):
        with rasterio.open(folder / path, 'w', driver='GTiff', count=len(array), dtype=array.dtype, **profile) as file:
            file.write(array)
    image = RasterioSourceConfig(
        uris=str(folder / f'{name}.tif'), channel_order=[2, 0], transformers=[StatsTransformerConfig()]
    )
    labels = SemanticSegmentationLabelSourceConfig(
        raster_source=RasterioSourceConfig(uris=str(folder / f'{name}-labels.tif'))
    )
    return SceneConfig(id=name, raster_source=image, label_source=labels)


def make_config(folder: Path) -> SemanticSegmentationConfig:
    hub = folder / 'hub'
    hub.mkdir()
    (hub / 'hubconf.py').write_text(HUBCONF)
    (hub / 'layers.py').write_text('import torch\n\ndef last(n):\n    return torch.nn.Conv2d(n, 2, 1)\n')
    (folder / 'lambdas.py').write_text(LAMBDAS)
    halve = A.Compose([A.Lambda(name='halve', p=1.0)])
    transform = serialize_albumentation_transform(halve, str(folder / 'lambdas.py'))
    dataset = DatasetConfig(
        class_config=ClassConfig(names=['dark', 'bright'], colors=['black', 'white'], null_class='dark'),
        train_scenes=[write_scene(folder, 'train', 0)],
        validation_scenes=[write_scene(folder, 'valid', 1)],
    )
    backend = PyTorchSemanticSegmentationConfig(
        data=SemanticSegmentationGeoDataConfig(img_sz=8, num_workers=0, base_transform=transform),
        model=SemanticSegmentationModelConfig(
            external_def=ExternalModuleConfig(uri=str(hub), entrypoint='net', entrypoint_args=[2], name='mine')
        ),
        solver=SolverConfig(num_epochs=1, batch_sz=2),
        log_tensorboard=False,
        export_onnx=True,
    )
    backend.data.sampling = WindowSamplingConfig(size=8)
    return SemanticSegmentationConfig(
        root_uri=str(folder / 'run'),
        dataset=dataset,
        backend=backend,
        predict_options=SemanticSegmentationPredictOptions(chip_sz=8),
        license='CC-BY-4.0',
        description='Finds bright pixels.',
    )


@pytest.fixture(scope='module')
def project(tmp_path_factory) -> Project:
    """A finished run whose code and training image are gone."""
    folder = tmp_path_factory.mktemp('bundles')
    config = make_config(folder)
    for scene in config.dataset.validation_scenes:
        scene.label_store = config.get_default_label_store(scene)
        scene.label_store.smooth_output = True
    config = resolve(config)
    (folder / 'tmp').mkdir()
    pipeline = config.build(str(folder / 'tmp'))
    for command in ('analyze', 'train', 'bundle'):
        getattr(pipeline, command)()
    for path in ('hub/hubconf.py', 'hub/layers.py', 'lambdas.py', 'train.tif'):
        (folder / path).unlink()
    return Project(folder, config)


def test_the_card_is_a_valid_stac_item(project):
    card = project.read_json('model-card.json')

    JsonSchemaSTACValidator().validate_core(card, pystac.STACObjectType.ITEM, card['stac_version'])
    mlm = MLMExtension.ext(pystac.Item.from_dict(card))

    assert mlm.tasks == ['semantic-segmentation']
    assert mlm.input[0].input.shape == [-1, 2, 8, 8]


def test_the_card_knows_imagery_and_purpose(project):
    card = project.read_json('model-card.json')
    properties = card['properties']

    west, south, east, north = card['bbox']
    assert 14.9 < west < east < 15.1
    assert 45.9 < south < north < 46.2
    assert properties['gsd'] == pytest.approx(10, rel=1e-3)
    assert (properties['license'], properties['description']) == ('CC-BY-4.0', 'Finds bright pixels.')
    training = properties['rastervision:training_data']
    assert training['scenes'] == {'train': 1, 'valid': 1}
    assert (training['crs'], training['data_type']) == (['EPSG:32633'], ['uint16'])
    bands = card['assets']['model']['raster:bands']
    assert [(band['name'], band['data_type']) for band in bands] == [('band-3', 'uint16'), ('band-1', 'uint16')]
    stats = project.read_json('analyze/stats/train_scenes/stats.json')
    (image,) = properties['mlm:input']
    middles = [(each['minimum'] + each['maximum']) / 2 for each in image['value_scaling']]
    assert middles == pytest.approx(stats['means'])


def test_info_says_what_predict_needs(project):
    result = CliRunner().invoke(info, [project.bundle], catch_exceptions=False)

    text = ' '.join(result.output.split())
    for part in ('semantic-segmentation', 'bands 3, 1 of the file', 'uint16', 'EPSG:32633', 'about 10', 'ONNX'):
        assert part in text
    assert 'Its model and transforms would be made by running code from the bundle' in text
    assert '--trust' in text


def test_an_index_of_models_says_what_cards_say(project, tmp_path):
    shutil.copy(project.bundle, tmp_path / 'bright.zip')
    for _ in range(2):  # it may be written again
        result = CliRunner().invoke(zoo, ['index', str(tmp_path)], catch_exceptions=False)
        assert 'index.json lists bright.' in result.output
        (tmp_path / '.hidden.zip').write_text('no bundle')

    (model,) = json.loads((tmp_path / 'index.json').read_text())['models']
    assert model.pop('metres_per_pixel') == pytest.approx(10, rel=1e-3)
    assert model == {
        'name': 'bright',
        'task': 'semantic-segmentation',
        'classes': ['dark', 'bright'],
        'bands': ['band-3', 'band-1'],
        'license': 'CC-BY-4.0',
        'url': 'bright.zip',
        'size': (tmp_path / 'bright.zip').stat().st_size,
        'sha256': hashlib.sha256((tmp_path / 'bright.zip').read_bytes()).hexdigest(),
    }
    got = tmp_path / 'got' / 'model.zip'
    CliRunner().invoke(zoo, ['get', 'bright', str(got), '--index', str(tmp_path)], catch_exceptions=False)
    assert json.loads(CliRunner().invoke(info, [str(got), '--json']).output)['predict']['possible']


@pytest.mark.parametrize(
    ('command', 'name', 'message'),
    [('train', 'x.zip', 'is the output of train'), ('bundle', 'my model.zip', "name is 'my model'")],
)
def test_an_index_has_only_what_predicts_and_has_a_plain_name(project, tmp_path, command, name, message):
    shutil.copy(project.folder / 'run' / command / 'model-bundle.zip', tmp_path / name)

    with pytest.raises(RasterVisionError, match=message):
        CliRunner().invoke(zoo, ['index', str(tmp_path)], catch_exceptions=False)
    assert os.listdir(tmp_path) == [name]


def test_info_is_data_for_machines_too(project):
    result = CliRunner().invoke(info, [project.bundle, '--json'], catch_exceptions=False)

    found = json.loads(result.output)
    assert found['card'] == project.read_json('model-card.json')
    assert found['code'] == ['model', 'transforms']
    assert found['predict']['trust'] is True
    assert 'model-bundle.zip/modules/mine/hubconf.py' in found['files']


def test_info_finds_the_bundle_under_the_root_and_takes_that_of_train(project):
    root = CliRunner().invoke(info, [project.config.root_uri, '--json'], catch_exceptions=False)
    trained = CliRunner().invoke(info, [f'{project.config.train_uri}/model-bundle.zip'], catch_exceptions=False)

    assert json.loads(root.output)['uri'] == project.bundle
    assert 'predict takes the output of bundle' in ' '.join(trained.output.split())


@pytest.mark.parametrize('content', [None, {'readme.txt': 'hello'}])
def test_info_refuses_what_is_no_bundle(tmp_path, content):
    path = tmp_path / 'x.zip'
    path.write_text('no zip')
    if content is not None:
        with zipfile.ZipFile(path, 'w') as file:
            for name, text in content.items():
                file.writestr(name, text)

    with pytest.raises(BundleError, match=r'x\.zip: is not a model bundle'):
        CliRunner().invoke(info, [str(path)], catch_exceptions=False)


def test_info_of_a_root_without_bundle_names_the_commands(tmp_path):
    with pytest.raises(BundleError, match='train and bundle'):
        CliRunner().invoke(info, [str(tmp_path)], catch_exceptions=False)


def test_models_and_transforms_of_the_user_come_back_if_trusted(project, tmp_path):
    with pytest.raises(BundleError, match=r'its model and its transforms .* --trust'):
        project.scores_of(tmp_path / 'refused')

    scores = project.scores_of(tmp_path / 'trusted', '--trust')

    assert scores.std() > 0


def test_a_run_trusts_the_model_that_it_has_trained(project, tmp_path):
    pipeline = project.config.build(str(tmp_path))

    pipeline.predict()

    assert (project.folder / 'run/predict/valid/scores.tif').is_file()


def test_a_run_does_not_trust_code_that_its_config_does_not_name(project, tmp_path):
    config = project.config.copy()
    config.backend = config.backend.copy()
    config.backend.model = SemanticSegmentationModelConfig(pretrained=False)
    config.backend.data = SemanticSegmentationGeoDataConfig(img_sz=8, num_workers=0)

    with pytest.raises(BundleError, match='--trust'):
        config.build(str(tmp_path)).predict()


def test_the_onnx_model_predicts_the_same(project, tmp_path, monkeypatch):
    expected = project.scores_of(tmp_path / 'torch', '--trust')
    monkeypatch.setenv('RASTERVISION_USE_ONNX', '1')

    np.testing.assert_allclose(project.scores_of(tmp_path / 'onnx', '--trust'), expected, atol=1e-3)


def with_vector_outputs(bundle: str, path: Path, outputs: list[dict]) -> str:
    """A copy of a bundle whose scenes have these vector outputs."""
    with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(path, 'w') as target:
        for name in source.namelist():
            content = source.read(name)
            if name == 'pipeline-config.json':
                config = json.loads(content)
                for scene in config['dataset']['validation_scenes']:
                    scene['label_store']['vector_output'] = outputs
                content = json.dumps(config).encode()
            target.writestr(name, content)
    return str(path)


@pytest.mark.parametrize(
    ('outputs', 'names'),
    [
        ([{'type_hint': 'polygon_vector_output', 'class_id': 1, 'format': 'gpkg'}], ['class-1-bright.gpkg']),
        ([], ['class-0-dark.json', 'class-1-bright.json']),
    ],
)
def test_vector_outputs_are_those_of_the_bundle_and_polygons_of_all_classes_if_it_has_none(
    project, tmp_path, outputs, names
):
    bundle = with_vector_outputs(project.bundle, tmp_path / 'bundle.zip', outputs)
    out = tmp_path / 'out'

    args = [bundle, str(project.folder / 'valid.tif'), str(out), '--trust']
    result = CliRunner().invoke(predict, args, catch_exceptions=False)

    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (out / 'vector_output').iterdir()) == names


def test_a_bundle_cannot_say_that_it_is_the_own_model(project, tmp_path):
    """Its config names, as the output of train, the folder that it is unpacked to."""
    bundle = tmp_path / 'evil.zip'
    with zipfile.ZipFile(project.bundle) as source, zipfile.ZipFile(bundle, 'w') as target:
        for name in source.namelist():
            content = source.read(name)
            if name == 'pipeline-config.json':
                content = json.dumps({**json.loads(content), 'train_uri': str(tmp_path / 'tmp' / 'bundle')}).encode()
            target.writestr(name, content)

    with pytest.raises(BundleError, match='--trust'):
        Predictor(str(bundle), str(tmp_path / 'tmp'))


def write_image(
    path: Path, count: int = 3, dtype: str = 'uint16', step: float = 10, low: int = 1, kinds: int = 3999
) -> str:
    pixels = np.random.default_rng(7).integers(low, low + kinds, (count, SIZE, SIZE)).astype(dtype)
    profile = {'height': SIZE, 'width': SIZE, 'crs': 'EPSG:32633', 'transform': from_origin(5e5, 51e5, step, step)}
    with rasterio.open(path, 'w', driver='GTiff', count=count, dtype=dtype, **profile) as file:
        file.write(pixels)
    return str(path)


@pytest.mark.parametrize(
    ('differs', 'words'),
    [
        ({}, None),
        ({'step': 14}, None),
        ({'step': 16}, r'its pixels are 16 m apart, those of the training were 10'),
        ({'step': 6}, r'6 m apart, those of the training were 10'),
        ({'dtype': 'int16'}, r'its pixels are int16, those of the training were uint16'),
        ({'dtype': 'float32'}, r'its pixels are float32'),
        ({'low': 2000, 'kinds': 1}, None),
        ({'low': 2000, 'kinds': 8}, None),
        ({'low': 40_000}, r'the model gets numbers from .* in training from'),
    ],
)
def test_an_image_unlike_those_of_the_training_is_warned_of_or_refused(project, tmp_path, caplog, differs, words):
    image = write_image(tmp_path / 'image.tif', **differs)

    def run(*options: str) -> tuple[int, str]:
        caplog.clear()
        args = [project.bundle, image, str(tmp_path / 'out'), '--trust', *options]
        result = CliRunner().invoke(predict, args)
        return result.exit_code, ' '.join([caplog.text, str(result.exception)])

    status, text = run()
    assert status == 0
    assert re.search(words or 'of the training|in training', text) is not None or words is None
    assert words is not None or 'training' not in text
    status, text = run('--strict')
    assert (status == 0) == (words is None)
    assert words is None or re.search(words, text)


@pytest.mark.parametrize('count', [1, 2])
def test_an_image_with_other_bands_names_both_numbers(project, tmp_path, count):
    image = write_image(tmp_path / 'image.tif', count)

    options = ['--trust', '--channel-order', *map(str, range(count)), *(['0'] if count == 2 else [])]
    result = CliRunner().invoke(predict, [project.bundle, image, str(tmp_path / 'out'), *options])

    assert result.exit_code == 1
    assert re.search(rf'image.*gives {count if count == 1 else 3} channel.*model takes 2', str(result.exception))
    assert not (tmp_path / 'out').exists()
