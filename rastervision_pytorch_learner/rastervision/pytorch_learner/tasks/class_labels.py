"""What tasks share whose labels are class ids: of pixels, or of whole chips."""

import logging
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rastervision.pytorch_learner.dataset.combination import num_samples
from rastervision.pytorch_learner.learner.calibration import LogitSample, calibration_error, fit_temperature
from rastervision.pytorch_learner.learner.data import Split
from rastervision.pytorch_learner.learner.learner import Learner
from rastervision.pytorch_learner.learner.progress import Progress
from rastervision.pytorch_learner.loggers.figures import confusion_image
from rastervision.pytorch_learner.metrics import (
    CONF_MAT,
    MetricDict,
    aggregate_metrics,
    compute_conf_mat,
    compute_conf_mat_metrics,
    compute_overlap_metrics,
)

log = logging.getLogger(__name__)


class ClassLabelsLearner(Learner):
    """Learner of class ids. The model gives logits, (batch, classes) or (batch, classes, height, width)."""

    conf_mat: Tensor | None = None  # of the last validation, (classes, classes), on the CPU; rows are true classes

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
        sample = LogitSample(num_samples(self.get_dataset(split)), seed=self.cfg.seed, ignored_class=self._ignored)
        loader = self.build_dataloader(split, distributed=False, sampler=None, drop_last=False)
        self.model.eval()
        with torch.inference_mode(), Progress('calibrating', len(loader)) as progress:
            for batch in progress.waiting_for(iter(loader)):
                x, y = self.to_device(list(batch[:2]), self.device)
                with self.autocast():
                    out = self.post_forward(self.model(x))
                sample.add(out, y)
                progress.add(len(x))
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
        """The mean loss over batches, and precision, recall and F1 of each class over all elements.

        The loss depends on how samples are put into batches, as in earlier versions; the rest does not.
        """
        metrics = aggregate_metrics(outputs, exclude_keys=(CONF_MAT,))
        self.conf_mat = torch.stack([output[CONF_MAT] for output in outputs]).sum(0).cpu()
        return metrics | compute_conf_mat_metrics(self.conf_mat, self.cfg.data.class_names, self._ignored)

    def further_metrics(self) -> MetricDict:
        """Accuracy and intersection over union of the last validation; see `compute_overlap_metrics`."""
        if self.conf_mat is None:
            return {}
        return compute_overlap_metrics(self.conf_mat, self.cfg.data.class_names, self._ignored)

    def images(self) -> dict[str, np.ndarray]:
        """Predictions and the confusion matrix of the last validation."""
        if self.conf_mat is None:
            return super().images()
        matrix = confusion_image(self.conf_mat.numpy(), self.cfg.data.class_names)
        return {**super().images(), 'confusion_matrix': matrix}

    @property
    def _ignored(self) -> int | None:
        return self.cfg.solver.ignore_class_index if self.cfg.solver is not None else None
