"""Public names of this package."""

from rastervision.pipeline.lazy import attach

__getattr__, __dir__ = attach(__name__, __file__)
