"""Images in a folder for each class."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from torchvision.datasets.folder import DatasetFolder

from rastervision.core.data.class_names import canonical
from rastervision.pytorch_learner.dataset.errors import MissingImageDataError
from rastervision.pytorch_learner.dataset.image_files import IMG_EXTENSIONS, discover_images, load_image

log = logging.getLogger(__name__)


class ImageFolder(DatasetFolder):  # type: ignore[misc]
    """Images and class ids; the name of an image's folder is its class.

    Args:
        data_dir: Folder with a folder for each class.
        classes: Names of the classes, by class id. None: the names of the folders, sorted.
    """

    def __init__(self, data_dir: str, classes: Iterable[str] | None = None) -> None:
        self._given_classes = None if classes is None else list(classes)
        super().__init__(data_dir, loader=load_image, extensions=IMG_EXTENSIONS)

    def find_classes(self, directory: str | Path) -> tuple[list[str], dict[str, int]]:
        """Names of the classes, and their ids.

        Raises:
            MissingImageDataError: If there is no such folder.
        """
        if not Path(directory).is_dir():
            raise MissingImageDataError(f'There is no folder {str(directory)!r}.')
        folders = sorted(path.name for path in Path(directory).iterdir() if path.is_dir())
        classes = folders if self._given_classes is None else self._given_classes
        known = set(map(canonical, classes))
        extra = [name for name in folders if canonical(name) not in known]
        if extra:
            log.warning('%s: the folders %s are left out; the classes are %s.', directory, extra, classes)
        missing = [name for name in classes if canonical(name) not in set(map(canonical, folders))]
        if missing:
            log.warning('%s: there are no folders, and so no images, of the classes %s.', directory, missing)
        return classes, {name: class_id for class_id, name in enumerate(classes)}

    def label(self, index: int) -> int:
        """The class id of an image."""
        return int(self.samples[index][1])

    def image_path(self, index: int) -> str:
        """The image file of a sample."""
        return str(self.samples[index][0])

    sample_name = image_path  # for messages

    @staticmethod
    def make_dataset(
        directory: str | Path, class_to_idx: dict[str, int] | None, *args: Any, **kwargs: Any
    ) -> list[tuple[str, int]]:
        """Paths of the images and their class ids, class by class; a class may have none."""
        folders = [path for path in sorted(Path(directory).iterdir()) if path.is_dir()]
        return [
            (str(path), class_id)
            for name, class_id in (class_to_idx or {}).items()
            for folder in folders
            if canonical(folder.name) == canonical(name)
            for path in discover_images(folder)
        ]


def make_image_folder_dataset(data_dir: str, classes: Iterable[str] | None = None) -> DatasetFolder:
    """Images and class ids from a folder with a folder for each class.

    Args:
        data_dir: The folder.
        classes: Names of the classes, by class id. None: the names of the folders, sorted.

    Raises:
        MissingImageDataError: If there is no such folder.
    """
    return ImageFolder(data_dir, classes)
