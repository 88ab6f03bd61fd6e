"""Evaluation of the vector outputs of scenes: where polygons come from, and where the counts go."""

import json
import shutil

import cv2
import geopandas
import numpy as np
import pytest
import shapely
from shapely import box

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.geojson import features_to_geojson, geom_to_feature
from rastervision.core.data.label.semantic_segmentation_labels import SemanticSegmentationDiscreteLabels
from rastervision.core.data.label_source.semantic_segmentation_label_source import SemanticSegmentationLabelSource
from rastervision.core.data.label_source.semantic_segmentation_label_source_config import (
    SemanticSegmentationLabelSourceConfig,
)
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    BuildingVectorOutputConfig,
    PolygonVectorOutputConfig,
    SemanticSegmentationLabelStoreConfig,
    VectorOutputConfig,
)
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.raster_source.rasterized_source_config import RasterizedSourceConfig, RasterizerConfig
from rastervision.core.data.scene import Scene
from rastervision.core.data.vector_source.geojson_vector_source_config import GeoJSONVectorSourceConfig
from rastervision.core.evaluation.semantic_segmentation_evaluator import SemanticSegmentationEvaluator
from rastervision.core.evaluation.semantic_segmentation_evaluator_config import SemanticSegmentationEvaluatorConfig
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.errors import LabelError, NotReadableError

CLASSES = ClassConfig(names=['building', 'road', 'background'], null_class='background')
SIZE = 100
# Four buildings, of which the last two touch, and a road: in pixels of the image, whole ones, so that they are the same
# as a raster.
BUILDINGS = [box(10, 10, 30, 30), box(50, 10, 70, 30), box(10, 50, 30, 70), box(50, 50, 70, 60)]
ROAD = box(0, 80, 100, 90)
TRUTH = [*((building, 0) for building in BUILDINGS), (ROAD, 1)]
# Right; three quarters of the second; a third of the third; the last is missed; a false alarm; half of the road.
PREDICTED = [
    (box(10, 10, 30, 30), 0),
    (box(50, 10, 65, 30), 0),
    (box(10, 50, 30, 57), 0),
    (box(80, 5, 95, 20), 0),
    (box(0, 80, 49, 90), 1),
]
OUTPUTS = [PolygonVectorOutputConfig(class_id=0, denoise=0), PolygonVectorOutputConfig(class_id=1, denoise=0)]
EXPECTED = {'class-0-building': (2, 2, 2), 'class-1-road': (0, 1, 1)}


def drawn(shapes):
    pixels = np.full((SIZE, SIZE), 2, dtype=np.uint8)
    for shape, class_id in shapes:
        xmin, ymin, xmax, ymax = map(int, shape.bounds)
        pixels[ymin:ymax, xmin:xmax] = class_id
    return pixels


def items(evaluation):
    """Counts of each vector output."""
    return {
        item['vector_output']: tuple(int(item[name]) for name in ('true_pos', 'false_pos', 'false_neg'))
        for item in evaluation.vector_outputs_to_json()
    }


class Place:
    """A folder with an image, its labels, and predictions of them."""

    def __init__(self, folder, write_raster):
        self.folder, self.write_raster = folder, write_raster
        self.image = write_raster(folder / 'image.tif', np.ones((SIZE, SIZE, 3), dtype=np.uint8))
        self.transformer = RasterioSource(self.image).crs_transformer

    def write(self, name, shapes, *properties):
        """Write GeoJSON of polygons with their class ids, and with further properties."""
        places = self.transformer.to_map(np.array([shape for shape, _ in shapes], dtype=object))
        further = properties or [{}] * len(shapes)
        features = [
            geom_to_feature(place, {'class_id': class_id, **each})
            for place, (_, class_id), each in zip(places, shapes, further, strict=True)
        ]
        (self.folder / name).write_text(json.dumps(features_to_geojson(features)))
        return str(self.folder / name)

    def labels(self, kind, shapes=TRUTH):
        if kind == 'raster':
            raster = RasterioSourceConfig(uris=self.write_raster(self.folder / 'y.tif', drawn(shapes)[..., None]))
        else:
            vectors = GeoJSONVectorSourceConfig(uris=self.write('truth.json', shapes))
            raster = RasterizedSourceConfig(
                vector_source=vectors, rasterizer_config=RasterizerConfig(background_class_id=2)
            )
        return SemanticSegmentationLabelSourceConfig(raster_source=raster)

    def scene(self, kind='vector', outputs=OUTPUTS, scene_id='s', bbox=None, areas=None, shapes=TRUTH, found=PREDICTED):
        image = RasterioSource(self.image, bbox=bbox)
        store = SemanticSegmentationLabelStoreConfig(uri=str(self.folder / scene_id), vector_output=outputs)
        context = (CLASSES, image.crs_transformer, image.bbox, str(self.folder))
        labels = SemanticSegmentationDiscreteLabels.make_empty(image.extent, len(CLASSES))
        labels[image.extent] = drawn(found)[image.bbox.to_slices()]
        predictions = store.build(*context)
        predictions.save(labels)
        return Scene(scene_id, image, self.labels(kind, shapes).build(*context), predictions, aoi_polygons=areas)


