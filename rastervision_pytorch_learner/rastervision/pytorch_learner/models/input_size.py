"""Lets networks that want certain heights and widths take images of any."""

from torch import Tensor, nn


class PaddedToMultiple(nn.Module):
    """A network for each pixel whose input has to be a multiple of some number of pixels.

    Images are padded at the bottom and on the right by repeating their last row and column; the output is cut to the
    size of the image.

    Args:
        model: Model of (batch, channels, height, width) -> (batch, classes, height, width).
        multiple: The number.
    """

    def __init__(self, model: nn.Module, multiple: int) -> None:
        super().__init__()
        self.model = model
        self.multiple = multiple

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, height, width) -> (batch, classes, height, width)."""
        height, width = x.shape[-2:]
        rows = next_multiple(height, self.multiple) - height
        columns = next_multiple(width, self.multiple) - width
        out: Tensor = self.model(nn.functional.pad(x, (0, columns, 0, rows), mode='replicate'))
        return out[..., :height, :width]


class ResizedTo(nn.Module):
    """A network for whole images whose input has to have one size. Images are resized to it, bilinearly.

    Args:
        model: Model of (batch, channels, height, width) -> (batch, outputs).
        size: Height and width that it wants.
    """

    def __init__(self, model: nn.Module, size: int) -> None:
        super().__init__()
        self.model = model
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, height, width) -> (batch, outputs)."""
        height, width = self.size_for(x.shape[-2], x.shape[-1])
        resized = nn.functional.interpolate(x, size=(height, width), mode='bilinear', align_corners=False)
        out: Tensor = self.model(resized)
        return out

    def size_for(self, height: int, width: int) -> tuple[int, int]:
        """What images of some height and width are resized to."""
        return self.size, self.size


class ResizedToMultiple(ResizedTo):
    """As `ResizedTo`, for networks that take all multiples of a size: images are resized to the next larger one."""

    def size_for(self, height: int, width: int) -> tuple[int, int]:
        """What images of some height and width are resized to."""
        return next_multiple(height, self.size), next_multiple(width, self.size)


def next_multiple(value: int, of: int) -> int:
    """The smallest multiple of a number that is not below a value."""
    return (value + of - 1) // of * of
