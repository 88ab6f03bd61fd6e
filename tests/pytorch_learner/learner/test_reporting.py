"""What people and tools are told of training."""

import logging
import re
import time

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from rastervision.pytorch_learner.learner.progress import LineDisplay, LiveDisplay, NotebookDisplay, Progress
from rastervision.pytorch_learner.semantic_segmentation_learner import SemanticSegmentationLearner


class Recorded(SemanticSegmentationLearner):
    def setup_training(self, loss_def_path=None):
        self.cfg.log_tensorboard, self.cfg.image_interval = True, 2
        super().setup_training(loss_def_path)


class Killed(Exception):
    pass


class KilledBeforeStateIsKept(Recorded):
    def _state(self, epoch, batch=0, outputs=()):
        if epoch == 1:
            raise Killed
        return super()._state(epoch, batch, outputs)


def events(path):
    found = EventAccumulator(str(path / 'tb-logs')).Reload()
    scalars = {
        name: [(s.step, s.value) for s in found.Scalars(name)]
        for name in found.Tags()['scalars']
        if name not in ('samples_per_second', 'data_waiting_share')
    }
    images = {name: [(i.step, i.encoded_image_string) for i in found.Images(name)] for name in found.Tags()['images']}
    return scalars, images


def test_the_record_of_killed_training_is_that_of_undisturbed(make_learner, tmp_path):
    make_learner('undisturbed', cls=Recorded).train()
    with pytest.raises(Killed):
        make_learner('killed', cls=KilledBeforeStateIsKept).train()
    make_learner('killed', cls=Recorded).train()

    scalars, images = events(tmp_path / 'undisturbed')
    assert (scalars, images) == events(tmp_path / 'killed')
    assert [step for step, _ in scalars['lr']] == [0, 1, 2]
    assert {'train_loss', 'val_loss', 'avg_f1', 'mean_iou', 'bright_iou', 'accuracy'} <= scalars.keys()
    assert {name: [step for step, _ in found] for name, found in images.items()} == {
        'predictions': [1, 2],
        'confusion_matrix': [1, 2],
    }


def test_recording_does_not_change_what_is_learnt(make_learner):
    plain, recorded = make_learner('plain'), make_learner('recorded', cls=Recorded)
    plain.train(), recorded.train()

    a, b = plain.model.state_dict(), recorded.model.state_dict()
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_an_epoch_is_a_line_in_the_log(make_learner, caplog):
    with caplog.at_level(logging.INFO, 'rastervision'):
        make_learner(num_epochs=1).train()

    (line,) = [r.message for r in caplog.records if r.message.startswith('epoch')]
    numbers = r'train_loss [\d.]+, val_loss [\d.]+, avg_f1 [\d.]+, mean_iou [\d.]+'
    assert re.fullmatch(rf'epoch 1/1: {numbers} \(0:00:0\d, \d+ samples/s, \d+% waiting for data\)', line)


def test_settings_leave_out_where_data_comes_from(make_learner):
    settings = make_learner().settings()

    assert settings['solver.lr'] == 0.05
    assert settings['samples.train'] == 6
    assert not [name for name in settings if 'scene' in name or 'uri' in name]


def test_waiting_is_told_from_computing():
    def slow():
        for index in range(2):
            time.sleep(0.03)
            yield index

    with Progress('training', 4, 2, shown=False) as progress:
        for _ in progress.waiting_for(slow()):
            time.sleep(0.01)
            progress.add(5, torch.tensor(1.0))

    assert progress.done == 4
    assert 0.5 < progress.speed()['data_waiting_share'] < 0.95
    assert 20 < progress.speed()['samples_per_second'] < 130


def test_lines_come_now_and_then_and_say_how_it_goes(monkeypatch, caplog):
    monkeypatch.setattr(LineDisplay, 'seconds_between', -1.0)
    with caplog.at_level(logging.INFO, 'rastervision'), Progress('training', 2) as progress:
        progress.add(5, torch.tensor(2.0))
        progress.add(5, torch.tensor(1.0))

    first, second = [record.message for record in caplog.records]
    assert re.fullmatch(r'training: 1/2, \S+ left, loss 2, \d+ samples/s, 0% waiting for data', first)
    assert 'loss 1.5,' in second


def test_a_terminal_has_a_bar_that_goes_away(monkeypatch, capsys):
    monkeypatch.setenv('TTY_COMPATIBLE', '1')
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.setattr(LiveDisplay, 'seconds_between', -1.0)
    with Progress('training', 2) as progress:
        progress.add(5, torch.tensor(2.0))

    text = capsys.readouterr().err
    assert '1/2' in text
    assert text.endswith('\x1b[2K')


def test_a_notebook_has_a_line_that_goes_away(capsys):
    display = NotebookDisplay('training')
    display.show(1, '1/2')
    display.show(2, '2/2')
    display.close()

    first, second, last = '\rtraining: 1/2\r', '\rtraining: 2/2\r', f'\r{" " * 13}\r'
    assert capsys.readouterr().out == first + second + last


def test_a_batch_costs_little():
    with Progress('training', 1000) as progress:
        loss = torch.tensor(1.0)
        start = time.process_time()
        for _ in progress.waiting_for(iter(range(1000))):
            progress.add(5, loss)
        assert (time.process_time() - start) / 1000 < 5e-4
