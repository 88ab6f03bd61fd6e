import json

import numpy as np
import pytest
from shapely.geometry import MultiPolygon, Point, box

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.label_source.object_detection_label_source_config import ObjectDetectionLabelSourceConfig
from rastervision.core.data.label_store.object_detection_geojson_store_config import ObjectDetectionGeoJSONStoreConfig
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.scene import Scene, naming_scene
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.data.scene_factory import make_cc_scene, make_od_scene, make_ss_scene
from rastervision.core.data.vector_source.geojson_vector_source_config import GeoJSONVectorSourceConfig
from rastervision.pipeline.errors import ArgumentError, ChannelOrderError, ConfigError, DataError, RasterVisionError


@pytest.fixture
def image(checkerboard):
    return checkerboard('scene')[0]


@pytest.fixture
def labels(checkerboard):
    return checkerboard('scene')[1]


@pytest.fixture
def classes():
    return ClassConfig(names=['dark', 'bright'], colors=['black', 'white'])


def test_areas_of_interest_are_limited_to_the_bbox_and_shifted(image):
    source = RasterioSource(image, bbox=Box(10, 20, 40, 60))
    scene = Scene('s', source, aoi_polygons=[box(25, 15, 35, 30), box(0, 0, 5, 5)])

    assert [polygon.bounds for polygon in scene.aoi_polygons] == [(25, 15, 35, 30)]
    assert [polygon.bounds for polygon in scene.aoi_polygons_bbox_coords] == [(5, 5, 15, 20)]


def test_a_multipolygon_is_several_areas(image):
    scene = Scene('s', RasterioSource(image), aoi_polygons=[MultiPolygon([box(0, 0, 5, 5), box(9, 9, 12, 12)])])
    assert len(scene.aoi_polygons) == 2


def test_an_area_of_interest_must_be_a_polygon(image):
    with pytest.raises(ArgumentError, match=r"scene 's': .*Point"):
        Scene('s', RasterioSource(image), aoi_polygons=[Point(0, 0)])


def test_a_window_gives_pixels_and_label(image, labels, classes):
    scene = make_ss_scene(image, label_vector_uri=labels, class_config=classes)
    x, y = scene[Box(0, 0, 20, 10)]
    assert x.shape == (20, 10, 3)
    assert np.array_equal(np.unique(y[12:, :8]), [1])
    assert classes.names == ['dark', 'bright']


def test_without_labels_a_window_gives_pixels_and_none(image):
    assert make_ss_scene(image)[Box(0, 0, 5, 5)][1] is None


def test_labels_take_the_bbox_of_the_image(image, labels, classes):
    scene = make_ss_scene(
        image, label_vector_uri=labels, class_config=classes, image_raster_source_kw={'bbox': Box(10, 0, 40, 60)}
    )
    assert scene.label_source.bbox == Box(10, 0, 40, 60)


def test_cell_and_box_labels_come_by_window(image, labels, classes):
    options = {'infer_cells': True, 'background_class_id': 0, 'cell_sz': 10}
    cells = make_cc_scene(image, labels, classes, label_source_kw=options)
    boxes = make_od_scene(image, labels, classes)
    assert cells[Box(10, 0, 20, 10)][1] == 1
    assert len(boxes[Box(0, 0, 40, 60)][1][0]) == 24


def test_the_name_of_a_scene_is_that_of_the_image(image):
    assert make_ss_scene(image).id == 'scene'
    assert make_ss_scene(image, scene_id='mine').id == 'mine'


def test_labels_without_classes_are_refused(image, labels):
    with pytest.raises(ArgumentError, match='class_config'):
        make_ss_scene(image, label_vector_uri=labels)


def test_labels_given_twice_are_refused(image, labels, classes):
    with pytest.raises(ArgumentError, match='not both'):
        make_ss_scene(image, label_raster_uri=image, label_vector_uri=labels, class_config=classes)


def test_a_missing_image_is_reported_with_scene_and_uri(make_scene_config, tmp_path, classes):
    config = make_scene_config('a')
    config.raster_source.uris = [str(tmp_path / 'none.tif')]
    with pytest.raises(RasterVisionError, match=r"scene 'a': .*none\.tif"):
        scene = config.build(classes)
        scene[Box(0, 0, 5, 5)]


def test_a_missing_image_is_reported_with_the_scene_made_of_it(tmp_path):
    with pytest.raises(RasterVisionError, match=r"^scene 'none': .*none\.tif"):
        make_ss_scene(str(tmp_path / 'none.tif'))


def test_an_error_keeps_its_class_and_is_named_once():
    expected = pytest.raises(ChannelOrderError, match=r"^scene 'a': channel_order")
    with expected as error, naming_scene('a'), naming_scene('a'):
        raise ChannelOrderError([7], 3)
    assert error.value.num_channels_raw == 3


def test_the_aoi_of_a_config_is_read(make_scene_config, tmp_path, classes):
    config = make_scene_config('a')
    with open(config.label_source.vector_source.uris) as file:
        features = json.load(file)['features'][:1]
    path = tmp_path / 'aoi.json'
    path.write_text(json.dumps({'type': 'FeatureCollection', 'features': features}))
    config.aoi_uris = [str(path)]
    (polygon,) = config.build(classes).aoi_polygons
    assert np.allclose(polygon.bounds, (0, 0, 10, 10), atol=1)


