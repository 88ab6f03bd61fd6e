"""What a subclass puts in the place of a public method is called by all that give the same result.

One row for each base class: how to make an object of a subclass, its methods, and for each of these the calls that
must reach it, although there may be a shorter way.
"""

import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from xarray import DataArray

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.label.chip_classification_labels import ChipClassificationLabels
from rastervision.core.data.label.semantic_segmentation_labels import (
    SemanticSegmentationDiscreteLabels,
    SemanticSegmentationSmoothLabels,
)
from rastervision.core.data.label_source.chip_classification_label_source import ChipClassificationLabelSource
from rastervision.core.data.label_source.chip_classification_label_source_config import (
    ChipClassificationLabelSourceConfig,
)
from rastervision.core.data.label_source.label_source import LabelSource
from rastervision.core.data.label_source.object_detection_label_source import ObjectDetectionLabelSource
from rastervision.core.data.label_source.semantic_segmentation_label_source import SemanticSegmentationLabelSource
from rastervision.core.data.label_store.label_store import LabelStore
from rastervision.core.data.label_store.semantic_segmentation_label_store import SemanticSegmentationLabelStore
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    BuildingVectorOutputConfig,
    PolygonVectorOutputConfig,
    VectorOutputConfig,
)
from rastervision.core.data.raster_source.multi_raster_source import MultiRasterSource
from rastervision.core.data.raster_source.raster_source import RasterSource
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.raster_source.rasterized_source import RasterizedSource
from rastervision.core.data.raster_source.temporal_multi_raster_source import TemporalMultiRasterSource
from rastervision.core.data.raster_source.xarray_source import XarraySource
from rastervision.core.data.raster_transformer.cast_transformer import CastTransformer
from rastervision.core.data.raster_transformer.min_max_transformer import MinMaxTransformer
from rastervision.core.data.raster_transformer.nan_transformer import NanTransformer
from rastervision.core.data.raster_transformer.raster_transformer import RasterTransformer
from rastervision.core.data.raster_transformer.reclass_transformer import ReclassTransformer
from rastervision.core.data.raster_transformer.rgb_class_transformer import RGBClassTransformer
from rastervision.core.data.raster_transformer.stats_transformer import StatsTransformer
from rastervision.core.data.scene import Scene
from rastervision.core.data.vector_source.geojson_vector_source import GeoJSONVectorSource
from rastervision.core.data.vector_source.vector_file_source import VectorFileSource
from rastervision.core.data.vector_source.vector_source import VectorSource
from rastervision.core.data.vector_transformer.buffer_transformer import BufferTransformer
from rastervision.core.data.vector_transformer.class_inference_transformer import ClassInferenceTransformer
from rastervision.core.data.vector_transformer.shift_transformer import ShiftTransformer
from rastervision.core.data.vector_transformer.vector_transformer import VectorTransformer
from rastervision.core.evaluation.chip_classification_evaluator import ChipClassificationEvaluator
from rastervision.core.evaluation.object_detection_evaluator import ObjectDetectionEvaluator
from rastervision.core.evaluation.semantic_segmentation_evaluation import SemanticSegmentationEvaluation
from rastervision.core.evaluation.semantic_segmentation_evaluator import SemanticSegmentationEvaluator

GRID = Affine(10, 0, 500_000, 0, -10, 5_000_000)
UTM = 'EPSG:32633'
SIZE = 12
EXTENT = Box(0, 0, SIZE, SIZE)
WINDOW = Box(1, 2, 9, 10)
CLASSES = ClassConfig(names=['a', 'b', 'null'], colors=['red', 'blue', 'black'])
PIXELS = RasterioCRSTransformer(GRID, UTM, None)
Call = Callable[[Any], Any]


@dataclass
class Files:
    """What objects are made of."""

    image: str
    labels: str
    folder: str


