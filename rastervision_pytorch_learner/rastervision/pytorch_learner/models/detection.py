"""Networks that give boxes for an image."""

from typing import Any

from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.models.detection.faster_rcnn import FasterRCNN

from rastervision.pytorch_learner.models.channels import adjust_first_conv
from rastervision.pytorch_learner.models.weights import default_weights, explained_download

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
OTHER_MEAN = 0.45
OTHER_STD = 0.225
NUM_LAYERS = 5
NUM_TRAINED_LAYERS = 3  # of a pretrained backbone; the first layers keep their weights


def detection_model(
    backbone: str, num_classes: int, in_channels: int, *, img_sz: int, pretrained: bool = False, **kwargs: Any
) -> FasterRCNN:
    """Build a Faster R-CNN with feature pyramid.

    It has two outputs more than there are classes: 0 for background and, as models of earlier versions, one at the
    end that is never used. Class ids are labels minus one.

    Args:
        backbone: Name of a resnet.
        num_classes: Number of classes.
        in_channels: Number of channels of the image.
        img_sz: Height and width that images are resized to inside the model, pixels.
        pretrained: Start the backbone from torchvision's weights (ImageNet).
        kwargs: Passed to `FasterRCNN`.

    Raises:
        NotReadableError: If pretrained weights cannot be had.
    """
    weights = default_weights(backbone, pretrained)
    with explained_download(weights):
        body = resnet_fpn_backbone(
            backbone_name=backbone,
            weights=weights,
            trainable_layers=NUM_TRAINED_LAYERS if pretrained else NUM_LAYERS,
        )
    adjust_first_conv(body, in_channels, pretrained=pretrained)
    others = max(0, in_channels - len(IMAGENET_MEAN))
    options = {
        'image_mean': [*IMAGENET_MEAN, *[OTHER_MEAN] * others][:in_channels],
        'image_std': [*IMAGENET_STD, *[OTHER_STD] * others][:in_channels],
        'min_size': img_sz,
        'max_size': img_sz,
    }
    return FasterRCNN(body, num_classes + 2, **{**options, **kwargs})
