"""Styles with which QGIS draws labels: names and colours of the classes.

QGIS takes the style of a layer from a file of the same name that ends with `.qml`. The null class is left out of the
map, so that the image below is seen, but not of the legend. Formats: as QGIS 3.22 and later write them.
"""

import os
from xml.etree import ElementTree as Xml

from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.colors import color_to_triple

DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
SUFFIX = '.qml'
OPAQUE = 255
FILL_ALPHA = 80  # of 255: the image below polygons is seen
OUTLINE_WIDTH = '0.4'  # millimetres


def style_uri(uri: str) -> str:
    """Where QGIS looks for the style of a layer."""
    return os.path.splitext(uri)[0] + SUFFIX


def label_raster_style(class_config: ClassConfig) -> str:
    """Style of a raster of class ids."""
    root, renderer = _raster_style('paletted', band=1)
    palette = Xml.SubElement(renderer, 'colorPalette')
    for class_id, name in enumerate(class_config.names):
        alpha = 0 if name == class_config.null_class else OPAQUE
        entry = {'value': str(class_id), 'color': _hex(class_config, class_id), 'alpha': str(alpha), 'label': name}
        Xml.SubElement(palette, 'paletteEntry', entry)
    return _text(root)


def score_raster_style(class_config: ClassConfig, *, highest: int) -> str:
    """Style of a raster with a band of scores for each class: the band of the first class that is not the null class.

    Args:
        class_config: The classes.
        highest: The highest score: 1, or 255 if scores are integers.
    """
    class_id = next((i for i, name in enumerate(class_config.names) if name != class_config.null_class), 0)
    root, renderer = _raster_style('singlebandpseudocolor', band=class_id + 1)
    renderer.attrib |= {'classificationMin': '0', 'classificationMax': str(highest)}
    limits = {'minimumValue': '0', 'maximumValue': str(highest)}
    options = {'colorRampType': 'INTERPOLATED', 'classificationMode': '1', 'clip': '0'}
    ramp = Xml.SubElement(Xml.SubElement(renderer, 'rastershader'), 'colorrampshader', options | limits)
    color, name = _hex(class_config, class_id), class_config.names[class_id]
    for value, alpha in ((0, 0), (highest, OPAQUE)):
        item = {'value': str(value), 'color': color, 'alpha': str(alpha), 'label': f'{name}: {value}'}
        Xml.SubElement(ramp, 'item', item)
    return _text(root)


def feature_style(class_config: ClassConfig) -> str:
    """Style of polygons with the property `class_name`."""
    root, renderer = _vector_style('categorizedSymbol')
    renderer.set('attr', 'class_name')
    categories, symbols = Xml.SubElement(renderer, 'categories'), Xml.SubElement(renderer, 'symbols')
    for class_id, name in enumerate(class_config.names):
        shown = 'false' if name == class_config.null_class else 'true'
        category = {'symbol': str(class_id), 'value': name, 'label': name, 'render': shown, 'type': 'string'}
        Xml.SubElement(categories, 'category', category)
        _add_symbol(symbols, str(class_id), class_config, class_id)
    return _text(root)


def class_style(class_config: ClassConfig, class_id: int) -> str:
    """Style of polygons that are all of one class."""
    root, renderer = _vector_style('singleSymbol')
    _add_symbol(Xml.SubElement(renderer, 'symbols'), '0', class_config, class_id)
    return _text(root)


def _raster_style(kind: str, *, band: int) -> tuple[Xml.Element, Xml.Element]:
    root = _style()
    attributes = {'type': kind, 'band': str(band), 'opacity': '1', 'alphaBand': '-1', 'nodataColor': ''}
    renderer = Xml.SubElement(Xml.SubElement(root, 'pipe'), 'rasterrenderer', attributes)
    Xml.SubElement(renderer, 'rasterTransparency')
    return root, renderer


def _vector_style(kind: str) -> tuple[Xml.Element, Xml.Element]:
    root = _style()
    return root, Xml.SubElement(root, 'renderer-v2', {'type': kind, 'symbollevels': '0', 'forceraster': '0'})


def _style() -> Xml.Element:
    return Xml.Element('qgis', {'version': '3.22', 'styleCategories': 'Symbology'})


def _add_symbol(symbols: Xml.Element, name: str, class_config: ClassConfig, class_id: int) -> None:
    symbol = Xml.SubElement(symbols, 'symbol', {'name': name, 'type': 'fill', 'alpha': '1', 'clip_to_extent': '1'})
    layer = Xml.SubElement(symbol, 'layer', {'class': 'SimpleFill', 'enabled': '1', 'locked': '0', 'pass': '0'})
    color = ','.join(map(str, _triple(class_config, class_id)))
    options = {
        'color': f'{color},{FILL_ALPHA}',
        'style': 'solid',
        'outline_color': f'{color},{OPAQUE}',
        'outline_style': 'solid',
        'outline_width': OUTLINE_WIDTH,
        'outline_width_unit': 'MM',
    }
    table = Xml.SubElement(layer, 'Option', {'type': 'Map'})
    for key, value in options.items():
        Xml.SubElement(table, 'Option', {'name': key, 'type': 'QString', 'value': value})


def _triple(class_config: ClassConfig, class_id: int) -> tuple[int, int, int]:
    return color_to_triple((class_config.colors or ())[class_id])


def _hex(class_config: ClassConfig, class_id: int) -> str:
    return '#{:02x}{:02x}{:02x}'.format(*_triple(class_config, class_id))


def _text(root: Xml.Element) -> str:
    Xml.indent(root)
    return f'{DOCTYPE}{Xml.tostring(root, encoding="unicode")}\n'
