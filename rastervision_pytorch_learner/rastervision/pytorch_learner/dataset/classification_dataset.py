"""Datasets of chip classification."""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from rastervision.core.box import Box
from rastervision.core.data.label_source.chip_classification_label_source import ChipClassificationLabelSource
from rastervision.core.data.scene_factory import make_cc_scene
from rastervision.pytorch_learner.dataset.dataset import (
    GeoDataset,
    ImageDataset,
    RandomWindowGeoDataset,
    SlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.errors import WindowSamplingError
from rastervision.pytorch_learner.dataset.image_folder import make_image_folder_dataset
from rastervision.pytorch_learner.dataset.transform import TransformType

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig

D = TypeVar('D', bound=GeoDataset)

log = logging.getLogger(__name__)


class ClassificationImageDataset(ImageDataset):
    """Images in a folder for each class.

    Args:
        data_dir: The folder with those folders.
        class_names: Names of the classes, by class id. None: the names of the folders, sorted.
        args: See `AlbumentationsDataset`.
        kwargs: See `AlbumentationsDataset`.
    """

    def __init__(self, data_dir: str, class_names: Iterable[str] | None = None, *args: Any, **kwargs: Any) -> None:
        folder = make_image_folder_dataset(data_dir, class_names)
        super().__init__(folder, *args, **{'transform_type': TransformType.classification, **kwargs})


def make_cc_geodataset(
    cls: type[D],
    image_uri: str | list[str],
    label_vector_uri: str | None = None,
    class_config: 'ClassConfig | None' = None,
    aoi_uri: str | list[str] = [],  # noqa: B006  (not changed)
    label_vector_default_class_id: int | None = None,
    image_raster_source_kw: dict[str, Any] | None = None,
    label_vector_source_kw: dict[str, Any] | None = None,
    label_source_kw: dict[str, Any] | None = None,
    **kwargs: Any,
) -> D:
    """Make a dataset from URIs of imagery and labels.

    Args:
        cls: Class of the dataset.
        image_uri: The image, or several of one scene.
        label_vector_uri: Labels as GeoJSON.
        class_config: The classes; needed with labels.
        aoi_uri: GeoJSON of the area of interest, or several.
        label_vector_default_class_id: Class of the features that do not name one.
        image_raster_source_kw: Further arguments of the raster source of the image.
        label_vector_source_kw: Further arguments of the vector source of the labels.
        label_source_kw: Arguments of the config of the label source.
        kwargs: Further arguments of the dataset.
    """
    scene = make_cc_scene(
        image_uri,
        label_vector_uri=label_vector_uri,
        class_config=class_config,
        aoi_uri=aoi_uri,
        label_vector_default_class_id=label_vector_default_class_id,
        image_raster_source_kw=image_raster_source_kw or {},
        label_vector_source_kw=label_vector_source_kw or {},
        label_source_kw={'lazy': True, **(label_source_kw or {})},  # windows, not cells, are what needs labels
    )
    return cls(scene, **kwargs)


class ClassificationSlidingWindowGeoDataset(SlidingWindowGeoDataset):
    """Windows on a grid; labels are class ids. Windows without a label are left out.

    Arguments: see `SlidingWindowGeoDataset`.
    """

    from_uris = classmethod(make_cc_geodataset)  # type: ignore[arg-type, var-annotated]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{'transform_type': TransformType.classification, **kwargs})

    def init_windows(self) -> None:
        """Make the windows, and find the labels of all of them in one go."""
        super().init_windows()
        source = self.scene.label_source
        if source is None:
            return
        if isinstance(source, ChipClassificationLabelSource) and (source.lazy or source.cfg.infer_cells):
            source.populate_labels([window.to_global_coords(self.scene.bbox) for window in self.windows])
        count, self.windows = len(self.windows), source.labeled_windows(self.windows)
        if len(self.windows) < count:
            log.info('Scene %r: %d of %d windows have a label.', self.scene.id, len(self.windows), count)


class ClassificationRandomWindowGeoDataset(RandomWindowGeoDataset):
    """Random windows that have a label; labels are class ids. Arguments: see `RandomWindowGeoDataset`."""

    from_uris = classmethod(make_cc_geodataset)  # type: ignore[arg-type, var-annotated]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{'transform_type': TransformType.classification, **kwargs})

    def sample_window(self) -> Box:
        """A random window with a label.

        Raises:
            WindowSamplingError: If none was found.
        """
        source = self.scene.label_source
        for _ in range(self.max_sample_attempts):
            window = super().sample_window()
            if source is None or source.labeled_windows([window]):
                return window
        raise WindowSamplingError(
            f'None of {self.max_sample_attempts} random windows has a label. Set background_class_id, restrict the '
            'scene to what is labelled with aoi_uris, or use sliding windows.'
        )
