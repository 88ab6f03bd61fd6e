"""Whole runs on `s3://` roots: the same files as on a disk, also after a crash and over a bad connection."""

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio

from rastervision.aws_s3.s3_file_system import S3FileSystem
from rastervision.core.box import Box
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.pipeline.execution import prepare
from rastervision.pipeline.file_system.local_file_system import list_files
from rastervision.pipeline.registry import registry_
from rastervision.pipeline.runner.inprocess_runner import InProcessRunner

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'pipeline' / 'toy')]

from faulty_proxy import FAULTS, FaultyProxy  # noqa: E402

MB = 1 << 20


@pytest.fixture
def toy(tmp_path):
    """Makes a config of the toy pipeline."""
    from rastervision.toy_plugin.toy import ToyConfig

    registry_.load_plugins()
    registry_.set_plugin_version('rastervision.toy_plugin', 0)
    return lambda root_uri, **fields: ToyConfig(root_uri=root_uri, log=str(tmp_path / 'log'), **fields)


@pytest.fixture
def log(tmp_path):
    """Takes what the toy pipeline has noted since it was asked last."""

    def take():
        lines = (tmp_path / 'log').read_text().splitlines() if (tmp_path / 'log').exists() else []
        (tmp_path / 'log').unlink(missing_ok=True)
        return lines

    return take


@pytest.fixture
def proxy(bucket, s3_server, monkeypatch):
    """A bad connection to the store; waits between tries are short."""
    from botocore.retries import standard

    monkeypatch.setattr(standard.ExponentialBackoff, 'delay_amount', lambda self, context: 0.01)
    monkeypatch.setattr('rastervision.aws_s3.transfer.SECONDS_BETWEEN_TRIES', 0.01)
    proxy = FaultyProxy(s3_server)
    monkeypatch.setenv('AWS_ENDPOINT_URL', proxy.uri)
    yield proxy
    proxy.close()


def run(config, num_splits=1):
    resolved = prepare(config)
    pipeline = resolved.build('')
    InProcessRunner().run(resolved.get_config_uri(), pipeline, pipeline.commands, num_splits)


def files(root, local_root):
    """Content of all files but the config, which names the root, of a run on a disk or on S3."""
    if root.startswith('s3://'):
        local_root.mkdir()
        S3FileSystem.sync_from_dir(root, str(local_root))
        root = str(local_root)
    skipped = ('pipeline-config.json', '.manifest/')
    return {name: (Path(root) / name).read_bytes() for name in list_files(root) if not name.startswith(skipped)}


@pytest.mark.parametrize('num_splits', [1, 2, 7])
def test_run_on_s3_gives_the_files_of_one_on_a_disk(toy, bucket, tmp_path, num_splits):
    run(toy(str(tmp_path / 'out')))
    run(toy(f'{bucket}/out'), num_splits)

    assert files(f'{bucket}/out', tmp_path / 'copy') == files(str(tmp_path / 'out'), None)


def test_run_on_s3_goes_on_where_it_was_ended(toy, bucket, tmp_path, log):
    root = f'{bucket}/out'
    with pytest.raises(ValueError, match='b is bad'):
        run(toy(root, bad_item='b'))
    assert log() == ['make a', 'make b']

    run(toy(root))
    assert log() == ['make b', 'make c', 'join', 'shout']
    run(toy(root))
    assert log() == []

    S3FileSystem.write_str(f'{root}/joined.txt', 'damaged')
    run(toy(root))
    assert log() == ['join', 'shout']
    assert S3FileSystem.read_str(f'{root}/shouted.txt') == 'abc!'


def test_run_on_s3_follows_its_inputs(toy, bucket, log):
    S3FileSystem.write_str(f'{bucket}/in.txt', '1')
    run(toy(f'{bucket}/out', source=f'{bucket}/in.txt'))
    log()

    S3FileSystem.write_str(f'{bucket}/in.txt', '1')
    run(toy(f'{bucket}/out', source=f'{bucket}/in.txt'))
    assert log() == []
    S3FileSystem.write_str(f'{bucket}/in.txt', '2')
    run(toy(f'{bucket}/out', source=f'{bucket}/in.txt'))
    assert 'make a' in log()


