import pickle
import random

import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon, box

from rastervision.core.box import Box
from rastervision.pipeline.errors import ArgumentError, ArgumentTypeError, BoxSizeError


def test_box_is_a_value_whose_edges_can_be_set():
    box = Box(1, 2, 3, 4)

    assert box == Box(1, 2, 3, 4) and hash(box) == hash(Box(1, 2, 3, 4)) and box != (1, 2, 3, 4)
    assert pickle.loads(pickle.dumps(box)) == box
    box.ymin = 0
    assert box == Box(0, 2, 3, 4) and hash(box) == hash(Box(0, 2, 3, 4))
    with pytest.raises(AttributeError):
        box.height = 3


@pytest.mark.parametrize('query', ['', 'ab', 3, None, shapely.Point(0, 0), (1, 2, 3)])
def test_only_boxes_and_points_can_be_in_a_box(query):
    with pytest.raises(NotImplementedError, match='neither a Box nor a point'):
        query in Box(0, 0, 1, 1)  # noqa: B015


def test_corners_are_lists_as_in_geojson():
    assert Box(0, 0, 2, 3).geojson_coordinates() == [[0, 0], [0, 2], [3, 2], [3, 0], [0, 0]]


def test_touching_boxes_do_not_intersect():
    assert not Box(0, 0, 5, 5).intersects(Box(5, 0, 9, 5))
    assert Box(0, 0, 5, 5).intersection(Box(5, 0, 9, 5)) == Box(0, 0, 0, 0)


def test_points_on_all_edges_are_inside():
    box = Box(0, 0, 5, 7)

    assert (0, 0) in box and (7, 5) in box and (5, 7) not in box


def test_windows_cover_the_box_with_least_padding():
    windows = Box(0, 0, 10, 10).get_windows(4, 4)

    assert len(windows) == 9
    assert windows[-1] == Box(8, 8, 12, 12)


def test_windows_that_leave_gaps_are_not_padded():
    assert [w.ymin for w in Box(0, 0, 10, 4).get_windows(4, 5)] == [0, 5]


def test_windows_of_an_image_smaller_than_a_window():
    assert Box(0, 0, 3, 2).get_windows(4, 4) == [Box(0, 0, 4, 4)]


@pytest.mark.parametrize(
    ('arguments', 'error'),
    [
        ({'size': [3, 4], 'stride': 2}, ArgumentTypeError),
        ({'size': (3, 4, 5), 'stride': 2}, ArgumentError),
        ({'size': 3, 'stride': 0}, ArgumentError),
        ({'size': 3, 'stride': 3, 'padding': -1}, ArgumentError),
        ({'size': 3, 'stride': 3, 'pad_direction': 'left'}, ArgumentError),
    ],
)
def test_invalid_windows_are_refused(arguments, error):
    with pytest.raises(error):
        Box(0, 0, 10, 10).get_windows(**arguments)


def test_random_boxes_follow_the_given_generator():
    box = Box(0, 0, 100, 100)

    squares = [box.make_random_square(10, rng=random.Random(7)) for _ in range(2)]

    assert squares[0] == squares[1] and squares[0] in box
    assert box in box.make_random_square_container(150, rng=random.Random(7))


def test_a_square_as_large_as_the_box_does_not_fit():
    with pytest.raises(BoxSizeError, match=r'10.*Box\(ymin=0'):
        Box(0, 0, 10, 20).make_random_square(10)


def test_windows_are_filtered_by_the_union_of_polygons():
    halves = [Polygon([(0, 0), (5, 0), (5, 10), (0, 10)]), Polygon([(5, 0), (10, 0), (10, 10), (5, 10)])]
    windows = [Box(2, 2, 8, 8), Box(8, 8, 12, 12), Box(20, 20, 22, 22)]

    assert Box.filter_by_aoi(windows, halves) == windows[:1]
    assert Box.filter_by_aoi(windows, halves, within=False) == windows[:2]
    assert Box.filter_by_aoi(windows, []) == [] and Box.filter_by_aoi([], halves) == []


def test_areas_that_touch_and_coordinates_that_were_rounded_do_not_cut_windows_off():
    left, right = box(0, 0, 5.0000001, 10), box(5.0000002, 0, 9.996, 10)
    inside, across, outside = Box(0, 0, 5, 5), Box(0, 0, 10, 10), Box(0, 5, 5, 11)

    assert Box.filter_by_aoi([inside, across, outside], [left, right]) == [inside, across]
    assert Box.filter_by_aoi([Box(0, 0, 0.5, 0.5)], [box(0, 0, 0.45, 1)]) == []  # may be degrees


def test_npboxes_of_no_boxes_have_four_columns():
    assert Box.to_npboxes([]).shape == (0, 4)
    assert np.array_equal(Box.to_npboxes([Box(1, 2, 3, 4)]), [[1, 2, 3, 4]])


def test_reprojected_box_can_be_normalized():
    flipped = Box(1, 2, 3, 4).reproject(lambda point: (point[0], -point[1]))

    assert flipped == Box(-1, 2, -3, 4) and flipped.normalize() == Box(-3, 2, -1, 4)


@pytest.mark.parametrize('seed', range(20))
def test_what_no_window_reaches_is_counted(seed):
    draw = random.Random(seed)
    box = Box(2, 5, 2 + draw.randint(1, 30), 5 + draw.randint(1, 30))
    size, stride = (draw.randint(1, 12), draw.randint(1, 12)), (draw.randint(1, 12), draw.randint(1, 12))
    padding, direction = draw.choice([None, 0, draw.randint(0, 20)]), draw.choice(['start', 'end', 'both'])
    reached = np.zeros((60, 60), bool)
    for window in box.get_windows(size, stride, padding, direction):
        reached[max(window.ymin, 0) : max(window.ymax, 0), max(window.xmin, 0) : max(window.xmax, 0)] = True
    inside = reached[box.ymin : box.ymax, box.xmin : box.xmax]

    rows, columns = box.get_rows_and_columns_left_out(size, stride, padding, direction)

    if inside.any():
        assert rows == (~inside.any(axis=1)).sum() and columns == (~inside.any(axis=0)).sum()
    else:
        assert rows == box.height or columns == box.width
