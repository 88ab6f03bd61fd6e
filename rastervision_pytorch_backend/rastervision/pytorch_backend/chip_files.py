"""Files that the chip command writes: one zip for each job, with an image and a label for each sample."""

import hashlib
import io
import uuid
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from rastervision.core.data.nodata import MASK_SUFFIX
from rastervision.pipeline.errors import NotWritableError

if TYPE_CHECKING:
    import numpy.typing as npt

PER_DATASET = '2'  # GDAL's number for a mask that counts for all bands
# Chips are written once and read in every epoch: little compression is quick to undo.
PNG_OPTIONS = (cv2.IMWRITE_PNG_COMPRESSION, 2)


def get_image_ext(chip: 'npt.NDArray[np.generic]') -> str:
    """The extension under which an array can be stored without loss: `png`, or else `npy`.

    Args:
        chip: Pixels, (height, width) or (height, width, channels).
    """
    pictorial = chip.ndim == 2 or chip.shape[-1] == 3
    return 'png' if pictorial and chip.dtype == np.uint8 else 'npy'


def write_chip(chip: 'npt.NDArray[np.generic]', path: str) -> None:
    """Write an array as PNG or NPY.

    Args:
        chip: Pixels, (height, width) or (height, width, channels); RGB for PNG.
        path: With the extension `.png` or `.npy`.

    Raises:
        NotWritableError: If it cannot be written.
    """
    # Neither OpenCV nor NumPy notice if the end of a file is lost, because the disk is full. Python does.
    _write(_to_png(chip, path) if path.endswith('.png') else _to_npy(chip), path)


def write_mask(valid: 'npt.NDArray[np.bool_]', path: str, num_bands: int) -> None:
    """Write which pixels of a chip are data, to a file beside it, as GDAL does: a mask for all bands.

    Args:
        valid: Bool array (height, width).
        path: Path of the chip.
        num_bands: Number of its bands.

    Raises:
        NotWritableError: If it cannot be written.
    """
    height, width = valid.shape
    profile = {'driver': 'GTiff', 'height': height, 'width': width, 'count': 1, 'dtype': 'uint8', 'compress': 'deflate'}
    with warnings.catch_warnings(), MemoryFile() as memory:
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        with memory.open(**profile) as file:
            file.write(np.where(valid, np.uint8(255), np.uint8(0)), 1)
            file.update_tags(**{f'INTERNAL_MASK_FLAGS_{band}': PER_DATASET for band in range(1, num_bands + 1)})
        content = bytes(memory.read())
    _write(content, f'{path}{MASK_SUFFIX}')


def _write(content: bytes, path: str) -> None:
    try:
        with open(path, 'wb') as file:
            file.write(content)
    except OSError as error:
        raise NotWritableError(
            f'The chip {path!r} cannot be written: {error.strerror}. Is the disk full, or the folder read-only?'
        ) from error


def _to_npy(chip: 'npt.NDArray[np.generic]') -> bytes:
    file = io.BytesIO()
    np.save(file, chip)
    return file.getvalue()


def _to_png(chip: 'npt.NDArray[np.generic]', path: str) -> bytes:
    pixels = chip.astype(np.uint8, copy=False)
    encoded, content = cv2.imencode('.png', pixels if pixels.ndim == 2 else pixels[..., ::-1], PNG_OPTIONS)
    if not encoded:
        raise NotWritableError(f'The chip {path!r} of shape {chip.shape!r} cannot be made a PNG.')
    return content.tobytes()


def chip_zip_name(scene_ids: Sequence[str], all_scene_ids: Sequence[str]) -> str:
    """File name of the zip with the chips of some scenes.

    The same scenes give the same name. Sorted by name, zips are in the order of their first scenes, so that training
    sees the samples in the same order however the work was split.

    Args:
        scene_ids: The scenes of the zip, in the order of the dataset.
        all_scene_ids: All scenes of the dataset.
    """
    position = all_scene_ids.index(scene_ids[0])
    digest = hashlib.sha256('\n'.join(scene_ids).encode()).hexdigest()
    # Decimal digits only come first, since zips are sorted by the numbers in their names.
    return f'{uuid.UUID(hex=f"{position:08d}{digest[:24]}")}.zip'
