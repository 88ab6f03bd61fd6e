"""Older spellings of configs, translated in one place.

Each function takes a dict and returns a new one. They serve the upgraders, which read files of earlier versions, and
the configs themselves, which accept the older spelling in Python.
"""

from enum import Enum
from typing import Any

from rastervision.core.defaults import CHIP_SZ, PREDICT_BATCH_SZ
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.spellings import warn_renamed
from rastervision.pipeline.errors import ConfigError, did_you_mean
from rastervision.pipeline.registry import registry_

Data = dict[str, Any]


class SemanticSegmentationWindowMethod(Enum):
    """How 0.21 chose windows for semantic segmentation; see :class:`.WindowSamplingMethod`."""

    sliding = 'sliding'
    random_sample = 'random_sample'


class ObjectDetectionWindowMethod(Enum):
    """How 0.21 chose windows for object detection; see :class:`.WindowSamplingMethod`."""

    chip = 'chip'
    label = 'label'
    image = 'image'
    sliding = 'sliding'


# Ways of choosing windows: of 0.21 -> of today; the first is the default.
SS_METHODS = {'sliding': 'sliding', 'random_sample': 'random'}
OD_METHODS = {'chip': 'random', 'label': 'label', 'image': 'image', 'sliding': 'sliding'}
SS_SAMPLING = ('window_method', 'stride', 'chips_per_scene')
OD_SAMPLING = ('window_method', 'label_buffer', 'neg_ratio', 'ioa_thresh')
OLD_CHIPS_PER_SCENE, OLD_NEG_RATIO, OLD_WINDOWS_PER_BOX = 1000, 1.0, 1.0  # defaults of 0.21
CHIP_FIELDS = ('train_chip_sz', 'chip_nodata_threshold')
PREDICT_FIELDS = ('predict_chip_sz', 'predict_batch_sz')


def without(values: Data, *names: str) -> Data:
    """The dict without some of its fields."""
    return {name: value for name, value in values.items() if name not in names}


def refuse_if_set(values: Data, name: str, instead: str) -> Data:
    """Drop a field that no longer exists.

    Raises:
        ConfigError: If it has a value, because then dropping it would change the result.
    """
    if values.get(name):
        raise ConfigError(f'{name} is not supported any more (given: {values[name]!r:.120}). Use {instead}.')
    return without(values, name)


