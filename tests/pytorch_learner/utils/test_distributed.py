"""Processes that train together."""

from contextlib import nullcontext

import numpy as np
import pytest
from PIL import Image
from torch import nn

from rastervision.core.data.class_config import ClassConfig
from rastervision.pipeline.file_system.utils import zipdir
from rastervision.pipeline.published_files import knowing_files
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import SemanticSegmentationImageDataConfig
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.semantic_segmentation_learner import SemanticSegmentationLearner
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import (
    SemanticSegmentationLearnerConfig,
    SemanticSegmentationModelConfig,
)
from rastervision.pytorch_learner.utils.distributed import _files_known, _train_knowing


class Reader(SemanticSegmentationLearner):
    """Notes how many samples it would train on."""

    found = 0

    def ddp(self, rank=None, world_size=None):
        return nullcontext()

    def train(self, epochs=None):
        Reader.found = len(self.train_ds)


@pytest.fixture
def chips(tmp_path):
    """A folder of zips, each with two chips."""
    for name in ('a', 'b'):
        for folder in ('img', 'labels'):
            for split in ('train', 'valid'):
                (tmp_path / name / split / folder).mkdir(parents=True)
                for index in range(2):
                    shape = (8, 8, 3) if folder == 'img' else (8, 8)
                    path = tmp_path / name / split / folder / f'{index}.png'
                    Image.fromarray(np.zeros(shape, np.uint8)).save(path)
        (tmp_path / 'chips').mkdir(exist_ok=True)
        zipdir(str(tmp_path / name), str(tmp_path / 'chips' / f'{name}.zip'))
    return tmp_path / 'chips'


@pytest.mark.parametrize('is_grouped', [False, True])
@pytest.mark.parametrize(('known', 'count'), [(['a.zip'], 2), (None, 4)])
def test_processes_know_which_chips_count(chips, tmp_path, monkeypatch, is_grouped, known, count):
    for name in ('RANK', 'LOCAL_RANK', 'WORLD_SIZE'):
        monkeypatch.setenv(name, '0')
    uris = {'group_uris': [str(chips)]} if is_grouped else {'uri': str(chips)}
    config = SemanticSegmentationLearnerConfig(
        model=SemanticSegmentationModelConfig(pretrained=False),
        solver=SolverConfig(num_epochs=1, batch_sz=2),
        data=SemanticSegmentationImageDataConfig(
            class_config=ClassConfig(names=['a', 'b']), img_channels=3, img_sz=8, num_workers=0, **uris
        ),
        log_tensorboard=False,
    )
    with knowing_files(lambda folder: known and [f'{folder}/{name}' for name in known]):
        files = _files_known(config.data)

    _train_knowing(0, files, (Reader, config, str(tmp_path / 'out'), {'model': nn.Conv2d(3, 2, 1)}, 1))

    assert Reader.found == count
