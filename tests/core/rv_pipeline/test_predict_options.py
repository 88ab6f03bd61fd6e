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


def test_changed_options_are_checked_and_the_others_kept():
    options = SemanticSegmentationPredictOptions(chip_sz=100, stride=50, crop_sz='auto', batch_sz=3)

    changed = options.with_changes(stride=30, blend='linear', tta='flips')

    assert (changed.chip_sz, changed.stride, changed.crop_sz, changed.batch_sz) == (100, 30, 25, 3)
    assert (options.stride, options.tta) == (50, None)
    with pytest.raises(ConfigError, match='leaves gaps'):
        options.with_changes(stride=60)


def test_options_that_a_task_does_not_have_are_named():
    with pytest.raises(ConfigError, match=r"PredictOptions has no 'blend'.*It has: chip_sz, stride, batch_sz, tta"):
        PredictOptions().with_changes(blend='linear')
    with pytest.raises(ConfigError, match="Did you mean 'stride'"):
        PredictOptions().with_changes(strides=3)


def test_options_that_are_new_are_left_out_of_json_at_their_default():
    assert not {'tta', 'blend'} & SemanticSegmentationPredictOptions().dict().keys()


def test_a_crop_that_leaves_gaps_is_refused():
    options = SemanticSegmentationPredictOptions(chip_sz=100, stride=50, crop_sz=26)
    with pytest.raises(ConfigError, match='crop_sz=26 leaves gaps'):
        options.recursive_validate_config()


@pytest.mark.parametrize(
    'kind',
    [ObjectDetectionPredictOptions, SemanticSegmentationPredictOptions],
    ids=lambda k: k.__name__,
)
def test_strides_that_leave_gaps_are_refused(kind):
    kind(chip_sz=100, stride=100).validate_config()
    with pytest.raises(ConfigError, match='stride=101 is larger than chip_sz=100'):
        kind(chip_sz=100, stride=101).validate_config()


@pytest.mark.parametrize('options', [{'chip_sz': -1}, {'chip_sz': 0}, {'stride': 0}, {'batch_sz': 0}])
def test_sizes_of_windows_are_positive(options):
    with pytest.raises(ConfigError, match=f'{next(iter(options))}: must be a whole number larger than 0'):
        PredictOptions(**options)
