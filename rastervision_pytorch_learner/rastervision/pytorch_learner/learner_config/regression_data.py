"""Configures data of regression on chips."""

from enum import Enum
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from rastervision.core.types import NonNegInt, PosInt
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import ConfigError
from rastervision.pytorch_learner.compat import reg_data_config_upgrader
from rastervision.pytorch_learner.learner_config.geo_data import GeoDataConfig
from rastervision.pytorch_learner.learner_config.image_data import ImageDataConfig
from rastervision.pytorch_learner.learner_config.plot_options import PlotOptions

if TYPE_CHECKING:
    import albumentations as A

    from rastervision.core.data.scene import Scene
    from rastervision.pytorch_learner.dataset.regression_dataset import (
        RegressionImageDataset,
        RegressionRandomWindowGeoDataset,
        RegressionSlidingWindowGeoDataset,
    )


class RegressionDataFormat(Enum):
    """How files of regression are arranged."""

    csv = 'csv'


@register_config('regression_plot_options')
class RegressionPlotOptions(PlotOptions):
    """Configure the plots of a regression."""

    max_scatter_points: NonNegInt = Field(5000, description='Plot at most this many samples in scatter plots.')
    hist_bins: PosInt = Field(30, description='Number of bins of histograms.')

    def for_visualizer(self) -> dict[str, Any]:
        """The options as arguments of the task's visualizer."""
        own = {'max_scatter_points': self.max_scatter_points, 'hist_bins': self.hist_bins}
        return {**super().for_visualizer(), **own}


@register_config('regression_data', upgrader=reg_data_config_upgrader)
class RegressionDataConfig(Config):
    """What the data configs of regression have in common."""

    pos_class_names: list[str] = Field(
        default_factory=list, description='Targets that are positive: the model gives exp of its output for them.'
    )
    prob_class_names: list[str] = Field(
        default_factory=list, description='Targets between 0 and 1: the model gives the sigmoid of its output for them.'
    )

    @model_validator(mode='after')
    def _there_are_no_rare_classes(self) -> Self:
        """Refuse what is for labels that are classes."""
        if getattr(self, 'rare_class_ids', None) is not None:
            raise ConfigError(
                'rare_class_ids is for labels that are classes; those of regression are numbers. Leave it out.'
            )
        return self


@register_config('regression_image_data')
class RegressionImageDataConfig(RegressionDataConfig, ImageDataConfig):
    """Configure chips for regression: `train/img/*.png` and `train/labels.csv` (file name, then the targets)."""

    plot_options: RegressionPlotOptions | None = Field(
        default_factory=lambda: RegressionPlotOptions(), description='How samples and predictions are plotted.'
    )

    data_format: RegressionDataFormat = Field(  # type: ignore[assignment]
        RegressionDataFormat.csv, description='How the files are arranged.'
    )

    def dir_to_dataset(self, data_dir: str, transform: 'A.BasicTransform') -> 'RegressionImageDataset':
        """Make a dataset of the folder of one split."""
        from rastervision.pytorch_learner.dataset.regression_dataset import RegressionImageDataset

        return RegressionImageDataset(data_dir, self.class_names, transform=transform)


@register_config('regression_geo_data')
class RegressionGeoDataConfig(RegressionDataConfig, GeoDataConfig):
    """Configure windows of scenes for regression."""

    plot_options: RegressionPlotOptions | None = Field(
        default_factory=lambda: RegressionPlotOptions(), description='How samples and predictions are plotted.'
    )

    def scene_to_dataset(
        self, scene: 'Scene', transform: 'A.BasicTransform | None' = None, for_chipping: bool = False
    ) -> 'RegressionSlidingWindowGeoDataset | RegressionRandomWindowGeoDataset':
        """Make the dataset of the windows of one scene; see `GeoDataConfig.scene_to_dataset`."""
        from rastervision.pytorch_learner.dataset.geo_data import sample_scene
        from rastervision.pytorch_learner.dataset.regression_dataset import (
            RegressionRandomWindowGeoDataset,
            RegressionSlidingWindowGeoDataset,
        )

        kinds = (RegressionSlidingWindowGeoDataset, RegressionRandomWindowGeoDataset)
        return sample_scene(scene, self.get_sampling(scene.id), kinds, transform, for_chipping=for_chipping)
