import pytest

from rastervision.aws_batch.aws_batch_runner import AWSBatchRunner
from rastervision.pipeline.cli.running import run_pipelines
from rastervision.pipeline.runner.dask_runner import DaskRunner
from rastervision.pipeline.runner.local_runner import LocalRunner
from rastervision.pipeline.runner.slurm_runner import SlurmRunner


@pytest.mark.parametrize('base', [LocalRunner, DaskRunner, SlurmRunner, AWSBatchRunner])
def test_run_of_a_subclass_is_called_for_each_pipeline(toy, tmp_path, base):
    called = []

    class Own(base):
        def run(self, cfg_json_uri, pipeline, commands, num_splits=1, pipeline_run_name='raster-vision'):
            called.append((pipeline.config.root_uri, commands, num_splits, pipeline_run_name))

    roots = [str(tmp_path / name) for name in ('one', 'two')]

    run_pipelines(Own(), [toy(root_uri=root) for root in roots], ['make'], num_splits=2, pipeline_run_name='mine')

    assert called == [(root, ['make'], 2, 'mine') for root in roots]
