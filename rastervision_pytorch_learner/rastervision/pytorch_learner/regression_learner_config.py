"""Configs of regression; the code is in `learner_config` and `tasks`."""

from rastervision.pipeline.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__, heavy=('.dataset.', '.models.'))
