"""Reports of runs, as files."""

import base64
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from rastervision.core.report.command import report
from rastervision.core.report.report import make_report
from rastervision.core.report.run import Run
from rastervision.core.report.scenes import scan_run
from rastervision.pipeline.errors import ConfigError, NotReadableError

SECTIONS = ['Summary', 'Metrics', 'Errors', 'Worst windows', 'Confidence', 'Training', 'Data', 'Chips', 'Config']


@pytest.fixture
def write(Page, tmp_path):
    """A function that writes a report to a folder and gives its page."""

    def write(*roots, **options):
        uri = make_report([str(root) for root in roots], str(tmp_path / 'out'), **options)
        return Page(tmp_path / 'out' / uri.rpartition('/')[2])

    return write


@pytest.mark.parametrize('task', ['ss', 'od', 'cc'])
def test_page_has_all_in_it_and_loads_nothing(task, finished, Page):
    page = Page(finished(task) / 'report/report.html')

    assert all(f'\n{title}\n' in page.text for title in SECTIONS)
    assert 'script' not in page.tags
    assert page.sources and all(source.startswith('data:') for source in page.sources)
    assert len(page.sources) > 10
    assert all(link.startswith(('#', 'data:', 'https://www.openstreetmap.org/')) for link in page.links)


@pytest.mark.parametrize('task', ['ss', 'od', 'cc'])
def test_pictures_lie_beside_the_page(task, finished):
    folder = finished(task) / 'report'

    names = {path.name for path in folder.iterdir()}
    assert {'report.html', 'losses.png', 'footprints.png', 'scene-1-image.jpg', 'scene-1-errors.jpg'} <= names
    assert ('precision-recall.png' in names) == (task == 'od')
    assert 'reliability.png' in names
    for name in names - {'report.html'}:
        assert cv2.imread(str(folder / name)) is not None, name


def test_metrics_are_those_of_eval(finished, Page):
    root = finished('ss')

    page = Page(root / 'report/report.html')

    items = json.loads((root / 'eval/validation_scenes/eval.json').read_text())['overall']
    for item in items:
        assert f'\n{item["metrics"]["precision"]:.3f}\n' in page.text


@pytest.mark.parametrize('task', ['ss', 'od', 'cc'])
def test_counts_are_those_of_eval(task, finished):
    root = finished(task)

    (scene,) = scan_run(Run(str(root)), 1).scenes

    items = json.loads((root / 'eval/validation_scenes/eval.json').read_text())['overall']
    true_pos, false_pos, false_neg = scene.tally.counts.sum(axis=(0, 1)).T.tolist()
    assert [p + n for p, n in zip(true_pos, false_neg, strict=True)] == [i['gt_count'] for i in items[:2]]
    assert [p + n for p, n in zip(true_pos, false_pos, strict=True)] == [i['pred_count'] for i in items[:2]]


@pytest.mark.parametrize(('task', 'errors'), [('ss', 400), ('od', 2), ('cc', 1)])
def test_worst_window_is_where_the_errors_are(task, errors, finished):
    (scene,) = scan_run(Run(str(finished(task))), 1).scenes

    worst = scene.worst[0]
    assert tuple(worst.window) == (128, 192, 192, 256)
    assert worst.errors == errors
    x, y = worst.middle
    assert (x, y) == pytest.approx((15.0282, 45.1386), abs=1e-3)


def test_windows_can_be_saved_for_a_gis(finished, Page):
    page = Page(finished('ss') / 'report/report.html')

    (url,) = [link for link in page.links if link.startswith('data:')]
    features = json.loads(base64.b64decode(url.partition(',')[2]))['features']
    assert features[0]['properties'] == {
        'rank': 1, 'scene': 'second', 'pixels': 'rows 128 to 192, columns 192 to 256', 'errors': 400, 'compared': 4096
    }  # fmt: skip


def test_false_alarms_are_red_and_hits_green(finished):
    (scene,) = scan_run(Run(str(finished('ss'))), 1).scenes

    data = scene.pictures[-1].data
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1].astype(int)
    red, green, _ = pixels[135:145, 205:215].mean(axis=(0, 1))
    assert red > green + 50
    red, green, _ = pixels[40:100, 50:140].mean(axis=(0, 1))
    assert green > red + 50


def test_same_run_gives_the_same_bytes(finished, tmp_path):
    root = finished('od')

    again = make_report([str(root)], str(tmp_path))

    assert Path(again).read_bytes() == (root / 'report/report.html').read_bytes()


def test_run_that_was_moved_is_found(make_run, write, tmp_path):
    root = make_run('ss')
    shutil.move(root, tmp_path / 'elsewhere')

    page = write(tmp_path / 'elsewhere')

    assert 'second (validation)' in page.text


def test_what_is_missing_is_said(make_run, write):
    page = write(make_run('ss', steps=()))

    for text in ('No eval.json was found', 'No training log was found', 'No model card', 'There is no', 'no pictures'):
        assert text in page.text, text


def test_only_an_image_that_cannot_be_read_is_left_out(make_run, write, tmp_path):
    root = make_run('cc')
    (tmp_path / 'data/second.tif').unlink()

    page = write(root)

    assert "Left out, as it could not be read: scene 'second'" in page.text
    assert 'Group validation_scenes' in page.text


def test_folder_without_run_is_refused(tmp_path):
    with pytest.raises(NotReadableError, match=r'no pipeline-config\.json.*root_uri'):
        make_report([str(tmp_path)])


def test_other_pipelines_are_refused(tmp_path):
    (tmp_path / 'pipeline-config.json').write_text(json.dumps({'type_hint': 'pipeline', 'root_uri': str(tmp_path)}))

    with pytest.raises(ConfigError, match='has no scenes'):
        make_report([str(tmp_path)])


def test_names_are_escaped(make_run, write):
    root = make_run('cc')
    config = root / 'pipeline-config.json'
    config.write_text(config.read_text().replace('"some"', '"<b onclick=1>"'))

    page = write(root)

    assert 'b' not in page.tags
    assert '<b onclick=1>' in page.text


def test_settings_that_are_no_defaults_come_first(make_run, write):
    page = write(make_run('ss', seed=7))

    changed, _, _ = page.text.partition('values that are defaults')
    assert '\nseed\n7\n' in changed
    assert 'dataset.validation_scenes[*].label_store.smooth_output' in changed
    assert 'rasterio_block_size' not in changed


def test_runs_are_compared(make_run, write):
    page = write(make_run('cc', 'old'), make_run('cc', 'new', seed=3))

    assert 'Comparison: old, new' in page.text
    _, _, settings = page.text.partition('Settings that differ\n')
    assert '\nseed\n0\n3\n' in settings
    assert 'old: 2.1% wrong' in page.text and 'new: 2.1% wrong' in page.text


def test_eval_writes_a_report_if_asked_to(make_run):
    assert not (make_run('cc', 'without') / 'report').exists()
    assert (make_run('cc', 'with', report=True) / 'report/report.html').is_file()


def test_command_prints_where_the_report_is(make_run):
    root = make_run('cc')

    result = CliRunner().invoke(report, [str(root), '--scenes', '0'], catch_exceptions=False)

    assert result.output == f'{root}/report/report.html\n'
    assert not list((root / 'report').glob('scene-*'))
