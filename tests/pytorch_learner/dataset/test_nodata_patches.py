"""Patches that are made NODATA in training samples of any task, bands and type."""

import albumentations as A
import numpy as np
import pytest
import torch
from PIL import Image

from rastervision.core.data.class_config import ClassConfig
from rastervision.pipeline.errors import ArgumentError, ConfigError
from rastervision.pytorch_learner.dataset.labels import NO_CLASS
from rastervision.pytorch_learner.dataset.nodata_patches import NodataPatches
from rastervision.pytorch_learner.dataset.object_detection_dataset import _Detecting
from rastervision.pytorch_learner.dataset.sample_chips import with_options
from rastervision.pytorch_learner.dataset.samples import AlbumentationsDataset
from rastervision.pytorch_learner.dataset.transform import DEFAULT_BBOX_PARAMS, TransformType
from rastervision.pytorch_learner.dataset.transform_io import (
    deserialize_albumentation_transform,
    serialize_albumentation_transform,
)
from rastervision.pytorch_learner.learner_config.data import DataConfig
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import SemanticSegmentationImageDataConfig

SIDE = 24
BOXES = np.array([[8, 6, 10, 8], [10, 10, 20, 20]], dtype=float)
LABELS = {
    'semantic_segmentation': np.ones((SIDE, SIDE), dtype=np.uint8),
    'classification': 1,
    'regression': np.array([0.5]),
    'object_detection': (BOXES, np.array([1, 0]), 'yxyx'),
}
PATCHES = NodataPatches(num_patches=(2, 5), patch_size=(0.2, 0.4), p=1)


def pixels(bands=3, dtype='uint8', times=None):
    shape = (SIDE, SIDE, bands) if times is None else (times, SIDE, SIDE, bands)
    return np.random.default_rng(0).integers(50, 99, shape).astype(dtype)


def dataset(task, transform=PATCHES, image=None, label=None, **options):
    label = LABELS[task] if label is None else label
    samples = [(pixels() if image is None else image, label)] * 30
    parts = A.Compose([transform], bbox_params=DEFAULT_BBOX_PARAMS if task == 'object_detection' else None)
    kind = _Detecting if task == 'object_detection' else AlbumentationsDataset
    return with_options(kind(samples, parts, TransformType(task), **options), gives_chips=True)


@pytest.mark.parametrize('task', LABELS)
@pytest.mark.parametrize(
    ('bands', 'dtype', 'times'),
    [
        (1, 'uint8', None),
        (3, 'uint16', None),
        (5, 'float32', None),
        (3, 'float64', None),
        (2, 'int16', 3),
        (4, 'int32', None),
    ],
)
def test_pixels_are_blanked_in_all_bands_and_marked(task, bands, dtype, times):
    image = pixels(bands, dtype, times)
    data = dataset(task, image=image, to_pytorch=False, normalize=False)
    for chip, label in (data[index] for index in range(10)):
        assert 0 < (~chip.valid).mean() <= 0.5
        assert (chip.pixels[..., ~chip.valid, :] == 0).all()
        assert np.array_equal(chip.pixels[..., chip.valid, :], image[..., chip.valid, :])
        if task == 'semantic_segmentation':
            assert np.array_equal(label == NO_CLASS, ~chip.valid)
        elif task != 'object_detection':
            assert label == LABELS[task]


def test_boxes_of_which_nothing_is_left_are_dropped():
    data = dataset('object_detection', to_pytorch=False)
    counts = set()
    for chip, (boxes, class_ids, _) in (data[index] for index in range(30)):
        left = [i for i, (y0, x0, y1, x1) in enumerate(BOXES.astype(int)) if chip.valid[y0:y1, x0:x1].any()]
        assert np.allclose(boxes, BOXES[left]) and class_ids.tolist() == [[1, 0][i] for i in left]
        counts.add(len(left))

    assert counts == {1, 2}


def test_a_chip_of_which_nothing_is_left_has_no_class():
    data = dataset('classification', NodataPatches((1, 1), (1, 1), max_share=1, p=1))

    assert int(data[0][1]) == NO_CLASS


