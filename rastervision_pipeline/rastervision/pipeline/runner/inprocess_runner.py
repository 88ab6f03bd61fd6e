"""Runs everything in this process, one job after another."""

from typing import TYPE_CHECKING

from rastervision.pipeline.execution import run_command
from rastervision.pipeline.runner.runner import Runner

if TYPE_CHECKING:
    from rastervision.pipeline.pipeline import Pipeline

INPROCESS = 'inprocess'


class InProcessRunner(Runner):
    """Runs everything in this process, one job after another: for debugging, and where a GPU is the bottleneck."""

    def run(
        self,
        cfg_json_uri: str,
        pipeline: 'Pipeline',
        commands: list[str],
        num_splits: int = 1,
        pipeline_run_name: str = 'raster-vision',
    ) -> None:
        """Run the jobs; see :meth:`.Runner.run`. The first error ends the run."""
        for job in self.plan(pipeline, commands, num_splits):
            run_command(cfg_json_uri, job.command, job.split_ind, job.num_splits)
