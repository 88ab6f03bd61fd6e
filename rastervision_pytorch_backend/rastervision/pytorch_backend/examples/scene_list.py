"""Which scenes a data set has, and how they are divided."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

from rastervision.pipeline.errors import ConfigError, NotReadableError
from rastervision.pipeline.file_system.utils import file_to_json, json_to_file

T = TypeVar('T')

SCENES_FILE = 'scenes.json'


@dataclass(frozen=True)
class ListedScene:
    """A scene of a data set.

    Attributes:
        id: Its name, from which follow those of its files.
        crop: The part with most objects, in pixels: (ymin, xmin, ymax, xmax).
    """

    id: str
    crop: tuple[int, int, int, int]


def divide(items: Sequence[T]) -> tuple[list[T], list[T]]:
    """Divide what there is into four fifths to train with and one fifth to validate with: the second of every five.

    Returns:
        Those to train with, and those to validate with.
    """
    return [item for n, item in enumerate(items) if n % 5 != 1], list(items[1::5])


def save_scenes(processed_uri: str, scenes: Sequence[ListedScene]) -> None:
    """Write the list of scenes.

    Args:
        processed_uri: Folder of the prepared data set.
        scenes: Those with most objects first.
    """
    json_to_file({'scenes': [asdict(scene) for scene in scenes]}, os.path.join(processed_uri, SCENES_FILE))


def load_scenes(processed_uri: str) -> list[ListedScene]:
    """Read the list of scenes that `prepare` wrote.

    Args:
        processed_uri: Folder of the prepared data set.

    Raises:
        ConfigError: If there is none.
    """
    uri = os.path.join(processed_uri, SCENES_FILE)
    try:
        scenes = file_to_json(uri)['scenes']
    except NotReadableError as error:
        raise ConfigError(
            f'processed_uri {processed_uri!r} is no prepared data set: {error} Prepare it first: '
            'python -m rastervision.pytorch_backend.examples.prepare DATA_SET RAW_URI PROCESSED_URI.'
        ) from error
    return [ListedScene(scene['id'], tuple(scene['crop'])) for scene in scenes]
