"""Reading windows of images, and which of their values are data."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.windows import Window

from rastervision.core.box import Box
from rastervision.core.data.chips import read_padded, resize
from rastervision.core.data.nodata import Nodata, equals, mask_band, may_have, same_value
from rastervision.core.data.rasterio_io import (
    READING_ERRORS,
    common_dtype,
    read_window_again,
    streaming_env,
    unreadable,
)

if TYPE_CHECKING:
    from rasterio.io import DatasetReader
    from rasterio.session import Session


def read_pixels(
    dataset: 'DatasetReader',
    window: Box,
    bands: Sequence[int],
    *,
    nodata: Nodata,
    inside: Box | None = None,
    out_shape: tuple[int, int] | None = None,
) -> np.ndarray:
    """Read a window; what has no data is 0.

    Costs what rasterio's `read` costs for the part of the window that is in the image, and one pass over the pixels
    if there is a NODATA value.

    Args:
        dataset: An open dataset.
        window: Window in pixels of the image. It may reach over its edges.
        bands: Bands, counted from 1.
        nodata: What counts as NODATA.
        inside: The part of the image to read; what is outside is 0. None: all.
        out_shape: Height and width to resample to, bilinearly. None: those of the window.

    Returns:
        Array (height, width, bands) in the dtype of the bands; if they differ, in one that holds the values of all. Its
        memory is channels first.

    Raises:
        NotReadableError: If the file is damaged.
    """
    options: dict[str, Any] = {'nodata': nodata, 'inside': inside, 'out_shape': out_shape}
    return read_values(dataset, window, bands, find_data=False, **options)[0]


def read_values(
    dataset: 'DatasetReader',
    window: Box,
    bands: Sequence[int],
    *,
    nodata: Nodata,
    inside: Box | None = None,
    out_shape: tuple[int, int] | None = None,
    find_data: bool = True,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Read a window and which of its values are data; see `read_pixels`.

    Args:
        dataset: See `read_pixels`; so are the others.
        window: The window.
        bands: Bands, counted from 1.
        nodata: What counts as NODATA.
        inside: The part of the image to read.
        out_shape: Height and width to resample to.
        find_data: Whether it is asked for which are data. Reading the pixels alone costs less.

    Returns:
        Pixels (height, width, bands), and a bool array of that shape that is true where they are data: inside, not
        NODATA, not masked; None if all are, or it is not asked for. Of a window that is resampled, that of the
        nearest pixel.
    """
    found: list[np.ndarray | None] = []

    def read(part: Box, shape: tuple[int, int] | None) -> np.ndarray:
        pixels, data = _read_part(dataset, part, bands, nodata, shape, find_data=find_data)
        found.append(data)
        return pixels

    dtype = common_dtype(dataset, bands)
    limits, lead = _limits(dataset, inside), (len(bands),)
    pixels = read_padded(read, window, limits, out_shape=out_shape, lead=lead, dtype=dtype).transpose(1, 2, 0)
    if not find_data or (window in limits and all(data is None for data in found)):
        return pixels, None

    def read_data(part: Box, shape: tuple[int, int] | None) -> np.ndarray:
        data = found[0]
        return np.ones((*lead, *(part.size if shape is None else shape)), dtype=bool) if data is None else data

    mask = read_padded(read_data, window, limits, out_shape=out_shape, lead=lead, dtype=np.dtype(bool))
    return pixels, None if mask.all() else mask.transpose(1, 2, 0)


def read_nodata_mask(
    dataset: 'DatasetReader', window: Box, bands: Sequence[int], *, nodata: Nodata, inside: Box | None = None
) -> np.ndarray:
    """Where a window has no data in any of the bands; see `read_pixels` for the arguments.

    Pixels read just before come from GDAL's cache of blocks, so a chip and its mask cost little more than the chip.

    Returns:
        Bool array (height, width).
    """
    data = read_values(dataset, window, bands, nodata=nodata, inside=inside)[1]
    return np.zeros(window.size, dtype=bool) if data is None else ~np.asarray(data.any(axis=-1))


def _limits(dataset: 'DatasetReader', inside: Box | None) -> Box:
    image = Box(0, 0, dataset.height, dataset.width)
    return image if inside is None else image.intersection(inside)


