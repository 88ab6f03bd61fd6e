import pytest

from rastervision.core.data.raster_transformer.stats_transformer_config import StatsTransformerConfig
from rastervision.core.evaluation.chip_classification_evaluator_config import ChipClassificationEvaluatorConfig
from rastervision.core.rv_pipeline.chip_classification_config import ChipClassificationConfig
from rastervision.core.rv_pipeline.semantic_segmentation_config import (
    SemanticSegmentationChipOptions,
    SemanticSegmentationConfig,
)
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.resolve import resolve
from rastervision.pipeline.errors import ConfigError


@pytest.fixture
def stats_config(make_pipeline_config, make_scene_config):
    """A project whose training scene has a StatsTransformer."""
    config = make_pipeline_config()
    scene = make_scene_config('a')
    scene.raster_source.transformers = [StatsTransformerConfig()]
    config.dataset.train_scenes = [scene]
    return config


def test_folders_follow_from_the_root_unless_given(make_pipeline_config, tmp_path):
    config = make_pipeline_config(chip_uri='/other/chip')
    assert (config.chip_uri, config.train_uri) == ('/other/chip', str(tmp_path / 'out' / 'train'))
    assert config.layout.chip == '/other/chip'


@pytest.mark.parametrize('field', ['analyze_uri', 'chip_uri', 'train_uri', 'predict_uri', 'eval_uri', 'bundle_uri'])
def test_each_folder_of_a_run_may_lie_elsewhere(make_pipeline_config, tmp_path, field):
    command = field.removesuffix('_uri')

    folders = [
        resolve(make_pipeline_config(**given)).build(str(tmp_path)).output_of(command)
        for given in ({}, {field: '/other/place'})
    ]

    assert folders == [str(tmp_path / 'out' / command), '/other/place']
    assert getattr(make_pipeline_config(**{field: '/other/place'}).layout, command) == '/other/place'


def test_a_missing_root_is_an_error(make_pipeline_config):
    with pytest.raises(ConfigError, match='root_uri is not set'):
        make_pipeline_config(root_uri=None)


def test_an_analyzer_is_added_where_statistics_are_needed(stats_config):
    assert [type(a).__name__ for a in resolve(stats_config).analyzers] == ['StatsAnalyzerConfig']


def test_no_analyzer_is_added_where_none_is_needed(make_pipeline_config):
    assert make_pipeline_config().analyzers == []


def test_the_evaluator_of_the_task_is_added(make_pipeline_config):
    assert make_pipeline_config().evaluators == [
        ChipClassificationEvaluatorConfig(output_uri=make_pipeline_config().eval_uri)
    ]


def test_resolving_twice_changes_nothing(stats_config):
    once = resolve(stats_config)
    assert resolve(once).json() == once.json()


def test_json_gives_the_same_config(stats_config):
    config = resolve(stats_config)
    back = Config.from_dict(config.dict(with_rv_metadata=False, mode='json'))
    assert isinstance(back, ChipClassificationConfig)
    assert back.dict() == config.dict()


def test_the_seed_is_left_out_of_json_at_its_default(make_pipeline_config):
    assert 'seed' not in make_pipeline_config().dict()
    assert make_pipeline_config(seed=3).dict()['seed'] == 3


def test_segmentation_gets_a_null_class(make_pipeline_config):
    base = make_pipeline_config()
    config = SemanticSegmentationConfig(root_uri='/x', dataset=base.dataset.copy(), backend=base.backend)
    config.dataset.train_scenes = config.dataset.validation_scenes = []
    assert resolve(config).dataset.class_config.names == ['dark', 'bright', 'null']
    assert base.dataset.class_config.names == ['dark', 'bright']


def test_target_classes_must_exist(make_pipeline_config):
    base = make_pipeline_config()
    options = SemanticSegmentationChipOptions(sampling={'size': 10}, target_class_ids=[5])
    config = SemanticSegmentationConfig(root_uri='/x', dataset=base.dataset, backend=base.backend, chip_options=options)
    with pytest.raises(ConfigError, match=r'target_class_ids.*\[5\].*0 to 2'):
        resolve(config)
