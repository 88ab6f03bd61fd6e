import json
import logging

import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from rastervision.core.data.class_config import ClassConfig
from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.classification_learner import ClassificationLearner
from rastervision.pytorch_learner.learner.calibration import LogitSample, calibration_error, fit_temperature
from rastervision.pytorch_learner.learner_config.classification_data import ClassificationImageDataConfig
from rastervision.pytorch_learner.learner_config.object_detection_data import ObjectDetectionImageDataConfig
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.semantic_segmentation_learner import SemanticSegmentationLearner
from rastervision.pytorch_learner.tasks.classification_config import ClassificationLearnerConfig
from rastervision.pytorch_learner.tasks.object_detection_config import ObjectDetectionLearnerConfig

TOO_SURE = 3.0


def drawn(n, classes=3, seed=0):
    """Logits, and classes drawn from their softmax."""
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(n, classes, generator=generator)
    return logits, torch.multinomial(logits.softmax(dim=1), 1, generator=generator)[:, 0]


@pytest.mark.parametrize('factor', [0.4, 1.0, TOO_SURE])
def test_the_temperature_undoes_what_logits_were_multiplied_with(factor):
    logits, labels = drawn(20_000)
    temperature = fit_temperature(factor * logits, labels)

    assert temperature == pytest.approx(factor, rel=0.05)
    assert calibration_error((factor * logits / temperature).softmax(1), labels) < 0.02
    if factor != 1:
        assert calibration_error((factor * logits).softmax(1), labels) > 0.05


def test_the_temperature_stays_finite_if_all_is_right_or_wrong():
    logits = torch.eye(3) * 5
    assert fit_temperature(logits, torch.tensor([0, 1, 2])) == pytest.approx(0.05, rel=1e-3)
    assert fit_temperature(logits, torch.tensor([1, 2, 0])) == pytest.approx(20, rel=1e-3)


def test_calibration_error_is_the_mean_gap_between_probability_and_hit_rate():
    probabilities = torch.tensor([[0.8, 0.2], [0.8, 0.2], [0.4, 0.6], [0.0, 1.0]])
    labels = torch.tensor([0, 1, 1, 1])

    assert calibration_error(probabilities, labels) == pytest.approx((2 * (0.8 - 0.5) + 0.4 + 0) / 4)


def test_pixels_are_drawn_whatever_the_batch_size_and_without_those_that_do_not_count(monkeypatch):
    monkeypatch.setattr('rastervision.pytorch_learner.learner.calibration.MAX_ELEMENTS', 40)
    logits, labels = torch.randn(4, 3, 8, 8), torch.randint(0, 4, (4, 8, 8))
    samples = []
    for size in (1, 3):
        sample = LogitSample(4, seed=1, ignored_class=-1)
        for batch in zip(logits.split(size), labels.split(size), strict=True):
            sample.add(*batch)
        samples.append(sample.tensors())

    assert all(torch.equal(a, b) for a, b in zip(*samples, strict=True))
    assert set(samples[0][1].tolist()) == {0, 1}
    assert 0 < len(samples[0][1]) < 40