@pytest.fixture
def files(tmp_path) -> Files:
    image, labels = str(tmp_path / 'image.tif'), tmp_path / 'labels.json'
    pixels = np.random.default_rng(0).integers(1, 3, (3, SIZE, SIZE), dtype=np.uint8)
    options = {'driver': 'GTiff', 'height': SIZE, 'width': SIZE, 'count': 3, 'dtype': 'uint8'}
    with rasterio.open(image, 'w', crs=UTM, transform=GRID, **options) as dataset:
        dataset.write(pixels)
    features = [
        {
            'type': 'Feature',
            'properties': {'class_id': 1},
            'geometry': shapely.geometry.mapping(PIXELS.to_map(shapely.box(*bounds))),
        }
        for bounds in ((1, 1, 4, 4), (5, 5, 9, 9))
    ]
    crs = {'type': 'name', 'properties': {'name': UTM}}
    labels.write_text(json.dumps({'type': 'FeatureCollection', 'features': features, 'crs': crs}))
    return Files(image, str(labels), str(tmp_path))


@dataclass
class Row:
    """A public base class.

    Attributes:
        base: The class, or the smallest that a plugin makes of it.
        make: Makes an object of a subclass of it.
        reached: Names of methods that a subclass overrides -> calls that must reach each of them.
    """

    base: type
    make: Callable[[type, Files], Any]
    reached: dict[str, list[Call]]

    def cases(self) -> Iterator[Any]:
        for names, calls in self.reached.items():
            for name in names.split():
                for number, call in enumerate(calls):
                    yield pytest.param(self, name, call, id=f'{self.base.__name__}.{name}-{number}')


# ------------------------------------------------------------------------------- what plugins make of abstract classes
class PlainTransformer(CRSTransformer):
    def _map_to_pixel(self, point):
        x, y = point
        return (x - 500_000) / 10, (5_000_000 - y) / 10

    def _pixel_to_map(self, point):
        x, y = point
        return x * 10 + 500_000, 5_000_000 - y * 10


class PlainSource(RasterSource):
    crs_transformer = PIXELS

    def _get_chip(self, window, out_shape=None):
        return np.ones((*(out_shape or window.size), 3), dtype=np.uint8)


class PlainVectors(VectorSource):
    def _get_geojson(self):
        return {'type': 'FeatureCollection', 'features': [square(1, 1, 4), square(5, 5, 4)]}


class PlainVectorTransformer(VectorTransformer):
    def transform(self, geojson, crs_transformer=None):
        return geojson


class PlainRasterTransformer(RasterTransformer):
    def transform(self, chip):
        return chip


class PlainLabels(LabelSource):
    bbox = EXTENT
    crs_transformer = PIXELS

    def get_labels(self, window=None):
        labels = SemanticSegmentationDiscreteLabels.make_empty(EXTENT, 3)
        labels[EXTENT] = np.zeros(EXTENT.size, dtype=int)
        return labels

    def set_bbox(self, extent):
        assert extent == EXTENT

    def __getitem__(self, key):
        return np.zeros(key.size, dtype=int) if isinstance(key, Box) else super().__getitem__(key)


class PlainVectorOutput(VectorOutputConfig):
    def vectorize(self, mask):
        yield shapely.box(0, 0, 2, 2)


def square(x, y, size):
    return {
        'type': 'Feature',
        'properties': {'class_id': 1},
        'geometry': shapely.geometry.mapping(shapely.box(x, y, x + size, y + size)),
    }


# ------------------------------------------------------------------------------------------------------ what makes them
def vectors(files: Files, *transformers: Any, kind: type = GeoJSONVectorSource, crs: Any = PIXELS) -> VectorSource:
    return kind(files.labels, crs, list(transformers))


def make_cells(kind: type, source: VectorSource, **fields: Any) -> Any:
    fields = {'infer_cells': True, 'cell_sz': 4, 'background_class_id': 0, **fields}
    return kind(ChipClassificationLabelSourceConfig(**fields), source, EXTENT)


