"""Evaluation within areas of interest, of a scene that is a part of its image."""

import json

import numpy as np
import pytest
import shapely

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.geojson import features_to_geojson, geom_to_feature
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.data.label.semantic_segmentation_labels import SemanticSegmentationDiscreteLabels
from rastervision.core.data.label_source.chip_classification_label_source_config import (
    ChipClassificationLabelSourceConfig,
)
from rastervision.core.data.label_source.object_detection_label_source_config import ObjectDetectionLabelSourceConfig
from rastervision.core.data.label_source.semantic_segmentation_label_source_config import (
    SemanticSegmentationLabelSourceConfig,
)
from rastervision.core.data.label_store.chip_classification_geojson_store_config import (
    ChipClassificationGeoJSONStoreConfig,
)
from rastervision.core.data.label_store.object_detection_geojson_store_config import ObjectDetectionGeoJSONStoreConfig
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    SemanticSegmentationLabelStoreConfig,
)
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.raster_source.rasterized_source_config import RasterizedSourceConfig, RasterizerConfig
from rastervision.core.data.scene import Scene
from rastervision.core.data.vector_source.geojson_vector_source_config import GeoJSONVectorSourceConfig
from rastervision.core.evaluation.chip_classification_evaluator_config import ChipClassificationEvaluatorConfig
from rastervision.core.evaluation.object_detection_evaluator_config import ObjectDetectionEvaluatorConfig
from rastervision.core.evaluation.semantic_segmentation_evaluator_config import SemanticSegmentationEvaluatorConfig

CLASSES = ClassConfig(names=['a', 'b', 'null'], null_class='null')
PART = Box(30, 20, 80, 90)
CELLS = [Box.make_square(y, x, 10) for y in range(0, 100, 10) for x in range(0, 100, 10)]
AREAS = [shapely.box(40, 40, 65, 60), shapely.box(65, 40, 80, 60)]  # 4 x 2 cells, of which two are across both


@pytest.fixture
def build(tmp_path, write_raster):
    """Builds a scene of each task whose predictions are its labels, and an evaluator."""

    def make(task):
        image = RasterioSource(write_raster(tmp_path / 'a.tif', np.ones((100, 100, 3), dtype=np.uint8)), bbox=PART)
        cells = image.crs_transformer.to_map(np.array([cell.to_shapely() for cell in CELLS], dtype=object))
        features = [geom_to_feature(cell, {'class_id': i % 2}) for i, cell in enumerate(cells)]
        (tmp_path / 'labels.json').write_text(json.dumps(features_to_geojson(features)))
        vectors = GeoJSONVectorSourceConfig(uris=str(tmp_path / 'labels.json'))
        rasterizer = RasterizerConfig(background_class_id=2)
        labels, store, evaluator = {
            'ss': (
                SemanticSegmentationLabelSourceConfig(
                    raster_source=RasterizedSourceConfig(vector_source=vectors, rasterizer_config=rasterizer)
                ),
                SemanticSegmentationLabelStoreConfig(uri=str(tmp_path / 'ss')),
                SemanticSegmentationEvaluatorConfig(ignore_null=True),
            ),
            'od': (
                ObjectDetectionLabelSourceConfig(vector_source=vectors),
                ObjectDetectionGeoJSONStoreConfig(uri=str(tmp_path / 'od.json')),
                ObjectDetectionEvaluatorConfig(),
            ),
            'cc': (
                ChipClassificationLabelSourceConfig(vector_source=vectors),
                ChipClassificationGeoJSONStoreConfig(uri=str(tmp_path / 'cc.json')),
                ChipClassificationEvaluatorConfig(),
            ),
        }[task]
        context = (CLASSES, image.crs_transformer, image.bbox, str(tmp_path))
        scene = Scene('s', image, labels.build(*context), store.build(*context), aoi_polygons=AREAS)
        return scene, evaluator.build(CLASSES)

    return make


def as_predicted(task, scene):
    """Labels relative to the scene, as they are when windows of it are predicted."""
    labels = scene.label_source.get_labels()
    if task == 'ss':
        predicted = SemanticSegmentationDiscreteLabels.make_empty(scene.extent, 3)
        predicted[scene.extent] = labels.get_label_arr(scene.extent)
        return predicted
    if task == 'od':
        boxes = ObjectDetectionLabels.global_to_local(labels.get_npboxes(), scene.bbox)
        return ObjectDetectionLabels(boxes, labels.get_class_ids(), np.ones(len(boxes)))
    cells = {cell.to_local_coords(scene.bbox): (labels[cell].class_id, None) for cell in labels.get_cells()}
    return ChipClassificationLabels(cells)


@pytest.mark.parametrize(('task', 'each'), [('ss', 400), ('od', 4), ('cc', 4)])
def test_what_is_in_the_areas_of_interest_counts(build, task, each):
    scene, evaluator = build(task)
    scene.label_store.save(as_predicted(task, scene))

    items = evaluator.evaluate_scene(scene).to_json()

    assert [item['gt_count'] for item in items[:2]] == [each, each]
    assert [item['metrics']['f1'] for item in items[:2]] == [1, 1]
