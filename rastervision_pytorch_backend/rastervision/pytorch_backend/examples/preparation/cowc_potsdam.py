"""Prepares the images of Potsdam of Cars Overhead With Context."""

from os.path import join

import click
import numpy as np

from rastervision.core.data.cog import create_cog
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.rasterio_io import open_raster
from rastervision.pipeline.file_system.utils import download_if_needed, get_tmp_dir
from rastervision.pytorch_backend.examples.preparation.objects import list_files, list_scene, save_boxes, stem
from rastervision.pytorch_backend.examples.scene_list import ListedScene, save_scenes

MARKS = '_Annotated_Cars.png'
CAR_SZ = 32  # pixels, 4.8 m


def prepare(raw_uri: str, processed_uri: str) -> None:
    """Write tiled images, boxes around the cars that are marked, and the list of images.

    Holds the marks of one image.

    Args:
        raw_uri: Folder with `<name>.png` and `<name>_Annotated_Cars.png`.
        processed_uri: Folder to write `images/<name>.tif`, `labels/<name>.geojson` and `scenes.json` to.

    Raises:
        NotReadableError: If something is missing.
        DataError: If there are no images.
    """
    found = []
    with get_tmp_dir() as tmp_dir:
        for uri in list_files(raw_uri, MARKS):
            name = stem(uri).removesuffix(stem(MARKS))
            image_uri = join(processed_uri, 'images', f'{name}.tif')
            create_cog(join(raw_uri, f'{name}.png'), image_uri, tmp_dir)
            centres = read_marks(uri)
            found.append((write_labels(name, centres, image_uri, processed_uri), len(centres)))
    found.sort(key=lambda scene: -scene[1])
    save_scenes(processed_uri, [scene for scene, _ in found])
    click.echo(f'{sum(count for _, count in found)} cars in {len(found)} images')


def read_marks(uri: str) -> np.ndarray:
    """The centres of the cars, x, y in pixels: (n, 2). Each is one pixel that is not transparent."""
    with open_raster(download_if_needed(uri)) as marks:
        y, x = np.nonzero(marks.dataset_mask() if marks.count in (2, 4) else marks.read().any(axis=0))
    return np.stack([x, y], axis=1) + 0.5


def write_labels(name: str, centres: np.ndarray, image_uri: str, processed_uri: str) -> ListedScene:
    """Write boxes around cars.

    Args:
        name: Name of the image.
        centres: Centres of the cars, (n, 2): x, y in pixels.
        image_uri: The image.
        processed_uri: Folder to write `labels/<name>.geojson` to.

    Returns:
        The scene.
    """
    image = RasterioSource(image_uri, allow_streaming=True)
    boxes = np.hstack([centres - CAR_SZ / 2, centres + CAR_SZ / 2])
    boxes = boxes.clip(0, [image.extent.width, image.extent.height] * 2)
    save_boxes(join(processed_uri, 'labels', f'{name}.geojson'), boxes, image.crs_transformer)
    return list_scene(name, centres, image.extent)
