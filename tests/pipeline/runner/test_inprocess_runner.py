import pytest

from rastervision.pipeline.errors import RunError
from rastervision.pipeline.execution import prepare
from rastervision.pipeline.runner.inprocess_runner import InProcessRunner


def test_jobs_run_one_after_another(toy, tmp_path, log):
    config = prepare(toy())

    InProcessRunner().run(config.get_config_uri(), config.build(str(tmp_path)), ['make', 'join'], num_splits=2)

    assert log() == ['make a', 'make c', 'make b', 'join']


def test_first_error_ends_the_run(toy, tmp_path, log):
    config = prepare(toy(bad_item='a'))

    with pytest.raises(ValueError, match='a is bad'):
        InProcessRunner().run(config.get_config_uri(), config.build(str(tmp_path)), ['make', 'join'])

    assert log() == ['make a']


def test_command_line_that_fails_is_an_error():
    InProcessRunner().run_command(['true'])

    with pytest.raises(RunError, match='exit code 1'):
        InProcessRunner().run_command(['false'])
