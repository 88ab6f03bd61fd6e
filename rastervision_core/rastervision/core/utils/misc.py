"""Older path of :mod:`rastervision.core.padding`."""

from rastervision.core.padding import T as T
from rastervision.core.padding import calculate_required_padding as calculate_required_padding
from rastervision.core.padding import ensure_tuple as ensure_tuple
from rastervision.pipeline import lazy

lazy.also_give(__name__, 'rastervision.core.types: NonNegInt PosInt')
