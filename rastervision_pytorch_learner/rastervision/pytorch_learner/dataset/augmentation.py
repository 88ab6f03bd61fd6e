"""The transforms that a data config asks for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import albumentations as A

from rastervision.pytorch_learner.dataset.transform_io import OWN_TRANSFORMS, deserialize_albumentation_transform

if TYPE_CHECKING:
    from rastervision.pytorch_learner.learner_config.data import DataConfig


def make_data_transforms(config: 'DataConfig') -> tuple[A.Compose, A.Compose]:
    """The transform of validation and test samples, and that of training samples.

    Both resize to `img_sz`, then apply `base_transform`; that of training samples goes on with `aug_transform`, or
    with `augmentors`.
    """
    settings = TransformSettings(
        config.img_sz, config.base_transform, config.aug_transform, tuple(config.augmentors), config.get_bbox_params()
    )
    return ConfiguredTransform(settings, augments=False), ConfiguredTransform(settings, augments=True)


@dataclass(frozen=True)
class TransformSettings:
    """What of a data config transforms are made of; see its fields."""

    img_sz: int
    base_transform: dict[str, Any] | None
    aug_transform: dict[str, Any] | None
    augmentors: tuple[str, ...]
    bbox_params: A.BboxParams | None


class ConfiguredTransform(A.Compose):  # type: ignore[misc]
    """The transform of samples that a config asks for.

    It is pickled as the config, so that it can go to other processes whatever functions of the user are in it.

    Args:
        settings: The config.
        augments: Whether it is for training samples.
    """

    def __init__(self, settings: TransformSettings, *, augments: bool) -> None:
        parts: list[Any] = [A.Resize(settings.img_sz, settings.img_sz)]
        if settings.base_transform is not None:
            parts.append(deserialize_albumentation_transform(settings.base_transform))
        if augments and settings.aug_transform is not None:
            parts.append(deserialize_albumentation_transform(settings.aug_transform))
        elif augments:
            parts += [_augmentor(name) for name in settings.augmentors]
        super().__init__(parts, bbox_params=settings.bbox_params)
        self.settings, self.augments = settings, augments

    def __reduce__(self) -> tuple[Any, ...]:
        return _configured, (self.settings, self.augments)


def _augmentor(name: str) -> Any:
    """A transform with its default parameters."""
    own = {kind.__name__: kind for kind in OWN_TRANSFORMS}
    return own[name]() if name in own else getattr(A, name)()


def _configured(settings: TransformSettings, augments: bool) -> ConfiguredTransform:
    return ConfiguredTransform(settings, augments=augments)
