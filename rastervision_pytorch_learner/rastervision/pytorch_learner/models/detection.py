"""Networks that give boxes for an image."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from torch import nn
from torchvision.models import mobilenet_v3_large
from torchvision.models.detection._utils import retrieve_out_channels
from torchvision.models.detection.anchor_utils import AnchorGenerator, DefaultBoxGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN, resnet_fpn_backbone
from torchvision.models.detection.faster_rcnn import FasterRCNN, FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.fcos import FCOS
from torchvision.models.detection.ssd import SSD
from torchvision.models.detection.ssdlite import SSDLiteFeatureExtractorMobileNet, SSDLiteHead
from torchvision.ops import FrozenBatchNorm2d, MultiScaleRoIAlign
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.models.channels import adjust_first_conv
from rastervision.pytorch_learner.models.fcos import light_fcos
from rastervision.pytorch_learner.models.normalization import TrainedBatchNorm2d, follow_short_trainings
from rastervision.pytorch_learner.models.weights import default_weights, explained_download

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
OTHER_MEAN = 0.45
OTHER_STD = 0.225
ASPECT_RATIOS = (0.5, 1.0, 2.0)  # of anchors, height to width
FASTER_RCNN, FCOS_LIGHT, SSDLITE = 'faster_rcnn', 'fcos', 'ssdlite'
MOBILENET = 'mobilenet_v3_large'

RESNET_LAYERS = 5
RESNET_TRAINED = 3  # layers of a pretrained backbone; the first ones keep their weights
RESNET_ANCHORS = (32, 64, 128, 256, 512)  # pixels; for strides of 4 to 64

# The pyramid of MobileNetV3 has strides of 8 to 64. torchvision's own, from 32 on, is blind to the small objects of
# aerial images. It is narrow, as is what looks at regions, since that takes most of the time on a CPU.
MOBILENET_STAGES = {'6': '0', '12': '1', '16': '2'}  # the last layers of strides 8, 16 and 32
MOBILENET_CHANNELS = [40, 112, 960]
MOBILENET_ANCHORS = (32, 64, 128, 256)  # pixels; for strides of 8 to 64
MOBILENET_FROZEN = 4  # layers; if pretrained
LIGHT_FPN_SIZE, LIGHT_HEAD_SIZE = 128, 256  # channels
REGION_SIZE = 7  # what regions are sampled to

SSD_LEVELS = 6
SSD_SCALES = (0.2, 0.95)  # sizes of the smallest and the largest boxes, as parts of the image's
SSD_C4 = 13  # the layer of MobileNetV3 in the middle of which the first features are taken
SSD_NORM = partial(nn.BatchNorm2d, eps=0.001, momentum=0.03)
SSD_OPTIONS = {'score_thresh': 0.001, 'nms_thresh': 0.55, 'detections_per_img': 300, 'topk_candidates': 300}


def detection_model(
    backbone: str,
    num_classes: int,
    in_channels: int,
    *,
    img_sz: int,
    architecture: str = FASTER_RCNN,
    anchor_sizes: Sequence[int] | None = None,
    pretrained: bool = False,
    **kwargs: Any,
) -> FasterRCNN | FCOS | SSD:
    """Build a torchvision detection network for any number of channels.

    It has two outputs more than there are classes: 0 for background and, as models of earlier versions, one at the
    end that is never used. Class ids are labels minus one.

    Args:
        backbone: Name of a resnet, or mobilenet_v3_large.
        num_classes: Number of classes.
        in_channels: Number of channels of the image.
        img_sz: Height and width that images are resized to inside the model, pixels. Boxes are scaled back.
        architecture: faster_rcnn (with a feature pyramid), fcos (light, of a resnet), or ssdlite (mobilenet_v3_large
            only).
        anchor_sizes: faster_rcnn: sides in pixels of the square anchors, one for each level of the pyramid, finest
            first: 5 for a resnet (strides 4 to 64), 4 for mobilenet_v3_large (strides 8 to 64). None: 32 for the
            finest, and twice as much for each further one. fcos: see `light_fcos`.
        pretrained: Start the backbone from torchvision's weights (ImageNet); but for fcos, its batch normalisation
            stays as it is. The rest is new.
        kwargs: Passed to torchvision's `FasterRCNN`, `FCOS` or `SSD`.

    Raises:
        NotReadableError: If pretrained weights cannot be had.
        ConfigError: If the number of anchor sizes is wrong.
    """
    options = {**_normalization(in_channels), **kwargs}
    options = {'pretrained': pretrained, **options}
    model: Any
    if architecture == SSDLITE:
        model = _ssdlite(num_classes + 2, in_channels, img_sz=img_sz, **options)
    else:
        options = {'min_size': img_sz, 'max_size': img_sz, **options}
        if architecture == FCOS_LIGHT:
            model = light_fcos(backbone, num_classes + 2, anchor_sizes=anchor_sizes, **options)
        else:
            build = _light_faster_rcnn if backbone == MOBILENET else partial(_resnet_faster_rcnn, backbone)
            anchors = _anchor_generator(backbone, anchor_sizes)
            model = build(num_classes + 2, rpn_anchor_generator=anchors, **options)
        adjust_first_conv(model.backbone, in_channels, pretrained=pretrained)
    if not pretrained:
        follow_short_trainings(model)
    detector: FasterRCNN | FCOS | SSD = model
    return detector


def _resnet_faster_rcnn(backbone: str, num_outputs: int, *, pretrained: bool, **kwargs: Any) -> FasterRCNN:
    weights = default_weights(backbone, pretrained)
    with explained_download(weights):
        body = resnet_fpn_backbone(
            backbone_name=backbone,
            weights=weights,
            norm_layer=_body_norm(pretrained),
            trainable_layers=RESNET_TRAINED if pretrained else RESNET_LAYERS,
        )
    return FasterRCNN(body, num_outputs, **kwargs)


def _light_faster_rcnn(num_outputs: int, *, pretrained: bool, **kwargs: Any) -> FasterRCNN:
    weights = default_weights(MOBILENET, pretrained)
    with explained_download(weights):
        layers = mobilenet_v3_large(weights=weights, norm_layer=_body_norm(pretrained)).features
    if pretrained:
        layers[:MOBILENET_FROZEN].requires_grad_(False)
    body = BackboneWithFPN(
        layers, MOBILENET_STAGES, MOBILENET_CHANNELS, LIGHT_FPN_SIZE, LastLevelMaxPool(), nn.BatchNorm2d
    )
    pool = MultiScaleRoIAlign(list(MOBILENET_STAGES.values()), REGION_SIZE, sampling_ratio=2)
    head = TwoMLPHead(LIGHT_FPN_SIZE * REGION_SIZE**2, LIGHT_HEAD_SIZE)
    predictor = FastRCNNPredictor(LIGHT_HEAD_SIZE, num_outputs)
    return FasterRCNN(body, **{'box_roi_pool': pool, 'box_head': head, 'box_predictor': predictor, **kwargs})


def _body_norm(pretrained: bool) -> type[nn.Module]:
    """Normalisation of a backbone: that of pretrained weights stays as it is. Weights have the same names."""
    return FrozenBatchNorm2d if pretrained else TrainedBatchNorm2d


def _anchor_generator(backbone: str, sizes: Sequence[int] | None) -> AnchorGenerator:
    default = MOBILENET_ANCHORS if backbone == MOBILENET else RESNET_ANCHORS
    sizes = sizes or default
    if len(sizes) != len(default):
        raise ConfigError(
            f'anchor_sizes {list(sizes)!r}: the feature pyramid of {backbone} has {len(default)} levels. Give as many '
            f'sizes, such as {list(default)!r}.'
        )
    return AnchorGenerator(tuple((size,) for size in sizes), (ASPECT_RATIOS,) * len(sizes))


def _ssdlite(num_outputs: int, in_channels: int, *, img_sz: int, pretrained: bool, **kwargs: Any) -> SSD:
    """SSDlite as torchvision builds it, but for any size and with one layout, pretrained or not."""
    weights = default_weights(MOBILENET, pretrained)
    with explained_download(weights):
        features = mobilenet_v3_large(weights=weights, norm_layer=SSD_NORM).features
    body = SSDLiteFeatureExtractorMobileNet(features, SSD_C4, SSD_NORM)
    channels = retrieve_out_channels(body, (img_sz, img_sz))
    adjust_first_conv(body, in_channels, pretrained=pretrained)
    smallest, largest = SSD_SCALES
    anchors = DefaultBoxGenerator([[2, 3]] * SSD_LEVELS, min_ratio=smallest, max_ratio=largest)
    head = SSDLiteHead(channels, anchors.num_anchors_per_location(), num_outputs, SSD_NORM)
    return SSD(body, anchors, (img_sz, img_sz), num_outputs, head=head, **{**SSD_OPTIONS, **kwargs})


def _normalization(in_channels: int) -> Mapping[str, list[float]]:
    """Mean and standard deviation of each channel."""
    others = max(0, in_channels - len(IMAGENET_MEAN))
    return {
        'image_mean': [*IMAGENET_MEAN, *[OTHER_MEAN] * others][:in_channels],
        'image_std': [*IMAGENET_STD, *[OTHER_STD] * others][:in_channels],
    }
