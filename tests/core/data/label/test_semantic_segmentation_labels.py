import numpy as np
import pytest
from shapely.geometry import box

from rastervision.core.box import Box
from rastervision.core.data.label.semantic_segmentation_labels import (
    SemanticSegmentationDiscreteLabels,
    SemanticSegmentationLabels,
    SemanticSegmentationSmoothLabels,
)
from rastervision.core.data.label.utils import discard_prediction_edges
from rastervision.pipeline.errors import DataError

EXTENT = Box(0, 0, 6, 8)


def prediction(smooth: bool, class_id: int, shape: tuple[int, int], classes: int = 3) -> np.ndarray:
    if not smooth:
        return np.full(shape, class_id, dtype=np.uint8)
    scores = np.full((classes, *shape), 0.1, dtype=np.float32)
    scores[class_id] = 0.8
    return scores


@pytest.fixture(params=[False, True], ids=['discrete', 'smooth'])
def smooth(request):
    return request.param


@pytest.fixture
def labels(smooth):
    return SemanticSegmentationLabels.make_empty(EXTENT, 3, smooth=smooth)


def test_pixels_without_prediction_have_the_null_class(labels, smooth):
    labels.add_window(Box(0, 0, 2, 2), prediction(smooth, 1, (2, 2)))

    arr = labels.get_label_arr(EXTENT, null_class_id=2)

    assert arr.dtype == np.int64
    assert (arr[:2, :2] == 1).all() and (arr[2:] == 2).all() and (arr[:, 2:] == 2).all()


def test_parts_of_windows_outside_the_extent_are_left_out(labels, smooth):
    labels.add_window(Box(-2, -2, 2, 2), prediction(smooth, 0, (4, 4)))
    labels.add_window(Box(4, 6, 9, 9), prediction(smooth, 1, (5, 3)))
    labels.add_window(Box(10, 10, 12, 12), prediction(smooth, 1, (2, 2)))

    arr = labels.get_label_arr(EXTENT)

    assert (arr == 0).sum() == 4 and (arr == 1).sum() == 4


def test_pixels_of_a_window_can_be_left_out(labels, smooth):
    values = prediction(smooth, 1, (4, 4)).astype(np.float32 if smooth else np.int16)
    values[..., 0, :2] = np.nan if smooth else -1
    labels.add_window(Box(0, 0, 4, 4), values)
    labels.add_window(Box(0, 1, 4, 5), prediction(smooth, 0, (4, 4)))

    arr, hits = labels.get_label_arr(EXTENT, null_class_id=2), labels.get_hit_arr(EXTENT)

    assert arr[0, 0] == 2 and arr[0, 1] == 0 and arr[1, 0] == 1
    assert hits[0, 0] == 0 and hits[0, 1] == 1 and hits[1, 1] == 2
    assert np.isnan(labels.get_score_arr(EXTENT)[:, 0, 0]).all()


def test_ties_go_to_the_lowest_id(labels, smooth):
    for class_id in (2, 1):
        labels.add_window(EXTENT, prediction(smooth, class_id, (6, 8)))

    assert (labels.get_label_arr(EXTENT) == 1).all()


def test_extent_need_not_begin_at_zero(smooth):
    labels = SemanticSegmentationLabels.make_empty(Box(3, 7, 9, 15), 3, smooth=smooth)
    labels.add_window(Box(4, 8, 5, 9), prediction(smooth, 1, (1, 1)))

    assert (labels.ymin, labels.xmin) == (3, 7)
    assert labels.get_label_arr(Box(4, 8, 5, 10)).tolist() == [[1, -1]]


def test_sum_has_the_predictions_of_both_and_changes_neither(labels, smooth):
    other = SemanticSegmentationLabels.make_empty(EXTENT, 3, smooth=smooth)
    labels.add_window(Box(0, 0, 1, 2), prediction(smooth, 0, (1, 2)))
    other.add_window(Box(0, 1, 1, 3), prediction(smooth, 1, (1, 2)))
    other.add_window(Box(0, 1, 1, 3), prediction(smooth, 1, (1, 2)))

    total = labels + other

    assert total.get_label_arr(Box(0, 0, 1, 4)).tolist() == [[0, 1, 1, -1]]
    assert labels.get_label_arr(Box(0, 0, 1, 4)).tolist() == [[0, 0, -1, -1]]
    assert total != labels


