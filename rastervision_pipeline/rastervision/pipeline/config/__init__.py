"""Typed configs that can be saved, upgraded, resolved and explained."""

from rastervision.pipeline.lazy import attach

__getattr__, __dir__ = attach(__name__, __file__)
