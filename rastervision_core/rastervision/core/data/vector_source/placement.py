"""Whether features lie in an image, and if not, what may be wrong with them."""

import logging
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from rastervision.core.box import Box
from rastervision.core.data.features import Features
from rastervision.core.data.vector_source.regions import Bounds
from rastervision.core.defaults import MAP_CRS
from rastervision.pipeline.errors import DataError, RasterVisionError

if TYPE_CHECKING:
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer

log = logging.getLogger(__name__)

WEB_CRS = 'EPSG:3857'
FAR = 3  # times the size of the image, or of the extent of the features
SPECK = 0.03
DEGREES = (-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True)
class Place:
    """Where features lie.

    Attributes:
        count: How many there are.
        bounds: (xmin, ymin, xmax, ymax) of all of them, in `crs`.
        crs: Their CRS. None: that of the map, or pixels.
        kind: What they are.
        remedy: How to say in which CRS they are, if it is another.
    """

    count: int
    bounds: Bounds
    crs: Any = None
    kind: str = 'features'
    remedy: str = 'Say so in the file, or with crs of a VectorFileSourceConfig.'


@dataclass(frozen=True)
class Image:
    """Where an image lies.

    Attributes:
        bbox: The image, or the part of it that is used, in pixels.
        crs_transformer: Between pixels and the map.
    """

    bbox: Box
    crs_transformer: 'CRSTransformer'

    @property
    def is_georeferenced(self) -> bool:
        """Whether its pixels have a place on a map."""
        return self.crs_transformer.transform is not None or self.crs_transformer.map_crs is not None

    @property
    def map_crs(self) -> Any:
        """The CRS of map coordinates."""
        return self.crs_transformer.map_crs

    def pixels_of(self, bounds: Bounds, crs: Any) -> Box | None:
        """Bounds in a CRS as a box of pixels; None if they are none."""
        try:
            map_bounds = _transform(bounds, crs, self.map_crs)
            xmin, ymin, xmax, ymax = map_bounds
            found = self.crs_transformer.to_pixels(Box(ymin, xmin, ymax, xmax))  # type: ignore[arg-type]
        except (RasterVisionError, CRSError, ProjError):
            return None
        return found if np.isfinite(list(found)).all() else None

    def bounds_in(self, crs: Any) -> Bounds | None:
        """Its bounds in a CRS; None if it has none there."""
        try:
            ymin, xmin, ymax, xmax = self.crs_transformer.to_map(self.bbox)
            bounds = _transform((xmin, ymin, xmax, ymax), self.map_crs, crs)
        except (RasterVisionError, CRSError, ProjError):
            return None
        return bounds if np.isfinite(bounds).all() else None

    def distance_to(self, box: Box) -> float:
        """How far away a box is, in pixels."""
        return _distance(self.bbox, box)


def check_they_meet(features: Features, place: Callable[[], Place | None], image: Image, what: str) -> None:
    """See that features lie in an image, if there are any.

    Those of a region may leave out an image in it or beside it; that is only worth a warning. It is an error if they
    are much farther away than they and the image are large, or outside the image and would lie in it if they were read
    in another way, or above an image that has no place on a map.

    Args:
        features: Among which are all that intersect the image, in pixels.
        place: Finds out where all features are; None if that cannot be known. Only asked if none is in the image.
        image: The image.
        what: Where they come from, for messages.

    Raises:
        DataError: With both extents and what may be wrong.
    """
    if len(features.intersecting(image.bbox)):
        if not image.is_georeferenced and _are_tiny(features):
            raise DataError(
                f'All {len(features)} features of {what} are smaller than a pixel: {_shown(_place_of(features))}. The '
                'image has no georeference, so these are taken as pixels. Are they degrees, or coordinates on a map? '
                'Use an image with a georeference, or coordinates in pixels, y downwards.'
            )
        return
    found = place()
    if found is None or found.count == 0:
        log.warning('%s has no features for the image, which is taken to mean that there is nothing in it.', what)
        return
    box = image.pixels_of(found.bounds, found.crs)
    size = (
        _size(image.bbox) if box is None or next(_guesses(found, image), None) else max(_size(box), _size(image.bbox))
    )
    near = box is not None and image.distance_to(box) <= FAR * size
    if near and (image.is_georeferenced or found.bounds[3] > 0):
        log.warning('None of the %d %s of %s is in the image. %s', found.count, found.kind, what, explain(found, image))
        return
    way_out = ' If there is nothing to label in the image, give it a file without features.'
    raise DataError(
        f'None of the {found.count} {found.kind} of {what} is in or near the image. {explain(found, image)}{way_out}'
    )


def explain(place: Place, image: Image) -> str:
    """Both extents, and what may be wrong."""
    crs = place.crs or image.map_crs
    covered = image.bounds_in(crs) if image.is_georeferenced else None
    if covered is None:
        covers = f'the image is {_ranges(_bounds_of(image.bbox))} in pixels'
    else:
        covers = f'the image {_ranges(covered)} there'
    guesses = list(_guesses(place, image))
    if guesses:
        return f'They cover {_shown(place)}, {covers}. {" Or: ".join(guesses)}'
    return f'They cover {_shown(place)}, {covers}. Check the CRS of both, and that they are about the same place.'


