"""Model cards of learners: STAC items with the MLM extension."""

import json
import zipfile

import pystac
import pytest
import torch
from pystac.extensions.mlm import MLMExtension
from pystac.validation.stac_validator import JsonSchemaSTACValidator

from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.learner.card import MAX_COUNTED, _leading, count_classes
from rastervision.pytorch_learner.learner_config.external_module import ExternalModuleConfig
from rastervision.pytorch_learner.learner_config.object_detection_data import ObjectDetectionImageDataConfig
from rastervision.pytorch_learner.object_detection_utils import BoxList
from rastervision.pytorch_learner.tasks.classification_config import (
    ClassificationLearnerConfig,
    ClassificationModelConfig,
)
from rastervision.pytorch_learner.tasks.object_detection_config import (
    ObjectDetectionLearnerConfig,
    ObjectDetectionModelConfig,
)
from rastervision.pytorch_learner.tasks.regression_config import RegressionLearnerConfig, RegressionModelConfig
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import (
    SemanticSegmentationLearnerConfig,
    SemanticSegmentationModelConfig,
)

DATA = {'class_config': {'names': ['a b', 'null'], 'colors': ['red', 'black'], 'type_hint': 'class_config'}}
CONFIGS = {
    'scene-classification': (ClassificationLearnerConfig, ClassificationModelConfig, 'classification_image_data'),
    'semantic-segmentation': (
        SemanticSegmentationLearnerConfig,
        SemanticSegmentationModelConfig,
        'semantic_segmentation_image_data',
    ),
    'object-detection': (ObjectDetectionLearnerConfig, ObjectDetectionModelConfig, 'object_detection_image_data'),
    'regression': (RegressionLearnerConfig, RegressionModelConfig, 'regression_image_data'),
}


def check(card):
    """A STAC item of the core schema, whose MLM fields agree with each other."""
    JsonSchemaSTACValidator().validate_core({**card}, pystac.STACObjectType.ITEM, card['stac_version'])
    item = pystac.Item.from_dict(card)
    mlm = MLMExtension.ext(item)
    (image,), (output,) = mlm.input, mlm.output
    assert len(image.input.shape) == len(image.input.dim_order) == len(set(image.input.dim_order))
    assert len(output.result.shape) == len(output.result.dim_order) == len(set(output.result.dim_order))
    for asset in card['assets'].values():
        if 'mlm:model' in asset['roles']:
            assert [band['name'] for band in asset['raster:bands']] == list(image.properties['bands'])
    assert all(each.color_hint is None or len(each.color_hint) == 6 for each in output.classes or ())
    return mlm


def card_in(path):
    with zipfile.ZipFile(path) as file:
        return json.loads(file.read('model-card.json'))


@pytest.mark.parametrize('task', CONFIGS)
def test_the_card_of_a_config_is_a_stac_item(task):
    learner_config, model_config, hint = CONFIGS[task]
    cfg = learner_config(
        model=model_config(pretrained=False), data={**DATA, 'img_channels': 5, 'img_sz': 32, 'type_hint': hint}
    )

    mlm = check(cfg.model_card())

    assert mlm.tasks == [task]
    assert mlm.input[0].input.shape == [-1, 5, 32, 32]
    assert mlm.input[0].input.dim_order == ['batch', 'bands', 'height', 'width']
    classes = [(each.value, each.name, each.description) for each in mlm.output[0].classes]
    assert classes == [(0, 'a_b', 'a b'), (1, 'null', 'null')]


def test_a_card_says_what_was_trained_and_how_well(make_learner, tmp_path):
    learner = make_learner()
    learner.cfg.license, learner.cfg.description = 'Apache-2.0', 'Finds bright pixels.'
    learner.train()
    learner.save_model_bundle(export_onnx=False)

    card = card_in(tmp_path / 'out/model-bundle.zip')

    mlm = check(card)
    properties = card['properties']
    assert properties['license'] == 'Apache-2.0'
    assert properties['description'] == 'Finds bright pixels.'
    assert mlm.total_parameters == sum(each.numel() for each in learner.model.parameters())
    assert mlm.hyperparameters.to_dict()['lr'] == 0.05
    assert properties['rastervision:training_data']['chips'] == {'train': 6, 'valid': 4}
    assert sum(properties['rastervision:training_data']['class_shares'].values()) == pytest.approx(1, abs=1e-5)
    metrics = properties['rastervision:metrics']
    assert metrics['epoch'] == 2
    assert metrics['avg_f1'] == pytest.approx(learner.log_rows[-1]['avg_f1'], rel=1e-5)
    assert 'train_time' not in metrics
    assert properties['rastervision:versions']['torch'] == torch.__version__.partition('+')[0]
    assert {'model.safetensors', 'model.pth', 'learner-config.json'} == set(card['assets'])


