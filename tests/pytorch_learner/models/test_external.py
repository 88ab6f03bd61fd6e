import copy
import os
import pickle
import shutil
import subprocess
import sys
import types

import pytest
import torch

from rastervision.pipeline.errors import ConfigError, NotReadableError
from rastervision.pytorch_learner.learner_config.external_module import ExternalModuleConfig
from rastervision.pytorch_learner.utils.torch_hub import loss_modules_dir


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


# ------------------------------------------------------------- names of modules
HELPED = 'import helper\nfrom package import part\n\ndef make():\n    return Made()\n\nclass Made:\n    def __call__(self):\n        import later\n        return helper.VALUE, part.VALUE, later.VALUE\n'  # noqa: E501


def with_helpers(folder, value):
    (folder / 'package').mkdir(parents=True, exist_ok=True)
    (folder / 'hubconf.py').write_text(HELPED)
    (folder / 'helper.py').write_text(f'from package.part import VALUE as OTHER\nVALUE = {value!r}\n')
    (folder / 'package' / '__init__.py').write_text('')
    (folder / 'package' / 'part.py').write_text(f'from . import deep\nVALUE = {value!r}\n')
    (folder / 'package' / 'deep.py').write_text('import helper\n')
    (folder / 'later.py').write_text(f'VALUE = {value!r}\n')
    return ExternalModuleConfig(uri=str(folder), entrypoint='make')


def test_helpers_of_one_name_never_meet(tmp_path):
    first = with_helpers(tmp_path / 'a' / 'net', 1).build(str(tmp_path / 'kept-a'))
    second = with_helpers(tmp_path / 'b' / 'net', 2).build(str(tmp_path / 'kept-b'))

    assert first() == (1, 1, 1)
    assert second() == (2, 2, 2)
    assert not {'helper', 'package', 'later', 'hubconf'} & sys.modules.keys()


def test_a_module_of_the_same_name_elsewhere_stays_as_it_is(tmp_path, monkeypatch):
    other = types.ModuleType('helper')
    monkeypatch.setitem(sys.modules, 'helper', other)
    made = with_helpers(tmp_path / 'net', 1).build(str(tmp_path / 'kept'))
    assert made() == (1, 1, 1)
    assert sys.modules['helper'] is other


@pytest.mark.parametrize('zipped', [False, True])
def test_code_that_was_changed_is_used_as_it_is_now(tmp_path, zipped):
    def build(value):
        cfg = with_helpers(tmp_path / 'net', value)
        for path in (tmp_path / 'net').rglob('*.py'):
            os.utime(path, (1e9, 1e9))  # the same time and size: compiled files would be taken for current
        if zipped:
            shutil.make_archive(str(tmp_path / 'net'), 'zip', tmp_path, 'net')
            cfg = ExternalModuleConfig(uri=str(tmp_path / 'net.zip'), entrypoint='make')
        return cfg.build(str(tmp_path / 'kept'))

    assert build(1)() == (1, 1, 1)
    assert build(2)() == (2, 2, 2)
    assert not list((tmp_path / 'net').rglob('__pycache__'))


def test_objects_can_go_to_processes_that_are_spawned(tmp_path):
    made = with_helpers(tmp_path / 'net', 5).build(str(tmp_path / 'kept'))
    code = 'import pickle, sys; print(pickle.load(sys.stdin.buffer)())'
    done = subprocess.run([sys.executable, '-c', code], input=pickle.dumps(made), capture_output=True, check=True)
    assert done.stdout.decode().strip() == '(5, 5, 5)'


def test_names_that_the_code_makes_up_are_found(tmp_path):
    folder = tmp_path / 'net'
    folder.mkdir()
    (folder / 'hubconf.py').write_text(
        'import importlib\n\ndef make(name):\n    return importlib.import_module(name).VALUE\n'
    )
    (folder / 'made_up_helper.py').write_text('VALUE = 3\n')
    cfg = ExternalModuleConfig(uri=str(folder), entrypoint='make', entrypoint_args=['made_up_helper'])
    assert cfg.build(str(tmp_path / 'kept')) == 3
    assert 'made_up_helper' not in sys.modules


def test_a_model_can_be_compiled_copied_and_exported(tmp_path):
    folder = tmp_path / 'net'
    folder.mkdir()
    (folder / 'layers.py').write_text('import torch\n\nclass Net(torch.nn.Conv2d):\n    pass\n')
    (folder / 'hubconf.py').write_text('from layers import Net\n\ndef make():\n    return Net(3, 2, 1)\n')
    model = ExternalModuleConfig(uri=str(folder), entrypoint='make').build(str(tmp_path / 'kept'))
    x = torch.rand(1, 3, 4, 4)
    again = pickle.loads(pickle.dumps(copy.deepcopy(model)))
    assert torch.equal(again(x), model(x))
    assert torch.allclose(torch.compile(model, backend='eager')(x), model(x))


@pytest.mark.parametrize('code', ['import nothing_of_the_kind\n', 'def make(:\n'])
def test_code_that_cannot_be_imported_is_named(tmp_path, code):
    (tmp_path / 'net').mkdir()
    (tmp_path / 'net' / 'hubconf.py').write_text(code)
    with pytest.raises(ConfigError, match=r'kept.*cannot be imported'):
        ExternalModuleConfig(uri=str(tmp_path / 'net'), entrypoint='make').build(str(tmp_path / 'kept'))


def test_packages_that_the_code_needs_are_named(tmp_path):
    (tmp_path / 'net').mkdir()
    (tmp_path / 'net' / 'hubconf.py').write_text("dependencies = ['torch', 'nothing_of_the_kind']\n\ndef make(): ...\n")
    with pytest.raises(ConfigError, match='needs nothing_of_the_kind'):
        ExternalModuleConfig(uri=str(tmp_path / 'net'), entrypoint='make').build(str(tmp_path / 'kept'))


# --------------------------------------------------------- where it is kept
@pytest.mark.parametrize('name', ['/etc', '..', '../x', 'a/../../b', '.', 'C:\\x', '..\\x', '~/x', 'a//b', '\\x'])
def test_a_name_that_leads_out_of_its_folder_is_refused(name):
    with pytest.raises(ConfigError, match='name'):
        ExternalModuleConfig(uri='net', entrypoint='make', name=name)


@pytest.mark.parametrize('reload', [False, True])
def test_a_folder_that_is_something_else_stays(hub, tmp_path, reload):
    other = tmp_path / 'kept' / 'mine'
    other.mkdir(parents=True)
    (other / 'thesis.txt').write_text('years of work')
    cfg = ExternalModuleConfig(uri=str(hub), entrypoint='make', entrypoint_args=[1], name='mine', force_reload=reload)
    with pytest.raises(ConfigError, match='something else'):
        cfg.build(str(tmp_path / 'kept'))
    assert (other / 'thesis.txt').read_text() == 'years of work'


def test_a_model_and_a_loss_of_one_name_are_kept_apart(tmp_path):
    model, loss = (ExternalModuleConfig(uri=f'{folder}/net', entrypoint='make') for folder in 'ab')
    assert loss_modules_dir('kept', model, loss) == 'kept/loss'
    assert loss_modules_dir('kept', model, model) == 'kept'
    assert loss_modules_dir('kept', None, loss) == 'kept'
