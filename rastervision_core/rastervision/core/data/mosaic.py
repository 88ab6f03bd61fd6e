"""Several images as one, by a VRT of our own making."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import shapely
from affine import Affine
from rasterio.dtypes import dtype_rev, typename_fwd
from rasterio.enums import ColorInterp

from rastervision.core.box import Box
from rastervision.core.data.nodata import Nodata, has_own_mask, same_value
from rastervision.core.data.raster_companions import is_looked_through, needs_download
from rastervision.core.data.raster_drivers import is_trusted
from rastervision.core.data.raster_names import RasterName
from rastervision.core.data.rasterio_io import open_raster, raster_errors, vsi_path
from rastervision.pipeline.errors import DataError
from rastervision.pipeline.file_system.utils import download_if_needed, is_local
from rastervision.pipeline.masking import mask

if TYPE_CHECKING:
    pass

log = logging.getLogger(__name__)

VRT_FILE = 'index.vrt'
OPAQUE = '255'


@dataclass(frozen=True)
class _Image:
    """The header of an image."""

    path: str
    size: tuple[int, int]
    transform: Affine
    crs: str | None
    dtypes: tuple[str, ...]
    nodata: tuple[Any, ...]
    colours: tuple[ColorInterp, ...]
    has_mask: bool
    alpha: int | None  # the band, from 1
    hides_alpha: bool  # whether GDAL passes it over, as it does where there are NODATA values too
    misread: tuple[bool, ...]  # whether GDAL takes another value for NODATA than is written, so that its mask is wrong

    @classmethod
    def of(cls, path: str, trust_references: bool = False, channels: Sequence[int] = ()) -> '_Image':
        with raster_errors(path), open_raster(path, trust_references=trust_references) as dataset:
            nodata = Nodata.of(dataset, channels)
            return cls(
                path,
                dataset.shape,
                dataset.transform,
                dataset.crs.to_wkt() if dataset.crs else None,
                dataset.dtypes,
                nodata.values,
                dataset.colorinterp,
                has_own_mask(dataset),
                nodata.alpha,
                nodata.hides_alpha,
                tuple(
                    value is not None and known is not None and not same_value(float(value), known)
                    for value, known in zip(nodata.values, dataset.nodatavals, strict=True)
                ),
            )

    @property
    def is_masked(self) -> bool:
        """Whether there is a mask or an alpha band."""
        return self.has_mask or self.alpha is not None

    @property
    def has_values(self) -> bool:
        """Whether any band has a NODATA value."""
        return any(value is not None for value in self.nodata)


def locate_images(
    uris: Sequence[str], download_dir: str | None = None, *, stream: bool = False, trust_references: bool = False
) -> list[str]:
    """What GDAL calls the images, after downloading remote ones.

    Args:
        uris: The images.
        download_dir: Where to download to. None: the usual folder for downloads.
        stream: Leave remote images where they are, to be read in parts, unless something that belongs to them would
            be missed.
        trust_references: See `open_raster`.

    Raises:
        NotReadableError: If an image is missing.
    """

    def locate(uri: str) -> str:
        name = RasterName.of(uri)
        if (
            name.file is None
            or name.file.startswith('/vsi')
            or (stream and not _is_downloaded(uri, name, trust_references))
        ):
            return vsi_path(uri)
        return vsi_path(name.with_file(download_if_needed(name.file, download_dir)))

    return [locate(uri) for uri in uris]


def _is_downloaded(uri: str, name: RasterName, trust_references: bool) -> bool:
    """Whether an image is downloaded though it may be streamed, so that what belongs to it counts."""
    if name.file is None or is_local(name.file):
        return False
    if is_looked_through(name) and not is_trusted(trust_references):
        why = 'its format may refer to other files, which has to be seen first'
    elif needs_download(name.file):
        why = 'files belong to it, such as a mask, which GDAL does not find at an address with a query'
    else:
        return False
    log.warning('%s is downloaded, not streamed: %s.', mask(uri), why)
    return True


def mosaic_xml(paths: Sequence[str], trust_references: bool = False, channels: Sequence[int] = ()) -> str:
    """Describe images side by side as the XML of a VRT, which GDAL opens like an image.

    Pixels are copied, never resampled: an image that is off the grid of the first one by a part of a pixel is put at
    the nearest pixel. Where images overlap, the later one is on top, except where it has no data. What no image covers
    is NODATA, and so is what has the NODATA value of its own image, whatever the others' is.

    Costs the reading of one header per image.

    Args:
        paths: The images, as GDAL calls them.
        trust_references: See `open_raster`.
        channels: Indices of channels, from 0, that are data, also if they are labelled alpha.

    Raises:
        NotReadableError: If an image cannot be opened.
        DataError: If the images have not the same CRS, resolution, bands and dtypes, or are not georeferenced.
    """
    images = [_Image.of(path, trust_references, channels) for path in paths]
    first = images[0]
    for image in images:
        _check_fits(first, image)
    boxes = [_place(first, image) for image in images]
    ymin, xmin = min(box.ymin for box in boxes), min(box.xmin for box in boxes)
    frame = Box(ymin, xmin, max(box.ymax for box in boxes), max(box.xmax for box in boxes))
    placed = [(image, box.to_local_coords(frame)) for image, box in zip(images, boxes, strict=True)]

    root = ET.Element('VRTDataset', rasterXSize=str(frame.width), rasterYSize=str(frame.height))
    if first.crs is not None:
        ET.SubElement(root, 'SRS', dataAxisToSRSAxisMapping='1,2').text = first.crs
    a, b, c, d, e, f = tuple(first.transform)[:6]
    origin = (a * xmin + b * ymin + c, a, b, d * xmin + e * ymin + f, d, e)
    ET.SubElement(root, 'GeoTransform').text = ', '.join(repr(float(number)) for number in origin)
    by_value = _has_common_nodata(images)
    for band in range(len(first.dtypes)):
        _add_band(root, band, placed, by_value=by_value)
    is_told = by_value or any(image.alpha is not None for image in images)
    is_mixed = not by_value and any(image.has_values for image in images)
    if is_mixed or any(image.has_mask for image in images) or not (is_told or _is_covered(frame.extent, placed)):
        _add_mask(root, placed)
    return ET.tostring(root, encoding='unicode')


def write_vrt(paths: Sequence[str], vrt_dir: str) -> str:
    """Write the VRT of `mosaic_xml` to a local folder and return its path."""
    vrt_path = os.path.join(vrt_dir, VRT_FILE)
    build_vrt(vrt_path, list(paths))
    return vrt_path


def build_vrt(vrt_path: str, image_uris: list[str]) -> None:
    """Write the VRT of `mosaic_xml` to a local file.

    Args:
        vrt_path: The file.
        image_uris: Local images, or remote ones to be streamed.
    """
    from rastervision.pipeline.file_system.utils import str_to_file

    str_to_file(mosaic_xml([vsi_path(uri) for uri in image_uris]), vrt_path)


def download_and_build_vrt(image_uris: list[str], vrt_dir: str, stream: bool = False) -> str:
    """Download images and write a VRT of them.

    Args:
        image_uris: The images.
        vrt_dir: Local folder for the images and the VRT.
        stream: Leave remote images where they are.

    Returns:
        Path of the VRT.
    """
    return write_vrt(locate_images(image_uris, vrt_dir, stream=stream), vrt_dir)


def _has_common_nodata(images: Sequence[_Image]) -> bool:
    """Whether each band has a NODATA value, the same in all images."""
    first = images[0].nodata
    return all(value is not None for value in first) and all(
        same_value(a, b) for image in images for a, b in zip(image.nodata, first, strict=True)
    )


def _is_covered(frame: Box, placed: 'Sequence[tuple[_Image, Box]]') -> bool:
    """Whether every pixel of the frame is in an image."""
    return bool(shapely.union_all([box.to_shapely() for _, box in placed]).area == frame.area)


def _check_fits(first: _Image, image: _Image) -> None:
    height, width = image.size
    # Over its whole extent, an image may be off by less than half a pixel.
    (a, b, _, d, e, _), (a1, b1, _, d1, e1, _) = tuple(first.transform)[:6], tuple(image.transform)[:6]
    drift = abs(a - a1) * width + abs(b - b1) * height + abs(d - d1) * width + abs(e - e1) * height
    pixel = min(abs(a) + abs(d), abs(b) + abs(e))
    for what, fits, values in (
        ('georeferencing', not image.transform.is_identity, ('a position', 'none')),
        ('CRS', first.crs == image.crs, (first.crs, image.crs)),
        ('resolution', drift < pixel / 2, ((a, b, d, e), (a1, b1, d1, e1))),
        ('number of bands', len(first.dtypes) == len(image.dtypes), (len(first.dtypes), len(image.dtypes))),
        ('dtype', first.dtypes == image.dtypes, (first.dtypes, image.dtypes)),
    ):
        if not fits:
            raise DataError(
                f'{image.path!r} cannot be joined with {first.path!r} to one image: their {what} differs: '
                f'{values[1]!r:.300} and {values[0]!r:.300}. Convert it first, such as with gdalwarp, or make it a '
                'scene of its own.'
            )


def _place(first: _Image, image: _Image) -> Box:
    """An image's box in pixels of the first one."""
    pixel_of = ~first.transform
    left, top = image.transform.c, image.transform.f
    x = pixel_of.a * left + pixel_of.b * top + pixel_of.c
    y = pixel_of.d * left + pixel_of.e * top + pixel_of.f
    height, width = image.size
    return Box(round(y), round(x), round(y) + height, round(x) + width)


