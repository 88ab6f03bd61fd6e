"""From imagery to a bundle and back, through the command line."""

import json
import zipfile

import pytest
import rasterio

pytestmark = pytest.mark.e2e


def test_it_ends_well_and_makes_what_it_should(run):
    assert run.done.code == 0, run.done.err
    for path in (
        'pipeline-config.json',
        'train/log.csv',
        'train/last-model.pth',
        'train/model-bundle.zip',
        'train/dataloaders/train.png',
        'predict/validation/labels.tif',
        'predict/validation/vector_output/class-1-building.json',
        'eval/validation_scenes/eval.json',
        'bundle/model-bundle.zip',
    ):
        assert (run.root / path).is_file(), path


def test_what_goes_to_files_is_plain_lines(run):
    """No colours, and no bars that overwrite themselves, in what `run` prints and in the logs of its jobs."""
    logs = {path.stem: path.read_bytes().decode() for path in run.root.parent.glob('.run.manifest/logs/*')}

    assert {'chip', 'train', 'predict'} <= {name.split('-')[0] for name in logs}
    texts = {**logs, 'out': run.done.out, 'err': run.done.err}
    assert [name for name, text in texts.items() if '\r' in text or '\x1b' in text] == []


def test_predicted_labels_lie_over_the_image(run, town):
    with (
        rasterio.open(run.root / 'predict/validation/labels.tif') as labels,
        rasterio.open(town / 'validation.tif') as image,
    ):
        assert (labels.crs, labels.transform, labels.shape) == (image.crs, image.transform, image.shape)
        assert labels.profile['tiled'] and labels.compression.name == 'deflate'
        assert labels.colormap(1)[1] == (139, 0, 0, 255)


def test_metrics_are_those_of_all_pixels(run, town):
    report = json.loads((run.root / 'eval/validation_scenes/eval.json').read_text())
    with rasterio.open(town / 'validation.tif') as image:
        pixels = image.width * image.height

    counts = {item['class_name']: item['gt_count'] for item in report['overall']}
    assert counts['background'] + counts['building'] == pixels


def test_bundle_has_weights_without_code(run):
    with zipfile.ZipFile(run.root / 'bundle/model-bundle.zip') as bundle:
        assert set(bundle.namelist()) == {'pipeline-config.json', 'model-bundle.zip', 'model-card.json'}
    with zipfile.ZipFile(run.root / 'train/model-bundle.zip') as bundle:
        assert {'model.pth', 'model.safetensors', 'learner-config.json'} <= set(bundle.namelist())


def test_bundle_predicts_a_new_image_as_the_pipeline_did(run, rastervision, town, tmp_path):
    """The same image through the bundle gives the same labels."""
    done = rastervision('predict', run.root / 'bundle/model-bundle.zip', town / 'validation.tif', tmp_path / 'out/')

    assert done.code == 0, done.err
    assert '\r' not in done.out + done.err
    with (
        rasterio.open(tmp_path / 'out/labels.tif') as again,
        rasterio.open(run.root / 'predict/validation/labels.tif') as first,
    ):
        assert (again.read() == first.read()).all()


def test_the_same_command_again_does_nothing(run, rastervision):
    before = {path: path.stat().st_mtime_ns for path in run.root.rglob('*') if path.is_file()}
    before.pop(run.root / 'pipeline-config.json')

    done = rastervision(*run.args)

    assert done.code == 0, done.err
    assert before == {path: path.stat().st_mtime_ns for path in before}
    plan = rastervision(*run.args, '--dry-run')
    assert plan.out.count('done') == 5
