"""Settings of the machine: profiles, environment, verbosity, folders for temporary files.

Where a setting comes from, the first that has it: the environment, `.env` in the working directory, one ini file
(the profile), what a pipeline recorded when it was submitted. Nothing is read or made before it is asked for.
"""

import atexit
import io
import json
import logging
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.masking import has_secret, is_secret_name
from rastervision.pipeline.private_dir import private_dir
from rastervision.pipeline.temporary import make_temporary_dir, temporary_dir
from rastervision.pipeline.utils import is_true
from rastervision.pipeline.verbosity import Verbosity, set_verbosity

if TYPE_CHECKING:
    from everett.manager import ConfigManager

log = logging.getLogger(__name__)

DOT_ENV = '.env'
OWN_SECTION = 'rastervision'
SECRET_VARIABLES = 'RASTERVISION_SECRET_'
# Settings by which the writer of a config could have requests sent elsewhere, in the user's name or at their cost.
OWN_SETTING = re.compile(
    r'(?:^|_)(?:endpoint|ur[il]|host|server|address|proxy|profile|user|role|pays|payer|command|options|setup)(?:_|$)'
)
TMP_DIR_VARIABLES = ('TMPDIR', 'TEMP', 'TMP')


def load_conf_list(s: str) -> list[str]:
    """Read a list from a setting: JSON (`["a", "b"]`) or words between commas (`a, b`).

    Raises:
        ConfigError: If it starts like a JSON list and is none.
    """
    if not s.strip().startswith('['):
        return [word.strip() for word in s.split(',') if word.strip()]
    try:
        return [str(item) for item in json.loads(s)]
    except (ValueError, RecursionError) as error:
        raise ConfigError(f'{s!r} is not a list: {error}. Write ["a", "b"] or a, b.') from error