def _add_band(root: ET.Element, band: int, placed: Sequence[tuple[_Image, Box]], *, by_value: bool) -> None:
    first = placed[0][0]
    element = _band_element(root, first, band)
    if by_value:
        ET.SubElement(element, 'NoDataValue').text = _number(first.nodata[band])
    ET.SubElement(element, 'ColorInterp').text = _colour_name(first.colours[band])
    for image, box in placed:
        _show_data(_add_source(element, image, box, str(band + 1)), image, band)


def _add_mask(root: ET.Element, placed: Sequence[tuple[_Image, Box]]) -> None:
    """Add a mask of what is data in any band of an image."""
    element = ET.SubElement(ET.SubElement(root, 'MaskBand'), 'VRTRasterBand', dataType='Byte')
    for image, box in placed:
        bands = [band for band in range(len(image.nodata)) if band + 1 != image.alpha]
        for band in bands if image.has_values else [0]:
            if image.nodata[band] is not None and (image.is_masked or image.misread[band]):
                source = _add_source(element, image, box, str(band + 1))
                _show_as_opaque(source)
                _show_data(source, image, band)
            else:
                source = _add_source(element, image, box, f'mask,{band + 1}')
                if image.hides_alpha:
                    _read_from(source, _with_alpha_only(image, band), 'mask,1')
                ET.SubElement(source, 'NODATA').text = '0'


