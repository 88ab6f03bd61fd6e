"""Prepares the vehicles of xView."""

from os.path import join

import click
import geopandas
import numpy as np
import pandas as pd

from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.pipeline.errors import DataError
from rastervision.pipeline.file_system.utils import download_if_needed
from rastervision.pytorch_backend.examples.preparation.objects import list_files, list_scene, save_boxes, stem
from rastervision.pytorch_backend.examples.scene_list import ListedScene, save_scenes

IMAGES, LABELS = 'train_images', 'xView_train.geojson'
# The `type_id` of road vehicles: from Passenger Vehicle, Small Car and Bus to Truck w/Liquid. Trailers are left out.
VEHICLES = (17, 18, 19, 20, 21, 23, 24, 25, 26, 28, 29)
NUM_IMAGES = 100


def prepare(raw_uri: str, processed_uri: str) -> None:
    """Write a file of vehicles for each of the images that show most, and the list of these images.

    Holds the vehicles of all images, without their outlines.

    Args:
        raw_uri: Folder with `train_images/` and `xView_train.geojson`.
        processed_uri: Folder to write `labels/<name>.geojson` and `scenes.json` to.

    Raises:
        NotReadableError: If something is missing.
        DataError: If there are no images, or they show no vehicles.
    """
    images = {stem(uri): uri for uri in list_files(join(raw_uri, IMAGES), '.tif')}
    vehicles = read_vehicles(join(raw_uri, LABELS))
    counts = vehicles.name.value_counts()  # ties: in the order of names, so that the choice is always the same
    counts = counts[counts.index.isin(images)].sort_index().sort_values(ascending=False, kind='stable')
    if counts.empty:
        raise DataError(f'{raw_uri!r}: no image in {IMAGES} has a vehicle in {LABELS}.')
    groups = vehicles.groupby('name')
    scenes = [
        write_labels(name, groups.get_group(name), images[name], processed_uri) for name in counts.index[:NUM_IMAGES]
    ]
    save_scenes(processed_uri, scenes)
    click.echo(f'{counts.iloc[:NUM_IMAGES].sum()} vehicles in {len(scenes)} of {len(images)} images')


def read_vehicles(uri: str) -> pd.DataFrame:
    """The vehicles: columns `name`, that of the image, and xmin, ymin, xmax, ymax in pixels of it."""
    ids = ', '.join(map(str, VEHICLES))
    features = geopandas.read_file(
        download_if_needed(uri),
        columns=['bounds_imcoords', 'image_id', 'type_id'],
        where=f'type_id IN ({ids})',
        ignore_geometry=True,
    )
    boxes = features.bounds_imcoords.str.extract(r'^(-?\d+),(-?\d+),(-?\d+),(-?\d+)$').astype(float)
    boxes.columns = ['xmin', 'ymin', 'xmax', 'ymax']
    named = boxes.assign(name=features.image_id.str.removesuffix('.tif'))
    return named[(named.xmin < named.xmax) & (named.ymin < named.ymax)]  # some have no extent


def write_labels(name: str, vehicles: pd.DataFrame, image_uri: str, processed_uri: str) -> ListedScene:
    """Write the vehicles of an image.

    Args:
        name: Name of the image.
        vehicles: Its vehicles, see `read_vehicles`.
        image_uri: The image.
        processed_uri: Folder to write `labels/<name>.geojson` to.

    Returns:
        The scene.
    """
    image = RasterioSource(image_uri, allow_streaming=True)
    boxes = vehicles[['xmin', 'ymin', 'xmax', 'ymax']].to_numpy()
    save_boxes(join(processed_uri, 'labels', f'{name}.geojson'), boxes, image.crs_transformer)
    centres = np.stack([boxes[:, 0::2].mean(axis=1), boxes[:, 1::2].mean(axis=1)], axis=1)
    return list_scene(name, centres, image.extent)
