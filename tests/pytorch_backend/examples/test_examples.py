"""Each example runs from the data set's own layout to predictions and metrics, on a miniature of its data."""

import json
from dataclasses import dataclass
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from click.testing import CliRunner

from rastervision.core.box import Box
from rastervision.pipeline.cli.config_module import get_configs
from rastervision.pipeline.cli.running import run_pipelines
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.execution import resolve_pipeline
from rastervision.pipeline.runner.inprocess_runner import InProcessRunner
from rastervision.pytorch_backend.examples.preparation.objects import list_scene
from rastervision.pytorch_backend.examples.prepare import DATA_SETS, prepare

EXAMPLES = 'rastervision.pytorch_backend.examples'
POTSDAM = 'isprs_potsdam'


@dataclass(frozen=True)
class Example:
    """An example, as it is called.

    Attributes:
        name: Its module.
        raw: The fixture with the data set.
        arguments: Further arguments.
        takes: Which of the folders it is given.
        predictions: Files that it makes of its validation scenes.
        channels: How many the images have.
    """

    name: str
    raw: str
    predictions: tuple[str, ...]
    takes: tuple[str, ...] = ('raw_uri', 'processed_uri')
    arguments: tuple[tuple[str, str], ...] = ()
    channels: int = 3


ALL = [
    Example('tiny_spacenet', 'spacenet_vegas', ('img25/labels.tif',), takes=('raw_uri',)),
    Example(
        'semantic_segmentation.spacenet_vegas',
        'spacenet_vegas',
        ('img205/labels.tif', 'img205/vector_output/class-1-building.json'),
        takes=('raw_uri',),
    ),
    Example(
        'semantic_segmentation.spacenet_vegas',
        'spacenet_vegas',
        ('img205/labels.tif', 'img205/vector_output/class-1-road.json'),
        takes=('raw_uri',),
        arguments=(('target', 'roads'), ('nochip', 'True')),
    ),
    Example(
        'semantic_segmentation.spacenet_rio',
        'spacenet_rio',
        ('013022223131/labels.tif', '013022223131/vector_output/class-1-building.gpkg'),
        arguments=(('nochip', 'True'),),
    ),
    Example('chip_classification.spacenet_rio', 'spacenet_rio', ('013022223131.json',)),
    Example('semantic_segmentation.isprs_potsdam', POTSDAM, ('2_12/labels.tif',), takes=('raw_uri',), channels=4),
    Example(
        'semantic_segmentation.isprs_potsdam',
        POTSDAM,
        ('2_12/labels.tif',),
        arguments=(('nochip', 'True'),),
        channels=5,
    ),
    Example('object_detection.cowc_potsdam', 'cowc_potsdam', ('top_potsdam_2_11_RGB.json',), takes=('processed_uri',)),
    Example('object_detection.xview', 'xview', ('10.json',), arguments=(('nochip', 'True'),)),
]


def name_of(example: Example) -> str:
    return '-'.join([example.name, *(value for _, value in example.arguments)])


each_example = pytest.mark.parametrize('example', ALL, ids=name_of)


@pytest.fixture(scope='session')
def prepared(request, tmp_path_factory):
    """A function that prepares a data set, once, and gives the folder."""
    done: dict[str, Path] = {}

    def prepared(name: str) -> Path:
        if name not in done:
            folder = tmp_path_factory.mktemp(f'{name}_processed')
            if name in DATA_SETS:
                raw = str(request.getfixturevalue(name))
                result = CliRunner().invoke(prepare, [name, raw, str(folder)], catch_exceptions=False)
                assert result.exit_code == 0, result.output
            done[name] = folder
        return done[name]

    return prepared


@pytest.fixture
def arguments_of(request, prepared):
    """A function that gives the arguments of an example, as they are typed."""

    def arguments_of(example: Example, root: Path) -> dict[str, str]:
        folders = {'raw_uri': request.getfixturevalue(example.raw), 'processed_uri': prepared(example.raw)}
        given = {name: str(folders[name]) for name in example.takes}
        return {**given, 'root_uri': str(root), **dict(example.arguments)}

    return arguments_of


