"""Names of models, as the `name` of a model config gives them.

- A plain name is torchvision's: `convnext_tiny`, `fcn_resnet50`, `retinanet_resnet50_fpn_v2`.
- `timm:NAME` is a network of timm: `timm:convnext_nano`, or with certain weights `timm:convnext_nano.in12k`.
- `ARCHITECTURE/ENCODER` is a model of segmentation_models_pytorch; its encoder is one of that package, or timm's:
  `unet/resnet34`, `unet/timm:resnest14d`, `segformer/mit_b0`, `dpt/timm:vit_tiny_patch16_224`.
"""

from collections.abc import Iterable

from rastervision.pipeline.errors import ConfigError, did_you_mean

TIMM = 'timm:'
SEPARATOR = '/'  # of architecture and encoder
MODELS_EXTRA = 'rastervision_pytorch_learner[models]'  # what pip installs timm and segmentation_models_pytorch by

SMP_ARCHITECTURES = (
    'unet',
    'unetplusplus',
    'manet',
    'linknet',
    'fpn',
    'pspnet',
    'deeplabv3',
    'deeplabv3plus',
    'pan',
    'upernet',
    'segformer',
    'dpt',
)
TORCHVISION_SEGMENTATION = (
    'deeplabv3_mobilenet_v3_large',
    'deeplabv3_resnet50',
    'deeplabv3_resnet101',
    'fcn_resnet50',
    'fcn_resnet101',
    'lraspp_mobilenet_v3_large',
)
TORCHVISION_DETECTION = (
    'fasterrcnn_mobilenet_v3_large_320_fpn',
    'fasterrcnn_mobilenet_v3_large_fpn',
    'fasterrcnn_resnet50_fpn',
    'fasterrcnn_resnet50_fpn_v2',
    'fcos_resnet50_fpn',
    'retinanet_resnet50_fpn',
    'retinanet_resnet50_fpn_v2',
    'ssd300_vgg16',
    'ssdlite320_mobilenet_v3_large',
)
ONE_SIZE_DETECTORS = ('ssd300_vgg16', 'ssdlite320_mobilenet_v3_large')  # they resize images to that in their names


def check_network_name(name: str) -> str:
    """Check the form of the name of a network that gives a vector.

    Raises:
        ConfigError: If it is neither a plain name nor `timm:NAME`.
    """
    if SEPARATOR in name or not name.removeprefix(TIMM):
        raise ConfigError(
            f"{name!r}: not the name of a network. Give one of torchvision's, such as 'convnext_tiny', or one of "
            "timm's, such as 'timm:convnext_nano'."
        )
    return name


def check_segmentation_name(name: str) -> str:
    """Check the name of a segmentation model, apart from its encoder.

    Raises:
        ConfigError: If there is no such.
    """
    architecture, separator, encoder = name.partition(SEPARATOR)
    if not separator:
        examples = '. Or give an architecture and an encoder, such as unet/resnet34 or unet/timm:convnext_nano'
        return checked(name, TORCHVISION_SEGMENTATION, 'model', examples)
    checked(architecture, SMP_ARCHITECTURES, 'architecture')
    if not encoder.removeprefix(TIMM):
        raise ConfigError(f"{name!r}: has no encoder. Add one, such as '{architecture}/resnet34'.")
    return name


def check_detection_name(name: str) -> str:
    """Check the name of a detection model.

    Raises:
        ConfigError: If there is no such.
    """
    return checked(name, TORCHVISION_DETECTION, 'model')


def checked(value: str, valid: Iterable[str], what: str, more: str = '') -> str:
    """Refuse a value that is not among the valid ones.

    Args:
        value: The value.
        valid: What it may be; all are named in the message.
        what: What the value is, for the message.
        more: What else can be given, for the message.

    Raises:
        ConfigError: If it is not.
    """
    names = list(valid)
    if value not in names:
        near = did_you_mean(value, names) or '.'
        raise ConfigError(f'{what} {value!r}: unknown. Choose from {", ".join(names)}{more}{near}')
    return value
