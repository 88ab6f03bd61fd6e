import json
import shutil
import zipfile
from pathlib import Path

import albumentations as A
import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from rastervision.core.data.class_config import ClassConfig
from rastervision.pipeline.errors import BundleError
from rastervision.pytorch_learner.classification_learner import ClassificationLearner
from rastervision.pytorch_learner.dataset.transform_io import deserialize_albumentation_transform
from rastervision.pytorch_learner.learner.bundle import get_learner_config_from_bundle_dir
from rastervision.pytorch_learner.learner.learner import Learner
from rastervision.pytorch_learner.learner_config.classification_data import ClassificationImageDataConfig
from rastervision.pytorch_learner.learner_config.external_module import ExternalModuleConfig
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.tasks.classification_config import (
    ClassificationLearnerConfig,
    ClassificationModelConfig,
)
from rastervision.pytorch_learner.utils.torch_hub import get_hubconf_dir_from_cfg

HUBCONF = """
import torch
dependencies = ['torch']

def net(channels):
    return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(channels, 2))
"""


@pytest.fixture
def make_learner(tmp_path):
    def make(**model):
        cfg = ClassificationLearnerConfig(
            model=ClassificationModelConfig(**{'backbone': 'squeezenet1_1', 'pretrained': False, **model}),
            solver=SolverConfig(num_epochs=1, batch_sz=2),
            data=ClassificationImageDataConfig(
                class_config=ClassConfig(names=['a', 'b'], colors=['red', 'blue']),
                img_channels=4,
                img_sz=32,
                num_workers=0,
            ),
            log_tensorboard=False,
        )
        data = TensorDataset(torch.zeros(2, 4, 32, 32), torch.zeros(2).long())
        return ClassificationLearner(cfg, str(tmp_path / 'out'), data, data, tmp_dir=str(tmp_path))

    return make


@pytest.fixture
def external_def(tmp_path):
    (tmp_path / 'hub').mkdir()
    (tmp_path / 'hub/hubconf.py').write_text(HUBCONF)
    return ExternalModuleConfig(uri=str(tmp_path / 'hub'), entrypoint='net', entrypoint_args=[4])


def bundle_of(learner, tmp_path):
    learner.save_model_bundle(export_onnx=False)
    return str(tmp_path / 'out/model-bundle.zip')


def test_bundle_predicts_like_the_learner(make_learner, tmp_path):
    learner = make_learner()
    x = torch.rand(2, 4, 32, 32)

    loaded = Learner.from_model_bundle(bundle_of(learner, tmp_path), str(tmp_path))

    assert isinstance(loaded, ClassificationLearner)
    assert torch.equal(loaded.predict(x, raw_out=True), learner.predict(x, raw_out=True))


def test_models_by_name_come_back_from_their_bundles(make_learner, tmp_path):
    learner = make_learner(backbone='resnet18', name='timm:convnext_atto')
    x = torch.rand(2, 4, 32, 32)

    loaded = Learner.from_model_bundle(bundle_of(learner, tmp_path), str(tmp_path))

    assert loaded.cfg.model.name == 'timm:convnext_atto'
    assert torch.equal(loaded.predict(x, raw_out=True), learner.predict(x, raw_out=True))


def test_bundle_has_the_same_bytes_each_time(make_learner, tmp_path):
    learner = make_learner()
    first, second = (Path(bundle_of(learner, tmp_path)).read_bytes() for _ in range(2))

    assert first == second


def test_bundle_with_only_model_pth_is_read(make_learner, tmp_path):
    learner = make_learner()
    old = str(tmp_path / 'old.zip')
    with zipfile.ZipFile(bundle_of(learner, tmp_path)) as source, zipfile.ZipFile(old, 'w') as target:
        for name in source.namelist():
            if name != 'model.safetensors':
                target.writestr(name, source.read(name))

    loaded = Learner.from_model_bundle(old, str(tmp_path))

    x = torch.rand(1, 4, 32, 32)
    assert torch.equal(loaded.predict(x, raw_out=True), learner.predict(x, raw_out=True))


def test_code_of_a_bundle_is_run_only_if_trusted(make_learner, external_def, tmp_path):
    learner = make_learner(external_def=external_def)
    bundle = bundle_of(learner, tmp_path)
    (tmp_path / 'hub/hubconf.py').unlink()

    with pytest.raises(BundleError, match='--trust'):
        Learner.from_model_bundle(bundle, str(tmp_path))
    loaded = Learner.from_model_bundle(bundle, str(tmp_path), trust=True)

    x = torch.rand(2, 4, 8, 8)
    assert torch.equal(loaded.predict(x, raw_out=True), learner.predict(x, raw_out=True))


