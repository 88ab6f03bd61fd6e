"""Bundles in the form of 0.12, of all tasks, predict as those of today with the same weights."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from click.testing import CliRunner
from rasterio.transform import from_origin

from rastervision.core.cli import info, predict
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.raster_transformer.stats_transformer_config import StatsTransformerConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.predictor import Bundle, Predictor
from rastervision.core.rv_pipeline.chip_classification_config import ChipClassificationConfig
from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionConfig, ObjectDetectionPredictOptions
from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions
from rastervision.core.rv_pipeline.semantic_segmentation_config import (
    SemanticSegmentationConfig,
    SemanticSegmentationPredictOptions,
)
from rastervision.pipeline.config.resolve import resolve
from rastervision.pytorch_backend.pytorch_chip_classification_config import PyTorchChipClassificationConfig
from rastervision.pytorch_backend.pytorch_object_detection_config import PyTorchObjectDetectionConfig
from rastervision.pytorch_backend.pytorch_semantic_segmentation_config import PyTorchSemanticSegmentationConfig
from rastervision.pytorch_learner.classification_learner_config import (
    ClassificationImageDataConfig,
    ClassificationModelConfig,
)
from rastervision.pytorch_learner.learner.bundle import write_bundle
from rastervision.pytorch_learner.learner.learner import Learner
from rastervision.pytorch_learner.learner_config.external_module import ExternalModuleConfig
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.object_detection_learner_config import (
    ObjectDetectionImageDataConfig,
    ObjectDetectionModelConfig,
)
from rastervision.pytorch_learner.semantic_segmentation_learner_config import (
    SemanticSegmentationImageDataConfig,
    SemanticSegmentationModelConfig,
)

SIZE, CHIP = 48, 32
NAMES, COLORS = ['land', 'water'], ['white', 'blue']
ORDER = [3, 0, 2]  # of the four bands of the image
MEANS, STDS = [900.0, 1000.0, 1100.0, 1200.0], [400.0, 500.0, 600.0, 700.0]
VERSIONS = dict.fromkeys(
    ['pipeline', 'core', 'pytorch_learner', 'pytorch_backend', 'aws_s3', 'aws_batch', 'gdal_vsi'], 0
)
VERSIONS = {f'rastervision.{name}': version for name, version in VERSIONS.items()}
HUBCONF = """
import torch

def net():
    return torch.nn.Conv2d(3, 3, 3, padding=1)
