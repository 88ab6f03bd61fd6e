"""Random windows of datasets."""

from collections.abc import Sequence
from typing import ClassVar

from rastervision.core.data.window_sampler import RandomWindowSampler
from rastervision.pipeline.errors import RasterVisionError
from rastervision.pytorch_learner.dataset.errors import SamplingOptionsError, WindowSamplingError


class DatasetWindowSampler(RandomWindowSampler):
    """Draws windows for a dataset, whose errors are those of datasets."""

    options_error: ClassVar[type[RasterVisionError]] = SamplingOptionsError
    window_error: ClassVar[type[RasterVisionError]] = WindowSamplingError


def check_limits(size_lims: Sequence[int] | None, h_lims: Sequence[int] | None, w_lims: Sequence[int] | None) -> None:
    """See that the limits of the size of windows are given in one way.

    Raises:
        SamplingOptionsError: If not.
    """
    both = h_lims is not None and w_lims is not None
    either = h_lims is not None or w_lims is not None
    if (size_lims is None and not both) or (size_lims is not None and either):
        raise SamplingOptionsError(
            f'Give either size_lims, or h_lims and w_lims together; got size_lims={size_lims!r}, h_lims={h_lims!r}, '
            f'w_lims={w_lims!r}.'
        )
