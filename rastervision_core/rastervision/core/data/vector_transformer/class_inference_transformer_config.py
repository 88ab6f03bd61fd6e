"""Configures ClassInferenceTransformer."""

from typing import TYPE_CHECKING, Any

from pydantic import Field

from rastervision.core.data.vector_transformer.vector_transformer_config import VectorTransformerConfig
from rastervision.core.types import NonNegInt
from rastervision.pipeline import lazy
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.vector_transformer.class_inference_transformer import ClassInferenceTransformer


@register_config('class_inference_transformer')
class ClassInferenceTransformerConfig(VectorTransformerConfig):
    """Configure a :class:`.ClassInferenceTransformer`, which gives each feature its class id."""

    default_class_id: NonNegInt | None = Field(
        None,
        description='Class id of features for which nothing else gives one. None: such features are dropped.',
    )
    class_id_to_filter: dict[NonNegInt, list[Any]] | None = Field(
        None,
        description='Class id -> filter in the form of Mapbox, such as ["==", "building", "yes"]. A feature gets the '
        'first class id whose filter it passes.',
    )
    class_name_mapping: dict[str, str] | None = Field(
        None,
        description='Class name as found in the file -> class name in class_config, where they differ.',
    )

    def build(self, class_config: 'ClassConfig | None' = None) -> 'ClassInferenceTransformer':
        """Make the transformer.

        Args:
            class_config: The classes, to look up the names that features have.

        Raises:
            ConfigError: If a class id is none of them.
        """
        from rastervision.core.data.vector_transformer.class_inference_transformer import ClassInferenceTransformer

        if class_config is not None:
            class_config.check_class_id(self.default_class_id, 'default_class_id')
            for class_id in self.class_id_to_filter or ():
                class_config.check_class_id(class_id, 'A key of class_id_to_filter')
        return ClassInferenceTransformer(
            self.default_class_id,
            class_config=class_config,
            class_id_to_filter=self.class_id_to_filter,
            class_name_mapping=self.class_name_mapping,
        )


__getattr__ = lazy.names(
    __name__, 'rastervision.core.data.vector_transformer.class_inference_transformer:ClassInferenceTransformer'
)
