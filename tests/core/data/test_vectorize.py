import numpy as np
import pytest
import shapely
from affine import Affine

from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    BuildingVectorOutputConfig,
    PolygonVectorOutputConfig,
    VectorOutputConfig,
)
from rastervision.core.data.vectorize.buildings import get_kernel, get_rectangle, mask_to_building_polygons
from rastervision.core.data.vectorize.morphology import DenoiseStream, denoise
from rastervision.core.data.vectorize.polygons import mask_to_polygons


def blobs(seed: int, shape: tuple[int, int] = (90, 70), count: int = 30) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mask = np.zeros(shape, dtype=np.uint8)
    for _ in range(count):
        y, x, height, width = rng.integers(0, shape[0]), rng.integers(0, shape[1]), *rng.integers(1, 25, 2)
        mask[y : y + height, x : x + width] = rng.integers(0, 2)
    return mask


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, (40, 30)).astype(np.uint8)


def by_bands(config: VectorOutputConfig, mask: np.ndarray, height: int) -> list[shapely.Geometry]:
    vectorizer = config.build(mask.shape)
    bands = [vectorizer.push(mask[y : y + height]) for y in range(0, len(mask), height)]
    return [polygon for part in bands for polygon in part] + vectorizer.close()


def canonical(polygons: list[shapely.Geometry]) -> list[tuple[float, ...]]:
    normal = shapely.normalize(shapely.simplify(np.array(polygons, dtype=object), 0))
    return sorted((polygon.bounds, polygon.area, polygon.length) for polygon in normal)


@pytest.mark.parametrize('height', [1, 7, 16, 200])
@pytest.mark.parametrize('diameter', [0, 1, 2, 5, 8])
def test_denoising_by_bands_is_that_of_the_whole_mask(height, diameter):
    mask = blobs(diameter)
    stream = DenoiseStream(diameter)

    rows = [stream.push(mask[y : y + height]) for y in range(0, len(mask), height)] + [stream.close()]

    np.testing.assert_array_equal(np.concatenate(rows), denoise(mask, diameter))


@pytest.mark.parametrize('diameter', range(1, 13))
def test_denoising_is_the_same_from_all_sides_and_adds_nothing(diameter):
    mask = blobs(diameter, (60, 60))

    opened = denoise(mask, diameter)

    assert (opened <= mask).all() and opened.any()
    np.testing.assert_array_equal(opened, denoise(opened, diameter))
    turns = (np.fliplr, np.flipud) if diameter % 2 else (np.fliplr, np.flipud, np.rot90, np.transpose)
    for turn in turns:
        np.testing.assert_array_equal(denoise(turn(mask), diameter), turn(opened))


@pytest.mark.parametrize('height', [1, 7, 16, 200])
@pytest.mark.parametrize(
    'mask', [blobs(0), blobs(1), noise(2), np.ones((30, 20), np.uint8), np.zeros((30, 20), np.uint8)]
)
@pytest.mark.parametrize(
    'config',
    [
        PolygonVectorOutputConfig(class_id=1, denoise=0),
        PolygonVectorOutputConfig(class_id=1, denoise=3),
        BuildingVectorOutputConfig(class_id=1, denoise=0),
        BuildingVectorOutputConfig(class_id=1, denoise=3, min_area=20),
    ],
    ids=['polygons', 'denoised polygons', 'buildings', 'denoised buildings'],
)
def test_polygons_by_bands_are_those_of_the_whole_mask(config, mask, height):
    assert canonical(by_bands(config, mask, height)) == canonical(list(config.vectorize(mask)))


def test_patch_around_a_hole_that_crosses_seams_keeps_the_hole():
    mask = np.ones((30, 30), dtype=np.uint8)
    mask[5:25, 5:25] = 0
    mask[10:20, 10:20] = 1

    polygons = by_bands(PolygonVectorOutputConfig(class_id=1, denoise=0), mask, 4)

    assert sorted((polygon.area, len(polygon.interiors)) for polygon in polygons) == [(100, 0), (500, 1)]


def test_complete_polygons_are_given_at_once():
    mask = np.zeros((40, 20), dtype=np.uint8)
    mask[2:6, 2:6] = 1
    vectorizer = PolygonVectorOutputConfig(class_id=1, denoise=0).build(mask.shape)

    assert [polygon.bounds for polygon in vectorizer.push(mask[:10])] == [(2, 2, 6, 6)]


def test_vector_output_of_a_plugin_gets_the_whole_mask():
    class Count(VectorOutputConfig):
        def vectorize(self, mask):
            yield shapely.box(0, 0, *mask.shape)

    assert by_bands(Count(class_id=1), np.ones((20, 11), np.uint8), 8) == [shapely.box(0, 0, 20, 11)]


def test_polygons_are_in_the_coordinates_of_the_transform():
    mask = np.ones((2, 3), dtype=np.uint8)
    transform = Affine(10, 0, 100, 0, -10, 200)

    assert next(mask_to_polygons(mask, transform)).bounds == (100, 180, 130, 200)
    assert next(mask_to_building_polygons(mask, transform, min_area=0)).bounds == (100, 180, 130, 200)


def test_buildings_that_touch_are_separated():
    mask = np.zeros((40, 60), dtype=np.uint8)
    mask[10:30, 5:25] = mask[10:30, 35:55] = mask[19:21, 25:35] = 1

    buildings = list(mask_to_building_polygons(mask, min_area=100, thickness=0.5))

    assert len(buildings) == 2


def test_patches_below_the_least_area_are_left_out():
    assert not list(mask_to_building_polygons(np.ones((8, 8), np.uint8), min_area=50))
    assert list(mask_to_building_polygons(np.ones((8, 8), np.uint8), min_area=49))


def test_kernel_lies_across_the_rectangle():
    mask = np.zeros((20, 40), dtype=np.uint8)
    mask[5:14, 5:35] = 1

    kernel = get_kernel(get_rectangle(mask), width_factor=0.5)

    assert kernel.shape == (4, 4)
    assert kernel.any(axis=1).all() and kernel.any(axis=0).sum() < 4


def test_empty_mask_has_no_rectangle():
    assert get_rectangle(np.zeros((4, 4), np.uint8)) is None
