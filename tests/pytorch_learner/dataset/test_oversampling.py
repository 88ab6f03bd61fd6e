"""The asked-for share of training samples has rare classes, wherever samples come from."""

import json

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.windows import Window
from torch.utils.data import DataLoader

from rastervision.core.box import Box
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
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.data.vector_source.geojson_vector_source_config import GeoJSONVectorSourceConfig
from rastervision.core.data.vector_transformer.class_inference_transformer_config import (
    ClassInferenceTransformerConfig,
)
from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig
from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionWindowSamplingConfig
from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.dataset.errors import DatasetError
from rastervision.pytorch_learner.dataset.oversampling import Oversampled
from rastervision.pytorch_learner.dataset.sample_chips import with_options
from rastervision.pytorch_learner.learner_config.classification_data import (
    ClassificationGeoDataConfig,
    ClassificationImageDataConfig,
)
from rastervision.pytorch_learner.learner_config.object_detection_data import (
    ObjectDetectionGeoDataConfig,
    ObjectDetectionImageDataConfig,
)
from rastervision.pytorch_learner.learner_config.regression_data import RegressionImageDataConfig
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import (
    SemanticSegmentationGeoDataConfig,
    SemanticSegmentationImageDataConfig,
)

CLASSES = ClassConfig(names=['field', 'house', 'well', 'sea', 'null'], null_class='null')
HOUSE, WELL, SEA = 1, 2, 3
SIDE, CHIP, COUNT, SHARE = 300, 20, 100, 0.3
WELLS = [(33, 44), (36, 205), (250, 120)]  # upper left corners of 4 x 4 pixels; in 1 of 80 windows of the first scene

GEO = {
    'pixels': SemanticSegmentationGeoDataConfig,
    'boxes': ObjectDetectionGeoDataConfig,
    'cells': ClassificationGeoDataConfig,
}
FILES = {
    'pixels': SemanticSegmentationImageDataConfig,
    'boxes': ObjectDetectionImageDataConfig,
    'cells': ClassificationImageDataConfig,
}
SOURCES = [(task, way) for task in GEO for way in ('sliding', 'random', 'files')]


@pytest.fixture
def data(tmp_path, write_tif):
    """Data of a task: two scenes, only the first of which has wells; or chips, one of 20 of which has one."""

    def scene(name, task):
        image = RasterioSourceConfig(uris=[write_tif(f'{name}.tif', np.full((SIDE, SIDE, 3), 9, np.uint8))])
        if task == 'pixels':
            labels = np.zeros((SIDE, SIDE, 1), dtype=np.uint8)
            labels[100:102, 280:] = HOUSE
            for y, x in WELLS if name == 'wells' else ():
                labels[y : y + 4, x : x + 4] = WELL
            raster = RasterioSourceConfig(uris=[write_tif(f'{name}-labels.tif', labels)])
            return SceneConfig(id=name, raster_source=image, label_source=ss_labels(raster))
        places = [(y, x, 'well') for y, x in (WELLS if name == 'wells' else ())] + [(101, 283, 'house')]
        transformer = image.build().crs_transformer
        features = [feature(Box(y, x, y + 4, x + 4), label, transformer) for y, x, label in places]
        (tmp_path / f'{name}.json').write_text(json.dumps({'type': 'FeatureCollection', 'features': features}))
        vectors = GeoJSONVectorSourceConfig(
            uris=[str(tmp_path / f'{name}.json')], transformers=[ClassInferenceTransformerConfig()]
        )
        if task == 'boxes':
            labels = ObjectDetectionLabelSourceConfig(vector_source=vectors)
        else:
            labels = ChipClassificationLabelSourceConfig(
                vector_source=vectors, infer_cells=True, background_class_id=0, ioa_thresh=0.5, cell_sz=CHIP
            )
        return SceneConfig(id=name, raster_source=image, label_source=labels)

    def make(task, way, names=('wells', 'none'), **kwargs):
        options = {'rare_class_ids': [WELL], 'desired_prob': SHARE, 'img_sz': CHIP, 'num_workers': 0, **kwargs}
        if way == 'files':
            return FILES[task](uri=write_chips(tmp_path / 'chips', task), class_config=CLASSES, **options)
        kind, extra = (ObjectDetectionWindowSamplingConfig, {'neg_ratio': None})
        kind, extra = (kind, extra) if task == 'boxes' else (WindowSamplingConfig, {})
        sampling = kind(method=way, size=CHIP, **({'max_windows': COUNT, **extra} if way == 'random' else {}))
        scenes = DatasetConfig(
            class_config=CLASSES, train_scenes=[scene(name, task) for name in names], validation_scenes=[]
        )
        return GEO[task](scene_dataset=scenes, sampling=sampling, **options)

    return make


