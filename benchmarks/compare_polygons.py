"""Seconds to compare 17,000 predicted buildings with 17,000 true ones, in rows and in a crowd."""

import time

import numpy as np
import shapely

from rastervision.core.box import Box
from rastervision.core.evaluation.polygon_comparison import compare_polygons

COUNT, STEP, SIDES = 17_000, 63, (14, 50)


def town(rng: np.random.Generator, middles: np.ndarray) -> np.ndarray:
    """Turned L-shaped buildings around some points, (n, 2)."""
    sides, angles = rng.uniform(*SIDES, middles.shape), rng.uniform(0, 2 * np.pi, len(middles))
    corners = np.array([(-1, -1), (1, -1), (1, 0.2), (0.2, 0.2), (0.2, 1), (-1, 1)]) / 2
    x, y = (corners * sides[:, None]).transpose(2, 0, 1)
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    rings = np.stack([x * cos - y * sin, x * sin + y * cos], axis=-1) + middles[:, None]
    polygons: np.ndarray = shapely.polygons(rings)
    return polygons


def predicted(rng: np.random.Generator, truth: np.ndarray) -> np.ndarray:
    """Buildings as a model finds them: moved, with rough outlines, a tenth elsewhere."""
    moved = shapely.segmentize(truth, 3)
    coordinates, owner = shapely.get_coordinates(moved, return_index=True)
    shifts = rng.normal(0, 2, (len(truth), 2)) + 200 * (rng.random((len(truth), 1)) < 0.1)
    rough = np.sin(3 * coordinates)[:, ::-1] / 2  # the same where a ring ends as where it began
    return shapely.make_valid(
        shapely.set_coordinates(moved, coordinates + rough + shifts[owner]), method='structure', keep_collapsed=False
    )


def measure(name: str, truth: np.ndarray, found: np.ndarray, **options: object) -> None:
    """Print what one comparison costs."""
    start = time.perf_counter()
    item = compare_polygons(truth, found, **options).to_item(0, 'building')  # type: ignore[arg-type]
    seconds = time.perf_counter() - start
    print(f'{name}: {item.gt_count:.0f} x {item.pred_count:.0f} buildings, F1 {item.f1:.3f}, {seconds:.1f} s')


if __name__ == '__main__':
    rng = np.random.default_rng(0)
    side = int(np.ceil(np.sqrt(COUNT)))
    rows = STEP * np.stack(np.divmod(np.arange(COUNT), side), axis=1) + STEP / 2
    truth = town(rng, rows)
    found = predicted(rng, truth)
    extent = Box(0, 0, STEP * side, STEP * side)
    measure('in rows', truth, found)
    areas = [shapely.box(0, 0, 3000, 8000), shapely.Point(5000, 4000).buffer(2500)]
    measure('in rows, within areas of interest', truth, found, areas=areas, extent=extent)
    background = shapely.box(0, 0, STEP * side, STEP * side).difference(shapely.union_all(truth))
    measure('with all that is no building as an object', [*truth, background], [*found, background])
    crowd = town(rng, rng.uniform(0, STEP * side / 6, (COUNT, 2)))
    measure('36 times as dense, each across many', crowd, predicted(rng, crowd))
