from torch import nn

from rastervision.pytorch_learner.models.segmentation import segmentation_model


def norms(model: nn.Module) -> list[nn.BatchNorm2d]:
    return [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]


def test_statistics_follow_a_short_training_from_scratch():
    model = segmentation_model('lraspp_mobilenet_v3_large', 2, 3)

    assert min(layer.momentum for layer in norms(model)) == 0.1
