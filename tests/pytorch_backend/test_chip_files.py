from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import rasterio

from rastervision.pipeline.runner.machine import core_count
from rastervision.pytorch_backend.chip_files import chip_zip_name, get_image_ext, write_chip, write_mask
from rastervision.pytorch_backend.pytorch_semantic_segmentation import PyTorchSemanticSegmentation
from rastervision.pytorch_learner.dataset.image_files import load_valid


@pytest.mark.parametrize(
    ('shape', 'dtype', 'ext'),
    [
        ((4, 5, 3), np.uint8, 'png'),
        ((4, 5), np.uint8, 'png'),
        ((4, 5, 3), np.uint16, 'npy'),
        ((4, 5, 3), np.float32, 'npy'),
        ((4, 5, 1), np.uint8, 'npy'),
        ((4, 5, 8), np.uint8, 'npy'),
    ],
)
def test_chip_that_a_png_cannot_hold_is_an_npy(tmp_path, shape, dtype, ext):
    chip = np.random.default_rng(0).integers(0, 200, shape).astype(dtype)
    path = str(tmp_path / f'chip.{get_image_ext(chip)}')

    write_chip(chip, path)

    assert path.endswith(ext)
    back = np.load(path) if ext == 'npy' else cv2.imread(path, cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(back[..., ::-1] if back.ndim == 3 and ext == 'png' else back, chip)


@pytest.mark.parametrize(('shape', 'dtype'), [((4, 5, 3), np.uint8), ((4, 5, 8), np.float32)])
def test_what_is_data_is_in_a_mask_beside_the_chip(tmp_path, shape, dtype):
    chip = np.zeros(shape, dtype)
    path = str(tmp_path / f'chip.{get_image_ext(chip)}')
    valid = np.eye(4, 5) > 0

    write_chip(chip, path)
    write_mask(valid, path, num_bands=shape[-1])

    assert np.array_equal(load_valid(path), valid)
    if path.endswith('.png'):
        with rasterio.open(path) as file:
            assert np.array_equal(file.read_masks(), np.stack([valid * 255] * 3))


def test_zips_sort_like_the_scenes_they_hold():
    scenes = [f's{i}' for i in range(300)]
    parts = [scenes[i : i + 7] for i in range(0, 300, 7)]

    names = [chip_zip_name(part, scenes) for part in parts]

    assert names == sorted(names)
    assert len(set(names)) == len(names)


def test_same_scenes_give_the_same_zip():
    assert chip_zip_name(['a', 'b'], ['a', 'b', 'c']) == chip_zip_name(['a', 'b'], ['a', 'b', 'c'])
    assert chip_zip_name(['a', 'b'], ['a', 'b', 'c']) != chip_zip_name(['a'], ['a', 'b', 'c'])


def test_no_more_processes_make_chips_than_there_are_cores(monkeypatch, tmp_path):
    learner = SimpleNamespace(data=SimpleNamespace(num_workers=10_000))
    backend = PyTorchSemanticSegmentation(None, learner, str(tmp_path))

    assert backend._chip_loader_options()['num_workers'] == core_count()
    monkeypatch.setenv('RASTERVISION_CHIP_NUM_WORKERS', '77')
    assert backend._chip_loader_options()['num_workers'] == 77