def test_code_that_the_caller_names_is_taken_from_there(make_learner, external_def, tmp_path):
    learner = make_learner(external_def=external_def)
    bundle = bundle_of(learner, tmp_path)
    (tmp_path / 'hub/hubconf.py').write_text(HUBCONF.replace('AdaptiveAvgPool2d', 'AdaptiveMaxPool2d'))

    from_there = Learner.from_model_bundle(bundle, str(tmp_path / 'a'), cfg=learner.cfg)
    from_bundle = Learner.from_model_bundle(bundle, str(tmp_path / 'b'), cfg=learner.cfg, trust=True)

    x = torch.rand(2, 4, 8, 8)
    expected = learner.predict(x, raw_out=True)
    assert torch.equal(from_bundle.predict(x, raw_out=True), expected)
    assert not torch.equal(from_there.predict(x, raw_out=True), expected)


def test_weights_that_would_run_code_are_refused(make_learner, tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / 'owned'), 'w'))

    torch.save({'a': Evil()}, tmp_path / 'evil.pth')
    learner = make_learner()

    with pytest.raises(BundleError, match='cannot be read as weights'):
        learner.load_weights(str(tmp_path / 'evil.pth'))
    assert not (tmp_path / 'owned').exists()


@pytest.mark.parametrize(('content', 'message'), [(None, 'not a zip file'), ({'x.txt': ''}, 'only x.txt')])
def test_what_is_no_bundle_is_refused(tmp_path, content, message):
    path = tmp_path / 'bundle.zip'
    path.write_text('no zip')
    if content is not None:
        with zipfile.ZipFile(path, 'w') as file:
            for name, text in content.items():
                file.writestr(name, text)

    with pytest.raises(BundleError, match=message):
        Learner.from_model_bundle(str(path), str(tmp_path))


def test_onnx_model_predicts_like_the_learner(make_learner, tmp_path):
    learner = make_learner()
    learner.save_model_bundle(export_onnx=True)
    bundle = str(tmp_path / 'out/model-bundle.zip')
    x = torch.rand(3, 4, 40, 48)

    loaded = Learner.from_model_bundle(bundle, str(tmp_path), use_onnx_model=True)

    assert np.allclose(loaded.predict(x, raw_out=True), learner.predict(x, raw_out=True), atol=1e-4)


def test_the_setting_makes_the_onnx_model_predict_without_code_of_the_bundle(
    make_learner, external_def, tmp_path, monkeypatch
):
    learner = make_learner(external_def=external_def)
    learner.save_model_bundle(export_onnx=True)
    monkeypatch.setenv('RASTERVISION_USE_ONNX', '1')
    x = torch.rand(3, 4, 40, 48)

    loaded = Learner.from_model_bundle(str(tmp_path / 'out/model-bundle.zip'), str(tmp_path))

    assert loaded.onnx_mode
    assert np.allclose(loaded.predict(x, raw_out=True), learner.predict(x, raw_out=True), atol=1e-4)


def test_a_model_that_cannot_be_exported_is_bundled_without_onnx(make_learner, tmp_path, caplog):
    class Unknown(torch.nn.Module):
        def forward(self, x):
            return torch.linalg.eigvals(x).real  # ONNX has none

    learner = make_learner()
    learner.model = Unknown()
    learner.save_model_bundle(export_onnx=True)

    assert 'could not be exported to ONNX' in caplog.text
    with zipfile.ZipFile(tmp_path / 'out/model-bundle.zip') as bundle:
        assert 'model.onnx' not in bundle.namelist()
        assert 'model-card.json' in bundle.namelist()


def test_files_of_transforms_that_share_a_name_are_all_kept(make_learner, tmp_path):
    learner = make_learner()
    for name in ('base', 'aug'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'tf.py').write_text(
            f'import albumentations as A\n\nlambda_transforms = {{{name!r}: A.Lambda(name={name!r})}}\n'
        )
        path = str(tmp_path / name / 'tf.py')
        transform = {**A.to_dict(A.Lambda(name=name)), 'lambda_transforms_path': path}
        setattr(learner.cfg.data, f'{name}_transform', transform)
    bundle = bundle_of(learner, tmp_path)
    shutil.rmtree(tmp_path / 'base')
    shutil.rmtree(tmp_path / 'aug')

    loaded = Learner.from_model_bundle(bundle, str(tmp_path), trust=True)

    for name in ('base', 'aug'):
        made = deserialize_albumentation_transform(getattr(loaded.cfg.data, f'{name}_transform'))
        assert made.name == name


def test_missing_onnx_model_is_reported(make_learner, tmp_path):
    with pytest.raises(BundleError, match='no ONNX model'):
        Learner.from_model_bundle(bundle_of(make_learner(), tmp_path), str(tmp_path), use_onnx_model=True)


# ------------------------------------------------- models that no config describes
class OwnNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(4, 2, 1)

    def forward(self, x):
        return self.layer(x).mean((2, 3))


