import importlib
import re

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.data.raster_source.multi_raster_source_config import MultiRasterSourceConfig
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.raster_transformer.stats_transformer_config import StatsTransformerConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig
from rastervision.core.rv_pipeline.dependencies import config_for, inputs_of
from rastervision.core.rv_pipeline.semantic_segmentation_config import SemanticSegmentationConfig
from rastervision.pipeline.config.resolve import resolve
from rastervision.pipeline.config.spellings import OldSpellingWarning
from rastervision.pytorch_backend.pytorch_learner_backend import PyTorchLearnerBackend
from rastervision.pytorch_backend.pytorch_semantic_segmentation_config import PyTorchSemanticSegmentationConfig
from rastervision.pytorch_learner.learner_config.external_module import ExternalModuleConfig
from rastervision.pytorch_learner.learner_config.loggers import WandbLoggerConfig
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import (
    SemanticSegmentationGeoDataConfig,
    SemanticSegmentationImageDataConfig,
)
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import SemanticSegmentationModelConfig

STATS = StatsTransformerConfig(stats_uri='/nowhere/stats.json')


@pytest.fixture
def image(tmp_path):
    """Path of an image of 3 bands of uint16."""
    path = str(tmp_path / 'image.tif')
    place = {'crs': 'epsg:32633', 'transform': from_origin(500000, 5100000, 10, 10)}
    with rasterio.open(path, 'w', driver='GTiff', height=8, width=9, count=3, dtype='uint16', **place) as dataset:
        dataset.write(np.ones((3, 8, 9), dtype=np.uint16))
    return path


def channels_of(raster_source):
    classes = ClassConfig(names=['a', 'b'])
    scene = SceneConfig(id='s', raster_source=raster_source)
    backend = PyTorchSemanticSegmentationConfig(
        data=SemanticSegmentationImageDataConfig(), model=SemanticSegmentationModelConfig(), solver=SolverConfig()
    )
    dataset = DatasetConfig(class_config=classes, train_scenes=[scene], validation_scenes=[])
    pipeline = SemanticSegmentationConfig(root_uri='/nowhere', dataset=dataset, backend=backend)
    backend.update(pipeline)
    return backend.data.img_channels


def test_channels_are_known_before_there_are_statistics(image):
    source = RasterioSourceConfig(uris=image, transformers=[STATS])

    assert channels_of(source) == 3
    assert source.transformers == [STATS]


def test_channels_of_several_sources_are_known_before_there_are_statistics(image):
    sources = [RasterioSourceConfig(uris=image, channel_order=[0], transformers=[STATS]) for _ in range(2)]

    assert channels_of(MultiRasterSourceConfig(raster_sources=sources)) == 2


def test_channels_of_a_time_series_are_those_of_a_time(image):
    sources = [RasterioSourceConfig(uris=image, channel_order=[0, 1]) for _ in range(3)]

    assert channels_of(MultiRasterSourceConfig(raster_sources=sources, temporal=True)) == 2


def test_channels_of_an_image_elsewhere_are_left_open():
    assert channels_of(RasterioSourceConfig(uris='/nowhere/image.tif')) is None


# -------------------------------------------------------- what training depends on
def backend_with(data=None, solver=None, model=None, **fields):
    return PyTorchSemanticSegmentationConfig(
        data=SemanticSegmentationImageDataConfig(**{'img_sz': 8, **(data or {})}),
        solver=SolverConfig(**(solver or {})),
        model=SemanticSegmentationModelConfig(**(model or {})),
        **fields,
    )


CIRCUMSTANCES = [
    {'data': {'num_workers': 1}},
    {'data': {'preview_batch_limit': 3}},
    {'data': {'plot_options': None}},
    {'solver': {'sync_interval': 7}},
    {'solver': {'state_interval': 7}},
    {'solver': {'on_nonfinite': 'skip'}},
    {'log_tensorboard': False},
    {'run_tensorboard': True},
    {'image_interval': 3},
]
RESULTS = [{'export_onnx': True}, {'save_all_checkpoints': True}, {'solver': {'calibrate': True}}]
CAUSES = [
    {'data': {'img_sz': 16}},
    {'data': {'augmentors': []}},
    {'solver': {'lr': 1.0}},
    {'model': {'pretrained': False}},
]


def settings_of(backend):
    """What the command depends on, and what unfinished work does."""
    learner = PyTorchLearnerBackend(None, backend.get_learner_config(None), '')
    return backend.settings_of_training(), learner.training_settings()


@pytest.mark.parametrize('change', CIRCUMSTANCES, ids=str)
def test_how_training_is_watched_does_not_matter(change):
    assert settings_of(backend_with(**change)) == settings_of(backend_with())


@pytest.mark.parametrize('change', RESULTS, ids=str)
def test_further_results_of_the_same_weights_do_not_start_training_anew(change):
    whole, unfinished = settings_of(backend_with(**change))
    assert whole != settings_of(backend_with())[0]
    assert unfinished == settings_of(backend_with())[1]


@pytest.mark.parametrize('change', CAUSES, ids=str)
def test_what_changes_weights_starts_training_anew(change):
    changed, before = settings_of(backend_with(**change)), settings_of(backend_with())
    assert changed[0] != before[0] and changed[1] != before[1]


