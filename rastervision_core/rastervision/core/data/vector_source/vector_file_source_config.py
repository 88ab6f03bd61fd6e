"""Configures VectorFileSource."""

from typing import TYPE_CHECKING

from pydantic import Field

from rastervision.core.data.vector_source.vector_source_config import VectorSourceConfig
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.vector_source.vector_file_source import VectorFileSource


@register_config('vector_file_source')
class VectorFileSourceConfig(VectorSourceConfig):
    """Configure a :class:`.VectorFileSource`, which reads GeoPackage, FlatGeobuf, Shapefile, GeoParquet and others."""

    uris: str | list[str] = Field(
        ..., description='URI or URIs of vector files, also in a zip, whose features are taken together.'
    )
    layer: str | None = Field(None, description='The layer, in files with several.')
    where: str | None = Field(
        None,
        description="Only features that meet this condition, in the SQL of OGR, such as kind = 'road' AND lanes > 2.",
    )
    columns: list[str] | None = Field(
        None, description='The properties to read; others cost neither time nor memory. None: all.'
    )
    crs: str | None = Field(
        None,
        description='The CRS of the coordinates, such as EPSG:32631, for files that do not say it, or say it wrong.',
    )

    def build(
        self, class_config: 'ClassConfig', crs_transformer: 'CRSTransformer', use_transformers: bool = True
    ) -> 'VectorFileSource':
        """Make the source.

        Args:
            class_config: The classes, to look up the names that features have.
            crs_transformer: From map to pixel coordinates of the scene.
            use_transformers: Whether to give it the transformers.
        """
        from rastervision.core.data.vector_source.vector_file_source import VectorFileSource

        return VectorFileSource(
            self.uris,
            crs_transformer,
            vector_transformers=[t.build(class_config) for t in self.transformers] if use_transformers else [],
            layer=self.layer,
            where=self.where,
            columns=self.columns,
            crs=self.crs,
        )
