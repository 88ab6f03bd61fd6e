"""The positions of an image that test-time augmentation predicts: flipped, and turned by quarter turns."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Symmetry:
    """One of the eight ways to lay a square on itself.

    Attributes:
        turns: Quarter turns, counterclockwise: 0 to 3.
        flip: Whether left and right are swapped before.
    """

    turns: int = 0
    flip: bool = False

    def apply(self, x: Tensor) -> Tensor:
        """Flip and turn images, (..., height, width)."""
        return torch.rot90(x.flip(-1) if self.flip else x, self.turns, (-2, -1)).contiguous()

    def undo(self, x: Tensor) -> Tensor:
        """Turn and flip what was predicted for such images, (..., height, width), back."""
        x = torch.rot90(x, -self.turns, (-2, -1))
        return x.flip(-1) if self.flip else x

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of what `apply` makes of an image of this size."""
        return (width, height) if self.turns % 2 else (height, width)

    def undo_boxes(self, boxes: Tensor, height: int, width: int) -> Tensor:
        """Bring boxes in such an image back.

        Args:
            boxes: (n, 4), xyxy.
            height: Height of the image before.
            width: Its width.
        """
        x1, y1, x2, y2 = boxes.unbind(1)
        if self.turns == 1:
            x1, y1, x2, y2 = width - y2, x1, width - y1, x2
        elif self.turns == 2:
            x1, y1, x2, y2 = width - x2, height - y2, width - x1, height - y1
        elif self.turns == 3:
            x1, y1, x2, y2 = y1, height - x2, y2, height - x1
        if self.flip:
            x1, x2 = width - x2, width - x1
        return torch.stack([x1, y1, x2, y2], dim=1)


TURNS = tuple(Symmetry(turns) for turns in range(4))
FLIPS = (Symmetry(), Symmetry(flip=True), Symmetry(2, flip=True), Symmetry(2))
SYMMETRIES = {'flips': FLIPS, 'turns': TURNS, 'all': (*TURNS, *(Symmetry(turns, flip=True) for turns in range(4)))}
