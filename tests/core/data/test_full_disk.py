"""What did not reach the disk is an error, also if only the last bytes are missing, and nothing is published."""

import os
import resource
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.cog import create_cog
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.geotiff import crop_geotiff, write_bbox
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label.object_detection_labels import ObjectDetectionLabels
from rastervision.core.data.label_store.chip_classification_geojson_store import ChipClassificationGeoJSONStore
from rastervision.core.data.label_store.object_detection_geojson_store import ObjectDetectionGeoJSONStore
from rastervision.core.data.label_store.semantic_segmentation_label_store import SemanticSegmentationLabelStore
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import PolygonVectorOutputConfig
from rastervision.core.data.plain_data import save_img
from rastervision.pipeline.errors import NotWritableError
from rastervision.pipeline.file_system.utils import json_to_file, zipdir
from rastervision.pytorch_backend.chip_files import write_chip

CLASSES = ClassConfig(names=['a', 'b', 'null'])
CRS = RasterioCRSTransformer(Affine(0.5, 0, 6e5, 0, -0.5, 5e6), 'epsg:32633')
BBOX = Box(0, 0, 150, 130)
RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 2, BBOX.size, dtype=np.uint8)
SCORES = RNG.random((2, *BBOX.size), dtype=np.float32)
PICTURE = RNG.integers(0, 255, (90, 80, 3), dtype=np.uint8)


def image(folder: Path) -> str:
    path = str(folder / 'image.tif')
    if not os.path.exists(path):
        write_bbox(path, PICTURE, Box(0, 0, 90, 80), 'EPSG:32633', photometric='RGB')
    return path


def labels_to(target: str, smooth: bool = False, vectors: tuple[str, ...] = (), **options) -> None:
    outputs = [PolygonVectorOutputConfig(class_id=1, denoise=0, format=format) for format in vectors]
    store = SemanticSegmentationLabelStore(
        target, CRS, CLASSES, BBOX, vector_outputs=outputs, rasterio_block_size=64, smooth_output=smooth, **options
    )
    with store.writer(smooth=smooth) as writer:
        writer.write(BBOX, np.concatenate([SCORES, 0 * SCORES[:1]]) if smooth else NOISE)


def boxes_to(target: str) -> None:
    corners = np.sort(RNG.random((300, 2, 2)), axis=1)
    labels = ObjectDetectionLabels(corners.reshape(300, 4), np.zeros(300), RNG.random(300))
    ObjectDetectionGeoJSONStore(target, CLASSES, CRS, BBOX).save(labels)


def cells_to(target: str) -> None:
    labels = ChipClassificationLabels({cell: (0, RNG.random(3).tolist()) for cell in BBOX.get_windows(10, 10)})
    ChipClassificationGeoJSONStore(target, CLASSES, CRS, BBOX).save(labels)


WRITERS = {
    'labels': labels_to,
    'colours': lambda target: labels_to(target, save_as_rgb=True),
    'scores': lambda target: labels_to(target, smooth=True, discrete_output=False),
    'geojson': lambda target: labels_to(target, vectors=('geojson',)),
    'gpkg': lambda target: labels_to(target, vectors=('gpkg',)),
    'parquet': lambda target: labels_to(target, vectors=('parquet',)),
    'boxes': boxes_to,
    'cells': cells_to,
    'cog': lambda target: create_cog(image(Path(target).parent), target, str(Path(target).parent / 'tmp')),
    'crop': lambda target: crop_geotiff(image(Path(target).parent), Box(10, 10, 80, 70), target),
    'box.tif': lambda target: write_bbox(target, PICTURE, Box(0, 0, 90, 80), 'EPSG:32633'),
    'chip.png': lambda target: write_chip(PICTURE, target),
    'chip.npy': lambda target: write_chip(PICTURE, target),
    'plot.png': lambda target: save_img(PICTURE, target),
    'record.json': lambda target: json_to_file({'numbers': list(range(3000))}, target),
}
# These are written in a place that is thrown away on an error.
NOT_PUBLISHED = ('chip.png', 'chip.npy', 'box.tif')


@contextmanager
def files_up_to(size: int):
    """Let no file grow beyond a size, which fails as a full disk does, at whatever byte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def largest_file(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob('*') if file.is_file()]
    return max(file.stat().st_size for file in files)


@pytest.mark.parametrize('name', WRITERS)
@pytest.mark.parametrize('lacking', [1, 100, 3000, 0.5, 1.0])
def test_missing_bytes_are_an_error_and_nothing_is_published(tmp_path, name, lacking):
    write, target = WRITERS[name], tmp_path / name
    image(tmp_path)
    write(str(tmp_path / f'complete-{name}'))
    size = largest_file(tmp_path / f'complete-{name}')

    limit = size - (lacking if isinstance(lacking, int) else int(size * lacking))
    with pytest.raises(NotWritableError), files_up_to(max(limit, 0)):
        write(str(target))

    assert name in NOT_PUBLISHED or not target.exists()
    write(str(target))
    assert target.exists()


@pytest.mark.parametrize('lacking', [1, 100, 0.5])
def test_zips_that_lack_bytes_are_an_error(tmp_path, lacking):
    folder = tmp_path / 'chips'
    folder.mkdir()
    for i in range(4):
        write_chip(PICTURE, str(folder / f'{i}.png'))
    zipdir(str(folder), str(tmp_path / 'complete.zip'))
    size = largest_file(tmp_path / 'complete.zip')

    limit = size - (lacking if isinstance(lacking, int) else int(size * lacking))
    with pytest.raises(NotWritableError), files_up_to(limit):
        zipdir(str(folder), str(tmp_path / 'chips.zip'))
    assert not (tmp_path / 'chips.zip').exists()


def test_blocks_that_gdal_lost_while_closing_are_found(tmp_path):
    """GDAL says nothing of blocks that it keeps until the file is closed; a profile with one large row shows it."""
    path = str(tmp_path / 'labels.tif')
    labels_to(str(tmp_path / 'scene'))
    (tmp_path / 'scene' / 'labels.tif').rename(path)
    os.truncate(path, os.path.getsize(path) - 10)

    from rastervision.core.data.raster_check import check_blocks

    with pytest.raises(NotWritableError, match=r'labels\.tif.* was not written completely'):
        check_blocks(path)
    with rasterio.open(path) as dataset:
        assert dataset.count == 1