@pytest.mark.parametrize(
    'others', [[A.Resize(40, 40), A.GaussianBlur(p=1)], [A.Affine(rotate=30, p=1)], [A.Normalize()]]
)
@pytest.mark.parametrize('mixed', [False, True])
def test_patches_are_not_mixed_into_other_pixels_by_other_transforms(others, mixed):
    image = np.full((SIDE, SIDE, 3), 80, dtype=np.uint8)
    before, after = (
        dataset('semantic_segmentation', A.Compose(parts), image, to_pytorch=False, normalize=False)
        for parts in ([PATCHES, *others], [*others, PATCHES])
    )
    plain = dataset('semantic_segmentation', A.Compose([*others]), image, to_pytorch=False, normalize=False)
    gap = dataset('semantic_segmentation', A.Compose([*others]), 0 * image, to_pytorch=False, normalize=False)

    for data in (before, after):
        chip, label = with_options(data, mixes_gaps=mixed)[0]
        whole = plain[0][0].pixels
        assert (~chip.valid).any() and np.array_equal(label == NO_CLASS, ~chip.valid)
        assert np.allclose(chip.pixels[~chip.valid], gap[0][0].pixels[0, 0])
        if not any(isinstance(part, A.Affine) for part in others):  # which draws other angles
            assert np.allclose(chip.pixels[chip.valid], whole[chip.valid])


def test_what_is_no_data_already_stays_so():
    image = pixels(dtype='float32')
    image[:3] = np.nan
    chip, label = dataset('semantic_segmentation', image=image, to_pytorch=False)[0]

    assert not chip.valid[:3].any() and not chip.valid[3:].all()
    assert (label[:3] == NO_CLASS).all() and (chip.pixels[:3] == 0).all()


def test_patches_are_the_same_each_time_and_others_in_each_sample_and_epoch():
    data = dataset('semantic_segmentation')
    first, again, second = data[0][1], data[0][1], data[1][1]
    data.set_epoch(1)

    assert torch.equal(first, again)
    assert not torch.equal(first, second) and not torch.equal(first, data[0][1])


def test_at_most_the_given_share_is_taken_away():
    data = dataset('semantic_segmentation', NodataPatches((100, 100), (0.1, 0.5), max_share=0.25, p=1))

    shares = [float((data[index][1] == NO_CLASS).float().mean()) for index in range(20)]

    assert min(shares) > 0.2 and max(shares) <= 0.25


def test_by_itself_it_blanks_pixels_and_leaves_masks_alone():
    out = PATCHES(image=pixels(), mask=LABELS['semantic_segmentation'])

    assert 0.03 < (out['image'] == 0).mean() <= 0.5
    assert (out['mask'] == 1).all()


def test_it_can_be_an_augmentor_of_a_config_and_a_transform_in_full(tmp_path):
    for folder, pixel in (('img', pixels()), ('labels', LABELS['semantic_segmentation'])):
        (tmp_path / 'train' / folder).mkdir(parents=True)
        for number in range(20):
            Image.fromarray(pixel).save(tmp_path / 'train' / folder / f'{number}.png')
    classes = ClassConfig(names=['a', 'b'], colors=['red', 'blue'])
    in_full = serialize_albumentation_transform(NodataPatches((1, 1), (0.5, 0.5), p=1))

    for options, least in (({'augmentors': ['NodataPatches']}, 3), ({'aug_transform': in_full}, 20)):
        config = SemanticSegmentationImageDataConfig(uri=str(tmp_path), class_config=classes, img_sz=SIDE, **options)
        config = config.from_dict(config.dict(with_rv_metadata=True))
        blanked = [bool((y == NO_CLASS).any()) for _, y in config.build_dataset('train')]
        assert least <= sum(blanked) <= max(least, 17)


def test_it_comes_back_from_a_config_as_it_was():
    made = deserialize_albumentation_transform(serialize_albumentation_transform(PATCHES))

    assert (made.num_patches, made.patch_size, made.max_share, made.p) == ((2, 5), (0.2, 0.4), 0.5, 1)


@pytest.mark.parametrize(
    'options',
    [
        {'num_patches': (3, 2)},
        {'num_patches': (1, 1000)},
        {'patch_size': (0, 0.5)},
        {'patch_size': (0.5, 2)},
        {'max_share': 0},
    ],
)
def test_numbers_that_make_no_sense_are_refused(options):
    with pytest.raises(ArgumentError, match=next(iter(options))):
        NodataPatches(**options)
    wrong = serialize_albumentation_transform(PATCHES)
    wrong['transform'] |= options
    with pytest.raises(ConfigError, match=f'NodataPatches.*{next(iter(options))}'):
        deserialize_albumentation_transform(wrong)


def test_a_name_that_is_misspelt_names_it():
    with pytest.raises(ConfigError, match=r"unknown augmentor 'NodataPatch'.*NodataPatches"):
        DataConfig(augmentors=['NodataPatch'])
