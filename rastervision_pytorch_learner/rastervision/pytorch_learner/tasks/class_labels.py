"""What tasks share whose labels are class ids: of pixels, or of whole chips."""

import logging
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.dataset.combination import num_samples
from rastervision.pytorch_learner.dataset.labels import NO_CLASS
from rastervision.pytorch_learner.learner.batch_checks import BatchError
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
from rastervision.pytorch_learner.tasks.outputs import checked_output

log = logging.getLogger(__name__)

SHOWN = 5  # values in a message
NO_PREDICTION = -1  # class id where nothing is predicted, as of `best_classes`


class ClassLabelsLearner(Learner):
    """Learner of class ids. The model gives logits, (batch, classes) or (batch, classes, height, width)."""

    logits_ndim = 2
    conf_mat: Tensor | None = None  # of the last validation, (classes, classes), on the CPU; rows are true classes

    def post_forward(self, x: Any) -> Tensor:
        """The logits in a model's output: the output itself.

        Raises:
            ConfigError: If it is something else, or for more classes than there are, as a model of one's own may give.
        """
        return checked_output(x, self, ndim=self.logits_ndim)

    def train_step(self, batch: Any, batch_ind: int) -> dict[str, Any]:
        """The loss of a batch of images, (n, channels, h, w), and class ids, (n, h, w) or (n)."""
        x, y = batch[:2]
        return {'train_loss': self._loss_of(self.post_forward(self.model(x)), y)}

    def checked_batch(self, batch: list[Any]) -> list[Any]:
        """A batch whose labels are class ids, int64, or `NO_CLASS`.

        Raises:
            BatchError: If there are other labels.
        """
        y = batch[1]
        if not isinstance(y, Tensor) or not self.cfg.data.num_classes:
            return batch
        return [batch[0], self._checked_labels(y), *batch[2:]]

    def _checked_labels(self, y: Tensor) -> Tensor:
        num_classes, ignored = self.cfg.data.num_classes, self._ignored_by_loss
        known = ((y >= 0) & (y < num_classes)) | (y == NO_CLASS)
        if y.is_floating_point():
            known &= y == y.round()
        if ignored is not None:
            known |= y == ignored
        if not known.all():
            unlabelled = int(y.isnan().sum()) if y.is_floating_point() else 0
            values = sorted(set(y[~known].tolist()))[:SHOWN]
            positions = (~known).reshape(len(y), -1).any(dim=1).nonzero().flatten().tolist()
            names = ', '.join(f'{number} {name}' for number, name in enumerate(self.cfg.data.class_names))
            raise BatchError(
                'there are no labels (NaN). Give the scenes a label source.'
                if unlabelled == int((~known).sum())
                else f'the labels {", ".join(map(str, values))} are no class ids; the classes are {names}. Correct the '
                f'labels, or add classes; pixels that shall not count have the label {NO_CLASS}.',
                positions,
            )
        y = y.long()
        return y if ignored is None else y.where(y != ignored, NO_CLASS)

    def counts(self, batch: list[Any]) -> bool:
        """Whether a batch has a label that counts: of a class that is not ignored, and has a weight."""
        y = batch[1]
        if not isinstance(y, Tensor):
            return True
        counting = y != NO_CLASS
        for class_id in self._classes_without_weight:
            counting &= y != class_id
        return bool(counting.any())

    def placeholder(self, batch: list[Any]) -> list[Any]:
        """The images with a class that counts as label of each element."""
        ids = set(range(self.cfg.data.num_classes)) - self._classes_without_weight
        return [batch[0], torch.full_like(batch[1], min(ids, default=0)), *batch[2:]]

    def _loss_of(self, out: Tensor, y: Tensor) -> Tensor:
        """The loss of logits and class ids."""
        ignored = self._ignored_by_loss
        try:
            loss: Tensor = self.loss(out, y if ignored is None else y.where(y != NO_CLASS, ignored))  # type: ignore[misc]
        except (IndexError, RuntimeError, ValueError) as error:
            if hasattr(self.loss, 'ignore_index') or not (y == NO_CLASS).any():
                raise
            raise ConfigError(
                f'The loss cannot be computed of labels some of which are {NO_CLASS} ({error}). That is the label of '
                'pixels that do not count: outside of the image or the AOI, or NODATA. Let the loss leave them out, '
                'or give it an attribute ignore_index, the label that it wants for them.'
            ) from error
        return loss

    @property
    def _ignored_by_loss(self) -> int | None:
        """The number that a loss of the user has for what does not count, if it has one of its own."""
        if self.cfg.solver is not None and self.cfg.solver.ignore_class_index is not None:
            return None
        ignored = getattr(self.loss, 'ignore_index', None)
        return ignored if isinstance(ignored, int) and ignored != NO_CLASS else None

    @property
    def _classes_without_weight(self) -> set[int]:
        """Ids of the classes that do not count in the loss."""
        solver = self.cfg.solver
        if solver is None:
            return set()
        ids = {class_id for class_id, weight in enumerate(solver.class_loss_weights or ()) if weight == 0}
        ignored = solver.ignore_class_index
        return ids if ignored is None else ids | {ignored % max(1, self.cfg.data.num_classes)}

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
        loader = self.get_evaluation_dataloader(split, sampler=None, drop_last=False)
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
        """The loss, if anything counts, and the confusion matrix of a batch."""
        x, y = batch[:2]
        out: Tensor = self.post_forward(self.model(x))
        conf_mat = compute_conf_mat(self.prob_to_pred(out), y, self.cfg.data.num_classes)
        loss = {'val_loss': self._loss_of(out, y)} if self.counts(batch) else {}
        return {**loss, CONF_MAT: conf_mat}

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
