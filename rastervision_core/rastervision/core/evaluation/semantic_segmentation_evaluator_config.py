"""Configures SemanticSegmentationEvaluator."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rastervision.core import compat
from rastervision.core.data.uris import split_layer
from rastervision.core.defaults import SCENE_ID
from rastervision.core.evaluation.classification_evaluator_config import ClassificationEvaluatorConfig
from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import added_field
from rastervision.pipeline.config.register import register_config

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.evaluation.semantic_segmentation_evaluator import SemanticSegmentationEvaluator

__getattr__ = lazy.names(
    __name__, 'rastervision.core.evaluation.semantic_segmentation_evaluator:SemanticSegmentationEvaluator'
)


def ss_evaluator_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Bring a dict of an earlier version to the next one."""
    return compat.without(cfg_dict, 'vector_output_uri') if version == 2 else cfg_dict


@register_config('semantic_segmentation_evaluator', upgrader=ss_evaluator_config_upgrader)
class SemanticSegmentationEvaluatorConfig(ClassificationEvaluatorConfig):
    """Configure a :class:`.SemanticSegmentationEvaluator`."""

    ignore_null: bool = added_field(
        False,
        'Leave out pixels whose true class is the null class, and those outside the areas of interest. If not, they '
        'count as a class like others.',
    )
    vector_outputs: bool = added_field(
        True,
        'Compare polygons of vector outputs with true ones, too: how many objects are found, as SpaceNet counts. '
        'Nothing changes for scenes without vector outputs.',
    )
    vector_output_uri: str | None = added_field(
        None,
        'File of predicted polygons, or folder of such files, to compare instead of the vector outputs of the label '
        'stores. `{scene_id}` in it stands for the id of each scene; without, all scenes share it. Polygons have a '
        'class_id or class_name, unless there is one class beside the null class; they may have a score.',
    )

    def build(
        self, class_config: 'ClassConfig', scene_group: tuple[str, Iterable[str]] | None = None
    ) -> 'SemanticSegmentationEvaluator':
        """Make the evaluator; see :meth:`.EvaluatorConfig.build`."""
        from rastervision.core.evaluation.semantic_segmentation_evaluator import SemanticSegmentationEvaluator

        return SemanticSegmentationEvaluator(
            class_config,
            self._uri_for(scene_group),
            ignore_null=self.ignore_null,
            vector_outputs=self.vector_outputs,
            vector_output_uri=self.vector_output_uri,
        )

    def inputs_of(self, scene_ids: Iterable[str]) -> list[str]:
        """The file or folder of `vector_output_uri`, for each scene; see :meth:`.EvaluatorConfig.inputs_of`."""
        if not self.vector_outputs or self.vector_output_uri is None:
            return []
        uri = split_layer(self.vector_output_uri)[0]
        return list(dict.fromkeys(uri.replace(SCENE_ID, scene_id) for scene_id in scene_ids))