def use_vectors(source: VectorSource) -> list[Callable[[], Any]]:
    return [
        source.get_geoms,
        source.get_dataframe,
        source.get_geojson,
        lambda: source.get_geoms(WINDOW),
        lambda: RasterizedSource(source, 0, EXTENT)[WINDOW],
        lambda: ObjectDetectionLabelSource(source, EXTENT).get_labels(WINDOW),
        lambda: make_cells(ChipClassificationLabelSource, source).get_labels(),
    ]


def each_of(*uses: int) -> list[Call]:
    return [lambda source, n=n: use_vectors(source)[n]() for n in uses]


ALL_VECTOR_USES = each_of(*range(7))


def smooth_labels() -> SemanticSegmentationSmoothLabels:
    labels = SemanticSegmentationSmoothLabels(EXTENT, 3)
    labels[EXTENT] = np.random.default_rng(0).dirichlet((1, 1, 1), EXTENT.size).transpose(2, 0, 1)
    return labels


def make_store(kind: type, files: Files, **options: Any) -> SemanticSegmentationLabelStore:
    outputs = [PolygonVectorOutputConfig(class_id=1, denoise=0)]
    options = {'vector_outputs': outputs, 'smooth_output': True, 'bbox': EXTENT, **options}
    return kind(f'{files.folder}/predictions', PIXELS, CLASSES, **options)


def write_by_windows(store: Any) -> None:
    with store.writer() as writer:
        writer.write(EXTENT, smooth_labels().get_score_arr(EXTENT))


def evaluate(evaluator: Any, label_source: Any = None, store: Any = None) -> Any:
    labels = smooth_labels()
    kept = store or Kept(labels)
    return evaluator.evaluate_scene(Scene('a', PlainSource(**RAW), label_source or PlainLabels(), label_store=kept))


class Kept(LabelStore):
    """A store that has its labels in memory."""

    bbox = EXTENT
    crs_transformer = PIXELS

    def __init__(self, labels: Any) -> None:
        self.labels = labels

    def save(self, labels):
        self.labels = labels

    def set_bbox(self, bbox):
        assert bbox == EXTENT

    def get_labels(self):
        return self.labels


RAW = {'channel_order': None, 'num_channels_raw': 3, 'dtype_raw': np.uint8, 'bbox': EXTENT}
BESIDE_AN_IMAGE: Call = lambda source: MultiRasterSource([RasterioSource(source.files.image), source])[WINDOW]  # noqa: E731
CHIP_CALLS: list[Call] = [
    lambda source: source.get_chip(WINDOW),
    lambda source: source.read_chip(WINDOW),
    lambda source: source[WINDOW],
    lambda source: source[..., 1:9, 2:10, :],
    lambda source: source.get_chip_by_map_window(source.crs_transformer.pixel_to_map(WINDOW)),
    BESIDE_AN_IMAGE,
    lambda source: MultiRasterSource([source])[WINDOW],
    lambda source: Scene('a', source)[WINDOW],
]
RAW_CALLS: list[Call] = [lambda source: source.get_raw_chip(WINDOW), lambda source: source.read_raw_chip(WINDOW)]
RASTER_METHODS = {
    '_get_chip': [*CHIP_CALLS, *RAW_CALLS],
    'get_chip': CHIP_CALLS[1:],
    'get_raw_chip': RAW_CALLS[1:],
    'crs_transformer': [CHIP_CALLS[4]],
    'get_nodata_mask': [CHIP_CALLS[1], RAW_CALLS[1]],
}


def raster_row(base: type, make: Callable[[type, Files], Any]) -> Row:
    def make_with_files(kind: type, files: Files) -> Any:
        source = make(kind, files)
        source.files = files
        return source

    methods = RASTER_METHODS
    if base is TemporalMultiRasterSource:  # cannot be beside an image
        methods = {name: [call for call in calls if call is not BESIDE_AN_IMAGE] for name, calls in methods.items()}
    return Row(base, make_with_files, methods)


