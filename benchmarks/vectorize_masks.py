"""Seconds to make building and polygon vectors of a mask of 8192 × 8192 pixels with 17,000 buildings."""

import resource
import time

import cv2
import numpy as np

from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    BuildingVectorOutputConfig,
    PolygonVectorOutputConfig,
    VectorOutputConfig,
)

SIDE, STEP, BAND = 8192, 63, 256


def town(seed: int = 0) -> np.ndarray:
    """A mask of rotated rectangles, one in each cell of a grid, some of which touch."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((SIDE, SIDE), dtype=np.uint8)
    for y in range(STEP // 2, SIDE, STEP):
        for x in range(STEP // 2, SIDE, STEP):
            sides, angle = rng.uniform(14, 50, 2), rng.uniform(0, 180)
            corners = cv2.boxPoints(((x, y), sides.tolist(), angle))
            cv2.fillPoly(mask, [corners.astype(np.int32)], 1)
    return mask


def measure(config: VectorOutputConfig, mask: np.ndarray) -> None:
    """Print what one vector output costs, band by band."""
    start = time.perf_counter()
    vectorizer = config.build(mask.shape)
    count = sum(len(vectorizer.push(mask[y : y + BAND])) for y in range(0, SIDE, BAND)) + len(vectorizer.close())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f'{config.type_hint}: {count} polygons, {time.perf_counter() - start:.1f} s, peak {memory:.0f} MiB')


if __name__ == '__main__':
    mask = town()
    measure(BuildingVectorOutputConfig(class_id=1), mask)
    measure(PolygonVectorOutputConfig(class_id=1), mask)
