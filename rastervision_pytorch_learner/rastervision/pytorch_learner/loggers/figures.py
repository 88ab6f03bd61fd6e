"""Images of how far training is: predictions, confusion matrix."""

import os
from collections.abc import Sequence
from io import BytesIO
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import Image

from rastervision.pipeline.plain_text import plot_label
from rastervision.pytorch_learner.dataset.sample_chips import first_batch

if TYPE_CHECKING:
    from rastervision.pytorch_learner.learner.data import DataPart

NUM_SAMPLES = 4
MAX_CLASSES_WITH_TEXT = 15


def prediction_image(learner: 'DataPart') -> np.ndarray | None:
    """Image, label and prediction of the first validation samples, always the same ones.

    Args:
        learner: A learner with validation data.

    Returns:
        (height, width, 3), uint8; None if there is no image to show. Takes about a second, most of it for drawing.
    """
    batch = first_batch(learner.get_evaluation_dataloader('valid', num_workers=0, batch_size=NUM_SAMPLES))
    if batch is None:
        return None
    x, y = batch[:2]
    with TemporaryDirectory() as folder:
        path = os.path.join(folder, 'predictions.png')
        learner.visualizer.plot_batch(x, y, path, z=learner.predict(x), batch_limit=NUM_SAMPLES)
        return _read(path)


def confusion_image(conf_mat: np.ndarray, class_names: Sequence[str]) -> np.ndarray:
    """A confusion matrix, in shares of the elements of each true class.

    Args:
        conf_mat: (classes, classes), rows are true classes.
        class_names: Names of the classes.

    Returns:
        (height, width, 3), uint8.
    """
    from matplotlib.figure import Figure

    totals = conf_mat.sum(1, keepdims=True)
    shares = np.divide(conf_mat, totals, out=np.zeros(conf_mat.shape), where=totals > 0)
    size = min(12.0, 3 + 0.5 * len(class_names))
    axes = Figure(figsize=(size, size), layout='constrained').subplots()
    axes.imshow(shares, cmap='Blues', vmin=0, vmax=1)
    ticks, class_names = range(len(class_names)), list(map(plot_label, class_names))
    axes.set_xticks(ticks, class_names, rotation=90)
    axes.set_yticks(ticks, class_names)
    axes.set(xlabel='predicted', ylabel='true')
    if len(class_names) <= MAX_CLASSES_WITH_TEXT:
        for (row, column), share in np.ndenumerate(shares):
            axes.text(column, row, f'{share:.2f}', ha='center', va='center', color='white' if share > 0.5 else 'black')
    buffer = BytesIO()
    axes.get_figure().savefig(buffer, format='png')  # type: ignore[union-attr]
    return _read(buffer)


def _read(file: str | BinaryIO) -> np.ndarray:
    with Image.open(file) as image:
        return np.asarray(image.convert('RGB'))
