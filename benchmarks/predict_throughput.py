"""Prediction speed against the least that must be done: read, compute, write, in one run.

The bare loop reads windows of a tiled GeoTIFF with rasterio, runs the model, and writes the class of each pixel to a
tiled DEFLATE GeoTIFF, one thing after the other. Both use the same model, windows and batches, on one thread. Prints
megapixels per second of both and their ratio, best of several rounds, taken in turns.

Usage: python benchmarks/predict_throughput.py [--size 4096] [--rounds 3]
"""

import argparse
import subprocess
import sys
import tempfile
import time
from itertools import islice, product
from pathlib import Path

import numpy as np
import rasterio
import torch
from predict_memory import ROOT, make_bundle, make_image
from rasterio.windows import Window
from torch import nn

from rastervision.core.predictor import Predictor

CHIP, BATCH = 256, 8


def bare_predict(model: nn.Module, image: Path, out: Path) -> None:
    """Read, compute, write."""
    with rasterio.open(image) as source:
        profile = {**source.profile, 'count': 1, 'compress': 'deflate'}
        with rasterio.open(out, 'w', **profile) as target:
            corners = product(range(0, source.height, CHIP), range(0, source.width, CHIP))
            while windows := [Window(x, y, CHIP, CHIP) for y, x in islice(corners, BATCH)]:
                chips = np.stack([source.read(window=window) for window in windows])
                with torch.inference_mode():
                    scores = model(torch.from_numpy(chips).float().div_(255)).softmax(dim=1)
                for window, labels in zip(windows, scores.numpy().argmax(axis=1).astype(np.uint8), strict=True):
                    target.write(labels, 1, window=window)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--size', type=int, default=4096, help='side of the image in pixels, a multiple of 512')
    parser.add_argument('--rounds', type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([sys.executable, str(ROOT / 'examples/town.py'), str(folder / 'town')], check=True)
        make_image(folder / 'image.tif', args.size)
        predictor = Predictor(str(make_bundle(folder, 'plain')), str(folder / 'tmp'), trust=True)
        predictor.scene_config.label_store.vector_output = []
        model = predictor.pipeline.backend.learner.model.eval()
        jobs = {
            'rastervision': lambda: predictor.predict([str(folder / 'image.tif')], str(folder / 'out')),
            'bare loop': lambda: bare_predict(model, folder / 'image.tif', folder / 'bare.tif'),
        }
        seconds = dict.fromkeys(jobs, float('inf'))
        for _ in range(args.rounds):
            for job_name, job in jobs.items():
                start = time.perf_counter()
                job()
                seconds[job_name] = min(seconds[job_name], time.perf_counter() - start)
    for job_name, value in seconds.items():
        print(f'{job_name:<13} {args.size**2 / 1e6 / value:7.2f} Mpx/s')
    print(f'ratio         {seconds["bare loop"] / seconds["rastervision"]:7.2f}')


if __name__ == '__main__':
    main()
