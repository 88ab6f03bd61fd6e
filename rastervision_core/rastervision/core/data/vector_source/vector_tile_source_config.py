"""Configures VectorTileSource."""

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from rastervision.core.data.vector_source.vector_source_config import VectorSourceConfig
from rastervision.core.types import Zoom
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.vector_source.vector_tile_source import VectorTileSource

MBTILES_SUFFIX = '.mbtiles'


@register_config('vector_tile_vector_source')
class VectorTileVectorSourceConfig(VectorSourceConfig):
    """Configure a :class:`.VectorTileSource`, which reads vector tiles (Mapbox Vector Tiles)."""

    uri: str = Field(
        ...,
        description='Template such as https://tiles.example.com/{z}/{x}/{y}.mvt, local or remote, or an .mbtiles file. '
        '{-y} is the row counted from the south.',
    )
    zoom: Zoom = Field(..., description='Which tiles to read, of those that there are.')
    id_field: str | None = Field(
        None,
        description='Property that the pieces of a feature have in common, which tiles have cut. None: the number of '
        'the feature in the tile, if any. Features without it are left in pieces.',
    )
    layer: str | None = Field(None, description='The layer of the tiles to read. None: all.')

    @model_validator(mode='after')
    def check_uri(self) -> 'VectorTileVectorSourceConfig':
        """Check that the URI says where the tiles are."""
        row = '{y}' in self.uri or '{-y}' in self.uri
        is_template = row and '{x}' in self.uri and '{z}' in self.uri
        if not is_template and not self.uri.endswith(MBTILES_SUFFIX):
            raise ConfigError(
                f'uri {self.uri!r} is neither a template with {{z}}, {{x}} and {{y}} nor an {MBTILES_SUFFIX} file.'
            )
        return self

    def build(
        self, class_config: 'ClassConfig', crs_transformer: 'CRSTransformer', use_transformers: bool = True
    ) -> 'VectorTileSource':
        """Make the source.

        Args:
            class_config: The classes, to look up the names that features have.
            crs_transformer: From map to pixel coordinates of the scene.
            use_transformers: Whether to give it the transformers.
        """
        from rastervision.core.data.vector_source.vector_tile_source import VectorTileSource

        return VectorTileSource(
            self.uri,
            crs_transformer,
            self.zoom,
            vector_transformers=[t.build(class_config) for t in self.transformers] if use_transformers else [],
            id_field=self.id_field,
            layer=self.layer,
        )
