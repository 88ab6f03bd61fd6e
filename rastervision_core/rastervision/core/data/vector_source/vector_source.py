"""The interface of where features come from."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from rastervision.core.box import Box
from rastervision.core.data.features import Features, GeoJSON
from rastervision.core.data.geojson import features_to_geodataframe
from rastervision.pipeline.errors import LabelError

if TYPE_CHECKING:
    import geopandas as gpd

    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.vector_transformer.vector_transformer import VectorTransformer

log = logging.getLogger(__name__)

MAX_NAMES_SHOWN = 10


class VectorSource(ABC):
    """Gives features in pixel coordinates of a scene.

    What the source holds is read once, cleaned (see `sanitize_features`) and indexed. A call then selects features,
    whole, that intersect the window and the bbox, and passes them through the transformers. So a call with a window
    costs O(log n + features in the window).
    """

    def __init__(
        self,
        crs_transformer: 'CRSTransformer',
        vector_transformers: 'Sequence[VectorTransformer]' = (),
        bbox: Box | None = None,
    ) -> None:
        """Make a source.

        Args:
            crs_transformer: Between map and pixel coordinates of the scene.
            vector_transformers: What is done to the features, in this order.
            bbox: Only features that intersect this box, in pixel coordinates, are given. None: all of them.
        """
        self.crs_transformer = crs_transformer
        self.vector_transformers = list(vector_transformers)
        self._bbox = bbox

    # ------------------------------------------------------------------- reading
    @abstractmethod
    def _get_geojson(self) -> GeoJSON:
        """Read all features, in map coordinates."""

    def _read_features(self) -> Features:
        """Read all features, in map coordinates. Subclasses that read arrays override this too."""
        return Features.from_geojson(self._get_geojson())

    def get_features(self, window: Box | None = None, to_map_coords: bool = False) -> Features:
        """Features that intersect a window; the other `get_...` give the same in other forms.

        Args:
            window: In pixel coordinates. None: all features (that intersect the bbox).
            to_map_coords: Whether to give map instead of pixel coordinates. All but the result is in pixels.

        Returns:
            Features with one Point, LineString or valid Polygon each, unless a transformer makes others.
        """
        features = self._all if window is None else self._transform(self._select(window))
        if to_map_coords:
            return features.with_geometries(self.crs_transformer.pixel_to_map(features.geometries))
        return features

    def get_geojson(self, window: Box | None = None, to_map_coords: bool = False) -> GeoJSON:
        """Features that intersect a window, as a FeatureCollection; see `get_features`."""
        return self.get_features(window, to_map_coords).to_geojson()

    def get_geoms(self, window: Box | None = None, to_map_coords: bool = False) -> list[BaseGeometry]:
        """Geometries that intersect a window, as a list; see `get_features`."""
        return list(self.get_features(window, to_map_coords).geometries)

    def get_dataframe(self, window: Box | None = None, to_map_coords: bool = False) -> 'gpd.GeoDataFrame':
        """Features that intersect a window, as a GeoDataFrame; see `get_features`."""
        return features_to_geodataframe(self.get_features(window, to_map_coords))

    @property
    def extent(self) -> Box:
        """The smallest box of whole pixels around all features."""
        return self._all.extent

    @property
    def bbox(self) -> Box:
        """The bbox, in pixel coordinates; the extent if none was given."""
        return self.extent if self._bbox is None else self._bbox

    def check_some_have_a_class(self) -> None:
        """See that there are labels left after class inference, if there were any before.

        Raises:
            LabelError: If none is, with what the features have instead of a class that is known.
        """
        before = self._pixels if self._bbox is None else self._select(self._bbox)
        if len(before) == 0 or len(self._all) > 0:
            return
        names = {str(p[key]) for p in before.properties for key in ('class_name', 'label') if p.get(key) is not None}
        keys = sorted({key for properties in before.properties for key in properties})
        raise LabelError(
            f'None of the {len(before)} features of {self!r} has a class. Class names found: '
            f'{sorted(names)[:MAX_NAMES_SHOWN]!r}; properties found: {keys[:MAX_NAMES_SHOWN]!r}. Check the names in '
            'ClassConfig, or set default_class_id, class_id_to_filter or class_name_mapping of a '
            'ClassInferenceTransformerConfig.'
        )

    # ------------------------------------------------------------------ internals
    @cached_property
    def _pixels(self) -> Features:
        """All features, clean, in pixel coordinates, not transformed."""
        return sanitize_features(self._read_features(), self.crs_transformer)

    @cached_property
    def _all(self) -> Features:
        """The features that intersect the bbox, transformed."""
        return self._transform(self._pixels if self._bbox is None else self._select(self._bbox))

    def _select(self, window: Box) -> Features:
        chosen = self._pixels.intersecting(window)
        if self._bbox is not None:
            chosen = np.intersect1d(chosen, self._pixels.intersecting(self._bbox), assume_unique=True)
        return self._pixels.take(chosen)

    def _transform(self, features: Features) -> Features:
        for transformer in self.vector_transformers:
            features = transformer.transform_features(features, self.crs_transformer)
        return features


def sanitize_features(features: Features, crs_transformer: 'CRSTransformer') -> Features:
    """Make features that can be worked with of those in a file.

    Empty ones are left out, coordinates become pixels, each gets one Point, LineString or Polygon, and polygons are
    made valid (see `Features.with_valid_polygons`); what is left of a polygon may be several features, or none. Costs
    a few calls for all features, and a second one for invalid polygons only.

    Args:
        features: In map coordinates.
        crs_transformer: From map to pixel coordinates.

    Returns:
        In pixel coordinates.
    """
    features = features.without_empty()
    if len(features) == 0:
        return features
    clean = features.with_geometries(crs_transformer.map_to_pixel(features.geometries)).split().with_valid_polygons()
    invalid = np.count_nonzero(~shapely.is_valid(clean.geometries))
    if invalid:
        log.warning('%d of %d geometries are invalid even after cleaning.', invalid, len(clean))
    return clean


def sanitize_geojson(geojson: GeoJSON, crs_transformer: 'CRSTransformer', to_map_coords: bool = False) -> GeoJSON:
    """`sanitize_features` for GeoJSON; with `to_map_coords`, the result is in map coordinates."""
    features = sanitize_features(Features.from_geojson(geojson), crs_transformer)
    if to_map_coords:
        features = features.with_geometries(crs_transformer.pixel_to_map(features.geometries))
    return features.to_geojson()
