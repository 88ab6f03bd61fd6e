"""What compares predicted classes of cells with ground truth."""

import logging
from typing import TYPE_CHECKING, cast

from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.scene import naming_scene
from rastervision.core.evaluation.chip_classification_evaluation import ChipClassificationEvaluation
from rastervision.core.evaluation.classification_evaluation import ClassificationEvaluation
from rastervision.core.evaluation.classification_evaluator import ClassificationEvaluator
from rastervision.pipeline.errors import DataError, LabelError
from rastervision.pipeline.overriding import is_overridden

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.label.labels import Labels
    from rastervision.core.data.scene import Scene

log = logging.getLogger(__name__)


class ChipClassificationEvaluator(ClassificationEvaluator):
    """Compares predicted classes of cells with ground truth.

    A labelled cell is compared with the predicted cell that it overlaps by more than half. Labelled cells without one
    are left out of the metrics, with a warning.

    Attributes:
        report_cells: Whether the numbers of cells are written with the metrics.
    """

    def __init__(
        self, class_config: 'ClassConfig', output_uri: str | None = None, *, report_cells: bool = False
    ) -> None:
        """Keep the classes and the output; see the base class, and the attributes."""
        super().__init__(class_config, output_uri)
        self.report_cells = report_cells

    def create_evaluation(self) -> ChipClassificationEvaluation:
        """An evaluation without counts."""
        return ChipClassificationEvaluation(self.class_config, report_cells=self.report_cells)

    def align(self, ground_truth: 'Labels', predictions: 'Labels') -> 'Labels':
        """Ground truth with the corners of the predicted cells, so that an AOI takes or leaves both alike."""
        return cast(ChipClassificationLabels, ground_truth).snap_to(cast(ChipClassificationLabels, predictions))

    def evaluate_scene(self, scene: 'Scene') -> ClassificationEvaluation:
        """Evaluate the predictions of a scene, and warn of labelled cells that have none; see the base class."""
        if is_overridden(self, 'evaluate_predictions', base=ChipClassificationEvaluator):
            return super().evaluate_scene(scene)
        with naming_scene(scene.id):
            evaluation = cast(ChipClassificationEvaluation, super().evaluate_predictions(*self.read_labels(scene)))
        if not evaluation.labeled_count:
            log.warning('Scene %r has no labelled cells, so it counts nothing in the evaluation.', scene.id)
        elif evaluation.uncovered_count:
            log.warning(
                'Scene %r: %d of %d labelled cells overlap no predicted cell by more than half, and are left out of '
                'the evaluation.',
                scene.id,
                evaluation.uncovered_count,
                evaluation.labeled_count,
            )
        return evaluation

    def evaluate_predictions(self, ground_truth: 'Labels', predictions: 'Labels') -> ClassificationEvaluation:
        """Evaluate predictions against ground truth.

        Raises:
            LabelError: If there are labelled cells, but not a single predicted one.
        """
        true, predicted = (cast(ChipClassificationLabels, labels) for labels in (ground_truth, predictions))
        if len(true) and not len(predicted):
            raise LabelError(f'There are {len(true)} labelled cells, but not a single predicted one to compare with.')
        return super().evaluate_predictions(ground_truth, predictions)

    def check(self, evaluation: ClassificationEvaluation) -> None:
        """Check that there is something to compare.

        Raises:
            DataError: If scenes were evaluated, but not a single cell of them.
        """
        assert isinstance(evaluation, ChipClassificationEvaluation)
        if not evaluation.scene_to_eval or evaluation.matched_count:
            return
        true, predicted = evaluation.example
        scenes = ', '.join(map(repr, evaluation.scene_to_eval))
        found = (
            f'Of {evaluation.labeled_count} labelled and {evaluation.predicted_count} predicted cells of the scenes '
            f'{scenes}, no two are the same'
        )
        if true is None:
            raise DataError(f'{found}. Check that labels lie in the images and in the areas of interest (aoi_uris).')
        if predicted is None:
            raise DataError(f'{found}. Check that the areas of interest (aoi_uris) are larger than a window.')
        raise DataError(
            f'{found}: labelled cells are such as {true!r}, of {_size(true)} pixels, predicted ones such as '
            f'{predicted!r}, of {_size(predicted)}. Predict in windows that are the labelled cells: chip_sz and stride '
            'of predict_options should be their side.'
        )


def _size(cell: 'Box') -> str:
    return f'{cell.height} x {cell.width}'
