"""Text in place of an image."""

from typing import TYPE_CHECKING

from rastervision.pipeline.plain_text import plot_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def write(ax: 'Axes', text: str, color: str = 'black') -> None:
    """Write in the middle of an axes, without a frame."""
    ax.text(
        0.5,
        0.5,
        '\n'.join(map(plot_label, text.split('\n'))),
        ha='center',
        va='center',
        color=color,
        transform=ax.transAxes,
    )
    ax.set_axis_off()
