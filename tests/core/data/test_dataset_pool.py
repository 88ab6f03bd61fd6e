import gc
import resource

import numpy as np
import pytest

from rastervision.core.box import Box
from rastervision.core.data import dataset_pool
from rastervision.core.data.dataset_pool import PooledDataset, max_open
from rastervision.core.data.geotiff import write_bbox


@pytest.fixture
def path(tmp_path):
    write_bbox(str(tmp_path / 'a.tif'), np.ones((2, 2), dtype=np.uint8), Box(0, 0, 2, 2), 'epsg:32633')
    return str(tmp_path / 'a.tif')


def test_any_number_of_images_can_be_used(path, monkeypatch):
    monkeypatch.setattr(dataset_pool, 'MOST_OPEN', 3)
    images = [PooledDataset(path) for _ in range(10)]

    opened = [image.get() for image in images]

    assert sum(not dataset.closed for dataset in opened) == 3
    assert not images[0].get().closed


@pytest.mark.parametrize(('allowed', 'expected'), [(1024, 128), (256, 32), (20, 2), (4, 1), (-1, 128)])
def test_fewer_images_are_open_where_the_system_allows_few_files(monkeypatch, allowed, expected):
    monkeypatch.setattr(resource, 'getrlimit', lambda _: (allowed, allowed))

    assert max_open() == expected


def test_a_dropped_image_is_closed(path):
    image = PooledDataset(path)
    dataset = image.get()

    del image
    gc.collect()

    assert dataset.closed
