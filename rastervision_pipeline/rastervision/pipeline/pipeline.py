"""A pipeline: commands that run one after another."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rastervision.pipeline.pipeline_config import PipelineConfig
    from rastervision.pipeline.problems import Problem


class Pipeline:
    """A sequence of commands, some of which can be split into independent jobs.

    A command is a method. One that is in `split_commands` takes `split_ind` and `num_splits`.

    A finished command is not run again until something that it depends on changes. What that is, a pipeline may say
    with `config_for`, `inputs_of` and `upstream_of`; the defaults depend on too much rather than on too little.

    Attributes:
        commands: Names of the commands that run if none is asked for, in the order they run.
        split_commands: Those that can be split.
        gpu_commands: Those that profit from a GPU.
    """

    commands: list[str] = ['test_cpu', 'test_gpu']  # noqa: RUF012  (plugins override it with a plain list)
    split_commands: list[str] = ['test_cpu']  # noqa: RUF012
    gpu_commands: list[str] = ['test_gpu']  # noqa: RUF012

    def __init__(self, config: 'PipelineConfig', tmp_dir: str) -> None:
        """Keep the config.

        Args:
            config: The resolved config.
            tmp_dir: A folder that is removed when the command ends.
        """
        self.config = config
        self.tmp_dir = tmp_dir

    @property
    def all_commands(self) -> list[str]:
        """Names that can be asked for, in the order they run: also those that `commands` leaves out of this run.

        A pipeline whose `commands` is a property overrides this with the whole list.
        """
        lists = (vars(cls).get('commands') for cls in type(self).__mro__)
        declared = next((names for names in lists if names is not None), None)
        whole = list(declared) if isinstance(declared, list | tuple) else list(self.commands)
        return whole + [name for name in self.commands if name not in whole]

    def config_for(self, command: str) -> dict[str, Any]:
        """The part of the config that a command depends on, as plain data.

        Args:
            command: Name of the command.

        Returns:
            By default the whole config, without the settings of this machine and the versions of the plugins.
        """
        data = self.config.dict(with_rv_metadata=False, mode='json')
        return {name: value for name, value in data.items() if name not in ('rv_config', 'plugin_versions')}

    def inputs_of(self, command: str) -> list[str]:
        """URIs of the files that a command reads and no other command writes; a change makes the command run again.

        Args:
            command: Name of the command.

        Returns:
            By default none.
        """
        return []

    def output_of(self, command: str) -> str | None:
        """URI of the folder that a command writes to, if there is one that can be told.

        Runs whose folder for a command is the same share what is in it, if nothing that the command depends on differs.

        Args:
            command: Name of the command.

        Returns:
            By default None: somewhere in the run's own folder.
        """
        return None

    def name_input(self, uri: str) -> str:
        """What messages call one of the inputs: by default its URI."""
        return repr(uri)

    def upstream_of(self, command: str) -> list[str]:
        """Names of the commands whose output a command uses.

        Args:
            command: Name of the command.

        Returns:
            By default all commands before it.
        """
        names = self.all_commands
        return names[: names.index(command)] if command in names else list(names)

    def remark_on(self, command: str) -> str | None:
        """What the user should know about a command that is going to run, if anything; shown by the plan and the run.

        Args:
            command: Name of the command.
        """
        return None

    def as_seen_by(self, command: str) -> 'Pipeline':
        """The pipeline without what changes neither the result of a command nor, of the results that it uses, its part.

        What a command depends on is asked of this one, by `config_for` and `inputs_of`, also for the commands before
        it. If one of these runs again for something that is left out here, this command does not.

        Args:
            command: Name of the command.

        Returns:
            By default the pipeline itself.
        """
        return self

    def find_problems(self, commands: 'Iterable[str]') -> 'Iterator[Problem]':
        """What is known to be wrong, or looks so, before commands run. Must be cheap: files are not read through.

        Args:
            commands: Names of the commands that are to run.

        Returns:
            By default none.
        """
        return iter(())

    def test_cpu(self, split_ind: int = 0, num_splits: int = 1) -> None:
        """Do nothing, on a CPU; to try a runner."""

    def test_gpu(self) -> None:
        """Do nothing, on a GPU; to try a runner."""
