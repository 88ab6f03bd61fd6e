"""Pixels that are no data, or outside the AOI, do not count: in windows of scenes and in files."""

import json

import albumentations as A
import numpy as np
import pytest
import rasterio
import shapely
import torch
from rasterio.transform import from_origin

from rastervision.core.data.scene import Scene
from rastervision.core.data.scene_factory import make_ss_scene
from rastervision.pytorch_learner.dataset.classification_dataset import ClassificationSlidingWindowGeoDataset
from rastervision.pytorch_learner.dataset.dataset import SlidingWindowGeoDataset
from rastervision.pytorch_learner.dataset.errors import ImageDatasetError, LabelError
from rastervision.pytorch_learner.dataset.gaps import transformed_around_gaps
from rastervision.pytorch_learner.dataset.labels import NO_CLASS
from rastervision.pytorch_learner.dataset.object_detection_dataset import ObjectDetectionSlidingWindowGeoDataset
from rastervision.pytorch_learner.dataset.regression_dataset import RegressionImageDataset
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationImageDataset,
    SemanticSegmentationRandomWindowGeoDataset,
    SemanticSegmentationSlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.transform import DEFAULT_BBOX_PARAMS, TransformType

SIZE = 20
NAN = float('nan')


@pytest.fixture
def write(tmp_path):
    def write(name, pixels, **profile):
        path = tmp_path / name
        height, width, bands = pixels.shape
        place = {'crs': 'EPSG:32636', 'transform': from_origin(500_000, 0, 1, 1)}
        size = {'width': width, 'height': height, 'count': bands, 'dtype': pixels.dtype}
        with rasterio.open(path, 'w', driver='GTiff', **size, **place, **profile) as dataset:
            dataset.write(np.moveaxis(pixels, -1, 0))
        return str(path)

    return write


def image(gap, dtype='uint8'):
    """40 x 40 of ones and more; the first 25 columns of the first 20 rows are the gap."""
    pixels = np.full((40, 40, 3), 7).astype(dtype)
    pixels[:20, :25] = gap
    return pixels


def polygons(tmp_path, name, *rings):
    features = [
        {
            'type': 'Feature',
            'properties': {'class_name': 'thing'},
            'geometry': {'type': 'Polygon', 'coordinates': [ring]},
        }
        for ring in rings
    ]
    crs = {'type': 'name', 'properties': {'name': 'EPSG:32636'}}
    (tmp_path / name).write_text(json.dumps({'type': 'FeatureCollection', 'crs': crs, 'features': features}))
    return str(tmp_path / name)


def ring(x0, y0, x1, y1):
    """A rectangle of pixels, as a ring in map coordinates."""
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    return [[500_000 + x, -y] for x, y in corners]


GAPS = [
    pytest.param(0, 'uint8', {'nodata': 0}, id='0'),
    pytest.param(255, 'uint8', {'nodata': 255}, id='255'),
    pytest.param(-9999, 'int16', {'nodata': -9999}, id='negative'),
    pytest.param(NAN, 'float32', {'nodata': NAN}, id='NaN that is NODATA'),
    pytest.param(NAN, 'float32', {}, id='NaN'),
]


@pytest.mark.parametrize(('gap', 'dtype', 'profile'), GAPS)
@pytest.mark.parametrize('to_pytorch', [True, False])
def test_pixels_without_data_do_not_count(write, class_config, gap, dtype, profile, to_pytorch):
    labels = write('labels.tif', np.ones((40, 40, 1), 'uint8'))
    dataset = SemanticSegmentationSlidingWindowGeoDataset.from_uris(
        image_uri=write('image.tif', image(gap, dtype), **profile),
        label_raster_uri=labels,
        class_config=class_config,
        size=SIZE,
        stride=SIZE,
        to_pytorch=to_pytorch,
    )
    x, y = dataset[1]
    expected = np.ones((SIZE, SIZE), int)
    expected[:, :5] = NO_CLASS

    assert np.array_equal(y, expected)
    assert np.isfinite(np.asarray(x)).all()
    assert (np.asarray(dataset[0][1]) == NO_CLASS).all()
    assert (np.asarray(dataset[3][1]) == 1).all()


def test_pixels_outside_the_aoi_do_not_count(write, class_config):
    whole = make_ss_scene(
        write('image.tif', image(7)),
        label_raster_uri=write('labels.tif', np.ones((40, 40, 1), 'uint8')),
        class_config=class_config,
    )
    aoi = [shapely.box(10, 0, 25, 30), shapely.box(25, 0, 30, 10)]
    scene = Scene('a', whole.raster_source, whole.label_source, aoi_polygons=aoi)
    dataset = SemanticSegmentationSlidingWindowGeoDataset(scene, size=SIZE, stride=SIZE, within_aoi=False)
    expected = np.full((40, 40), NO_CLASS)
    expected[:30, 10:25] = 1
    expected[:10, 25:30] = 1
    found = np.block([[dataset[0][1].numpy(), dataset[1][1].numpy()], [dataset[2][1].numpy(), dataset[3][1].numpy()]])
    assert np.array_equal(found, expected)


