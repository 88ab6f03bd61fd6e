"""STAC items on a grid of pixels, read by odc-stac."""

import inspect
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rastervision.core.data.alpha import labelled_alpha
from rastervision.core.data.nodata import Nodata, same_value
from rastervision.core.data.raster_companions import check_source
from rastervision.core.data.raster_drivers import DESCRIPTION_SUFFIXES, check_references, described_by, is_trusted
from rastervision.core.data.raster_names import RasterName
from rastervision.core.data.rasterio_io import common_dtype, open_raster
from rastervision.core.data.stac_io import href_of, stac_errors
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ConfigError, DataError, NotReadableError, did_you_mean
from rastervision.pipeline.file_system.utils import is_local

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox
    from pystac import Asset, Item
    from xarray import DataArray, Dataset

log = logging.getLogger(__name__)

CHUNK_SZ = 1024
HINT = (
    " If its CRS or resolution is not known, give them, as in stackstac_args={'crs': 'epsg:32633', 'resolution': 10}."
)
EXACT = 2.0**53  # whole numbers up to here are the same as float64
MAX_SIDE = 10_000_000  # rows or columns of a grid: once around the earth in steps of 4 m
MAX_STREAMED, MAX_LOADED = 5e10, 2e9  # values, of all bands and times


@dataclass(frozen=True)
class Loaded:
    """Images of STAC items on a grid.

    Attributes:
        array: Pixels, of dims (time,) y, x, band, with the attribute `nodata`, if there is one value for all.
        valid: Which of them are data, where not 0: an array of the same dims; None: that value says all.
        geobox: The grid.
        channels: Indices of the bands that are no alpha bands; None: all.
        is_nodata_known: Whether an image says what is NODATA, or gaps between images do.
    """

    array: 'DataArray'
    valid: 'DataArray | None'
    geobox: 'GeoBox'
    channels: list[int] | None = None
    is_nodata_known: bool = True


def load_items(
    items: Sequence['Item'],
    *,
    temporal: bool,
    stream: bool,
    options: Mapping[str, Any],
    channels: Sequence[int] | None = None,
) -> Loaded:
    """Put the assets of STAC items on one grid of pixels.

    Args:
        items: The items, all with the same assets.
        temporal: Keep times apart. If not, items are merged; where they overlap, the first one with data is taken.
        stream: Read pixels when they are asked for, in chunks. If not, all are read at once.
        options: Of `odc.stac.load` or `stackstac.stack`; see `to_odc`. With `rescale=True`, values are multiplied and
            shifted as the items' metadata say.
        channels: Indices of bands that are known to be data, also if they are labelled alpha.

    Raises:
        ConfigError: If an option is unknown, or there are no items.
        NotReadableError: If the items cannot be read.
        MissingDependencyError: If odc-stac is not installed.
    """
    lazy.require('odc.stac', 'rastervision_core[stac]')

    if not items:
        raise ConfigError('The STAC item collection has no items. Check the search it came from.')
    arguments = to_odc(options)
    rescale = arguments.pop('rescale')
    if stream:
        arguments.setdefault('chunks', {'x': CHUNK_SZ, 'y': CHUNK_SZ})
    if not temporal:
        arguments.setdefault('groupby', lambda *_: 0)
    what = _named(items)
    with stac_errors(what, HINT):
        items, facts = with_headers(items, arguments.get('bands'))
        asked, bands = arguments.get('bands') or (), _all_bands(items, arguments.get('bands'))
        if bands is not None:
            arguments['bands'] = bands
        _check_grid(what, items, arguments, stream=stream, num_times=len(items) if temporal else 1)
        names = _names_of_bands(items, arguments)
        alpha = [index for index, name in enumerate(names) if name in facts.alpha and name not in asked]
        alpha_is_data = not facts.alpha.isdisjoint(asked) or not set(alpha).isdisjoint(channels or ())
        dataset, validity = _load(items, arguments, facts, alpha_is_data=alpha_is_data)
        geobox = dataset.odc.geobox
        array = _as_array(dataset, geobox, what)
        valid = None if validity is None else _as_array(validity, geobox, what)
        if array.dtype.kind not in 'buifc':
            raise DataError(f'{what}: its values are {array.dtype}, not numbers. Check data_type of its bands.')
        if rescale:
            array = _rescaled(array, items)
    if valid is not None and 'nodata' not in arguments and not rescale:
        array.attrs = {}  # one value is not all that there is to know, and may be data in another band
    return Loaded(
        _ordered(array, temporal=temporal),
        None if valid is None else _ordered(valid, temporal=temporal),
        geobox,
        [index for index in range(len(names)) if index not in alpha] if alpha else None,
        facts.is_declared or len(items) > 1,
    )


def _named(items: 'Sequence[Item]') -> str:
    """Items, for messages."""
    href = items[0].get_self_href()
    what = f'STAC item {items[0].id!r:.100}' + (f' (of {len(items)})' if len(items) > 1 else '')
    return what + (f' of {href!r}' if href else '')


