"""Each field of a config shows in what is built of it."""

import enum
import functools
import importlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import rasterio
from shapely.geometry.base import BaseGeometry

import rastervision.core.data as core_data
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.label_source import (
    chip_classification_label_source_config,
    object_detection_label_source_config,
    semantic_segmentation_label_source_config,
)
from rastervision.core.data.label_source.label_source_config import LabelSourceConfig
from rastervision.core.data.label_store import (
    chip_classification_geojson_store_config,
    object_detection_geojson_store_config,
    semantic_segmentation_label_store_config,
)
from rastervision.core.data.label_store.label_store_config import LabelStoreConfig
from rastervision.core.data.raster_source import (
    multi_raster_source_config,
    rasterio_source_config,
    rasterized_source_config,
)
from rastervision.core.data.raster_source.raster_source_config import RasterSourceConfig
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.raster_transformer import (
    cast_transformer_config,
    min_max_transformer_config,
    nan_transformer_config,
    reclass_transformer_config,
    rgb_class_transformer_config,
    stats_transformer_config,
)
from rastervision.core.data.raster_transformer.raster_transformer_config import RasterTransformerConfig
from rastervision.core.data.vector_source import geojson_vector_source_config, vector_file_source_config
from rastervision.core.data.vector_source.vector_source_config import VectorSourceConfig
from rastervision.core.data.vector_transformer import (
    buffer_transformer_config,
    class_inference_transformer_config,
    shift_transformer_config,
)
from rastervision.core.data.vector_transformer.vector_transformer_config import VectorTransformerConfig
from rastervision.core.evaluation import (
    chip_classification_evaluator_config,
    object_detection_evaluator_config,
    semantic_segmentation_evaluator_config,
)
from rastervision.core.evaluation.evaluator_config import EvaluatorConfig
from rastervision.core.raster_stats import RasterStats

COUNTED = {'_token'}  # attributes that tell objects apart, not what they do
CLASSES = ClassConfig(names=['a', 'b', 'null'], colors=['red', 'blue', 'black'], null_class='null')


def content(value, seen=()):
    """What an object holds, as plain data that can be compared."""
    if id(value) in seen:
        return 'seen'
    seen = (*seen, id(value))
    if value is None or isinstance(value, bool | int | float | str | bytes | enum.Enum | np.generic | type):
        return repr(value)
    if isinstance(value, np.ndarray):
        return repr(value.dtype), value.shape, [content(each, seen) for each in value.ravel().tolist()]
    if isinstance(value, BaseGeometry):
        return value.wkt
    if isinstance(value, Mapping):
        return sorted((repr(key), content(each, seen)) for key, each in value.items())
    if isinstance(value, list | tuple):
        return [content(each, seen) for each in value]
    if isinstance(value, set | frozenset):
        return sorted(map(repr, value))
    if isinstance(value, functools.partial):
        return content([value.func, value.args, value.keywords], seen)
    names = [*getattr(value, '__dict__', {}), *getattr(type(value), '__slots__', ())]
    held = {name: getattr(value, name) for name in names if hasattr(value, name) and name not in COUNTED}
    return [type(value).__qualname__, getattr(value, '__qualname__', ''), content(held, seen)]


def build_raster(config, place):
    return config.build()


def build_on_image(config, place):
    image = RasterioSource(place['image'])
    return config.build(CLASSES, image.crs_transformer, image.bbox, place['tmp'])


def build_vectors(config, place):
    source = config.build(CLASSES, RasterioSource(place['image']).crs_transformer)
    return source, source.get_geojson()


def build_evaluator(config, place):
    return config.build(CLASSES, scene_group=('g', {'s'}))


def build_with_classes(config, place):
    return config.build(CLASSES)


def build_simply(config, place):
    return config.build()


