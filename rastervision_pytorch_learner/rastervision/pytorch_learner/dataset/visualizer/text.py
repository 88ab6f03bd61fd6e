"""Text in place of an image."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def write(ax: 'Axes', text: str, color: str = 'black') -> None:
    """Write in the middle of an axes, without a frame."""
    ax.text(0.5, 0.5, text, ha='center', va='center', color=color, transform=ax.transAxes)
    ax.set_axis_off()
