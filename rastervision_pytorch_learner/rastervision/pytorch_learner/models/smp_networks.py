"""Segmentation models of segmentation_models_pytorch, with its encoders or timm's."""

import math
from typing import Any

import segmentation_models_pytorch as smp
from torch import nn

from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.model_name import SEPARATOR, TIMM, checked
from rastervision.pytorch_learner.models.channels import pretrained_for_channels
from rastervision.pytorch_learner.models.input_size import PaddedToMultiple
from rastervision.pytorch_learner.models.timm_networks import BUILD_ERRORS, any_size_option, check_timm_name, fixed_size
from rastervision.pytorch_learner.models.weights import explained_hub_download

MULTIPLE = 32  # pixels; the coarsest features of the encoders have one place for so many
MULTIPLES = {'pan': 128}  # it halves features of stride 16 three times
DPT_PATCHES = (8, 16, 32)  # pixels
OLD_PREFIXES = ('timm-', 'tu-')  # what the package itself writes before encoders of timm


def smp_network(name: str, num_classes: int, in_channels: int, *, pretrained: bool = False, **kwargs: Any) -> nn.Module:
    """Build a segmentation model.

    Args:
        name: `ARCHITECTURE/ENCODER`; see `model_name`.
        num_classes: Number of classes.
        in_channels: Number of channels of the image.
        pretrained: Start the encoder from the weights that are offered for it (ImageNet, unless `encoder_weights` in
            `kwargs` names others); see `pretrained_for_channels`. The rest is new.
        kwargs: Passed to the class of the architecture, such as `decoder_channels`; those that it does not know go to
            encoders of timm.

    Returns:
        Model of (batch, in_channels, height, width) -> (batch, num_classes, height, width), any height and width.

    Raises:
        ConfigError: If there is no such encoder, or it does not go with the architecture or the arguments.
        NotReadableError: If pretrained weights cannot be had.
    """
    architecture, _, encoder = name.partition(SEPARATOR)
    if 'aux_params' in kwargs:
        raise ConfigError(f'name {name!r}: aux_params has no use here. Leave it out of extra_args.')
    weights = kwargs.pop('encoder_weights', None)
    own_size = 1
    options: dict[str, Any]
    if encoder.startswith(TIMM):
        encoder = encoder.removeprefix(TIMM)
        check_timm_name(encoder, pretrained=pretrained)
        weights, options = True, {'encoder_name': f'tu-{encoder}', **any_size_option(encoder), **kwargs}
        own_size = fixed_size(encoder, options) or 1
    else:
        check_encoder(name, encoder)
        weights, options = weights or _usual_weights(encoder), {'encoder_name': encoder, **kwargs}

    def build(channels: int, pretrained: bool) -> nn.Module:
        model: nn.Module = smp.create_model(
            architecture,
            encoder_weights=weights if pretrained else None,
            in_channels=channels,
            classes=num_classes,
            **options,
        )
        return model

    with explained_hub_download(name):
        try:
            model = pretrained_for_channels(build, in_channels) if pretrained else build(in_channels, False)
            multiple = _multiple(architecture, model.encoder, own_size)
        except BUILD_ERRORS as error:
            raise ConfigError(
                f'name {name!r}: cannot be built ({error}). Check extra_args {kwargs!r}, and that the architecture '
                "goes with the encoder: 'dpt' with vision transformers whose features have one size, others with all "
                'others.'
            ) from error
    return PaddedToMultiple(model, multiple)


def check_encoder(name: str, encoder: str) -> None:
    """Check that segmentation_models_pytorch has an encoder of its own of a name.

    Raises:
        ConfigError: If it has not.
    """
    for prefix in OLD_PREFIXES:
        if encoder.startswith(prefix):
            raise ConfigError(f'name {name!r}: write encoders of timm as {TIMM + encoder.removeprefix(prefix)!r}.')
    own = [known for known in smp.encoders.get_encoder_names() if not known.startswith(OLD_PREFIXES)]
    checked(encoder, own, f'name {name!r}: encoder', f'. Or give one of timm as {TIMM}NAME')


def _usual_weights(encoder: str) -> str:
    offered = smp.encoders.encoders[encoder]['pretrained_settings']
    return 'imagenet' if 'imagenet' in offered else next(iter(offered))


def _multiple(architecture: str, encoder: Any, own_size: int) -> int:
    """The number of pixels that height and width have to be a multiple of."""
    strides = getattr(encoder, 'output_strides', (DPT_PATCHES[-1],))
    if architecture == 'dpt' and not set(strides) <= set(DPT_PATCHES):
        raise ConfigError(f'dpt works with patches of {DPT_PATCHES} pixels; this encoder has {max(strides)}.')
    return math.lcm(MULTIPLES.get(architecture, MULTIPLE), own_size)
