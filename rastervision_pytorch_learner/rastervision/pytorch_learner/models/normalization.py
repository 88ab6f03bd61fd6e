"""Batch normalisation of networks that are trained from scratch."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

MOMENTUM = 0.1  # PyTorch's default


def follow_short_trainings(model: nn.Module) -> None:
    """Let running statistics follow within some tens of steps.

    torchvision's MobileNetV3 and MNASNet have momenta of 0.01 and 0.0003, for trainings of hundreds of thousands of
    steps. After the few hundred steps of a small data set such a model would still be evaluated with the statistics of
    its random start, and find nothing, however low the training loss.

    Args:
        model: The model; it is changed.
    """
    for layer in model.modules():
        if isinstance(layer, _BatchNorm) and layer.momentum is not None:
            layer.momentum = max(layer.momentum, MOMENTUM)