FAMILIES = (
    LabelSourceConfig,
    LabelStoreConfig,
    RasterSourceConfig,
    RasterTransformerConfig,
    VectorSourceConfig,
    VectorTransformerConfig,
    EvaluatorConfig,
)
VECTORS = {'type_hint': 'geojson_vector_source', 'uris': '{labels}', 'transformers': []}
INFERRED = {**VECTORS, 'transformers': [{'type_hint': 'class_inference_transformer', 'default_class_id': 0}]}
RASTER = {'type_hint': 'rasterio_source', 'uris': '{image}'}
STRETCH = [{'type_hint': 'min_max_transformer'}]
EVALUATED = {'output_uri': '{tmp}/f', 'score_thresh': 0.5, 'vector_output_uri': '{tmp}/a.json'}
OUTPUT = {'type_hint': 'polygon_vector_output', 'class_id': 0}

RASTERIZED = {'vector_source': INFERRED, 'rasterizer_config': {'background_class_id': 2}}


def build_drawn(config, place):
    image = RasterioSource(place['image'])
    source = config.build(CLASSES, image.crs_transformer, image.bbox)
    return source, source.get_chip(image.extent)


def build_rasterizer(config, place):
    drawn = rasterized_source_config.RasterizedSourceConfig(
        **placed(RASTERIZED | {'rasterizer_config': config.dict()}, place)
    )
    return build_drawn(drawn, place)


def build_vector_output(config, place):
    return config.build((8, 8)), config.get_uri('root', CLASSES), config.format


def build_statistics(config, place):
    for name, mean in (('a', 1.0), ('b', 2.0)):
        RasterStats(np.array([mean, 9.0]), np.ones(2), np.ones(2, int)).save(f'{place["tmp"]}/{name}.json')
    return config.build(channel_order=[1])


OFF_THRESHOLD = {'threshold': 'of a store: test_polygons_have_the_pixels_of_labels_tif_or_those_above_the_threshold'}