"""
RESNET18, RESNET50 = 13, 15  # backbones were numbers


# ----------------------------------------------------------------------- as it is today
def now(task, folder):
    """The resolved pipeline, with one scene to take the way of reading images from."""
    source = RasterioSourceConfig(uris='gone.tif', channel_order=ORDER, transformers=[StatsTransformerConfig()])
    dataset = DatasetConfig(
        class_config=ClassConfig(names=NAMES, colors=COLORS),
        train_scenes=[],
        validation_scenes=[SceneConfig(id='a', raster_source=source)],
    )
    common = {'root_uri': str(folder / 'run'), 'dataset': dataset}
    size = {'chip_sz': CHIP, 'batch_sz': 3}
    solver, data = SolverConfig(batch_sz=3), {'img_sz': CHIP, 'num_workers': 0, 'img_channels': 3}
    if task == 'CC':
        model = ClassificationModelConfig(backbone='resnet18', pretrained=False)
        backend = PyTorchChipClassificationConfig(
            model=model, solver=solver, data=ClassificationImageDataConfig(**data)
        )
        return resolve(ChipClassificationConfig(backend=backend, predict_options=PredictOptions(**size), **common))
    if task == 'OD':
        model = ObjectDetectionModelConfig(backbone='resnet18', pretrained=False)
        backend = PyTorchObjectDetectionConfig(model=model, solver=solver, data=ObjectDetectionImageDataConfig(**data))
        options = ObjectDetectionPredictOptions(score_thresh=0.1, merge_thresh=0.4, **size)
        return resolve(ObjectDetectionConfig(backend=backend, predict_options=options, **common))
    hub = folder / 'hub'
    hub.mkdir(exist_ok=True)
    (hub / 'hubconf.py').write_text(HUBCONF)
    model = SemanticSegmentationModelConfig(
        external_def=ExternalModuleConfig(uri=str(hub), entrypoint='net', name='mine')
    )
    backend = PyTorchSemanticSegmentationConfig(
        model=model, solver=solver, data=SemanticSegmentationImageDataConfig(**data)
    )
    options = SemanticSegmentationPredictOptions(stride=20, **size)
    return resolve(SemanticSegmentationConfig(backend=backend, predict_options=options, **common))


def write_present(task, folder):
    """The bundle of today, with weights of chance."""
    config = now(task, folder)
    (folder / 'tmp').mkdir(exist_ok=True)
    torch.manual_seed(0)
    learner = config.backend.get_learner_config(config).build(tmp_dir=str(folder / 'tmp'), training=False)
    for module in learner.bare_model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_var.uniform_(0.5, 2)
    inner = folder / 'model-bundle.zip'
    write_bundle(learner, str(inner), export_onnx=False)
    stats = {'means': [MEANS[band] for band in ORDER], 'stds': [STDS[band] for band in ORDER]}
    with zipfile.ZipFile(folder / 'new.zip', 'w') as bundle:
        bundle.writestr('pipeline-config.json', json.dumps(config.dict(with_rv_metadata=True, mode='json')))
        bundle.write(inner, 'model-bundle.zip')
        bundle.writestr('analyze/stats/train_scenes/stats.json', json.dumps(stats))
    return str(folder / 'new.zip')


# ------------------------------------------------------------------------- as it was in 0.12
TASKS = {'CC': 'chip_classification', 'SS': 'semantic_segmentation', 'OD': 'object_detection'}
KINDS = {'CC': 'classification', 'SS': 'semantic_segmentation', 'OD': 'object_detection'}
STORES = {task: f'{name}_geojson_store' for task, name in TASKS.items()} | {'SS': 'semantic_segmentation_label_store'}


def old_model(task):
    model = {'type_hint': f'{KINDS[task]}_model', 'pretrained': True, 'init_weights': None}
    model['backbone'] = RESNET50 if task == 'SS' else RESNET18
    hub = {'uri': '/gone', 'github_repo': None, 'name': 'mine', 'entrypoint': 'net', 'entrypoint_args': []}
    hub |= {'type_hint': 'external-module', 'entrypoint_kwargs': {}, 'force_reload': False}
    return {**model, 'load_strict': True, 'external_def': hub if task == 'SS' else None}


def old_solver():
    dropped = {'test_num_epochs': 2, 'test_batch_sz': 4, 'overfit_num_steps': 1, 'ignore_last_class': False}
    solver = {'lr': 1e-4, 'num_epochs': 10, 'sync_interval': 1, 'batch_sz': 3, 'one_cycle': True, 'multi_stage': []}
    return {'type_hint': 'solver', 'class_loss_weights': None, 'external_loss_def': None, **dropped, **solver}


def old_data_fields():
    """Which the backend had itself, and the learner's data."""
    fields = {'augmentors': ['HorizontalFlip'], 'img_sz': CHIP, 'num_workers': 0, 'base_transform': None}
    return fields | {'aug_transform': None, 'plot_options': None}


def old_scene(task):
    source = {'type_hint': 'rasterio_source', 'uris': ['/gone/a.tif'], 'channel_order': ORDER, 'extent_crop': None}
    source |= {'allow_streaming': False, 'x_shift': 0.0, 'y_shift': 0.0}
    source['transformers'] = [{'type_hint': 'stats_transformer', 'stats_uri': '/gone/analyze/stats.json'}]
    vectors = {'type_hint': 'geojson_vector_source', 'uri': '/gone/a.json', 'ignore_crs_field': False}
    vectors |= {'default_class_id': 1, 'class_id_to_filter': None, 'line_bufs': None, 'point_bufs': None}
    labels = {'type_hint': f'{TASKS[task]}_label_source', 'vector_source': vectors}
    store = {'type_hint': STORES[task], 'uri': '/gone/predict/a'}
    if task == 'CC':
        labels |= {'ioa_thresh': None, 'use_intersection_over_cell': False, 'pick_min_class_id': False}
        labels |= {'background_class_id': 0, 'infer_cells': True, 'cell_sz': CHIP}
    if task == 'SS':
        rasterized = {'type_hint': 'rasterized_source', 'vector_source': vectors}
        rasterized['rasterizer_config'] = {'type_hint': 'rasterizer', 'background_class_id': 0, 'all_touched': False}
        labels = {'type_hint': labels['type_hint'], 'raster_source': rasterized, 'rgb_class_config': None}
        store |= {'vector_output': [], 'rgb': False, 'smooth_output': False, 'smooth_as_uint8': False}
        store['rasterio_block_size'] = 256
    scene = {'type_hint': 'scene', 'id': 'a', 'aoi_uris': [], 'aoi_geometries': None}
    return {**scene, 'raster_source': source, 'label_source': labels, 'label_store': store}


