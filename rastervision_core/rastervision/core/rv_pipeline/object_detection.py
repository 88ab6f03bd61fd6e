"""The pipeline of object detection."""

from rastervision.core.rv_pipeline.rv_pipeline import RVPipeline


class ObjectDetection(RVPipeline):
    """Learns and predicts the boxes of objects and their classes."""

    streams = False  # to drop objects that two windows show, the boxes of both are needed
