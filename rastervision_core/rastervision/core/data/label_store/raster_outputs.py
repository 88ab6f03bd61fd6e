"""Labels and scores as GeoTIFFs, written block by block."""

import json
import os
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import rasterio
from rasterio.windows import Window

from rastervision.core.data.block_cache import bound_block_cache
from rastervision.core.data.colors import color_to_triple
from rastervision.core.data.label_store.rows import RowOutput, Rows, labels_dtype
from rastervision.core.data.raster_check import check_blocks, raster_write_errors
from rastervision.core.data.raster_transformer.rgb_class_transformer import RGBClassTransformer

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig


class RasterOutput(RowOutput):
    """A GeoTIFF.

    Args:
        path: Local file.
        profile: What rasterio needs to make it.
    """

    def __init__(self, path: str, profile: dict[str, Any]) -> None:
        bound_block_cache()
        self._path = path
        with raster_write_errors(path):
            self._dataset = rasterio.open(path, 'w', **profile)
        self._row = 0

    def _write(self, pixels: np.ndarray) -> None:
        """Write the next rows, (bands, height, width)."""
        _, height, width = pixels.shape
        with raster_write_errors(self._path):
            self._dataset.write(pixels, window=Window(0, self._row, width, height))
        self._row += height

    def finish(self) -> None:
        """Close the file, and see that all of it was written.

        Raises:
            NotWritableError: If not.
        """
        self._dataset.close()
        check_blocks(self._path)

    def close(self) -> None:
        """See :meth:`.RowOutput.close`."""
        self._dataset.close()


class LabelRaster(RasterOutput):
    """Class ids with a colour map, or colours.

    The names of the classes and the id of the null class are in the metadata, `class_names` (JSON) and
    `null_class_id`.

    Args:
        path: Local file.
        profile: Of a raster of one band.
        class_config: The classes.
        rgb: Write colours.
    """

    def __init__(self, path: str, profile: dict[str, Any], class_config: 'ClassConfig', *, rgb: bool) -> None:
        kind: dict[str, Any] = {'count': 3, 'photometric': 'RGB', 'dtype': 'uint8'}
        if not rgb:
            kind = {'count': 1, 'dtype': labels_dtype(len(class_config)).name}
        super().__init__(path, {**profile, **kind})
        self._colors = RGBClassTransformer(class_config) if rgb else None
        if not rgb:
            palette = map(color_to_triple, class_config.colors or ())
            self._dataset.write_colormap(1, {class_id: (*color, 255) for class_id, color in enumerate(palette)})
        self._dataset.update_tags(class_names=json.dumps(class_config.names), null_class_id=class_config.null_class_id)

    def write(self, rows: Rows) -> None:
        """See :meth:`.RowOutput.write`."""
        if self._colors is None:
            self._write(rows.label_arr[None])
        else:
            self._write(self._colors.class_to_rgb(rows.label_arr).transpose(2, 0, 1))


class ScoreRaster(RasterOutput):
    """A band of scores for each class.

    Args:
        path: Local file.
        profile: Of a raster of one band.
        names: Names of the classes.
        as_uint8: Write integers from 0 to 255 (0 where nothing was predicted), not float32 (NaN).
    """

    def __init__(self, path: str, profile: dict[str, Any], names: list[str], *, as_uint8: bool) -> None:
        kind: dict[str, Any] = {'dtype': 'uint8', 'predictor': 2} if as_uint8 else {'dtype': 'float32', 'predictor': 3}
        kind['zlevel'] = 1  # half the time of the default 6, a few percent more bytes
        super().__init__(path, {'interleave': 'band', **kind, **profile, 'dtype': kind['dtype'], 'count': len(names)})
        self._as_uint8 = as_uint8
        for band, name in enumerate(names, start=1):
            self._dataset.set_band_description(band, name)

    def write(self, rows: Rows) -> None:
        """See :meth:`.RowOutput.write`."""
        scores = rows.score_arr
        if self._as_uint8:
            bytes_ = np.around((255 * scores).astype(rows.labels.dtype))
            scores = np.nan_to_num(bytes_, copy=False).astype(np.uint8)
        self._write(scores)


class HitsArray(RowOutput):
    """How many predictions each pixel has, as .npy: (height, width), uint8, or wider if there are more than 255.

    Args:
        path: Local file.
        shape: Height and width.
    """

    def __init__(self, path: str, shape: tuple[int, int]) -> None:
        self._path, self._shape = path, shape
        self._dtype: np.dtype[Any] = np.dtype(np.uint8)
        self._file = self._open(path)

    def write(self, rows: Rows) -> None:
        """See :meth:`.RowOutput.write`."""
        hits = rows.hit_arr
        needed = np.min_scalar_type(int(hits.max(initial=0)))
        if needed.itemsize > self._dtype.itemsize:
            self._widen(needed)
        self._file.write(hits.astype(self._dtype).tobytes())

    def close(self) -> None:
        """See :meth:`.RowOutput.close`."""
        self._file.close()

    def _open(self, path: str) -> BinaryIO:
        file = open(path, 'wb')  # noqa: SIM115
        header = {'descr': np.lib.format.dtype_to_descr(self._dtype), 'fortran_order': False, 'shape': self._shape}
        np.lib.format.write_array_header_1_0(file, header)
        return file

    def _widen(self, dtype: 'np.dtype[Any]') -> None:
        """Begin the file again with a wider type, and copy row by row what is written."""
        narrow, self._dtype = self._dtype, dtype
        self._file.close()
        wide = self._open(f'{self._path}.wide')
        with open(self._path, 'rb') as file:
            np.lib.format.read_magic(file)
            np.lib.format.read_array_header_1_0(file)
            while row := file.read(self._shape[1] * narrow.itemsize):
                wide.write(np.frombuffer(row, dtype=narrow).astype(dtype).tobytes())
        os.replace(f'{self._path}.wide', self._path)
        self._file = wide
