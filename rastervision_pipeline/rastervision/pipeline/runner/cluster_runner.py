"""Hands jobs to a cluster, which runs them when it can."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from rastervision.pipeline.errors import RasterVisionError, RunError
from rastervision.pipeline.plain_text import echo
from rastervision.pipeline.runner.plan import Job, PipelineRun, Stage, make_stages
from rastervision.pipeline.runner.side_by_side_runner import SideBySideRunner
from rastervision.pipeline.runner.submission import JobState, Submission
from rastervision.pipeline.runner.watch import watch

if TYPE_CHECKING:
    from rastervision.pipeline.pipeline import Pipeline


class ClusterRunner(SideBySideRunner):
    """Base of runners that hand jobs to a cluster: all at once, each command as an array that waits for the one before.

    `run` returns when the jobs are handed over, or, with `--wait`, when they have ended. What was handed over is kept
    with the records of the run; `rastervision jobs` shows it.

    Attributes:
        name: What the runner is called.
        poll_seconds: How often to ask how far the jobs are.
    """

    waits: ClassVar[bool] = False
    setting_names: ClassVar[tuple[str, ...]] = ('wait', 'poll_seconds')
    name: ClassVar[str] = ''
    poll_seconds: ClassVar[float] = 5.0

    def run_together(
        self, runs: Sequence[PipelineRun], num_splits: int = 1, pipeline_run_name: str = 'raster-vision'
    ) -> None:
        """Hand over the jobs of pipelines, which run side by side; see :meth:`.SideBySideRunner.run_together`.

        If one is refused, or what was handed over cannot be noted, all are cancelled.

        Raises:
            RunError: If jobs of a run are still queued or run, if the cluster refuses a job, or, with `wait`, if a job
                fails.
        """
        for run in runs:
            self.check(run.cfg_json_uri, run.pipeline, run.own_commands)
            self._refuse_twice(run.root_uri)
        submissions: dict[int, Submission] = {}
        try:
            for place, run in enumerate(runs):
                if run.own_commands:
                    self._hand_over(place, run, submissions, num_splits, pipeline_run_name)
            for submission in submissions.values():
                submission.save()
        except BaseException as error:
            told = self._take_back(list(submissions.values()))
            if told and isinstance(error, RasterVisionError | OSError):
                raise RunError(f'{error} {told}') from error
            if told:
                echo(told, err=True)
            raise
        if self.is_set('wait'):
            watch(self, list(submissions.values()))
            return
        for submission in submissions.values():
            echo(f'rastervision jobs {submission.root_uri} shows how far they are.')

    # ------------------------------------------------------ what a runner defines
    def check(self, cfg_json_uri: str, pipeline: 'Pipeline', commands: list[str]) -> None:
        """See that the cluster can run this, before anything is handed over.

        Raises:
            RasterVisionError: If not.
        """

    def begin(self, root_uri: str) -> dict[str, str]:
        """Make ready for new jobs of a run; gives what to keep with the submission."""
        return {}

    @abstractmethod
    def submit(self, stage: Stage, submission: Submission, pipeline: 'Pipeline', run_name: str) -> list[str]:
        """Hand over the jobs of a command, which wait for those handed over before.

        Args:
            stage: The jobs.
            submission: What was handed over before.
            pipeline: The pipeline.
            run_name: Name of the run.

        Returns:
            What the cluster calls each job.
        """

    @abstractmethod
    def states(self, submission: Submission) -> list[JobState]:
        """How far each job is."""

    @abstractmethod
    def cancel(self, submission: Submission) -> None:
        """Stop the jobs that have not ended."""

    @abstractmethod
    def read_log(self, submission: Submission, index: int, position: Any) -> tuple[list[str], Any]:
        """Lines that a job has printed.

        Args:
            submission: The jobs.
            index: Place of the job in the plan.
            position: What this gave the last time. None: start near the end.

        Returns:
            The lines since then, and the new position.
        """

    @abstractmethod
    def log_of(self, submission: Submission, index: int) -> str:
        """Where people find what a job prints: a path or a link."""

    def describe(self, ids: Sequence[str]) -> str:
        """What to tell people of jobs of one command that were handed over."""
        return ids[0] if len(ids) == 1 else f'{ids[0]} ... {ids[-1]}'

    # ---------------------------------------------------------------- internals
    def _hand_over(
        self, place: int, run: PipelineRun, submissions: dict[int, Submission], num_splits: int, run_name: str
    ) -> None:
        """Submit the jobs of a pipeline, after those that it shares with earlier ones; each is noted at once."""
        plan = self._plan_after(run, submissions, num_splits)
        submissions[place] = Submission(self.name, run.cfg_json_uri, tuple(plan), (), self.begin(run.root_uri))
        for stage in make_stages(plan):
            ids = self.submit(stage, submissions[place], run.pipeline, run_name)
            submissions[place] = replace(submissions[place], ids=(*submissions[place].ids, *ids))
            echo(f'{stage.name}: submitted as {self.describe(ids)}')

    def _take_back(self, submissions: Sequence[Submission]) -> str:
        """Cancel all jobs that were handed over, whatever goes wrong with some; gives what to tell of it."""
        texts = []
        for submission in [each for each in submissions if each.ids]:
            try:
                self.cancel(submission)
            except (RasterVisionError, OSError) as error:
                texts.append(
                    f'Jobs that had been submitted could not be cancelled, so cancel them yourself: '
                    f'{", ".join(submission.ids)} ({error}).'
                )
            else:
                texts.append(f'The jobs that had been submitted were cancelled: {self.describe(submission.ids)}.')
        return ' '.join(texts)

    def _plan_after(self, run: PipelineRun, submissions: Mapping[int, Submission], num_splits: int) -> list[Job]:
        """The jobs of a pipeline, which know what those of earlier ones are called that they wait for."""
        after: dict[str, tuple[str, ...]] = {}
        waiting: tuple[str, ...] = ()
        for command in run.commands:
            if command in run.shared:
                waiting += submissions[run.shared[command]].ids_of(command)
            else:
                after[command], waiting = waiting, ()
        plan = self.plan(run.pipeline, run.own_commands, num_splits)
        return [replace(job, label=run.label, after=after[job.command]) for job in plan]

    def _refuse_twice(self, root_uri: str) -> None:
        before = Submission.load(root_uri)
        if before is None or before.runner != self.name:
            return
        active = [id for id, state in zip(before.ids, self.states(before), strict=True) if state.state.is_active]
        if active:
            raise RunError(
                f'{len(active)} jobs of {root_uri} that were submitted at {before.time} have not ended: {active[0]}'
                f'{" ..." if len(active) > 1 else ""}. Wait for them (rastervision jobs {root_uri} --wait), or cancel '
                f'them (rastervision jobs {root_uri} --cancel).'
            )
