"""Datasets that a geo data config asks for."""

import logging
from typing import TYPE_CHECKING, Any, TypeVar, cast

from rastervision.core.rv_pipeline.chip_options import OF_OBJECTS, WindowSamplingConfig, WindowSamplingMethod
from rastervision.core.rv_pipeline.chipping import count_random_windows, sample_windows, some_windows
from rastervision.core.rv_pipeline.object_detection_config import ObjectDetectionWindowSamplingConfig
from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.dataset.combination import Concatenation
from rastervision.pytorch_learner.dataset.oversampling import oversampled

if TYPE_CHECKING:
    import albumentations as A
    from torch.utils.data import Dataset

    from rastervision.core.data.scene import Scene
    from rastervision.pytorch_learner.learner_config.data import Split
    from rastervision.pytorch_learner.learner_config.geo_data import GeoDataConfig

log = logging.getLogger(__name__)

S = TypeVar('S')
R = TypeVar('R')
L = TypeVar('L')

SLIDING_OPTIONS = ('ioa_thresh', 'clip')
SCENES_OF_SPLIT = {'train': 'train_scenes', 'valid': 'validation_scenes', 'test': 'test_scenes'}


def build_geo_dataset(
    config: 'GeoDataConfig', split: 'Split', tmp_dir: str | None, *, for_chipping: bool = False
) -> 'Dataset[Any]':
    """The dataset of a split: the windows of its scenes, scene after scene.

    Args:
        config: The config.
        split: The split.
        tmp_dir: Where remote files are downloaded to. None: a temporary folder of the process.
        for_chipping: Give samples as they are read, resized to the size of a chip only, and all of them.
    """
    if config.scene_dataset is None:
        raise ConfigError('scene_dataset is missing, which has the scenes. Give it, or run inside a pipeline.')
    valid_transform, train_transform = config.get_data_transforms()
    transform = None if for_chipping else (train_transform if split == 'train' else valid_transform)
    scenes = config.build_scenes(getattr(config.scene_dataset, SCENES_OF_SPLIT[split]), tmp_dir)
    windows = Concatenation(
        [config.scene_to_dataset(scene, transform=transform, for_chipping=for_chipping) for scene in scenes]
    )
    if split != 'train' or for_chipping:
        return windows
    chosen = config.random_subset_dataset(windows, size=config.train_sz, fraction=config.train_sz_rel)
    return oversampled(chosen, config.rare_class_ids, config.desired_prob)


def sample_scene(
    scene: 'Scene',
    sampling: WindowSamplingConfig,
    kinds: tuple[type[S], type[R]],
    transform: 'A.BasicTransform | None' = None,
    *,
    for_chipping: bool = False,
    **kwargs: Any,
) -> S | R:
    """The windows of a scene.

    Args:
        scene: The scene.
        sampling: How windows are taken from it.
        kinds: Classes of the sliding and of the random dataset.
        transform: Applied to each sample; it makes all samples one size.
        for_chipping: Give `(sample, window)`, as they are read, resized to `sampling.size` only.
        kwargs: Further arguments of the datasets; the sliding one gets those among `SLIDING_OPTIONS`.
    """
    options = _options(sampling, transform, for_chipping=for_chipping)
    sliding, random = cast(tuple[Any, Any], kinds)
    if sampling.method is WindowSamplingMethod.sliding:
        options |= {name: kwargs[name] for name in SLIDING_OPTIONS if name in kwargs}
        dataset = sliding(scene, **_sliding_options(sampling), **options)
        dataset.windows = some_windows(dataset.windows, sampling.limit)
        return cast(S, dataset)
    out_size = _out_size(sampling, transform)
    options = {'normalize': True, 'to_pytorch': True, **options}
    return cast(R, random(scene, out_size=out_size, **_random_options(sampling, scene), **options, **kwargs))


def windows_of_objects(
    scene: 'Scene',
    sampling: ObjectDetectionWindowSamplingConfig,
    kind: type[L],
    transform: 'A.BasicTransform | None' = None,
    *,
    for_chipping: bool = False,
    **kwargs: Any,
) -> L:
    """The windows of a scene that follow from its objects, or are the image; the same in each epoch.

    Args:
        scene: The scene.
        sampling: How windows are taken from it.
        kind: Class of the dataset.
        transform: See `sample_scene`.
        for_chipping: See `sample_scene`.
        kwargs: Further arguments of the dataset.
    """
    options = {**_options(sampling, transform, for_chipping=for_chipping), **kwargs}
    windows = sample_windows(scene, sampling)
    return cast(L, cast(Any, kind)(scene, windows, out_size=_out_size(sampling, transform), **options))


def _options(
    sampling: WindowSamplingConfig, transform: 'A.BasicTransform | None', *, for_chipping: bool
) -> dict[str, Any]:
    """Arguments of a dataset of any kind."""
    options: dict[str, Any] = {'transform': transform, 'within_aoi': sampling.within_aoi}
    return options | ({'normalize': False, 'to_pytorch': False, 'return_window': True} if for_chipping else {})


def _out_size(sampling: WindowSamplingConfig, transform: 'A.BasicTransform | None') -> int | tuple[int, int] | None:
    """What windows are resized to. Transforms of a data config resize to img_sz; resizing again would blur."""
    return sampling.size if transform is None else None


def box_options(sampling: WindowSamplingConfig, scene: 'Scene') -> dict[str, Any]:
    """Arguments of datasets that say which boxes belong to a window, and how many windows have none.

    Windows on a grid have all boxes that touch them, as those of earlier versions, unless another part is asked for.

    Args:
        sampling: How windows are taken from the scene. Only that of object detection speaks of boxes.
        scene: The scene. One that has no boxes gives windows without them, whatever `neg_ratio` is.
    """
    if not isinstance(sampling, ObjectDetectionWindowSamplingConfig):
        return {}
    if sampling.method is WindowSamplingMethod.sliding:
        is_default = sampling.ioa_thresh == type(sampling).model_fields['ioa_thresh'].default
        return {'ioa_thresh': None if is_default else sampling.ioa_thresh, 'clip': sampling.clip}
    if sampling.method in OF_OBJECTS:
        return {'ioa_thresh': sampling.ioa_thresh, 'clip': sampling.clip}
    neg_ratio = sampling.neg_ratio
    if neg_ratio is not None and scene.label_source is not None and not len(scene.label_source.get_labels()):  # type: ignore[arg-type]
        log.warning('Scene %r has no objects, so all its windows are without; neg_ratio has no effect.', scene.id)
        neg_ratio = None
    return {
        'ioa_thresh': sampling.ioa_thresh,
        'clip': sampling.clip,
        'neg_ratio': None if scene.label_source is None else neg_ratio,
        'neg_ioa_thresh': sampling.neg_ioa_thresh,
    }


def _sliding_options(sampling: WindowSamplingConfig) -> dict[str, Any]:
    return {
        'size': sampling.size,
        'stride': sampling.size if sampling.stride is None else sampling.stride,
        'padding': sampling.padding,
        'pad_direction': sampling.pad_direction,
    }


def _random_options(sampling: WindowSamplingConfig, scene: 'Scene') -> dict[str, Any]:
    return {
        'size_lims': sampling.size_lims,
        'h_lims': sampling.h_lims,
        'w_lims': sampling.w_lims,
        'padding': sampling.padding,
        'max_windows': count_random_windows(scene, sampling),
        'max_sample_attempts': sampling.max_sample_attempts,
        'efficient_aoi_sampling': sampling.efficient_aoi_sampling,
    }
