"""Features of vector tiles."""

import logging
from collections.abc import Sequence
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from rastervision.core.data.crs_transformer.image_crs import in_image_crs
from rastervision.core.data.features import Features, GeoJSON
from rastervision.core.data.vector_source.placement import Place
from rastervision.core.data.vector_source.regions import region_bounds
from rastervision.core.data.vector_source.tiles import MVT_ID, all_tiles, fetch_tiles, read_tiles, tiles_in
from rastervision.core.data.vector_source.vector_file import GEOJSON_CRS
from rastervision.core.data.vector_source.vector_file_source import to_crs
from rastervision.core.data.vector_source.vector_source import VectorSource
from rastervision.core.data.web_tiles import HALF_WORLD, TILES_CRS, Tile, is_template
from rastervision.pipeline.errors import ArgumentError, DataError
from rastervision.pipeline.masking import mask
from rastervision.pipeline.overriding import is_overridden

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.vector_transformer.vector_transformer import VectorTransformer

log = logging.getLogger(__name__)

LEAST_EXTENT = 4096  # steps of the grid that a tile's coordinates are rounded to
SNAP_STEPS = 1.5
STEPS_IN_TILE = 1 << 20  # coordinates are rounded to this part of a tile, so that edges of neighbours are the same


class VectorTileSource(VectorSource):
    """Features of vector tiles (Mapbox Vector Tiles, `.mvt` or `.pbf`, gzipped or not) of one zoom.

    Only tiles that touch the windows or the bbox asked for are fetched, some at a time; remote ones are kept in the
    cache. Tiles that do not exist are empty. Features that tiles have cut in pieces are joined again, as far as tiles
    were read. Reading costs a file and a few milliseconds for each tile.
    """

    def __init__(
        self,
        uri: str,
        crs_transformer: 'CRSTransformer',
        zoom: int,
        vector_transformers: 'Sequence[VectorTransformer]' = (),
        bbox: 'Box | None' = None,
        *,
        id_field: str | None = None,
        layer: str | None = None,
    ) -> None:
        """Make a source.

        Args:
            uri: A template such as `https://tiles.example.com/{z}/{x}/{y}.mvt`, local or remote, or an `.mbtiles` file.
                `{-y}` is the row counted from the south.
            crs_transformer: Between map and pixel coordinates of the scene.
            zoom: Which tiles to read, of those that there are.
            vector_transformers: What is done to the features, in this order.
            bbox: Only features that intersect this box, in pixel coordinates, are given. None: all of them.
            id_field: Property that pieces of a feature share. None: the number of the feature in the tile, if any.
                Features without it are left in pieces.
            layer: The layer to read. None: all.
        """
        super().__init__(crs_transformer, vector_transformers, bbox)
        self.uri, self.zoom = uri, zoom
        self.id_field, self.layer = id_field, layer

    def __repr__(self) -> str:
        return f'VectorTileSource(uri={self.uri!r}, zoom={self.zoom}, bbox={self._bbox!r})'

    def _get_geojson(self) -> GeoJSON:
        return self._read(self._all_tiles, self.crs_transformer).to_geojson()

    @property
    def _placed_by(self) -> 'CRSTransformer':
        return self.crs_transformer if self._reads_geojson else in_image_crs(self.crs_transformer)

    @property
    def _reads_geojson(self) -> bool:
        """Whether a subclass has its own way to read GeoJSON, which is then what counts."""
        return is_overridden(self, '_get_geojson', base=VectorTileSource)

    def _read_features(self) -> Features:
        if self._reads_geojson:
            return super()._read_features()
        return self._read(self._all_tiles, self._placed_by)

    @property
    def _all_tiles(self) -> list[Tile]:
        if is_template(self.uri):
            raise ArgumentError(
                f'{self.uri!r} stands for tiles of the whole world. Say which to read by bbox, or ask for a window.'
            )
        return all_tiles(self.uri, self.zoom)

    def _read_features_in(self, region: 'Box') -> Features | None:
        if self._reads_geojson:
            return None
        placed_by = self._placed_by
        bounds = region_bounds(region, placed_by, _crs_of(placed_by), TILES_CRS)
        if bounds is None:
            raise DataError(f'{region!r} of the scene is outside what web tiles such as {self.uri!r} cover.')
        return self._read(tiles_in(bounds, self.zoom), placed_by)

    def _place(self) -> Place | None:
        """Where the tiles are; None for a template, which stands for tiles of the whole world."""
        if self._reads_geojson:
            return super()._place()
        if is_template(self.uri):
            return None
        tiles = all_tiles(self.uri, self.zoom)
        size = 2 * HALF_WORLD / 2**self.zoom
        west, east = (edge(tile.x for tile in tiles) for edge in (min, max))
        north, south = (edge(tile.y for tile in tiles) for edge in (min, max))
        bounds = (
            west * size - HALF_WORLD,
            HALF_WORLD - (south + 1) * size,
            (east + 1) * size - HALF_WORLD,
            HALF_WORLD - north * size,
        )
        return Place(len(tiles), bounds, TILES_CRS, 'tiles')

    def _read(self, tiles: list[Tile], to: 'CRSTransformer') -> Features:
        """Features of tiles in the map coordinates of a transformer."""
        found = list(fetch_tiles(self.uri, tiles))
        if not found:
            log.warning('None of the %d tiles of %r at zoom %d exists.', len(tiles), mask(self.uri), self.zoom)
        parts = read_tiles(found, self.layer, self.uri)
        keys = [self._key(name, properties) for name, features in parts for properties in features.properties]
        joined = join_pieces(
            Features.concatenate(features for _, features in parts), keys, 2 * HALF_WORLD / 2**self.zoom / STEPS_IN_TILE
        )
        return to_crs(joined, TILES_CRS, _crs_of(to), self.uri) if len(joined) else joined

    def _key(self, layer: str, properties: dict[str, Any]) -> Any:
        id_ = properties.get(MVT_ID if self.id_field is None else self.id_field)
        return None if id_ is None else (layer, id_)


