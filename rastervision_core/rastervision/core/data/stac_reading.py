"""How odc-stac reads the images of STAC items: with all that they say about pixels without data.

It knows one NODATA value for a band of all items, but neither masks nor alpha bands, nor values that differ between
items or bands. So what is data is read like another image, by `ValidityDriver`, and pixels by `PixelDriver`.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
from odc.loader import RasterLoadParams, RasterSource, RioDriver, RioReader
from rasterio.io import MemoryFile
from rasterio.shutil import copy as copy_raster

from rastervision.core.data.nodata import Nodata, equals, mask_band, value_in_dtype
from rastervision.core.data.rasterio_io import open_raster, vsi_path
from rastervision.pipeline.errors import NotReadableError

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox
    from rasterio.io import DatasetReader

Slices = tuple[slice, slice]

MAX_HEADERS = 4096  # that are kept


@dataclass(frozen=True)
class _Band:
    """What the header of an image says of a band.

    Attributes:
        dtype: The type of its pixels.
        value: Its NODATA value, or None.
        masks: VRTs whose only band is 0 where there is no data, or outside of the image. With a value, there may be
            none.
    """

    dtype: str
    value: Any
    masks: tuple[str, ...]


class _Reader(RioReader):
    """Reads an image; knows which of its pixels are data.

    Args:
        src: The band of the image.
        ctx: What odc-stac shares between reads.
        alpha_is_data: Whether a band of alpha is a channel like others, and hides nothing.
    """

    def __init__(self, src: RasterSource, ctx: Any, *, alpha_is_data: bool) -> None:
        super().__init__(src, ctx)
        self._alpha_is_data = alpha_is_data

    def valid(self, cfg: RasterLoadParams, geobox: 'GeoBox', selection: Any) -> np.ndarray:
        """Which pixels of a grid, bool (height, width), are data in this image."""
        band = _band_of(self._src.uri, self._src.band, alpha_is_data=self._alpha_is_data)
        value, meta = band.value, self._src.meta
        if value is None and meta is not None and meta.nodata is not None:
            value = value_in_dtype(meta.nodata, band.dtype)
        valid = np.ones(geobox.shape, dtype=bool)
        options: dict[str, Any] = {'use_overviews': cfg.use_overviews, 'fail_on_error': cfg.fail_on_error}
        if value is not None:
            # As pixels themselves are read, so that what is none of them is not taken for data.
            like = RasterLoadParams(
                dtype=band.dtype, fill_value=value, src_nodata_fallback=value, resampling=cfg.resampling, **options
            )
            valid &= ~equals(self._whole(self._src, like, geobox, selection), value)
        as_mask = RasterLoadParams(dtype='uint8', fill_value=0, resampling='nearest', **options)
        for mask in band.masks:
            valid &= self._whole(replace(self._src, uri=mask, band=1), as_mask, geobox, selection) != 0
        return valid

    def _whole(self, src: RasterSource, cfg: RasterLoadParams, geobox: 'GeoBox', selection: Any) -> np.ndarray:
        """Pixels of a whole grid; `fill_value` where it is outside of the image."""
        place, pixels = RioReader(src, self._ctx).read(cfg, geobox, selection=selection)
        whole = np.full(geobox.shape, cfg.fill_value, dtype=cfg.dtype)
        whole[place] = pixels
        return whole


class _PixelReader(_Reader):
    """Reads pixels; those that are no data get the value that means so, and then those of another image can be seen.

    If there is no such value it is 0, and where an image is 0, one below it can be seen, too.
    """

    def read(
        self, cfg: RasterLoadParams, dst_geobox: 'GeoBox', *, dst: np.ndarray | None = None, selection: Any = None
    ) -> tuple[Slices, np.ndarray]:
        """See odc-stac."""
        place, pixels = super().read(cfg, dst_geobox, dst=dst, selection=selection)
        if not pixels.size:
            return place, pixels
        fill: Any = 0 if cfg.fill_value is None else cfg.fill_value
        if cfg.fill_value is None and pixels.dtype.kind == 'f':
            fill = np.nan
        missing = ~self.valid(cfg, dst_geobox, selection)[place]
        if dst is None:
            return place, np.where(missing, pixels.dtype.type(fill), pixels)
        np.putmask(dst[place], missing, fill)
        return place, dst[place]


class _ValidityReader(_Reader):
    """Reads 1 where there are data, else 0."""

    def read(
        self, cfg: RasterLoadParams, dst_geobox: 'GeoBox', *, dst: np.ndarray | None = None, selection: Any = None
    ) -> tuple[Slices, np.ndarray]:
        """See odc-stac."""
        height, width = dst_geobox.shape
        place = np.s_[0:height, 0:width]
        try:
            valid = self.valid(cfg, dst_geobox, selection).astype(cfg.dtype)
        except NotReadableError:
            if cfg.fail_on_error:
                raise
            valid = np.zeros((height, width), dtype=cfg.dtype)
        if dst is None:
            return place, valid
        dst[place] = valid
        return place, dst


class PixelDriver(RioDriver):
    """Reads pixels of images, in which only data hide those of other images.

    Args:
        alpha_is_data: Whether bands of alpha are channels like others, and hide nothing.
        is_local: Whether images are on this machine, so that it costs nothing to look for files beside them.
    """

    reader: type[_Reader] = _PixelReader
    name = 'pixels'

    def __init__(self, *, alpha_is_data: bool, is_local: bool) -> None:
        super().__init__()
        self._alpha_is_data = alpha_is_data
        self._is_local = is_local

    def capture_env(self) -> dict[str, Any]:
        """Settings of GDAL; one, which it does not know, lets dask tell what drivers read of the same images."""
        listing = {'GDAL_DISABLE_READDIR_ON_OPEN': 'FALSE'} if self._is_local else {}
        return {**super().capture_env(), **listing, 'RASTERVISION_READS': self.name}

    def open(self, src: RasterSource, ctx: Any) -> _Reader:
        """See odc-stac."""
        return self.reader(src, ctx, alpha_is_data=self._alpha_is_data)


class ValidityDriver(PixelDriver):
    """Reads 1 where there are data in an image, else 0."""

    reader = _ValidityReader
    name = 'validity'


@lru_cache(MAX_HEADERS)
def _band_of(uri: str, number: int, *, alpha_is_data: bool) -> _Band:
    with open_raster(uri) as dataset:
        channels = [index - 1 for index in dataset.indexes] if alpha_is_data else []
        nodata, dtype = Nodata.of(dataset, channels), dataset.dtypes[number - 1]
        value = nodata.values[number - 1]
        sources = []
        if nodata.masked:
            sources.append(f'mask,{mask_band(dataset)}' if nodata.alpha is None else str(nodata.alpha))
        if value is not None and np.dtype(dtype).itemsize == 8:
            sources.append(f'mask,{number}')  # GDAL compares whole numbers of 64 bits as such
        is_told = bool(sources) or value is not None
        masks = tuple(_mask_xml(dataset, source) for source in sources)
        return _Band(dtype, value, masks if is_told else (_mask_xml(dataset, str(number), opaque=True),))


def _mask_xml(dataset: 'DatasetReader', source_band: str, *, opaque: bool = False) -> str:
    """A VRT, where an image is, of a band, or of the mask of one; `opaque`: not zero, whatever is in it."""
    with MemoryFile(ext='.vrt') as memory:
        copy_raster(dataset, memory.name, driver='VRT')
        root = ET.fromstring(memory.read())
    for tag in ('VRTRasterBand', 'MaskBand', 'OverviewList'):
        for element in root.findall(tag):
            root.remove(element)
    band = ET.SubElement(root, 'VRTRasterBand', dataType='Byte', band='1')
    ET.SubElement(band, 'NoDataValue').text = '0'
    source = ET.SubElement(band, 'ComplexSource')
    ET.SubElement(source, 'SourceFilename', relativeToVRT='0').text = vsi_path(dataset.name)
    ET.SubElement(source, 'SourceBand').text = source_band
    if opaque:
        ET.SubElement(source, 'ScaleOffset').text = '255'
        ET.SubElement(source, 'ScaleRatio').text = '0'
    return ET.tostring(root, encoding='unicode')
