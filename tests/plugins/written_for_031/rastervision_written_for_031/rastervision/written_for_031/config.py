"""A run with all parts of the plugin."""

# ruff: noqa: F403, F405

from rastervision.core.data import *
from rastervision.core.rv_pipeline import *
from rastervision.pytorch_backend import *
from rastervision.pytorch_learner import *
from rastervision.written_for_031.backend import TinyBackendConfig
from rastervision.written_for_031.evaluator import RightPixelsEvaluatorConfig
from rastervision.written_for_031.label_source import PolygonLabelSourceConfig
from rastervision.written_for_031.label_store import CountingLabelStoreConfig
from rastervision.written_for_031.learner import TinyModelConfig
from rastervision.written_for_031.raster_source import NumpySourceConfig
from rastervision.written_for_031.vector_source import WktVectorSourceConfig


def make_scene(scene_id, data_uri):
    return SceneConfig(
        id=scene_id,
        raster_source=NumpySourceConfig(
            uris=[f'{data_uri}/{scene_id}.npy'], channel_order=[2, 1, 0], transformers=[StatsTransformerConfig()]
        ),
        label_source=PolygonLabelSourceConfig(vector_source=WktVectorSourceConfig(uri=f'{data_uri}/{scene_id}.txt')),
        label_store=CountingLabelStoreConfig(
            smooth_output=True, vector_output=[PolygonVectorOutputConfig(class_id=1, denoise=0)]
        ),
    )


def get_config(runner, root_uri, data_uri) -> SemanticSegmentationConfig:
    sampling = WindowSamplingConfig(method=WindowSamplingMethod.sliding, size=8, stride=4)
    return SemanticSegmentationConfig(
        root_uri=root_uri,
        dataset=DatasetConfig(
            class_config=ClassConfig(names=['ground', 'roof'], colors=['green', 'red']),
            train_scenes=[make_scene('a', data_uri)],
            validation_scenes=[make_scene('b', data_uri), make_scene('c', data_uri)],
        ),
        backend=TinyBackendConfig(
            data=SemanticSegmentationImageDataConfig(img_sz=8, num_workers=0, augmentors=[]),
            model=TinyModelConfig(pretrained=False),
            solver=SolverConfig(lr=0.1, num_epochs=1, batch_sz=2, one_cycle=False),
        ),
        evaluators=[RightPixelsEvaluatorConfig()],
        chip_options=SemanticSegmentationChipOptions(sampling=sampling),
        predict_options=SemanticSegmentationPredictOptions(chip_sz=8, stride=4, batch_sz=4),
    )
