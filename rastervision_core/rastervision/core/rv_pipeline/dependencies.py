"""What each command of a pipeline depends on, so that only commands run again whose result would change."""

from typing import TYPE_CHECKING, Any

from rastervision.core.data.config_uris import uris_in
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.defaults import TEST_GROUP
from rastervision.pipeline.config.base import descendants

if TYPE_CHECKING:
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig

UPSTREAM = {
    'analyze': [],
    'chip': ['analyze'],
    'train': ['analyze', 'chip'],
    'predict': ['analyze', 'train'],
    'eval': ['predict'],
    'bundle': ['analyze', 'train'],
}

SCENE_PARTS = {
    'analyze': {'id', 'raster_source'},
    'chip': {'id', 'raster_source', 'label_source', 'aoi_uris'},
    'predict': {'id', 'raster_source', 'label_store', 'aoi_uris'},
    'eval': {'id', 'raster_source', 'label_source', 'label_store', 'aoi_uris'},
}

PIPELINE_PARTS = {
    'analyze': {'analyzers', 'analyze_uri', 'seed'},
    'chip': {'chip_options', 'chip_uri', 'seed'},
    'train': {'backend', 'chip_uri', 'train_uri', 'source_bundle_uri', 'seed'},
    'predict': {'predict_options', 'train_uri', 'predict_uri'},
    'eval': {'evaluators', 'eval_uri', 'report'},
}

NOT_CONFIGURATION = {'rv_config', 'plugin_versions'}


def config_for(config: 'RVPipelineConfig', command: str) -> dict[str, Any]:
    """The part of a pipeline's config that a command depends on, as plain data.

    Args:
        config: The resolved config.
        command: Name of the command. One that is not known here, such as a plugin's, depends on everything.
    """
    data = config.dict(with_rv_metadata=False, mode='json', exclude=NOT_CONFIGURATION)
    if command not in PIPELINE_PARTS:
        return data
    names = PIPELINE_PARTS[command] | {'type_hint'}
    part = {name: data[name] for name in sorted(names & data.keys())}
    part['class_config'] = data['dataset']['class_config']
    part['backend_hint'] = data['backend']['type_hint']
    if command in SCENE_PARTS:
        parts = scene_parts(config, command)
        part['scenes'] = [scene.dict(mode='json', include=parts) for scene in scenes_of(config, command)]
    if command in ('analyze', 'eval'):
        part['scene_groups'] = data['dataset']['scene_groups']
    if command == 'train':
        part['backend'] = config.backend.settings_of_training()
        scenes = [scene.dict(mode='json', include=SCENE_PARTS['chip']) for scene in _scenes_of_training(config)]
        part |= {'scenes': scenes} if scenes else {}
    if command == 'chip':
        part['splits'] = [len(scenes) for scenes in _splits(config)]
    return part


def config_seen_by(config: 'RVPipelineConfig', command: str) -> 'RVPipelineConfig':
    """The config without what does not concern a command: for training, the scenes for test.

    Args:
        config: The resolved config.
        command: Name of the command.

    Returns:
        A copy; the config itself if everything may concern the command.
    """
    if command != 'train' or not config.dataset.test_scenes:
        return config
    seen = config.copy()
    for dataset in [part for part in descendants(seen) if isinstance(part, DatasetConfig)]:
        known = {scene.id for scene in [*dataset.train_scenes, *dataset.validation_scenes]}
        others = {name for name, ids in dataset.scene_groups.items() if ids and not ids & known} - {TEST_GROUP}
        dataset.scene_groups = {name: ids & known for name, ids in dataset.scene_groups.items() if name not in others}
        dataset.test_scenes = []
    return seen


def inputs_of(config: 'RVPipelineConfig', command: str) -> list[str]:
    """URIs of images, labels, areas of interest and the like that a command reads, each once.

    Args:
        config: The resolved config.
        command: Name of the command.
    """
    uris: list[str] = []
    if command == 'train':
        uris += [config.source_bundle_uri] if config.source_bundle_uri else []
        uris += config.backend.inputs_of_training()
        for scene in _scenes_of_training(config):
            uris += uris_in(scene.only(SCENE_PARTS['chip']), skip=())
    elif command in SCENE_PARTS:
        read = scene_parts(config, command) - {'label_store'}
        for scene in scenes_of(config, command):
            uris += uris_in(scene.only(read), skip=())
    if command == 'eval':
        ids = [scene.id for scene in scenes_of(config, 'predict')]
        uris += [uri for evaluator in config.evaluators for uri in evaluator.inputs_of(ids)]
    return list(dict.fromkeys(uris))


def scene_parts(config: 'RVPipelineConfig', command: str) -> set[str]:
    """The fields of scenes that a command reads."""
    parts = set(SCENE_PARTS[command])
    return parts.union(*(each.scene_parts for each in config.analyzers)) if command == 'analyze' else parts


def scenes_of(config: 'RVPipelineConfig', command: str) -> 'list[SceneConfig]':
    """The scenes that a command reads."""
    train, validation, test = _splits(config)
    return [*validation, *test] if command == 'predict' else [*train, *validation, *test]


def _scenes_of_training(config: 'RVPipelineConfig') -> 'list[SceneConfig]':
    """The scenes that training reads, if it reads any instead of chips."""
    train, validation, _ = _splits(config)
    return [*train, *validation] if config.backend.reads_scenes else []


def _splits(config: 'RVPipelineConfig') -> 'tuple[list[SceneConfig], list[SceneConfig], list[SceneConfig]]':
    return config.dataset.train_scenes, config.dataset.validation_scenes, config.dataset.test_scenes
