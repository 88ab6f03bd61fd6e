"""Reading windows of rasters through rasterio."""

import os
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.env import ensure_env_with_credentials
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.session import Session as RasterioSession
from rasterio.windows import Window

from rastervision.core.box import Box
from rastervision.core.data.block_cache import bound_block_cache, make_room_for_blocks
from rastervision.core.data.nodata import Nodata as Nodata
from rastervision.core.data.nodata import numpy_dtype
from rastervision.core.data.raster_companions import (
    check_companions,
    check_overviews,
    check_parts,
    check_source,
    streamed_with_companions,
)
from rastervision.core.data.raster_drivers import (
    DESCRIPTION_SUFFIXES,
    check_references,
    described_by,
    drivers_for,
    is_trusted,
    remote_files_of,
)
from rastervision.core.data.raster_names import SCHEMES, RasterName
from rastervision.core.data.web_tiles import is_tile_service
from rastervision.pipeline.errors import NotReadableError, RasterVisionError
from rastervision.pipeline.file_system.file_system import FileSystem

if TYPE_CHECKING:
    from rasterio.io import DatasetReader
    from rasterio.session import Session

CHUNK_BYTES = 1024
MAX_PARTS = 50  # of a file with several rasters, that an error names
# What reading headers and pixels of damaged files raises.
READING_ERRORS = (RasterioError, CPLE_BaseError, OSError, ValueError, MemoryError)
HEADER_ERRORS = (*READING_ERRORS, OverflowError, IndexError, KeyError)
TRIES = 4
SECONDS_BETWEEN_TRIES = 0.5
# The header of a tiled image of some thousand blocks comes with the first request.
# A single image is asked for, so its folder need not be listed; and a dropped connection is tried again.
STREAMING_OPTIONS = {
    'GDAL_DISABLE_READDIR_ON_OPEN': 'EMPTY_DIR',
    'GDAL_INGESTED_BYTES_AT_OPEN': '32768',
    'GDAL_HTTP_MAX_RETRY': '3',
    'GDAL_HTTP_RETRY_DELAY': '1',
}

MAX_BANDS = 8192  # GDAL unpacks a block of all of them for each, if it cannot keep them


def vsi_path(uri: str) -> str:
    """What GDAL calls a URI: `/vsicurl/...` and so on for remote ones, the absolute path for local ones."""
    name = RasterName.of(uri).local()
    return name.before if name.file is None else name.with_file(name.file)


def open_raster(uri: str, *, trust_references: bool = False) -> 'DatasetReader':
    """Open an image: a local path, a URI that GDAL can stream, or the XML of a VRT.

    Only drivers that its name promises are tried, see `drivers_for`.

    Args:
        uri: What the image is called, by the user or by GDAL.
        trust_references: Whether an image that describes others, such as a VRT, may read files outside of its folder
            and make requests.

    Raises:
        NotReadableError: If it is missing or no image, has no bands, or describes what it may not.
    """
    bound_block_cache()
    # GDAL reads this once, with the first remote file: a request then asks for little more than the blocks it is for.
    os.environ.setdefault('CPL_VSIL_CURL_CHUNK_SIZE', str(CHUNK_BYTES))
    # GDAL's shortcut for a PNG that is read whole takes noise for the rows that a damaged one lacks.
    os.environ.setdefault('GDAL_PNG_WHOLE_IMAGE_OPTIM', 'NO')
    name = RasterName.of(uri).local()
    trusted = is_trusted(trust_references)
    sources = [] if trusted else check_references(uri, name)
    path = name.before if name.file is None else name.with_file(name.file)
    with streaming_env(path), raster_errors(uri), warnings.catch_warnings():
        # Images in pixels are as good as others here; `info` says so where it matters.
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        if not trusted:
            check_companions(uri, path)
            for source in sources:
                check_source(uri, source)
        try:
            dataset = _open(path, drivers_for(name))
        except RasterioError as error:
            raise _unopened(uri, name, path, error) from error
        if not trusted:
            with _closing_on_error(dataset):
                check_overviews(uri, dataset)
                check_parts(uri, path, dataset)
        if is_remote(path):
            _ = dataset.mask_flag_enums  # GDAL looks for masks and overviews now, with the settings for streaming
    if dataset.count == 0:
        with dataset:
            raise _without_bands(uri, dataset)
    if dataset.count > MAX_BANDS:
        count = dataset.count
        dataset.close()
        raise NotReadableError(f'{uri!r:.300} has {count} bands, of which {MAX_BANDS} can be read. Is it damaged?')
    make_room_for_blocks(dataset)
    return dataset