def _load(
    items: 'Sequence[Item]', arguments: Mapping[str, Any], facts: 'Headers', *, alpha_is_data: bool
) -> 'tuple[Dataset, Dataset | None]':
    """Pixels of items, and which are data; None: the NODATA value of each band, the same for all, says it."""
    import odc.stac

    if 'driver' in arguments or facts.is_simple(items):
        return odc.stac.load(items, **arguments), None
    from rastervision.core.data.stac_reading import PixelDriver, ValidityDriver

    as_validity = {name: value for name, value in arguments.items() if name not in ('fuse_func', 'dtype', 'nodata')}
    hrefs = [href_of(item, asset) for item in items for asset in item.assets.values()]
    how: dict[str, Any] = {'alpha_is_data': alpha_is_data, 'is_local': all(map(is_local, hrefs))}
    pixels = odc.stac.load(items, **arguments, driver=PixelDriver(**how))
    return pixels, odc.stac.load(items, **as_validity, dtype='uint8', nodata=0, driver=ValidityDriver(**how))


def _as_array(dataset: 'Dataset', geobox: 'GeoBox', what: str) -> 'DataArray':
    dataset = dataset.rename(dict(zip(geobox.dimensions, ('y', 'x'), strict=True)))
    nodata = {band.attrs.get('nodata') for band in dataset.data_vars.values()}
    array = dataset.to_array('band').rename(what)
    array.attrs = {'nodata': nodata.pop()} if len(nodata) == 1 and None not in nodata else {}
    return array


def _ordered(array: 'DataArray', *, temporal: bool) -> 'DataArray':
    return array.transpose('time', 'y', 'x', 'band') if temporal else array.isel(time=0).transpose('y', 'x', 'band')


@dataclass
class Headers:
    """What headers of images, and the metadata of items, say of pixels without data.

    Attributes:
        alpha: Names of bands that are alpha.
        values: NODATA values of all bands; None of one that says nothing.
        has_masks: Whether there is an image with a mask or an alpha band.
    """

    alpha: set[str] = field(default_factory=set)
    values: list[Any] = field(default_factory=list)
    has_masks: bool = False

    @property
    def is_declared(self) -> bool:
        """Whether any image says what is NODATA."""
        return self.has_masks or any(value is not None for value in self.values)

    def is_simple(self, items: 'Sequence[Item]') -> bool:
        """Whether one NODATA value, the same for all bands, says what is data, also between images."""
        is_alike = len(items) == 1 or all(item.collection_id is not None for item in items)
        known = self.values[0] if self.values else None
        if self.has_masks or not is_alike or known is None:
            return False
        return abs(known) <= EXACT and all(same_value(known, value) for value in self.values)


def with_headers(items: 'Sequence[Item]', assets: Sequence[str] | None) -> 'tuple[list[Item], Headers]':
    """Items that say of each asset how many bands it has, their dtypes and NODATA, from the images' headers.

    Many catalogues do not say that, and it is then one band of float32 without NODATA. Opens one header for each asset
    of the first item of each collection, as others of the collection are taken to be alike; none if the item says it.

    Args:
        items: The items; they are not changed.
        assets: Names of those that count. None: all.

    Returns:
        The items, and what is known of pixels without data.

    Raises:
        NotReadableError: If what an asset leads to is no image of the kind that its name promises.
    """
    seen: set[str | None] = set()
    described, facts = [], Headers()
    for item in items:
        is_first = item.collection_id not in seen
        seen.add(item.collection_id)
        item = item.clone()
        for name, asset in item.assets.items():
            if assets is None or any(name == str(band).partition('.')[0] for band in assets):
                _check_asset(item, asset)
                if is_first and _may_be_image(asset):
                    if not _says_bands(asset):
                        _describe_bands(item, name, asset, facts)
                    said = asset.extra_fields.get('bands') or asset.extra_fields.get('raster:bands') or [{}]
                    facts.values += [_nodata_of(band) for band in said]
        described.append(item)
    return described, facts


def _check_asset(item: 'Item', asset: 'Asset') -> None:
    """See that a local asset neither describes other files nor refers to some; odc-stac opens it with any driver."""
    href = href_of(item, asset)
    name = RasterName.of(href).local()
    if not is_trusted() and name.file is not None and not name.file.startswith('/vsi'):
        check_references(href, name)
        kind = described_by(name.file) if _may_be_image(asset) and name.suffix not in DESCRIPTION_SUFFIXES else None
        if kind is not None:
            raise NotReadableError(
                f'STAC item {item.id!r:.100}: {href!r:.300} is a text ({kind:.40}), not an image of the kind that '
                'its name promises.'
            )
        if _may_be_image(asset):
            check_source(href, href)