# Module, name of the config, how to build it, the fields it starts from, other values, fields that do not show: why.
CASES = [
    (
        rasterio_source_config,
        'RasterioSourceConfig',
        build_raster,
        {'uris': '{image}'},
        {
            'uris': '{other}',
            'channel_order': [0, 0],
            'transformers': STRETCH,
            'bbox': (1, 1, 5, 5),
            'map_crs': 'EPSG:3857',
        },
        {'expand_palette': 'of images with a palette', 'allow_streaming': 'of images that are far away'},
    ),
    (
        chip_classification_label_source_config,
        'ChipClassificationLabelSourceConfig',
        build_on_image,
        {'vector_source': INFERRED, 'infer_cells': True, 'cell_sz': 4, 'background_class_id': 2},
        {'vector_source': INFERRED | {'uris': '{other_labels}'}, 'background_class_id': 1},
        {},
    ),
    (
        object_detection_label_source_config,
        'ObjectDetectionLabelSourceConfig',
        build_on_image,
        {'vector_source': INFERRED},
        {'vector_source': INFERRED | {'uris': '{other_labels}'}},
        {},
    ),
    (
        semantic_segmentation_label_source_config,
        'SemanticSegmentationLabelSourceConfig',
        build_on_image,
        {'raster_source': RASTER},
        {'raster_source': RASTER | {'uris': '{other}'}, 'nodata_is_null': False},
        {},
    ),
    (
        chip_classification_geojson_store_config,
        'ChipClassificationGeoJSONStoreConfig',
        build_on_image,
        {'uri': '{tmp}/a.json'},
        {'uri': '{tmp}/b.json'},
        {},
    ),
    (
        object_detection_geojson_store_config,
        'ObjectDetectionGeoJSONStoreConfig',
        build_on_image,
        {'uri': '{tmp}/a.json'},
        {'uri': '{tmp}/b.json'},
        {},
    ),
    (
        semantic_segmentation_label_store_config,
        'SemanticSegmentationLabelStoreConfig',
        build_on_image,
        {'uri': '{tmp}/a', 'smooth_output': True},
        {'uri': '{tmp}/b', 'vector_output': [OUTPUT], 'rasterio_block_size': 128},
        {},
    ),
    (cast_transformer_config, 'CastTransformerConfig', build_simply, {'to_dtype': 'uint8'}, {'to_dtype': 'int16'}, {}),
    (min_max_transformer_config, 'MinMaxTransformerConfig', build_simply, {}, {}, {}),
    (nan_transformer_config, 'NanTransformerConfig', build_simply, {}, {'to_value': 1.5}, {}),
    (
        reclass_transformer_config,
        'ReclassTransformerConfig',
        build_simply,
        {'mapping': {1: 2}},
        {'mapping': {1: 3}},
        {},
    ),
    (
        rgb_class_transformer_config,
        'RGBClassTransformerConfig',
        build_simply,
        {'class_config': CLASSES},
        {'class_config': ClassConfig(names=['a'], colors=['green'])},
        {},
    ),
    (
        geojson_vector_source_config,
        'GeoJSONVectorSourceConfig',
        build_vectors,
        VECTORS,
        {'uris': '{other_labels}', 'transformers': INFERRED['transformers']},
        {},
    ),
    (
        vector_file_source_config,
        'VectorFileSourceConfig',
        build_vectors,
        {'uris': '{labels}'},
        {
            'uris': '{other_labels}',
            'transformers': INFERRED['transformers'],
            'layer': 'labels',
            'where': "kind = 'x'",
            'columns': ['kind'],
            'crs': 'EPSG:3857',
        },
        {},
    ),
    (
        buffer_transformer_config,
        'BufferTransformerConfig',
        build_simply,
        {'geom_type': 'Point'},
        {'geom_type': 'LineString', 'class_bufs': {0: 2.0}, 'default_buf': 3.0},
        {},
    ),
    (
        class_inference_transformer_config,
        'ClassInferenceTransformerConfig',
        build_with_classes,
        {},
        {
            'default_class_id': 1,
            'class_id_to_filter': {0: ['==', 'kind', 'x']},
            'class_name_mapping': {'x': 'a'},
        },
        {},
    ),
    (
        rasterized_source_config,
        'RasterizedSourceConfig',
        build_drawn,
        RASTERIZED,
        {
            'vector_source': INFERRED | {'uris': '{other_labels}'},
            'rasterizer_config': {'background_class_id': 1},
        },
        {},
    ),
    (
        rasterized_source_config,
        'RasterizerConfig',
        build_rasterizer,
        {'background_class_id': 2},
        {'background_class_id': 1},
        {},
    ),
    (
        multi_raster_source_config,
        'MultiRasterSourceConfig',
        build_raster,
        {'raster_sources': [RASTER, RASTER | {'uris': '{other}'}]},
        {
            'raster_sources': [RASTER],
            'channel_order': [1],
            'transformers': STRETCH,
            'bbox': (1, 1, 5, 5),
            'primary_source_idx': 1,
        },
        {},
    ),
    (
        stats_transformer_config,
        'StatsTransformerConfig',
        build_statistics,
        {'stats_uri': '{tmp}/a.json'},
        {'stats_uri': '{tmp}/b.json'},
        {'scene_group': 'in a pipeline: test_another_scene_group_can_be_chosen'},
    ),
    (
        semantic_segmentation_label_store_config,
        'PolygonVectorOutputConfig',
        build_vector_output,
        {'class_id': 0},
        {'format': 'gpkg', 'name': 'mine'},
        OFF_THRESHOLD,
    ),
    (
        semantic_segmentation_label_store_config,
        'BuildingVectorOutputConfig',
        build_vector_output,
        {'class_id': 0},
        {'format': 'gpkg', 'name': 'mine'},
        OFF_THRESHOLD,
    ),
    (shift_transformer_config, 'ShiftTransformerConfig', build_simply, {}, {}, {}),
    *(
        (module, name, build_evaluator, {'output_uri': '{tmp}/e'}, EVALUATED, {})
        for module, name in (
            (chip_classification_evaluator_config, 'ChipClassificationEvaluatorConfig'),
            (object_detection_evaluator_config, 'ObjectDetectionEvaluatorConfig'),
            (semantic_segmentation_evaluator_config, 'SemanticSegmentationEvaluatorConfig'),
        )
    ),
]


