"""The command line is quick because it imports little."""

import os
import subprocess
import sys
from pathlib import Path

HEAVY = (
    'numpy', 'rasterio', 'shapely', 'torch', 'cv2', 'pandas', 'boto3', 'sklearn', 'matplotlib', 'requests', 'pydantic',
)  # fmt: skip
TOY = Path(__file__).resolve().parents[1] / 'pipeline/toy'
PROGRAM = """
import sys
from rastervision.pipeline.cli.app import main
try:
    main({args}, standalone_mode=False)
finally:
    print('IMPORTED', *sorted(set({heavy}) & set(sys.modules)))
"""


def output_and_imports(*args: object) -> tuple[str, set[str]]:
    """What a command prints, and what it imports of the heavy packages."""
    program = PROGRAM.format(args=[str(arg) for arg in args], heavy=HEAVY)
    env = {**os.environ, 'PYTHONPATH': os.pathsep.join([str(TOY), os.environ.get('PYTHONPATH', '')])}
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, check=True, env=env)
    output, _, imported = done.stdout.rpartition('IMPORTED')
    return output, set(imported.split())


def test_help_imports_nothing_heavy():
    output, imported = output_and_imports('--help')

    assert imported == set()
    assert 'run_command' in output


def test_a_run_imports_only_what_its_pipeline_needs(tmp_path):
    arguments = ('-a', 'root_uri', tmp_path / 'out', '-a', 'log', tmp_path / 'log')
    _, imported = output_and_imports('run', 'inprocess', TOY / 'toy_config.py', *arguments)

    assert (tmp_path / 'out/pipeline-config.json').is_file()
    assert imported == {'pydantic'}


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


def test_a_backend_waits_with_models_and_evaluation_of_boxes_until_they_are_used():
    program = (
        'import sys, rastervision.pytorch_backend.pytorch_semantic_segmentation; '
        'print(*{"torchvision", "pycocotools", "matplotlib", "geopandas"} & set(sys.modules))'
    )

    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
