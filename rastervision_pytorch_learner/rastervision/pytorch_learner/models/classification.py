"""Networks that give a vector for an image."""

from typing import Any

from torch import nn
from torchvision import models
from torchvision.models import (
    GoogLeNet,
    Inception3,
    MaxVit,
    SqueezeNet,
    VisionTransformer,
    get_model,
    list_models,
)

from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ConfigError, did_you_mean
from rastervision.pytorch_learner.model_name import MODELS_EXTRA, TIMM
from rastervision.pytorch_learner.models.channels import adjust_first_conv
from rastervision.pytorch_learner.models.input_size import ResizedTo
from rastervision.pytorch_learner.models.normalization import follow_short_trainings
from rastervision.pytorch_learner.models.weights import default_weights, explained_download

# These have side branches that give more outputs while training, and a slow default for first weights.
_WITH_BRANCHES = ('googlenet', 'inception_v3')
_MAXVIT_SIZE = 224  # pixels; height and width of images that torchvision's maxvit_t takes


def classification_model(
    name: str, num_outputs: int, in_channels: int, *, pretrained: bool = False, **kwargs: Any
) -> nn.Module:
    """Build a network for any number of outputs and channels.

    Args:
        name: Name of the network: torchvision's, or `timm:NAME`.
        num_outputs: Length of the vector.
        in_channels: Number of channels of the image.
        pretrained: Start from the weights that are offered for it. The last layer is new all the same.
        kwargs: Passed to what builds it.

    Returns:
        Model of (batch, in_channels, height, width) -> (batch, num_outputs).

    Raises:
        NotReadableError: If pretrained weights cannot be had.
        MissingDependencyError: If the package that has the network is not installed.
        ConfigError: If there is no such network.
    """
    if not name.startswith(TIMM):
        return _torchvision_network(name, num_outputs, in_channels, pretrained=pretrained, **kwargs)
    lazy.require('timm', MODELS_EXTRA)
    from rastervision.pytorch_learner.models.timm_networks import timm_network

    model = timm_network(name.removeprefix(TIMM), num_outputs, in_channels, pretrained=pretrained, **kwargs)
    if not pretrained:
        follow_short_trainings(model)
    return model


def _torchvision_network(
    name: str, num_outputs: int, in_channels: int, *, pretrained: bool, **kwargs: Any
) -> nn.Module:
    if name not in list_models(module=models):
        near = did_you_mean(name, list_models(module=models)) or f", or {TIMM + name!r} for timm's."
        raise ConfigError(f'name {name!r}: torchvision has no such network. See torchvision.models.list_models(){near}')
    weights = default_weights(name, pretrained)
    if name in _WITH_BRANCHES:
        kwargs = {'aux_logits': False, **({} if pretrained else {'init_weights': True}), **kwargs}
    with explained_download(weights):
        model: nn.Module = get_model(name, weights=weights, **kwargs)
    _replace_head(model, num_outputs)
    adjust_first_conv(model, in_channels, pretrained=pretrained)
    if not pretrained:
        follow_short_trainings(model)
    if isinstance(model, GoogLeNet | Inception3) and in_channels != 3:
        model.transform_input = False  # it moves three channels to other means
    if isinstance(model, VisionTransformer):
        return ResizedTo(model, model.image_size)
    return ResizedTo(model, _MAXVIT_SIZE) if isinstance(model, MaxVit) else model


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