def test_a_bundle_of_a_model_that_was_passed_says_how_to_load_it(make_learner, tmp_path, caplog):
    built = make_learner()
    learner = ClassificationLearner(
        built.cfg, str(tmp_path / 'out'), train_ds=built.train_ds, valid_ds=built.valid_ds, model=OwnNet()
    )
    uri = bundle_of(learner, tmp_path)
    assert 'OwnNet' in caplog.text and 'model=...' in caplog.text

    with pytest.raises(BundleError, match=r'OwnNet.*model=\.\.\.'):
        Learner.from_model_bundle(uri, str(tmp_path))
    loaded = Learner.from_model_bundle(uri, str(tmp_path), model=OwnNet())
    x = torch.rand(2, 4, 32, 32)
    assert torch.equal(loaded.predict(x, raw_out=True), learner.predict(x, raw_out=True))
    with zipfile.ZipFile(uri) as file:
        properties = json.loads(file.read('model-card.json'))['properties']
    assert properties['mlm:architecture'] == 'OwnNet'
    assert 'Conv2d(4, 2' in properties['rastervision:model']['layers']
    assert 'self.layer(x).mean' in properties['rastervision:model']['source']


def test_a_model_that_was_passed_but_is_that_of_the_config_needs_no_help(make_learner, tmp_path, caplog):
    built = make_learner()
    learner = ClassificationLearner(
        built.cfg, str(tmp_path / 'out'), train_ds=built.train_ds, valid_ds=built.valid_ds, model=built.model
    )
    loaded = Learner.from_model_bundle(bundle_of(learner, tmp_path), str(tmp_path))
    assert 'was passed' not in caplog.text
    x = torch.rand(2, 4, 32, 32)
    assert torch.equal(loaded.predict(x, raw_out=True), learner.predict(x, raw_out=True))


def test_the_bundle_of_a_pipeline_is_a_bundle_of_its_model(make_learner, tmp_path):
    learner = make_learner()
    inner = bundle_of(learner, tmp_path)
    outer = tmp_path / 'pipeline.zip'
    with zipfile.ZipFile(outer, 'w') as file:
        file.write(inner, 'model-bundle.zip')
        file.writestr('pipeline-config.json', '{}')
    loaded = Learner.from_model_bundle(str(outer), str(tmp_path))
    x = torch.rand(2, 4, 32, 32)
    assert torch.equal(loaded.predict(x, raw_out=True), learner.predict(x, raw_out=True))


LOSS = """
import torch
dependencies = ['torch']

def focal(weight=None):
    return torch.nn.CrossEntropyLoss()
"""


@pytest.mark.parametrize(
    ('place', 'folder'),
    [
        ({'github_repo': 'AdeelH/pytorch-fpn:0.3'}, 'AdeelH_pytorch-fpn_0.3'),
        ({'uri': 's3://bucket/folder/repo.zip'}, 'repo'),
        ({'uri': 's3://bucket/folder/repo.zip', 'name': 'mine'}, 'mine'),
    ],
)
def test_definitions_are_kept_in_a_folder_called_after_their_place(place, folder):
    cfg = ExternalModuleConfig(entrypoint='net', **place)

    assert get_hubconf_dir_from_cfg(cfg) == folder
    assert get_hubconf_dir_from_cfg(cfg, parent='/p') == f'/p/{folder}'


def test_a_bundle_of_0_31_with_a_nameless_model_and_a_nameless_loss_is_trained_on(make_learner, external_def, tmp_path):
    bundle = bundle_of(make_learner(external_def=external_def), tmp_path)
    old = str(tmp_path / 'old.zip')
    repo = {'github_repo': 'AdeelH/pytorch-fpn:0.3', 'entrypoint': 'net', 'entrypoint_args': [4]}
    loss = {'uri': 's3://bucket/focal-loss.zip', 'entrypoint': 'focal'}
    with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(old, 'w') as target:
        config = json.loads(source.read('learner-config.json'))
        config['model']['external_def'] |= repo | {'uri': None}
        config['solver']['external_loss_def'] = {'type_hint': 'external-module', **loss}
        target.writestr('learner-config.json', json.dumps(config))
        target.writestr('model.pth', source.read('model.pth'))
        target.writestr('modules/AdeelH_pytorch-fpn_0.3/hubconf.py', HUBCONF)
        target.writestr('modules/focal-loss/hubconf.py', LOSS)
    data = TensorDataset(torch.zeros(2, 4, 32, 32), torch.zeros(2).long())

    learner = Learner.from_model_bundle(
        old, str(tmp_path), training=True, trust=True, train_ds=data, valid_ds=data, output_dir=str(tmp_path / 'new')
    )

    assert isinstance(learner.model, nn.Sequential)
    assert isinstance(learner.loss, nn.CrossEntropyLoss)


def test_a_folder_without_a_config_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='learner-config'):
        get_learner_config_from_bundle_dir(str(tmp_path))