def old_pipeline(task):
    classes = {'type_hint': 'class_config', 'names': NAMES, 'colors': COLORS, 'null_class': None}
    if task == 'SS':
        classes |= {'names': [*NAMES, 'null'], 'colors': [*COLORS, 'black'], 'null_class': 'null'}
    dataset = {'type_hint': 'dataset', 'class_config': classes, 'img_channels': 3, 'train_scenes': []}
    groups = {'train_scenes': [], 'validation_scenes': ['a'], 'test_scenes': []}
    dataset |= {'validation_scenes': [old_scene(task)], 'test_scenes': [], 'scene_groups': groups}
    backend = {'type_hint': f'pytorch_{TASKS[task]}_backend', 'model': old_model(task), 'solver': old_solver()}
    backend |= {'log_tensorboard': True, 'run_tensorboard': False, 'test_mode': False, **old_data_fields()}
    evaluator = {'type_hint': f'{TASKS[task]}_evaluator', 'output_uri': '/gone/eval'}
    pipeline = {'type_hint': TASKS[task], 'root_uri': '/gone', 'rv_config': {}, 'plugin_versions': VERSIONS}
    pipeline |= {'dataset': dataset, 'backend': backend, 'evaluators': [evaluator]}
    pipeline['analyzers'] = [{'type_hint': 'stats_analyzer', 'output_uri': '/gone/stats.json', 'sample_prob': None}]
    pipeline |= {'train_chip_sz': CHIP, 'predict_chip_sz': CHIP, 'predict_batch_sz': 3, 'chip_nodata_threshold': 0.5}
    pipeline |= {f'{name}_uri': f'/gone/{name}' for name in ('analyze', 'chip', 'train', 'predict', 'eval', 'bundle')}
    options = {'type_hint': f'{TASKS[task]}_chip_options'}
    predicting = {'type_hint': f'{TASKS[task]}_predict_options'}
    if task == 'SS':
        evaluator['vector_output_uri'] = None
        pipeline |= {'channel_display_groups': None, 'img_format': 'png', 'label_format': 'png'}
        options |= {'window_method': 'random_sample', 'chips_per_scene': 5, 'stride': None, 'target_class_ids': None}
        options |= {'negative_survival_prob': 1.0, 'target_count_threshold': 1000}
        pipeline |= {'chip_options': options, 'predict_options': {**predicting, 'stride': 20}}
    if task == 'OD':
        options |= {'neg_ratio': 2.0, 'ioa_thresh': 0.8, 'window_method': 'label', 'label_buffer': 7}
        predicting |= {'merge_thresh': 0.4, 'score_thresh': 0.1}
        pipeline |= {'chip_options': options, 'predict_options': predicting}
    return pipeline


def old_learner(task):
    """The config in the bundle of the model, which was that of a pipeline with a learner in it."""
    names = old_pipeline(task)['dataset']['class_config']
    data = {**old_data_fields(), 'type_hint': f'{KINDS[task]}_data', 'uri': ['/gone/chip/0.zip'], 'train_sz': None}
    data |= {'class_names': names['names'], 'class_colors': names['colors'], 'group_uris': None}
    data |= {'group_train_sz': None, 'group_train_sz_rel': None, 'preview_batch_limit': None}
    data['data_format'] = {'CC': 'image_folder', 'SS': 'default', 'OD': 'coco'}[task]
    if task == 'SS':
        data |= {'img_format': 'png', 'label_format': 'png', 'channel_display_groups': None}
    learner = {'type_hint': f'{KINDS[task]}_learner', 'model': old_model(task), 'solver': old_solver(), 'data': data}
    learner |= {'predict_mode': False, 'test_mode': False, 'overfit_mode': False, 'eval_train': False}
    learner |= {'save_model_bundle': True, 'log_tensorboard': True, 'run_tensorboard': False, 'output_uri': '/gone'}
    whole = {'root_uri': None, 'rv_config': {}, 'plugin_versions': VERSIONS, 'type_hint': 'learner_pipeline'}
    return {**whole, 'learner': learner}


def write_old(task, folder):
    """A bundle of 0.12 with the weights of that of today."""
    with zipfile.ZipFile(folder / 'model-bundle.zip') as new, zipfile.ZipFile(folder / 'model.zip', 'w') as model:
        for name in new.namelist():
            if name == 'model.pth' or name.startswith('modules/'):
                model.writestr(name, new.read(name))
        model.writestr('pipeline-config.json', json.dumps(old_learner(task)))
    with zipfile.ZipFile(folder / 'old.zip', 'w') as bundle:
        bundle.writestr('pipeline-config.json', json.dumps(old_pipeline(task)))
        bundle.write(folder / 'model.zip', 'model-bundle.zip')
        bundle.writestr('stats.json', json.dumps({'means': MEANS, 'stds': STDS}))
    return str(folder / 'old.zip')


