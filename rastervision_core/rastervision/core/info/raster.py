"""What an image is, in the terms that a config needs."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.warp import transform_bounds

from rastervision.core.box import Box
from rastervision.core.data.raster_values import read_nodata_mask, read_pixels
from rastervision.core.data.rasterio_io import (
    HEADER_ERRORS,
    Nodata,
    common_dtype,
    get_channel_order_from_dataset,
    open_raster,
    raster_errors,
)
from rastervision.core.info.description import Description, Rows

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

PLACES, WINDOW = 5, 128  # pixels are looked at in windows of this size, at so many places in each direction
MAX_BANDS = 64  # that are looked at
MAX_CLASSES = 40  # whole numbers with more different values than this are no labels
LARGE = 4096  # pixels; reading windows of larger images in strips is slow


@dataclass(frozen=True)
class Band:
    """A band, and what its sampled pixels that have data are like.

    Attributes:
        index: From 0, as in `channel_order`.
        name: Its description, else its colour.
        dtype: Type of its numbers.
        nodata: Its NODATA value.
        low: The least value; None if no pixel has data.
        mean: The mean.
        high: The greatest value.
    """

    index: int
    name: str
    dtype: str
    nodata: float | None
    low: float | None
    mean: float | None
    high: float | None

    def __str__(self) -> str:
        values = 'no data' if self.low is None else f'{self.low:.5g} to {self.high:.5g}, mean {self.mean:.5g}'
        return f'{self.name}, {self.dtype}, {values}' + ('' if self.nodata is None else f', NODATA {self.nodata:g}')


@dataclass(frozen=True)
class RasterInfo(Description):
    """What an image is.

    Attributes:
        uri: Where it is.
        driver: Its format, as GDAL calls it.
        height: Pixels.
        width: Pixels.
        bands: Its bands, the first `MAX_BANDS` of them.
        num_bands: How many it has.
        crs: Its CRS; None if it has none.
        resolution: Height and width of a pixel, in units of the CRS; None without georeference.
        unit: That unit.
        bounds: West, south, east, north in EPSG:4326; None without CRS.
        is_rotated: Whether rows do not run along an axis of the CRS.
        tiled: Whether it is stored in tiles, not in strips.
        block: Height and width of these.
        compression: How they are compressed.
        overviews: Factors of the overviews.
        nodata_share: Share of sampled pixels without data.
        channels: Indices of the bands that hold imagery: all but alpha.
        classes: Value -> share of the sampled pixels, if this looks like labels.
        has_palette: Whether pixels are indices of a colour table.
    """

    uri: str
    driver: str
    height: int
    width: int
    bands: list[Band]
    num_bands: int
    crs: str | None
    resolution: tuple[float, float] | None
    unit: str
    bounds: tuple[float, float, float, float] | None
    is_rotated: bool
    tiled: bool
    block: tuple[int, int]
    compression: str | None
    overviews: list[int]
    nodata_share: float
    channels: list[int]
    classes: dict[int, float] | None
    has_palette: bool = False

    def dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {'kind': 'raster', **asdict(self), 'config': self.snippet()}

    def tables(self) -> Iterator[tuple[str, Rows]]:
        """Image, bands and, if it looks like labels, values."""
        yield 'Image', self._image()
        yield 'Bands', ((str(band.index), str(band)) for band in self.bands)
        if self.classes is not None:
            yield 'Values', ((str(value), f'{share:.1%}') for value, share in self.classes.items())

    def remarks(self) -> Iterator[str]:
        """What to look out for."""
        if self.crs is None:
            yield 'It has no CRS: labels have to be in pixels, (column, row) from its upper left corner.'
        elif self.bounds is None:
            yield 'Its CRS is that of no place on earth, or not known here: there is no way from it to a map.'
        if self.has_palette:
            yield 'Its pixels are indices of a colour table: labels read the indices, imagery the colours.'
        if self.is_rotated:
            yield 'It is rotated: predictions that are rasters are rotated too.'
        if not self.tiled and max(self.height, self.width) > LARGE:
            yield 'It is stored in strips, which makes reading windows slow. Try: rastervision cogify'
        if self.nodata_share > 0:
            share = f'{self.nodata_share:.0%}' if self.nodata_share >= 0.01 else 'Less than 1%'
            yield f'{share} of its pixels have no data; they are 0 in chips.'
        if self.num_bands > len(self.bands):
            yield f'It has {self.num_bands:,} bands; the first {len(self.bands)} are shown. See channel_order.'
        if any(band.dtype.startswith('complex') for band in self.bands):
            yield 'Its numbers are complex. Make bands of their magnitude and phase first.'

    def snippet(self) -> str | None:
        """A source of pixels or of labels."""
        uri = f'    uris={self.uri!r},'
        if self.classes is not None:
            inner = f'RasterioSourceConfig(uris={self.uri!r})'
            return f'SemanticSegmentationLabelSourceConfig(raster_source={inner})'
        lines = ['RasterioSourceConfig(', uri]
        if not self.has_palette:  # a single channel would be its indices
            lines.append(f'    channel_order={self.channels},')
        if any(band.dtype != 'uint8' for band in self.bands if band.index in self.channels):
            lines.append('    transformers=[StatsTransformerConfig()],')
        return '\n'.join([*lines, ')'])

    def _image(self) -> Rows:
        yield 'format', f'{self.driver}, {self.width} x {self.height} pixels'
        yield 'CRS', self.crs or 'none'
        if self.resolution is not None:
            height, width = self.resolution
            yield 'pixel', f'{width:.6g} x {height:.6g} {self.unit}'
        if self.bounds is not None:
            west, south, east, north = self.bounds
            yield 'extent', f'{west:.5f}, {south:.5f} to {east:.5f}, {north:.5f} (longitude, latitude)'
        storage = f'{"tiles" if self.tiled else "strips"} of {self.block[1]} x {self.block[0]}'
        yield 'storage', f'{storage}, {self.compression or "not compressed"}, {_overviews(self.overviews)}'


def describe_raster(uri: str) -> RasterInfo:
    """Describe an image. Reads its header and at most 25 windows of 128 x 128 pixels, however large it is.

    Raises:
        NotReadableError: If it cannot be read as an image.
    """
    with raster_errors(uri), open_raster(uri) as dataset:
        chips, masks = _sample(dataset)
        bands = [_band(dataset, index, chips, masks) for index in range(min(dataset.count, MAX_BANDS))]
        block = dataset.block_shapes[0]
        step = dataset.transform
        return RasterInfo(
            uri=uri,
            driver=dataset.driver,
            height=dataset.height,
            width=dataset.width,
            bands=bands,
            num_bands=dataset.count,
            crs=None if dataset.crs is None else dataset.crs.to_string(),
            resolution=None if step.is_identity else (math.hypot(step.b, step.e), math.hypot(step.a, step.d)),
            unit=_unit(dataset),
            bounds=_bounds(dataset),
            is_rotated=bool(step.b or step.d),
            tiled=block[1] != dataset.width,
            block=(int(block[0]), int(block[1])),
            compression=getattr(dataset.compression, 'value', dataset.compression),
            overviews=dataset.overviews(1),
            nodata_share=float(np.mean(np.concatenate([mask.ravel() for mask in masks]))),
            channels=get_channel_order_from_dataset(dataset)[:MAX_BANDS],
            classes=_classes(dataset, chips, masks),
            has_palette=dataset.colorinterp[0].name == 'palette',
        )


def _sample(dataset: 'DatasetReader') -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Windows all over the image, (height, width, bands) as stored, and where no band has data."""
    rows, columns = (
        sorted({round((size - WINDOW) * step / (PLACES - 1)) if size > WINDOW else 0 for step in range(PLACES)})
        for size in dataset.shape
    )
    boxes = [
        Box(y, x, min(y + WINDOW, dataset.height), min(x + WINDOW, dataset.width)) for y, x in product(rows, columns)
    ]
    bands, nodata = list(range(1, min(dataset.count, MAX_BANDS) + 1)), Nodata.of(dataset)
    raw = Nodata((None,) * dataset.count, masked=False)
    masks = [read_nodata_mask(dataset, box, bands, nodata=nodata, inside=None) for box in boxes]
    return [read_pixels(dataset, box, bands, nodata=raw) for box in boxes], masks


