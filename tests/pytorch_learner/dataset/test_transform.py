import albumentations as A
import numpy as np
import pytest

from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.registry import registry_
from rastervision.pytorch_learner.dataset.dataset import AlbumentationsDataset
from rastervision.pytorch_learner.dataset.errors import TransformError
from rastervision.pytorch_learner.dataset.min_max_normalize import MinMaxNormalize
from rastervision.pytorch_learner.dataset.transform import (
    DEFAULT_BBOX_PARAMS,
    TransformType,
    albu_to_yxyx,
    apply_transform,
    object_detection_transformer,
    semantic_segmentation_transformer,
    transformed,
    yxyx_to_albu,
)
from rastervision.pytorch_learner.dataset.transform_io import (
    deserialize_albumentation_transform,
    serialize_albumentation_transform,
)

FLIP = A.Compose([A.HorizontalFlip(p=1)], bbox_params=DEFAULT_BBOX_PARAMS)


def test_boxes_come_back_from_albumentations_as_they_were():
    boxes = np.array([[1.0, 2, 30, 40]])

    assert np.allclose(albu_to_yxyx(yxyx_to_albu(boxes, (60, 100)), (60, 100)), boxes)


def test_boxes_are_flipped_and_cut_with_the_image_and_empty_ones_dropped():
    boxes = np.array([[10.0, 10, 20, 30], [0, 90, 10, 130], [0, -30, 10, -5]])
    label = (boxes, np.array([0, 1, 2]), 'yxyx')

    _, (flipped, class_ids, box_format) = object_detection_transformer((np.zeros((50, 100, 3), np.uint8), label), FLIP)

    assert np.allclose(flipped, [[10, 70, 20, 90], [0, 0, 10, 10]])
    assert class_ids.tolist() == [0, 1] and box_format == 'yxyx'


def test_labels_are_not_interpolated_when_resized():
    labels = np.array([[0, 7], [0, 7]], dtype=np.int64)

    _, resized = semantic_segmentation_transformer((np.zeros((2, 2, 3), np.uint8), labels), A.Resize(5, 5))

    assert set(np.unique(resized)) == {0, 7} and resized.dtype == np.int64


@pytest.mark.parametrize('dtype', ['int8', 'int32', 'uint32', 'float16', 'bool'])
def test_images_of_types_that_opencv_lacks_are_resized(dtype):
    assert apply_transform(A.Resize(4, 4), image=np.ones((2, 2, 3), dtype))['image'].shape == (4, 4, 3)


def test_images_of_a_time_series_are_transformed_alike():
    series = np.random.default_rng(0).integers(0, 255, (3, 4, 5, 2), dtype=np.uint8)

    assert np.array_equal(apply_transform(A.HorizontalFlip(p=1), image=series)['image'], series[:, :, ::-1])


def test_min_max_normalize_stretches_each_channel():
    image = np.array([[[10, 5], [20, 5]]], dtype=np.uint16)

    stretched = MinMaxNormalize(p=1.0)(image=image)['image']

    assert stretched.dtype == np.float32 and stretched.tolist() == [[[0, 0], [1, 0]]]


def test_transform_dicts_of_albumentations_1_are_understood():
    old = {'__class_fullname__': 'HorizontalFlip', 'always_apply': True, 'p': 0.5}

    assert deserialize_albumentation_transform({'__version__': '1.3.0', 'transform': old}).p == 1.0


def test_lambda_transforms_come_from_their_file(tmp_path):
    path = tmp_path / 'lambdas.py'
    path.write_text(
        'import albumentations as A\n'
        'def swap(image, **_): return image[..., ::-1]\n'
        "lambda_transforms = {'swap': A.Lambda(name='swap', image=swap, p=1)}\n"
    )
    tf = A.Compose([A.Lambda(name='swap', image=np.flip, p=1)])

    tf_dict = serialize_albumentation_transform(tf, str(path), str(tmp_path / 'copy'))
    back = deserialize_albumentation_transform(tf_dict)

    assert tf_dict['lambda_transforms_path'] == str(tmp_path / 'copy' / 'lambdas.py')
    assert back(image=np.array([[[1, 2, 3]]], np.uint8))['image'].tolist() == [[[3, 2, 1]]]


