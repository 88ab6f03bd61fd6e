"""The pipeline of semantic segmentation."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.label.utils import best_classes
from rastervision.core.data.scene import Scene
from rastervision.core.rv_pipeline.rv_pipeline import RVPipeline


class SemanticSegmentation(RVPipeline):
    """Learns and predicts the class of each pixel."""

    def _writer_options(self) -> dict[str, Any]:
        crop_sz = getattr(self.predict_options, 'crop_sz', None)
        options: dict[str, Any] = {} if crop_sz is None else {'crop_sz': crop_sz}
        if not self._blends:
            return options
        return {**options, 'smooth': True, 'weights': self.predict_options.window_weights()}  # type: ignore[attr-defined]

    @property
    def _blends(self) -> bool:
        """Whether pixels of a window have weights."""
        return bool(getattr(self.predict_options, 'blend', 'mean') != 'mean')

    def _stream(self, scene: Scene) -> Iterator[tuple[Box, Any]] | None:
        """Scores, or, where they are neither kept nor blended, the best class of each pixel in each window."""
        stream = super()._stream(scene)
        if stream is None or self._blends or getattr(scene.label_store, 'smooth_output', False):
            return stream
        return ((window, _class_ids(prediction)) for window, prediction in stream)


def _class_ids(prediction: np.ndarray) -> np.ndarray:
    """Class ids, (height, width), of scores (classes, height, width); class ids stay as they are."""
    return best_classes(prediction) if prediction.ndim == 3 else prediction
