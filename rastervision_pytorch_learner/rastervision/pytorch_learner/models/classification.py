"""Networks that give a vector for an image."""

from typing import Any

from torch import nn
from torchvision.models import GoogLeNet, Inception3, SqueezeNet, get_model

from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.models.channels import adjust_first_conv
from rastervision.pytorch_learner.models.normalization import follow_short_trainings
from rastervision.pytorch_learner.models.weights import default_weights, explained_download

# These have side branches that give more outputs while training, and a slow default for first weights.
_WITH_BRANCHES = ('googlenet', 'inception_v3')


def classification_model(
    backbone: str, num_outputs: int, in_channels: int, *, pretrained: bool = False, **kwargs: Any
) -> nn.Module:
    """Build a torchvision network for any number of outputs and channels.

    Args:
        backbone: Name of the network.
        num_outputs: Length of the vector.
        in_channels: Number of channels of the image.
        pretrained: Start from torchvision's weights. The last layer is new all the same.
        kwargs: Passed to torchvision.

    Returns:
        Model of (batch, in_channels, height, width) -> (batch, num_outputs).

    Raises:
        NotReadableError: If pretrained weights cannot be had.
    """
    weights = default_weights(backbone, pretrained)
    if backbone in _WITH_BRANCHES:
        kwargs = {'aux_logits': False, **({} if pretrained else {'init_weights': True}), **kwargs}
    with explained_download(weights):
        model: nn.Module = get_model(backbone, weights=weights, **kwargs)
    _replace_head(model, num_outputs)
    adjust_first_conv(model, in_channels, pretrained=pretrained)
    if not pretrained:
        follow_short_trainings(model)
    if isinstance(model, GoogLeNet | Inception3) and in_channels != 3:
        model.transform_input = False  # it moves three channels to other means
    return model


def _replace_head(model: nn.Module, num_outputs: int) -> None:
    """Give a network a new last layer, in place."""
    if isinstance(model, SqueezeNet):
        conv = model.classifier[1]
        model.classifier[1] = nn.Conv2d(conv.in_channels, num_outputs, kernel_size=1)
        model.num_classes = num_outputs
        return
    linear = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    if not linear:
        raise ConfigError(f'{type(model).__name__}: has no linear last layer that could be replaced.')
    name, layer = linear[-1]
    parent, _, child = name.rpartition('.')
    setattr(model.get_submodule(parent), child, nn.Linear(layer.in_features, num_outputs))
