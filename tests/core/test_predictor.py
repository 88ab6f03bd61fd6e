import gc
import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rastervision.core.data.label_store.chip_classification_geojson_store_config import (
    ChipClassificationGeoJSONStoreConfig,
)
from rastervision.core.data.raster_transformer.stats_transformer_config import StatsTransformerConfig
from rastervision.core.layout import Layout
from rastervision.core.predictor import Predictor, ScenePredictor
from rastervision.core.rv_pipeline.chip_classification import ChipClassification
from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions
from rastervision.pipeline.config.resolve import resolve
from rastervision.pipeline.errors import BundleError, ConfigError, DataError, RasterVisionError


@pytest.fixture
def make_bundle(make_pipeline_config, tmp_path):
    """A function that makes a model bundle and removes the project it was made in."""

    def make(with_stats=False):
        config = make_pipeline_config()
        if with_stats:
            for scene in config.dataset.all_scenes:
                scene.raster_source.transformers = [StatsTransformerConfig()]
            config.analyzers = []
            config = resolve(config)
        (tmp_path / 'bundling').mkdir()
        pipeline = ChipClassification(config, str(tmp_path / 'bundling'))
        pipeline.analyze()
        pipeline.train()
        pipeline.bundle()
        path = shutil.move(config.get_model_bundle_uri(), tmp_path / 'moved.zip')
        shutil.rmtree(tmp_path / 'out')
        shutil.rmtree(tmp_path / 'in')
        return str(path)

    return make


@pytest.fixture
def predict(tmp_path, checkerboard):
    """A function that predicts a new image and gives the class ids and the predictor."""

    def predict_with(bundle, **kwargs):
        image, _ = checkerboard('new')
        (tmp_path / 'predicting').mkdir()
        predictor = Predictor(bundle, str(tmp_path / 'predicting'), **kwargs)
        predictor.predict([image], str(tmp_path / 'result.json'))
        features = json.loads((tmp_path / 'result.json').read_text())['features']
        return [feature['properties']['class_id'] for feature in features], predictor

    return predict_with


CHECKERBOARD = [(row + column) % 2 for row in range(4) for column in range(6)]


def test_a_bundle_predicts_where_the_project_is_gone(make_bundle, predict):
    assert predict(make_bundle())[0] == CHECKERBOARD


def test_predict_options_of_the_bundle_can_be_changed(make_bundle, predict):
    ids, predictor = predict(make_bundle(), predict_options={'stride': 20, 'tta': 'all'})
    assert len(ids) == 6
    assert predictor.pipeline.predict_options == PredictOptions(chip_sz=10, stride=20, tta='all')


def test_statistics_come_from_the_bundle(make_bundle, predict):
    ids, predictor = predict(make_bundle(with_stats=True))
    (transformer,) = predictor.scene_config.raster_source.transformers
    assert transformer.stats_uri.endswith('/bundle/analyze/stats/train_scenes/stats.json')
    assert ids == CHECKERBOARD


def test_another_scene_group_can_be_chosen(make_bundle, predict):
    _, predictor = predict(make_bundle(with_stats=True), scene_group='validation_scenes')
    (transformer,) = predictor.scene_config.raster_source.transformers
    assert '/stats/validation_scenes/' in transformer.stats_uri


def test_an_unknown_scene_group_names_those_there_are(make_bundle, predict):
    with pytest.raises(BundleError, match=r"'nope'.*train_scenes, validation_scenes.*--scene-group"):
        predict(make_bundle(with_stats=True), scene_group='nope')


def test_statistics_can_be_those_of_the_image(make_bundle, predict, tmp_path):
    ids, _ = predict(make_bundle(with_stats=True), update_stats=True)
    stats = json.loads((tmp_path / 'predicting' / 'analyze' / 'stats' / 'image' / 'stats.json').read_text())
    assert len(stats['means']) == 3
    assert ids == CHECKERBOARD


def test_channels_can_be_reordered(make_bundle, predict):
    assert predict(make_bundle(), channel_order=[2, 1, 0])[0] == CHECKERBOARD


def test_a_channel_that_is_not_there_is_a_value_error(make_bundle, predict):
    with pytest.raises(ValueError, match=r'new\.tif.*channel 9.*--channel-order'):
        predict(make_bundle(), channel_order=[0, 1, 9])


def test_an_image_smaller_than_a_chip_is_predicted(make_bundle, tmp_path, write_raster):
    image = write_raster(tmp_path / 'small.tif', np.full((4, 5, 3), 200, dtype=np.uint8))
    predictor = Predictor(make_bundle(), str(tmp_path))
    predictor.predict([image], str(tmp_path / 'small.json'))
    assert len(json.loads((tmp_path / 'small.json').read_text())['features']) == 1
    assert predictor.config.dataset.class_config.names and 'pipeline-config.json' in os.listdir(predictor.bundle_dir)


def test_trust_reaches_the_backend(make_bundle, predict):
    bundle = make_bundle()
    assert predict(bundle, trust=True)[1].pipeline.backend.trust is True


def test_backends_are_not_trusted_by_default(make_bundle, predict):
    assert predict(make_bundle())[1].pipeline.backend.trust is False


