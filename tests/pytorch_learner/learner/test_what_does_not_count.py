"""Labels that do not count, and numbers that are not finite: for all losses, in training and validation."""

import logging

import pytest
import torch
from torch import nn
from torch.utils.data import Dataset

from rastervision.pipeline.errors import ConfigError, DataError
from rastervision.pytorch_learner.dataset.labels import NO_CLASS
from rastervision.pytorch_learner.learner.batch_checks import BatchError, NonFiniteError

NAN = float('nan')
LOSSES = {
    'cross_entropy': {},
    'focal': {'loss': 'focal'},
    'focal, root': {'loss': 'focal', 'focal_gamma': 0.5},
    'dice': {'loss': 'dice'},
    'sum': {'loss': {'cross_entropy': 1, 'focal': 2, 'dice': 0.5}},
    'smoothed': {'label_smoothing': 0.1},
    'weighted': {'class_loss_weights': [1, 3]},
}


class Listed(Dataset):
    def __init__(self, samples):
        self.samples = samples

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        return self.samples[index]

    def sample_name(self, index):
        return f'chip-{index}.png'


def chips(count=4, *, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = [torch.rand(3, 4, 4, generator=generator) for _ in range(count)]
    return [(image, (image.mean(0) > 0.5).long()) for image in images]


def everything_of(learner):
    """All that a step changes: weights, statistics of batch norm, state of the optimizer, average."""
    parts = [*learner.bare_model.state_dict().values()]
    for state in learner.opt.state_dict()['state'].values():
        parts += [value for value in state.values() if isinstance(value, torch.Tensor)]
    if learner.average is not None:
        parts += [*learner.average.state_dict().values()]
    return [part.clone() for part in parts]


def is_same(a, b):
    return len(a) == len(b) and all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize('options', LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize('label', [NO_CLASS, 0])
@pytest.mark.parametrize('model', [{}, {'precision': 'bf16'}], ids=['single', 'bf16'])
def test_a_batch_of_which_nothing_counts_changes_nothing(make_learner, options, label, model):
    ignored = {'ignore_class_index': 0} if label == 0 else {}
    empty = Listed([(x, torch.full_like(y, label)) for x, y in chips()])
    solver = {**options, **ignored, 'ema_decay': 0.9, 'optimizer': 'AdamW', 'num_epochs': 1, 'multi_stage': []}
    learner = make_learner(datasets=(Listed(chips()), empty), model=model, **solver)
    learner.train()
    before = everything_of(learner)

    learner.train_epoch(learner.opt, learner.build_dataloader('valid'))

    assert is_same(before, everything_of(learner))
    assert all(part.isfinite().all() for part in before)


@pytest.mark.parametrize('options', LOSSES.values(), ids=LOSSES)
def test_pixels_that_do_not_count_have_no_effect(make_learner, options):
    samples = chips()
    marked = [(x, y.where(x[0] > 0.3, NO_CLASS)) for x, y in samples]
    learner = make_learner(plain=True, datasets=(Listed(marked), Listed(marked)), **options)
    out = torch.randn(4, 2, 4, 4, requires_grad=True)
    y = torch.stack([label for _, label in marked])

    learner.loss(out, y).backward()

    assert (out.grad.abs().sum(1)[y == NO_CLASS] == 0).all()
    assert (out.grad.abs().sum(1)[y != NO_CLASS] > 0).any()


@pytest.mark.parametrize('options', LOSSES.values(), ids=LOSSES)
def test_accumulated_batches_without_labels_do_not_weaken_the_others(make_learner, options):
    full, empty = chips(2), [(x, torch.full_like(y, NO_CLASS)) for x, y in chips(2, seed=1)]
    solver = {'optimizer': 'SGD', 'num_epochs': 1, 'multi_stage': [], 'one_cycle': False, **options}
    alone = make_learner('a', plain=True, datasets=(Listed(full), Listed(full)), **solver)
    beside = make_learner(
        'b', plain=True, accumulate_batches=2, datasets=(Listed(full + empty), Listed(full)), **solver
    )
    for learner in (alone, beside):
        learner.train_epoch(learner.opt, learner.build_dataloader('train', sampler=None))

    for a, b in zip(alone.model.parameters(), beside.model.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_an_epoch_without_labels_says_so_and_changes_nothing(make_learner, caplog):
    empty = Listed([(x, torch.full_like(y, NO_CLASS)) for x, y in chips()])
    learner = make_learner(datasets=(empty, Listed(chips())))
    before = everything_of(learner)
    with caplog.at_level(logging.WARNING):
        learner.train()
    assert is_same(before, everything_of(learner))
    assert 'No label of the training data counts' in caplog.text
    assert [row['train_loss'] for row in learner.log_rows] == [0.0] * 3


def test_the_learning_rate_ends_where_it_should_after_batches_that_do_not_count(make_learner):
    empty = [(x, torch.full_like(y, NO_CLASS)) for x, y in chips(2)]
    learner = make_learner(datasets=(Listed(chips(4) + empty), Listed(chips())), num_epochs=4, multi_stage=[], lr=1.0)
    learner.train()
    assert learner.opt.param_groups[0]['lr'] == pytest.approx(0.1)


def test_validation_counts_what_counts(make_learner):
    valid = chips(4)
    empty = [(x, torch.full_like(y, NO_CLASS)) for x, y in chips(2, seed=5)]
    learner = make_learner(datasets=(Listed(chips()), Listed(valid)))
    learner.model.eval()
    expected = learner.evaluate(learner.build_dataloader('valid'))
    learner.datasets['valid'] = Listed(valid + empty)
    found = learner.evaluate(learner.build_dataloader('valid'))
    times = {'valid_time'}
    assert {k: v for k, v in found.items() if k not in times} == {k: v for k, v in expected.items() if k not in times}


@pytest.mark.parametrize('ignored', [255, -1])
def test_a_loss_of_the_users_gets_the_label_that_it_ignores(make_learner, ignored):
    marked = Listed([(x, y.where(x[0] > 0.3, NO_CLASS if x[1, 0, 0] > 0.5 else ignored)) for x, y in chips()])
    learner = make_learner(datasets=(marked, marked), num_epochs=1)
    learner.loss = nn.CrossEntropyLoss(ignore_index=ignored)
    learner.train()
    assert learner.log_rows[0]['train_loss'] < 5


def test_a_loss_that_cannot_take_such_labels_is_told_of_them(make_learner):
    marked = Listed([(x, y.where(x[0] > 0.3, NO_CLASS)) for x, y in chips()])
    learner = make_learner(datasets=(marked, marked), num_epochs=1)
    learner.loss = lambda out, y: (out - nn.functional.one_hot(y, 2).movedim(-1, 1)).square().mean()
    with pytest.raises(ConfigError, match='ignore_index'):
        learner.train()


@pytest.mark.parametrize('make', [lambda y: y.int(), lambda y: y.float(), lambda y: y.to(torch.uint8)])
def test_labels_of_any_type_are_class_ids(make_learner, make):
    typed = Listed([(x, make(y)) for x, y in chips()])
    plain = make_learner('a', datasets=(Listed(chips()), Listed(chips())), num_epochs=1)
    other = make_learner('b', datasets=(typed, typed), num_epochs=1)
    plain.train()
    other.train()
    assert is_same(everything_of(plain), everything_of(other))


@pytest.mark.parametrize('label', [2, 255, -1, 0.5, NAN])
def test_labels_that_are_no_class_are_named_with_their_files(make_learner, label):
    samples = chips()
    x, y = samples[2]
    y = y.float() if isinstance(label, float) else y.clone()
    y[0, 0] = label
    samples = [(a, b.to(y.dtype)) for a, b in samples]
    samples[2] = x, y
    learner = make_learner(datasets=(Listed(samples), Listed(chips())))
    with pytest.raises(BatchError, match=r'batch \d \(chip-2\.png\): .*' + ('NaN' if label != label else str(label))):
        learner.train()


def test_a_pixel_that_is_not_finite_stops_training_and_is_named(make_learner):
    samples = chips()
    samples[3][0][0, 1, 1] = NAN
    learner = make_learner(datasets=(Listed(samples), Listed(chips())))
    with pytest.raises(NonFiniteError, match=r'chip-3\.png\).*nan.*pixels'):
        learner.train()
    assert all(weight.isfinite().all() for weight in learner.model.parameters())


def test_a_pixel_of_the_validation_data_that_is_not_finite_is_named(make_learner):
    samples = chips()
    samples[1][0][0, 1, 1] = NAN
    learner = make_learner(datasets=(Listed(chips()), Listed(samples)))
    with pytest.raises(NonFiniteError, match=r'validation, batch 0 \(chip-1\.png\)'):
        learner.train()


def test_a_batch_that_is_not_finite_can_be_passed_over(make_learner, caplog):
    samples = chips(6)
    samples[3][0][:] = NAN
    learner = make_learner(datasets=(Listed(samples), Listed(chips())), on_nonfinite='skip', num_epochs=2)
    with caplog.at_level(logging.WARNING):
        learner.train()
    assert all(value.isfinite().all() for value in learner.model.state_dict().values())
    assert len(learner.log_rows) == 2
    assert caplog.text.count('chip-3.png') == 2


def test_nothing_but_such_batches_is_an_error(make_learner):
    samples = [(x * NAN, y) for x, y in chips()]
    learner = make_learner(datasets=(Listed(samples), Listed(chips())), on_nonfinite='skip')
    with pytest.raises(NonFiniteError, match='epoch 1: no batch'):
        learner.train()


@pytest.mark.parametrize('choice', ['error', 'skip'])
def test_gradients_that_are_not_finite_make_no_step(make_learner, choice):
    class RootOfZero(nn.Module):
        def forward(self, out, y):
            return (out * 0).sum().sqrt()  # its slope at 0 is infinite

    learner = make_learner(on_nonfinite=choice, num_epochs=1)
    learner.loss = RootOfZero()
    weights = [weight.clone() for weight in learner.model.parameters()]
    with pytest.raises(NonFiniteError, match='gradients are not finite' if choice == 'error' else 'no batch'):
        learner.train()
    assert is_same(weights, [*learner.model.parameters()])


def test_weights_that_are_no_numbers_are_not_kept(make_learner, tmp_path):
    learner = make_learner(num_epochs=3)

    def train_end(outputs):
        if learner.get_start_epoch() == 1:
            next(learner.model.parameters()).data.fill_(NAN)
        return {'train_loss': 1.0}

    learner.train_end = train_end
    with pytest.raises(NonFiniteError, match=r'epoch 2: weights .* 0\.weight'):
        learner.train()
    kept = torch.load(tmp_path / 'out/last-model.pth', weights_only=True)
    assert all(weight.isfinite().all() for weight in kept.values())


@pytest.mark.parametrize('weights', [[-1, 1], [0, 0], [NAN, 1], [float('inf'), 1]])
def test_weights_of_classes_are_checked(make_learner, weights):
    with pytest.raises(ConfigError, match='class_loss_weights'):
        make_learner(class_loss_weights=weights)


@pytest.mark.parametrize('index', [2, -3, 7])
def test_a_class_that_is_to_be_ignored_must_be_one(make_learner, index):
    with pytest.raises(ConfigError, match=r'ignore_class_index.*0 dark, 1 bright'):
        make_learner(ignore_class_index=index)


def test_the_errors_are_of_the_library():
    assert issubclass(NonFiniteError, DataError)
