"""A model of two convolutions, and a learner with steps and plots of its own."""

from torch import nn
from torch.nn import functional as F

from rastervision.pipeline.config import register_config
from rastervision.pytorch_learner import (
    SemanticSegmentationLearner,
    SemanticSegmentationLearnerConfig,
    SemanticSegmentationModelConfig,
    SemanticSegmentationVisualizer,
)
from rastervision.written_for_031.marks import mark


class NamedVisualizer(SemanticSegmentationVisualizer):
    def plot_xyz(self, axs, x, y=None, z=None, plot_title=True):
        mark('NamedVisualizer.plot_xyz')
        assert x.shape[-1] == 3
        super().plot_xyz(axs, x, y=y, z=z, plot_title=plot_title)


@register_config('tiny_model')
class TinyModelConfig(SemanticSegmentationModelConfig):
    def build_default_model(self, num_classes, in_channels):
        mark('TinyModelConfig.build_default_model')
        hidden = nn.Conv2d(in_channels, 8, 3, padding=1)
        return nn.Sequential(hidden, nn.ReLU(), nn.Conv2d(8, num_classes, 1))


class TinyLearner(SemanticSegmentationLearner):
    def get_visualizer_class(self):
        return NamedVisualizer

    def train_step(self, batch, batch_ind):
        mark('TinyLearner.train_step')
        x, y = batch
        return {'train_loss': F.cross_entropy(self.post_forward(self.model(x)), y)}

    def on_epoch_end(self, curr_epoch, metrics):
        mark('TinyLearner.on_epoch_end')
        super().on_epoch_end(curr_epoch, metrics)

    def prob_to_pred(self, x):
        mark('TinyLearner.prob_to_pred')
        return x.argmax(1)


@register_config('tiny_learner')
class TinyLearnerConfig(SemanticSegmentationLearnerConfig):
    def build(self, tmp_dir=None, model_weights_path=None, model_def_path=None, loss_def_path=None, training=True):
        return TinyLearner(
            self,
            tmp_dir=tmp_dir,
            model_weights_path=model_weights_path,
            model_def_path=model_def_path,
            loss_def_path=loss_def_path,
            training=training,
        )
