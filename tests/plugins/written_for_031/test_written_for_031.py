"""A plugin written for 0.31, with a part of each kind, is installed and goes through all commands."""

import json
import zipfile

import pytest
import rasterio

PARTS = {
    'NumpySource._get_chip',
    'WktVectorSource._get_geojson',
    'PolygonLabelSource.__getitem__',
    'PolygonLabelSource.get_labels',
    'CountingLabelStore.save',
    'CountingLabelStore.get_labels',
    'RightPixelsEvaluator.process',
    'TinyModelConfig.build_default_model',
    'TinyLearner.train_step',
    'TinyLearner.on_epoch_end',
    'TinyLearner.prob_to_pred',
    'NamedVisualizer.plot_xyz',
    'TinyBackend.get_sample_writer',
    'TinyBackend.train',
    'TinyBackend.predict_scene',
    'CupboardFileSystem.read',
    'CupboardFileSystem.write',
}
RUNNERS = {
    'inprocess': [],
    'local': [],
    'slurm': ['--wait'],
}
CHIPPING = {
    'NumpySource._get_chip',
    'WktVectorSource._get_geojson',
    'PolygonLabelSource.__getitem__',
    'TinyBackend.get_sample_writer',
    'StepByStepRunner.run',
    'StepByStepRunner.get_split_ind',
}


@pytest.mark.slow
@pytest.mark.parametrize('runner', RUNNERS)
def test_all_commands_use_all_parts(workplace, runner, request):
    if runner == 'slurm':
        workplace.env.update(request.getfixturevalue('slurm'))

    run = workplace.run(runner, *RUNNERS[runner])

    assert run.marks >= PARTS
    metrics = json.loads((run.root / 'eval/validation_scenes/eval.json').read_text())
    assert metrics.keys() == {'b', 'c'}
    for scene in metrics:
        counts = json.loads((run.root / f'predict/{scene}/counts.json').read_text())
        assert sum(counts) == 256
        with rasterio.open(run.root / f'predict/{scene}/labels.tif') as labels:
            assert (labels.shape, labels.crs.to_epsg()) == ((16, 16), 32633)
    with zipfile.ZipFile(run.root / 'bundle/model-bundle.zip') as bundle:
        assert 'pipeline-config.json' in bundle.namelist()


@pytest.mark.slow
def test_its_own_runner_runs_jobs_and_splits(workplace):
    run = workplace.run('step_by_step', 'analyze', 'chip', '--splits', '2')

    assert run.marks >= CHIPPING
    assert len(list((run.root / 'chip').glob('*.zip'))) == 2


@pytest.mark.slow
def test_the_bundle_predicts(workplace):
    root = workplace.cupboard / 'inprocess'
    if not (root / 'bundle').exists():
        workplace.run('inprocess')

    image, target = 'cupboard://data/unknown.npy', 'cupboard://unknown'
    workplace.call('predict', '--trust', 'cupboard://inprocess/bundle/model-bundle.zip', image, target)

    assert workplace.take_marks() >= {'NumpySource._get_chip', 'CountingLabelStore.save', 'TinyBackend.predict_scene'}
    assert sum(json.loads((workplace.cupboard / 'unknown/counts.json').read_text())) == 256
