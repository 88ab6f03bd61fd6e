"""Configures GeoJSONVectorSource."""

import logging
from typing import TYPE_CHECKING, Any

from pydantic import Field

from rastervision.core.data.vector_source.vector_source_config import VectorSourceConfig
from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.config.spellings import warn_renamed

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.vector_source.geojson_vector_source import GeoJSONVectorSource

log = logging.getLogger(__name__)


def geojson_vector_source_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Version 7: `uri` is now `uris`. Version 12: `ignore_crs_field` is gone."""
    upgraded = dict(cfg_dict)
    if version == 7:
        upgraded['uris'] = upgraded.pop('uri', [])
    elif version == 12:
        upgraded = _drop_ignore_crs_field(upgraded)
    return upgraded


def _drop_ignore_crs_field(values: dict[str, Any]) -> dict[str, Any]:
    if values.get('ignore_crs_field'):
        log.warning(
            'ignore_crs_field of %r is gone: the CRS that a file names is used. Remove the crs member of a file '
            'whose coordinates are longitude and latitude all the same.',
            values.get('uris'),
        )
    return {key: value for key, value in values.items() if key != 'ignore_crs_field'}


@register_config('geojson_vector_source', upgrader=geojson_vector_source_config_upgrader)
class GeoJSONVectorSourceConfig(VectorSourceConfig):
    """Configure a :class:`.GeoJSONVectorSource`."""

    uris: str | list[str] = Field(
        ...,
        description='URI or URIs of GeoJSON files, whose features are taken together. A file without a crs member is '
        'in EPSG:4326 (longitude, latitude).',
    )

    @classmethod
    def accept_old_spellings(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Accept `uri` of 0.13 and `ignore_crs_field` of 0.21."""
        values = super().accept_old_spellings(values)
        if 'uri' in values and 'uris' not in values:
            warn_renamed('GeoJSONVectorSourceConfig(uri)', 'uris')
            values['uris'] = values.pop('uri')
        return _drop_ignore_crs_field(values)

    def build(
        self, class_config: 'ClassConfig', crs_transformer: 'CRSTransformer', use_transformers: bool = True
    ) -> 'GeoJSONVectorSource':
        """Make the source.

        Args:
            class_config: The classes, to look up the names that features have.
            crs_transformer: From map to pixel coordinates of the scene.
            use_transformers: Whether to give it the transformers.
        """
        from rastervision.core.data.vector_source.geojson_vector_source import GeoJSONVectorSource

        transformers = [t.build(class_config) for t in self.transformers] if use_transformers else []
        return GeoJSONVectorSource(self.uris, crs_transformer, vector_transformers=transformers)


__getattr__ = lazy.names(__name__, 'rastervision.core.data.vector_source.geojson_vector_source:GeoJSONVectorSource')
