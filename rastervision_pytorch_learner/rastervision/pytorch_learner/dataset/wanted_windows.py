"""Random windows that have some classes in them, or have none of them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.chip import Chip
from rastervision.pytorch_learner.dataset.box_sampler import window_around
from rastervision.pytorch_learner.dataset.places import Places, classes_in, find_places
from rastervision.pytorch_learner.dataset.randomness import Wish, drawing_from

if TYPE_CHECKING:
    from rastervision.pytorch_learner.dataset.dataset import RandomWindowGeoDataset


def draw_wanted(dataset: 'RandomWindowGeoDataset', rng: np.random.Generator, wish: Wish) -> tuple[Box, Chip, Any]:
    """A random window that has some classes, or has none of them; after too many attempts, one that is otherwise.

    Images are read of windows only whose labels suit.

    Args:
        dataset: What draws windows, `max_sample_attempts` at most.
        rng: Where to draw from.
        wish: The classes.

    Returns:
        The window, and image and label as the scene has them.
    """
    places = places_of(dataset, wish.class_ids) if wish.has_them else None
    for left in range(dataset.max_sample_attempts - 1, -1, -1):
        window = _window_at(dataset, places, rng)
        if left and dataset.classes_at(window, wish.class_ids).any() != wish.has_them:
            continue
        chip, label = dataset._read(window)
        found = classes_in(dataset._mark_chip(label, chip, window), wish.class_ids, dataset.transform_type)
        if found.any() == wish.has_them and not chip.is_empty:
            break
    return window, chip, label


def places_of(dataset: 'RandomWindowGeoDataset', class_ids: tuple[int, ...]) -> Places | None:
    """Where some classes are in the scene of a dataset, which keeps it; None: nothing tells, or nowhere.

    Labels of pixels are read as a whole for this, block by block.
    """
    known = dataset.known_places
    if class_ids not in known:
        known[class_ids] = find_places(dataset.scene, class_ids, dataset.transform_type, dataset.min_size)
    return known[class_ids]


def _window_at(dataset: 'RandomWindowGeoDataset', places: Places | None, rng: np.random.Generator) -> Box:
    """A random window with a random one of some places in it; anywhere, if the dataset is to choose it."""
    if places is not None and dataset.draws_windows_around:
        for _ in range(dataset.max_sample_attempts):  # more often in vain where the AOI is narrow
            with drawing_from(rng):
                window = window_around(places.draw(rng), dataset.sample_window_size(), dataset.sampler, rng)
            if window is not None:
                return window
    return dataset.draw_window(rng)
