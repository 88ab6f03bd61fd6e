"""Configures the data of a learner: what all sources of data have in common."""

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from rastervision.core.data.class_config import ClassConfig
from rastervision.core.types import ChannelCount, NonNegInt, PosInt, PosProportion, Proportion, Side
from rastervision.pipeline.config.base import Config, added_field
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError, did_you_mean
from rastervision.pytorch_learner.channel_display import validate_channel_display_groups
from rastervision.pytorch_learner.compat import data_config_upgrader as data_config_upgrader
from rastervision.pytorch_learner.learner_config.plot_options import PlotOptions
from rastervision.pytorch_learner.transform_dict import (
    LAMBDA_PATH_KEY,
    check_bands,
    transform_names,
    validate_transform_dict,
)

if TYPE_CHECKING:
    import albumentations as A
    from torch.utils.data import Dataset

Split = Literal['train', 'valid', 'test']

default_augmentors = ['RandomRotate90', 'HorizontalFlip', 'VerticalFlip']
augmentors = [
    'Blur',
    'RandomRotate90',
    'HorizontalFlip',
    'VerticalFlip',
    'GaussianBlur',
    'GaussNoise',
    'RGBShift',
    'ToGray',
    'NodataPatches',
]


@register_config('data', upgrader=data_config_upgrader)
class DataConfig(Config):
    """Configure the data that a model is trained and validated with."""

    class_config: ClassConfig | None = Field(
        None, description='Names and colors of the classes. None: filled in from the dataset or the pipeline.'
    )
    img_channels: ChannelCount | None = Field(
        None, description='Number of channels of the images. None: found out from the data.'
    )
    img_sz: Side = Field(
        256,
        description='Side in pixels that images and labels are resized to before they go into the model.',
    )
    train_sz: PosInt | None = Field(
        None,
        description='Use this many training samples, chosen at random once, instead of all. More than there are: all.',
    )
    train_sz_rel: PosProportion | None = Field(
        None, description='Use this part (0 to 1) of the training samples, chosen at random once, instead of all.'
    )
    rare_class_ids: list[NonNegInt] | None = added_field(
        None,
        'Classes that training samples are to have more often than by chance, see desired_prob. A class id is the '
        'place of a class in class_config. Not for regression.',
        min_length=1,
    )
    desired_prob: Proportion = added_field(
        0.5,
        'Share (0 to 1) of the training samples that have any of rare_class_ids: a pixel, an object, or the class of '
        'the chip. The number of samples stays; those of one kind come several times in an epoch, transformed anew, '
        'and random windows are drawn where the classes are.',
    )
    num_workers: NonNegInt = Field(
        4,
        description='Number of processes that load samples, as far as there are cores; 0 loads them in the main '
        'process.',
    )
    augmentors: list[str] = Field(
        default_factory=lambda: list(default_augmentors),
        description='Transforms, with their default parameters, that are applied at random to training samples: of '
        f'albumentations, and NodataPatches. Any of {", ".join(augmentors)}. Ignored if aug_transform is given.',
    )
    base_transform: dict[str, Any] | None = Field(
        None,
        description='A serialised albumentations transform that is applied to all samples, of any split, after they '
        'are resized to img_sz.',
    )
    aug_transform: dict[str, Any] | None = Field(
        None,
        description='A serialised albumentations transform for training samples, in place of augmentors.',
    )
    plot_options: PlotOptions | None = Field(
        default_factory=lambda: PlotOptions(), description='How samples and predictions are plotted.'
    )
    preview_batch_limit: PosInt | None = Field(
        None, description='Plot at most this many samples in each preview. None: a whole batch.'
    )

    @field_validator('base_transform', 'aug_transform')
    @classmethod
    def _validate_transforms(cls, v: dict[str, Any] | None) -> dict[str, Any] | None:
        return validate_transform_dict(v)

    @field_validator('augmentors')
    @classmethod
    def validate_augmentors(cls, v: list[str]) -> list[str]:
        """Check that all augmentors are known.

        Raises:
            ConfigError: Naming the first that is not, and the nearest that is.
        """
        for name in v:
            if name not in augmentors:
                near = did_you_mean(name, augmentors)
                raise ConfigError(f'unknown augmentor {name!r}. Choose from {", ".join(augmentors)}{near or "."}')
        return v

    @model_validator(mode='after')
    def _rare_classes_are_classes(self) -> Self:
        """Refuse ids of rare classes that are none, once the classes are known."""
        unknown = [id for id in self.rare_class_ids or [] if self.class_config is not None and id >= self.num_classes]
        if unknown:
            raise ConfigError(
                f'rare_class_ids: {unknown!r} are no class ids. These go from 0 to {self.num_classes - 1}: '
                f'{self.class_names!r:.500}.'
            )
        return self

    @model_validator(mode='after')
    def _transforms_take_the_bands(self) -> Self:
        """Refuse transforms that cannot take the images, once the number of channels is known."""
        if self.img_channels is not None:
            if self.aug_transform is None:
                check_bands(self.augmentors, self.img_channels, 'augmentors')
            for name in ('base_transform', 'aug_transform'):
                check_bands(transform_names(getattr(self, name)), self.img_channels, name)
        return self

    @model_validator(mode='after')
    def validate_plot_options(self) -> Self:
        """Fill in and check the channels to plot, once the number of channels is known."""
        if self.plot_options is None or self.img_channels is None:
            return self
        options = self.plot_options
        if options.channel_display_groups is None:
            options = options.copy()
            options.update(img_channels=self.img_channels)
            self._set(plot_options=options)
        for name, channels in (validate_channel_display_groups(options.channel_display_groups) or {}).items():
            if max(channels) >= self.img_channels:
                raise ConfigError(
                    f'plot_options.channel_display_groups: {name!r} asks for channel {max(channels)}, but '
                    f'img_channels is {self.img_channels}. Use indices from 0 to {self.img_channels - 1}.'
                )
        return self

    def validate_config(self) -> None:
        """Check that a share of rare classes comes with these classes.

        Raises:
            ConfigError: If not.
        """
        super().validate_config()
        if self.rare_class_ids is None and self.desired_prob != type(self).model_fields['desired_prob'].default:
            raise ConfigError(
                f'desired_prob {self.desired_prob} is given without rare_class_ids. Give these, or leave out both.'
            )

    @property
    def class_names(self) -> list[str]:
        """Names of the classes, by class id; empty if there is no class config."""
        return list(self.class_config.names) if self.class_config is not None else []

    @property
    def class_colors(self) -> list[Any]:
        """Colors of the classes, by class id; empty if there is no class config."""
        return list(self.class_config.colors or []) if self.class_config is not None else []

    @property
    def num_classes(self) -> int:
        """Number of classes, with the null class if it is one of them."""
        return len(self.class_names)

    def get_custom_albumentations_transforms(self) -> list[dict[str, Any]]:
        """The transform dicts that name a file with lambda transforms of the user."""
        plot_transform = self.plot_options.transform if self.plot_options is not None else None
        transforms = (self.base_transform, self.aug_transform, plot_transform)
        return [tf for tf in transforms if tf is not None and tf.get(LAMBDA_PATH_KEY)]

    def get_bbox_params(self) -> 'A.BboxParams | None':
        """How albumentations is to treat boxes; None: there are none."""
        return None

    def get_data_transforms(self) -> 'tuple[A.BasicTransform, A.BasicTransform]':
        """The transform of validation and test samples, and that of training samples."""
        from rastervision.pytorch_learner.dataset.augmentation import make_data_transforms

        return make_data_transforms(self)

    def build(self, tmp_dir: str | None = None) -> 'tuple[Dataset[Any], Dataset[Any], Dataset[Any]]':
        """Make the training, validation and test dataset.

        Args:
            tmp_dir: Where remote files are downloaded to and zips are unpacked. None: a folder of the run.
        """
        return (
            self.build_dataset('train', tmp_dir),
            self.build_dataset('valid', tmp_dir),
            self.build_dataset('test', tmp_dir),
        )

    def build_dataset(self, split: Split, tmp_dir: str | None = None) -> 'Dataset[Any]':
        """Make the dataset of one split; it may be empty."""
        raise ConfigError(
            f'{type(self).__name__} does not say where the {split} data is. Use a config of image or geo data.'
        )

    def random_subset_dataset(
        self, ds: 'Dataset[Any]', size: int | None = None, fraction: Proportion | None = None
    ) -> 'Dataset[Any]':
        """A random part of a dataset, always the same one for the same size.

        Args:
            ds: The dataset.
            size: How many samples; more than there are: all.
            fraction: Which part of the samples, instead of `size`.

        Raises:
            ConfigError: If both are given.
        """
        from rastervision.pytorch_learner.dataset.combination import random_subset

        return random_subset(ds, size=size, fraction=fraction)
