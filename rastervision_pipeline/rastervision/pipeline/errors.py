"""The errors of Raster Vision.

A message says what is wrong (the value, with `!r`), where (config path, URI, scene id, window) and what to try
(valid values, the nearest name, a command).

    RasterVisionError
    ├── ConfigError (ValueError)      a config, or a value in it, is not valid
    ├── RegistryError                 a name is not registered, or twice
    ├── PluginError                   a plugin cannot be loaded
    ├── NotReadableError              a URI cannot be read
    │   ├── MissingFileError (FileNotFoundError)  there is no such file
    │   ├── AccessDeniedError         one may not read it
    │   └── WebPageError              a web page came instead of it
    ├── NotWritableError              a URI cannot be written
    ├── ChannelOrderError             a channel is asked for that an image does not have
    ├── BundleError                   a model bundle is not one, or does not fit
    ├── DataError                     imagery or labels are not what they should be
    │   ├── LabelError (ValueError)   a label has no class, or the wrong type of geometry
    │   ├── NotMappableError          coordinates that a CRS cannot hold
    │   └── NoStatsError (ValueError) there are no pixels to compute statistics of
    ├── UnknownClassIdError (IndexError)  there is no class of this id
    ├── RunError                      a job of a pipeline failed
    ├── ArgumentError (ValueError)    a function is given a value that it cannot work with
    │   └── BoxSizeError              a box is too large or too small for what is asked of it
    ├── ArgumentTypeError (TypeError)
    └── UnsupportedSliceError (NotImplementedError)
"""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rastervision.pipeline.masking import mask


class RasterVisionError(Exception):
    """Base of all errors that Raster Vision raises on purpose. Shows no passwords, signatures and tokens."""

    def __str__(self) -> str:
        return mask(super().__str__())

    def __repr__(self) -> str:
        return mask(super().__repr__())


class ConfigError(RasterVisionError, ValueError):
    """A config, or a value in one, is not valid."""


class ConfigImportError(ConfigError, ImportError):
    """A module that should describe a config cannot be found, or has no function that does."""


class ConfigTypeError(ConfigError, TypeError):
    """What should be a config is something else."""


class RegistryError(RasterVisionError):
    """A name is not registered, or is registered twice."""


class PluginError(RasterVisionError):
    """A plugin cannot be loaded."""


class MissingDependencyError(RasterVisionError, ImportError):
    """A package that is needed only for some things is not installed."""


class NotReadableError(RasterVisionError):
    """A URI cannot be read."""


class MissingFileError(NotReadableError, FileNotFoundError):
    """A file that is read is not there."""


class AccessDeniedError(NotReadableError):
    """A URI may not be read by this user."""


class WebPageError(NotReadableError):
    """A server gives a web page, such as one to sign in, instead of a file."""


class NotWritableError(RasterVisionError):
    """A URI cannot be written."""


class BundleError(RasterVisionError):
    """A model bundle is damaged, or does not fit what is asked of it."""


class DataError(RasterVisionError):
    """Imagery or labels are not what they should be."""


class LabelError(DataError, ValueError):
    """A label is not what its use needs: it has no class, or the wrong type of geometry."""


class NotMappableError(DataError):
    """Coordinates are outside the area that a CRS is made for."""


class NoStatsError(DataError, ValueError):
    """There are no pixels to compute statistics of, or no statistics."""


class RunError(RasterVisionError):
    """A job of a pipeline failed."""


class UnknownClassIdError(RasterVisionError, IndexError):
    """A class id is asked for that there is no class of."""


class ArgumentError(RasterVisionError, ValueError):
    """A function is given a value that it cannot work with."""


class ArgumentTypeError(RasterVisionError, TypeError):
    """A function is given a value of a type that it does not take."""


class BoxSizeError(ArgumentError):
    """A box is too large or too small for what is asked of it."""


class UnsupportedSliceError(RasterVisionError, NotImplementedError):
    """A raster is indexed in a way that is not supported, such as with negative numbers."""


class ChannelOrderError(RasterVisionError):
    """A channel is asked for that the image does not have.

    Args:
        channel_order: The channels asked for.
        num_channels_raw: How many channels the image has.
    """

    def __init__(self, channel_order: list[int], num_channels_raw: int) -> None:
        self.channel_order = channel_order
        self.num_channels_raw = num_channels_raw
        super().__init__(
            f'channel_order {channel_order!r} asks for channel {max(channel_order)}, but the image has '
            f'{num_channels_raw} channels. Use indices from 0 to {num_channels_raw - 1}.'
        )

    def __reduce__(self) -> tuple[type['ChannelOrderError'], tuple[list[int], int]]:
        return type(self), (self.channel_order, self.num_channels_raw)  # so that it comes back from a worker


# What code that expects other data than it is given raises, when the data come from a file.
WRONG_DATA = (AttributeError, TypeError, ValueError, LookupError, ArithmeticError, RecursionError, AssertionError)


@contextmanager
def about(
    where: str,
    wrong: type[RasterVisionError] | None = None,
    foreign: tuple[type[Exception], ...] = WRONG_DATA,
    *,
    others: Iterable[str] = (),
) -> Iterator[None]:
    """Let the errors of a block say which file they are about.

    Args:
        where: The file. It is put in front of messages that do not name it.
        wrong: What other exceptions become: those that code raises which was given other data than it expects. None:
            they stay as they are.
        foreign: Which those are.
        others: Other files that messages may name instead.

    Raises:
        RasterVisionError: That of the block, or one of class `wrong`.
    """
    try:
        yield
    except RasterVisionError as error:
        if not any(mask(each) in str(error) for each in (where, *others)):
            error.args = (f'{where}: {error}',)
        raise
    except foreign as error:
        if wrong is None:
            raise
        text = str(error) or 'no more is known'
        raise wrong(f'{where}: holds other data than it should ({type(error).__name__}: {text:.300}).') from error


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """A closing question with the nearest valid name, or nothing.

    Args:
        name: What was given.
        valid: The names that would be right.

    Returns:
        `". Did you mean 'x'?"`, or an empty string if nothing is near.
    """
    near = difflib.get_close_matches(str(name), list(valid), n=1, cutoff=0.6)
    return f'. Did you mean {near[0]!r}?' if near else ''
