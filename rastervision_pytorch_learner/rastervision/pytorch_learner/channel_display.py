"""Which channels of an image are plotted together."""

from collections.abc import Sequence

from rastervision.core.types import ChannelIndex
from rastervision.pipeline.errors import ConfigError

ChannelInds = Sequence[ChannelIndex]
ChannelGroups = dict[str, ChannelInds] | Sequence[ChannelInds]

MAX_GROUP_CHANNELS = 3


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
