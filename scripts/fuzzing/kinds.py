"""The kinds of inputs: how one is made from its number, and which entry points it is given to."""

import io
import json
import os
import random
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from fuzzing import samples
from fuzzing.mutations import change_json, change_sqlite, change_tiff, change_zip, flip_bytes
from fuzzing.workers import attempt

SHARE_PREDICTED = 0.3  # of the bundles, since it takes longest


def run_input(seed: int, kind: str, number: int, folder: Path) -> str:
    """Make an input, and give it to the entry points for its kind.

    Args:
        seed: Together with kind and number it says which input.
        kind: A key of `KINDS`.
        number: Its number.
        folder: Where its files are made.
    """
    rng = random.Random(f'{seed} {kind} {number}')
    KINDS[kind](rng, folder)
    return kind


# ------------------------------------------------------------------------ entry points
def _window() -> Any:
    from rastervision.core.box import Box

    return Box(0, 0, samples.SIZE, samples.SIZE)


def _raster(path: str, **options: Any) -> Any:
    from rastervision.core.data import RasterioSourceConfig

    return RasterioSourceConfig(uris=path, **options)


def _describe(path: str) -> None:
    from rich.console import Console

    from rastervision.core.info.describe import describe
    from rastervision.core.info.report import print_description

    found = describe(path)
    print_description(found, Console(file=io.StringIO(), width=100))
    json.dumps(found.dict())


def _read_image(path: str) -> None:
    source = _raster(path).build()
    source.read_chip(source.extent)
    source.crs_transformer.to_map(_window())


def _read_small(path: str) -> None:
    """Read an image from its overviews."""
    source = _raster(path).build()
    source.get_chip(source.extent, out_shape=(samples.SIZE // 4, samples.SIZE // 4))
    source.get_nodata_mask(source.extent)


def _scene(label_source: Any, folder: Path) -> Any:
    from rastervision.core.data import SceneConfig

    image = folder / 'image.tif'
    if not image.exists():
        image.write_bytes(samples.image())
    scene = SceneConfig(id='s', raster_source=_raster(str(image)), label_source=label_source)
    return scene.build(samples.classes(), str(folder))


def _read_label_raster(path: str, folder: Path) -> None:
    from rastervision.core.data import SemanticSegmentationLabelSourceConfig

    source = SemanticSegmentationLabelSourceConfig(raster_source=_raster(path))
    _scene(source, folder).label_source.get_label_arr(_window())


def _vector_source(path: str) -> Any:
    from rastervision.core.data import (
        ClassInferenceTransformerConfig,
        GeoJSONVectorSourceConfig,
        VectorFileSourceConfig,
        VectorTileVectorSourceConfig,
    )

    transformers = [ClassInferenceTransformerConfig(default_class_id=1)]
    if path.endswith('.mbtiles'):
        return VectorTileVectorSourceConfig(uri=path, zoom=16, transformers=transformers)
    source = GeoJSONVectorSourceConfig if path.endswith('.json') else VectorFileSourceConfig
    return source(uris=path, transformers=transformers)


def _read_labels(path: str, folder: Path, task: str) -> None:
    from rastervision.core.data import (
        ChipClassificationLabelSourceConfig,
        ObjectDetectionLabelSourceConfig,
        RasterizedSourceConfig,
        RasterizerConfig,
        SemanticSegmentationLabelSourceConfig,
    )

    vectors = _vector_source(path)
    if task == 'ss':
        rasterized = RasterizedSourceConfig(
            vector_source=vectors, rasterizer_config=RasterizerConfig(background_class_id=0)
        )
        source: Any = SemanticSegmentationLabelSourceConfig(raster_source=rasterized)
    elif task == 'od':
        source = ObjectDetectionLabelSourceConfig(vector_source=vectors)
    else:
        source = ChipClassificationLabelSourceConfig(
            vector_source=vectors, ioa_thresh=0.5, background_class_id=0, infer_cells=True, cell_sz=32
        )
    labels = _scene(source, folder).label_source
    labels.get_label_arr(_window()) if task == 'ss' else labels.get_labels()


def _command(*args: str) -> None:
    from rastervision.pipeline.cli.app import main

    main.main(list(args), standalone_mode=False)


def _read_config(path: str) -> None:
    from rastervision.pipeline.config.base import Config
    from rastervision.pipeline.errors import about

    config = Config.deserialize(path)
    with about(path):  # as those do who read configs from bundles
        config.update()
        config.recursive_validate_config()
        if hasattr(config, 'model_card'):
            json.dumps(config.model_card())


def _predict(path: str, folder: Path) -> None:
    from rastervision.core.predictor import Predictor

    (folder / 'image.tif').write_bytes(samples.image())
    predictor = Predictor(path, str(folder / 'tmp'))
    predictor.predict([str(folder / 'image.tif')], str(folder / 'out' / 'labels.json'))


def _report() -> None:
    from rastervision.core.report.report import make_report

    make_report(['run'], 'out', max_scenes=0)


def _load_weights(path: str) -> None:
    from torch import nn

    from rastervision.pytorch_learner.learner.weights import load_weights

    load_weights(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2, bias=False)), path)


