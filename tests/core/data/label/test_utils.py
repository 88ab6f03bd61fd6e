import numpy as np
import pytest

from rastervision.core.data.label.utils import best_classes


@pytest.mark.parametrize('num_classes', [1, 2, 3, 7, 130, 300])
@pytest.mark.parametrize('dtype', ['float32', 'float16', 'uint8'])
def test_best_classes_are_the_first_with_the_highest_score(num_classes, dtype):
    rng = np.random.default_rng(num_classes)
    scores = rng.integers(0, 5, (num_classes, 9, 11)).astype(dtype)  # with ties
    if dtype == 'float32':
        scores[rng.random(scores.shape) < 0.1 / num_classes] = np.nan
        scores[:, 0, 0], scores[-1, 1, 1], scores[0, 2, 2] = np.nan, np.nan, -np.inf
    missing = np.isnan(scores).any(axis=0)

    class_ids = best_classes(scores)

    assert (class_ids == np.where(missing, -1, scores.argmax(axis=0))).all()
    assert class_ids.dtype.kind == 'i'
