import pytest

from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionPredictOptions
from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions
from rastervision.core.rv_pipeline.semantic_segmentation_config import SemanticSegmentationPredictOptions
from rastervision.pipeline.errors import ConfigError


def test_stride_defaults_to_the_chip_size():
    assert PredictOptions(chip_sz=100).stride == 100


def test_stride_of_object_detection_defaults_to_half_the_chip_size():
    assert ObjectDetectionPredictOptions(chip_sz=101).stride == 50


def test_auto_crop_is_half_of_the_overlap():
    assert SemanticSegmentationPredictOptions(chip_sz=100, stride=50, crop_sz='auto').crop_sz == 25


def test_a_crop_that_leaves_gaps_is_refused():
    options = SemanticSegmentationPredictOptions(chip_sz=100, stride=50, crop_sz=26)
    with pytest.raises(ConfigError, match='crop_sz=26 leaves gaps'):
        options.recursive_validate_config()
