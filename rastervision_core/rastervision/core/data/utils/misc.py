"""Older path of :mod:`rastervision.core.data.colors`, `bboxes`, `plain_data`, `slices` and `uris`."""

from rastervision.core.data.bboxes import match_bboxes as match_bboxes
from rastervision.core.data.colors import color_to_integer as color_to_integer
from rastervision.core.data.colors import color_to_triple as color_to_triple
from rastervision.core.data.colors import normalize_color as normalize_color
from rastervision.core.data.colors import rgb_to_int_array as rgb_to_int_array
from rastervision.core.data.plain_data import all_equal as all_equal
from rastervision.core.data.plain_data import ensure_json_serializable as ensure_json_serializable
from rastervision.core.data.plain_data import save_img as save_img
from rastervision.core.data.slices import parse_array_slices_2d as parse_array_slices_2d
from rastervision.core.data.slices import parse_array_slices_Nd as parse_array_slices_Nd
from rastervision.core.data.uris import listify_uris as listify_uris
from rastervision.pipeline import lazy

lazy.also_give(__name__, 'rastervision.core.box: Box')
