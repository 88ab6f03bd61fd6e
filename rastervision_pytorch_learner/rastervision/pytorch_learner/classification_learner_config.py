"""Configs of chip classification; the code is in `learner_config` and `tasks`."""

from rastervision.pipeline.lazy import attach

__getattr__, __dir__ = attach(__name__, __file__)
