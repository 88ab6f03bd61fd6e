"""Networks that give a vector for each pixel of an image."""

from typing import Any

from torch import nn
from torchvision.models import get_model

from rastervision.pipeline import lazy
from rastervision.pytorch_learner.model_name import MODELS_EXTRA, SEPARATOR
from rastervision.pytorch_learner.models.channels import adjust_first_conv
from rastervision.pytorch_learner.models.normalization import follow_short_trainings
from rastervision.pytorch_learner.models.weights import default_weights, explained_download


def segmentation_model(
    name: str, num_classes: int, in_channels: int, *, pretrained: bool = False, **kwargs: Any
) -> nn.Module:
    """Build a segmentation network for any number of channels.

    Args:
        name: Name of a model; see `model_name`.
        num_classes: Number of classes.
        in_channels: Number of channels of the image.
        pretrained: Start the network below from the weights that are offered for it (ImageNet). The rest is new.
        kwargs: Passed to what builds it.

    Returns:
        Model of (batch, in_channels, height, width) -> (batch, num_classes, height, width); torchvision's give a dict
        with that as 'out'.

    Raises:
        NotReadableError: If pretrained weights cannot be had.
        MissingDependencyError: If the package that has the model is not installed.
        ConfigError: If there is no such model.
    """
    if SEPARATOR not in name:
        return _torchvision_model(name, num_classes, in_channels, pretrained=pretrained, **kwargs)
    lazy.require('segmentation_models_pytorch', MODELS_EXTRA)
    from rastervision.pytorch_learner.models.smp_networks import smp_network

    model = smp_network(name, num_classes, in_channels, pretrained=pretrained, **kwargs)
    if not pretrained:
        follow_short_trainings(model)
    return model


def _torchvision_model(name: str, num_classes: int, in_channels: int, *, pretrained: bool, **kwargs: Any) -> nn.Module:
    architecture, _, backbone = name.partition('_')
    weights = default_weights(backbone, pretrained)
    if architecture != 'lraspp':
        kwargs = {'aux_loss': False, **kwargs}
    with explained_download(weights):
        model: nn.Module = get_model(name, weights=None, weights_backbone=weights, num_classes=num_classes, **kwargs)
    adjust_first_conv(model, in_channels, pretrained=pretrained)
    if not pretrained:
        follow_short_trainings(model)
    return model
