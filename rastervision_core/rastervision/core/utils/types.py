"""Older path of :mod:`rastervision.core.types`."""

from rastervision.core.types import NonEmptyStr as NonEmptyStr
from rastervision.core.types import Proportion as Proportion
from rastervision.core.types import Vector as Vector
