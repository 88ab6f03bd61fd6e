import subprocess
import sys
import time

import pytest

from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.utils import get_env_var, grouped, is_true, repr_with_args, split_into_groups


def test_list_is_cut_into_groups_of_a_size():
    assert grouped([0, 1, 2, 3, 4], 2) == [[0, 1], [2, 3], [4]]
    assert grouped([], 2) == []


def test_list_is_split_into_equal_groups_and_a_rest():
    assert split_into_groups([0, 1, 2, 3, 4], 4) == [[0, 1], [2, 3], [4]]
    assert split_into_groups([0, 1], 5) == [[0], [1]]
    assert split_into_groups([], 3) == []


@pytest.mark.parametrize('cut', [grouped, split_into_groups])
def test_no_groups_at_all_is_an_error(cut):
    with pytest.raises(ConfigError, match='1 or more'):
        cut([1], 0)


def test_repr_names_the_class_and_the_arguments():
    assert repr_with_args(1.5, size=3, name='x') == "float(size=3, name='x')"


@pytest.mark.parametrize(
    ('text', 'out_type', 'value'),
    [
        ('3', None, '3'),
        ('3', int, 3),
        ('True', bool, True),
        ('false', bool, False),
        ('a,b', lambda s: s.split(','), ['a', 'b']),
    ],
)
def test_variable_is_converted(monkeypatch, text, out_type, value):
    monkeypatch.setenv('RV_TEST', text)

    assert get_env_var('RV_TEST', out_type=out_type) == value


def test_missing_variable_gives_the_default_as_it_is(monkeypatch):
    monkeypatch.delenv('RV_TEST', raising=False)

    assert get_env_var('RV_TEST', '7', int) == '7'
    assert get_env_var('RV_TEST') is None


def test_variable_of_another_type_is_an_error(monkeypatch):
    monkeypatch.setenv('RV_TEST', 'many')

    with pytest.raises(ConfigError, match="RV_TEST is 'many', which is not of type int"):
        get_env_var('RV_TEST', 1, int)


def test_words_that_mean_yes():
    assert all(map(is_true, ('1', 'True', ' yes ', 'Y', 'on', 't')))
    assert not any(map(is_true, ('0', 'no', '', 'OFF', 'f', ' False')))


@pytest.mark.parametrize('word', ['yess', 'on fire', '2', 'None', '-1'])
def test_words_that_mean_neither_yes_nor_no_are_refused(word, monkeypatch):
    with pytest.raises(ConfigError, match=f'The setting is {word!r}.*yes, y, .*no, n, '):
        is_true(word)
    monkeypatch.setenv('RV_TEST', word)
    with pytest.raises(ConfigError, match='RV_TEST is'):
        get_env_var('RV_TEST', out_type=bool)


def test_child_ends_with_its_parent():
    child = 'import time, sys; print(1, flush=True); time.sleep(60)'
    parent = (
        'import subprocess, sys\n'
        'from rastervision.pipeline.utils import terminate_at_exit\n'
        f'process = subprocess.Popen([sys.executable, "-c", {child!r}])\n'
        'terminate_at_exit(process)\n'
    )
    start = time.monotonic()

    # The pipe ends only when both have: the child holds it too.
    subprocess.run([sys.executable, '-c', parent], stdout=subprocess.PIPE, check=True)

    assert time.monotonic() - start < 30
