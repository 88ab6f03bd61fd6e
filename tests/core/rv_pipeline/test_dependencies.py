from typing import ClassVar

import pytest

from rastervision.core.analyzer.analyzer import Analyzer
from rastervision.core.analyzer.analyzer_config import AnalyzerConfig
from rastervision.core.analyzer.stats_analyzer_config import StatsAnalyzerConfig
from rastervision.core.data.raster_transformer.stats_transformer_config import StatsTransformerConfig
from rastervision.core.evaluation.semantic_segmentation_evaluator_config import SemanticSegmentationEvaluatorConfig
from rastervision.core.rv_pipeline.chip_classification import ChipClassification
from rastervision.core.rv_pipeline.dependencies import config_for, config_seen_by, inputs_of
from rastervision.pipeline import code_versions
from rastervision.pipeline.cli.running import run_pipelines
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.config.resolve import resolve
from rastervision.pipeline.file_system.utils import str_to_file
from rastervision.pipeline.manifest import Manifest
from rastervision.pipeline.runner.inprocess_runner import InProcessRunner

COMMANDS = ['analyze', 'chip', 'train', 'predict', 'eval', 'bundle']


def changed_commands(config, change):
    other = config.copy()
    change(other)
    return [command for command in COMMANDS[:-1] if config_for(config, command) != config_for(other, command)]


@pytest.mark.parametrize(
    ('change', 'expected'),
    [
        (lambda c: setattr(c.predict_options, 'batch_sz', 3), ['predict']),
        (lambda c: setattr(c.chip_options, 'nodata_threshold', 0.5), ['chip']),
        (lambda c: setattr(c.backend, 'streaming', True), ['train']),
        (lambda c: setattr(c.dataset.validation_scenes[0], 'aoi_uris', ['x']), ['chip', 'predict', 'eval']),
        (lambda c: setattr(c, 'seed', 5), ['analyze', 'chip', 'train']),
        (lambda c: setattr(c.evaluators[0], 'output_uri', '/x'), ['eval']),
        (lambda c: setattr(c.dataset.class_config, 'names', ['x', 'y']), COMMANDS[:-1]),
    ],
)
def test_only_commands_depend_on_a_field_that_read_it(make_pipeline_config, change, expected):
    assert changed_commands(make_pipeline_config(), change) == expected


def test_a_bundle_depends_on_everything_but_this_machine(make_pipeline_config):
    config = make_pipeline_config()
    other = config.copy()
    other.rv_config = {'x': '1'}
    assert config_for(config, 'bundle') == config_for(other, 'bundle')
    assert 'dataset' in config_for(config, 'bundle')


def test_inputs_are_the_files_a_command_reads(make_pipeline_config):
    config = make_pipeline_config()

    def names(command):
        return [uri.rsplit('/', 1)[1] for uri in inputs_of(config, command)]

    assert names('analyze') == ['a.tif', 'b.tif']
    assert names('chip') == ['a.tif', 'a.json', 'b.tif', 'b.json']
    assert names('predict') == ['b.tif']
    assert names('train') == names('bundle') == []


def test_polygons_that_are_evaluated_are_inputs_of_eval(make_pipeline_config):
    evaluator = SemanticSegmentationEvaluatorConfig(vector_output_uri='/x/{scene_id}.json')

    config = make_pipeline_config(evaluators=[evaluator])

    assert '/x/b.json' in inputs_of(config, 'eval')
    assert '/x/a.json' not in inputs_of(config, 'eval')  # scenes for training are not evaluated
    assert '/x/b.json' not in inputs_of(config, 'predict')


class CountsLabels(Analyzer):
    """Counts the labels of scenes, as analyzers of plugins may."""

    counts: ClassVar[list[int]] = []

    def process(self, scenes, tmp_dir):
        self.counts += [len(scene.label_source.get_labels()) for scene in scenes]


@register_config('test_counts_labels', plugin='rastervision.core')
class CountsLabelsConfig(AnalyzerConfig):
    """Configure CountsLabels."""

    def build(self, scene_group=None):
        return CountsLabels()


