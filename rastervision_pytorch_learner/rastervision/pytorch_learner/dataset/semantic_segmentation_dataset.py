"""Datasets of semantic segmentation."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from torch.utils.data import Dataset

from rastervision.core.data.scene_factory import make_ss_scene
from rastervision.pytorch_learner.dataset.dataset import (
    GeoDataset,
    ImageDataset,
    RandomWindowGeoDataset,
    SlidingWindowGeoDataset,
)
from rastervision.pytorch_learner.dataset.errors import ImageDatasetError
from rastervision.pytorch_learner.dataset.image_files import discover_images, load_image, load_label
from rastervision.pytorch_learner.dataset.transform import TransformType

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig

D = TypeVar('D', bound=GeoDataset)


class SemanticSegmentationDataReader(Dataset[tuple[np.ndarray, np.ndarray | None]]):
    """Images and, in files of the same name, the class id of each pixel.

    Args:
        img_dir: Folder of the images.
        label_dir: Folder of the labels.
        need_labels: Whether each image must have a label. If not, the label of one without is None.

    Raises:
        ImageDatasetError: If the files do not go together.
    """

    def __init__(self, img_dir: str, label_dir: str, *, need_labels: bool = True) -> None:
        self.img_dir, self.label_dir = Path(img_dir), Path(label_dir)
        self.need_labels = need_labels
        self.img_paths = discover_images(self.img_dir)
        self.label_paths = discover_images(self.label_dir)
        self.validate_paths()
        by_name = {path.stem: path for path in self.label_paths}
        self._labels = [by_name.get(path.stem) for path in self.img_paths]

    def validate_paths(self) -> None:
        """Check that there is one label for each image, or, if labels are not needed, one image for each label.

        Raises:
            ImageDatasetError: Naming the first few files that have no partner.
        """
        images, labels = {p.stem for p in self.img_paths}, {p.stem for p in self.label_paths}
        complete = len(self.img_paths) == len(self.label_paths) and images == labels
        if complete or (not self.need_labels and labels <= images and len(labels) == len(self.label_paths)):
            return
        alone = sorted(images ^ labels)
        raise ImageDatasetError(
            f'{len(self.img_paths)} images in {str(self.img_dir)!r} and {len(self.label_paths)} labels in '
            f'{str(self.label_dir)!r} do not go together. Names without a partner: {alone[:5]!r}. Give each image '
            'one label file of the same name.'
        )

    def __getitem__(self, ind: int) -> tuple[np.ndarray, np.ndarray | None]:
        image, label = load_image(self.img_paths[ind]), self.label(ind)
        if label is not None and image.shape[-3:-1] != label.shape[:2]:
            raise ImageDatasetError(
                f'{str(self._labels[ind])!r} has {label.shape[0]} x {label.shape[1]} pixels, but its image '
                f'{str(self.img_paths[ind])!r} {image.shape[-3]} x {image.shape[-2]}. Make them of the same size, with '
                'nearest neighbours for labels.'
            )
        return image, label

    def label(self, index: int) -> np.ndarray | None:
        """The label of a sample; None, if it has none."""
        path = self._labels[index]
        return None if path is None else load_label(path)

    def image_path(self, index: int) -> str:
        """The image file of a sample."""
        return str(self.img_paths[index])

    def sample_name(self, index: int) -> str:
        """The label file of a sample, for messages; that of the image, if it has none."""
        return str(self._labels[index] or self.img_paths[index])

    def __len__(self) -> int:
        return len(self.img_paths)


class SemanticSegmentationImageDataset(ImageDataset):
    """Images and labels from files.

    Args:
        img_dir: Folder of the images.
        label_dir: Folder of the labels.
        args: See `AlbumentationsDataset`.
        need_labels: See `SemanticSegmentationDataReader`.
        kwargs: See `AlbumentationsDataset`.
    """

    def __init__(self, img_dir: str, label_dir: str, *args: Any, need_labels: bool = True, **kwargs: Any) -> None:
        reader = SemanticSegmentationDataReader(img_dir, label_dir, need_labels=need_labels)
        super().__init__(reader, *args, **{'transform_type': TransformType.semantic_segmentation, **kwargs})


def make_ss_geodataset(
    cls: type[D],
    image_uri: str | list[str],
    label_raster_uri: str | list[str] | None = None,
    label_vector_uri: str | None = None,
    class_config: 'ClassConfig | None' = None,
    aoi_uri: str | list[str] = [],  # noqa: B006  (not changed)
    label_vector_default_class_id: int | None = None,
    image_raster_source_kw: dict[str, Any] | None = None,
    label_raster_source_kw: dict[str, Any] | None = None,
    label_vector_source_kw: dict[str, Any] | None = None,
    **kwargs: Any,
) -> D:
    """Make a dataset from URIs of imagery and labels.

    Args:
        cls: Class of the dataset.
        image_uri: The image, or several of one scene.
        label_raster_uri: Labels as a raster of class ids; or give `label_vector_uri`; or neither.
        label_vector_uri: Labels as GeoJSON.
        class_config: The classes; needed with labels.
        aoi_uri: GeoJSON of the area of interest, or several.
        label_vector_default_class_id: Class of the features that do not name one.
        image_raster_source_kw: Further arguments of the raster source of the image.
        label_raster_source_kw: Further arguments of the raster source of the labels.
        label_vector_source_kw: Further arguments of the vector source of the labels.
        kwargs: Further arguments of the dataset.
    """
    scene = make_ss_scene(
        image_uri,
        label_raster_uri=label_raster_uri,
        class_config=class_config,
        label_vector_uri=label_vector_uri,
        aoi_uri=aoi_uri,
        label_vector_default_class_id=label_vector_default_class_id,
        image_raster_source_kw=image_raster_source_kw or {},
        label_raster_source_kw=label_raster_source_kw or {},
        label_vector_source_kw=label_vector_source_kw or {},
    )
    return cls(scene, **kwargs)


class SemanticSegmentationSlidingWindowGeoDataset(SlidingWindowGeoDataset):
    """Windows on a grid; labels are class ids (height, width). Arguments: see `SlidingWindowGeoDataset`."""

    from_uris = classmethod(make_ss_geodataset)  # type: ignore[arg-type, var-annotated]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{'transform_type': TransformType.semantic_segmentation, **kwargs})


class SemanticSegmentationRandomWindowGeoDataset(RandomWindowGeoDataset):
    """Random windows; labels are class ids (height, width). Arguments: see `RandomWindowGeoDataset`."""

    from_uris = classmethod(make_ss_geodataset)  # type: ignore[arg-type, var-annotated]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{'transform_type': TransformType.semantic_segmentation, **kwargs})
