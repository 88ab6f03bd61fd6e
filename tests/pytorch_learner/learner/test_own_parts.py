"""What code outside sets in a learner, and reads from it."""

import os

import pytest
import torch
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader
from torch.utils.tensorboard import SummaryWriter

from rastervision.pytorch_learner.dataset.visualizer.semantic_segmentation_visualizer import (
    SemanticSegmentationVisualizer,
)
from rastervision.pytorch_learner.learner.learner import Learner
from rastervision.pytorch_learner.semantic_segmentation_learner import SemanticSegmentationLearner


def test_loaders_that_are_set_are_trained_and_evaluated_with(make_learner, noise, tmp_path):
    train, valid = DataLoader(ConcatDataset([noise(4), noise(4)]), batch_size=4), DataLoader(noise(3), batch_size=1)

    class Own(SemanticSegmentationLearner):
        def setup_data(self, distributed=None):
            self.train_dl, self.valid_dl = train, valid

        def train_step(self, batch, batch_ind):
            self.sizes = [*getattr(self, 'sizes', []), len(batch[0])]
            return super().train_step(batch, batch_ind)

    learner = make_learner(cls=Own, num_epochs=1)
    learner.train()
    learner.validate()

    assert learner.train_dl is train and learner.valid_dl is valid
    assert (len(learner.train_ds), len(learner.valid_ds)) == (8, 3)
    assert learner.sizes == [4, 4]
    assert learner.get_evaluation_dataloader('valid') is valid
    assert learner.log_rows[0]['val_loss'] > 0
    assert {'valid_metrics.json', 'valid_preds.png'} <= set(os.listdir(tmp_path / 'out'))


def test_a_loader_may_be_replaced(make_learner, noise):
    learner = make_learner(num_epochs=1)

    learner.train_dl = DataLoader(noise(6), batch_size=1)

    learner.train()
    assert len(learner.train_dl) == 6


def test_data_may_be_replaced(make_learner, noise):
    learner = make_learner()
    data = noise(2)

    learner.train_ds = learner.valid_ds = learner.test_ds = data

    assert learner.get_dataset('train') is learner.get_dataset('test') is data


@pytest.mark.parametrize('method', ['get_dataset', 'get_dataloader'])
def test_an_unknown_split_is_refused(make_learner, method):
    with pytest.raises(ValueError, match=r"split 'vald'.*Did you mean 'valid'"):
        getattr(make_learner(), method)('vald')


def test_a_learner_tells_where_its_files_are(make_learner, tmp_path):
    make_learner('other', num_epochs=1).train()
    learner = make_learner(num_epochs=1)
    learner.main()

    assert [(tmp_path / name / 'dataloaders').exists() for name in ('out', 'other')] == [True, False]
    paths = ('last_model_weights_path', 'log_path', 'config_path', 'checkpoints_dir_local', 'model_bundle_uri')
    assert all(os.path.exists(getattr(learner, name)) for name in paths)
    assert os.path.basename(learner.last_model_weights_path) == 'last-model.pth'
    assert learner.tb_log_dir == str(tmp_path / 'out/tb-logs')
    assert (learner.training, learner.distributed) == (True, False)
    assert learner.is_ddp_master and learner.is_ddp_local_master
    assert learner.init_model_weights_path is None
    assert (learner.tb_process, learner.ddp_start_method) == (None, 'spawn')


def test_weights_of_classes_are_known_to_steps_of_a_subclass(make_learner):
    weights = make_learner(class_loss_weights=[1.0, 10.0]).loss_weights

    assert (weights.dtype, weights.tolist()) == (torch.float32, [1, 10])
    assert make_learner().loss_weights is None


def test_what_plots_samples_is_made_with_the_learner(make_learner):
    made = []

    class Own(SemanticSegmentationLearner):
        def get_visualizer_class(self):
            made.append(super().get_visualizer_class())
            return made[0]

    learner = make_learner(cls=Own)

    assert made == [SemanticSegmentationVisualizer]
    assert type(learner.visualizer) is made[0] and len(made) == 1


def test_what_is_shown_at_the_end_of_an_epoch_can_be_written_for_tensorboard(make_learner):
    class Own(SemanticSegmentationLearner):
        def on_epoch_end(self, curr_epoch, metrics):
            super().on_epoch_end(curr_epoch, metrics)
            self.tb_writer.add_scalar('own', 1, curr_epoch)

    learner = make_learner(cls=Own, num_epochs=1)
    assert learner.tb_writer is None
    learner.cfg.log_tensorboard = True

    learner.train()

    assert isinstance(learner.tb_writer, SummaryWriter)


def test_a_writer_that_is_set_is_kept(make_learner):
    learner = make_learner()
    learner.tb_writer = writer = object()

    assert learner.tb_writer is writer


def test_a_visualizer_that_is_set_plots(make_learner):
    class Own(SemanticSegmentationVisualizer):
        plotted = 0

        def plot_batch(self, *args, **kwargs):
            type(self).plotted += 1

    learner = make_learner()
    assert type(learner.visualizer) is SemanticSegmentationVisualizer

    learner.visualizer = Own(['a', 'b'])
    learner.plot_predictions('valid')
    learner.plot_dataloaders()

    assert Own.plotted == 3


def test_weights_are_those_that_a_subclass_saves(make_learner, tmp_path):
    class Own(SemanticSegmentationLearner):
        def save_weights(self, path):
            ones = {name: torch.ones_like(value) for name, value in self.bare_model.state_dict().items()}
            torch.save(ones, path)

    learner = make_learner(cls=Own, num_epochs=1)
    learner.train()
    learner.save_model_bundle(export_onnx=False)

    loaded = Learner.from_model_bundle(
        learner.model_bundle_uri, str(tmp_path), model=nn.Sequential(*learner.model.children())
    )
    assert all((value == 1).all() for value in loaded.model.parameters())
    assert all((value == 1).all() for value in torch.load(learner.last_model_weights_path).values())
