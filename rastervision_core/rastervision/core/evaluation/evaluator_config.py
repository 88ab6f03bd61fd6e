"""Configures Evaluator."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import Field

from rastervision.core.layout import EVAL_FILE
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.evaluation.evaluator import Evaluator
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig


@register_config('evaluator')
class EvaluatorConfig(Config):
    """Configure an :class:`.Evaluator`: what compares predictions with ground truth."""

    output_uri: str | None = Field(
        None, description='Folder that gets <scene group>/eval.json. None: the eval folder of the pipeline.'
    )

    def build(self, class_config: 'ClassConfig', scene_group: tuple[str, Iterable[str]] | None = None) -> 'Evaluator':
        """Make the evaluator.

        Args:
            class_config: The classes.
            scene_group: Name of the scene group and the ids of its scenes. It decides where the metrics are written.
        """
        evaluator: Evaluator = super().build(class_config, scene_group)
        return evaluator

    def get_output_uri(self, scene_group_name: str | None = None) -> str:
        """Where the metrics of a scene group are written.

        Args:
            scene_group_name: The group. None: directly in `output_uri`.

        Raises:
            ConfigError: If `output_uri` is not set.
        """
        if self.output_uri is None:
            raise ConfigError(
                f'{type(self).__name__}.output_uri is not set. Give a folder, or fill it in with update(pipeline).'
            )
        return os.path.join(self.output_uri, scene_group_name or '', EVAL_FILE)

    def update(self, pipeline: 'RVPipelineConfig | None' = None) -> None:
        """Take the pipeline's eval folder if no other is given."""
        super().update(pipeline=pipeline)
        if self.output_uri is None and pipeline is not None:
            self.output_uri = pipeline.eval_uri

    def inputs_of(self, scene_ids: Iterable[str]) -> list[str]:
        """URIs of what the evaluator reads beside images, labels and predictions of scenes: nothing.

        Args:
            scene_ids: Ids of the scenes.
        """
        return []

    def _uri_for(self, scene_group: tuple[str, Iterable[str]] | None) -> str | None:
        """Output of a group, or None for an evaluator that is asked directly and writes nothing."""
        return None if self.output_uri is None else self.get_output_uri(scene_group[0] if scene_group else None)
