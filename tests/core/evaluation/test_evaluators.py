import json

import numpy as np
import pytest
import shapely

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.label.semantic_segmentation_labels import SemanticSegmentationDiscreteLabels
from rastervision.core.data.label_source.semantic_segmentation_label_source import SemanticSegmentationLabelSource
from rastervision.core.data.label_store.semantic_segmentation_label_store import SemanticSegmentationLabelStore
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.scene import Scene
from rastervision.core.evaluation import semantic_segmentation_evaluation
from rastervision.core.evaluation.evaluator import Evaluator, run_evaluator
from rastervision.core.evaluation.semantic_segmentation_evaluator import SemanticSegmentationEvaluator
from rastervision.core.evaluation.semantic_segmentation_evaluator_config import (
    SemanticSegmentationEvaluatorConfig,
    ss_evaluator_config_upgrader,
)
from rastervision.pipeline.errors import ConfigError, DataError

CLASSES = ClassConfig(names=['a', 'b', 'null'], colors=['red', 'green', 'black'])
HEIGHT, WIDTH = 700, 90


@pytest.fixture
def make_scene(tmp_path, write_raster):
    """A function that makes a scene of random labels and predictions."""

    def make(truth, prediction, **kwargs):
        image = RasterioSource(write_raster(tmp_path / 'image.tif', np.ones((HEIGHT, WIDTH, 3), dtype=np.uint8)))
        labels = RasterioSource(write_raster(tmp_path / 'labels.tif', truth[..., np.newaxis]))
        store = SemanticSegmentationLabelStore(
            str(tmp_path / 'predict'), image.crs_transformer, CLASSES, bbox=image.bbox, tmp_dir=str(tmp_path)
        )
        if prediction is not None:
            predicted = SemanticSegmentationDiscreteLabels.make_empty(image.extent, 3)
            predicted[image.extent] = prediction
            store.save(predicted)
        return Scene('s', image, SemanticSegmentationLabelSource(labels, CLASSES), store, **kwargs)

    return make


class OwnLabels(SemanticSegmentationLabelSource):
    """Labels of a plugin, which says what it likes."""

    def get_label_arr(self, window=None):
        return self.truth[window.to_slices()]


@pytest.fixture
def truth():
    return np.random.default_rng(0).integers(0, 2, (HEIGHT, WIDTH), dtype=np.uint8)


@pytest.fixture
def prediction():
    return np.random.default_rng(1).integers(0, 2, (HEIGHT, WIDTH), dtype=np.uint8)


@pytest.mark.parametrize(
    'aoi', [None, [shapely.box(5, 100, 60, 420), shapely.Polygon([(0, 600), (80, 600), (0, 690)])]]
)
def test_blocks_of_rows_count_as_the_whole(make_scene, truth, prediction, aoi, monkeypatch):
    monkeypatch.setattr(semantic_segmentation_evaluation, 'MAX_PIXELS', 1)
    scene = make_scene(truth, prediction, aoi_polygons=aoi)
    evaluator = SemanticSegmentationEvaluator(CLASSES)
    blocks = list(semantic_segmentation_evaluation.row_blocks(scene.extent))
    assert [block.height for block in blocks] == [256, 256, 188]

    whole = [labels.get_labels() for labels in (scene.label_source, scene.label_store)]
    if aoi:
        whole = [labels.filter_by_aoi(aoi, null_class_id=2) for labels in whole]
    by_block, at_once = evaluator.evaluate_scene(scene), evaluator.evaluate_predictions(*whole)
    assert json.dumps(by_block.to_json()) == json.dumps(at_once.to_json())


def test_pixels_whose_label_is_no_class_are_left_out(make_scene, truth, prediction, caplog):
    scene = make_scene(truth, prediction)
    truth[:10, :10] = 255
    scene.label_source = OwnLabels(scene.label_source.raster_source, CLASSES)
    scene.label_source.truth = truth
    evaluation = SemanticSegmentationEvaluator(CLASSES).evaluate_scene(scene)
    assert evaluation.conf_mat.sum() == HEIGHT * WIDTH - 100
    assert '100 pixels are not evaluated' in caplog.text


def test_pixels_of_the_null_class_can_be_left_out(make_scene, truth, prediction):
    truth[:10] = 2
    config = SemanticSegmentationEvaluatorConfig(ignore_null=True)
    evaluation = config.build(CLASSES).evaluate_scene(make_scene(truth, prediction))
    assert evaluation.conf_mat.sum() == (HEIGHT - 10) * WIDTH
    assert not evaluation.conf_mat[2].any()


