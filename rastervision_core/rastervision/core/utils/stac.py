"""Older path of :mod:`rastervision.core.data.stac_catalog`."""

from rastervision.pipeline import lazy

CODE = 'rastervision.core.data.stac_catalog'
NAMES = ('setup_stac_io', 'is_label_item', 'get_linked_image_item', 'parse_stac', 'read_stac')
__getattr__ = lazy.names(__name__, *(f'{CODE}:{name}' for name in NAMES))

lazy.also_give(__name__, 'rastervision.pipeline.file_system.utils: file_to_json')