@pytest.fixture
def place(tmp_path, write_raster):
    return Place(tmp_path, write_raster)


@pytest.mark.parametrize('format', ['geojson', 'gpkg', 'parquet'])
@pytest.mark.parametrize('kind', ['vector', 'raster'])
def test_polygons_of_the_label_store_are_compared_with_the_labels(place, kind, format):
    outputs = [output.model_copy(update={'format': format}) for output in OUTPUTS]
    evaluation = SemanticSegmentationEvaluator(CLASSES).evaluate_scene(place.scene(kind, outputs))
    assert items(evaluation) == EXPECTED


@pytest.mark.filterwarnings('ignore:Dataset has no geotransform')
def test_images_that_lie_nowhere_have_polygons_in_pixels(place):
    cv2.imwrite(str(place.folder / 'image.png'), np.ones((SIZE, SIZE, 3), dtype=np.uint8))
    place.image = str(place.folder / 'image.png')
    place.transformer = RasterioSource(place.image).crs_transformer
    outputs = [output.model_copy(update={'format': 'gpkg'}) for output in OUTPUTS]
    for each in (OUTPUTS, outputs):
        assert items(SemanticSegmentationEvaluator(CLASSES).evaluate_scene(place.scene(outputs=each))) == EXPECTED


def test_true_polygons_keep_their_fractions_of_pixels(place):
    # Half of the building, to a twentieth of a pixel.
    shapes = [(box(10.25, 10, 30.25, 30), 0)]
    path = place.write('given.json', [(box(10.25, 10, 20.25, 30), 0)])
    assert evaluate_file(place, path, shapes=shapes)['class-0-building'] == (1, 0, 0)
    path = place.write('given.json', [(box(10.25, 10, 20.2, 30), 0)])
    assert evaluate_file(place, path, shapes=shapes)['class-0-building'] == (0, 1, 1)


@pytest.mark.parametrize('kind', ['vector', 'raster'])
def test_a_scene_that_is_a_part_of_its_image_sees_what_is_in_it(place, kind):
    # Without the last building and the false alarm, and with 2 of 20 columns of the first.
    scene = place.scene(kind, bbox=Box(0, 28, 78, 72))
    assert items(SemanticSegmentationEvaluator(CLASSES).evaluate_scene(scene)) == {
        'class-0-building': (2, 1, 2),
        'class-1-road': (0, 0, 0),
    }


@pytest.mark.parametrize('kind', ['vector', 'raster'])
@pytest.mark.parametrize('bbox', [None, Box(5, 5, 100, 100)])
def test_areas_of_interest_are_of_objects(place, kind, bbox):
    # All of the first building, less than half of the second, more of its prediction, which goes with it; less than
    # half of the third, more of the wrong prediction of it.
    scene = place.scene(kind, bbox=bbox, areas=[box(5, 5, 59, 35), box(5, 5, 21, 60)])
    evaluation = SemanticSegmentationEvaluator(CLASSES).evaluate_scene(scene)
    assert items(evaluation) == {'class-0-building': (1, 1, 0), 'class-1-road': (0, 0, 0)}


def test_counts_are_written_beside_those_of_pixels(place, tmp_path):
    scenes = [
        place.scene(scene_id='first'),
        place.scene(scene_id='second', found=TRUTH),
        place.scene('vector', [], 'x'),
    ]
    evaluator, without = (
        SemanticSegmentationEvaluator(CLASSES, str(tmp_path / f'{on}.json'), vector_outputs=on) for on in (True, False)
    )
    for each in (evaluator, without):
        each.process(scenes)
    data, plain = (json.loads((tmp_path / f'{on}.json').read_text()) for on in (True, False))

    assert {name: data[name] for name in ('overall', 'per_scene')} == plain
    found = data['vector_outputs']
    assert [item['vector_output'] for item in found['overall']] == ['class-0-building', 'class-1-road']
    building, road = found['overall']
    assert (building['class_id'], building['class_name']) == (0, 'building')
    assert (building['true_pos'], building['false_pos'], building['false_neg']) == (6, 2, 2)
    assert (building['gt_count'], building['pred_count']) == (8, 8)
    assert building['metrics']['f1'] == building['metrics']['recall'] == 0.75
    assert road['metrics'] | {'specificity': 0} == dict.fromkeys(road['metrics'], 0.5) | {'specificity': 0}
    assert found['per_scene']['first'][1]['metrics']['f1'] is None
    assert found['per_scene']['second'][0]['metrics']['f1'] == 1
    assert found['per_scene']['x'] == []


