import csv
import os

import numpy as np
import pytest
import torch

from rastervision.pipeline.errors import ConfigError, DataError
from rastervision.pipeline.file_system.local_file_system import LocalFileSystem
from rastervision.pipeline.file_system.publish import record_outputs
from rastervision.pipeline.registry import registry_
from rastervision.pipeline.runner.machine import core_count
from rastervision.pytorch_learner.semantic_segmentation_learner import SemanticSegmentationLearner


class Killed(Exception):
    pass


def killed_in(epoch, step):
    class Learner(SemanticSegmentationLearner):
        def train_step(self, batch, batch_ind):
            if self.get_start_epoch() == epoch and batch_ind == step:
                raise Killed
            return super().train_step(batch, batch_ind)

    return Learner


def weights(path):
    return torch.load(path / 'last-model.pth', weights_only=True)


def log(path):
    with open(path / 'log.csv', newline='') as file:
        return [{key: value for key, value in row.items() if 'time' not in key} for row in csv.DictReader(file)]


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


KILLED = [
    (0, 1, {}),
    (1, 0, {}),
    (2, 2, {}),
    (0, 2, {'state_interval': 1}),
    (2, 1, {'state_interval': 1}),
    (1, 2, {'state_interval': 2, 'ema_decay': 0.9, 'best_metric': 'avg_f1'}),
    (2, 0, {'state_interval': 1, 'ema_decay': 0.5, 'optimizer': 'SGD', 'optimizer_args': {'momentum': 0.9}}),
    (1, 2, {'state_interval': 1, 'accumulate_batches': 2, 'clip_grad_norm': 0.1, 'multi_stage': []}),
]


@pytest.mark.parametrize(('epoch', 'step', 'options'), KILLED)
def test_killed_training_ends_like_undisturbed(make_learner, tmp_path, epoch, step, options):
    make_learner('undisturbed', **options).train()

    with pytest.raises(Killed):
        make_learner('killed', cls=killed_in(epoch, step), **options).train()
    make_learner('killed', **options).train()

    assert same(weights(tmp_path / 'undisturbed'), weights(tmp_path / 'killed'))
    assert log(tmp_path / 'undisturbed') == log(tmp_path / 'killed')
    assert not (tmp_path / 'killed/checkpoints/resume.pt').exists()


def test_state_of_finished_training_does_not_stay_in_a_remote_store(make_learner, tmp_path, monkeypatch):
    far = tmp_path / 'far'

    class FarFileSystem(LocalFileSystem):
        """Stands for a store that is not a disk: `far://` is a folder."""

        @staticmethod
        def matches_uri(uri, mode):
            return uri.startswith('far://')

        @staticmethod
        def sync_to_dir(src_dir, dst_dir_uri, delete=False):
            LocalFileSystem.sync_to_dir(src_dir, str(far / dst_dir_uri[6:]), delete)

        @staticmethod
        def remove(uri):
            (far / uri[6:]).unlink()
            return True

    registry_.load_plugins()
    monkeypatch.setattr(registry_, '_file_systems', [FarFileSystem, *registry_._file_systems])
    learner = make_learner()
    learner.output_dir = 'far://run/train'
    learner.train()
    assert (far / 'run/train/checkpoints/resume.pt').exists()  # weights may be uploaded after it only

    learner.sync_to_cloud()

    assert (far / 'run/train/last-model.pth').exists()
    assert not (far / 'run/train/checkpoints/resume.pt').exists()


def test_batches_that_are_done_are_neither_trained_nor_read_again(make_learner, noise):
    read = []

    class Counted(noise):
        def __getitem__(self, index):
            read.append(index)
            return super().__getitem__(index)

    data = Counted(), []
    with pytest.raises(Killed):
        make_learner(cls=killed_in(0, 2), datasets=data, state_interval=1, num_epochs=1).train()
    read.clear()
    make_learner(datasets=data, state_interval=1, num_epochs=1).train()

    assert len(read) == 2


def test_killed_between_state_and_weights_loses_nothing(make_learner, tmp_path):
    class Learner(SemanticSegmentationLearner):
        def _write_results(self):
            if self.get_start_epoch() == 2:
                raise Killed
            super()._write_results()

    make_learner('undisturbed').train()
    with pytest.raises(Killed):
        make_learner('killed', cls=Learner).train()
    make_learner('killed').train()

    assert same(weights(tmp_path / 'undisturbed'), weights(tmp_path / 'killed'))
    assert log(tmp_path / 'undisturbed') == log(tmp_path / 'killed')


def test_there_are_no_more_workers_than_cores(make_learner):
    learner = make_learner(num_workers=1000)

    assert learner.train_dl.num_workers == core_count()


def test_result_does_not_depend_on_workers(make_learner, tmp_path):
    make_learner('none', num_epochs=1).train()
    make_learner('two', num_epochs=1, num_workers=2).train()

    assert same(weights(tmp_path / 'none'), weights(tmp_path / 'two'))


def test_all_checkpoints_are_kept_when_killed(make_learner, tmp_path):
    class Learner(SemanticSegmentationLearner):
        def setup_training(self, loss_def_path=None):
            self.cfg.save_all_checkpoints = True
            super().setup_training(loss_def_path)

    class KilledLearner(Learner):
        def train_step(self, batch, batch_ind):
            if self.get_start_epoch() == 2:
                raise Killed
            return super().train_step(batch, batch_ind)

    make_learner('undisturbed', cls=Learner).train()
    with pytest.raises(Killed):
        make_learner('killed', cls=KilledLearner).train()
    make_learner('killed', cls=Learner).train()

    for name in ('model-ckpt-epoch-0.pth', 'model-ckpt-epoch-1.pth'):
        a, b = ((tmp_path / run / 'checkpoints' / name) for run in ('undisturbed', 'killed'))
        assert same(torch.load(a, weights_only=True), torch.load(b, weights_only=True))


