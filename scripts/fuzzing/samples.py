"""Small valid inputs of each kind, made from nothing. The same ones each time."""

import io
import json
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from rasterio.enums import Resampling
from rasterio.shutil import copy
from rasterio.transform import from_origin

SIZE = 64
WEST, NORTH, CRS = 500000, 4600000, 'EPSG:32631'
NAMES = ['background', 'building', 'road']
DATE = (2026, 1, 1, 0, 0, 0)


def classes() -> Any:
    """The classes of all samples."""
    from rastervision.core.data import ClassConfig

    return ClassConfig(names=NAMES, null_class='background')


def tif(dtype: str = 'uint8', bands: int = 3, high: int = 200, **options: Any) -> bytes:
    """A GeoTIFF of `SIZE` pixels a side."""
    pixels = np.random.default_rng(0).integers(0, high, (bands, SIZE, SIZE)).astype(dtype)
    profile = {
        'driver': 'GTiff',
        'height': SIZE,
        'width': SIZE,
        'count': bands,
        'dtype': dtype,
        'crs': CRS,
        'transform': from_origin(WEST, NORTH, 1, 1),
    }
    with rasterio.MemoryFile() as file:
        with file.open(**{**profile, **options}) as image:
            image.write(pixels)
        return bytes(file.read())


@cache
def image() -> bytes:
    """The image under labels."""
    return tif()


@cache
def images() -> list[bytes]:
    """Images of several layouts."""
    tiled = {'tiled': True, 'blockxsize': 32, 'blockysize': 32}
    return [
        tif(),
        tif('uint16', 4, 5000, nodata=0, compress='deflate', **tiled),
        tif('float32', 1, compress='lzw', predictor=2),
        tif('uint8', 3, compress='jpeg', photometric='ycbcr', **tiled),
        tif('uint8', 1, 3),
    ]


@cache
def arrays() -> list[bytes]:
    """NetCDF files: of the old format, and of HDF5, plain and packed."""
    with rasterio.MemoryFile(tif('int16', 2, nodata=0)) as file:
        forms = ({'FORMAT': 'NC'}, {'FORMAT': 'NC4'}, {'FORMAT': 'NC4C', 'COMPRESS': 'DEFLATE'})
        return [_written('a.nc', partial(copy, file.name, driver='netCDF', **form)) for form in forms]


@cache
def beside() -> dict[str, bytes]:
    """Files beside the image `a.tif`, by their names."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'a.tif'
        path.write_bytes(image())
        with rasterio.Env(TIFF_USE_OVR=True, GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(path, 'r+') as dataset:
            dataset.write_mask(np.tri(SIZE, dtype=np.uint8) * 255)
            dataset.build_overviews([2, 4], Resampling.nearest)
        path.with_suffix('.tfw').write_text(f'1\n0\n0\n-1\n{WEST}\n{NORTH}\n')
        band = '<PAMRasterBand band="1"><NoDataValue>7</NoDataValue></PAMRasterBand>'
        Path(f'{path}.aux.xml').write_text(f'<PAMDataset>{band}<Metadata><MDI key="a">b</MDI></Metadata></PAMDataset>')
        return {each.name: each.read_bytes() for each in Path(folder).iterdir() if each.suffix != '.tif'}


@cache
def frame() -> gpd.GeoDataFrame:
    """Labels over the image."""
    boxes = [shapely.box(WEST + 5 + 15 * i, NORTH - 40, WEST + 15 + 15 * i, NORTH - 10) for i in range(3)]
    data = {'class_id': [1, 2, 1], 'class_name': ['building', 'road', 'building'], 'score': [0.5, 1.0, 0.1]}
    return gpd.GeoDataFrame(data, geometry=boxes, crs=CRS)


def _written(name: str, write: Callable[[Path], Any]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return path.read_bytes()


@cache
def geojson() -> bytes:
    """Labels in GeoJSON."""
    return frame().to_crs(4326).to_json(drop_id=True).encode()


@cache
def parquet() -> bytes:
    """Labels in GeoParquet."""
    return _written('a.parquet', lambda path: frame().to_parquet(path))


@cache
def gpkg() -> bytes:
    """Labels in a GeoPackage."""
    return _written('a.gpkg', lambda path: frame().to_file(path, driver='GPKG', engine='pyogrio'))


@cache
def mbtiles() -> bytes:
    """Labels in vector tiles."""
    places = frame().to_crs(4326)
    options = {'driver': 'MBTiles', 'engine': 'pyogrio', 'MINZOOM': 16, 'MAXZOOM': 16}
    return _written('a.mbtiles', lambda path: places.to_file(path, **options))


@cache
def coco() -> bytes:
    """Boxes of images in COCO's form."""
    annotations = [
        {'id': i, 'image_id': 1, 'bbox': [5 * i, 5, 10, 10], 'category_id': 1, 'area': 100, 'iscrowd': 0}
        for i in range(1, 4)
    ]
    categories = [{'id': i, 'name': name} for i, name in enumerate(NAMES)]
    images = [{'id': 1, 'file_name': 'a.png', 'width': SIZE, 'height': SIZE}]
    return json.dumps({'images': images, 'annotations': annotations, 'categories': categories}).encode()


