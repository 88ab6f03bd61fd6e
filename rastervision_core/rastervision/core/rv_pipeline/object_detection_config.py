"""Configures ObjectDetection."""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from rastervision.core import compat
from rastervision.core.compat import ObjectDetectionWindowMethod as ObjectDetectionWindowMethod
from rastervision.core.data.label_store.object_detection_geojson_store_config import ObjectDetectionGeoJSONStoreConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.evaluation.object_detection_evaluator_config import ObjectDetectionEvaluatorConfig
from rastervision.core.rv_pipeline.chip_options import ChipOptions, WindowSamplingConfig, WindowSamplingMethod
from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions, RVPipelineConfig
from rastervision.core.types import NonNegFloat, NonNegInt, PosFloat, PosInt, Proportion
from rastervision.pipeline.config.base import added_field
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.config.spellings import warn_renamed

if TYPE_CHECKING:
    from rastervision.core.rv_pipeline.object_detection import ObjectDetection


@register_config('object_detection_window_sampling')
class ObjectDetectionWindowSamplingConfig(WindowSamplingConfig):
    """Configure the windows that are cut from a scene with objects.

    Of `label` and `image`, windows have the size of the object or the scene, and are resized to `size` whatever their
    shape. Those without objects, if `neg_ratio` asks for some, are drawn as random ones.
    """

    methods: ClassVar[tuple[WindowSamplingMethod, ...]] = tuple(WindowSamplingMethod)

    ioa_thresh: Proportion = Field(
        0.8,
        description='A box belongs to a window if at least this fraction of its area lies inside. Sliding: at its '
        'default, boxes belong to each window that they touch.',
    )
    clip: bool = Field(False, description='Clip boxes to the window.')
    neg_ratio: NonNegFloat | None = Field(
        None,
        description='Windows without objects, per window with some. None: random windows are drawn blindly; there are '
        'no others than those of label and image.',
    )
    neg_ioa_thresh: Proportion = Field(
        0.2,
        description='A window counts as without objects if no box has this fraction of its area inside.',
    )
    windows_per_box: PosFloat | None = added_field(
        None,
        'Random: how many windows of a scene there are, with and without objects, for each of its boxes, instead of '
        'max_windows: none, if it has no boxes. Without labels, and if None: max_windows.',
    )
    label_buffer: NonNegInt = added_field(
        0, 'Label: by how many pixels a window reaches beyond its box on each side, up to the edges of the scene.'
    )


@register_config('object_detection_chip_options')
class ObjectDetectionChipOptions(ChipOptions):
    """Configure the chips that are made for object detection."""

    sampling: ObjectDetectionWindowSamplingConfig | dict[str, ObjectDetectionWindowSamplingConfig] = Field(  # type: ignore[assignment]
        description='How windows are chosen, for all scenes or by scene id.'
    )

    @classmethod
    def accept_old_spellings(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Accept the options that 0.21 had here; see :func:`.od_chip_options`."""
        values = super().accept_old_spellings(values)
        old = [name for name in compat.OD_SAMPLING if name in values]
        if not old:
            return values
        values = compat.od_chip_options(values)
        warn_renamed(f'ObjectDetectionChipOptions({", ".join(old)})', 'sampling')
        return values


@register_config('object_detection_predict_options')
class ObjectDetectionPredictOptions(PredictOptions):
    """Configure the windows in which objects are looked for, and which of them are kept."""

    stride: PosInt | None = Field(None, description='Pixels from one window to the next. None: half of chip_sz.')
    merge_thresh: Proportion = Field(
        0.5,
        description='Of two boxes of a class whose IoU is larger than this, the one with the lower score is dropped.',
    )
    score_thresh: Proportion = Field(0.5, description='Boxes with a score that is not larger than this are dropped.')

    edge_sz: NonNegInt | None = added_field(
        None,
        'Boxes that come nearer than this to an edge of their window, in pixels, are dropped, unless it is an edge of '
        'the scene: they may be cut, and another window shows the whole, if chip_sz - stride exceeds the size of '
        'objects by twice this. None: all boxes are kept.',
    )

    def validate_config(self) -> None:
        """Check that windows leave no gaps.

        Raises:
            ConfigError: If they do.
        """
        super().validate_config()
        self.check_gaps()

    def _default_stride(self) -> int:
        return max(1, self.chip_sz // 2)


@register_config('object_detection')
class ObjectDetectionConfig(RVPipelineConfig):
    """Configure an :class:`.ObjectDetection` pipeline."""

    chip_options: ObjectDetectionChipOptions | None = Field(None, description='Which chips the chip command makes.')
    predict_options: ObjectDetectionPredictOptions | None = Field(
        None, description='In which windows scenes are predicted. None: the defaults of the task.'
    )

    def build(self, tmp_dir: str) -> 'ObjectDetection':
        """Make the pipeline."""
        from rastervision.core.rv_pipeline.object_detection import ObjectDetection

        return ObjectDetection(self, tmp_dir)

    def get_default_label_store(self, scene: SceneConfig) -> ObjectDetectionGeoJSONStoreConfig:
        """GeoJSON."""
        return ObjectDetectionGeoJSONStoreConfig()

    def get_default_evaluator(self) -> ObjectDetectionEvaluatorConfig:
        """Counts of boxes by class."""
        return ObjectDetectionEvaluatorConfig()

    def _default_predict_options(self) -> ObjectDetectionPredictOptions:
        return ObjectDetectionPredictOptions()
