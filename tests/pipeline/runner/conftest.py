"""The engines that runners hand jobs to."""

import pytest


@pytest.fixture(params=['inprocess', 'local'])
def engine(request):
    """Name of a runner, whose engine runs here."""
    return request.param


@pytest.fixture
def run(engine, rastervision, command_line):
    """Runs the toy pipeline with the runner, and waits for its end."""

    def run(*args):
        return rastervision('run', engine, *command_line['toy'], '--wait', *args)

    return run