@contextmanager
def raster_errors(uri: str, doing: str = 'read') -> Iterator[None]:
    """Let what rasterio and GDAL raise meanwhile, about a file that may be damaged, end as an error that names it.

    Args:
        uri: The image.
        doing: What is done with it, such as 'read'.

    Raises:
        NotReadableError: Instead of an error of theirs, or of numbers in the header that no image has.
    """
    try:
        yield
    except RasterVisionError:
        raise
    except HEADER_ERRORS as error:
        raise NotReadableError(
            f'The image {uri!r:.300} cannot be {doing}: {type(error).__name__}: {error!s:.300}. The file may be '
            'damaged, or its header odd: check it with gdalinfo, or convert it with gdal_translate.'
        ) from error


@ensure_env_with_credentials  # type: ignore[untyped-decorator]
def _open(path: str, drivers: list[str]) -> 'DatasetReader':
    from rasterio.io import DatasetReader

    return DatasetReader(path, driver=drivers)


def _unopened(uri: str, name: RasterName, path: str, error: Exception) -> NotReadableError:
    """Why an image cannot be opened, and what to do."""
    hint = f'Check that it exists and is an image that GDAL reads (gdalinfo {path:.300}).'
    if is_tile_service(uri):
        hint = 'These are tiles; make an image of a part of them first: rastervision cogify --help.'
    kind = described_by(name.file) if name.file is not None and name.suffix not in DESCRIPTION_SUFFIXES else None
    if kind is not None:
        hint = (
            f'It is a text ({kind:.40}), not an image of the kind that its name promises. If it is a VRT, '
            'give it a name that ends so.'
        )
    return NotReadableError(f'The image {uri!r:.300} cannot be opened: {error!s:.300}. {hint}')


def _without_bands(uri: str, dataset: 'DatasetReader') -> NotReadableError:
    """Says which rasters there are in a file that is none itself."""
    parts = list(dataset.subdatasets)
    if not parts:
        return NotReadableError(f'{uri!r:.300} has no bands of pixels in it. Is it a file of vectors or tables?')
    named = ', '.join(repr(part) for part in parts[:MAX_PARTS]) + (', ...' if len(parts) > MAX_PARTS else '')
    return NotReadableError(f'{uri!r:.300} holds {len(parts)} rasters. Name one of them: {named}.')


def streaming_env(path: str) -> Any:
    """The settings to read this path with: those for streaming, and of its file systems, if it is remote; else none."""
    if not is_remote(path):
        return nullcontext()
    options = dict(STREAMING_OPTIONS)
    if streamed_with_companions(path):
        options['GDAL_DISABLE_READDIR_ON_OPEN'] = 'TRUE'  # no folder is listed, but they are looked for
    for prefix, vsi in SCHEMES.items():
        if vsi in path:
            options |= _options_of(prefix)
    return rasterio.Env(session=_Options(options))


@contextmanager
def _closing_on_error(dataset: 'DatasetReader') -> Iterator[None]:
    try:
        yield
    except BaseException:
        dataset.close()
        raise


def is_remote(path: str) -> bool:
    """Whether what GDAL calls an image, or a part of it if it is the XML of a VRT, is not on this machine."""
    return '/vsi' in path and not path.startswith('/vsimem')


class _Options(RasterioSession):  # type: ignore[misc]
    """Settings for `rasterio.Env`, which takes keys of a cloud provider only from a session."""

    def __init__(self, options: dict[str, str]) -> None:
        self.credentials = options

    def get_credential_options(self) -> dict[str, str]:
        return self.credentials


def _options_of(scheme: str) -> dict[str, str]:
    """What the file system of URIs that begin so tells GDAL; nothing if no plugin for it is installed."""
    try:
        return FileSystem.get_file_system(scheme).streaming_options()
    except NotReadableError:
        return {}


