"""Training samples per second: windows read from a scene against tensors that are in memory already, in one run.

The scene is a tiled DEFLATE GeoTIFF with 4,000 label polygons; windows are random, 256 x 256 pixels. Both loops train
the same light model. Prints samples per second of both and their ratio, best of several rounds, taken in turns.

Usage: python benchmarks/train_throughput.py [--side 8192] [--workers 2] [--batches 40] [--rounds 3]
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import rasterio
import shapely
import torch
from torch import nn
from torch.utils.data import DataLoader

from rastervision.core.data.class_config import ClassConfig
from rastervision.pytorch_learner.dataset.semantic_segmentation_dataset import (
    SemanticSegmentationRandomWindowGeoDataset,
)

POLYGONS = 4_000
SIZE, BATCH = 256, 16


def write_image(path: Path, side: int, rng: np.random.Generator) -> None:
    """Write blurred noise, which compresses about as well as imagery does."""
    noise = rng.integers(0, 255, (side // 4, side // 4, 3), dtype=np.uint8)
    profile = {'driver': 'GTiff', 'width': side, 'height': side, 'count': 3, 'dtype': 'uint8', 'compress': 'deflate'}
    profile |= {'tiled': True, 'blockxsize': 512, 'blockysize': 512, 'crs': 'EPSG:32631', 'interleave': 'pixel'}
    with rasterio.open(path, 'w', transform=rasterio.Affine(1, 0, 5e5, 0, -1, 1e6), **profile) as out:
        out.write(cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC).transpose(2, 0, 1))


def write_labels(path: Path, side: int, rng: np.random.Generator) -> None:
    """Write octagons at random places."""
    centres = np.stack([5e5 + rng.random(POLYGONS) * side, 1e6 - rng.random(POLYGONS) * side], axis=1)
    polygons = shapely.buffer(shapely.points(centres), 12, quad_segs=2)
    features = [{'type': 'Feature', 'geometry': json.loads(t), 'properties': {}} for t in shapely.to_geojson(polygons)]
    crs = {'type': 'name', 'properties': {'name': 'urn:ogc:def:crs:EPSG::32631'}}
    path.write_text(json.dumps({'type': 'FeatureCollection', 'crs': crs, 'features': features}))


def make_loader(folder: Path, side: int, workers: int, batches: int) -> DataLoader:
    """Random windows of the scene, as a user would write it."""
    rng = np.random.default_rng(0)
    write_image(folder / 'image.tif', side, rng)
    write_labels(folder / 'labels.geojson', side, rng)
    dataset = SemanticSegmentationRandomWindowGeoDataset.from_uris(
        class_config=ClassConfig(names=['background', 'thing'], null_class='background'),
        image_uri=str(folder / 'image.tif'),
        label_vector_uri=str(folder / 'labels.geojson'),
        label_vector_default_class_id=1,
        size_lims=(SIZE, SIZE + 1),
        out_size=SIZE,
        padding=0,
        max_windows=batches * BATCH,
    )
    return DataLoader(dataset, BATCH, num_workers=workers, persistent_workers=workers > 0)


def train(model: nn.Module, batches: Iterable[list[torch.Tensor]]) -> float:
    """Samples per second, from the second batch on: the first one waits for the workers to start."""
    optimizer = torch.optim.Adam(model.parameters())
    count, start = 0, 0.0
    for index, (x, y) in enumerate(batches):
        if index == 1:
            start = time.perf_counter()
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        count += len(x) if index else 0
    return count / (time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--side', type=int, default=8192, help='side of the scene in pixels')
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument('--batches', type=int, default=40, help='batches in a round')
    parser.add_argument('--rounds', type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 1, 1), nn.ReLU())
    model = nn.Sequential(*model, nn.Conv2d(32, 2, 1), nn.Upsample(scale_factor=2))
    with tempfile.TemporaryDirectory() as folder:
        loader = make_loader(Path(folder), args.side, args.workers, args.batches)
        memory = list(loader)
        rates = {'from the scene': 0.0, 'from memory': 0.0}
        for _ in range(args.rounds):
            for name, batches in zip(rates, (loader, memory), strict=True):
                rates[name] = max(rates[name], train(model, batches))
    for name, rate in rates.items():
        print(f'{name:<15} {rate:7.1f} samples/s')
    print(f'ratio           {rates["from the scene"] / rates["from memory"]:7.2f}')


if __name__ == '__main__':
    main()