def test_metrics_are_written_for_all_scenes_and_each(make_scene, truth, prediction, tmp_path):
    evaluator = SemanticSegmentationEvaluator(CLASSES, str(tmp_path / 'eval' / 'eval.json'))
    evaluator.process([make_scene(truth, prediction)], str(tmp_path))
    text = (tmp_path / 'eval' / 'eval.json').read_text()
    assert list(json.loads(text)['per_scene']) == ['s']
    assert text.startswith('{\n    "overall"')


def test_missing_predictions_are_a_missing_file(make_scene, truth, tmp_path):
    evaluator = SemanticSegmentationEvaluator(CLASSES, str(tmp_path / 'eval.json'))
    with pytest.raises(FileNotFoundError, match=r"scene 's': .*labels\.tif"):
        evaluator.process([make_scene(truth, None)])
    assert not (tmp_path / 'eval.json').exists()


def test_a_scene_without_labels_is_skipped_by_process_but_not_by_name(make_scene, truth, prediction, caplog):
    scene = make_scene(truth, prediction)
    scene.label_source = None
    evaluator = SemanticSegmentationEvaluator(CLASSES)
    evaluator.process([scene])
    assert "'s' has no label source" in caplog.text
    with pytest.raises(DataError, match=r"scene 's'.*label_source"):
        evaluator.evaluate_scene(scene)


def test_the_output_of_a_config_is_by_scene_group():
    config = SemanticSegmentationEvaluatorConfig(output_uri='/x')
    assert config.get_output_uri('val') == '/x/val/eval.json'
    assert config.build(CLASSES, scene_group=('val', {'s'})).output_uri == '/x/val/eval.json'


def test_a_config_without_output_builds_an_evaluator_that_writes_nothing():
    assert SemanticSegmentationEvaluatorConfig().build(CLASSES).output_uri is None
    with pytest.raises(ConfigError, match='output_uri is not set'):
        SemanticSegmentationEvaluatorConfig().get_output_uri('val')


def test_older_fields_are_dropped():
    assert ss_evaluator_config_upgrader({'vector_output_uri': 'x', 'output_uri': None}, 2) == {'output_uri': None}


def test_extent_smaller_than_a_block_is_one_block():
    assert list(semantic_segmentation_evaluation.row_blocks(Box(0, 0, 5, 7))) == [Box(0, 0, 5, 7)]


@pytest.mark.parametrize('ignore_null', [False, True])
def test_predictions_are_evaluated_as_scenes_are(make_scene, truth, prediction, ignore_null):
    truth[:10] = 2
    scene = make_scene(truth, prediction)
    evaluator = SemanticSegmentationEvaluator(CLASSES, ignore_null=ignore_null)
    sides = [labels.get_labels() for labels in (scene.label_source, scene.label_store)]
    by_scene, by_labels = evaluator.evaluate_scene(scene), evaluator.evaluate_predictions(*sides)
    assert json.dumps(by_labels.to_json()) == json.dumps(by_scene.to_json())
    assert by_labels.conf_mat[2].sum() == (0 if ignore_null else 10 * WIDTH)


class OfPlugin(Evaluator):
    """What evaluators of plugins have in common."""

    def evaluate_scene(self, scene):
        raise NotImplementedError

    def evaluate_predictions(self, ground_truth, predictions):
        raise NotImplementedError


class OnlyScenes(OfPlugin):
    def process(self, scenes):
        self.got = (len(scenes), None)


class WithFolder(OfPlugin):
    def process(self, scenes, tmp_dir):
        self.got = (len(scenes), tmp_dir)


class WithOptionalFolder(OfPlugin):
    def process(self, scenes, tmp_dir=None):
        self.got = (len(scenes), tmp_dir)


class WithKeyword(OfPlugin):
    def process(self, scenes, *, tmp_dir=None):
        self.got = (len(scenes), tmp_dir)


class WithAnything(OfPlugin):
    def process(self, *args):
        self.got = (len(args[0]), args[1])


@pytest.mark.parametrize(
    ('kind', 'folder'),
    [(OnlyScenes, None), (WithFolder, 'x'), (WithOptionalFolder, 'x'), (WithKeyword, 'x'), (WithAnything, 'x')],
)
def test_evaluators_of_plugins_may_take_scenes_only(kind, folder):
    evaluator = kind()
    run_evaluator(evaluator, iter(['a', 'b']), 'x')
    assert evaluator.got == (2, folder)