# -------------------------------------------------------------------------------------- tests
@pytest.fixture(scope='module', params=list(TASKS))
def bundles(request, tmp_path_factory):
    """The task, a folder with an image, and the bundles of today and of 0.12."""
    folder = tmp_path_factory.mktemp(request.param)
    pixels = np.random.default_rng(0).integers(1, 2500, (4, SIZE, SIZE)).astype(np.uint16)
    profile = {'driver': 'GTiff', 'height': SIZE, 'width': SIZE, 'count': 4, 'dtype': 'uint16', 'crs': 'EPSG:32633'}
    with rasterio.open(folder / 'image.tif', 'w', transform=from_origin(5e5, 5e6, 10, 10), **profile) as file:
        file.write(pixels)
    return request.param, folder, write_present(request.param, folder), write_old(request.param, folder)


def files_in(path: Path) -> dict[str, bytes]:
    files = sorted(path.rglob('*')) if path.is_dir() else [path]
    return {str(file.relative_to(path)): file.read_bytes() for file in files if file.is_file()}


def predicted_by(bundle, folder, name, trust):
    out = folder / name
    args = [bundle, str(folder / 'image.tif'), str(out), *(['--trust'] if trust else [])]
    result = CliRunner().invoke(predict, args, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return files_in(out)


def test_the_command_line_predicts_the_same(bundles, tmp_path):
    task, folder, new, old = bundles
    expected = predicted_by(new, folder, 'by-new', task == 'SS')

    assert predicted_by(old, folder, 'by-old', task == 'SS') == expected
    if task == 'SS':
        with rasterio.open(folder / 'by-new/labels.tif') as labels:
            assert len(np.unique(labels.read())) > 1
    else:
        assert len(json.loads(expected['.'])['features']) == (4 if task == 'CC' else pytest.approx(50, abs=49))


def test_python_predicts_the_same(bundles, tmp_path):
    task, folder, _, old = bundles
    Predictor(old, str(tmp_path / 'tmp'), trust=task == 'SS').predict(
        [str(folder / 'image.tif')], str(tmp_path / 'out')
    )
    expected = predicted_by(old, folder, 'by-cli', task == 'SS')

    assert files_in(tmp_path / 'out') == expected


def test_a_learner_is_made_of_either_part_of_it(bundles, tmp_path):
    task, folder, new, old = bundles
    x = torch.rand(2, 3, CHIP, CHIP)
    learners = [
        Learner.from_model_bundle(uri, tmp_dir=str(tmp_path / str(i)), trust=task == 'SS')
        for i, uri in enumerate((new, old, str(folder / 'model.zip')))
    ]

    expected, *others = [learner.predict(x, raw_out=True) for learner in learners]
    for each, learner in zip(others, learners[1:], strict=True):
        assert learner.cfg.data.class_names[:2] == NAMES
        if task == 'OD':
            for a, b in zip(each, expected, strict=True):
                assert torch.equal(a.boxes, b.boxes)
        else:
            assert torch.equal(each, expected)


def test_what_it_says_is_up_to_date(bundles, tmp_path):
    task, _, _, old = bundles
    config = Bundle.open(old, str(tmp_path)).config

    sampling = config.chip_options.sampling
    assert (sampling.size, config.chip_options.nodata_threshold) == (CHIP, 0.5)
    assert (config.predict_options.chip_sz, config.predict_options.batch_sz) == (CHIP, 3)
    assert (config.backend.data.img_sz, config.backend.data.augmentors) == (CHIP, ['HorizontalFlip'])
    expected = {
        'CC': {'method': 'sliding', 'stride': CHIP},
        'SS': {'method': 'random', 'max_windows': 5},
        'OD': {'method': 'label', 'label_buffer': 7, 'neg_ratio': 2},
    }[task]
    assert {name: getattr(getattr(sampling, name), 'value', getattr(sampling, name)) for name in expected} == expected
    if task != 'SS':
        assert config.backend.model.backbone.value == 'resnet18'
    result = CliRunner().invoke(info, [old], catch_exceptions=False)
    assert 'land' in result.output


def test_a_model_can_be_trained_from_it(bundles, tmp_path):
    """`source_bundle_uri` takes a bundle of 0.12."""
    task, folder, _, old = bundles
    config = now(task, tmp_path)
    learner = Learner.from_model_bundle(
        old, tmp_dir=str(tmp_path), cfg=config.backend.get_learner_config(config), training=False, trust=task == 'SS'
    )
    with zipfile.ZipFile(folder / 'model.zip') as model, model.open('model.pth') as file:
        weights = torch.load(file, weights_only=True)
    state = learner.bare_model.state_dict()
    assert all(torch.equal(state[name], weights[name]) for name in weights)