# Families whose members are all in CASES, but for these; what of them is not built here has tests of its own.
NOT_BUILT = {
    'XarraySourceConfig': 'made of a STAC item: test_xarray_source',
    'VectorTileVectorSourceConfig': 'reads tiles: test_vector_tile_source',
}


def placed(value, place):
    """Fields with the paths of this test."""
    if isinstance(value, str):
        return value.format(**place)
    if isinstance(value, dict):
        return {key: placed(each, place) for key, each in value.items()}
    return [placed(each, place) for each in value] if isinstance(value, list) else value


def other_value(value):
    """Another value of a field, if one can be told from the one it has."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + (1 if isinstance(value, int) else 0.125)
    raise AssertionError(f'give another value than {value!r} in CASES, or say why the field does not show')


def fields():
    for module, name, build, start, others, hidden in CASES:
        config_class = getattr(module, name)
        for field in config_class.model_fields:
            if field not in {'type_hint', *hidden}:
                yield pytest.param(config_class, build, start, field, others.get(field, ...), id=f'{name}.{field}')


@pytest.fixture
def place(tmp_path):
    paths = {name: str(tmp_path / f'{name}.tif') for name in ('image', 'other')}
    for name, path in paths.items():
        profile = {'driver': 'GTiff', 'height': 8, 'width': 8, 'count': 1, 'dtype': 'uint8', 'nodata': 0}
        transform = rasterio.Affine(1, 0, 0, 0, -1, 8)
        with rasterio.open(path, 'w', **profile, crs='EPSG:3857', transform=transform) as file:
            file.write(np.full((1, 8, 8), 1 + (name == 'other'), np.uint8))
    for name, edge in (('labels', 0.00003), ('other_labels', 0.00005)):
        ring = f'[[[0, 0], [{edge}, 0], [{edge}, {edge}], [0, 0]]]'
        geometry = f'{{"type": "Polygon", "coordinates": {ring}}}'
        features = [
            f'{{"type": "Feature", "properties": {{"kind": "{kind}", "size": 1}}, "geometry": {geometry}}}'
            for kind in ('x', 'y')
        ]
        paths[name] = str(tmp_path / f'{name}.json')
        (tmp_path / f'{name}.json').write_text(
            f'{{"type": "FeatureCollection", "name": "labels", "features": [{", ".join(features)}]}}'
        )
    return {**paths, 'tmp': str(tmp_path)}


@pytest.mark.parametrize(('config_class', 'build', 'start', 'field', 'other'), list(fields()))
def test_a_field_shows_in_what_is_built(config_class, build, start, field, other, place):
    config = config_class(**placed(start, place))
    value = other_value(getattr(config, field)) if other is ... else placed(other, place)
    changed = config_class(**{**placed(start, place), field: value})

    assert content(build(config, place)) == content(build(config, place))
    assert content(build(changed, place)) != content(build(config, place))


def test_all_members_of_the_families_are_probed():
    for path in Path(core_data.__path__[0]).glob('*/*_config.py'):
        importlib.import_module(f'{core_data.__name__}.{path.parent.name}.{path.stem}')
    found, waiting = set(), list(FAMILIES)
    while waiting:
        config_class = waiting.pop()
        waiting += config_class.__subclasses__()
        if 'build' in vars(config_class) and config_class.__module__.startswith('rastervision.core.'):
            found.add(config_class.__name__)
    probed = {name for _, name, *_ in CASES}

    assert found - probed - {family.__name__ for family in FAMILIES} == NOT_BUILT.keys()
