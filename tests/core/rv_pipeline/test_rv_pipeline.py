import json
import zipfile

import numpy as np
import pytest

from rastervision.core.backend.backend import Backend
from rastervision.core.box import Box
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    SemanticSegmentationLabelStoreConfig,
)
from rastervision.core.rv_pipeline.chip_classification import ChipClassification
from rastervision.core.rv_pipeline.chip_options import ChipOptions, WindowSamplingConfig
from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions
from rastervision.core.rv_pipeline.semantic_segmentation import SemanticSegmentation
from rastervision.core.rv_pipeline.semantic_segmentation_config import SemanticSegmentationConfig
from rastervision.pipeline.config.resolve import resolve
from rastervision.pipeline.errors import ConfigError, DataError, NotReadableError


@pytest.fixture
def make_pipeline(make_pipeline_config, tmp_path):
    """A function that makes a pipeline, of a subclass if one is given."""

    def make(pipeline_class=ChipClassification, streaming=False, **kwargs):
        config = make_pipeline_config(**kwargs)
        config.backend.streaming = streaming
        (tmp_path / 'tmp').mkdir(exist_ok=True)
        return pipeline_class(config, str(tmp_path / 'tmp'))

    return make


def predicted_ids(pipeline, scene_id='b'):
    with open(pipeline.config.layout.vector_prediction(scene_id)) as file:
        return [feature['properties']['class_id'] for feature in json.load(file)['features']]


CHECKERBOARD = [(row + column) % 2 for row in range(4) for column in range(6)]


def test_commands_that_have_nothing_to_do_are_dropped(make_pipeline):
    pipeline = make_pipeline()
    assert pipeline.commands == ['chip', 'train', 'predict', 'eval', 'bundle']
    assert pipeline.split_commands == ['chip', 'predict']
    assert pipeline.gpu_commands == ['train', 'predict']
    assert pipeline.all_commands[0] == 'analyze'


def test_a_run_ends_with_perfect_metrics(make_pipeline):
    pipeline = make_pipeline()
    for command in pipeline.commands:
        getattr(pipeline, command)()

    with open(pipeline.config.layout.evaluation('validation_scenes')) as file:
        metrics = json.load(file)
    assert metrics['overall'][-1]['metrics']['f1'] == 1.0
    assert list(metrics['per_scene']) == ['b']


@pytest.mark.parametrize('streaming', [False, True])
def test_predictions_are_the_same_streamed_or_whole(make_pipeline, streaming):
    pipeline = make_pipeline(streaming=streaming)
    pipeline.train()
    pipeline.predict()
    assert predicted_ids(pipeline) == CHECKERBOARD
    assert pipeline.backend.calls == (['b'] if streaming else [])


class Flipped(ChipClassification):
    """Swaps the classes after prediction."""

    def post_process_predictions(self, labels, scene):
        for cell in labels.get_cells():
            labels[cell] = 1 - labels.get_cell_class_id(cell), None
        return labels


class Batched(ChipClassification):
    """Remembers the batches it is given."""

    def post_process_batch(self, windows, chips, labels):
        self.batches = [*getattr(self, 'batches', []), (len(windows), chips.shape)]
        return labels


def test_predictions_that_are_post_processed_are_held_in_memory(make_pipeline):
    pipeline = make_pipeline(Flipped, streaming=True)
    pipeline.train()
    pipeline.predict()
    assert predicted_ids(pipeline) == [1 - class_id for class_id in CHECKERBOARD]
    assert pipeline.backend.calls == [('whole', 'b')]


def test_batches_are_post_processed(make_pipeline):
    pipeline = make_pipeline(Batched, streaming=True)
    pipeline.train()
    pipeline.predict()
    assert pipeline.batches == [(8, (8, 10, 10, 3))] * 3


