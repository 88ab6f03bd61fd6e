"""Labels lie where GDAL puts them from map coordinates, whatever the grid, the shape and the window."""

import geopandas
import numpy as np
import pytest
import shapely
from affine import Affine
from pyproj import Transformer
from rasterio.features import rasterize

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.label_source.object_detection_label_source import ObjectDetectionLabelSource
from rastervision.core.data.label_source.semantic_segmentation_label_source import SemanticSegmentationLabelSource
from rastervision.core.data.raster_source.rasterized_source import RasterizedSource
from rastervision.core.data.vector_source.vector_file_source import VectorFileSource
from rastervision.core.data.vector_transformer.class_inference_transformer import ClassInferenceTransformer

CLASSES = ClassConfig(names=['background', 'a', 'b', 'c'])
SIDE = 50
UTM = 'EPSG:32633'
SEEDS = range(24)


def by(transform):
    """What `shapely.transform` takes."""
    return lambda xy: np.stack(transform @ (xy[:, 0], xy[:, 1]), axis=1)


def random_grid(rng):
    """North up, south up, mirrored, turned; pixels of any size, square or not; the corner off any round number."""
    size = (
        np.exp(rng.uniform(np.log(0.05), np.log(100), 2)) if rng.random() < 0.5 else np.repeat(rng.choice([0.3, 10]), 2)
    )
    angle = rng.choice([0, 0, 90, rng.uniform(0, 360)])
    corner = Affine.translation(*(rng.uniform([3e5, 1e6], [7e5, 8e6])))
    return corner @ Affine.rotation(angle) @ Affine.scale(*(size * rng.choice([-1, 1], 2)))


def random_shapes(rng):
    """Polygons, some with holes, boxes on edges of pixels and off them, specks, widened lines; in pixels."""
    for _ in range(rng.integers(1, 12)):
        centre, radius = rng.uniform(-5, SIDE + 5, 2), rng.uniform(0.1, 20)
        kind = rng.integers(5)
        if kind == 0:
            angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 12)))
            around = rng.uniform(0.3, 1, (len(angles), 1)) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
            yield shapely.buffer(shapely.Polygon(centre + radius * around), 0)
        elif kind == 1:
            yield shapely.Point(centre).buffer(radius).difference(shapely.Point(centre).buffer(radius / 2))
        elif kind == 2:
            x, y, w, h = rng.integers(0, SIDE, 4)
            yield shapely.box(x, y, x + w + 1, y + h + 1)
        elif kind == 3:
            yield shapely.box(*centre, *(centre + rng.uniform(0.01, 2, 2)))
        else:
            yield shapely.LineString(rng.uniform(0, SIDE, (3, 2))).buffer(rng.uniform(0.1, 2))


def labelled(tmp_path, rng, transform):
    """A file of random labels: its path, and its shapes in map coordinates with their classes."""
    shapes = [shape for shape in random_shapes(rng) if not shape.is_empty]
    on_map = shapely.transform(np.array(shapes, dtype=object), by(transform))
    class_ids = rng.integers(1, 4, len(shapes))
    table = geopandas.GeoDataFrame({'class_id': class_ids}, geometry=list(on_map), crs=UTM)
    path = tmp_path / 'labels.gpkg'
    table.to_file(path, driver='GPKG')
    return str(path), list(zip(on_map, class_ids.tolist(), strict=True))


def vectors(path, transform, map_crs=None):
    transformer = RasterioCRSTransformer(transform, UTM, map_crs)
    return VectorFileSource(path, transformer, [ClassInferenceTransformer(None, class_config=CLASSES)])


def windows(rng, extent):
    """A window around everything, over the edge, single pixels, and random ones."""
    yield extent
    yield Box(-7, -9, extent.height + 8, extent.width + 4)
    yield from (Box(y, x, y + 1, x + 1) for y, x in rng.integers(0, min(extent.size), (3, 2)).tolist())
    for _ in range(6):
        (y, x), (h, w) = rng.integers(-5, 40, 2).tolist(), rng.integers(1, 30, 2).tolist()
        yield Box(y, x, y + h, x + w)


@pytest.mark.parametrize('all_touched', [False, True])
@pytest.mark.parametrize('seed', SEEDS)
def test_drawn_labels_are_what_gdal_draws_from_map_coordinates(tmp_path, seed, all_touched):
    rng = np.random.default_rng(seed)
    transform = random_grid(rng)
    path, shapes = labelled(tmp_path, rng, transform)
    bbox = Box(0, 0, SIDE, SIDE) if seed % 3 else Box(3, 8, 31, 45)
    around = Affine.translation(-60, -60)
    right = rasterize(shapes, (200, 200), transform=transform @ around, all_touched=all_touched, dtype=np.uint8)

    drawn = RasterizedSource(vectors(path, transform), 0, bbox=bbox, all_touched=all_touched)
    labels = SemanticSegmentationLabelSource(drawn, CLASSES)

    for window in windows(rng, bbox.extent):
        in_image = window.to_global_coords(bbox)
        expected = right[in_image.translate(60, 60).to_slices()]
        assert np.array_equal(labels.get_label_arr(window), expected), window


