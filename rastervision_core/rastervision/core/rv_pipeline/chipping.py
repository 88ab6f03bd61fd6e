"""Windows and chips of a scene, for pipelines that make or change samples themselves."""

import logging
import math
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.label.boxes import parts_inside
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.data.label_source.object_detection_label_source import BOX_FORMAT, ObjectDetectionLabelSource
from rastervision.core.data.scene import naming_scene
from rastervision.core.padding import least_padding
from rastervision.core.rv_pipeline.chip_options import OF_OBJECTS, WindowSamplingConfig, WindowSamplingMethod
from rastervision.core.rv_pipeline.object_windows import boxes_of, object_windows
from rastervision.pipeline.errors import DataError

if TYPE_CHECKING:
    from rastervision.core.data.scene import Scene
    from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionWindowSamplingConfig
    from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions

log = logging.getLogger(__name__)

DrawWindows = Callable[[int], list[Box]]


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
    rng = np.random.default_rng([seed, zlib.crc32((scene.id or '').encode())])
    if sampling.method is WindowSamplingMethod.random:
        return _random_windows(scene, sampling, rng)
    if sampling.method in OF_OBJECTS:
        return _windows_of_objects(scene, cast('ObjectDetectionWindowSamplingConfig', sampling), rng)
    assert sampling.stride is not None
    windows = scene.extent.get_windows(
        sampling.size, sampling.stride, padding=sampling.padding, pad_direction=sampling.pad_direction
    )
    return _suitable(windows, scene, sampling)


def read_label(scene: 'Scene', window: Box, sampling: WindowSamplingConfig | None) -> Any:
    """The label of a window, in the form of the task.

    Args:
        scene: A scene with labels.
        window: In pixels of the scene.
        sampling: How windows are chosen; says which boxes belong to a window, unless it is one of a grid, and whether
            they are cut.
    """
    source = scene.label_source
    assert source is not None
    on_grid = sampling is None or sampling.method is WindowSamplingMethod.sliding
    if on_grid or not hasattr(sampling, 'ioa_thresh') or not isinstance(source, ObjectDetectionLabelSource):
        return source[window]
    labels = source.get_labels(window, ioa_thresh=sampling.ioa_thresh, clip=sampling.clip)  # type: ignore[union-attr]
    boxes = ObjectDetectionLabels.global_to_local(labels.get_npboxes(), window.to_global_coords(scene.bbox))
    return boxes, labels.get_class_ids(), BOX_FORMAT


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

    def draw(count: int) -> list[Box]:
        return _suitable(_draw(scene.extent, sampling, rng, count), scene, sampling)

    count = count_random_windows(scene, sampling)
    boxes = _boxes_to_balance(scene, sampling)
    if boxes is None:
        found = _collect(draw, count, sampling)
    else:
        found = _balanced(draw, boxes, scene, cast('ObjectDetectionWindowSamplingConfig', sampling), rng, count)
    if not found and count:
        raise DataError(
            f'scene {scene.id!r}: none of the random windows suits the areas of interest and has a label. Use smaller '
            'windows, more max_sample_attempts, or within_aoi=False.'
        )
    return found


def count_random_windows(scene: 'Scene', sampling: WindowSamplingConfig) -> int:
    """How many random windows a scene is to have: `max_windows`, or so many for each of its boxes."""
    per_box = getattr(sampling, 'windows_per_box', None)
    if per_box is None or scene.label_source is None:
        return sampling.max_windows
    labels = cast('ObjectDetectionLabels', scene.label_source.get_labels())
    return math.ceil(float(per_box) * len(labels))


def _collect(draw: DrawWindows, count: int, sampling: WindowSamplingConfig) -> list[Box]:
    """So many windows of those that are drawn, or as many as are found."""
    found: list[Box] = []
    for _ in range(sampling.max_sample_attempts):
        missing = count - len(found)
        if missing <= 0:
            break
        found += draw(missing)[:missing]
    return found


def _boxes_to_balance(scene: 'Scene', sampling: WindowSamplingConfig) -> np.ndarray | None:
    """Boxes of objects, (n, 4), in pixels of the scene; None if windows are drawn whatever is in them."""
    if getattr(sampling, 'neg_ratio', None) is None or scene.label_source is None:
        return None
    boxes = boxes_of(scene)
    return boxes if len(boxes) else None


def _windows_of_objects(
    scene: 'Scene', sampling: 'ObjectDetectionWindowSamplingConfig', rng: np.random.Generator
) -> list[Box]:
    """The windows of `label` and `image`, and after them those without objects that `neg_ratio` asks for."""
    windows = object_windows(scene, sampling)
    found = _suitable(windows, scene, sampling)
    if windows and not found:
        log.warning(
            'scene %r: of its %d windows (method %s), none suits the areas of interest. Use within_aoi=False, or '
            'another method.',
            scene.id,
            len(windows),
            sampling.method.value,
        )
    boxes = boxes_of(scene)

    def without(count: int) -> list[Box]:
        return _without_objects(_suitable(_draw(scene.extent, sampling, rng, count), scene, sampling), boxes, sampling)

    return found + _collect(without, round((sampling.neg_ratio or 0) * len(found)), sampling)


def _without_objects(
    windows: list[Box], boxes: np.ndarray, sampling: 'ObjectDetectionWindowSamplingConfig'
) -> list[Box]:
    return [window for window in windows if (parts_inside(boxes, window) < sampling.neg_ioa_thresh).all()]


def _balanced(
    draw: DrawWindows,
    boxes: np.ndarray,
    scene: 'Scene',
    sampling: 'ObjectDetectionWindowSamplingConfig',
    rng: np.random.Generator,
    total: int,
) -> list[Box]:
    """Windows with and without objects, as many of each as `neg_ratio` says, mixed."""
    assert sampling.neg_ratio is not None

    def without(count: int) -> list[Box]:
        return _without_objects(draw(count), boxes, sampling)

    def around(count: int) -> list[Box]:
        """Windows that hold a random box each."""
        pad_h, pad_w = _padding(scene.extent, sampling)
        room = (scene.extent.height + 2 * pad_h, scene.extent.width + 2 * pad_w)
        sizes = np.stack(_draw_sizes(sampling, rng, count, room), axis=1)
        held = boxes[rng.integers(len(boxes), size=count)]
        first, last = np.floor(held[:, :2]).astype(int), np.ceil(held[:, 2:]).astype(int)
        fits = (last - first <= sizes).all(axis=1)
        low = np.maximum((last - sizes)[fits], [scene.extent.ymin - pad_h, scene.extent.xmin - pad_w])
        most = np.array([scene.extent.ymax + pad_h, scene.extent.xmax + pad_w]) - sizes[fits]
        high = np.maximum(np.minimum(first[fits], most), low)
        corners = rng.integers(low, high, endpoint=True)
        windows = [Box(*box) for box in np.hstack([corners, corners + sizes[fits]]).tolist()]
        return _suitable(windows, scene, sampling)

    num_without = round(total * sampling.neg_ratio / (sampling.neg_ratio + 1))
    found = _collect(without, num_without, sampling)
    found += _collect(around, total - num_without, sampling)
    return [found[i] for i in rng.permutation(len(found)).tolist()]


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
