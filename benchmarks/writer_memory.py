"""Peak memory and seconds of writing smooth predictions of a scene: 512-pixel windows, half overlapping, two classes.

Usage: writer_memory.py [WIDTH] [HEIGHT]
"""

import resource
import sys
import tempfile
import time

import cv2
import numpy as np

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.label_store.semantic_segmentation_label_store import SemanticSegmentationLabelStore

CHIP = 512


def peak() -> float:
    """Peak memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(width: int, height: int) -> None:
    """Write the predictions of a made-up scene and print what it took."""
    scene = cv2.resize(np.random.default_rng(0).random((16, 16), dtype=np.float32), (2 * CHIP, 2 * CHIP))
    classes = ClassConfig(names=['building', 'null'])
    before, start, rows = peak(), time.perf_counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        store = SemanticSegmentationLabelStore(
            f'{folder}/scene', IdentityCRSTransformer(), classes, Box(0, 0, height, width), smooth_output=True
        )
        with store.writer() as writer:
            for i, window in enumerate(Box(0, 0, height, width).get_windows(CHIP, CHIP // 2)):
                y, x = i * 37 % CHIP, i * 91 % CHIP
                score = scene[y : y + CHIP, x : x + CHIP]
                writer.write(window, np.stack([score, 1 - score]))
                rows = max(rows, writer.num_rows_held)
    seconds = time.perf_counter() - start
    print(f'{width} x {height}: {seconds:.0f} s, peak {peak():.0f} MiB ({before:.0f} before), {rows} rows held')


if __name__ == '__main__':
    main(*(int(argument) for argument in sys.argv[1:] or (16384, 16384)))