def test_sum_of_different_extents_is_an_error(labels, smooth):
    with pytest.raises(DataError, match='extent'):
        labels + SemanticSegmentationLabels.make_empty(Box(0, 0, 6, 9), 3, smooth=smooth)


def test_counters_do_not_wrap(labels, smooth):
    window = Box(0, 0, 1, 1)
    for _ in range(300):
        labels.add_window(window, prediction(smooth, 0, (1, 1)))
    for _ in range(100):
        labels.add_window(window, prediction(smooth, 1, (1, 1)))

    assert labels.get_label_arr(window).item() == 0
    assert labels.get_hit_arr(window).item() == 400
    assert (labels + labels).get_hit_arr(window).item() == 800


def test_deleted_window_has_no_prediction(labels, smooth):
    labels[EXTENT] = prediction(smooth, 1, (6, 8))
    del labels[Box(0, 0, 3, 8)]

    assert (labels.get_label_arr(EXTENT)[:3] == -1).all() and (labels.get_label_arr(EXTENT)[3:] == 1).all()


def test_pixels_outside_the_aoi_get_the_null_class(labels, smooth):
    labels.add_window(EXTENT, prediction(smooth, 1, (6, 8)))

    arr = labels.filter_by_aoi([box(0, 0, 2, 3)], null_class_id=2, size=3).get_label_arr(EXTENT, 2)

    assert (arr[:3, :2] == 1).all() and (arr == 1).sum() == 6 and (arr == 2).sum() == 42


def test_no_aoi_changes_nothing(labels, smooth):
    labels.add_window(EXTENT, prediction(smooth, 1, (6, 8)))

    assert (labels.filter_by_aoi([], null_class_id=2).get_label_arr(EXTENT) == 1).all()


def test_windows_are_the_extent_unless_a_size_is_given(labels):
    assert labels.get_windows() == [EXTENT]
    assert len(labels.get_windows(size=3)) == 6


def test_prediction_of_another_shape_is_an_error(labels, smooth):
    with pytest.raises(DataError, match=r'shape \((3, )?2, 3\)'):
        labels.add_window(Box(0, 0, 3, 3), prediction(smooth, 1, (2, 3)))


def test_unknown_class_id_is_an_error():
    labels = SemanticSegmentationDiscreteLabels(EXTENT, 3)

    with pytest.raises(DataError, match='from 3 to 3'):
        labels.add_window(Box(0, 0, 1, 1), np.array([[3]]))


def test_scores_of_other_classes_are_an_error():
    labels = SemanticSegmentationSmoothLabels(EXTENT, 3)

    with pytest.raises(DataError, match=r'expected \(3, 1, 1\)'):
        labels.add_window(Box(0, 0, 1, 1), np.zeros((2, 1, 1)))


def test_many_small_scores_are_summed_precisely():
    labels, window = SemanticSegmentationSmoothLabels(Box(0, 0, 1, 1), 2), Box(0, 0, 1, 1)
    for _ in range(5000):
        labels.add_window(window, np.array([[[0.3]], [[0.7]]], dtype=np.float32))

    np.testing.assert_allclose(labels.get_score_arr(window).ravel(), [0.3, 0.7], atol=5e-4)


def test_edges_of_predictions_can_be_left_out(smooth):
    extent, window = Box(0, 0, 20, 20), Box(7, 7, 13, 13)
    labels = SemanticSegmentationLabels.from_predictions(
        [window], [prediction(smooth, 1, (6, 6))], extent, 3, smooth=smooth, crop_sz=2
    )

    rows, columns = np.nonzero(labels.get_label_arr(extent) == 1)
    assert (rows.min(), rows.max(), columns.min(), columns.max(), len(rows)) == (9, 10, 9, 10, 4)


