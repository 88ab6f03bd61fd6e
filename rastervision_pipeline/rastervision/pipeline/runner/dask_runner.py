"""Runs jobs on a Dask cluster."""

import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from rastervision.pipeline.errors import RunError
from rastervision.pipeline.lazy import require
from rastervision.pipeline.runner.command_line import job_command_line
from rastervision.pipeline.runner.machine import core_count, visible_gpus
from rastervision.pipeline.runner.plan import Job, PipelineRun
from rastervision.pipeline.runner.progress import Progress, make_progress
from rastervision.pipeline.runner.resources import Share
from rastervision.pipeline.runner.scheduler import Running, environment_of, has_ended, stop
from rastervision.pipeline.runner.side_by_side_runner import SideBySideRunner
from rastervision.pipeline.runner.summary import TAIL_LINES, Ended, describe_end, summarize
from rastervision.pipeline.rv_config import rv_config_
from rastervision.pipeline.secret_references import SECRETS

if TYPE_CHECKING:
    from distributed import Client, Future


DASK = 'dask'
GPU = 'GPU'
POLL_SECONDS = 0.1
SECONDS_BETWEEN_QUESTIONS = 1.0
SECONDS_TO_STOP = 15
Result = tuple[float, int]  # seconds, MB


class Secrets(dict[str, str]):
    """Variables for jobs, which logs of Dask do not show."""

    def __repr__(self) -> str:
        return f'<{len(self)} secrets>'


class DaskRunner(SideBySideRunner):
    """Runs jobs on a Dask cluster: one that exists, or one that is made on this machine for the run.

    Each job is a process that a worker starts; workers need this environment and must see the run's files. If workers
    have the resource `GPU`, jobs that profit from one go there, one at a time for each. Needs
    `pip install rastervision_pipeline[dask]`.

    Settings, section `dask`: `address` of the scheduler (none: a cluster on this machine); `attempts`, how often to try
    a job that fails (1); `jobs`, how many run at a time on this machine (the number of cores).
    """

    sections: ClassVar[tuple[str, ...]] = (DASK,)
    setting_names: ClassVar[tuple[str, ...]] = ('address', 'attempts', 'jobs')

    def run_together(
        self, runs: Sequence[PipelineRun], num_splits: int = 1, pipeline_run_name: str = 'raster-vision'
    ) -> None:
        """Run the jobs of pipelines side by side; see :meth:`.SideBySideRunner.run_together`.

        After a failure nothing starts that depends on it. Ctrl-C stops all jobs.

        Raises:
            RunError: If a job fails, with the end of what it printed, or if the cluster cannot be reached.
            MissingDependencyError: If Dask is not installed.
        """
        require('distributed', 'rastervision_pipeline[dask]')
        from distributed import Event

        plan = self.joint_plan(runs, num_splits)
        configs = [run.cfg_json_uri for run in runs]
        with self._client() as client, make_progress(plan, is_live=False) as progress:
            stopping = f'{pipeline_run_name}-{uuid.uuid4()}'
            futures = self._submit(client, plan, configs, stopping)
            try:
                _follow(plan, futures, progress)
            except (KeyboardInterrupt, SystemExit):
                Event(stopping, client).set()
                _wait(lambda: all(future.done() for future in futures), SECONDS_TO_STOP)
                raise

    @contextmanager
    def _client(self) -> 'Iterator[Client]':
        from distributed import Client, LocalCluster

        address = self.setting('address')
        if address is not None:
            try:
                client = Client(address)
            except (OSError, ValueError) as error:
                raise RunError(f'There is no Dask scheduler at {address!r}: {error}') from error
            with client:
                yield client
            return
        # Jobs are processes of their own, so threads suffice to wait for them.
        with (
            LocalCluster(
                n_workers=1,
                threads_per_worker=self.number('jobs') or core_count(),
                processes=False,
                dashboard_address=None,
                resources={GPU: 1} if visible_gpus() else {},
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client

    def _submit(self, client: 'Client', plan: list[Job], configs: Sequence[str], stopping: str) -> 'list[Future]':
        workers = client.scheduler_info(n_workers=-1)['workers'].values()
        has_gpus = any(worker['resources'].get(GPU) for worker in workers)
        secrets = Secrets(rv_config_.get_section_variables(SECRETS))
        futures: list[Future] = []
        for job in plan:
            futures.append(
                client.submit(
                    run_job,
                    job.name,
                    job_command_line(configs[job.run], job.command, job.options),
                    stopping,
                    [futures[index] for index in job.dependencies],
                    secrets,
                    key=f'{job.name} {stopping}',
                    pure=False,
                    retries=(self.number('attempts', 1, job=job) or 1) - 1,
                    resources={GPU: 1} if has_gpus and job.uses_gpu else {},
                )
            )
        return futures


def run_job(name: str, command: list[str], stopping: str, dependencies: list[Result], secrets: Secrets) -> Result:
    """Run a job as a process; what a worker does.

    Args:
        name: The job.
        command: Its command line.
        stopping: Name of an event that stops it.
        dependencies: Results of the jobs before it, which have ended well.
        secrets: Variables for its environment.

    Returns:
        How long it took, and the most memory it held, in MB.

    Raises:
        RunError: If it does not end well, with the end of what it printed.
    """
    from distributed import Event

    event = Event(stopping)
    with tempfile.TemporaryFile('w+', errors='replace') as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**environment_of(), **secrets},
        )
        share = Share(Job(0, name, 0, 1, ()))
        running = Running(share.job, process, None, share, time.monotonic())
        asked = running.started
        try:
            while not has_ended(running):
                time.sleep(POLL_SECONDS)
                if time.monotonic() - asked > SECONDS_BETWEEN_QUESTIONS:
                    asked = time.monotonic()
                    if event.is_set():
                        raise RunError(f'{name} was stopped.')
        finally:
            stop([running])
        if process.returncode:
            log.seek(0)
            tail = ''.join(log.readlines()[-TAIL_LINES:]).rstrip()
            raise RunError(f'{name} {describe_end(process.returncode)}. The end of what it printed:\n\n{tail}')
    return time.monotonic() - running.started, share.peak


def _follow(plan: list[Job], futures: 'list[Future]', progress: Progress) -> None:
    """Wait for all jobs, and say how each ended."""
    ended: list[Ended] = []
    waiting = dict(zip(plan, futures, strict=True))
    while waiting:
        for job, future in [(job, future) for job, future in waiting.items() if future.done()]:
            del waiting[job]
            if future.status == 'finished':
                seconds, peak = future.result()
                ended.append(Ended(job, 0, seconds, peak, None))
                progress.show(f'{job.name}: done in {seconds:.1f} s ({len(ended)}/{len(plan)})')
        time.sleep(POLL_SECONDS)
    progress.show(summarize(ended))
    for future in futures:
        if future.status != 'finished':
            error = future.exception()
            raise error if isinstance(error, RunError) else RunError(f'Dask lost a job: {error!r}') from error


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(POLL_SECONDS)
