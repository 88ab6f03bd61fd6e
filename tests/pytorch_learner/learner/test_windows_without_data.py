"""Windows and files of which no pixel is data count for nothing: for all tasks, kinds of datasets, and splits."""

import json
import logging
import math

import numpy as np
import pytest
import rasterio
import torch
from rasterio.transform import from_origin
from torch import nn

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.label_source.label_source import LabelSource
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.scene import Scene
from rastervision.core.data.scene_factory import make_cc_scene, make_od_scene, make_ss_scene
from rastervision.pipeline.errors import DataError
from rastervision.pytorch_learner.classification_learner import ClassificationLearner
from rastervision.pytorch_learner.dataset.classification_dataset import (
    ClassificationImageDataset,
    ClassificationRandomWindowGeoDataset,
    ClassificationSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.combination import Concatenation, Selection
from rastervision.pytorch_learner.dataset.object_detection_dataset import (
    ObjectDetectionImageDataset,
    ObjectDetectionListedWindowGeoDataset,
    ObjectDetectionRandomWindowGeoDataset,
    ObjectDetectionSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.regression_dataset import (
    RegressionImageDataset,
    RegressionRandomWindowGeoDataset,
    RegressionSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationImageDataset,
    SemanticSegmentationRandomWindowGeoDataset,
    SemanticSegmentationSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.learner_config.classification_data import ClassificationImageDataConfig
from rastervision.pytorch_learner.learner_config.object_detection_data import ObjectDetectionImageDataConfig
from rastervision.pytorch_learner.learner_config.regression_data import RegressionImageDataConfig
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import SemanticSegmentationImageDataConfig
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.object_detection_learner import ObjectDetectionLearner
from rastervision.pytorch_learner.regression_learner import RegressionLearner
from rastervision.pytorch_learner.semantic_segmentation_learner import SemanticSegmentationLearner
from rastervision.pytorch_learner.tasks.classification_config import ClassificationLearnerConfig
from rastervision.pytorch_learner.tasks.object_detection_config import ObjectDetectionLearnerConfig
from rastervision.pytorch_learner.tasks.regression_config import RegressionLearnerConfig
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import SemanticSegmentationLearnerConfig

CHIP, COUNT = 8, 8  # windows in a row
CLASSES = ClassConfig(names=['thing', 'null'], colors=['red', 'black'], null_class='null')
SOME, ALL = [1, 2, 6], range(COUNT)  # windows without data
PLACE = {'crs': 'EPSG:32636', 'transform': from_origin(500_000, 0, 1, 1)}


class Means(LabelSource):
    """Numbers of windows: how far they are to the right."""

    bbox = Box(0, 0, CHIP, CHIP * COUNT)
    crs_transformer = None

    def __init__(self, image):
        self.crs_transformer = image.crs_transformer

    def get_labels(self, window=None):
        raise NotImplementedError

    def set_bbox(self, extent):
        pass

    def __getitem__(self, window):
        return np.array([window.xmin / CHIP])


def write_image(folder, empty):
    pixels = np.random.default_rng(0).integers(1, 200, (3, CHIP, CHIP * COUNT)).astype(np.uint8)
    for index in empty:
        pixels[:, :, index * CHIP : (index + 1) * CHIP] = 255
    profile = {'driver': 'GTiff', 'height': CHIP, 'width': CHIP * COUNT, 'count': 3, 'dtype': 'uint8', 'nodata': 255}
    path = str(folder / f'{len(empty)}.tif')
    with rasterio.open(path, 'w', **profile, **PLACE) as file:
        file.write(pixels)
    return path


def write_labels(folder):
    features = []
    for index in range(COUNT):
        x = 500_000 + index * CHIP + 2
        ring = [[x, -2], [x + 4, -2], [x + 4, -6], [x, -6], [x, -2]]
        geometry = {'type': 'Polygon', 'coordinates': [ring]}
        features.append({'type': 'Feature', 'properties': {'class_name': 'thing'}, 'geometry': geometry})
    crs = {'type': 'name', 'properties': {'name': 'EPSG:32636'}}
    (folder / 'labels.json').write_text(json.dumps({'type': 'FeatureCollection', 'crs': crs, 'features': features}))
    return str(folder / 'labels.json')


def make_scene(task, folder, empty):
    image, labels = write_image(folder, empty), write_labels(folder)
    if task == 'regression':
        source = RasterioSource(image)
        return Scene('s', source, Means(source))
    make = {'pixels': make_ss_scene, 'chips': make_cc_scene, 'boxes': make_od_scene}[task]
    cells = {'infer_cells': True, 'cell_sz': CHIP, 'ioa_thresh': 0.1, 'background_class_id': 1}
    more = {'label_source_kw': {**cells, 'use_intersection_over_cell': True}} if task == 'chips' else {}
    return make(image, label_vector_uri=labels, class_config=CLASSES, **more)


SLIDING = {
    'pixels': SemanticSegmentationSlidingWindowGeoDataset,
    'chips': ClassificationSlidingWindowGeoDataset,
    'boxes': ObjectDetectionSlidingWindowGeoDataset,
    'regression': RegressionSlidingWindowGeoDataset,
}
RANDOM = {
    'pixels': SemanticSegmentationRandomWindowGeoDataset,
    'chips': ClassificationRandomWindowGeoDataset,
    'boxes': ObjectDetectionRandomWindowGeoDataset,
    'regression': RegressionRandomWindowGeoDataset,
}


def sliding(task, folder, empty):
    return SLIDING[task](make_scene(task, folder, empty), size=CHIP, stride=CHIP)


def random(task, folder, empty):
    return RANDOM[task](
        make_scene(task, folder, empty), out_size=CHIP, size_lims=(CHIP, CHIP + 1), max_windows=COUNT, padding=0
    )


def listed(task, folder, empty):
    windows = [Box(0, x * CHIP, CHIP, (x + 1) * CHIP) for x in range(COUNT)]
    return ObjectDetectionListedWindowGeoDataset(make_scene(task, folder, empty), windows, out_size=CHIP)


def joined(task, folder, empty):
    """As a config makes it: datasets of scenes, of which a part is used."""
    return Selection(Concatenation([sliding(task, folder, empty)]), list(range(COUNT)))


def files(task, folder, empty):
    """TIFFs, each of which is a window, with its label."""
    windows = sliding(task, folder, empty)
    place = folder / f'files-{len(empty)}'
    for part in ('img', 'labels', 'thing', 'null'):
        (place / part).mkdir(parents=True, exist_ok=True)
    coco = {'images': [], 'annotations': [], 'categories': [{'id': 0, 'name': 'thing'}]}
    with rasterio.open(write_image(folder, empty)) as image:
        for index in range(COUNT):
            chip = image.read(window=((0, CHIP), (index * CHIP, (index + 1) * CHIP)))
            where = place / ('thing' if task == 'chips' else 'img') / f'{index}.tif'
            profile = {'driver': 'GTiff', 'height': CHIP, 'width': CHIP, 'count': 3, 'dtype': 'uint8', 'nodata': 255}
            with rasterio.open(where, 'w', **profile) as file:
                file.write(chip)
            if task == 'pixels':
                np.save(place / 'labels' / f'{index}.npy', windows.scene.label_source[windows.windows[index]])
            coco['images'].append({'id': index, 'file_name': f'{index}.tif', 'height': CHIP, 'width': CHIP})
            box = {'id': index, 'image_id': index, 'category_id': 0, 'bbox': [2, 2, 4, 4]}
            coco['annotations'].append(box)
    if task == 'pixels':
        return SemanticSegmentationImageDataset(str(place / 'img'), str(place / 'labels'))
    if task == 'chips':
        return ClassificationImageDataset(str(place), ['thing', 'null'])
    if task == 'boxes':
        (place / 'labels.json').write_text(json.dumps(coco))
        return ObjectDetectionImageDataset(str(place / 'img'), str(place / 'labels.json'))
    (place / 'labels.csv').write_text('\n'.join(['name,height', *(f'{i}.tif,{i}' for i in range(COUNT))]))
    return RegressionImageDataset(str(place), ['height'])


class Finder(nn.Module):
    """Detects one box in each image; its loss is how dark what it sees is, and where boxes are."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 1, 1)

    def forward(self, images, targets=None):
        seen = [self.layer(image[None]).mean() for image in images]
        if self.training:
            where = [target['boxes'].sum() / 100 for target in targets]
            return {'loss': torch.stack([(a - b - 1) ** 2 for a, b in zip(seen, where, strict=True)]).mean()}
        box = torch.tensor([[2.0, 2.0, 6.0, 6.0]])
        return [{'boxes': box, 'labels': torch.ones(1).long(), 'scores': each[None].sigmoid()} for each in seen]


def network(task):
    torch.manual_seed(0)
    if task == 'boxes':
        return Finder()
    if task == 'pixels':
        return nn.Conv2d(3, 2, 1)
    return nn.Sequential(nn.Conv2d(3, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1 + (task == 'chips')))


LEARNERS = {
    'pixels': (
        SemanticSegmentationLearner,
        SemanticSegmentationLearnerConfig,
        SemanticSegmentationImageDataConfig,
    ),
    'chips': (ClassificationLearner, ClassificationLearnerConfig, ClassificationImageDataConfig),
    'boxes': (ObjectDetectionLearner, ObjectDetectionLearnerConfig, ObjectDetectionImageDataConfig),
    'regression': (RegressionLearner, RegressionLearnerConfig, RegressionImageDataConfig),
}


def make_learner(task, folder, dataset, *, model=None, batch_sz=COUNT, **options):
    learner, config, data = LEARNERS[task]
    classes = ClassConfig(names=['height']) if task == 'regression' else CLASSES
    cfg = config(
        data=data(class_config=classes, img_channels=3, img_sz=CHIP, num_workers=0),
        solver=SolverConfig(lr=0.1, num_epochs=1, batch_sz=batch_sz, optimizer='SGD', one_cycle=False, multi_stage=[]),
        log_tensorboard=False,
        **options,
    )
    out = str(folder / f'out-{len(list(folder.iterdir()))}')
    return learner(cfg, out, dataset, dataset, model=model or network(task), tmp_dir=str(folder))


def weights_of(learner):
    return torch.cat([each.detach().flatten() for each in learner.bare_model.parameters()])


CASES = [(task, make) for task in LEARNERS for make in (sliding, random, joined, files)] + [('boxes', listed)]
IDS = [f'{task}, {make.__name__}' for task, make in CASES]


@pytest.fixture(autouse=True)
def tmp(tmp_path, monkeypatch):
    monkeypatch.setenv('TMPDIR', str(tmp_path))


@pytest.mark.parametrize(('task', 'make'), CASES, ids=IDS)
def test_nothing_but_such_windows_changes_nothing(tmp_path, task, make, caplog):
    learner = make_learner(task, tmp_path, make(task, tmp_path, ALL), batch_sz=3)
    before = weights_of(learner)

    with caplog.at_level(logging.WARNING):
        learner.train()
        learner.plot_predictions('valid')
        learner.plot_dataloaders()

    row = learner.log_rows[0]
    assert torch.equal(weights_of(learner), before)
    assert row['train_loss'] == 0 and 'val_loss' not in row
    assert 'No label of the training data counts' in caplog.text
    known = {'epoch', 'lr', 'train_loss', 'train_time', 'valid_time'}
    measured = [value for name, value in row.items() if name not in known]
    assert all(value == 0 or math.isnan(value) for value in measured)


@pytest.mark.parametrize(
    ('task', 'make'), [c for c in CASES if c[1] is not random], ids=[i for i in IDS if 'rand' not in i]
)
def test_others_are_learned_as_if_there_were_no_such_windows(tmp_path, task, make):
    (tmp_path / 'with').mkdir()
    dataset = make(task, tmp_path / 'with', SOME)
    rest = Selection(dataset, [index for index in range(COUNT) if index not in SOME])
    beside, alone = make_learner(task, tmp_path, dataset), make_learner(task, tmp_path, rest)
    before = weights_of(alone)

    for learner in (beside, alone):
        learner.train()

    assert not torch.allclose(weights_of(alone), before, atol=1e-4)
    torch.testing.assert_close(weights_of(beside), weights_of(alone), rtol=1e-4, atol=1e-6)
    times = {'train_time', 'valid_time'}
    rows = [learner.log_rows[0] for learner in (beside, alone)]
    found, expected = ({name: value for name, value in row.items() if name not in times} for row in rows)
    assert found == pytest.approx(expected, rel=1e-4, nan_ok=True)


@pytest.mark.parametrize('task', LEARNERS)
def test_random_windows_without_data_are_drawn_again(tmp_path, task):
    dataset = random(task, tmp_path, range(4, COUNT))
    batches = list(make_learner(task, tmp_path, dataset).get_dataloader('valid'))

    assert sum(len(batch[0]) for batch in batches) == COUNT
    assert all((image != 0).any() for batch in batches for image in batch[0])


@pytest.mark.parametrize('task', ['boxes', 'regression'])
def test_a_batch_that_is_left_with_one_sample_is_passed_over_if_batch_norm_needs_more(tmp_path, task):
    class Normed(Finder):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(3)

        def forward(self, images, targets=None):
            self.norm(torch.stack([image.mean((1, 2)) for image in images]))
            return super().forward(images, targets)

    pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(3, 1))
    dataset = sliding(task, tmp_path, range(1, COUNT))
    learner = make_learner(task, tmp_path, dataset, model=Normed() if task == 'boxes' else pooled)
    before = weights_of(learner)

    learner.train()

    assert torch.equal(weights_of(learner), before)


def test_a_search_for_a_learning_rate_says_that_there_is_nothing_to_learn_from(tmp_path):
    learner = make_learner('regression', tmp_path, sliding('regression', tmp_path, ALL))
    with pytest.raises(DataError, match='No image of the training data has any data'):
        learner.find_lr(num_batches=3)


def test_targets_that_are_not_finite_are_an_error_beside_windows_without_data(tmp_path):
    class Unknown(Means):
        def __getitem__(self, window):
            return np.array([np.nan if window.xmin == 0 else 1.0])

    source = RasterioSource(write_image(tmp_path, SOME))
    scene = Scene('s', source, Unknown(source))
    learner = make_learner('regression', tmp_path, RegressionSlidingWindowGeoDataset(scene, size=CHIP, stride=CHIP))
    with pytest.raises(DataError, match=r"scene 's', window .*not finite"):
        learner.train()


@pytest.mark.parametrize('task', LEARNERS)
@pytest.mark.parametrize(('size', 'stride', 'left_out'), [(CHIP, CHIP, None), (5, 5, '3 rows and 4 columns of scene')])
def test_windows_that_do_not_cover_the_scene_are_warned_of(tmp_path, task, size, stride, left_out, caplog):
    dataset = SLIDING[task](make_scene(task, tmp_path, []), size=size, stride=stride, padding=0)
    learner = make_learner(task, tmp_path, dataset)

    list(learner.predict_dataset(dataset))

    assert ('will have no prediction' in caplog.text) == (left_out is not None)
    assert (left_out or '') in caplog.text
