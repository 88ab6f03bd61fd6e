import json
import os
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from shapely.geometry import box

from rastervision.core.box import Box
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.crs_transformer.identity_crs_transformer import IdentityCRSTransformer
from rastervision.core.data.crs_transformer.rasterio_crs_transformer import RasterioCRSTransformer
from rastervision.core.data.label.blending import window_weights
from rastervision.core.data.label.semantic_segmentation_labels import (
    SemanticSegmentationDiscreteLabels,
    SemanticSegmentationLabels,
    SemanticSegmentationSmoothLabels,
)
from rastervision.core.data.label_store.semantic_segmentation_label_store import SemanticSegmentationLabelStore
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    BuildingVectorOutputConfig,
    PolygonVectorOutputConfig,
    SemanticSegmentationLabelStoreConfig,
)
from rastervision.core.layout import VECTORS_DIR
from rastervision.core.rv_pipeline.semantic_segmentation import SemanticSegmentation
from rastervision.pipeline.config.base import Config
from rastervision.pipeline.errors import ConfigError, DataError, MissingFileError

BBOX = Box(10, 20, 140, 110)
EXTENT = BBOX.extent
CLASSES = ClassConfig(names=['a', 'b', 'null'], colors=['red', '#00ff80', 'black'])
CRS = RasterioCRSTransformer(Affine(0.5, 0, 600000, 0, -0.5, 200000), 'epsg:32637')


@pytest.fixture
def make_store(tmp_path):
    def make(name='scene', **options):
        options = {'bbox': BBOX, 'rasterio_block_size': 16, **options}
        return SemanticSegmentationLabelStore(str(tmp_path / name), CRS, CLASSES, **options)

    return make


