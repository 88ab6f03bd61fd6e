"""The transforms that a data config asks for."""

from typing import TYPE_CHECKING, Any

import albumentations as A

from rastervision.pytorch_learner.dataset.transform_io import deserialize_albumentation_transform

if TYPE_CHECKING:
    from rastervision.pytorch_learner.learner_config.data import DataConfig


def make_data_transforms(config: 'DataConfig') -> tuple[A.Compose, A.Compose]:
    """The transform of validation and test samples, and that of training samples.

    Both resize to `img_sz`, then apply `base_transform`; that of training samples goes on with `aug_transform`, or
    with `augmentors`.
    """
    bbox_params = config.get_bbox_params()
    base: list[Any] = [A.Resize(config.img_sz, config.img_sz)]
    if config.base_transform is not None:
        base.append(deserialize_albumentation_transform(config.base_transform))
    if config.aug_transform is not None:
        augmenting = [deserialize_albumentation_transform(config.aug_transform)]
    else:
        augmenting = [getattr(A, name)() for name in config.augmentors]
    return A.Compose(base, bbox_params=bbox_params), A.Compose([*base, *augmenting], bbox_params=bbox_params)