def test_labels_are_not_read_to_predict(make_pipeline, tmp_path):
    pipeline = make_pipeline()
    (scene,) = pipeline.config.dataset.validation_scenes
    path = tmp_path / 'broken.json'
    path.write_text('{')
    scene.label_source.vector_source.uris = str(path)
    pipeline.train()
    pipeline.predict()

    assert predicted_ids(pipeline) == CHECKERBOARD
    assert scene.label_source is not None
    with pytest.raises(DataError, match='broken'):
        pipeline.eval()


def test_labels_are_not_overwritten_by_predictions(make_pipeline):
    pipeline = make_pipeline()
    (scene,) = pipeline.config.dataset.validation_scenes
    scene.label_store.uri = scene.label_source.vector_source.uris
    pipeline.train()
    with pytest.raises(ConfigError, match="scene 'b': Predictions would be written to"):
        pipeline.predict()


def test_splits_of_predict_share_the_scenes(make_pipeline, make_scene_config):
    pipeline = make_pipeline()
    pipeline.config.dataset.validation_scenes = [make_scene_config(name) for name in ('v', 'w', 'x')]
    pipeline.config.update()
    pipeline.train()
    pipeline.predict(split_ind=1, num_splits=2)
    assert predicted_ids(pipeline, 'x') == CHECKERBOARD
    with pytest.raises(FileNotFoundError):
        predicted_ids(pipeline, 'v')


def test_a_scene_that_is_validated_and_tested_is_predicted_once(make_pipeline):
    pipeline = make_pipeline(streaming=True)
    pipeline.config.dataset.test_scenes = pipeline.config.dataset.validation_scenes
    pipeline.train()
    pipeline.predict()
    assert pipeline.backend.calls == ['b']


def test_chips_are_made_by_split(make_pipeline, make_scene_config, tmp_path):
    pipeline = make_pipeline()
    pipeline.config.dataset.train_scenes = [make_scene_config('s'), make_scene_config('t')]
    pipeline.chip(0, 2)
    pipeline.chip(1, 2)
    pipeline.chip(2, 3)
    assert sorted(path.name for path in (tmp_path / 'out' / 'chip').iterdir()) == ['s-b.txt', 't.txt']


def test_chips_need_options(make_pipeline):
    with pytest.raises(ConfigError, match='chip_options is not set'):
        make_pipeline(chip_options=None).chip()


class OneWindow(ChipClassification):
    """Makes one chip of each scene."""

    def get_train_windows(self, scene):
        return [Box(0, 10, 10, 20)]

    def post_process_sample(self, sample):
        sample.chip = sample.chip // 2
        return sample


def test_a_subclass_chooses_and_changes_samples(make_pipeline, monkeypatch):
    pipeline = make_pipeline(OneWindow)
    backend = pipeline.config.backend.build(pipeline.config, pipeline.tmp_dir)
    monkeypatch.setattr(pipeline, '_make_backend', lambda: backend)
    pipeline.chip()

    assert [(sample.split, sample.label) for sample in backend.samples] == [('train', 1), ('valid', 1)]
    assert np.all(backend.samples[0].chip == 100)


class BackendOf021(Backend):
    """Has the methods that 0.21 asked for, with the arguments that it gave."""

    def __init__(self, inner):
        self.inner, self.sizes = inner, []

    def get_sample_writer(self):
        return self.inner.get_sample_writer()

    def train(self):
        pass

    def load_model(self):
        self.inner.threshold = 100

    def predict_scene(self, scene, chip_sz, stride):
        self.sizes.append((chip_sz, stride))
        return self.inner.predict_scene(scene, PredictOptions(chip_sz=chip_sz, stride=stride))


def test_a_backend_written_for_021_chips_trains_and_predicts(make_pipeline, monkeypatch):
    pipeline = make_pipeline()
    backend = BackendOf021(pipeline.config.backend.build(pipeline.config, pipeline.tmp_dir))
    monkeypatch.setattr(pipeline, '_make_backend', lambda: backend)
    for command in ('chip', 'train', 'predict'):
        getattr(pipeline, command)()

    assert [sample.split for sample in backend.inner.samples] == ['train'] * 24 + ['valid'] * 24
    assert (predicted_ids(pipeline), backend.sizes) == (CHECKERBOARD, [(10, 10)])