def make_series(kind: type, files: Files) -> XarraySource:
    array = DataArray(np.ones((SIZE, SIZE, 3), dtype=np.uint8), dims=['y', 'x', 'band'])
    return kind(array, RasterioCRSTransformer.from_uri(files.image))


def make_raster(kind: type, files: Files) -> Any:
    return RasterioSource(files.image, [kind_with_arguments(kind)])


def kind_with_arguments(kind: type) -> Any:
    base = kind.__mro__[1]
    arguments: dict[type, tuple[Any, ...]] = {
        CastTransformer: ('float32',),
        ReclassTransformer: ({1: 0},),
        RGBClassTransformer: (CLASSES,),
        StatsTransformer: ([1.0] * 3, [1.0] * 3),
    }
    return kind(*arguments.get(base, ()))


def transformer_row(base: type, *more: str) -> Row:
    reads = [lambda source: source[WINDOW], lambda source: source.read_chip(WINDOW)]
    return Row(base, make_raster, {' '.join(['transform', 'transform_chip', *more]): reads})


def make_crs(kind: type, files: Files) -> Any:
    transformer = kind(GRID, UTM, 'EPSG:4326') if issubclass(kind, RasterioCRSTransformer) else kind()
    transformer.files = files
    return transformer


FORWARD: list[Call] = [
    lambda crs: crs.map_to_pixel((500_100, 4_999_900) if crs.map_crs is None else (15, 45.1)),
    lambda crs: crs.to_pixels(Box(45.1, 15, 45.2, 15.1)),
    lambda crs: crs.to_pixels(shapely.Point(15, 45.1)),
    lambda crs: vectors(crs.files, crs=crs).get_geoms(),
    lambda crs: vectors(crs.files, crs=crs).get_geoms(WINDOW),
]
BACKWARD: list[Call] = [
    lambda crs: crs.pixel_to_map((3, 4)),
    lambda crs: crs.to_map(Box(0, 1, 2, 3)),
    lambda crs: crs.to_map(shapely.Point(3, 4)),
    lambda crs: vectors(crs.files, crs=PIXELS) and vectors(crs.files, crs=crs).get_geoms(to_map_coords=True),
]
CRS_METHODS = {
    '_map_to_pixel': FORWARD,
    '_pixel_to_map': BACKWARD,
    'map_to_pixel': FORWARD[1:],
    'pixel_to_map': BACKWARD[1:],
    'to_pixels': FORWARD[3:],
    'to_map': BACKWARD[3:],
}

VECTOR_ROWS = {'get_geojson': ALL_VECTOR_USES, 'get_dataframe': each_of(0, 3, 4, 5, 6)}
VECTOR_TRANSFORMER = {'transform __call__': ALL_VECTOR_USES}
SAVED: list[Call] = [lambda store: store.save(smooth_labels()), write_by_windows]


def evaluator_row(base: type, make_scene: Callable[[Files], Scene], *further: str) -> Row:
    def make(kind: type, files: Files) -> Any:
        evaluator = kind(CLASSES)
        evaluator.scene = make_scene(files)
        return evaluator

    calls: list[Call] = [lambda each: each.process([each.scene])]
    names = 'evaluate_scene evaluate_predictions read_labels align create_evaluation check'
    return Row(base, make, {' '.join([names, *further]): calls})


def cells_scene(files: Files) -> Scene:
    source = make_cells(ChipClassificationLabelSource, vectors(files))
    return Scene('a', RasterioSource(files.image, map_crs=None), source, label_store=Kept(source.get_labels()))


def boxes_scene(files: Files) -> Scene:
    source = ObjectDetectionLabelSource(vectors(files), EXTENT)
    return Scene('a', RasterioSource(files.image, map_crs=None), source, label_store=Kept(source.get_labels()))


