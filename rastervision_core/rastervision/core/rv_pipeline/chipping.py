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
from rastervision.core.data.window_sampler import RandomWindowSampler
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
        windows = _windows_of_objects(scene, cast('ObjectDetectionWindowSamplingConfig', sampling), rng)
        return some_windows(windows, sampling.limit)
    assert sampling.stride is not None
    windows = scene.extent.get_windows(
        sampling.size, sampling.stride, padding=sampling.padding, pad_direction=sampling.pad_direction
    )
    return some_windows(_suitable(windows, scene, sampling), sampling.limit)


def some_windows(windows: list[Box], limit: int | None) -> list[Box]:
    """At most so many of some windows, spread evenly over them; all, if there is no limit."""
    if limit is None or len(windows) <= limit:
        return windows
    return [windows[(2 * number + 1) * len(windows) // (2 * limit)] for number in range(limit)]


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


class _RandomWindows:
    """Draws windows of a scene, many at a time; those that suit the areas of interest and have a label are kept."""

    def __init__(self, scene: 'Scene', sampling: WindowSamplingConfig, rng: np.random.Generator) -> None:
        self.scene, self.rng = scene, rng
        h_lims, w_lims = sampling.h_lims or sampling.size_lims, sampling.w_lims
        assert h_lims is not None
        padding = sampling.padding
        if padding is None:
            padding = least_padding(scene.extent.size, (h_lims[0], (w_lims or h_lims)[0]))
        with naming_scene(scene.id):
            self.sampler = RandomWindowSampler(
                scene.extent,
                h_lims,
                w_lims,
                (padding, padding) if isinstance(padding, int) else padding,
                aoi_polygons=scene.aoi_polygons_bbox_coords,
                within_aoi=sampling.within_aoi,
                efficient=sampling.efficient_aoi_sampling,
            )

    def anywhere(self, count: int) -> list[Box]:
        """Those that are kept of so many windows."""
        sizes = self.sampler.sample_sizes(self.rng, count)
        return self._kept(self.sampler.sample_corners(sizes, self.rng), sizes)

    def around(self, boxes: np.ndarray, count: int) -> list[Box]:
        """Those that are kept of so many windows that hold a random box each."""
        sizes = self.sampler.sample_sizes(self.rng, count)
        held = boxes[self.rng.integers(len(boxes), size=count)]
        first, last = np.floor(held[:, :2]).astype(int), np.ceil(held[:, 2:]).astype(int)
        fits = (last - first <= sizes).all(axis=1)
        sizes, first, last = sizes[fits], first[fits], last[fits]
        least, most = self.sampler.bounds(sizes)
        low = np.maximum(last - sizes, least)
        high = np.maximum(np.minimum(first, most), low)
        return self._kept(self.rng.integers(low, high, endpoint=True), sizes)

    def _kept(self, corners: np.ndarray, sizes: np.ndarray) -> list[Box]:
        suits = self.sampler.suits(corners, sizes)
        windows = [Box(*edges) for edges in np.hstack([corners, corners + sizes])[suits].tolist()]
        return windows if self.scene.label_source is None else self.scene.label_source.labeled_windows(windows)


def _random_windows(scene: 'Scene', sampling: WindowSamplingConfig, rng: np.random.Generator) -> list[Box]:
    """As many windows as asked for."""
    count = count_random_windows(scene, sampling)
    if not count:
        return []
    windows, boxes = _RandomWindows(scene, sampling, rng), _boxes_to_balance(scene, sampling)
    if boxes is None:
        found = _collect(windows.anywhere, count, sampling)
    else:
        found = _balanced(windows, boxes, cast('ObjectDetectionWindowSamplingConfig', sampling), count)
    if not found:
        raise DataError(
            f'scene {scene.id!r}: none of the random windows suits the areas of interest and has a label. Use smaller '
            'windows, more max_sample_attempts, or within_aoi=False.'
        )
    return found


def count_random_windows(scene: 'Scene', sampling: WindowSamplingConfig) -> int:
    """How many random windows a scene is to have: `max_windows`, or so many for each of its boxes; `limit` at most."""
    count, per_box = sampling.max_windows, getattr(sampling, 'windows_per_box', None)
    if per_box is not None and scene.label_source is not None:
        count = math.ceil(float(per_box) * len(cast('ObjectDetectionLabels', scene.label_source.get_labels())))
    return count if sampling.limit is None else min(count, sampling.limit)


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
    count = round((sampling.neg_ratio or 0) * len(found))
    if not count:
        return found
    others, boxes = _RandomWindows(scene, sampling, rng), boxes_of(scene)
    return found + _collect(lambda n: _without_objects(others.anywhere(n), boxes, sampling), count, sampling)


def _without_objects(
    windows: list[Box], boxes: np.ndarray, sampling: 'ObjectDetectionWindowSamplingConfig'
) -> list[Box]:
    return [window for window in windows if (parts_inside(boxes, window) < sampling.neg_ioa_thresh).all()]


def _balanced(
    windows: _RandomWindows, boxes: np.ndarray, sampling: 'ObjectDetectionWindowSamplingConfig', total: int
) -> list[Box]:
    """Windows with and without objects, as many of each as `neg_ratio` says, mixed."""
    assert sampling.neg_ratio is not None
    num_without = round(total * sampling.neg_ratio / (sampling.neg_ratio + 1))
    found = _collect(lambda n: _without_objects(windows.anywhere(n), boxes, sampling), num_without, sampling)
    found += _collect(lambda n: windows.around(boxes, n), total - num_without, sampling)
    return [found[i] for i in windows.rng.permutation(len(found)).tolist()]


def _suitable(windows: list[Box], scene: 'Scene', sampling: WindowSamplingConfig) -> list[Box]:
    """Those windows that are in the areas of interest and have a label, if the scene has these."""
    if scene.aoi_polygons:
        windows = Box.filter_by_aoi(windows, scene.aoi_polygons_bbox_coords, within=sampling.within_aoi)
    return windows if scene.label_source is None else scene.label_source.labeled_windows(windows)
