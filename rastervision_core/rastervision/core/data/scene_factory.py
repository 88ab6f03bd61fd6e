"""Scenes from URIs, without configs."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rastervision.core.data.label_source.chip_classification_label_source import ChipClassificationLabelSource
from rastervision.core.data.label_source.chip_classification_label_source_config import (
    ChipClassificationLabelSourceConfig,
)
from rastervision.core.data.label_source.object_detection_label_source import ObjectDetectionLabelSource
from rastervision.core.data.label_source.semantic_segmentation_label_source import SemanticSegmentationLabelSource
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.raster_source.rasterized_source import RasterizedSource
from rastervision.core.data.scene import Scene, naming_scene
from rastervision.core.data.vector_source.aoi import read_aoi
from rastervision.core.data.vector_source.geojson_vector_source import GeoJSONVectorSource
from rastervision.core.data.vector_source.geojson_vector_source_config import GeoJSONVectorSourceConfig
from rastervision.core.data.vector_transformer.class_inference_transformer import ClassInferenceTransformer
from rastervision.pipeline.errors import ArgumentError

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.label_source.label_source import LabelSource

Options = dict[str, Any]
URIs = str | list[str]
BuildLabels = Callable[[RasterioSource], 'LabelSource | None']


def make_ss_scene(
    image_uri: URIs,
    label_raster_uri: URIs | None = None,
    class_config: 'ClassConfig | None' = None,
    label_vector_uri: str | None = None,
    aoi_uri: URIs = [],  # noqa: B006  (not changed)
    label_vector_default_class_id: int | None = None,
    image_raster_source_kw: Options = {},  # noqa: B006
    label_raster_source_kw: Options = {},  # noqa: B006
    label_vector_source_kw: Options = {},  # noqa: B006
    scene_id: str | None = None,
) -> Scene:
    """Make a scene for semantic segmentation.

    Args:
        image_uri: The image, or several that make a mosaic.
        label_raster_uri: Raster of class ids.
        class_config: The classes; needed for labels. It must have a null class.
        label_vector_uri: GeoJSON of labels, instead of a raster.
        aoi_uri: GeoJSON of the areas of interest.
        label_vector_default_class_id: Class of features that do not say which they are of. None: they are left out.
        image_raster_source_kw: Further arguments of the :class:`.RasterioSource` of the image.
        label_raster_source_kw: The same of the labels: of their :class:`.RasterioSource`, or with a GeoJSON of the
            :class:`.RasterizedSource`.
        label_vector_source_kw: Further arguments of the :class:`.GeoJSONVectorSource` of the labels.
        scene_id: Name of the scene. None: from the name of the image.

    Raises:
        ArgumentError: If labels are given twice, or without classes.
    """
    if label_raster_uri and label_vector_uri:
        raise ArgumentError('Give either label_raster_uri or label_vector_uri, not both.')

    def build_labels(image: RasterioSource) -> SemanticSegmentationLabelSource | None:
        raster: RasterioSource | RasterizedSource
        if label_raster_uri:
            classes = _need_classes(class_config)
            raster = RasterioSource(label_raster_uri, **label_raster_source_kw)
        elif label_vector_uri:
            classes = _need_classes(class_config)
            classes.ensure_null_class()
            vectors = _vector_source(
                label_vector_uri, image, classes, label_vector_default_class_id, label_vector_source_kw
            )
            background = {'background_class_id': classes.null_class_id, 'bbox': image.bbox}
            raster = RasterizedSource(vectors, **{**background, **label_raster_source_kw})
        else:
            return None
        return SemanticSegmentationLabelSource(raster, classes)

    return _make_scene(image_uri, aoi_uri, image_raster_source_kw, scene_id, build_labels)


def make_cc_scene(
    image_uri: URIs,
    label_vector_uri: str | None = None,
    class_config: 'ClassConfig | None' = None,
    aoi_uri: URIs = [],  # noqa: B006
    label_vector_default_class_id: int | None = None,
    image_raster_source_kw: Options = {},  # noqa: B006
    label_vector_source_kw: Options = {},  # noqa: B006
    label_source_kw: Options = {},  # noqa: B006
    scene_id: str | None = None,
) -> Scene:
    """Make a scene for chip classification.

    Args:
        image_uri: The image, or several that make a mosaic.
        label_vector_uri: GeoJSON of labels.
        class_config: The classes; needed for labels.
        aoi_uri: GeoJSON of the areas of interest.
        label_vector_default_class_id: Class of features that do not say which they are of. None: they are left out.
        image_raster_source_kw: Further arguments of the :class:`.RasterioSource` of the image.
        label_vector_source_kw: Further arguments of the :class:`.GeoJSONVectorSource` of the labels.
        label_source_kw: Fields of a :class:`.ChipClassificationLabelSourceConfig`.
        scene_id: Name of the scene. None: from the name of the image.

    Raises:
        ArgumentError: If labels are given without classes.
    """

    def build_labels(image: RasterioSource) -> ChipClassificationLabelSource | None:
        if not label_vector_uri:
            return None
        classes = _need_classes(class_config)
        vectors = _vector_source(
            label_vector_uri, image, classes, label_vector_default_class_id, label_vector_source_kw
        )
        fields = {'vector_source': GeoJSONVectorSourceConfig(uris=label_vector_uri), **label_source_kw}
        config = ChipClassificationLabelSourceConfig(**fields)
        return ChipClassificationLabelSource(config, vectors, bbox=image.bbox, lazy=config.lazy)

    return _make_scene(image_uri, aoi_uri, image_raster_source_kw, scene_id, build_labels)


def make_od_scene(
    image_uri: URIs,
    label_vector_uri: str | None = None,
    class_config: 'ClassConfig | None' = None,
    aoi_uri: URIs = [],  # noqa: B006
    label_vector_default_class_id: int | None = None,
    image_raster_source_kw: Options = {},  # noqa: B006
    label_vector_source_kw: Options = {},  # noqa: B006
    label_source_kw: Options = {},  # noqa: B006
    scene_id: str | None = None,
) -> Scene:
    """Make a scene for object detection.

    Args:
        image_uri: The image, or several that make a mosaic.
        label_vector_uri: GeoJSON of labels.
        class_config: The classes; needed for labels.
        aoi_uri: GeoJSON of the areas of interest.
        label_vector_default_class_id: Class of features that do not say which they are of. None: they are left out.
        image_raster_source_kw: Further arguments of the :class:`.RasterioSource` of the image.
        label_vector_source_kw: Further arguments of the :class:`.GeoJSONVectorSource` of the labels.
        label_source_kw: Further arguments of the :class:`.ObjectDetectionLabelSource`.
        scene_id: Name of the scene. None: from the name of the image.

    Raises:
        ArgumentError: If labels are given without classes.
    """

    def build_labels(image: RasterioSource) -> ObjectDetectionLabelSource | None:
        if not label_vector_uri:
            return None
        classes = _need_classes(class_config)
        vectors = _vector_source(
            label_vector_uri, image, classes, label_vector_default_class_id, label_vector_source_kw
        )
        return ObjectDetectionLabelSource(vectors, **{'bbox': image.bbox, **label_source_kw})

    return _make_scene(image_uri, aoi_uri, image_raster_source_kw, scene_id, build_labels)


def _make_scene(
    image_uri: URIs, aoi_uri: URIs, image_kw: Options, scene_id: str | None, build_labels: BuildLabels
) -> Scene:
    first = image_uri if isinstance(image_uri, str) else next(iter(image_uri), '')
    name = os.path.splitext(os.path.basename(first))[0] if scene_id is None else scene_id
    with naming_scene(name):
        # A single channel that is picked is that of the indices of a colour table, if there is one.
        order = image_kw.get('channel_order')
        colors: Options = {'expand_palette': order is None or len(order) > 1}
        image = RasterioSource(image_uri, **colors | image_kw)
        aoi = read_aoi(aoi_uri, image) if aoi_uri else None
        return Scene(name, image, label_source=build_labels(image), aoi_polygons=aoi)


def _vector_source(
    uri: str, image: RasterioSource, classes: 'ClassConfig', default_class_id: int | None, options: Options
) -> GeoJSONVectorSource:
    """Labels with class ids, in pixels of the image; the transformers given in the options come after that."""
    transformers = list(options.get('vector_transformers', []))
    if default_class_id is not None or not any(isinstance(t, ClassInferenceTransformer) for t in transformers):
        transformers = [ClassInferenceTransformer(default_class_id, class_config=classes), *transformers]
    arguments = {**options, 'vector_transformers': transformers}
    return GeoJSONVectorSource(uri, image.crs_transformer, **arguments)


def _need_classes(class_config: 'ClassConfig | None') -> 'ClassConfig':
    if class_config is None:
        raise ArgumentError('Labels need class_config, which says which classes there are.')
    return class_config.copy()