def _crs_of(crs_transformer: 'CRSTransformer') -> Any:
    return crs_transformer.map_crs or GEOJSON_CRS


def join_pieces(features: Features, keys: Sequence[Any], grid_size: float) -> Features:
    """Join features with the same key to one, in the place and with the properties of the first.

    Costs a union for each key that several features have.

    Args:
        features: The pieces.
        keys: The key of each, or None: it stays as it is.
        grid_size: Coordinates of joined features are rounded to multiples of this.

    Returns:
        The features, with the second part of the key, if any, as id.
    """
    groups: dict[Any, list[int]] = {}
    for index, key in enumerate(keys):
        groups.setdefault(index if key is None else key, []).append(index)
    firsts = np.array([indices[0] for indices in groups.values()], dtype=int)
    geometries = np.empty(len(groups), dtype=object)
    for place, indices in enumerate(groups.values()):
        pieces = features.geometries[indices]
        geometries[place] = pieces[0] if len(indices) == 1 else _union(pieces, grid_size)
    ids = [key[1] if isinstance(key, tuple) else None for key in groups]
    properties = [features.properties[first] for first in firsts.tolist()]
    return Features(geometries, properties, ids)


def _union(pieces: np.ndarray, grid_size: float) -> Any:
    if shapely.get_dimensions(pieces).max() == 1:
        tolerance = SNAP_STEPS * STEPS_IN_TILE / LEAST_EXTENT * grid_size
        return reduce(partial(_join_lines, tolerance=tolerance), pieces)
    return shapely.union_all(shapely.make_valid(pieces), grid_size=grid_size)


def _join_lines(line: Any, other: Any, *, tolerance: float) -> Any:
    """One line of two, whose ends may be a step of the tiles' grid apart."""
    return shapely.line_merge(shapely.union(line, shapely.snap(other, shapely.boundary(line), tolerance)))
