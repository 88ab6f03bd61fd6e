import pytest

from rastervision.core.rv_pipeline.dependencies import config_for, inputs_of

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
        (lambda c: setattr(c.dataset.validation_scenes[0], 'aoi_uris', ['x']), ['chip', 'eval']),
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


def test_a_source_bundle_is_an_input_of_training(make_pipeline_config):
    assert inputs_of(make_pipeline_config(source_bundle_uri='/x.zip'), 'train') == ['/x.zip']
