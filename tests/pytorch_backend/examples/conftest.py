"""Miniatures of public data sets: the same folders, file names, bands, dtypes and label formats; other pixels."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import Affine, from_origin

DEGREES_A_PIXEL = 2.7e-6  # 0.3 m
RIO, VEGAS = (-43.6, -22.9), (-115.3, 36.2)
QUADS = ('013022223130', '013022223131', '013022223132')
POTSDAM_COLORS = np.array(
    [(255, 255, 255), (0, 0, 255), (0, 255, 255), (0, 255, 0), (255, 255, 0), (255, 0, 0)], np.uint8
)


def paint(size: int, bands: int, boxes: np.ndarray = (), dtype: type = np.uint8, seed: int = 0) -> np.ndarray:
    """Dark noise with bright boxes (xmin, ymin, xmax, ymax): (bands, size, size)."""
    scale = 8 if dtype == np.uint16 else 1
    pixels = np.random.default_rng(seed).integers(20 * scale, 90 * scale, (bands, size, size))
    for xmin, ymin, xmax, ymax in boxes:
        pixels[:, ymin:ymax, xmin:xmax] = 230 * scale
    return pixels.astype(dtype)


def write(path: Path, pixels: np.ndarray, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    bands, height, width = pixels.shape
    driver = {'.png': 'PNG', '.jpg': 'JPEG', '.tif': 'GTiff'}[path.suffix]
    profile = {'driver': driver, 'count': bands, 'height': height, 'width': width, 'dtype': pixels.dtype, **options}
    with rasterio.open(path, 'w', **profile) as file:
        file.write(pixels)


def write_features(path: Path, features: list[tuple[shapely.Geometry, dict]], **members: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    collection = {
        'type': 'FeatureCollection',
        **members,
        'features': [
            {'type': 'Feature', 'properties': properties, 'geometry': json.loads(shapely.to_geojson(geometry))}
            for geometry, properties in features
        ],
    }
    path.write_text(json.dumps(collection))


def place(origin: tuple[float, float], column: int, size: int) -> Affine:
    """Where the image number `column` of a row of images lies."""
    return from_origin(origin[0] + column * size * DEGREES_A_PIXEL, origin[1], DEGREES_A_PIXEL, DEGREES_A_PIXEL)


def to_map(geometries: np.ndarray, transform: Affine, z: float | None = None) -> np.ndarray:
    mapped = shapely.transform(geometries, lambda xy: np.stack(transform @ (xy[:, 0], xy[:, 1]), axis=1))
    return mapped if z is None else shapely.force_3d(mapped, z)


def some_boxes(size: int, count: int, side: int, seed: int) -> np.ndarray:
    """Boxes (xmin, ymin, xmax, ymax) in an image."""
    corners = np.random.default_rng(seed).integers(0, size - side, (count, 2))
    return np.hstack([corners, corners + side])


@pytest.fixture(scope='session')
def spacenet_vegas(tmp_path_factory) -> Path:
    """SpaceNet 2 and 3, Las Vegas: 16-bit images in degrees; outlines with heights, centre lines, some empty files."""
    root, size = tmp_path_factory.mktemp('vegas'), 330
    for column, number in enumerate((25, 205, 1000)):
        transform, boxes = place(VEGAS, column, size), some_boxes(size, 12, 40, number)
        for kind, labels in (('SN2_buildings', 'geojson_buildings'), ('SN3_roads', 'geojson_roads')):
            folder, name = root / f'spacenet/{kind}/train/AOI_2_Vegas', f'{kind}_train_AOI_2_Vegas'
            pixels = paint(size, 3, boxes, np.uint16, number)
            image = folder / f'PS-RGB/{name}_PS-RGB_img{number}.tif'
            write(image, pixels, crs='EPSG:4326', transform=transform)
            if kind == 'SN2_buildings':
                geometries = to_map(shapely.box(*boxes.T), transform, z=0.0)
            else:
                line = shapely.linestrings([(0, 50), (329, 70)])
                geometries = to_map(
                    np.array([line, shapely.MultiLineString([[(9, 0), (9, 329)], line.coords])]), transform
                )
            features = [(geometry, {'OBJECTID': n}) for n, geometry in enumerate(geometries)] if number < 1000 else []
            write_features(folder / f'{labels}/{name}_{labels}_img{number}.geojson', features)
    return root


@pytest.fixture(scope='session')
def spacenet_rio(tmp_path_factory) -> Path:
    """SpaceNet 1, Rio de Janeiro: a mosaic of 8-bit images, one file of outlines, one of the labelled area."""
    root, size = tmp_path_factory.mktemp('rio'), 500
    folder = root / 'AOIs/AOI_1_Rio/srcData'
    buildings = []
    for column, name in enumerate(QUADS):
        transform, boxes = place(RIO, column, size), some_boxes(size, 10 * column, 30, column)
        write(folder / f'mosaic_3band/{name}.tif', paint(size, 3, boxes), crs='EPSG:4326', transform=transform)
        buildings += [(geometry, {'OBJECTID': 1}) for geometry in to_map(shapely.box(*boxes.T), transform, z=0.0)]
    write_features(folder / 'buildingLabels/Rio_Buildings_Public_AOI_v2.geojson', buildings)
    outline = to_map(np.array([shapely.box(0, 0, size * len(QUADS), size)]), place(RIO, 0, size))
    write_features(folder / 'buildingLabels/Rio_OUTLINE_Public_AOI.geojson', [(outline[0], {'FID': 0})])
    return root


@pytest.fixture(scope='session')
def isprs_potsdam(tmp_path_factory) -> Path:
    """ISPRS Potsdam: four bands, labels as colours, some a little off, and heights as JPEGs, one a column short."""
    root, size = tmp_path_factory.mktemp('potsdam'), 420
    for seed, name in enumerate(('2_10', '2_11', '2_12')):
        row, column = map(int, name.split('_'))
        there = {'crs': 'EPSG:32633', 'transform': from_origin(366000 + 300 * column, 5808000 - 300 * row, 0.05, 0.05)}
        classes = np.random.default_rng(seed).integers(0, 6, (6, 6)).repeat(70, axis=0).repeat(70, axis=1)
        labels = POTSDAM_COLORS[classes].transpose(2, 0, 1)
        labels[0, :5, :5] = 252
        write(root / f'4_Ortho_RGBIR/top_potsdam_{name}_RGBIR.tif', paint(size, 4, seed=seed), **there)
        write(root / f'5_Labels_for_participants/top_potsdam_{name}_label.tif', labels, **there)
        heights = paint(size, 1, seed=seed)[..., : size - (name == '2_11')]
        write(root / f'1_DSM_normalisation/dsm_potsdam_{row:02}_{column:02}_normalized_lastools.jpg', heights)
    return root


@pytest.fixture(scope='session')
def cowc_potsdam(tmp_path_factory) -> Path:
    """COWC, Potsdam: PNG images without a place, a transparent PNG with a mark for each car."""
    root, size = tmp_path_factory.mktemp('cowc'), 450
    for seed, name in enumerate(('top_potsdam_2_10_RGB', 'top_potsdam_2_11_RGB', 'top_potsdam_2_14_RGB')):
        boxes = some_boxes(size, 8 + seed, 32, seed)
        marks = np.zeros((4, size, size), np.uint8)
        x, y = (boxes[:, :2] + 16).T
        marks[0, y, x] = marks[3, y, x] = 255
        write(root / f'{name}.png', paint(size, 3, boxes, seed=seed))
        write(root / f'{name}_Annotated_Cars.png', marks)
        write(root / f'{name}_Annotated_Negatives.png', np.zeros_like(marks))
    return root


@pytest.fixture(scope='session')
def xview(tmp_path_factory) -> Path:
    """xView: images in degrees, one file of boxes of many types; some of a missing image, some without extent."""
    root, size = tmp_path_factory.mktemp('xview'), 420
    features = []
    for seed, name in enumerate(('10.tif', '102.tif', '355.tif')):
        transform, boxes = place(VEGAS, seed, size), some_boxes(size, 10 + seed, 14, seed)
        write(root / 'train_images' / name, paint(size, 3, boxes, seed=seed), crs='EPSG:4326', transform=transform)
        types = [(18, 73, 26)[n % 3] for n in range(len(boxes))]
        outlines = to_map(shapely.box(*boxes.T), transform)
        features += [annotation(*one, name) for one in zip(outlines, boxes, types, strict=True)]
    features += [annotation(outlines[0], boxes[0], 18, '1395.tif'), annotation(outlines[0], [5, 5, 5, 9], 18, '10.tif')]
    write_features(root / 'xView_train.geojson', features, name='xView_train')
    return root


def annotation(outline: shapely.Geometry, box: np.ndarray, type_id: int, image: str) -> tuple[shapely.Geometry, dict]:
    bounds = ','.join(str(edge) for edge in box)
    return outline, {'bounds_imcoords': bounds, 'edge_length': 0.5, 'type_id': type_id, 'image_id': image}