@cache
def stats() -> bytes:
    """Statistics of an image."""
    return json.dumps({'means': [90.0, 80.0, 70.0], 'stds': [30.0, 20.0, 10.0], 'counts': [100, 100, 100]}).encode()


@cache
def pipelines() -> list[bytes]:
    """Resolved configs of pipelines, of each task."""
    from rastervision.pipeline.execution import resolve_pipeline

    configs = [resolve_pipeline(config) for config in _pipelines()]
    return [json.dumps(config.dict(with_rv_metadata=True, mode='json')).encode() for config in configs]


def _pipelines() -> list[Any]:
    import rastervision.core.data as rv
    from rastervision import pytorch_backend, pytorch_learner
    from rastervision.core import rv_pipeline
    from rastervision.core.analyzer import StatsAnalyzerConfig

    vectors = rv.GeoJSONVectorSourceConfig(
        uris='labels.json', transformers=[rv.ClassInferenceTransformerConfig(default_class_id=1)]
    )
    rasterized = rv.RasterizedSourceConfig(
        vector_source=vectors, rasterizer_config=rv.RasterizerConfig(background_class_id=0)
    )

    def dataset(label_source: Any, label_store: Any = None) -> rv.DatasetConfig:
        image = rv.RasterioSourceConfig(
            uris='a.tif', channel_order=[0, 1, 2], transformers=[rv.StatsTransformerConfig()]
        )
        parts = {'raster_source': image, 'label_source': label_source, 'label_store': label_store}
        scenes = [rv.SceneConfig(id=name, **parts) for name in 'ab']
        return rv.DatasetConfig(class_config=classes(), train_scenes=scenes[:1], validation_scenes=scenes[1:])

    outputs = [rv.PolygonVectorOutputConfig(class_id=0, denoise=3), rv.BuildingVectorOutputConfig(class_id=1)]
    store = rv.SemanticSegmentationLabelStoreConfig(vector_output=outputs, smooth_output=True)
    solver = pytorch_learner.SolverConfig(num_epochs=1, batch_sz=2)
    data = {'class_config': classes(), 'img_channels': 3, 'img_sz': 32, 'num_workers': 0}
    transform = {'transform': {'__class_fullname__': 'HorizontalFlip', 'p': 0.5}}
    whole = {'root_uri': 'root', 'analyzers': [StatsAnalyzerConfig()]}
    models = {'backbone': 'shufflenet_v2_x0_5', 'pretrained': False}
    return [
        rv_pipeline.ChipClassificationConfig(
            dataset=dataset(None),
            backend=pytorch_backend.PyTorchChipClassificationConfig(
                model=pytorch_learner.ClassificationModelConfig(**models),
                solver=solver,
                data=pytorch_learner.ClassificationGeoDataConfig(aug_transform=transform, **data),
            ),
            **whole,
        ),
        rv_pipeline.SemanticSegmentationConfig(
            dataset=dataset(rv.SemanticSegmentationLabelSourceConfig(raster_source=rasterized), store),
            backend=pytorch_backend.PyTorchSemanticSegmentationConfig(
                model=pytorch_learner.SemanticSegmentationModelConfig(
                    name='lraspp_mobilenet_v3_large', pretrained=False
                ),
                solver=solver,
                data=pytorch_learner.SemanticSegmentationGeoDataConfig(**data),
            ),
            **whole,
        ),
        rv_pipeline.ObjectDetectionConfig(
            dataset=dataset(rv.ObjectDetectionLabelSourceConfig(vector_source=vectors)),
            backend=pytorch_backend.PyTorchObjectDetectionConfig(
                model=pytorch_learner.ObjectDetectionModelConfig(pretrained=False),
                solver=solver,
                data=pytorch_learner.ObjectDetectionGeoDataConfig(**data),
            ),
            **whole,
        ),
    ]


def _zip(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, DATE), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


@cache
def weights() -> tuple[bytes, bytes]:
    """Weights of a network with two layers, for PyTorch and as safetensors."""
    import torch
    from safetensors.torch import save_file

    state = {'0.weight': torch.ones(2, 3), '0.bias': torch.ones(2), '1.weight': torch.ones(2, 2)}
    return (
        _written('a.pth', lambda path: torch.save(state, path)),
        _written('a.safetensors', lambda path: save_file(state, path)),
    )


@cache
def bundles() -> list[bytes]:
    """Bundles of pipelines for chip classification and semantic segmentation; weights are 0, and small when packed."""
    return [_bundle_of(config) for config in _pipelines()[:2]]


