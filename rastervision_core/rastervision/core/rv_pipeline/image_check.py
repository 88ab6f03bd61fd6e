"""Whether an image is like those that a model was trained with."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from rastervision.core.rv_pipeline.model_card import TRAINING, ImageFacts
from rastervision.pipeline.errors import DataError

if TYPE_CHECKING:
    from rastervision.core.data.raster_source.raster_source import RasterSource

log = logging.getLogger(__name__)

MAX_FACTOR = 1.5  # between resolutions that a model takes for the same

_strict: ContextVar[bool] = ContextVar('strictness about images', default=False)


@contextmanager
def strict_images(strict: bool) -> Iterator[None]:
    """Say whether an image that is unlike those of the training is an error meanwhile, or a warning."""
    token = _strict.set(strict)
    try:
        yield
    finally:
        _strict.reset(token)


def complain(message: str) -> None:
    """Warn of an image that is unlike those of the training.

    Raises:
        DataError: Instead, within `strict_images(True)`.
    """
    if _strict.get():
        raise DataError(f'{message} (An error, as --strict is given.)')
    log.warning('%s', message)


def training_data_of(card: Any) -> dict[str, Any]:
    """What a card says about the training data; nothing if it does not."""
    properties = card.get('properties') if isinstance(card, Mapping) else None
    data = properties.get(TRAINING) if isinstance(properties, Mapping) else None
    return dict(data) if isinstance(data, Mapping) else {}


def numbers_in(data: Mapping[str, Any], name: str) -> list[float]:
    """The numbers in a list of a card; nothing if it has none."""
    values = data.get(name)
    numbers = values if isinstance(values, list) else []
    return [float(value) for value in numbers if isinstance(value, int | float) and not isinstance(value, bool)]


def check_against_card(what: str, source: 'RasterSource', card: Any) -> None:
    """Compare dtype and resolution of an image with those of the images for training.

    Reads no pixels. What the card does not say is not compared.

    Args:
        what: The image or scene, for messages.
        source: The image, with its transformers.
        card: The model card of the bundle, or None.

    Raises:
        DataError: If they differ, within `strict_images(True)`.
    """
    data = training_data_of(card)
    types = data.get('data_type')
    known = [str(each) for each in types] if isinstance(types, list) else []
    dtype = str(source.dtype_raw)
    if known and dtype not in known:
        complain(
            f'{what}: its pixels are {dtype}, those of the training were {" or ".join(known)}. The model takes numbers '
            'as they are, so the same brightness has to be the same number: convert it (gdal_translate -ot -scale), or '
            'use statistics of the image (--update-stats) if the model was trained with statistics.'
        )
    gsds = numbers_in(data, 'gsd')
    gsd = ImageFacts.of(source).gsd if gsds and min(gsds) > 0 else None
    if gsd and (gsd > max(gsds) * MAX_FACTOR or gsd < min(gsds) / MAX_FACTOR):
        trained = f'{min(gsds):.3g}' + ('' if min(gsds) == max(gsds) else f' to {max(gsds):.3g}')
        complain(
            f'{what}: its pixels are {gsd:.3g} m apart, those of the training were {trained} m. Objects have another '
            'size in pixels than the model knows. Resample it (gdalwarp -tr), or take a model for this resolution.'
        )
