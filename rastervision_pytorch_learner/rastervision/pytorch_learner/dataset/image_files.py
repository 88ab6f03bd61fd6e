"""Reading image files."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from rastervision.core.data.nodata import MASK_SUFFIX
from rastervision.pipeline.errors import RasterVisionError
from rastervision.pytorch_learner.dataset.errors import ImageDatasetError, LabelError
from rastervision.pytorch_learner.dataset.labels import as_class_ids, ignore_pixels

IMG_EXTENSIONS = ('.jpg', '.jpeg', '.png', '.ppm', '.bmp', '.pgm', '.tif', '.tiff', '.webp', '.npy')

_NUMBERS = re.compile(r'(\d+)')


def discover_images(dir: os.PathLike[str] | str, extensions: Iterable[str] = IMG_EXTENSIONS) -> list[Path]:
    """Image files in a folder.

    Args:
        dir: The folder; one that is not there has no images.
        extensions: Endings of their names, with the dot, in small letters.

    Returns:
        Their paths, in the natural order of their names: 2.png before 10.png.
    """
    wanted = tuple(extensions)
    if not os.path.isdir(dir):
        return []
    entries = [entry for entry in os.scandir(dir) if not entry.name.startswith('.')]  # macOS leaves ._ files
    found = [Path(entry.path) for entry in entries if entry.name.lower().endswith(wanted) and entry.is_file()]
    return sorted(found, key=natural_key)


def natural_key(path: Path) -> tuple[list[str | int], str]:
    """Sorts names as people do: by the numbers in them, not by their digits."""
    parts = _NUMBERS.split(path.stem)  # text and numbers alternate, so that like meets like
    return [int(part) if part.isdigit() else part for part in parts], path.name


def load_image(path: os.PathLike[str] | str) -> np.ndarray:
    """Read an image. One with a colour table gives its colours.

    Args:
        path: An image file, a GeoTIFF with any number of bands, or an array in a .npy file.

    Returns:
        Pixels, (height, width, channels), in the type of the file.

    Raises:
        ImageDatasetError: If the file cannot be read.
    """
    return _with_channels(_read(str(path), colors=True))


def load_label(path: os.PathLike[str] | str) -> np.ndarray:
    """Read an image of class ids.

    Args:
        path: An image file, a GeoTIFF, or an array in a .npy file, with whole numbers of any type.

    Returns:
        Class ids, (height, width), uint8 or int16; `NO_CLASS` where the file has NaN or, a GeoTIFF, NODATA.

    Raises:
        ImageDatasetError: If the file cannot be read, or has more than one channel.
        LabelError: If its numbers are no class ids.
    """
    labels = _with_channels(_read(str(path), colors=False))
    if labels.shape[-1] != 1:
        raise ImageDatasetError(
            f'{str(path)!r} has {labels.shape[-1]} channels. A label file has one, with the class id of each pixel.'
        )
    try:
        class_ids = as_class_ids(labels[..., 0])
    except LabelError as error:
        raise LabelError(f'{str(path)!r}: {error}') from error
    return ignore_pixels(class_ids, _nodata(str(path))) if is_tiff(path) else class_ids


def load_valid(path: os.PathLike[str] | str) -> np.ndarray | None:
    """Which pixels of an image file are data, apart from those that are not finite.

    Args:
        path: The image. Of a GeoTIFF, its NODATA value and mask count, but no alpha band, which is a channel like
            others; of any, the mask in a file beside it whose name ends with `.msk`, as GDAL writes them.

    Returns:
        Bool array (height, width); None: all.

    Raises:
        ImageDatasetError: If the mask cannot be read.
    """
    mask_path = f'{path}{MASK_SUFFIX}'
    if not is_tiff(path) and not os.path.isfile(mask_path):
        return None
    try:
        valid = _valid_in_tiff(str(path)) if is_tiff(path) else _read_mask(mask_path)
    except (OSError, RasterVisionError) as error:
        what = str(path) if is_tiff(path) else mask_path
        raise ImageDatasetError(f'What is data in {str(path)!r} cannot be told from {what!r}: {error}') from error
    return None if valid.all() else valid


def is_tiff(path: os.PathLike[str] | str) -> bool:
    """Whether a file is a TIFF, by its name."""
    return os.path.splitext(path)[1].lower() in ('.tif', '.tiff')


def _nodata(path: str) -> np.ndarray:
    """Where a GeoTIFF declares that it has no data, bool (height, width)."""
    from rastervision.core.data.rasterio_io import open_raster, raster_errors

    with raster_errors(path), open_raster(path) as dataset:
        return np.asarray(dataset.read_masks(1) == 0)


def _valid_in_tiff(path: str) -> np.ndarray:
    from rastervision.core.box import Box
    from rastervision.core.data.nodata import Nodata
    from rastervision.core.data.raster_values import read_nodata_mask
    from rastervision.core.data.rasterio_io import open_raster, raster_errors

    with raster_errors(path), open_raster(path) as dataset:
        nodata = Nodata.of(dataset, [index - 1 for index in dataset.indexes])
        if not nodata.is_declared(dataset.indexes):
            return np.ones(dataset.shape, dtype=bool)
        return ~read_nodata_mask(dataset, Box(0, 0, *dataset.shape), dataset.indexes, nodata=nodata)


def _read_mask(path: str) -> np.ndarray:
    from rastervision.core.box import Box
    from rastervision.core.data.rasterio_io import open_raster, raster_errors, read_window_again

    with raster_errors(path), open_raster(path) as dataset:
        return np.asarray(read_window_again(dataset, Box(0, 0, *dataset.shape), [1])[0] != 0)


def _with_channels(pixels: np.ndarray) -> np.ndarray:
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def _read(path: str, *, colors: bool) -> np.ndarray:
    extension = os.path.splitext(path)[1].lower()
    try:
        if extension == '.npy':
            return np.asarray(np.load(path, allow_pickle=False))
        read = _read_tiff if is_tiff(path) else _read_picture
        return read(path, colors=colors)
    except (
        OSError,
        EOFError,
        ValueError,
        SyntaxError,
        RasterVisionError,
        cv2.error,
        Image.DecompressionBombError,
    ) as error:
        raise ImageDatasetError(f'The image {path!r} cannot be read: {error}') from error


def _read_picture(path: str, *, colors: bool) -> np.ndarray:
    with Image.open(path) as image:
        if image.mode == 'P' and colors:
            return np.asarray(image.convert('RGB'))
        if image.mode == '1':
            return np.asarray(image.convert('L') if colors else image, dtype=np.uint8)
        # Pillow cuts colors of 16 bits to 8; a palette, which OpenCV would resolve, is kept: labels may have one.
        deep = bool(image.tile) and '16' in str(image.tile[0][3]) and image.mode in ('RGB', 'RGBA')
        if not deep:
            return np.asarray(image)
    bgr = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    if bgr is None:
        raise OSError('OpenCV does not understand it')
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB if bgr.shape[2] == 3 else cv2.COLOR_BGRA2RGBA))


def _read_tiff(path: str, *, colors: bool) -> np.ndarray:
    from rastervision.core.box import Box
    from rastervision.core.data.rasterio_io import open_raster, raster_errors, read_colors, read_window_again

    with raster_errors(path), open_raster(path) as dataset:
        pixels = read_window_again(dataset, Box(0, 0, *dataset.shape), dataset.indexes)
        if colors and dataset.colorinterp[0].name == 'palette':
            return np.asarray(read_colors(dataset)[pixels[0]])
    return np.ascontiguousarray(np.moveaxis(pixels, 0, -1))
