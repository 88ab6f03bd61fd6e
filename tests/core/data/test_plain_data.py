import json

import numpy as np
import pytest
from PIL import Image

from rastervision.core.box import Box
from rastervision.core.data.plain_data import all_equal, ensure_json_serializable, save_img
from rastervision.core.data.uris import listify_uris
from rastervision.pipeline.errors import ArgumentTypeError


def test_anything_nested_becomes_plain():
    plain = ensure_json_serializable({1: (np.float32(0.5), np.arange(2), Box(1, 2, 3, 4), None)})

    assert json.dumps(plain) == '{"1": [0.5, [0, 1], {"ymin": 1, "xmin": 2, "ymax": 3, "xmax": 4}, null]}'
    with pytest.raises(ArgumentTypeError, match='object'):
        ensure_json_serializable([object()])


def test_images_are_written(tmp_path):
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)

    save_img(pixels, str(tmp_path / 'a/b.png'))

    assert np.array_equal(np.array(Image.open(tmp_path / 'a/b.png')), pixels)


def test_all_equal():
    assert all_equal([]) and all_equal([1, 1]) and not all_equal([1, 2])


def test_uris_are_listified():
    assert listify_uris('a') == ['a'] and listify_uris(('a', 'b')) == ['a', 'b']
    with pytest.raises(ArgumentTypeError):
        listify_uris(3)
