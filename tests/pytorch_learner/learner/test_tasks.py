import re

import pytest
import torch
from torch import nn

from rastervision.core.data.class_config import ClassConfig
from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.classification_learner import ClassificationLearner
from rastervision.pytorch_learner.dataset.visualizer.visualizer import Visualizer
from rastervision.pytorch_learner.learner_config.classification_data import ClassificationImageDataConfig
from rastervision.pytorch_learner.learner_config.object_detection_data import ObjectDetectionImageDataConfig
from rastervision.pytorch_learner.learner_config.regression_data import RegressionImageDataConfig, RegressionPlotOptions
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import SemanticSegmentationImageDataConfig
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.object_detection_learner import ObjectDetectionLearner
from rastervision.pytorch_learner.object_detection_utils import BoxList, TorchVisionODAdapter
from rastervision.pytorch_learner.regression_learner import RegressionLearner
from rastervision.pytorch_learner.semantic_segmentation_learner import SemanticSegmentationLearner
from rastervision.pytorch_learner.tasks.classification_config import ClassificationLearnerConfig
from rastervision.pytorch_learner.tasks.object_detection_config import (
    ObjectDetectionLearnerConfig,
    ObjectDetectionModelConfig,
)
from rastervision.pytorch_learner.tasks.regression_config import RegressionLearnerConfig
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import SemanticSegmentationLearnerConfig

OPTIONS = {'solver': SolverConfig(num_epochs=1, batch_sz=2), 'log_tensorboard': False}


def class_config():
    return ClassConfig(names=['a', 'b'], colors=['red', 'blue'])


def test_object_detection_trains_and_logs_its_losses(tmp_path):
    boxes = BoxList(torch.tensor([[4.0, 4.0, 30.0, 30.0]]), class_ids=torch.tensor([1]))
    data = [(torch.rand(3, 64, 64), boxes)] * 2
    cfg = ObjectDetectionLearnerConfig(
        model=ObjectDetectionModelConfig(backbone='resnet18', pretrained=False),
        data=ObjectDetectionImageDataConfig(class_config=class_config(), img_channels=3, img_sz=64, num_workers=0),
        **OPTIONS,
    )
    ObjectDetectionLearner(cfg, str(tmp_path), data, data, tmp_dir=str(tmp_path)).train()

    header = (tmp_path / 'log.csv').read_text().splitlines()[0]
    losses = 'loss_classifier,loss_box_reg,loss_objectness,loss_rpn_box_reg'
    assert header == f'epoch,{losses},train_loss,train_time,mAP,mAP50,valid_time,lr'


def test_regression_trains(tmp_path):
    data = [(torch.rand(3, 4, 4), torch.tensor([1.0, 2.0]))] * 4
    cfg = RegressionLearnerConfig(
        data=RegressionImageDataConfig(class_config=class_config(), img_channels=3, num_workers=0), **OPTIONS
    )
    model = nn.Sequential(nn.Flatten(), nn.Linear(48, 2))
    learner = RegressionLearner(cfg, str(tmp_path), data, data, model=model, tmp_dir=str(tmp_path))
    learner.train()

    assert {'a_abs_error', 'b_scaled_abs_error'} <= learner.log_rows[0].keys()


def test_errors_of_regression_are_plotted_as_configured(tmp_path, monkeypatch):
    data = [(torch.full((3, 4, 4), float(i)), torch.tensor([0.0, i**2])) for i in range(9)]
    options = RegressionPlotOptions(transform=None, max_scatter_points=5, hist_bins=4)
    fields = {'class_config': class_config(), 'img_channels': 3, 'num_workers': 0, 'plot_options': options}
    cfg = RegressionLearnerConfig(data=RegressionImageDataConfig(**fields), solver=SolverConfig(batch_sz=2))
    model = nn.Sequential(nn.Flatten(), nn.AvgPool1d(24), nn.PReLU())
    learner = RegressionLearner(cfg, str(tmp_path), data, data, model=model, tmp_dir=str(tmp_path))
    figures, make = [], Visualizer._make_figure
    monkeypatch.setattr(
        Visualizer, '_make_figure', lambda *args, **kw: figures.append(make(*args, **kw)) or figures[-1]
    )

    learner.plot_predictions('valid')

    points, bars = figures[-1].axes[2:]  # of the second target
    assert points.collections[0].get_offsets().tolist() == [[i**2, i] for i in (0, 2, 4, 6, 8)]
    assert [bar.get_height() for bar in bars.patches] == [1, 2, 1, 5]  # 0, 0, -2, -6, -12, -20, -30, -42, -56
    assert (tmp_path / 'valid_errors.png').read_bytes().startswith(b'\x89PNG')