def test_more_epochs_after_a_complete_run_go_on(make_learner, tmp_path):
    make_learner(num_epochs=2).train()
    first = weights(tmp_path / 'out')
    learner = make_learner(num_epochs=3)

    assert same(first, learner.model.state_dict())
    learner.train()

    assert [row['epoch'] for row in log(tmp_path / 'out')] == ['0', '1', '2']


def test_complete_training_is_not_repeated(make_learner, tmp_path):
    make_learner().train()
    before = weights(tmp_path / 'out')
    make_learner().train()

    assert same(before, weights(tmp_path / 'out'))
    assert len(log(tmp_path / 'out')) == 3


def test_overridden_hooks_are_called(make_learner):
    calls = []

    class Learner(SemanticSegmentationLearner):
        def on_train_start(self):
            calls.append('start')

        def train_end(self, outputs):
            calls.append('train_end')
            return {**super().train_end(outputs), 'mine': 1.0}

        def on_epoch_end(self, curr_epoch, metrics):
            calls.append(('epoch_end', curr_epoch, metrics['mine']))
            super().on_epoch_end(curr_epoch, metrics)

    make_learner(cls=Learner, num_epochs=1).train()

    assert calls == ['start', 'train_end', ('epoch_end', 0, 1.0)]


def test_log_begins_with_the_columns_of_earlier_versions(make_learner, tmp_path):
    make_learner(num_epochs=1).train()

    header = (tmp_path / 'out/log.csv').read_text().splitlines()[0]
    per_class = ','.join(f'{name}_{metric}' for name in ('dark', 'bright') for metric in ('precision', 'recall', 'f1'))
    expected = f'epoch,train_loss,train_time,val_loss,avg_precision,avg_recall,avg_f1,{per_class},valid_time'
    assert header == f'{expected},accuracy,mean_iou,dark_iou,bright_iou,lr'


def test_one_sample_makes_no_batch(make_learner):
    with pytest.raises(DataError, match='1 training samples'):
        make_learner(datasets=([(torch.zeros(3, 4, 4), torch.zeros(4, 4).long())], []))


def test_output_folder_is_needed_for_training(make_learner, tmp_path):
    cfg = make_learner().cfg
    with pytest.raises(ConfigError, match='output_uri'):
        SemanticSegmentationLearner(cfg, train_ds=[], valid_ds=[], tmp_dir=str(tmp_path / 'tmp'))


def test_learner_does_not_change_the_config(make_learner):
    learner = make_learner()
    before = learner.cfg.json()
    other = SemanticSegmentationLearner(learner.cfg, learner.output_dir, model=learner.model, training=False)
    other.cfg.solver.lr = 0.7

    assert learner.cfg.json() == before


def test_scores_are_resized_and_add_up_to_one(make_learner):
    scores = make_learner().predict(torch.rand(2, 3, 4, 4), raw_out=True, out_shape=(8, 6))

    assert scores.shape == (2, 2, 8, 6)
    assert torch.allclose(scores.sum(1), torch.ones(2, 8, 6))


def test_predict_dataset_gives_the_same_in_any_batches(make_learner):
    learner = make_learner()
    dataset = learner.valid_ds
    one, four = (
        list(learner.predict_dataset(dataset, numpy_out=True, progress_bar=False, dataloader_kw={'batch_size': size}))
        for size in (1, 4)
    )

    assert all((abs(a - b) < 1e-6).all() for a, b in zip(one, four, strict=True))


def test_unknown_return_format_is_refused(make_learner):
    with pytest.raises(ConfigError, match="'zyx'"):
        make_learner().predict_dataset([], return_format='zyx')


@pytest.mark.parametrize('epochs', [2, 3])
def test_a_training_that_is_finished_keeps_its_files(make_learner, tmp_path, epochs):
    make_learner(num_epochs=3, best_metric='val_loss').train()
    before = {path.name: path.read_bytes() for path in (tmp_path / 'out').rglob('*.*') if path.is_file()}
    with record_outputs() as written:
        make_learner(num_epochs=epochs, best_metric='val_loss').train()
    assert {'log.csv', 'last-model.pth', 'best-model.pth'} <= {os.path.basename(uri) for uri in written}
    after = {path.name: path.read_bytes() for path in (tmp_path / 'out').rglob('*.*') if path.is_file()}
    assert after.keys() == before.keys()
    assert all(after[name] == before[name] for name in ('log.csv', 'last-model.pth', 'best-model.pth'))


def test_a_shorter_training_leaves_the_state_of_a_longer_one(make_learner, tmp_path):
    longer = make_learner(num_epochs=9)
    longer.train(epochs=4)
    make_learner(num_epochs=2).train()
    assert (tmp_path / 'out/checkpoints/resume.pt').is_file()
    assert make_learner(num_epochs=9).get_start_epoch() == 4


@pytest.mark.parametrize('metric', [np.float64(0.5), np.float32(0.5), torch.tensor(0.5), np.int64(1)])
def test_metrics_of_other_libraries_can_be_kept(make_learner, metric):
    for _ in range(3):
        learner = make_learner(num_epochs=3, best_metric='mine', state_interval=1)
        learner.validate_end = lambda outputs: {'mine': metric}
        learner.train(epochs=1)
    assert [float(row['mine']) for row in learner.log_rows] == [float(metric)] * 3