@each_example
def test_it_predicts_and_evaluates(example, arguments_of, tmp_path, monkeypatch):
    monkeypatch.setenv('TQDM_DISABLE', '1')
    arguments = {**arguments_of(example, tmp_path), 'test': 'True'}
    configs = get_configs(f'{EXAMPLES}.{example.name}', 'inprocess', arguments)

    run_pipelines(InProcessRunner(), configs, [])

    assert [name for name in example.predictions if not (tmp_path / 'predict' / name).is_file()] == []
    metrics = json.loads((tmp_path / 'eval/validation_scenes/eval.json').read_text())
    assert metrics['overall']


@each_example
def test_it_is_valid_at_full_size_too(example, arguments_of, tmp_path):
    (config,) = get_configs(f'{EXAMPLES}.{example.name}', 'local', arguments_of(example, tmp_path))

    resolved = resolve_pipeline(config)

    assert resolved.backend.model.pretrained
    assert resolved.backend.data.img_channels == example.channels
    assert all(scene.raster_source.bbox is None for scene in resolved.dataset.all_scenes)
    assert not set(ids(resolved.dataset.train_scenes)) & set(ids(resolved.dataset.validation_scenes))


def ids(scenes) -> list[str]:
    return [scene.id for scene in scenes]


def test_rio_has_one_indexed_file_of_buildings(prepared):
    buildings = geopandas.read_file(prepared('spacenet_rio') / 'buildings.fgb')

    assert len(buildings) == 30
    assert not buildings.has_z.any()


def test_images_without_objects_are_left_out(prepared):
    scenes = json.loads((prepared('spacenet_rio') / 'scenes.json').read_text())['scenes']

    assert [scene['id'] for scene in scenes] == ['013022223132', '013022223131']


def test_heights_of_potsdam_have_size_and_place_of_their_image(prepared, isprs_potsdam):
    with (
        rasterio.open(prepared('isprs_potsdam') / 'heights/2_11.tif') as heights,
        rasterio.open(isprs_potsdam / '4_Ortho_RGBIR/top_potsdam_2_11_RGBIR.tif') as image,
    ):
        assert (heights.shape, heights.transform, heights.crs) == (image.shape, image.transform, image.crs)
        assert (heights.read(1)[:, -1] == heights.read(1)[:, -2]).all()


def test_marks_of_cowc_become_boxes(prepared):
    cars = geopandas.read_file(prepared('cowc_potsdam') / 'labels/top_potsdam_2_10_RGB.geojson')

    assert len(cars) == 8
    assert np.allclose(shapely.area(cars.geometry.to_numpy()), 32 * 32)


def test_xview_keeps_vehicles_of_images_that_are_there(prepared):
    folder = prepared('xview')
    scenes = json.loads((folder / 'scenes.json').read_text())['scenes']
    vehicles = geopandas.read_file(folder / 'labels/355.geojson')

    assert [scene['id'] for scene in scenes] == ['355', '10', '102']
    assert len(vehicles) == 8  # of 12 objects, every third is a building
    assert (vehicles.total_bounds[:2] > (-115.31, 36.1)).all()


def test_the_part_with_most_objects_is_found():
    centres = np.array([(10, 10), (900, 550), (910, 560), (1190, 1190)])

    scene = list_scene('a', centres, Box(0, 0, 1200, 1200))

    assert scene.crop == (300, 750, 600, 1050)


def test_a_small_image_is_used_whole():
    assert list_scene('a', np.array([(10, 10)]), Box(0, 0, 100, 900)).crop == (0, 0, 100, 300)


def test_data_that_is_not_prepared_is_named(tmp_path):
    arguments = {'processed_uri': str(tmp_path), 'root_uri': 'x'}

    with pytest.raises(ConfigError, match=r'Prepare it first: python -m rastervision.pytorch_backend.examples.prepare'):
        get_configs(f'{EXAMPLES}.object_detection.cowc_potsdam', 'local', arguments)


def test_an_unknown_target_is_refused(spacenet_vegas):
    arguments = {'raw_uri': str(spacenet_vegas), 'root_uri': 'x', 'target': 'road'}

    with pytest.raises(ConfigError, match=r"target 'road'.*roads"):
        get_configs(f'{EXAMPLES}.semantic_segmentation.spacenet_vegas', 'local', arguments)


def test_prepare_names_an_empty_folder_in_one_line(tmp_path):
    (tmp_path / 'train_images').mkdir()

    result = CliRunner().invoke(prepare, ['xview', str(tmp_path), str(tmp_path / 'out')])

    assert result.exit_code == 1
    assert 'There are no files *.tif' in result.output
    assert not (tmp_path / 'out').exists()
