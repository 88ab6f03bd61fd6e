"""Predicting with a model bundle, without the project that it was made in."""

import logging
import os
import shutil
import weakref
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rastervision.core.analyzer.stats_analyzer_config import StatsAnalyzerConfig
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    PolygonVectorOutputConfig,
    SemanticSegmentationLabelStoreConfig,
)
from rastervision.core.data.raster_drivers import trusting_images
from rastervision.core.data.raster_transformer.stats_transformer_config import StatsTransformerConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.defaults import DENOISE_DIAMETER
from rastervision.core.layout import BUNDLE_FILE, CONFIG_FILE, MODEL_CARD_FILE, STATS_DIR, STATS_FILE
from rastervision.core.rv_pipeline.image_check import check_against_card, strict_images
from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions, RVPipelineConfig
from rastervision.core.stats_file import checked_stats
from rastervision.pipeline import lazy
from rastervision.pipeline.config.base import Config, descendants
from rastervision.pipeline.errors import (
    BundleError,
    ChannelOrderError,
    ConfigError,
    NotReadableError,
    RasterVisionError,
    about,
)
from rastervision.pipeline.file_system.archive_members import BUNDLE_LIMITS
from rastervision.pipeline.file_system.json_reader import DOCUMENT
from rastervision.pipeline.file_system.utils import download_if_needed, file_to_json, json_to_file, unzip
from rastervision.pipeline.masking import mask_data
from rastervision.pipeline.rv_config import rv_config_

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.scene import Scene
    from rastervision.core.rv_pipeline.rv_pipeline import RVPipeline

lazy.also_give(
    __name__,
    'rastervision.pipeline.config.build: build_config',
    'rastervision.pipeline.config.upgrade: upgrade_config',
    'rastervision.pipeline.file_system.utils: get_tmp_dir',
)

log = logging.getLogger(__name__)

PLACES = ('uri', 'uris', 'path', 'paths', 'dir')  # how fields end that name files and folders
TRUST = 'If you trust its origin, allow it: --trust on the command line, trust=True in Python.'
MAX_NAME = 100  # characters
NO_CHANGES: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Bundle:
    """A model bundle that has been unpacked.

    Attributes:
        uri: Where it came from.
        folder: Where its files are.
        config: The pipeline config in it, brought up to date.
    """

    uri: str
    folder: str
    config: RVPipelineConfig

    @classmethod
    def open(cls, uri: str, tmp_dir: str) -> 'Bundle':
        """Unpack a bundle of this or any earlier version.

        Args:
            uri: The zip file.
            tmp_dir: Folder for its files.

        Raises:
            BundleError: If it is no model bundle, or one that cannot be read here.
        """
        with about(uri, BundleError):
            return cls._open(uri, tmp_dir)

    @classmethod
    def _open(cls, uri: str, tmp_dir: str) -> 'Bundle':
        path = download_if_needed(uri)
        if not zipfile.is_zipfile(path):
            raise BundleError(f'{uri}: is not a model bundle, as it is no zip file. The bundle command makes one.')
        folder = os.path.join(tmp_dir, 'bundle')
        unzip(path, folder, BUNDLE_LIMITS)
        _check_content(uri, folder)
        return cls(uri, folder, _read_config(uri, os.path.join(folder, CONFIG_FILE)))

    @property
    def card(self) -> Any:
        """The model card; None if it has none that can be read, as bundles of earlier versions."""
        try:
            return file_to_json(os.path.join(self.folder, MODEL_CARD_FILE))
        except NotReadableError:
            return None

    def build_pipeline(self, tmp_dir: str, *, trust: bool = False) -> 'RVPipeline':
        """The pipeline, with the model loaded.

        Args:
            tmp_dir: Folder for files that are not kept.
            trust: Whether code that comes with the bundle may be executed.
        """
        with about(self.uri, BundleError):
            pipeline: RVPipeline = self.config.build(tmp_dir)  # type: ignore[assignment]
            pipeline.trust = trust
            pipeline.build_backend(os.path.join(self.folder, BUNDLE_FILE))
            return pipeline

    def use_own_stats(self, config: Config) -> None:
        """Let all transformers in a config read the statistics in the bundle."""
        for transformer in (config, *descendants(config)):
            update_root = getattr(transformer, 'update_root', None)
            if update_root is not None:
                update_root(self.folder)


