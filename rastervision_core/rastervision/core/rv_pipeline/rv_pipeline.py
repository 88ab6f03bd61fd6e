"""A pipeline from scenes to a trained model and its predictions."""

import logging
import os
import zipfile
from collections.abc import Iterable, Iterator
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from rastervision.core.backend.backend import Backend, load_model, predict_scene
from rastervision.core.box import Box
from rastervision.core.bundle_files import BundleFiles
from rastervision.core.data.config_uris import uris_in
from rastervision.core.data.label.labels import Labels
from rastervision.core.data.label_store.label_store import LabelStore
from rastervision.core.data.scene import Scene, naming_scene
from rastervision.core.data_sample import DataSample
from rastervision.core.defaults import TRAIN_GROUP
from rastervision.core.evaluation.evaluator import run_evaluator
from rastervision.core.layout import BUNDLE_FILE, CONFIG_FILE, MODEL_CARD_FILE, Layout
from rastervision.core.rv_pipeline import chipping, dependencies, model_card, object_windows, preflight
from rastervision.core.rv_pipeline.chip_options import OF_OBJECTS
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ConfigError, DataError, MissingFileError, RasterVisionError
from rastervision.pipeline.file_system.json_reader import DOCUMENT
from rastervision.pipeline.file_system.utils import (
    download_or_copy,
    file_exists,
    file_to_json,
    json_to_file,
    sync_from_dir,
    upload_or_copy,
    zipdir,
)
from rastervision.pipeline.manifest import begin, run_step
from rastervision.pipeline.masking import mask_data
from rastervision.pipeline.overriding import is_overridden, is_overridden_later
from rastervision.pipeline.pipeline import Pipeline
from rastervision.pipeline.published_files import published_files

if TYPE_CHECKING:
    import numpy as np

    from rastervision.core.data.dataset_config import DatasetConfig
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions, RVPipelineConfig
    from rastervision.pipeline.problems import Problem

lazy.also_give(
    __name__,
    'rastervision.pipeline.file_system.local_file_system: make_dir',
    'rastervision.pipeline.file_system.utils: download_if_needed get_local_path',
)

log = logging.getLogger(__name__)

ALL_COMMANDS = ['analyze', 'chip', 'train', 'predict', 'eval', 'bundle']
SPLITTABLE_COMMANDS = ['chip', 'predict']
GPU_COMMANDS = ['train', 'predict']

SAMPLE_METHODS = 'get_train_windows', 'get_train_labels', 'post_process_sample'
PREDICTION_METHODS = 'predict_scene', 'post_process_batch', 'post_process_predictions'


