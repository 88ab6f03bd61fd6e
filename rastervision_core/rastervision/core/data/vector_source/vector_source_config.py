"""Configures where features come from."""

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import Field

from rastervision.core.data.vector_transformer.buffer_transformer_config import BufferTransformerConfig
from rastervision.core.data.vector_transformer.class_inference_transformer_config import (
    ClassInferenceTransformerConfig,
)
from rastervision.core.data.vector_transformer.vector_transformer_config import VectorTransformerConfig
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.data.vector_source.vector_source import VectorSource
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig

T = TypeVar('T', bound='VectorSourceConfig')


def vector_source_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Version 4: class inference and buffers were fields of the source; since then they are transformers."""
    if version != 4:
        return cfg_dict
    moved = ('default_class_id', 'class_id_to_filter', 'line_bufs', 'point_bufs')
    upgraded = {key: value for key, value in cfg_dict.items() if key not in moved}
    upgraded['transformers'] = [
        {
            'type_hint': 'class_inference_transformer',
            'default_class_id': cfg_dict.get('default_class_id'),
            'class_id_to_filter': cfg_dict.get('class_id_to_filter'),
            'class_name_mapping': None,
        },
        _buffer('LineString', cfg_dict.get('line_bufs')),
        _buffer('Point', cfg_dict.get('point_bufs')),
    ]
    return upgraded


def _buffer(geom_type: str, class_bufs: dict[Any, Any] | None) -> dict[str, Any]:
    return {
        'type_hint': 'buffer_transformer',
        'geom_type': geom_type,
        'class_bufs': class_bufs or {},
        'default_buf': 1,
    }


@register_config('vector_source', upgrader=vector_source_config_upgrader)
class VectorSourceConfig(Config):
    """Base of the configs of vector sources."""

    transformers: list[VectorTransformerConfig] = Field(
        default_factory=list, description='What is done to the features after reading, in this order.'
    )

    def update(self, pipeline: 'RVPipelineConfig | None' = None, scene: 'SceneConfig | None' = None) -> None:
        """Fill unset fields of the transformers from the pipeline and the scene."""
        super().update(pipeline=pipeline, scene=scene)

    def build(self, class_config: 'ClassConfig', crs_transformer: 'CRSTransformer') -> 'VectorSource':
        """Make the source.

        Args:
            class_config: The classes, to look up the names that features have.
            crs_transformer: From map to pixel coordinates of the scene.
        """
        return super().build(class_config, crs_transformer)  # type: ignore[no-any-return]


def with_label_transformers(source: T) -> T:
    """A vector source that gives labels: polygons, each with a class id.

    Args:
        source: It is not changed.

    Returns:
        The source itself if it has a transformer that infers classes and one that buffers; else a copy with those
        that lack, at their defaults: one pixel around points and lines.
    """
    kinds = [type(transformer) for transformer in source.transformers]
    added: list[VectorTransformerConfig] = []
    if not any(issubclass(kind, ClassInferenceTransformerConfig) for kind in kinds):
        added.append(ClassInferenceTransformerConfig())
    if not any(issubclass(kind, BufferTransformerConfig) for kind in kinds):
        added += [BufferTransformerConfig(geom_type='Point'), BufferTransformerConfig(geom_type='LineString')]
    return source.model_copy(update={'transformers': [*source.transformers, *added]}) if added else source