# ------------------------------------------------------------------------------------------------------ chip options
def ss_chip_options(values: Data, size: int = CHIP_SZ) -> Data:
    """0.21: `window_method`, `stride` and `chips_per_scene` of semantic segmentation -> `sampling`.

    Sliding windows overlapped by half if no stride was given; random ones were 1000 per scene.

    Args:
        values: Fields of the chip options.
        size: Size of a chip, which was a field of the pipeline.

    Raises:
        ConfigError: If the method is unknown, or there is a `sampling` besides.
    """
    _refuse_both(values, SS_SAMPLING)
    sampling: Data = {'type_hint': 'window_sampling', 'method': _method_of(values, SS_METHODS), 'size': size}
    if sampling['method'] == 'random':
        sampling['max_windows'] = _or_default(values.get('chips_per_scene'), OLD_CHIPS_PER_SCENE)
    else:
        sampling['stride'] = _or_default(values.get('stride'), max(1, size // 2))
    return {**without(values, *SS_SAMPLING), 'sampling': sampling}


def od_chip_options(values: Data, size: int = CHIP_SZ) -> Data:
    """0.21: `window_method`, `neg_ratio`, `ioa_thresh` and `label_buffer` of object detection -> `sampling`.

    Of random windows (`chip`), there were as many as boxes, and as many without objects as with some.

    Args:
        values: Fields of the chip options.
        size: Size of a chip, which was a field of the pipeline.

    Raises:
        ConfigError: If the method is unknown, or there is a `sampling` besides.
    """
    _refuse_both(values, OD_SAMPLING)
    method = _method_of(values, OD_METHODS)
    sampling: Data = {'type_hint': 'object_detection_window_sampling', 'method': method, 'size': size}
    if method == 'random':
        sampling |= {'neg_ratio': OLD_NEG_RATIO, 'windows_per_box': OLD_WINDOWS_PER_BOX}
    given = {name: values.get(name) for name in ('neg_ratio', 'ioa_thresh', 'label_buffer')}
    sampling |= {name: value for name, value in given.items() if value is not None}
    return {**without(values, *OD_SAMPLING), 'sampling': sampling}


def _refuse_both(values: Data, old: tuple[str, ...]) -> None:
    given = [name for name in old if name in values]
    if given and 'sampling' in values:
        raise ConfigError(
            f'sampling is given, and so is its older spelling: {", ".join(given)}. Leave that out, and say in sampling '
            'what it says.'
        )


def _method_of(values: Data, methods: dict[str, str]) -> str:
    """The way of choosing windows, by its name of today."""
    given = values.get('window_method')
    name = next(iter(methods)) if given is None else getattr(given, 'value', given)
    if not isinstance(name, str) or name not in methods:
        near = did_you_mean(str(name), methods) or '.'
        raise ConfigError(f'window_method {name!r:.80} is none of {", ".join(map(repr, methods))}{near}')
    return methods[name]


def _or_default(value: Any, default: Any) -> Any:
    return default if value is None else value


def with_rgb_class_transformer(values: Data) -> Data:
    """0.12: `rgb_class_config` of segmentation labels -> a transformer of their raster source."""
    rest = without(values, 'rgb_class_config')
    classes = values.get('rgb_class_config')
    if classes is None:
        return rest
    source = _as_dict(values.get('raster_source'))
    transformer = {'type_hint': 'rgb_class_transformer', 'class_config': classes}
    return {**rest, 'raster_source': {**source, 'transformers': [*source.get('transformers', []), transformer]}}


# ------------------------------------------------------------------ fields of the pipeline config
# Pipelines that had chip options by default, and how these are translated.
CHIP_OPTIONS = {'semantic_segmentation': ss_chip_options, 'object_detection': od_chip_options}


def upgrade_chip_fields(values: Data) -> Data:
    """Files before version 11: `train_chip_sz`, `chip_nodata_threshold` -> `chip_options`.

    Windows are chosen as the version that wrote the file chose them; 0.31 reads them all as sliding windows without
    overlap.
    """
    size = values.get('train_chip_sz', CHIP_SZ)
    options = _with_sampling(_as_dict(values.get('chip_options')), values.get('type_hint'), size)
    options['nodata_threshold'] = values.get('chip_nodata_threshold', 1.0)
    return {**without(values, *CHIP_FIELDS), 'chip_options': options}


def _with_sampling(options: Data, pipeline_hint: Any, size: int) -> Data:
    """Chip options with a `sampling`: the one they have, what their older spelling means, or the default of 0.21.

    Args:
        options: Fields of the chip options, perhaps none.
        pipeline_hint: Type hint of the pipeline that they belong to.
        size: Size of a chip.
    """
    if 'sampling' in options:
        return options
    task = _task_of(options, pipeline_hint)
    if task is None:
        return {**without(options, 'method'), 'sampling': {'method': options.get('method', 'sliding'), 'size': size}}
    return CHIP_OPTIONS[task]({'type_hint': f'{task}_chip_options', **options}, size)


def _task_of(options: Data, pipeline_hint: Any) -> str | None:
    """The task that chip options are of, by their type hint or that of the pipeline, which may be of a plugin."""
    hint = options.get('type_hint') or pipeline_hint
    hints = registry_.get_type_hint_lineage(hint) if isinstance(hint, str) else []
    return next((task for task in CHIP_OPTIONS if {task, f'{task}_chip_options'} & set(hints)), None)


def upgrade_predict_fields(values: Data) -> Data:
    """Files before version 12: `predict_chip_sz`, `predict_batch_sz` -> `predict_options`."""
    options = {
        **_as_dict(values.get('predict_options')),
        'chip_sz': values.get('predict_chip_sz', CHIP_SZ),
        'batch_sz': values.get('predict_batch_sz', PREDICT_BATCH_SZ),
    }
    return {**without(values, *PREDICT_FIELDS), 'predict_options': options}


def pipeline_fields(values: Data, type_hint: str | None) -> Data:
    """0.21 in Python: sizes on the pipeline config -> its `chip_options` and `predict_options`.

    Other than in a file, everything else that the options say is kept.

    Args:
        values: Fields of the pipeline.
        type_hint: Its type hint.
    """
    if any(name in values for name in CHIP_FIELDS):
        warn_renamed('train_chip_sz, chip_nodata_threshold', 'chip_options(sampling, nodata_threshold)')
        values = _move_chip_fields(values, type_hint)
    if any(name in values for name in PREDICT_FIELDS):
        warn_renamed('predict_chip_sz, predict_batch_sz', 'predict_options(chip_sz, batch_sz)')
        values = _move_predict_fields(values)
    return values


def _move_chip_fields(values: Data, type_hint: str | None) -> Data:
    size = values.get('train_chip_sz')
    options = _with_sampling(_as_dict(values.get('chip_options')), type_hint, _or_default(size, CHIP_SZ))
    sampling = _as_dict(options['sampling'])
    options['sampling'] = {'size': CHIP_SZ, **(sampling if size is None else _resized(sampling, size))}
    if 'chip_nodata_threshold' in values:
        options['nodata_threshold'] = values['chip_nodata_threshold']
    return {**without(values, *CHIP_FIELDS), 'chip_options': options}


def _resized(sampling: Data, size: int) -> Data:
    """Window sampling with another size; limits that only followed from the old size follow the new one."""
    old = sampling.get('size')
    if old is not None and sampling.get('stride') == old:
        sampling = without(sampling, 'stride')
    elif old == CHIP_SZ and sampling.get('stride') == old // 2:  # what 0.21 took if none was given
        sampling = {**sampling, 'stride': max(1, size // 2)}
    if old is not None and sampling.get('size_lims') and tuple(sampling['size_lims']) == (old, old + 1):
        sampling = without(sampling, 'size_lims')
    return {**sampling, 'size': size}


def _move_predict_fields(values: Data) -> Data:
    options = _as_dict(values.get('predict_options'))
    if 'predict_chip_sz' in values:
        if options.get('stride') in (options.get('chip_sz'), (options.get('chip_sz') or 0) // 2):
            options.pop('stride', None)
        options['chip_sz'] = values['predict_chip_sz']
    if 'predict_batch_sz' in values:
        options['batch_sz'] = values['predict_batch_sz']
    return {**without(values, *PREDICT_FIELDS), 'predict_options': options}


def _as_dict(value: Any) -> Data:
    """A new dict of the fields of a config, a dict or nothing."""
    if isinstance(value, Config):
        return value.dict()
    return dict(value or {})