def test_an_unknown_transform_names_the_closest():
    with pytest.raises(ConfigError, match=r"unknown transform 'HorizontlFlip'.*HorizontalFlip"):
        deserialize_albumentation_transform({'transform': {'__class_fullname__': 'HorizontlFlip', 'p': 1}})


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'uint32', 'float32'])
@pytest.mark.parametrize(
    'transform',
    [
        A.Normalize(mean=(0.5,) * 3, std=(0.25,) * 3, max_pixel_value=255),
        A.ToFloat(max_value=255),
        MinMaxNormalize(),
        None,
    ],
    ids=['Normalize', 'ToFloat', 'MinMaxNormalize', 'none'],
)
def test_images_are_scaled_once(dtype, transform):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(dtype)
    if dtype in ('float32', 'uint32') and isinstance(transform, A.ToFloat):
        pytest.skip('ToFloat is given floating point numbers there, and leaves them as they are')
    dataset = AlbumentationsDataset([(pixels, 0)], transform, TransformType.classification)
    x, _ = dataset[0]
    largest = np.iinfo(dtype).max if dtype != 'float32' else 1
    image = pixels.astype('float32') if dtype == 'uint32' else pixels
    expected = pixels / largest if transform is None else transform(image=image)['image']
    assert x.numpy().transpose(1, 2, 0) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize('name', ['evilmod.X', 'venv.__main__.X', 'this.X', 'rastervisionx.X'])
def test_class_of_a_transform_is_not_imported_from_just_anywhere(name, tmp_path, monkeypatch):
    (tmp_path / 'evilmod.py').write_text(f'open({str(tmp_path / "ran")!r}, "w")')
    monkeypatch.syspath_prepend(tmp_path)

    for spec in (name, 'Compose'):
        inner = {'__class_fullname__': name, 'p': 1.0}
        transform = inner if spec == name else {'__class_fullname__': spec, 'p': 1.0, 'transforms': [inner]}
        with pytest.raises(ConfigError, match='is not imported'):
            deserialize_albumentation_transform({'transform': transform})

    assert not (tmp_path / 'ran').exists()


def test_a_plugin_may_name_a_module_of_transforms(tmp_path, monkeypatch):
    (tmp_path / 'ownmod.py').write_text('import albumentations as A\n\nclass Own(A.HorizontalFlip):\n    pass\n')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry_, '_transform_modules', ['ownmod'])

    transform = deserialize_albumentation_transform({'transform': {'__class_fullname__': 'ownmod.Own', 'p': 1.0}})

    assert type(transform).__name__ == 'Own'


@pytest.mark.parametrize(
    ('transform', 'dtype', 'bands', 'named'),
    [
        (A.GaussNoise(p=1), 'int16', 3, 'GaussNoise'),
        (A.GaussianBlur(p=1), 'int16', 3, 'GaussianBlur'),
        (A.ToGray(p=1), 'uint8', 5, 'ToGray'),
        (A.ColorJitter(p=1), 'uint16', 3, 'ColorJitter'),
        (A.RGBShift(p=1), 'float32', 3, 'RGBShift'),
        (A.Compose([A.HorizontalFlip(p=1), A.GaussianBlur(p=1)]), 'float32', 5, 'GaussianBlur'),
    ],
)
def test_transforms_that_cannot_take_an_image_are_named(transform, dtype, bands, named):
    pixels = np.random.default_rng(0).integers(1000 if dtype != 'uint8' else 1, 3000, (16, 16, bands)).astype(dtype)
    with pytest.raises(TransformError, match=named):
        transformed((pixels, 0), transform, TransformType.classification)


@pytest.mark.parametrize(
    'transform', [A.Normalize(max_pixel_value=3000), MinMaxNormalize(), A.HorizontalFlip(p=1), A.RandomRotate90(p=1)]
)
def test_transforms_that_scale_or_move_floats_are_not_taken_for_cuts(transform):
    pixels = np.random.default_rng(0).integers(0, 3000, (16, 16, 3)).astype('float32')
    transformed((pixels, 0), transform, TransformType.classification)
