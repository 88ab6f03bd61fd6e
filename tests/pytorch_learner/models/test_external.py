import shutil

import pytest
import torch

from rastervision.pipeline.errors import ConfigError, NotReadableError
from rastervision.pytorch_learner.learner_config.external_module import ExternalModuleConfig


@pytest.fixture
def hub(tmp_path):
    folder = tmp_path / 'hub'
    folder.mkdir()
    (folder / 'hubconf.py').write_text("dependencies = []\n\ndef make(a, b=0):\n    return ['made', a, b]\n")
    return folder


def test_object_is_made_and_definition_kept(hub, tmp_path):
    cfg = ExternalModuleConfig(uri=str(hub), entrypoint='make', entrypoint_args=[1], entrypoint_kwargs={'b': 2})

    made = cfg.build(str(tmp_path / 'kept'))
    (hub / 'hubconf.py').unlink()
    again = cfg.build(str(tmp_path / 'kept'))

    assert made == again == ['made', 1, 2]


def test_unknown_entrypoint_names_the_nearest(hub, tmp_path):
    with pytest.raises(ConfigError, match=r"entrypoint 'mak'.*Did you mean 'make'"):
        ExternalModuleConfig(uri=str(hub), entrypoint='mak').build(str(tmp_path / 'kept'))


def test_folder_without_hubconf_is_reported(tmp_path):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(NotReadableError, match=r'has no hubconf\.py'):
        ExternalModuleConfig(uri=str(tmp_path / 'empty'), entrypoint='make').build(str(tmp_path / 'kept'))


def test_exactly_one_place_must_be_given():
    with pytest.raises(ConfigError, match='either uri or github_repo'):
        ExternalModuleConfig(entrypoint='make')


def test_zip_of_a_folder_is_a_place_too(hub, tmp_path):
    archive = shutil.make_archive(str(tmp_path / 'packed'), 'zip', hub.parent, hub.name)

    made = ExternalModuleConfig(uri=archive, entrypoint='make', entrypoint_args=[1]).build(str(tmp_path / 'kept'))

    assert made == ['made', 1, 0]


def test_github_without_network_says_what_to_do(tmp_path, monkeypatch):
    for name in ('https_proxy', 'HTTPS_PROXY'):
        monkeypatch.setenv(name, 'http://127.0.0.1:9')  # nobody listens there

    with pytest.raises(NotReadableError, match=r"'nobody/nothing:main'.*pass its folder or zip as uri"):
        ExternalModuleConfig(github_repo='nobody/nothing:main', entrypoint='make').build(str(tmp_path / 'kept'))

    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'elsewhere'))
    assert torch.hub.get_dir().startswith(str(tmp_path / 'elsewhere'))