def ss_labels(raster):
    return SemanticSegmentationLabelSourceConfig(raster_source=raster)


def feature(box, class_name, transformer):
    corners = [(box.xmin, box.ymin), (box.xmax, box.ymin), (box.xmax, box.ymax), (box.xmin, box.ymax)]
    ring = [list(map(float, transformer.pixel_to_map((x - 0.5, y - 0.5)))) for x, y in [*corners, corners[0]]]
    geometry = {'type': 'Polygon', 'coordinates': [ring]}
    return {'type': 'Feature', 'properties': {'class_name': class_name}, 'geometry': geometry}


def write_chips(root, task):
    images, annotations = [], []
    for number in range(20):
        folder = root / 'train' / ('img' if task != 'cells' else 'well' if number == 7 else 'field')
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((CHIP, CHIP, 3), number, dtype=np.uint8)).save(folder / f'{number}.png')
        labels = np.zeros((CHIP, CHIP), dtype=np.uint8)
        labels[3, 4] = WELL if number == 7 else HOUSE
        images.append({'id': number, 'file_name': f'{number}.png', 'height': CHIP, 'width': CHIP})
        category = WELL if number == 7 else HOUSE
        annotations.append(
            {'id': number, 'image_id': number, 'category_id': category, 'bbox': [3, 4, 5, 5], 'area': 25}
        )
        if task == 'pixels':
            (root / 'train/labels').mkdir(exist_ok=True)
            Image.fromarray(labels).save(root / 'train/labels' / f'{number}.png')
    categories = [{'id': class_id, 'name': name} for class_id, name in enumerate(CLASSES.names)]
    if task == 'boxes':
        coco = {'images': images, 'annotations': annotations, 'categories': categories}
        (root / 'train/labels.json').write_text(json.dumps(coco))
    return str(root)


def has_well(sample):
    label = sample[1]
    found = label.get_field('class_ids') if hasattr(label, 'get_field') else label
    return bool((np.asarray(found) == WELL).any())


@pytest.mark.parametrize(('task', 'way'), SOURCES)
def test_the_share_of_samples_with_a_rare_class_is_as_desired(data, task, way):
    dataset = data(task, way, augmentors=[]).build_dataset('train')
    plain = data(task, way, rare_class_ids=None).build_dataset('train')

    for epoch in range(2):
        dataset.set_epoch(epoch, seed=5)
        assert sum(map(has_well, dataset)) == round(SHARE * len(dataset))
    assert len(dataset) == len(plain)
    assert sum(map(has_well, plain)) < 0.1 * len(plain)


@pytest.mark.parametrize('way', ['sliding', 'random', 'files'])
def test_samples_do_not_depend_on_workers(data, way):
    dataset = data('pixels', way).build_dataset('train')
    dataset.set_epoch(1, seed=3)

    alone, shared = ([y for _, y in DataLoader(dataset, batch_size=7, num_workers=workers)] for workers in (0, 2))

    assert all(map(np.array_equal, alone, shared))


def test_each_epoch_and_seed_draws_samples_of_its_own(data):
    dataset = data('pixels', 'sliding').build_dataset('train')
    drawn = []
    for epoch, seed in ((0, 0), (1, 0), (0, 1), (0, 0)):
        dataset.set_epoch(epoch, seed)
        drawn.append(list(dataset.indices))

    assert drawn[0] == drawn[3]
    assert drawn[0] != drawn[1] and drawn[0] != drawn[2]


