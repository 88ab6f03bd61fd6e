"""What compares predictions of classes with ground truth, scene by scene."""

import logging
from abc import abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rastervision.core.data.label.semantic_segmentation_labels import SemanticSegmentationLabels
from rastervision.core.data.scene import Scene, naming_scene
from rastervision.core.evaluation.classification_evaluation import ClassificationEvaluation
from rastervision.core.evaluation.evaluator import Evaluator
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import DataError

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.label.labels import Labels
    from rastervision.core.data.label_source.label_source import LabelSource
    from rastervision.core.data.label_store.label_store import LabelStore

lazy.also_give(__name__, 'rastervision.core.data.label.labels: Labels')

log = logging.getLogger(__name__)


class ClassificationEvaluator(Evaluator):
    """Compares predictions with ground truth by class.

    Attributes:
        class_config: The classes.
        output_uri: File for the metrics. None: nothing is written.
        eval: The metrics of the last `process`.
    """

    def __init__(self, class_config: 'ClassConfig', output_uri: str | None = None) -> None:
        """Keep the classes and the output.

        Args:
            class_config: The classes.
            output_uri: File for the metrics. None: write nothing.
        """
        self.class_config = class_config
        self.output_uri = output_uri
        self.eval: ClassificationEvaluation | None = None

    @abstractmethod
    def create_evaluation(self) -> ClassificationEvaluation:
        """An evaluation without counts."""

    def process(self, scenes: Iterable[Scene], tmp_dir: str | None = None) -> None:
        """Evaluate scenes, one at a time, and write the metrics of all and of each.

        Args:
            scenes: Scenes with a label store. Those without ground truth are left out with a warning.
            tmp_dir: Not needed.

        Raises:
            FileNotFoundError: If labels or predictions of a scene are missing.
        """
        total = self.create_evaluation()
        for scene in scenes:
            if scene.label_source is None:
                log.warning('Scene %r has no label source and is not evaluated.', scene.id)
            else:
                total.merge(self.evaluate_scene(scene), scene_id=scene.id)
        self.check(total)
        self.eval = total
        if self.output_uri is not None:
            total.save(self.output_uri)

    def evaluate_scene(self, scene: Scene) -> ClassificationEvaluation:
        """Evaluate the predictions of a scene, within its areas of interest.

        Raises:
            DataError: If the scene has no label source or label store.
            FileNotFoundError: If labels or predictions are missing.
        """
        with naming_scene(scene.id):
            return self.evaluate_predictions(*self.read_labels(scene))

    def read_labels(self, scene: Scene) -> 'tuple[Labels, Labels]':
        """The ground truth and the predictions of a scene, as they are compared: within its areas of interest.

        Raises:
            DataError: If the scene has no label source or label store.
            FileNotFoundError: If labels or predictions are missing.
        """
        source, store = sides_of(scene)
        predictions = store.get_labels()
        ground_truth = self.align(source.get_labels(), predictions)
        if scene.aoi_polygons:
            # Labels of pixels are relative to the bbox of the scene, boxes and cells to the whole image.
            of_pixels = isinstance(ground_truth, SemanticSegmentationLabels)
            aoi = scene.aoi_polygons_bbox_coords if of_pixels else scene.aoi_polygons
            outside = (self.class_config.null_class_id,) if of_pixels else ()
            ground_truth, predictions = (each.filter_by_aoi(aoi, *outside) for each in (ground_truth, predictions))
        return ground_truth, predictions

    def align(self, ground_truth: 'Labels', predictions: 'Labels') -> 'Labels':
        """Ground truth as it is compared with the predictions; a subclass may drop differences that mean nothing."""
        return ground_truth

    def check(self, evaluation: ClassificationEvaluation) -> None:
        """Raise an error if the metrics of all scenes mean nothing; a subclass knows when."""

    def evaluate_predictions(self, ground_truth: 'Labels', predictions: 'Labels') -> ClassificationEvaluation:
        """Evaluate predictions against ground truth.

        Args:
            ground_truth: True labels.
            predictions: Predicted labels.
        """
        evaluation = self.create_evaluation()
        evaluation.compute(ground_truth, predictions)
        return evaluation


def sides_of(scene: Scene) -> 'tuple[LabelSource, LabelStore]':
    """What holds the ground truth and the predictions of a scene.

    Raises:
        DataError: If one of them is not there.
    """
    if scene.label_source is None or scene.label_store is None:
        missing = 'label_source' if scene.label_source is None else 'label_store'
        raise DataError(f'scene {scene.id!r}: cannot be evaluated without a {missing}.')
    return scene.label_source, scene.label_store
