"""What is recorded of training, whatever the logger, and also when training was stopped."""

import logging
import math
import time

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.learner_config.loggers import (
    MLflowLoggerConfig,
    TrainingLoggerConfig,
    WandbLoggerConfig,
)
from rastervision.pytorch_learner.loggers.figures import confusion_image
from rastervision.pytorch_learner.loggers.logger import TrainingLogger, TrainingRun
from rastervision.pytorch_learner.loggers.loggers import Loggers
from rastervision.pytorch_learner.loggers.tensorboard_logger import TensorBoardLogger

IMAGE = np.full((4, 6, 3), 200, np.uint8)


class TensorBoardRecord:
    def __init__(self, folder):
        self.folder = folder

    def make(self):
        return TensorBoardLogger('tb')

    def read(self):
        events = EventAccumulator(str(self.folder / 'tb')).Reload()
        images = {name: [image.step for image in events.Images(name)] for name in events.Tags()['images']}
        settings = events.Tensors('settings/text_summary')[-1].tensor_proto.string_val[0].decode()
        return {n: [(s.step, s.value) for s in events.Scalars(n)] for n in events.Tags()['scalars']}, images, settings


class MLflowRecord:
    def __init__(self, folder):
        self.uri = str(folder / 'mlruns')

    def make(self):
        return MLflowLoggerConfig(tracking_uri=self.uri, experiment='test').build()

    def read(self):
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=self.uri)
        (run,) = client.search_runs([client.get_experiment_by_name('test').experiment_id])
        assert run.info.status == 'FINISHED'
        scalars = {
            name: [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, name)]
            for name in run.data.metrics
        }
        paths = [file.path for file in client.list_artifacts(run.info.run_id, 'predictions')]
        images = {'predictions': sorted(int(path.split('-')[-1].removesuffix('.png')) for path in paths)}
        return scalars, images, str(run.data.params)


@pytest.fixture(params=[TensorBoardRecord, MLflowRecord])
def record(request, tmp_path, monkeypatch):
    monkeypatch.setenv('DO_NOT_TRACK', 'true')
    monkeypatch.setenv('MLFLOW_ALLOW_FILE_STORE', 'true')
    return request.param(tmp_path)


def run(folder, first_epoch=0, **settings):
    return TrainingRun('out/train', str(folder), str(folder / 'state'), first_epoch, {'solver.lr': 0.25, **settings})


def test_a_record_goes_on_where_training_was_stopped(record, tmp_path):
    first = record.make()
    first.start(run(tmp_path))
    first.log_metrics(0, {'train_loss': 3.0})
    first.log_image(1, 'predictions', IMAGE)
    first.log_metrics(1, {'train_loss': 2.0})
    first.end(is_good=False)
    # TensorBoard reads its files in the order of their names, which begin with the second: two runs never share one.
    time.sleep(math.ceil(time.time()) - time.time() + 0.01)
    again = record.make()
    again.start(run(tmp_path, 1, num_epochs=3))  # epoch 1 was recorded, but its state was not kept
    again.log_image(1, 'predictions', IMAGE)
    again.log_metrics(1, {'train_loss': 2.0})
    again.log_metrics(2, {'train_loss': 1.0, 'a class+ f1': 0.5})
    again.end(is_good=True)

    scalars, images, settings = record.read()
    assert scalars['train_loss'] == [(0, 3.0), (1, 2.0), (2, 1.0)]
    assert [values for name, values in scalars.items() if name.startswith('a class')] == [[(2, 0.5)]]
    assert images == {'predictions': [1]}
    assert 'solver.lr' in settings
    assert '0.25' in settings
    assert 'num_epochs' in settings


def test_weights_and_biases_writes_an_offline_run(tmp_path, monkeypatch):
    monkeypatch.setenv('DO_NOT_TRACK', 'true')
    logger = WandbLoggerConfig(project='test', mode='offline').build()
    logger.start(run(tmp_path))
    logger.log_image(0, 'predictions', IMAGE)
    logger.log_metrics(0, {'train_loss': 3.0})
    logger.end(is_good=True)

    (folder,) = tmp_path.glob('wandb/offline-run-*')
    (data,) = folder.glob('*.wandb')
    until = time.monotonic() + 30  # a process of W&B writes it, and may be late on a busy machine
    while not all(name in data.read_bytes() for name in (b'train_loss', b'solver.lr', b'out/train')):
        assert time.monotonic() < until, data.read_bytes()
        time.sleep(0.1)
    assert list(folder.glob('files/media/images/predictions*.png'))
    assert folder.name.endswith((tmp_path / 'state/wandb-run.txt').read_text())


class Broken(TrainingLogger):
    def __init__(self, at):
        self.at, self.ended = at, None

    def start(self, run):
        if self.at == 'start':
            raise ConfigError('no server')

    def log_metrics(self, epoch, metrics):
        raise OSError('server is away')

    def log_image(self, epoch, name, image):
        raise OSError('server is away')

    def end(self, *, is_good):
        self.ended = is_good


def test_a_logger_that_fails_is_reported_and_stops_neither_training_nor_the_others(tmp_path, caplog):
    others = [Broken('log'), TensorBoardLogger('tb'), Broken('log')]
    loggers = Loggers(others)
    loggers.start(run(tmp_path))
    with caplog.at_level(logging.WARNING):
        loggers.log_metrics(0, {'train_loss': 1.0})
    loggers.end(is_good=True)

    assert [r.message for r in caplog.records] == ['Broken: metrics of epoch 0 is not recorded: server is away'] * 2
    assert TensorBoardRecord(tmp_path).read()[0] == {'train_loss': [(0, 1.0)]}


def test_loggers_that_have_started_are_ended_if_another_cannot_start(tmp_path):
    first = Broken('log')
    with pytest.raises(ConfigError, match='no server'):
        Loggers([first, Broken('start')]).start(run(tmp_path))

    assert first.ended is False


def test_a_server_that_mlflow_cannot_use_is_named(tmp_path):
    with pytest.raises(ConfigError, match='ftp://nowhere'):
        MLflowLoggerConfig(tracking_uri='ftp://nowhere').build().start(run(tmp_path))


def test_the_base_config_makes_nothing():
    with pytest.raises(ConfigError, match='MLflowLoggerConfig'):
        TrainingLoggerConfig().build()


def test_confusion_is_drawn_in_shares_of_true_classes():
    image = confusion_image(np.array([[9, 1], [0, 0]]), ['a', 'b'])

    assert image.dtype == np.uint8
    assert image.shape[2] == 3
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 3


@pytest.mark.parametrize(
    ('config_class', 'field', 'value'),
    [
        (MLflowLoggerConfig, 'tracking_uri', '/runs'),
        (MLflowLoggerConfig, 'experiment', 'roofs'),
        (MLflowLoggerConfig, 'run_name', 'first'),
        (WandbLoggerConfig, 'project', 'roofs'),
        (WandbLoggerConfig, 'entity', 'team'),
        (WandbLoggerConfig, 'run_name', 'first'),
        (WandbLoggerConfig, 'mode', 'offline'),
    ],
)
def test_settings_of_loggers_reach_them(config_class, field, value):
    assert getattr(config_class(**{field: value}).build(), field) == value
    assert getattr(config_class().build(), field) != value
