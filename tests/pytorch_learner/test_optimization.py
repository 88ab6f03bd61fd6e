from typing import get_args

import pytest
import torch
from torch import nn

from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.learner_config import solver
from rastervision.pytorch_learner.learner_config.solver import SolverConfig

EPOCHS, SAMPLES, BATCH = 4, 10, 5
NEEDED = {'CosineAnnealingWarmRestarts': {'T_0': 3}, 'StepLR': {'step_size': 2}, 'MultiStepLR': {'milestones': [1, 3]}}
NEEDED |= {'ExponentialLR': {'gamma': 0.5}}


def make_solver(name):
    return SolverConfig(
        lr=0.1, num_epochs=EPOCHS, batch_sz=BATCH, lr_schedule=name, lr_schedule_args=NEEDED.get(name), optimizer='SGD'
    )


def rates(config, start_epoch=0):
    """The learning rate of each batch."""
    optimizer = config.build_optimizer(nn.Linear(1, 1))
    step = config.build_step_scheduler(optimizer, SAMPLES, last_epoch=start_epoch - 1)
    epoch_schedule = config.build_epoch_scheduler(optimizer, last_epoch=start_epoch - 1)
    for epoch in range(start_epoch, EPOCHS):
        for _ in range(SAMPLES // BATCH):
            yield optimizer.param_groups[0]['lr']
            optimizer.step()
            if step:
                step.step()
        if epoch_schedule:
            epoch_schedule.step(*([epoch] if config.lr_schedule == 'ReduceLROnPlateau' else []))


@pytest.mark.parametrize('name', get_args(solver.OptimizerName))
def test_every_optimizer_changes_the_weights(name):
    model = nn.Linear(3, 2)
    before = model.weight.detach().clone()
    optimizer = SolverConfig(optimizer=name, lr=0.1).build_optimizer(model)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    assert not torch.equal(before, model.weight)


def test_arguments_of_the_optimizer_are_passed_on():
    optimizer = SolverConfig(optimizer='SGD', optimizer_args={'momentum': 0.9}).build_optimizer(nn.Linear(1, 1))
    assert optimizer.param_groups[0]['momentum'] == 0.9


def test_arguments_that_an_optimizer_does_not_take_are_named():
    with pytest.raises(ConfigError, match=r"'Adam'.*momentum"):
        SolverConfig(optimizer_args={'momentum': 0.9}).build_optimizer(nn.Linear(1, 1))


@pytest.mark.parametrize('name', [*get_args(solver.BatchSchedule), *get_args(solver.EpochSchedule)])
def test_every_schedule_goes_on_where_it_stopped(name):
    config = make_solver(name)
    whole = list(rates(config))
    assert len(whole) == EPOCHS * SAMPLES // BATCH
    if name != 'ReduceLROnPlateau':  # whose state comes from what was measured, and is saved
        assert list(rates(config, start_epoch=2)) == pytest.approx(whole[4:])


@pytest.mark.parametrize('name', ['CosineAnnealingLR', 'OneCycleLR', 'PolynomialLR'])
def test_schedules_with_an_end_reach_it_in_the_last_batch(name):
    assert list(rates(make_solver(name)))[-1] < 0.03


@pytest.mark.parametrize(('samples', 'steps'), [(12, 3), (11, 2), (4, 1), (1, 1)])
def test_a_schedule_counts_the_last_batch_unless_it_has_one_sample(samples, steps):
    config = make_solver('OneCycleLR')
    optimizer = config.build_optimizer(nn.Linear(1, 1))

    assert config.build_step_scheduler(optimizer, samples).total_steps == EPOCHS * steps


def test_a_schedule_by_name_replaces_the_default_one_cycle():
    config = SolverConfig(lr_schedule='StepLR', lr_schedule_args={'step_size': 1})
    assert not config.one_cycle
    assert config.build_step_scheduler(config.build_optimizer(nn.Linear(1, 1)), 100) is None


@pytest.mark.parametrize('options', [{'one_cycle': True}, {'multi_stage': [1]}])
def test_two_schedules_are_refused(options):
    with pytest.raises(ConfigError, match="lr_schedule 'StepLR'"):
        SolverConfig(lr_schedule='StepLR', **options)


def test_arguments_without_a_schedule_are_refused():
    with pytest.raises(ConfigError, match='lr_schedule_args'):
        SolverConfig(lr_schedule_args={'gamma': 0.5})


def test_arguments_that_a_schedule_needs_are_named():
    with pytest.raises(ConfigError, match=r"'StepLR'.*step_size"):
        config = SolverConfig(lr_schedule='StepLR')
        config.build_epoch_scheduler(config.build_optimizer(nn.Linear(1, 1)))


@pytest.mark.parametrize('samples', [32, 15, 20, 5, 33])
@pytest.mark.parametrize('accumulate', [1, 3])
@pytest.mark.parametrize('epochs', [2, 5, 6])
def test_the_one_cycle_ends_with_the_training(samples, accumulate, epochs):
    config = SolverConfig(lr=1.0, num_epochs=epochs, batch_sz=8, accumulate_batches=accumulate, optimizer='SGD')
    optimizer = config.build_optimizer(nn.Linear(1, 1))
    schedule = config.build_step_scheduler(optimizer, samples)
    batches = -(-samples // 8) - (samples % 8 == 1)
    found = []
    for _ in range(epochs * -(-batches // accumulate)):
        optimizer.step()
        schedule.step()
        found.append(optimizer.param_groups[0]['lr'])
    top = found.index(max(found))
    assert max(found) == pytest.approx(1.0)
    assert found[top:] == sorted(found[top:], reverse=True)
    assert found[-1] == pytest.approx(0.1)