def common_dtype(dataset: 'DatasetReader', bands: Sequence[int]) -> np.dtype:
    """The dtype of bands, counted from 1; of different ones, the least that holds the values of all."""
    dtypes = dataset.dtypes  # which rasterio makes anew each time
    names = {dtypes[band - 1] for band in bands}
    return np.result_type(*map(numpy_dtype, names)) if names else np.dtype(np.uint8)


def read_colors(dataset: 'DatasetReader') -> np.ndarray:
    """The colour table of the first band: (indices, 3), uint8; red, green and blue of each index.

    Black for indices that have no entry.
    """
    dtype = np.dtype(dataset.dtypes[0])
    colors = np.zeros((np.iinfo(dtype).max + 1, 3), dtype=np.uint8)
    for index, color in dataset.colormap(1).items():
        colors[index] = color[:3]
    return colors


def transparent_colors(dataset: 'DatasetReader') -> list[int]:
    """Indices of the colour table of the first band that are transparent."""
    return [index for index, color in dataset.colormap(1).items() if color[3] == 0]


def read_window_again(dataset: 'DatasetReader', part: Box, bands: Sequence[int], **options: Any) -> np.ndarray:
    """Read a window that lies in the image; of a remote one, `TRIES` times if the connection is bad.

    Args:
        dataset: An open dataset.
        part: The window.
        bands: Bands, counted from 1.
        options: Further arguments of rasterio's `read`.

    Returns:
        Array (bands, height, width), in `common_dtype`.

    Raises:
        NotReadableError: If it cannot be read.
    """
    dtypes = dataset.dtypes
    if len({dtypes[band - 1] for band in bands}) > 1:  # rasterio reads bands of one dtype at a time
        each = [read_window_again(dataset, part, [band], **options) for band in bands]
        return np.concatenate(each, dtype=common_dtype(dataset, bands))
    tries = TRIES if is_remote(dataset.name) else 1
    for attempt in range(tries):
        try:
            with streaming_env(dataset.name):
                pixels: np.ndarray = dataset.read(list(bands), window=Window(*part.to_xywh()), **options)
            return pixels
        except READING_ERRORS as error:
            if attempt + 1 == tries:
                raise unreadable(dataset, part, error) from error
            time.sleep(SECONDS_BETWEEN_TRIES * 2**attempt)
            _forget_failure(dataset.name)
    raise AssertionError('unreachable')


def _forget_failure(path: str) -> None:
    """Let GDAL forget what it keeps of remote files: after a connection broke, it takes them for missing."""
    for file in set(remote_files_of(path)) or [path]:
        # GDAL forgets a file that it must not keep when it closes it, also if it could not open it.
        with streaming_env(file), rasterio.Env(CPL_VSIL_CURL_NON_CACHED=file), suppress(rasterio.errors.RasterioError):
            rasterio.open(file).close()


def unreadable(dataset: 'DatasetReader', part: Box, error: Exception) -> NotReadableError:
    """The error of a window that cannot be read."""
    cause = f'{error}' if error.__cause__ is None else f'{error} ({error.__cause__})'
    return NotReadableError(
        f'{dataset.name!r:.300}: {part!r} cannot be read: {cause}. The file may be damaged or cut short: '
        'get it again, and check it with gdalinfo -checksum.'
    )


# ------------------------------------------------------------------ older functions
def is_masked(dataset: 'DatasetReader') -> bool:
    """Whether any band has pixels that count as NODATA, by a value, a mask or an alpha band."""
    return any(flag != MaskFlags.all_valid for flags in dataset.mask_flag_enums for flag in flags)


def get_channel_order_from_dataset(dataset: 'DatasetReader') -> list[int]:
    """Indices, from 0, of all bands but alpha."""
    return [i for i, meaning in enumerate(dataset.colorinterp) if meaning != ColorInterp.alpha]


def get_aws_session() -> 'Session':
    """Credentials for S3 as boto3 finds them, for `rasterio.Env`; boto3 must be installed.

    Whoever asks pays if AWS_REQUEST_PAYER is `requester`, or AWS_S3_REQUESTER_PAYS is true.
    """
    from rasterio.session import AWSSession

    pays = os.environ.get('AWS_REQUEST_PAYER', '').lower() == 'requester'
    pays = pays or os.environ.get('AWS_S3_REQUESTER_PAYS', '').lower() in ('1', 'true', 'yes', 'on')
    return AWSSession(requester_pays=pays)
