"""How much is logged."""

from enum import IntEnum


class Verbosity(IntEnum):
    """Levels of logging; more is logged at a higher level."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2
    VERY_VERBOSE = 3
    DEBUG = 4

    @staticmethod
    def get() -> 'Verbosity':
        """The level in force."""
        from rastervision.pipeline.rv_config import rv_config_

        return rv_config_.get_verbosity()
