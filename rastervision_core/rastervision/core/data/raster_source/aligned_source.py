"""A raster on the grid of pixels of an image."""

import copy
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.chip import Chip
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.raster_source.overlap import check_overlap
from rastervision.core.data.raster_source.pixel_map import full_extent
from rastervision.core.data.raster_source.raster_source import RasterSource
from rastervision.core.data.raster_source.warp import Warp
from rastervision.pipeline.errors import DataError

log = logging.getLogger(__name__)


class AlignedSource(RasterSource):
    """Gives a raster of another grid, such as one of labels, on the pixels of an image: the nearest pixel of each.

    Windows and the bbox are those of the image. What the raster does not cover is 0, and no data.

    Attributes:
        raster_source: The raster.
    """

    def __init__(self, raster_source: RasterSource, crs_transformer: CRSTransformer, image: Box, bbox: Box) -> None:
        """Make a source.

        Args:
            raster_source: The raster; all of it is used, whatever its bbox.
            crs_transformer: Between map and pixels of the image.
            image: The image's extent, in its pixels.
            bbox: The part of the image to read for.

        Raises:
            DataError: If nothing says where the raster is in the image.
        """
        self.raster_source = copy.copy(raster_source)
        self.raster_source.set_bbox(full_extent(raster_source))
        self._crs_transformer = crs_transformer
        self._warp = Warp(crs_transformer, image, self.raster_source, nearest=True)
        super().__init__(
            channel_order=None,
            num_channels_raw=raster_source.num_channels,
            dtype_raw=raster_source.dtype,
            bbox=bbox,
        )

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.raster_source!r}, bbox={self.bbox!r})'

    def check_overlap(self, part: Box) -> None:
        """See that labels are in a part of the image, in its pixels; see `check_overlap`.

        Raises:
            DataError: If none is.
        """
        check_overlap(self._warp, self.raster_source, self._crs_transformer, part, 'Labels are')

    def outside(self, window: Box) -> np.ndarray:
        """Which pixels of a window, relative to the bbox, the raster does not cover: bool (height, width)."""
        return self._warp.outside(window.to_global_coords(self.bbox))

    @property
    def is_same_grid(self) -> bool:
        """Whether the raster has the very pixels of the image."""
        return self._warp.pixel_map.shift == (0, 0)

    @property
    def crs_transformer(self) -> CRSTransformer:
        """That of the image."""
        return self._crs_transformer

    @property
    def nodata_values(self) -> tuple[float, ...]:
        """Those of the raster."""
        return self.raster_source.nodata_values

    @property
    def says_nodata(self) -> bool:
        """Whether the raster does."""
        return self.raster_source.says_nodata

    @property
    def is_streamed(self) -> bool:
        """Whether the raster is."""
        return self.raster_source.is_streamed

    @contextmanager
    def reading_ahead(self, windows: Sequence[Box]) -> Iterator[None]:
        """See the base class."""
        parts = [self._warp.source_window(window.to_global_coords(self.bbox)) for window in windows]
        with self.raster_source.reading_ahead(parts):
            yield

    def _get_chip(self, window: Box, out_shape: tuple[int, int] | None = None) -> np.ndarray:
        return self._read_selected(window, out_shape, find_data=False).pixels

    def _read_stored(self, window: Box) -> Chip:
        return self._read_selected(window, None, find_data=True)

    def _read_selected(self, window: Box, out_shape: tuple[int, int] | None, *, find_data: bool) -> Chip:
        shape = window.size if out_shape is None else out_shape
        return self._warp.read(window.to_global_coords(self.bbox), shape, find_data=find_data)


def on_grid_of(
    raster_source: RasterSource, crs_transformer: CRSTransformer | None, image: Box | None, bbox: Box | None
) -> RasterSource:
    """A raster on the pixels of an image: itself if it is on these.

    Args:
        raster_source: The raster.
        crs_transformer: Between map and pixels of the image. None: there is no image.
        image: The image's extent, in its pixels. None: not known; a raster is then left as it is if it, or the image,
            is not georeferenced.
        bbox: The part of the image to read for. None: all.

    Raises:
        DataError: If nothing says where the raster is in the image.
    """
    if crs_transformer is None or raster_source.crs_transformer is crs_transformer:
        return raster_source
    placed = [t.transform is not None for t in (raster_source.crs_transformer, crs_transformer)]
    if image is None:
        if placed[0] != placed[1]:
            return raster_source
        image = full_extent(raster_source) if bbox is None else bbox
    part = image if bbox is None else bbox
    try:
        aligned = AlignedSource(raster_source, crs_transformer, image, part)
    except DataError as error:
        raise DataError(f'{raster_source!r:.300} cannot be put on the grid of the image: {error}') from error
    aligned.check_overlap(part)
    if placed[0] == placed[1]:
        return raster_source if aligned.is_same_grid and part in full_extent(raster_source) else aligned
    which = 'Labels are' if placed[1] else 'The image is'
    log.warning('%s not georeferenced: pixels of %r are taken for those of the image.', which, raster_source)
    return aligned
