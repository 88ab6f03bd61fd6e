"""Predicting for whole scenes, window by window.

Windows go from top to bottom and, in a row, from left to right. While the model computes, a thread reads ahead; only a
few batches are in memory at a time, whatever the size of the scene. More threads read if `predict_num_workers` says so.

Windows without any data are not computed, and pixels without data get no prediction: the model sees zeros there.
"""

import copy
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch

from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.data.label.semantic_segmentation_labels import SemanticSegmentationLabels
from rastervision.core.data.label.utils import best_classes
from rastervision.core.rv_pipeline.chipping import some_windows
from rastervision.pipeline.errors import ConfigError
from rastervision.pipeline.overriding import is_overridden
from rastervision.pipeline.runner.machine import core_count
from rastervision.pipeline.rv_config import rv_config_
from rastervision.pytorch_learner.dataset.dataset import SlidingWindowGeoDataset
from rastervision.pytorch_learner.dataset.transform import TransformType
from rastervision.pytorch_learner.object_detection_utils import is_of_data
from rastervision.pytorch_learner.own_class import own_class
from rastervision.pytorch_learner.utils.input_check import check_input, indices_to_check

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.chip import Chip
    from rastervision.core.data.scene import Scene
    from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionPredictOptions
    from rastervision.core.rv_pipeline.rv_pipeline_config import PredictOptions
    from rastervision.core.rv_pipeline.semantic_segmentation_config import SemanticSegmentationPredictOptions
    from rastervision.pytorch_learner.classification_learner import ClassificationLearner
    from rastervision.pytorch_learner.dataset.sample_chips import SampleChip
    from rastervision.pytorch_learner.learner.learner import Learner
    from rastervision.pytorch_learner.object_detection_learner import ObjectDetectionLearner
    from rastervision.pytorch_learner.semantic_segmentation_learner import SemanticSegmentationLearner

S = TypeVar('S')
T = TypeVar('T')

log = logging.getLogger(__name__)

MAX_BATCHES_AHEAD = 2
MAX_WINDOWS_AHEAD = 2  # of each of several threads


# --------------------------------------------------------------------- streams
def iter_predict_scene_ss(
    learner: 'SemanticSegmentationLearner', scene: 'Scene', predict_options: 'SemanticSegmentationPredictOptions'
) -> 'Iterator[tuple[Box, np.ndarray]]':
    """Predict scores of the pixels of a scene.

    Args:
        learner: The learner.
        scene: The scene. Its labels are not read.
        predict_options: Size and stride of windows, batch size, and `crop_sz`: with it, the last windows of rows and
            columns are moved back into the scene, so that none shows what is beyond its edges if it is large enough.

    Yields:
        Each window with data, which is not cropped yet, with its scores, (classes, height, width), float32, that add up
        to one; NaN where a pixel is no data.
    """
    predict_options.check_gaps()
    kind = SlidingWindowGeoDataset if predict_options.crop_sz is None else CoveringWindowGeoDataset
    dataset = _windows_of(learner, scene, predict_options, TransformType.semantic_segmentation, kind)
    predict_kw = {'out_shape': (predict_options.chip_sz, predict_options.chip_sz)}
    for window, scores, valid in _predict_windows(learner, dataset, predict_options, **predict_kw):
        yield window, scores if valid is None else np.where(valid, scores, scores.dtype.type(np.nan))


def iter_predict_scene_cc(
    learner: 'ClassificationLearner', scene: 'Scene', predict_options: 'PredictOptions'
) -> 'Iterator[tuple[Box, np.ndarray]]':
    """Predict scores of the cells of a scene.

    Args:
        learner: The learner.
        scene: The scene. Its labels are not read.
        predict_options: Size and stride of windows, batch size.

    Yields:
        Each cell with data, and its scores, (classes,), float32: the logits of the model.
    """
    dataset = _windows_of(learner, scene, predict_options, TransformType.classification)
    for window, scores, _ in _predict_windows(learner, dataset, predict_options):
        yield window, scores


