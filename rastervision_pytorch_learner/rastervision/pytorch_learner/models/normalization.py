"""Batch normalisation of networks that are trained from scratch."""

from typing import Any

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


class TrainedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation whose weights have the names of torchvision's `FrozenBatchNorm2d`.

    Pretrained detectors freeze it, since their batches are small; a detector from scratch has to train it, or it hardly
    learns. The weights of both fit both.

    Args:
        num_features: Number of channels.
        kwargs: As of `nn.BatchNorm2d`.
    """

    def __init__(self, num_features: int, **kwargs: Any) -> None:
        super().__init__(num_features, **kwargs)
        self.num_batches_tracked = None

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        """Load weights that may have a counter of batches, without that."""
        state_dict.pop(f'{prefix}num_batches_tracked', None)
        nn.Module._load_from_state_dict(self, state_dict, prefix, *args)
