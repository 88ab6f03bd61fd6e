import numpy as np
import pytest

from rastervision.core.box import Box
from rastervision.core.data.label.blending import window_weights
from rastervision.core.data.label.semantic_segmentation_labels import (
    SemanticSegmentationDiscreteLabels,
    SemanticSegmentationLabels,
    SemanticSegmentationSmoothLabels,
)
from rastervision.core.rv_pipeline.semantic_segmentation_config import SemanticSegmentationPredictOptions
from rastervision.pipeline.errors import ConfigError, DataError

BLENDS = ('linear', 'cosine')


@pytest.mark.parametrize('blend', BLENDS)
@pytest.mark.parametrize(('size', 'stride'), [(8, 4), (9, 7), (512, 256), (7, 6)])
def test_weights_of_two_windows_add_up_to_one_where_they_overlap(blend, size, stride):
    row = np.sqrt(np.diag(window_weights(size, size - stride, blend)))

    assert np.allclose(row[stride:] + row[: size - stride], 1, atol=1e-6)
    assert (row[size - stride : stride] == 1).all()


@pytest.mark.parametrize('blend', BLENDS)
@pytest.mark.parametrize('overlap', [0, 1, 30, 90])
def test_weights_are_positive_and_symmetric(blend, overlap):
    weights = window_weights(100, overlap, blend)

    assert weights.dtype == np.float32
    assert weights.min() > 0 and weights.max() <= 1
    assert (weights == weights[::-1]).all() and (weights == weights.T).all()
    assert (weights == 1).all() == (overlap == 0)


def scores_of(window, constant=None):
    """Random scores that depend on nothing but the window, or the same ones everywhere."""
    if constant is not None:
        return np.broadcast_to(np.float32(constant)[:, None, None], (len(constant), *window.size))
    rng = np.random.default_rng([window.ymin + 99, window.xmin + 99])
    return rng.dirichlet((1, 1, 1), window.size).transpose(2, 0, 1).astype(np.float32)


@pytest.mark.parametrize('blend', ['mean', *BLENDS])
@pytest.mark.parametrize(('chip', 'stride', 'crop_sz'), [(16, 8, None), (16, 5, 2), (15, 7, 0), (16, 15, None)])
def test_constant_scores_stay_constant(blend, chip, stride, crop_sz):
    options = SemanticSegmentationPredictOptions(chip_sz=chip, stride=stride, crop_sz=crop_sz, blend=blend)
    extent = Box(0, 0, 37, 29)
    windows = extent.get_windows(chip, stride, padding=(chip, chip), pad_direction='both')
    constant = (0.7, 0.2, 0.1)

    labels = SemanticSegmentationLabels.from_predictions(
        windows,
        [scores_of(window, constant) for window in windows],
        extent,
        3,
        smooth=True,
        crop_sz=crop_sz,
        weights=options.window_weights(),
    )

    expected = np.float16(constant).astype(np.float32)[:, None, None]
    assert (labels.get_score_arr(extent) == expected).all()


def test_scores_are_means_by_weight():
    labels = SemanticSegmentationSmoothLabels(Box(0, 0, 1, 3), 2, dtype=np.float64)
    first, second = np.array([[[1.0, 1.0]], [[0.0, 0.0]]]), np.array([[[0.0, 0.0]], [[1.0, 1.0]]])
    weights = np.array([[0.75, 0.25]], dtype=np.float32)

    labels.add_weighted_window(Box(0, 0, 1, 2), first, weights)
    labels.add_weighted_window(Box(0, 1, 1, 3), second, weights)

    assert labels.get_score_arr(labels.extent)[0].tolist() == [[1.0, 0.25, 0.0]]
    assert labels.get_label_arr(labels.extent).tolist() == [[0, 1, 1]]
    assert labels.get_hit_arr(labels.extent).tolist() == [[1, 2, 1]]


def weighted(*added):
    labels = SemanticSegmentationSmoothLabels(Box(0, 0, 8, 8), 3, dtype=np.float64)
    for window, weights in added:
        if weights is None:
            labels.add_window(window, scores_of(window))
        else:
            labels.add_weighted_window(window, scores_of(window), weights)
    return labels


A, B = Box(0, 0, 6, 6), Box(1, 2, 7, 8)
WEIGHTS = window_weights(6, 4, 'linear')


@pytest.mark.parametrize('parts', [((A, WEIGHTS), (B, WEIGHTS)), ((A, None), (B, WEIGHTS)), ((A, WEIGHTS), (B, None))])
def test_sums_count_weights_and_predictions_without_count_as_one(parts):
    together, total = weighted(*parts), weighted(parts[0]) + weighted(parts[1])
    ones = weighted(*((window, np.ones((6, 6)) if w is None else w) for window, w in parts))

    for other in (total, ones):
        assert np.allclose(together.get_score_arr(together.extent), other.get_score_arr(other.extent), equal_nan=True)
        assert together == other
    assert together != weighted((A, None), (B, None))


def test_a_window_is_forgotten_with_its_weights():
    labels = weighted((A, WEIGHTS), (B, WEIGHTS))
    del labels[labels.extent]
    labels.add_weighted_window(A, scores_of(A), WEIGHTS)

    assert labels == weighted((A, WEIGHTS))


def test_a_filled_mask_has_one_class():
    labels = weighted((A, WEIGHTS))
    labels.mask_fill(A, np.ones((6, 6), dtype=bool), 2)

    assert (labels.get_score_arr(A)[2] == 1).all()


def test_votes_have_no_weights():
    labels = SemanticSegmentationDiscreteLabels(Box(0, 0, 6, 6), 3)
    with pytest.raises(DataError, match='votes have no weights'):
        labels.add_predictions([A], [np.zeros((6, 6), dtype=np.uint8)], weights=WEIGHTS)


@pytest.mark.parametrize('fields', [{}, {'stride': 50, 'crop_sz': 'auto'}])
def test_blending_needs_windows_that_overlap(fields):
    options = SemanticSegmentationPredictOptions(chip_sz=100, blend='cosine', **fields)
    with pytest.raises(ConfigError, match=r"blend='cosine' has no effect.*stride, such as 50"):
        options.recursive_validate_config()


def test_weights_are_those_of_what_is_left_of_a_window():
    options = SemanticSegmentationPredictOptions(chip_sz=100, stride=60, crop_sz=10, blend='linear')

    assert (options.window_weights() == window_weights(80, 20, 'linear')).all()
    assert SemanticSegmentationPredictOptions(chip_sz=100).window_weights() is None
