"""How a model computes: precision of numbers, compilation, order of channels in memory."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.rv_config import rv_config_
from rastervision.pytorch_learner.learner.gradient_step import PRECISIONS

if TYPE_CHECKING:
    from rastervision.pytorch_learner.learner_config.model import ModelConfig

log = logging.getLogger(__name__)

SECTION = 'rastervision'
SINGLE = 'single'
PRECISION_VALUES: dict[str, str | None] = {SINGLE: None, **{name: name for name in PRECISIONS}}
FLAG_VALUES = {'true': True, 'yes': True, 'y': True, '1': True, 'false': False, 'no': False, 'n': False, '0': False}
SETTINGS: dict[str, tuple[str, Mapping[str, Any]]] = {
    'precision': ('PREDICT_PRECISION', PRECISION_VALUES),
    'compile': ('PREDICT_COMPILE', FLAG_VALUES),
    'channels_last': ('PREDICT_CHANNELS_LAST', FLAG_VALUES),
}


@dataclass(frozen=True)
class ComputeOptions:
    """How a model computes.

    Attributes:
        precision: Numbers that it computes with: 'bf16', 'fp16', or None for single precision.
        compile: Whether it is compiled.
        channels_last: Whether the channels of a pixel lie together in memory.
    """

    precision: str | None = None
    compile: bool = False
    channels_last: bool = False

    @classmethod
    def of(cls, config: 'ModelConfig | None', *, training: bool, onnx: bool = False) -> 'ComputeOptions':
        """The options of a model's config; in prediction, the settings of the machine override them.

        The settings are RASTERVISION_PREDICT_PRECISION (single, bf16, fp16), RASTERVISION_PREDICT_COMPILE and
        RASTERVISION_PREDICT_CHANNELS_LAST (true, false), in the environment or in section `rastervision` of a profile.

        Args:
            config: The config, or None.
            training: Whether the model is to be trained.
            onnx: Whether it runs in ONNX Runtime, where these options mean nothing.

        Raises:
            ConfigError: If a setting has a value that is not valid.
        """
        given = {} if training else _given()
        if onnx:
            if given:
                log.warning('%s: no effect on an ONNX model.', ', '.join(SETTINGS[name][0] for name in given))
            return cls()
        configured = {name: getattr(config, name) for name in SETTINGS} if config is not None else {}
        return cls(**{**configured, **given})


def _given() -> dict[str, Any]:
    """The options that settings set."""
    given = {}
    for name, (key, values) in SETTINGS.items():
        value = rv_config_.get_namespace_option(SECTION, key)
        if value is None:
            continue
        if value.lower() not in values:
            raise ConfigError(f'RASTERVISION_{key}={value!r}: not valid. Choose from {", ".join(values)}.')
        given[name] = values[value.lower()]
    return given
