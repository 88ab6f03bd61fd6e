import numpy as np
import pytest

from rastervision.core.box import Box
from rastervision.core.data.chips import fill_overflow, pad_to_window_size, resize


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int64', 'float32'])
@pytest.mark.parametrize('shape', [(8, 6), (8, 6, 1), (8, 6, 13)])
def test_resizing_keeps_dtype_and_axes(shape, dtype):
    out = resize(np.full(shape, 7, dtype=dtype), (4, 3))

    assert out.dtype == dtype and out.shape == (4, 3, *shape[2:]) and (out == 7).all()


def test_nearest_resizing_makes_no_new_values():
    assert resize(np.array([[0, 9], [9, 0]]), (4, 4), nearest=True).tolist() == [
        [0, 0, 9, 9],
        [0, 0, 9, 9],
        [9, 9, 0, 0],
        [9, 9, 0, 0],
    ]


def test_overflow_of_a_resampled_chip_is_scaled():
    chip = np.ones((4, 4), dtype=np.uint8)

    filled = fill_overflow(Box(0, 0, 10, 10), Box(-4, 0, 4, 8), chip, 5)

    assert filled.tolist() == [[5] * 4, [5] * 4, [1] * 4, [1] * 4] and chip.all()


def test_a_part_is_padded_to_its_window():
    part = np.ones((2, 3), dtype=np.uint8)

    padded = pad_to_window_size(part, Box(8, 7, 12, 12), Box(0, 0, 10, 10), 9)

    assert padded.tolist() == [[1, 1, 1, 9, 9]] * 2 + [[9] * 5] * 2


@pytest.mark.parametrize('lead', [(), (2,), (2, 3)])
def test_axes_before_height_are_left_alone(lead):
    window, bbox = Box(-1, -2, 5, 6), Box(0, 0, 4, 9)
    chip = np.random.default_rng(0).integers(1, 9, (*lead, 6, 8, 4))
    plain = np.stack([fill_overflow(bbox, window, each) for each in chip.reshape(-1, 6, 8, 4)])

    assert np.array_equal(fill_overflow(bbox, window, chip), plain.reshape(chip.shape))

    part = chip[..., 1:5, 2:, :]
    padded = pad_to_window_size(part, window, bbox, 0)
    assert padded.shape == chip.shape and not padded[..., 0, :, :].any()
    assert np.array_equal(padded[..., 1:5, 2:, :], part)
