"""Random windows in a scene."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from rastervision.core.box import Box, join_aoi
from rastervision.core.data.aoi_sampler import AoiSampler
from rastervision.pipeline.errors import ArgumentError, DataError, RasterVisionError

Size = tuple[int, int]
FIRST_ATTEMPTS = 8


@dataclass
class RandomWindowSampler:
    """Draws windows of random size and place, all equally likely.

    Args:
        extent: Extent of the scene; windows may reach beyond it by `padding`.
        h_lims: Smallest height, and the one after the largest, in pixels.
        w_lims: Limits of the width. None: windows are square.
        padding: Pixels by which windows may reach beyond the extent at each side: (down, across).
        aoi_polygons: Area that windows must lie in, or intersect; none: anywhere. In pixels of the scene.
        within_aoi: Windows must lie within the area; else it is enough that they intersect it.
        efficient: Draw the upper left corner from the area.
        max_attempts: How many windows to try at most.

    Attributes:
        corner_sampler: What corners are drawn from; None: from anywhere.
    """

    options_error: ClassVar[type[RasterVisionError]] = ArgumentError
    window_error: ClassVar[type[RasterVisionError]] = DataError

    extent: Box
    h_lims: Size
    w_lims: Size | None
    padding: Size
    aoi_polygons: Sequence[Polygon] = ()
    within_aoi: bool = True
    efficient: bool = True
    max_attempts: int = 100
    _aoi: BaseGeometry | None = field(init=False, default=None)
    corner_sampler: AoiSampler | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        for name, lims in (('height', self.h_lims), ('width', self.w_lims)):
            if lims is not None and lims[0] >= lims[1]:
                raise self.options_error(f'Limits of the {name}: {lims}. The second one is exclusive.')
        smallest = (self.h_lims[0], (self.w_lims or self.h_lims)[0])
        if smallest[0] > self._room[0] or smallest[1] > self._room[1]:
            raise self.options_error(
                f'Windows of at least {smallest[0]} x {smallest[1]} pixels do not fit into the scene of '
                f'{self.extent.height} x {self.extent.width} with padding {self.padding!r}. Use smaller windows or '
                'more padding.'
            )
        if self.aoi_polygons:
            smallest_side = min(smallest) if self.within_aoi else 0
            self._aoi = join_aoi(self.aoi_polygons, smallest_side)
            shapely.prepare(self._aoi)
            self.corner_sampler = self._make_corner_sampler() if self.efficient else None

    def _make_corner_sampler(self) -> AoiSampler | None:
        """What draws corners from the part of the area where they can be; None if that is nothing.

        The area may be much larger than the scene. Where windows need only intersect it, corners of those that would
        reach too far over the edges are moved, so any place that a window shows will do.
        """
        smallest = np.array([[self.h_lims[0], (self.w_lims or self.h_lims)[0]]])
        (low,), (high,) = self.bounds(smallest)
        high = high if self.within_aoi else high + smallest[0] - 1
        possible = shapely.box(low[1], low[0], high[1] + 1, high[0] + 1)
        parts = shapely.get_parts(shapely.intersection(self._aoi, possible))
        polygons = [part for part in parts if part.geom_type == 'Polygon' and part.area > 0]
        return AoiSampler(polygons) if polygons else None

    @property
    def _room(self) -> Size:
        """Height and width that windows can have at most."""
        return self.extent.height + 2 * self.padding[0], self.extent.width + 2 * self.padding[1]

    def sample_sizes(self, rng: np.random.Generator, n: int = 1) -> np.ndarray:
        """Heights and widths (n, 2) of windows."""
        height_room, width_room = self._room
        if self.w_lims is None:
            sizes = rng.integers(self.h_lims[0], min(self.h_lims[1] - 1, height_room, width_room), n, endpoint=True)
            return np.stack([sizes, sizes], axis=-1)
        heights = rng.integers(self.h_lims[0], min(self.h_lims[1] - 1, height_room), n, endpoint=True)
        widths = rng.integers(self.w_lims[0], min(self.w_lims[1] - 1, width_room), n, endpoint=True)
        return np.stack([heights, widths], axis=-1)

    def sample_corners(self, sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Upper left corners (n, 2), as y and x, of windows of these sizes."""
        if self.corner_sampler is not None:
            points = self.corner_sampler.sample(len(sizes), rng)
            corners = np.asarray(np.floor(points[:, ::-1]), dtype=int)
            return corners if self.within_aoi else np.clip(corners, *self.bounds(sizes))
        low, high = self.bounds(sizes)
        return np.asarray(rng.integers(low, np.maximum(low, high), endpoint=True))

    def sample(self, rng: np.random.Generator) -> Box:
        """A window.

        Raises:
            DataError: If none was found that suits the area. Without an area, one is always found.
        """
        left = 1 if self._aoi is None else self.max_attempts
        batch = min(left, FIRST_ATTEMPTS)
        while left > 0:
            sizes = self.sample_sizes(rng, batch)
            corners = self.sample_corners(sizes, rng)
            suits = np.flatnonzero(self.suits(corners, sizes))
            if len(suits):
                (ymin, xmin), (height, width) = corners[suits[0]].tolist(), sizes[suits[0]].tolist()
                return Box(ymin, xmin, ymin + height, xmin + width)
            left, batch = left - batch, left - batch
        raise self.failure()

    def failure(self) -> RasterVisionError:
        """The error for when no window was found."""
        relation = 'lies within' if self.within_aoi else 'intersects'
        return self.window_error(
            f'None of {self.max_attempts} random windows (height {self.h_lims}, width {self.w_lims}) {relation} the '
            'AOI. Use smaller windows, within_aoi=False, or a larger max_sample_attempts.'
        )

    def bounds(self, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First and last possible corner (n, 2) of windows of these sizes."""
        low = np.array([self.extent.ymin - self.padding[0], self.extent.xmin - self.padding[1]])
        high = np.array([self.extent.ymax + self.padding[0], self.extent.xmax + self.padding[1]]) - sizes
        return np.broadcast_to(low, sizes.shape), high

    def suits_aoi(self, window: Box) -> bool:
        """Whether a window suits the area, however far beyond the extent it reaches."""
        if self._aoi is None:
            return True
        relation = shapely.contains if self.within_aoi else shapely.intersects
        return bool(relation(self._aoi, window.to_shapely()))

    def suits(self, corners: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """Which windows, given by corners (n, 2) and sizes (n, 2), suit the area and do not reach too far beyond it."""
        if self._aoi is None:
            return np.ones(len(corners), dtype=bool)
        low, high = self.bounds(sizes)
        inside = ((corners >= low) & (corners <= high)).all(axis=1)
        (ymin, xmin), (height, width) = corners.T, sizes.T
        boxes = shapely.box(xmin, ymin, xmin + width, ymin + height)
        relation = shapely.contains if self.within_aoi else shapely.intersects
        return np.asarray(inside & relation(self._aoi, boxes))
