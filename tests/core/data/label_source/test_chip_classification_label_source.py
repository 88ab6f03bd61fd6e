import pytest

from rastervision.core.box import Box
from rastervision.core.data.geojson import geojson_to_geodataframe
from rastervision.core.data.label_source.chip_classification_label_source import (
    ChipClassificationLabelSource,
    infer_cells,
    read_labels,
)
from rastervision.core.data.label_source.chip_classification_label_source_config import (
    ChipClassificationLabelSourceConfig,
)
from rastervision.pipeline.errors import ConfigError, LabelError

BBOX = Box(0, 0, 20, 20)
CELL = Box(0, 0, 10, 10)


def source(vectors, bbox=BBOX, lazy=False, **fields):
    return ChipClassificationLabelSource(ChipClassificationLabelSourceConfig(**fields), vectors, bbox, lazy)


def inferring(vectors, **fields):
    return source(vectors, infer_cells=True, **{'background_class_id': 0, 'cell_sz': 10, **fields})


def class_of(labels, cell=CELL):
    return labels.get_cell_class_id(cell)


def test_features_are_cells(make_vectors, square):
    labels = source(make_vectors(square(0, 0, 10, class_id=3), square(10, 0, 10, class_id=4))).get_labels()
    assert {cell: class_of(labels, cell) for cell in labels.get_cells()} == {CELL: 3, Box(0, 10, 10, 20): 4}


def test_cells_in_a_bbox_keep_their_own_class(make_vectors, square):
    vectors = make_vectors(square(40, 40, 10, class_id=1), square(0, 0, 10, class_id=2))
    assert source(vectors).get_labels().get_class_ids() == [2]


@pytest.mark.parametrize(
    ('fields', 'class_id'),
    [
        ({}, 2),  # both lie inside; of equals the first one counts
        ({'use_intersection_over_cell': True, 'ioa_thresh': 0.2}, 5),
        ({'use_intersection_over_cell': True, 'ioa_thresh': 0.9}, 0),
        ({'pick_min_class_id': True}, 2),
        ({'pick_min_class_id': True, 'use_intersection_over_cell': True, 'ioa_thresh': 0.2}, 0),
        (
            {
                'pick_min_class_id': True,
                'use_intersection_over_cell': True,
                'ioa_thresh': 0.2,
                'background_class_id': 9,
            },
            5,
        ),
    ],
)
def test_rules_for_the_class_of_a_cell(make_vectors, square, fields, class_id):
    vectors = make_vectors(square(0, 0, 4, class_id=2), square(4, 4, 5, class_id=5))
    assert class_of(inferring(vectors, **fields).get_labels()) == class_id


@pytest.mark.parametrize(
    ('fields', 'class_ids'),
    [
        ({}, [0, 0]),  # 60 and 60 of 225 pixels
        ({'ioa_thresh': 60 / 225}, [2, 2]),
        ({'use_intersection_over_cell': True}, [2, 2]),  # 60 and 60 of 100 pixels
        ({'use_intersection_over_cell': True, 'ioa_thresh': 0.61}, [0, 0]),
        ({'use_intersection_over_cell': True, 'background_class_id': 7, 'ioa_thresh': 0.61}, [7, 7]),
    ],
)
def test_large_polygons_are_measured_by_themselves_or_by_the_cell(make_vectors, square, fields, class_ids):
    labels = inferring(make_vectors(square(4, 0, 15, class_id=2)), bbox=Box(0, 0, 10, 10), **fields)
    right = Box(0, 13, 10, 23)
    labels.populate_labels([CELL, right])
    assert [class_of(labels.get_labels(), cell) for cell in (CELL, right)] == class_ids


def test_a_grid_covers_the_bbox(make_vectors, square):
    labels = inferring(make_vectors(square(0, 0, 4, class_id=2)), cell_sz=8).get_labels()
    assert len(labels) == 9
    assert class_of(labels, Box(16, 16, 24, 24)) == 0


def test_without_background_cells_without_features_have_no_label(make_vectors, square):
    labels = source(make_vectors(square(0, 0, 4, class_id=2)))
    assert len(labels.get_labels(Box(12, 12, 18, 18))) == 0
    with pytest.raises(LabelError, match='background_class_id'):
        labels[Box(12, 12, 18, 18)]


