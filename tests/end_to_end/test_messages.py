"""What a user reads who gave something wrong: what, where, and what to try. Nothing half-written stays."""

import sys
from pathlib import Path

import pytest

from rastervision.pipeline.cli import _main

QUICKSTART = Path(__file__).resolve().parents[2] / 'examples/quickstart.py'

pytestmark = pytest.mark.e2e

CONFIG = """
import quickstart
from rastervision.core.data import ClassConfig, RasterioSourceConfig

def get_config(runner, data_uri, root_uri, image=None, labels=None, fault=None):
    config = quickstart.get_config(runner, data_uri, root_uri)
    scene = config.dataset.train_scenes[0]
    source = scene.label_source.raster_source.vector_source
    if image:
        scene.raster_source.uris = image
    if labels:
        source.uris = labels
    if fault == 'field':
        scene.raster_source = RasterioSourceConfig(uri='a.tif')
    if fault == 'class':
        source.transformers[0].default_class_id = None
        config.dataset.class_config = ClassConfig(names=['background', 'house'], null_class='background')
    if fault == 'channel':
        scene.raster_source.channel_order = [0, 1, 7]
    return config
"""


@pytest.fixture
def chip(town, tmp_path, monkeypatch, capfd):
    """Runs the chip command of a faulty config, sees that it fails, and gives the message.

    Through the entry point of `rastervision`, but in this process, which has loaded the libraries already.
    """
    config = tmp_path / 'faulty.py'
    config.write_text(CONFIG)
    monkeypatch.syspath_prepend(str(QUICKSTART.parent))

    def chip(**faults: object) -> str:
        root = tmp_path / 'out'
        options = {'data_uri': town, 'root_uri': root, **faults}
        extra = [str(part) for name, value in options.items() for part in ('-a', name, value)]
        monkeypatch.setattr(sys, 'argv', ['rastervision', 'run', 'inprocess', str(config), 'chip', *extra])
        with pytest.raises(SystemExit) as end:
            _main()
        assert end.value.code == 1
        assert [path.name for path in root.rglob('*') if path.is_file()] in ([], ['pipeline-config.json'])
        return capfd.readouterr().err

    return chip


def cut(path: Path, to: Path, size: int) -> Path:
    to.write_bytes(path.read_bytes()[:size])
    return to


def test_mistyped_field(chip):
    message = chip(fault='field')

    assert "unknown field 'uri'. Did you mean 'uris'?" in message
    assert 'faulty.py, line 14' in message


def test_missing_image(chip, tmp_path):
    message = chip(image=tmp_path / 'nothing.tif')

    assert "scene 'train_a'" in message and 'nothing.tif' in message and 'there is no such file' in message


def test_truncated_geotiff(chip, town, tmp_path):
    message = chip(image=cut(town / 'train_a.tif', tmp_path / 'cut.tif', 300_000))

    assert "scene 'train_a'" in message and 'cut.tif' in message and 'Box(' in message and 'cut short' in message


def test_labels_that_are_no_json(chip, town, tmp_path):
    message = chip(labels=cut(town / 'train_a_buildings.geojson', tmp_path / 'cut.geojson', 5_000))

    assert "scene 'train_a'" in message and 'cut.geojson' in message and 'cannot be read as GeoJSON' in message


def test_class_that_no_label_has(chip):
    message = chip(fault='class')

    assert "scene 'train_a'" in message and "Class names found: ['building']" in message


def test_channel_that_the_image_lacks(chip):
    message = chip(fault='channel')

    assert "scene 'train_a'" in message and 'channel 7' in message and '3 channels' in message
