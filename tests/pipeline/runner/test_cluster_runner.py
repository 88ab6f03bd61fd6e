"""What runners that hand jobs to a cluster do when something goes wrong half-way."""

import pytest

from rastervision.pipeline.errors import RunError
from rastervision.pipeline.runner.cluster_runner import ClusterRunner
from rastervision.pipeline.runner.plan import PipelineRun
from rastervision.pipeline.runner.submission import JobState, State


class StubbornCluster(ClusterRunner):
    """Takes the jobs of some runs only, and cancels those of some only."""

    name = 'stubborn'

    def __init__(self, refuses, keeps):
        self.refuses, self.keeps, self.cancelled = refuses, keeps, []

    def submit(self, stage, submission, pipeline, run_name):
        folder = submission.root_uri.rpartition('/')[2]
        if folder == self.refuses:
            raise RunError('the queue is full.')
        return [f'{folder}-{job.name}' for job in stage.jobs]

    def cancel(self, submission):
        if any(id.startswith(self.keeps) for id in submission.ids):
            raise RunError('the cluster does not answer')
        self.cancelled += submission.ids

    def states(self, submission):
        return [JobState(State.WAITING) for _ in submission.ids]

    def read_log(self, submission, index, position):
        return [], position

    def log_of(self, submission, index):
        return ''


def test_all_jobs_are_cancelled_as_far_as_the_cluster_lets_them(toy, tmp_path):
    pipelines = {name: toy(root_uri=str(tmp_path / name)).build(str(tmp_path)) for name in ('one', 'two', 'three')}
    runs = [PipelineRun(str(tmp_path / name / 'c.json'), each, ('make',)) for name, each in pipelines.items()]
    runner = StubbornCluster(refuses='three', keeps='one')

    with pytest.raises(RunError, match=r'queue is full.*one-make \(.*not answer\).*were cancelled: two-make') as error:
        runner.run_all(runs)

    assert runner.cancelled == ['two-make']
    assert 'could not be cancelled' in str(error.value)
    assert not list(tmp_path.rglob('latest.json'))