@pytest.mark.parametrize('map_crs', [None, 'EPSG:4326'])
@pytest.mark.parametrize('seed', SEEDS)
def test_boxes_keep_their_fractions(tmp_path, seed, map_crs):
    rng = np.random.default_rng(seed)
    transform = random_grid(rng)
    path, shapes = labelled(tmp_path, rng, transform)
    pixels = shapely.transform(np.array([s for s, _ in shapes]), by(~transform))
    xmin, ymin, xmax, ymax = shapely.bounds(pixels).T

    labels = ObjectDetectionLabelSource(vectors(path, transform, map_crs)).get_labels()

    assert labels.get_npboxes() == pytest.approx(np.stack([ymin, xmin, ymax, xmax], axis=1), abs=1e-5)


@pytest.mark.parametrize('seed', SEEDS)
def test_boxes_of_whole_pixels_cover_these_pixels(tmp_path, seed):
    rng = np.random.default_rng(seed)
    transform = random_grid(rng)
    on_map = shapely.transform(shapely.box(20, 30, 45, 33), by(transform))
    path = tmp_path / 'box.gpkg'
    geopandas.GeoDataFrame({'class_id': [2]}, geometry=[on_map], crs=UTM).to_file(path, driver='GPKG')

    drawn = RasterizedSource(vectors(str(path), transform, 'EPSG:4326'), 0, bbox=Box(0, 0, SIDE, SIDE))

    expected = np.zeros((SIDE, SIDE), dtype=np.uint8)
    expected[30:33, 20:45] = 2
    assert np.array_equal(drawn[:, :][..., 0], expected)


# ------------------------------------------------------------------ other datums
# An image's CRS, that of the labels, and a place: EPSG:4326 knows nothing of what is between them, or PROJ chooses
# another operation on the way there than on the way back.
DATUMS = {
    'GDA94 on GDA2020': ('EPSG:7855', 'EPSG:28355', (146, -37)),
    'GDA2020 on GDA94': ('EPSG:28355', 'EPSG:7855', (146, -37)),
    'the same, where operations change': ('EPSG:31467', 'EPSG:31467', (9.9, 50.5)),
    'the same, of a datum without grids': ('EPSG:2056', 'EPSG:2056', (8, 47)),
    'ETRS89 on DHDN': ('EPSG:31467', 'EPSG:25832', (9, 48)),
    'the older Swiss one on the newer': ('EPSG:2056', 'EPSG:21781', (8, 47)),
    'degrees': ('EPSG:27700', 'EPSG:4326', (-2, 53)),
}


def metre_grid(crs, place):
    """Pixels of half a metre at a place in degrees."""
    x, y = Transformer.from_crs('EPSG:4326', crs, always_xy=True).transform(*place)
    return Affine(0.5, 0, round(x), 0, -0.5, round(y))


@pytest.mark.parametrize('case', DATUMS)
@pytest.mark.parametrize('suffix', ['gpkg', 'fgb', 'shp', 'parquet', 'geojson'])
def test_labels_of_other_datums_are_where_gdal_puts_them(tmp_path, case, suffix):
    image_crs, label_crs, place = DATUMS[case]
    transform = metre_grid(image_crs, place)
    on_map = shapely.transform(shapely.box(20.25, 30.25, 45.5, 33.75), by(transform))
    table = geopandas.GeoDataFrame({'class_id': [2]}, geometry=[on_map], crs=image_crs).to_crs(label_crs)
    path = str(tmp_path / f'labels.{suffix}')
    if suffix == 'parquet':
        table.to_parquet(path)
    else:
        table.to_file(path, **({'RFC7946': 'NO', 'COORDINATE_PRECISION': 15} if suffix == 'geojson' else {}))
    read = geopandas.read_parquet if suffix == 'parquet' else geopandas.read_file
    (there,) = read(path).to_crs(image_crs).geometry
    xmin, ymin, xmax, ymax = shapely.transform(there, by(~transform)).bounds

    transformer = RasterioCRSTransformer(transform, image_crs)
    source = VectorFileSource(path, transformer, [ClassInferenceTransformer(None)])

    boxes = ObjectDetectionLabelSource(source).get_labels().get_npboxes()
    assert boxes == pytest.approx(np.array([[ymin, xmin, ymax, xmax]]), abs=1e-6)
    (on_map,) = source.get_geoms(to_map_coords=True)
    assert transformer.to_pixels(on_map).bounds == pytest.approx((xmin, ymin, xmax, ymax), abs=1e-6)
