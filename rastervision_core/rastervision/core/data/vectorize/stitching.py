"""Putting together what bands of rows cut apart."""

from collections import defaultdict
from typing import Generic, TypeVar

import numpy as np

T = TypeVar('T')


class Stitcher(Generic[T]):
    """Groups pieces of patches that go on from band to band.

    Holds the pieces of the patches that reach the last row, and that row.

    Args:
        diagonal: Whether pixels touch by corners too, not only by sides.
    """

    def __init__(self, *, diagonal: bool) -> None:
        self._shifts = (-1, 0, 1) if diagonal else (0,)
        self._open: list[list[T]] = []
        self._edge: np.ndarray | None = None

    def push(self, labels: np.ndarray, pieces: list[T]) -> list[list[T]]:
        """Take the next band.

        Cost: linear in the band's width and the number of pieces.

        Args:
            labels: For each pixel the number of its piece, from 1, or 0: (height, width), with at least one row.
            pieces: The pieces, by number.

        Returns:
            The patches that are complete: the pieces of each.
        """
        # Half a second, which label stores without polygons need not wait for.
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        opened = len(self._open)
        before, now = self._links(labels[0])
        size = opened + len(pieces)
        links = coo_array((np.ones(len(now), dtype=bool), (before, opened + now)), shape=(size, size))
        count, patch_of = connected_components(links, directed=False)
        patches: defaultdict[int, list[T]] = defaultdict(list)
        for patch, items in zip(patch_of[:opened].tolist(), self._open, strict=True):
            patches[patch] += items
        for patch, piece in zip(patch_of[opened:].tolist(), pieces, strict=True):
            patches[patch].append(piece)
        edge = labels[-1]
        edge_patches = np.where(edge > 0, patch_of[opened + edge - 1] if size else 0, -1)
        reaching = np.unique(edge_patches[edge > 0])
        number = np.zeros(count + 1, dtype=np.int64)
        number[reaching] = np.arange(1, len(reaching) + 1)
        self._edge = np.where(edge > 0, number[edge_patches], 0)
        self._open = [patches.pop(patch) for patch in reaching.tolist()]
        return list(patches.values())

    def close(self) -> list[list[T]]:
        """The patches that were not complete yet."""
        patches, self._open, self._edge = self._open, [], None
        return patches

    def _links(self, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Indices (open patch, piece) of what touches between the last band and this one's first row."""
        if self._edge is None:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        width, pairs = len(row), []
        for shift in self._shifts:
            above = self._edge[max(shift, 0) : width + min(shift, 0)]
            below = row[max(-shift, 0) : width + min(-shift, 0)]
            both = (above > 0) & (below > 0)
            pairs.append(np.stack([above[both] - 1, below[both] - 1]))
        before, now = np.unique(np.concatenate(pairs, axis=1), axis=1)
        return before, now
