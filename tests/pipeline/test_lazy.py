import sys

import pytest

from rastervision.pipeline import lazy
from rastervision.pipeline.errors import MissingDependencyError


def test_an_installed_dependency_is_imported():
    lazy.require('json', 'anything')


def test_a_missing_dependency_says_how_to_install_it():
    with pytest.raises(MissingDependencyError, match=r"'nowhere\.to\.be'.*pip install 'part\[extra\]'"):
        lazy.require('nowhere.to.be', 'part[extra]')


def test_a_dependency_that_lacks_another_module_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / 'half_there.py').write_text('import nowhere')
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ModuleNotFoundError, match='nowhere'):
        lazy.require('half_there', 'part[extra]')
    assert 'half_there' not in sys.modules