def _read_stats(path: str, folder: Path) -> None:
    from rastervision.core.data import StatsTransformerConfig

    (folder / 'image.tif').write_bytes(samples.image())
    source = _raster(str(folder / 'image.tif'), transformers=[StatsTransformerConfig(stats_uri=path)]).build()
    source.get_chip(source.extent)


def _read_coco(path: str, folder: Path) -> None:
    import cv2
    import numpy as np

    from rastervision.pytorch_learner.dataset import ObjectDetectionImageDataset

    cv2.imwrite(str(folder / 'a.png'), np.zeros((samples.SIZE, samples.SIZE, 3), np.uint8))
    dataset = ObjectDetectionImageDataset(str(folder), path)
    for index in range(min(len(dataset), 5)):
        dataset[index]


def _read_settings() -> None:
    from rastervision.pipeline.rv_config import RVConfig

    config = RVConfig()
    config.set_everett_config()
    config.get_namespace_option('rastervision', 'tmp', as_bool=True)
    config.get_section_variables('aws_s3')


# ------------------------------------------------------------------------------- kinds
def _put(path: Path, data: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return str(path)


def _tif(rng: random.Random, folder: Path) -> None:
    path = _put(folder / 'odd.tif', change_tiff(rng.choice(samples.images()), rng))
    step = rng.choice((partial(_describe, path), partial(_read_image, path), partial(_read_label_raster, path, folder)))
    attempt('odd.tif', step)


def _arrays(rng: random.Random, folder: Path) -> None:
    path = _put(folder / 'odd.nc', flip_bytes(rng.choice(samples.arrays()), rng))
    read = rng.choice((_read_image, _describe))
    attempt('odd.nc', partial(read, rng.choice((f'NETCDF:"{path}":Band1', f'HDF5:"{path}"://Band1', path))))


def _beside(rng: random.Random, folder: Path) -> None:
    """An image is whole, and one of the files beside it is not."""
    files = dict(samples.beside())
    name = rng.choice(sorted(files))
    files[name] = change_tiff(files[name], rng) if name.endswith(('.msk', '.ovr')) else flip_bytes(files[name], rng)
    path = _put(folder / 'a.tif', samples.image())
    for each, data in files.items():
        _put(folder / each, data)
    attempt('a.tif', partial(rng.choice((_read_image, _read_small, _describe)), path))


def _vectors(rng: random.Random, folder: Path, name: str, data: bytes) -> None:
    path = _put(folder / name, data)
    tasks = [partial(_read_labels, path, folder, task) for task in ('ss', 'od', 'cc')]
    attempt(name, rng.choice([*tasks, partial(_describe, path)]))


def _geojson(rng: random.Random, folder: Path) -> None:
    _vectors(rng, folder, 'odd.json', change_json(samples.geojson(), rng))


def _gpkg(rng: random.Random, folder: Path) -> None:
    _vectors(rng, folder, 'odd.gpkg', change_sqlite(samples.gpkg(), rng, folder))


def _mbtiles(rng: random.Random, folder: Path) -> None:
    _vectors(rng, folder, 'odd.mbtiles', change_sqlite(samples.mbtiles(), rng, folder))


def _parquet(rng: random.Random, folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = samples.parquet()
    if rng.random() < 0.3:
        return _vectors(rng, folder, 'odd.parquet', flip_bytes(data, rng))
    table = pq.read_table(io.BytesIO(data))
    meta = dict(table.schema.metadata)
    if rng.random() < 0.6:
        meta[b'geo'] = change_json(meta[b'geo'], rng)
    else:
        shapes = [flip_bytes(each, rng) for each in table['geometry'].to_pylist()]
        place = table.schema.get_field_index('geometry')
        table = table.set_column(place, 'geometry', pa.array(shapes, pa.binary()))
    out = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(meta), out)
    _vectors(rng, folder, 'odd.parquet', out.getvalue())


def _json(rng: random.Random, folder: Path) -> None:
    if rng.random() < 0.5:
        path = _put(folder / 'odd.json', change_json(rng.choice(samples.pipelines()), rng))
        commands = (
            ('run', 'inprocess', path, '--dry-run'),
            ('ls', path),
            ('explain', path),
            ('explain', '--json', path),
        )
        attempt('odd.json', partial(_command, *rng.choice(commands)))
    else:
        path = _put(folder / 'odd.json', change_json(rng.choice(samples.learner_configs()), rng))
        attempt('odd.json', partial(_read_config, path))


def _change_member(name: str, data: bytes, rng: random.Random) -> bytes:
    if name.endswith('.json'):
        return change_json(data, rng)
    if name.endswith('.zip'):
        return change_zip(data, rng, _change_member)
    return flip_bytes(data, rng)


def _bundle(rng: random.Random, folder: Path) -> None:
    path = _put(folder / 'odd.zip', change_zip(rng.choice(samples.bundles()), rng, _change_member))
    predicts = rng.random() < SHARE_PREDICTED
    attempt('odd.zip', partial(_predict, path, folder) if predicts else partial(_describe, path))


def _records(rng: random.Random, folder: Path) -> None:
    files = dict(samples.run_folder())
    name = rng.choice(sorted(files))
    files[name] = flip_bytes(files[name], rng) if name.endswith('.csv') else change_json(files[name], rng)
    for each, data in files.items():
        _put(folder / each, data)
    attempt('run', _report)


def _stac(rng: random.Random, folder: Path) -> None:
    from rastervision.core.data.raster_source.stac_config import STACItemCollectionConfig, STACItemConfig
    from rastervision.core.data.raster_source.xarray_source_config import XarraySourceConfig
    from rastervision.core.utils.stac import read_stac

    files = dict(samples.stac())
    name = rng.choice(sorted(files))
    files[name] = change_json(files[name], rng)
    for each, data in files.items():
        _put(folder / each, data)
    _put(folder / 'a.tif', samples.image())

    def read_item(config: Any) -> None:
        source = XarraySourceConfig(stac=config, allow_streaming=True).build(str(folder))
        source.get_chip(_window())

    steps: dict[str, Callable[[], Any]] = {
        'catalog.json': partial(read_stac, str(folder / 'catalog.json')),
        'label.json': partial(read_stac, str(folder / 'catalog.json')),
        'image.json': partial(read_item, STACItemConfig(uri=str(folder / 'image.json'), assets=['image'])),
        'items.json': partial(read_item, STACItemCollectionConfig(uri=str(folder / 'items.json'), assets=['image'])),
    }
    attempt('.json', steps[name])


def _stats(rng: random.Random, folder: Path) -> None:
    attempt('odd.json', partial(_read_stats, _put(folder / 'odd.json', change_json(samples.stats(), rng)), folder))


def _weights(rng: random.Random, folder: Path) -> None:
    index = rng.randrange(2)
    name = ('odd.pth', 'odd.safetensors')[index]
    data = samples.weights()[index]
    if index == 0 and rng.random() < 0.6:  # in the pickle, whose checksum is mended
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {each: archive.read(each) for each in archive.namelist()}
        out = io.BytesIO()
        with zipfile.ZipFile(out, 'w') as archive:
            for each, content in members.items():
                archive.writestr(each, flip_bytes(content, rng) if each.endswith('data.pkl') else content)
        data = out.getvalue()
    else:
        data = flip_bytes(data[: 1 << 16], rng)
    attempt(name, partial(_load_weights, _put(folder / name, data)))


def _coco(rng: random.Random, folder: Path) -> None:
    # One of its images may be what is wrong.
    attempt(folder.name, partial(_read_coco, _put(folder / 'odd.json', change_json(samples.coco(), rng)), folder))


def _archive(rng: random.Random, folder: Path) -> None:
    from rastervision.pipeline.file_system.archives import unpack

    name = rng.choice(sorted(samples.archives()))
    data = samples.archives()[name]
    data = flip_bytes(data, rng) if name.endswith('gz') else change_zip(data, rng, _change_member)
    attempt(name, partial(unpack, _put(folder / name, data), str(folder / 'out')))


def _settings(rng: random.Random, folder: Path) -> None:
    name = rng.choice(('.env', '.rastervision'))
    text = b'RASTERVISION_TMP=1\nAWS_S3_X="a b"\n' if name == '.env' else b'[RASTERVISION]\ntmp = 1\n[AWS_S3]\nx = 2\n'
    _put(folder / name, flip_bytes(text, rng))
    for variable in ('RV_PROFILE', 'RV_CONFIG', 'RV_CONFIG_DIR'):
        os.environ.pop(variable, None)
    attempt(name, _read_settings)


KINDS: dict[str, Callable[[random.Random, Path], None]] = {
    'tif': _tif,
    'beside': _beside,
    'arrays': _arrays,
    'geojson': _geojson,
    'gpkg': _gpkg,
    'parquet': _parquet,
    'mbtiles': _mbtiles,
    'json': _json,
    'bundle': _bundle,
    'records': _records,
    'stac': _stac,
    'stats': _stats,
    'weights': _weights,
    'coco': _coco,
    'archive': _archive,
    'settings': _settings,
}


def warm_up() -> None:
    """Import what inputs need and make all samples, once for all workers."""
    import torch

    from rastervision.pipeline.registry import registry_

    torch.set_num_threads(1)
    registry_.update_config_info()
    for make in samples.ALL:
        make()
