"""Errors of datasets."""

from rastervision.pipeline.errors import DataError


class DatasetError(DataError):
    """A dataset cannot be made, or cannot give a sample."""


class ImageDatasetError(DatasetError):
    """Image files of a dataset are not what they should be."""


class MissingImageDataError(ImageDatasetError, FileNotFoundError):
    """There is no data where a dataset should be."""


class GeoDatasetError(DatasetError):
    """Windows cannot be taken from a scene."""


class SamplingOptionsError(GeoDatasetError):
    """The options of window sampling contradict each other or the scene."""


class WindowSamplingError(GeoDatasetError, StopIteration):
    """No random window that fits was found.

    Raised by `sample_window` only: a `StopIteration` that left a dataset would look like its end.
    """


class SampleIndexError(DatasetError, IndexError):
    """A dataset has no sample of that index."""


class LabelError(DatasetError):
    """Labels are not what they should be."""


class TransformError(DatasetError):
    """A transform cannot be applied to an image."""


class ImageAxesError(TransformError, NotImplementedError):
    """An image has other axes than height, width and channels, and time before them."""
