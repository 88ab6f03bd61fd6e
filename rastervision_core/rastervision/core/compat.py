"""Older spellings of configs, translated in one place.

Each function takes a dict and returns a new one. They serve the upgraders, which read files of earlier versions, and
the configs themselves, which accept the older spelling in Python.
"""

from enum import Enum
from typing import Any

from rastervision.core.defaults import CHIP_SZ, PREDICT_BATCH_SZ
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.spellings import warn_renamed
from rastervision.pipeline.errors import ConfigError

Data = dict[str, Any]


class SemanticSegmentationWindowMethod(Enum):
    """How 0.21 chose windows for semantic segmentation; see :class:`.WindowSamplingMethod`."""

    sliding = 'sliding'
    random_sample = 'random_sample'


class ObjectDetectionWindowMethod(Enum):
    """How 0.21 chose windows for object detection; see :class:`.WindowSamplingMethod`."""

    chip = 'chip'
    label = 'label'
    sliding = 'sliding'


RANDOM_METHODS = {'random_sample', 'random', 'chip', 'label'}
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
def ss_chip_options(values: Data) -> Data:
    """0.21: `window_method`, `stride` and `chips_per_scene` of semantic segmentation -> `sampling`.

    A `sampling` that is there already wins: the upgrader of the pipeline, which knows the chip size, made it.
    """
    kept = without(values, *SS_SAMPLING)
    if 'sampling' in values:
        return kept
    return {**kept, 'sampling': {'type_hint': 'window_sampling', **_ss_sampling(values, CHIP_SZ)}}


def _ss_sampling(values: Data, size: int) -> Data:
    """0.21: sliding windows overlapped by half if no stride was given; random ones were 1000 per scene."""
    sampling: Data = {**_method_of(values), 'size': size}
    if sampling['method'] == 'random':
        return {**sampling, 'max_windows': _or_default(values.get('chips_per_scene'), OLD_CHIPS_PER_SCENE)}
    return {**sampling, 'stride': _or_default(values.get('stride'), max(1, size // 2))}


def _or_default(value: Any, default: Any) -> Any:
    return default if value is None else value


def od_chip_options(values: Data) -> Data:
    """0.21: `window_method`, `neg_ratio` and `ioa_thresh` of object detection -> `sampling`.

    `label_buffer` made windows around labels; random windows, which contain labels anywhere, replace them.
    """
    given: Data = {}
    if _method_of(values, 'random')['method'] == 'random':
        given = {'neg_ratio': OLD_NEG_RATIO}
        if 'max_windows' not in _as_dict(values.get('sampling')):
            given['windows_per_box'] = OLD_WINDOWS_PER_BOX
    given |= {name: values[name] for name in ('neg_ratio', 'ioa_thresh') if values.get(name) is not None}
    base = {'type_hint': 'object_detection_window_sampling', 'size': CHIP_SZ, **_method_of(values, 'random')}
    return {**without(values, *OD_SAMPLING), 'sampling': {**base, **given, **_as_dict(values.get('sampling'))}}


def _method_of(values: Data, default: str = 'sliding') -> Data:
    method = values.get('window_method') or default
    method = getattr(method, 'value', method)
    return {'method': 'random' if method in RANDOM_METHODS else 'sliding'}


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
def upgrade_chip_fields(values: Data) -> Data:
    """Files before version 11: `train_chip_sz`, `chip_nodata_threshold` -> `chip_options`.

    Of semantic segmentation and object detection, windows are chosen as the version that wrote the file chose them;
    0.31 reads them all as sliding windows without overlap.
    """
    options = _as_dict(values.get('chip_options'))
    size = values.get('train_chip_sz', CHIP_SZ)
    sampling: Data = {'method': options.pop('method', 'sliding')}
    if options.get('type_hint') == 'semantic_segmentation_chip_options' and 'window_method' in options:
        sampling = _ss_sampling(options, size)
        options = without(options, *SS_SAMPLING)
    if options.get('type_hint') == 'object_detection_chip_options':
        sampling = without(od_chip_options(options)['sampling'], 'type_hint', 'size')
        options = without(options, *OD_SAMPLING)
    options['sampling'] = {**sampling, 'size': size}
    options['nodata_threshold'] = values.get('chip_nodata_threshold', 1.0)
    return {**without(values, *CHIP_FIELDS), 'chip_options': options}


def upgrade_predict_fields(values: Data) -> Data:
    """Files before version 12: `predict_chip_sz`, `predict_batch_sz` -> `predict_options`."""
    options = {
        **_as_dict(values.get('predict_options')),
        'chip_sz': values.get('predict_chip_sz', CHIP_SZ),
        'batch_sz': values.get('predict_batch_sz', PREDICT_BATCH_SZ),
    }
    return {**without(values, *PREDICT_FIELDS), 'predict_options': options}


def pipeline_fields(values: Data) -> Data:
    """0.21 in Python: sizes on the pipeline config -> its `chip_options` and `predict_options`.

    Other than in a file, everything else that the options say is kept.
    """
    if any(name in values for name in CHIP_FIELDS):
        warn_renamed('train_chip_sz, chip_nodata_threshold', 'chip_options(sampling, nodata_threshold)')
        values = _move_chip_fields(values)
    if any(name in values for name in PREDICT_FIELDS):
        warn_renamed('predict_chip_sz, predict_batch_sz', 'predict_options(chip_sz, batch_sz)')
        values = _move_predict_fields(values)
    return values


def _move_chip_fields(values: Data) -> Data:
    options = _as_dict(values.get('chip_options'))
    sampling = _as_dict(options.get('sampling'))
    if 'train_chip_sz' in values:
        sampling = _resized(sampling, values['train_chip_sz'])
    options['sampling'] = {'size': CHIP_SZ, **sampling}
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