def test_without_vector_outputs_nothing_is_added(place, tmp_path):
    SemanticSegmentationEvaluator(CLASSES, str(tmp_path / 'eval.json')).process([place.scene(outputs=[])])
    assert list(json.loads((tmp_path / 'eval.json').read_text())) == ['overall', 'per_scene']


def test_two_outputs_of_a_class_are_told_apart(place):
    outputs = [OUTPUTS[0], BuildingVectorOutputConfig(class_id=0, denoise=0, name='houses')]
    assert list(items(SemanticSegmentationEvaluator(CLASSES).evaluate_scene(place.scene(outputs=outputs)))) == [
        'class-0-building',
        'houses',
    ]


def test_truth_of_a_raster_is_vectorized_as_predictions_are(place):
    # Opened by a disc of diameter 8, a speck of 4 x 4 is no object, in either; of vectors it is one.
    speck = [*TRUTH, (box(90, 90, 94, 94), 0)]
    outputs = [PolygonVectorOutputConfig(class_id=0, denoise=8)]
    evaluator = SemanticSegmentationEvaluator(CLASSES)
    assert items(evaluator.evaluate_scene(place.scene('raster', outputs, shapes=speck, found=speck))) == {
        'class-0-building': (4, 0, 0)
    }
    assert items(evaluator.evaluate_scene(place.scene('vector', outputs, shapes=speck, found=speck))) == {
        'class-0-building': (4, 0, 1)
    }


def test_polygons_of_the_background_are_made_of_what_is_no_polygon(place):
    outputs = [PolygonVectorOutputConfig(class_id=2, denoise=0)]
    assert items(SemanticSegmentationEvaluator(CLASSES).evaluate_scene(place.scene(outputs=outputs, found=TRUTH))) == {
        'class-2-background': (2, 0, 0)  # above and below the road
    }


class Relabelled(SemanticSegmentationLabelSource):
    """Labels of a plugin, which says what it likes."""

    def get_label_arr(self, window=None):
        return np.where(super().get_label_arr(window) == 0, 2, 2)


def test_what_a_label_source_of_a_plugin_says_is_the_truth(place):
    scene = place.scene()
    scene.label_source = Relabelled(scene.label_source.raster_source, CLASSES)
    found = items(SemanticSegmentationEvaluator(CLASSES).evaluate_scene(scene))
    assert found == {'class-0-building': (0, 4, 0), 'class-1-road': (0, 1, 0)}


@register_config('test_squares_vector_output', plugin='rastervision.core')
class SquaresConfig(VectorOutputConfig):
    """A vector output of a plugin that only knows `vectorize`."""

    def vectorize(self, mask):
        yield box(0, 0, 4, 4 * mask.max())


def test_vector_outputs_of_plugins_are_compared(place):
    scene = place.scene('raster', [SquaresConfig(class_id=0)])
    assert items(SemanticSegmentationEvaluator(CLASSES).evaluate_scene(scene)) == {'class-0-building': (1, 0, 0)}


class OwnEvaluator(SemanticSegmentationEvaluator):
    """An evaluator of a plugin that looks at labels as a whole, and at pairs of polygons of its own."""

    def evaluate_predictions(self, ground_truth, predictions):
        return super().evaluate_predictions(ground_truth, ground_truth)

    def compare_vector_outputs(self, scene):
        return super().compare_vector_outputs(scene)[:1]


def test_evaluators_of_plugins_keep_what_is_theirs(place):
    evaluation = OwnEvaluator(CLASSES).evaluate_scene(place.scene())
    assert evaluation.avg_item['metrics']['f1'] == 1
    assert items(evaluation) == {'class-0-building': EXPECTED['class-0-building']}


def test_a_missing_vector_output_is_an_error_that_says_what_to_do(place):
    scene = place.scene()
    (place.folder / 's/vector_output/class-1-road.json').unlink()
    with pytest.raises(NotReadableError, match=r"scene 's': .*class-1-road\.json.*vector_outputs=False") as caught:
        SemanticSegmentationEvaluator(CLASSES).evaluate_scene(scene)
    assert not isinstance(caught.value, FileNotFoundError)  # for which the group would be left out
    assert items(SemanticSegmentationEvaluator(CLASSES, vector_outputs=False).evaluate_scene(scene)) == {}