class Predictor:
    """Predicts images as the validation scenes of the bundle's pipeline are predicted."""

    def __init__(
        self,
        model_bundle_uri: str,
        tmp_dir: str,
        update_stats: bool = False,
        channel_order: list[int] | None = None,
        scene_group: str | None = None,
        *,
        trust: bool = False,
        strict: bool = False,
        predict_options: Mapping[str, Any] = NO_CHANGES,
    ) -> None:
        """Unpack the bundle and load the model.

        Args:
            model_bundle_uri: Output of the bundle command.
            tmp_dir: Folder for files that are not kept.
            update_stats: Use statistics of the image that is predicted, not those in the bundle.
            channel_order: Indices of the image's channels, instead of those in the bundle.
            scene_group: Scene group whose statistics to use, instead of the one in the bundle.
            trust: Whether code that comes with the bundle, such as a model definition, may be executed, and images
                may read files outside of their folders, as a VRT does.
            strict: Whether an image whose dtype, range of values or resolution is unlike that of the training is an
                error, not a warning.
            predict_options: Values of predict options that replace those in the bundle.

        Raises:
            BundleError: If the bundle cannot be used.
            ConfigError: If there is no such predict option, or a value does not fit.
        """
        self.tmp_dir = tmp_dir
        self.update_stats = update_stats
        self.trust = trust
        self.strict = strict
        self.bundle = Bundle.open(model_bundle_uri, tmp_dir)
        if predict_options:
            config = self.bundle.config
            config.predict_options = config.get_predict_options().with_changes(**predict_options)
        with about(model_bundle_uri):
            self.scene_config = self._template(channel_order, scene_group)
        self.pipeline = self.bundle.build_pipeline(tmp_dir, trust=trust)

    @property
    def config(self) -> RVPipelineConfig:
        """The config of the pipeline in the bundle, brought up to date."""
        return self.bundle.config

    @property
    def bundle_dir(self) -> str:
        """The folder of the files of the bundle."""
        return self.bundle.folder

    def predict(self, image_uris: list[str], label_uri: str) -> None:
        """Predict an image and write the result.

        Args:
            image_uris: Files of the image; several make a mosaic.
            label_uri: Where to: a GeoJSON file, or a folder in semantic segmentation.

        Raises:
            ValueError: If the image lacks a channel.
            RasterVisionError: If it cannot be read, or the result not written.
        """
        config = self._scene_config_of(image_uris, label_uri)
        classes = self.bundle.config.dataset.class_config
        try:
            named = about(self.bundle.uri, others=[*image_uris, label_uri])
            with named, trusting_images(self.trust), strict_images(self.strict):
                if self.update_stats:
                    self._compute_stats(config)
                scene = config.build(classes, self.tmp_dir)
                check_against_card(', '.join(image_uris), scene.raster_source, self.bundle.card)
                self.pipeline.predict_to_store(scene)
        except ChannelOrderError as error:
            raise ConfigError(f'{", ".join(image_uris)}: {error} See --channel-order.') from error

    def export_config(self, image_uris: list[str], label_uri: str, uri: str) -> None:
        """Write how an image is predicted, as `predict_scene` reads it: a change of it is a change of the prediction.

        Statistics of the bundle are left out, and so are those of the image: `predict_scene` uses those of the bundle.

        Args:
            image_uris: Files of the image.
            label_uri: Where the result goes.
            uri: The JSON file to write.

        Raises:
            NotWritableError: If it cannot be written.
        """
        config = self._scene_config_of(image_uris, label_uri)
        for transformer in _stats_transformers(config):
            transformer.stats_uri = None
        json_to_file(mask_data(config.dict(mode='json')), uri)

    def _scene_config_of(self, image_uris: list[str], label_uri: str) -> SceneConfig:
        """The config of a scene that is an image, with its labels in a place."""
        config = self.scene_config.copy()
        config.id = ', '.join(os.path.basename(uri) for uri in image_uris)[:MAX_NAME] or config.id  # for messages
        config.raster_source.uris = list(image_uris)
        config.label_store.uri = label_uri  # type: ignore[union-attr]
        return config

    def _template(self, channel_order: list[int] | None, scene_group: str | None) -> SceneConfig:
        """The first validation scene, without what belongs to its place."""
        dataset = self.bundle.config.dataset
        scenes = [*dataset.validation_scenes, *dataset.test_scenes, *dataset.train_scenes]
        if not scenes:
            raise BundleError(f'{self.bundle.uri}: has no scene that says how images are read.')
        scene = scenes[0].copy()
        scene.label_source, scene.aoi_uris = None, None
        if scene.label_store is None:
            scene.label_store = self.bundle.config.get_default_label_store(scene)
        self._check_template(scene)
        if channel_order is not None:
            scene.raster_source.channel_order = channel_order
        self._set_stats(scene, scene_group)
        if isinstance(scene.label_store, SemanticSegmentationLabelStoreConfig) and not scene.label_store.vector_output:
            scene.label_store.vector_output = [
                PolygonVectorOutputConfig(class_id=class_id, denoise=DENOISE_DIAMETER)
                for class_id in range(len(dataset.class_config.names))
            ]
        if not self.trust:
            self._check_places(scene)
        return scene

    def _check_places(self, scene: SceneConfig) -> None:
        """See that the bundle names no file or folder but those that it has in it."""
        given = {(id(scene.raster_source), 'uris'), (id(scene.label_store), 'uri')}  # by the caller
        inside = os.path.join(self.bundle.folder, '')
        for part in (scene, *descendants(scene)):
            for field in type(part).model_fields:
                if not field.endswith(PLACES) or (id(part), field) in given:
                    continue
                value = getattr(part, field)
                for place in value if isinstance(value, list | tuple | set) else [value]:
                    if isinstance(place, str) and not os.path.normpath(place).startswith(inside):
                        raise BundleError(
                            f'{self.bundle.uri}: its {type(part).__name__}.{field} is {place!r}, which is outside of '
                            f'the bundle. {TRUST}'
                        )

    def _check_template(self, scene: SceneConfig) -> None:
        for part, field in ((scene.raster_source, 'uris'), (scene.label_store, 'uri')):
            if not hasattr(part, field):
                raise BundleError(
                    f'{self.bundle.uri}: its {type(part).__name__} has no {field!r} to put another image or output '
                    'in. Use predict_scene with a config of the whole scene.'
                )

    def _set_stats(self, scene: SceneConfig, scene_group: str | None) -> None:
        transformers = _stats_transformers(scene)
        for transformer in transformers:
            if scene_group is not None:
                transformer.scene_group = scene_group
            else:
                log.info('Using statistics of scene group %r; see --scene-group.', transformer.scene_group)
        if self.update_stats and not transformers:
            log.warning('--update-stats has no effect: the bundle uses no statistics.')
        self.bundle.use_own_stats(scene)
        if self.update_stats:
            return
        for transformer in transformers:
            if transformer.stats_uri is not None and os.path.isfile(transformer.stats_uri):
                checked_stats(file_to_json(transformer.stats_uri), transformer.stats_uri)
            else:
                raise BundleError(
                    f'{self.bundle.uri}: has no statistics of scene group {transformer.scene_group!r}. '
                    f'It has those of: {", ".join(self._groups_with_stats()) or "none"}. See --scene-group.'
                )

    def _groups_with_stats(self) -> list[str]:
        folder = os.path.join(self.bundle.folder, 'analyze', STATS_DIR)
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []

    def _compute_stats(self, scene_config: SceneConfig) -> None:
        """Let the scene's transformers use statistics of its own image."""
        folder = os.path.join(self.tmp_dir, 'analyze', STATS_DIR)
        known = [config for config in self.bundle.config.analyzers if isinstance(config, StatsAnalyzerConfig)]
        analyzer_config = known[0].copy() if known else StatsAnalyzerConfig()
        analyzer_config.output_uri = folder
        scene = scene_config.build(self.bundle.config.dataset.class_config, self.tmp_dir, use_transformers=False)
        analyzer_config.build(scene_group=('image', {scene.id})).process([scene], self.tmp_dir)
        for transformer in _stats_transformers(scene_config):
            transformer.stats_uri = os.path.join(folder, 'image', STATS_FILE)


