"""Datasets that a geo data config asks for."""

from typing import TYPE_CHECKING, Any, TypeVar, cast

from rastervision.core.rv_pipeline.chip_options import WindowSamplingConfig, WindowSamplingMethod
from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.dataset.combination import Concatenation, random_subset

if TYPE_CHECKING:
    import albumentations as A
    from torch.utils.data import Dataset

    from rastervision.core.data.scene import Scene
    from rastervision.pytorch_learner.learner_config.data import Split
    from rastervision.pytorch_learner.learner_config.geo_data import GeoDataConfig

S = TypeVar('S')
R = TypeVar('R')

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
    return random_subset(windows, size=config.train_sz, fraction=config.train_sz_rel)


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
        kwargs: Further arguments of the random dataset.
    """
    options: dict[str, Any] = {'transform': transform, 'within_aoi': sampling.within_aoi}
    if for_chipping:
        options |= {'normalize': False, 'to_pytorch': False, 'return_window': True}
    sliding, random = cast(tuple[Any, Any], kinds)
    if sampling.method is WindowSamplingMethod.sliding:
        return cast(S, sliding(scene, **_sliding_options(sampling), **options))
    # Transforms of a data config resize to img_sz; resizing again would blur.
    out_size = sampling.size if transform is None else None
    return cast(R, random(scene, out_size=out_size, **_random_options(sampling), **options, **kwargs))


def _sliding_options(sampling: WindowSamplingConfig) -> dict[str, Any]:
    return {
        'size': sampling.size,
        'stride': sampling.size if sampling.stride is None else sampling.stride,
        'padding': sampling.padding,
        'pad_direction': sampling.pad_direction,
    }


def _random_options(sampling: WindowSamplingConfig) -> dict[str, Any]:
    return {
        'size_lims': sampling.size_lims,
        'h_lims': sampling.h_lims,
        'w_lims': sampling.w_lims,
        'padding': sampling.padding,
        'max_windows': sampling.max_windows,
        'max_sample_attempts': sampling.max_sample_attempts,
        'efficient_aoi_sampling': sampling.efficient_aoi_sampling,
    }
