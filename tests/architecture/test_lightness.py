"""The command line is quick because it imports little."""

import subprocess
import sys

HEAVY = (
    'numpy', 'rasterio', 'shapely', 'torch', 'cv2', 'pandas', 'boto3', 'sklearn', 'matplotlib', 'requests', 'pydantic',
)  # fmt: skip
HELP = """
import sys
from rastervision.pipeline.cli.app import main
try:
    main(['--help'], standalone_mode=False)
finally:
    print('IMPORTED', *sorted(set({heavy}) & set(sys.modules)))
"""


def test_help_imports_nothing_heavy():
    result = subprocess.run(
        [sys.executable, '-c', HELP.format(heavy=HEAVY)], capture_output=True, text=True, check=True
    )

    assert result.stdout.splitlines()[-1].strip() == 'IMPORTED'
    assert 'run_command' in result.stdout


def test_help_needs_little_memory():
    program = (
        'import resource, subprocess, sys; subprocess.run(sys.argv[1:], capture_output=True); '
        'print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)'
    )

    result = subprocess.run(
        [sys.executable, '-c', program, sys.executable, '-m', 'rastervision.pipeline.cli', '--help'],
        capture_output=True,
        text=True,
        check=True,
    )

    unit = 1 if sys.platform == 'darwin' else 1024
    assert int(result.stdout) * unit < 60 * 2**20
