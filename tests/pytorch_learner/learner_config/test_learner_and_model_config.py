import pytest
import torch

from rastervision.core.data.class_config import ClassConfig
from rastervision.pipeline.config.spellings import OldSpellingWarning
from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.learner_config.backbone import Backbone
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import SemanticSegmentationImageDataConfig
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.tasks.object_detection_config import (
    ObjectDetectionLearnerConfig,
    ObjectDetectionModelConfig,
)
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import (
    SemanticSegmentationLearnerConfig,
    SemanticSegmentationModelConfig,
)


def data_config(names=('a', 'b')):
    colors = ['red', 'blue', 'black'][: len(names)]
    return SemanticSegmentationImageDataConfig(class_config=ClassConfig(names=list(names), colors=colors))


def test_added_fields_are_not_written_at_their_defaults():
    cfg = SemanticSegmentationLearnerConfig(data=data_config(), model=SemanticSegmentationModelConfig())

    assert {'seed', 'export_onnx', 'architecture'}.isdisjoint({**cfg.dict(), **cfg.dict()['model']})


def test_lraspp_chooses_its_backbone():
    assert SemanticSegmentationModelConfig(architecture='lraspp').backbone is Backbone.mobilenet_v3_large


def test_lraspp_refuses_another_backbone():
    with pytest.raises(ConfigError, match="'lraspp' needs backbone 'mobilenet_v3_large'"):
        SemanticSegmentationModelConfig(architecture='lraspp', backbone='resnet50')


@pytest.mark.parametrize('cls', [SemanticSegmentationModelConfig, ObjectDetectionModelConfig])
def test_unsuitable_backbone_is_refused(cls):
    with pytest.raises(ConfigError, match="'vgg11' cannot be used"):
        cls(backbone='vgg11')


def test_number_of_loss_weights_must_be_that_of_classes():
    with pytest.raises(ConfigError, match='1 weights for 2 classes'):
        SemanticSegmentationLearnerConfig(data=data_config(), solver=SolverConfig(class_loss_weights=[1.0]))


def test_tensorboard_server_needs_its_log():
    with pytest.raises(ConfigError, match='log_tensorboard'):
        SemanticSegmentationLearnerConfig(data=data_config(), run_tensorboard=True, log_tensorboard=False)


def test_object_detection_refuses_settings_of_the_loss():
    with pytest.raises(ConfigError, match='ignore_class_index has no effect'):
        ObjectDetectionLearnerConfig(data=data_config(), solver=SolverConfig(ignore_class_index=0))


def test_old_spellings_of_the_solver_are_accepted():
    with pytest.warns(OldSpellingWarning, match='Use ignore_class_index'):
        solver = SolverConfig(ignore_last_class=True, test_num_epochs=3)

    assert solver.ignore_class_index == -1


@pytest.mark.parametrize('start_epoch', [1, 2, 4])
def test_schedule_goes_on_where_it_stopped(start_epoch):
    solver = SolverConfig(lr=0.1, num_epochs=5, batch_sz=1)
    rates = list(rates_from(solver, 0))

    assert list(rates_from(solver, start_epoch)) == pytest.approx(rates[start_epoch * 3 :])


def rates_from(solver, start_epoch):
    optimizer = solver.build_optimizer(torch.nn.Linear(1, 1))
    scheduler = solver.build_step_scheduler(optimizer, 3, last_epoch=start_epoch - 1)
    for _ in range(start_epoch * 3, solver.num_epochs * 3):
        yield optimizer.param_groups[0]['lr']
        optimizer.step()
        scheduler.step()
