"""The pipeline of object detection."""

from rastervision.core.data.scene import Scene
from rastervision.core.rv_pipeline.rv_pipeline import RVPipeline


class ObjectDetection(RVPipeline):
    """Learns and predicts the boxes of objects and their classes."""

    def _label_writer(self, scene: Scene) -> None:
        """None: boxes of all windows are needed to drop those that are found twice."""
