"""What is written lies on the map exactly where labels.tif and the boxes are."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from pyproj import CRS
from rasterio.control import GroundControlPoint
from rasterio.features import rasterize
from rasterio.rpc import RPC

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.crs_transformer.image_crs import in_image_crs
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.crs_transformer.sensor_model import ControlPoints, RationalPolynomials
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.data.label.utils import best_classes
from rastervision.core.data.label_source.object_detection_label_source import ObjectDetectionLabelSource
from rastervision.core.data.label_store.chip_classification_geojson_store import ChipClassificationGeoJSONStore
from rastervision.core.data.label_store.object_detection_geojson_store import ObjectDetectionGeoJSONStore
from rastervision.core.data.label_store.placing import Placer
from rastervision.core.data.label_store.semantic_segmentation_label_store import SemanticSegmentationLabelStore
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    BuildingVectorOutputConfig,
    PolygonVectorOutputConfig,
)
from rastervision.core.data.raster_source.rasterized_source import RasterizedSource
from rastervision.core.data.vector_source.vector_file_source import VectorFileSource

SIZE = 400
BBOX = Box(30, 17, 130, 97)
EXTENT = BBOX.extent
CLASSES = ClassConfig(names=['a', 'b', 'c', 'null'])
SUFFIXES = {'geojson': 'json', 'gpkg': 'gpkg', 'parquet': 'parquet'}
UTM, WGS84 = 'epsg:32633', 'epsg:4326'


def affine(seed: int) -> Affine:
    """North-up, south-up, mirrored, turned, with pixels that are not square."""
    rng = np.random.default_rng(seed)
    width, height = rng.uniform(0.1, 30, 2) * rng.choice([-1, 1], 2)
    angle = 0 if seed % 2 == 0 else rng.uniform(0, 360)
    place = (rng.uniform(4e5, 6e5), rng.uniform(49e5, 51e5))
    return Affine.translation(*place) @ Affine.rotation(angle) @ Affine.scale(width, height)


def control_points() -> ControlPoints:
    points = [
        GroundControlPoint(row, column, 14 + column * 1e-4 + row * column * 1e-8, 46 - row * 1e-4 - row * row * 1e-8)
        for row in (0, SIZE / 2, SIZE)
        for column in (0, SIZE / 2, SIZE)
    ]
    return ControlPoints(points, rasterio.CRS.from_string(WGS84))


def polynomials() -> RationalPolynomials:
    rng = np.random.default_rng(0)
    bend = [1, *rng.normal(0, 0.01, 19)]
    place = {'height_off': 0, 'height_scale': 100, 'lat_off': 46, 'lat_scale': 0.01, 'long_off': 14, 'long_scale': 0.01}
    half = SIZE / 2
    model = RPC(
        **place,
        line_num_coeff=[0, 0, -1, *rng.normal(0, 0.01, 17)],
        line_den_coeff=bend,
        line_off=half,
        line_scale=half,
        samp_num_coeff=[0, 1, 0, *rng.normal(0, 0.01, 17)],
        samp_den_coeff=bend,
        samp_off=half,
        samp_scale=half,
    )
    return RationalPolynomials(model, (SIZE, SIZE))


class PluginTransformer(CRSTransformer):
    """One that goes its own way, as plugins may."""

    def __init__(self) -> None:
        super().__init__(affine(3), UTM, 'epsg:3857')
        self._inner = RasterioCRSTransformer(affine(3), UTM, 'epsg:3857', round_pixels=False)

    def _map_to_pixel(self, point):
        return self._inner.to_pixels(point)

    def _pixel_to_map(self, point):
        return self._inner.to_map(point)


TRANSFORMERS = {
    **{f'affine {seed}': RasterioCRSTransformer(affine(seed), UTM) for seed in range(8)},
    'map in the CRS of the image': RasterioCRSTransformer(affine(9), UTM, None),
    'rounding off': RasterioCRSTransformer(affine(9), UTM, round_pixels=False),
    'no CRS': RasterioCRSTransformer(affine(9), None),
    'pixels': IdentityCRSTransformer(),
    'plugin': PluginTransformer(),
    'degrees': RasterioCRSTransformer(Affine(1e-4, 0, 14, 0, -2e-4, 46), WGS84),
    'control points': RasterioCRSTransformer(control_points().affine, WGS84, sensor=control_points()),
    'polynomials': RasterioCRSTransformer(polynomials().affine, WGS84, sensor=polynomials()),
    'local': RasterioCRSTransformer(affine(9), 'LOCAL_CS["site grid",UNIT["metre",1]]'),
    'beyond 180 degrees': RasterioCRSTransformer(Affine(0.01, 0, 179, 0, -0.01, 10), WGS84),
    # PROJ's ways between these and EPSG:4326 are not each other's inverse, by a millimetre and by a metre.
    'Swiss': RasterioCRSTransformer(Affine(0.1, 0, 2_600_000, 0, -0.1, 1_200_000), 'epsg:2056'),
    'where operations change': RasterioCRSTransformer(Affine(1, 0, 3_563_790, 0, -1, 5_596_500), 'epsg:31467'),
    **{
        f'{crs} around {edge:.0f}': RasterioCRSTransformer(
            Affine(size, 0, edge - 60 * size, 0, -size, 0), crs, width=160
        )
        for crs, edge, size in [
            ('epsg:3857', 20037508.342789244, 10),
            ('epsg:3857', -20037508.342789244, 10),
            ('epsg:3395', 20037508.342789244, 30),
            ('epsg:3832', 20037508.342789244, 10),  # at 30 degrees west
            ('epsg:3832', 20037508.342789244 / 6, 10),  # at 180 degrees
            ('epsg:6933', 17367530.44516138, 9000),
            ('epsg:4087', 20037508.342789244, 10),
            ('ESRI:54003', 20037508.342789244, 10),
        ]
    },
    'across 180 degrees': RasterioCRSTransformer(Affine(10, 0, 833300, 0, -10, 0), 'epsg:32660'),
}


@pytest.fixture(params=TRANSFORMERS)
def transformer(request):
    return TRANSFORMERS[request.param]


def random_labels(seed: int) -> np.ndarray:
    """Patches with holes, corners that touch, single pixels, and class 3 that is null."""
    rng = np.random.default_rng(seed)
    patches = rng.integers(0, 4, (10, 8)).repeat(10, 0).repeat(10, 1)
    noise = rng.integers(0, 4, patches.shape)
    return np.where(rng.random(patches.shape) < 0.2, noise, patches).astype(np.uint8)


def write_labels(folder: Path, transformer: CRSTransformer, labels: np.ndarray, outputs, **options):
    store = SemanticSegmentationLabelStore(
        str(folder), transformer, CLASSES, BBOX, vector_outputs=outputs, rasterio_block_size=16, **options
    )
    with store.writer(smooth=False) as writer:
        for window in EXTENT.get_windows(20, 20):
            writer.write(window, labels[window.to_slices()])
    return store


def read_table(folder: Path, class_id: int, format: str) -> gpd.GeoDataFrame:
    path = folder / 'vector_output' / f'class-{class_id}-{CLASSES.names[class_id]}.{SUFFIXES[format]}'
    return gpd.read_parquet(path) if format == 'parquet' else gpd.read_file(path)


def to_pixels(table: gpd.GeoDataFrame, transformer: CRSTransformer, format: str) -> list[shapely.Geometry]:
    geometries = np.asarray(table.geometry.values, dtype=object)
    way = transformer if format == 'geojson' else in_image_crs(transformer)
    return list(Placer(way, BBOX).back(geometries))


@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
@pytest.mark.parametrize('format', SUFFIXES)
def test_polygons_rasterize_back_to_the_labels(tmp_path, transformer, format):
    labels = random_labels(0)
    outputs = [PolygonVectorOutputConfig(class_id=i, denoise=0, format=format) for i in range(4)]
    store = write_labels(tmp_path / 'scene', transformer, labels, outputs)

    found, total = np.full(labels.shape, 255, dtype=np.uint8), 0.0
    for class_id in range(4):
        polygons = to_pixels(read_table(tmp_path / 'scene', class_id, format), transformer, format)
        found = np.where(rasterize(polygons, labels.shape, dtype='uint8') == 1, class_id, found)
        total += shapely.area(polygons).sum()

    np.testing.assert_array_equal(found, labels)
    np.testing.assert_array_equal(store.read_label_arr(EXTENT), labels)
    assert total == pytest.approx(labels.size, rel=1e-5), 'polygons do not overlap'


@pytest.mark.parametrize('seed', range(8))
def test_polygons_are_those_that_gdal_makes_of_the_raster(tmp_path, seed):
    labels = random_labels(seed)
    outputs = [PolygonVectorOutputConfig(class_id=i, denoise=0, format='gpkg') for i in range(3)]
    store = write_labels(tmp_path / 'scene', RasterioCRSTransformer(affine(seed), UTM), labels, outputs)
    tables = [read_table(tmp_path / 'scene', i, 'gpkg') for i in range(3)]

    with rasterio.open(store.label_uri) as raster:
        shapes = [(polygon, int(table.class_id[0])) for table in tables for polygon in table.geometry]
        again = rasterize(shapes, labels.shape, transform=raster.transform, fill=3, dtype='uint8')
        np.testing.assert_array_equal(again, raster.read(1))
        assert tables[0].crs == CRS.from_user_input(raster.crs)


def test_long_edges_follow_the_pixels(tmp_path):
    """A straight line of pixels is a curve in longitude and latitude."""
    transformer = RasterioCRSTransformer(Affine(30, 0, 3e5, 0, -30, 7e6), UTM)
    bbox = Box(0, 0, 64, 8000)
    store = SemanticSegmentationLabelStore(
        str(tmp_path / 'scene'), transformer, CLASSES, bbox, vector_outputs=[PolygonVectorOutputConfig(class_id=1)]
    )
    with store.writer(smooth=False) as writer:
        writer.write(bbox, np.ones(bbox.size, dtype=np.uint8))

    (polygon,) = read_table(tmp_path / 'scene', 1, 'geojson').geometry

    on_edge = shapely.line_interpolate_point(polygon.exterior, np.linspace(0, 1, 5001), normalized=True)
    outline = bbox.to_shapely().exterior
    assert shapely.distance(transformer.to_pixels(on_edge), outline).max() < 2e-3
    assert 4 < len(polygon.exterior.coords) < 1000


def test_points_are_added_only_where_edges_are_bent():
    """Many small patches with holes, far from one another, on a map with almost straight edges."""
    transformer = RasterioCRSTransformer(Affine(0.3, 0, 3e5, 0, -0.3, 6e6), UTM)
    hole = shapely.box(2, 2, 3, 3).exterior
    patches = [shapely.Polygon(shapely.box(0, 0, 9, 9).exterior, [hole]), shapely.box(9, 0, 5000, 9)]
    small, wide = Placer(transformer, None).place(np.array(patches, dtype=object), follow_edges=True)

    assert shapely.get_num_coordinates(small) == 10
    assert shapely.get_num_coordinates(wide) > 5
    np.testing.assert_allclose(shapely.bounds(transformer.to_pixels(small)), (0, 0, 9, 9), atol=1e-6)


@pytest.mark.parametrize('diameter', [2, 3, 4, 7, 8, 12])
@pytest.mark.parametrize('kind', [PolygonVectorOutputConfig, BuildingVectorOutputConfig])
def test_denoising_moves_no_edge_outwards(tmp_path, kind, diameter):
    labels = np.zeros(EXTENT.size, dtype=np.uint8)
    labels[20:60, 15:77] = 1
    labels[70:72, 3:9] = 1
    write_labels(tmp_path / 'scene', IdentityCRSTransformer(), labels, [kind(class_id=1, denoise=diameter)])

    large = max(read_table(tmp_path / 'scene', 1, 'geojson').geometry, key=lambda polygon: polygon.area)

    assert large.bounds == (15 + BBOX.xmin, 20 + BBOX.ymin, 77 + BBOX.xmin, 60 + BBOX.ymin)


# ------------------------------------------------------------------------- boxes
def random_boxes(seed: int, count: int = 50) -> np.ndarray:
    corners = np.random.default_rng(seed).uniform(-5, 90, (count, 2))
    return np.concatenate([corners, corners + np.random.default_rng(seed + 1).uniform(0.01, 60, (count, 2))], axis=1)


def test_boxes_come_back_with_their_fractions(tmp_path, transformer):
    store = ObjectDetectionGeoJSONStore(str(tmp_path / 'boxes.json'), CLASSES, transformer, BBOX)
    boxes = random_boxes(0)
    store.save(ObjectDetectionLabels(boxes, np.zeros(len(boxes)), np.linspace(0, 1, len(boxes))))

    found = store.get_labels()

    moved = boxes + [BBOX.ymin, BBOX.xmin] * 2
    np.testing.assert_allclose(found.get_npboxes(), moved, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(found.get_scores(), np.linspace(0, 1, len(boxes)))
    geometries = [feature['geometry'] for feature in json.loads(Path(store.uri).read_text())['features']]
    uncut = [geometry for geometry in geometries if geometry['type'] == 'Polygon']
    assert {len(geometry['coordinates'][0]) for geometry in uncut} == {5}


def test_cells_come_back_as_they_were(tmp_path, transformer):
    store = ChipClassificationGeoJSONStore(str(tmp_path / 'cells.json'), CLASSES, transformer, BBOX)
    cells = EXTENT.get_windows(30, 30)
    store.save(ChipClassificationLabels({cell: (i % 3, None) for i, cell in enumerate(cells)}))

    assert store.get_labels().get_cells() == [cell.to_global_coords(BBOX) for cell in cells]


def test_cells_that_0_31_wrote_from_centre_to_centre_are_read(tmp_path):
    transformer = RasterioCRSTransformer(Affine(0.5, 0, 6e5, 0, -0.5, 2e5), UTM)
    store = ChipClassificationGeoJSONStore(str(tmp_path / 'cells.json'), CLASSES, transformer)
    cells = EXTENT.get_windows(30, 30)
    features = [
        {
            'type': 'Feature',
            'properties': {'class_id': 1},
            'geometry': shapely.geometry.mapping(transformer.pixel_to_map(cell.to_shapely())),
        }
        for cell in cells
    ]
    Path(store.uri).write_text(json.dumps({'type': 'FeatureCollection', 'features': features}))

    assert store.get_labels().get_cells() == cells


# ----------------------------------------------------------------------- the map
def test_what_crosses_180_degrees_is_cut_there(tmp_path):
    transformer = TRANSFORMERS['across 180 degrees']
    x, _ = transformer.to_map((np.array([0, SIZE]), np.array([0, 0])))
    assert x[0] > 179 and x[1] < -179
    write_labels(
        tmp_path / 'scene', transformer, np.ones(EXTENT.size, np.uint8), [PolygonVectorOutputConfig(class_id=1)]
    )

    (polygon,) = read_table(tmp_path / 'scene', 1, 'geojson').geometry

    assert polygon.geom_type == 'MultiPolygon' and polygon.is_valid
    widths = [part.bounds[2] - part.bounds[0] for part in polygon.geoms]
    assert sum(widths) == pytest.approx(EXTENT.width * 10 / 111320, rel=0.01)


@pytest.mark.parametrize('format', SUFFIXES)
@pytest.mark.parametrize('crs', ['epsg:4326', 'epsg:3857'])
def test_what_goes_around_the_whole_earth_is_not_cut(tmp_path, crs, format):
    west, north = (-180, 60) if crs == 'epsg:4326' else (-20037508.34, 8e6)
    transformer = RasterioCRSTransformer(Affine(-west / 55, 0, west, 0, -north / 110, north), crs)
    bbox = Box(0, 0, 110, 110)
    store = SemanticSegmentationLabelStore(
        str(tmp_path / 'scene'),
        transformer,
        CLASSES,
        bbox,
        vector_outputs=[PolygonVectorOutputConfig(class_id=1, format=format)],
    )
    with store.writer(smooth=False) as writer:
        writer.write(bbox, np.ones(bbox.size, dtype=np.uint8))

    (polygon,) = read_table(tmp_path / 'scene', 1, format).to_crs(4326).geometry

    assert polygon.geom_type == 'Polygon'
    assert polygon.bounds[0] == pytest.approx(-180) and polygon.bounds[2] == pytest.approx(180)


@pytest.mark.parametrize('format', ['gpkg', 'parquet'])
def test_images_without_a_crs_have_polygons_without_one(tmp_path, format):
    write_labels(
        tmp_path / 'scene',
        TRANSFORMERS['no CRS'],
        random_labels(0),
        [PolygonVectorOutputConfig(class_id=1, format=format)],
    )

    assert read_table(tmp_path / 'scene', 1, format).crs is None


def test_geojson_of_an_image_without_a_crs_says_so(tmp_path):
    transformer, outputs = TRANSFORMERS['no CRS'], [PolygonVectorOutputConfig(class_id=1)]
    write_labels(tmp_path / 'scene', transformer, random_labels(0), outputs)
    store = ObjectDetectionGeoJSONStore(str(tmp_path / 'boxes.json'), CLASSES, transformer, BBOX)
    store.save(ObjectDetectionLabels(random_boxes(0), np.zeros(50), np.ones(50)))

    for path in (tmp_path / 'scene' / 'vector_output' / 'class-1-b.json', tmp_path / 'boxes.json'):
        assert json.loads(path.read_text())['crs'] is None


def test_geojson_names_a_map_crs_without_a_code(tmp_path):
    laea = '+proj=laea +lat_0=50 +lon_0=14.5 +datum=WGS84 +units=m'
    transformer = RasterioCRSTransformer(affine(0), UTM, laea)
    write_labels(tmp_path / 'scene', transformer, random_labels(0), [PolygonVectorOutputConfig(class_id=1, denoise=0)])

    table = read_table(tmp_path / 'scene', 1, 'geojson')

    assert table.crs == CRS.from_user_input(laea)
    pixels = transformer.to_pixels(np.asarray(table.geometry.values, dtype=object), BBOX)
    np.testing.assert_array_equal(rasterize(pixels, EXTENT.size, dtype='uint8'), random_labels(0) == 1)


@pytest.mark.parametrize('format', SUFFIXES)
def test_features_say_their_class(tmp_path, format):
    outputs = [PolygonVectorOutputConfig(class_id=i, denoise=0, format=format) for i in range(3)]
    write_labels(tmp_path / 'scene', RasterioCRSTransformer(affine(0), UTM), random_labels(0), outputs)

    for class_id in range(3):
        table = read_table(tmp_path / 'scene', class_id, format)
        assert set(zip(table.class_id, table.class_name, strict=True)) == {(class_id, CLASSES.names[class_id])}


# ---------------------------------------------------------------------- the class
def random_scores(seed: int) -> np.ndarray:
    """Scores of three classes, some of them equal; NaN where nothing is predicted."""
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet((1, 1, 1), EXTENT.size).transpose(2, 0, 1).round(1).astype(np.float32)
    scores[:, 5:20, 8:30] = np.nan
    return scores


@pytest.mark.parametrize('kind', ['scores', 'votes', 'weights'])
@pytest.mark.parametrize('threshold', [None, 0.3, 0.7])
def test_polygons_have_the_pixels_of_labels_tif_or_those_above_the_threshold(tmp_path, kind, threshold):
    transformer = RasterioCRSTransformer(affine(1), UTM)
    outputs = [PolygonVectorOutputConfig(class_id=i, denoise=0, format='gpkg', threshold=threshold) for i in range(3)]
    store = SemanticSegmentationLabelStore(
        str(tmp_path / 'scene'),
        transformer,
        CLASSES,
        BBOX,
        vector_outputs=outputs,
        rasterio_block_size=16,
        smooth_output=True,
    )
    weights = np.linspace(0.1, 1, 32, dtype=np.float32)[None].repeat(32, 0) if kind == 'weights' else None
    with store.writer(smooth=kind != 'votes', weights=weights) as writer:
        for number, window in enumerate(EXTENT.get_windows(32, 16)):
            scores = np.full((4, 32, 32), np.nan, dtype=np.float32)
            part = window.intersection(EXTENT)
            scores[:3, : part.height, : part.width] = random_scores(number % 3)[:, *part.to_slices()]
            scores[3] = 0 * scores[0]
            writer.write(window, scores if kind != 'votes' else best_classes(scores))

    masks = []
    for class_id in range(3):
        polygons = to_pixels(read_table(tmp_path / 'scene', class_id, 'gpkg'), transformer, 'gpkg')
        masks.append(rasterize(polygons, EXTENT.size, dtype='uint8') == 1 if polygons else np.zeros(EXTENT.size, bool))
    labels = store.read_label_arr(EXTENT)
    if threshold is None:
        np.testing.assert_array_equal(np.stack(masks), np.stack([labels == i for i in range(3)]))
    elif kind != 'votes':
        scores = store.read_score_arr(EXTENT)[:3]
        np.testing.assert_array_equal(np.stack(masks), scores >= np.float32(threshold))


@pytest.mark.parametrize('smooth', [True, False])
def test_what_nothing_was_predicted_for_is_in_no_polygon(tmp_path, smooth):
    outputs = [PolygonVectorOutputConfig(class_id=i, denoise=0) for i in range(4)]
    store = SemanticSegmentationLabelStore(
        str(tmp_path / 'scene'), IdentityCRSTransformer(), CLASSES, EXTENT, vector_outputs=outputs
    )
    scores = np.concatenate([random_scores(0), random_scores(1)[:1] * 0 + 0.5])
    with store.writer(smooth=smooth) as writer:
        writer.write(EXTENT, scores if smooth else best_classes(scores))

    labels = store.read_label_arr(EXTENT)
    for class_id in range(4):
        table = read_table(tmp_path / 'scene', class_id, 'geojson')
        mask = rasterize(list(table.geometry), EXTENT.size, dtype='uint8') == 1
        np.testing.assert_array_equal(mask, (labels == class_id) & ~np.isnan(scores[0]))
    assert (labels[np.isnan(scores[0])] == 3).all()


# ------------------------------------------------------------------------ and back
@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
@pytest.mark.parametrize('format', SUFFIXES)
def test_predicted_polygons_are_labels_again(tmp_path, transformer, format):
    labels = random_labels(1)
    outputs = [PolygonVectorOutputConfig(class_id=i, denoise=0, format=format) for i in range(3)]
    write_labels(tmp_path / 'scene', transformer, labels, outputs)
    uris = [str(path) for path in sorted((tmp_path / 'scene' / 'vector_output').iterdir())]

    again = RasterizedSource(VectorFileSource(uris, transformer), background_class_id=3, bbox=BBOX)

    np.testing.assert_array_equal(again.get_chip(EXTENT)[..., 0], labels)


def test_predicted_boxes_are_labels_again(tmp_path, transformer):
    store = ObjectDetectionGeoJSONStore(str(tmp_path / 'boxes.json'), CLASSES, transformer, BBOX)
    boxes = random_boxes(3).clip(1, 79)
    boxes[:, 2:] += 0.5
    store.save(ObjectDetectionLabels(boxes, np.arange(50) % 3, np.ones(50)))

    source = ObjectDetectionLabelSource(VectorFileSource(store.uri, transformer), bbox=BBOX)

    found = source.get_labels()
    moved = {tuple(row) for row in (boxes + [BBOX.ymin, BBOX.xmin] * 2).round(4).tolist()}
    assert {tuple(row) for row in found.get_npboxes().round(4).tolist()} == moved
    assert sorted(found.get_class_ids()) == sorted(np.arange(50) % 3)