def _bundle_of(config: Any) -> bytes:
    import torch

    from rastervision.pipeline.execution import resolve_pipeline
    from rastervision.pytorch_learner.learner_config.card import card_of_config

    resolved = resolve_pipeline(config)
    learner = resolved.backend.get_learner_config(resolved)
    model = learner.model.build(num_classes=3, in_channels=3)
    zeros = {name: torch.zeros_like(tensor) for name, tensor in model.state_dict().items()}
    inside = {
        'learner-config.json': json.dumps(learner.dict(with_rv_metadata=True, mode='json')).encode(),
        'model.pth': _written('a.pth', lambda path: torch.save(zeros, path)),
        'model-card.json': json.dumps(card_of_config(learner)).encode(),
    }
    return _zip(
        {
            'pipeline-config.json': json.dumps(resolved.dict(with_rv_metadata=True, mode='json')).encode(),
            'model-bundle.zip': _zip(inside),
            'analyze/stats/train_scenes/stats.json': stats(),
        }
    )


@cache
def learner_configs() -> list[bytes]:
    """The configs of the learners in the bundles."""
    found = []
    for each in bundles():
        with zipfile.ZipFile(io.BytesIO(each)) as outer, zipfile.ZipFile(outer.open('model-bundle.zip')) as inner:
            found.append(inner.read('learner-config.json'))
    return found


@cache
def run_folder() -> dict[str, bytes]:
    """Files of a run that a report is made of, by their paths."""
    record = {
        'key': 'x',
        'parts': {},
        'upstream': {},
        'num_splits': 1,
        'started': '2026-11-26T21:28:53+00:00',
        'ended': '2026-11-26T21:28:57+00:00',
        'peak_memory_mb': 100,
        'outputs': {},
    }
    metrics = {'precision': 0.5, 'recall': 0.5, 'f1': 0.5}
    counts = {'true_pos': 1, 'false_pos': 1, 'false_neg': 1, 'true_neg': 1}
    item = {'gt_count': 5, 'pred_count': 4, **counts, 'metrics': metrics, **metrics}
    overall = [{'class_id': i, 'class_name': name, **item} for i, name in enumerate(NAMES)]
    overall.append({'class_name': 'average', **item})
    log = 'epoch,train_loss,valid_loss,average_f1,train_time,valid_time\n0,0.5,0.6,0.1,0:00:01,0:00:01\n'
    return {
        'run/pipeline-config.json': pipelines()[1].replace(b'"root/', b'"run/').replace(b'"root"', b'"run"'),
        'run/eval/validation_scenes/eval.json': json.dumps({'overall': overall, 'per_scene': {'b': overall}}).encode(),
        'run/train/log.csv': log.encode(),
        '.run.manifest/chip/0-of-1.json': json.dumps(record).encode(),
        '.run.manifest/train/0-of-1.json': json.dumps(record).encode(),
    }


@cache
def stac() -> dict[str, bytes]:
    """A STAC catalogue of labels and the image they belong to, by paths."""
    west, south, east, north = frame().to_crs(4326).total_bounds.tolist()
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    item = {
        'type': 'Feature',
        'stac_version': '1.0.0',
        'stac_extensions': [],
        'geometry': {'type': 'Polygon', 'coordinates': [ring]},
        'bbox': [west, south, east, north],
        'properties': {'datetime': '2026-01-01T00:00:00Z', 'proj:epsg': 32631},
        'links': [{'rel': 'root', 'href': 'catalog.json', 'type': 'application/json'}],
    }
    asset = {'href': './a.tif', 'type': 'image/tiff', 'roles': ['data'], 'eo:bands': [{'name': 'red'}]}
    label = {
        **item,
        'id': 'label',
        'stac_extensions': ['https://stac-extensions.github.io/label/v1.0.1/schema.json'],
        'links': [*item['links'], {'rel': 'source', 'href': 'image.json', 'type': 'application/json'}],
        'assets': {'labels': {'href': './labels.json', 'type': 'application/geo+json', 'roles': ['data']}},
    }
    label['properties'] = {
        **item['properties'],
        'label:type': 'vector',
        'label:properties': ['class'],
        'label:description': 'x',
        'label:classes': [{'name': 'class', 'classes': NAMES}],
    }
    links = [{'rel': 'item', 'href': f'./{name}.json', 'type': 'application/json'} for name in ('label', 'image')]
    catalog = {'type': 'Catalog', 'stac_version': '1.0.0', 'id': 'c', 'description': 'x', 'links': links}
    image_item = {**item, 'id': 'image', 'assets': {'image': asset}}
    collection = {'type': 'FeatureCollection', 'features': [image_item]}
    found = {'catalog.json': catalog, 'label.json': label, 'image.json': image_item, 'items.json': collection}
    return {name: json.dumps(content).encode() for name, content in found.items()}


@cache
def archives() -> dict[str, bytes]:
    """Archives of each sort."""
    members = {'a.json': b'{}', 'b/c.txt': b'text' * 100}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w:gz') as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return {'a.zip': _zip(members), 'a.tar.gz': out.getvalue()}


ALL = (
    images,
    arrays,
    beside,
    geojson,
    gpkg,
    parquet,
    mbtiles,
    coco,
    stats,
    pipelines,
    bundles,
    weights,
    run_folder,
    stac,
    archives,
)
