import pytest
import torch
from torch import nn
from torch.nn import functional

from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.losses import DiceLoss, FocalLoss

LOSSES = ['cross_entropy', 'focal', 'dice']


@pytest.fixture(params=[(6, 3), (2, 3, 4, 5)], ids=['chips', 'pixels'])
def batch(request):
    shape = request.param
    rng = torch.Generator().manual_seed(0)
    return torch.randn(shape, generator=rng), torch.randint(0, 3, (shape[0], *shape[2:]), generator=rng)


def sure_of(y):
    return (functional.one_hot(y, 3).movedim(-1, 1).float() * 2 - 1) * 20


@pytest.mark.parametrize('name', LOSSES)
def test_right_predictions_cost_nothing_and_wrong_ones_much(batch, name):
    _, y = batch
    loss = SolverConfig(loss=name).build_loss(3)
    assert loss(sure_of(y), y).item() == pytest.approx(0, abs=1e-4)
    assert loss(sure_of((y + 1) % 3), y).item() > 0.5


@pytest.mark.parametrize('name', LOSSES)
def test_a_class_that_is_ignored_does_not_count(batch, name):
    out, y = batch
    loss = SolverConfig(loss=name, ignore_class_index=-1).build_loss(3)
    other = torch.where((y == 2).unsqueeze(1), out + torch.randn_like(out), out)
    assert torch.equal(loss(out, y), loss(other, y))


@pytest.mark.parametrize('name', LOSSES)
def test_weights_of_classes_shift_the_loss_to_them(batch, name):
    _, y = batch
    out = sure_of(torch.where(y == 0, 1, y)) / 5  # class 0 is the one that is missed
    plain, weighted = (SolverConfig(loss=name, class_loss_weights=w).build_loss(3)(out, y) for w in (None, [9, 1, 1]))
    assert weighted > plain


@pytest.mark.parametrize('name', LOSSES)
def test_losses_can_be_differentiated_and_are_float32_for_half_precision(batch, name):
    out, y = batch
    out = out.to(torch.bfloat16).requires_grad_()
    value = SolverConfig(loss=name).build_loss(3)(out.float(), y)
    value.backward()
    assert value.dtype == torch.float32
    assert torch.isfinite(out.grad).all()


def test_a_larger_focal_gamma_makes_sure_predictions_count_less(batch):
    _, y = batch
    losses = [SolverConfig(loss='focal', focal_gamma=gamma).build_loss(3)(sure_of(y) / 20, y) for gamma in (1, 3)]
    assert losses[1] < losses[0]


def test_focal_without_gamma_is_cross_entropy(batch):
    out, y = batch
    weight = torch.tensor([1.0, 2.0, 3.0])
    expected = nn.CrossEntropyLoss(weight, ignore_index=1)(out, y)
    assert FocalLoss(0, weight, 1)(out, y).item() == pytest.approx(expected.item(), rel=1e-5)


def test_focal_is_the_formula_of_its_paper():
    out, y = torch.tensor([[0.0, 1.0]]), torch.tensor([1])
    p = out.softmax(1)[0, 1]
    assert FocalLoss(2.0)(out, y).item() == pytest.approx((-((1 - p) ** 2) * p.log()).item())


def test_dice_is_the_formula_of_its_paper():
    out, y = torch.zeros(4, 2), torch.tensor([1, 1, 1, 1])
    assert DiceLoss()(out, y).item() == pytest.approx(1 - (2 * 2 + 1) / (2 + 4 + 1))


def test_several_losses_are_summed(batch):
    out, y = batch
    both = SolverConfig(loss={'focal': 2, 'dice': 0.5}).build_loss(3)(out, y)
    assert both.item() == pytest.approx(2 * FocalLoss()(out, y).item() + 0.5 * DiceLoss()(out, y).item())


def test_label_smoothing_is_that_of_cross_entropy(batch):
    out, y = batch
    loss = SolverConfig(label_smoothing=0.1).build_loss(3)
    torch.testing.assert_close(loss(out, y), nn.CrossEntropyLoss(label_smoothing=0.1)(out, y))


def test_an_unknown_loss_is_refused_with_those_there_are():
    with pytest.raises(ConfigError, match='cross_entropy'):
        SolverConfig(loss='crossentropy')
