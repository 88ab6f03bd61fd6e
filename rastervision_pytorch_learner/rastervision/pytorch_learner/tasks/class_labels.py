"""What tasks share whose labels are class ids: of pixels, or of whole chips."""

import logging
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm  # as in the training loop

from rastervision.pytorch_learner.dataset.combination import num_samples
from rastervision.pytorch_learner.learner.calibration import LogitSample, calibration_error, fit_temperature
from rastervision.pytorch_learner.learner.data import Split
from rastervision.pytorch_learner.learner.learner import Learner
from rastervision.pytorch_learner.metrics import (
    CONF_MAT,
    MetricDict,
    aggregate_metrics,
    compute_conf_mat,
    compute_conf_mat_metrics,
)

log = logging.getLogger(__name__)


class ClassLabelsLearner(Learner):
    """Learner of class ids. The model gives logits, (batch, classes) or (batch, classes, height, width)."""

    def train_step(self, batch: Any, batch_ind: int) -> dict[str, Any]:
        """The loss of a batch of images, (n, channels, h, w), and class ids, (n, h, w) or (n)."""
        x, y = batch[:2]
        out = self.post_forward(self.model(x))
        return {'train_loss': self.loss(out, y)}  # type: ignore[misc]

    def calibrated(self, logits: Tensor) -> Tensor:
        """Logits whose softmax are calibrated probabilities: divided by the temperature of the config."""
        return logits if self.cfg.temperature == 1 else logits / self.cfg.temperature

    def postprocess(self, x: Tensor, out: Tensor, *, raw_out: bool, **kwargs: Any) -> Tensor:
        """Calibrated logits, or the best class."""
        result: Tensor = super().postprocess(x, self.calibrated(out), raw_out=raw_out, **kwargs)
        return result

    def calibrate(self, split: Split = 'valid') -> None:
        """Set the config's temperature to the one that fits a split best; see :mod:`.calibration`.

        Of large data sets a random sample of pixels is used.
        """
        dataset, solver = self.get_dataset(split), self.cfg.solver
        ignored = solver.ignore_class_index if solver is not None else None
        sample = LogitSample(num_samples(dataset), seed=self.cfg.seed, ignored_class=ignored)
        loader = self.build_dataloader(split, distributed=False, sampler=None, drop_last=False)
        self.model.eval()
        with torch.inference_mode():
            for batch in tqdm(loader, desc='Calibrating'):
                x, y = self.to_device(list(batch[:2]), self.device)
                with self.autocast():
                    out = self.post_forward(self.model(x))
                sample.add(out, y)
        self._use_temperature_of(*sample.tensors())

    def _use_temperature_of(self, logits: Tensor, labels: Tensor) -> None:
        if not len(labels):
            log.warning('Probabilities are not calibrated, because no validation data have labels.')
            return
        temperature = fit_temperature(logits, labels)
        before, after = (calibration_error((logits / t).softmax(dim=1), labels) for t in (1.0, temperature))
        log.info('Temperature %.3f: the expected calibration error goes from %.4f to %.4f.', temperature, before, after)
        self.cfg.temperature = temperature
        self.calibration = {'temperature': temperature, 'ece_uncalibrated': before, 'ece': after}

    def validate_step(self, batch: Any, batch_ind: int) -> dict[str, Any]:
        """The loss and the confusion matrix of a batch."""
        x, y = batch[:2]
        out: Tensor = self.post_forward(self.model(x))
        conf_mat = compute_conf_mat(self.prob_to_pred(out), y, self.cfg.data.num_classes)
        return {'val_loss': self.loss(out, y), CONF_MAT: conf_mat}  # type: ignore[misc]

    def validate_end(self, outputs: list[dict[str, Any]]) -> MetricDict:
        """The mean loss over batches, and precision, recall and F1 of each class over all elements."""
        metrics = aggregate_metrics(outputs, exclude_keys=(CONF_MAT,))
        ignored = self.cfg.solver.ignore_class_index if self.cfg.solver is not None else None
        conf_mat = sum(output[CONF_MAT] for output in outputs)
        return metrics | compute_conf_mat_metrics(conf_mat, self.cfg.data.class_names, ignore_idx=ignored)
