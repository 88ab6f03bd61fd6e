"""Images that are given as tiles: which services there are, and where their tiles lie."""

import math
import re
from collections.abc import Sequence

import numpy as np
from pyproj import Transformer

from rastervision.core.data.tile_grid import Bounds, TileGrid, known_crs
from rastervision.core.data.web_tiles import HALF_WORLD, TILES_CRS
from rastervision.core.data.wmts import WmtsName, open_wmts
from rastervision.core.defaults import MAX_ZOOM
from rastervision.pipeline.errors import ConfigError

PLACEHOLDER = re.compile(r'\{[^{}]*\}')
LAST_LATITUDE = math.degrees(2 * math.atan(math.exp(math.pi)) - math.pi / 2)  # of web tiles
KNOWN = ('{z}', '{x}', '{y}', '{-y}')


def service_name(uri: str) -> str:
    """A name for what a service gives, for files: the last words of the URI that are the same for all tiles."""
    kind, _, rest = uri.partition(':')
    if kind.upper() == 'WMTS':
        named = WmtsName.of(rest)
        words = [named.layer] if named.layer else re.split(r'[/?#]+', named.uri)
    else:
        words = re.split(r'[/?#]+', rest.partition('{')[0])
    plain = [re.sub(r'[^\w.-]+', '-', word).strip('-.') for word in words]
    return next((word for word in reversed(plain) if word and not word.endswith(':')), kind.lower())


def open_service(uri: str, zoom: int) -> TileGrid:
    """The tiles of a service at a zoom.

    Args:
        uri: `XYZ:` and a template with {z}, {x} and {y}, rows from the north; `TMS:` and such a template with rows from
            the south; `WMTS:` and the URI of its capabilities, `,layer=...` and `,tilematrixset=...`. Local or remote.
        zoom: The zoom; of WMTS, the place of a matrix in its set, from 0, the coarsest first.

    Raises:
        ConfigError: If it is no such URI, or has no such zoom.
        NotReadableError: If the capabilities cannot be read.
    """
    kind, _, rest = uri.partition(':')
    if kind.upper() == 'WMTS':
        return open_wmts(rest, zoom)
    return _web_grid(rest, zoom, from_south=kind.upper() == 'TMS')


def _web_grid(template: str, zoom: int, *, from_south: bool) -> TileGrid:
    unknown = [name for name in PLACEHOLDER.findall(template) if name not in KNOWN]
    if unknown:
        hint = 'Write one of the servers, such as a, in its place.' if '{s}' in unknown else 'Write what it stands for.'
        raise ConfigError(f'{template!r}: {unknown[0]} is none of {", ".join(KNOWN)}. {hint}')
    if '{z}' not in template or '{x}' not in template or ('{y}' in template) == ('{-y}' in template):
        raise ConfigError(
            f'{template!r} is no template of tiles: it needs {{z}}, {{x}} and {{y}} (or {{-y}}, rows counted from the '
            'south), as in XYZ:https://example.org/{z}/{x}/{y}.png.'
        )
    if not 0 <= zoom <= MAX_ZOOM:
        raise ConfigError(f'zoom {zoom} does not exist: it goes from 0, the whole world in a tile, to {MAX_ZOOM}.')
    if from_south:
        template = template.replace('{-y}', '{north}').replace('{y}', '{-y}').replace('{north}', '{y}')
    count, span = 1 << zoom, 2 * HALF_WORLD / (1 << zoom)
    return TileGrid(TILES_CRS, (-HALF_WORLD, HALF_WORLD), (span, span), (count, count), template, zoom)


def bounds_in(bbox: Sequence[float], bbox_crs: str, crs: str) -> Bounds:
    """A box in another CRS: the bounds of its edges, x first.

    Args:
        bbox: xmin, ymin, xmax, ymax, in units of `bbox_crs`; longitudes before latitudes. What reaches beyond the web's
            tiles, which end at 85.06 degrees, is cut.
        bbox_crs: Its CRS, such as 'EPSG:4326'.
        crs: The other CRS.

    Raises:
        ConfigError: If it is no box, has no place in the other CRS, or there is no such CRS.
    """
    xmin, ymin, xmax, ymax = bbox
    if not (np.isfinite(bbox).all() and xmin < xmax and ymin < ymax):
        raise ConfigError(
            f'bbox {tuple(bbox)!r} is no box: give xmin ymin xmax ymax (west south east north). One across the 180th '
            'meridian is two.'
        )
    source, target = known_crs(bbox_crs, 'bbox_crs'), known_crs(crs, 'CRS of the tiles')
    if source.is_geographic and target.to_epsg() == 3857:
        ymin, ymax = (float(np.clip(y, -LAST_LATITUDE, LAST_LATITUDE)) for y in (ymin, ymax))
    transformer = Transformer.from_crs(source, target, always_xy=True)
    bounds = tuple(map(float, transformer.transform_bounds(xmin, ymin, xmax, ymax, densify_pts=21)))
    if not np.isfinite(bounds).all() or bounds[0] >= bounds[2] or bounds[1] >= bounds[3]:
        raise ConfigError(f'bbox {tuple(bbox)!r} ({bbox_crs}) has no place in {target.name!r}. Check bbox_crs.')
    return bounds  # type: ignore[return-value]  # four of them
