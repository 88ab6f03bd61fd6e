"""Networks that give a vector for each pixel of an image."""

from typing import Any

from torch import nn
from torchvision.models import get_model

from rastervision.pytorch_learner.models.channels import adjust_first_conv
from rastervision.pytorch_learner.models.normalization import follow_short_trainings
from rastervision.pytorch_learner.models.weights import default_weights, explained_download


def segmentation_model(
    backbone: str,
    num_classes: int,
    in_channels: int,
    *,
    architecture: str = 'deeplabv3',
    pretrained: bool = False,
    **kwargs: Any,
) -> nn.Module:
    """Build a torchvision segmentation network for any number of channels.

    Args:
        backbone: Name of the network below: resnet50, resnet101, mobilenet_v3_large.
        num_classes: Number of classes.
        in_channels: Number of channels of the image.
        architecture: deeplabv3, or lraspp (mobilenet_v3_large only).
        pretrained: Start the backbone from torchvision's weights (ImageNet). The rest is new.
        kwargs: Passed to torchvision.

    Returns:
        Model of (batch, in_channels, height, width) -> dict with 'out': (batch, num_classes, height, width).

    Raises:
        NotReadableError: If pretrained weights cannot be had.
    """
    weights = default_weights(backbone, pretrained)
    if architecture == 'deeplabv3':
        kwargs = {'aux_loss': False, **kwargs}
    with explained_download(weights):
        model: nn.Module = get_model(
            f'{architecture}_{backbone}', weights=None, weights_backbone=weights, num_classes=num_classes, **kwargs
        )
    adjust_first_conv(model, in_channels, pretrained=pretrained)
    if not pretrained:
        follow_short_trainings(model)
    return model
