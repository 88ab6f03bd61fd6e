"""Vectorising a mask that comes in bands of rows, without holding it.

The polygons are those of the whole mask, in another order. Memory grows with the width of the mask and with the
patches that reach the last row: polygons are held by their outlines, buildings by their pixels.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

import cv2
import numpy as np
from affine import Affine
from shapely.geometry.base import BaseGeometry

from rastervision.core.data.vectorize.buildings import (
    BuildingOptions,
    Patch,
    find_patches,
    join_patches,
    patches_to_buildings,
)
from rastervision.core.data.vectorize.morphology import DenoiseStream
from rastervision.core.data.vectorize.polygons import merge_pieces, outlines
from rastervision.core.data.vectorize.stitching import Stitcher

Polygons = list[BaseGeometry]


class Vectorizer(ABC):
    """Makes polygons, in pixel coordinates (x, y), from bands of a mask."""

    @abstractmethod
    def push(self, band: np.ndarray) -> Polygons:
        """Take the next rows of the mask, (height, width), 0 or 1, and give the polygons that are complete."""

    @abstractmethod
    def close(self) -> Polygons:
        """The remaining polygons."""


class BandVectorizer(Vectorizer):
    """Base of vectorizers that need a band at a time.

    Args:
        denoise: Diameter of the disc that specks are removed with; see `denoise`.
    """

    def __init__(self, denoise: int) -> None:
        self._denoise = DenoiseStream(denoise)
        self._row = 0

    def push(self, band: np.ndarray) -> Polygons:
        """See :meth:`.Vectorizer.push`."""
        return self._take(self._denoise.push(band))

    def close(self) -> Polygons:
        """See :meth:`.Vectorizer.close`."""
        return [*self._take(self._denoise.close()), *self._rest()]

    def _take(self, rows: np.ndarray) -> Polygons:
        if not len(rows):
            return []
        polygons = self._vectorize(rows, self._row)
        self._row += len(rows)
        return polygons

    @abstractmethod
    def _vectorize(self, rows: np.ndarray, ymin: int) -> Polygons:
        """Polygons that are complete with these rows, which begin at row `ymin`."""

    @abstractmethod
    def _rest(self) -> Polygons:
        """Polygons that reach the last row."""


class PolygonVectorizer(BandVectorizer):
    """`mask_to_polygons(denoise(mask))` band by band."""

    def __init__(self, denoise: int) -> None:
        super().__init__(denoise)
        self._stitcher: Stitcher[BaseGeometry] = Stitcher(diagonal=False)

    def _vectorize(self, rows: np.ndarray, ymin: int) -> Polygons:
        _, labels = cv2.connectedComponents(rows, connectivity=4)
        found = list(outlines(labels, rows.astype(bool), Affine.translation(0, ymin)))
        number = np.zeros(len(found) + 1, dtype=np.int32)
        number[[label for _, label in found]] = np.arange(1, len(found) + 1)
        groups = self._stitcher.push(number[labels], [polygon for polygon, _ in found])
        return [merge_pieces(group) for group in groups]

    def _rest(self) -> Polygons:
        return [merge_pieces(group) for group in self._stitcher.close()]


class BuildingVectorizer(BandVectorizer):
    """`mask_to_building_polygons(denoise(mask))` band by band.

    Args:
        denoise: See :class:`.BandVectorizer`.
        shape: Height and width of the whole mask.
        options: How patches become buildings.
    """

    def __init__(self, denoise: int, shape: tuple[int, int], options: BuildingOptions) -> None:
        super().__init__(denoise)
        self._shape, self._options = shape, options
        self._stitcher: Stitcher[Patch] = Stitcher(diagonal=True)

    def _vectorize(self, rows: np.ndarray, ymin: int) -> Polygons:
        labels, patches = find_patches(rows, ymin)
        return self._buildings(self._stitcher.push(labels, patches))

    def _rest(self) -> Polygons:
        return self._buildings(self._stitcher.close())

    def _buildings(self, groups: Iterable[list[Patch]]) -> Polygons:
        return patches_to_buildings(map(join_patches, groups), self._shape, self._options)


class WholeMaskVectorizer(Vectorizer):
    """For vector outputs that can only vectorise a whole mask, such as those of plugins; holds it, a bit a pixel.

    Args:
        vectorize: From a mask, (height, width), uint8, to polygons.
    """

    def __init__(self, vectorize: Callable[[np.ndarray], Iterable[BaseGeometry]]) -> None:
        self._vectorize = vectorize
        self._bands: list[np.ndarray] = []
        self._width = 0

    def push(self, band: np.ndarray) -> Polygons:
        """See :meth:`.Vectorizer.push`; gives nothing yet."""
        self._bands.append(np.packbits(band.astype(bool), axis=1))
        self._width = band.shape[1]
        return []

    def close(self) -> Polygons:
        """All polygons."""
        if not self._bands:
            return []
        return list(self._vectorize(np.unpackbits(np.concatenate(self._bands), axis=1, count=self._width)))
