"""Spellings of earlier versions for the configs of a learner's data, in Python and in JSON."""

from typing import TYPE_CHECKING, Any

from rastervision.pipeline.config.spellings import warn_renamed
from rastervision.pipeline.lazy import load

if TYPE_CHECKING:
    from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig
    from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionWindowSamplingConfig

Data = dict[str, Any]

SS_DROPPED = ('img_format', 'label_format', 'channel_display_groups')


# ------------------------------------------------------------------ classes of 0.21
def GeoDataWindowConfig(**kwargs: Any) -> 'WindowSamplingConfig':
    """`WindowSamplingConfig`, under its name of 0.21."""
    from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig

    warn_renamed('GeoDataWindowConfig', 'WindowSamplingConfig')
    return WindowSamplingConfig(**kwargs)


def ObjectDetectionGeoDataWindowConfig(**kwargs: Any) -> 'ObjectDetectionWindowSamplingConfig':
    """`ObjectDetectionWindowSamplingConfig`, under its name of 0.21."""
    from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionWindowSamplingConfig

    warn_renamed('ObjectDetectionGeoDataWindowConfig', 'ObjectDetectionWindowSamplingConfig')
    return ObjectDetectionWindowSamplingConfig(**kwargs)


def __getattr__(name: str) -> Any:
    if name == 'GeoDataWindowMethod':
        return load('rastervision.core.rv_pipeline.chip_options:WindowSamplingMethod')
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


# ------------------------------------------------------------------------- upgraders
def data_config_upgrader(cfg_dict: Data, version: int) -> Data:
    """Bring a `data` dict from one version of this plugin to the next."""
    if version == 1 and cfg_dict.get('type_hint') == 'data':
        return {**cfg_dict, 'type_hint': 'image_data'}
    if version == 2:
        return {'img_channels': None, **cfg_dict}
    return _with_class_config(cfg_dict) if version == 6 else cfg_dict


def geo_data_config_upgrader(cfg_dict: Data, version: int) -> Data:
    """Bring a `geo_data` dict from one version of this plugin to the next."""
    return _with_sampling(cfg_dict) if version == 5 else cfg_dict


def clf_data_config_upgrader(cfg_dict: Data, version: int) -> Data:
    """Bring a `classification_data` dict from one version of this plugin to the next."""
    return _renamed(cfg_dict, 'classification_image_data') if version == 1 else cfg_dict


def reg_data_config_upgrader(cfg_dict: Data, version: int) -> Data:
    """Bring a `regression_data` dict from one version of this plugin to the next."""
    return _renamed(cfg_dict, 'regression_image_data') if version == 1 else cfg_dict


def objdet_data_config_upgrader(cfg_dict: Data, version: int) -> Data:
    """Bring an `object_detection_data` dict from one version of this plugin to the next."""
    return _renamed(cfg_dict, 'object_detection_image_data') if version == 1 else cfg_dict


def ss_data_config_upgrader(cfg_dict: Data, version: int) -> Data:
    """Bring a `semantic_segmentation_data` dict from one version of this plugin to the next."""
    if version < 2:
        return _renamed(cfg_dict, 'semantic_segmentation_image_data')
    return _without(cfg_dict, ('channel_display_groups',)) if version == 2 else cfg_dict


def ss_image_data_config_upgrader(cfg_dict: Data, version: int) -> Data:
    """Bring a `semantic_segmentation_image_data` dict from one version of this plugin to the next."""
    return _without(cfg_dict, SS_DROPPED) if version < 3 else cfg_dict


def _renamed(cfg_dict: Data, hint: str) -> Data:
    """With a new type hint, if it is that of the abstract class of the task."""
    is_abstract = cfg_dict.get('type_hint') == hint.replace('_image_data', '_data')
    return {**cfg_dict, 'type_hint': hint} if is_abstract else cfg_dict


def _with_class_config(values: Data) -> Data:
    rest = _without(values, ('class_names', 'class_colors'))
    names = values.get('class_names')
    if not names or rest.get('class_config') is not None:
        return rest
    class_config = {'names': list(names), 'colors': values.get('class_colors'), 'type_hint': 'class_config'}
    return {**rest, 'class_config': class_config}


def _with_sampling(values: Data) -> Data:
    rest = _without(values, ('window_opts',))
    return {**rest, 'sampling': values['window_opts']} if 'window_opts' in values else rest


def _without(values: Data, names: tuple[str, ...]) -> Data:
    return {name: value for name, value in values.items() if name not in names}
