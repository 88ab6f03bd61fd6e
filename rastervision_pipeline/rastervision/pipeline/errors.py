"""The errors of Raster Vision.

A message says what is wrong (the value, with `!r`), where (config path, URI, scene id, window) and what to try
(valid values, the nearest name, a command).

Each is also what Python itself, and code written for Raster Vision 0.31, calls such an error: an OSError where a file
cannot be read or written (FileNotFoundError where it is missing), a ValueError where a value is wrong. The reference
lists all of them.
"""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from json import JSONDecodeError

from rastervision.pipeline.masking import mask


class RasterVisionError(Exception):
    """Base of all errors that Raster Vision raises on purpose. Shows no passwords, signatures and tokens."""

    def __str__(self) -> str:
        return mask(super().__str__())

    def __repr__(self) -> str:
        return mask(super().__repr__())


class ConfigError(RasterVisionError, ValueError):
    """A config, or a value in one, is not valid.

    The message has the path of the field, as `dataset.train_scenes[0].raster_source`; `rastervision explain`
    shows the whole config.
    """


class ConfigImportError(ConfigError, ImportError):
    """A module that should describe a config cannot be found, or has no function that does.

    Check the path; a module must be importable, from the working directory too.
    """


class ConfigTypeError(ConfigError, TypeError):
    """What should be a config is something else.

    `get_config` must return a pipeline config, `get_configs` a list of them.
    """


class RegistryError(RasterVisionError):
    """A name is not registered, or is registered twice.

    Is the plugin installed in this environment? a warning at the start says if one failed to load.
    """


class PluginError(RasterVisionError):
    """A plugin cannot be loaded.

    See its cause with `-v`.
    """


class MissingDependencyError(RasterVisionError, ImportError):
    """A package that is needed only for some things is not installed.

    Install what the message names, such as `rastervision_core[stac]`.
    """


class NotReadableError(RasterVisionError, OSError):
    """A URI cannot be read.

    Check address, credentials, network.
    """


class MissingFileError(NotReadableError, FileNotFoundError):
    """A file that is read is not there.

    Check the path; if an earlier command makes it, run that first.
    """


class AccessDeniedError(NotReadableError):
    """A URI may not be read by this user.

    Check who you are: user and password, the profile of AWS.
    """


class WebPageError(NotReadableError):
    """A server gives a web page, such as one to sign in, instead of a file.

    Open the address in a browser; use one that gives the file itself.
    """


class MalformedJsonError(NotReadableError, JSONDecodeError):
    """A file that should be JSON is none, or none within the limits.

    The message says where in the file.

    Attributes:
        msg: What is wrong, without where.
        doc: The text, as far as it was read.
        pos: Where in it, counted from 0; so are `lineno` and `colno`, from 1.
    """

    def __init__(self, message: str, cause: JSONDecodeError | None = None) -> None:
        Exception.__init__(self, message)
        self.msg, self.doc, self.pos = (message, '', 0) if cause is None else (cause.msg, cause.doc, cause.pos)
        self.lineno, self.colno = (1, 1) if cause is None else (cause.lineno, cause.colno)

    def __reduce__(self) -> tuple[type['MalformedJsonError'], tuple[str], dict[str, object]]:
        return type(self), (self.args[0],), dict(vars(self))  # so that it comes back from a worker


class NotWritableError(RasterVisionError, OSError):
    """A URI cannot be written.

    Check rights and free space; `http` is for reading only.
    """


class MissingFolderError(NotWritableError, FileNotFoundError):
    """The folder of a file that is written is not there and cannot be made.

    Make the folder, or check the path.
    """


class FolderNotEmptyError(NotWritableError, ValueError):
    """A folder that should be empty is not.

    Empty it, or choose another one.
    """


class BundleError(RasterVisionError):
    """A model bundle is damaged, or does not fit what is asked of it.

    `rastervision info` says what it is.
    """


class MissingConfigError(BundleError, MissingFileError):
    """A model bundle has no config.

    `rastervision info` says what the file is.
    """


class DataError(RasterVisionError, ValueError):
    """Imagery or labels are not what they should be.

    The message names the file, and mostly the scene and window; `rastervision info` shows what is in a file.
    """


class UnknownArchiveError(NotReadableError, DataError):
    """A file does not end like an archive that can be unpacked.

    Give a zip or tar file.
    """


class LabelError(DataError):
    """A label is not what its use needs: it has no class, or the wrong type of geometry.

    Class inference, buffers for points and lines.
    """


class NotMappableError(DataError):
    """Coordinates are outside the area that a CRS is made for.

    Is the CRS of the file the right one? are its axes swapped?
    """


class NoStatsError(DataError):
    """There are no pixels to compute statistics of, or no statistics.

    Is the image all NODATA? is the AOI elsewhere?
    """


class RunError(RasterVisionError):
    """A job of a pipeline failed.

    The cause is printed; the log of the job is named.
    """


class UnknownClassIdError(RasterVisionError, IndexError):
    """A class id is asked for that there is no class of.

    Labels and `ClassConfig` do not fit; ids count from 0.
    """


class ArgumentError(RasterVisionError, ValueError):
    """A function is given a value that it cannot work with.

    See its reference.
    """


class ArgumentTypeError(RasterVisionError, TypeError):
    """A function is given a value of a type that it does not take.

    See its reference.
    """


class TooManyIndicesError(ArgumentError, IndexError):
    """An array or a raster is indexed by more than it has axes.

    Write [ymin:ymax, xmin:xmax], or one part for each axis of `shape`.
    """


class BoxSizeError(ArgumentError):
    """A box is too large or too small for what is asked of it.

    Windows must fit into the extent that they are drawn from.
    """


class UnsupportedQueryError(ArgumentTypeError, NotImplementedError):
    """It is asked of something whether it is in a box that cannot be.

    Ask for a Box, or a point (x, y).
    """


class UnknownSceneError(ConfigError, KeyError):
    """A config says nothing of a scene.

    Name all scenes, or none: settings that are given by scene id need one for each.
    """

    def __str__(self) -> str:
        return mask(Exception.__str__(self))  # a KeyError would show it in quotes


class SourceIndexError(ConfigError, IndexError):
    """There is no raster source of this index.

    Count from 0.
    """


class UnsupportedSourceError(ConfigError, NotImplementedError):
    """A raster source is asked to be made of what it cannot be made of.

    The message says which source can.
    """


class UnsupportedSliceError(RasterVisionError, NotImplementedError):
    """A raster is indexed in a way that is not supported, such as with negative numbers.

    Rows, columns and channels from 0, no negative numbers.
    """


class ChannelOrderError(RasterVisionError):
    """A channel is asked for that the image does not have.

    Channels count from 0.

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