def test_random_windows_without_data_are_drawn_again(write, class_config):
    pixels = np.zeros((64, 64, 3), 'uint8')
    pixels[40:, 40:] = 9
    dataset = SemanticSegmentationRandomWindowGeoDataset.from_uris(
        image_uri=write('image.tif', pixels, nodata=0),
        label_raster_uri=write('labels.tif', np.ones((64, 64, 1), 'uint8')),
        class_config=class_config,
        size_lims=(8, 9),
        out_size=8,
        padding=0,
        max_windows=30,
    )
    samples = [dataset[index] for index in range(30)]
    assert all((y != NO_CLASS).any() for _, y in samples)
    assert dataset.sample_name(3) == dataset.sample_name(3)
    assert torch.equal(dataset[5][0], samples[5][0])


def test_a_chip_without_data_has_no_class(write, tmp_path, class_config):
    dataset = ClassificationSlidingWindowGeoDataset.from_uris(
        image_uri=write('image.tif', image(0), nodata=0),
        label_vector_uri=polygons(tmp_path, 'labels.json', ring(0, 0, 40, 40)),
        class_config=class_config,
        label_source_kw={
            'infer_cells': True,
            'cell_sz': SIZE,
            'use_intersection_over_cell': True,
            'background_class_id': 0,
        },
        size=SIZE,
        stride=SIZE,
    )
    assert [int(dataset[index][1]) for index in range(4)] == [NO_CLASS, 1, 1, 1]


def test_boxes_where_nothing_can_be_seen_are_left_out(write, tmp_path, class_config):
    dataset = ObjectDetectionSlidingWindowGeoDataset.from_uris(
        image_uri=write('image.tif', image(0), nodata=0),
        label_vector_uri=polygons(tmp_path, 'labels.json', ring(2, 2, 8, 8), ring(21, 2, 24, 8), ring(22, 10, 30, 18)),
        class_config=class_config,
        size=SIZE,
        stride=SIZE,
    )
    assert len(dataset[0][1]) == 0
    assert dataset[1][1].convert_boxes('yxyx').numpy() == pytest.approx(np.array([[10, 2, 18, 10]]), abs=1)


def test_samples_of_windows_are_named_by_scene_and_window(write, class_config):
    dataset = SemanticSegmentationSlidingWindowGeoDataset.from_uris(
        image_uri=write('image.tif', image(7)), class_config=class_config, size=SIZE, stride=SIZE
    )
    assert 'window Box(ymin=0, xmin=20, ymax=20, xmax=40)' in dataset.sample_name(1)


# --------------------------------------------------------------------------- files
@pytest.fixture
def folder(tmp_path):
    def make(pixels, labels, *, ext='npy'):
        for name, array in (('img', pixels), ('labels', labels)):
            (tmp_path / name).mkdir()
            if ext == 'npy' or name == 'img':
                np.save(tmp_path / name / '0.npy', array)
                continue
            profile = {'height': array.shape[0], 'width': array.shape[1], 'count': 1, 'dtype': array.dtype}
            nodata = {'nodata': -9999} if array.dtype.kind in 'if' else {}
            with rasterio.open(tmp_path / name / '0.tif', 'w', driver='GTiff', **profile, **nodata) as file:
                file.write(array, 1)
        return SemanticSegmentationImageDataset(str(tmp_path / 'img'), str(tmp_path / 'labels'))

    return make


@pytest.mark.parametrize('dtype', ['uint8', 'bool', 'int8', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'float64'])
def test_label_files_of_any_type_have_the_same_class_ids(folder, dtype):
    labels = np.eye(4).astype(dtype)
    assert torch.equal(folder(np.zeros((4, 4, 3), 'uint8'), labels)[0][1], torch.eye(4, dtype=torch.int64))


@pytest.mark.parametrize('dtype', ['int16', 'int32', 'float32'])
def test_nodata_of_label_files_does_not_count(folder, dtype):
    labels = np.eye(4).astype(dtype)
    labels[0, 1] = -9999
    found = folder(np.zeros((4, 4, 3), 'uint8'), labels, ext='tif')[0][1]
    assert found[0].tolist() == [1, NO_CLASS, 0, 0]


def test_nan_in_files_does_not_count(folder):
    pixels, labels = np.ones((4, 4, 3), 'float32'), np.eye(4, dtype='float32')
    pixels[0, 0, 1], labels[1, 1] = NAN, NAN
    x, y = folder(pixels, labels)[0]
    assert y.diagonal().tolist() == [NO_CLASS, NO_CLASS, 1, 1]
    assert x.isfinite().all() and x[:, 0, 0].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ('value', 'dtype'), [(70_000, 'int32'), (2**40, 'uint64'), (0.5, 'float32'), (np.inf, 'float32')]
)
def test_labels_that_can_be_no_class_ids_name_file_and_value(folder, value, dtype):
    labels = np.zeros((4, 4), dtype)
    labels[0, 0] = value
    with pytest.raises(LabelError, match=rf"labels/0\.npy'.*{value}"):
        folder(np.zeros((4, 4, 3), 'uint8'), labels)[0]


