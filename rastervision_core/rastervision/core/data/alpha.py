"""Telling alpha bands from bands that are only labelled so, as near infrared is by many writers."""

import re
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError
from rasterio.windows import Window

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

SIDE = 64  # of the places that are looked at
PLACES = 3  # along each axis
MIN_OPAQUE = 0.5  # of what is not transparent
NAMES_OF_DATA = re.compile(r'\bn?ir\b|\bnir\d*\b|infra.?red|\bswir|\bthermal|\bred.?edge', re.IGNORECASE)
NAMES_OF_ALPHA = re.compile(r'alpha|opacity|transparen|mask', re.IGNORECASE)


def labelled_alpha(dataset: 'DatasetReader') -> int | None:
    """The band, from 1, that is labelled alpha, if there is one."""
    colours = list(dataset.colorinterp)
    return colours.index(ColorInterp.alpha) + 1 if ColorInterp.alpha in colours else None


def is_alpha(dataset: 'DatasetReader', band: int) -> bool:
    """Whether a band that is labelled alpha is one.

    Told by its description, or else by what it holds: an alpha band is mostly opaque where it is not transparent. Costs
    the reading of a few small places.

    Args:
        dataset: The image.
        band: The band, from 1.
    """
    name = dataset.descriptions[band - 1] or ''
    if NAMES_OF_ALPHA.search(name):
        return True
    if NAMES_OF_DATA.search(name):
        return False
    try:
        values = _sample(dataset, band)
    except (RasterioError, OSError):  # told when it is read for good
        return True
    values = values[values != 0]
    opaque = [1.0, 255.0] if values.dtype.kind == 'f' else [np.iinfo(values.dtype).max]
    if values.dtype.itemsize > 1 and values.dtype.kind != 'f':
        opaque += [1, 255]
    return not values.size or max(_share(values, level) for level in opaque) >= MIN_OPAQUE


def _share(values: np.ndarray, level: float) -> float:
    """Which part of values is about as high as a level; lossy compression leaves them not quite equal."""
    return float((np.abs(values.astype(np.float64) - level) <= 0.02 * level).mean())


def _sample(dataset: 'DatasetReader', band: int) -> np.ndarray:
    """Values of a band all over the image, (n,)."""
    if dataset.overviews(band):
        values: np.ndarray = dataset.read(band, out_shape=(SIDE * PLACES, SIDE * PLACES))
        return values.ravel()
    rows, columns = (
        sorted({round(max(size - SIDE, 0) * step / (PLACES - 1)) for step in range(PLACES)}) for size in dataset.shape
    )
    extent = Window(0, 0, dataset.width, dataset.height)
    windows = [Window(x, y, SIDE, SIDE).intersection(extent) for y, x in product(rows, columns)]
    return np.concatenate([dataset.read(band, window=window).ravel() for window in windows])
