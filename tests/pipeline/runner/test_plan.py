import pytest

from rastervision.pipeline.commands import order_commands
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.runner.plan import make_plan, make_stages
from rastervision.pipeline.runner.runner import Runner


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


def test_plan_says_which_jobs_profit_from_a_gpu(pipeline):
    assert [job.uses_gpu for job in make_plan(pipeline, ['make', 'shout'], 2)] == [False, False, True]


def test_stages_hold_the_jobs_of_a_command(pipeline):
    stages = make_stages(make_plan(pipeline, ['make', 'join', 'shout'], 3))

    assert [(stage.index, stage.command, stage.num_splits) for stage in stages] == [
        (0, 'make', 3),
        (1, 'join', 1),
        (2, 'shout', 1),
    ]


def test_runner_splits_as_its_options_say(pipeline):
    runner = Runner()

    runner.configure({'cpu_splits': '2', 'shout_splits': '5'})

    assert [job.name for job in runner.plan(pipeline, ['make', 'shout'], 3)] == ['make 1/2', 'make 2/2', 'shout']


@pytest.mark.parametrize(
    ('options', 'message'), [({'splits': '2'}, 'no such setting'), ({'cpu_splits': '0'}, '1 or more')]
)
def test_wrong_options_are_errors(pipeline, options, message):
    runner = Runner()

    with pytest.raises(ConfigError, match=message):
        runner.configure(options)
        runner.plan(pipeline, ['make'])