def _show_data(source: ET.Element, image: _Image, band: int) -> None:
    """Let only those pixels of a band (from 0) hide others that are neither NODATA nor masked.

    Of a source with a NODATA value GDAL does not look at the mask: there, masked pixels are made to have that value.
    """
    if band + 1 == image.alpha:
        ET.SubElement(source, 'NODATA').text = '0'
    elif image.nodata[band] is not None:
        if image.is_masked:
            _read_from(source, _with_mask_as_value(image, band))
        ET.SubElement(source, 'NODATA').text = _number(image.nodata[band])
    elif image.is_masked:
        _use_mask(source, image, band)


def _read_from(source: ET.Element, vrt: ET.Element, band: str = '1') -> None:
    """Read a source from a VRT instead."""
    for tag, text in (('SourceFilename', ET.tostring(vrt, encoding='unicode')), ('SourceBand', band)):
        element = source.find(tag)
        assert element is not None
        element.text = text


def _with_mask_as_value(image: _Image, band: int) -> ET.Element:
    """A VRT of one band (from 0) of an image, in which masked pixels have the NODATA value."""
    root = _root(image)
    element = _band_element(root, image, band)
    ET.SubElement(element, 'NoDataValue').text = _number(image.nodata[band])
    _use_mask(_add_source(element, image, _frame(image), str(band + 1)), image, band)
    return root


def _use_mask(source: ET.Element, image: _Image, band: int) -> None:
    ET.SubElement(source, 'UseMaskBand').text = 'true'
    if image.hides_alpha:
        _read_from(source, _with_alpha_only(image, band))


def _with_alpha_only(image: _Image, band: int) -> ET.Element:
    """A VRT of one band (from 0) of an image, whose mask is the alpha band that GDAL passes over."""
    assert image.alpha is not None
    root = _root(image)
    _add_source(_band_element(root, image, band), image, _frame(image), str(band + 1))
    mask = ET.SubElement(ET.SubElement(root, 'MaskBand'), 'VRTRasterBand', dataType='Byte')
    _show_as_opaque(_add_source(mask, image, _frame(image), str(image.alpha)))
    _show_data(mask[-1], image, image.alpha - 1)
    return root


def _show_as_opaque(source: ET.Element) -> None:
    ET.SubElement(source, 'ScaleOffset').text = OPAQUE
    ET.SubElement(source, 'ScaleRatio').text = '0'


def _root(image: _Image) -> ET.Element:
    height, width = image.size
    return ET.Element('VRTDataset', rasterXSize=str(width), rasterYSize=str(height))


def _frame(image: _Image) -> Box:
    return Box(0, 0, *image.size)


def _band_element(root: ET.Element, image: _Image, band: int) -> ET.Element:
    """Add a band with the dtype of one (from 0) of an image."""
    dtype = typename_fwd[dtype_rev[image.dtypes[band]]]
    return ET.SubElement(root, 'VRTRasterBand', dataType=dtype, band=str(len(root.findall('VRTRasterBand')) + 1))


def _add_source(element: ET.Element, image: _Image, box: Box, band: str) -> ET.Element:
    height, width = image.size
    source = ET.SubElement(element, 'ComplexSource')
    ET.SubElement(source, 'SourceFilename', relativeToVRT='0').text = image.path
    ET.SubElement(source, 'SourceBand').text = band
    size: dict[str, Any] = {'xSize': str(width), 'ySize': str(height)}
    ET.SubElement(source, 'SrcRect', xOff='0', yOff='0', **size)
    ET.SubElement(source, 'DstRect', xOff=str(box.xmin), yOff=str(box.ymin), **size)
    return source


def _number(value: Any) -> str:
    return str(int(value)) if np.asarray(value).dtype.kind in 'iu' else repr(float(value))


def _colour_name(colour: ColorInterp) -> str:
    return str(colour.name).capitalize()
