"""Older path of functions that are in modules of :mod:`rastervision.pytorch_learner` named for what they do."""

from rastervision.pipeline.lazy import attach

__getattr__, __dir__ = attach(__name__, __file__)
