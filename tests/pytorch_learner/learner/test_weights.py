import logging

import pytest
import torch
from torch import nn

from rastervision.pipeline.errors import BundleError
from rastervision.pytorch_learner.learner.weights import input_channels, load_weights, read_weights, save_weights
from rastervision.pytorch_learner.models.channels import adjust_first_conv
from rastervision.pytorch_learner.models.classification import classification_model


class Net(nn.Module):
    def __init__(self, channels=3, classes=2):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(channels, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1))
        self.head = nn.Linear(4, classes)

    def forward(self, x):
        return self.head(self.backbone(x).mean(dim=(2, 3)))


@pytest.fixture
def write(tmp_path):
    def write(content, name='weights.pth'):
        torch.save(content, tmp_path / name)
        return str(tmp_path / name)

    return write


def same(a, b):
    return all(torch.equal(value, b[key]) for key, value in a.items())


def prefixed(prefix, weights):
    return {prefix + name: value for name, value in weights.items()}


@pytest.mark.parametrize('channels', [1, 3, 4, 9])
@pytest.mark.parametrize('pretrained', [False, True])
def test_weights_tell_how_many_channels_images_have(channels, pretrained):
    model = classification_model('resnet18', 2, 3)
    adjust_first_conv(model, channels, pretrained=pretrained)

    assert input_channels(model.state_dict()) == channels


def test_weights_without_convolutions_tell_nothing_of_channels():
    assert input_channels(nn.Linear(3, 2).state_dict()) is None


@pytest.mark.parametrize('prefix', ['', 'module.', 'model.', 'model.backbone.', '_orig_mod.', 'net.encoder.'])
@pytest.mark.parametrize('key', [None, 'state_dict', 'model'])
def test_wrappers_of_names_and_checkpoints_do_not_matter(write, prefix, key):
    source, target = Net(), Net()
    weights = prefixed(prefix, source.state_dict())

    load_weights(target, write(weights if key is None else {'epoch': 3, key: weights}))

    assert same(target.state_dict(), source.state_dict())


def test_weights_of_a_part_fit_where_it_is_in_the_model(write, caplog):
    source, target = Net(), Net()
    before = {name: value.clone() for name, value in target.head.state_dict().items()}

    with caplog.at_level(logging.INFO):
        load_weights(target, write(prefixed('encoder.', source.backbone.state_dict())), strict=False)

    assert same(target.backbone.state_dict(), source.backbone.state_dict())
    assert same(target.head.state_dict(), before)
    assert "'encoder.' in front of names was replaced by 'backbone.'" in caplog.text


def test_what_does_not_fit_is_left_out_and_reported_once(write, caplog):
    source, target = Net(channels=13, classes=10), Net()
    weights = source.state_dict()
    del weights['backbone.2.bias']
    weights['queue'] = torch.zeros(3)

    with caplog.at_level(logging.INFO):
        load_weights(target, write({'state_dict': prefixed('model.', weights)}), strict=False)

    (message,) = [record.getMessage() for record in caplog.records]
    assert '7 of 11 weights of the model' in message
    assert '3 have another shape' in message
    assert 'backbone.0.weight (4, 13, 3, 3) instead of (4, 3, 3, 3)' in message
    assert '1 are missing in the file: backbone.2.bias' in message
    assert '1 are only in the file: model.queue' in message
    assert same(target.backbone[1].state_dict(), source.backbone[1].state_dict())


def test_strict_loading_says_what_does_not_fit(write):
    with pytest.raises(BundleError, match=r'head.weight \(5, 4\) instead of \(2, 4\).*load_strict=False'):
        load_weights(Net(), write(Net(classes=5).state_dict()))


def test_weights_of_something_else_are_refused_even_in_part(write):
    with pytest.raises(BundleError, match='0 of 11 weights'):
        load_weights(Net(), write(nn.Conv2d(7, 7, 7).state_dict()), strict=False)


@pytest.mark.parametrize('content', [[1], {'epoch': 3}])
def test_files_without_weights_are_refused(write, content):
    with pytest.raises(BundleError, match='not the state_dict of a model'):
        read_weights(write(content))


def test_checkpoints_with_code_in_them_are_refused_with_a_way_out(write):
    with pytest.raises(BundleError, match=r"weights_only=False\)\['state_dict'\]"):
        read_weights(write({'state_dict': {}, 'hyper_parameters': Net}))


@pytest.mark.parametrize('extension', ['pth', 'safetensors'])
@pytest.mark.parametrize(('backbone', 'channels'), [('squeezenet1_1', 5), ('squeezenet1_1', 2), ('mnasnet0_5', 3)])
def test_a_pretrained_network_comes_back_without_its_first_weights(tmp_path, extension, backbone, channels):
    """Added channels have a convolution of their own only in networks that were built pretrained."""
    source = classification_model(backbone, 2, 3).eval()
    adjust_first_conv(source, channels, pretrained=True)
    target = classification_model(backbone, 2, channels).eval()
    path = str(tmp_path / f'weights.{extension}')
    save_weights(source, path)

    load_weights(target, path)

    x = torch.rand(2, channels, 40, 40)
    assert torch.allclose(target(x), source(x), atol=1e-5)


def test_damaged_files_are_errors_that_name_them(tmp_path):
    torch.save({'a.weight': torch.ones(4, 4), 'a.bias': torch.ones(4)}, tmp_path / 'odd.pth')
    good = (tmp_path / 'odd.pth').read_bytes()
    start = good.find(b'data.pkl') + 8
    for place in range(start, start + 300, 3):
        damaged = bytearray(good)
        damaged[place] ^= 1 << place % 8
        (tmp_path / 'odd.pth').write_bytes(damaged)
        try:
            read_weights(str(tmp_path / 'odd.pth'))
        except BundleError as error:
            assert 'odd.pth' in str(error)


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_weights_that_are_not_finite_are_refused(value, tmp_path):
    model = nn.Linear(2, 2)
    weights = {**model.state_dict(), 'bias': torch.tensor([0.0, value])}
    torch.save(weights, tmp_path / 'odd.pth')

    with pytest.raises(BundleError, match=r"odd\.pth.*'bias'"):
        load_weights(model, str(tmp_path / 'odd.pth'))
