"""From rich objects to plain data and files."""

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

from rastervision.core.box import Box
from rastervision.pipeline.errors import ArgumentTypeError


def all_equal(it: Iterable[Any]) -> bool:
    """Whether all items are equal to the first one; true if there are none."""
    items = iter(it)
    first = next(items, None)
    return all(item == first for item in items)


def ensure_json_serializable(obj: Any) -> Any:
    """Turn numpy arrays and numbers, tuples, sets, boxes and dataclasses into what JSON has, at any depth.

    Raises:
        ArgumentTypeError: If something else is in it.
    """
    if obj is None or isinstance(obj, str | bool | int | float):
        return obj
    if isinstance(obj, dict):
        return {str(key): ensure_json_serializable(value) for key, value in obj.items()}
    if isinstance(obj, list | tuple | set | frozenset):
        return [ensure_json_serializable(item) for item in obj]
    if isinstance(obj, np.ndarray | np.generic):
        return ensure_json_serializable(obj.tolist())
    if isinstance(obj, Box):
        return ensure_json_serializable(obj.to_dict())
    if dataclasses.is_dataclass(obj) and not isinstance(obj, type):
        return ensure_json_serializable(dataclasses.asdict(obj))
    raise ArgumentTypeError(f'{obj!r:.200} of type {type(obj).__name__} has no form in JSON.')


def save_img(im_array: np.ndarray, output_path: str) -> None:
    """Write pixels to an image file; the folder is made.

    Args:
        im_array: Array (height, width) or (height, width, channels), uint8.
        output_path: Local or remote file; its extension says which format.
    """
    from PIL import Image

    from rastervision.pipeline.file_system.publish import publish_file

    with publish_file(output_path) as path:
        Image.fromarray(im_array).save(path)
