"""What all runners do alike."""

from base64 import b64encode
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

FILES = {'a.txt': b'a', 'b.txt': b'b', 'c.txt': b'c', 'joined.txt': b'abc', 'shouted.txt': b'abc!'}


@pytest.fixture
def outputs(tmp_path):
    """Reads what the pipeline has written."""
    return lambda: {path.name: path.read_bytes() for path in (tmp_path / 'out').glob('*.txt')}


@pytest.mark.parametrize('splits', [1, 2, 7])
def test_commands_run_in_order_each_part_once_with_the_same_bytes(run, outputs, log, splits):
    result = run('--splits', splits)

    assert result.returncode == 0, result.stderr
    noted = log()
    assert sorted(noted[:3]) == ['make a', 'make b', 'make c']
    assert noted[3:] == ['join', 'shout']
    assert outputs() == FILES


def test_failure_stops_what_depends_on_it_and_is_told(run, log):
    result = run('--splits', '3', '-a', 'bad_item', 'b')

    assert result.returncode == 1
    assert 'ValueError: b is bad' in result.stderr
    assert not {'join', 'shout'} & set(log())


def test_run_after_a_failure_runs_only_what_is_missing(run, outputs, log):
    run('--splits', '3', '-a', 'bad_item', 'c')
    log()

    result = run('--splits', '3')

    assert result.returncode == 0, result.stderr
    assert log() == ['make c', 'join', 'shout']
    assert outputs() == FILES


def test_what_is_done_is_not_run_again(run, log):
    run('make')
    log()

    result = run('make', 'join')

    assert result.returncode == 0, result.stderr
    assert log() == ['join']


@pytest.fixture
def pair(engine, rastervision, command_line, tmp_path):
    """Runs two toy pipelines, in folders `out/one` and `out/two`, with the runner; fields: of each one's config."""

    def run(*args, one=None, two=None, runner=engine, **fields):
        fields = {'log': str(tmp_path / 'log'), **fields}
        made = [
            f'ToyConfig(**{fields | {"root_uri": str(tmp_path / "out" / name)} | (own or {})!r})'
            for name, own in (('one', one), ('two', two))
        ]
        path = tmp_path / 'pair.py'
        path.write_text(
            'from rastervision.toy_plugin.toy import ToyConfig\n\n\n'
            f'def get_configs(runner):\n    return [{", ".join(made)}]\n'
        )
        return rastervision('run', runner, path, '--wait', *args)

    return run


def test_pipelines_run_side_by_side(pair, engine, tmp_path, log):
    meets = None if engine == 'inprocess' else str(tmp_path / 'meets')  # that has one process

    result = pair(meets=meets, items=['a'])

    assert result.returncode == 0, result.stderr
    assert sorted(log()) == ['join'] * 2 + ['make a'] * 2 + ['shout'] * 2
    assert [(tmp_path / 'out' / name / 'shouted.txt').read_text() for name in ('one', 'two')] == ['a!', 'a!']


@pytest.mark.parametrize('splits', [1, 2])
@pytest.mark.parametrize('place', ['parts', 'out/one', 'out/two/parts'])
def test_what_pipelines_share_is_made_once(pair, tmp_path, log, splits, place):
    result = pair('--splits', splits, parts_uri=str(tmp_path / place), one={'mark': '?'}, seconds=0.1)

    assert result.returncode == 0, result.stderr
    noted = log()
    assert sorted(noted[:3]) == ['make a', 'make b', 'make c']
    assert sorted(noted[3:]) == ['join', 'join', 'shout', 'shout']
    assert [(tmp_path / 'out' / name / 'shouted.txt').read_text() for name in ('one', 'two')] == ['abc?', 'abc!']
    again = pair('--splits', splits, parts_uri=str(tmp_path / place), one={'mark': '?'}, seconds=0.1)
    assert again.returncode == 0, again.stderr
    assert log() == []


def test_what_others_and_earlier_settings_have_left_does_not_count(pair, tmp_path):
    (tmp_path / 'parts').mkdir()
    (tmp_path / 'parts' / '0.txt').write_text('foreign')
    pair('make', parts_uri=str(tmp_path / 'parts'), items=['a', 'b', 'c', 'd'], runner='inprocess')

    result = pair('make', 'join', '--splits', 2, parts_uri=str(tmp_path / 'parts'), items=['a', 'c'])

    assert result.returncode == 0, result.stderr
    assert [(tmp_path / 'out' / name / 'joined.txt').read_text() for name in ('one', 'two')] == ['ac', 'ac']
    assert {path.name for path in (tmp_path / 'parts').glob('*.txt')} == {f'{name}.txt' for name in '0abcd'}


def test_failure_of_what_is_shared_stops_both(pair, tmp_path, log):
    result = pair(parts_uri=str(tmp_path / 'parts'), bad_item='b')

    assert result.returncode == 1
    assert 'ValueError: b is bad' in result.stderr
    assert not {'join', 'shout'} & set(log())


def test_settings_that_a_runner_does_not_have_are_refused(run):
    result = run('-o', 'colour', 'red')

    assert result.returncode == 1
    assert 'has no such setting' in result.stderr


@pytest.mark.parametrize('engine', ['slurm', 'aws_batch'], indirect=True)
def test_jobs_that_cannot_be_noted_are_cancelled(run, log, tmp_path, running, wait_for):
    (tmp_path / '.out.manifest').mkdir()
    (tmp_path / '.out.manifest' / 'submitted').touch()  # where a folder should be

    result = run('-a', 'seconds', '2')

    assert result.returncode == 1
    assert 'The jobs that had been submitted were cancelled: ' in result.stderr, result.stderr
    assert 'bug' not in result.stderr
    wait_for(lambda: not running())
    assert not {'join', 'shout'} & set(log())


@pytest.fixture
def guarded(tmp_path):
    """A file on a server that wants a password and a signature."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def send_head(self):
            if self.headers.get('Authorization') != f'Basic {b64encode(b"ann:s3cr3t").decode()}':
                return self.send_error(401)
            return super().send_head() if 'sig=s1gned' in self.path else self.send_error(403)

    (tmp_path / 'in').mkdir()
    (tmp_path / 'in' / 'source').write_text('x')
    with ThreadingHTTPServer(('127.0.0.1', 0), partial(Handler, directory=str(tmp_path / 'in'))) as server:
        Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01}, daemon=True).start()
        yield f'http://ann:s3cr3t@127.0.0.1:{server.server_port}/source?sig=s1gned'
        server.shutdown()


def test_jobs_know_passwords_that_no_file_and_no_message_has(run, outputs, engine, guarded, tmp_path):
    options = ('-o', 'pass_secrets', 'yes') if engine == 'aws_batch' else ()

    result = run('--splits', '2', '-a', 'source', guarded, *options)

    assert result.returncode == 0, result.stderr
    assert outputs() == FILES
    written = [path.read_text(errors='replace') for path in tmp_path.rglob('*') if path.is_file()]
    assert len(written) > 10
    assert not [text for text in (result.stdout, result.stderr, *written) if 's3cr3t' in text or 's1gned' in text]
