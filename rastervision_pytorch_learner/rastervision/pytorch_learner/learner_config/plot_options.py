"""Configures how images, labels and predictions are plotted."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, field_validator

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.learner_config.transform_dict import validate_transform_dict

NonNegInt = Annotated[int, Field(ge=0)]
RGBTuple = tuple[int, int, int]
ChannelInds = Sequence[NonNegInt]
ChannelGroups = dict[str, ChannelInds] | Sequence[ChannelInds]

MAX_GROUP_CHANNELS = 3

# What albumentations.to_dict(MinMaxNormalize()) gives, written out so that a config needs no albumentations.
DEFAULT_PLOT_TRANSFORM: dict[str, Any] = {
    '__version__': '2.0.8',
    'transform': {
        '__class_fullname__': 'rastervision.pytorch_learner.utils.utils.MinMaxNormalize',
        'p': 1.0,
        'min_val': 0.0,
        'max_val': 1.0,
        'dtype': 5,
    },
}


def default_plot_transform() -> dict[str, Any]:
    """A fresh dict of the transform that stretches the values of an image to 0-1."""
    return {**DEFAULT_PLOT_TRANSFORM, 'transform': dict(DEFAULT_PLOT_TRANSFORM['transform'])}


def get_default_channel_display_groups(nb_img_channels: int) -> dict[str, ChannelInds]:
    """One group with the first channels of an image, at most three, named `'Input'`."""
    return {'Input': list(range(min(MAX_GROUP_CHANNELS, nb_img_channels)))}


def validate_channel_display_groups(groups: ChannelGroups | None) -> dict[str, ChannelInds] | None:
    """Check groups of channels to plot together, and name those that have no name.

    Args:
        groups: Name -> channels, or a list of channels lists. None: the default.

    Raises:
        ConfigError: If there is no group, or one has no channel, more than three, or a negative one.
    """
    if groups is None:
        return None
    if not groups:
        raise ConfigError('channel_display_groups is empty. Leave it out to plot the first three channels.')
    named = groups if isinstance(groups, dict) else {f'Channels: {list(channels)}': channels for channels in groups}
    for name, channels in named.items():
        if not 1 <= len(channels) <= MAX_GROUP_CHANNELS or min(channels) < 0:
            raise ConfigError(
                f'channel_display_groups: {name!r} is {list(channels)!r}. '
                f'Give each group 1 to {MAX_GROUP_CHANNELS} channels, counted from 0.'
            )
    return {name: list(channels) for name, channels in named.items()}


@register_config('plot_options')
class PlotOptions(Config):
    """Configure the plots of images, labels and predictions."""

    transform: dict[str, Any] | None = Field(
        default_factory=default_plot_transform,
        description='An albumentations transform, as a dict (serialize_albumentation_transform makes one), that is '
        'applied to each image before it is plotted. The default stretches its values to 0-1.',
    )
    channel_display_groups: ChannelGroups | None = Field(
        None,
        description='Groups of one to three channels, each plotted as one image: name -> channels, or a list of '
        'lists. Two channels are shown as red and green. None: the first three channels.',
    )

    @field_validator('transform')
    @classmethod
    def _validate_transform(cls, v: dict[str, Any] | None) -> dict[str, Any] | None:
        return validate_transform_dict(v)

    @field_validator('channel_display_groups')
    @classmethod
    def validate_channel_display_groups(cls, v: ChannelGroups | None) -> dict[str, ChannelInds] | None:
        """Check the groups and name those that have no name."""
        return validate_channel_display_groups(v)

    def update(self, **kwargs: Any) -> None:
        """Fill `channel_display_groups` if the number of channels is given as `img_channels`."""
        super().update(**kwargs)
        img_channels = kwargs.get('img_channels')
        if self.channel_display_groups is None and img_channels is not None:
            self.channel_display_groups = get_default_channel_display_groups(img_channels)
