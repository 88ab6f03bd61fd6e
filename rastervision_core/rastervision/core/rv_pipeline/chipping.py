"""Windows and chips of a scene, for pipelines that make or change samples themselves."""

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.scene import naming_scene
from rastervision.core.padding import least_padding
from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig, WindowSamplingMethod
from rastervision.pipeline.errors import DataError

if TYPE_CHECKING:
    from rastervision.core.data.scene import Scene
    from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions


def sample_windows(scene: 'Scene', sampling: WindowSamplingConfig, *, seed: int = 0) -> list[Box]:
    """Windows of a scene.

    Args:
        scene: The scene; windows keep to its areas of interest, and to what is labelled.
        sampling: How windows are chosen.
        seed: Of random windows, which depend on it and the scene's id only.

    Returns:
        Windows in pixels of the scene, those of a grid by rows.

    Raises:
        DataError: If no random window can be found in the areas of interest.
    """
    if sampling.method is WindowSamplingMethod.random:
        return _random_windows(scene, sampling, np.random.default_rng([seed, zlib.crc32(scene.id.encode())]))
    assert sampling.stride is not None
    windows = scene.extent.get_windows(
        sampling.size, sampling.stride, padding=sampling.padding, pad_direction=sampling.pad_direction
    )
    return _suitable(windows, scene, sampling)


def iter_batches(scene: 'Scene', options: 'PredictOptions') -> Iterator[tuple[list[Box], np.ndarray]]:
    """The windows in which a scene is predicted, with their pixels.

    Yields:
        Windows, and chips (batch, height, width, channels).
    """
    assert options.stride is not None
    windows = scene.extent.get_windows(options.chip_sz, options.stride)
    for start in range(0, len(windows), options.batch_sz):
        batch = windows[start : start + options.batch_sz]
        with naming_scene(scene.id):
            chips = np.stack([scene.raster_source[window] for window in batch])
        yield batch, chips


def _random_windows(scene: 'Scene', sampling: WindowSamplingConfig, rng: np.random.Generator) -> list[Box]:
    """As many windows as asked for, drawn many at a time."""
    found: list[Box] = []
    for _ in range(sampling.max_sample_attempts):
        missing = sampling.max_windows - len(found)
        if missing <= 0:
            break
        found += _suitable(_draw(scene.extent, sampling, rng, missing), scene, sampling)[:missing]
    if not found and sampling.max_windows:
        raise DataError(
            f'scene {scene.id!r}: none of the random windows suits the areas of interest and has a label. Use smaller '
            'windows, more max_sample_attempts, or within_aoi=False.'
        )
    return found


def _draw(extent: Box, sampling: WindowSamplingConfig, rng: np.random.Generator, count: int) -> list[Box]:
    pad_h, pad_w = _padding(extent, sampling)
    heights, widths = _draw_sizes(sampling, rng, count, (extent.height + 2 * pad_h, extent.width + 2 * pad_w))
    ymins = rng.integers(extent.ymin - pad_h, np.maximum(extent.ymax + pad_h - heights, extent.ymin - pad_h) + 1)
    xmins = rng.integers(extent.xmin - pad_w, np.maximum(extent.xmax + pad_w - widths, extent.xmin - pad_w) + 1)
    return [Box(*box) for box in np.stack([ymins, xmins, ymins + heights, xmins + widths], axis=1).tolist()]


def _draw_sizes(
    sampling: WindowSamplingConfig, rng: np.random.Generator, count: int, room: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Heights and widths, no larger than there is room, unless the smallest one is."""

    def draw(lims: tuple[int, int], most: int) -> np.ndarray:
        return rng.integers(lims[0], max(min(lims[1] - 1, most), lims[0]), count, endpoint=True)

    if sampling.size_lims is not None:
        sizes = draw(sampling.size_lims, min(room))
        return sizes, sizes
    assert sampling.h_lims is not None
    assert sampling.w_lims is not None
    return draw(sampling.h_lims, room[0]), draw(sampling.w_lims, room[1])


def _padding(extent: Box, sampling: WindowSamplingConfig) -> tuple[int, int]:
    """How far windows may reach beyond the scene, down and across; by default not at all, if one fits into it."""
    if sampling.padding is None:
        smallest = [lims[0] for lims in (sampling.size_lims, sampling.h_lims, sampling.w_lims) if lims is not None]
        return least_padding(extent.size, (smallest[0], smallest[-1]))
    return (sampling.padding, sampling.padding) if isinstance(sampling.padding, int) else sampling.padding


def _suitable(windows: list[Box], scene: 'Scene', sampling: WindowSamplingConfig) -> list[Box]:
    """Those windows that are in the areas of interest and have a label, if the scene has these."""
    if scene.aoi_polygons:
        windows = Box.filter_by_aoi(windows, scene.aoi_polygons_bbox_coords, within=sampling.within_aoi)
    return windows if scene.label_source is None else scene.label_source.labeled_windows(windows)
