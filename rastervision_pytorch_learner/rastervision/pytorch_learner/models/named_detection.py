"""torchvision's detection models by name, for any number of channels and classes."""

from collections.abc import Sequence
from typing import Any

from torch import nn
from torchvision.models import get_model
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.ops import FrozenBatchNorm2d

from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.model_name import ONE_SIZE_DETECTORS
from rastervision.pytorch_learner.models.channels import RGB, adjust_first_conv
from rastervision.pytorch_learner.models.matching import load_what_fits
from rastervision.pytorch_learner.models.normalization import TrainedBatchNorm2d, follow_short_trainings
from rastervision.pytorch_learner.models.weights import default_weights, explained_download

NORM_IS_TRAINED = '_v2'  # end of the names of models that were pretrained with trained batch normalisation


def named_detection_model(
    name: str,
    num_classes: int,
    in_channels: int,
    *,
    img_sz: int,
    anchor_sizes: Sequence[int] | None = None,
    pretrained: bool = False,
    **kwargs: Any,
) -> nn.Module:
    """Build a detection model of torchvision.

    It has two outputs more than there are classes, as `detection_model` has.

    Args:
        name: Its name there.
        num_classes: Number of classes.
        in_channels: Number of channels of the image.
        img_sz: Height and width that images are resized to inside the model, pixels. SSD models have one size, that in
            their name.
        anchor_sizes: Sizes of anchors of the levels of the feature pyramid, finest first, pixels. None: torchvision's.
        pretrained: Start from weights learnt on COCO, apart from those for its classes. All layers are trained; batch
            normalisation stays as it is where torchvision keeps it.
        kwargs: Passed to torchvision.

    Raises:
        NotReadableError: If pretrained weights cannot be had.
        ConfigError: If the number of anchor sizes is wrong.
    """
    sizes = {} if name in ONE_SIZE_DETECTORS else {'min_size': img_sz, 'max_size': img_sz}
    options = {'weights': None, 'weights_backbone': None, 'num_classes': num_classes + 2, **sizes, **kwargs}
    model: Any = get_model(name, **options)
    if name not in ONE_SIZE_DETECTORS and not name.endswith(NORM_IS_TRAINED):
        _replace_batch_norm(model.backbone, FrozenBatchNorm2d if pretrained else TrainedBatchNorm2d)
    if pretrained:
        weights = default_weights(name, pretrained)
        with explained_download(weights):
            load_what_fits(model, weights.get_state_dict(progress=False, check_hash=True))
    if anchor_sizes is not None:
        _set_anchor_sizes(name, model, anchor_sizes)
    adjust_first_conv(model.backbone, in_channels, pretrained=pretrained)
    _normalise_channels(model.transform, in_channels)
    if not pretrained:
        follow_short_trainings(model)
    detector: nn.Module = model
    return detector


def _replace_batch_norm(module: nn.Module, norm: type[nn.Module]) -> None:
    """Replace batch normalisation, in place. The new layers are as new, too."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, norm(child.num_features, eps=child.eps))
        else:
            _replace_batch_norm(child, norm)


def _set_anchor_sizes(name: str, model: Any, sizes: Sequence[int]) -> None:
    """Let anchors start from other sizes; those of one level keep their ratios."""
    holder = model.rpn if hasattr(model, 'rpn') else model
    old = holder.anchor_generator
    if len(sizes) != len(old.sizes):
        raise ConfigError(
            f'anchor_sizes {list(sizes)!r}: the feature pyramid of {name} has {len(old.sizes)} levels. Give as many '
            f'sizes, such as {[level[0] for level in old.sizes]!r}.'
        )
    levels = [
        tuple(size * old_size / level[0] for old_size in level) for size, level in zip(sizes, old.sizes, strict=True)
    ]
    holder.anchor_generator = AnchorGenerator(tuple(levels), old.aspect_ratios)


def _normalise_channels(transform: Any, in_channels: int) -> None:
    """Give further channels the average mean and standard deviation of the first three, in place."""
    for key in ('image_mean', 'image_std'):
        values = list(getattr(transform, key))
        if len(values) == RGB:  # else they were given for all channels
            others = [sum(values) / RGB] * (in_channels - RGB)
            setattr(transform, key, [*values, *others][:in_channels])