def _band(dataset: 'DatasetReader', index: int, chips: list[np.ndarray], masks: list[np.ndarray]) -> Band:
    values = np.concatenate([chip[..., index][~mask] for chip, mask in zip(chips, masks, strict=True)])
    values = np.abs(values) if np.iscomplexobj(values) else values
    values = values[np.isfinite(values)]
    name = dataset.descriptions[index] or dataset.colorinterp[index].name
    found = [None] * 3 if not values.size else [float(f(values)) for f in (np.min, np.mean, np.max)]
    nodata = dataset.nodatavals[index]
    return Band(index, name, dataset.dtypes[index], None if nodata is None else float(nodata), *found)


def _classes(dataset: 'DatasetReader', chips: list[np.ndarray], masks: list[np.ndarray]) -> dict[int, float] | None:
    """Shares of values, if there is a single band of few whole numbers."""
    if dataset.count != 1 or not np.issubdtype(common_dtype(dataset, [1]), np.integer):
        return None
    pixels = np.concatenate([chip[..., 0][~mask] for chip, mask in zip(chips, masks, strict=True)])
    values, counts = np.unique(pixels, return_counts=True)
    if not 0 < len(values) <= MAX_CLASSES:
        return None
    return {int(value): float(count / pixels.size) for value, count in zip(values, counts, strict=True)}


def _bounds(dataset: 'DatasetReader') -> tuple[float, float, float, float] | None:
    """West, south, east, north in EPSG:4326, if there is a way there from the image's CRS."""
    if dataset.crs is None:
        return None
    try:
        bounds: tuple[float, float, float, float] = transform_bounds(dataset.crs, 'EPSG:4326', *dataset.bounds)
    except HEADER_ERRORS:
        return None
    return bounds if np.isfinite(bounds).all() else None


def _unit(dataset: 'DatasetReader') -> str:
    try:
        return 'degrees' if dataset.crs.is_geographic else str(dataset.crs.linear_units)
    except (AttributeError, *HEADER_ERRORS):  # none, or one that is no place on earth
        return 'units'


def _overviews(factors: list[int]) -> str:
    return f'overviews {", ".join(map(str, factors))}' if factors else 'no overviews'
