"""Learns numbers for a chip."""

import math
import os
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from rastervision.pytorch_learner.dataset.combination import num_samples
from rastervision.pytorch_learner.dataset.visualizer.regression_visualizer import RegressionVisualizer
from rastervision.pytorch_learner.learner.batch_checks import BatchError
from rastervision.pytorch_learner.learner.learner import Learner
from rastervision.pytorch_learner.metrics import aggregate_metrics
from rastervision.pytorch_learner.tasks.outputs import checked_output

if TYPE_CHECKING:
    from collections.abc import Callable

    from rastervision.pytorch_learner.dataset.visualizer.visualizer import Visualizer
    from rastervision.pytorch_learner.learner_config.data import Split
    from rastervision.pytorch_learner.metrics import MetricDict

NUM_SAMPLES = 'num_samples'


class RegressionLearner(Learner):
    """Learner for regression. The model gives numbers, (batch, targets). The loss is the sum of absolute errors."""

    leaves_out_empty = True

    def get_visualizer_class(self) -> 'type[Visualizer]':
        """The class that plots samples."""
        return RegressionVisualizer

    def build_loss(self, loss_def_path: str | None = None) -> 'Callable[..., Tensor] | None':
        """The sum of absolute errors, or the external loss of the config."""
        if self.cfg.solver is not None and self.cfg.solver.external_loss_def is not None:
            return super().build_loss(loss_def_path)
        return nn.L1Loss(reduction='sum')

    def model_options(self) -> dict[str, Any]:
        """The names of targets, and those that are positive or probabilities."""
        data = self.cfg.data
        names = ('pos_class_names', 'prob_class_names')
        return {'class_names': data.class_names, **{name: getattr(data, name, None) for name in names}}

    def on_train_start(self) -> None:
        """Find the medians of the targets' absolute values, which errors are compared with."""
        self.target_medians = self._target_medians()

    def _target_medians(self) -> Tensor:
        targets = [torch.as_tensor(batch[1]).float() for batch in self.get_evaluation_dataloader('train', sampler=None)]
        known = torch.cat(targets).abs()
        medians = known.median(dim=0).values if len(known) else known.new_full(known.shape[1:], torch.nan)
        return medians.clamp_min(torch.finfo(torch.float32).tiny)

    def checked_batch(self, batch: list[Any]) -> list[Any]:
        """A batch as it is.

        Raises:
            BatchError: If targets are not finite.
        """
        wrong = (~torch.as_tensor(batch[1]).isfinite()).reshape(len(batch[1]), -1).any(dim=1)
        if wrong.any():
            positions = wrong.nonzero().flatten().tolist()
            raise BatchError('there are targets that are not finite numbers. Leave these samples out.', positions)
        return batch

    def plot_predictions(self, split: 'Split', batch_limit: int | None = None, show: bool = False) -> None:
        """Plot the first batch, and predictions of all samples over their targets, to `<split>_errors.png`."""
        super().plot_predictions(split, batch_limit, show)
        if not num_samples(self.get_dataset(split)):
            return
        loader = self.get_evaluation_dataloader(split, num_workers=0)
        pairs = list(self.predict_dataloader(loader, return_format='yz'))
        y, z = (torch.cat([torch.as_tensor(pair[k]).cpu() for pair in pairs]) for k in (0, 1))
        if not len(y):
            return
        visualizer = self.build_visualizer()
        known = ~y.isnan().reshape(len(y), -1).any(dim=1)
        if known.any() and isinstance(visualizer, RegressionVisualizer):
            visualizer.plot_errors(y[known], z[known], os.path.join(self.output_dir_local, f'{split}_errors.png'))

    def post_forward(self, x: Any) -> torch.Tensor:
        """The numbers, (batch, targets), in a model's output: the output itself.

        Raises:
            ConfigError: If it is something else.
        """
        return checked_output(x, self)

    def train_step(self, batch: Any, batch_ind: int) -> dict[str, Any]:
        """The loss of a batch."""
        x, y = batch[:2]
        return {'train_loss': self.loss(self.post_forward(self.model(x)), y.float())}  # type: ignore[misc]

    def validate_step(self, batch: Any, batch_nb: int) -> dict[str, Any]:
        """The loss, the mean absolute error of each target, and the number of samples of a batch."""
        x, y = batch[:2]
        out = self.post_forward(self.model(x))
        errors = (out - y.float()).abs().mean(dim=0)
        loss: Any = self.loss(out, y.float())  # type: ignore[misc]
        names = self.cfg.data.class_names
        named = {f'{name}_abs_error': errors[i] for i, name in enumerate(names)}
        return {'val_loss': loss, **named, NUM_SAMPLES: len(x)}

    def validate_end(self, outputs: list[dict[str, Any]]) -> 'MetricDict':
        """The loss, mean of batches, and errors, means of samples; if medians of targets are known, relative ones too.

        Loss, a sum over the samples of a batch, depends on how these are put into batches; errors do not. They are NaN
        if there are no samples.
        """
        if not outputs:  # of images without any data
            return {f'{name}_abs_error': math.nan for name in self.cfg.data.class_names}
        metrics = aggregate_metrics(outputs, exclude_keys=(NUM_SAMPLES,))
        weights = torch.tensor([float(output.get(NUM_SAMPLES, 1)) for output in outputs])
        for name in (name for name in metrics if name.endswith('_abs_error')):
            errors = torch.stack([output[name] for output in outputs]).float().cpu()
            metrics[name] = ((errors * weights).sum() / weights.sum()).item()
        medians = getattr(self, 'target_medians', None)
        if medians is None:
            return metrics
        scaled = {
            f'{name}_scaled_abs_error': metrics[f'{name}_abs_error'] / medians[i].item()
            for i, name in enumerate(self.cfg.data.class_names)
        }
        return metrics | scaled

    def nothing(self, size: tuple[int, int], *, raw_out: bool) -> Tensor:
        """See the base class."""
        return torch.full((self.cfg.data.num_classes,), torch.nan)

    def prob_to_pred(self, x: Tensor) -> Tensor:
        """The numbers as they are."""
        return x
