"""Images and labels listed in STAC catalogues that use the label extension.

See https://github.com/stac-extensions/label.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rastervision.pipeline import lazy
from rastervision.pipeline.errors import DataError, MissingFileError, NotReadableError, UnknownArchiveError
from rastervision.pipeline.file_system.archives import is_archive
from rastervision.pipeline.file_system.utils import extract

if TYPE_CHECKING:
    from pystac import Asset, Catalog, Item

PYSTAC = ('pystac', 'rastervision_core[stac]')
LABEL_EXTENSIONS = 'stac-extensions.github.io/label/', 'githubusercontent.com/stac-extensions/label/'
CATALOG_FILES = ('catalog.json', 'collection.json')


def setup_stac_io() -> None:
    """Let pystac, in all of this process, read and write through Raster Vision's file systems, so S3 too."""
    lazy.require(*PYSTAC)
    from pystac import StacIO

    from rastervision.core.data.stac_io import FileSystemStacIO

    StacIO.set_default(FileSystemStacIO)


def is_label_item(item: 'Item') -> bool:
    """Whether an item has the label extension."""
    return any(
        extension == 'label' or any(known in extension for known in LABEL_EXTENSIONS)
        for extension in item.stac_extensions
    )


def get_linked_image_item(label_item: 'Item') -> 'Item | None':
    """The item of the image that labels were made from, which a label item links to as its source.

    Raises:
        NotReadableError: If the link leads nowhere.
    """
    from pystac import Item

    return next((item for item in label_item.get_stac_objects('source') if isinstance(item, Item)), None)


def parse_stac(stac_uri: str, item_limit: int | None = None) -> list[dict[str, Any]]:
    """Find the labels of a STAC catalogue, and the images they belong to.

    Costs reading the JSON files of all items up to the last one that is used.

    Args:
        stac_uri: JSON file of a catalogue or a collection. The catalogues it links to are searched too.
        item_limit: Number of label items to stop at. None: all.

    Returns:
        Of each label item, in the order of the catalogue, a dict of

        - `label_uri`: URI of the labels;
        - `image_uris`: URIs of the images;
        - `label_bbox`, `image_bbox`: shapely boxes in EPSG:4326, None if the item has none;
        - `bboxes_intersect`: whether these two do;
        - `aoi_geometry`: geometry of the label item as GeoJSON in EPSG:4326.

        Of labels that are linked to no image, `image_uris` is empty.

    Raises:
        NotReadableError: If a file cannot be read.
        DataError: If it is no STAC catalogue, has no label items, or one has no asset with labels.
    """
    lazy.require(*PYSTAC)
    import pystac

    from rastervision.core.data.stac_io import FileSystemStacIO, stac_errors

    with stac_errors(f'The catalogue {stac_uri!r}'):
        catalog = pystac.read_file(stac_uri, stac_io=FileSystemStacIO())
        if not isinstance(catalog, pystac.Catalog):
            raise DataError(f'{stac_uri!r} is a STAC {type(catalog).__name__}, not a catalogue or collection.')
        label_items = (item for item in _items_in(catalog) if is_label_item(item))
        described = []
        for item in islice(label_items, item_limit):
            with stac_errors(f'STAC item {item.id!r:.100} in {stac_uri!r}'):
                described.append(_describe(item))
        if not described and (item_limit is None or item_limit > 0):
            raise DataError(
                f'{stac_uri!r} has no label items: none of its items names the label extension of STAC among its '
                f'stac_extensions, such as https://{LABEL_EXTENSIONS[0]}v1.0.1/schema.json.'
            )
        return described


def read_stac(uri: str, extract_dir: str | None = None, **kwargs: Any) -> list[dict[str, Any]]:
    """Find the labels of a STAC catalogue, which may be in an archive.

    Args:
        uri: JSON file of a catalogue, or an archive with a file `catalog.json`.
        extract_dir: Where to unpack an archive. None: a folder in the cache.
        kwargs: Passed to `parse_stac`.

    Returns:
        See `parse_stac`.

    Raises:
        NotReadableError: See `parse_stac`; or if there is no catalogue in the archive.
        UnknownArchiveError: If there is no such file, and its name is not that of a catalogue or an archive.
        DataError: See `parse_stac`.
    """
    if is_archive(uri):
        uri = _find_catalog(extract(uri, extract_dir), uri)
    try:
        return parse_stac(uri, **kwargs)
    except MissingFileError as error:
        if uri.endswith('.json'):
            raise
        raise UnknownArchiveError(f'{error} It would not be JSON or an archive either, by its name.') from error


def _find_catalog(folder: str, uri: str) -> str:
    """The uppermost catalogue in a folder."""
    for name in CATALOG_FILES:
        paths = sorted(Path(folder).rglob(name), key=lambda path: (len(path.parts), path))
        if paths:
            return str(paths[0])
    raise NotReadableError(f'There is no {" or ".join(CATALOG_FILES)} in {uri!r}. Give the JSON file of the catalogue.')


def _items_in(catalog: 'Catalog') -> 'Iterator[Item]':
    """The items of a catalogue and those it links to, in order; a catalogue that is linked to again is left out."""
    seen: set[str] = set()
    waiting = [catalog]
    while waiting:
        current = waiting.pop()
        href = current.get_self_href() or str(id(current))
        if href in seen:
            continue
        seen.add(href)
        yield from current.get_items()
        waiting += reversed(list(current.get_children()))


def _describe(label_item: 'Item') -> dict[str, Any]:
    """What `parse_stac` says of a label item."""
    image_item = get_linked_image_item(label_item)
    label_bbox, image_bbox = _bbox(label_item), _bbox(image_item)
    return {
        'label_uri': _label_uri(label_item),
        'image_uris': [] if image_item is None else _image_uris(image_item),
        'label_bbox': label_bbox,
        'image_bbox': image_bbox,
        'bboxes_intersect': label_bbox is not None and image_bbox is not None and label_bbox.intersects(image_bbox),
        'aoi_geometry': label_item.geometry,
    }


def _bbox(item: 'Item | None') -> Any:
    """The bbox of an item as a shapely box, without heights."""
    import shapely

    if item is None or item.bbox is None:
        return None
    if len(item.bbox) not in (4, 6):
        raise DataError(f'STAC item {item.id!r:.100} has the bbox {item.bbox!r:.200}. It should have 4 or 6 numbers.')
    west, south, east, north = item.bbox if len(item.bbox) == 4 else [item.bbox[i] for i in (0, 1, 3, 4)]
    return shapely.box(west, south, east, north)


def _label_uri(item: 'Item') -> str:
    """URI of the labels: of the asset whose role says so, or whose name does, or of the only one with data."""
    from rastervision.core.data.stac_io import href_of

    assets = item.assets
    by_role = [asset for asset in assets.values() if {'labels', 'label'} & set(asset.roles or ())]
    by_name = [assets[name] for name in ('labels', 'label') if name in assets]
    candidates = by_role or by_name or _data_assets(item)
    if not candidates:
        raise DataError(f'STAC label item {item.id!r} has no asset with labels. It has {", ".join(assets) or "none"}.')
    return href_of(item, candidates[0])


def _image_uris(item: 'Item') -> list[str]:
    from rastervision.core.data.stac_io import href_of

    return [href_of(item, asset) for asset in _data_assets(item)]


def _data_assets(item: 'Item') -> list['Asset']:
    """The assets with the role `data`; if none has it, those with no role."""
    assets = list(item.assets.values())
    return [asset for asset in assets if 'data' in (asset.roles or ())] or [
        asset for asset in assets if not asset.roles
    ]
