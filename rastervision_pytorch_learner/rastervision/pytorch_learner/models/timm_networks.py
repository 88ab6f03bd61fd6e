"""Networks of timm, for any number of channels and outputs."""

from collections.abc import Mapping
from typing import Any

import timm
import torch
from torch import nn

from rastervision.pipeline.errors import ConfigError, did_you_mean
from rastervision.pytorch_learner.model_name import TIMM
from rastervision.pytorch_learner.models.channels import pretrained_for_channels
from rastervision.pytorch_learner.models.input_size import ResizedTo, ResizedToMultiple
from rastervision.pytorch_learner.models.weights import explained_hub_download

# What lets networks that are made for one size of images take any. Each kind of network knows one of them, or none.
ANY_SIZE = ('dynamic_img_size', 'strict_img_size')
BUILD_ERRORS = (TypeError, ValueError, RuntimeError, AssertionError, KeyError)  # of timm, for wrong arguments


def timm_network(
    name: str, num_outputs: int, in_channels: int, *, pretrained: bool = False, **kwargs: Any
) -> nn.Module:
    """Build a network of timm.

    Args:
        name: Name of the network in timm, maybe with a tag of its weights, such as `convnext_nano.in12k`.
        num_outputs: Length of the vector that it gives.
        in_channels: Number of channels of the image.
        pretrained: Start from timm's weights; see `pretrained_for_channels`. The last layer is new.
        kwargs: Passed to `timm.create_model`.

    Returns:
        Model of (batch, in_channels, height, width) -> (batch, num_outputs), for any height and width: images are
        resized for networks that want one size, or a multiple of that of their patches.

    Raises:
        ConfigError: If there is no such network, or no weights for it, or it does not take the arguments.
        NotReadableError: If pretrained weights cannot be had.
    """
    check_timm_name(name, pretrained=pretrained)
    options = {**any_size_option(name), 'num_classes': num_outputs, **kwargs}

    def build(channels: int, pretrained: bool) -> nn.Module:
        model: nn.Module = timm.create_model(name, pretrained=pretrained, in_chans=channels, **options)
        return model

    with explained_hub_download(TIMM + name):
        try:
            model = pretrained_for_channels(build, in_channels) if pretrained else build(in_channels, False)
        except BUILD_ERRORS as error:
            raise ConfigError(
                f'name {TIMM + name!r}: cannot be built ({error}). Check extra_args {kwargs!r}.'
            ) from error
    size = fixed_size(name, options)
    patch = getattr(getattr(model, 'patch_embed', None), 'patch_size', (1, 1))
    if size is not None:
        return ResizedTo(model, size)
    return ResizedToMultiple(model, max(patch)) if max(patch) > 1 else model


def check_timm_name(name: str, *, pretrained: bool) -> None:
    """Check that timm has a network and, if they are wanted, weights for it.

    Raises:
        ConfigError: If it has not.
    """
    network, _, tag = name.partition('.')
    if not timm.is_model(network):
        near = did_you_mean(network, timm.list_models()) or ". See timm.list_models('*...*')."
        raise ConfigError(f'name {TIMM + name!r}: timm {timm.__version__} has no network {network!r}{near}')
    tags = timm.list_pretrained(f'{network}.*')
    if tag and name not in tags:
        raise ConfigError(f'name {TIMM + name!r}: no such weights. Choose from {", ".join(tags) or network}.')
    if pretrained and not tags:
        raise ConfigError(f'name {TIMM + name!r}: timm offers no weights for it. Set pretrained=False.')


def any_size_option(name: str) -> dict[str, Any]:
    """The argument that lets a network take images of any size; empty if it needs none, or has none."""
    if not _settings(name).fixed_input_size:
        return {}
    for option in ANY_SIZE:
        value = {option: not option.startswith('strict')}
        if _accepts(name, value):
            return value
    return {}


def fixed_size(name: str, options: Mapping[str, Any]) -> int | None:
    """Height and width of the only images that a network takes, built with some options; None if there are others."""
    settings = _settings(name)
    if not settings.fixed_input_size or not options.keys().isdisjoint(ANY_SIZE):
        return None
    return int(options.get('img_size', settings.input_size[-1]))


def _settings(name: str) -> Any:
    """What timm knows of the images that a network was made for."""
    return timm.get_pretrained_cfg(name)


def _accepts(name: str, value: dict[str, Any]) -> bool:
    try:
        with torch.device('meta'):  # costs no memory and hardly any time
            timm.create_model(name, **value)
    except TypeError:
        return False
    return True