def iter_predict_scene_od(
    learner: 'ObjectDetectionLearner', scene: 'Scene', predict_options: 'ObjectDetectionPredictOptions'
) -> 'Iterator[tuple[Box, dict[str, np.ndarray]]]':
    """Predict the boxes in a scene.

    Args:
        learner: The learner.
        scene: The scene. Its labels are not read.
        predict_options: Size and stride of windows, batch size. Boxes of all scores are given, and those that windows
            have in common more than once.

    Yields:
        Each window with data, with `boxes`, (n, 4), yxyx, pixels from its corner, `class_ids` and `scores`. Boxes less
        than half of which is data are left out.
    """
    predict_options.check_gaps()
    chip_sz = predict_options.chip_sz
    dataset = _windows_of(learner, scene, predict_options, TransformType.object_detection)
    predict_kw: dict[str, Any] = {'out_shape': (chip_sz, chip_sz)}
    if predict_options.tta is not None:
        predict_kw['merge_kw'] = {'merge_thresh': predict_options.merge_thresh}
    for window, boxes, valid in _predict_windows(learner, dataset, predict_options, **predict_kw):
        if valid is not None:
            kept = is_of_data(boxes['boxes'], valid)
            boxes = {name: values[kept] for name, values in boxes.items()}
        yield window, boxes


# --------------------------------------------------------------------- in memory
def predict_scene_ss(
    learner: 'SemanticSegmentationLearner', scene: 'Scene', predict_options: 'SemanticSegmentationPredictOptions'
) -> SemanticSegmentationLabels:
    """Predict the class of each pixel of a scene; see `iter_predict_scene_ss`.

    Returns:
        Labels with scores if the scene's label store keeps them (`smooth_output`) or they are blended with weights,
        else with votes. In memory.
    """
    weights = predict_options.window_weights()
    smooth = weights is not None or bool(getattr(scene.label_store, 'smooth_output', False))
    labels = SemanticSegmentationLabels.make_empty(scene.extent, learner.cfg.data.num_classes, smooth=smooth)
    for window, scores in iter_predict_scene_ss(learner, scene, predict_options):
        values = scores if smooth else best_classes(scores)
        labels.add_predictions([window], [values], crop_sz=predict_options.crop_sz, weights=weights)  # type: ignore[arg-type]
    return labels


def predict_scene_cc(
    learner: 'ClassificationLearner', scene: 'Scene', predict_options: 'PredictOptions'
) -> ChipClassificationLabels:
    """Predict the class of each cell of a scene; see `iter_predict_scene_cc`."""
    pairs = list(iter_predict_scene_cc(learner, scene, predict_options))
    return ChipClassificationLabels.from_predictions([pair[0] for pair in pairs], [pair[1] for pair in pairs])


def predict_scene_od(
    learner: 'ObjectDetectionLearner', scene: 'Scene', predict_options: 'ObjectDetectionPredictOptions'
) -> ObjectDetectionLabels:
    """Predict the boxes in a scene; see `iter_predict_scene_od`.

    Returns:
        The boxes with a score greater than `score_thresh`; of those of one class that overlap by more than
        `merge_thresh`, the one with the highest score. With `edge_sz`, without boxes that the edge of a window cuts.
        Boxes of lower scores are not kept in memory.
    """
    windows, predictions = [], []
    for window, boxes in iter_predict_scene_od(learner, scene, predict_options):
        kept = boxes['scores'] > predict_options.score_thresh
        if predict_options.edge_sz is not None:
            kept &= _is_whole(boxes['boxes'], window, scene.extent, edge_sz=predict_options.edge_sz)
        windows.append(window)
        predictions.append({name: values[kept] for name, values in boxes.items()})
    labels = ObjectDetectionLabels.from_predictions(windows, predictions)
    return ObjectDetectionLabels.prune_duplicates(
        labels, predict_options.score_thresh, predict_options.merge_thresh, by_class=True
    )


