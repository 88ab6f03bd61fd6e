import logging
import re
import subprocess
import sys

import pytest

from rastervision.pipeline.rv_config import RVConfig
from rastervision.pipeline.verbosity import Verbosity, _state, set_verbosity


@pytest.fixture(autouse=True)
def restored():
    logger = logging.getLogger('rastervision')
    level = logger.level
    yield
    if _state.handler is not None:
        logger.removeHandler(_state.handler)
    _state.handler, _state.level = None, Verbosity.NORMAL
    logger.setLevel(level)


@pytest.mark.parametrize(
    ('verbosity', 'level'),
    [
        (Verbosity.QUIET, logging.WARNING),
        (Verbosity.NORMAL, logging.INFO),
        (Verbosity.VERBOSE, logging.DEBUG),
        (Verbosity.DEBUG, logging.DEBUG),
    ],
)
def test_level_of_logging(verbosity, level):
    set_verbosity(verbosity)

    assert Verbosity.get() is verbosity
    assert logging.getLogger('rastervision.core').getEffectiveLevel() == level


def test_more_than_the_highest_is_the_highest():
    set_verbosity(9)

    assert Verbosity.get() is Verbosity.DEBUG


def test_line_of_the_log_goes_to_stderr_once(capsys):
    set_verbosity(Verbosity.NORMAL)
    set_verbosity(Verbosity.NORMAL)

    logging.getLogger('rastervision.core').info('Reading %s', 'a.tif')

    line = r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d:rastervision\.core: INFO - Reading a\.tif\n'
    assert re.fullmatch(line, capsys.readouterr().err)


@pytest.mark.parametrize(('verbosity', 'option'), [(0, ''), (1, ''), (2, '-v'), (3, '-vv'), (4, '-vvv')])
def test_option_that_gives_a_command_the_same_verbosity(verbosity, option):
    rv_config = RVConfig()
    rv_config.set_verbosity(verbosity)

    assert rv_config.get_verbosity() == verbosity
    assert rv_config.get_verbosity_cli_opt() == option


def test_import_leaves_logging_alone():
    code = (
        'import logging, rastervision.pipeline.rv_config\n'
        'logger = logging.getLogger("rastervision")\n'
        'assert not logger.handlers and logger.level == logging.NOTSET\n'
    )
    subprocess.run([sys.executable, '-c', code], check=True)


def test_log_shows_no_secrets(capsys):
    set_verbosity(Verbosity.VERBOSE)
    logging.getLogger('rastervision.test').warning('Reading %s', 'https://ann:s3cr3t@host/a.tif?sig=s1gned')

    assert 'Reading https://***@host/a.tif?sig=***' in capsys.readouterr().err
