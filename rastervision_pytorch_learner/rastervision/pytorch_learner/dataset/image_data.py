"""Datasets that an image data config asks for."""

import os
from typing import TYPE_CHECKING, Any

from rastervision.pipeline.rv_config import rv_config_
from rastervision.pytorch_learner.dataset.combination import Concatenation, num_samples
from rastervision.pytorch_learner.dataset.dataset import AlbumentationsDataset
from rastervision.pytorch_learner.dataset.image_folders import split_dir
from rastervision.pytorch_learner.dataset.oversampling import oversampled

if TYPE_CHECKING:
    import albumentations as A
    from torch.utils.data import Dataset

    from rastervision.pytorch_learner.learner_config.data import Split
    from rastervision.pytorch_learner.learner_config.image_data import ImageDataConfig


def build_image_dataset(config: 'ImageDataConfig', split: 'Split', tmp_dir: str | None) -> 'Dataset[Any]':
    """The dataset of a split: the data folders of `uri`, or those of each of `group_uris`, one after the other.

    Of the training samples, each group gives its share (`group_train_sz`, `group_train_sz_rel`), and of all of them
    `train_sz` or `train_sz_rel` are used.

    Args:
        config: The config.
        split: The split.
        tmp_dir: Where zips are unpacked, once for all splits. None: a temporary folder of the process.
    """
    valid_transform, train_transform = config.get_data_transforms()
    transform = train_transform if split == 'train' else valid_transform
    unzip_dir = os.path.join(tmp_dir if tmp_dir is not None else rv_config_.get_tmp_dir_root(), 'data')
    uris: list[Any] = config.group_uris if config.group_uris is not None else [config.uri]
    groups = [_group(config, uri, split, transform, unzip_dir) for uri in uris if uri is not None]
    first = 0  # samples are numbered throughout, so that nothing depends on how chips were put into zips
    for part in (part for group in groups for part in group.datasets):
        if isinstance(part, AlbumentationsDataset):
            part.randomness.first = first
        first += num_samples(part)
    if split != 'train':
        return Concatenation(groups)
    shares = [_share(config, group, index) for index, group in enumerate(groups)]
    chosen = config.random_subset_dataset(Concatenation(shares), size=config.train_sz, fraction=config.train_sz_rel)
    return oversampled(chosen, config.rare_class_ids, config.desired_prob)


def _group(
    config: 'ImageDataConfig', uri: str | list[str], split: 'Split', transform: 'A.BasicTransform', unzip_dir: str
) -> Concatenation:
    dirs = [split_dir(data_dir, split) for data_dir in config.get_data_dirs(uri, unzip_dir)]
    return Concatenation([config.dir_to_dataset(folder, transform) for folder in dirs if folder is not None])


def _share(config: 'ImageDataConfig', group: Concatenation, index: int) -> Any:
    def of_group(value: Any) -> Any:
        return value[index] if isinstance(value, list) else value

    size, fraction = of_group(config.group_train_sz), of_group(config.group_train_sz_rel)
    return config.random_subset_dataset(group, size=size, fraction=fraction)
