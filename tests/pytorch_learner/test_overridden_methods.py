"""A public method that a subclass overrides is called, for every base class that others derive from."""

import json
import shutil
import socket
from typing import ClassVar, NamedTuple

import numpy as np
import pytest
import rasterio
import torch
from PIL import Image
from rasterio.transform import from_origin
from torch import nn

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.data.label_source.semantic_segmentation_label_source_config import (
    SemanticSegmentationLabelSourceConfig,
)
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.raster_source.rasterized_source_config import RasterizedSourceConfig, RasterizerConfig
from rastervision.core.data.scene import Scene
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.data.scene_factory import make_cc_scene, make_od_scene, make_ss_scene
from rastervision.core.data.vector_source.geojson_vector_source_config import GeoJSONVectorSourceConfig
from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig
from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionPredictOptions
from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions
from rastervision.core.rv_pipeline.semantic_segmentation_config import SemanticSegmentationPredictOptions
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.classification_learner import ClassificationLearner
from rastervision.pytorch_learner.dataset.classification_dataset import (
    ClassificationRandomWindowGeoDataset,
    ClassificationSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.dataset import (
    AlbumentationsDataset,
    GeoDataset,
    RandomWindowGeoDataset,
    SlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    ObjectDetectionRandomWindowGeoDataset,
    ObjectDetectionSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.regression_dataset import (
    RegressionRandomWindowGeoDataset,
    RegressionSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationRandomWindowGeoDataset,
    SemanticSegmentationSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.learner.learner import Learner
from rastervision.pytorch_learner.learner_config.classification_data import ClassificationImageDataConfig
from rastervision.pytorch_learner.learner_config.object_detection_data import ObjectDetectionImageDataConfig
from rastervision.pytorch_learner.learner_config.regression_data import RegressionImageDataConfig
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import (
    SemanticSegmentationGeoDataConfig,
    SemanticSegmentationImageDataConfig,
)
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.object_detection_learner import ObjectDetectionLearner
from rastervision.pytorch_learner.object_detection_utils import BoxList
from rastervision.pytorch_learner.regression_learner import RegressionLearner
from rastervision.pytorch_learner.semantic_segmentation_learner import SemanticSegmentationLearner
from rastervision.pytorch_learner.tasks.classification_config import (
    ClassificationLearnerConfig,
    ClassificationModelConfig,
)
from rastervision.pytorch_learner.tasks.object_detection_config import (
    ObjectDetectionLearnerConfig,
    ObjectDetectionModelConfig,
)
from rastervision.pytorch_learner.tasks.regression_config import RegressionLearnerConfig, RegressionModelConfig
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import (
    SemanticSegmentationLearnerConfig,
    SemanticSegmentationModelConfig,
)
from rastervision.pytorch_learner.utils.distributed import _train_worker
from rastervision.pytorch_learner.utils.prediction import (
    iter_predict_scene_cc,
    iter_predict_scene_od,
    iter_predict_scene_ss,
)

CLASSES = ClassConfig(names=['bg', 'thing'], colors=['black', 'white'], null_class='bg')
SIZE = 40


class Row(NamedTuple):
    """A base class, a method that a subclass of it overrides, and what must call that, given subclass and scenes."""

    base: type
    method: str
    reach: object


def spying(base, *methods):
    """A subclass that overrides methods, and the names of those that have been called."""
    called = set()

    def overriding(name):
        def method(self, *args, **kwargs):
            called.add(name)
            return getattr(super(cls, self), name)(*args, **kwargs)

        return method

    cls = type(f'Own{base.__name__}', (base,), {name: overriding(name) for name in methods})
    return cls, called


@pytest.fixture
def scenes(tmp_path):
    """A scene for each task, of an image with one object in it."""
    image = str(tmp_path / 'image.tif')
    place = {'crs': 'EPSG:32636', 'transform': from_origin(500_000, 0, 1, 1)}
    with rasterio.open(image, 'w', driver='GTiff', width=SIZE, height=SIZE, count=3, dtype='uint8', **place) as dataset:
        dataset.write(np.arange(1, 3 * SIZE**2 + 1).reshape(3, SIZE, SIZE).astype(np.uint8) // 2 + 1)
    x, y = 500_010, -10
    ring = [[x, y], [x + 8, y], [x + 8, y - 8], [x, y - 8], [x, y]]
    geometry = {'type': 'Polygon', 'coordinates': [ring]}
    features = [{'type': 'Feature', 'properties': {'class_id': 1}, 'geometry': geometry}]
    crs = {'type': 'name', 'properties': {'name': 'EPSG:32636'}}
    labels = tmp_path / 'labels.json'
    labels.write_text(json.dumps({'type': 'FeatureCollection', 'features': features, 'crs': crs}))
    options = {'label_vector_uri': str(labels), 'class_config': CLASSES}
    cells = {'label_source_kw': {'background_class_id': 0, 'lazy': True}}
    return {
        'ss': make_ss_scene(image, **options),
        'od': make_od_scene(image, **options),
        'cc': make_cc_scene(image, **options, **cells),
        'none': Scene('none', RasterioSource(image)),
    }


# ------------------------------------------------------------------- datasets
def first_sample(task, **options):
    return lambda cls, scenes: cls(scenes[task], **options)[0]


def first_window(cls, scenes):
    return cls(scenes['ss'], out_size=10)[Box(0, 0, 10, 10)]


def first_of_a_list(cls, scenes):
    return cls([(np.zeros((4, 4, 3), np.uint8), 1)])[0]


SLIDING = {
    SlidingWindowGeoDataset: 'ss',
    SemanticSegmentationSlidingWindowGeoDataset: 'ss',
    ClassificationSlidingWindowGeoDataset: 'cc',
    ObjectDetectionSlidingWindowGeoDataset: 'od',
    RegressionSlidingWindowGeoDataset: 'none',
}
RANDOM = {
    RandomWindowGeoDataset: 'ss',
    SemanticSegmentationRandomWindowGeoDataset: 'ss',
    ClassificationRandomWindowGeoDataset: 'cc',
    ObjectDetectionRandomWindowGeoDataset: 'od',
    RegressionRandomWindowGeoDataset: 'none',
}
GRID = {'size': 10, 'stride': 10, 'out_size': 10}
DRAWN = {'size_lims': (10, 12), 'out_size': 10, 'max_windows': 2}
SAMPLE_METHODS = ('__getitem__', '__len__')
DRAWING_METHODS = ('sample_window', '_sample_window', 'sample_window_size', 'sample_window_loc')

DATASETS = [
    Row(AlbumentationsDataset, '__len__', first_of_a_list),
    Row(GeoDataset, '__getitem__', first_window),
    Row(GeoDataset, 'append_resize_transform', first_window),
    *(
        Row(base, method, first_sample(task, **GRID))
        for base, task in SLIDING.items()
        for method in (*SAMPLE_METHODS, 'init_windows', 'append_resize_transform')
    ),
    *(
        Row(base, method, first_sample(task, **DRAWN))
        for base, task in RANDOM.items()
        for method in (*SAMPLE_METHODS, *DRAWING_METHODS, 'append_resize_transform')
    ),
    *(
        Row(ObjectDetectionRandomWindowGeoDataset, method, first_sample('od', **DRAWN, neg_ratio=ratio))
        for ratio, methods in {
            0: ('_sample_window', '_sample_pos_window', 'sample_window_size'),
            1e9: ('_sample_window', '_sample_neg_window', 'sample_window_size', 'sample_window_loc'),
        }.items()
        for method in methods
    ),
]


# ------------------------------------------------------------------- learners
class Task(NamedTuple):
    """A task: its learner, what its config is made of, the shape of an image, its labels, and a model."""

    learner: type
    config: type
    model: type
    data: type
    sample: object
    network: object


class Boxed(nn.Module):
    """A detector as those of torchvision: a loss in training, else a box."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, images, targets=None):
        if targets is not None:
            return {'loss': self.weight.sum()}
        box = {'boxes': torch.tensor([[0.0, 0, 4, 4]]), 'labels': torch.tensor([1]), 'scores': torch.tensor([0.9])}
        return [box for _ in images]


def pooled(outputs):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, outputs))


def boxes():
    return BoxList(torch.tensor([[0.0, 0, 4, 4]]), class_ids=torch.tensor([0]))


TASKS = {
    'ss': Task(
        SemanticSegmentationLearner,
        SemanticSegmentationLearnerConfig,
        SemanticSegmentationModelConfig,
        SemanticSegmentationImageDataConfig,
        lambda: torch.zeros(8, 8).long(),
        lambda: nn.Conv2d(3, 2, 1),
    ),
    'cc': Task(
        ClassificationLearner,
        ClassificationLearnerConfig,
        ClassificationModelConfig,
        ClassificationImageDataConfig,
        lambda: torch.tensor(1),
        lambda: pooled(2),
    ),
    'reg': Task(
        RegressionLearner,
        RegressionLearnerConfig,
        RegressionModelConfig,
        RegressionImageDataConfig,
        lambda: torch.ones(2),
        lambda: pooled(2),
    ),
    'od': Task(
        ObjectDetectionLearner,
        ObjectDetectionLearnerConfig,
        ObjectDetectionModelConfig,
        ObjectDetectionImageDataConfig,
        boxes,
        Boxed,
    ),
}


def config_of(task, **options):
    return task.config(
        model=task.model(pretrained=False),
        solver=SolverConfig(num_epochs=1, batch_sz=2, multi_stage=[1]),
        data=task.data(class_config=CLASSES, img_channels=3, img_sz=8, num_workers=0),
        log_tensorboard=False,
        export_onnx=False,
        **options,
    )


def samples_of(task):
    return [(torch.rand(3, 8, 8), task.sample()) for _ in range(4)]


def learner_of(cls, task, folder, **options):
    data = samples_of(task)
    options = {'model': task.network(), 'train_ds': data, 'valid_ds': data, **options}
    return cls(config_of(task), str(folder / 'out'), tmp_dir=str(folder), **options)


def run(task, **options):
    return lambda cls, folder: learner_of(cls, task, folder, **options).main()


def build(task):
    return lambda cls, folder: learner_of(cls, task, folder, model=None)


def predict(task):
    def reach(cls, folder):
        learner = learner_of(cls, task, folder)
        list(learner.predict_dataset(samples_of(task), raw_out=False, numpy_out=True, progress_bar=False))

    return reach


RUN_METHODS = (
    *('main', 'train', 'get_start_and_end_epochs', 'get_start_epoch', 'on_train_start', 'train_epoch', 'train_step'),
    *('train_end', 'validate', 'validate_epoch', 'validate_step', 'validate_end', 'on_epoch_end', 'predict'),
    *('setup_ddp_params', 'setup_training', 'setup_model', 'setup_data', 'setup_loss', 'build_datasets'),
    *('build_dataloaders', 'build_dataloader', 'build_sampler', 'get_collate_fn', 'build_loss', 'build_optimizer'),
    *('build_step_scheduler', 'build_epoch_scheduler', 'get_visualizer_class', 'build_visualizer', 'plot_predictions'),
    *('plot_dataloader', 'plot_dataloaders', 'save_model_bundle', 'get_dataset', 'get_dataloader', 'to_device'),
    *('to_batch', 'save_weights', 'load_init_weights', 'load_checkpoint', 'log_data_stats', 'sync_to_cloud'),
    *('sync_from_cloud', 'post_forward', 'setup_tensorboard'),
)
PREDICT_METHODS = ('predict', 'predict_dataset', 'predict_dataloader', 'output_to_numpy', 'to_batch', 'post_forward')
LEARNERS = {  # what calls methods of the learner of a task, and which
    **{f'{name}, run': (task, RUN_METHODS, run(task)) for name, task in TASKS.items()},
    **{f'{name}, predict': (task, PREDICT_METHODS, predict(task)) for name, task in TASKS.items()},
    **{f'{name}, build': (task, ('build_model',), build(task)) for name, task in TASKS.items()},
    **{f'{name}, label': (TASKS[name], ('prob_to_pred',), predict(TASKS[name])) for name in ('ss', 'cc', 'reg')},
    # What other ways are taken past.
    **{f'only {name}': (TASKS['ss'], (name,), run(TASKS['ss'])) for name in ('save_weights', 'get_dataloader')},
    **{f'only {name}': (TASKS['cc'], (name,), run(TASKS['cc'])) for name in ('setup_data', 'build_dataloaders')},
}


# ---------------------------------------------------------------- visualizers
def plot(task):
    def reach(cls, folder):
        visualizer = cls(CLASSES.names, CLASSES.colors)
        x, y = visualizer.get_batch(samples_of(task), 2)
        visualizer.plot_batch(x, y, str(folder / 'plot.png'), z=y)

    return reach


PLOT_METHODS = (
    *('plot_xyz', 'plot_batch', 'get_batch', 'get_collate_fn', 'get_channel_display_groups', 'get_plot_nrows'),
    *('get_plot_ncols', 'get_plot_params'),
)
VISUALIZERS = [
    *(
        Row(task.learner.get_visualizer_class(None), name, plot(task))
        for task in TASKS.values()
        for name in PLOT_METHODS
    ),
    *(
        Row(TASKS[task].learner.get_visualizer_class(None), name, plot(TASKS[task]))
        for task in ('ss', 'cc', 'reg')
        for name in ('plot_gt', 'plot_pred')
    ),
]


@pytest.mark.parametrize('row', DATASETS, ids=lambda row: f'{row.base.__name__}.{row.method}')
def test_an_overridden_method_of_a_dataset_is_called(row, scenes):
    cls, called = spying(row.base, row.method)

    row.reach(cls, scenes)

    assert called


@pytest.mark.parametrize('row', VISUALIZERS, ids=lambda row: f'{row.base.__name__}.{row.method}')
def test_an_overridden_method_of_a_visualizer_is_called(row, tmp_path):
    cls, called = spying(row.base, row.method)

    row.reach(cls, tmp_path)

    assert called


@pytest.mark.parametrize(('task', 'methods', 'reach'), LEARNERS.values(), ids=LEARNERS)
def test_overridden_methods_of_a_learner_are_called(task, methods, reach, tmp_path):
    cls, called = spying(task.learner, *methods)

    reach(cls, tmp_path)

    assert called == set(methods)


def test_a_scene_with_its_own_windows_is_asked_for_them(scenes):
    class OwnScene(Scene):
        def __getitem__(self, key):
            return np.full((10, 10, 3), 255, np.uint8), np.zeros((10, 10), int)

    scene = OwnScene('own', scenes['ss'].raster_source, scenes['ss'].label_source)

    x, y = SemanticSegmentationSlidingWindowGeoDataset(scene, size=10, stride=10)[0]

    assert (x.min(), y.max()) == (1, 0)


PREDICT_SCENES = {'ss': iter_predict_scene_ss, 'cc': iter_predict_scene_cc, 'od': iter_predict_scene_od}
PREDICT_OPTIONS = {
    'ss': SemanticSegmentationPredictOptions,
    'cc': PredictOptions,
    'od': ObjectDetectionPredictOptions,
}


@pytest.mark.parametrize('task', ['ss', 'cc', 'od'])
def test_scenes_are_predicted_as_a_learner_predicts_datasets(task, scenes, tmp_path):
    own, called = spying(TASKS[task].learner, 'predict_dataset', 'predict_dataloader')
    options = PREDICT_OPTIONS[task](chip_sz=8, stride=8)

    both = [
        list(PREDICT_SCENES[task](learner_of(cls, TASKS[task], tmp_path), scenes[task], options))
        for cls in (own, TASKS[task].learner)
    ]

    assert called == {'predict_dataset', 'predict_dataloader'}
    assert [window for window, _ in both[0]] == [window for window, _ in both[1]]


def test_a_scene_with_its_own_windows_is_predicted_as_it_gives_them(scenes, tmp_path):
    class Dark(Scene):
        def __getitem__(self, key):
            pixels, label = super().__getitem__(key)
            return np.full_like(pixels, 51), label

    scene, images = Dark('dark', scenes['ss'].raster_source, scenes['ss'].label_source), []

    class Looking(nn.Module):
        def forward(self, x):
            images.append(x)
            return x[:, :2]

    learner = learner_of(SemanticSegmentationLearner, TASKS['ss'], tmp_path, model=Looking(), training=False)
    list(iter_predict_scene_ss(learner, scene, SemanticSegmentationPredictOptions(chip_sz=8, stride=8)))

    assert torch.cat(images).unique().tolist() == pytest.approx([0.2])


class OwnLearner(SemanticSegmentationLearner):
    """A learner of a plugin."""


@register_config('test_own_learner', plugin='rastervision.pytorch_learner')
class OwnLearnerConfig(SemanticSegmentationLearnerConfig):
    """Makes it as one wrote it for 0.31."""

    def build(
        self, tmp_dir=None, model_weights_path=None, model_def_path=None, loss_def_path=None, training=True
    ):  # fmt: skip
        return OwnLearner(
            self,
            tmp_dir=tmp_dir,
            model_weights_path=model_weights_path,
            model_def_path=model_def_path,
            loss_def_path=loss_def_path,
            training=training,
        )


def own_config(**options):
    return config_of(TASKS['ss']._replace(config=OwnLearnerConfig), **options)


@register_config('test_small_model', plugin='rastervision.pytorch_learner')
class SmallModelConfig(SemanticSegmentationModelConfig):
    """A model that is made by its config."""

    def build_default_model(self, num_classes, in_channels):
        return nn.Conv2d(in_channels, num_classes, 1)


def test_the_learner_of_a_bundle_is_made_by_its_config(tmp_path):
    config = own_config()
    config.model = SmallModelConfig()
    data = samples_of(TASKS['ss'])
    SemanticSegmentationLearner(config, str(tmp_path / 'out'), train_ds=data, valid_ds=data).save_model_bundle(
        export_onnx=False
    )
    bundle = str(tmp_path / 'out/model-bundle.zip')

    assert type(Learner.from_model_bundle(bundle)) is OwnLearner
    assert type(SemanticSegmentationLearner.from_model_bundle(bundle)) is SemanticSegmentationLearner
    with pytest.raises(ConfigError, match=r'OwnLearnerConfig\.build does not take model'):
        Learner.from_model_bundle(bundle, model=nn.Conv2d(3, 2, 1))


class CountingLearner(OwnLearner):
    trained: ClassVar[list] = []

    def train_step(self, batch, batch_ind):
        self.trained.append((type(self.model).__name__, len(self.train_ds)))
        return super().train_step(batch, batch_ind)


class OtherwiseMadeLearner(CountingLearner):
    def __init__(self, cfg, number, **kwargs):
        super().__init__(cfg, **kwargs)


class OtherwiseMadeConfig(SemanticSegmentationLearnerConfig):
    def build(self, **kwargs):
        return OtherwiseMadeLearner(self, 1, **kwargs)


@pytest.mark.parametrize('kind', [CountingLearner, OtherwiseMadeLearner])
def test_processes_train_with_learners_like_the_one_that_starts_them(kind, tmp_path, monkeypatch):
    for name in ('RANK', 'LOCAL_RANK', 'WORLD_SIZE'):
        monkeypatch.setenv(name, '0')
    with socket.socket() as free:
        free.bind(('localhost', 0))
        monkeypatch.setenv('MASTER_PORT', str(free.getsockname()[1]))
    data, kind.trained[:] = samples_of(TASKS['ss']), []
    parts = {'train_ds': data, 'valid_ds': data, 'model': nn.Conv2d(3, 2, 1)}
    config = config_of(TASKS['ss']._replace(config=OtherwiseMadeConfig))

    _train_worker(0, kind, config, str(tmp_path), parts, 1)

    assert kind.trained == [('DistributedDataParallel', 4)] * 2
    assert (tmp_path / 'last-model.pth').exists()


# -------------------------------------------------------------------- configs
def overridden(config, *names):
    """A config of a subclass that overrides methods, and the names of those that have been called."""
    cls, called = spying(type(config), *names)
    values = {name: getattr(config, name) for name in config.model_fields_set - {'type_hint'}}
    return cls(**values), called


def run_with(part, **fields):
    """Replaces a part of a learner's config by one of a subclass, trains, and says what was called."""

    def reach(names, folder, scenes):
        task = TASKS['ss']
        config = config_of(task)
        config.model = SmallModelConfig()
        config.data = fields.get('data', lambda *_: config.data)(folder, scenes)
        spied, called = overridden(getattr(config, part), *names)
        setattr(config, part, spied)
        SemanticSegmentationLearner(config, str(folder / 'out'), tmp_dir=str(folder)).train()
        return called

    return reach


def zipped_chips(folder, scenes):
    """An image data config of a zip."""
    for split in ('train', 'valid'):
        for name in ('img', 'labels'):
            (folder / 'chips' / split / name).mkdir(parents=True)
            for index in range(2):
                image = np.zeros((8, 8, 3) if name == 'img' else (8, 8), np.uint8)
                Image.fromarray(image).save(folder / 'chips' / split / name / f'{index}.png')
    shutil.make_archive(str(folder / 'chips'), 'zip', folder / 'chips')
    options = {'class_config': CLASSES, 'img_channels': 3, 'img_sz': 8, 'num_workers': 0}
    return SemanticSegmentationImageDataConfig(uri=str(folder / 'chips.zip'), **options)


def of_scenes(folder, scenes):
    """A geo data config."""
    uris = [scenes['ss'].raster_source.uris[0]]
    label_source = SemanticSegmentationLabelSourceConfig(
        raster_source=RasterizedSourceConfig(
            vector_source=GeoJSONVectorSourceConfig(uris=[str(folder / 'labels.json')]),
            rasterizer_config=RasterizerConfig(background_class_id=0),
        )
    )
    both = [
        SceneConfig(id=name, raster_source=RasterioSourceConfig(uris=uris), label_source=label_source) for name in 'ab'
    ]
    dataset = DatasetConfig(class_config=CLASSES, train_scenes=both[:1], validation_scenes=both[1:])
    sampling = WindowSamplingConfig(size=20)
    return SemanticSegmentationGeoDataConfig(
        scene_dataset=dataset, sampling=sampling, img_channels=3, img_sz=8, num_workers=0
    )


DATA_METHODS = ('build_dataset', 'get_data_transforms', 'get_bbox_params', 'random_subset_dataset')
CONFIGS = {
    'solver': (
        run_with('solver', data=zipped_chips),
        ('build_loss', 'build_optimizer', 'build_step_scheduler', 'build_epoch_scheduler'),
    ),
    'model': (run_with('model', data=zipped_chips), ('build', 'build_default_model')),
    'image data': (
        run_with('data', data=zipped_chips),
        (*DATA_METHODS, 'get_data_dirs', 'unzip_data', 'dir_to_dataset'),
    ),
    'all image data': (run_with('data', data=zipped_chips), ('build',)),
    'geo data': (run_with('data', data=of_scenes), (*DATA_METHODS, 'build_scenes', 'scene_to_dataset')),
    'all geo data': (run_with('data', data=of_scenes), ('build',)),
}


@pytest.mark.parametrize(('reach', 'methods'), CONFIGS.values(), ids=CONFIGS)
def test_overridden_methods_of_a_config_are_called(reach, methods, scenes, tmp_path):
    assert reach(methods, tmp_path, scenes) == set(methods)