class TooSure(nn.Module):
    """Takes its input for logits, and them for more than they are. It has a weight, since something must be trained."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(TOO_SURE))

    def forward(self, x):
        return self.factor * x[..., 0, 0]


def classification_learner(folder, data, **solver):
    cfg = ClassificationLearnerConfig(
        solver=SolverConfig(**{'num_epochs': 1, 'lr': 1e-9, 'batch_sz': 500, 'calibrate': True, **solver}),
        data=ClassificationImageDataConfig(
            class_config=ClassConfig(names=['a', 'b', 'c']), img_channels=3, img_sz=1, num_workers=0
        ),
        log_tensorboard=False,
    )
    return ClassificationLearner(cfg, str(folder / 'out'), data, data, model=TooSure(), tmp_dir=str(folder))


@pytest.fixture
def data():
    logits, labels = drawn(4000)
    return TensorDataset(logits[..., None, None], labels)


def no_plots(learner):
    learner.plot_dataloaders = learner.plot_predictions = lambda *args, **kwargs: None
    return learner


def test_a_model_that_is_too_sure_is_calibrated_also_from_its_bundle(tmp_path, data, caplog):
    caplog.set_level(logging.INFO)
    learner = no_plots(classification_learner(tmp_path, data))
    learner.main()
    metrics = json.loads((tmp_path / 'out/valid_metrics.json').read_text())
    x, y = data.tensors
    loaded = ClassificationLearner.from_model_bundle(
        str(tmp_path / 'out/model-bundle.zip'), str(tmp_path), model=TooSure()
    )
    probabilities = loaded.predict(x, raw_out=True).softmax(dim=1)

    assert learner.cfg.temperature == metrics['temperature'] == pytest.approx(TOO_SURE, rel=0.05)
    assert metrics['ece_uncalibrated'] > 0.1 > 0.03 > metrics['ece']
    assert 'calibration error goes from' in caplog.text
    assert calibration_error(probabilities, y) == pytest.approx(metrics['ece'], abs=1e-6)
    assert torch.equal(loaded.predict(x), x[..., 0, 0].argmax(dim=1))


def test_augmented_logits_of_chips_are_means(tmp_path, data):
    learner = classification_learner(tmp_path, data)
    x = torch.rand(5, 3, 4, 4)

    logits = learner.predict_augmented(x, 'turns', raw_out=True)

    corners = x[..., 0, 0] + x[..., 0, -1] + x[..., -1, 0] + x[..., -1, -1]
    assert torch.allclose(logits, TOO_SURE * corners / 4)
    assert torch.equal(learner.predict_augmented(x, 'turns'), corners.argmax(dim=1))


def test_training_goes_on_without_the_old_temperature(tmp_path, data):
    learner = classification_learner(tmp_path, data)
    learner.train()
    learner.calibrate()
    learner.save_model_bundle(export_onnx=False)
    bundle, options = str(tmp_path / 'out/model-bundle.zip'), {'model': TooSure(), 'train_ds': data, 'valid_ds': data}
    again = ClassificationLearner.from_model_bundle(
        bundle, str(tmp_path), training=True, output_dir=str(tmp_path / 'b'), **options
    )

    assert again.cfg.temperature == 1


def test_nothing_is_written_about_calibration_unless_asked_for(tmp_path, data):
    learner = no_plots(classification_learner(tmp_path, data, calibrate=False))
    learner.main()

    assert not {'temperature', 'ece'} & json.loads((tmp_path / 'out/valid_metrics.json').read_text()).keys()
    assert 'temperature' not in learner.cfg.dict()


def test_scores_of_pixels_are_calibrated_and_their_classes_stay(make_learner):
    learner = make_learner()
    x = torch.rand(2, 3, 4, 4)
    scores, classes = learner.predict(x, raw_out=True), learner.predict(x, out_shape=(6, 6))
    learner.calibrate()
    learner.cfg.temperature = 2.0
    halved = (scores.log() / 2).softmax(dim=1)

    assert torch.allclose(learner.predict(x, raw_out=True), halved, atol=1e-6)
    assert torch.equal(learner.predict(x, out_shape=(6, 6)), classes)


def test_data_without_labels_leave_probabilities_as_they_are(make_learner, caplog):
    unlabeled = TensorDataset(torch.rand(2, 3, 4, 4), torch.full((2, 4, 4), -1))
    learner = make_learner(datasets=(unlabeled, unlabeled), cls=SemanticSegmentationLearner)
    learner.calibrate()

    assert learner.cfg.temperature == 1
    assert 'not calibrated' in caplog.text


def test_calibration_needs_validation_data_and_classes(tmp_path, data):
    cfg = classification_learner(tmp_path, data).cfg
    with pytest.raises(ConfigError, match=r'solver\.calibrate: needs validation data'):
        ClassificationLearner(cfg, str(tmp_path / 'b'), data, [], model=TooSure(), tmp_dir=str(tmp_path))
    with pytest.raises(ConfigError, match=r'solver\.calibrate has no effect in ObjectDetectionLearnerConfig'):
        ObjectDetectionLearnerConfig(data=ObjectDetectionImageDataConfig(), solver=SolverConfig(calibrate=True))
