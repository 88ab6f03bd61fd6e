"""Prepares the mosaic of Rio de Janeiro of SpaceNet 1."""

from os.path import join

import click
import geopandas
import numpy as np
import shapely

from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.pipeline.file_system.publish import publish_file
from rastervision.pipeline.file_system.utils import download_if_needed
from rastervision.pytorch_backend.examples.preparation.objects import list_files, list_scene, stem
from rastervision.pytorch_backend.examples.scene_list import ListedScene, save_scenes

FOLDER = 'AOIs/AOI_1_Rio/srcData'
BUILDINGS = 'buildingLabels/Rio_Buildings_Public_AOI_v2.geojson'
IMAGES = 'mosaic_3band'


def prepare(raw_uri: str, processed_uri: str) -> None:
    """Write the buildings, which are one large GeoJSON file, with an index, and the list of images that show some.

    Holds the outlines of all buildings. Of images, only headers are read.

    Args:
        raw_uri: The bucket of SpaceNet, or a folder with the same layout.
        processed_uri: Folder to write `buildings.fgb` and `scenes.json` to.

    Raises:
        NotReadableError: If something is missing.
        DataError: If there are no images.
    """
    images = list_files(join(raw_uri, FOLDER, IMAGES), '.tif')
    path = download_if_needed(join(raw_uri, FOLDER, BUILDINGS))
    buildings = geopandas.read_file(path, columns=[])
    buildings = buildings.set_geometry(buildings.geometry.force_2d())
    with publish_file(join(processed_uri, 'buildings.fgb')) as target:
        buildings.to_file(target, driver='FlatGeobuf')
    # The middles of bounds: centroids are not needed this exactly, and outlines may be invalid.
    xmin, ymin, xmax, ymax = shapely.bounds(buildings.geometry.to_numpy()).T
    middles = (xmin + xmax) / 2, (ymin + ymax) / 2
    found = [scene for scene in (look_at(uri, middles) for uri in images) if scene is not None]
    found.sort(key=lambda scene: -scene[1])
    save_scenes(processed_uri, [scene for scene, _ in found])
    click.echo(f'{len(buildings)} buildings; {len(found)} of {len(images)} images show some')


def look_at(uri: str, middles: tuple[np.ndarray, np.ndarray]) -> tuple[ListedScene, int] | None:
    """A scene and the number of its buildings; None if there are none.

    Args:
        uri: The image.
        middles: Longitude and latitude of the buildings.
    """
    image = RasterioSource(uri, allow_streaming=True)
    x, y = image.crs_transformer.to_pixels(middles)
    inside = (x >= 0) & (y >= 0) & (x < image.extent.width) & (y < image.extent.height)
    if not inside.any():
        return None
    centres = np.stack([x[inside], y[inside]], axis=1)
    return list_scene(stem(uri), centres, image.extent), len(centres)
