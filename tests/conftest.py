"""How tests are shared among processes, and kept apart."""

import logging
from collections.abc import Iterator

import pytest
from pytest import Config
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Their tests look at one run of the quickstart, which takes a minute.
TOGETHER = 'tests/end_to_end/'


class BySharedWork(LoadScopeScheduling):
    """A file goes to one process, so that what its tests share is made once; some folders do as a whole."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else nodeid.split('::', 1)[0]


def pytest_xdist_make_scheduler(config: Config, log: Producer) -> LoadScopeScheduling:
    """Called by xdist."""
    return BySharedWork(config, log)


@pytest.fixture(autouse=True)
def log_handlers() -> Iterator[None]:
    """Take away what a command line in a test logs by: its stream is closed when the test ends."""
    logger = logging.getLogger('rastervision')
    handlers, level = list(logger.handlers), logger.level
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)
