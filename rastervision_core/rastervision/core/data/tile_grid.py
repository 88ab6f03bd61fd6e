"""Grids of tiles."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rastervision.core.data.web_tiles import Tile, tile_uri
from rastervision.pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pyproj import CRS

Bounds = tuple[float, float, float, float]  # xmin, ymin, xmax, ymax

ON_EDGE = 1e-6  # of a tile; an edge of a box that is nearer to that of a tile is on it


class TileRange(NamedTuple):
    """Columns and rows of tiles, from the north-western corner; the last ones are exclusive."""

    first_column: int
    first_row: int
    last_column: int
    last_row: int

    @property
    def total(self) -> int:
        """How many tiles there are."""
        return (self.last_column - self.first_column) * (self.last_row - self.first_row)


@dataclass(frozen=True)
class TileGrid:
    """The tiles of one zoom.

    Attributes:
        crs: CRS of the grid, as EPSG code or WKT.
        corner: The north-western corner: x and y in units of the CRS.
        span: Width and height of a tile in units of the CRS.
        shape: How many columns and rows of tiles there are.
        template: The URI of a tile, with {column} and {row}, or, where `zoom` is given, {z}, {x} and {y} or {-y}.
        zoom: The zoom of web tiles. None: another grid.
        size: Width and height of a tile in pixels. None: as they are found to have.
    """

    crs: str
    corner: tuple[float, float]
    span: tuple[float, float]
    shape: tuple[int, int]
    template: str
    zoom: int | None = None
    size: tuple[int, int] | None = None

    def uri(self, column: int, row: int) -> str:
        """The URI of a tile."""
        if self.zoom is not None:
            return tile_uri(self.template, Tile(self.zoom, column, row))
        return self.template.replace('{column}', str(column)).replace('{row}', str(row))

    def range_of(self, bounds: Bounds) -> TileRange:
        """The tiles that a box, in units of the CRS, has a part of.

        Raises:
            ConfigError: If there is none.
        """
        xmin, ymin, xmax, ymax = self.in_tiles(bounds)
        (west, east), (north, south) = (
            (max(0, math.floor(low + ON_EDGE)), min(count, math.ceil(high - ON_EDGE)))
            for low, high, count in ((xmin, xmax, self.shape[0]), (ymin, ymax, self.shape[1]))
        )
        if west >= east or north >= south:
            raise ConfigError(f'bbox: {bounds!r} ({self.crs:.20}) has no part of the tiles. Check bbox and bbox_crs.')
        return TileRange(west, north, east, south)

    def in_tiles(self, bounds: Bounds) -> Bounds:
        """A box in units of the CRS as columns and rows, with y to the south."""
        (left, top), (width, height) = self.corner, self.span
        xmin, ymin, xmax, ymax = bounds
        return (xmin - left) / width, (top - ymax) / height, (xmax - left) / width, (top - ymin) / height


def known_crs(name: str, field: str) -> 'CRS':
    """A CRS by its name.

    Raises:
        ConfigError: If there is none.
    """
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return CRS.from_user_input(name)
    except CRSError as error:
        raise ConfigError(f"{field}: {name!r:.200} is no CRS. Write it as 'EPSG:4326'.") from error
