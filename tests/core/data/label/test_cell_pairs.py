import numpy as np
import pytest

from rastervision.core.box import Box
from rastervision.core.data.label.cell_pairs import pair_cells

GRID = Box.to_npboxes(Box(0, 0, 64, 96).get_windows(8, 8))


def pairs_of(a, b):
    first, second = pair_cells(np.array(a, dtype=float).reshape(-1, 4), np.array(b, dtype=float).reshape(-1, 4))
    return list(zip(first.tolist(), second.tolist(), strict=True))


def test_corners_may_be_a_pixel_off():
    rng = np.random.default_rng(0)
    order = rng.permutation(len(GRID))
    rounded = GRID[order] + rng.integers(-1, 2, size=GRID.shape)

    first, second = pair_cells(rounded, GRID)

    assert first.tolist() == list(range(len(GRID)))
    assert second.tolist() == order.tolist()


@pytest.mark.parametrize(
    ('other', 'expected'),
    [
        ([0, 0, 10, 10], [(0, 0)]),
        ([0, 3, 10, 13], [(0, 0)]),
        ([0, 5, 10, 15], []),
        ([0, 0, 10, 5], []),
        ([4, 4, 6, 6], []),
    ],
)
def test_cells_that_share_less_than_half_are_others(other, expected):
    assert pairs_of([[0, 0, 10, 10]], [other]) == expected


def test_each_cell_is_in_one_pair_the_best_one():
    a = [[0, 0, 10, 10], [0, 2, 10, 12]]
    assert pairs_of(a, [[0, 2, 10, 12]]) == [(1, 0)]
    assert pairs_of(a, [[0, 1, 10, 11]]) == [(0, 0)]
    assert pairs_of(a, [[0, 1, 10, 11], [0, 3, 10, 13]]) == [(0, 0), (1, 1)]


def test_the_second_best_is_taken_if_the_best_is_gone():
    assert pairs_of([[0, 0, 10, 10], [0, 1, 10, 11]], [[0, 1, 10, 11], [0, 3, 10, 13]]) == [(0, 1), (1, 0)]


@pytest.mark.parametrize(
    ('a', 'b'), [([], []), ([[0, 0, 1, 1]], []), ([], [[0, 0, 1, 1]]), ([[0, 0, 0, 0]], [[0, 0, 0, 0]])]
)
def test_nothing_has_no_pairs(a, b):
    assert pairs_of(a, b) == []
