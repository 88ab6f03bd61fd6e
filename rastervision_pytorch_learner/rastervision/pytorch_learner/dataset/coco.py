"""Boxes in COCO files."""

import logging
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rastervision.core.data.class_names import canonical, ids_of_names
from rastervision.pipeline.errors import did_you_mean
from rastervision.pipeline.file_system.local_file_system import stays_inside
from rastervision.pipeline.file_system.utils import file_to_json
from rastervision.pytorch_learner.dataset.errors import ImageDatasetError

log = logging.getLogger(__name__)

FEW = 5  # that are named in a message
BOX_NUMBERS = 4
MAX_DIGITS = 9  # of a class id


@dataclass
class CocoImage:
    """An image, and the boxes in it.

    Attributes:
        file_name: Its name, relative to the folder of the images.
        boxes: (xmin, ymin, width, height) in pixels.
        class_ids: A class id for each box.
    """

    file_name: str
    boxes: list[list[float]] = field(default_factory=list)
    class_ids: list[int] = field(default_factory=list)


def read_coco(uri: str, class_names: Sequence[str] | None = None) -> list[CocoImage]:
    """Read a COCO file.

    Categories become classes by their names, whatever their ids are. Those that are no class are left out with a
    warning, if the file has categories for all classes. In a file without names of categories, their ids are class ids.
    Crowds (`iscrowd`) are not boxes of an object and are left out, and with a warning boxes of no size.

    Args:
        uri: The file, local or remote.
        class_names: Names of the classes, by class id. None: ids of categories are class ids.

    Returns:
        The images in the order of the file.

    Raises:
        ImageDatasetError: If it is not a COCO file, or categories or boxes are not what they should be; the message
            names them.
    """
    coco = file_to_json(uri)
    if not isinstance(coco, dict) or not all(isinstance(coco.get(key), list) for key in ('images', 'annotations')):
        raise ImageDatasetError(
            f'{uri!r} is not a COCO file: it needs the lists images (id, file_name) and annotations (image_id, bbox, '
            'category_id).'
        )
    images = _images(coco['images'], uri)
    annotations = [each for each in _dicts(coco['annotations'], 'annotations', uri) if not each.get('iscrowd')]
    classes = _Classes(coco.get('categories') or [], class_names, uri)
    classes.check({_key(each.get('category_id')) for each in annotations})
    empty = []
    for annotation in annotations:
        image_id, box = _key(annotation.get('image_id')), _box(annotation, uri)
        if image_id not in images:
            raise ImageDatasetError(f'{uri!r}: {_name(annotation)} is of image {image_id}, but there is no such image.')
        class_id = classes.id_of(annotation)
        if class_id is None:
            continue
        if min(box[2:]) == 0:
            empty.append(_name(annotation))
            continue
        images[image_id].boxes.append(box)
        images[image_id].class_ids.append(class_id)
    if empty:
        log.warning('%r: %d boxes have no size and are left out: %s.', uri, len(empty), ', '.join(empty[:FEW]))
    return list(images.values())


class _Classes:
    """Which class each category is."""

    def __init__(self, categories: list[Any], class_names: Sequence[str] | None, uri: str) -> None:
        self.names, self.uri = class_names, uri
        found = _dicts(categories, 'categories', uri)
        names = [(_key(each.get('id')), canonical(each.get('name'))) for each in found]
        self.categories = {key: name for key, name in names if name is not None}
        twice = [key for key, count in Counter(key for key, _ in set(names)).items() if count > 1]
        if twice:
            raise ImageDatasetError(f'{uri!r}: there are several categories of id {twice[0]}, with different names.')
        self.by_name = bool(self.categories) and class_names is not None
        self.ids = ids_of_names(class_names or ())

    def check(self, used: set[str]) -> None:
        """See that the categories that boxes have are known."""
        if not self.by_name:
            return
        assert self.names is not None
        unknown = sorted(used - self.categories.keys())
        if unknown:
            raise ImageDatasetError(
                f'{self.uri!r}: there are boxes of category {unknown[0]}, but categories has only '
                f'{self.categories!r:.300}.'
            )
        other = sorted({self.categories[key] for key in used if self.categories[key] not in self.ids})
        missing = [name for name in self.names if canonical(name) not in self.categories.values()]
        if other and missing:
            near = did_you_mean(other[0], self.names) or f'. The classes are {list(self.names)!r:.300}.'
            raise ImageDatasetError(
                f'{self.uri!r}: there are boxes of the categories {other[:FEW]!r}, which are no classes, and the '
                f'classes {missing[:FEW]!r} are no categories{near} Name them alike in class_config and in the file.'
            )
        if other:
            log.warning('%r: boxes of the categories %s are left out; they are no classes.', self.uri, other[:FEW])

    def id_of(self, annotation: dict[str, Any]) -> int | None:
        """The class id of a box; None if its category is no class."""
        key = _key(annotation.get('category_id'))
        if self.by_name:
            return self.ids.get(self.categories[key])
        is_id = key.isdecimal() and len(key) <= MAX_DIGITS
        class_id = int(key) if is_id else None
        if class_id is None or (self.names is not None and not 0 <= class_id < len(self.names)):
            limit = '' if self.names is None else f' from 0 to {len(self.names) - 1}: {list(self.names)!r:.300}'
            raise ImageDatasetError(
                f'{self.uri!r}: {_name(annotation)} has category_id {annotation.get("category_id")!r}, and the file '
                f'has no categories that say its name. Add them (id, name), or use class ids{limit}.'
            )
        return class_id


def _images(found: list[Any], uri: str) -> dict[str, CocoImage]:
    images: dict[str, CocoImage] = {}
    for each in _dicts(found, 'images', uri):
        key, name = _key(each.get('id')), each.get('file_name')
        if 'id' not in each or not isinstance(name, str) or key in images:
            raise ImageDatasetError(f'{uri!r}: the image {each!r:.200} needs a file_name, and an id that no other has.')
        if not stays_inside(name):
            raise ImageDatasetError(
                f'{uri!r}: the image {name!r:.200} is outside of the folder of the images. Give names relative to it.'
            )
        images[key] = CocoImage(name)
    return images


def _box(annotation: dict[str, Any], uri: str) -> list[float]:
    box = annotation.get('bbox')
    numbers = [float(value) for value in box if _is_number(value)] if isinstance(box, list) else []
    if len(numbers) != BOX_NUMBERS or len(box) != BOX_NUMBERS or min(numbers[2:]) < 0:  # type: ignore[arg-type]
        raise ImageDatasetError(
            f'{uri!r}: {_name(annotation)} has bbox {box!r:.100}. It should be [x, y, width, height] in pixels, and '
            'the size not negative.'
        )
    return numbers


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _dicts(found: Any, where: str, uri: str) -> list[dict[str, Any]]:
    wrong = [each for each in found if not isinstance(each, dict)] if isinstance(found, list) else [found]
    if wrong:
        raise ImageDatasetError(f'{uri!r} is not a COCO file: {where} has {wrong[0]!r:.100}.')
    return list(found)


def _key(value: Any) -> str:
    """An id, which some programs write as text or with a decimal point."""
    return str(canonical(value))


def _name(annotation: dict[str, Any]) -> str:
    return f'annotation {annotation.get("id", annotation)!r:.100}'
