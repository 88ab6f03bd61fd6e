"""What images say about pixels without data."""

import logging
import os
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import rasterio
from rasterio.enums import MaskFlags

from rastervision.core.data.alpha import is_alpha, labelled_alpha
from rastervision.pipeline.errors import NotReadableError

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

log = logging.getLogger(__name__)

MASK_SUFFIX = '.msk'  # of the file with the mask of an image, after the image's name: as GDAL has it
TIFF_NODATA_TAG = 42113
LARGE = ('int64', 'uint64')  # types with values that a float64 does not hold


@dataclass(frozen=True)
class Nodata:
    """What a raster says about pixels without data.

    Attributes:
        values: The NODATA value of each band, in its dtype, or None.
        masked: Whether there is a mask for all bands, or an alpha band.
        alpha: The alpha band, from 1, which the mask does not apply to; None if there is none.
        false_alpha: A band, from 1, that GDAL takes for alpha, but is data; None if there is none.
        hides_alpha: Whether GDAL passes the alpha band over, as it does where there are NODATA values too.
    """

    values: tuple[Any, ...]
    masked: bool
    alpha: int | None = None
    false_alpha: int | None = None
    hides_alpha: bool = False

    @classmethod
    def of(cls, dataset: 'DatasetReader', channels: Sequence[int] = ()) -> 'Nodata':
        """Read it from a dataset.

        Args:
            dataset: The dataset.
            channels: Indices of channels, from 0, that are known to be data, whatever they are labelled.

        Raises:
            NotReadableError: If there is a mask beside it, of another size.
        """
        _check_mask_size(dataset)
        found = zip(_declared_values(dataset), dataset.dtypes, strict=True)
        values = tuple(value_in_dtype(value, dtype) for value, dtype in found)
        alpha = labelled_alpha(dataset)
        if alpha is not None and (alpha - 1 in channels or not is_alpha(dataset, alpha)):
            return cls(values, has_own_mask(dataset), false_alpha=alpha)
        flags = [flag for band in dataset.mask_flag_enums for flag in band]
        by_mask = MaskFlags.per_dataset in flags or MaskFlags.alpha in flags
        return cls(values, by_mask or alpha is not None, alpha, hides_alpha=alpha is not None and not by_mask)

    def is_declared(self, bands: Sequence[int]) -> bool:
        """Whether any pixel of these bands (from 1) could be NODATA."""
        return self.masked or any(self.values[band - 1] is not None for band in bands)


def has_own_mask(dataset: 'DatasetReader') -> bool:
    """Whether there is a mask for all bands that is not made from an alpha band."""
    return any(MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags for flags in dataset.mask_flag_enums)


def _check_mask_size(dataset: 'DatasetReader') -> None:
    """See that a mask in a file beside an image is as large as the image; GDAL reads the corner of a larger one."""
    if not has_own_mask(dataset) or MASK_SUFFIX not in (path.removeprefix(dataset.name) for path in dataset.files):
        return
    with rasterio.open(f'{dataset.name}{MASK_SUFFIX}') as mask:
        size = mask.shape
    if size != dataset.shape:
        raise NotReadableError(
            f'{dataset.name!r:.300}: the mask beside it ({MASK_SUFFIX}) has {size[0]} x {size[1]} pixels, the image '
            f'{dataset.height} x {dataset.width}. Make it anew for this image, or remove it.'
        )


def mask_band(dataset: 'DatasetReader') -> int:
    """A band, from 1, whose mask is that of the dataset, or its alpha band, if there is one."""
    masked = (MaskFlags.per_dataset, MaskFlags.alpha)
    bands = zip(dataset.indexes, dataset.mask_flag_enums, strict=True)
    return next((band for band, flags in bands if any(flag in flags for flag in masked)), 1)


