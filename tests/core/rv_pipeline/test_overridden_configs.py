"""What subclasses of the configs of a pipeline override is called, by the commands or when the config is filled in."""

import pytest

from rastervision.core.analyzer.stats_analyzer_config import StatsAnalyzerConfig
from rastervision.core.data.raster_transformer.stats_transformer_config import StatsTransformerConfig
from rastervision.core.rv_pipeline.rv_pipeline import ALL_COMMANDS
from rastervision.pipeline.config.resolve import resolve

SCENE = ('dataset', 'validation_scenes', 0)
PARTS = {  # where a config is, and its methods
    (): ('update', 'validate_config', 'build', 'get_default_evaluator', 'get_default_label_store', 'get_config_uri'),
    ('',): ('get_model_bundle_uri',),
    ('dataset',): ('update', 'validate_config', 'get_split_config'),
    SCENE: ('update', 'validate_config', 'build'),
    (*SCENE, 'raster_source'): ('update', 'validate_config', 'build'),
    (*SCENE, 'raster_source', 'transformers', 0): ('update', 'validate_config', 'build'),
    (*SCENE, 'label_source'): ('update', 'validate_config', 'build'),
    (*SCENE, 'label_source', 'vector_source'): ('update', 'validate_config', 'build'),
    (*SCENE, 'label_store'): ('update', 'validate_config', 'build'),
    ('analyzers', 0): ('update', 'validate_config', 'build'),
    ('evaluators', 0): ('update', 'validate_config', 'build', 'get_output_uri'),
    ('backend',): ('update', 'validate_config', 'build', 'filter_commands', 'get_bundle_filenames'),
    ('chip_options',): ('update', 'validate_config'),
    ('predict_options',): ('update', 'validate_config'),
}
CASES = [(tuple(part for part in path if part != ''), name) for path, names in PARTS.items() for name in names]


def spied(config, name):
    """Make a config one of a subclass that overrides a method; gives what is called."""
    calls, base = [], type(config)

    def method(self, *args, **kwargs):
        calls.append(name)
        return getattr(base, name)(self, *args, **kwargs)

    config.__class__ = type(f'My{base.__name__}', (base,), {name: method, '__module__': __name__})
    return calls


def part_of(config, path):
    for step in path:
        config = config[step] if isinstance(step, int) else getattr(config, step)
    return config


@pytest.mark.parametrize(('path', 'name'), CASES, ids=lambda value: '.'.join(map(str, value)) if value else '-')
def test_what_a_subclass_of_a_config_overrides_is_called(make_pipeline_config, tmp_path, path, name):
    config = make_pipeline_config(analyzers=[StatsAnalyzerConfig()])
    (scene,) = config.dataset.validation_scenes
    scene.raster_source.transformers = [StatsTransformerConfig()]
    config = resolve(config)
    if name.startswith('get_default'):
        config.evaluators, scene.label_store = [], None
        config.dataset.validation_scenes[0].label_store = None
    calls = spied(part_of(config, path), name)

    config = resolve(config)
    pipeline = config.build(str(tmp_path))
    for command in [command for command in ALL_COMMANDS if command in pipeline.commands]:
        getattr(pipeline, command)()

    assert calls
