"""Several pipelines that run together: what they share, and what they must not."""

from functools import partial

import pytest

from rastervision.pipeline.cli.plans import plan_pipelines
from rastervision.pipeline.cli.running import run_pipelines
from rastervision.pipeline.errors import ConfigError, DataError, RunError
from rastervision.pipeline.runner.inprocess_runner import InProcessRunner


@pytest.fixture
def run(toy, tmp_path):
    """Runs toy pipelines in this process, each in a folder of its name; fields: of each one's config."""

    def run(*commands, dry=False, rerun=False, keep=(), num_splits=1, runner=None, **pipelines):
        configs = [toy(**{'root_uri': str(tmp_path / name)} | fields) for name, fields in pipelines.items()]
        function = plan_pipelines if dry else run_pipelines
        runner = runner or InProcessRunner()
        return function(runner, configs, commands, num_splits=num_splits, rerun=rerun, keep=keep)

    return run


@pytest.fixture
def parts(tmp_path):
    """A folder outside of all roots."""
    return str(tmp_path / 'parts')


def test_a_later_run_uses_what_an_earlier_one_has_made_in_the_same_folder(run, parts, log):
    run(one={'parts_uri': parts})
    log()

    run(two={'parts_uri': parts})

    assert log() == ['join', 'shout']


def test_what_was_made_in_the_folder_of_another_run_is_used(run, tmp_path, log):
    run(one={'parts_uri': str(tmp_path / 'one')})
    log()

    run(two={'parts_uri': str(tmp_path / 'one')})

    assert log() == ['join', 'shout']


def test_a_run_uses_what_another_one_has_made_in_its_folder(run, tmp_path, log):
    run(two={'parts_uri': str(tmp_path / 'one' / 'parts')})
    log()

    run(one={'parts_uri': str(tmp_path / 'one' / 'parts')})

    assert log() == ['join', 'shout']


def test_running_again_runs_what_is_shared_once(run, parts, log):
    run(one={'parts_uri': parts}, two={'parts_uri': parts})
    log()

    run(one={'parts_uri': parts}, two={'parts_uri': parts}, rerun=True)

    assert log() == ['make a', 'make b', 'make c', 'join', 'shout', 'join', 'shout']


def test_what_is_made_again_is_joined_again_by_all(run, parts, log, tmp_path):
    run(one={'parts_uri': parts}, two={'parts_uri': parts})
    log()
    (tmp_path / 'parts' / 'b.txt').unlink()

    run(two={'parts_uri': parts})
    assert log() == ['make b', 'join', 'shout']

    run(one={'parts_uri': parts})
    assert log() == ['join', 'shout']


def test_pipelines_that_would_make_different_things_in_one_folder_are_refused(run, parts, log, tmp_path):
    with pytest.raises(ConfigError, match=r'one and two both let make write to .*parts.*its config differ'):
        run(one={'parts_uri': parts}, two={'parts_uri': parts, 'items': ['a']})
    assert log() == []
    assert not (tmp_path / 'one').exists()


def test_what_another_run_has_made_otherwise_is_not_replaced(run, parts, log, tmp_path):
    run(one={'parts_uri': parts})
    log()

    for dry in (False, True):
        with pytest.raises(ConfigError, match=r'holds what the run in .*one.* has made.*its config changed'):
            run(two={'parts_uri': parts, 'items': ['a']}, dry=dry)
    assert log() == []
    assert sorted(path.name for path in (tmp_path / 'parts').glob('*.txt')) == ['a.txt', 'b.txt', 'c.txt']


def test_what_is_made_again_otherwise_by_its_run_may_be_shared(run, parts, log, tmp_path):
    run(one={'parts_uri': parts}, two={'parts_uri': parts})
    log()

    run(one={'parts_uri': parts, 'items': ['a']}, two={'parts_uri': parts, 'items': ['a']})
    assert log() == ['make a', 'join', 'shout', 'join', 'shout']

    with pytest.raises(ConfigError, match='holds what the run in'):
        run(two={'parts_uri': parts, 'items': ['b']}, one={'parts_uri': parts, 'items': ['b']}, rerun=True)
    assert log() == []


def test_a_run_replaces_what_it_has_made_itself_and_removes_nothing_outside(run, parts, log, tmp_path):
    run(one={'parts_uri': parts})
    log()

    run(one={'parts_uri': parts, 'items': ['a', 'd']})

    assert log() == ['make a', 'make d', 'join', 'shout']
    assert sorted(path.name for path in (tmp_path / 'parts').glob('*.txt')) == ['a.txt', 'b.txt', 'c.txt', 'd.txt']


def test_two_pipelines_with_one_root_are_refused(run, tmp_path):
    with pytest.raises(ConfigError, match='both have root_uri'):
        run(one={}, two={'root_uri': str(tmp_path / 'one') + '/'})
    assert not (tmp_path / 'one').exists()


