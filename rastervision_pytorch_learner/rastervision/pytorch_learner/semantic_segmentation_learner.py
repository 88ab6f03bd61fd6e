"""Learns the class of each pixel."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from rastervision.pipeline import lazy
from rastervision.pytorch_learner.dataset.visualizer.semantic_segmentation_visualizer import (
    SemanticSegmentationVisualizer,
)
from rastervision.pytorch_learner.tasks.class_labels import NO_PREDICTION, ClassLabelsLearner

if TYPE_CHECKING:
    from rastervision.pytorch_learner.dataset.visualizer.visualizer import Visualizer
    from rastervision.pytorch_learner.symmetries import Symmetry

lazy.also_give(
    __name__,
    'rastervision.pytorch_learner.learner.learner: Learner',
    'rastervision.pytorch_learner.metrics: aggregate_metrics compute_conf_mat compute_conf_mat_metrics',
)

SMALLEST_SHARE = 1e-6  # of what is data around a pixel


class SemanticSegmentationLearner(ClassLabelsLearner):
    """Learner for semantic segmentation. The model gives logits, (batch, classes, height, width)."""

    logits_ndim = 4

    def get_visualizer_class(self) -> 'type[Visualizer]':
        """The class that plots samples."""
        return SemanticSegmentationVisualizer

    def post_forward(self, x: Any) -> Tensor:
        """Logits, (batch, classes, height, width), of a model's output."""
        return super().post_forward(x.get('out', x) if isinstance(x, dict) else x)

    def predict(  # type: ignore[override]
        self,
        x: Tensor,
        raw_out: bool = False,
        out_shape: tuple[int, int] | None = None,
        valid: Tensor | None = None,
    ) -> Tensor:
        """Predict for a batch of images.

        Args:
            x: (batch, channels, height, width), or one image without batch.
            raw_out: Return scores instead of class ids.
            out_shape: Height and width of the result. None: those of the images.
            valid: Which pixels of the images are data, (batch, height, width), bool; scores of others are left out
                where the result gets another size than the images. None: all.

        Returns:
            Class ids, (batch, height, width), int64; or scores that add up to one, (batch, classes, height, width),
            float32. On the CPU.
        """
        out: Tensor = super().predict(x, raw_out=raw_out, out_shape=out_shape, valid=valid)
        return out

    def predict_onnx(  # type: ignore[override]
        self,
        x: Tensor,
        raw_out: bool = False,
        out_shape: tuple[int, int] | None = None,
        valid: Tensor | None = None,
    ) -> Tensor:
        """As `predict`, with a model that runs in ONNX Runtime."""
        out: Tensor = super().predict_onnx(x, raw_out=raw_out, out_shape=out_shape, valid=valid)
        return out

    def postprocess(self, x: Tensor, out: Tensor, *, raw_out: bool, **kwargs: Any) -> Tensor:
        """Turn logits into scores or class ids."""
        height, width = kwargs.get('out_shape') or x.shape[-2:]
        out = self.calibrated(out) if raw_out else out  # class ids do not depend on it
        valid = {} if kwargs.get('valid') is None else {'valid': kwargs['valid']}
        return self.postprocess_model_output(out, raw_out=raw_out, out_shape=(height, width), **valid)

    def postprocess_model_output(
        self, out: Tensor, raw_out: bool, out_shape: tuple[int, int], valid: Tensor | None = None
    ) -> Tensor:
        """Turn logits, (batch, classes, h, w), into scores or class ids of another height and width, bilinearly.

        Args:
            out: The logits.
            raw_out: Whether to return scores.
            out_shape: Height and width of the result.
            valid: See `predict`.
        """
        out = out.softmax(dim=1)
        if tuple(out.shape[-2:]) != tuple(out_shape):
            size = (out_shape[0], out_shape[1])
            out = _resized(out, size) if valid is None else _resized_apart(out, size, valid.to(out.device))
        return out if raw_out else self.prob_to_pred(out)

    def nothing(self, size: tuple[int, int], *, raw_out: bool) -> Tensor:
        """See the base class."""
        if raw_out:
            return torch.full((self.cfg.data.num_classes, *size), torch.nan)
        return torch.full(size, NO_PREDICTION)

    def only_of_data(self, out: Tensor, valid: np.ndarray) -> Tensor:
        """See the base class."""
        return out.where(torch.from_numpy(valid), torch.nan if out.is_floating_point() else NO_PREDICTION)

    def undo_symmetry(self, out: Tensor, symmetry: 'Symmetry', size: tuple[int, int]) -> Tensor:
        """Turn and flip scores, (batch, classes, height, width), back."""
        return symmetry.undo(out)

    def prob_to_pred(self, x: Tensor) -> Tensor:
        """The best class of each pixel."""
        return x.max(dim=1).indices  # on CPUs far faster than argmax


def _resized(scores: Tensor, size: tuple[int, int]) -> Tensor:
    return interpolate(scores, size=size, mode='bilinear', align_corners=False)


def _resized_apart(scores: Tensor, size: tuple[int, int], valid: Tensor) -> Tensor:
    """Scores, (batch, classes, h, w), of another height and width, those of pixels that are no data left out."""
    out, gappy = _resized(scores, size), ~valid.flatten(1).all(dim=1)
    data = interpolate(valid[gappy, None].to(scores.dtype), size=scores.shape[-2:], mode='nearest-exact')
    shares = _resized(data, size)
    means = _resized(scores[gappy] * data, size) / shares.clamp(min=SMALLEST_SHARE)
    out[gappy] = means.where(shares >= SMALLEST_SHARE, out[gappy])
    return out
