"""Configures how images, labels and predictions are plotted."""

from typing import Any

from pydantic import Field, field_validator

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config
from rastervision.pytorch_learner.channel_display import (
    ChannelGroups,
    ChannelInds,
    get_default_channel_display_groups,
    validate_channel_display_groups,
)
from rastervision.pytorch_learner.transform_dict import validate_transform_dict

RGBTuple = tuple[int, int, int]

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

    def for_visualizer(self) -> dict[str, Any]:
        """The options as arguments of the task's visualizer."""
        return {'transform': self.transform, 'channel_display_groups': self.channel_display_groups}

    def update(self, **kwargs: Any) -> None:
        """Fill `channel_display_groups` if the number of channels is given as `img_channels`."""
        super().update(**kwargs)
        img_channels = kwargs.get('img_channels')
        if self.channel_display_groups is None and img_channels is not None:
            self.channel_display_groups = get_default_channel_display_groups(img_channels)
