"""Web Map Tile Services: what their capabilities say about the tiles of a layer.

OGC 07-057r7, https://www.ogc.org/standard/wmts/.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from rastervision.core.data.tile_grid import TileGrid, known_crs
from rastervision.pipeline.errors import ConfigError, DataError, did_you_mean
from rastervision.pipeline.file_system.file_system import MB
from rastervision.pipeline.file_system.utils import file_to_str

MAX_BYTES = 100 * MB  # of capabilities
PIXEL = 0.28e-3  # metres; the pixel that scale denominators are for, section 6.1
OPTION = re.compile(r',(layer|tilematrixset|style)=', re.IGNORECASE)
IMAGES = ('image/png', 'image/tiff', 'image/geotiff', 'image/webp', 'image/jpeg', 'image/jpg')  # the best one first


@dataclass(frozen=True)
class WmtsName:
    """What of a service is meant: `<capabilities>,layer=...,tilematrixset=...,style=...`.

    Attributes:
        uri: The capabilities.
        layer: The layer. None: the only one.
        matrix_set: The set of tile matrices. None: the only one.
        style: The style. None: the default one.
    """

    uri: str
    layer: str | None = None
    matrix_set: str | None = None
    style: str | None = None

    @classmethod
    def of(cls, name: str) -> 'WmtsName':
        """Take a name apart."""
        uri, *rest = OPTION.split(name)
        found = {key.lower(): value for key, value in zip(rest[::2], rest[1::2], strict=True)}
        return cls(uri, found.get('layer'), found.get('tilematrixset'), found.get('style'))


def open_wmts(name: str, zoom: int) -> TileGrid:
    """The tiles of a layer at a zoom; see `open_service`.

    Raises:
        ConfigError: If there is no such layer, set of matrices or zoom, or several to choose from.
        DataError: If these are no capabilities that can be used.
        NotReadableError: If the capabilities cannot be read.
    """
    named = WmtsName.of(name)
    root = _parsed(named.uri)
    contents = _one(root, 'Contents', named.uri)
    layer = _chosen(contents, 'Layer', named.layer, named.uri)
    sets = {_text(link, 'TileMatrixSet') for link in _all(layer, 'TileMatrixSetLink')}
    matrix_set = _chosen(contents, 'TileMatrixSet', named.matrix_set, named.uri, among=sets)
    crs = _text(matrix_set, 'SupportedCRS')
    matrices = sorted(_all(matrix_set, 'TileMatrix'), key=lambda each: -_numbers(each, 'ScaleDenominator')[0])
    if not 0 <= zoom < len(matrices):
        raise ConfigError(
            f'zoom {zoom}: {_id(matrix_set)!r} of {named.uri!r} has {len(matrices)} zooms, from 0, the coarsest.'
        )
    matrix, template = matrices[zoom], _template(root, layer, named)
    template = _filled(
        template, TileMatrixSet=_id(matrix_set), TileMatrix=_id(matrix), TileCol='{column}', TileRow='{row}'
    )
    return _grid(matrix, crs, template)


def _grid(matrix: ET.Element, crs_name: str, template: str) -> TileGrid:
    crs = known_crs(crs_name, 'SupportedCRS')
    size = int(_numbers(matrix, 'TileWidth')[0]), int(_numbers(matrix, 'TileHeight')[0])
    shape = int(_numbers(matrix, 'MatrixWidth')[0]), int(_numbers(matrix, 'MatrixHeight')[0])
    metres = crs.axis_info[0].unit_conversion_factor
    if crs.is_geographic and crs.ellipsoid is not None:
        metres *= crs.ellipsoid.semi_major_metre
    pixel = _numbers(matrix, 'ScaleDenominator')[0] * PIXEL / metres
    x, y = _numbers(matrix, 'TopLeftCorner')[:2]
    if crs.axis_info[0].direction == 'north' and crs_name.lower().startswith(('urn:', 'http')):
        x, y = y, x  # names of this form mean the order of axes that the authority defines
    if min(*size, *shape) <= 0 or not math.isfinite(pixel) or pixel <= 0:
        raise DataError(f'The tile matrix {_id(matrix)!r} has no tiles of any size.')
    return TileGrid(crs.to_wkt(), (x, y), (pixel * size[0], pixel * size[1]), shape, template, size=size)


def _template(root: ET.Element, layer: ET.Element, named: WmtsName) -> str:
    """The URI of a tile, with names in braces."""
    style = named.style if named.style is not None else _default_style(layer)
    dimensions = {_text(each, 'Identifier'): _text(each, 'Default') for each in _all(layer, 'Dimension')}
    resources = [each for each in _all(layer, 'ResourceURL') if each.get('resourceType') == 'tile']
    for form in IMAGES:
        for resource in resources:
            if resource.get('format', '').partition(';')[0].strip() == form:
                return _remote(_filled(resource.get('template', ''), Style=style, style=style, **dimensions), named)
    address = _address_of_tiles(root)
    formats = [each.text or '' for each in _all(layer, 'Format')]
    form = next((form for form in IMAGES if form in formats), '')
    if not address or not form:
        raise DataError(f'{named.uri!r} offers no tiles of the layer {_id(layer)!r} as images that can be read here.')
    query = {'SERVICE': 'WMTS', 'REQUEST': 'GetTile', 'VERSION': '1.0.0'}
    query |= {'LAYER': _id(layer), 'STYLE': style, 'FORMAT': form, **dimensions}
    places = '&TILEMATRIXSET={TileMatrixSet}&TILEMATRIX={TileMatrix}&TILEROW={TileRow}&TILECOL={TileCol}'
    mark = '' if address.endswith(('?', '&')) else '&' if '?' in address else '?'
    return _remote(f'{address}{mark}{urlencode(query)}{places}', named)


def _address_of_tiles(root: ET.Element) -> str:
    """Where tiles are asked for, if not by their own addresses; '' if nowhere."""
    for operation in _all(root, 'Operation', deep=True):
        if operation.get('name') == 'GetTile':
            for get in _all(operation, 'Get', deep=True):
                return next((value for key, value in get.attrib.items() if key.endswith('href')), '')
    return ''


def _remote(template: str, named: WmtsName) -> str:
    """A template, if it is of a web server; capabilities of others do not choose files of this machine."""
    if not template.lower().startswith(('http://', 'https://')):
        raise DataError(f'{named.uri!r}: its tiles are at {template!r:.200}, which is no web server.')
    return template


def _filled(template: str, **values: str) -> str:
    for name, value in values.items():
        template = template.replace('{' + name + '}', value)
    return template


def _default_style(layer: ET.Element) -> str:
    styles = _all(layer, 'Style')
    default = [style for style in styles if style.get('isDefault') == 'true'] or styles
    return _id(default[0]) if default else 'default'


# ------------------------------------------------------------------------- XML
def _parsed(uri: str) -> ET.Element:
    text = file_to_str(uri, max_bytes=MAX_BYTES)
    if '<!DOCTYPE' in text or '<!ENTITY' in text:
        raise DataError(f'{uri!r} is no WMTS capabilities: it defines entities.')
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise DataError(f'{uri!r} is no WMTS capabilities, but should be XML: {error}.') from error
    if _local(root) != 'Capabilities':
        raise DataError(
            f'{uri!r} is no WMTS capabilities, but {_local(root)!r:.100}. Is it the address of another service?'
        )
    return root


def _chosen(parent: ET.Element, kind: str, name: str | None, uri: str, among: set[str] | None = None) -> ET.Element:
    """The element of a kind with an identifier; the only one, if none is named."""
    found = {_id(each): each for each in _all(parent, kind)}
    found = {key: each for key, each in found.items() if among is None or key in among}
    if name is not None and name in found:
        return found[name]
    if name is None and len(found) == 1:
        return next(iter(found.values()))
    option = kind.lower()
    wrong = f'has no {kind} {name!r}{did_you_mean(name, found) or ""}' if name is not None else f'has several {kind}s'
    raise ConfigError(f'{uri!r} {wrong}. Write ,{option}= and one of {", ".join(list(found)[:30])}.')


def _local(element: ET.Element) -> str:
    return str(element.tag).rpartition('}')[2]


def _all(parent: ET.Element, name: str, *, deep: bool = False) -> list[ET.Element]:
    elements: Iterator[ET.Element] = parent.iter() if deep else iter(parent)
    return [element for element in elements if _local(element) == name]


def _one(parent: ET.Element, name: str, uri: str) -> ET.Element:
    found = _all(parent, name)
    if not found:
        raise DataError(f'{uri!r} is no WMTS capabilities that can be used: it has no {name}.')
    return found[0]


def _text(parent: ET.Element, name: str) -> str:
    found = _all(parent, name)
    return (found[0].text or '').strip() if found else ''


def _id(element: ET.Element) -> str:
    return _text(element, 'Identifier')


def _numbers(parent: ET.Element, name: str) -> list[float]:
    try:
        numbers = [float(word) for word in _text(parent, name).split()]
    except ValueError:
        numbers = []
    if not numbers or not all(map(math.isfinite, numbers)):
        raise DataError(
            f'The tile matrix {_id(parent)!r} has no {name} that is a number: {_text(parent, name)!r:.100}.'
        )
    return numbers