# --------------------------------------------------------------------- internals
def _is_whole(boxes: np.ndarray, window: 'Box', extent: 'Box', *, edge_sz: int) -> np.ndarray:
    """Which boxes, (n, 4), of a window keep their distance from its edges, apart from those at the scene's edges."""
    at_start = np.array([window.ymin <= extent.ymin, window.xmin <= extent.xmin])
    at_end = np.array([window.ymax >= extent.ymax, window.xmax >= extent.xmax])
    whole = (at_start | (boxes[:, :2] >= edge_sz)) & (at_end | (boxes[:, 2:] <= np.array(window.size) - edge_sz))
    return np.asarray(whole.all(axis=1))


class CoveringWindowGeoDataset(SlidingWindowGeoDataset):
    """Windows that reach over the edges of a scene only if it is smaller; see :meth:`.Box.get_covering_windows`."""

    def _grid(self) -> 'list[Box]':
        return self.scene.extent.get_covering_windows(self.size, self.stride)


def _windows_of(
    learner: 'Learner',
    scene: 'Scene',
    options: 'PredictOptions',
    transform_type: TransformType,
    kind: type[SlidingWindowGeoDataset] = SlidingWindowGeoDataset,
) -> SlidingWindowGeoDataset:
    """The windows of a scene as they are given to the model; with an AOI, those that intersect it."""
    unlabeled = copy.copy(scene)
    unlabeled.label_source = None
    transform, _ = learner.cfg.data.get_data_transforms()
    stride = getattr(options, 'stride', None) or options.chip_sz
    dataset = kind(
        unlabeled,
        size=options.chip_sz,
        stride=stride,
        within_aoi=False,
        transform=transform,
        transform_type=transform_type,
    )
    dataset.windows = some_windows(dataset.windows, getattr(options, 'limit', None))
    dataset.gives_chips, dataset.mixes_gaps = True, learner.cfg.no_data == 'mixed'
    return dataset


def _predict_windows(
    learner: 'Learner', dataset: SlidingWindowGeoDataset, options: 'PredictOptions', **predict_kw: Any
) -> 'Iterator[tuple[Box, Any, np.ndarray | None]]':
    """Windows that have data, what the model says, and which of their pixels are data; see :class:`.Chip`.

    Raises:
        DataError: See `check_input`.
    """
    if is_overridden(learner, 'predict_dataset', 'predict_dataloader', base=own_class(learner)):
        yield from _predict_samples(learner, dataset, options, predict_kw)
        return
    predict = learner.predict
    if options.tta is not None:
        predict = partial(learner.predict_augmented, tta=options.tta)
    windows = _Windows(dataset, indices_to_check(len(dataset)))
    with dataset.scene.raster_source.reading_ahead(windows.in_order):
        check_input(learner, dataset, windows.looked_at())
        for batch in _ahead(_batches(windows, options.batch_sz), MAX_BATCHES_AHEAD):
            chips = [chip for _, chip in batch]
            images = torch.stack([chip.pixels for chip in chips])
            more = learner.gaps_kw(chips, images.shape[-2:], predict_kw.get('out_shape'))
            predictions = predict(images, raw_out=True, **predict_kw, **more)
            for (window, chip), prediction in zip(batch, predictions, strict=True):
                yield window, learner.output_to_numpy(prediction), chip.in_window


def _predict_samples(
    learner: 'Learner', dataset: SlidingWindowGeoDataset, options: 'PredictOptions', predict_kw: dict[str, Any]
) -> 'Iterator[tuple[Box, Any, None]]':
    """The same of a learner that predicts datasets in its own way."""
    if options.tta is not None:
        raise ConfigError(
            f'predict_options.tta is {options.tta!r}, but {type(learner).__name__} predicts datasets in its own way. '
            'Leave tta out.'
        )
    loading = {'batch_size': options.batch_sz, 'num_workers': 0}
    predictions = learner.predict_dataset(
        dataset, raw_out=True, numpy_out=True, predict_kw=predict_kw, dataloader_kw=loading, progress_bar=False
    )
    for window, prediction in zip(dataset.windows, predictions, strict=True):
        if not isinstance(prediction, np.ndarray) or not np.isnan(prediction).all():
            yield window, prediction, None