def test_training_reads_first_weights_code_and_lambdas(tmp_path):
    net = tmp_path / 'net'
    (net / '__pycache__').mkdir(parents=True)
    (net / '.git').mkdir()
    for name in ('hubconf.py', 'helper.py', '__pycache__/hubconf.pyc', '.git/HEAD', '.hidden'):
        (net / name).write_text('')
    code = ExternalModuleConfig(uri=str(net), entrypoint='make')
    transform = {'transform': {'__class_fullname__': 'Lambda'}, 'lambda_transforms_path': '/mine.py'}
    backend = backend_with(
        data={'aug_transform': transform}, solver={'external_loss_def': code}, model={'init_weights': '/weights.pth'}
    )
    assert backend.inputs_of_training() == [
        '/weights.pth',
        str(net / 'helper.py'),
        str(net / 'hubconf.py'),
        '/mine.py',
    ]


def test_training_from_scenes_depends_on_them_but_not_on_test_scenes(image):
    def depends(**more):
        scene = SceneConfig(id='s', raster_source=RasterioSourceConfig(uris=image))
        data = SemanticSegmentationGeoDataConfig(sampling=WindowSamplingConfig(size=8))
        backend = PyTorchSemanticSegmentationConfig(
            data=data, model=SemanticSegmentationModelConfig(), solver=SolverConfig()
        )
        dataset = DatasetConfig(
            class_config=ClassConfig(names=['a', 'b']), **{'train_scenes': [scene], 'validation_scenes': [], **more}
        )
        pipeline = SemanticSegmentationConfig(root_uri='/nowhere', dataset=dataset, backend=backend)
        pipeline.update()
        return config_for(pipeline, 'train'), inputs_of(pipeline, 'train')

    other = SceneConfig(id='t', raster_source=RasterioSourceConfig(uris='/elsewhere.tif'))
    assert depends()[1] == [image]
    assert depends(test_scenes=[other]) == depends()
    assert depends(validation_scenes=[other])[0] != depends()[0]
    assert depends(validation_scenes=[other])[1] == [image, '/elsewhere.tif']


def pipeline_of_epochs(root, num_epochs, lr=1e-3):
    backend = PyTorchSemanticSegmentationConfig(
        data=SemanticSegmentationImageDataConfig(img_channels=3),
        model=SemanticSegmentationModelConfig(),
        solver=SolverConfig(num_epochs=num_epochs, lr=lr),
    )
    scenes = [SceneConfig(id='s', raster_source=RasterioSourceConfig(uris='x.tif'))]
    dataset = DatasetConfig(class_config=ClassConfig(names=['a', 'b']), train_scenes=scenes, validation_scenes=[])
    return resolve(SemanticSegmentationConfig(root_uri=str(root), dataset=dataset, backend=backend))


@pytest.mark.parametrize(
    ('epochs', 'lr', 'remark'),
    [
        (5, 1e-3, r'goes on after the 2 epochs .* training of 5 epochs from the start.* train --rerun'),
        (2, 1e-3, None),
        (1, 1e-3, None),
        (5, 1e-4, None),  # it starts anew
    ],
)
def test_training_for_longer_than_before_is_remarked_on(tmp_path, epochs, lr, remark):
    before = pipeline_of_epochs(tmp_path, 2)
    before.backend.get_learner_config(before).to_file(str(tmp_path / 'train' / 'learner-config.json'))
    now = pipeline_of_epochs(tmp_path, epochs, lr)

    found = now.backend.remark_on_training(now)

    assert found is None if remark is None else re.match(remark, found)


@pytest.mark.parametrize(
    'text', ['', '[]', '{"solver": 1}', '{"solver": {"num_epochs": "two"}}', '{"solver": {"num_epochs": 1}}']
)
def test_an_odd_config_of_an_earlier_training_is_not_remarked_on(tmp_path, text):
    (tmp_path / 'train').mkdir()
    (tmp_path / 'train' / 'learner-config.json').write_text(text)
    now = pipeline_of_epochs(tmp_path, 5)

    assert now.backend.remark_on_training(now) is None


@pytest.mark.parametrize('task', ['SemanticSegmentation', 'ObjectDetection', 'ChipClassification'])
def test_a_backend_of_old_without_data_trains_on_chips(task):
    backends, learners = (importlib.import_module(f'rastervision.pytorch_{name}') for name in ('backend', 'learner'))
    short = task.replace('ChipC', 'C')
    model = getattr(learners, f'{short}ModelConfig')()

    with pytest.warns(OldSpellingWarning, match='without data'):
        config = getattr(backends, f'PyTorch{task}Config')(model=model, solver=learners.SolverConfig())

    assert type(config.data).__name__ == f'{short}ImageDataConfig'
    assert config.filter_commands(['chip', 'train']) == ['chip', 'train']


@pytest.mark.parametrize(
    ('field', 'value'),
    [
        ('data', SemanticSegmentationImageDataConfig(img_sz=77)),
        ('model', SemanticSegmentationModelConfig(pretrained=False, channels_last=True)),
        ('solver', SolverConfig(lr=0.5)),
        ('log_tensorboard', False),
        ('run_tensorboard', True),
        ('save_all_checkpoints', True),
        ('loggers', [WandbLoggerConfig()]),
        ('image_interval', 3),
        ('export_onnx', True),
    ],
)
def test_fields_of_the_backend_reach_the_learner(field, value):
    fields = {
        'data': SemanticSegmentationImageDataConfig(),
        'model': SemanticSegmentationModelConfig(pretrained=False),
        'solver': SolverConfig(),
    }
    plain, changed = (
        getattr(PyTorchSemanticSegmentationConfig(**each).get_learner_config(None), field)
        for each in (fields, {**fields, field: value})
    )

    assert changed != plain
    if field == 'data':
        assert changed.img_sz == 77
    else:
        assert changed == value
