import logging
import sys

import pytest

from rastervision.pipeline import progress_bar as module
from rastervision.pipeline.progress_bar import progress_bar


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(module, 'SECONDS_BETWEEN_LINES', 0)
    monkeypatch.delitem(sys.modules, 'ipykernel', raising=False)


def test_a_file_gets_plain_lines(capsys, caplog):
    with caplog.at_level(logging.INFO, 'rastervision'):
        assert list(progress_bar('ab', 'Reading')) == ['a', 'b']

    assert caplog.messages == ['Reading: 1 of 2', 'Reading: 2 of 2']
    assert capsys.readouterr() == ('', '')


def test_lines_are_rare(monkeypatch, caplog):
    monkeypatch.setattr(module, 'SECONDS_BETWEEN_LINES', 60)
    with caplog.at_level(logging.INFO, 'rastervision'):
        list(progress_bar(range(1000), 'Reading'))

    assert caplog.messages == []


def test_total_need_not_be_known(caplog):
    with caplog.at_level(logging.INFO, 'rastervision'):
        list(progress_bar(iter('a'), 'Reading'))

    assert caplog.messages == ['Reading: 1']


def test_a_terminal_gets_a_bar(monkeypatch, capsys, caplog):
    monkeypatch.setattr(sys.stderr, 'isatty', lambda: True)

    assert list(progress_bar('ab', 'Reading', total=2)) == ['a', 'b']

    assert '\rReading: 100%' in capsys.readouterr().err
    assert caplog.messages == []


def test_it_can_be_switched_off(monkeypatch, capsys, caplog):
    with caplog.at_level(logging.INFO, 'rastervision'):
        list(progress_bar('ab', 'Reading', disable=True))
        monkeypatch.setattr(sys.stderr, 'isatty', lambda: True)
        list(progress_bar('ab', 'Reading', disable=True))

    assert (capsys.readouterr().err, caplog.messages) == ('', [])