class _Windows:
    """Windows of a scene that have data, as the model takes them. Each is read once, also if it was looked at before.

    Args:
        dataset: The windows.
        first: Indices of those to look at.
    """

    def __init__(self, dataset: SlidingWindowGeoDataset, first: Sequence[int]) -> None:
        self._dataset = dataset
        self._first = first
        self._kept: dict[int, tuple[Chip, SampleChip]] = {}

    @property
    def in_order(self) -> 'list[Box]':
        """All windows, in the order in which they are read."""
        return [*(self._dataset.windows[index] for index in self._first), *self._others()]

    def looked_at(self) -> 'Iterator[torch.Tensor]':
        """Read the images to look at, and keep them until it is their turn."""
        for index in self._first:
            chip = self._read(self._dataset.windows[index])
            image = self._finish(index, chip)
            self._kept[index] = chip, image
            yield image.pixels

    def __iter__(self) -> 'Iterator[tuple[Box, SampleChip]]':
        """Windows and their images."""
        skipped, others = 0, self._read_all(self._others())
        for index, window in enumerate(self._dataset.windows):
            chip, image = self._kept.pop(index) if index in self._first else (next(others), None)
            if chip.is_empty:
                skipped += 1
                continue
            yield window, self._finish(index, chip) if image is None else image
        if skipped:
            log.info(
                'scene %r: %d of %d windows have no data and are not predicted.',
                self._dataset.scene.id,
                skipped,
                len(self._dataset),
            )

    def _others(self) -> 'Iterator[Box]':
        return (window for index, window in enumerate(self._dataset.windows) if index not in self._first)

    def _read(self, window: 'Box') -> 'Chip':
        return self._dataset._read(window)[0]

    def _read_all(self, windows: 'Iterator[Box]') -> 'Iterator[Chip]':
        # A source that streams has threads of its own, and expects one that asks.
        streamed = self._dataset.scene.raster_source.is_streamed
        workers = 1 if streamed else rv_config_.get_namespace_int('rastervision', 'PREDICT_NUM_WORKERS', 1)
        if workers > 1:
            return _in_threads(self._read, windows, min(workers, core_count()))
        return map(self._read, windows)

    def _finish(self, index: int, chip: 'Chip') -> 'SampleChip':
        rng = self._dataset.randomness.generator(index)
        image: SampleChip = self._dataset._finish_chip((chip.pixels, None), rng, chip)[0]
        return replace(image, in_window=chip.valid)


def _in_threads(function: Callable[[S], T], items: Iterable[S], workers: int) -> Iterator[T]:
    """What a function gives for each item, in their order; each thread is at most `MAX_WINDOWS_AHEAD` items ahead."""
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > MAX_WINDOWS_AHEAD * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _ahead(items: Iterable[T], max_ahead: int) -> Iterator[T]:
    """The same items, made in a thread that is at most `max_ahead` items ahead. Its errors are raised here."""
    ready: queue.Queue[tuple[str, Any]] = queue.Queue(max_ahead)
    stopped = threading.Event()

    def put(kind: str, value: Any) -> None:
        while not stopped.is_set():
            try:
                return ready.put((kind, value), timeout=0.1)
            except queue.Full:
                continue

    def work() -> None:
        try:
            for item in items:
                put('item', item)
                if stopped.is_set():
                    return
            put('end', None)
        except BaseException as error:  # raised again in the thread that waits for the item
            put('error', error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while (message := ready.get())[0] == 'item':
            yield message[1]
        if message[0] == 'error':
            raise message[1]
    finally:
        stopped.set()
        thread.join()
