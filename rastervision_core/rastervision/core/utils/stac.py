"""Older path of :mod:`rastervision.core.data.stac_catalog`."""

from rastervision.core.data.stac_catalog import get_linked_image_item as get_linked_image_item
from rastervision.core.data.stac_catalog import is_label_item as is_label_item
from rastervision.core.data.stac_catalog import parse_stac as parse_stac
from rastervision.core.data.stac_catalog import read_stac as read_stac
from rastervision.core.data.stac_catalog import setup_stac_io as setup_stac_io