def test_edges_of_predictions_at_edges_of_the_extent_are_kept(smooth):
    window = Box(-1, 2, 5, 8)
    labels = SemanticSegmentationLabels.from_predictions(
        [window], [prediction(smooth, 1, (6, 6))], EXTENT, 3, smooth=smooth, crop_sz=2
    )

    found = labels.get_label_arr(EXTENT) == 1
    assert found[:3, 4:].all() and found.sum() == 12


def test_prediction_of_another_size_than_its_window_is_an_error(smooth):
    for crop_sz in (None, 2):
        with pytest.raises(DataError, match='does not end with the height and width'):
            SemanticSegmentationLabels.from_predictions(
                [Box(0, 0, 6, 6)], [prediction(smooth, 1, (7, 7))], EXTENT, 3, smooth=smooth, crop_sz=crop_sz
            )


def test_cropping_a_window_away_is_an_error():
    with pytest.raises(DataError, match='from 0 to 2'):
        discard_prediction_edges([Box(0, 0, 6, 6)], [], 3)


@pytest.mark.parametrize('num_classes', [1, 2])
@pytest.mark.parametrize('crop_sz', [None, 1])
def test_scores_without_classes_are_those_of_all(num_classes, crop_sz):
    window, extent = Box(0, 0, 4, 4), Box(0, 0, 5, 5)
    one = np.linspace(0, 1, 16, dtype=np.float16).reshape(4, 4)
    many = np.broadcast_to(one, (num_classes, 4, 4))
    options = {'extent': extent, 'num_classes': num_classes, 'smooth': True, 'crop_sz': crop_sz}
    labels = SemanticSegmentationLabels.from_predictions([window], [one], **options)

    assert labels == SemanticSegmentationLabels.from_predictions([window], [many], **options)
    assert np.array_equal(labels.get_score_arr(Box(0, 0, 3, 3))[0], one[:3, :3])

    by_item = SemanticSegmentationSmoothLabels(extent, num_classes)
    by_item[window] = one
    assert np.array_equal(by_item.get_score_arr(window), many)


@pytest.mark.parametrize('smooth', [False, True])
@pytest.mark.parametrize(('size', 'stride', 'crop_sz'), [((8, 8), (8, 8), 3), ((9, 5), (4, 5), 2), ((7, 9), (6, 2), 3)])
def test_no_more_is_cropped_than_other_windows_have(smooth, size, stride, crop_sz, caplog):
    extent = Box(3, 2, 30, 31)
    windows = extent.get_windows(size, stride)
    class_ids = np.ones(size, dtype=np.uint8)
    prediction = np.stack([1 - class_ids, class_ids]).astype(np.float32) if smooth else class_ids

    labels = SemanticSegmentationLabels.from_predictions(
        windows, [prediction] * len(windows), extent, 2, smooth=smooth, crop_sz=crop_sz
    )

    assert (labels.get_label_arr(extent) == 1).all()
    assert f'crop_sz={crop_sz} would leave gaps' in caplog.text


def test_windows_that_overlap_by_enough_are_cropped_as_told(caplog):
    extent = Box(0, 0, 20, 20)
    windows = extent.get_windows(8, 4, pad_direction='both')
    edges = np.ones((8, 8), dtype=np.uint8)
    edges[2:-2, 2:-2] = 0

    labels = SemanticSegmentationLabels.from_predictions(windows, [edges] * len(windows), extent, 2, crop_sz=2)

    assert (labels.get_label_arr(Box(2, 2, 18, 18)) == 0).all()
    assert not caplog.text


def test_predictions_may_be_tensors(smooth):
    torch = pytest.importorskip('torch')
    window, given = Box(0, 0, 3, 3), prediction(smooth, 1, (3, 3))

    labels, same = (
        SemanticSegmentationLabels.from_predictions([window], [values], window, num_classes=3, smooth=smooth)
        for values in (given, torch.from_numpy(given))
    )

    assert labels == same
