import numpy as np
from shapely.geometry import box

from rastervision.core.box import Box
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels

A, B = Box(0, 0, 10, 10), Box(0, 10, 10, 20)


def test_highest_score_wins_the_first_of_equals():
    labels = ChipClassificationLabels.from_predictions([A, B], [np.array([0.1, 0.9]), np.array([0.5, 0.5])])

    assert labels.get_class_ids() == [1, 0]
    assert labels.get_cell_scores(A) == [0.1, 0.9]


def test_a_cell_without_a_prediction_has_no_label():
    labels = ChipClassificationLabels.from_predictions([A, B], [np.array([np.nan, np.nan]), np.array([0.5, 0.4])])

    assert labels.get_cells() == [B]


def test_sum_changes_neither():
    a, b = ChipClassificationLabels({A: (0, None)}), ChipClassificationLabels({A: (1, None), B: (2, None)})

    assert (a + b).get_class_ids() == [1, 2]
    assert a.get_class_ids() == [0]


def test_scores_count_for_equality():
    assert ChipClassificationLabels({A: (0, None)}) != ChipClassificationLabels({A: (0, [1.0, 0.0])})
    assert ChipClassificationLabels({A: (0, [1.0])}) == ChipClassificationLabels({A: (0, np.array([1.0]))})


def test_cells_outside_the_aoi_are_left_out():
    labels = ChipClassificationLabels({A: (0, None), B: (1, None)})

    assert labels.filter_by_aoi([box(0, 0, 12, 12)]).get_cells() == [A]


def test_cells_snap_to_those_that_are_the_same_but_for_rounding():
    labels = ChipClassificationLabels({Box(-1, 0, 9, 10): (0, None), Box(0, 50, 10, 60): (1, None)})

    snapped = labels.snap_to(ChipClassificationLabels({B: (1, None), A: (1, None)}))

    assert snapped == ChipClassificationLabels({A: (0, None), Box(0, 50, 10, 60): (1, None)})
    assert labels.get_cells()[0] == Box(-1, 0, 9, 10)


def test_a_cell_that_is_not_there_has_no_class():
    labels = ChipClassificationLabels({Box(0, 0, 1, 1): (2, [0.1])})

    assert labels.get_cell_class_id(Box(5, 5, 6, 6)) is None and labels.get_cell_scores(Box(5, 5, 6, 6)) is None
