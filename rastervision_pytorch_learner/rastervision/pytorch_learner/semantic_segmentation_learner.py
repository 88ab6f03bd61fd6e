"""Learns the class of each pixel."""

from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from rastervision.pytorch_learner.dataset.visualizer.semantic_segmentation_visualizer import (
    SemanticSegmentationVisualizer,
)
from rastervision.pytorch_learner.tasks.class_labels import ClassLabelsLearner

if TYPE_CHECKING:
    from rastervision.pytorch_learner.dataset.visualizer.visualizer import Visualizer
    from rastervision.pytorch_learner.symmetries import Symmetry


class SemanticSegmentationLearner(ClassLabelsLearner):
    """Learner for semantic segmentation. The model gives logits, (batch, classes, height, width)."""

    def get_visualizer_class(self) -> 'type[Visualizer]':
        """The class that plots samples."""
        return SemanticSegmentationVisualizer

    def post_forward(self, x: Any) -> Tensor:
        """Logits, (batch, classes, height, width), of a model's output."""
        logits: Tensor = x['out'] if isinstance(x, dict) else x
        return logits

    def predict(self, x: Tensor, raw_out: bool = False, out_shape: tuple[int, int] | None = None) -> Tensor:  # type: ignore[override]
        """Predict for a batch of images.

        Args:
            x: (batch, channels, height, width), or one image without batch.
            raw_out: Return scores instead of class ids.
            out_shape: Height and width of the result. None: those of the images.

        Returns:
            Class ids, (batch, height, width), int64; or scores that add up to one, (batch, classes, height, width),
            float32. On the CPU.
        """
        out: Tensor = super().predict(x, raw_out=raw_out, out_shape=out_shape)
        return out

    def predict_onnx(self, x: Tensor, raw_out: bool = False, out_shape: tuple[int, int] | None = None) -> Tensor:  # type: ignore[override]
        """As `predict`, with a model that runs in ONNX Runtime."""
        out: Tensor = super().predict_onnx(x, raw_out=raw_out, out_shape=out_shape)
        return out

    def postprocess(self, x: Tensor, out: Tensor, *, raw_out: bool, **kwargs: Any) -> Tensor:
        """Turn logits into scores or class ids."""
        height, width = kwargs.get('out_shape') or x.shape[-2:]
        out = self.calibrated(out) if raw_out else out  # class ids do not depend on it
        return self.postprocess_model_output(out, raw_out=raw_out, out_shape=(height, width))

    def postprocess_model_output(self, out: Tensor, raw_out: bool, out_shape: tuple[int, int]) -> Tensor:
        """Turn logits, (batch, classes, h, w), into scores or class ids of another height and width, bilinearly."""
        out = out.softmax(dim=1)
        if tuple(out.shape[-2:]) != tuple(out_shape):
            out = nn.functional.interpolate(out, size=tuple(out_shape), mode='bilinear', align_corners=False)
        return out if raw_out else self.prob_to_pred(out)

    def undo_symmetry(self, out: Tensor, symmetry: 'Symmetry', size: tuple[int, int]) -> Tensor:
        """Turn and flip scores, (batch, classes, height, width), back."""
        return symmetry.undo(out)

    def prob_to_pred(self, x: Tensor) -> Tensor:
        """The best class of each pixel."""
        return x.max(dim=1).indices  # on CPUs far faster than argmax
