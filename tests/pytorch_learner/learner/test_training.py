"""What the settings of training do."""

import os
import socket
import subprocess
import sys

import pytest
import torch

from rastervision.pipeline.errors import ArgumentError, ConfigError
from rastervision.pytorch_learner.learner.selection import best_index, has_stalled
from rastervision.pytorch_learner.loggers.csv_log import read_log


def trained(learner):
    learner.train()
    return learner.bare_model.state_dict()


def close(a, b):
    return all(torch.allclose(a[key].float(), b[key].float(), atol=1e-5) for key in a)


def test_accumulated_batches_are_as_one_larger(make_learner):
    small = trained(make_learner('a', plain=True, batch_sz=2, accumulate_batches=2, multi_stage=[]))
    large = trained(make_learner('b', plain=True, batch_sz=4, multi_stage=[]))

    assert close(small, large)
    assert not close(small, trained(make_learner('c', plain=True, batch_sz=2, multi_stage=[])))


def test_gradients_are_clipped(make_learner):
    # Plain gradient descent with rate 1 moves the weights by the length of the gradient.
    options = {'optimizer': 'SGD', 'lr': 1.0, 'one_cycle': False, 'multi_stage': [], 'num_epochs': 1, 'batch_sz': 6}
    learner = make_learner(clip_grad_norm=1e-3, plain=True, **options)
    before = [p.detach().clone() for p in learner.model.parameters()]
    learner.train()
    moved = torch.cat([(p - q).flatten() for p, q in zip(learner.model.parameters(), before, strict=True)])
    assert moved.norm().item() == pytest.approx(1e-3, rel=1e-3)


def test_the_average_of_the_weights_is_kept_and_evaluated(make_learner, tmp_path):
    learner = make_learner(ema_decay=0.75, num_epochs=2, batch_sz=6, optimizer='SGD', multi_stage=[])
    after, evaluated = [], []

    def on_epoch_end(epoch, metrics, end=learner.on_epoch_end):  # each epoch has one step
        after.append(learner.model[0].weight.detach().clone())
        evaluated.append(learner.evaluated_model[0].weight.clone())
        end(epoch, metrics)

    learner.on_epoch_end = on_epoch_end
    learner.train()

    expected = 0.75 * after[0] + 0.25 * after[1]
    assert torch.equal(evaluated[0], after[0])
    for weight in (evaluated[1], learner.model[0].weight):
        assert torch.allclose(weight, expected)
    assert torch.allclose(torch.load(tmp_path / 'out/last-model.pth', weights_only=True)['0.weight'], expected)


def test_the_best_epoch_is_kept(make_learner, tmp_path):
    learner = make_learner(best_metric='train_loss', num_epochs=4)
    seen = []

    def on_epoch_end(epoch, metrics, end=learner.on_epoch_end):
        metrics['train_loss'] = [3.0, 1.0, 2.0, 1.0][epoch]
        seen.append({key: value.clone() for key, value in learner.model.state_dict().items()})
        end(epoch, metrics)

    learner.on_epoch_end = on_epoch_end
    learner.train()

    assert close(learner.model.state_dict(), seen[1])
    assert close(torch.load(tmp_path / 'out/last-model.pth', weights_only=True), seen[3])


def test_training_stops_when_it_no_longer_gets_better(make_learner):
    options = {'early_stopping_epochs': 2, 'best_metric': 'train_loss', 'num_epochs': 9}
    learner = make_learner(**options)
    losses = iter([3.0, 1.0, 2.0, 2.0, 0.5])

    def on_epoch_end(epoch, metrics, end=learner.on_epoch_end):
        metrics['train_loss'] = next(losses)
        end(epoch, metrics)

    learner.on_epoch_end = on_epoch_end
    learner.train()
    assert len(learner.log_rows) == 4

    again = make_learner(**options)
    assert again.get_start_and_end_epochs() == (4, 4)


@pytest.mark.parametrize('option', [{'precision': 'bf16'}, {'channels_last': True}])
def test_other_ways_to_compute_learn_the_same(make_learner, option):
    plain = make_learner('a', plain=True)
    other = make_learner('b', plain=True, model=option)
    trained(plain), trained(other)
    x = torch.rand(2, 3, 4, 4)
    scores = other.predict(x, raw_out=True)

    assert scores.dtype == torch.float32
    assert torch.allclose(scores, plain.predict(x, raw_out=True), atol=0.05)