def test_what_is_no_zip_is_no_bundle(tmp_path):
    (tmp_path / 'x.zip').write_text('hello')
    with pytest.raises(BundleError, match=r'x\.zip: is not a model bundle'):
        Predictor(str(tmp_path / 'x.zip'), str(tmp_path))


def test_a_zip_of_something_else_says_what_is_in_it(tmp_path):
    with zipfile.ZipFile(tmp_path / 'x.zip', 'w') as file:
        file.writestr('readme.txt', 'hello')
    with pytest.raises(BundleError, match=r'lacks pipeline-config\.json and model-bundle\.zip.*readme\.txt'):
        Predictor(str(tmp_path / 'x.zip'), str(tmp_path))


@pytest.mark.parametrize('config', [{'type_hint': 'no_such_thing'}, {'type_hint': 'dataset'}, {}])
def test_a_bundle_with_an_unknown_config_is_refused(tmp_path, config):
    with zipfile.ZipFile(tmp_path / 'x.zip', 'w') as file:
        file.writestr('pipeline-config.json', json.dumps(config))
        file.writestr('model-bundle.zip', '')
    with pytest.raises(BundleError, match=r'x\.zip: its pipeline-config\.json'):
        Predictor(str(tmp_path / 'x.zip'), str(tmp_path))


def test_a_scene_is_predicted_as_it_is_configured(make_bundle, make_scene_config, tmp_path):
    bundle = make_bundle()
    store = ChipClassificationGeoJSONStoreConfig(uri=str(tmp_path / 'scene.json'))
    config = make_scene_config('new', label_source=None, label_store=store)
    config.to_file(str(tmp_path / 'scene-config.json'))

    predictor = ScenePredictor(bundle, predict_options=PredictOptions(chip_sz=20))
    predictor.predict(str(tmp_path / 'scene-config.json'))
    assert len(json.loads((tmp_path / 'scene.json').read_text())['features']) == 6
    assert predictor.class_config is predictor.pipeline_config.dataset.class_config


@pytest.mark.parametrize('with_stats', [False, True])
def test_the_exported_config_predicts_the_same_as_a_scene(make_bundle, predict, tmp_path, with_stats):
    bundle = make_bundle(with_stats)
    ids, predictor = predict(bundle)
    image, labels, exported = (str(tmp_path / name) for name in ('in/new.tif', 'again.json', 'scene.json'))

    predictor.export_config([image], labels, exported)
    ScenePredictor(bundle).predict(exported)

    features = json.loads((tmp_path / 'again.json').read_text())['features']
    assert [feature['properties']['class_id'] for feature in features] == ids
    assert 'bundle' not in (tmp_path / 'scene.json').read_text()  # no place that is gone with the predictor


def test_a_scene_without_statistics_uses_those_of_the_bundle(make_bundle, make_scene_config):
    bundle = make_bundle(with_stats=True)
    config = make_scene_config('new', label_source=None)
    config.raster_source.transformers = [StatsTransformerConfig()]
    scene = ScenePredictor(bundle).build_scene(config)
    assert scene.raster_source[:10, :10].shape == (10, 10, 3)
    assert config.raster_source.transformers[0].stats_uri is None


def test_a_scene_needs_a_label_store(make_bundle, make_scene_config):
    bundle = make_bundle()
    with pytest.raises(DataError, match=r"scene 'new'.*label_store"):
        ScenePredictor(bundle).predict(make_scene_config('new', label_source=None))


def test_a_temporary_folder_of_its_own_goes_with_the_predictor(make_bundle):
    predictor = ScenePredictor(make_bundle())
    folder = Path(predictor.tmp_dir)
    assert any(folder.iterdir())

    del predictor
    gc.collect()

    assert not folder.exists()


def change_config(bundle, change):
    """Change the pipeline config in a bundle."""
    with zipfile.ZipFile(bundle) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    data = json.loads(members['pipeline-config.json'])
    change(data)
    members['pipeline-config.json'] = json.dumps(data).encode()
    with zipfile.ZipFile(bundle, 'w') as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return bundle


@pytest.mark.parametrize('group', ['{there}', '../../..', 'a/../../x', 's3://bucket/x', '\0'])
def test_statistics_of_a_bundle_never_come_from_outside(group, make_bundle, predict, tmp_path):
    (tmp_path / 'there').mkdir()
    stats = json.dumps({'means': [1.0] * 3, 'stds': [1.0] * 3, 'counts': [1] * 3})
    for folder in (tmp_path / 'there', tmp_path):
        (folder / 'stats.json').write_text(stats)

    def change(data):
        (transformer,) = data['dataset']['validation_scenes'][0]['raster_source']['transformers']
        transformer['scene_group'] = group.format(there=tmp_path / 'there')
        transformer['stats_uri'] = str(tmp_path / 'stats.json')

    with pytest.raises(RasterVisionError):
        predict(change_config(make_bundle(with_stats=True), change))


def test_a_scene_id_of_a_config_does_not_lead_out_of_its_folder():
    layout = Layout.under('/root')
    for name in ('../x', '/etc/x', 'a/../../x', '..', ''):
        for place in (layout.raster_prediction, layout.evaluation, layout.stats):
            with pytest.raises(ConfigError):
                place(name)
    assert layout.raster_prediction('a/b') == '/root/predict/a/b'
