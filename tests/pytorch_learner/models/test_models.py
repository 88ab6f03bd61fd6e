import pytest
import torch

from rastervision.pipeline.errors import NotReadableError
from rastervision.pytorch_learner.learner_config.backbone import Backbone
from rastervision.pytorch_learner.models.channels import AddTensors, adjust_conv_channels, adjust_first_conv
from rastervision.pytorch_learner.models.classification import classification_model
from rastervision.pytorch_learner.models.detection import detection_model
from rastervision.pytorch_learner.models.fcos import light_fcos
from rastervision.pytorch_learner.models.regression import RegressionModel
from rastervision.pytorch_learner.models.segmentation import segmentation_model


@pytest.mark.parametrize('backbone', Backbone)
def test_all_backbones_take_any_channels_and_classes(backbone):
    with torch.device('meta'):
        model = classification_model(backbone.value, 4, 5).eval()
        out = model(torch.zeros(2, 5, 96, 96))

    assert out.shape == (2, 4)


@pytest.mark.parametrize('channels', [1, 2, 5])
@pytest.mark.parametrize('backbone', ['mobilenet_v3_small', 'squeezenet1_1', 'densenet121'])
def test_pretrained_backbones_take_any_channels(backbone, channels):
    with torch.device('meta'):
        model = classification_model(backbone, 4, 3).eval()
        adjust_first_conv(model, channels, pretrained=True)
        out = model(torch.zeros(2, channels, 64, 64))

    assert out.shape == (2, 4)


def test_backbones_give_numbers():
    model = classification_model('squeezenet1_1', 4, 5)

    assert torch.isfinite(model(torch.rand(2, 5, 64, 64))).all()


@pytest.mark.parametrize('channels', [2, 5])
@pytest.mark.parametrize('backbone', ['googlenet', 'inception_v3'])
def test_means_of_three_channels_are_not_moved_if_there_are_others(backbone, channels):
    """Pretrained, these networks move three channels to the means that their first weights were learnt with."""
    with torch.device('meta'):
        model = classification_model(backbone, 4, channels, transform_input=True).eval()
        out = model(torch.zeros(2, channels, 96, 96))

    assert out.shape == (2, 4)


def test_googlenet_trains_with_one_output_and_any_channels():
    model = classification_model('googlenet', 4, 6).train()

    assert model(torch.zeros(2, 6, 64, 64)).shape == (2, 4)


@pytest.mark.parametrize('architecture', ['lraspp', 'deeplabv3'])
def test_light_segmentation_models_take_any_channels(architecture):
    model = segmentation_model(f'{architecture}_mobilenet_v3_large', 3, 6)

    assert model(torch.zeros(2, 6, 64, 48))['out'].shape == (2, 3, 64, 48)


def test_missing_pretrained_weights_say_what_to_do(monkeypatch, tmp_path):
    def fail(*args, **kwargs):
        raise OSError('no network')

    monkeypatch.setattr(torch.hub, 'download_url_to_file', fail)
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))

    with pytest.raises(NotReadableError, match=rf'pretrained=False.*mobilenet_v3_large-.*{tmp_path}'):
        segmentation_model('lraspp_mobilenet_v3_large', 3, 6, pretrained=True)


def test_pretrained_kernels_are_kept_when_channels_are_added():
    conv = torch.nn.Conv2d(3, 4, 3)
    x = torch.rand(1, 5, 8, 8)

    adjusted = adjust_conv_channels(conv, 5)
    torch.nn.init.zeros_(adjusted[1][1].weight)

    assert torch.allclose(adjusted(x), conv(x[:, :3]))


def test_detection_model_normalises_all_channels():
    model = detection_model('resnet18', 2, 5, img_sz=64)

    assert len(model.transform.image_mean) == len(model.transform.image_std) == 5


def test_regression_outputs_are_positive_or_probabilities_where_asked():
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3))
    x = torch.randn(2, 1, 2, 2)

    out = RegressionModel(network, 3, pos_out_inds=[0], prob_out_inds=[2], output_multiplier=[2.0, 1.0, 1.0])(x)

    raw = network(x)
    assert torch.allclose(out, torch.stack([2 * raw[:, 0].exp(), raw[:, 1], raw[:, 2].sigmoid()], dim=1))


def test_boxes_of_a_new_fcos_can_grow_and_shrink():
    model = light_fcos('resnet18', 3)
    features = list(model.backbone(torch.rand(1, 3, 64, 64)).values())

    assert [feature.shape[-1] for feature in features] == [8, 4, 2]
    assert (model.head(features)['bbox_regression'] > 1).all()  # zero would stay zero


def test_more_channels_leave_the_output_for_the_first_as_it_was():
    conv = torch.nn.Conv2d(3, 8, 5)
    x = torch.rand(1, 3, 9, 9)

    adjusted = adjust_conv_channels(conv, 8)

    assert torch.equal(adjusted(torch.cat([x, torch.zeros(1, 5, 9, 9)], dim=1)), conv(x))
    assert set(adjusted.state_dict()) == {'1.0.weight', '1.0.bias', '1.1.weight', '1.1.bias'}


def test_tensors_are_added_one_after_the_other():
    tensors = [torch.randn(1, 3, 10, 10, generator=torch.Generator().manual_seed(i)) for i in range(5)]

    assert torch.equal(AddTensors()(tensors), sum(tensors))
