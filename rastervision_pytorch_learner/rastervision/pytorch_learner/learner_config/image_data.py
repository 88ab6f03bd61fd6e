"""Configures training data that lies in image files (chips)."""

from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from rastervision.core.types import NonNegInt, Proportion
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.learner_config.data import DataConfig, Split

if TYPE_CHECKING:
    import albumentations as A
    from torch.utils.data import Dataset


@register_config('image_data')
class ImageDataConfig(DataConfig):
    """Configure training data that lies in image files.

    A data folder has the folders train, valid and, if wanted, test; what is in those depends on the task.
    """

    data_format: str | None = Field(None, description='How the files are arranged; each task has its own formats.')
    uri: str | list[str] | None = Field(
        None,
        description='Where the data is: a data folder, a zip of one, a list of zips, or a folder of zips; local or '
        'remote.',
    )
    group_uris: list[str | list[str]] | None = Field(
        None,
        description='Several sources of data instead of uri, each as for uri, to be put together. With group_train_sz '
        'or group_train_sz_rel, each gives a share of the training samples.',
    )
    group_train_sz: NonNegInt | list[NonNegInt] | None = Field(
        None, description='Number of training samples from each of group_uris; one number counts for all of them.'
    )
    group_train_sz_rel: Proportion | list[Proportion] | None = Field(
        None,
        description='Part (0 to 1) of the training samples of each of group_uris to use; one number counts for all.',
    )

    @model_validator(mode='after')
    def validate_group_uris(self) -> Self:
        """Check that the sizes of the groups fit the groups."""
        given = [name for name in ('group_train_sz', 'group_train_sz_rel') if getattr(self, name) is not None]
        if len(given) == 2:
            raise ConfigError('group_train_sz and group_train_sz_rel are both given. Leave one out.')
        if given and self.group_uris is None:
            raise ConfigError(f'{given[0]} is given without group_uris. Use train_sz or train_sz_rel with uri.')
        for name in given:
            sizes = getattr(self, name)
            if isinstance(sizes, list) and len(sizes) != len(self.group_uris or []):
                raise ConfigError(
                    f'{name} has {len(sizes)} values for {len(self.group_uris or [])} group_uris. Give one for each, '
                    'or one number for all.'
                )
        return self

    def build_dataset(self, split: Split, tmp_dir: str | None = None) -> 'Dataset[Any]':
        """Make the dataset of one split; it is empty if there is no data for it.

        Zips are unpacked under `tmp_dir`, once for all splits.
        """
        from rastervision.pytorch_learner.dataset.image_data import build_image_dataset

        return build_image_dataset(self, split, tmp_dir)

    def dir_to_dataset(self, data_dir: str, transform: 'A.BasicTransform') -> 'Dataset[Any]':
        """Make a dataset of the folder of one split."""
        raise ConfigError(f'{type(self).__name__} has no task. Use, say, SemanticSegmentationImageDataConfig.')

    def get_data_dirs(self, uri: str | list[str], unzip_dir: str) -> list[str]:
        """The data folders at a URI, local, in a fixed order; see the field `uri`.

        Args:
            uri: A data folder, a zip, a list of zips, or a folder of zips.
            unzip_dir: Where zips are unpacked.

        Raises:
            NotReadableError: If there is nothing of the kind.
        """
        from rastervision.pytorch_learner.dataset.image_folders import get_data_dirs

        return get_data_dirs(uri, unzip_dir, self.unzip_data)

    def unzip_data(self, zip_uris: list[str], unzip_dir: str) -> list[str]:
        """Unpack zips, each into a folder of its own under `unzip_dir`, and give those folders."""
        from rastervision.pytorch_learner.dataset.image_folders import unzip_data

        return unzip_data(zip_uris, unzip_dir)
