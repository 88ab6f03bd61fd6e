"""The interface of where features come from."""

import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from rastervision.core.box import Box
from rastervision.core.data.features import Features, GeoJSON
from rastervision.core.data.geojson import features_to_geodataframe, geodataframe_to_features
from rastervision.core.data.vector_source.antimeridian import at_all_turns
from rastervision.core.data.vector_source.damage import reading
from rastervision.core.data.vector_source.placement import Image, Place, check_they_meet, explain
from rastervision.core.data.vector_transformer.vector_transformer import apply_transformer, reach_of
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import DataError, LabelError, NotMappableError, about
from rastervision.pipeline.overriding import is_overridden_later

if TYPE_CHECKING:
    import geopandas as gpd

    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.vector_transformer.vector_transformer import VectorTransformer

lazy.also_give(
    __name__,
    'rastervision.core.data.geojson: all_geoms_valid filter_geojson_to_window geojson_to_geodataframe '
    'geojson_to_geoms get_geojson_extent map_to_pixel_coords pixel_to_map_coords remove_empty_features '
    'simplify_polygons split_multi_geometries',
)

log = logging.getLogger(__name__)

MAX_NAMES_SHOWN = 10
FORMS = 'get_dataframe', 'get_geojson'  # in which subclasses may give features, the one most asked for first
# Features are read this far around what is asked for first, since windows reach over the edges of a scene, in pixels.
FIRST_MARGIN = 512


@dataclass(frozen=True)
class _Part:
    """What was read of a source that reads parts: at least what intersects a region.

    Attributes:
        region: The region, in pixels.
        pixels: Clean features in pixel coordinates.
        transformed: The same after the transformers.
    """

    region: Box
    pixels: Features
    transformed: Features


