"""Reads the polygons of vector outputs and the true ones of a scene, and compares them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from rastervision.core.box import Box
from rastervision.core.data.features import Features
from rastervision.core.data.label_source.semantic_segmentation_label_source import SemanticSegmentationLabelSource
from rastervision.core.data.label_store.semantic_segmentation_label_store import SemanticSegmentationLabelStore
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    SUFFIXES,
    PolygonVectorOutputConfig,
    VectorOutputConfig,
)
from rastervision.core.data.label_store.vector_outputs import make_vectorizer
from rastervision.core.data.raster_source.rasterized_source import RasterizedSource
from rastervision.core.data.uris import split_layer
from rastervision.core.data.vector_source.vector_file_source import VectorFileSource
from rastervision.core.data.vector_transformer.class_inference_transformer import ClassInferenceTransformer
from rastervision.core.defaults import SCENE_ID
from rastervision.core.evaluation.pixel_pairs import truth_reader
from rastervision.core.evaluation.polygon_comparison import PolygonComparison, compare_polygons
from rastervision.core.evaluation.semantic_segmentation_evaluation import row_blocks
from rastervision.core.layout import vector_file
from rastervision.pipeline.errors import DataError, NotMappableError, NotReadableError
from rastervision.pipeline.file_system.utils import file_exists, list_paths
from rastervision.pipeline.overriding import is_overridden

if TYPE_CHECKING:
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
    from rastervision.core.data.label_source.label_source import LabelSource
    from rastervision.core.data.scene import Scene
    from rastervision.core.data.vector_source.vector_source import VectorSource
    from rastervision.core.data.vector_transformer.vector_transformer import VectorTransformer

ENDINGS = (*SUFFIXES.values(), '.geojson')
SCORES = ('score', 'confidence', 'Confidence')  # what files of predictions, such as those of SpaceNet, call it


@dataclass(frozen=True)
class ComparedOutput:
    """A vector output of a scene, compared with the truth.

    Attributes:
        name: Name of its file, without an ending.
        class_id: The class that its polygons are of.
        class_name: Name of the class.
        comparison: The polygons, in pixels of the scene.
    """

    name: str
    class_id: int
    class_name: str
    comparison: PolygonComparison


def compare_vector_outputs(
    scene: 'Scene', class_config: 'ClassConfig', vector_output_uri: str | None = None
) -> list[ComparedOutput]:
    """Compare the predicted polygons of a scene with the true ones; see :func:`.compare_polygons`.

    True polygons are those of the vectors that labels are drawn from. Of labels that are a raster, they are made as
    the vector output makes its own of the predictions; those that are compared with polygons of `vector_output_uri`
    follow the outlines of the pixels.

    Args:
        scene: A scene with ground truth.
        class_config: The classes.
        vector_output_uri: See :class:`.SemanticSegmentationEvaluatorConfig`. None: the vector outputs of the label
            store.

    Returns:
        The vector outputs of the scene in their order; none if its label store has none. With `vector_output_uri`, one
        for each class but the null class.

    Raises:
        DataError: If the scene has no ground truth.
        NotReadableError: If a file is missing or cannot be read.
        LabelError: If none of the polygons in a file of `vector_output_uri` is of a class.
    """
    if scene.label_source is None:
        raise DataError(f'scene {scene.id!r}: cannot be evaluated without a label_source.')
    predictions = _outputs_of(scene) if vector_output_uri is None else _given(scene, class_config, vector_output_uri)
    outputs = []
    for name, config, features in predictions:
        comparison = compare_polygons(
            _true_polygons(scene, scene.label_source, config, class_config.null_class_id),
            features.geometries,
            _scores(features.properties),
            areas=scene.aoi_polygons_bbox_coords,
            extent=scene.extent,
        )
        outputs.append(ComparedOutput(name, config.class_id, class_config.get_name(config.class_id), comparison))
    return outputs


def _outputs_of(scene: 'Scene') -> Iterator[tuple[str, VectorOutputConfig, Features]]:
    """Name, config and polygons, in pixels of the scene, of each vector output of its label store."""
    store = scene.label_store
    if not isinstance(store, SemanticSegmentationLabelStore):
        return
    for uri, config in store.vector_output_files.items():
        if not file_exists(uri, include_dir=False):
            raise NotReadableError(
                f'There is no {uri!r}, a vector output of the label store. Predict again, or leave vector outputs out '
                'of the evaluation: SemanticSegmentationEvaluatorConfig(vector_outputs=False).'
            )
        yield PurePosixPath(uri).stem, config, _read([uri], store.crs_transformer, scene.bbox)


def _given(
    scene: 'Scene', class_config: 'ClassConfig', vector_output_uri: str
) -> Iterator[tuple[str, VectorOutputConfig, Features]]:
    """Name, config and polygons, in pixels of the scene, of each class but the null class in files of anyone."""
    classes = {i: name for i, name in enumerate(class_config.names) if name != class_config.null_class}
    default_class_id = next(iter(classes)) if len(classes) == 1 else None
    transformers = [ClassInferenceTransformer(default_class_id, class_config=class_config)]
    files = _files_at(vector_output_uri.replace(SCENE_ID, scene.id))
    features = _read(files, scene.raster_source.crs_transformer, scene.bbox, transformers)
    for class_id, name in classes.items():
        config = PolygonVectorOutputConfig(class_id=class_id, denoise=0)
        yield vector_file(class_id, name), config, features.take(features.class_ids == class_id)


def _files_at(uri: str) -> list[str]:
    """The files of polygons at a URI, which may be a folder.

    Raises:
        NotReadableError: If there are none.
    """
    file = split_layer(uri)[0]
    if file_exists(file, include_dir=False):
        return [uri]
    found = [path for path in list_paths(file) if path.endswith(ENDINGS)] if file_exists(file) else []
    if not found:
        raise NotReadableError(
            f'vector_output_uri: there is no file {uri!r}, nor a folder with files that end in {", ".join(ENDINGS)}. '
            f'It may hold {SCENE_ID}, which stands for the id of each scene.'
        )
    return found


def _read(
    uris: list[str],
    crs_transformer: 'CRSTransformer',
    bbox: Box,
    transformers: 'Sequence[VectorTransformer]' = (),
) -> Features:
    """Features of files around a part of an image, in pixels relative to that part."""
    source = VectorFileSource(uris, crs_transformer, transformers)
    try:
        features = source.features_around(bbox)
    except NotMappableError:  # all are too far away, which is as good as none
        return Features(np.empty(0, dtype=object), [])
    source.check_some_have_a_class(bbox)
    return _relative_to(features, bbox)


def _true_polygons(
    scene: 'Scene', source: 'LabelSource', config: VectorOutputConfig, null_class_id: int
) -> list[Any] | np.ndarray:
    """The true polygons of the class of a vector output, in pixels of the scene."""
    vectors = _vectors_of(source, config.class_id)
    if vectors is not None:
        features = vectors.features_around(scene.bbox)
        return _relative_to(features.take(features.class_ids == config.class_id), scene.bbox).geometries
    read, vectorizer = truth_reader(source, null_class_id), make_vectorizer(config, scene.extent.size)
    polygons: list[Any] = []
    for window in row_blocks(scene.extent):
        polygons += vectorizer.push((read(window) == config.class_id).astype(np.uint8))
    return [*polygons, *vectorizer.close()]


def _vectors_of(source: 'LabelSource', class_id: int) -> 'VectorSource | None':
    """The vectors that have the true polygons of a class; None if labels are not just these polygons, drawn."""
    if not isinstance(source, SemanticSegmentationLabelSource) or source.image_nodata_is_null:
        return None
    if is_overridden(source, 'get_label_arr', 'get_labels', base=SemanticSegmentationLabelSource):
        return None
    raster = source.raster_source
    if not isinstance(raster, RasterizedSource) or raster.raster_transformers:
        return None
    if is_overridden(raster, '_get_chip', 'get_chip', base=RasterizedSource):
        return None
    return None if class_id == raster.background_class_id else raster.vector_source


def _relative_to(features: Features, bbox: Box) -> Features:
    """Features in pixels relative to a part of the image."""
    if not len(features) or (bbox.ymin, bbox.xmin) == (0, 0):
        return features
    corner = bbox.xmin, bbox.ymin
    return features.with_geometries(shapely.transform(features.geometries, lambda xy: xy - corner))


def _scores(properties: Sequence[dict[str, Any]]) -> list[float] | None:
    """The score of each predicted polygon, NaN where there is none; None if none has one."""
    found = [_number(next((each[name] for name in SCORES if name in each), None)) for each in properties]
    return None if all(score != score for score in found) else found


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float('nan')
