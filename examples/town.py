"""Makes a small town: georeferenced imagery and the outlines of its buildings.

    python examples/town.py FOLDER

The same seed gives the same bytes. Each scene has streets with cars, houses with gabled and flat roofs in several
colours, their shadows, trees that look a bit like dark roofs, lawns and bare soil; lit from the south-east.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import rasterio
from affine import Affine
from numpy.random import Generator
from pyproj import Transformer

SCENES = {'train_a': 1, 'train_b': 2, 'train_c': 3, 'validation': 4, 'new': 5}
SIZE = 640  # pixels a side
GSD = 0.3  # metres a pixel
CRS = 'EPSG:32737'
ORIGIN = (258_000.0, 9_857_000.0)  # upper left corner of the first scene; east of Nairobi

ROOFS = [
    (168, 84, 66),
    (190, 110, 80),
    (150, 150, 155),
    (205, 205, 200),
    (110, 115, 125),
    (95, 130, 160),
    (175, 160, 130),
]
GRASS, SOIL, ASPHALT, LEAVES = (105, 125, 75), (160, 140, 110), (120, 120, 122), (55, 85, 45)
SHADOW_SHIFT = (-5, -6)  # (dx, dy) in pixels: shadows fall to the north-west
BLOCK = 128  # pixels from street to street
STREET = 18  # width of a street in pixels

Color = tuple[int, int, int]
Outline = np.ndarray  # (4, 2) float32, (x, y) in pixels


def noise(rng: Generator, size: int, scale: int) -> np.ndarray:
    """Smooth noise, (size, size) float32 in -1..1, with features of about `scale` pixels."""
    coarse = rng.uniform(-1, 1, (size // scale + 2, size // scale + 2)).astype(np.float32)
    return cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)


def ground(rng: Generator) -> np.ndarray:
    """Lawn and bare soil, (size, size, 3) float32."""
    share = np.clip(noise(rng, SIZE, 60) + 0.5 * noise(rng, SIZE, 20) + 0.5, 0, 1)[..., None]
    image = share * np.array(GRASS, np.float32) + (1 - share) * np.array(SOIL, np.float32)
    return image * (1 + 0.10 * noise(rng, SIZE, 8) + 0.06 * noise(rng, SIZE, 3))[..., None]


def draw_streets(image: np.ndarray, rng: Generator) -> None:
    """Draw a grid of streets with dashes and cars."""
    for start in range(BLOCK // 2, SIZE, BLOCK):
        for across in (False, True):
            view = image.transpose(1, 0, 2) if across else image
            view[start : start + STREET] = np.array(ASPHALT, np.float32) * (
                1 + 0.04 * noise(rng, SIZE, 4)[:STREET, :, None]
            )
            for x in range(0, SIZE, 24):
                view[start + STREET // 2 - 1 : start + STREET // 2 + 1, x : x + 10] = 215
            for x in rng.integers(0, SIZE - 16, 5):
                lane = start + (3 if rng.random() < 0.5 else STREET - 9)
                view[lane : lane + 6, x : x + 14] = rng.integers(30, 240, 3)


def outline(center: tuple[float, float], size: tuple[float, float], angle: float) -> Outline:
    """The corners of a rotated rectangle."""
    return cv2.boxPoints((center, size, angle)).astype(np.float32)


def place_buildings(rng: Generator) -> list[Outline]:
    """Outlines of houses that stand along the streets and do not touch each other."""
    taken = np.zeros((SIZE, SIZE), np.uint8)
    for start in range(BLOCK // 2, SIZE, BLOCK):
        taken[start - 3 : start + STREET + 3] = 1
        taken[:, start - 3 : start + STREET + 3] = 1
    houses: list[Outline] = []
    for _ in range(900):
        center = (float(rng.uniform(12, SIZE - 12)), float(rng.uniform(12, SIZE - 12)))
        size = (float(rng.uniform(20, 46)), float(rng.uniform(16, 34)))
        corners = outline(center, size, float(rng.normal(0, 4)))
        grown = outline(center, (size[0] + 10, size[1] + 10), 0.0)
        footprint = cv2.fillPoly(np.zeros_like(taken), [np.round(grown).astype(np.int32)], 1)
        if corners.min() < 2 or corners.max() > SIZE - 2 or (footprint & taken).any():
            continue
        taken |= footprint
        houses.append(corners)
    return houses


def draw_shadow(image: np.ndarray, mask: np.ndarray) -> None:
    """Darken what lies in the shadow of a mask, which has the value 255 where something stands."""
    shift = np.float32([[1, 0, SHADOW_SHIFT[0]], [0, 1, SHADOW_SHIFT[1]]])
    soft = cv2.GaussianBlur(cv2.warpAffine(mask, shift, (SIZE, SIZE)), (5, 5), 0).astype(np.float32) / 255
    image *= 1 - 0.5 * soft[..., None]


def draw_buildings(image: np.ndarray, houses: list[Outline], rng: Generator) -> None:
    """Draw shadows and roofs: a gable has a lit and a shaded half, a flat roof has a rim."""
    mask = cv2.fillPoly(np.zeros((SIZE, SIZE), np.uint8), [np.round(h).astype(np.int32) for h in houses], 255)
    draw_shadow(image, mask)
    for corners in houses:
        color = np.array(ROOFS[rng.integers(len(ROOFS))], np.float32) * rng.uniform(0.85, 1.1)
        cv2.fillPoly(image, [np.round(corners).astype(np.int32)], color.tolist(), cv2.LINE_AA)
        if rng.random() < 0.6:
            ridge = (corners[0] + corners[1]) / 2, (corners[2] + corners[3]) / 2
            half = np.array([corners[0], ridge[0], ridge[1], corners[3]])
            cv2.fillPoly(image, [np.round(half).astype(np.int32)], (color * 0.78).tolist(), cv2.LINE_AA)
        else:
            cv2.polylines(image, [np.round(corners).astype(np.int32)], True, (color * 1.15).tolist(), 1, cv2.LINE_AA)
    texture = 1 + 0.05 * noise(rng, SIZE, 3)
    image *= np.where(mask > 0, texture, 1)[..., None]


def draw_trees(image: np.ndarray, houses: list[Outline], rng: Generator) -> None:
    """Draw round crowns with shadows, not over houses."""
    built = cv2.fillPoly(np.zeros((SIZE, SIZE), np.uint8), [np.round(h).astype(np.int32) for h in houses], 255)
    built = cv2.dilate(built, np.ones((9, 9), np.uint8))
    crowns = np.zeros((SIZE, SIZE), np.uint8)
    for _ in range(160):
        x, y = (int(v) for v in rng.integers(8, SIZE - 8, 2))
        if not built[y, x]:
            cv2.circle(crowns, (x, y), int(rng.integers(4, 10)), 255, -1)
    crowns[built > 0] = 0
    draw_shadow(image, crowns)
    leaves = np.array(LEAVES, np.float32) * (1 + 0.25 * noise(rng, SIZE, 4))[..., None]
    image[crowns > 0] = leaves[crowns > 0]


def paint(seed: int) -> tuple[np.ndarray, list[Outline]]:
    """A scene.

    Returns:
        Image, (size, size, 3) uint8, and the outlines of its buildings.
    """
    rng = np.random.default_rng(seed)
    image = np.ascontiguousarray(ground(rng))
    draw_streets(image, rng)
    houses = place_buildings(rng)
    draw_buildings(image, houses, rng)
    draw_trees(image, houses, rng)
    image = image * rng.uniform(0.92, 1.05) + rng.normal(0, 4, image.shape)
    return np.clip(image, 1, 255).astype(np.uint8), houses


def save(folder: Path, name: str, seed: int) -> None:
    """Write `<name>.tif` and `<name>_buildings.geojson` of a scene."""
    image, houses = paint(seed)
    transform = Affine(GSD, 0, ORIGIN[0] + seed * SIZE * GSD, 0, -GSD, ORIGIN[1])
    profile = {'driver': 'GTiff', 'width': SIZE, 'height': SIZE, 'count': 3, 'dtype': 'uint8', 'crs': CRS}
    tiling = {'tiled': True, 'blockxsize': 256, 'blockysize': 256, 'compress': 'deflate', 'photometric': 'rgb'}
    with rasterio.open(folder / f'{name}.tif', 'w', transform=transform, **profile, **tiling) as out:
        out.write(image.transpose(2, 0, 1))
    to_degrees = Transformer.from_crs(CRS, 'EPSG:4326', always_xy=True)
    features = []
    for corners in houses:
        ring = [to_degrees.transform(*(transform @ (float(x), float(y)))) for x, y in [*corners, corners[0]]]
        geometry = {'type': 'Polygon', 'coordinates': [ring]}
        features.append({'type': 'Feature', 'properties': {'class_name': 'building'}, 'geometry': geometry})
    text = json.dumps({'type': 'FeatureCollection', 'features': features})
    (folder / f'{name}_buildings.geojson').write_text(text)


def main(folder: str) -> None:
    """Write all scenes."""
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    for name, seed in SCENES.items():
        save(path, name, seed)


if __name__ == '__main__':
    main(*sys.argv[1:])
