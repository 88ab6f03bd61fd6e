"""Configures the scenes of a pipeline."""

import math
from collections import Counter
from typing import Any, Self

from pydantic import Field, field_serializer

from rastervision.core import compat
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.defaults import TEST_GROUP, TRAIN_GROUP, VALIDATION_GROUP
from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError, did_you_mean

lazy.also_give(__name__, 'rastervision.pipeline.utils: split_into_groups')


def dataset_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Bring a dict of an earlier version to the next one."""
    return compat.without(cfg_dict, 'img_channels') if version < 1 else cfg_dict


@register_config('dataset', upgrader=dataset_config_upgrader)
class DatasetConfig(Config):
    """Configure scenes for training, validation and test, and their classes."""

    class_config: ClassConfig = Field(description='The classes.')
    train_scenes: list[SceneConfig] = Field(description='Scenes to train on.')
    validation_scenes: list[SceneConfig] = Field(description='Scenes to validate on.')
    test_scenes: list[SceneConfig] = Field([], description='Scenes that are only predicted and evaluated.')
    scene_groups: dict[str, set[str]] = Field(
        {},
        description='Scene ids by name of the group, for statistics and evaluation of a group by itself. The groups '
        'train_scenes, validation_scenes and test_scenes are filled in.',
    )

    @field_serializer('scene_groups', when_used='json')
    def _sort_ids(self, groups: dict[str, set[str]]) -> dict[str, list[str]]:
        # The order of a set changes from process to process; files must not.
        return {name: sorted(ids) for name, ids in groups.items()}

    def update(self, pipeline: Any = None) -> None:
        """Fill the three default scene groups, and what is inside."""
        super().update(pipeline=pipeline)
        splits = {name: {scene.id for scene in scenes} for name, scenes in self._splits().items()}
        self.scene_groups = {**self.scene_groups, **splits}

    def validate_config(self) -> None:
        """Check that scene ids are unambiguous and that groups name scenes that exist.

        Raises:
            ConfigError: If not.
        """
        for split, scenes in self._splits().items():
            twice = [scene_id for scene_id, n in Counter(scene.id for scene in scenes).items() if n > 1]
            if twice:
                raise ConfigError(
                    f'{split}: scene ids must be unique, but {twice!r} occur more than once. Rename them.'
                )
        self._check_across_splits()
        both = sorted({scene.id for scene in self.validation_scenes} & {scene.id for scene in self.test_scenes})
        if both:
            raise ConfigError(
                f'The scenes {both!r} are among both validation_scenes and test_scenes, whose predictions would '
                'overwrite each other. Leave them in one, or rename them.'
            )
        known = {scene.id for scene in self.all_scenes}
        for name, ids in self.scene_groups.items():
            for scene_id in sorted(ids - known):
                raise ConfigError(
                    f'scene_groups[{name!r}]: there is no scene {scene_id!r}{did_you_mean(scene_id, known) or "."}'
                )

    def get_split_config(self, split_ind: int, num_splits: int) -> Self:
        """The part of the scenes that one of several jobs works on: a contiguous run of each list.

        Args:
            split_ind: Number of the job, from 0.
            num_splits: How many jobs there are.
        """

        def part(scenes: list[SceneConfig]) -> list[SceneConfig]:
            size = max(1, math.ceil(len(scenes) / num_splits))
            return scenes[split_ind * size : (split_ind + 1) * size]

        return self.model_copy(update={name: part(scenes) for name, scenes in self._splits().items()})

    @property
    def all_scenes(self) -> list[SceneConfig]:
        """The scenes for training, validation and test, in that order."""
        return [*self.train_scenes, *self.validation_scenes, *self.test_scenes]

    def _splits(self) -> dict[str, list[SceneConfig]]:
        return {
            TRAIN_GROUP: self.train_scenes,
            VALIDATION_GROUP: self.validation_scenes,
            TEST_GROUP: self.test_scenes,
        }

    def _check_across_splits(self) -> None:
        """A scene may be for training and something else, but two different scenes must not share an id."""
        seen: dict[str, SceneConfig] = {}
        for scene in self.all_scenes:
            if seen.setdefault(scene.id, scene) != scene:
                raise ConfigError(
                    f'The scene id {scene.id!r} is used for two different scenes, whose predictions would overwrite '
                    'each other. Rename one.'
                )