def pixels_scene(files: Files) -> Scene:
    aoi = [shapely.box(0, 0, 10, 10)]  # in pixels
    return Scene(
        'a',
        RasterioSource(files.image, map_crs=None),
        PlainLabels(),
        label_store=Kept(smooth_labels()),
        aoi_polygons=aoi,
    )


def make_evaluation(kind: type, files: Files) -> Any:
    class Evaluator(SemanticSegmentationEvaluator):
        def create_evaluation(self):
            return kind(self.class_config)

    evaluator = Evaluator(CLASSES)
    evaluator.scene = pixels_scene(files)
    return evaluator


def make_output(kind: type, files: Files) -> Any:
    return make_store(SemanticSegmentationLabelStore, files, vector_outputs=[kind(class_id=1, denoise=0)])


def make_source_of_pixels(kind: type, files: Files) -> Any:
    raster = RasterizedSource(vectors(files), 0, EXTENT)
    return kind(raster, CLASSES)


COMPARED: list[Call] = [lambda source: evaluate(SemanticSegmentationEvaluator(CLASSES), source)]
BY_KEY: list[Call] = [lambda source: source[WINDOW], lambda source: source[1:9, 2:10]]
IN_SCENE: list[Call] = [lambda source: Scene('a', PlainSource(**RAW), source)[WINDOW]]


def predictions(labels: Any) -> None:
    labels.add_predictions([EXTENT], [smooth_labels().get_score_arr(EXTENT)])