def test_analyzers_of_plugins_get_labels_and_depend_on_them(make_pipeline_config, tmp_path):
    config = make_pipeline_config(analyzers=[CountsLabelsConfig()])
    other = config.copy()
    other.dataset.train_scenes[0].label_source.background_class_id = 1

    config.build(str(tmp_path)).analyze()

    assert CountsLabels.counts == [24, 24]
    assert [uri.rsplit('/', 1)[1] for uri in inputs_of(config, 'analyze')] == ['a.tif', 'a.json', 'b.tif', 'b.json']
    assert config_for(config, 'analyze') != config_for(other, 'analyze')


def test_a_source_bundle_is_an_input_of_training(make_pipeline_config):
    assert inputs_of(make_pipeline_config(source_bundle_uri='/x.zip'), 'train') == ['/x.zip']


def test_scenes_for_test_do_not_concern_training(make_pipeline_config, make_scene_config):
    config = make_pipeline_config()
    more = config.copy()
    more.dataset.test_scenes = [make_scene_config('c')]
    more = resolve(more)
    one, other = config_seen_by(config, 'train'), config_seen_by(more, 'train')

    for command in ('analyze', 'chip', 'train'):
        assert config_for(one, command) == config_for(other, command)
        assert inputs_of(one, command) == inputs_of(other, command)
    assert config_for(config_seen_by(config, 'predict'), 'predict') != config_for(
        config_seen_by(more, 'predict'), 'predict'
    )


@pytest.mark.parametrize('group', ['train_scenes', 'validation_scenes'])
def test_other_scenes_concern_training(make_pipeline_config, make_scene_config, group):
    config = make_pipeline_config()
    more = config.copy()
    setattr(more.dataset, group, [*getattr(more.dataset, group), make_scene_config('c')])

    seen = config_seen_by(resolve(more), 'train')

    assert config_for(config_seen_by(config, 'train'), 'chip') != config_for(seen, 'chip')


@pytest.fixture
def publishing(monkeypatch):
    """Lets chip and train of chip classification write a file each, as real backends do."""

    def chip(self, split_ind=0, num_splits=1):
        str_to_file('', f'{self.config.chip_uri}/chips')

    def train(self):
        str_to_file('', f'{self.config.train_uri}/model')

    monkeypatch.setattr(ChipClassification, 'chip', chip)
    monkeypatch.setattr(ChipClassification, 'train', train)
    code_versions._source_digest.cache_clear()
    yield
    code_versions._source_digest.cache_clear()


def test_training_is_not_undone_by_scenes_for_test(make_pipeline_config, make_scene_config, publishing, capsys):
    config = make_pipeline_config()
    run_pipelines(InProcessRunner(), [config], ('chip', 'train'))
    config.dataset.test_scenes = [make_scene_config('c')]
    capsys.readouterr()

    run_pipelines(InProcessRunner(), [config], ('chip', 'train'))
    printed = capsys.readouterr().out
    assert 'train is done already' in printed
    assert 'Running chip command' in printed

    run_pipelines(InProcessRunner(), [config], ('chip', 'train'))
    assert 'Running' not in capsys.readouterr().out


def test_runs_that_name_one_folder_for_chips_share_them(make_pipeline_config, tmp_path):
    def manifest_of(name, streaming):
        config = make_pipeline_config()
        config.root_uri, config.chip_uri = str(tmp_path / name), str(tmp_path / 'chips')
        config.backend.streaming = streaming
        config.analyzers = [StatsAnalyzerConfig()]
        for scene in config.dataset.all_scenes:
            scene.raster_source.transformers = [StatsTransformerConfig()]
        return Manifest(resolve(config).build(str(tmp_path / 'tmp')))

    one, other = manifest_of('one', False), manifest_of('other', True)

    assert one.key('chip') == other.key('chip')
    assert one.store_of('chip').uri == other.store_of('chip').uri
    assert one.key('train') != other.key('train')
    assert one.missing_inputs(['train']) == []