def test_rows_are_compared_as_their_metric_asks():
    rows = [{'val_loss': v, 'avg_f1': v} for v in ('0.5', '0.25', 'nan', '0.75', '0.25')]
    assert best_index(rows, 'val_loss') == 1
    assert best_index(rows, 'avg_f1') == 3
    assert has_stalled(rows, 'val_loss', 3)
    assert not has_stalled(rows, 'avg_f1', 2)


def test_an_unknown_metric_is_named_with_those_there_are(make_learner):
    with pytest.raises(ConfigError, match=r"'avg_fl'.*Did you mean 'avg_f1'"):
        make_learner(best_metric='avg_fl').train()


def test_a_learning_rate_is_found_and_the_learner_left_as_it_was(make_learner, tmp_path):
    learner = make_learner(plain=True)
    before = {key: value.clone() for key, value in learner.model.state_dict().items()}
    found = learner.find_lr(1e-5, 10.0, 60)
    found.plot(str(tmp_path / 'rates.png'))

    assert 1e-4 < found.suggestion < 2.0
    assert (tmp_path / 'rates.png').stat().st_size > 0
    assert all(torch.equal(before[key], value) for key, value in learner.model.state_dict().items())
    assert close(trained(learner), trained(make_learner('other', plain=True)))


def test_rates_that_do_not_rise_are_refused(make_learner):
    with pytest.raises(ArgumentError, match='start 1'):
        make_learner().find_lr(1.0, 0.1)


DISTRIBUTED = """
import sys
import torch
from torch import nn
from rastervision.core.data.class_config import ClassConfig
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import SemanticSegmentationGeoDataConfig
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.semantic_segmentation_learner import SemanticSegmentationLearner
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import SemanticSegmentationLearnerConfig

out, batch_sz = sys.argv[1], int(sys.argv[2])
images = torch.rand(8, 3, 4, 4, generator=torch.Generator().manual_seed(0))
samples = [(x, (x.mean(0) > 0.5).long()) for x in images]
cfg = SemanticSegmentationLearnerConfig(
    solver=SolverConfig(lr=0.05, num_epochs=2, batch_sz=batch_sz, optimizer='SGD'),
    data=SemanticSegmentationGeoDataConfig(
        class_config=ClassConfig(names=['dark', 'bright'], null_class='dark'), img_channels=3, img_sz=4,
        sampling={}, num_workers=0),
    log_tensorboard=False, save_model_bundle=False)
torch.manual_seed(0)
model = nn.Sequential(nn.Conv2d(3, 8, 1), nn.ReLU(), nn.Conv2d(8, 2, 1))
learner = SemanticSegmentationLearner(cfg, out, train_ds=samples, valid_ds=samples[:5], model=model)
if learner.is_ddp_process:
    with learner.ddp():
        learner.train()
else:
    learner.train()
"""


def test_two_processes_train_as_one_with_batches_of_the_same_size(tmp_path):
    with socket.socket() as free:
        free.bind(('localhost', 0))
        port = free.getsockname()[1]

    def start(out, batch_sz, **env):
        command = [sys.executable, '-c', DISTRIBUTED, str(tmp_path / out), str(batch_sz)]
        return subprocess.Popen(command, env={**os.environ, **env})

    shared = {'WORLD_SIZE': '2', 'MASTER_ADDR': 'localhost', 'MASTER_PORT': str(port)}
    jobs = [start('two', 2, RANK=str(rank), LOCAL_RANK=str(rank), **shared) for rank in (0, 1)]
    jobs.append(start('one', 4))
    assert [job.wait(timeout=400) for job in jobs] == [0, 0, 0]

    one, two = (torch.load(tmp_path / out / 'last-model.pth', weights_only=True) for out in ('one', 'two'))
    assert close(one, two)
    logs = [read_log(tmp_path / out / 'log.csv') for out in ('one', 'two')]
    for a, b in zip(*logs, strict=True):
        assert float(a['avg_f1']) == pytest.approx(float(b['avg_f1']), abs=1e-5)
        assert float(a['train_loss']) == pytest.approx(float(b['train_loss']), abs=1e-5)