def _read_part(
    dataset: 'DatasetReader',
    part: Box,
    bands: Sequence[int],
    nodata: Nodata,
    shape: tuple[int, int] | None,
    *,
    find_data: bool,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Pixels (bands, height, width) of a window in the image, NODATA set to 0, and which are data; None: all."""
    if shape is not None:
        return _resample(dataset, part, bands, nodata, shape, find_data=find_data)
    pixels = _read_raw(dataset, part, bands, None)
    data = _data_of(dataset, part, bands, nodata, pixels, find_data=find_data)
    return pixels, data


def _data_of(
    dataset: 'DatasetReader', part: Box, bands: Sequence[int], nodata: Nodata, pixels: np.ndarray, *, find_data: bool
) -> np.ndarray | None:
    """Which of these pixels are data, and set others to 0; None: all, or `find_data` is false."""
    data: np.ndarray | None = None
    values = [nodata.values[band - 1] for band in bands]
    same = all(same_value(value, values[0]) for value in values)
    for index, value in [(slice(None), values[0])] if same and values else enumerate(values):
        if value is None or (value == 0 and not find_data) or not may_have(pixels[index], value):
            continue
        missing = equals(pixels[index], value)
        np.putmask(pixels[index], missing, 0)
        if find_data and missing.any():
            data = np.ones(pixels.shape, dtype=bool) if data is None else data
            data[index] = ~missing
    if nodata.masked:
        mask = _read_mask(dataset, part, nodata, None if pixels.shape[1:] == part.size else pixels.shape[1:])
        if mask.any():
            data = np.ones(pixels.shape, dtype=bool) if find_data and data is None else data
            for i, band in enumerate(bands):
                if band != nodata.alpha:
                    np.putmask(pixels[i], mask, 0)
                    if data is not None:
                        data[i] &= ~mask
    return data


def _resample(
    dataset: 'DatasetReader',
    part: Box,
    bands: Sequence[int],
    nodata: Nodata,
    shape: tuple[int, int],
    *,
    find_data: bool,
) -> tuple[np.ndarray, np.ndarray | None]:
    """See `_read_part`; resampled bilinearly among pixels that are data. GDAL does so where it knows which are."""
    if nodata.false_alpha is not None or nodata.hides_alpha:
        return _resample_data(dataset, part, bands, nodata, shape)
    pixels = _read_raw(dataset, part, bands, shape)
    if pixels.dtype.kind in 'fc' and not np.isfinite(pixels).all():
        return _resample_data(dataset, part, bands, nodata, shape)
    _data_of(dataset, part, bands, nodata, pixels, find_data=False)
    if not find_data or not nodata.is_declared(bands):
        return pixels, None
    nearest = _read_nearest(dataset, part, bands, shape)
    data = _data_of(dataset, part, bands, nodata, nearest, find_data=True)
    if data is not None:
        pixels[~data] = 0
    return pixels, data


def _resample_data(
    dataset: 'DatasetReader', part: Box, bands: Sequence[int], nodata: Nodata, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray | None]:
    """See `_resample`, without GDAL's help: it takes NaN and infinite values for numbers, and data for alpha.

    What is not finite stays where it is and does not spread.
    """
    fine = tuple(min(n, 2 * m) for n, m in zip(part.size, shape, strict=True))
    values = _read_nearest(dataset, part, bands, fine)
    declared = _data_of(dataset, part, bands, nodata, values, find_data=True)
    finite = np.isfinite(values) if values.dtype.kind in 'fc' else np.ones(values.shape, dtype=bool)
    is_data = finite if declared is None else finite & declared

    def nearest(array: np.ndarray) -> np.ndarray:
        return resize(array.transpose(1, 2, 0), shape, nearest=True).transpose(2, 0, 1)

    hwc = values.transpose(1, 2, 0)
    smooth = resize(hwc, shape, data=is_data.transpose(1, 2, 0)).transpose(2, 0, 1)
    return np.where(nearest(is_data), smooth, nearest(values)), None if declared is None else nearest(declared)


def _read_nearest(dataset: 'DatasetReader', part: Box, bands: Sequence[int], shape: tuple[int, ...]) -> np.ndarray:
    return read_window_again(dataset, part, bands, out_shape=shape, resampling=Resampling.nearest)


def _read_raw(dataset: 'DatasetReader', part: Box, bands: Sequence[int], shape: tuple[int, int] | None) -> np.ndarray:
    options: dict[str, Any] = {} if shape is None else {'out_shape': shape, 'resampling': Resampling.bilinear}
    return read_window_again(dataset, part, bands, **options)


def _read_mask(dataset: 'DatasetReader', part: Box, nodata: Nodata, shape: tuple[int, int] | None) -> np.ndarray:
    """Where the dataset's mask or alpha band is 0: bool (height, width)."""
    if nodata.hides_alpha and nodata.alpha is not None:
        alpha = _read_nearest(dataset, part, [nodata.alpha], part.size if shape is None else shape)
        hidden: np.ndarray = alpha[0] == 0
        return hidden
    options = {} if shape is None else {'out_shape': shape}
    try:
        with streaming_env(dataset.name):
            mask: np.ndarray = dataset.read_masks(mask_band(dataset), window=Window(*part.to_xywh()), **options)
    except READING_ERRORS as error:
        raise unreadable(dataset, part, error) from error
    is_zero: np.ndarray = mask == 0
    return is_zero


def read_window(
    dataset: 'DatasetReader',
    bands: int | Sequence[int] | None = None,
    window: tuple[tuple[int, int], tuple[int, int]] | None = None,
    is_masked: bool = False,
    out_shape: tuple[int, ...] | None = None,
    session: 'Session | None' = None,
) -> np.ndarray:
    """Read a window of an open dataset.

    Args:
        dataset: The dataset.
        bands: Bands, counted from 1. None: all.
        window: ((ymin, ymax), (xmin, xmax)) in pixels; it may reach over the edges. None: all.
        is_masked: Whether to set what a mask or an alpha band marks as NODATA to 0. A NODATA value always is.
        out_shape: Height and width to resample to, bilinearly.
        session: Credentials of a cloud provider to read with.

    Returns:
        Array (height, width, bands); without the last axis if `bands` is a number.
    """
    indexes = [bands] if isinstance(bands, int) else list(bands or dataset.indexes)
    (ymin, ymax), (xmin, xmax) = window or ((0, dataset.height), (0, dataset.width))
    nodata = Nodata.of(dataset)
    nodata = replace(nodata, masked=nodata.masked and is_masked)
    with rasterio.Env(session=session) if session is not None else nullcontext():
        pixels = read_pixels(
            dataset,
            Box(ymin, xmin, ymax, xmax),
            indexes,
            nodata=nodata,
            out_shape=None if out_shape is None else (out_shape[0], out_shape[1]),
        )
    return pixels[..., 0] if isinstance(bands, int) else pixels
