"""What makes chips, trains a model and predicts with it."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from rastervision.pipeline.errors import ConfigError

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.dataset_config import DatasetConfig
    from rastervision.core.data.label.labels import Labels
    from rastervision.core.data.scene import Scene
    from rastervision.core.data_sample import DataSample
    from rastervision.core.rv_pipeline.chip_options import ChipOptions
    from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions


class SampleWriter(AbstractContextManager['SampleWriter']):
    """Writes chips with their labels. What was written is there when the context ends without an error."""

    @abstractmethod
    def write_sample(self, sample: 'DataSample') -> None:
        """Write a chip with its label."""


class Backend(ABC):
    """Makes chips, trains a model and predicts with it.

    Attributes:
        trust: Whether code that comes with a model bundle may be executed. Set before `load_model`.
        owns_model: Whether the model that is loaded is the one that this pipeline has trained itself, so that code
            that the pipeline's config names may be executed. Set before `load_model` by who knows: it never follows
            from where the bundle lies, which the bundle itself could say.
    """

    trust: bool = False
    owns_model: bool = False

    @abstractmethod
    def get_sample_writer(self) -> SampleWriter:
        """A writer of training samples."""

    @abstractmethod
    def train(self, source_bundle_uri: str | None = None) -> None:
        """Train a model and save it as a bundle.

        Args:
            source_bundle_uri: A bundle whose model training starts from. None: a new model. A backend that cannot
                start from one may leave this argument out.
        """

    def training_settings(self) -> Any:
        """What must be the same, as plain data, for `train` to go on with an earlier training."""
        return None

    def discard_training(self) -> None:
        """Forget an earlier training, so that `train` starts anew; a backend that keeps none does nothing."""
        return

    @abstractmethod
    def load_model(self, uri: str | None = None) -> None:
        """Load a trained model.

        Args:
            uri: Its bundle. None: the one that `train` saved.
        """

    @abstractmethod
    def predict_scene(self, scene: 'Scene', predict_options: 'PredictOptions') -> 'Labels':
        """Predict a scene and hold the result in memory.

        Args:
            scene: The scene.
            predict_options: In which windows.

        Returns:
            Predictions in pixel coordinates of the scene.
        """

    def iter_predict(self, scene: 'Scene', predict_options: 'PredictOptions') -> 'Iterator[tuple[Box, Any]] | None':
        """Predict a scene window by window, in memory that does not grow with its area.

        Args:
            scene: The scene.
            predict_options: In which windows.

        Returns:
            Windows, by rows, with what the label store's writer takes. None: this backend cannot; `predict_scene` is
            used.
        """
        return None

    def chip_dataset(self, dataset: 'DatasetConfig', chip_options: 'ChipOptions') -> None:
        """Make and write the training samples of scenes.

        A backend without this method, as of 0.21, is given samples of the pipeline by way of `get_sample_writer`.

        Args:
            dataset: The scenes.
            chip_options: Which chips to make.
        """
        raise ConfigError(f'{type(self).__name__} has no chip_dataset: the pipeline writes its samples.')


def load_model(backend: Backend, uri: str) -> None:
    """Let a backend load a trained model, also one whose `load_model` takes no URI, as in 0.21."""
    if inspect.signature(backend.load_model).parameters:
        backend.load_model(uri)
    else:
        backend.load_model()


def predict_scene(backend: Backend, scene: 'Scene', predict_options: 'PredictOptions') -> 'Labels':
    """Let a backend predict a scene, also one whose `predict_scene` takes size and stride of windows, as in 0.21.

    Args:
        backend: The backend.
        scene: The scene.
        predict_options: In which windows.
    """
    names = list(inspect.signature(backend.predict_scene).parameters)
    if names[1:3] != ['chip_sz', 'stride']:
        return backend.predict_scene(scene, predict_options)
    size, stride = predict_options.chip_sz, predict_options.stride
    return backend.predict_scene(scene, size, stride)  # type: ignore[arg-type, call-arg]
