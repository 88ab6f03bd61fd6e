"""Models by name keep the same contract, whichever package they come from."""

import sys

import pytest
import timm
import torch
from torch import nn
from torchvision.models import get_model, get_model_weights

from rastervision.pipeline.errors import ConfigError, MissingDependencyError, NotReadableError
from rastervision.pytorch_learner.learner_config.external_module import ExternalModuleConfig
from rastervision.pytorch_learner.model_name import TORCHVISION_DETECTION
from rastervision.pytorch_learner.models.input_size import PaddedToMultiple
from rastervision.pytorch_learner.models.matching import match_weights
from rastervision.pytorch_learner.onnx import ONNXRuntimeAdapter, export_to_onnx
from rastervision.pytorch_learner.tasks.classification_config import ClassificationModelConfig
from rastervision.pytorch_learner.tasks.object_detection_config import ObjectDetectionModelConfig
from rastervision.pytorch_learner.tasks.regression_config import RegressionModelConfig
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import SemanticSegmentationModelConfig

SEGMENTATION = [
    'fcn_resnet50',
    'unet/resnet18',
    'unet/vgg11',
    'unetplusplus/timm:resnest14d',
    'manet/resnet18',
    'linknet/mobilenet_v2',
    'fpn/efficientnet-b0',
    'pspnet/resnet18',
    'deeplabv3plus/resnet18',
    'pan/resnet18',
    'upernet/timm:swin_tiny_patch4_window7_224',
    'segformer/timm:convnext_atto',
    'dpt/timm:vit_tiny_patch16_224',
]
NETWORKS = [
    'convnext_tiny',
    'swin_t',
    'vit_b_16',
    'maxvit_t',
    'timm:convnext_atto',
    'timm:mobileone_s0',
    'timm:vit_tiny_patch16_224',
    'timm:eva02_tiny_patch14_224',
    'timm:maxvit_tiny_tf_224',
]
DETECTORS = [
    'fasterrcnn_mobilenet_v3_large_320_fpn',
    'fcos_resnet50_fpn',
    'retinanet_resnet50_fpn',
    'ssdlite320_mobilenet_v3_large',
]
CONFIGS = {
    ClassificationModelConfig: 'timm:convnext_atto',
    RegressionModelConfig: 'timm:convnext_atto',
    SemanticSegmentationModelConfig: 'unet/resnet18',
    ObjectDetectionModelConfig: 'fcos_resnet50_fpn',
}


@pytest.mark.parametrize('name', SEGMENTATION)
def test_segmentation_models_take_any_channels_and_sizes(name):
    with torch.device('meta'):
        model = SemanticSegmentationModelConfig(name=name, pretrained=False).build(3, 5).eval()
        out = model(torch.zeros(2, 5, 45, 70))

    assert (out['out'] if isinstance(out, dict) else out).shape == (2, 3, 45, 70)


@pytest.mark.parametrize('name', NETWORKS)
def test_networks_take_any_channels_and_sizes(name):
    with torch.device('meta'):
        model = ClassificationModelConfig(name=name, pretrained=False).build(3, 5).eval()
        out = model(torch.zeros(2, 5, 45, 70))

    assert out.shape == (2, 3)


def test_networks_of_timm_give_numbers():
    model = RegressionModelConfig(name='timm:convnext_atto', pretrained=False, output_multiplier=[2.0, 1.0])

    assert model.build(2, 5)(torch.rand(2, 5, 40, 40)).shape == (2, 2)


@pytest.mark.parametrize('name', DETECTORS)
def test_detectors_take_any_channels_and_sizes(name):
    model = ObjectDetectionModelConfig(name=name, pretrained=False).build(2, 5, img_sz=64)
    targets = [{'boxes': torch.tensor([[4.0, 4, 30, 30]]), 'labels': torch.tensor([1])} for _ in range(2)]

    losses = model([torch.rand(5, 45, 70)] * 2, targets)
    with torch.inference_mode():
        (out,) = model.eval()([torch.rand(5, 45, 70)])

    assert all(torch.isfinite(loss) for loss in losses.values())
    assert {'boxes', 'labels', 'scores'} <= out.keys()


@pytest.mark.parametrize('name', TORCHVISION_DETECTION)
def test_all_detectors_normalise_all_channels(name):
    with torch.device('meta'):
        model = ObjectDetectionModelConfig(name=name, pretrained=False).build(2, 5, img_sz=64)

    assert len(model.transform.image_mean) == len(model.transform.image_std) == 5


