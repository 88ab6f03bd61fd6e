"""The pipeline of chip classification."""

from rastervision.core.rv_pipeline.rv_pipeline import RVPipeline


class ChipClassification(RVPipeline):
    """Learns and predicts the class of each cell of a grid."""
