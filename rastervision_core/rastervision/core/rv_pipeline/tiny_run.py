"""Making a pipeline tiny, to see in a minute whether all of it works."""

import os
from typing import TYPE_CHECKING, TypeVar

from rastervision.core.analyzer.analyzer_config import AnalyzerConfig
from rastervision.core.analyzer.stats_analyzer_config import StatsAnalyzerConfig
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.data.label_store.label_store_config import LabelStoreConfig
from rastervision.core.data.raster_transformer.stats_transformer_config import StatsTransformerConfig
from rastervision.core.defaults import TEST_FOLDER, TEST_PREDICTED_WINDOWS, TEST_SAMPLE_PROB, TEST_WINDOWS
from rastervision.core.evaluation.evaluator_config import EvaluatorConfig
from rastervision.core.layout import FOLDERS
from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig
from rastervision.pipeline.config.base import descendants

if TYPE_CHECKING:
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig

P = TypeVar('P', bound='RVPipelineConfig')


def for_test_mode(config: P) -> P:
    """A pipeline with the same parts, that does little with each, and writes to a folder of its own.

    The first scene of each list is used: a few windows of it are chips, a few are predicted; statistics are of a small
    part. The backend makes training short, see `BackendConfig.for_test_mode`. All outputs go to `test_mode` in the
    root, also those that have been given other places.

    Args:
        config: The pipeline, resolved or not; it is not changed.
    """
    tiny = config.copy()
    filled = {getattr(config, f'{name}_uri') for name in FOLDERS} - {None}
    if tiny.root_uri is not None:
        tiny.root_uri = os.path.join(tiny.root_uri, TEST_FOLDER)
    for name in FOLDERS:
        setattr(tiny, f'{name}_uri', None)
    tiny.predict_options = tiny.get_predict_options().with_changes(limit=TEST_PREDICTED_WINDOWS)
    tiny.backend = tiny.backend.for_test_mode(filled)
    for part in (tiny.dataset, *descendants(tiny)):
        if isinstance(part, DatasetConfig):
            _keep_first_scenes(part)
    for part in descendants(tiny):
        if isinstance(part, WindowSamplingConfig):
            part.limit = min(part.limit or TEST_WINDOWS, TEST_WINDOWS)
        elif isinstance(part, StatsAnalyzerConfig):
            part.sample_prob = min(part.sample_prob or TEST_SAMPLE_PROB, TEST_SAMPLE_PROB)
        elif isinstance(part, StatsTransformerConfig) and _is_in(part.stats_uri, filled):
            part.stats_uri = None
        for kind, field in ((AnalyzerConfig, 'output_uri'), (EvaluatorConfig, 'output_uri'), (LabelStoreConfig, 'uri')):
            if isinstance(part, kind) and field in type(part).model_fields:
                setattr(part, field, None)
    return tiny


def _keep_first_scenes(dataset: DatasetConfig) -> None:
    for name in ('train_scenes', 'validation_scenes', 'test_scenes'):
        setattr(dataset, name, getattr(dataset, name)[:1])
    kept = {scene.id for scene in dataset.all_scenes}
    groups = {name: ids & kept for name, ids in dataset.scene_groups.items()}
    dataset.scene_groups = {name: ids for name, ids in groups.items() if ids}


def _is_in(uri: str | None, folders: set[str]) -> bool:
    return uri is not None and any(uri.startswith(os.path.join(folder, '')) for folder in folders)
