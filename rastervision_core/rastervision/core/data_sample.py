"""A chip with its label, as the chip command writes it."""

from typing import TYPE_CHECKING, Any, Literal

from rastervision.pipeline import lazy

if TYPE_CHECKING:
    import numpy as np

    from rastervision.core.box import Box

__getattr__ = lazy.names(__name__, 'rastervision.core.box:Box')


class DataSample:
    """A chip, its label, and where both come from.

    Attributes:
        chip: Pixels, (height, width, channels).
        label: The label, in the form of the task: a class id, an array of class ids (height, width), or
            `ObjectDetectionLabels`. None if there is none.
        split: Data split that the sample belongs to.
        scene_id: Id of the scene. None: not told apart.
        window: Where in the scene, in pixels.
        valid: Which pixels of the chip are data, bool (height, width). None: all, or it is not known.
    """

    def __init__(
        self,
        chip: 'np.ndarray',
        label: Any | None = None,
        split: Literal['train', 'valid', 'test'] | None = None,
        scene_id: str | None = None,
        window: 'Box | None' = None,
        valid: 'np.ndarray | None' = None,
    ) -> None:
        """Keep the parts; nothing is copied."""
        self.chip = chip
        self.label = label
        self.split = split
        self.scene_id = scene_id
        self.window = window
        self.valid = valid

    def __eq__(self, other: object) -> bool:
        """Same pixels, label, split, scene, window, and what is data."""
        import numpy as np

        if not isinstance(other, DataSample):
            return NotImplemented
        return (
            (self.split, self.scene_id, self.window) == (other.split, other.scene_id, other.window)
            and np.array_equal(self.chip, other.chip)
            and bool(np.all(self.label == other.label))
            and (self.valid is other.valid or np.array_equal(self.valid, other.valid))  # type: ignore[arg-type]
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Shape of the chip and the origin of the sample."""
        return (
            f'DataSample(chip={self.chip.shape}, split={self.split!r}, scene_id={self.scene_id!r}, '
            f'window={self.window!r})'
        )