class RVConfig:
    """Settings in force in this process; `rv_config_` is the one in use."""

    DEFAULT_PROFILE = 'default'
    DEFAULT_TMP_DIR_ROOT = '/opt/data/tmp'

    def __init__(self) -> None:
        self._profile: str | None = None
        self._rv_home: str | None = None
        self._overrides: dict[str, str] = {}
        self._ini: str | None = None
        self._is_ini_found = False
        self._manager: ConfigManager | None = None
        self._asked_tmp_dir_root: str | None = None
        self._tmp_dir_root: str | None = None
        self._own_tmp_dir: tempfile.TemporaryDirectory[str] | None = None

    # ---------------------------------------------------------------- verbosity
    def set_verbosity(self, verbosity: int = Verbosity.NORMAL) -> None:
        """Log to stderr what belongs to a level; for the command line."""
        set_verbosity(verbosity)

    def get_verbosity(self) -> Verbosity:
        """The level of logging in force."""
        return Verbosity.get()

    def get_verbosity_cli_opt(self) -> str:
        """The option that gives a command the verbosity in force: `-v`, `-vv`, ..., or an empty string."""
        extra = Verbosity.get() - Verbosity.NORMAL
        return f'-{"v" * extra}' if extra > 0 else ''

    def get_cli_options(self) -> list[str]:
        """The options that give another command line what was set in this process: `-v`, `--tmpdir`, `--profile`."""
        options = [self.get_verbosity_cli_opt()]
        options += ['--tmpdir', self._asked_tmp_dir_root] if self._asked_tmp_dir_root else []
        options += ['--profile', self._profile] if self._profile else []
        return [option for option in options if option]

    # ------------------------------------------------------------------ folders
    def get_tmp_dir(self) -> tempfile.TemporaryDirectory[str]:
        """A new temporary folder, to be used as a context manager, that is removed at the end."""
        return temporary_dir(self.get_tmp_dir_root())

    def make_tmp_dir(self) -> str:
        """A new temporary folder, which the caller removes; if its process is killed, a later one does."""
        return make_temporary_dir(self.get_tmp_dir_root())

    def get_tmp_dir_root(self) -> str:
        """The folder that temporary files lie in. It is made, and found to be writable, on the first call.

        It is the first of: what was set, `$TMPDIR`, `$TEMP`, `$TMP`, `DEFAULT_TMP_DIR_ROOT`. If that cannot be used,
        it is a new folder where the system keeps temporary files, removed when the process ends.
        """
        if self._tmp_dir_root is None:
            self._tmp_dir_root = self._make_tmp_dir_root()
        return self._tmp_dir_root

    def set_tmp_dir_root(self, tmp_dir_root: str | None = None) -> None:
        """Set the folder that temporary files lie in. None: go by the environment."""
        self._asked_tmp_dir_root = tmp_dir_root
        self._tmp_dir_root = None

    def get_cache_dir(self) -> str:
        """The folder that keeps downloads: `cache` in the temporary folder, which only this user can write to.

        It is made if missing. Where `cache` belongs to somebody else, or is a link, it is `cache-<user id>`.
        """
        return private_dir(self.get_tmp_dir_root(), 'cache')

    # ----------------------------------------------------------------- settings
    @property
    def profile(self) -> str:
        """The profile in force: the one set, else `$RV_PROFILE`, else `default`."""
        return self._profile or _variables().get('RV_PROFILE') or self.DEFAULT_PROFILE

    @property
    def rv_home(self) -> str:
        """The folder of profiles: the one set, else `$RV_CONFIG_DIR`, else `~/.rastervision`."""
        home = self._rv_home or _variables().get('RV_CONFIG_DIR') or os.path.join('~', '.rastervision')
        return os.path.expanduser(home)

    @property
    def config(self) -> 'ConfigManager':
        """All settings, as everett gives them."""
        if self._manager is None:
            self._manager = self._make_manager()
        return self._manager

    @property
    def tmp_dir_root(self) -> str:
        """See `get_tmp_dir_root`."""
        return self.get_tmp_dir_root()

    @property
    def verbosity(self) -> Verbosity:
        """See `get_verbosity`."""
        return self.get_verbosity()

    def set_everett_config(
        self,
        profile: str | None = None,
        rv_home: str | None = None,
        config_overrides: dict[str, str] | None = None,
    ) -> None:
        """Choose where settings come from.

        Args:
            profile: Name of an ini file in the folder of profiles. None: the one set before, else `$RV_PROFILE`, else
                `default`, which need not exist.
            rv_home: The folder of profiles. None: the one set before, else `$RV_CONFIG_DIR`, else `~/.rastervision`.
            config_overrides: What a pipeline recorded, as `{'<section>_<key>': value}`; used for what nothing else
                sets. None: nothing.

        Raises:
            ConfigError: If a profile other than `default` is asked for that does not exist.
        """
        self._profile = profile or self._profile
        self._rv_home = rv_home or self._rv_home
        self._overrides = dict(config_overrides or {})
        self._manager = None
        self._ini = self._find_ini()
        self._is_ini_found = True

    def get_namespace_config(self, namespace: str) -> 'ConfigManager':
        """The settings of one section, as everett gives them."""
        return self.config.with_namespace(namespace)

    def get_namespace_option(
        self, namespace: str, key: str, default: Any | None = None, as_bool: bool = False
    ) -> Any | None:
        """One setting.

        Args:
            namespace: Its section.
            key: Its name.
            default: What to return if nothing sets it.
            as_bool: Return whether it means yes; see :func:`.is_true`.

        Raises:
            ConfigError: If, with `as_bool`, it means neither yes nor no.
        """
        value = self._get(namespace, key)
        if as_bool:
            return bool(default) if value is None else is_true(value, self._called(namespace, key))
        return default if value is None else value

    def get_namespace_int(self, namespace: str, key: str, default: int, least: int = 0) -> int:
        """One setting that is a whole number.

        Args:
            namespace: Its section.
            key: Its name.
            default: What to return if nothing sets it.
            least: The smallest number that is valid.

        Raises:
            ConfigError: If it is set to anything else.
        """
        value = self._get(namespace, key)
        if value is None or not value.strip():
            return default
        try:
            number = int(value)
        except ValueError as error:
            raise ConfigError(f'{self._called(namespace, key)} is {value!r:.100}, which is no whole number.') from error
        if number < least:
            raise ConfigError(f'{self._called(namespace, key)} is {value!r:.100}. It must be {least} or more.')
        return number

    def get_config_dict(self, rv_config_schema: dict[str, list[str]]) -> dict[str, str]:
        """The settings that are in force, to be recorded with a pipeline.

        Args:
            rv_config_schema: Section -> keys to record.

        Returns:
            `{'<section>_<key>': value}`, without what nothing sets, and without what only a machine's own user may say:
            secrets, local paths, and where requests go, in whose name, and who pays.
        """
        found = {
            f'{namespace}_{key}': self._get(namespace, key)
            for namespace, keys in rv_config_schema.items()
            for key in keys
        }
        return {name: value for name, value in found.items() if value is not None and _travels(name, value)}

    def set_recorded(self, recorded: Any, rv_config_schema: dict[str, list[str]]) -> None:
        """Use settings that a pipeline recorded, wherever its config comes from, for what nothing else sets.

        Args:
            recorded: As `get_config_dict` gives them. What it cannot have given counts as not there.
            rv_config_schema: Section -> keys that may be recorded.
        """
        known = {f'{section}_{key}' for section, keys in rv_config_schema.items() for key in keys}
        items = recorded.items() if isinstance(recorded, dict) else ()
        self.set_everett_config(
            config_overrides={
                name: value
                for name, value in items
                if name in known and isinstance(value, str) and _travels(name, value)
            }
        )

    def get_job_variables(self, rv_config_schema: dict[str, list[str]]) -> dict[str, str]:
        """Environment variables for a job on another machine, so that it knows the settings of this one.

        Args:
            rv_config_schema: Section -> keys that a job may need.

        Returns:
            Those of the section `rastervision`, and of the schema, without local paths and secrets.
        """
        names = {f'{section}_{key}'.upper() for section, keys in rv_config_schema.items() for key in keys}
        found = {
            name: value
            for section in rv_config_schema
            for name, value in self.get_section_variables(section).items()
            if name in names and not _is_path(value) and not _is_secret(name, value)
        }
        own = self.get_section_variables(OWN_SECTION)
        return found | {name: value for name, value in own.items() if not name.startswith(SECRET_VARIABLES)}

    def get_section_variables(self, section: str) -> dict[str, str]:
        """What the environment, `.env` and the profile set of a section, as environment variables."""
        if not self._is_ini_found:
            self.set_everett_config()
        profile = {} if self._ini is None else _read_ini(self._ini).cfg
        found = {name.upper(): str(value) for name, value in {**profile, **_read_dot_env(), **os.environ}.items()}
        return {name: value for name, value in found.items() if name.startswith(f'{section.upper()}_')}

    # ---------------------------------------------------------------- internals
    def _called(self, namespace: str, key: str) -> str:
        """What messages call a setting: its variable, and where that is set."""
        name = f'{namespace}_{key}'.upper()
        sources = (('the environment', os.environ), (repr(os.path.abspath(DOT_ENV)), _read_dot_env()))
        for source, settings in sources:
            if name in map(str.upper, settings):
                return f'{name} (set in {source})'
        if self._ini is not None and name in map(str.upper, _read_ini(self._ini).cfg):
            return f'{key} in the section {namespace} of {self._ini!r}'
        return f'{name} (recorded with the pipeline)'

    def _get(self, namespace: str, key: str) -> str | None:
        from everett import NO_VALUE

        value = self.get_namespace_config(namespace)(key, raise_error=False)
        return None if value is NO_VALUE else str(value)

    def _make_manager(self) -> 'ConfigManager':
        from everett.manager import ConfigDictEnv, ConfigManager, ConfigOSEnv

        environments = [ConfigOSEnv(), ConfigDictEnv(_read_dot_env())]
        if not self._is_ini_found:
            self.set_everett_config()
        if self._ini is not None:
            environments.append(_read_ini(self._ini))
        return ConfigManager([*environments, ConfigDictEnv(self._overrides)])

    def _find_ini(self) -> str | None:
        """Path of the one ini file to read, or None."""
        profile = self.profile
        path = os.path.join(self.rv_home, profile)
        is_asked = profile != self.DEFAULT_PROFILE
        given = _variables().get('RV_CONFIG')
        if given and os.path.isfile(os.path.expanduser(given)):
            if is_asked:
                log.warning('RV_CONFIG=%s takes the place of the profile %r. Unset it to use %s.', given, profile, path)
            return os.path.expanduser(given)
        if given:
            log.warning('RV_CONFIG=%s is left out: there is no such file.', given)
        if os.path.isfile(path):
            return path
        if is_asked:
            raise ConfigError(
                f'The profile {profile!r} does not exist: there is no file {path!r}{_others(path)} '
                'Make it, or set RV_CONFIG_DIR to the folder of your profiles, or RV_CONFIG to a file.'
            )
        return '.rastervision' if os.path.isfile('.rastervision') else None

    def _make_tmp_dir_root(self) -> str:
        asked = next(filter(None, (self._asked_tmp_dir_root, *map(os.environ.get, TMP_DIR_VARIABLES))), None)
        root = os.path.abspath(os.path.expanduser(asked or self.DEFAULT_TMP_DIR_ROOT))
        try:
            os.makedirs(root, exist_ok=True)
            with tempfile.TemporaryFile(dir=root):
                return root
        except OSError as error:
            if self._own_tmp_dir is None:
                self._own_tmp_dir = temporary_dir(tempfile.gettempdir())
                atexit.register(self._own_tmp_dir.cleanup)
            log.warning(
                'Temporary files cannot be kept in %s: %s. They go to %s. Set TMPDIR or --tmpdir to another folder.',
                root,
                error.strerror,
                self._own_tmp_dir.name,
            )
            return self._own_tmp_dir.name


