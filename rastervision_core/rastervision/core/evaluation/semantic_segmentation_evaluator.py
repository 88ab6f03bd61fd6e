"""What compares predicted classes of pixels with ground truth."""

import logging
from typing import TYPE_CHECKING

import numpy as np

from rastervision.core.data.scene import naming_scene
from rastervision.core.evaluation.classification_evaluation import ClassificationEvaluation
from rastervision.core.evaluation.classification_evaluator import ClassificationEvaluator
from rastervision.core.evaluation.pixel_pairs import read_pairs
from rastervision.core.evaluation.semantic_segmentation_evaluation import SemanticSegmentationEvaluation, row_blocks
from rastervision.core.evaluation.vector_outputs import ComparedOutput, compare_vector_outputs
from rastervision.pipeline.overriding import is_overridden, is_overridden_later

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.scene import Scene

log = logging.getLogger(__name__)


class SemanticSegmentationEvaluator(ClassificationEvaluator):
    """Compares predicted classes of pixels with ground truth, and polygons of vector outputs with true ones.

    Attributes:
        ignore_null: Whether pixels whose true class is the null class are left out.
        vector_outputs: Whether polygons are compared, if there are any.
        vector_output_uri: Where the predicted polygons are. None: in the vector outputs of the label stores.
    """

    def __init__(
        self,
        class_config: 'ClassConfig',
        output_uri: str | None = None,
        *,
        ignore_null: bool = False,
        vector_outputs: bool = True,
        vector_output_uri: str | None = None,
    ) -> None:
        """Keep the options.

        Args:
            class_config: The classes.
            output_uri: File for the metrics. None: write nothing.
            ignore_null: See the class.
            vector_outputs: See the class.
            vector_output_uri: See the class.
        """
        super().__init__(class_config, output_uri)
        self.ignore_null = ignore_null
        self.vector_outputs = vector_outputs
        self.vector_output_uri = vector_output_uri

    def create_evaluation(self) -> SemanticSegmentationEvaluation:
        """An evaluation without counts."""
        return SemanticSegmentationEvaluation(self.class_config, ignore_null=self.ignore_null)

    def evaluate_scene(self, scene: 'Scene') -> SemanticSegmentationEvaluation:
        """Evaluate the predictions of a scene, by blocks of rows, and its vector outputs.

        Pixels outside the areas of interest count as of the null class on both sides. Pixels whose true label is no
        class at all (such as 255) are left out; with `ignore_null`, so are those of the null class.

        Time grows with the area, memory with the width only, and with the number of polygons.

        Raises:
            ValueError: If there is no null class.
            FileNotFoundError: If labels or predictions are missing.
            NotReadableError: If the polygons of a vector output are missing.
        """
        evaluation = self._evaluate_pixels(scene)
        with naming_scene(scene.id):
            outputs = self.compare_vector_outputs(scene)
        if outputs and isinstance(evaluation, SemanticSegmentationEvaluation):
            evaluation.set_vector_outputs(outputs)
        return evaluation  # type: ignore[return-value]

    def compare_vector_outputs(self, scene: 'Scene') -> list[ComparedOutput]:
        """Compare the predicted polygons of a scene with the true ones; see :func:`.compare_vector_outputs`.

        Returns:
            The vector outputs of the scene; none without `vector_outputs`.
        """
        return compare_vector_outputs(scene, self.class_config, self.vector_output_uri) if self.vector_outputs else []

    def _evaluate_pixels(self, scene: 'Scene') -> ClassificationEvaluation:
        evaluation = self.create_evaluation()
        if self._compares_labels or is_overridden_later(evaluation, 'compute', than=('count', 'set_pixel_counts')):
            return super().evaluate_scene(scene)
        counts, pixels = np.zeros((), dtype=np.int64), 0
        with naming_scene(scene.id):
            for _, truth, prediction in read_pairs(scene, row_blocks(scene.extent), self.class_config.null_class_id):
                counts = counts + evaluation.count(truth, prediction)
                pixels += truth.size
        if counts.sum() < pixels:
            log.warning(
                'Scene %r: %d pixels are not evaluated, because their value is no class id.',
                scene.id,
                pixels - counts.sum(),
            )
        evaluation.set_pixel_counts(counts)
        return evaluation

    @property
    def _compares_labels(self) -> bool:
        """Whether a subclass compares labels of whole scenes in its own way."""
        return is_overridden(self, 'evaluate_predictions', 'read_labels', 'align', base=SemanticSegmentationEvaluator)
