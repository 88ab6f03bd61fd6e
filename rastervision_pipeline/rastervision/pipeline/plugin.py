"""What a plugin is.

A plugin is a package in the namespace package `rastervision` (a folder `rastervision/<name>/`, with no `__init__.py` in
`rastervision/`), in a distribution of its own. It is found because it is installed; nothing has to be listed anywhere.
Its `__init__.py` may define one function, which follows the protocol `RegisterPlugin`:

    def register_plugin(registry: 'Registry') -> None:
        registry.set_plugin_version('rastervision.example', 1)
        registry.add_lazy_configs('rastervision.example', {'shape_config': {'example.shape': 'ShapeConfig'}})
        registry.add_plugin_command('rastervision.example.cli:draw')

Config classes are announced by module, type hint and name, and what else is named by a string `'package.module:Name'`
is imported when it is first used, which keeps the command line quick.
Objects may be given as well: a plugin whose `__init__.py` imports its config modules, and so registers them, works.

The config format of a plugin has a version. Give `register_config` an upgrader when it changes, and raise the number.
A plugin that fails when it is imported is left out with a warning that names it.
"""

from typing import Protocol

from rastervision.pipeline.registry import Registry


class RegisterPlugin(Protocol):
    """The function `register_plugin` of a plugin."""

    def __call__(self, registry: Registry, /) -> None:
        """Add to the registry what the plugin has.

        Args:
            registry: Takes versions (`set_plugin_version`, `set_plugin_aliases`), configs (`add_lazy_configs`,
                `register_renamed_type_hints`), runners (`add_runner`), file systems (`add_file_system`), commands
                (`add_plugin_command`) and settings that travel with a pipeline (`add_rv_config_schema`).
        """