def test_plan_says_who_makes_what_is_shared(run, parts):
    one, two = run(one={'parts_uri': parts}, two={'parts_uri': parts}, dry=True)

    assert [plan.made_by for plan in one.commands] == [None, None, None]
    assert [(plan.made_by, plan.jobs) for plan in two.commands] == [('one', 0), (None, 1), (None, 1)]
    assert 'make   shared with one, which runs it' in str(two)


def test_labels_are_the_ends_in_which_roots_differ(run, parts, tmp_path, capsys):
    run(**{'lr-1/a': {}, 'lr-2/a': {}})

    out = capsys.readouterr().out
    assert 'lr-1/a:' in out
    assert 'lr-2/a:' in out
    assert str(tmp_path) not in out


def joined(tmp_path, name):
    return (tmp_path / name / 'joined.txt').read_text()


def test_what_was_made_with_other_settings_is_not_used(run, parts, tmp_path):
    run('make', one={'parts_uri': parts, 'items': ['a', 'b']})

    for name in ('one', 'two'):
        with pytest.raises(
            DataError, match=rf'join: .*{parts}.* no whole result of make .*its config changed.*--keep make'
        ):
            run('join', **{name: {'parts_uri': parts, 'items': ['a']}})

    assert not (tmp_path / 'one' / 'joined.txt').exists()


def test_what_was_changed_is_not_used(run, parts, tmp_path):
    run('make', one={'parts_uri': parts, 'items': ['a', 'b']})
    (tmp_path / 'parts' / 'b.txt').write_text('something else')

    with pytest.raises(DataError, match=r'b\.txt is not as it was written'):
        run('join', one={'parts_uri': parts, 'items': ['a', 'b']})


def test_what_is_not_whole_is_not_used(run, parts):
    with pytest.raises(ValueError, match='b is bad'):
        run('make', one={'parts_uri': parts, 'bad_item': 'b'}, num_splits=2)

    with pytest.raises(DataError, match='1 of 2 parts are finished'):
        run('join', one={'parts_uri': parts})


def test_what_is_kept_is_used(run, parts, tmp_path):
    run('make', one={'parts_uri': parts, 'items': ['a', 'b']})

    run('make', 'join', one={'parts_uri': parts, 'items': ['a']}, keep=['make'])

    assert joined(tmp_path, 'one') == 'ab'


def test_what_was_made_from_inputs_that_changed_is_used_with_a_warning(run, parts, tmp_path, caplog):
    source = tmp_path / 'source'
    source.touch()
    run('make', one={'parts_uri': parts, 'source': str(source)})
    source.unlink()

    run('join', two={'parts_uri': parts, 'source': str(source)})

    assert joined(tmp_path, 'two') == 'abc'
    assert 'its inputs changed since' in caplog.text


def test_files_that_no_pipeline_has_made_are_used(run, tmp_path):
    (tmp_path / 'parts').mkdir()
    (tmp_path / 'parts' / 'a.txt').write_text('A')

    run('join', one={'parts_uri': str(tmp_path / 'parts'), 'items': ['a']})

    assert joined(tmp_path, 'one') == 'A'


@pytest.mark.parametrize('place', ['link', 'one/parts', 'one'])
def test_files_are_known_wherever_the_folder_lies(run, tmp_path, place):
    (tmp_path / 'parts').mkdir()
    (tmp_path / 'link').symlink_to(tmp_path / 'parts')
    run('make', one={'parts_uri': str(tmp_path / place), 'items': ['a', 'b']})
    (tmp_path / place / 'c.txt').write_text('foreign')

    run('join', one={'parts_uri': str(tmp_path / place), 'items': ['a', 'b']})

    assert joined(tmp_path, 'one') == 'ab'


class Deferring(InProcessRunner):
    """Takes jobs and runs them later, as a plugin's runner for a cluster does."""

    def __init__(self):
        self.taken = []

    def run(self, *args, **kwargs):
        self.taken.append(partial(super().run, *args, **kwargs))

    def run_what_was_taken(self):
        while self.taken:
            self.taken.pop(0)()


def test_no_pipeline_starts_before_what_it_shares_is_there(run, parts, log):
    runner, pipelines = Deferring(), {name: {'parts_uri': parts} for name in ('one', 'two')} | {'three': {}}

    with pytest.raises(RunError, match=r'Not started: two, which needs make of one\. When those jobs'):
        run(runner=runner, **pipelines)
    assert len(runner.taken) == 2
    runner.run_what_was_taken()
    assert log().count('make a') == 2
    run(runner=runner, **pipelines)
    runner.run_what_was_taken()

    assert log() == ['join', 'shout']
