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
    sampling: Data = {'type_hint': 'window_sampling', 'size': CHIP_SZ, **_method_of(values)}
    if values.get('stride') is not None:
        sampling['stride'] = values['stride']
    if sampling['method'] == 'random' and values.get('chips_per_scene') is not None:
        sampling['max_windows'] = values['chips_per_scene']
    return {**kept, 'sampling': sampling}


def od_chip_options(values: Data) -> Data:
    """0.21: `window_method`, `neg_ratio` and `ioa_thresh` of object detection -> `sampling`.

    `label_buffer` made windows around labels; random windows, which contain labels anywhere, replace them.
    """
    given = {name: values[name] for name in ('neg_ratio', 'ioa_thresh') if values.get(name) is not None}
    base = {'type_hint': 'object_detection_window_sampling', 'size': CHIP_SZ, **_method_of(values, 'random')}
    return {**without(values, *OD_SAMPLING), 'sampling': {**base, **given, **_as_dict(values.get('sampling'))}}


def _method_of(values: Data, default: str = 'sliding') -> Data:
    method = values.get('window_method') or default
    method = getattr(method, 'value', method)
    return {'method': 'random' if method in RANDOM_METHODS else 'sliding'}


# ------------------------------------------------------------------ fields of the pipeline config
def upgrade_chip_fields(values: Data) -> Data:
    """Files before version 11: `train_chip_sz`, `chip_nodata_threshold` -> `chip_options`.

    The windows become sliding ones with the stride of the chip size, as 0.31 reads such a file; the chips of an
    earlier version cannot be made again with another one anyway.
    """
    options = _as_dict(values.get('chip_options'))
    sampling: Data = {'method': options.pop('method', 'sliding')}
    if options.get('type_hint') == 'object_detection_chip_options':
        sampling = without(od_chip_options(options)['sampling'], 'type_hint', 'size')
        options = without(options, *OD_SAMPLING)
    options['sampling'] = {**sampling, 'size': values.get('train_chip_sz', CHIP_SZ)}
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