ROWS = [
    Row(PlainTransformer, make_crs, CRS_METHODS),
    Row(RasterioCRSTransformer, make_crs, {**CRS_METHODS, '_to_pixels': FORWARD[1:], '_to_map': BACKWARD[1:]}),
    Row(IdentityCRSTransformer, make_crs, CRS_METHODS),
    raster_row(PlainSource, lambda kind, files: kind(**RAW)),
    raster_row(RasterioSource, lambda kind, files: kind(files.image)),
    raster_row(RasterizedSource, lambda kind, files: kind(vectors(files), 0, EXTENT)),
    raster_row(MultiRasterSource, lambda kind, files: kind([RasterioSource(files.image), RasterioSource(files.image)])),
    raster_row(TemporalMultiRasterSource, lambda kind, files: kind([RasterioSource(files.image)] * 2)),
    raster_row(XarraySource, make_series),
    transformer_row(PlainRasterTransformer, 'get_out_channels'),
    *map(
        transformer_row,
        (CastTransformer, MinMaxTransformer, NanTransformer, ReclassTransformer, RGBClassTransformer, StatsTransformer),
    ),
    Row(
        PlainVectors,
        lambda kind, files: kind(IdentityCRSTransformer()),
        {**VECTOR_ROWS, '_get_geojson': ALL_VECTOR_USES},
    ),
    Row(
        GeoJSONVectorSource,
        lambda kind, files: kind(files.labels, PIXELS),
        {**VECTOR_ROWS, '_get_geojson _get_geojson_single': ALL_VECTOR_USES},
    ),
    Row(
        VectorFileSource,
        lambda kind, files: kind(files.labels, PIXELS),
        {**VECTOR_ROWS, '_get_geojson _get_geojson_single get_features': ALL_VECTOR_USES[:3]},
    ),
    Row(PlainVectorTransformer, lambda kind, files: vectors(files, kind()), VECTOR_TRANSFORMER),
    Row(
        ClassInferenceTransformer,
        lambda kind, files: vectors(files, kind(1)),
        {**VECTOR_TRANSFORMER, 'transform_features infer_feature_class_id': ALL_VECTOR_USES},
    ),
    Row(
        BufferTransformer,
        lambda kind, files: vectors(files, kind('Polygon', default_buf=0.1)),
        {**VECTOR_TRANSFORMER, 'transform_features': ALL_VECTOR_USES},
    ),
    Row(
        ShiftTransformer,
        lambda kind, files: vectors(files, kind(1, 1)),
        {**VECTOR_TRANSFORMER, 'transform_features': ALL_VECTOR_USES},
    ),
    Row(PlainLabels, lambda kind, files: kind(), {'__getitem__': [*BY_KEY, *IN_SCENE], 'get_labels': COMPARED}),
    Row(
        SemanticSegmentationLabelSource,
        make_source_of_pixels,
        {
            'get_label_arr': [*BY_KEY, *IN_SCENE, *COMPARED, lambda source: source.get_labels()],
            'get_labels': COMPARED,
            '__getitem__': [BY_KEY[1], *IN_SCENE],
        },
    ),
    Row(
        ChipClassificationLabelSource,
        lambda kind, files: make_cells(kind, vectors(files)),
        {
            'get_labels': [*BY_KEY, *IN_SCENE, lambda source: source.labels],
            'infer_cells': [lambda source: source.get_labels(WINDOW), lambda source: source.set_bbox(WINDOW)],
            'populate_labels': [lambda source: source.set_bbox(WINDOW)],
            '__getitem__': [BY_KEY[1], *IN_SCENE],
        },
    ),
    Row(
        ObjectDetectionLabelSource,
        lambda kind, files: kind(vectors(files), EXTENT),
        {'get_labels': [*BY_KEY, *IN_SCENE, lambda source: source.labels], '__getitem__': [BY_KEY[1], *IN_SCENE]},
    ),
    Row(
        SemanticSegmentationLabelStore,
        make_store,
        {
            'build_rasterio_gtiff_profile write_discrete_raster_output write_smooth_raster_output': SAVED,
            'write_vector_outputs write_vector_output': SAVED,
            'save': SAVED[1:],
        },
    ),
    Row(PlainVectorOutput, make_output, {'vectorize get_uri': SAVED}),
    Row(PolygonVectorOutputConfig, make_output, {'vectorize get_uri build': SAVED}),
    Row(BuildingVectorOutputConfig, make_output, {'vectorize get_uri build': SAVED}),
    Row(SemanticSegmentationSmoothLabels, lambda kind, files: kind(EXTENT, 3), {'add_window': [predictions]}),
    Row(
        ChipClassificationLabels,
        lambda kind, files: kind(),
        {'set_cell __setitem__': [lambda labels: labels.from_predictions([EXTENT], [[0.1, 0.9]])]},
    ),
    evaluator_row(SemanticSegmentationEvaluator, pixels_scene, 'compare_vector_outputs'),
    evaluator_row(ChipClassificationEvaluator, cells_scene),
    evaluator_row(ObjectDetectionEvaluator, boxes_scene),
    Row(
        SemanticSegmentationEvaluation,
        make_evaluation,
        {'compute count set_pixel_counts': [lambda each: each.process([each.scene])]},
    ),
]


def recording(base: type, name: str, calls: list[str]) -> Any:
    """The method of a class, noting that it was called."""
    original = inspect.getattr_static(base, name)
    if isinstance(original, property):

        def get(self: Any) -> Any:
            calls.append(name)
            return original.fget(self)  # type: ignore[misc]

        return property(get)
    if isinstance(original, staticmethod):

        def call(*args: Any, **kwargs: Any) -> Any:
            calls.append(name)
            return original(*args, **kwargs)

        return staticmethod(call)
    if not callable(original):  # a plugin's class has set it
        return property(lambda self: calls.append(name) or original)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        return original(self, *args, **kwargs)

    return method


@pytest.mark.parametrize(('row', 'name', 'call'), [case for row in ROWS for case in row.cases()])
def test_what_a_subclass_overrides_is_called(row, name, call, files):
    calls: list[str] = []
    subclass = type(
        f'My{row.base.__name__}', (row.base,), {name: recording(row.base, name, calls), '__module__': __name__}
    )
    made = row.make(subclass, files)
    calls.clear()

    call(made)

    assert name in calls