def test_pretrained_detector_keeps_all_but_its_classes(tmp_path, monkeypatch):
    name = 'ssdlite320_mobilenet_v3_large'
    offered = get_model(name, weights=None, weights_backbone=None, num_classes=91)
    file_name = get_model_weights(name).DEFAULT.url.rpartition('/')[-1]
    (tmp_path / 'hub/checkpoints').mkdir(parents=True)
    torch.save(offered.state_dict(), tmp_path / 'hub/checkpoints' / file_name)
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))

    model = ObjectDetectionModelConfig(name=name).build(2, 5, img_sz=64)
    fresh = ObjectDetectionModelConfig(name=name, pretrained=False).build(2, 5, img_sz=64)

    match = match_weights(fresh, model.state_dict())
    assert match.complete  # so that its bundle can be loaded
    assert torch.equal(
        match.fitting['backbone.features.0.0.0.weight'][:, :3], offered.backbone.features[0][0][0].weight
    )
    heads = offered.head.regression_head.state_dict()
    assert all(torch.equal(value, heads[key]) for key, value in model.head.regression_head.state_dict().items())


def test_anchors_of_a_named_detector_start_from_the_sizes_that_are_asked_for():
    sizes = [8, 16, 32, 64, 128]
    with torch.device('meta'):
        model = ObjectDetectionModelConfig(name='retinanet_resnet50_fpn', pretrained=False, anchor_sizes=sizes).build(
            1, 3, img_sz=64
        )

    assert [level[0] for level in model.anchor_generator.sizes] == sizes
    with pytest.raises(ConfigError, match='5 levels'), torch.device('meta'):
        ObjectDetectionModelConfig(name='fcos_resnet50_fpn', pretrained=False, anchor_sizes=[8]).build(1, 3, img_sz=64)
    with pytest.raises(ConfigError, match='anchor_sizes has no effect'):
        ObjectDetectionModelConfig(name='ssd300_vgg16', anchor_sizes=[8])


