"""The pipeline of semantic segmentation."""

from contextlib import AbstractContextManager
from typing import Any

from rastervision.core.data.scene import Scene
from rastervision.core.rv_pipeline.rv_pipeline import RVPipeline


class SemanticSegmentation(RVPipeline):
    """Learns and predicts the class of each pixel."""

    def _label_writer(self, scene: Scene) -> AbstractContextManager[Any]:
        """A writer that drops the edges of windows, as the predict options have it."""
        assert scene.label_store is not None
        crop_sz = getattr(self.predict_options, 'crop_sz', None)
        return scene.label_store.writer() if crop_sz is None else scene.label_store.writer(crop_sz=crop_sz)
