"""Objects of vector outputs in reports."""

import json

import cv2
import numpy as np
import pytest
import shapely
from shapely import box

from rastervision.core.box import Box
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import PolygonVectorOutputConfig
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.scene import Scene
from rastervision.core.evaluation.polygon_comparison import compare_polygons
from rastervision.core.evaluation.vector_outputs import ComparedOutput
from rastervision.core.report.frame import Frame
from rastervision.core.report.objects import around, draw_outputs, outline
from rastervision.core.report.recorded import checked_evaluation
from rastervision.core.report.report import make_report
from rastervision.core.report.scan import FALSE_ALARM, HIT, MISS
from rastervision.pipeline.errors import DataError

OUTPUT = PolygonVectorOutputConfig(class_id=1, denoise=0)
SIDE = 200
FOUND, MISSED, WRONG = box(20, 20, 60, 60), box(100, 20, 180, 60), box(20, 120, 80, 180)


@pytest.fixture
def drawn(tmp_path, write_raster):
    """The pictures of a dark scene with an object that was found, one that was missed and a false alarm."""
    image = RasterioSource(write_raster(tmp_path / 'a.tif', np.full((SIDE, SIDE, 3), 20, dtype=np.uint8)))
    comparison = compare_polygons([FOUND, MISSED], [FOUND, WRONG])
    (output,) = draw_outputs(Scene('s', image), [ComparedOutput('houses', 1, 'house', comparison)], 'scene-1')
    return output


def decoded(picture):
    return cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1].astype(int)


def has_outline(pixels, polygon, color, corner=(0, 0)):
    """Whether most of the pixels along the outline of a polygon are more of a colour than of the others."""
    points = shapely.get_coordinates(shapely.segmentize(polygon, 2)) - corner
    x, y = np.floor(points - 0.5).astype(int).T
    near = np.max([pixels[y + dy, x + dx] for dy in (0, 1) for dx in (0, 1)], axis=0)
    return np.mean((near.argmax(axis=1) == np.argmax(color)) & (near.max(axis=1) > 80)) > 0.9


def test_outlines_say_what_was_found_missed_and_wrong(drawn):
    pixels = decoded(drawn.picture)
    assert (drawn.found, drawn.missed, drawn.false_alarms) == (1, 1, 1)
    for polygon, color in ((FOUND, HIT), (MISSED, MISS), (WRONG, FALSE_ALARM)):
        assert has_outline(pixels, polygon, color)
    assert pixels[40, 40].max() < 60  # inside, the image is seen


def test_there_is_a_picture_of_each_miss_and_false_alarm(drawn):
    (missed,), (wrong,) = drawn.misses, drawn.wrong
    assert (missed.name, missed.title) == ('scene-1-objects-1-missed-1', 'rows 0 to 200, columns 0 to 200')
    assert wrong.title == 'rows 50 to 200, columns 0 to 150'
    assert has_outline(decoded(wrong), WRONG, FALSE_ALARM, corner=(0, 50))


def test_windows_around_objects_stay_inside_the_scene():
    extent = Box(0, 0, 100, 300)
    assert around(box(100, 40, 140, 60), extent) == Box(0, 70, 100, 170)
    assert around(box(0, 0, 10, 10), extent) == Box(0, 0, 48, 48)
    assert around(box(290, 90, 300, 100), extent) == Box(52, 252, 100, 300)
    assert around(box(0, 0, 300, 10), extent) == extent


def test_holes_have_outlines_and_what_is_elsewhere_is_left_out():
    picture = np.zeros((50, 50, 3), dtype=np.uint8)
    ring = box(110, 110, 140, 140).difference(box(120, 120, 130, 130))
    polygons = np.array([ring, box(0, 0, 20, 20)], dtype=object)
    outline(picture, Frame(Box(100, 100, 150, 150)), polygons, HIT)
    assert has_outline(picture.astype(int), box(10, 10, 40, 40), HIT)
    assert has_outline(picture.astype(int), box(20, 20, 30, 30), HIT)
    assert not picture[:8].any()
    assert not picture[25, 25].any()


def test_a_report_shows_the_objects_of_vector_outputs(make_run, Page):
    root = make_run('ss', vector_output=[OUTPUT])
    make_report([str(root)])
    assert 'class-1-field: 1 found, 0 missed, 1 false alarms.' in Page(root / 'report' / 'report.html').text
    names = {path.stem for path in (root / 'report').glob('*-objects-*')}
    assert names == {'scene-1-objects-1', 'scene-1-objects-1-false-alarm-1'}


def test_without_vector_outputs_there_is_no_such_section(finished, Page):
    assert 'Objects' not in Page(finished('ss') / 'report' / 'report.html').text


def test_vector_outputs_that_cannot_be_read_are_left_out(make_run, Page):
    root = make_run('ss', vector_output=[OUTPUT])
    next((root / 'predict').rglob('class-1-field.json')).unlink()
    make_report([str(root)])
    text = Page(root / 'report' / 'report.html').text
    assert 'Objects are left out, as they could not be read' in text
    assert '0 missed' not in text
    assert (root / 'report' / 'scene-1-errors.jpg').exists()


def test_the_objects_of_an_evaluation_are_checked(make_run):
    root = make_run('ss', vector_output=[OUTPUT])
    content = json.loads((root / 'eval/validation_scenes/eval.json').read_text())
    (item,) = checked_evaluation(content, 'eval.json', 2)['vector_outputs']['overall']
    assert item['vector_output'] == 'class-1-field'
    for wrong in ([], {'overall': [{**item, 'metrics': None}]}, {'overall': [{**item, 'true_pos': 'x'}]}):
        with pytest.raises(DataError, match=r'eval\.json: is no evaluation'):
            checked_evaluation({**content, 'vector_outputs': wrong}, 'eval.json', 2)


def test_objects_of_several_runs_are_compared(make_run, Page, tmp_path):
    roots = [make_run('ss', name='with', vector_output=[OUTPUT]), make_run('ss', name='without')]
    make_report([str(root) for root in roots], str(tmp_path / 'compared'))
    text = Page(tmp_path / 'compared' / 'comparison.html').text
    table = text.split('F1 of objects by vector output, validation_scenes')[1].split()
    assert table[:7] == ['vector', 'output', 'with', 'without', 'class-1-field', '0.667', 'none']
    assert not list((tmp_path / 'compared').glob('*objects*'))
