import pytest

from rastervision.core.box import Box
from rastervision.core.padding import calculate_required_padding
from rastervision.pipeline.errors import ArgumentError


@pytest.mark.parametrize(('size', 'chip', 'stride', 'crop'), [(99, 10, 3, 2), (200, 100, 50, 25), (37, 20, 8, 0)])
def test_cropped_windows_cover_everything(size, chip, stride, crop):
    padding = calculate_required_padding(size, chip, stride, 'both', crop)

    windows = Box(0, 0, size, size).get_windows(chip, stride, padding, 'both')

    covered = {y for w in windows for y in range(w.ymin + crop, w.ymax - crop)}
    assert covered >= set(range(size))


@pytest.mark.parametrize(
    'arguments', [(200, 100, 60, 'both', 25), (200, 100, 120, 'end'), ((216, 309), 103, 8, 'start', 5)]
)
def test_windows_with_gaps_are_refused(arguments):
    with pytest.raises(ArgumentError):
        calculate_required_padding(*arguments)
