"""Older path of :mod:`rastervision.core.data.aoi_sampler`."""

from rastervision.core.data.aoi_sampler import AoiSampler as AoiSampler