def test_run_leaves_nothing_of_an_older_one(toy, bucket, tmp_path):
    run(toy(f'{bucket}/out', items=['a', 'b']))
    import time

    time.sleep(1.1)  # S3 tells time in seconds
    run(toy(f'{bucket}/out', items=['a']))

    assert sorted(files(f'{bucket}/out', tmp_path / 'copy')) == ['a.txt', 'joined.txt', 'shouted.txt']


def test_what_lies_beside_what_was_made_does_not_count(toy, bucket, tmp_path):
    S3FileSystem.write_str(f'{bucket}/parts/0.txt', 'foreign')
    run(toy(str(tmp_path / 'out'), parts_uri=f'{bucket}/parts', items=['a', 'b']))

    run(toy(str(tmp_path / 'out'), parts_uri=f'{bucket}/parts', items=['a']), num_splits=2)

    assert files(str(tmp_path / 'out'), None)['joined.txt'] == b'a'
    assert sorted(files(f'{bucket}/parts', tmp_path / 'copy')) == ['0.txt', 'a.txt', 'b.txt']


def test_bad_connection_changes_no_byte_of_a_run(toy, bucket, proxy, tmp_path):
    items = [f'{number:03d}' for number in range(40)]
    run(toy(str(tmp_path / 'out'), items=items))

    run(toy(f'{bucket}/out', items=items), num_splits=3)

    assert files(f'{bucket}/out', tmp_path / 'copy') == files(str(tmp_path / 'out'), None)
    assert all(proxy.met[fault] > 0 for fault in FAULTS), proxy.met


def test_bad_connection_changes_no_byte_of_large_files_and_folders(bucket, proxy, tmp_path):
    src = tmp_path / 'src'
    src.mkdir()
    rng = np.random.default_rng(0)
    for number in range(60):
        (src / f'{number}.bin').write_bytes(rng.bytes(1000 * number))
    for number in range(2):
        (src / f'large{number}.bin').write_bytes(rng.bytes(50 * MB))

    S3FileSystem.sync_to_dir(str(src), f'{bucket}/to', delete=True)
    S3FileSystem.sync_from_dir(f'{bucket}/to', str(tmp_path / 'back'))

    digests = [
        [hashlib.sha256((folder / name).read_bytes()).digest() for name in list_files(str(src))]
        for folder in (src, tmp_path / 'back')
    ]
    assert digests[0] == digests[1]
    assert list_files(str(tmp_path / 'back')) == list_files(str(src))
    assert 0.04 < 1 - proxy.met['fine'] / proxy.met.total() < 0.2


def test_bad_connection_changes_no_pixel_that_is_streamed(bucket, proxy, tmp_path, monkeypatch):
    path = str(tmp_path / 'image.tif')
    pixels = np.random.default_rng(0).integers(0, 255, (1, 2048, 2048), dtype=np.uint8)
    profile = {'driver': 'GTiff', 'count': 1, 'height': 2048, 'width': 2048, 'dtype': 'uint8', 'tiled': True}
    with rasterio.open(path, 'w', blockxsize=128, blockysize=128, **profile) as dataset:
        dataset.write(pixels)
    S3FileSystem.copy_to(path, f'{bucket}/image.tif')
    source = RasterioSource(f'{bucket}/image.tif', allow_streaming=True)
    windows = Box(0, 0, 2048, 2048).get_windows(128, 256)  # apart, so that requests are small and many
    proxy.share = 0.3
    monkeypatch.setattr('rastervision.core.data.rasterio_io.SECONDS_BETWEEN_TRIES', 0.01)

    with source.reading_ahead(windows):
        for window in windows:
            assert np.array_equal(source.get_chip(window)[..., 0], pixels[0][window.to_slices()])

    assert proxy.met.total() - proxy.met['fine'] > 10
