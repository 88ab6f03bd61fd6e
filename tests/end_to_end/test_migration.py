"""The tables in docs/migration: what they name is there, and old spellings become what they say."""

import re
import subprocess
import warnings
from fnmatch import fnmatch
from pathlib import Path

import click
import pytest

from rastervision.core.predictor import Predictor
from rastervision.pipeline.cli.app import main
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.spellings import OldSpellingWarning
from rastervision.pipeline.errors import ConfigError

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
PAGES = 'from_011', 'from_012', 'from_020', 'from_030'
NAMES: dict[str, type] = {'Predictor': Predictor}
for part in ('core.data', 'core.rv_pipeline', 'core.evaluation', 'pytorch_backend', 'pytorch_learner'):
    exec(f'from rastervision.{part} import *', NAMES)
NAMES = {name: each for name, each in NAMES.items() if isinstance(each, type)}
CONFIGS = {name: each for name, each in NAMES.items() if issubclass(each, Config)}
FIELDS = {field for config in CONFIGS.values() for field in config.model_fields}
PLACEHOLDERS = {'XConfig', 'ImageDataConfig', 'uri', 'uris', 'PYTHONPATH'}
SOURCES = '\n'.join(path.read_text() for path in ROOT.glob('rastervision_*/rastervision/**/*.py'))
SCRIPTS = '\n'.join(path.read_text() for path in (ROOT / 'docker').iterdir())
COMMANDS = {name: main.get_command(click.Context(main), name) for name in main.list_commands(click.Context(main))}


def rows(page):
    """The cells of all tables of a page: what was, what is."""
    lines = (ROOT / f'docs/migration/{page}.md').read_text().splitlines()
    return [[cell.strip() for cell in line.split('|')[1:-1]] for line in lines if line.startswith('| ')]


def named(page):
    """What a page says is there now, in backticks; what was, too, where it is the same."""
    cells = [f'{was} {is_now}' if is_now.startswith('the same') else is_now for was, is_now in rows(page)]
    return sorted({text for cell in cells for text in re.findall('`([^`]+)`', cell)})


def is_command(line):
    """Whether a command line, or a part of one, has commands and options that there are."""
    words = line.split()
    script = words[0] if words[0].startswith('docker/') else None
    if script or (words[0].startswith('--') and words[0] not in options(*COMMANDS.values(), main)):
        help_text = subprocess.run([ROOT / (script or 'docker/run'), '--help'], capture_output=True, text=True).stdout
        known = set(re.findall(r'--\w+', help_text))
    else:
        called = [COMMANDS[word] for word in words if word in COMMANDS]
        if words[0] == 'rastervision' and not called:
            return words[1].startswith('-')
        known = options(main, *(called or COMMANDS.values()))
    return {word for word in words if word.startswith('-')} <= known


def options(*commands):
    return {option for command in commands for parameter in command.params for option in parameter.opts}


def is_file(path):
    """Whether a file is of the repository, or of a run as docs/reference/files.md has it."""
    listed = re.findall('^\\| (`.*?`) \\|', (ROOT / 'docs/reference/files.md').read_text(), re.M)
    patterns = [re.sub('<.*?>', '*', pattern) for cell in listed for pattern in re.findall('`(.*?)`', cell)]
    return any(fnmatch(path, pattern) or pattern.endswith(f'/{path}') for pattern in patterns) or (ROOT / path).exists()


def is_name(text):
    """Whether a name is of a class that has the arguments, of a field, or of something else in the sources."""
    for name, arguments in re.findall(r'(\w+)\(([^()]*)\)', text):
        given = {argument.split('=')[0].strip() for argument in arguments.split(',')} - {'', '...'}
        if name in CONFIGS and not given <= CONFIGS[name].model_fields.keys():
            return False
    names = set(re.findall(r'[a-zA-Z_]\w+', re.sub(r"'[^']*'", '', text))) - PLACEHOLDERS
    known = NAMES.keys() | FIELDS
    return all(name in known or re.search(rf'\b{name}\b', SOURCES + SCRIPTS) or is_setting(name) for name in names)


def is_setting(name):
    """`BATCH_GPU_JOB_QUEUE` is the key `gpu_job_queue` of the section `batch`."""
    key = name.lower().partition('_')[2]
    return any(f"'{each}'" in SOURCES for each in (name.lower(), key, key.upper()) if each)


@pytest.mark.parametrize('page', PAGES)
def test_what_a_page_names_is_there(page):
    def is_there(text):
        if text.startswith(('rastervision ', '-', 'docker/', 'predict -')):
            return is_command(text)
        if re.search(r'/|\.(json|tif|zip)$', text) and not text.startswith(('/', '~')):
            return is_file(text)
        return text == '::' or is_name(text)

    assert len(named(page)) > 5
    assert [text for text in named(page) if not is_there(text)] == []


def test_what_never_was_is_not_there():
    for text in ('rastervision fly', '--fly', 'docker/run --fly', 'rastervision predict --fly'):
        assert not is_command(text)
    for text in ('SolverConfig(fly)', 'chip_options.flyingly', 'FlyConfig', 'BATCH_FLYING'):
        assert not is_name(text)
    assert not is_file('train/flying.csv')


