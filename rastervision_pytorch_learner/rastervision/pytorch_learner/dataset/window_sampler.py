"""Random windows of datasets."""

from typing import ClassVar

from rastervision.core.data.window_sampler import RandomWindowSampler
from rastervision.pipeline.errors import RasterVisionError
from rastervision.pytorch_learner.dataset.errors import SamplingOptionsError, WindowSamplingError


class DatasetWindowSampler(RandomWindowSampler):
    """Draws windows for a dataset, whose errors are those of datasets."""

    options_error: ClassVar[type[RasterVisionError]] = SamplingOptionsError
    window_error: ClassVar[type[RasterVisionError]] = WindowSamplingError
