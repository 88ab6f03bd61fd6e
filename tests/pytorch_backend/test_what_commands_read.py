"""Each command opens only those parts of scenes, and those files of earlier commands, that it needs, in each task."""

import json
import shutil
import zipfile

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from rastervision.core.analyzer.stats_analyzer_config import StatsAnalyzerConfig
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.data.label_source.chip_classification_label_source_config import (
    ChipClassificationLabelSourceConfig,
)
from rastervision.core.data.label_source.object_detection_label_source_config import ObjectDetectionLabelSourceConfig
from rastervision.core.data.label_source.semantic_segmentation_label_source_config import (
    SemanticSegmentationLabelSourceConfig,
)
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.raster_source.rasterized_source_config import RasterizedSourceConfig, RasterizerConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.data.vector_source.geojson_vector_source_config import GeoJSONVectorSourceConfig
from rastervision.core.rv_pipeline.chip_classification_config import ChipClassificationConfig
from rastervision.core.rv_pipeline.chip_options import ChipOptions, WindowSamplingConfig
from rastervision.core.rv_pipeline.object_detection_config import (
    ObjectDetectionChipOptions,
    ObjectDetectionConfig,
    ObjectDetectionPredictOptions,
    ObjectDetectionWindowSamplingConfig,
)
from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions
from rastervision.core.rv_pipeline.semantic_segmentation_config import (
    SemanticSegmentationChipOptions,
    SemanticSegmentationConfig,
    SemanticSegmentationPredictOptions,
)
from rastervision.pipeline.cli.running import run_pipelines
from rastervision.pipeline.config.resolve import resolve
from rastervision.pipeline.errors import RasterVisionError
from rastervision.pipeline.execution import resolve_pipeline
from rastervision.pipeline.manifest import Manifest
from rastervision.pipeline.runner.inprocess_runner import InProcessRunner
from rastervision.pytorch_backend.pytorch_chip_classification_config import PyTorchChipClassificationConfig
from rastervision.pytorch_backend.pytorch_object_detection_config import PyTorchObjectDetectionConfig
from rastervision.pytorch_backend.pytorch_semantic_segmentation_config import PyTorchSemanticSegmentationConfig
from rastervision.pytorch_learner.classification_learner_config import (
    ClassificationGeoDataConfig,
    ClassificationImageDataConfig,
    ClassificationModelConfig,
)
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.object_detection_learner_config import (
    ObjectDetectionGeoDataConfig,
    ObjectDetectionImageDataConfig,
    ObjectDetectionModelConfig,
)
from rastervision.pytorch_learner.semantic_segmentation_learner_config import (
    SemanticSegmentationGeoDataConfig,
    SemanticSegmentationImageDataConfig,
    SemanticSegmentationModelConfig,
)

SIZE = 32
READS = {
    'analyze': {'image'},
    'chip': {'image', 'labels', 'aoi'},
    'train': set(),  # it has the chips
    'train on scenes': {'image', 'labels', 'aoi'},
    'predict': {'image', 'aoi', 'store'},
    'eval': {'image', 'labels', 'aoi', 'store'},
    'bundle': set(),
}
PARTS = ['image', 'labels', 'aoi', 'store']


def semantic_segmentation(labels):
    rasterizer = RasterizerConfig(background_class_id=0)
    source = RasterizedSourceConfig(vector_source=labels, rasterizer_config=rasterizer)
    return SemanticSegmentationLabelSourceConfig(raster_source=source)


def chip_classification(labels):
    return ChipClassificationLabelSourceConfig(
        vector_source=labels, infer_cells=True, background_class_id=0, cell_sz=SIZE
    )


def object_detection(labels):
    return ObjectDetectionLabelSourceConfig(vector_source=labels)