@pytest.mark.parametrize('batch_sz', [1, 3, 5])
def test_errors_of_regression_do_not_depend_on_batches(tmp_path, batch_sz):
    data = [(torch.full((3, 4, 4), float(i)), torch.tensor([0.0, i**2])) for i in range(5)]
    cfg = RegressionLearnerConfig(
        data=RegressionImageDataConfig(class_config=class_config(), img_channels=3, num_workers=0),
        solver=SolverConfig(num_epochs=1, batch_sz=batch_sz),
    )
    model = nn.Sequential(nn.Flatten(), nn.AvgPool1d(24), nn.PReLU())
    learner = RegressionLearner(cfg, str(tmp_path), data, data, model=model, tmp_dir=str(tmp_path))

    metrics = learner.validate_epoch(learner.get_dataloader('valid'))

    assert metrics['a_abs_error'] == pytest.approx(2.0)
    assert metrics['b_abs_error'] == pytest.approx((0 + 0 + 2 + 6 + 12) / 5)


@pytest.mark.parametrize(('label', 'class_ids'), [(0, []), (1, [0]), (2, [1]), (3, [])])
def test_labels_that_are_no_class_are_dropped(label, class_ids):
    adapter = TorchVisionODAdapter(nn.Identity(), ignored_output_inds=[0, 3])
    out = {'boxes': torch.rand(1, 4), 'labels': torch.tensor([label]), 'scores': torch.tensor([0.5])}

    assert adapter.model_output_dict_to_boxlist(out).get_field('class_ids').tolist() == class_ids


def test_class_ids_become_labels_and_come_back():
    adapter = TorchVisionODAdapter(nn.Identity(), ignored_output_inds=[0, 3])
    boxes = BoxList(torch.tensor([[0.0, 0, 2, 2], [1, 1, 3, 3]]), class_ids=torch.tensor([0, 1]))

    target = adapter.boxlist_to_model_input_dict(boxes)
    back = adapter.model_output_dict_to_boxlist({**target, 'scores': torch.ones(2)})

    assert target['labels'].tolist() == [1, 2]
    assert back.get_field('class_ids').tolist() == [0, 1]


class Gives(nn.Module):
    """A model that does not give what its task takes."""

    def __init__(self, give):
        super().__init__()
        self.give, self.weight = give, nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.give(len(x))


TASKS = {
    'segmentation': (
        SemanticSegmentationLearner,
        SemanticSegmentationLearnerConfig,
        SemanticSegmentationImageDataConfig,
        torch.zeros(8, 8, dtype=torch.int64),
    ),
    'classification': (ClassificationLearner, ClassificationLearnerConfig, ClassificationImageDataConfig, 1),
    'regression': (RegressionLearner, RegressionLearnerConfig, RegressionImageDataConfig, torch.ones(2)),
}
OUTPUTS = {
    'a tensor of shape (2, 5, 8, 8)': lambda n: torch.zeros(n, 5, 8, 8),
    'a tensor of shape (2, 5)': lambda n: torch.zeros(n, 5),
    'a tensor of shape (2,)': torch.zeros,
    'a tuple': lambda n: (torch.zeros(n, 2), torch.zeros(n, 2, 8, 8)),
    'a dict': lambda n: {'logits': torch.zeros(n, 2)},
    'a NoneType': lambda n: None,
}


@pytest.mark.parametrize('task', TASKS)
@pytest.mark.parametrize('given', OUTPUTS)
def test_a_model_that_gives_something_else_is_told_what_its_task_takes(tmp_path, task, given):
    learner_class, config_class, data_class, label = TASKS[task]
    data = data_class(class_config=class_config(), img_channels=3, num_workers=0)
    samples = [(torch.rand(3, 8, 8), label)] * 2
    cfg = config_class(data=data, **OPTIONS)
    model, tmp_dir = Gives(OUTPUTS[given]), str(tmp_path)
    learner = learner_class(cfg, str(tmp_path), samples, samples, model=model, tmp_dir=tmp_dir)

    for use in (learner.train, lambda: learner.predict(torch.rand(2, 3, 8, 8))):
        with pytest.raises(ConfigError, match=rf"Gives gives {re.escape(given)}, .* shape \(batch, classes.*'a', 'b'"):
            use()
