import os
import subprocess
import sys

import pytest

from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.rv_config import RVConfig, load_conf_list

VARIABLES = ('RV_PROFILE', 'RV_CONFIG', 'RV_CONFIG_DIR', 'BATCH_ATTEMPTS', 'BATCH_GPU_JOB_DEF', 'TMPDIR', 'TEMP', 'TMP')


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """An empty home and working directory, and none of our variables."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    home, here = tmp_path / 'home', tmp_path / 'here'
    (home / '.rastervision').mkdir(parents=True)
    here.mkdir()
    monkeypatch.setenv('HOME', str(home))
    monkeypatch.chdir(here)
    return tmp_path


@pytest.fixture
def profiles(machine):
    return machine / 'home' / '.rastervision'


def attempts(rv_config):
    return rv_config.get_namespace_option('batch', 'attempts')


def write_attempts(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'[batch]\nattempts = {value}\n')


class TestSources:
    def test_first_that_has_it_wins(self, profiles, machine, monkeypatch):
        rv_config = RVConfig()
        found = []
        overrides = {'batch_attempts': 'recorded'}

        rv_config.set_everett_config(config_overrides=overrides)
        found.append(attempts(rv_config))
        write_attempts(profiles / 'default', 'profile')
        rv_config.set_everett_config(config_overrides=overrides)
        found.append(attempts(rv_config))
        (machine / 'here' / '.env').write_text('BATCH_ATTEMPTS=dotenv\n')
        rv_config.set_everett_config(config_overrides=overrides)
        found.append(attempts(rv_config))
        monkeypatch.setenv('BATCH_ATTEMPTS', 'environment')
        found.append(attempts(rv_config))

        assert found == ['recorded', 'profile', 'dotenv', 'environment']

    def test_sources_fill_each_others_gaps(self, profiles):
        write_attempts(profiles / 'default', 3)
        rv_config = RVConfig()
        rv_config.set_everett_config(config_overrides={'batch_gpu_job_def': 'recorded', 'batch_attempts': '1'})

        schema = {'batch': ['gpu_job_def', 'attempts', 'cpu_job_def'], 'aws_s3': ['requester_pays']}
        assert rv_config.get_config_dict(schema) == {'batch_gpu_job_def': 'recorded', 'batch_attempts': '3'}

    def test_works_without_being_set_up(self, profiles):
        write_attempts(profiles / 'default', 3)

        assert attempts(RVConfig()) == '3'

    def test_namespace_gives_settings_by_key(self, profiles):
        write_attempts(profiles / 'default', 3)

        assert RVConfig().get_namespace_config('batch')('attempts') == '3'

    def test_broken_profile_is_named(self, profiles):
        (profiles / 'default').write_text('[batch\nattempts = 3\n')

        with pytest.raises(ConfigError, match=r'\.rastervision/default.*cannot be read'):
            attempts(RVConfig())

    @pytest.mark.parametrize(
        ('value', 'default', 'result'),
        [('Yes', False, True), ('1', None, True), ('no', True, False), (None, True, True), (None, None, False)],
    )
    def test_option_as_bool(self, monkeypatch, value, default, result):
        if value is not None:
            monkeypatch.setenv('RASTERVISION_USE_DDP', value)

        assert RVConfig().get_namespace_option('rastervision', 'USE_DDP', default, as_bool=True) is result

    @pytest.mark.parametrize('source', ['environment', '.env', 'profile'])
    def test_option_that_is_neither_yes_nor_no_is_named_with_its_place(self, monkeypatch, profiles, machine, source):
        if source == 'environment':
            monkeypatch.setenv('RASTERVISION_USE_DDP', 'maybe')
        elif source == '.env':
            (machine / 'here' / '.env').write_text('RASTERVISION_USE_DDP=maybe\n')
        else:
            (profiles / 'default').write_text('[rastervision]\nuse_ddp = maybe\n')
        place = {'environment': 'the environment', '.env': r'.*/here/\.env', 'profile': r'.*/\.rastervision/default'}

        with pytest.raises(ConfigError, match=f"(?i)use_ddp.*{place[source]}.* is 'maybe'.*yes, y, "):
            RVConfig().get_namespace_option('rastervision', 'USE_DDP', as_bool=True)

    def test_missing_option_gives_the_default_as_it_is(self):
        assert RVConfig().get_namespace_option('rastervision', 'CHIP_BATCH_SIZE', 8) == 8


class TestProfiles:
    def test_asked_for(self, profiles):
        write_attempts(profiles / 'default', 1)
        write_attempts(profiles / 'work', 2)
        rv_config = RVConfig()

        rv_config.set_everett_config('work')

        assert attempts(rv_config) == '2'

    def test_stays_when_a_pipeline_sets_its_own(self, profiles):
        write_attempts(profiles / 'work', 2)
        rv_config = RVConfig()
        rv_config.set_everett_config('work')

        rv_config.set_everett_config(config_overrides={'batch_attempts': '1'})

        assert attempts(rv_config) == '2'

    @pytest.mark.parametrize('variable', ['environment', 'dotenv'])
    def test_by_variable(self, profiles, machine, monkeypatch, variable):
        write_attempts(profiles / 'work', 2)
        if variable == 'environment':
            monkeypatch.setenv('RV_PROFILE', 'work')
        else:
            (machine / 'here' / '.env').write_text('RV_PROFILE=work')

        assert attempts(RVConfig()) == '2'

    def test_missing_one_is_an_error_that_names_the_others(self, profiles):
        write_attempts(profiles / 'work', 2)

        with pytest.raises(ConfigError, match=r"'wrok' does not exist.*home/\.rastervision/wrok.*there: work\."):
            RVConfig().set_everett_config('wrok')

    def test_folder_by_variable_and_by_argument(self, machine, monkeypatch):
        write_attempts(machine / 'a' / 'default', 1)
        write_attempts(machine / 'b' / 'default', 2)
        monkeypatch.setenv('RV_CONFIG_DIR', str(machine / 'a'))
        by_argument = RVConfig()
        by_argument.set_everett_config(rv_home=str(machine / 'b'))

        assert (attempts(RVConfig()), attempts(by_argument)) == ('1', '2')

    def test_file_in_the_working_directory_is_the_last_resort(self, machine, profiles):
        write_attempts(machine / 'here' / '.rastervision', 'here')
        assert attempts(RVConfig()) == 'here'

        write_attempts(profiles / 'default', 'home')
        assert attempts(RVConfig()) == 'home'

    def test_file_that_hides_a_profile_is_used_with_a_warning(self, machine, profiles, monkeypatch, caplog):
        write_attempts(machine / 'mine.ini', 'mine')
        write_attempts(profiles / 'work', 2)
        monkeypatch.setenv('RV_CONFIG', str(machine / 'mine.ini'))
        rv_config = RVConfig()

        rv_config.set_everett_config('work')

        assert attempts(rv_config) == 'mine'
        assert [record.getMessage().count("takes the place of the profile 'work'") for record in caplog.records] == [1]

    def test_file_that_is_missing_is_left_out_with_a_warning(self, profiles, monkeypatch, caplog):
        write_attempts(profiles / 'default', 1)
        monkeypatch.setenv('RV_CONFIG', '/no/such.ini')

        assert attempts(RVConfig()) == '1'
        assert '/no/such.ini is left out' in caplog.text


class TestFolders:
    def test_nothing_is_made_before_it_is_used(self, machine):
        rv_config = RVConfig()
        rv_config.set_tmp_dir_root(str(machine / 'tmp'))
        assert not (machine / 'tmp').exists()

        with rv_config.get_tmp_dir() as folder:
            assert os.path.dirname(folder) == str(machine / 'tmp')
        assert os.listdir(machine / 'tmp') == []

    def test_cache_is_kept(self, machine):
        rv_config = RVConfig()
        rv_config.set_tmp_dir_root(str(machine / 'tmp'))

        assert rv_config.get_cache_dir() == str(machine / 'tmp' / 'cache')
        assert os.path.isdir(machine / 'tmp' / 'cache')

    def test_first_variable_that_is_set_says_where(self, machine, monkeypatch):
        monkeypatch.setenv('TMP', str(machine / 'last'))
        monkeypatch.setenv('TEMP', str(machine / 'first'))

        assert RVConfig().get_tmp_dir_root() == str(machine / 'first')

    def test_default(self, machine, monkeypatch):
        monkeypatch.setattr(RVConfig, 'DEFAULT_TMP_DIR_ROOT', str(machine / 'default'))

        assert RVConfig().get_tmp_dir_root() == str(machine / 'default')

    def test_unusable_folder_is_replaced_with_a_warning(self, machine, caplog):
        (machine / 'file').touch()
        rv_config = RVConfig()
        rv_config.set_tmp_dir_root(str(machine / 'file'))

        with rv_config.get_tmp_dir() as folder:
            assert os.path.isdir(folder)
        assert str(machine / 'file') in caplog.text


def test_import_makes_and_loads_nothing(machine):
    code = (
        'import sys, rastervision.pipeline.rv_config\n'
        'heavy = {"requests", "everett", "dotenv", "pydantic", "configobj"} & set(sys.modules)\n'
        'assert not heavy, heavy\n'
    )
    env = {**os.environ, 'TMPDIR': str(machine / 'tmp')}
    subprocess.run([sys.executable, '-c', code], check=True, env=env)

    assert not (machine / 'tmp').exists()


@pytest.mark.parametrize('text', ['a, b', '["a", "b"]', 'a,,b,', '\na\n,b'])
def test_list_of_words(text):
    assert load_conf_list(text) == ['a', 'b']


def test_list_that_is_none_is_an_error():
    with pytest.raises(ConfigError, match='is not a list'):
        load_conf_list('[a')


@pytest.mark.parametrize(
    ('value', 'valid'), [('3', 3), (' 0 ', 0), ('', 7), ('many', None), ('1.5', None), ('-1', None)]
)
def test_numbers_are_checked(monkeypatch, value, valid):
    monkeypatch.setenv('RASTERVISION_CHIP_NUM_WORKERS', value)
    config = RVConfig()
    if valid is not None:
        assert config.get_namespace_int('rastervision', 'CHIP_NUM_WORKERS', 7) == valid
        return
    with pytest.raises(ConfigError, match=rf'RASTERVISION_CHIP_NUM_WORKERS \(set in the environment\) is {value!r}'):
        config.get_namespace_int('rastervision', 'CHIP_NUM_WORKERS', 7)


OWN = (
    'endpoint_url',
    'requester_pays',
    'profile',
    'proxy',
    'host',
    'server_address',
    'request_payer',
    'role_arn',
    'setup',
    'sbatch_options',
    'container_command',
)
SCHEMA = {'batch': ['attempts', 'gpu_job_def', 'api_token', 'log_dir', *OWN]}


@pytest.mark.parametrize(
    ('recorded', 'taken'),
    [
        ({'batch_attempts': '3', 'batch_gpu_job_def': 'mine'}, {'batch_attempts': '3', 'batch_gpu_job_def': 'mine'}),
        ({'aws_s3_endpoint_url': 'http://elsewhere'}, {}),  # no plugin records it here
        *(({f'batch_{name}': 'x'}, {}) for name in OWN),
        ({'batch_gpu_job_def': 'http://elsewhere'}, {}),
        ({'batch_log_dir': '/home/ann'}, {}),
        ({'batch_log_dir': '~/logs'}, {}),
        ({'batch_log_dir': 'C:\\logs'}, {}),
        ({'batch_api_token': 'x'}, {}),
        ({'batch_gpu_job_def': 'https://ann:secret@host'}, {}),
        ({'batch_attempts': 3}, {}),
        (['batch_attempts'], {}),
        ('batch_attempts', {}),
        (None, {}),
    ],
)
def test_of_recorded_settings_those_are_taken_that_a_machine_may_have_recorded(recorded, taken):
    rv_config = RVConfig()

    rv_config.set_recorded(recorded, SCHEMA)

    assert rv_config.get_config_dict({**SCHEMA, 'aws_s3': ['endpoint_url']}) == taken


def test_local_paths_are_not_recorded(monkeypatch):
    monkeypatch.setenv('BATCH_ATTEMPTS', '2')
    monkeypatch.setenv('BATCH_LOG_DIR', '/home/ann/logs')

    assert RVConfig().get_config_dict(SCHEMA) == {'batch_attempts': '2'}


def test_jobs_elsewhere_get_what_is_not_recorded_but_no_secrets(monkeypatch):
    for name, value in {
        'BATCH_ENDPOINT_URL': 'http://here',
        'BATCH_LOG_DIR': '/home/ann/logs',
        'BATCH_API_TOKEN': 'x',
        'BATCH_OTHER': 'x',
        'RASTERVISION_USE_DDP': 'no',
        'RASTERVISION_SECRET_0000FFFF_1': 'x',
    }.items():
        monkeypatch.setenv(name, value)

    assert RVConfig().get_job_variables(SCHEMA) == {'BATCH_ENDPOINT_URL': 'http://here', 'RASTERVISION_USE_DDP': 'no'}


def test_settings_are_attributes_by_their_names_in_031(machine, profiles, monkeypatch):
    write_attempts(profiles / 'mine', 3)
    config = RVConfig()
    assert (config.profile, config.rv_home) == ('default', str(profiles))

    monkeypatch.setenv('RV_PROFILE', 'mine')
    config.set_tmp_dir_root(str(machine))

    assert config.profile == 'mine'
    assert config.config('attempts', namespace='batch') == '3'
    assert config.tmp_dir_root == str(machine)
    assert config.verbosity is config.get_verbosity()
