"""How much is logged, and where to."""

import logging
import sys
from enum import IntEnum

from rastervision.pipeline.plain_text import plain

LOGGER = 'rastervision'
LOG_FORMAT = '%(asctime)s:%(name)s: %(levelname)s - %(message)s'
DATE_FORMAT = '%Y-%m-%d %H:%M:%S'


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
        return _state.level


class _PlainFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return plain(super().format(record))


class _State:
    level = Verbosity.NORMAL
    handler: logging.Handler | None = None


_state = _State()


def set_verbosity(level: int) -> None:
    """Log to stderr what belongs to a level, under the name `rastervision`.

    Called by the command line only: a library leaves logging to the program that uses it. A further call replaces the
    handler of the one before.

    Args:
        level: A :class:`Verbosity`. More than the highest means the highest, less than the lowest the lowest.
    """
    _state.level = Verbosity(min(max(level, Verbosity.QUIET), Verbosity.DEBUG))
    logger = logging.getLogger(LOGGER)
    logger.setLevel(_log_level(_state.level))
    if _state.handler is not None:
        logger.removeHandler(_state.handler)
    _state.handler = logging.StreamHandler(sys.stderr)
    _state.handler.setFormatter(_PlainFormatter(LOG_FORMAT, DATE_FORMAT))
    logger.addHandler(_state.handler)


def _log_level(level: Verbosity) -> int:
    if level >= Verbosity.VERBOSE:
        return logging.DEBUG
    return logging.INFO if level == Verbosity.NORMAL else logging.WARNING