def _may_be_image(asset: 'Asset') -> bool:
    roles = set(asset.roles or ())
    return not roles & {'thumbnail', 'overview', 'metadata'} and str(asset.media_type or 'image/').startswith('image/')


def _says_bands(asset: 'Asset') -> bool:
    bands: list[Any] = asset.extra_fields.get('bands') or asset.extra_fields.get('raster:bands') or []
    says = [isinstance(band, dict) and 'nodata' in band and 'data_type' in band for band in bands]
    return bool(says) and all(says)


def _nodata_of(band: Any) -> float | None:
    """The NODATA value that the metadata of a band say."""
    value = band.get('nodata') if isinstance(band, dict) else None
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


def _describe_bands(item: 'Item', name: str, asset: 'Asset', facts: Headers) -> None:
    """Write what the header of an asset says into its `raster:bands`, under what these say; and note it."""
    said: list[Any] = asset.extra_fields.get('bands') or asset.extra_fields.get('raster:bands') or []
    try:
        with open_raster(href_of(item, asset)) as dataset:
            nodata = Nodata.of(dataset, range(dataset.count))
            found = [
                {'data_type': common_dtype(dataset, [band]).name} | ({} if value is None else {'nodata': value.item()})
                for band, value in zip(dataset.indexes, nodata.values, strict=True)
            ]
            facts.has_masks |= nodata.masked
            alpha = labelled_alpha(dataset)
            if alpha is not None:
                facts.has_masks = True
                facts.alpha.add(name if dataset.count == 1 else f'{name}.{alpha}')
    except NotReadableError as error:
        log.info('STAC item %r: the header of asset %r cannot be read: %s', item.id, name, error)
        return
    if len(said) not in (0, len(found)):
        log.warning(
            'STAC item %r says that asset %r has %d bands, its file has %d. Those of the file count.',
            item.id,
            name,
            len(said),
            len(found),
        )
        said = []
    own = ('data_type', 'nodata', 'scale', 'offset', 'unit')
    kept = [{key: value for key, value in band.items() if key in own} for band in said] or [{}] * len(found)
    asset.extra_fields['raster:bands'] = [band | known for band, known in zip(found, kept, strict=True)]
    asset.extra_fields.pop('bands', None)


def _all_bands(items: 'Sequence[Item]', wanted: Sequence[str] | None) -> list[str] | None:
    """Names of all bands of the assets that are named; odc-stac takes the name of an asset for its first band."""
    if wanted is None:
        return None
    names: list[str] = []
    for name in [wanted] if isinstance(wanted, str) else wanted:
        asset = items[0].assets.get(name)
        count = 1 if asset is None else len(asset.extra_fields.get('raster:bands') or [None])
        names += [name] if count == 1 else [f'{name}.{band}' for band in range(1, count + 1)]
    return names


def _names_of_bands(items: 'Sequence[Item]', arguments: Mapping[str, Any]) -> list[str]:
    """Names of the bands that are read, in their order, as odc-stac has them."""
    import odc.stac

    parsed = next(odc.stac.parse_items(items[:1], cfg=arguments.get('stac_cfg')))
    return list(parsed.collection.resolve_bands(arguments.get('bands')))


def _check_grid(
    what: str, items: 'Sequence[Item]', arguments: Mapping[str, Any], *, stream: bool, num_times: int
) -> None:
    """See that the grid is not larger than can be: metadata that are off by a power of ten make it so.

    Raises:
        DataError: If it is.
    """
    import odc.stac

    known = inspect.signature(odc.stac.output_geobox).parameters
    parsed = list(odc.stac.parse_items(items, cfg=arguments.get('stac_cfg')))
    names = arguments.get('bands')
    bands = list(parsed[0].collection.resolve_bands(names))
    options = {name: value for name, value in arguments.items() if name in known and name not in ('items', 'bands')}
    geobox = odc.stac.output_geobox(parsed, bands=bands, **options)
    if geobox is None:
        return  # loading says why
    height, width = (int(size) for size in geobox.shape)
    values = height * width * len(bands) * num_times
    limit = MAX_STREAMED if stream else MAX_LOADED
    if values > limit or max(height, width) > MAX_SIDE:
        way = 'Limit it by bbox (in degrees) or x and y, or choose a coarser resolution' + (
            '.' if stream else ', or stream it (allow_streaming=True).'
        )
        raise DataError(
            f'{what}: the grid would have {height:,} x {width:,} pixels, {len(bands)} bands and {num_times} times, '
            f'more than {limit:,.0f} values or {MAX_SIDE:,} rows. {way} Are proj:transform and proj:shape right?'
        )


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
    name, _, number = band.rpartition('.')
    asset, index = (item.assets[name], int(number) - 1) if name in item.assets else (item.assets.get(band), 0)
    bands = asset.extra_fields.get('raster:bands') or [asset.extra_fields] if asset else [{}]
    fields = bands[min(index, len(bands) - 1)]
    return float(fields.get('scale', 1)), float(fields.get('offset', 0))