# Process 1 gets the samples of odd numbers; what they are is told by the second argument.
UNEVEN = """
import sys, torch
from torch.utils.data import TensorDataset
from rastervision.core.data.class_config import ClassConfig
from rastervision.pytorch_learner.learner_config.external_module import ExternalModuleConfig
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import SemanticSegmentationGeoDataConfig
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.semantic_segmentation_learner import SemanticSegmentationLearner
from rastervision.pytorch_learner.tasks import semantic_segmentation_config as configs

out, kind, hub = sys.argv[1:]
classes = ClassConfig(names=['a', 'b'], null_class='a')
x = torch.rand(8, 3, 4, 4, generator=torch.Generator().manual_seed(0))
y = (x[:, 0] > 0.5).long()
if kind == 'nothing counts':
    y[:] = torch.where(torch.arange(8) % 4 < 3, -100, y.flatten(1).T).T.reshape(y.shape)
if kind == 'not finite':
    x[5] = float('nan')
cfg = configs.SemanticSegmentationLearnerConfig(
    model=configs.SemanticSegmentationModelConfig(
        external_def=ExternalModuleConfig(uri=hub, entrypoint='make'), pretrained=False
    ),
    solver=SolverConfig(lr=0.05, num_epochs=2, batch_sz=1, one_cycle=False, loss={'cross_entropy': 1, 'dice': 1}),
    data=SemanticSegmentationGeoDataConfig(
        class_config=classes, img_channels=3, img_sz=4, num_workers=0, sampling={}, plot_options=None
    ),
    log_tensorboard=False,
    save_model_bundle=False,
)
data = TensorDataset(x, y)
learner = SemanticSegmentationLearner(cfg, out, train_ds=data, valid_ds=TensorDataset(x[:2], y[:2] * 0))
with learner.ddp():
    learner.train()
print(sum(weight.sum().item() for weight in learner.bare_model.parameters()))
"""


@pytest.mark.parametrize(('kind', 'code'), [('nothing counts', 0), ('not finite', 1)])
def test_processes_that_train_together_agree_on_what_counts(tmp_path, kind, code):
    with socket.socket() as free:
        free.bind(('localhost', 0))
        port = free.getsockname()[1]
    (tmp_path / 'hub').mkdir()
    (tmp_path / 'hub/hubconf.py').write_text('import torch\n\ndef make():\n    return torch.nn.Conv2d(3, 2, 1)\n')
    env = {'WORLD_SIZE': '2', 'MASTER_ADDR': 'localhost', 'MASTER_PORT': str(port)}
    command = [sys.executable, '-c', UNEVEN, str(tmp_path / 'out'), kind, str(tmp_path / 'hub')]
    jobs = [
        subprocess.Popen(
            command,
            env={**os.environ, **env, 'RANK': rank, 'LOCAL_RANK': rank},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in '01'
    ]
    said = [job.communicate(timeout=400) for job in jobs]
    assert [job.returncode for job in jobs] == [code, code], said
    if code:
        assert 'sample 5' in said[0][1] + said[1][1]
        assert 'another process' in said[0][1] + said[1][1]
    else:
        assert said[0][0] == said[1][0] and 'nan' not in said[0][0]


def test_a_few_batches_are_learned_by_heart_if_they_can_be(make_learner, noise, caplog):
    caplog.set_level('INFO')
    data = noise(50), noise(7)
    learner = make_learner(
        datasets=data, plain=True, overfit_batches=8, batch_sz=3, lr=0.2, num_epochs=14, multi_stage=[]
    )
    few = [x for x, _ in learner.train_ds]
    learner.train()

    assert learner.train_ds is learner.valid_ds and len(learner.train_ds) == 24
    assert all(torch.equal(x, y) for (x, _), y in zip(learner.valid_ds, few, strict=True))  # in the last epoch, too
    assert 'same 24 samples are for training and validation' in caplog.text
    assert learner.log_rows[-1]['val_loss'] < 0.1 * learner.log_rows[0]['train_loss']
    assert 'so they can be learned' in caplog.text and 'in evaluation' not in caplog.text


def test_what_is_learned_in_training_but_not_seen_in_evaluation_is_told_apart(make_learner, noise, caplog):
    caplog.set_level('INFO')
    learner = make_learner(datasets=(noise(50), noise(7)), overfit_batches=1, num_epochs=1, multi_stage=[])
    learner.log_rows = [{'train_loss': 1.0, 'val_loss': 1.0}, {'train_loss': 0.02, 'val_loss': 0.5}]
    learner._tell_whether_learned_by_heart()

    assert 'from 1 to 0.02' in caplog.text and 'in evaluation, the loss of the same samples is 0.5' in caplog.text


def test_a_few_batches_that_are_not_learned_are_a_warning(make_learner, noise, caplog):
    learner = make_learner(datasets=(noise(50), noise(7)), overfit_batches=1, lr=1e-6, num_epochs=2, multi_stage=[])
    learner.train()

    assert 'not to a tenth' in caplog.text


def test_fewer_samples_than_batches_hold_are_all_used(make_learner, noise):
    assert len(make_learner(datasets=(noise(5), noise(7)), overfit_batches=9).train_ds) == 5
