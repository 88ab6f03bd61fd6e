import pytest
import torch

from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.rv_config import rv_config_
from rastervision.pytorch_learner.learner.compute import ComputeOptions
from rastervision.pytorch_learner.learner_config.model import ModelConfig
from rastervision.pytorch_learner.semantic_segmentation_learner import SemanticSegmentationLearner


@pytest.fixture
def settings(monkeypatch):
    """A function that sets options of the machine."""

    def set_all(**values):
        for name, value in values.items():
            monkeypatch.setenv(f'RASTERVISION_{name}', value)
        rv_config_.set_everett_config()

    yield set_all
    monkeypatch.undo()
    rv_config_.set_everett_config()


CONFIG = ModelConfig(precision='fp16', compile=True)


def test_training_goes_by_the_config(settings):
    settings(PREDICT_PRECISION='bf16', PREDICT_COMPILE='false')
    assert ComputeOptions.of(CONFIG, training=True) == ComputeOptions('fp16', compile=True)


@pytest.mark.parametrize(
    ('values', 'expected'),
    [
        ({}, ComputeOptions('fp16', compile=True)),
        ({'PREDICT_PRECISION': 'BF16'}, ComputeOptions('bf16', compile=True)),
        ({'PREDICT_PRECISION': 'single', 'PREDICT_COMPILE': 'no'}, ComputeOptions()),
        ({'PREDICT_CHANNELS_LAST': '1'}, ComputeOptions('fp16', compile=True, channels_last=True)),
    ],
)
def test_settings_override_the_config_in_prediction(settings, values, expected):
    settings(**values)
    assert ComputeOptions.of(CONFIG, training=False) == expected


def test_settings_do_without_a_config(settings):
    settings(PREDICT_PRECISION='bf16')
    assert ComputeOptions.of(None, training=False) == ComputeOptions('bf16')


@pytest.mark.parametrize(
    ('name', 'valid'), [('PREDICT_PRECISION', 'single, bf16, fp16'), ('PREDICT_COMPILE', 'true, yes, y, 1, false, no')]
)
def test_wrong_values_are_errors_that_name_the_right_ones(settings, name, valid):
    settings(**{name: 'half'})
    with pytest.raises(ConfigError, match=f"RASTERVISION_{name}='half': not valid. Choose from {valid}"):
        ComputeOptions.of(None, training=False)


def test_models_of_onnx_are_not_concerned(settings, caplog):
    settings(PREDICT_PRECISION='bf16')
    assert ComputeOptions.of(CONFIG, training=False, onnx=True) == ComputeOptions()
    assert 'PREDICT_PRECISION: no effect on an ONNX model' in caplog.text


def test_a_bundle_predicts_with_other_numbers_and_compiled_if_set(make_learner, settings, tmp_path):
    learner = make_learner(plain=True)
    learner.save_model_bundle(export_onnx=False)
    bundle = str(tmp_path / 'out/model-bundle.zip')
    x = torch.rand(2, 3, 4, 4)
    settings(PREDICT_PRECISION='bf16', PREDICT_COMPILE='yes', PREDICT_CHANNELS_LAST='yes')
    loaded = SemanticSegmentationLearner.from_model_bundle(bundle, str(tmp_path / 'tmp'), model=learner.model)
    compiled, loaded.model._compiled_call_impl = loaded.model._compiled_call_impl, None  # compiling takes long

    scores = loaded.predict(x, raw_out=True)

    assert compiled is not None
    assert loaded.precision == 'bf16'
    assert scores.dtype == torch.float32
    exact = learner.predict(x, raw_out=True)
    assert torch.allclose(scores, exact, atol=0.02) and not torch.equal(scores, exact)