def value_in_dtype(value: float | None, dtype: Any) -> Any:
    """A NODATA value in the dtype of its band; None if no pixel of that dtype can have it.

    The largest integers of 64 bits, which a floating-point number holds as one more, are meant by that.
    """
    if value is None:
        return None
    dtype = numpy_dtype(dtype)
    if dtype.kind == 'b':
        return dtype.type(value) if value in (0, 1) else None
    if dtype.kind in 'iu':
        limits = np.iinfo(dtype)
        if value == float(limits.max):
            return dtype.type(limits.max)
        fits = float(value).is_integer() and limits.min <= value <= limits.max
        return dtype.type(int(value)) if fits else None
    with np.errstate(over='ignore'):
        return dtype.type(value)


def numpy_dtype(name: Any) -> np.dtype:
    """The dtype of the arrays that rasterio makes of a band; numpy has no complex numbers of integers."""
    return np.dtype(np.complex64 if name == 'complex_int16' else name)


def may_have(pixels: np.ndarray, value: Any) -> bool:
    """Whether there may be pixels of a value: told from their extremes, which takes less than comparing each."""
    if pixels.dtype.kind == 'c' or not pixels.size:
        return bool(pixels.size)
    extreme = pixels.max() if value > 0 else pixels.min()  # NaN if any pixel is
    if value != value or extreme != extreme:
        return bool(extreme != extreme)
    return bool(extreme >= value if value > 0 else extreme <= value)


def equals(pixels: np.ndarray, value: Any) -> np.ndarray:
    """Where pixels have a NODATA value."""
    equal: np.ndarray = np.isnan(pixels) if value != value else pixels == value
    return equal


def same_value(a: Any, b: Any) -> bool:
    """Whether two NODATA values, or None, mean the same."""
    return a is b or (a is not None and b is not None and (bool(a == b) or bool(a != a and b != b)))


def _declared_values(dataset: 'DatasetReader') -> tuple[float | None, ...]:
    """NODATA values of all bands; integers of 64 bits as written in the file, which rasterio gives as float64."""
    values = tuple(dataset.nodatavals)
    if dataset.driver == 'GTiff' and dataset.dtypes[0] in LARGE:
        text = _tiff_nodata(dataset.name)
        if text is not None:
            with suppress(ValueError, OverflowError):
                return (_integer(text),) * len(values)
    # The largest ones, which a float64 does not hold, are none to rasterio; GDAL says that there is a value.
    return tuple(
        float(np.iinfo(dtype).max) if value is None and dtype in LARGE and MaskFlags.nodata in flags else value
        for value, dtype, flags in zip(values, dataset.dtypes, dataset.mask_flag_enums, strict=True)
    )


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return int(float(text))  # as rasterio writes large ones


def _tiff_nodata(path: str) -> str | None:
    """The NODATA value of a GeoTIFF on this machine, as written; None if there is none, or it cannot be told."""
    if not os.path.isfile(path):
        return None
    with open(path, 'rb') as file, suppress(struct.error, KeyError, OverflowError, MemoryError):
        return _read_ascii_tag(file, TIFF_NODATA_TAG)
    return None


def _read_ascii_tag(file: BinaryIO, tag: int) -> str | None:
    """A tag of text in the first directory of a TIFF or BigTIFF."""
    head = file.read(16)
    order = {b'II': '<', b'MM': '>'}[head[:2]]
    is_big = struct.unpack(order + 'H', head[2:4])[0] == 43
    counts, entry, number = ('Q', 'HHQ8s', 'Q') if is_big else ('H', 'HHI4s', 'I')
    width = struct.calcsize(order + number)
    file.seek(struct.unpack_from(order + number, head, 8 if is_big else 4)[0])
    for _ in range(struct.unpack(order + counts, file.read(struct.calcsize(order + counts)))[0]):
        code, _, count, value = struct.unpack(order + entry, file.read(struct.calcsize(order + entry)))
        if code == tag:
            if count > width:
                file.seek(struct.unpack(order + number, value)[0])
                value = file.read(min(count, 64))
            return str(value[:count].split(b'\0')[0].decode('ascii', 'replace')).strip()
    return None
