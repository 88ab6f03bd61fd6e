"""Every pixel of a scene gets a label, whatever windows, strides and edges that are cropped."""

import random

import numpy as np
import pytest
from affine import Affine

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.label.semantic_segmentation_labels import SemanticSegmentationLabels
from rastervision.core.data.label_store.semantic_segmentation_label_store import SemanticSegmentationLabelStore

TRANSFORM = Affine(0.5, 0, 600000, 0, -0.5, 200000)
CLASSES = ClassConfig(names=['a', 'b', 'null'])


@pytest.mark.parametrize('seed', range(30))
@pytest.mark.parametrize('smooth', [False, True])
def test_all_pixels_of_random_scenes_are_covered(tmp_path, seed, smooth):
    draw = random.Random(seed)
    chip = draw.randint(1, 40)
    crop_sz = draw.choice([None, 0, draw.randint(0, (chip - 1) // 2)])
    stride = draw.randint(1, chip - 2 * (crop_sz or 0))
    bbox = Box(5, 3, 5 + draw.choice([1, chip, draw.randint(1, 90)]), 3 + draw.choice([1, chip, draw.randint(1, 90)]))
    grids = [
        bbox.extent.get_windows(chip, stride, pad_direction=draw.choice(['start', 'end', 'both'])),
        bbox.extent.get_covering_windows(chip, stride),
    ]
    store = SemanticSegmentationLabelStore(
        str(tmp_path / 'scene'), RasterioCRSTransformer(TRANSFORM, 'epsg:32633'), CLASSES, bbox, rasterio_block_size=16
    )
    prediction = np.ones((chip, chip), dtype=np.uint8)
    if smooth:
        prediction = np.stack([0 * prediction, prediction, 0 * prediction]).astype(np.float32)

    for windows in grids:
        with store.writer(smooth=smooth, crop_sz=crop_sz) as writer:
            for window in windows:
                writer.write(window, prediction)
        in_memory = SemanticSegmentationLabels.from_predictions(
            windows, [prediction] * len(windows), bbox.extent, 3, smooth=smooth, crop_sz=crop_sz
        )

        assert (store.read_label_arr(bbox.extent) == 1).all()
        assert (in_memory.get_label_arr(bbox.extent) == 1).all()
