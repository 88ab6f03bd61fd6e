"""What a run has left: its config, metrics, log, and when each command ran."""

import csv
import io
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from rastervision.core.bundle_files import BundleFiles
from rastervision.core.layout import (
    CONFIG_FILE,
    MODEL_CARD_FILE,
    SAMPLE_PREDICTIONS_FILE,
    SAMPLES_DIR,
    TRAIN_LOG_FILE,
    Layout,
)
from rastervision.core.report.recorded import checked_evaluation, most_memory, times_of
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.files import read_config_data
from rastervision.pipeline.errors import ConfigError, DataError, NotReadableError, RasterVisionError, about
from rastervision.pipeline.file_system.utils import download_if_needed, file_exists, file_to_json, file_to_str
from rastervision.pipeline.records import RecordStore

if TYPE_CHECKING:
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig

log = logging.getLogger(__name__)

COMMANDS = ('analyze', 'chip', 'train', 'predict', 'eval', 'bundle')
SPLITS = {'training': 'train_scenes', 'validation': 'validation_scenes', 'test': 'test_scenes'}
SAMPLES = {
    'train-samples': (os.path.join(SAMPLES_DIR, 'train.png'), 'A training batch, with augmentation'),
    'validation-samples': (os.path.join(SAMPLES_DIR, 'valid.png'), 'A validation batch'),
    'validation-predictions': (SAMPLE_PREDICTIONS_FILE, 'Predictions of a validation batch after training'),
}


@dataclass(frozen=True)
class Job:
    """A finished command, of all its splits.

    Attributes:
        command: Its name.
        started: When its first job began, in ISO 8601.
        seconds: From then until its last job ended.
        memory_mb: The most memory that one of its jobs had, in MiB; None if not known.
        jobs: How many jobs it had.
    """

    command: str
    started: str
    seconds: float
    memory_mb: float | None
    jobs: int


class Run:
    """A run of a pipeline, read from its root. Files are read when they are first asked for.

    Attributes:
        root: The root.
        name: What to call it.
        config: Its resolved config, with the files of the run where they are now.
    """

    def __init__(self, root_uri: str, name: str | None = None) -> None:
        """Read the config.

        Args:
            root_uri: The root. It may have been moved since it was written.
            name: What to call it. None: the last part of the root.

        Raises:
            NotReadableError: If there is no config.
            ConfigError: If it is not that of a pipeline of scenes.
        """
        self.root = root_uri.rstrip('/')
        self.name = name or os.path.basename(self.root) or self.root
        uri = os.path.join(self.root, CONFIG_FILE)
        if not file_exists(uri, include_dir=False):
            raise NotReadableError(
                f'{root_uri}: there is no {CONFIG_FILE}, so this is no root of a run. Give the root_uri of a pipeline '
                'that was run.'
            )
        with about(uri):
            data = read_config_data(uri)
            if not isinstance(data, dict):
                raise ConfigError(f'{uri} holds a {type(data).__name__}, not the config of a pipeline.')
            config = Config.from_dict(_moved(data, str(data.get('root_uri') or '').rstrip('/'), self.root))
        if not hasattr(config, 'dataset'):
            raise ConfigError(
                f'{uri} is the config of a {type(config).__name__}, which has no scenes. A report is about pipelines '
                'such as SemanticSegmentationConfig.'
            )
        self.config = cast('RVPipelineConfig', config)

    @property
    def layout(self) -> Layout:
        """Where the files of the run are."""
        return self.config.layout

    @property
    def class_names(self) -> list[str]:
        """Name of each class."""
        return self.config.dataset.class_config.names

    @property
    def null_class(self) -> str | None:
        """Name of the class of what is not labelled, if there is one."""
        return self.config.dataset.class_config.null_class

    def scenes(self) -> 'Iterator[tuple[str, SceneConfig]]':
        """All scenes, each with its split."""
        for split, name in SPLITS.items():
            for scene in getattr(self.config.dataset, name):
                yield split, scene

    @cached_property
    def evaluations(self) -> dict[str, dict[str, Any]]:
        """Scene group -> content of its eval.json: `overall`, and `per_scene`. Only those that are there."""
        found = {}
        for group in sorted(self.config.dataset.scene_groups):
            uri = self.layout.evaluation(group)
            content = self._json(uri)
            if content is None:
                continue
            evaluation = checked_evaluation(content, uri, len(self.class_names))
            if evaluation['overall']:
                found[group] = evaluation
        return found

    @cached_property
    def log(self) -> list[dict[str, str]]:
        """The rows of the training log, an epoch each. Empty if there is none."""
        text = self._text(os.path.join(self.layout.train, TRAIN_LOG_FILE))
        return list(csv.DictReader(io.StringIO(text))) if text else []

    @cached_property
    def card(self) -> Mapping[str, Any]:
        """The properties of the model card in the bundle. Empty if there is none."""
        for uri in (self.layout.model_bundle, self.layout.trained_bundle):
            try:
                if file_exists(uri, include_dir=False):
                    with about(uri, DataError), BundleFiles.open(uri) as files:
                        card = files.read_json(MODEL_CARD_FILE)
                    if card:
                        return cast(Mapping[str, Any], card['properties'])
            except (RasterVisionError, OSError) as error:
                log.warning('The report leaves out a model card: %s', error)
        return {}

    @cached_property
    def jobs(self) -> list[Job]:
        """The commands that have ended, in their order; those of which a record is known."""
        store = RecordStore(os.path.dirname(self.config.get_config_uri()) or '.')
        jobs = []
        for command in COMMANDS:
            records = [record for _, record in store.jobs(command) if record.get('key')]
            times = [times for times in map(times_of, records) if times is not None]
            if times:
                start, end = min(start for start, _ in times), max(end for _, end in times)
                seconds = (end - start).total_seconds()
                jobs.append(Job(command, start.isoformat(), seconds, most_memory(records), len(times)))
        return jobs

    def samples(self) -> Iterator[tuple[str, str, bytes]]:
        """Pictures of chips that training has left: name, title and PNG of each that is there."""
        for name, (path, title) in SAMPLES.items():
            uri = os.path.join(self.layout.train, path)
            if file_exists(uri, include_dir=False):
                with open(download_if_needed(uri), 'rb') as file:
                    yield name, title, file.read()

    def _json(self, uri: str) -> Any:
        return file_to_json(uri) if file_exists(uri, include_dir=False) else None

    def _text(self, uri: str) -> str | None:
        return file_to_str(uri) if file_exists(uri, include_dir=False) else None


def load_runs(root_uris: tuple[str, ...]) -> list[Run]:
    """The runs at some roots, with names that differ."""
    runs = [Run(uri) for uri in root_uris]
    names = [run.name for run in runs]
    for run in runs:
        if names.count(run.name) > 1:
            run.name = run.root
    return runs


def _moved(data: Any, old: str, new: str) -> Any:
    """Plain data in which URIs below the old root are below the new one."""
    if isinstance(data, dict):
        return {key: _moved(value, old, new) for key, value in data.items()}
    if isinstance(data, list):
        return [_moved(value, old, new) for value in data]
    if old and isinstance(data, str) and (data == old or data.startswith(f'{old}/')):
        return new + data[len(old) :]
    return data
