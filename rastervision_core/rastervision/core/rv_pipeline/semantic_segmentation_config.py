"""Configures SemanticSegmentation."""

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from rastervision.core import compat
from rastervision.core.compat import SemanticSegmentationWindowMethod as SemanticSegmentationWindowMethod
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    SemanticSegmentationLabelStoreConfig,
)
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.evaluation.semantic_segmentation_evaluator_config import SemanticSegmentationEvaluatorConfig
from rastervision.core.rv_pipeline.chip_options import ChipOptions
from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions, RVPipelineConfig
from rastervision.core.types import NonNegInt, PosInt, Proportion
from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import added_field
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.config.spellings import warn_renamed
from rastervision.pipeline.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np

    from rastervision.core.rv_pipeline.semantic_segmentation import SemanticSegmentation

lazy.also_give(__name__, 'rastervision.core.rv_pipeline.chip_options: WindowSamplingConfig')


def ss_chip_options_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Bring a dict of an earlier version to the next one: nothing to do here.

    How windows are chosen depends on the size of chips, which the pipeline had, whose upgrader translates both. Options
    that stand alone are translated when the config is made of them.
    """
    return cfg_dict


@register_config('semantic_segmentation_chip_options', upgrader=ss_chip_options_upgrader)
class SemanticSegmentationChipOptions(ChipOptions):
    """Configure the chips that are made for semantic segmentation."""

    target_class_ids: list[NonNegInt] | None = Field(
        None, description='Chips with enough pixels of these classes are kept always. None: all chips are.'
    )
    negative_survival_prob: Proportion = Field(
        1.0, description='Fraction of the other chips that is kept; which ones follows from their pixels.'
    )
    target_count_threshold: NonNegInt = Field(1000, description='How many pixels of the target classes are enough.')

    @classmethod
    def accept_old_spellings(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Accept the options that 0.21 had here; see :func:`.ss_chip_options`."""
        values = super().accept_old_spellings(values)
        old = [name for name in compat.SS_SAMPLING if name in values]
        if not old:
            return values
        values = compat.ss_chip_options(values)
        warn_renamed(f'SemanticSegmentationChipOptions({", ".join(old)})', 'sampling')
        return values

    def keep_chip(self, chip: 'np.ndarray', label: 'np.ndarray', valid: 'np.ndarray | None' = None) -> bool:
        """Whether a chip is worth keeping.

        Args:
            chip: Pixels, (height, width, channels).
            label: Class ids, (height, width).
            valid: Which pixels are data; see `ChipOptions.keep_chip`.
        """
        if not super().keep_chip(chip, label, valid):
            return False
        if self.target_class_ids is None or self.enough_target_pixels(label):
            return True
        from rastervision.core.rv_pipeline.utils import draw

        return draw(chip) < self.negative_survival_prob

    def enough_target_pixels(self, label_arr: 'np.ndarray') -> bool:
        """Whether enough pixels are of the target classes.

        Args:
            label_arr: Class ids, (height, width).

        Raises:
            ConfigError: If `target_class_ids` is not set.
        """
        import numpy as np

        if self.target_class_ids is None:
            raise ConfigError('target_class_ids is not set, so no number of pixels is enough. Set it.')
        return bool(np.isin(label_arr, self.target_class_ids).sum() >= self.target_count_threshold)