def test_windows_without_a_label_are_told_apart(make_vectors, square):
    labels = source(make_vectors(square(10, 10, 4, class_id=2)), bbox=Box(10, 10, 30, 30))
    windows = [Box(0, 0, 10, 10), Box(0, 10, 10, 20)]
    assert labels.labeled_windows(windows) == windows[:1]
    assert inferring(make_vectors(square(10, 10, 4, class_id=2))).labeled_windows(windows) == windows


def test_windows_are_relative_to_the_bbox(make_vectors, square):
    labels = source(make_vectors(square(10, 10, 10, class_id=3)), bbox=Box(10, 10, 20, 20))
    assert labels[CELL] == 3
    assert labels[0:10, 0:10] == 3
    assert labels.get_labels(CELL).get_cells() == [Box(10, 10, 20, 20)]


def test_a_lazy_source_knows_the_cells_it_was_told(make_vectors, square):
    labels = source(
        make_vectors(square(0, 0, 4, class_id=2)), lazy=True, infer_cells=True, background_class_id=0, ioa_thresh=0.1
    )
    labels.populate_labels([CELL])
    assert labels.get_labels().get_cells() == [CELL]
    assert labels[Box(15, 15, 20, 20)] == 0


def test_a_new_bbox_gives_new_cells(make_vectors, square):
    labels = inferring(make_vectors(square(0, 0, 4, class_id=2)))
    labels.set_bbox(CELL)
    assert labels.get_labels().get_cells() == [CELL]


def test_cells_outside_the_image_are_left_out(make_vectors, square, caplog):
    inside, over, touching = square(5, 5, 5, class_id=0), square(-3, -3, 5, class_id=1), square(20, 0, 5, class_id=2)
    assert source(make_vectors(inside, over, touching)).get_labels().get_class_ids() == [0, 1]
    assert not caplog.records


def test_labels_all_of_which_lie_outside_the_image_are_worth_a_warning(make_vectors, square, caplog):
    assert len(source(make_vectors(square(40, 40, 5, class_id=0))).get_labels()) == 0
    assert 'None of the 1 features' in caplog.text


def test_of_labels_that_contradict_each_other_the_last_counts_with_a_warning(make_vectors, square, caplog):
    cells = square(0, 0, 10, class_id=1), square(0, 0, 10, class_id=2), square(10, 0, 10, class_id=3)
    assert source(make_vectors(*cells)).get_labels().get_class_ids() == [2, 3]
    assert '1 cells are labelled more than once' in caplog.text


def test_cells_that_are_labelled_twice_alike_are_one(make_vectors, square, caplog):
    cell = square(0, 0, 10, class_id=1)
    assert source(make_vectors(cell, cell)).get_labels().get_class_ids() == [1]
    assert not caplog.records


def test_no_features_are_no_cells(make_vectors):
    assert len(source(make_vectors()).get_labels()) == 0
    assert inferring(make_vectors()).get_labels().get_class_ids() == [0] * 4


def test_data_frames_will_do(square):
    frame = geojson_to_geodataframe({'type': 'FeatureCollection', 'features': [square(0, 0, 10, class_id=3)]})
    assert class_of(infer_cells([CELL], frame, 0.5, False, False, 0)) == 3
    assert class_of(read_labels(frame)) == 3
    assert len(read_labels(frame, bbox=Box(10, 10, 20, 20))) == 0


def test_what_is_missing_is_named(make_vectors, square):
    with pytest.raises(ConfigError, match='cell_sz is not set'):
        inferring(make_vectors(square(0, 0, 4, class_id=2)), cell_sz=None)
    with pytest.raises(ConfigError, match='background_class_id'):
        ChipClassificationLabelSourceConfig(infer_cells=True)
    with pytest.raises(LabelError, match='class_id'):
        source(make_vectors(square(0, 0, 4)))


def test_all_labels_and_features_are_there_to_look_at(make_vectors, square):
    cells = source(make_vectors(square(0, 0, 10, class_id=3)))

    assert cells.labels.get_cells() == [CELL]
    assert cells.labels_df.class_id.tolist() == [3] and cells.labels_df.geometry[0].bounds == (0, 0, 10, 10)
