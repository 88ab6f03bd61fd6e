"""Names can be imported from where programs written for Raster Vision 0.31 take them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from rastervision.pipeline import lazy

ROOT = Path(__file__).resolve().parents[2]
TYPES = 'Proportion PositiveFloat NonEmptyStr NonNegInt PosInt'
FILES = 'download_if_needed file_to_json get_local_path get_tmp_dir make_dir'
CONFIGS = 'Config ConfigError'
# What they import from elsewhere, and what code for 0.31 takes from them nevertheless.
SHARED = {
    'rastervision.core': 'NonNegInt PosInt',
    'rastervision.core.box': 'NonNegInt PosInt RioWindow',
    'rastervision.core.rv_pipeline.chip_options': 'NonEmptyStr NonNegInt PosInt PositiveFloat Proportion',
    'rastervision.pytorch_backend.pytorch_semantic_segmentation_config': 'default_augmentors',
    'rastervision.pipeline.version': '__version__',
    'rastervision.core.data': f'Config Field register_config {FILES}',
    'rastervision.core.data.label': 'NpBoxList clip_to_window concatenate non_max_suppression',
    'rastervision.core.data.label_store': 'Box ClassConfig Config register_config',
    'rastervision.core.data.raster_source': 'Box Config ConfigError register_config',
    'rastervision.core.rv_pipeline': 'ALL_COMMANDS GPU_COMMANDS SPLITTABLE_COMMANDS',
    'rastervision.pytorch_learner': f'SceneDatasetConfig MetricDict RGBTuple augmentors {TYPES}',
    'rastervision.pytorch_learner.dataset': 'Box BoxList Scene TF_TYPE_TO_TF_FUNC',
    'rastervision.pytorch_learner.learner': 'Visualizer build_config make_dir sync_to_dir zipdir',
    'rastervision.pytorch_learner.learner_config': f'{CONFIGS} SceneDatasetConfig list_paths {TYPES}',
    'rastervision.pytorch_learner.regression_learner_config': f'{CONFIGS} LearnerConfig Scene register_config',
    'rastervision.pytorch_learner.utils': f'{CONFIGS} A DDP_BACKEND build_config upgrade_config',
    'rastervision.pytorch_learner.utils.utils': f'{CONFIGS} build_config file_exists',
}


@pytest.mark.parametrize(
    ('older', 'home'),
    [
        ('rastervision.core.data_sample:Box', 'rastervision.core.box:Box'),
        (
            'rastervision.core.data.vector_transformer.buffer_transformer:VectorTransformer',
            'rastervision.core.data.vector_transformer.vector_transformer:VectorTransformer',
        ),
    ],
)
def test_a_name_is_the_same_at_its_older_path(older, home):
    assert lazy.load(older) is lazy.load(home)


@pytest.mark.parametrize('module', SHARED)
def test_names_are_given_also_by_those_that_use_them(module):
    for name in SHARED[module].split():
        lazy.load(f'{module}:{name}')


def given_by(path: Path) -> list[str]:
    """The names, as `'package.module:Name'`, that a module gives by `lazy.also_give`."""
    module = '.'.join(path.with_suffix('').parts[len(ROOT.parts) + 1 :])
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == 'lazy.also_give':
            texts = [ast.literal_eval(part) for part in node.args[1:]]
            found += [f'{module}:{name}' for text in texts for name in text.partition(':')[2].split()]
    return found


SOURCES = sorted(path for part in ROOT.glob('rastervision_*') for path in part.glob('rastervision/**/*.py'))
ALSO_GIVEN = [name for path in SOURCES for name in given_by(path)]


def test_modules_give_what_they_imported_in_031():
    assert 'rastervision.core.data.raster_source.rasterio_source:download_if_needed' in ALSO_GIVEN
    for name in ALSO_GIVEN:
        lazy.load(name)


def test_what_a_module_also_gives_is_not_loaded_before_it_is_asked_for():
    program = (
        'import sys, rastervision.core.data.label_source.semantic_segmentation_label_source_config as m; '
        'print("numpy" in sys.modules, m.SemanticSegmentationLabelSource.__name__)'
    )

    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ['False', 'SemanticSegmentationLabelSource']


MODULES = """
import importlib, sys
for name in sys.argv[1:]:
    module = importlib.import_module('rastervision')
    importlib.import_module('.'.join(name.split('.')[:2]))
    for part in name.split('.')[1:]:
        module = getattr(module, part)
    assert module is sys.modules[name], name
assert not hasattr(module, 'nothing_of_the_kind') and not hasattr(module, '__wrapped__')
"""


def test_modules_are_attributes_of_packages_that_are_imported():
    modules = ['pipeline.config.base', 'core.data.utils.factory', 'pytorch_learner.object_detection_utils', 'core.data']

    done = subprocess.run(
        [sys.executable, '-c', MODULES, *(f'rastervision.{name}' for name in modules)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, '')


def test_a_package_imports_no_module_to_say_what_it_has():
    program = (
        'import sys, rastervision.core.data as d; dir(d); hasattr(d, "_x"); '
        'print("rastervision.core.data.scene" in sys.modules)'
    )

    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == 'False'


@pytest.mark.parametrize(
    'module',
    ['rastervision.pytorch_learner.classification_learner_config', 'rastervision.core.data', 'rastervision.core.box'],
)
def test_what_is_not_there_is_no_attribute(module):
    assert not hasattr(lazy.load(module), 'nothing')