class RVPipeline(Pipeline):
    """Analyzes scenes, cuts them into chips, trains a model, predicts, evaluates, and bundles the model.

    A subclass may change what happens to chips (`get_train_windows`, `get_train_labels`, `post_process_sample`) and
    to predictions (`post_process_batch`, `post_process_predictions`). Predictions that are post-processed are held in
    memory, a scene at a time; others are streamed to the label store.

    Attributes:
        backend: Set by `build_backend`.
        trust: Whether code that comes with a model bundle may be executed.
    """

    config: 'RVPipelineConfig'
    streams: ClassVar[bool] = True  # False where predictions of all windows are needed to make the result

    def __init__(self, config: 'RVPipelineConfig', tmp_dir: str) -> None:
        """Keep the config.

        Args:
            config: The resolved config.
            tmp_dir: A folder that is removed when the command ends.
        """
        super().__init__(config, tmp_dir)
        self.backend: Backend | None = None
        self.trust = False

    # ----------------------------------------------------------------- commands
    @property
    def commands(self) -> list[str]:  # type: ignore[override]
        """The commands that have something to do."""
        names = [name for name in ALL_COMMANDS if name != 'analyze' or self.config.analyzers]
        return self.config.backend.filter_commands(names)

    @property
    def all_commands(self) -> list[str]:
        """The commands, also those that have nothing to do in this run."""
        return list(ALL_COMMANDS)

    @property
    def split_commands(self) -> list[str]:  # type: ignore[override]
        """Those of the commands that can be split, by scenes."""
        return [name for name in self.commands if name in SPLITTABLE_COMMANDS]

    @property
    def gpu_commands(self) -> list[str]:  # type: ignore[override]
        """Those of the commands that profit from a GPU."""
        return [name for name in self.commands if name in GPU_COMMANDS]

    def config_for(self, command: str) -> dict[str, Any]:
        """The part of the config that a command depends on."""
        return dependencies.config_for(self.config, command)

    def inputs_of(self, command: str) -> list[str]:
        """URIs of images, labels and areas of interest that a command reads."""
        return dependencies.inputs_of(self.config, command)

    def output_of(self, command: str) -> str | None:
        """The folder that a command writes to, as the config has it: `chip_uri` of chip."""
        return getattr(self.config, f'{command}_uri', None)

    def remark_on(self, command: str) -> str | None:
        """What the user should know about a command that is going to run, if anything."""
        return self.config.backend.remark_on_training(self.config) if command == 'train' else None

    def as_seen_by(self, command: str) -> Pipeline:
        """The pipeline without what does not concern a command: for training, the scenes for test."""
        config = dependencies.config_seen_by(self.config, command)
        return self if config is self.config else config.build(self.tmp_dir)

    def name_input(self, uri: str) -> str:
        """An input with the scene that it is of."""
        scenes = self.config.dataset.all_scenes
        scene = next((scene for scene in scenes if uri in uris_in(scene, skip=())), None)
        return repr(uri) if scene is None else f'scene {scene.id!r}: {uri!r}'

    def find_problems(self, commands: Iterable[str]) -> 'Iterator[Problem]':
        """What is known to be wrong from the config and the headers of local images; see :func:`.find_problems`."""
        return preflight.find_problems(self.config, commands, self.tmp_dir)

    def upstream_of(self, command: str) -> list[str]:
        """The commands whose output a command uses."""
        return [name for name in dependencies.UPSTREAM.get(command, ALL_COMMANDS) if name in self.commands]

    def analyze(self) -> None:
        """Let each analyzer look at the raw pixels of each scene group."""
        for analyzer_config in self.config.analyzers:
            for name, ids in self._scene_groups():
                configs = [scene.only(analyzer_config.scene_parts) for scene in self._scenes_of(ids)]
                scenes = list(self._build_scenes(configs, use_transformers=False))
                analyzer_config.build(scene_group=(name, ids)).process(scenes, self.tmp_dir)

    def chip(self, split_ind: int = 0, num_splits: int = 1) -> None:
        """Cut scenes into training samples.

        Args:
            split_ind: Number of this job.
            num_splits: How many jobs share the scenes.

        Raises:
            ConfigError: If the config does not say which chips to make.
        """
        options = self.config.chip_options
        if options is None:
            raise ConfigError(
                'chip_options is not set. Say which chips to make, such as chip_options=ChipOptions(...).'
            )
        dataset = self.config.dataset.get_split_config(split_ind, num_splits)
        if not dataset.all_scenes:
            log.info('No scenes for split %d of %d.', split_ind + 1, num_splits)
            return
        backend = self._make_backend()
        makes_samples = is_overridden(self, *SAMPLE_METHODS, base=RVPipeline)
        if makes_samples or not is_overridden(backend, 'chip_dataset', base=Backend):
            with backend.get_sample_writer() as writer:
                for sample in self._iter_samples(dataset):
                    writer.write_sample(sample)
        else:
            backend.chip_dataset(dataset, options)

    def train(self) -> None:
        """Train a model and save it. Goes on with an interrupted training, if the same is asked for."""
        source = self.config.source_bundle_uri
        backend = self._make_backend()
        begin(backend.discard_training, backend.training_settings())
        backend.train(source_bundle_uri=source) if source else backend.train()

    def predict(self, split_ind: int = 0, num_splits: int = 1) -> None:
        """Predict the scenes for validation and test. A run that was interrupted goes on with the missing ones.

        Args:
            split_ind: Number of this job.
            num_splits: How many jobs share the scenes.
        """
        dataset = self.config.dataset.get_split_config(split_ind, num_splits)
        scenes = {scene.id: scene for scene in [*dataset.validation_scenes, *dataset.test_scenes]}
        for scene_id, scene_config in scenes.items():
            run_step(scene_id, partial(self._predict_config, scene_config))

    def eval(self) -> None:
        """Compare predictions with ground truth, by scene group.

        A group with missing labels or predictions is left out with a warning; so is the group of training scenes,
        which are not predicted. With `report` in the config, a report of the run is written, too.
        """
        for evaluator_config in self.config.evaluators:
            for name, ids in self._scene_groups():
                if name == TRAIN_GROUP:
                    continue
                evaluator = evaluator_config.build(self.config.dataset.class_config, scene_group=(name, ids))
                scenes = self._build_scenes(self._scenes_of(ids))
                try:
                    run_evaluator(evaluator, scenes, self.tmp_dir)
                except FileNotFoundError as error:
                    log.warning('Scene group %r is not evaluated, because a file is missing: %s', name, error)
        if self.config.report:
            self._write_report()

    def bundle(self) -> None:
        """Put what prediction needs into one zip file: config, model and statistics. Same content, same bytes.

        Raises:
            NotReadableError: If there is no trained model.
        """
        folder = os.path.join(self.tmp_dir, 'bundle')
        os.makedirs(folder, exist_ok=True)
        for name in self.config.backend.get_bundle_filenames():
            uri = os.path.join(self.config.layout.train, name)
            if not file_exists(uri):
                raise MissingFileError(f'{uri}: there is no such file. Run the train command first.')
            download_or_copy(uri, folder)
        self._copy_config(os.path.join(folder, CONFIG_FILE))
        if self.config.analyzers:
            _copy_made(self.config.layout.analyze, os.path.join(folder, 'analyze'))
        self._write_card(folder)
        path = os.path.join(self.tmp_dir, BUNDLE_FILE)
        zipdir(folder, path)
        upload_or_copy(path, self.config.get_model_bundle_uri())

    # ------------------------------------------------------- for subclasses: chips
    def get_train_windows(self, scene: Scene) -> list[Box]:
        """Windows of a scene that chips are made of.

        Args:
            scene: The scene.

        Returns:
            Windows in pixels of the scene, as `chip_options.sampling` has it.

        Raises:
            DataError: If one that is an object's, or the image, is too large to be read as a whole.
        """
        options = self.config.chip_options
        if options is None:
            raise ConfigError('chip_options is not set.')
        sampling = options.sampling_of(scene.id)
        windows = chipping.sample_windows(scene, sampling, seed=self.config.seed)
        if sampling.method in OF_OBJECTS:
            object_windows.check_sizes(scene, windows)
        return windows

    def get_train_labels(self, window: Box, scene: Scene) -> Any:
        """Label of a chip.

        Args:
            window: In pixels of the scene.
            scene: The scene.

        Returns:
            What the label source gives for the window.

        Raises:
            DataError: If the scene has no ground truth.
        """
        if scene.label_source is None:
            raise DataError(f'scene {scene.id!r}: has no label_source. Training needs one.')
        sampling = None if self.config.chip_options is None else self.config.chip_options.sampling
        return chipping.read_label(scene, window, sampling.get(scene.id) if isinstance(sampling, dict) else sampling)

    def post_process_sample(self, sample: DataSample) -> DataSample:
        """Change a training sample before it is written."""
        return sample

    # -------------------------------------------------- for subclasses: predictions
    def post_process_batch(self, windows: list[Box], chips: 'np.ndarray', labels: Labels) -> Labels:
        """Change the predictions of a batch of windows.

        Args:
            windows: In pixels of the scene.
            chips: Their pixels, (batch, height, width, channels).
            labels: Predictions of the whole scene so far.

        Returns:
            Predictions of the whole scene.
        """
        return labels

    def post_process_predictions(self, labels: Labels, scene: Scene) -> Labels:
        """Change the predictions of a scene before they are written."""
        return labels

    def predict_scene(self, scene: Scene) -> Labels:
        """Predict a scene and hold the result in memory.

        Args:
            scene: The scene.

        Returns:
            Predictions in pixel coordinates of the scene; `post_process_predictions` is not applied.
        """
        labels = predict_scene(self._loaded_backend(), scene, self.predict_options)
        if is_overridden(self, 'post_process_batch', base=RVPipeline):
            for windows, chips in chipping.iter_batches(scene, self.predict_options):
                labels = self.post_process_batch(windows, chips, labels)
        return labels

    def predict_to_store(self, scene: Scene) -> None:
        """Predict a scene and write the result to its label store, as a stream if nothing needs the whole.

        Args:
            scene: A scene with a label store.

        Raises:
            DataError: If it has none.
        """
        if scene.label_store is None:
            raise DataError(f'scene {scene.id!r}: has no label_store for its predictions.')
        with naming_scene(scene.id):
            stream = self._stream(scene)
            if stream is None:
                scene.label_store.replaces = True
                scene.label_store.save(self.post_process_predictions(self.predict_scene(scene), scene))
                return
            with scene.label_store.writer(**self._writer_options()) as writer:
                for window, prediction in stream:
                    writer.write(window, prediction)

    def build_backend(self, uri: str | None = None) -> None:
        """Make the backend and load a trained model.

        Args:
            uri: Bundle of the model. None: the one that `train` saved.
        """
        backend = self._make_backend()
        backend.trust, backend.owns_model = self.trust, uri is None
        load_model(backend, uri or self.config.layout.trained_bundle)
        self.backend = backend

    @property
    def predict_options(self) -> 'PredictOptions':
        """In which windows scenes are predicted."""
        return self.config.get_predict_options()

    # ---------------------------------------------------------------- internals
    def _writer_options(self) -> dict[str, Any]:
        """Arguments for the writer of a label store, from the predict options."""
        return {}

    def _stream(self, scene: Scene) -> Iterator[tuple[Box, Any]] | None:
        """Predictions window by window; None if something needs the whole, or the backend or store knows no better."""
        needs_whole = is_overridden(self, *PREDICTION_METHODS, base=RVPipeline)
        if needs_whole or not self.streams or not _takes_windows(scene.label_store):
            return None
        backend = self._loaded_backend()
        if is_overridden_later(backend, 'predict_scene', than=('iter_predict',)):
            return None
        return backend.iter_predict(scene, self.predict_options)

    def _loaded_backend(self) -> Backend:
        if self.backend is None:
            self.build_backend()
        assert self.backend is not None
        return self.backend

    def _make_backend(self) -> Backend:
        return self.config.backend.build(self.config, self.tmp_dir)

    def _predict_config(self, scene_config: 'SceneConfig') -> None:
        """Predict a scene; its labels are not opened, so they need not be there."""
        with naming_scene(scene_config.id):
            scene_config.check_store()  # which looks at the labels, too
        seen = scene_config.only(dependencies.SCENE_PARTS['predict'])
        self.predict_to_store(seen.build(self.config.dataset.class_config, self.tmp_dir))

    def _iter_samples(self, dataset: 'DatasetConfig') -> Iterator[DataSample]:
        splits = (('train', dataset.train_scenes), ('valid', dataset.validation_scenes), ('test', dataset.test_scenes))
        assert self.config.chip_options is not None
        for split, scene_configs in splits:
            for scene in self._build_scenes(scene.only(dependencies.SCENE_PARTS['chip']) for scene in scene_configs):
                for window in self.get_train_windows(scene):
                    with naming_scene(scene.id):
                        chip, label = scene.raster_source.read_chip(window), self.get_train_labels(window, scene)
                    if self.config.chip_options.keep_sample(chip, label):
                        sample = DataSample(chip.pixels, label, split=split, valid=chip.valid)  # type: ignore[arg-type]
                        yield self.post_process_sample(sample)

    def _write_report(self) -> None:
        """Write the report of the run; metrics count as done whether or not it can be made."""
        if self.config.root_uri is None or not file_exists(self.config.get_config_uri()):
            log.warning(
                'No report is written: there is no %s under the root_uri %r.', CONFIG_FILE, self.config.root_uri
            )
            return
        make_report = lazy.load('rastervision.core.report.report:make_report')
        try:
            # In a context of its own: a report that is made anew later must not make eval count as changed.
            uri = Context().run(make_report, [self.config.root_uri])
        except (RasterVisionError, OSError) as error:
            log.warning('The report could not be made: %s', error)
        else:
            log.info('Wrote a report to %s', uri)

    def _scene_groups(self) -> Iterator[tuple[str, set[str]]]:
        """Names and scene ids of the groups that are not empty, by name."""
        return ((name, ids) for name, ids in sorted(self.config.dataset.scene_groups.items()) if ids)

    def _scenes_of(self, ids: Iterable[str]) -> 'list[SceneConfig]':
        """Scenes with these ids, each once, in the order of the dataset."""
        wanted = set(ids)
        return list({scene.id: scene for scene in self.config.dataset.all_scenes if scene.id in wanted}.values())

    def _build_scenes(self, scene_configs: 'Iterable[SceneConfig]', use_transformers: bool = True) -> Iterator[Scene]:
        """Scenes, each opened when it is its turn."""
        classes = self.config.dataset.class_config
        return (scene.build(classes, self.tmp_dir, use_transformers=use_transformers) for scene in scene_configs)

    def _write_card(self, folder: str) -> None:
        """Write the model card among the files of a bundle, if the model has one."""
        model_path = os.path.join(folder, BUNDLE_FILE)
        if not zipfile.is_zipfile(model_path):
            return
        with BundleFiles.open(model_path) as model:
            card = model.read_json(MODEL_CARD_FILE)
        if card is None:
            return
        images = model_card.read_images(self.config.dataset.train_scenes, self.tmp_dir)

        def read_stats(scene_group: str) -> Any:
            path = Layout.under(folder).stats(scene_group)
            return file_to_json(path) if os.path.exists(path) else None

        card = model_card.describe_pipeline(card, self.config, images, read_stats)
        json_to_file(mask_data(card), os.path.join(folder, MODEL_CARD_FILE))

    def _copy_config(self, path: str) -> None:
        """The config as it was saved, or where it was not, as it would be; without passwords and the like."""
        uri = self.config.get_config_uri()
        config = file_to_json(uri, DOCUMENT) if file_exists(uri) else self.config.dict(mode='json')
        json_to_file(mask_data(config), path)


def _takes_windows(store: LabelStore | None) -> bool:
    """Whether a store makes of windows what it would save; not one of a plugin whose `save` goes past the writer."""
    if not is_overridden(store, 'writer', base=LabelStore):
        return store is not None and store.labels_class is not None
    return not is_overridden_later(store, 'save', than=('writer',))


def _copy_made(uri: str, folder: str) -> None:
    """Copy what a command has put into the folder that it writes to; all that is there, if that is not known."""
    made = published_files(uri)
    if made is None and file_exists(uri):
        sync_from_dir(uri, folder)
    for each in made or []:
        download_or_copy(each, os.path.dirname(os.path.join(folder, os.path.relpath(each, uri))))
