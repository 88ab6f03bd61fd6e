"""The pipeline of semantic segmentation."""

from typing import Any

from rastervision.core.rv_pipeline.rv_pipeline import RVPipeline


class SemanticSegmentation(RVPipeline):
    """Learns and predicts the class of each pixel."""

    def _writer_options(self) -> dict[str, Any]:
        crop_sz = getattr(self.predict_options, 'crop_sz', None)
        return {} if crop_sz is None else {'crop_sz': crop_sz}
