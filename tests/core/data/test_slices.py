import pytest

from rastervision.core.box import Box
from rastervision.core.data.slices import parse_array_slices_2d, parse_array_slices_Nd, sampled_shape
from rastervision.pipeline.errors import RasterVisionError, UnsupportedSliceError

EXTENT = Box(0, 0, 50, 60)


def test_open_slices_reach_the_edges():
    assert parse_array_slices_2d((slice(5, None), slice(None)), EXTENT)[0] == Box(5, 0, 50, 60)
    assert parse_array_slices_2d(slice(5, 7), EXTENT)[0] == Box(5, 0, 7, 60)


def test_other_axes_are_left_as_they_are():
    window, parts = parse_array_slices_Nd((2, slice(1, 9, 2), slice(3, 9), [0, 1]), EXTENT, dims=4)

    assert window == Box(1, 3, 9, 9) and parts == [2, slice(1, 9, 2), slice(3, 9), [0, 1]]
    assert sampled_shape(*parts[1:3]) == (4, 6)


def test_an_ellipsis_stands_for_the_rest():
    assert parse_array_slices_Nd((Ellipsis, 0), EXTENT) == (EXTENT, [slice(0, 50), slice(0, 60), 0])


ALL = slice(None)


@pytest.mark.parametrize(
    ('key', 'error'),
    [
        (3, ValueError),
        ((3, ALL), ValueError),
        ((ALL, 3), ValueError),
        ((ALL, [1, 2]), ValueError),
        ((..., ...), ValueError),
        ((ALL,) * 3, IndexError),
        ((ALL, None), TypeError),
        (None, TypeError),
    ],
)
def test_other_keys_are_refused(key, error):
    with pytest.raises(error, match='Write') as caught:
        parse_array_slices_2d(key, EXTENT)
    assert isinstance(caught.value, RasterVisionError)


@pytest.mark.parametrize('part', [slice(-5, 10), slice(0, -1), slice(0, 5, -1), slice(0, 5, 0)])
def test_negative_slices_are_not_supported(part):
    with pytest.raises(UnsupportedSliceError):
        parse_array_slices_2d(part, EXTENT)
