import logging

import pytest
from affine import Affine

from rastervision.core.box import Box
from rastervision.core.data.bboxes import match_bboxes
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer


class Placed:
    """Something with a bbox on the map."""

    def __init__(self, bbox, resolution):
        self.bbox = bbox
        self.crs_transformer = RasterioCRSTransformer(Affine(resolution, 0, 0, 0, -resolution, 0), None, map_crs=None)

    def set_bbox(self, bbox):
        self.bbox = bbox


def test_labels_get_the_bbox_of_the_image_in_their_own_pixels():
    labels = Placed(Box(0, 0, 100, 100), 20)

    match_bboxes(Placed(Box(20, 40, 60, 80), 10), labels)

    assert labels.bbox == Box(10, 20, 30, 40)


@pytest.mark.parametrize(
    ('bbox', 'warns'), [(Box(0, 0, 100, 100), False), (Box(500, 500, 600, 600), True), (None, False)]
)
def test_labels_somewhere_else_give_a_warning(bbox, warns, caplog):
    labels = Placed(bbox, 10)

    with caplog.at_level(logging.WARNING):
        match_bboxes(Placed(Box(20, 40, 60, 80), 10), labels)

    assert ('does not overlap' in caplog.text) is warns
    assert labels.bbox == Box(20, 40, 60, 80)
