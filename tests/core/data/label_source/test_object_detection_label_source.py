import pytest

from rastervision.core.box import Box
from rastervision.core.data.label_source.object_detection_label_source import ObjectDetectionLabelSource
from rastervision.pipeline.errors import LabelError

BBOX = Box(10, 10, 50, 50)


@pytest.fixture
def vectors(make_vectors, square):
    return make_vectors(square(12, 14, 10, class_id=1), square(45, 45, 10, class_id=2), square(9, 30, 10, class_id=3))


def test_boxes_mostly_outside_the_bbox_go_and_others_are_clipped(vectors):
    labels = ObjectDetectionLabelSource(vectors, BBOX).get_labels()
    assert labels.get_npboxes().tolist() == [[14, 12, 24, 22], [30, 10, 40, 19]]
    assert labels.get_class_ids().tolist() == [1, 3]
    assert ObjectDetectionLabelSource(vectors, BBOX).labels == labels


def test_without_bbox_all_boxes_stay(vectors):
    assert len(ObjectDetectionLabelSource(vectors).get_labels()) == 3


def test_a_window_gives_boxes_in_its_own_pixels(vectors):
    boxes, class_ids, order = ObjectDetectionLabelSource(vectors, BBOX)[Box(2, 2, 20, 20)]
    assert (boxes.tolist(), class_ids.tolist(), order) == ([[2, 0, 12, 10]], [1], 'yxyx')


def test_thresholds_and_clipping_are_those_of_the_source(vectors):
    window = Box(0, 0, 9, 12)  # half of the first box
    assert len(ObjectDetectionLabelSource(vectors, BBOX, ioa_thresh=0.6)[window][0]) == 0
    assert ObjectDetectionLabelSource(vectors, BBOX, ioa_thresh=0.4, clip=True)[window][0].tolist() == [[4, 2, 9, 12]]


def test_a_new_bbox_gives_other_boxes(vectors):
    source = ObjectDetectionLabelSource(vectors, BBOX)
    source.get_labels(source.extent)
    source.set_bbox(Box(40, 40, 60, 60))
    assert source.get_labels().get_class_ids().tolist() == [2]
    assert source.get_labels(source.extent).get_class_ids().tolist() == [2]


def test_no_features_give_no_boxes(make_vectors):
    assert len(ObjectDetectionLabelSource(make_vectors(), BBOX)[Box(0, 0, 10, 10)][0]) == 0


def test_a_feature_without_class_is_refused(make_vectors, square):
    with pytest.raises(LabelError, match='class_id'):
        ObjectDetectionLabelSource(make_vectors(square(0, 0, 4)), BBOX)