def test_what_a_loader_has_of_it_follows_its_epochs(data):
    dataset = data('pixels', 'files').build_dataset('train')
    copied = with_options(dataset, gives_chips=True)
    before = [np.asarray(x.pixels) for x, _ in copied]

    dataset.set_epoch(1, seed=3)

    assert copied.dataset is not dataset.dataset
    assert not all(map(np.array_equal, before, [np.asarray(x.pixels) for x, _ in copied]))
    assert all(np.array_equal(x.pixels, plain) for (x, _), (plain, _) in zip(copied, dataset, strict=True))


def test_all_samples_with_a_rare_class_come_equally_often(data):
    dataset = data('pixels', 'sliding', desired_prob=0.5).build_dataset('train')

    times = np.bincount(dataset.indices, minlength=len(dataset))

    assert len(dataset.having) == 3
    assert np.ptp(times[dataset.having]) <= 1 and np.ptp(times[dataset.lacking]) <= 1


def test_a_sample_that_comes_again_in_an_epoch_is_transformed_in_another_way(data):
    dataset = data('pixels', 'files', augmentors=['RandomRotate90', 'HorizontalFlip']).build_dataset('train')

    labels = {y.numpy().tobytes() for _, y in filter(has_well, Oversampled(dataset.dataset, [WELL], 1))}

    assert len(labels) > 3


def test_random_windows_of_an_epoch_are_all_different(data):
    dataset = data('pixels', 'random', names=['wells'], desired_prob=0.9, augmentors=[]).build_dataset('train')
    places = {dataset.sample_name(index) for index in range(len(dataset))}

    assert len(places) > 0.9 * len(dataset)


def test_a_sample_is_called_after_the_window_that_it_is(data):
    dataset = data('pixels', 'random', augmentors=[]).build_dataset('train')
    index = next(index for index in range(len(dataset)) if has_well(dataset[index]))
    window = eval(dataset.sample_name(index).split('window ')[1])  # as it is written in messages

    assert any(y < window.ymax and y + 4 > window.ymin and x < window.xmax and x + 4 > window.xmin for y, x in WELLS)


def test_windows_that_a_subclass_draws_are_drawn_by_it_until_they_suit(data, monkeypatch):
    def near_a_well(self):
        y, x = np.array(WELLS[0]) + self._generator.integers(-CHIP, CHIP, 2)
        return Box(y, x, y + CHIP, x + CHIP)

    config = data('pixels', 'random', names=['wells'])
    scene = config.build_scenes(config.scene_dataset.train_scenes)[0]
    kind = type(config.scene_to_dataset(scene))
    own = type('Own', (kind,), {'sample_window': near_a_well})(scene, out_size=CHIP, size_lims=(20, 21), max_windows=40)
    dataset = Oversampled(own, [WELL], 0.5)

    assert sum(map(has_well, dataset)) == 20
    assert {eval(dataset.sample_name(i).split('window ')[1]).ymin < 60 for i in range(40)} == {True}


def test_what_is_outside_the_aoi_is_not_there(data, tmp_path):
    config = data('pixels', 'random', names=['wells'])
    (scene,) = config.scene_dataset.train_scenes
    transformer = scene.raster_source.build().crs_transformer
    aoi = {'type': 'FeatureCollection', 'features': [feature(Box(0, 0, 300, 150), 'aoi', transformer)]}
    (tmp_path / 'aoi.json').write_text(json.dumps(aoi))
    scene.aoi_uris = [str(tmp_path / 'aoi.json')]

    dataset = config.build_dataset('train')
    windows = [eval(dataset.sample_name(index).split('window ')[1]) for index in range(len(dataset))]

    assert sum(map(has_well, dataset)) == 30
    assert max(window.xmax for window in windows) <= 150