WINDOWS = {'size': SIZE}
TASKS = {
    'semantic_segmentation': (
        semantic_segmentation,
        (SemanticSegmentationConfig, PyTorchSemanticSegmentationConfig),
        (SemanticSegmentationImageDataConfig, SemanticSegmentationGeoDataConfig),
        SemanticSegmentationModelConfig(pretrained=False, architecture='lraspp'),
        SemanticSegmentationChipOptions(sampling=WindowSamplingConfig(**WINDOWS)),
        SemanticSegmentationPredictOptions(chip_sz=SIZE),
    ),
    'chip_classification': (
        chip_classification,
        (ChipClassificationConfig, PyTorchChipClassificationConfig),
        (ClassificationImageDataConfig, ClassificationGeoDataConfig),
        ClassificationModelConfig(pretrained=False, backbone='squeezenet1_1'),
        ChipOptions(sampling=WindowSamplingConfig(**WINDOWS)),
        PredictOptions(chip_sz=SIZE),
    ),
    'object_detection': (
        object_detection,
        (ObjectDetectionConfig, PyTorchObjectDetectionConfig),
        (ObjectDetectionImageDataConfig, ObjectDetectionGeoDataConfig),
        ObjectDetectionModelConfig(pretrained=False, architecture='fcos', backbone='resnet18'),
        ObjectDetectionChipOptions(sampling=ObjectDetectionWindowSamplingConfig(**WINDOWS)),
        ObjectDetectionPredictOptions(chip_sz=SIZE, stride=SIZE),
    ),
}


def polygons(*boxes):
    rings = [[[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]] for x0, y0, x1, y1 in boxes]
    features = [
        {'type': 'Feature', 'properties': {'class_id': 1}, 'geometry': {'type': 'Polygon', 'coordinates': [ring]}}
        for ring in rings
    ]
    return json.dumps({'type': 'FeatureCollection', 'features': features})


def make_scene(folder, name, make_labels):
    profile = {'driver': 'GTiff', 'height': 2 * SIZE, 'width': 2 * SIZE, 'count': 3, 'dtype': 'uint8'}
    pixel = 1e-5
    with rasterio.open(
        folder / f'{name}.tif',
        'w',
        crs='EPSG:4326',
        transform=from_origin(0, 2 * SIZE * pixel, pixel, pixel),
        **profile,
    ) as file:
        file.write(np.random.default_rng(len(name)).integers(1, 255, (3, 2 * SIZE, 2 * SIZE), dtype=np.uint8))
    (folder / f'{name}.json').write_text(polygons((4e-5, 4e-5, 2e-4, 3e-4), (4e-4, 4e-4, 5e-4, 6e-4)))
    (folder / f'{name}-aoi.json').write_text(polygons((-1e-4, -1e-4, 1e-3, 1e-3)))
    return SceneConfig(
        id=name,
        raster_source=RasterioSourceConfig(uris=str(folder / f'{name}.tif')),
        label_source=make_labels(GeoJSONVectorSourceConfig(uris=str(folder / f'{name}.json'))),
        aoi_uris=[str(folder / f'{name}-aoi.json')],
    )


def make_config(task, folder, *, on_scenes):
    make_labels, (pipeline, backend), data, model, chip_options, predict_options = TASKS[task]
    dataset = DatasetConfig(
        class_config=ClassConfig(names=['ground', 'house', 'null'], colors=['black', 'red', 'blue']),
        train_scenes=[make_scene(folder, 'train', make_labels)],
        validation_scenes=[make_scene(folder, 'valid', make_labels)],
    )
    config = pipeline(
        root_uri=str(folder / 'out'),
        dataset=dataset,
        backend=backend(
            model=model,
            solver=SolverConfig(batch_sz=4, num_epochs=1, one_cycle=False),
            data=data[on_scenes](img_sz=SIZE, img_channels=3, num_workers=0, augmentors=[]),
            log_tensorboard=False,
        ),
        analyzers=[StatsAnalyzerConfig(sample_prob=None)],
        chip_options=chip_options,
        predict_options=predict_options,
    )
    return resolve(config)


@pytest.fixture(scope='module', params=TASKS)
def run(request, tmp_path_factory):
    """A finished run: its config for chips, its config for scenes, and a function that runs a command of one."""
    folder = tmp_path_factory.mktemp(request.param)
    configs = {on_scenes: make_config(request.param, folder, on_scenes=on_scenes) for on_scenes in (False, True)}

    def run(config, command):
        (folder / 'tmp').mkdir(exist_ok=True)
        getattr(config.build(str(folder / 'tmp')), command)()

    for command in ('analyze', 'chip', 'train', 'predict', 'eval', 'bundle'):
        run(configs[False], command)
    return configs, run, folder


