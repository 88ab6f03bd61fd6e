"""Older path of :mod:`rastervision.core.data.chips`."""

from rastervision.core.data.chips import fill_overflow as fill_overflow
from rastervision.core.data.chips import pad_to_window_size as pad_to_window_size
from rastervision.pipeline import lazy

lazy.also_give(__name__, 'rastervision.core.box: Box')