def test_data_errors_of_a_scene_are_named():
    with pytest.raises(DataError, match=r"^scene 'a': bad$"), naming_scene('a'):
        raise DataError('bad')


# ------------------------------------------------------------------ areas of interest
@pytest.fixture
def write_aoi(tmp_path, image):
    """Writes geometries, in pixels of the image, to a file in its CRS."""
    import geopandas as gpd

    def write(name, geometries, layer=None):
        crs = RasterioSource(image).crs_transformer
        on_map = crs.to_map(np.array([*geometries, None], dtype=object)[:-1]) if len(geometries) else []
        gpd.GeoDataFrame(geometry=list(on_map), crs=crs.map_crs).to_file(tmp_path / name, layer=layer)
        return str(tmp_path / name)

    return write


def area_of(scene):
    return sum(polygon.area for polygon in scene.aoi_polygons)


@pytest.mark.parametrize('ending', ['gpkg', 'geojson', 'fgb', 'shp'])
def test_areas_of_interest_elsewhere_are_an_error_with_both_extents(image, write_aoi, ending):
    aoi = write_aoi(f'aoi.{ending}', [box(5000, 5000, 5100, 5100)])
    with pytest.raises(DataError, match=r'None of the 1 areas of interest .*They cover x .*the image x'):
        make_ss_scene(image, aoi_uri=aoi)


@pytest.mark.parametrize('ending', ['gpkg', 'geojson', 'fgb', 'shp'])
def test_an_aoi_without_polygons_is_an_error(image, write_aoi, ending):
    with pytest.raises(DataError, match='have no polygons'):
        make_ss_scene(image, aoi_uri=write_aoi(f'aoi.{ending}', []))


def test_areas_of_interest_with_swapped_axes_are_told(image, tmp_path):
    bounds = RasterioSource(image).crs_transformer.to_map(Box(2, 2, 20, 20))
    ring = [[y, x] for x, y in bounds.geojson_coordinates()]
    (tmp_path / 'aoi.json').write_text(json.dumps({'type': 'Polygon', 'coordinates': [ring]}))
    with pytest.raises(DataError, match='swapped'):
        make_ss_scene(image, aoi_uri=str(tmp_path / 'aoi.json'))


def test_an_aoi_that_only_touches_the_image_does_not_meet_it(image):
    with pytest.raises(DataError, match='in the image'):
        Scene('s', RasterioSource(image), aoi_polygons=[box(-10, 0, 0, 10)])


def test_areas_outside_the_bbox_of_the_scene_are_an_error(image):
    with pytest.raises(DataError, match="scene 's': None of the 1 areas"):
        Scene('s', RasterioSource(image, bbox=Box(10, 20, 40, 60)), aoi_polygons=[box(0, 0, 5, 5)])


def test_an_empty_list_of_areas_is_no_limit(image):
    assert Scene('s', RasterioSource(image), aoi_polygons=[]).aoi_polygons == []


def test_areas_of_several_files_are_taken_together(image, write_aoi):
    uris = [write_aoi('a.gpkg', [box(0, 0, 10, 10)]), write_aoi('b.geojson', [box(20, 0, 30, 10)])]
    assert area_of(make_ss_scene(image, aoi_uri=uris)) == pytest.approx(200, rel=0.2)


def test_a_layer_of_an_aoi_is_chosen_in_its_uri(image, write_aoi):
    for layer, size in (('labels', 3), ('extent', 20)):
        uri = write_aoi('all.gpkg', [box(0, 0, size, size)], layer=layer)

    assert area_of(make_ss_scene(image, aoi_uri=f'{uri}|layername=extent')) == pytest.approx(400, rel=0.2)
    with pytest.raises(DataError, match=r'2 layers.*\|layername=labels'):
        make_ss_scene(image, aoi_uri=uri)
    with pytest.raises(DataError, match=r"no layer 'extend'.*Did you mean 'extent'"):
        make_ss_scene(image, aoi_uri=f'{uri}|layername=extend')


@pytest.mark.parametrize('read', ['raster_source', 'label_source', 'aoi'])
@pytest.mark.parametrize('way', ['itself', 'file URI', 'link'])
def test_predictions_never_take_the_place_of_what_a_scene_is_read_from(image, tmp_path, classes, read, way):
    boxes = tmp_path / 'boxes.json'
    boxes.write_text(json.dumps({'type': 'FeatureCollection', 'features': []}))
    (tmp_path / 'link').symlink_to(image if read == 'raster_source' else boxes)
    target = image if read == 'raster_source' else str(boxes)
    target = {'itself': target, 'file URI': f'file://{target}', 'link': str(tmp_path / 'link')}[way]
    labels = ObjectDetectionLabelSourceConfig(vector_source=GeoJSONVectorSourceConfig(uris=str(boxes)))
    config = SceneConfig(
        id='s',
        raster_source=RasterioSourceConfig(uris=image),
        label_source=labels if read == 'label_source' else None,
        aoi_uris=[str(boxes)] if read == 'aoi' else None,
        label_store=ObjectDetectionGeoJSONStoreConfig(uri=target),
    )

    with pytest.raises(ConfigError, match=r"scene 's': Predictions would be written to .*which is also read"):
        config.build(classes, str(tmp_path))