def image(**fields):
    return NAMES['RasterioSourceConfig'](uris='a.tif', **fields)


def labels(**fields):
    return NAMES['GeoJSONVectorSourceConfig'](uris='a.json', **fields)


def transformers(source):
    return [type(each).__name__ for each in source.transformers]


def segmentation(**fields):
    classes = NAMES['ClassConfig'](names=['a', 'b'])
    model, solver = NAMES['SemanticSegmentationModelConfig'](), NAMES['SolverConfig']()
    return NAMES['SemanticSegmentationConfig'](
        root_uri='x',
        dataset=NAMES['DatasetConfig'](class_config=classes, train_scenes=[], validation_scenes=[]),
        backend=NAMES['PyTorchSemanticSegmentationConfig'](model=model, solver=solver),
        **fields,
    )


def segmentation_chips(**fields):
    return NAMES['SemanticSegmentationChipOptions'](**fields).sampling


def detection_chips(**fields):
    return NAMES['ObjectDetectionChipOptions'](**fields).sampling


OLD = {
    'from_012': {
        'default_class_id': lambda: transformers(labels(default_class_id=1))[0] == 'ClassInferenceTransformerConfig',
        'line_bufs': lambda: 'BufferTransformerConfig' in transformers(labels(line_bufs={1: 2.0})),
        'rgb_class_config': lambda: (
            transformers(
                NAMES['SemanticSegmentationLabelSourceConfig'](
                    raster_source=image(), rgb_class_config=NAMES['ClassConfig'](names=['a'], colors=['red'])
                ).raster_source
            )
            == ['RGBClassTransformerConfig']
        ),
        'backends without `data`': lambda: (
            type(segmentation().backend.data).__name__ == 'SemanticSegmentationImageDataConfig'
        ),
        'crs_source': lambda: (
            NAMES['MultiRasterSourceConfig'](raster_sources=[image(), image()], crs_source=1).primary_source_idx == 1
        ),
        'channel_display_groups': lambda: (
            NAMES['SemanticSegmentationImageDataConfig'](
                channel_display_groups=[[0]]
            ).plot_options.channel_display_groups
            is None
        ),
        'StatsTransformer': lambda: NAMES['StatsTransformerConfig']().scene_group == 'train_scenes',
    },
    'from_020': {
        'train_chip_sz': lambda: segmentation(train_chip_sz=77).chip_options.sampling.size == 77,
        'chip_nodata_threshold': lambda: (
            segmentation(train_chip_sz=77, chip_nodata_threshold=0.5).chip_options.nodata_threshold == 0.5
        ),
        'predict_chip_sz': lambda: segmentation(predict_chip_sz=77).predict_options.chip_sz == 77,
        'without `stride`': lambda: (
            segmentation(
                train_chip_sz=50, chip_options=NAMES['SemanticSegmentationChipOptions'](window_method='sliding')
            ).chip_options.sampling.stride
            == 25
        ),
        'without `chips_per_scene`': lambda: segmentation_chips(window_method='random_sample').max_windows == 1000,
        'label of object detection': lambda: detection_chips(window_method='label').method.value == 'label',
        'image of object detection': lambda: detection_chips(window_method='image').method.value == 'image',
        'chip of object detection': lambda: (
            (windows := detection_chips(window_method='chip')).method.value == 'random'
            and windows.neg_ratio == 1
            and windows.windows_per_box == 1
        ),
        '`extent`': lambda: image(extent=(0, 0, 5, 5)).bbox is not None,
        'class_names': lambda: (
            NAMES['SemanticSegmentationImageDataConfig'](
                class_names=['a', 'b'], class_colors=['red', 'blue']
            ).class_config.names
            == ['a', 'b']
        ),
    },
}


@pytest.mark.parametrize(('page', 'row'), [(page, row) for page, found in OLD.items() for row in found])
def test_old_spellings_become_what_the_page_says(page, row):
    assert any(row in was for was, _ in rows(page))
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', OldSpellingWarning)
        assert OLD[page][row]()


@pytest.mark.parametrize(
    ('make', 'instead'),
    [
        (lambda: image(extent_crop=(0, 0, 0.5, 1)), 'Use bbox'),
        (lambda: image(x_shift=1.0), 'Use a shift_transformer for the labels'),
        (
            lambda: NAMES['SceneConfig'](id='a', raster_source=image(), aoi_geometries=[{'type': 'Point'}]),
            'Use aoi_uris',
        ),
    ],
)
def test_what_is_gone_and_would_change_the_result_is_an_error(make, instead):
    with pytest.raises(ConfigError, match=instead):
        make()


def test_sections_of_settings_that_mean_nothing_any_more_do_no_harm(rastervision, tmp_path):
    old = '[PLUGINS]\nfiles=["a.py"]\n[RV]\ntmp_dir=/x\n[AWS_BATCH]\njob_queue=q\n[AWS_S3]\nrequester_pays=False\n'
    (tmp_path / 'settings').write_text(old)

    config = ROOT / 'examples/quickstart.py', '-a', 'data_uri', 'x', '-a', 'root_uri', 'y'
    done = rastervision('ls', *config, RV_CONFIG=str(tmp_path / 'settings'))

    assert done.code == 0, done.err
