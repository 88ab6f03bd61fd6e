"""Local and remote files behind one interface."""

from rastervision.pipeline.lazy import attach

__getattr__, __dir__ = attach(__name__, __file__)
