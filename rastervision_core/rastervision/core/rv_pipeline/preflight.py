"""What can be known to be wrong before a pipeline runs, from its config and the headers of its images."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from rastervision.core.data.raster_names import files_of
from rastervision.core.data.raster_source.raster_source_config import RasterSourceConfig
from rastervision.core.data.raster_transformer.cast_transformer_config import CastTransformerConfig
from rastervision.core.data.raster_transformer.min_max_transformer_config import MinMaxTransformerConfig
from rastervision.core.data.raster_transformer.nan_transformer_config import NanTransformerConfig
from rastervision.core.data.raster_transformer.stats_transformer_config import StatsTransformerConfig
from rastervision.core.rv_pipeline.chip_options import OF_OBJECTS, ChipOptions, WindowSamplingConfig
from rastervision.pipeline.config.base import descendants
from rastervision.pipeline.errors import ConfigError, RasterVisionError
from rastervision.pipeline.file_system.utils import file_exists, is_local
from rastervision.pipeline.problems import Problem

if TYPE_CHECKING:
    from rastervision.core.data.raster_source.raster_source import RasterSource
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig

MAX_OPENED = 500  # images; opening a header takes about a millisecond
TASKS = {
    'SemanticSegmentation': ('SemanticSegmentation',),
    'ObjectDetection': ('ObjectDetection',),
    'ChipClassification': ('ChipClassification', 'Classification'),
    'Regression': ('Regression',),
}
ALL_TASKS = ('ClassificationEvaluatorConfig',)  # bases whose names look like those of a task
SAME_CHANNELS = (StatsTransformerConfig, MinMaxTransformerConfig, CastTransformerConfig, NanTransformerConfig)
LEARNING = ('chip', 'train')


def find_problems(config: 'RVPipelineConfig', commands: Iterable[str], tmp_dir: str) -> Iterator[Problem]:
    """What is wrong, or looks so, with a pipeline.

    Reads no pixels and no labels: only headers of images and of rasters of labels, those that are on this machine, of
    at most `MAX_OPENED` scenes.

    Args:
        config: The resolved config.
        commands: What is to run.
        tmp_dir: A folder for scratch files.

    Yields:
        Problems, those of the config before those of images.
    """
    names = set(commands)
    yield from _other_tasks(config)
    if names & set(LEARNING):
        yield from _missing_labels(config)
        yield from _unused_chip_options(config)
    if 'train' in names and not config.dataset.validation_scenes and not _has_own_data(config):
        yield Problem(
            'dataset.validation_scenes is empty: nothing tells how well the model does, nor which epoch is the best. '
            'Give scenes that are not trained on.',
            is_error=False,
        )
    if 'predict' in names:
        yield from _predictions_over_inputs(config)
        yield from _outputs_of_no_class(config)
    if names & {*LEARNING, 'analyze', 'predict'}:
        yield from _images(config, names, tmp_dir)


def _other_tasks(config: 'RVPipelineConfig') -> Iterator[Problem]:
    """Parts of the config that are for another task."""
    task = _task_of(config)
    if task is None:
        return
    data = getattr(config.backend, 'data', None)
    parts = [
        ('backend', config.backend),
        ('backend.data', data),
        *((f'evaluators[{index}]', evaluator) for index, evaluator in enumerate(config.evaluators)),
    ]
    for scene in config.dataset.all_scenes:
        parts += [(f'scene {scene.id!r}: {name}', getattr(scene, name)) for name in ('label_source', 'label_store')]
    for where, part in parts:
        other = _task_of(part)
        if other is not None and other != task:
            yield Problem(
                f'{where} is a {type(part).__name__}, for {_words(other)}, but the pipeline is a '
                f'{type(config).__name__}, for {_words(task)}. Use the class of the same task.'
            )


def _task_of(part: Any) -> str | None:
    """The task that a config is made for, by the name of its class; None if that says nothing."""
    for cls in type(part).__mro__:
        if cls.__name__ in ALL_TASKS:
            return None
        name = cls.__name__.removeprefix('PyTorch')
        for task, prefixes in TASKS.items():
            if name.startswith(prefixes) and cls.__module__.startswith('rastervision.'):
                return task
    return None


def _words(task: str) -> str:
    return ''.join(f' {letter.lower()}' if letter.isupper() else letter for letter in task).strip()


def _missing_labels(config: 'RVPipelineConfig') -> Iterator[Problem]:
    if _has_own_data(config):
        return
    for split, scenes in (('train', config.dataset.train_scenes), ('validation', config.dataset.validation_scenes)):
        without = [scene.id for scene in scenes if scene.label_source is None]
        if without:
            shown = ', '.join(map(repr, without[:5])) + (', ...' if len(without) > 5 else '')
            yield Problem(
                f'{split}_scenes without label_source: {shown}. Training needs labels; give them, or move '
                'the scenes to test_scenes.'
            )
    if not config.dataset.train_scenes:
        yield Problem('dataset.train_scenes is empty: there is nothing to train on.')


def _has_own_data(config: 'RVPipelineConfig') -> bool:
    """Whether the backend trains on data of its own, not on the scenes of the pipeline."""
    data = getattr(config.backend, 'data', None)
    own = [getattr(data, name, None) for name in ('group_uris', 'scene_dataset')]
    uri = getattr(data, 'uri', None)
    return any(own) or (uri is not None and uri != config.chip_uri)


def _unused_chip_options(config: 'RVPipelineConfig') -> Iterator[Problem]:
    """Which chips to keep, where no chips are made."""
    options = config.chip_options
    if options is None or config.backend.filter_commands(['chip']):
        return
    fields = {name: field.default for name, field in type(options).model_fields.items() if not field.is_required()}
    given = [name for name, default in fields.items() if name != 'type_hint' and getattr(options, name) != default]
    if given:
        yield Problem(
            f'{", ".join(given)} of chip_options have no effect: training reads windows of the scenes, and there are '
            'no chips. Leave them out, or use an image data config as backend.data.',
            is_error=False,
        )


def _predictions_over_inputs(config: 'RVPipelineConfig') -> Iterator[Problem]:
    for scene in [*config.dataset.validation_scenes, *config.dataset.test_scenes]:
        try:
            scene.check_store()
        except ConfigError as error:
            yield Problem(f'scene {scene.id!r}: {error}')


def _outputs_of_no_class(config: 'RVPipelineConfig') -> Iterator[Problem]:
    """Vector outputs for a class that there is not."""
    for scene in [*config.dataset.validation_scenes, *config.dataset.test_scenes]:
        for index, output in enumerate(getattr(scene.label_store, 'vector_output', None) or ()):
            try:
                config.dataset.class_config.check_class_id(output.class_id, f'vector_output[{index}].class_id')
            except ConfigError as error:
                yield Problem(f'scene {scene.id!r}: {error}')


# ----------------------------------------------------------------------------- images
def _images(config: 'RVPipelineConfig', commands: set[str], tmp_dir: str) -> Iterator[Problem]:
    channels: dict[int, str] = {}
    expected = getattr(getattr(config.backend, 'data', None), 'img_channels', None)
    unscaled: list[str] = []
    for scene in [scene for scene in config.dataset.all_scenes if _is_local(scene.raster_source)][:MAX_OPENED]:
        try:
            source = scene.raster_source.as_imagery().build(tmp_dir, use_transformers=False)
        except RasterVisionError as error:
            yield Problem(f'scene {scene.id!r}: {error}')
            continue
        if _keeps_channels(scene):
            count = int(source.shape[-1])
            if expected is not None and count != expected:
                yield Problem(
                    f'scene {scene.id!r}: its image gives {count} channels, but the model takes {expected} '
                    '(backend.data.img_channels). Set channel_order of its raster_source.'
                )
            channels.setdefault(count, scene.id)
        if _is_unscaled(scene, source):
            unscaled.append(f'{scene.id!r} ({source.dtype_raw})')
        yield from _small_images(config, commands, scene, source)
        if commands & {*LEARNING, 'eval'}:
            yield from _label_raster(config, scene, source, tmp_dir)
    if expected is None and len(channels) > 1:
        counts = ', '.join(f'{count} of scene {scene_id!r}' for count, scene_id in channels.items())
        yield Problem(f'Images have different numbers of channels: {counts}. Set channel_order of their raster_source.')
    if unscaled:
        shown = ', '.join(unscaled[:5]) + (', ...' if len(unscaled) > 5 else '')
        yield Problem(
            f'Pixels that are not 8 bit are given to the model without statistics: scenes {shown}. Models learn badly '
            'from such numbers; add transformers=[StatsTransformerConfig()] to their raster_source.',
            is_error=False,
        )


def _label_raster(
    config: 'RVPipelineConfig', scene: 'SceneConfig', image: 'RasterSource', tmp_dir: str
) -> Iterator[Problem]:
    """A raster of labels that gives no class ids for the image, such as one of colours that are not said to be."""
    labels = scene.label_source
    raster = getattr(labels, 'raster_source', None)
    if labels is None or not isinstance(raster, RasterSourceConfig) or not _is_local(raster):
        return
    try:
        labels.build(config.dataset.class_config, image.crs_transformer, image.bbox, tmp_dir)
    except RasterVisionError as error:
        yield Problem(f'scene {scene.id!r}: {error}')


def _is_local(source: RasterSourceConfig) -> bool:
    """Whether a raster is in files of this machine, all of which are there."""
    parts = [part for part in (source, *descendants(source)) if hasattr(part, 'uris')]
    uris = [uri for part in parts for uri in ([part.uris] if isinstance(part.uris, str) else part.uris)]
    files = files_of(uris)
    if any(not file_exists(uri) for uri in files if is_local(uri)):
        return False  # missing files are told of elsewhere
    return bool(files) and len(files) == len(set(uris)) and all(is_local(uri) for uri in files)


def _keeps_channels(scene: 'SceneConfig') -> bool:
    """Whether chips have the channels that are selected; a transformer of a plugin may make others."""
    parts = [scene.raster_source, *descendants(scene.raster_source)]
    transformers = [each for part in parts for each in getattr(part, 'transformers', [])]
    return all(isinstance(each, SAME_CHANNELS) for each in transformers)


def _is_unscaled(scene: 'SceneConfig', source: 'RasterSource') -> bool:
    parts = [scene.raster_source, *descendants(scene.raster_source)]
    return str(source.dtype_raw) != 'uint8' and not any(getattr(part, 'transformers', []) for part in parts)


def _small_images(
    config: 'RVPipelineConfig', commands: set[str], scene: 'SceneConfig', source: 'RasterSource'
) -> Iterator[Problem]:
    """Windows that are larger than the image that they are cut from."""
    height, width = source.extent.size
    sizes = {}
    if commands & set(LEARNING):
        sizes['chips'] = _chip_size(config, scene.id)
    if 'predict' in commands and scene not in config.dataset.train_scenes:
        sizes['predict_options.chip_sz'] = (config.get_predict_options().chip_sz,) * 2
    for what, size in sizes.items():
        if size is not None and (size[0] > height or size[1] > width):
            yield Problem(
                f'scene {scene.id!r}: its image of {height} x {width} pixels is smaller than {what} of {size[0]} x '
                f'{size[1]} (height x width); the rest is filled with zeros. Use a smaller size.',
                is_error=False,
            )


def _chip_size(config: 'RVPipelineConfig', scene_id: str) -> tuple[int, int] | None:
    """Height and width of the windows of a scene for training."""
    sampling = getattr(getattr(config.backend, 'data', None), 'sampling', None) or None
    if isinstance(sampling, dict):
        sampling = sampling.get(scene_id)
    if sampling is None and isinstance(config.chip_options, ChipOptions):
        options = config.chip_options.sampling
        sampling = options.get(scene_id) if isinstance(options, dict) else options
    if not isinstance(sampling, WindowSamplingConfig) or sampling.method in OF_OBJECTS:
        return None  # windows of objects lie inside the image, whatever the size
    size = sampling.size
    return (size, size) if isinstance(size, int) else (size[0], size[1])
