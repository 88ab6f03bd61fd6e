"""Chip classification from images and cells to predictions of a bundle, with a tiny network on four bands."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from rasterio.transform import from_origin

from rastervision.core.cli import predict, predict_scene
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.data.label_source.chip_classification_label_source_config import (
    ChipClassificationLabelSourceConfig,
)
from rastervision.core.data.label_store.chip_classification_geojson_store_config import (
    ChipClassificationGeoJSONStoreConfig,
)
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.raster_transformer.stats_transformer_config import StatsTransformerConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.data.vector_source.geojson_vector_source_config import GeoJSONVectorSourceConfig
from rastervision.core.rv_pipeline.chip_classification_config import ChipClassificationConfig
from rastervision.core.rv_pipeline.chip_options import ChipOptions, WindowSamplingConfig
from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions
from rastervision.pipeline.config.resolve import resolve
from rastervision.pytorch_backend.pytorch_chip_classification_config import PyTorchChipClassificationConfig
from rastervision.pytorch_learner.classification_learner_config import (
    ClassificationGeoDataConfig,
    ClassificationImageDataConfig,
    ClassificationModelConfig,
)
from rastervision.pytorch_learner.learner_config.solver import SolverConfig

CELL = 10
BANDS = 4
CLASSES = ClassConfig(names=['dark', 'bright', 'never'], colors=['black', 'white', 'red'])
ORIGIN = 500_000, 5_100_000
CHECKERBOARD = np.indices((4, 5)).sum(axis=0) % 2  # of whole cells; the image reaches three pixels further


@dataclass
class Files:
    """Where the parts of a scene are."""

    image: str
    cells: str
    aoi: str


def feature(row: int, col: int, height: int, width: int, **properties: object) -> dict:
    """A rectangle of cells; its edges are those of pixels exactly, so a corner may round to either side."""
    x, y = ORIGIN[0] + 10 * CELL * col, ORIGIN[1] - 10 * CELL * row
    right, bottom = x + 10 * CELL * width, y - 10 * CELL * height
    ring = [[x, y], [right, y], [right, bottom], [x, bottom], [x, y]]
    return {'type': 'Feature', 'properties': properties, 'geometry': {'type': 'Polygon', 'coordinates': [ring]}}


def write_features(path: Path, features: list[dict]) -> str:
    crs = {'type': 'name', 'properties': {'name': 'urn:ogc:def:crs:EPSG::32633'}}
    path.write_text(json.dumps({'type': 'FeatureCollection', 'crs': crs, 'features': features}))
    return str(path)


def write_files(folder: Path, name: str, scale: int = 1) -> Files:
    """An image of 43 x 53 pixels of four bands, and labels of all whole cells but those in the first row."""
    pixels = np.full((BANDS, 43, 53), 3000 * scale, np.uint16)
    pixels[:, :40, :50] = np.kron(CHECKERBOARD, np.ones((CELL, CELL))) * 9000 * scale + 1000 * scale
    profile = {'height': 43, 'width': 53, 'count': BANDS, 'dtype': 'uint16', 'crs': 'EPSG:32633'}
    image = folder / f'{name}.tif'
    with rasterio.open(image, 'w', driver='GTiff', transform=from_origin(*ORIGIN, 10, 10), **profile) as dataset:
        dataset.write(pixels)
    labeled = [feature(r, c, 1, 1, class_id=int(i)) for (r, c), i in np.ndenumerate(CHECKERBOARD) if r > 0]
    cells = write_features(folder / f'{name}-cells.json', labeled)
    aoi = write_features(folder / f'{name}-aoi.json', [feature(0, 0, 3, 5)])
    return Files(str(image), cells, aoi)


def scene_config(name: str, files: Files, **fields) -> SceneConfig:
    source = GeoJSONVectorSourceConfig(uris=files.cells)
    fields = {'label_source': ChipClassificationLabelSourceConfig(vector_source=source), **fields}
    transformers = [StatsTransformerConfig()]
    image = RasterioSourceConfig(uris=files.image, channel_order=list(range(BANDS)), transformers=transformers)
    return SceneConfig(id=name, raster_source=image, **fields)


IMAGE_DATA = ClassificationImageDataConfig(img_sz=32, num_workers=0)


SLIDING = WindowSamplingConfig(size=CELL)


def make_config(folder: Path, data=IMAGE_DATA, sampling=SLIDING) -> ChipClassificationConfig:
    train, valid, test = (write_files(folder, name) for name in ('train', 'valid', 'test'))
    dataset = DatasetConfig(
        class_config=CLASSES,
        train_scenes=[scene_config('train', train, aoi_uris=[train.aoi])],
        validation_scenes=[scene_config('valid', valid)],
        test_scenes=[scene_config('test', test, label_source=None)],
        scene_groups={'train_scenes': ['train'], 'mine': ['valid']},
    )
    backend = PyTorchChipClassificationConfig(
        data=data,
        model=ClassificationModelConfig(backbone='resnet18', pretrained=False),
        solver=SolverConfig(lr=1e-3, num_epochs=1, batch_sz=4),
        log_tensorboard=False,
    )
    return resolve(
        ChipClassificationConfig(
            root_uri=str(folder / 'run'),
            dataset=dataset,
            backend=backend,
            chip_options=ChipOptions(sampling=sampling),
            predict_options=PredictOptions(chip_sz=CELL),
        )
    )


def run(config: ChipClassificationConfig, folder: Path, *commands: str) -> None:
    tmp = folder / 'tmp'
    tmp.mkdir(exist_ok=True)
    pipeline = config.build(str(tmp))
    for command in commands or pipeline.commands:
        getattr(pipeline, command)()


def properties_in(path: Path) -> list[dict]:
    return [each['properties'] for each in json.loads(path.read_text())['features']]


def scores_in(path: Path) -> np.ndarray:
    return np.array([each['scores'] for each in properties_in(path)])


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    """A finished run on chips, with its data."""
    folder = tmp_path_factory.mktemp('chip-classification')
    run(make_config(folder), folder)
    return folder


def test_windows_with_a_label_in_the_aoi_become_chips(folder):
    (path,) = (folder / 'run/chip').iterdir()
    with zipfile.ZipFile(path) as chips:
        names = [name.rsplit('/', 1)[0] for name in chips.namelist()]
    assert {name: names.count(name) for name in sorted(set(names))} == {
        'train/bright': 5,
        'train/dark': 5,
        'valid/bright': 8,
        'valid/dark': 7,
    }


def test_all_windows_are_predicted_with_logits_and_probabilities(folder):
    cells = properties_in(folder / 'run/predict/valid.json')
    assert len(cells) == 5 * 6
    for cell in cells:
        assert cell['class_id'] == int(np.argmax(cell['scores']))
        assert sum(cell['probabilities']) == pytest.approx(1, abs=1e-5)
    assert len(properties_in(folder / 'run/predict/test.json')) == 5 * 6


def test_cells_from_map_coordinates_are_evaluated(folder):
    report = json.loads((folder / 'run/eval/mine/eval.json').read_text())
    assert report['overall'][-1]['gt_count'] == 15
    assert report['overall'][-1]['cells'] == {'labeled': 15, 'predicted': 30, 'matched': 15, 'uncovered': 0}


def test_the_bundle_predicts_as_the_run_did(folder, tmp_path):
    result = CliRunner().invoke(
        predict,
        [str(folder / 'run/bundle/model-bundle.zip'), str(folder / 'valid.tif'), str(tmp_path / 'out.json')],
        catch_exceptions=False,
    )
    assert result.exit_code == 0, result.output
    np.testing.assert_allclose(
        scores_in(tmp_path / 'out.json'), scores_in(folder / 'run/predict/valid.json'), atol=1e-5
    )


@pytest.mark.parametrize(
    ('options', 'alike'), [([], False), (['--update-stats'], True), (['--scene-group', 'mine'], False)]
)
def test_statistics_of_the_image_make_up_for_another_brightness(folder, tmp_path, options, alike):
    """The image is twice as bright, so only its own statistics give the same pixels, but for rounding."""
    image = write_files(tmp_path, 'bright', scale=2).image
    out = tmp_path / 'out.json'
    result = CliRunner().invoke(
        predict, [str(folder / 'run/bundle/model-bundle.zip'), image, str(out), *options], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    difference = np.abs(scores_in(out) - scores_in(folder / 'run/predict/valid.json')).max()
    assert (difference < 1e-3) == alike, difference


def test_a_scene_is_predicted_where_it_meets_its_aoi(folder, tmp_path):
    files = write_files(tmp_path, 'new')
    store = ChipClassificationGeoJSONStoreConfig(uri=str(tmp_path / 'out.json'))
    config = scene_config('new', files, label_source=None, label_store=store, aoi_uris=[files.aoi])
    config.to_file(str(tmp_path / 'scene.json'))

    result = CliRunner().invoke(
        predict_scene,
        [str(folder / 'run/bundle/model-bundle.zip'), str(tmp_path / 'scene.json')],
        catch_exceptions=False,
    )
    assert result.exit_code == 0, result.output
    assert {each['class_name'] for each in properties_in(tmp_path / 'out.json')} <= set(CLASSES.names)
    assert len(properties_in(tmp_path / 'out.json')) == 4 * 6


@pytest.mark.parametrize(
    'sampling',
    [
        SLIDING,
        WindowSamplingConfig(size=CELL, method='random', size_lims=(8, 12), max_windows=8, padding=0),
    ],
    ids=['sliding', 'random'],
)
def test_scenes_are_learnt_without_chips(tmp_path, sampling):
    data = ClassificationGeoDataConfig(sampling=sampling, img_sz=32, num_workers=0)
    config = make_config(tmp_path, data, sampling)
    run(config, tmp_path)
    assert not (tmp_path / 'run/chip').exists()
    assert len((tmp_path / 'run/train/log.csv').read_text().splitlines()) == 2
    assert (tmp_path / 'run/eval/mine/eval.json').exists()


def test_random_chips_have_the_class_of_the_cell_they_are_mostly_in(tmp_path):
    sampling = WindowSamplingConfig(size=CELL, method='random', max_windows=12, padding=0)
    config = make_config(tmp_path, sampling=sampling)
    run(config, tmp_path, 'analyze', 'chip')
    (path,) = (tmp_path / 'run/chip').iterdir()
    with zipfile.ZipFile(path) as chips:
        names = [name for name in chips.namelist() if name.startswith('train')]
        pixels = {name: np.load(chips.open(name)) for name in names}
    assert len(names) == 12
    middle = np.mean([np.min(list(pixels.values())), np.max(list(pixels.values()))])
    for name, values in pixels.items():
        assert values.mean() >= middle if name.startswith('train/bright') else values.mean() <= middle
