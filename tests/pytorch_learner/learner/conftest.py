import pytest
import torch
from torch import nn
from torch.utils.data import Dataset

from rastervision.core.data.class_config import ClassConfig
from rastervision.pytorch_learner.learner_config.semantic_segmentation_data import SemanticSegmentationGeoDataConfig
from rastervision.pytorch_learner.learner_config.solver import SolverConfig
from rastervision.pytorch_learner.semantic_segmentation_learner import SemanticSegmentationLearner
from rastervision.pytorch_learner.tasks.semantic_segmentation_config import (
    SemanticSegmentationLearnerConfig,
    SemanticSegmentationModelConfig,
)


class Noise(Dataset):
    """Pixels whose class is whether they are bright; with other noise each epoch, as augmentation would give."""

    def __init__(self, size=6):
        self.size, self.epoch, self.seed = size, 0, 0

    def set_epoch(self, epoch, seed):
        self.epoch, self.seed = epoch, seed

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(self.seed * 10_000 + self.epoch * 100 + index)
        x = torch.rand(3, 4, 4, generator=generator)
        return x, (x.mean(0) > 0.5).long()


@pytest.fixture
def noise():
    return Noise


@pytest.fixture
def make_learner(tmp_path):
    def make(
        output='out',
        *,
        cls=SemanticSegmentationLearner,
        num_workers=0,
        datasets=None,
        plain=False,
        model=None,
        **solver,
    ):
        class_config = ClassConfig(names=['dark', 'bright'], colors=['black', 'white'], null_class='dark')
        cfg = SemanticSegmentationLearnerConfig(
            model=SemanticSegmentationModelConfig(pretrained=False, **(model or {})),
            solver=SolverConfig(**{'lr': 0.05, 'num_epochs': 3, 'batch_sz': 2, 'multi_stage': [2], **solver}),
            data=SemanticSegmentationGeoDataConfig(
                class_config=class_config, img_channels=3, img_sz=4, num_workers=num_workers, sampling={}
            ),
            log_tensorboard=False,
        )
        torch.manual_seed(0)
        # Plain: without parts whose results depend on how samples are put into batches.
        middle = [nn.ReLU()] if plain else [nn.BatchNorm2d(8), nn.Dropout(0.2)]
        network = nn.Sequential(nn.Conv2d(3, 8, 1), *middle, nn.Conv2d(8, 2, 1))
        train_ds, valid_ds = datasets or (Noise(), Noise(4))
        out = str(tmp_path / output)
        return cls(cfg, out, train_ds=train_ds, valid_ds=valid_ds, model=network, tmp_dir=str(tmp_path / 'tmp'))

    (tmp_path / 'tmp').mkdir()
    return make
