"""A light anchor-free detector.

FCOS of Tian, Shen, Chen, He (2019), https://arxiv.org/abs/1904.01355, as torchvision has it, with a narrow pyramid and
short heads. From scratch it learns with far fewer images than a detector of two stages, since each place of an image
says what is there.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from torch import Tensor, nn
from torchvision.models import get_model
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.fcos import FCOS, FCOSClassificationHead, FCOSHead, FCOSRegressionHead
from torchvision.ops import FeaturePyramidNetwork

from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.models.weights import default_weights, explained_download

STAGES = {'layer2': '0', 'layer3': '1', 'layer4': '2'}  # of a resnet: strides 8, 16 and 32
LEVEL_SIZES = (8, 16, 32)  # pixels
CHANNELS = 64  # of the pyramid and the heads
HEAD_LAYERS = 2
GROUPS = 8  # that the channels of the heads are normalised in
FIRST_REACH = 4.0  # anchor sizes from a place to the sides of its box, before training
DEFAULTS = {'score_thresh': 0.05, 'nms_thresh': 0.5, 'topk_candidates': 300}


class ResNetPyramid(nn.Module):
    """The features of a resnet at strides of 8, 16 and 32, each knowing of the coarser ones.

    Args:
        backbone: Name of a resnet.
        pretrained: Start the backbone from torchvision's weights (ImageNet).

    Raises:
        NotReadableError: If pretrained weights cannot be had.
    """

    out_channels = CHANNELS

    def __init__(self, backbone: str, *, pretrained: bool) -> None:
        super().__init__()
        weights = default_weights(backbone, pretrained)
        with explained_download(weights):
            resnet: Any = get_model(backbone, weights=weights)
        widths = [resnet.inplanes // 4, resnet.inplanes // 2, resnet.inplanes]
        self.body = IntermediateLayerGetter(resnet, STAGES)
        self.fpn = FeaturePyramidNetwork(widths, CHANNELS, norm_layer=nn.BatchNorm2d)

    def forward(self, images: Tensor) -> Mapping[str, Tensor]:
        """Features by level, finest first: (batch, out_channels, height / 8, width / 8) and so on."""
        features: Mapping[str, Tensor] = self.fpn(self.body(images))
        return features


def light_fcos(
    backbone: str,
    num_outputs: int,
    *,
    anchor_sizes: Sequence[int] | None = None,
    pretrained: bool = False,
    **kwargs: Any,
) -> FCOS:
    """Build the detector.

    Args:
        backbone: Name of a resnet.
        num_outputs: Number of labels, that of background included.
        anchor_sizes: One for each level, strides 8, 16 and 32, pixels: a level is for objects whose longer side is
            about 8 to 16 times as long, the first and the last one for all that are smaller or larger. None: the
            strides.
        pretrained: Start the backbone from torchvision's weights (ImageNet). The rest is new.
        kwargs: Passed to torchvision's `FCOS`.

    Raises:
        NotReadableError: If pretrained weights cannot be had.
        ConfigError: If the number of anchor sizes is wrong.
    """
    sizes = anchor_sizes or LEVEL_SIZES
    if len(sizes) != len(LEVEL_SIZES):
        raise ConfigError(
            f'anchor_sizes {list(sizes)!r}: the feature pyramid of fcos has {len(LEVEL_SIZES)} levels. Give as many '
            f'sizes, such as {list(LEVEL_SIZES)!r}.'
        )
    anchors = AnchorGenerator(tuple((size,) for size in sizes), ((1.0,),) * len(sizes))
    norm = partial(nn.GroupNorm, GROUPS)
    head = FCOSHead(CHANNELS, 1, num_outputs, HEAD_LAYERS)
    head.classification_head = FCOSClassificationHead(CHANNELS, 1, num_outputs, HEAD_LAYERS, norm_layer=norm)
    head.regression_head = FCOSRegressionHead(CHANNELS, 1, HEAD_LAYERS, norm_layer=norm)
    # Rectified: where boxes have shrunk to nothing, training could not let them grow again. So they start large enough.
    nn.init.constant_(head.regression_head.bbox_reg.bias, FIRST_REACH)
    body = ResNetPyramid(backbone, pretrained=pretrained)
    return FCOS(body, num_outputs, **{**DEFAULTS, 'anchor_generator': anchors, 'head': head, **kwargs})
