import contextvars
import importlib.util
import json
import linecache
import os
import shutil
import threading
from pathlib import Path

import pytest

from rastervision.pipeline import code_versions
from rastervision.pipeline.cli.plans import plan_pipelines
from rastervision.pipeline.cli.running import run_pipelines
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.execution import prepare, run_command
from rastervision.pipeline.file_system.utils import file_to_str, str_to_file
from rastervision.pipeline.manifest import Manifest, begin, run_step
from rastervision.pipeline.records import input_state, records_dir
from rastervision.pipeline.registry import registry_
from rastervision.pipeline.runner.inprocess_runner import InProcessRunner

ALL = ['make a', 'make b', 'make c', 'join', 'shout']


@pytest.fixture
def run():
    def run(config, *commands, **options):
        run_pipelines(InProcessRunner(), [config], commands, **options)

    return run


@pytest.fixture
def statuses(tmp_path):
    def statuses(config):
        pipeline = config.build(str(tmp_path / 'tmp'))
        return Manifest(pipeline).statuses(pipeline.commands)

    return statuses


def test_finished_commands_are_not_run_again(toy, run, log):
    run(toy())
    assert log() == ALL

    run(toy())

    assert log() == []


def test_changed_config_reruns_only_what_depends_on_it(toy, run, log):
    run(toy())
    log()

    run(toy(mark='?'))

    assert log() == ['shout']


def test_changed_input_reruns_what_reads_it_and_what_follows(toy, run, log, tmp_path):
    source = tmp_path / 'source'
    source.write_text('1')
    run(toy(source=str(source)))
    log()

    source.write_text('22')
    run(toy(source=str(source)))

    assert log() == ALL


def test_changed_code_version_reruns_everything(toy, run, log, monkeypatch):
    run(toy())
    log()

    monkeypatch.setattr(
        code_versions, '_distributions', lambda: [('rastervision_pipeline', 'rastervision_pipeline 99')]
    )
    run(toy())

    assert log() == ALL


def test_version_of_a_plugin_that_is_not_used_reruns_nothing(toy, run, log, monkeypatch):
    run(toy())
    log()

    installed = [*code_versions._distributions(), ('rastervision_other', 'rastervision_other 99')]
    monkeypatch.setattr(code_versions, '_distributions', lambda: installed)
    unused = {**registry_.get_plugin_versions(), 'rastervision.other': 99}
    monkeypatch.setattr(registry_, 'get_plugin_versions', lambda: unused)
    run(toy())

    assert log() == []


@pytest.fixture
def change(toy, monkeypatch):
    """Replaces a method of the pipeline."""

    def change(name, function):
        monkeypatch.setattr(type(toy().build('')), name, function)
        code_versions._source_digest.cache_clear()

    yield change
    code_versions._source_digest.cache_clear()


def test_changed_method_that_commands_may_call_reruns_them(toy, run, log, change):
    run(toy())
    log()

    change('unlisted', lambda self: None)
    run(toy())

    assert log() == ALL


def test_changed_command_reruns_it_and_what_follows_only(toy, run, log, change):
    run(toy())
    log()

    change('shout', lambda self: str_to_file('new', self.path('shouted')))
    run(toy())
    assert log() == []
    assert file_to_str(toy().build('').path('shouted')) == 'new'

    change('join', lambda self: (self.note('join again'), str_to_file('abc', self.path('joined'))))
    run(toy())
    assert log() == ['join again']


def test_changed_command_that_another_one_calls_reruns_that_too(toy, run, log, change):
    change('shout', lambda self: (self.join(), str_to_file('!', self.path('shouted'))))
    run(toy())
    log()

    change('join', lambda self: (self.note('new join'), str_to_file('abc', self.path('joined'))))
    run(toy())

    assert log() == ['new join', 'new join']


HELPER = """
from rastervision.toy_plugin.toy import Toy

FACTOR = 1

def helper():
    return inner()

def inner():
    return FACTOR

class Own(Toy):
    def join(self):
        return helper()
"""


