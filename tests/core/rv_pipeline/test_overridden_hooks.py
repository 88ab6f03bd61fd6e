"""What subclasses of pipelines, backends, label stores, evaluators and analyzers override is called by the commands."""

import pytest

from rastervision.core.analyzer.stats_analyzer import StatsAnalyzer
from rastervision.core.analyzer.stats_analyzer_config import StatsAnalyzerConfig
from rastervision.core.data.label_store.chip_classification_geojson_store import ChipClassificationGeoJSONStore
from rastervision.core.data.scene import Scene
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.evaluation.chip_classification_evaluator import ChipClassificationEvaluator
from rastervision.core.rv_pipeline.chip_classification import ChipClassification

BACKEND = 'the backend of the tests'

SAMPLES = 'get_train_windows', 'get_train_labels', 'post_process_sample'
PREDICTIONS = (
    'build_backend',
    'predict_to_store',
    'predict_scene',
    'post_process_batch',
    'post_process_predictions',
)
CASES = [
    *[(ChipClassification, name, 'chip') for name in SAMPLES],
    *[(ChipClassification, name, 'predict') for name in PREDICTIONS],
    *[(BACKEND, name, 'predict') for name in ('load_model', 'iter_predict', 'predict_scene')],
    *[(BACKEND, name, 'train') for name in ('train', 'training_settings')],
    (BACKEND, 'chip_dataset', 'chip'),
    *[(ChipClassificationGeoJSONStore, name, 'predict') for name in ('save', 'writer')],
    (ChipClassificationGeoJSONStore, 'get_labels', 'eval'),
    *[(ChipClassificationEvaluator, name, 'eval') for name in ('process', 'evaluate_scene', 'evaluate_predictions')],
    *[(StatsAnalyzer, name, 'analyze') for name in ('process', 'compute_stats')],
]


class Subclassed:
    """Configs make objects of a subclass, in which a method notes that it was called."""

    def __init__(self, base: type, name: str) -> None:
        self.base, self.calls = base, []
        original = getattr(base, name)

        def method(this, *args, **kwargs):
            self.calls.append(name)
            return original(this, *args, **kwargs)

        self.kind = type(f'My{base.__name__}', (base,), {name: method})

    def turn(self, thing):
        """An object as one of the subclass."""
        if type(thing) is self.base:
            thing.__class__ = self.kind
        return thing


@pytest.mark.parametrize(('base', 'name', 'command'), CASES)
def test_what_a_subclass_overrides_is_called(make_pipeline_config, tmp_path, monkeypatch, base, name, command):
    analyzers = [StatsAnalyzerConfig(output_uri=str(tmp_path))]
    config, folder = make_pipeline_config(analyzers=analyzers), str(tmp_path)
    config.backend.streaming = True
    mine = Subclassed(type(config.backend.build(config, folder)) if base is BACKEND else base, name)
    pipeline = (mine.kind if base is ChipClassification else ChipClassification)(config, folder)
    for before in ('train', 'predict'):
        if before != command and command != 'analyze' and (before, command) != ('predict', 'train'):
            getattr(pipeline, before)()
    mine.calls.clear()
    pipeline.backend = None
    for kind in map(type, (config.backend, config.evaluators[0], config.analyzers[0])):
        monkeypatch.setattr(kind, 'build', lambda self, *a, _build=kind.build, **k: mine.turn(_build(self, *a, **k)))
    build_scene = SceneConfig.build

    def build_with_store(self, *args, **kwargs) -> Scene:
        scene = build_scene(self, *args, **kwargs)
        mine.turn(scene.label_store)
        return scene

    monkeypatch.setattr(SceneConfig, 'build', build_with_store)

    getattr(pipeline, command)()

    assert name in mine.calls
