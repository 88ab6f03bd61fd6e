"""What runs the jobs of a pipeline."""

import subprocess
from typing import TYPE_CHECKING

from rastervision.pipeline.errors import RunError

if TYPE_CHECKING:
    from rastervision.pipeline.pipeline import Pipeline


class Runner:
    """Base of all runners.

    A runner gets commands that are known to exist, in the order they must run, and turns them into jobs, each
    `rastervision run_command <config> <command>`; see :func:`.make_plan`.
    """

    def run(
        self,
        cfg_json_uri: str,
        pipeline: 'Pipeline',
        commands: list[str],
        num_splits: int = 1,
        pipeline_run_name: str = 'raster-vision',
    ) -> None:
        """Run commands of a pipeline, or hand them to what will.

        Args:
            cfg_json_uri: The saved config.
            pipeline: The pipeline, built from it.
            commands: The commands, in the order they run.
            num_splits: Into how many jobs to split a command that can be split.
            pipeline_run_name: Name of this run, where the runner shows one.
        """
        raise TypeError(f'{type(self).__name__} is no runner: it has no method run.')

    def run_command(self, cmd: list[str]) -> None:
        """Run one command line as a process of this machine, and wait for it.

        Args:
            cmd: The program and its arguments.

        Raises:
            RunError: If it does not end well.
        """
        code = subprocess.run(cmd, check=False).returncode
        if code:
            raise RunError(f'{" ".join(cmd)!r} ended with exit code {code}.')

    def get_split_ind(self) -> int | None:
        """Which split this process is to run, if the runner's surroundings say so."""
        return None
