"""Configures which chips are cut from scenes."""

from enum import Enum
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from rastervision.core.defaults import MAX_SAMPLE_ATTEMPTS, MAX_WINDOWS
from rastervision.core.types import NonEmptyStr as NonEmptyStr
from rastervision.core.types import NonNegInt as NonNegInt
from rastervision.core.types import PosInt as PosInt
from rastervision.core.types import Proportion as Proportion
from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import Config, added_field
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError, UnknownSceneError, did_you_mean

if TYPE_CHECKING:
    import numpy as np

    from rastervision.core.data.chip import Chip

__getattr__ = lazy.names(__name__, 'rastervision.core.rv_pipeline.utils:nodata_below_threshold')
lazy.also_give(__name__, 'pydantic: NonNegativeInt PositiveFloat PositiveInt')

Limits = tuple[PosInt, PosInt]


class WindowSamplingMethod(Enum):
    """How windows are chosen in a scene."""

    sliding = 'sliding'
    random = 'random'
    label = 'label'
    image = 'image'


OF_OBJECTS = (WindowSamplingMethod.label, WindowSamplingMethod.image)  # in object detection only


@register_config('window_sampling')
class WindowSamplingConfig(Config):
    """Configure the windows that are cut from a scene."""

    methods: ClassVar[tuple[WindowSamplingMethod, ...]] = (WindowSamplingMethod.sliding, WindowSamplingMethod.random)

    method: WindowSamplingMethod = Field(
        WindowSamplingMethod.sliding,
        description='sliding: a regular grid. random: windows anywhere. Of object detection only: label: a window for '
        'each box; image: one window, the whole scene.',
    )
    size: PosInt | tuple[PosInt, PosInt] = Field(
        description='Size of a chip in pixels, or (height, width). Windows of another size are resized to it.'
    )
    stride: PosInt | tuple[PosInt, PosInt] | None = Field(
        None, description='Sliding: pixels from one window to the next, or (down, across). None: size.'
    )
    padding: NonNegInt | tuple[NonNegInt, NonNegInt] | None = Field(
        None,
        description='Pixels by which windows may reach beyond the scene, or (down, across). None: sliding: what is '
        'needed to cover the scene; random: none, if the scene is as large as the smallest window.',
    )
    pad_direction: Literal['both', 'start', 'end'] = Field(
        'end', description='Sliding: at which end of each axis the padding is added.'
    )
    size_lims: Limits | None = Field(
        None,
        description='Random: smallest size of a square window, and the one after the largest. None, if h_lims and '
        'w_lims are not given either: always size.',
    )
    h_lims: Limits | None = Field(None, description='Random: limits of the height, as size_lims; needs w_lims.')
    w_lims: Limits | None = Field(None, description='Random: limits of the width, as size_lims; needs h_lims.')
    max_windows: NonNegInt = Field(MAX_WINDOWS, description='Random: how many windows per scene.')
    max_sample_attempts: PosInt = Field(
        MAX_SAMPLE_ATTEMPTS, description='Random: how often to try for a window that suits the AOI.'
    )
    efficient_aoi_sampling: bool = Field(
        True, description='Random: draw from the area of the AOI, instead of trying until a window suits it.'
    )
    within_aoi: bool = Field(
        True, description='Windows must lie within the AOI. False: it is enough that they intersect it.'
    )

    limit: PosInt | None = added_field(
        None,
        'Use at most so many windows of a scene, spread evenly over those that there are, whatever the method. None: '
        'all.',
    )

    @model_validator(mode='after')
    def validate_options(self) -> Self:
        """Fill the stride (sliding) or the limits of the size (others) from the size.

        Raises:
            ConfigError: If the limits of the size contradict each other, or the task does not have the method.
        """
        if self.method not in self.methods:
            raise ConfigError(
                f'method {self.method.value!r} is of object detection only, in ObjectDetectionWindowSamplingConfig. '
                f'{type(self).__name__} has: {", ".join(method.value for method in self.methods)}.'
            )
        if self.method is WindowSamplingMethod.sliding:
            self._set(stride=self.size if self.stride is None else self.stride)
        else:
            self._fill_limits()
        return self

    def _fill_limits(self) -> None:
        both = self.h_lims is not None and self.w_lims is not None
        either = self.h_lims is not None or self.w_lims is not None
        if either and (self.size_lims is not None or not both):
            raise ConfigError(
                f'Give either size_lims, or h_lims and w_lims together; got size_lims={self.size_lims!r}, '
                f'h_lims={self.h_lims!r}, w_lims={self.w_lims!r}.'
            )
        if either or self.size_lims is not None:
            self._check_limits()
        elif isinstance(self.size, int):
            self._set(size_lims=(self.size, self.size + 1))
        else:
            height, width = self.size
            self._set(h_lims=(height, height + 1), w_lims=(width, width + 1))

    def _check_limits(self) -> None:
        for name in ('size_lims', 'h_lims', 'w_lims'):
            limits = getattr(self, name)
            if limits is not None and limits[0] >= limits[1]:
                raise ConfigError(f'{name}: the second number is exclusive and must be larger; got {limits!r}.')


@register_config('chip_options')
class ChipOptions(Config):
    """Configure the chips that are made from scenes."""

    sampling: WindowSamplingConfig | dict[str, WindowSamplingConfig] = Field(
        description='How windows are chosen: for all scenes, or by scene id.'
    )
    nodata_threshold: Proportion = Field(
        1.0, description='Chips with at least this fraction of NODATA pixels are left out.'
    )

    def get_chip_sz(self, scene_id: str | None = None) -> int:
        """Size of the chips of a scene, in pixels.

        Args:
            scene_id: Id of the scene; needed if `sampling` is given by scene.

        Raises:
            UnknownSceneError: If there is no sampling for the scene.
        """
        size = self.sampling_of(scene_id).size
        return size  # type: ignore[return-value]  # a pair, where the user gave a pair

    def sampling_of(self, scene_id: str | None = None) -> WindowSamplingConfig:
        """How the windows of a scene are chosen.

        Raises:
            UnknownSceneError: If there is none for the scene.
        """
        if not isinstance(self.sampling, dict):
            return self.sampling
        if scene_id not in self.sampling:
            near = did_you_mean(str(scene_id), self.sampling) or '.'
            raise UnknownSceneError(f'chip_options.sampling has nothing for scene {scene_id!r}{near}')
        return self.sampling[scene_id]

    def keep_chip(self, chip: 'np.ndarray', label: Any, valid: 'np.ndarray | None' = None) -> bool:
        """Whether a chip is worth keeping.

        Args:
            chip: Pixels, (height, width, channels).
            label: Its label; not looked at here.
            valid: Bool array (height, width): which pixels are data. None: those that are not 0 in all channels.
        """
        from rastervision.core.rv_pipeline.utils import nodata_below_threshold

        if valid is not None:
            return bool(1 - valid.mean() < self.nodata_threshold)
        return nodata_below_threshold(chip, self.nodata_threshold)

    def keep_sample(self, chip: 'Chip', label: Any) -> bool:
        """Whether a chip, of which is known what is data, is worth keeping; `keep_chip` decides.

        Args:
            chip: Pixels, and which of them are data. A `keep_chip` of a plugin that has no argument `valid` gets the
                pixels alone.
            label: Its label.
        """
        from rastervision.core.rv_pipeline.utils import pixels_with_data

        if 'valid' not in signature(self.keep_chip).parameters:
            return self.keep_chip(chip.pixels, label)
        return self.keep_chip(chip.pixels, label, valid=pixels_with_data(chip))
