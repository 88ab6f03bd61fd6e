import pytest

from rastervision.pipeline.commands import order_commands
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.runner.plan import make_plan


@pytest.fixture
def pipeline(toy, tmp_path):
    return toy().build(str(tmp_path))


def test_each_job_depends_on_all_jobs_of_the_command_before(pipeline):
    plan = make_plan(pipeline, ['make', 'join'], 3)

    assert [(job.command, job.split_ind, job.num_splits) for job in plan] == [
        ('make', 0, 3),
        ('make', 1, 3),
        ('make', 2, 3),
        ('join', 0, 1),
    ]
    assert [job.dependencies for job in plan] == [(), (), (), (0, 1, 2)]


def test_commands_run_once_and_in_the_order_of_the_pipeline(pipeline):
    assert order_commands(pipeline, ['shout', 'make', 'shout']) == ['make', 'shout']


def test_all_commands_run_if_none_is_asked_for(pipeline):
    assert order_commands(pipeline, []) == ['make', 'join', 'shout']


def test_method_that_is_not_listed_can_be_asked_for(pipeline):
    assert order_commands(pipeline, ['unlisted', 'join']) == ['join', 'unlisted']


@pytest.mark.parametrize('name', ['shoot', 'note', 'config_for', 'config', '__init__'])
def test_what_is_no_command_is_refused(pipeline, name):
    with pytest.raises(ConfigError, match='Toy has no command'):
        order_commands(pipeline, [name])


def test_commands_that_a_run_leaves_out_can_be_asked_for(pipeline):
    pipeline.commands = ['shout']

    assert order_commands(pipeline, []) == ['shout']
    assert order_commands(pipeline, ['shout', 'make']) == ['make', 'shout']