def test_targets_that_are_not_finite_are_named(tmp_path):
    (tmp_path / 'img').mkdir()
    (tmp_path / 'labels.csv').write_text('name,height\na.png,1.0\nb.png,nan\n')
    with pytest.raises(ImageDatasetError, match=r"labels\.csv.*'b\.png'.*nan.*1 of 2 rows"):
        RegressionImageDataset(str(tmp_path), ['height'])


# --------------------------------------------------------------------------- transforms
MIXING = {
    'resized': A.Resize(33, 33),
    'turned and blurred': A.Compose([A.Affine(rotate=(20, 40), scale=1.3, p=1), A.GaussianBlur((5, 7), p=1)]),
    'flipped and brightened': A.Compose([A.HorizontalFlip(p=1), A.RandomBrightnessContrast((0.3, 0.3), 0, p=1)]),
}


@pytest.mark.parametrize('kind', list(TransformType)[1:])
@pytest.mark.parametrize('transform', MIXING.values(), ids=MIXING)
def test_transforms_do_not_mix_gaps_into_what_is_data(write, kind, transform):
    """All data is 100 (130 if brightened), so whatever else there is comes from the gap."""
    pixels = np.full((SIZE, SIZE, 3), 100, 'uint8')
    pixels[:9, 4:11] = 0
    scene = make_ss_scene(write('image.tif', pixels, nodata=0))
    if kind is TransformType.object_detection:
        transform = A.Compose([transform], bbox_params=DEFAULT_BBOX_PARAMS)
    dataset = SlidingWindowGeoDataset(
        scene, size=SIZE, stride=SIZE, transform=transform, transform_type=kind, to_pytorch=False,
        normalize=False,
    )  # fmt: skip
    x, _ = dataset[0]
    values = set(np.unique(x).tolist())
    border = x[(x != 0).all(axis=-1)]
    assert 0 in values and len(np.unique(border)) <= 2 and border.size
    assert np.array_equal(dataset[0][0], x)


def test_labels_do_not_count_where_a_transform_has_moved_a_gap(write, class_config):
    dataset = SemanticSegmentationSlidingWindowGeoDataset.from_uris(
        image_uri=write('image.tif', image(0), nodata=0),
        label_raster_uri=write('labels.tif', np.ones((40, 40, 1), 'uint8')),
        class_config=class_config,
        size=SIZE,
        stride=SIZE,
        transform=A.Compose([A.HorizontalFlip(p=1), A.Resize(30, 50)]),
        to_pytorch=False,
        normalize=False,
    )
    x, y = dataset[1]
    assert (np.unique(x).tolist(), np.unique(y).tolist()) == ([0, 7], [NO_CLASS, 1])
    assert np.array_equal((x == 0).all(axis=-1), y == NO_CLASS) and (y[:, 38:] == NO_CLASS).all()


def test_gaps_are_what_scaling_makes_of_0(write):
    """As it does of the zeros of chips in files."""
    normalize = A.Normalize(mean=(0.5,) * 3, std=(0.5,) * 3, max_pixel_value=10)
    dataset = SlidingWindowGeoDataset(
        make_ss_scene(write('image.tif', image(0), nodata=0)),
        size=SIZE,
        stride=SIZE,
        transform=A.Compose([A.Resize(30, 30), normalize]),
        transform_type=TransformType.regression,
    )
    assert sorted(set(dataset[1][0].flatten().tolist())) == pytest.approx([-1, 0.4])


def test_gaps_in_files_are_not_mixed_either(tmp_path, folder):
    pixels = np.full((8, 8, 3), 2, 'float32')
    pixels[:4, :3] = NAN
    files = folder(pixels, np.ones((8, 8), 'uint8'))
    x, y = SemanticSegmentationImageDataset(str(files.orig_dataset.img_dir), str(files.orig_dataset.label_dir),
                                            transform=A.Resize(11, 11))[0]  # fmt: skip
    assert set(x.flatten().tolist()) == {0, 2} and torch.equal(y == NO_CLASS, (x == 0).all(dim=0))


def test_time_series_with_gaps_are_transformed_alike():
    x = np.full((4, SIZE, SIZE, 3), 100, 'uint8')
    invalid = np.zeros((SIZE, SIZE), bool)
    invalid[3:9, :5] = True
    x[:, invalid] = 0
    rng = np.random.default_rng(0)
    (x, _), gaps = transformed_around_gaps((x, None), invalid, A.Resize(31, 31), TransformType.regression, rng)
    assert np.unique(x[:, ~gaps]).tolist() == [100] and not x[:, gaps].any() and gaps.any()
