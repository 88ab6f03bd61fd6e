"""Star imports give everything, and a config file that has one is read without what it does not use."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STUBS = sorted(ROOT.glob('rastervision_*/rastervision/**/__init__.pyi'))
# What code written for 0.31 uses after a star import, beside the names of configs.
TASKS = ('Classification', 'ObjectDetection', 'Regression', 'SemanticSegmentation')
USED = {
    'rastervision.core': ['Box', 'Predictor', 'register_plugin'],
    'rastervision.core.data': ['ClassConfig', 'RasterioSource', 'Scene', 'VectorSource'],
    'rastervision.pytorch_backend': [f'PyTorch{task}' for task in ('ChipClassification', *TASKS[1::2])],
    'rastervision.pytorch_learner': [
        'AlbumentationsDataset', 'CocoDataset', 'DatasetError', 'GeoDataset', 'GeoDatasetError', 'ImageDataset',
        'ImageDatasetError', 'Learner', 'RandomWindowGeoDataset', 'RegressionDataReader',
        'SemanticSegmentationDataReader', 'SlidingWindowGeoDataset', 'TransformType', 'Visualizer',
        *(f'{task}{kind}' for task in TASKS for kind in (
            'ImageDataset', 'Learner', 'RandomWindowGeoDataset', 'SlidingWindowGeoDataset', 'Visualizer',
        )),
    ],
}  # fmt: skip
PROGRAM = """
import json, sys
found = {}
for package in sys.argv[1:]:
    names = {}
    exec(f'from {package} import *', names)
    found[package] = sorted(names)
print(json.dumps(found))
"""
HEAVY = {'torch', 'albumentations'}


def package_of(stub: Path) -> str:
    return '.'.join(stub.relative_to(ROOT).parts[1:-1])


def listed(stub: Path) -> set[str]:
    imports = [node for node in ast.parse(stub.read_text()).body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name for node in imports for alias in node.names}


def test_star_imports_give_all_public_names():
    packages = {package_of(stub): listed(stub) for stub in STUBS}

    done = subprocess.run([sys.executable, '-c', PROGRAM, *packages], capture_output=True, text=True, check=True)

    found = {package: set(names) for package, names in json.loads(done.stdout).items()}
    assert [(package, names - found[package]) for package, names in packages.items() if names - found[package]] == []
    assert [
        (package, set(names) - found[package]) for package, names in USED.items() if set(names) - found[package]
    ] == []


CONFIG = """
from rastervision.core.data import *
from rastervision.pytorch_learner import *
from rastervision.toy_plugin.toy import ToyConfig


class Other(ClassConfig):
    pass


def get_config(runner, root_uri) -> 'PipelineConfig':
    SolverConfig(lr=1)
    {body}
    return ToyConfig(root_uri=root_uri)
"""
READ = """
import sys
from rastervision.pipeline.cli.config_module import get_configs
get_configs(sys.argv[1], 'local', {'root_uri': 'out'})
print(*sorted(set(sys.argv[2:]) & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ('kind', 'body', 'heavy'),
    [
        ('file', 'pass', set()),
        ('module', 'pass', set()),
        ('module', 'assert issubclass(SemanticSegmentationLearner, Learner)', HEAVY),
        ('file', 'helper()', HEAVY),
        ('file', "eval('Learner')", HEAVY),
    ],
)
def test_a_config_that_star_imports_loads_what_it_uses_only(body, heavy, kind, tmp_path, monkeypatch):
    (tmp_path / 'helping.py').write_text(
        'from rastervision.pytorch_learner import *\n\n\ndef help_with():\n    return Learner\n'
    )
    text = CONFIG.replace('{body}', body.replace('helper()', 'import helping; helping.help_with()'))
    (tmp_path / 'config.py').write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ROOT / 'tests/pipeline/toy'))

    name = str(tmp_path / 'config.py') if kind == 'file' else 'config'
    paths = [*sys.path]
    program = f'import sys; sys.path[:] = {paths!r}\n{READ}'
    done = subprocess.run([sys.executable, '-c', program, name, *HEAVY], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == heavy