def test_metrics_of_a_card_lead_with_the_rarest_class(make_learner):
    learner = make_learner()
    names = [name for name in learner.cfg.data.class_names if name != learner.cfg.data.class_config.null_class]
    keys = [f'{name}_{kind}' for name in ('avg', *learner.cfg.data.class_names) for kind in ('precision', 'f1')]
    logged = {'epoch': 1.0, 'train_loss': 0.1, 'accuracy': 0.9, **dict.fromkeys(keys, 0.5)}
    for rare in names:
        shares = {name: 0.01 if name == rare else 0.4 for name in learner.cfg.data.class_names}

        ordered = list(_leading(logged, learner, shares))

        assert ordered[:3] == ['epoch', f'{rare}_precision', f'{rare}_f1']
        assert ordered[-3:] == ['accuracy', 'avg_precision', 'avg_f1']
        assert ordered[3:-3] == ['train_loss', 'dark_precision', 'dark_f1']
    assert sorted(ordered) == sorted(logged)


def test_metrics_are_those_of_the_epoch_that_is_kept(make_learner, tmp_path):
    learner = make_learner(best_metric='avg_f1', num_epochs=3)
    learner.train()
    learner.save_model_bundle(export_onnx=False)

    metrics = card_in(tmp_path / 'out/model-bundle.zip')['properties']['rastervision:metrics']

    assert metrics['avg_f1'] == pytest.approx(max(row['avg_f1'] for row in learner.log_rows), rel=1e-5)


def test_classes_of_large_data_are_counted_in_a_part_of_it(make_learner, noise):
    counts, counted = count_classes(make_learner(datasets=(noise(1001), noise(4))))

    assert counted <= MAX_COUNTED
    assert counts.sum() == counted * 4 * 4


def test_classes_of_boxes_are_counted(tmp_path):
    boxes = BoxList(torch.zeros(3, 4), class_ids=torch.tensor([1, 1, 0]))
    cfg = ObjectDetectionLearnerConfig(data=ObjectDetectionImageDataConfig(**DATA, img_channels=3, num_workers=0))
    learner = type('Learner', (), {'cfg': cfg, 'train_ds': [(None, boxes), (None, boxes)]})()

    counts, counted = count_classes(learner)

    assert (counts.tolist(), counted) == ([2, 4], 2)


def test_code_of_a_model_is_an_asset(make_learner, tmp_path):
    (tmp_path / 'hub').mkdir()
    (tmp_path / 'hub/hubconf.py').write_text('dependencies = []\n')
    definition = ExternalModuleConfig(uri=str(tmp_path / 'hub'), entrypoint='net', name='mine')
    learner = make_learner(model={'external_def': definition})
    kept = tmp_path / 'out/modules/mine'
    kept.mkdir(parents=True)
    (kept / 'hubconf.py').write_text('dependencies = []\n')
    learner.save_model_bundle(export_onnx=False)

    card = card_in(tmp_path / 'out/model-bundle.zip')

    assert card['properties']['mlm:architecture'] == 'net'
    assert card['properties']['rastervision:code'] == ['model']
    assert card['assets']['modules/mine/hubconf.py']['mlm:entrypoint'] == 'hubconf:net'
    check(card)


@pytest.mark.parametrize('text', ['My own license', '', 'a/b'])
def test_a_license_is_an_identifier(text):
    with pytest.raises(ConfigError, match='SPDX'):
        ClassificationLearnerConfig(data={'type_hint': 'classification_image_data'}, license=text)