def _variables() -> dict[str, str]:
    return {**_read_dot_env(), **os.environ}


def _read_dot_env() -> dict[str, str]:
    """The settings in `.env` in the working directory."""
    if not os.path.isfile(DOT_ENV):
        return {}
    from dotenv import dotenv_values

    try:
        text = Path(DOT_ENV).read_text('utf-8-sig')
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f'{os.path.abspath(DOT_ENV)!r}, which has settings of the working directory, cannot be read: {error}. '
            'Save it as UTF-8.'
        ) from error
    return {key: value for key, value in dotenv_values(stream=io.StringIO(text)).items() if value is not None}


def _travels(name: str, value: str) -> bool:
    """Whether a setting may be another machine's: no secret, no local path, nor where requests go and who pays."""
    is_own = OWN_SETTING.search(name) or '://' in value
    return not is_own and not _is_path(value) and not _is_secret(name, value)


def _is_path(value: str) -> bool:
    return value.startswith(('/', '~', 'file:', '\\\\')) or bool(re.match(r'[A-Za-z]:[\\/]', value))


def _is_secret(name: str, value: str) -> bool:
    return is_secret_name(name) or has_secret(value)


def _read_ini(path: str) -> Any:
    from everett.ext.inifile import ConfigIniEnv

    try:
        return ConfigIniEnv([path])
    except (SyntaxError, OSError, ValueError) as error:
        raise ConfigError(f'The profile {path!r} cannot be read: {error}') from error


def _others(path: str) -> str:
    """A list of the profiles beside a missing one."""
    try:
        names = sorted(entry.name for entry in os.scandir(os.path.dirname(path)) if entry.is_file())
    except OSError:
        names = []
    return f'. Profiles there: {", ".join(names)}.' if names else ', and no other profile there.'


rv_config_ = RVConfig()
