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


@pytest.mark.parametrize('crop', [0, 1, 3])
@pytest.mark.parametrize('stride', [1, 4, 6, 7])
def test_cropped_windows_cover_all_sizes_with_the_least_padding(stride, crop):
    chip = 13
    for size in range(1, 60):

        def covers(padding, size=size):
            windows = Box(0, 0, size, 1).get_windows((chip, 1), (stride, 1), (padding, 0), 'both')
            return {y for w in windows for y in range(w.ymin + crop, w.ymax - crop)} >= set(range(size))

        padding = calculate_required_padding((size, 1), (chip, 1 + 2 * crop), (stride, 1), 'both', crop)[0]

        assert covers(padding) and not (padding and covers(padding - 1))


@pytest.mark.parametrize('stride', [1, 5, 12, 13])
@pytest.mark.parametrize('size', [1, 12, 13, 14, 25, 26, 40, 51])
def test_covering_windows_lie_inside_and_are_as_few_as_others(size, stride):
    box = Box(3, 7, 3 + size, 7 + 30)

    windows = box.get_covering_windows(13, stride)

    assert len(windows) == len(box.get_windows(13, stride)) == len(set(windows))
    assert windows == sorted(windows, key=tuple)
    assert {y for w in windows for y in range(w.ymin, w.ymax)} >= set(range(box.ymin, box.ymax))
    assert {x for w in windows for x in range(w.xmin, w.xmax)} == set(range(box.xmin, box.xmax))
    assert all(w.ymin >= box.ymin and (w.ymax <= box.ymax or size < 13) for w in windows)


@pytest.mark.parametrize(
    'arguments', [(200, 100, 60, 'both', 25), (200, 100, 120, 'end'), ((216, 309), 103, 8, 'start', 5)]
)
def test_windows_with_gaps_are_refused(arguments):
    with pytest.raises(ArgumentError):
        calculate_required_padding(*arguments)