def break_part(scene, part, broken, monkeypatch):
    if part == 'image':
        scene.raster_source.uris = broken
    elif part == 'aoi':
        scene.aoi_uris = [broken]
    elif part == 'labels':
        source = scene.label_source
        getattr(source, 'raster_source', source).vector_source.uris = broken
    else:

        def build(*args, **kwargs):
            raise RasterVisionError(broken)

        monkeypatch.setattr(type(scene.label_store), 'build', build)


@pytest.mark.parametrize('part', PARTS)
@pytest.mark.parametrize('command', READS)
def test_a_command_opens_what_it_reads_and_nothing_else(run, command, part, monkeypatch):
    configs, run_command, folder = run
    broken = folder / 'broken.json'
    broken.write_text('{')
    config = configs[command == 'train on scenes'].copy()
    for scene in config.dataset.all_scenes:
        break_part(scene, part, str(broken), monkeypatch)

    if part not in READS[command]:
        run_command(config, command.split()[0])
    else:
        with pytest.raises(RasterVisionError, match='broken'):
            run_command(config, command.split()[0])


def num_chips(config, tmp_dir):
    """How many chips training takes, as a job of a run sees it."""
    pipeline = resolve_pipeline(config).build(tmp_dir)
    with Manifest(pipeline).job('train'):
        return {split: len(pipeline.config.backend.data.build_dataset(split, tmp_dir)) for split in ('train', 'valid')}


@pytest.mark.parametrize('task', TASKS)
def test_training_reads_the_chips_of_the_present_plan(task, tmp_path):
    chips = tmp_path / 'chips'
    (chips / 'train').mkdir(parents=True)  # seems to be a data folder
    (chips / '0.zip').write_text('no zip')
    config = make_config(task, tmp_path, on_scenes=False)
    config.chip_uri = config.backend.data.uri = str(chips)
    earlier = config.copy()
    earlier.dataset.validation_scenes = []
    for each in (earlier, config):
        run_pipelines(InProcessRunner(), [each], ('analyze', 'chip'))

    assert len(list(chips.glob('*.zip'))) == 3
    assert num_chips(config, str(tmp_path / 'tmp')) == {'train': 4, 'valid': 4}


@pytest.mark.parametrize('task', TASKS)
def test_folders_of_chips_that_no_pipeline_has_made_are_read_whole(task, tmp_path):
    config = make_config(task, tmp_path, on_scenes=False)
    run_pipelines(InProcessRunner(), [config], ('analyze', 'chip'))
    shutil.copytree(config.chip_uri, tmp_path / 'copy')
    other = next((tmp_path / 'copy').glob('*.zip'))
    shutil.copy(other, other.with_stem('z'))
    config.backend.data.uri = str(tmp_path / 'copy')

    assert num_chips(config, str(tmp_path / 'tmp')) == {'train': 8, 'valid': 8}


def test_a_bundle_has_the_statistics_of_its_own_run(run, tmp_path):
    config = run[0][False].copy()
    config.root_uri, config.analyze_uri, config.bundle_uri = str(tmp_path), str(tmp_path / 'analyze'), str(tmp_path)
    config.analyzers[0].output_uri = str(tmp_path / 'analyze' / 'stats')
    run_pipelines(InProcessRunner(), [config], ('analyze',))
    (tmp_path / 'analyze' / 'stats' / 'secret').write_text('of somebody else')

    run_pipelines(InProcessRunner(), [config], ('bundle',))

    with zipfile.ZipFile(tmp_path / 'model-bundle.zip') as file:
        names = [name for name in file.namelist() if name.startswith('analyze/') and not name.endswith('/')]
    assert sorted(names) == ['analyze/stats/train_scenes/stats.json', 'analyze/stats/validation_scenes/stats.json']
