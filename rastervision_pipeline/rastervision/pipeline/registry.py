"""What plugins add to the framework, by name.

A name maps to an object, or to a *lazy target* `'package.module:Name'` that is imported when first asked for. Plugins
are discovered when a name is missing, or when a whole list (commands, versions) is asked for: importing
`rastervision.pipeline` discovers nothing.
"""

import importlib
import logging
import pkgutil
import threading
from collections.abc import Callable, Iterable
from copy import copy
from typing import TYPE_CHECKING, Any

from rastervision.pipeline import lazy
from rastervision.pipeline.errors import RegistryError, did_you_mean

if TYPE_CHECKING:
    import click

    from rastervision.pipeline.config.base import Config
    from rastervision.pipeline.file_system.file_system import FileSystem
    from rastervision.pipeline.runner.runner import Runner

log = logging.getLogger(__name__)

Upgrader = Callable[[dict[str, Any], int], dict[str, Any]]

RUNNERS = {
    'dask': 'rastervision.pipeline.runner.dask_runner:DaskRunner',
    'inprocess': 'rastervision.pipeline.runner.inprocess_runner:InProcessRunner',
    'local': 'rastervision.pipeline.runner.local_runner:LocalRunner',
    'slurm': 'rastervision.pipeline.runner.slurm_runner:SlurmRunner',
}
FILE_SYSTEMS = (
    'rastervision.pipeline.file_system.http_file_system:HttpFileSystem',
    'rastervision.pipeline.file_system.local_file_system:LocalFileSystem',
)
# Attributes by their names in 0.31. Each gives a copy of what is known at the moment; methods add to it.
ATTRIBUTES: dict[str, Callable[['Registry'], Any]] = {
    'plugin_versions': lambda registry: registry.get_plugin_versions(),
    'configs': lambda registry: {hint: registry.get_config(hint) for hint in registry._known('_configs')},
    'runners': lambda registry: {name: registry.get_runner(name) for name in registry.get_runner_names()},
    'file_systems': lambda registry: [_loaded(entry) for entry in registry._known('_file_systems')],
    'plugin_commands': lambda registry: registry.get_plugin_commands(),
    'rv_config_schema': lambda registry: registry.get_rv_config_schema(),
    'alias_to_plugin': lambda registry: dict(registry._known('_aliases')),
    'renamed_type_hints': lambda registry: dict(registry._known('_renamed')),
    'type_hint_to_plugin': lambda registry: dict(registry._known('_plugin_of')),
    'type_hint_to_upgrader': lambda registry: {
        hint: registry.get_upgrader(hint) for hint in registry._known('_configs')
    },
    'type_hint_to_lineage': lambda registry: {
        hint: registry.get_type_hint_lineage(hint) for hint in registry._known('_configs')
    },
}
MAX_LISTED = 20  # longer lists of names hide the message
PIPELINE_PLUGIN = 'rastervision.pipeline'
PIPELINE_CONFIGS = {'pipeline_config': {'pipeline': 'PipelineConfig'}}