def _guesses(place: Place, image: Image) -> Iterator[str]:
    """Ways to read the coordinates by which they would lie in the image."""
    xmin, ymin, xmax, ymax = place.bounds
    crs = place.crs or image.map_crs
    are_degrees = xmin >= DEGREES[0] and ymin >= DEGREES[1] and xmax <= DEGREES[2] and ymax <= DEGREES[3]
    if _meets(image, image.pixels_of((ymin, xmin, ymax, xmax), crs)):
        yield 'Are x and y (longitude and latitude) swapped?'
    if _fills(image, Box(-ymax, xmin, -ymin, xmax)):  # type: ignore[arg-type]
        yield 'Are these pixels, with y negative, as QGIS shows images without georeference? Turn the sign of y.'
    if not image.is_georeferenced:
        kind = 'degrees' if are_degrees else 'coordinates on a map'
        yield f'The image has no georeference, so these are taken as pixels. Are they {kind}?'
        return
    if _fills(image, Box(ymin, xmin, ymax, xmax)):  # type: ignore[arg-type]
        yield 'Are these pixels of the image? It is georeferenced, so coordinates on the map are needed.'
    for other in (image.crs_transformer.image_crs, MAP_CRS, WEB_CRS):
        possible = (
            other is not None and not _same(other, crs) and CRS.from_user_input(other).is_geographic == are_degrees
        )
        if possible and _meets(image, image.pixels_of(place.bounds, other)):
            yield f'Are they in {crs_name(other)}? {place.remedy}'
            return


def _fills(image: Image, box: Box) -> bool:
    """Whether a box of pixels is in an image, and not just a speck of it, as degrees would be."""
    return box in image.bbox and min(box.size) >= SPECK * min(image.bbox.size)


def _meets(image: Image, box: Box | None) -> bool:
    return box is not None and _distance(image.bbox, box) == 0


def _are_tiny(features: Features) -> bool:
    """Whether all features, and all points together, are smaller than a pixel."""
    bounds = shapely.bounds(features.geometries)
    sizes = (bounds[:, 2:] - bounds[:, :2]).max(axis=1)
    if (sizes >= 1).any():
        return False
    together = np.array(shapely.total_bounds(features.geometries))
    return bool((sizes > 0).any() or (len(features) > 1 and (together[2:] - together[:2] < 1).all()))


def _place_of(features: Features) -> Place:
    xmin, ymin, xmax, ymax = shapely.total_bounds(features.geometries).tolist()
    return Place(len(features), (xmin, ymin, xmax, ymax))


def join_places(places: Iterable[Place], map_crs: Any) -> Place | None:
    """The place of several together; None if there are none. In the CRS of the map if theirs differ."""
    found = [place for place in places if place.count]
    if not found:
        return None
    crs = found[0].crs
    if not all(_same(place.crs, crs) for place in found):
        found, crs = [replace(place, bounds=_transform(place.bounds, place.crs, map_crs)) for place in found], map_crs
    xmin, ymin, xmax, ymax = zip(*(place.bounds for place in found), strict=True)
    bounds = (min(xmin), min(ymin), max(xmax), max(ymax))
    return Place(sum(place.count for place in found), bounds, crs, found[0].kind)


def _transform(bounds: Bounds, crs: Any, other: Any) -> Bounds:
    if crs is None or other is None or _same(crs, other):
        return bounds
    transformer = Transformer.from_crs(crs, other, always_xy=True)
    xmin, ymin, xmax, ymax = bounds
    xs, ys = np.meshgrid(np.linspace(xmin, xmax, 5), np.linspace(ymin, ymax, 5))
    x, y = transformer.transform(xs, ys)
    return float(np.min(x)), float(np.min(y)), float(np.max(x)), float(np.max(y))


def _same(crs: Any, other: Any) -> bool:
    if crs is None or other is None:
        return crs is other
    return CRS.from_user_input(crs).equals(CRS.from_user_input(other), ignore_axis_order=True)


def _distance(a: Box, b: Box) -> float:
    dy, dx = max(a.ymin - b.ymax, b.ymin - a.ymax, 0), max(a.xmin - b.xmax, b.xmin - a.xmax, 0)
    return math.hypot(dy, dx)


def _size(box: Box) -> float:
    return math.hypot(*box.size)


def _bounds_of(box: Box) -> Bounds:
    return box.xmin, box.ymin, box.xmax, box.ymax


def _shown(place: Place) -> str:
    return f'{_ranges(place.bounds)}{"" if place.crs is None else f" ({crs_name(place.crs)})"}'


def _ranges(bounds: Bounds) -> str:
    xmin, ymin, xmax, ymax = (f'{value:.9g}' for value in bounds)
    return f'x {xmin} to {xmax}, y {ymin} to {ymax}'


def crs_name(crs: Any) -> str:
    """What a CRS is called in messages: its code, or its name if it has none."""
    found = CRS.from_user_input(crs)
    authority = found.to_authority()
    return ':'.join(authority) if authority else found.name
