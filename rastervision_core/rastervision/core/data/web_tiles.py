"""Tiles of the web: how they are numbered, and what they are called."""

import re
from typing import NamedTuple

TILES_CRS = 'EPSG:3857'
HALF_WORLD = 20037508.342789244  # metres from the centre of web tiles to their edge
SERVICES = ('XYZ', 'TMS', 'WMTS')
_PLACE = re.compile(r'\{(?:z|x|y|-y)\}')


class Tile(NamedTuple):
    """A tile of the web's grid, counted from its north-western corner."""

    z: int
    x: int
    y: int

    @property
    def y_from_south(self) -> int:
        """The row counted from the south, as in TMS."""
        return int((1 << self.z) - 1 - self.y)


def is_template(uri: str) -> bool:
    """Whether a URI stands for many tiles."""
    return '{x}' in uri


def tile_uri(template: str, tile: Tile) -> str:
    """The URI of a tile."""
    values = {'{z}': tile.z, '{x}': tile.x, '{y}': tile.y, '{-y}': tile.y_from_south}
    return _PLACE.sub(lambda match: str(values[match.group()]), template)


def is_tile_service(uri: str) -> bool:
    """Whether a URI names tiles: `XYZ:`, `TMS:` or `WMTS:`, and what follows."""
    return uri.partition(':')[0].upper() in SERVICES and ':' in uri
