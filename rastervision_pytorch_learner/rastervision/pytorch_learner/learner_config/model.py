"""Configures models."""

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from rastervision.pipeline.config.base import Config, added_field
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.learner_config.backbone import Backbone
from rastervision.pytorch_learner.learner_config.external_module import ExternalModuleConfig

if TYPE_CHECKING:
    from torch import nn


def model_config_upgrader(cfg_dict: dict[str, Any], version: int) -> dict[str, Any]:
    """Upgrade the dict of a model: up to version 0 backbones were numbers."""
    backbone = cfg_dict.get('backbone')
    if version == 0 and isinstance(backbone, int):
        return {**cfg_dict, 'backbone': Backbone.int_to_str(backbone)}
    return cfg_dict


@register_config('model', upgrader=model_config_upgrader)
class ModelConfig(Config):
    """Configure a model: a torchvision network, or one that is defined elsewhere."""

    backbone: Backbone = Field(Backbone.resnet18, description='The torchvision network to build on.')
    pretrained: bool = Field(
        True,
        description='Start from the weights that torchvision offers. They are downloaded, or taken from the cache.',
    )
    init_weights: str | None = Field(
        None, description='URI of weights (state_dict, or a checkpoint with one) to start from.'
    )
    load_strict: bool = Field(
        True,
        description='Whether all weights in init_weights must fit. Otherwise those that do are taken; the log says '
        'which do not.',
    )
    external_def: ExternalModuleConfig | None = Field(
        None, description='Definition of a model outside Raster Vision. With it, backbone and pretrained mean nothing.'
    )
    extra_args: dict[str, Any] = Field(
        default_factory=dict, description='Further arguments for the function that builds the default model.'
    )
    precision: Literal['bf16', 'fp16'] | None = added_field(
        None, 'Numbers to compute with where that does no harm (automatic mixed precision). None: single precision.'
    )
    compile: bool = added_field(False, 'Compile the model with torch.compile: slower to start, then faster.')
    name: str | None = added_field(
        None,
        "Another model than those on `backbone`: torchvision's by its name, such as convnext_tiny, fcn_resnet50 or "
        'retinanet_resnet50_fpn_v2; timm:NAME for a network of timm (chip classification, regression); '
        'ARCHITECTURE/ENCODER for a model of segmentation_models_pytorch, such as unet/resnet34 or '
        'unet/timm:convnext_nano (semantic segmentation). The last two need rastervision_pytorch_learner[models].',
    )
    channels_last: bool = added_field(
        False,
        'Keep the channels of a pixel together in memory, often faster on GPUs, with precision above all.',
    )

    @field_validator('name')
    @classmethod
    def _name_is_known(cls, v: str | None) -> str | None:
        return v if v is None else cls.check_name(v)

    @model_validator(mode='after')
    def _name_is_instead_of_others(self) -> Self:
        others = ('backbone', 'architecture', 'external_def')  # the second in some subclasses
        fields = type(self).model_fields
        for other in others if self.name is not None else ():
            if other in fields and getattr(self, other) != fields[other].default:
                raise ConfigError(
                    f'{other} {getattr(self, other)!r} has no effect on the model of name {self.name!r}. '
                    'Leave one of them out.'
                )
        return self

    @classmethod
    def check_name(cls, name: str) -> str:
        """Check the name of a model, as far as that needs no other package.

        Raises:
            ConfigError: If there is no such model for the task.
        """
        raise ConfigError(f'{name!r}: {cls.__name__} has no models by name. Use the model config of a task.')

    def get_backbone_str(self) -> str:
        """The name of the backbone."""
        return self.backbone.value

    def build(
        self,
        num_classes: int,
        in_channels: int,
        save_dir: str | None = None,
        hubconf_dir: str | None = None,
        ddp_rank: int | None = None,
        **kwargs: Any,
    ) -> 'nn.Module':
        """Build the model.

        Args:
            num_classes: Number of classes, the null class included.
            in_channels: Number of channels of the input.
            save_dir: Folder to keep an external definition in. Required with `external_def`.
            hubconf_dir: Folder that has the external definition already.
            ddp_rank: Rank of this process on its machine in distributed training.
            kwargs: Passed to `build_default_model`.
        """
        if self.external_def is None:
            return self.build_default_model(num_classes, in_channels, **kwargs)
        if save_dir is None and hubconf_dir is None:
            raise ConfigError('external_def: pass save_dir, the folder to keep the definition in.')
        return self.build_external_model(save_dir or '', hubconf_dir=hubconf_dir, ddp_rank=ddp_rank)

    def build_default_model(self, num_classes: int, in_channels: int, **kwargs: Any) -> 'nn.Module':
        """Build the torchvision model of the task."""
        raise ConfigError(f'{type(self).__name__} has no default model. Use the model config of a task.')

    def build_external_model(
        self, save_dir: str, hubconf_dir: str | None = None, ddp_rank: int | None = None
    ) -> 'nn.Module':
        """Build the model that `external_def` defines."""
        if self.external_def is None:
            raise ConfigError('external_def: not set, so there is no external model to build.')
        model: nn.Module = self.external_def.build(save_dir, hubconf_dir=hubconf_dir, ddp_rank=ddp_rank)
        return model


def check_backbone(value: Backbone, valid: tuple[Backbone, ...], task: str) -> Backbone:
    """Refuse a backbone that the default model of a task cannot use.

    Raises:
        ConfigError: Naming those that it can.
    """
    if value not in valid:
        names = ', '.join(backbone.value for backbone in valid)
        raise ConfigError(f'backbone {value.value!r} cannot be used for {task}. Choose from {names}.')
    return value


def use_backbone(config: ModelConfig, only: Backbone) -> None:
    """Set the backbone of a model whose architecture is built on one only.

    Raises:
        ConfigError: If another was asked for.
    """
    if config.backbone is not only and 'backbone' in config.model_fields_set:
        raise ConfigError(
            f'architecture {config.architecture!r} needs backbone {only.value!r} (given: {config.backbone.value!r}).'  # type: ignore[attr-defined]
        )
    config._set(backbone=only)
