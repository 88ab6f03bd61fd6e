"""STAC items on a grid of pixels, read by odc-stac."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ConfigError, DataError, NotReadableError, did_you_mean

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox
    from pystac import Item
    from xarray import DataArray

CHUNK_SZ = 1024


def load_items(
    items: Sequence['Item'], *, temporal: bool, stream: bool, options: Mapping[str, Any]
) -> tuple['DataArray', 'GeoBox']:
    """Put the assets of STAC items on one grid of pixels.

    Args:
        items: The items, all with the same assets.
        temporal: Keep times apart. If not, items are merged; where they overlap, the first one with data is taken.
        stream: Read pixels when they are asked for, in chunks. If not, all are read at once.
        options: Of `odc.stac.load` or `stackstac.stack`; see `to_odc`. With `rescale=True`, values are multiplied and
            shifted as the items' metadata say.

    Returns:
        Array of dims (time,) y, x, band with the attribute `nodata`, if there is one; and its geography.

    Raises:
        ConfigError: If an option is unknown, or there are no items.
        NotReadableError: If the items cannot be read.
        MissingDependencyError: If odc-stac is not installed.
    """
    lazy.require('odc.stac', 'rastervision_core[stac]')
    import odc.stac

    if not items:
        raise ConfigError('The STAC item collection has no items. Check the search it came from.')
    arguments = to_odc(options)
    rescale = arguments.pop('rescale')
    if stream:
        arguments.setdefault('chunks', {'x': CHUNK_SZ, 'y': CHUNK_SZ})
    if not temporal:
        arguments.setdefault('groupby', lambda *_: 0)
    try:
        dataset = odc.stac.load(items, **arguments)
    except (ValueError, OSError) as error:
        raise NotReadableError(
            f'STAC item {items[0].id!r} (of {len(items)}) cannot be read: {error}. If its CRS or resolution is not '
            "known, give them, as in stackstac_args={'crs': 'epsg:32633', 'resolution': 10}."
        ) from error
    nodata = {band.attrs.get('nodata') for band in dataset.data_vars.values()}
    array = dataset.to_array('band')
    array.attrs = {'nodata': nodata.pop()} if len(nodata) == 1 and None not in nodata else {}
    if rescale:
        array = _rescaled(array, items)
    array = array.transpose('time', 'y', 'x', 'band') if temporal else array.isel(time=0).transpose('y', 'x', 'band')
    return array, dataset.odc.geobox


def to_odc(options: Mapping[str, Any]) -> dict[str, Any]:
    """Translate options of `stackstac.stack` to those of `odc.stac.load`.

    Raises:
        ConfigError: If there is no such option.
    """
    import odc.stac

    arguments = {'rescale': False, **options}
    if 'assets' in arguments:
        arguments['bands'] = arguments.pop('assets')
    if 'epsg' in arguments:
        arguments['crs'] = f'epsg:{arguments.pop("epsg")}'
    if 'bounds_latlon' in arguments:
        arguments['bbox'] = tuple(arguments.pop('bounds_latlon'))
    if 'bounds' in arguments:
        xmin, ymin, xmax, ymax = arguments.pop('bounds')
        arguments |= {'x': (xmin, xmax), 'y': (ymin, ymax)}
    if 'chunksize' in arguments:
        size = arguments.pop('chunksize')
        arguments['chunks'] = {'x': size, 'y': size}
    if hasattr(arguments.get('resampling'), 'name'):
        arguments['resampling'] = arguments['resampling'].name
    known = {'rescale', *inspect.signature(odc.stac.load).parameters} - {'items', 'kw'}
    for name in arguments:
        if name not in known:
            raise ConfigError(
                f'stackstac_args: unknown option {name!r}. Choose from {", ".join(sorted(known))}'
                f'{did_you_mean(name, known) or "."}'
            )
    return arguments


def _rescaled(array: 'DataArray', items: Iterable['Item']) -> 'DataArray':
    """Pixel values times the scale plus the offset of each band, as float32; NODATA becomes NaN."""
    import xarray

    items = list(items)
    scales, offsets = [], []
    for band in array.band.values:
        known = {_scale_and_offset(item, str(band)) for item in items}
        if len(known) > 1:
            raise DataError(
                f'Items scale asset {band!r} differently: {sorted(known)!r}. Use rescale=False and scale each alone.'
            )
        scale, offset = known.pop()
        scales.append(scale)
        offsets.append(offset)
    values = array.astype('float32')
    if 'nodata' in array.attrs:
        values = values.where(array != array.attrs['nodata'])
    scaled = values * xarray.DataArray(scales, dims='band').astype('float32') + xarray.DataArray(
        offsets, dims='band'
    ).astype('float32')
    return scaled.assign_attrs({'nodata': float('nan')})


def _scale_and_offset(item: 'Item', band: str) -> tuple[float, float]:
    asset = item.assets.get(band)
    bands = asset.extra_fields.get('raster:bands') or [asset.extra_fields] if asset else [{}]
    return float(bands[0].get('scale', 1)), float(bands[0].get('offset', 0))
