"""The runner in docs/runners.md works."""

import re
from pathlib import Path

TEXT = (Path(__file__).resolve().parents[3] / 'docs' / 'runners.md').read_text()


def test_runner_of_the_documentation_runs_jobs(rastervision, command_line, tmp_path, log):
    """A program that runs its arguments here stands for ssh, as a test has no other machine."""
    package = tmp_path / 'plugins' / 'rastervision' / 'ssh'
    package.mkdir(parents=True)
    init, module = re.findall(r'```python\n(.*?)```', TEXT, re.S)
    (package / '__init__.py').write_text(init)
    (package / 'runner.py').write_text(module)
    program = tmp_path / 'bin' / 'ssh'
    program.parent.mkdir()
    program.write_text('#!/bin/bash\nshift\nexec bash -c "$*"\n')
    program.chmod(0o755)
    command_line['env']['PATH'] = f'{program.parent}:{command_line["env"]["PATH"]}'

    good = rastervision('run', 'ssh', *command_line['toy'], '--splits', '2', '-o', 'hosts', 'a,b')
    noted = log()
    bad = rastervision('run', 'ssh', *command_line['toy'], '-a', 'bad_item', 'b', '--rerun', '-o', 'hosts', 'a')

    assert good.returncode == 0, good.stderr
    assert sorted(noted[:3]) == ['make a', 'make b', 'make c']
    assert noted[3:] == ['join', 'shout']
    assert 'ValueError: b is bad' in bad.stderr
    assert module.count('\n') <= 60
