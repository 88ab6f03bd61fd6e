import json
import logging
import subprocess
import sys

import pytest

from rastervision.pipeline.plain_text import echo, echo_json, plain, plain_line, plot_label
from rastervision.pipeline.verbosity import set_verbosity


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ('\x1b]0;title\x07\x1b[2J', r'\x1b]0;title\x07\x1b[2J'),
        ('a\rb\x9bc', r'a\rb\x9bc'),
        ('\u202egnp.exe', r'\u202egnp.exe'),
        ('\ud800', r'\ud800'),
        ('Straße, 道路 [/b]\n\ttext', 'Straße, 道路 [/b]\n\ttext'),
    ],
)
def test_what_steers_a_terminal_is_shown(text, shown):
    assert plain(text) == shown


def test_label_is_one_line_without_formulas():
    assert plain_line('a\nb') == r'a\nb'
    assert plot_label(r'$\frac{$') == r'\$\frac{\$'


def test_echo_and_log_are_plain(capsys):
    set_verbosity(1)

    echo('\x1b[2J')
    logging.getLogger('rastervision.x').warning('%s', '\x1b[2J')

    captured = capsys.readouterr()
    assert '\x1b' not in captured.out + captured.err
    assert r'\x1b[2J' in captured.out


def test_json_comes_back_and_steers_no_terminal(capsys):
    odd = ''.join(map(chr, range(0x250))) + '\u202e\ud800"\\'

    echo_json([{odd: odd}, {'password': 'pa55word', 'uri': 'https://ann:pa55word@x/y?sig=pa55word'}])

    shown = capsys.readouterr().out
    assert all(character.isprintable() for character in shown.replace('\n', ''))
    assert json.loads(shown) == [{odd: odd}, {'password': '***', 'uri': 'https://***@x/y?sig=***'}]


def test_command_line_imports_nothing_from_the_working_directory(tmp_path):
    for name in ('json', 'numpy', 'click', 'ast', 'pathlib', 'logging'):
        (tmp_path / f'{name}.py').write_text(f'open({str(tmp_path / "ran")!r}, "a").write({name!r})')
    (tmp_path / 'rastervision' / 'evil').mkdir(parents=True)
    (tmp_path / 'rastervision' / 'evil' / '__init__.py').write_text(f'open({str(tmp_path / "ran")!r}, "a")')

    command = [sys.executable, '-m', 'rastervision.pipeline.cli', 'run_command', 'no.json', 'train']
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert 'no.json' in done.stderr
    assert not (tmp_path / 'ran').exists()


def test_config_file_imports_what_lies_beside_it(tmp_path):
    (tmp_path / 'cfg.py').write_text('import beside_it\n\ndef get_config(runner):\n    return beside_it.VALUE\n')
    (tmp_path / 'beside_it.py').write_text('VALUE = 3\n')

    command = [sys.executable, '-m', 'rastervision.pipeline.cli', 'run', 'inprocess', str(tmp_path / 'cfg.py')]
    done = subprocess.run(command, cwd='/', capture_output=True, text=True, check=False)

    assert 'gives a int' in done.stderr