class VectorSource(ABC):
    """Gives features in pixel coordinates of a scene.

    What the source holds is read once, cleaned (see `sanitize_features`) and indexed. A call then selects features,
    whole, that intersect the window and the bbox, and passes them through the transformers. So a call with a window
    costs O(log n + features in the window).

    A source that can read parts (see `_read_features_in`) reads only what lies around the windows or the bbox that it
    is asked for, with the same results. The part grows as needed, so that reading costs O(features around) in all.

    What a subclass has in the place of `get_geojson` or `get_dataframe` is what all others get their features by, label
    sources too; it is asked for all of them at once.
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
            vector_transformers: What is done to the features, in this order; but what gives them classes comes before
                what needs these.
            bbox: Only features that intersect this box, in pixel coordinates, are given. None: all of them.
        """
        self.crs_transformer = crs_transformer
        self.vector_transformers = _classes_first(vector_transformers)
        self._bbox = bbox
        self._part: _Part | None = None
        self._met: Box | None = None

    # ------------------------------------------------------------------- reading
    @abstractmethod
    def _get_geojson(self) -> GeoJSON:
        """Read all features, in map coordinates."""

    @property
    def _placed_by(self) -> 'CRSTransformer':
        """Between pixels and the coordinates that features are read in: those of the map."""
        return self.crs_transformer

    def _read_features(self) -> Features:
        """Read all features, in the coordinates of `_placed_by`. Subclasses that read arrays override both."""
        return Features.from_geojson(self._get_geojson())

    def _read_features_in(self, region: Box) -> Features | None:
        """Read features of a part, as `_read_features` does.

        Args:
            region: In pixels. The result has at least all features that intersect it; the order is that of all.

        Returns:
            The features, or None if the source reads only everything.
        """
        return None

    def get_features(self, window: Box | None = None, to_map_coords: bool = False) -> Features:
        """Features that intersect a window; the other `get_...` give the same in other forms.

        Args:
            window: In pixel coordinates. None: all features (that intersect the bbox).
            to_map_coords: Whether to give map instead of pixel coordinates. All but the result is in pixels.

        Returns:
            Features with one Point, LineString or valid Polygon each, unless a transformer makes others.
        """
        if window is None and not to_map_coords:
            return self._everything
        return self._features_by(self._feeders, window, to_map_coords)

    def features_around(self, region: Box) -> Features:
        """Features among which are all that intersect a region, transformed; for those who then look closer.

        For regions that lie in the one of an earlier call, the same object is given, with its index. Other than
        `get_features(window)`, this knows how far transformers move and widen features; if one does not say, or there
        is a bbox, or the source cannot read parts, these are the features of `get_features()`.

        Args:
            region: In pixel coordinates.
        """
        reach = self._reach(region)
        whole = self._bbox is not None or reach is None or bool(self._feeders)
        part = None if whole or reach is None else self._part_around(region, reach)
        return self._everything if part is None else part.transformed

    def get_geojson(self, window: Box | None = None, to_map_coords: bool = False) -> GeoJSON:
        """Features that intersect a window, as a FeatureCollection; see `get_features`."""
        if is_overridden_later(self, 'get_features', than=FORMS):
            return self.get_features(window, to_map_coords).to_geojson()
        return self._features_by((), window, to_map_coords).to_geojson()

    def get_geoms(self, window: Box | None = None, to_map_coords: bool = False) -> list[BaseGeometry]:
        """Geometries that intersect a window, as a list; see `get_features`."""
        return list(self.get_features(window, to_map_coords).geometries)

    def get_dataframe(self, window: Box | None = None, to_map_coords: bool = False) -> 'gpd.GeoDataFrame':
        """Features that intersect a window, as a GeoDataFrame; see `get_features`."""
        if is_overridden_later(self, 'get_features', than=FORMS):
            return features_to_geodataframe(self.get_features(window, to_map_coords))
        feeders = [name for name in self._feeders if name != 'get_dataframe']
        return features_to_geodataframe(self._features_by(feeders, window, to_map_coords))

    @property
    def __geo_interface__(self) -> GeoJSON:
        """All features, as `geopandas.GeoDataFrame.from_features` takes them."""
        return self.get_geojson()

    @property
    def extent(self) -> Box:
        """The smallest box of whole pixels around all features."""
        return self._everything.extent

    @property
    def bbox(self) -> Box:
        """The bbox, in pixel coordinates; the extent if none was given."""
        return self.extent if self._bbox is None else self._bbox

    def check_some_have_a_class(self, region: Box | None = None) -> None:
        """See that there are labels left after class inference, if there were any before.

        Args:
            region: Where labels are needed, in pixels. If the source reads only a part for it, nothing is checked:
                other labels may have a class. None: everywhere.

        Raises:
            LabelError: If none is, with what the features have instead of a class that is known.
        """
        if self._feeders or (region is not None and self.features_around(region) is not self._held):
            return
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

    def check_meets(self, bbox: Box) -> None:
        """See that there are features in a scene, if there are any at all; see `check_they_meet`.

        Args:
            bbox: The scene, or the part of it that is used, in pixels.

        Raises:
            DataError: If they lie somewhere else, with both extents and what may be wrong.
            LabelError: If a transformer, such as a negative buffer, leaves nothing of all features.
        """
        if bbox == self._met:
            return
        image = Image(bbox, self.crs_transformer)
        try:
            features = self.features_around(bbox)
        except NotMappableError as error:
            place = self.place()
            raise error if place is None else DataError(f'{self!r}: {error} {explain(place, image)}') from error
        if not self._are_emptied(features, bbox):
            check_they_meet(features, self.place, image, f'{self!r}')
        self._met = bbox

    def _are_emptied(self, features: Features, bbox: Box) -> bool:
        """Whether a transformer, such as a negative buffer, left nothing of the features in a scene; then it warns.

        Args:
            features: Transformed ones around the scene.
            bbox: The scene.

        Raises:
            LabelError: If there are no others anywhere.
        """
        empty = shapely.is_empty(features.geometries)
        if self._feeders or not empty.any() or len(features.intersecting(bbox)):
            return False
        here = self._select(bbox)
        for transformer in self.vector_transformers:
            before, here = here, apply_transformer(transformer, here, self.crs_transformer)
            if len(here) and shapely.is_empty(here.geometries).all():
                count = len(before)
                message = (
                    f'{type(transformer).__name__} empties {count} of {count} features of {self!r} that are in the '
                    'image. A negative buffer, in pixels, removes what is not twice as wide: use one nearer to 0.'
                )
                if features is self._held and empty.all():
                    raise LabelError(message)
                log.warning('%s', message)
                return True
        return False

    def _place(self) -> Place | None:
        """Where all features are; None if that cannot be known. Subclasses that need not read them override this."""
        features = self._pixels
        if not len(features):
            return None
        box = self.crs_transformer.to_map(Box.from_shapely(shapely.box(*shapely.total_bounds(features.geometries))))
        return Place(len(features), (box.xmin, box.ymin, box.xmax, box.ymax), self.crs_transformer.map_crs)

    def place(self) -> Place | None:
        """Where all features are; None if that cannot be known."""
        with reading(self._files_read):
            return self._place()

    def naming_files(self) -> AbstractContextManager[None]:
        """A context in which errors name the files that features come from."""
        return about(', '.join(self._files_read), others=self._files_read)

    # ------------------------------------------------------------------ internals
    @property
    def _files_read(self) -> list[str]:
        """The files that features come from, for messages."""
        uris = getattr(self, 'uris', None) or getattr(self, 'uri', None) or repr(self)
        return [uris] if isinstance(uris, str) else list(uris)

    @cached_property
    def _pixels(self) -> Features:
        """All features, clean, in pixel coordinates, not transformed."""
        with reading(self._files_read):
            return sanitize_features(self._read_features(), self._placed_by)

    @property
    def _feeders(self) -> list[str]:
        """The methods that a subclass has in the place of those that give features, the one that counts first."""
        return [name for name in FORMS if is_overridden_later(self, name, than=('get_features',))]

    def _features_by(self, feeders: Sequence[str], window: Box | None, to_map_coords: bool) -> Features:
        """Features that intersect a window, by the first of some methods, or by this class' own means."""
        if feeders:
            given = getattr(self, feeders[0])(window, to_map_coords)
            return geodataframe_to_features(given) if feeders[0] == 'get_dataframe' else Features.from_geojson(given)
        features = self._all if window is None else self._transform(self._select(window))
        if to_map_coords:
            return features.with_geometries(self.crs_transformer.to_map(features.geometries))
        return features

    @cached_property
    def _everything(self) -> Features:
        """All features that intersect the bbox, transformed, by whatever gives them."""
        return self._features_by(self._feeders, None, False)

    @cached_property
    def _all(self) -> Features:
        """The features that intersect the bbox, transformed."""
        return self._transform(self._pixels if self._bbox is None else self._select(self._bbox))

    @property
    def _held(self) -> Features | None:
        """`_all` if it has been asked for."""
        held: Features | None = self.__dict__.get('_all')
        return held

    def _select(self, window: Box) -> Features:
        part = self._part_around(window if self._bbox is None else self._bbox)
        pixels = self._pixels if part is None else part.pixels
        chosen = pixels.intersecting(window)
        if self._bbox is not None:
            chosen = np.intersect1d(chosen, pixels.intersecting(self._bbox), assume_unique=True)
        return pixels.take(chosen)

    def _reach(self, region: Box) -> float | None:
        """How far features around a region can come, in pixels, by all transformers; None if not known."""
        reaches = [reach_of(transformer, region, self.crs_transformer) for transformer in self.vector_transformers]
        known = [reach for reach in reaches if reach is not None]
        return sum(known) if len(known) == len(reaches) else None

    def _part_around(self, region: Box, reach: float = 0) -> _Part | None:
        """The part that has all features that come to intersect a region; None if everything is read, or to be."""
        if '_pixels' in self.__dict__:
            return None
        region = _grow(region, math.ceil(reach))
        if self._part is None:
            wanted = _grow(region, FIRST_MARGIN)
        elif _contains(self._part.region, region):
            return self._part
        else:
            wanted = _union(self._part.region, region)
            wanted = _grow(wanted, max(wanted.size) // 2)
        with reading(self._files_read):
            features = self._read_features_in(wanted)
            if features is None:
                return None
            pixels = sanitize_features(features, self._placed_by)
        self._part = _Part(wanted, pixels, self._transform(pixels))
        return self._part

    def _transform(self, features: Features) -> Features:
        try:
            for transformer in self.vector_transformers:
                features = apply_transformer(transformer, features, self.crs_transformer)
        except LabelError as error:
            raise LabelError(f'{self!r}: {error}') from error
        return features


def sanitize_features(features: Features, crs_transformer: 'CRSTransformer') -> Features:
    """Make features that can be worked with of those in a file.

    Empty ones are left out, and with a warning those with infinite coordinates or so far away that they have no pixel
    coordinates. Coordinates become pixels, each gets one Point, LineString or Polygon, and polygons are
    made valid (see `Features.with_valid_polygons`); what is left of a polygon may be several features, or none. Costs
    a few calls for all features, and a second one for invalid polygons only.

    Args:
        features: In map coordinates.
        crs_transformer: From map to pixel coordinates.

    Returns:
        In pixel coordinates.
    """
    features = features.without_empty()
    finite = features.with_finite_coordinates()
    if len(finite) < len(features):
        log.warning(
            '%d of %d features have infinite coordinates and are left out.', len(features) - len(finite), len(features)
        )
    if len(finite) == 0:
        return finite
    clean = _to_pixels(finite, crs_transformer).split().without_empty()
    invalid = 0
    if not shapely.is_valid(clean.geometries).all():
        clean = clean.with_valid_polygons()
        invalid = int(np.count_nonzero(~shapely.is_valid(clean.geometries)))
    turn, width = getattr(crs_transformer, 'turn', None), getattr(crs_transformer, 'width', None)
    if turn is not None and width is not None and len(clean):
        clean = at_all_turns(clean, turn, width)
    if invalid:
        log.warning('%d of %d geometries are invalid even after cleaning.', invalid, len(clean))
    return clean


def _to_pixels(features: Features, crs_transformer: 'CRSTransformer') -> Features:
    """Features in pixel coordinates; those that are so far away that they have none are left out.

    Raises:
        DataError: If that is all of them.
    """
    try:
        return features.with_geometries(crs_transformer.to_pixels(features.geometries))
    except DataError:
        coordinates, owners = shapely.get_coordinates(features.geometries, return_index=True)
        near = np.ones(len(features), dtype=bool)
        near[owners[~crs_transformer.is_mappable(*coordinates.T)]] = False
        if not near.any() or near.all():
            raise
    log.warning(
        '%d of %d features are too far from the image and are left out.', np.count_nonzero(~near), len(features)
    )
    chosen = features.take(near)
    return chosen.with_geometries(crs_transformer.to_pixels(chosen.geometries))


def _classes_first(transformers: 'Sequence[VectorTransformer]') -> 'list[VectorTransformer]':
    """Transformers in order, but the first one that gives classes before those that need them."""
    ordered = list(transformers)
    giving = next((i for i, each in enumerate(ordered) if each.gives_classes), None)
    needing = next((i for i, each in enumerate(ordered) if each.needs_classes), None)
    if giving is not None and needing is not None and needing < giving:
        ordered.insert(needing, ordered.pop(giving))
    return ordered


def _grow(box: Box, pixels: int) -> Box:
    return box.pad(pixels, pixels, pixels, pixels)


def _contains(outer: Box, inner: Box) -> bool:
    return (
        outer.ymin <= inner.ymin and outer.xmin <= inner.xmin and outer.ymax >= inner.ymax and outer.xmax >= inner.xmax
    )


def _union(a: Box, b: Box) -> Box:
    return Box(min(a.ymin, b.ymin), min(a.xmin, b.xmin), max(a.ymax, b.ymax), max(a.xmax, b.xmax))


def sanitize_geojson(geojson: GeoJSON, crs_transformer: 'CRSTransformer', to_map_coords: bool = False) -> GeoJSON:
    """`sanitize_features` for GeoJSON; with `to_map_coords`, the result is in map coordinates."""
    features = sanitize_features(Features.from_geojson(geojson), crs_transformer)
    if to_map_coords:
        features = features.with_geometries(crs_transformer.to_map(features.geometries))
    return features.to_geojson()
