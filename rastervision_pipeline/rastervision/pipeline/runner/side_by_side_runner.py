"""Runs the jobs of several pipelines together."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rastervision.pipeline.overriding import is_overridden
from rastervision.pipeline.runner.plan import PipelineRun
from rastervision.pipeline.runner.runner import Runner

if TYPE_CHECKING:
    from rastervision.pipeline.pipeline import Pipeline


class SideBySideRunner(Runner):
    """Base of runners that run the jobs of several pipelines side by side.

    Of a subclass with a `run` of its own, that is called for each pipeline, one after the other.
    """

    def run(
        self,
        cfg_json_uri: str,
        pipeline: 'Pipeline',
        commands: list[str],
        num_splits: int = 1,
        pipeline_run_name: str = 'raster-vision',
    ) -> None:
        """Run the jobs of a pipeline, or hand them over; see :meth:`.Runner.run` and `run_together`."""
        self.run_together([PipelineRun(cfg_json_uri, pipeline, tuple(commands))], num_splits, pipeline_run_name)

    def run_all(
        self, runs: Sequence[PipelineRun], num_splits: int = 1, pipeline_run_name: str = 'raster-vision'
    ) -> None:
        """Run commands of several pipelines, or hand them over; see :meth:`.Runner.run_all` and `run_together`."""
        has_own = is_overridden(self, 'run', base=SideBySideRunner)
        (super().run_all if has_own else self.run_together)(runs, num_splits, pipeline_run_name)

    def run_together(
        self, runs: Sequence[PipelineRun], num_splits: int = 1, pipeline_run_name: str = 'raster-vision'
    ) -> None:
        """Run the jobs of pipelines side by side, or hand them over.

        Args:
            runs: The pipelines and their commands. One that makes something for others comes before them.
            num_splits: Into how many jobs to split a command that can be split.
            pipeline_run_name: Name of this run, where the runner shows one.
        """
        raise TypeError(f'{type(self).__name__} runs nothing side by side: it has no method run_together.')
