"""The names of the networks that a model can be built on."""

from enum import Enum

from rastervision.pipeline.errors import ConfigError


class Backbone(str, Enum):  # noqa: UP042 (members print as in earlier versions)
    """A torchvision network."""

    alexnet = 'alexnet'
    densenet121 = 'densenet121'
    densenet169 = 'densenet169'
    densenet201 = 'densenet201'
    densenet161 = 'densenet161'
    googlenet = 'googlenet'
    inception_v3 = 'inception_v3'
    mnasnet0_5 = 'mnasnet0_5'
    mnasnet0_75 = 'mnasnet0_75'
    mnasnet1_0 = 'mnasnet1_0'
    mnasnet1_3 = 'mnasnet1_3'
    mobilenet_v2 = 'mobilenet_v2'
    resnet18 = 'resnet18'
    resnet34 = 'resnet34'
    resnet50 = 'resnet50'
    resnet101 = 'resnet101'
    resnet152 = 'resnet152'
    resnext50_32x4d = 'resnext50_32x4d'
    resnext101_32x8d = 'resnext101_32x8d'
    wide_resnet50_2 = 'wide_resnet50_2'
    wide_resnet101_2 = 'wide_resnet101_2'
    shufflenet_v2_x0_5 = 'shufflenet_v2_x0_5'
    shufflenet_v2_x1_0 = 'shufflenet_v2_x1_0'
    shufflenet_v2_x1_5 = 'shufflenet_v2_x1_5'
    shufflenet_v2_x2_0 = 'shufflenet_v2_x2_0'
    squeezenet1_0 = 'squeezenet1_0'
    squeezenet1_1 = 'squeezenet1_1'
    vgg11 = 'vgg11'
    vgg11_bn = 'vgg11_bn'
    vgg13 = 'vgg13'
    vgg13_bn = 'vgg13_bn'
    vgg16 = 'vgg16'
    vgg16_bn = 'vgg16_bn'
    vgg19_bn = 'vgg19_bn'
    vgg19 = 'vgg19'
    mobilenet_v3_small = 'mobilenet_v3_small'
    mobilenet_v3_large = 'mobilenet_v3_large'

    @staticmethod
    def int_to_str(x: int) -> str:
        """The name that a file of before 0.20 gives by its place in the list, counted from 1.

        Raises:
            ConfigError: If there is no such place.
        """
        names = list(Backbone.__members__)
        if not 1 <= x <= len(names):
            raise ConfigError(f'backbone {x!r}: not a place in the list of backbones. Use a number from 1 or a name.')
        return names[x - 1]