@pytest.mark.parametrize(
    ('cls', 'name', 'message'),
    [
        (SemanticSegmentationModelConfig, 'unett/resnet34', "Did you mean 'unet'"),
        (SemanticSegmentationModelConfig, 'unet/', 'has no encoder'),
        (SemanticSegmentationModelConfig, 'fcn_resnet5', "Did you mean 'fcn_resnet50'"),
        (SemanticSegmentationModelConfig, 'unet/resnet_34', "Did you mean 'resnet34'"),
        (SemanticSegmentationModelConfig, 'unet/tu-resnest14d', "'timm:resnest14d'"),
        (SemanticSegmentationModelConfig, 'unet/timm:convnext_ato', "Did you mean 'convnext_atto'"),
        (SemanticSegmentationModelConfig, 'unet/timm:vit_tiny_patch16_224', 'goes with the encoder'),
        (SemanticSegmentationModelConfig, 'dpt/timm:vit_small_patch14_dinov2', 'patches of'),
        (ClassificationModelConfig, 'unet/resnet34', 'not the name of a network'),
        (ClassificationModelConfig, 'convnext_tny', "Did you mean 'convnext_tiny'"),
        (ClassificationModelConfig, 'timm:convnext_ato', "Did you mean 'convnext_atto'"),
        (ClassificationModelConfig, 'timm:convnext_atto.in99k', 'no such weights. Choose from convnext_atto.d2_in1k'),
        (ObjectDetectionModelConfig, 'retinanet_resnet50_fp', "Did you mean 'retinanet_resnet50_fpn'"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(cls, name, message):
    options = {'img_sz': 64} if cls is ObjectDetectionModelConfig else {}

    with pytest.raises(ConfigError, match=message):
        cls(name=name, pretrained=False).build(2, 3, **options)


@pytest.mark.parametrize(('cls', 'name'), CONFIGS.items())
def test_name_is_instead_of_other_definitions(cls, name):
    external = ExternalModuleConfig(uri='x', entrypoint='net')
    for other in ({'backbone': 'mobilenet_v3_large'}, {'external_def': external}):
        with pytest.raises(ConfigError, match=f'{next(iter(other))} .*has no effect'):
            cls(name=name, **other)


@pytest.mark.parametrize(('cls', 'name'), CONFIGS.items())
def test_name_comes_back_from_json_and_is_left_out_without_one(cls, name):
    assert cls.from_dict(cls(name=name).dict()).name == name
    assert 'name' not in cls().dict()


@pytest.mark.parametrize(
    ('cls', 'package'),
    [(ClassificationModelConfig, 'timm'), (SemanticSegmentationModelConfig, 'segmentation_models_pytorch')],
)
def test_missing_package_is_named_with_its_command(monkeypatch, cls, package):
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(
        MissingDependencyError, match=rf"'{package}'.*pip install 'rastervision_pytorch_learner\[models"
    ):
        cls(name=CONFIGS[cls]).build(2, 3)


@pytest.mark.parametrize('cls', [ClassificationModelConfig, SemanticSegmentationModelConfig])
def test_missing_weights_of_the_hub_say_what_to_do(monkeypatch, tmp_path, cls):
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_OFFLINE', True)
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_CACHE', str(tmp_path))

    with pytest.raises(NotReadableError, match=r'Set pretrained=False.*init_weights.*HF_HOME'):
        cls(name=CONFIGS[cls]).build(2, 3)


def test_network_without_weights_cannot_be_pretrained():
    with pytest.raises(ConfigError, match='offers no weights'):
        ClassificationModelConfig(name='timm:swinv2_cr_tiny_224').build(2, 3)


@pytest.mark.parametrize('channels', [2, 3, 6])
@pytest.mark.parametrize(
    ('cls', 'prefix', 'network'),
    [
        (ClassificationModelConfig, '', 'resnet10t'),
        (SemanticSegmentationModelConfig, 'unet/', 'resnet10t'),
    ],
)
def test_pretrained_networks_of_timm_keep_the_kernels_of_the_first_channels(tmp_path, cls, prefix, network, channels):
    offered = timm.create_model(network)
    torch.save(offered.state_dict(), tmp_path / 'offered.pth')
    local = {'pretrained_cfg_overlay': {'file': str(tmp_path / 'offered.pth')}}
    stem = match_stem(offered)

    torch.manual_seed(0)
    model = cls(name=f'{prefix}timm:{network}', extra_args=local).build(2, channels)

    common = min(channels, 3)
    kernels = match_stem(model)
    assert len(kernels) == len(stem) > 0
    assert all(torch.equal(a[:, :common], b[:, :common]) for a, b in zip(kernels, stem, strict=True))
    assert all(a.shape[1] == channels for a in kernels)
    others = match_weights(model, offered.state_dict())
    assert len(others.fitting) > 50
    own = model.state_dict()
    assert all(torch.equal(own[key], value) for key, value in others.fitting.items() if 'fc.' not in key)


def match_stem(model):
    """The kernels that see the image, whatever the number of its channels."""
    convs = [module for module in model.modules() if isinstance(module, nn.Conv2d) and module.in_channels in (2, 3, 6)]
    return [conv.weight for conv in convs if conv.groups == 1]


def test_padding_changes_nothing_where_none_is_needed():
    network = nn.Conv2d(3, 2, 1)
    x = torch.rand(1, 3, 32, 64)

    assert torch.equal(PaddedToMultiple(network, 32)(x), network(x))


def test_padding_repeats_the_last_pixels():
    x = torch.rand(1, 3, 5, 7)
    seen = []
    model = PaddedToMultiple(nn.Identity(), 8)
    model.model.register_forward_hook(lambda module, args, out: seen.append(out))

    assert torch.equal(model(x), x)
    assert seen[0].shape == (1, 3, 8, 8)
    assert torch.equal(seen[0][..., 7, 7], x[..., 4, 6])


def test_exported_models_pad_images_of_any_size(tmp_path):
    network = nn.Sequential(nn.Conv2d(4, 8, 2, stride=2), nn.ReLU(), nn.ConvTranspose2d(8, 2, 2, stride=2))
    model = PaddedToMultiple(network, 32).eval()
    path = str(tmp_path / 'model.onnx')
    export_to_onnx(model, path, torch.rand(2, 4, 64, 64))
    x = torch.rand(3, 4, 40, 75)

    assert torch.allclose(ONNXRuntimeAdapter.from_file(path)(x), model(x), atol=1e-3)
