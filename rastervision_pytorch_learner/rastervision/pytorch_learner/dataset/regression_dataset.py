"""Datasets of regression on chips."""

import csv
import os
from collections.abc import Iterable
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from rastervision.pytorch_learner.dataset.dataset import (
    ImageDataset,
    RandomWindowGeoDataset,
    SlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.errors import ImageDatasetError, MissingImageDataError
from rastervision.pytorch_learner.dataset.image_files import load_image
from rastervision.pytorch_learner.dataset.transform import TransformType


class RegressionDataReader(Dataset[tuple[np.ndarray, np.ndarray]]):
    """Images, `img/*`, and their targets, in the rows of `labels.csv`.

    The first row has the names of the columns. The first column has the names of the image files, in the order of the
    samples; each target is in the column of its name, or, if the header has other names, in the column of its place.

    Args:
        data_dir: The folder.
        class_names: Names of the targets.

    Raises:
        ImageDatasetError: If the file is not like that, or an image is missing.
    """

    def __init__(self, data_dir: str, class_names: Iterable[str]) -> None:
        self.img_dir = os.path.join(data_dir, 'img')
        self.class_names = list(class_names)
        labels_path = os.path.join(data_dir, 'labels.csv')
        if not os.path.isfile(labels_path):
            raise MissingImageDataError(f'There is no file {labels_path!r}, with a row for each image.')
        with open(labels_path, newline='') as file:
            header, *rows = [row for row in csv.reader(file, skipinitialspace=True) if row] or [[]]
        columns = self._columns(header, labels_path)
        self.names = [row[0] for row in rows]
        try:
            values = [[float(row[column]) for column in columns] for row in rows]
        except (IndexError, ValueError) as error:
            raise ImageDatasetError(f'{labels_path!r}: a row has no number where one should be: {error}') from error
        self.targets = np.array(values, dtype=float).reshape(len(rows), len(columns))
        wrong = np.flatnonzero(~np.isfinite(self.targets).all(axis=1))
        if len(wrong):
            raise ImageDatasetError(
                f'{labels_path!r}: the targets of {self.names[wrong[0]]!r} are {self.targets[wrong[0]].tolist()}, and '
                f'{len(wrong)} of {len(rows)} rows are like that. Training needs finite numbers: leave these rows out.'
            )

    def __getitem__(self, ind: int) -> tuple[np.ndarray, np.ndarray]:
        return load_image(self.image_path(ind)), self.targets[ind]

    def image_path(self, index: int) -> str:
        """The image file of a sample."""
        return os.path.join(self.img_dir, self.names[index])

    sample_name = image_path  # for messages

    def __len__(self) -> int:
        return len(self.names)

    def _columns(self, header: list[str], path: str) -> list[int]:
        names = header[1:]
        if set(self.class_names) <= set(names):
            return [1 + names.index(name) for name in self.class_names]
        if len(names) == len(self.class_names):
            return list(range(1, len(header)))
        raise ImageDatasetError(f'{path!r} has the columns {names!r}; the targets are {self.class_names!r}.')


class RegressionImageDataset(ImageDataset):
    """Images and targets from files.

    Args:
        data_dir: See `RegressionDataReader`.
        class_names: Names of the targets.
        args: See `AlbumentationsDataset`.
        kwargs: See `AlbumentationsDataset`.
    """

    def __init__(self, data_dir: str, class_names: Iterable[str], *args: Any, **kwargs: Any) -> None:
        reader = RegressionDataReader(data_dir, class_names)
        super().__init__(reader, *args, **{'transform_type': TransformType.regression, **kwargs})


class RegressionSlidingWindowGeoDataset(SlidingWindowGeoDataset):
    """Windows on a grid; labels are numbers. Arguments: see `SlidingWindowGeoDataset`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{'transform_type': TransformType.regression, **kwargs})


class RegressionRandomWindowGeoDataset(RandomWindowGeoDataset):
    """Random windows; labels are numbers. Arguments: see `RandomWindowGeoDataset`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{'transform_type': TransformType.regression, **kwargs})