@register_config('semantic_segmentation_predict_options')
class SemanticSegmentationPredictOptions(PredictOptions):
    """Configure the windows in which the pixels of a scene are predicted."""

    stride: PosInt | None = Field(
        None, description='Pixels from one window to the next; less than chip_sz to average. None: chip_sz.'
    )
    crop_sz: NonNegInt | Literal['auto'] | None = Field(
        None,
        description='Pixels to drop along the edges of each window, where predictions are worst, but not along edges '
        'of the image. auto: as many as the overlap of the windows allows. None: keep all.',
    )
    blend: Literal['mean', 'linear', 'cosine'] = added_field(
        'mean',
        'How the scores of windows that overlap are put together. mean: each counts the same (and if the label store '
        'does not keep scores, has one vote). linear, cosine: the less, the nearer it is to the edge of the window.',
    )

    @model_validator(mode='after')
    def set_auto_crop_sz(self) -> Self:
        """Turn `crop_sz='auto'` into a number."""
        if self.crop_sz == 'auto':
            self._set(crop_sz=max(0, (self.chip_sz - (self.stride or self.chip_sz)) // 2))
        return self

    def validate_config(self) -> None:
        """Check that cropped windows still cover the scene, and overlap if they are to be blended.

        Raises:
            ConfigError: If not.
        """
        super().validate_config()
        self.check_gaps()
        if isinstance(self.crop_sz, int) and self.stride and self.chip_sz - 2 * self.crop_sz < self.stride:
            raise ConfigError(
                f'crop_sz={self.crop_sz} leaves gaps between windows of chip_sz={self.chip_sz} with '
                f'stride={self.stride}. It may be at most (chip_sz - stride) / 2; "auto" uses that.'
            )
        if self.blend != 'mean' and self._overlap <= 0:
            raise ConfigError(
                f'blend={self.blend!r} has no effect, because windows of chip_sz={self.chip_sz} with '
                f'stride={self.stride} and crop_sz={self.crop_sz} do not overlap. Use a smaller stride, such as '
                f'{self.chip_sz // 2}, or a smaller crop_sz, or leave out blend.'
            )

    def window_weights(self) -> 'np.ndarray | None':
        """How much the scores of each pixel of a window count.

        Returns:
            Weights of what `crop_sz` leaves of a window, (height, width), float32. None: all count the same.
        """
        if self.blend == 'mean':
            return None
        from rastervision.core.data.label.blending import window_weights

        return window_weights(self._inner_sz, max(self._overlap, 0), self.blend)

    @property
    def _inner_sz(self) -> int:
        return self.chip_sz - 2 * int(self.crop_sz or 0)

    @property
    def _overlap(self) -> int:
        return self._inner_sz - (self.stride or self.chip_sz)


def ss_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Bring a dict of an earlier version to the next one."""
    if version == 0:
        return compat.without(cfg_dict, 'channel_display_groups', 'img_format', 'label_format')
    return cfg_dict


@register_config('semantic_segmentation', upgrader=ss_config_upgrader)
class SemanticSegmentationConfig(RVPipelineConfig):
    """Configure a :class:`.SemanticSegmentation` pipeline."""

    chip_options: SemanticSegmentationChipOptions | None = Field(
        None, description='Which chips the chip command makes.'
    )
    predict_options: SemanticSegmentationPredictOptions | None = Field(
        None, description='In which windows scenes are predicted. None: the defaults of the task.'
    )

    def build(self, tmp_dir: str) -> 'SemanticSegmentation':
        """Make the pipeline."""
        from rastervision.core.rv_pipeline.semantic_segmentation import SemanticSegmentation

        return SemanticSegmentation(self, tmp_dir)

    def update(self) -> None:
        """Make sure there is a null class, for pixels without data; then as every pipeline."""
        self.dataset.class_config.ensure_null_class()
        super().update()

    def validate_config(self) -> None:
        """Check that the target classes of the chip options exist.

        Raises:
            ConfigError: If not.
        """
        super().validate_config()
        ids = (self.chip_options.target_class_ids if self.chip_options else None) or []
        wrong = [i for i in ids if not 0 <= i < len(self.dataset.class_config.names)]
        if wrong:
            last = len(self.dataset.class_config.names) - 1
            raise ConfigError(f'chip_options.target_class_ids: no such classes: {wrong!r}. Class ids are 0 to {last}.')

    def get_default_label_store(self, scene: SceneConfig) -> SemanticSegmentationLabelStoreConfig:
        """A raster of class ids."""
        return SemanticSegmentationLabelStoreConfig()

    def get_default_evaluator(self) -> SemanticSegmentationEvaluatorConfig:
        """Counts of pixels by class."""
        return SemanticSegmentationEvaluatorConfig()

    def _default_predict_options(self) -> SemanticSegmentationPredictOptions:
        return SemanticSegmentationPredictOptions()
