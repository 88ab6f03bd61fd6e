"""What compares predictions with ground truth."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rastervision.pipeline.overriding import is_overridden, own_class

if TYPE_CHECKING:
    from rastervision.core.data.label.labels import Labels
    from rastervision.core.data.scene import Scene

OWN = 'rastervision.core'


class Evaluator(ABC):
    """Compares predictions with ground truth."""

    @abstractmethod
    def process(self, scenes: Iterable['Scene']) -> None:
        """Evaluate scenes together and write the metrics."""

    @abstractmethod
    def evaluate_scene(self, scene: 'Scene') -> Any:
        """Evaluate the predictions in the label store of a scene against its ground truth."""

    @abstractmethod
    def evaluate_predictions(self, ground_truth: 'Labels', predictions: 'Labels') -> Any:
        """Evaluate predictions against ground truth."""


def run_evaluator(evaluator: Evaluator, scenes: Iterable['Scene'], tmp_dir: str) -> None:
    """Let an evaluator process scenes.

    Those of plugins may take scenes only, or a folder for temporary files too, and get scenes as a list, which can be
    counted and gone through twice. Ours get them one at a time.

    Args:
        evaluator: The evaluator.
        scenes: The scenes.
        tmp_dir: A folder for temporary files.
    """
    if is_overridden(evaluator, 'process', base=own_class(evaluator, OWN)):
        scenes = list(scenes)
    parameters = list(inspect.signature(evaluator.process).parameters.values())
    positional = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    takes_folder = len(positional) > 1 or any(each.kind is each.VAR_POSITIONAL for each in parameters)
    if takes_folder:
        evaluator.process(scenes, tmp_dir)  # type: ignore[call-arg]
    elif 'tmp_dir' in inspect.signature(evaluator.process).parameters:
        evaluator.process(scenes, tmp_dir=tmp_dir)  # type: ignore[call-arg]
    else:
        evaluator.process(scenes)