class Registry:
    """Configs, runners, file systems, commands and versions of all plugins."""

    def __init__(self) -> None:
        self._runners: dict[str, Any] = {}
        self._file_systems: list[Any] = []
        self._schemes: dict[str, str] = {}
        self._configs: dict[str, Any] = {}
        self._plugin_of: dict[str, str] = {}
        self._upgraders: dict[str, Upgrader | None] = {}
        self._versions: dict[str, int] = {}
        self._aliases: dict[str, str] = {}
        self._renamed: dict[str, str] = {}
        self._rv_config_schema: dict[str, list[str]] = {}
        self._commands: dict[str, Any] = {}
        self._transform_modules: list[str] = []
        self._loaded = False
        self._loading = threading.RLock()

    # ------------------------------------------------------------------ plugins
    def load_plugins(self, plugin_names: Iterable[str] | None = None) -> None:
        """Let each plugin register what it has, then add what comes with this package.

        A plugin that fails is left out with a warning that names it. File systems of plugins are asked before the
        built-in ones. Further calls do nothing.

        Args:
            plugin_names: Modules to load, such as `'rastervision.core'`. None: all that are installed.
        """
        with self._loading:
            if self._loaded:
                return
            self._loaded = True
            for name in self.discover_plugins() if plugin_names is None else plugin_names:
                self._load_plugin(name)
            self.load_builtins()

    def discover_plugins(self) -> list[str]:
        """Names of the modules of the `rastervision` namespace package, sorted; `rastervision.pipeline` is none."""
        import rastervision

        found = {f'rastervision.{info.name}' for info in pkgutil.iter_modules(rastervision.__path__)}
        return sorted(found - {PIPELINE_PLUGIN})

    def load_builtins(self) -> None:
        """Add the runners, file systems and configs of this package."""
        for name, target in RUNNERS.items():
            self._runners.setdefault(name, target)
        self._file_systems.extend(target for target in FILE_SYSTEMS if target not in self._file_systems)
        self._versions.setdefault(PIPELINE_PLUGIN, 0)
        self.add_lazy_configs(PIPELINE_PLUGIN, PIPELINE_CONFIGS)

    def update_config_info(self) -> None:
        """Import every config class that is registered by name only."""
        self.load_plugins()
        for type_hint in list(self._configs):
            self.get_config(type_hint)

    def _load_plugin(self, name: str) -> None:
        try:
            register = getattr(importlib.import_module(name), 'register_plugin', None)
            if register is not None:
                register(self)
        except Exception as error:
            # Somebody else's code, which must not take the command line down; what it has not registered is missed
            # by name later, in an error of its own.
            _warn(f'Plugin {name} is left out, because it', error)

    # ----------------------------------------------------------------- versions
    def set_plugin_version(self, plugin: str, version: int) -> None:
        """Say which version of its config format a plugin writes."""
        self._versions[plugin] = version

    def get_plugin_version(self, plugin: str) -> int:
        """The version of a plugin's config format.

        Raises:
            RegistryError: If there is no such plugin.
        """
        return int(self._find(self._versions, plugin, 'plugin'))

    def get_plugin_versions(self) -> dict[str, int]:
        """The version of each plugin's config format."""
        self.load_plugins()
        return dict(self._versions)

    def set_plugin_aliases(self, plugin: str, aliases: list[str]) -> None:
        """Say under which other names a plugin was known in files written earlier."""
        self._aliases.update(dict.fromkeys(aliases, plugin))

    def get_plugin_from_alias(self, alias: str) -> str | None:
        """The plugin known under an alias, or None."""
        self.load_plugins()
        return self._aliases.get(alias)

    # ------------------------------------------------------------------ configs
    def add_config(self, type_hint: str, config: 'type[Config]', plugin: str, upgrader: Upgrader | None = None) -> None:
        """Add a config class.

        Raises:
            RegistryError: If the type hint is taken.
        """
        known = self._configs.get(type_hint)
        announced = isinstance(known, str) and known.endswith(f':{config.__name__}')
        if known is not None and not announced:
            raise RegistryError(
                f'The type hint {type_hint!r} of {config.__module__}.{config.__name__} is taken by {known}.'
            )
        self._configs[type_hint] = config
        self._plugin_of[type_hint] = plugin
        self._upgraders[type_hint] = upgrader

    def add_lazy_configs(self, plugin: str, modules: dict[str, dict[str, str]]) -> None:
        """Announce config classes that are imported when first asked for.

        Args:
            plugin: The plugin's module, such as `'rastervision.core'`.
            modules: For each module, named from the plugin's on, its classes by type hint.
        """
        for module, classes in modules.items():
            for type_hint, name in classes.items():
                self._configs.setdefault(type_hint, f'{plugin}.{module}:{name}')
                self._plugin_of.setdefault(type_hint, plugin)

    def get_config(self, type_hint: str) -> 'type[Config]':
        """The config class of a type hint; a renamed hint gives the class of its new name.

        Raises:
            RegistryError: If there is none.
        """
        if type_hint not in self._configs:
            self.load_plugins()
        hint = self._renamed.get(type_hint, type_hint)
        entry = self._find(self._configs, hint, 'type hint')
        if isinstance(entry, str):
            loaded = lazy.load(entry)  # importing the module registers the class, in the registry in use
            entry = self._configs[hint]
            if isinstance(entry, str):
                entry = self._configs[hint] = loaded
        return entry  # type: ignore[no-any-return]

    def get_plugin(self, type_hint: str) -> str:
        """The plugin that a type hint belongs to."""
        return str(self._find(self._plugin_of, self._renamed.get(type_hint, type_hint), 'type hint'))

    def get_upgrader(self, type_hint: str) -> Upgrader | None:
        """The function that brings older dicts of this type hint up to date, or None."""
        self.get_config(type_hint)
        return self._upgraders.get(self._renamed.get(type_hint, type_hint))

    def get_type_hint_lineage(self, type_hint: str) -> list[str]:
        """Type hints of the registered ancestors of a config class and its own, the root first."""
        lineage = [cls.__dict__.get('_registered_hint') for cls in reversed(self.get_config(type_hint).__mro__)]
        return [hint for hint in lineage if hint]

    def register_renamed_type_hints(self, type_hint_old: str, type_hint_new: str) -> None:
        """Say that a type hint in older files has a new name."""
        self._renamed[type_hint_old] = type_hint_new

    def get_renamed_type_hint(self, type_hint: str) -> str:
        """The present name of a type hint."""
        self.load_plugins()
        return self._renamed.get(type_hint, type_hint)

    # --------------------------------------------------------------- transforms
    def add_transform_module(self, module: str) -> None:
        """Say that a module has albumentations transforms, so that configs and bundles may name them.

        The class that a stored transform names is imported from there, from a plugin, or from albumentations only.

        Args:
            module: Its name, such as `'mypackage.transforms'`. Modules inside it count, too.
        """
        self._transform_modules.append(module)

    def get_transform_modules(self) -> list[str]:
        """Modules whose classes a stored transform may name: those of plugins, and what these have added."""
        self.load_plugins()
        return [*self._versions, *self._transform_modules]

    # ------------------------------------------------- runners and file systems
    def add_runner(self, runner_name: str, runner: 'type[Runner] | str') -> None:
        """Add a runner, as a class or a lazy target.

        Raises:
            RegistryError: If the name is taken.
        """
        if runner_name in self._runners or runner_name in RUNNERS:
            raise RegistryError(f'The runner name {runner_name!r} is taken.')
        self._runners[runner_name] = runner

    def get_runner(self, runner_name: str) -> 'type[Runner]':
        """The runner class of a name.

        Raises:
            RegistryError: If there is none.
        """
        self.load_plugins()
        return self._resolved(self._runners, runner_name, 'runner')  # type: ignore[no-any-return]

    def get_runner_names(self) -> list[str]:
        """Names of all runners."""
        self.load_plugins()
        return sorted(self._runners)

    def add_file_system(self, file_system: 'type[FileSystem] | str', scheme: str = '') -> None:
        """Add a file system; those added first are asked first.

        Args:
            file_system: The class, or a lazy target.
            scheme: How all its URIs begin, as in `'s3://'`: for others, a lazy target is not imported.
        """
        self._file_systems.append(file_system)
        if isinstance(file_system, str):
            self._schemes[file_system] = scheme

    def get_file_system(self, uri: str, mode: str = 'r') -> 'type[FileSystem]':
        """The first file system that can read (`'r'`) or write (`'w'`) a URI.

        Raises:
            RegistryError: If there is none.
        """
        self.load_plugins()
        for index, entry in enumerate(self._file_systems):
            if isinstance(entry, str):
                if not uri.startswith(self._schemes.get(entry, '')):
                    continue
                entry = self._file_systems[index] = lazy.load(entry)
            if entry.matches_uri(uri, mode):
                return entry  # type: ignore[no-any-return]
        verb = 'read' if mode == 'r' else 'written'
        raise RegistryError(
            f'{uri!r} cannot be {verb}: no installed file system knows such a URI. Is the plugin for it installed '
            "(rastervision_aws_s3 for 's3://...')?"
        )

    # ------------------------------------------------- commands and rv_config
    def add_plugin_command(self, cmd: 'click.Command | str') -> None:
        """Add a command to the command line.

        Args:
            cmd: The command, or a lazy target. The function named there must be called what the command is called.
        """
        name = cmd.rpartition(':')[2] if isinstance(cmd, str) else str(cmd.name)
        self._commands[name] = cmd

    def get_plugin_command_names(self) -> list[str]:
        """Names of the commands that plugins add to the command line."""
        self.load_plugins()
        return sorted(self._commands)

    def get_plugin_command(self, name: str) -> 'click.Command | None':
        """The command of a name that a plugin adds; None if there is none, or if it cannot be imported."""
        self.load_plugins()
        try:
            return self._resolved(self._commands, name, 'command') if name in self._commands else None
        except Exception as error:
            _warn(f'The command {name!r} is left out, because it', error)
            return None

    def get_plugin_commands(self) -> 'list[click.Command]':
        """The commands that plugins add to the command line."""
        commands = (self.get_plugin_command(name) for name in self.get_plugin_command_names())
        return [command for command in commands if command is not None]

    def add_rv_config_schema(self, config_section: str, config_fields: list[str]) -> None:
        """Say which settings of a section travel with a pipeline to the machines that run it."""
        self._rv_config_schema[config_section] = list(config_fields)

    def get_rv_config_schema(self) -> dict[str, list[str]]:
        """Sections and keys of the settings that travel with a pipeline."""
        self.load_plugins()
        return dict(self._rv_config_schema)

    # ---------------------------------------------------------------- internals
    def __getattr__(self, name: str) -> Any:
        if name not in ATTRIBUTES:
            raise AttributeError(f'{type(self).__name__!r} object has no attribute {name!r}')
        return ATTRIBUTES[name](self)

    def _known(self, table: str) -> Any:
        """A copy of a table, with what plugins add."""
        self.load_plugins()
        return copy(getattr(self, table))

    def _find(self, table: dict[str, Any], name: str, noun: str) -> Any:
        if name not in table:
            self.load_plugins()
        if name not in table:
            known = f' Known: {", ".join(sorted(table)) or "none"}.' if len(table) <= MAX_LISTED else ''
            raise RegistryError(f'Unknown {noun} {name!r}{did_you_mean(name, table) or "."}{known}')
        return table[name]

    def _resolved(self, table: dict[str, Any], name: str, noun: str) -> Any:
        entry = self._find(table, name, noun)
        if isinstance(entry, str):
            entry = table[name] = lazy.load(entry)
        return entry


def _loaded(entry: Any) -> Any:
    return lazy.load(entry) if isinstance(entry, str) else entry


def _warn(subject: str, error: Exception) -> None:
    log.warning('%s failed: %s: %s', subject, type(error).__name__, error)
    log.debug('Traceback:', exc_info=error)


registry_ = Registry()