@pytest.mark.parametrize(
    ('sampling', 'count'),
    [
        (WindowSamplingConfig(size=20), 6),
        (WindowSamplingConfig(size=20, limit=4), 4),
        (WindowSamplingConfig(size=20, method='random', max_windows=11), 11),
        (WindowSamplingConfig(size=20, method='random', max_windows=11, limit=4), 4),
    ],
)
def test_windows_for_chips_follow_the_sampling(make_pipeline, sampling, count):
    pipeline = make_pipeline(chip_options=ChipOptions(sampling=sampling))
    (scene,) = pipeline._build_scenes(pipeline.config.dataset.train_scenes)
    windows = pipeline.get_train_windows(scene)
    assert len(windows) == count
    assert windows == pipeline.get_train_windows(scene)
    assert all(window.size == (20, 20) for window in windows)


def test_groups_without_predictions_are_left_out_with_a_warning(make_pipeline, tmp_path, caplog):
    make_pipeline().eval()
    assert "'validation_scenes' is not evaluated" in caplog.text
    assert not (tmp_path / 'out' / 'eval').exists()


def test_a_bundle_holds_what_prediction_needs_and_is_always_the_same(make_pipeline):
    pipeline = make_pipeline()
    pipeline.train()
    contents = []
    for _ in range(2):
        pipeline.bundle()
        with open(pipeline.config.get_model_bundle_uri(), 'rb') as file:
            contents.append(file.read())
    assert contents[0] == contents[1]
    with zipfile.ZipFile(pipeline.config.get_model_bundle_uri()) as bundle:
        assert sorted(bundle.namelist()) == ['model-bundle.zip', 'pipeline-config.json']


def test_a_bundle_needs_a_trained_model(make_pipeline):
    with pytest.raises(NotReadableError, match='Run the train command first'):
        make_pipeline().bundle()


def test_a_scene_without_label_store_cannot_be_predicted(make_pipeline):
    pipeline = make_pipeline()
    (scene,) = pipeline._build_scenes(pipeline.config.dataset.validation_scenes)
    scene.label_store = None
    with pytest.raises(DataError, match=r"scene 'b'.*label_store"):
        pipeline.predict_to_store(scene)


class Scores(SemanticSegmentation):
    """Streams scores of its own."""

    class _Backend:
        def iter_predict(self, scene, options):
            for window in scene.extent.get_windows(options.chip_sz, options.stride):
                scores = np.zeros((3, *window.size), dtype=np.float32)
                scores[1] = np.arange(window.xmin, window.xmax) >= 20
                yield window, scores

    def _loaded_backend(self):
        return self._Backend()


@pytest.mark.parametrize('blend', ['mean', 'linear'])
@pytest.mark.parametrize('smooth', [False, True])
def test_scores_are_kept_only_where_the_store_asks_for_them(make_pipeline_config, tmp_path, smooth, blend):
    base = make_pipeline_config()
    scene = base.dataset.validation_scenes[0]
    scene.label_source, scene.label_store = None, SemanticSegmentationLabelStoreConfig(smooth_output=smooth)
    base.dataset.train_scenes = []
    config = resolve(
        SemanticSegmentationConfig(
            root_uri=base.root_uri,
            dataset=base.dataset,
            backend=base.backend,
            predict_options={'chip_sz': 20, 'stride': 10, 'blend': blend},
        )
    )
    pipeline = Scores(config, str(tmp_path))
    (built,) = pipeline._build_scenes(config.dataset.validation_scenes)
    pipeline.predict_to_store(built)

    assert built.label_store.read_label_arr(Box(0, 0, 40, 60)).mean(axis=0).tolist() == [0] * 20 + [1] * 40
    assert (tmp_path / 'out' / 'predict' / 'b' / 'scores.tif').exists() == smooth
