"""Arithmetic of sums and counters of pixels."""

from typing import Any

import numpy as np


def divide(sums: np.ndarray, hits: np.ndarray) -> np.ndarray:
    """Sums / hits in (at least) float32, NaN where there are no hits."""
    dtype = sums.dtype if sums.dtype.kind == 'f' else np.dtype(np.float32)
    out = np.full(sums.shape, np.nan, dtype=dtype)
    quotients: np.ndarray = np.divide(sums, hits, out=out, where=hits > 0, casting='unsafe')
    return quotients


def highest(values: np.ndarray) -> np.ndarray:
    """Index of the highest value along the first axis, the first of equals: (n, ...) -> (...), int64.

    What `argmax(axis=0)` gives, but several times as fast for the few classes that there are. NaN is never higher.
    """
    index = np.zeros(values.shape[1:], dtype=np.int64)
    best = values[0].copy()
    for i, candidate in enumerate(values[1:], start=1):
        higher = candidate > best
        index[higher] = i
        np.copyto(best, candidate, where=higher)
    return index


def with_room(counters: np.ndarray, slices: tuple[slice, slice]) -> np.ndarray:
    """The counters, (..., height, width), in a type in which those at `slices` can still grow by one."""
    part = counters[..., *slices]
    if part.size and part.max() == np.iinfo(counters.dtype).max:
        return counters.astype(f'uint{16 * counters.dtype.itemsize}')
    return counters


def sum_type(a: np.ndarray, b: np.ndarray) -> np.dtype[Any]:
    """The unsigned type that holds all sums of the counters of two arrays."""
    largest = int(a.max(initial=0)) + int(b.max(initial=0))
    return np.promote_types(np.promote_types(a.dtype, b.dtype), np.min_scalar_type(largest))
