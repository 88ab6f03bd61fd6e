"""Whether what a model is given to predict is like what it was trained with."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor
from torch.utils.data import IterableDataset

from rastervision.core.layout import MODEL_CARD_FILE
from rastervision.core.rv_pipeline.image_check import complain, numbers_in, training_data_of
from rastervision.pipeline.errors import DataError, NotReadableError, RasterVisionError
from rastervision.pipeline.file_system.utils import file_to_json

if TYPE_CHECKING:
    from rastervision.pytorch_learner.dataset.dataset import SlidingWindowGeoDataset
    from rastervision.pytorch_learner.learner.learner import Learner

INPUT_RANGE = 'input_range'  # in the model card: see `input_range`
NUM_LOOKED_AT = 4  # windows of a scene
NUM_TRAINING = 16  # chips for training, where no card says their range
MAX_VALUES = 20_000  # of a window
PERCENTILES = (1, 99)
TOO_FAR = 2.0  # ranges beyond the one of the training
TOO_NARROW = 100.0  # times narrower than the one of the training
FEW_VALUES = 16  # an image of one surface, such as water, has no more, and is narrow however it is scaled
UNSCALED = 20.0  # numbers greater than this were not scaled to 0 to 1, or by mean and deviation
MAX_BYTE = 255


def input_range(images: Iterable[Any]) -> tuple[float, float] | None:
    """From where to where the numbers of images go, as a model gets them: the first and the last percent left out.

    Args:
        images: Tensors of any shape. What is not finite, or 0 as where there is no data, is left out.

    Returns:
        The least and the greatest of all images; None if there are none.
    """
    ends = [np.percentile(values, PERCENTILES) for values in map(_values, images) if values.size]
    if not ends:
        return None
    lows, highs = zip(*ends, strict=True)
    return float(min(lows)), float(max(highs))


def indices_to_check(count: int) -> list[int]:
    """Which of so many windows of a scene to look at: a few, spread over it."""
    spread = np.linspace(0, count - 1, NUM_LOOKED_AT + 2)[1:-1]
    return np.unique(spread.round().astype(int)).tolist() if count else []


def check_input(learner: 'Learner', dataset: 'SlidingWindowGeoDataset', images: Iterable[Tensor]) -> None:
    """Compare number of channels and range of values of a scene with what the model was trained with.

    The range of the training is in the model card of its bundle; a learner that has its
    training data looks at these; without either, only what is surely not scaled is warned of.

    Args:
        learner: The learner.
        dataset: The windows of the scene.
        images: Some of them, as the model gets them; see `indices_to_check`. They may be read as they are asked for.

    Raises:
        DataError: If the model takes another number of channels; or the range differs, within `strict_images(True)`.
    """
    source = dataset.scene.raster_source
    expected = learner.cfg.data.img_channels
    try:
        images = list(images)
    except RasterVisionError as error:  # of a transformer that is made for other channels, say
        if expected is not None and source.shape[-1] != expected:
            raise _wrong_channels(source.shape[-1], expected) from error
        raise
    if not images:
        return
    count = int(images[0].shape[-3])
    if expected is not None and count != expected:
        raise _wrong_channels(count, expected)
    found = input_range(map(_thinned, images))
    if found is None:
        return
    known = _known_range(learner)
    what, dtype = f'scene {dataset.scene.id!r}', str(source.dtype)
    if known is None:
        _check_scale(what, dtype, found, is_plain=learner.cfg.data.base_transform is None)
        return
    (low, high), (first, last) = found, known
    span = last - first or max(abs(first), 1e-6)
    is_far = low < first - TOO_FAR * span or high > last + TOO_FAR * span
    if is_far or (high - low < span / TOO_NARROW and _has_many_values(dataset)):
        complain(
            f'{what}: the model gets numbers from {low:.4g} to {high:.4g} (of {dtype} pixels), in training from '
            f'{first:.4g} to {last:.4g}. Bring the pixels to the type and range of the images for training, or use '
            'the same transformers and statistics.'
        )


def _wrong_channels(count: int, expected: int) -> DataError:
    return DataError(
        f'The image gives {count} channel{"s" if count != 1 else ""}, but the model takes {expected}. Choose channels '
        'of the image by channel_order, or --channel-order of predict; `rastervision info` shows those of an image and '
        'what a model bundle needs.'
    )


def _check_scale(what: str, dtype: str, found: tuple[float, float], *, is_plain: bool) -> None:
    """Warn of what no usual training has: numbers that are not scaled, or 8 bits scaled as if they were 16."""
    low, high = found
    if not is_plain:
        return
    if max(abs(low), abs(high)) > UNSCALED:
        complain(
            f'{what}: the model gets numbers from {low:.4g} to {high:.4g}, as pixels of type {dtype} are not scaled; '
            'unsigned integers are, to 0 to 1. All is well if it was trained with such images; if not, convert the '
            'image, or add a transformer such as StatsTransformerConfig.'
        )
    elif dtype in ('uint16', 'uint32', 'uint64') and 0 < high * np.iinfo(dtype).max <= MAX_BYTE:
        complain(
            f'{what}: its pixels of type {dtype} have values of 8 bits, which are nearly 0 to the model, as it scales '
            f'the whole range of {dtype} to 0 to 1. All is well if it was trained with such images; if not, convert '
            'the image to uint8, or add a transformer such as StatsTransformerConfig.'
        )


def _known_range(learner: 'Learner') -> tuple[float, float] | None:
    folder = getattr(learner, 'model_bundle_dir', None)
    if folder is not None:
        try:
            card = file_to_json(os.path.join(folder, MODEL_CARD_FILE))
        except NotReadableError:
            return None
        ends = numbers_in(training_data_of(card), INPUT_RANGE)
        return (ends[0], ends[1]) if len(ends) == 2 and ends[0] <= ends[1] else None
    dataset = getattr(learner, 'train_ds', None)
    if dataset is None or isinstance(dataset, IterableDataset) or not len(dataset):
        return None
    indices = np.unique(np.linspace(0, len(dataset) - 1, NUM_TRAINING).round().astype(int))
    return input_range(dataset[int(index)][0] for index in indices)


def _thinned(image: Tensor) -> Tensor:
    """About `MAX_VALUES` numbers of an image: percentiles of all take as long as predicting it with a light model."""
    return image.flatten()[:: max(1, image.numel() // MAX_VALUES)]


def _has_many_values(dataset: 'SlidingWindowGeoDataset') -> bool:
    """Whether the pixels of the windows that are looked at differ, before any transformer or scaling."""
    source, seen = dataset.scene.raster_source, np.empty(0)
    for index in indices_to_check(len(dataset)):
        chip = source.read_raw_chip(dataset.windows[index])
        values = chip.pixels if chip.data is None else chip.pixels[chip.data]
        seen = np.union1d(seen, values.ravel()[:: max(1, values.size // MAX_VALUES)])
    return len(seen) > FEW_VALUES


def _values(image: Any) -> np.ndarray:
    values = image.numpy() if isinstance(image, Tensor) else np.asarray(image)
    values = values[np.isfinite(values) & (values != 0)]
    return np.asarray(values, dtype=np.float64)
