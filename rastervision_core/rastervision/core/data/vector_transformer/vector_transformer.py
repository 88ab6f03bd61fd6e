"""The interface of what is done to the features of a vector source."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from rastervision.core.box import Box
from rastervision.core.data.features import Features, GeoJSON
from rastervision.pipeline.overriding import is_overridden, is_overridden_later

if TYPE_CHECKING:
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer

FORMS = 'transform', '__call__'  # of those that work on GeoJSON


class VectorTransformer(ABC):
    """Changes features: their geometries, in pixel coordinates, or their properties.

    Attributes:
        gives_classes: Whether it gives features their class ids.
        needs_classes: Whether what it does depends on class ids. A vector source applies those that give them first.
    """

    gives_classes: bool = False
    needs_classes: bool = False

    def __call__(self, geojson: GeoJSON, crs_transformer: 'CRSTransformer | None' = None, **kwargs: Any) -> GeoJSON:
        """The same as `transform`."""
        return self.transform(geojson, crs_transformer=crs_transformer, **kwargs)

    @abstractmethod
    def transform(self, geojson: GeoJSON, crs_transformer: 'CRSTransformer | None' = None) -> GeoJSON:
        """Make new features of some.

        Args:
            geojson: A FeatureCollection in pixel coordinates. It is not changed.
            crs_transformer: Between pixel and map coordinates, for those that need it.
        """

    def transform_features(self, features: Features, crs_transformer: 'CRSTransformer | None' = None) -> Features:
        """The same as `transform`, on arrays; vector sources call this, if no subclass defines `transform` later.

        Subclasses that know GeoJSON only need not care.
        """
        return Features.from_geojson(self.transform(features.to_geojson(), crs_transformer))

    def reach(self, region: Box, crs_transformer: 'CRSTransformer | None' = None) -> float | None:
        """By how many pixels, at most, features near a region are moved or grow.

        A vector source that knows reads only what can come to lie in the region. So this is for transformers that
        make of each feature what they make of it alone.

        Args:
            region: In pixels.
            crs_transformer: Between pixel and map coordinates.

        Returns:
            Pixels, or None if it is not known: then all features are read.
        """
        return None


def apply_transformer(
    transformer: VectorTransformer, features: Features, crs_transformer: 'CRSTransformer | None' = None
) -> Features:
    """Transform features: by arrays, or by what a subclass has in the place of `transform` or `__call__`."""
    if not is_overridden_later(transformer, *FORMS, than=('transform_features',)):
        return transformer.transform_features(features, crs_transformer)
    if is_overridden(transformer, '__call__', base=VectorTransformer):
        return Features.from_geojson(transformer(features.to_geojson(), crs_transformer=crs_transformer))
    return Features.from_geojson(transformer.transform(features.to_geojson(), crs_transformer))


def reach_of(transformer: VectorTransformer, region: Box, crs_transformer: 'CRSTransformer | None') -> float | None:
    """See `VectorTransformer.reach`; of a subclass that transforms in a way of its own, it is not known."""
    if is_overridden_later(transformer, *FORMS, 'transform_features', than=('reach',)):
        return None
    return transformer.reach(region, crs_transformer)


class FeaturesTransformer(VectorTransformer):
    """A vector transformer that works on arrays; `transform_features` is all that a subclass has to define."""

    def transform(self, geojson: GeoJSON, crs_transformer: 'CRSTransformer | None' = None) -> GeoJSON:
        """Make new features of some; see `VectorTransformer.transform`."""
        return self.transform_features(Features.from_geojson(geojson), crs_transformer).to_geojson()

    @abstractmethod
    def transform_features(self, features: Features, crs_transformer: 'CRSTransformer | None' = None) -> Features:
        """Make new features of some."""
