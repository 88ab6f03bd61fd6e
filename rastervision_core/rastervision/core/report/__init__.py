"""Reports of runs: what was run, how good the model is, and where it fails. Needs no network to be read."""

from rastervision.pipeline.lazy import attach

__getattr__, __dir__ = attach(__name__, __file__)