class ScenePredictor:
    """Predicts scenes that are configured as in a pipeline, with the model of a bundle."""

    def __init__(
        self,
        model_bundle_uri: str,
        predict_options: str | dict[str, Any] | PredictOptions | None = None,
        tmp_dir: str | None = None,
        *,
        trust: bool = False,
        strict: bool = False,
    ) -> None:
        """Unpack the bundle and load the model.

        Args:
            model_bundle_uri: Output of the bundle command.
            predict_options: Instead of those in the bundle: a config, a dict, or the URI of a JSON file.
            tmp_dir: Folder for files that are not kept. None: one that is removed with this object.
            trust: Whether code that comes with the bundle, such as a model definition, may be executed, and images
                may read files outside of their folders, as a VRT does.
            strict: Whether a scene whose dtype, range of values or resolution is unlike that of the training is an
                error, not a warning.

        Raises:
            BundleError: If the bundle cannot be used.
        """
        if tmp_dir is None:
            tmp_dir = rv_config_.make_tmp_dir()
            weakref.finalize(self, shutil.rmtree, tmp_dir, ignore_errors=True)
        self.tmp_dir = tmp_dir
        self.trust = trust
        self.strict = strict
        self.bundle = Bundle.open(model_bundle_uri, tmp_dir)
        if predict_options is not None:
            self.bundle.config.predict_options = PredictOptions.deserialize(predict_options)
        self.pipeline = self.bundle.build_pipeline(tmp_dir, trust=trust)

    @property
    def pipeline_config(self) -> RVPipelineConfig:
        """The config of the pipeline in the bundle, brought up to date."""
        return self.bundle.config

    @property
    def class_config(self) -> 'ClassConfig':
        """The classes that the model tells apart."""
        return self.bundle.config.dataset.class_config

    def predict(self, scene_config: str | dict[str, Any] | SceneConfig) -> None:
        """Predict a scene and write the result to its label store.

        Args:
            scene_config: The scene, as a config, a dict, or the URI of a JSON file. It needs a label store.
        """
        self.predict_scene(self.build_scene(scene_config))

    def predict_scene(self, scene: 'Scene') -> None:
        """Predict a scene and write the result to its label store.

        Raises:
            DataError: If it has no label store.
        """
        with trusting_images(self.trust), strict_images(self.strict):
            check_against_card(f'scene {scene.id!r}', scene.raster_source, self.bundle.card)
            self.pipeline.predict_to_store(scene)

    def build_scene(self, scene_config: str | dict[str, Any] | SceneConfig) -> 'Scene':
        """Open the scene of a config. Transformers without statistics of their own use those in the bundle.

        Args:
            scene_config: The scene, as a config, a dict, or the URI of a JSON file.
        """
        config = SceneConfig.deserialize(scene_config).copy()
        for transformer in _stats_transformers(config):
            if transformer.stats_uri is None:
                self.bundle.use_own_stats(transformer)
        with trusting_images(self.trust):
            return config.build(self.bundle.config.dataset.class_config, self.tmp_dir)


def _stats_transformers(scene: SceneConfig) -> list[StatsTransformerConfig]:
    return [config for config in descendants(scene) if isinstance(config, StatsTransformerConfig)]


def _check_content(uri: str, folder: str) -> None:
    missing = [name for name in (CONFIG_FILE, BUNDLE_FILE) if not os.path.exists(os.path.join(folder, name))]
    if missing:
        raise BundleError(
            f'{uri}: is not a model bundle, as it lacks {" and ".join(missing)}. '
            f'In it are: {", ".join(sorted(os.listdir(folder))) or "no files"}.'
        )


def _read_config(uri: str, path: str) -> RVPipelineConfig:
    try:
        config = Config.from_dict(file_to_json(path, DOCUMENT))
    except RasterVisionError as error:
        raise BundleError(f'{uri}: its {CONFIG_FILE} cannot be read here: {error}') from error
    if not isinstance(config, RVPipelineConfig):
        raise BundleError(
            f'{uri}: its {CONFIG_FILE} is a {type(config).__name__}, not the config of a pipeline that predicts scenes.'
        )
    return config