def test_a_rare_class_that_is_no_data_in_a_chip_is_not_there(data, tmp_path):
    config = data('pixels', 'files')
    Image.fromarray(np.zeros((CHIP, CHIP), dtype=np.uint8)).save(tmp_path / 'chips/train/img/7.png.msk', format='TIFF')

    with pytest.raises(DatasetError, match='None of the 20 training samples'):
        config.build_dataset('train')


@pytest.mark.parametrize(('task', 'way'), SOURCES)
def test_a_class_that_does_not_occur_is_an_error_that_names_it(data, task, way):
    config = data(task, way, rare_class_ids=[SEA])

    with pytest.raises(DatasetError, match=r'training samples has .* rare_class_ids \[3\]'):
        config.build_dataset('train')


@pytest.mark.parametrize('way', ['sliding', 'random', 'files'])
def test_a_class_that_does_not_occur_beside_one_that_does_is_a_warning(data, way, caplog):
    dataset = data('pixels', way, rare_class_ids=[WELL, SEA]).build_dataset('train')

    assert 'anything of the classes [3]' in caplog.text
    assert sum(map(has_well, dataset)) == round(SHARE * len(dataset))


@pytest.mark.parametrize('way', ['sliding', 'random'])
def test_a_class_that_is_everywhere_is_a_warning(data, way, caplog):
    dataset = data('pixels', way, rare_class_ids=[0]).build_dataset('train')

    assert 'desired_prob 0.3 has no effect' in caplog.text
    assert len(dataset) == len(list(dataset))


def test_a_part_of_the_samples_is_chosen_first(data):
    dataset = data('pixels', 'files', train_sz=12, rare_class_ids=[HOUSE]).build_dataset('train')

    assert len(dataset) == 12
    assert len(set(dataset.having) | set(dataset.lacking)) == 12


def test_validation_samples_are_as_they_are(data, tmp_path):
    config = data('pixels', 'files')
    (tmp_path / 'chips/train').rename(tmp_path / 'chips/valid')

    assert sum(map(has_well, config.build_dataset('valid'))) == 1


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'rare_class_ids': None}, 'desired_prob 0.3 is given without rare_class_ids'),
        ({'desired_prob': 1.5}, 'desired_prob.*from 0 to 1'),
        ({'rare_class_ids': []}, 'rare_class_ids'),
        ({'rare_class_ids': [2, 5]}, r"\[5\] are no class ids. These go from 0 to 4: \['field'"),
    ],
)
def test_options_that_make_no_sense_are_refused(data, options, message):
    with pytest.raises(ConfigError, match=message):
        data('pixels', 'files', **options).recursive_validate_config()


def test_numbers_have_no_rare_classes():
    with pytest.raises(ConfigError, match='rare_class_ids is for labels that are classes'):
        RegressionImageDataConfig(uri='chips', rare_class_ids=[0], desired_prob=0.5)


@pytest.mark.parametrize(('task', 'way'), [source for source in SOURCES if source[1] != 'files'])
def test_a_scene_gives_at_most_so_many_windows_as_the_limit(data, task, way):
    config = data(task, way, names=['wells'], rare_class_ids=None, desired_prob=0.5)
    config.sampling.limit = 7

    assert len(config.build_dataset('train')) == 7


@pytest.mark.parametrize('way', ['sliding', 'random'])
def test_a_rare_class_that_is_no_data_in_the_image_is_not_there(data, way):
    config = data('pixels', way, names=['wells'])
    (uri,) = config.scene_dataset.train_scenes[0].raster_source.uris
    with rasterio.open(uri, 'r+') as image:
        image.nodata = 0
        for y, x in WELLS[1:]:
            image.write(np.zeros((3, 4, 4), np.uint8), window=Window(x, y, 4, 4))

    dataset = config.build_dataset('train')
    assert sum(map(has_well, dataset)) == round(SHARE * len(dataset))

    with rasterio.open(uri, 'r+') as image:
        image.write(np.zeros((3, 4, 4), np.uint8), window=Window(*WELLS[0][::-1], 4, 4))
    with pytest.raises(DatasetError, match='training samples has a pixel or object'):
        config.build_dataset('train')
