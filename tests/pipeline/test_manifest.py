import contextvars
import json
import os
import threading
from pathlib import Path

import pytest

from rastervision.pipeline.cli.running import run_pipelines
from rastervision.pipeline.execution import prepare, run_command
from rastervision.pipeline.manifest import Manifest, _source_digest, begin, run_step
from rastervision.pipeline.records import input_state, records_dir
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

    monkeypatch.setattr('rastervision.pipeline.manifest._distributions', lambda: ['rastervision_pipeline 99'])
    run(toy())

    assert log() == ALL


def test_changed_method_reruns_what_is_done(toy, run, log, monkeypatch):
    run(toy())
    log()

    pipeline_class = type(toy().build(''))
    monkeypatch.setattr(pipeline_class, 'unlisted', lambda self: None)
    _source_digest.cache_clear()
    run(toy())
    _source_digest.cache_clear()

    assert log() == ALL


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

    assert record['outputs'] == {str(tmp_path / 'out' / 'joined.txt'): '3'}
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