# ----------------------------------------------------------------------------- polygons of anyone
def evaluate_file(place, uri, **kwargs):
    config = SemanticSegmentationEvaluatorConfig(vector_output_uri=uri)
    return items(config.build(CLASSES).evaluate_scene(place.scene(outputs=[], **kwargs)))


def test_polygons_may_be_given_by_a_file(place):
    assert evaluate_file(place, place.write('given.json', PREDICTED)) == EXPECTED


def test_files_may_be_of_another_crs_and_have_names_of_classes(place):
    shapes = place.transformer.to_map(np.array([shape for shape, _ in PREDICTED], dtype=object))
    names = [CLASSES.names[class_id] for _, class_id in PREDICTED]
    table = geopandas.GeoDataFrame({'class_name': names}, geometry=list(shapes), crs='EPSG:4326').to_crs('EPSG:3857')
    table.to_file(place.folder / 'given.gpkg', driver='GPKG')
    assert evaluate_file(place, str(place.folder / 'given.gpkg')) == EXPECTED


def test_each_scene_may_have_its_own_file_or_folder(place):
    place.scene(scene_id='other')
    shutil.copytree(place.folder / 'other/vector_output', place.folder / 'given/s')
    (place.folder / 'given/s/class-1-road.qml').write_text('a style')
    assert evaluate_file(place, str(place.folder / 'given/{scene_id}')) == EXPECTED
    place.write('given-s.json', PREDICTED[:1])
    assert evaluate_file(place, str(place.folder / 'given-{scene_id}.json'))['class-0-building'] == (1, 0, 3)


def test_the_score_in_a_file_says_who_chooses_first(place):
    # Both overlap the first building enough; the larger one would be the first by area.
    shapes = [(box(10, 10, 30, 30), 0), (box(10, 10, 30, 40), 0)]
    evaluator = SemanticSegmentationEvaluator(
        CLASSES, vector_output_uri=place.write('given.json', shapes, {'score': 0.9}, {'score': 0.3})
    )
    building, _ = evaluator.compare_vector_outputs(place.scene(outputs=[]))
    (wrong,) = building.comparison.false_alarms
    assert wrong.bounds == pytest.approx((10, 10, 30, 40))


def test_polygons_of_other_scenes_are_left_out(place):
    beyond = [(shapely.transform(shape, lambda xy: xy + 500), class_id) for shape, class_id in PREDICTED]
    assert evaluate_file(place, place.write('given.json', [*PREDICTED, *beyond])) == EXPECTED
    assert evaluate_file(place, place.write('far.json', beyond))['class-0-building'] == (0, 0, 4)


def test_no_polygons_at_all_are_all_missed(place):
    assert evaluate_file(place, place.write('empty.json', [])) == {
        'class-0-building': (0, 0, 4),
        'class-1-road': (0, 0, 1),
    }


def test_polygons_without_a_class_are_of_the_only_one(place):
    path = place.folder / 'given.json'
    place.write('given.json', [(shape, None) for shape, class_id in PREDICTED if class_id == 0])
    with pytest.raises(LabelError, match="scene 's'"):
        evaluate_file(place, str(path))
    classes = ClassConfig(names=['building', 'background'], null_class='background')
    evaluator = SemanticSegmentationEvaluator(classes, vector_output_uri=str(path))
    (building,) = evaluator.compare_vector_outputs(place.scene(outputs=[]))
    assert (building.name, len(building.comparison.hits)) == ('class-0-building', 2)


@pytest.mark.parametrize('uri', ['{folder}/none.json', '{folder}/empty', '{folder}/{{scene_id}}.json'])
def test_a_file_that_is_not_there_is_named(place, uri):
    (place.folder / 'empty').mkdir()
    with pytest.raises(NotReadableError, match=r"scene 's': vector_output_uri: there is no file .*scene_id"):
        evaluate_file(place, uri.format(folder=place.folder))


def test_files_of_a_config_are_inputs_of_eval():
    config = SemanticSegmentationEvaluatorConfig(vector_output_uri='/x/{scene_id}.gpkg|layername=a')
    assert config.inputs_of(['a', 'b']) == ['/x/a.gpkg', '/x/b.gpkg']
    assert SemanticSegmentationEvaluatorConfig(vector_output_uri='/x.json').inputs_of(['a', 'b']) == ['/x.json']
    assert SemanticSegmentationEvaluatorConfig().inputs_of(['a']) == []