@pytest.mark.parametrize('old, new', [('return FACTOR', 'return FACTOR + 1'), ('FACTOR = 1', 'FACTOR = 2')])
def test_functions_and_numbers_that_a_users_command_uses_count(toy, tmp_path, old, new):
    def versions(text):
        linecache.clearcache()
        path = tmp_path / f'own_{len(text)}_{hash(text)}.py'
        path.write_text(text)
        spec = importlib.util.spec_from_file_location('own_module', path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        pipeline = module.Own(toy(), '')
        return code_versions.code_versions(pipeline, 'join'), code_versions.code_versions(pipeline, 'make')

    before, after = versions(HELPER), versions(HELPER.replace(old, new))

    assert before[0] != after[0]
    assert before[1] == after[1]


def test_root_may_be_a_file_uri(toy, run, log, tmp_path):
    config = toy(root_uri=(tmp_path / 'out').as_uri())
    run(config)
    log()

    run(config)

    assert log() == []
    assert (tmp_path / '.out.manifest').is_dir()


def test_lost_output_of_a_step_reruns_the_step_and_what_follows(toy, run, log, tmp_path):
    run(toy())
    log()

    (tmp_path / 'out' / 'b.txt').unlink()
    run(toy())

    assert log() == ['make b', 'join', 'shout']


def test_output_of_another_size_counts_as_lost(toy, run, log, tmp_path):
    run(toy())
    log()

    (tmp_path / 'out' / 'shouted.txt').write_text('something else')
    run(toy())

    assert log() == ['shout']


def test_existing_outputs_without_a_record_are_not_trusted(toy, run, log, tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'a.txt').write_text('a')

    run(toy(), 'make')

    assert log() == ['make a', 'make b', 'make c']


def test_going_back_to_an_earlier_config_reruns_the_command(toy, run, log, tmp_path):
    """The outputs have the same sizes, so only the record can tell."""
    for mark in '!?':
        run(toy(mark=mark))
    log()

    run(toy(mark='!'))

    assert log() == ['shout']
    assert (tmp_path / 'out' / 'shouted.txt').read_text() == 'abc!'


def test_upstream_that_ran_since_reruns_the_command(toy, run, log):
    run(toy())
    run(toy(), 'join', rerun=True)
    log()

    run(toy(), 'shout')

    assert log() == ['shout']


def test_rerun_ignores_the_manifest(toy, run, log):
    run(toy())
    log()

    run(toy(), rerun=True)

    assert log() == ALL


def test_another_number_of_splits_does_not_undo_a_finished_command(toy, run, log):
    run(toy(), 'make', num_splits=2)
    log()

    run(toy(), 'make', num_splits=3)

    assert log() == []


def test_failed_command_goes_on_with_the_missing_steps_under_any_number_of_splits(toy, run, log):
    with pytest.raises(ValueError, match='c is bad'):
        run(toy(bad_item='c'), 'make')
    assert log() == ['make a', 'make b', 'make c']

    run(toy(), 'make', num_splits=2)

    assert log() == ['make c']


def test_part_of_the_splits_is_not_a_finished_command(toy, statuses, log):
    uri = prepare(toy()).get_config_uri()

    run_command(uri, 'make', 0, 2)

    assert statuses(toy())['make'].reason == '1 of 2 parts are finished'


def test_finished_job_is_not_run_again(toy, log):
    uri = prepare(toy()).get_config_uri()
    run_command(uri, 'make', 1, 2)
    log()

    run_command(uri, 'make', 1, 2)

    assert log() == []


def test_status_says_why_a_command_runs(toy, run, statuses):
    assert statuses(toy())['make'].reason == 'no finished run of it is known'
    run(toy())

    reasons = {name: status.reason for name, status in statuses(toy(items=['a'])).items()}

    assert reasons['make'] == 'its config changed'
    assert reasons['join'] == 'its config and a command before it changed'


def test_run_folder_holds_outputs_only(toy, run, tmp_path):
    run(toy())

    names = ['a.txt', 'b.txt', 'c.txt', 'joined.txt', 'pipeline-config.json', 'shouted.txt']
    assert sorted(os.listdir(tmp_path / 'out')) == names
    assert (tmp_path / '.out.manifest').is_dir()


def test_record_tells_times_memory_and_outputs(toy, run, tmp_path):
    run(toy())

    record = json.loads((tmp_path / '.out.manifest' / 'join' / '0-of-1.json').read_text())

    assert record['outputs'] == {'joined.txt': '3'}
    assert record['started'] < record['ended']
    assert record['peak_memory_mb'] > 1


def test_damaged_record_counts_as_none(toy, run, log, tmp_path):
    run(toy())
    log()

    (tmp_path / '.out.manifest' / 'shout' / '0-of-1.json').write_text('{"key":')
    run(toy())

    assert log() == ['shout']


def test_step_outside_a_command_is_just_called():
    calls = []

    assert run_step('x', lambda: calls.append(1))
    assert run_step('x', lambda: calls.append(1))
    assert calls == [1, 1]


def test_step_in_a_thread_counts_if_it_has_the_context(toy, tmp_path):
    from rastervision.pipeline.file_system.utils import str_to_file

    manifest = Manifest(toy().build(str(tmp_path / 'tmp')))
    ran = []

    def step():
        ran.append(run_step('x', lambda: str_to_file('x', str(tmp_path / 'out' / 'x.txt'))))

    for _ in range(2):
        with manifest.job('make'):
            thread = threading.Thread(target=contextvars.copy_context().run, args=(step,))
            thread.start()
            thread.join()

    assert ran == [True, False]


@pytest.mark.parametrize(
    ('root', 'records'),
    [
        ('/some/where/run', '/some/where/.run.manifest'),
        ('/some/where/run/', '/some/where/.run.manifest'),
        ('/', '/.manifest'),
    ],
)
def test_records_lie_beside_a_local_root(root, records, monkeypatch):
    monkeypatch.setattr(os, 'access', lambda path, mode: True)

    assert records_dir(root) == records


def test_records_lie_inside_a_root_whose_surroundings_are_read_only(tmp_path, monkeypatch):
    # Patched, as tests may run as root, who may write everywhere.
    monkeypatch.setattr(os, 'access', lambda path, mode: Path(path) != tmp_path)
    (tmp_path / 'run').mkdir()

    assert records_dir(str(tmp_path / 'run')) == str(tmp_path / 'run' / '.manifest')


def test_state_of_a_folder_changes_with_a_file_in_it(tmp_path):
    (tmp_path / 'x').write_text('1')
    before = input_state(str(tmp_path))

    (tmp_path / 'y').write_text('2')

    assert input_state(str(tmp_path)) != before
    assert input_state(str(tmp_path / 'none')) is None


def test_state_of_a_folder_does_not_change_with_its_place(tmp_path):
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a' / 'x').write_text('1')
    before = input_state(str(tmp_path / 'a'))

    (tmp_path / 'a').rename(tmp_path / 'b')

    assert input_state(str(tmp_path / 'b')) == before


def made(tmp_path) -> set[str]:
    return {path.stem for path in (tmp_path / 'out').glob('*.txt')}


@pytest.mark.parametrize('num_splits', [1, 2])
def test_a_new_run_leaves_nothing_of_an_older_one_behind(toy, run, tmp_path, num_splits):
    run(toy(items=['a', 'b', 'c']))

    run(toy(items=['a', 'd']), num_splits=num_splits)

    assert made(tmp_path) == {'a', 'd', 'joined', 'shouted'}


def test_files_of_the_older_run_stay_until_the_new_one_is_complete(toy, run, tmp_path):
    run(toy(items=['a', 'b']))

    with pytest.raises(ValueError, match='d is bad'):
        run(toy(items=['a', 'd'], bad_item='d'))
    assert made(tmp_path) == {'a', 'b', 'joined', 'shouted'}

    run(toy(items=['a', 'd']))
    assert made(tmp_path) == {'a', 'd', 'joined', 'shouted'}


@pytest.fixture
def begun(toy, tmp_path):
    """Runs a command that keeps unfinished work, and tells whether it discarded any."""

    def begun(*, settings=None, forget=False, **fields):
        manifest = Manifest(toy(**fields).build(str(tmp_path / 'tmp')))
        if forget:
            manifest.forget(['make'])
        discarded = []
        with manifest.job('make'):
            begin(lambda: discarded.append(True), settings)
        return bool(discarded)

    return begun


def test_unfinished_work_is_kept_for_the_same_command(begun):
    assert not begun(settings={'lr': 1})
    assert not begun(settings={'lr': 1})


@pytest.mark.parametrize('change', [{'settings': {'lr': 2}}, {'settings': {'lr': 1}, 'forget': True}])
def test_unfinished_work_of_another_kind_is_discarded_once(begun, change):
    begun(settings={'lr': 1})

    assert begun(**change)
    assert not begun(settings=change['settings'])


def test_unfinished_work_with_other_inputs_is_discarded(begun, tmp_path):
    source = tmp_path / 'source'
    source.write_text('1')
    begun(source=str(source))

    source.write_text('22')

    assert begun(source=str(source))


def test_outside_a_command_nothing_is_discarded():
    begin(lambda: pytest.fail('discarded'))


# ------------------------------------------------------------------- runs that were copied
@pytest.fixture
def project(tmp_path, toy, run, log):
    """A finished run with its records, in a folder of its own."""
    (tmp_path / 'exp1').mkdir()
    run(toy(root_uri=str(tmp_path / 'exp1' / 'run')))
    log()
    return tmp_path


def test_a_copied_run_is_done_and_leaves_the_original_alone(toy, run, log, project):
    shutil.copytree(project / 'exp1', project / 'exp2')
    before = {path: path.read_bytes() for path in (project / 'exp1').rglob('*') if path.is_file()}

    run(toy(root_uri=str(project / 'exp2' / 'run')))
    assert log() == []

    run(toy(root_uri=str(project / 'exp2' / 'run'), items=['x'], mark='?'))
    assert log() == ['make x', 'join', 'shout']
    assert {path: path.read_bytes() for path in (project / 'exp1').rglob('*') if path.is_file()} == before
    assert not (project / 'exp2' / 'run' / 'a.txt').exists()


@pytest.mark.parametrize('relocate', [shutil.copytree, shutil.move])
@pytest.mark.parametrize('times', ['kept', 'new'])
def test_what_commands_read_of_their_run_is_the_same_in_a_copy(toy, run, log, change, tmp_path, relocate, times):
    def at(place):
        root = tmp_path / place / 'run'
        return toy(root_uri=str(root), parts_uri=str(root / 'parts'))

    # As training reads the folder of chips.
    change('inputs_of', lambda self, command: [self.config.parts_uri] if command == 'join' else [])
    (tmp_path / 'exp1').mkdir()
    run(at('exp1'))
    assert log() == ALL

    relocate(tmp_path / 'exp1', tmp_path / 'exp2')
    for path in (tmp_path / 'exp2').rglob('*.txt') if times == 'new' else []:
        os.utime(path, (0, 0))
    run(at('exp2'))

    assert log() == []


def test_a_copy_under_a_relative_root_is_done(toy, run, log, change, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    change('config_for', lambda self, command: {'root': self.config.root_uri, 'file': self.path('joined')})
    run(toy(root_uri='run'))
    assert log() == ALL

    shutil.copytree('run', 'copy')
    run(toy(root_uri='copy'))

    assert log() == []


def test_in_a_copied_run_what_is_gone_is_made_again(toy, run, log, project):
    shutil.copytree(project / 'exp1', project / 'exp2')
    (project / 'exp2' / 'run' / 'joined.txt').unlink()

    run(toy(root_uri=str(project / 'exp2' / 'run')))

    assert log() == ['join', 'shout']


@pytest.mark.parametrize('relocate', [shutil.copytree, shutil.move])
def test_a_run_copied_or_renamed_without_its_records_is_done(toy, run, log, project, relocate):
    relocate(project / 'exp1' / 'run', project / 'exp1' / 'other')
    records = sorted(path.name for path in (project / 'exp1' / '.run.manifest').rglob('*'))

    run(toy(root_uri=str(project / 'exp1' / 'other')))
    assert log() == []

    run(toy(root_uri=str(project / 'exp1' / 'other'), mark='?'))
    assert log() == ['shout']
    assert sorted(path.name for path in (project / 'exp1' / '.run.manifest').rglob('*')) == records


def test_records_of_another_run_count_for_nothing(toy, run, log, project):
    run(toy(root_uri=str(project / 'exp1' / 'new')))

    assert log() == ALL


@pytest.mark.parametrize('elsewhere', [True, False])
def test_a_record_removes_nothing_outside_of_its_run(toy, run, project, elsewhere):
    victim = project / 'victim'
    victim.write_text('precious')
    os.utime(victim, (0, 0))
    name = str(victim) if elsewhere else '../../victim'
    listing = {'key': None, 'outputs': {name: '8'}}
    (project / 'exp1' / '.run.manifest' / 'shout' / 'superseded-0.json').write_text(json.dumps(listing))

    run(toy(root_uri=str(project / 'exp1' / 'run'), mark='?'))

    assert victim.read_text() == 'precious'


# ------------------------------------------------------------- more splits, parts that are seen
@pytest.mark.parametrize('num_splits', [3, 5])
def test_more_splits_than_there_is_work_are_done_like_others(toy, run, statuses, num_splits):
    run(toy(items=['a']), num_splits=num_splits)

    assert all(status.done for status in statuses(toy(items=['a'])).values())


def test_a_command_whose_jobs_publish_nothing_always_runs(toy, run, log, change):
    change('make_item', lambda self, item: self.note(f'make {item}'))
    for _ in range(2):
        run(toy(), 'make', num_splits=2)
        assert log() == ['make a', 'make c', 'make b']


@pytest.fixture
def view(change):
    """Makes `join` and what follows depend on the items a, b and c only."""

    def as_seen_by(self, command):
        if command == 'make':
            return self
        config = self.config.copy()
        config.items = [item for item in config.items if item in 'abc']
        return type(self)(config, self.tmp_dir)

    change('as_seen_by', as_seen_by)


def test_a_change_that_a_command_does_not_see_does_not_rerun_it(toy, run, log, view, statuses):
    run(toy())
    log()
    done = {name: status.done for name, status in statuses(toy(items=['a', 'b', 'c', 'd'])).items()}
    assert done == {'make': False, 'join': True, 'shout': True}

    run(toy(items=['a', 'b', 'c', 'd']))
    assert log() == ['make a', 'make b', 'make c', 'make d']
    assert all(status.done for status in statuses(toy(items=['a', 'b', 'c', 'd'])).values())

    run(toy(items=['a', 'b', 'd']))
    assert log() == ['make a', 'make b', 'make d', 'join', 'shout']


def test_asked_to_run_again_a_command_reruns_what_sees_it(toy, run, log, view):
    run(toy())
    run(toy(items=['a', 'b', 'c', 'd']), 'make', rerun=True)
    log()

    run(toy(items=['a', 'b', 'c', 'd']))

    assert log() == ['join', 'shout']


# ------------------------------------------------------------------------------------ keeping
def test_a_kept_command_counts_as_done_from_then_on(toy, run, log, capsys):
    run(toy())
    log()

    run(toy(items=['x', 'a', 'b', 'c']), keep=['join'])
    assert log() == ['make x', 'make a', 'make b', 'make c', 'shout']
    assert 'join is kept as it is, though its config and a command before it changed' in capsys.readouterr().out

    run(toy(items=['x', 'a', 'b', 'c']))
    assert log() == []

    run(toy(items=['a', 'b', 'c']))
    assert log() == ['make a', 'make b', 'make c', 'join', 'shout']


def test_what_is_not_there_cannot_be_kept(toy, run, log, tmp_path):
    with pytest.raises(ConfigError, match=r"'join' cannot be kept: no run of it in .*out"):
        run(toy(), keep=['join'])
    run(toy())
    (tmp_path / 'out' / 'joined.txt').unlink()
    with pytest.raises(ConfigError, match="'join' cannot be kept"):
        run(toy(items=['x']), keep=['join'])


def test_use_of_what_is_not_up_to_date_is_said_before_it_is_used(toy, caplog):
    run_pipelines(InProcessRunner(), [toy()], ['make', 'join'])
    run_pipelines(InProcessRunner(), [toy()], ['shout'])
    assert caplog.text == ''

    other = toy(items=['a'])
    (plan,) = plan_pipelines(InProcessRunner(), [other], ['shout'])
    run_pipelines(InProcessRunner(), [other], ['shout'])

    message = (
        'shout uses what join has made, which is not up to date: its config and a command before it changed. Run join'
    )
    assert message in str(plan)
    assert message in caplog.text
    assert 'not up to date' not in str(plan_pipelines(InProcessRunner(), [other], [])[0])
