"""Older path of :mod:`rastervision.core.data.vectorize`."""

from rastervision.core.data.vectorize.buildings import RotatedRectange as RotatedRectange
from rastervision.core.data.vectorize.buildings import get_kernel as get_kernel
from rastervision.core.data.vectorize.buildings import get_rectangle as get_rectangle
from rastervision.core.data.vectorize.buildings import mask_to_building_polygons as mask_to_building_polygons
from rastervision.core.data.vectorize.morphology import denoise as denoise
from rastervision.core.data.vectorize.polygons import mask_to_polygons as mask_to_polygons