def predict(smooth: bool, chip: int = 32, stride: int = 16, seed: int = 0):
    """Windows over the extent and its edges, with smooth random predictions."""
    rng = np.random.default_rng(seed)
    windows = EXTENT.get_windows(chip, stride, pad_direction='both')
    for window in windows:
        scores = rng.dirichlet((1, 1, 1), (chip // 8, chip // 8)).repeat(8, 0).repeat(8, 1).transpose(2, 0, 1)
        yield window, scores.astype(np.float32) if smooth else scores.argmax(axis=0).astype(np.uint8)


def in_memory(smooth: bool, crop_sz: int | None = None, **options) -> SemanticSegmentationLabels:
    windows, predictions = zip(*predict(smooth), strict=True)
    return SemanticSegmentationLabels.from_predictions(
        windows, predictions, EXTENT, len(CLASSES), smooth=smooth, crop_sz=crop_sz, **options
    )


def write(store, smooth, **options):
    with store.writer(smooth=smooth, **options) as writer:
        for window, prediction in predict(smooth):
            writer.write(window, prediction)


def contents(store) -> dict[str, bytes]:
    root = Path(store.root_uri)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob('*') if path.is_file()}


def pixels(store) -> dict[str, object]:
    """Content of each file, of GeoTIFFs without their NODATA value."""
    found: dict[str, object] = contents(store)
    for name in [name for name in found if name.endswith('.tif')]:
        with rasterio.open(Path(store.root_uri) / name) as dataset:
            profile = {key: str(value) for key, value in dataset.profile.items() if key != 'nodata'}
            found[name] = (dataset.read().tobytes(), profile, dataset.tags())
    return found


VECTORS = [
    PolygonVectorOutputConfig(class_id=0, denoise=3),
    BuildingVectorOutputConfig(class_id=1, denoise=2),
    PolygonVectorOutputConfig(class_id=2, denoise=0, threshold=0.4),
]


@pytest.mark.parametrize('smooth', [False, True], ids=['discrete', 'smooth'])
@pytest.mark.parametrize(
    'options',
    [{}, {'save_as_rgb': True}, {'smooth_output': True}, {'smooth_output': True, 'smooth_as_uint8': True}],
    ids=['labels', 'rgb', 'scores', 'uint8 scores'],
)
@pytest.mark.parametrize('crop_sz', [None, 4])
def test_writer_makes_the_same_pixels_as_save(make_store, smooth, options, crop_sz):
    streamed = make_store('streamed', vector_outputs=VECTORS, **options)
    saved = make_store('saved', vector_outputs=VECTORS, **options)

    write(streamed, smooth, crop_sz=crop_sz)
    saved.save(in_memory(smooth, crop_sz))

    assert pixels(streamed) == pixels(saved)
    assert len(contents(saved)) == 4 + 2 * (smooth and 'smooth_output' in options)


@pytest.mark.parametrize('crop_sz', [None, 4])
def test_weighted_windows_make_the_same_pixels_streamed_and_saved(make_store, crop_sz):
    weights = window_weights(32 - 2 * (crop_sz or 0), 16 - 2 * (crop_sz or 0), 'cosine')
    streamed, saved, plain = (make_store(name, smooth_output=True) for name in ('streamed', 'saved', 'plain'))

    write(streamed, True, crop_sz=crop_sz, weights=weights)
    saved.save(in_memory(True, crop_sz, weights=weights))
    write(plain, True, crop_sz=crop_sz)

    assert pixels(streamed) == pixels(saved)
    assert pixels(streamed)['scores.tif'] != pixels(plain)['scores.tif']
    assert pixels(streamed)['pixel_hits.npy'] == pixels(plain)['pixel_hits.npy']


def test_labels_saved_with_a_bbox_are_read_back_as_they_were(make_store):
    store = make_store()
    labels = in_memory(smooth=False)

    store.save(labels)

    np.testing.assert_array_equal(
        store.get_labels().get_label_arr(EXTENT, CLASSES.null_class_id),
        labels.get_label_arr(EXTENT, CLASSES.null_class_id),
    )


def test_pixels_of_the_null_class_are_nodata(make_store):
    store = make_store(smooth_output=True)

    write(store, smooth=True)

    with rasterio.open(store.label_uri) as labels, rasterio.open(store.score_uri) as scores:
        assert labels.nodata == CLASSES.null_class_id
        assert np.isnan(scores.nodata)


@pytest.mark.parametrize('height', [200, 800])
def test_rows_in_memory_do_not_depend_on_the_height(make_store, height):
    store = make_store(bbox=Box(0, 0, height, 40))
    held = 0
    with store.writer(smooth=True) as writer:
        for window in store.bbox.extent.get_windows(32, 16):
            writer.write(window, np.full((3, 32, 32), 1 / 3, dtype=np.float32))
            held = max(held, writer.num_rows_held)

    assert held == 32


def test_nothing_is_left_after_an_error(make_store, tmp_path):
    store = make_store(smooth_output=True, vector_outputs=VECTORS)
    with pytest.raises(KeyboardInterrupt), store.writer() as writer:
        writer.write(*next(predict(smooth=True)))
        raise KeyboardInterrupt

    assert not list(tmp_path.iterdir())


def test_older_predictions_stay_after_an_error(make_store):
    store = make_store()
    write(store, smooth=False)
    before = contents(store)

    with pytest.raises(DataError, match='comes too late'), store.writer(smooth=False) as writer:
        for window, prediction in [*predict(smooth=False)][::-1]:
            writer.write(window, prediction)

    assert contents(store) == before


def test_writer_replaces_older_scores_and_save_adds_to_them(make_store):
    store = make_store(smooth_output=True)
    write(store, smooth=True)
    once = np.load(store.hits_uri)
    write(store, smooth=True)
    np.testing.assert_array_equal(np.load(store.hits_uri), once)

    store.save(in_memory(smooth=True))

    np.testing.assert_array_equal(np.load(store.hits_uri), 2 * once)


def test_predicting_a_scene_again_takes_nothing_over_from_an_earlier_run(make_store):
    class Pipeline(SemanticSegmentation):
        def predict_scene(self, scene):
            return in_memory(smooth=True)

        def post_process_predictions(self, labels, scene):
            return labels

    store = make_store(smooth_output=True)
    scene = SimpleNamespace(id='a', label_store=store)
    Pipeline(None, '').predict_to_store(scene)
    once = contents(store)

    Pipeline(None, '').predict_to_store(scene)

    assert contents(store) == once


def test_scores_of_other_extent_are_not_added_to(make_store):
    make_store(smooth_output=True).save(in_memory(smooth=True))

    with pytest.raises(DataError, match='extent'):
        make_store(smooth_output=True).save(SemanticSegmentationSmoothLabels(Box(0, 0, 5, 5), 3))


def test_labels_say_what_they_mean(make_store):
    store = make_store()
    write(store, smooth=False)

    with rasterio.open(store.label_uri) as dataset:
        assert dataset.profile['tiled'] and dataset.profile['compress'] == 'deflate'
        assert dataset.block_shapes == [(16, 16)]
        assert dataset.colormap(1)[1] == (0, 255, 128, 255)
        assert json.loads(dataset.tags()['class_names']) == ['a', 'b', 'null']
        assert dataset.tags()['null_class_id'] == '2'
        assert dataset.transform == Affine(0.5, 0, 600010, 0, -0.5, 199995)
        assert dataset.crs.to_epsg() == 32637


def test_scores_name_their_classes(make_store):
    store = make_store(smooth_output=True)
    write(store, smooth=True)

    with rasterio.open(store.score_uri) as dataset:
        assert dataset.descriptions == ('a', 'b', 'null')


@pytest.mark.parametrize('rgb', [False, True])
def test_windows_of_labels_can_be_read(make_store, rgb):
    store, window = make_store(save_as_rgb=rgb), Box(30, 40, 70, 60)
    write(store, smooth=False)

    arr = store.read_label_arr(window)

    assert arr.dtype == np.uint8
    np.testing.assert_array_equal(arr, in_memory(smooth=False).get_label_arr(window, null_class_id=2))


def test_discrete_labels_come_back(make_store):
    store = make_store()
    write(store, smooth=False)

    labels = store.get_labels()

    assert isinstance(labels, SemanticSegmentationDiscreteLabels)
    np.testing.assert_array_equal(labels.get_label_arr(EXTENT), in_memory(False).get_label_arr(EXTENT, 2))


@pytest.mark.parametrize(('as_uint8', 'tolerance'), [(False, 1e-3), (True, 3e-3)])
def test_scores_come_back(make_store, as_uint8, tolerance):
    store = make_store(smooth_output=True, smooth_as_uint8=as_uint8)
    write(store, smooth=True)

    labels, expected = store.get_labels(), in_memory(smooth=True)

    assert isinstance(labels, SemanticSegmentationSmoothLabels)
    np.testing.assert_array_equal(labels.pixel_hits, expected.pixel_hits)
    np.testing.assert_allclose(labels.get_score_arr(EXTENT), expected.get_score_arr(EXTENT), atol=tolerance)


def test_hits_above_255_widen_the_file(make_store):
    store = make_store(bbox=Box(0, 0, 40, 5), smooth_output=True)
    ones = np.full((3, 40, 5), 1 / 3, dtype=np.float32)
    with store.writer() as writer:
        for _ in range(300):
            writer.write(Box(20, 0, 40, 5), ones[:, :20])

    hits = np.load(store.hits_uri)

    assert hits.dtype == np.uint16
    assert (hits[:20] == 0).all() and (hits[20:] == 300).all()


def test_scene_without_a_prediction_has_the_null_class(make_store):
    store = make_store()
    with store.writer(smooth=False):
        pass

    assert (store.read_label_arr(EXTENT) == 2).all()


def test_null_class_is_added_to_a_copy(tmp_path):
    classes = ClassConfig(names=['a', 'b'])

    store = SemanticSegmentationLabelStore(str(tmp_path), CRS, classes)

    assert (classes.names, store.class_config.names) == (['a', 'b'], ['a', 'b', 'null'])


def read_vectors(path):
    import geopandas as gpd

    return gpd.read_parquet(path) if path.suffix == '.parquet' else gpd.read_file(path)


@pytest.mark.parametrize('format', ['gpkg', 'parquet'])
def test_vectors_in_other_formats_are_those_of_the_geojson_in_the_crs_of_the_image(make_store, tmp_path, format):
    outputs = [PolygonVectorOutputConfig(class_id=1, denoise=2, format=kind) for kind in ('geojson', format)]
    store = make_store(vector_outputs=outputs)
    write(store, smooth=False)
    geojson = read_vectors(tmp_path / 'scene' / VECTORS_DIR / 'class-1-b.json')
    other = read_vectors(tmp_path / 'scene' / VECTORS_DIR / f'class-1-b.{format}')
    assert other.crs == CRS.image_crs
    assert set(other.class_id) == {1}
    assert len(other) == len(geojson) > 3
    assert other.to_crs(4326).geom_equals_exact(geojson.geometry, 1e-9).all()


@pytest.mark.parametrize('format', ['gpkg', 'parquet'])
def test_other_formats_are_written_in_batches_and_always_the_same(make_store, tmp_path, monkeypatch, format):
    outputs = [PolygonVectorOutputConfig(class_id=1, denoise=0, format=format)]
    write(make_store('whole', vector_outputs=outputs), smooth=False)
    write(make_store('again', vector_outputs=outputs), smooth=False)
    monkeypatch.setattr('rastervision.core.data.label_store.vector_formats.BATCH', 2)
    write(make_store('batches', vector_outputs=outputs), smooth=False)
    paths = [tmp_path / name / VECTORS_DIR / f'class-1-b.{format}' for name in ('whole', 'again', 'batches')]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert read_vectors(paths[0]).equals(read_vectors(paths[2]))


@pytest.mark.parametrize('format', ['gpkg', 'parquet'])
def test_other_formats_can_be_empty_and_without_crs(tmp_path, format):
    config = SemanticSegmentationLabelStoreConfig(
        uri=str(tmp_path / 'scene'), vector_output=[PolygonVectorOutputConfig(class_id=1, format=format)]
    )
    labels = SemanticSegmentationDiscreteLabels(EXTENT, len(CLASSES))
    labels.add_window(EXTENT, np.zeros(EXTENT.size, dtype=np.uint8))
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', rasterio.errors.NotGeoreferencedWarning)
        config.build(CLASSES, IdentityCRSTransformer(), bbox=BBOX).save(labels)
    found = read_vectors(tmp_path / 'scene' / VECTORS_DIR / f'class-1-b.{format}')
    assert len(found) == 0
    assert found.crs is None
    assert list(found.columns) == ['class_id', 'class_name', 'geometry']


def test_vector_outputs_of_one_class_get_files_of_their_own(tmp_path):
    outputs = [
        PolygonVectorOutputConfig(class_id=1, denoise=0),
        PolygonVectorOutputConfig(class_id=1, denoise=0, format='gpkg'),
        BuildingVectorOutputConfig(class_id=1, denoise=0),
        PolygonVectorOutputConfig(class_id=1, denoise=0, name='plain'),
    ]
    config = SemanticSegmentationLabelStoreConfig(uri=str(tmp_path / 'scene'), vector_output=outputs)
    config.build(CLASSES, CRS, bbox=BBOX).save(in_memory(smooth=False))
    folder = tmp_path / 'scene' / VECTORS_DIR
    names = sorted(path.name for path in folder.iterdir())
    assert names == ['class-1-b-1.json', 'class-1-b.gpkg', 'class-1-b.json', 'plain.json']
    assert (folder / 'class-1-b-1.json').read_bytes() == (folder / 'plain.json').read_bytes()
    assert outputs[0].name is None


def test_last_vector_output_of_a_class_counts(make_store):
    outputs = [BuildingVectorOutputConfig(class_id=1), PolygonVectorOutputConfig(class_id=1, denoise=0)]
    make_store('both', vector_outputs=outputs).save(in_memory(smooth=False))
    make_store('last', vector_outputs=outputs[1:]).save(in_memory(smooth=False))

    assert contents(make_store('both')) == contents(make_store('last'))


def test_parts_can_be_written_one_by_one(make_store, tmp_path):
    store = make_store(smooth_output=True, vector_outputs=VECTORS)
    labels = in_memory(smooth=True)
    profile = store.build_rasterio_gtiff_profile(labels)
    folder = tmp_path / 'parts'
    folder.mkdir()

    store.write_discrete_raster_output(profile, str(folder / 'labels.tif'), labels)
    store.write_smooth_raster_output(profile, str(folder / 'scores.tif'), str(folder / 'pixel_hits.npy'), labels)
    store.write_vector_outputs(labels, str(folder / 'vector_output'))
    store.write_vector_output(VECTORS[0], labels.get_label_arr(EXTENT) == 0, str(folder / 'one'))
    store.save(labels)

    parts = contents(make_store('parts'))
    texts = parts.pop('one/class-0-a.json'), parts[f'{VECTORS_DIR}/class-0-a.json']
    one, same = (json.loads(text)['features'] for text in texts)
    assert len(one) == len(same)
    assert parts == contents(store)


def test_missing_labels_are_named(make_store):
    with pytest.raises(MissingFileError, match=r'labels\.tif'):
        make_store().get_labels()
    with pytest.raises(FileNotFoundError, match=r'scores\.tif'):
        make_store(smooth_output=True).get_labels()


def test_writer_needs_a_bbox(make_store):
    with pytest.raises(ConfigError, match='has no bbox'), make_store(bbox=None).writer():
        pass


# ------------------------------------------------------------ more classes than a byte has numbers
@pytest.fixture
def many(tmp_path):
    """A store of 300 classes, and labels from 0 to 299."""
    classes = ClassConfig(names=[f'class {i}' for i in range(300)], null_class='class 299')
    outputs = [PolygonVectorOutputConfig(class_id=i, denoise=0, format='gpkg') for i in (7, 7 + 256, 299)]

    def make(**options):
        store = SemanticSegmentationLabelStore(
            str(tmp_path / 'many'), CRS, classes, Box(0, 0, 40, 60), vector_outputs=outputs, **options
        )
        labels = (np.arange(40 * 60).reshape(40, 60) // 8) % 300
        labels[:, 50:] = 299
        return store, labels.astype(np.uint16)

    return make


@pytest.mark.parametrize('way', ['votes', 'scores', 'memory', 'colours'])
def test_labels_of_many_classes_are_16_bit(many, way):
    store, labels = many(save_as_rgb=way == 'colours', smooth_output=way == 'scores')
    scores = np.eye(300, dtype=np.float32)[labels].transpose(2, 0, 1)
    if way == 'memory':
        store.save(SemanticSegmentationLabels.from_predictions([store.bbox], [labels], store.bbox, 300))
    else:
        with store.writer(smooth=way == 'scores') as writer:
            writer.write(store.bbox, scores if way == 'scores' else labels)

    assert store.read_label_arr(store.bbox).dtype == np.uint16
    np.testing.assert_array_equal(store.read_label_arr(store.bbox), labels)
    np.testing.assert_array_equal(store.get_labels().get_label_arr(store.bbox), labels)
    for class_id in (7, 7 + 256, 299):
        (path,) = Path(store.vector_output_uri).glob(f'class-{class_id}-*')
        areas = read_vectors(path).area
        assert areas.sum() / 0.25 == (labels == class_id).sum()
    if way != 'colours':
        with rasterio.open(store.label_uri) as dataset:
            assert dataset.dtypes == ('uint16',)


def test_256_classes_fit_into_8_bits(tmp_path):
    classes = ClassConfig(names=[str(i) for i in range(255)] + ['null'])
    store = SemanticSegmentationLabelStore(str(tmp_path / 'x'), CRS, classes, Box(0, 0, 16, 16))
    with store.writer(smooth=False) as writer:
        writer.write(Box(0, 0, 16, 10), np.arange(160, dtype=np.uint8).reshape(16, 10) + 95)

    found = store.read_label_arr(store.bbox)

    assert found.dtype == np.uint8 and found.max() == 255
    assert (found[:, 10:] == 255).all()


class Plain(Config):
    """A vector output of a plugin, which is no VectorOutputConfig."""

    class_id: int = 1
    denoise: int = 0
    threshold: float | None = None

    def vectorize(self, mask):
        yield box(0, 0, int(mask.sum()), 1)

    def get_uri(self, root, class_config):
        return os.path.join(root, f'mine-{class_config.get_name(self.class_id)}.json')


class WithOtherPolygons(PolygonVectorOutputConfig):
    """Has a faster way by `build`, which says nothing of this."""

    vectorize = Plain.vectorize
    get_uri = Plain.get_uri


@pytest.mark.parametrize('kind', [Plain, WithOtherPolygons])
@pytest.mark.parametrize('smooth', [False, True])
def test_a_vector_output_needs_a_vectorize_and_a_uri_only(make_store, kind, smooth):
    store = make_store(vector_outputs=[kind(class_id=1)], smooth_output=smooth)

    for way in (store.save, None):
        if way is None:
            write(store, smooth)
        else:
            way(in_memory(smooth))
        features = json.loads(Path(store.vector_output_uri, 'mine-b.json').read_text())['features']

        corners = CRS.to_pixels(shapely.geometry.shape(features[0]['geometry']), bbox=BBOX)
        assert len(features) == 1
        assert corners.bounds[2] == pytest.approx((store.read_label_arr(EXTENT) == 1).sum(), abs=1e-3)


def test_what_a_store_keeps_can_be_read_as_rasters(make_store):
    store = make_store(smooth_output=True)
    assert store.label_source is None and store.score_source is None

    store.save(in_memory(smooth=True))

    assert np.array_equal(store.label_source[EXTENT][..., 0], store.read_label_arr(EXTENT))
    assert store.score_source.num_channels == 3
    assert store.class_transformer.class_to_rgb(np.array([0])).tolist() == [[255, 0, 0]]
