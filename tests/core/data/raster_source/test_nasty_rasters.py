"""What happens to images that are not as one would wish, from reading to predictions on the map."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import shapely
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.errors import TransformWarning
from rasterio.rpc import RPC
from rasterio.transform import from_origin

from rastervision.core.analyzer.stats_analyzer_config import StatsAnalyzerConfig
from rastervision.core.backend.backend import Backend
from rastervision.core.backend.backend_config import BackendConfig
from rastervision.core.data.class_config import ClassConfig
from rastervision.core.data.cog import create_cog
from rastervision.core.data.dataset_config import DatasetConfig
from rastervision.core.data.label_source.semantic_segmentation_label_source_config import (
    SemanticSegmentationLabelSourceConfig,
)
from rastervision.core.data.label_store.semantic_segmentation_label_store_config import (
    PolygonVectorOutputConfig,
    SemanticSegmentationLabelStoreConfig,
)
from rastervision.core.data.raster_source.multi_raster_source_config import MultiRasterSourceConfig
from rastervision.core.data.raster_source.rasterio_source import RasterioSource
from rastervision.core.data.raster_source.rasterio_source_config import RasterioSourceConfig
from rastervision.core.data.raster_transformer.nan_transformer_config import NanTransformerConfig
from rastervision.core.data.scene_config import SceneConfig
from rastervision.core.data.scene_factory import make_ss_scene
from rastervision.core.rv_pipeline.semantic_segmentation import SemanticSegmentation
from rastervision.core.rv_pipeline.semantic_segmentation_config import (
    SemanticSegmentationConfig,
    SemanticSegmentationPredictOptions,
)
from rastervision.pipeline.config.register import register_config
from rastervision.pipeline.config.resolve import resolve
from rastervision.pipeline.errors import DataError, NotReadableError

HEIGHT, WIDTH = 40, 50
CHIP_SZ = 16
DARK, BRIGHT = 20, 200
EMPTY_ROWS = 5
CLASSES = ClassConfig(names=['dark', 'bright'], colors=['navy', 'white'])
UTM = {'crs': 'epsg:32633', 'transform': from_origin(500_000, 5_000_000, 10, 10)}
NOWHERE: dict[str, Any] = {'crs': None, 'transform': Affine.identity()}
ROTATED = {'crs': 'epsg:32633', 'transform': Affine(8, 5, 500_000, 5, -8, 5_000_000)}
SOUTH_UP = {'crs': 'epsg:32633', 'transform': Affine(10, 0, 500_000, 0, 10, 5_000_000)}
DEGREES = {'crs': 'epsg:4326', 'transform': from_origin(14, 46, 1e-4, 1e-4)}
GCPS = [
    GroundControlPoint(row, column, 14 + column * 1e-4 + row * column * 1e-7, 46 - row * 1e-4 - row * row * 1e-8)
    for row in (0, 20, 40)
    for column in (0, 25, 50)
]
LINE, SAMPLE, ONE = [0, 0, -1] + [0] * 17, [0, 1] + [0] * 18, [1] + [0] * 19
RPCS = RPC(
    height_off=0,
    height_scale=100,
    lat_off=46,
    lat_scale=2e-3,
    long_off=14,
    long_scale=2.5e-3,
    line_num_coeff=LINE,
    line_den_coeff=ONE,
    line_off=HEIGHT / 2,
    line_scale=HEIGHT / 2,
    samp_num_coeff=SAMPLE,
    samp_den_coeff=ONE,
    samp_off=WIDTH / 2,
    samp_scale=WIDTH / 2,
)


# ------------------------------------------------------------------------- images
def halves(height: int = HEIGHT, width: int = WIDTH, count: int = 3, dtype: str = 'uint8') -> np.ndarray:
    """Pixels (bands, height, width), dark on the left and bright on the right."""
    pixels = np.full((count, height, width), DARK, dtype=dtype)
    pixels[:, :, width // 2 :] = BRIGHT
    return pixels


def with_empty_rows(value: float, dtype: str = 'uint8', count: int = 3) -> np.ndarray:
    pixels = halves(count=count, dtype=dtype)
    pixels[:, :EMPTY_ROWS] = value
    return pixels


def save(path: Path, pixels: np.ndarray, driver: str = 'GTiff', mask: bool = False, **profile: Any) -> None:
    count, height, width = pixels.shape
    size = {'count': count, 'height': height, 'width': width, 'dtype': pixels.dtype}
    with rasterio.open(path, 'w', driver=driver, **size, **profile) as image:
        image.write(pixels)
        if mask:
            valid = np.ones((height, width), dtype=bool)
            valid[:EMPTY_ROWS] = False
            image.write_mask(valid)


def image(pixels: np.ndarray, **profile: Any) -> Callable[[Path], None]:
    return lambda path: save(path, pixels, **profile)


def masked(*, internal: bool) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=internal):
            save(path, halves(), mask=True, **UTM)
        assert path.with_name(f'{path.name}.msk').exists() is not internal

    return write


def palette(path: Path) -> None:
    with rasterio.open(path, 'w', driver='PNG', count=1, height=HEIGHT, width=WIDTH, dtype='uint8') as png:
        png.write(halves(count=1) // BRIGHT)
        png.write_colormap(1, {0: (30, 10, 20, 255), 1: (220, 180, 200, 255)})


def with_alpha(path: Path) -> None:
    alpha = with_empty_rows(0, count=1)
    save(
        path, np.concatenate([halves(), np.where(alpha, 255, 0).astype('uint8')]), photometric='RGB', alpha='YES', **UTM
    )


def with_rpcs(path: Path) -> None:
    save(path, halves(), rpcs=RPCS)


def big_cog(path: Path) -> None:
    save(path.with_name('plain.tif'), halves(), BIGTIFF='YES', tiled=True, blockxsize=16, blockysize=16, **UTM)
    create_cog(str(path.with_name('plain.tif')), str(path), str(path.parent), block_size=16, overviews=[2])


def vrt(path: Path) -> None:
    save(path.with_name('part.tif'), halves(), **UTM)
    rasterio.shutil.copy(path.with_name('part.tif'), path, driver='VRT')


def scaled(path: Path) -> None:
    save(path, halves(dtype='uint16'), **UTM)
    with rasterio.open(path, 'r+') as tif:
        tif.scales, tif.offsets = (1e-4,) * 3, (-0.1,) * 3


# -------------------------------------------------------------------------- cases
@dataclass(frozen=True)
class Case:
    """An image, and what is read of it.

    Attributes:
        write: Makes the file.
        chip: All of its pixels as a chip, (height, width, channels).
        empty: Number of pixels in the NODATA mask. None: there is no mask.
        place: How its predictions are georeferenced.
        threshold: What is above is bright.
        options: Further fields of the RasterioSourceConfig.
        tolerance: By how much pixels may differ.
    """

    write: Callable[[Path], None]
    chip: np.ndarray
    empty: int | None = None
    place: dict[str, Any] = field(default_factory=lambda: UTM)
    threshold: float = 100
    options: dict[str, Any] = field(default_factory=dict)
    tolerance: float = 0
    suffix: str = '.tif'


def chip_of(pixels: np.ndarray) -> np.ndarray:
    return pixels.transpose(1, 2, 0)


PLAIN, EMPTIED = chip_of(halves()), chip_of(with_empty_rows(0))
COLORS = np.where(PLAIN == BRIGHT, [220, 180, 200], [30, 10, 20]).astype(np.uint8)
EMPTY = EMPTY_ROWS * WIDTH
NAN = with_empty_rows(np.nan, 'float32')
NAN_TO_NUM = {'transformers': [NanTransformerConfig()]}

CASES = {
    'NODATA strip with a tag': Case(image(with_empty_rows(0), nodata=0, **UTM), EMPTIED, EMPTY),
    'NODATA strip without a tag': Case(image(with_empty_rows(0), **UTM), EMPTIED),
    'NODATA value that others have in one band': Case(image(with_empty_rows(255), nodata=255, **UTM), EMPTIED, EMPTY),
    'in degrees': Case(image(halves(), **DEGREES), PLAIN, place=DEGREES),
    'without CRS': Case(image(halves(), transform=UTM['transform']), PLAIN, place=UTM | {'crs': None}),
    'without georeference': Case(image(halves()), PLAIN, place=NOWHERE),
    'palette, as indices': Case(
        palette,
        chip_of(halves(count=1) // BRIGHT),
        place=NOWHERE,
        threshold=0.5,
        options={'expand_palette': False},
        suffix='.png',
    ),
    'palette with its colours': Case(palette, COLORS, place=NOWHERE, options={'expand_palette': True}, suffix='.png'),
    'one band': Case(image(halves(count=1), **UTM), PLAIN[..., :1]),
    'four bands of 16 bits': Case(
        image(halves(count=4, dtype='uint16') * 300, **UTM),
        chip_of(halves(count=4, dtype='uint16') * 300),
        threshold=3e4,
    ),
    'JPEG': Case(image(halves(), driver='JPEG', quality=100), PLAIN, place=NOWHERE, suffix='.jpg', tolerance=10),
    'PNG': Case(image(halves(), driver='PNG'), PLAIN, place=NOWHERE, suffix='.png'),
    'rotated': Case(image(halves(), **ROTATED), PLAIN, place=ROTATED),
    'control points only': Case(image(halves(), gcps=GCPS, crs='epsg:4326'), PLAIN, place={'gcps': GCPS}),
    'rational polynomials only': Case(with_rpcs, PLAIN, place={'rpcs': RPCS}),
    'mask inside': Case(masked(internal=True), EMPTIED, EMPTY),
    'mask beside': Case(masked(internal=False), EMPTIED, EMPTY),
    'alpha': Case(with_alpha, EMPTIED, EMPTY),
    'NaN as NODATA': Case(image(NAN, nodata=np.nan, **UTM), EMPTIED.astype('float32'), EMPTY),
    'NaN without a tag': Case(image(NAN, **UTM), EMPTIED.astype('float32'), EMPTY, options=NAN_TO_NUM),
    '64-bit floats': Case(image(halves(dtype='float64') * 1e10, **UTM), PLAIN * 1e10, threshold=1e12),
    'negative integers': Case(
        image(with_empty_rows(-9999, 'int16') - 100, nodata=-10099, **UTM),
        np.where(EMPTIED, EMPTIED.astype('int16') - 100, 0).astype('int16'),
        EMPTY,
        threshold=0,
    ),
    'one pixel': Case(image(halves(1, 1), **UTM), PLAIN[:1, -1:]),
    'smaller than a chip': Case(image(halves(7, 9), **UTM), chip_of(halves(7, 9))),
    'one row': Case(image(halves(1), **UTM), PLAIN[:1]),
    'one column': Case(image(halves(width=1), **UTM), PLAIN[:, -1:]),
    'south up': Case(image(halves(), **SOUTH_UP), PLAIN, place=SOUTH_UP),
    'cloud-optimized BigTIFF with overviews': Case(big_cog, PLAIN),
    'VRT': Case(vrt, PLAIN, suffix='.vrt'),
    'scale and offset are not applied': Case(scaled, PLAIN.astype('uint16')),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def config(case: Case, tmp_path: Path) -> RasterioSourceConfig:
    path = tmp_path / f'image{case.suffix}'
    case.write(path)
    return RasterioSourceConfig(uris=str(path), **case.options)


# ------------------------------------------------------------------------ a model
class BrightBackend(Backend):
    """Finds pixels that are brighter than a threshold."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold

    def load_model(self, uri: str | None = None) -> None:
        pass

    def iter_predict(self, scene: Any, predict_options: Any) -> Iterator[tuple[Any, np.ndarray]]:
        for window in scene.extent.get_windows(predict_options.chip_sz, predict_options.stride):
            bright = scene.raster_source[window].mean(axis=-1) > self.threshold
            yield window, np.stack([~bright, bright, np.zeros_like(bright)]).astype(np.float32)

    get_sample_writer = chip_dataset = train = predict_scene = None  # type: ignore[assignment]


@register_config('test_bright_backend', plugin='rastervision.core')
class BrightBackendConfig(BackendConfig):
    """Configure a BrightBackend."""

    threshold: float

    def build(self, pipeline: Any, tmp_dir: str) -> Backend:
        return BrightBackend(self.threshold)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., SemanticSegmentation]:
    """A function that analyzes and predicts a scene, and gives the pipeline."""

    def run(image: RasterioSourceConfig, threshold: float = 100) -> SemanticSegmentation:
        store = SemanticSegmentationLabelStoreConfig(
            smooth_output=True, vector_output=[PolygonVectorOutputConfig(class_id=1, denoise=0)]
        )
        scene = SceneConfig(id='s', raster_source=image, label_store=store)
        config = SemanticSegmentationConfig(
            root_uri=str(tmp_path / 'out'),
            dataset=DatasetConfig(class_config=CLASSES.copy(), train_scenes=[], validation_scenes=[scene]),
            backend=BrightBackendConfig(threshold=threshold),
            predict_options=SemanticSegmentationPredictOptions(chip_sz=CHIP_SZ),
            analyzers=[StatsAnalyzerConfig(sample_prob=None)],
        )
        pipeline = SemanticSegmentation(resolve(config), str(tmp_path))
        pipeline.analyze()
        pipeline.predict()
        return pipeline

    return run


# -------------------------------------------------------------------------- tests
def test_pixels_are_read_and_what_has_no_data_is_zero(case, config):
    source = config.build()

    chip, mask = source.get_chip(source.extent), source.get_nodata_mask(source.extent)

    assert chip.dtype == case.chip.dtype == source.dtype and chip.shape == case.chip.shape == source.shape
    assert np.allclose(chip, case.chip, rtol=0, atol=case.tolerance)
    assert (mask is None) == (case.empty is None)
    assert mask is None or (mask.sum() == case.empty and mask[:EMPTY_ROWS].all())


def test_a_chip_over_the_corner_is_padded_with_zeros(case, config):
    source = config.build()
    height, width = source.extent.size

    chip = source[source.extent.translate(-3, -2)]

    assert not chip[:3].any() and not chip[:, :2].any()
    assert np.allclose(chip[3:, 2:], case.chip[: height - 3, : width - 2], atol=case.tolerance)


def test_statistics_are_of_pixels_with_data(case, config, run):
    pipeline = run(config, case.threshold)

    stats = json.loads(Path(pipeline.config.layout.stats('validation_scenes')).read_text())

    pixels = np.where(case.chip == 0, np.nan, case.chip.astype(float))
    assert stats['means'] == pytest.approx(np.nanmean(pixels, axis=(0, 1)), rel=0.02)


def test_predictions_lie_where_the_image_does(case, config, run):
    folder = Path(run(config, case.threshold).config.layout.raster_prediction('s'))
    bright = case.chip.mean(axis=-1) > case.threshold

    for name in ('labels.tif', 'scores.tif'):
        with rasterio.open(folder / name) as raster:
            assert raster.shape == bright.shape
            assert_same_place(raster, case.place)
    with rasterio.open(folder / 'labels.tif') as labels:
        assert np.array_equal(labels.read(1), bright)


def test_polygons_lie_on_the_bright_pixels(case, config, run):
    folder = Path(run(config, case.threshold).config.layout.raster_prediction('s'))
    transformer = config.build().crs_transformer
    bright = case.chip.mean(axis=-1) > case.threshold

    features = json.loads(next(folder.glob('vector_output/*.json')).read_text())['features']

    polygons = transformer.to_pixels(shapely.from_geojson([json.dumps(f['geometry']) for f in features]))
    rows, columns = np.nonzero(bright)
    right = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    assert shapely.union_all(polygons).bounds == pytest.approx(right, abs=1e-6)


def assert_same_place(raster: Any, place: dict[str, Any]) -> None:
    if 'gcps' in place:
        points, crs = raster.gcps
        assert [(p.row, p.col, p.x, p.y) for p in points] == [(p.row, p.col, p.x, p.y) for p in place['gcps']]
        assert crs == 'epsg:4326'
    elif 'rpcs' in place:
        assert raster.rpcs.line_off == HEIGHT / 2 and raster.rpcs.samp_num_coeff == SAMPLE
    else:
        assert raster.transform.almost_equals(place['transform'])
        assert raster.crs == place['crs']


def test_complex_imagery_is_refused_with_a_way_out(tmp_path, run):
    save(tmp_path / 'complex.tif', halves(dtype='complex64'), **UTM)

    with pytest.raises(DataError, match=r"scene 's'.*complex\.tif.*complex64.*DERIVED_SUBDATASET:AMPLITUDE"):
        run(RasterioSourceConfig(uris=str(tmp_path / 'complex.tif')))


@pytest.mark.parametrize(('order', 'channels'), [(None, 3), ([0], 1), ([2, 0], 2)])
def test_a_palette_used_as_imagery_gives_colours(tmp_path, order, channels):
    options = {} if order is None else {'channel_order': order}
    palette(tmp_path / 'palette.png')
    config = RasterioSourceConfig(uris=str(tmp_path / 'palette.png'), **options)
    both = MultiRasterSourceConfig(raster_sources=[config, config])
    for source, expected in ((config, channels), (both, 2 * channels)):
        scene = SceneConfig(id='s', raster_source=source).build(CLASSES)
        assert scene.raster_source.num_channels == expected
        assert scene.raster_source[:, :].max() == {1: 1, 2: 220, 3: 220}[channels]
    made = make_ss_scene(str(tmp_path / 'palette.png'), image_raster_source_kw=options)
    assert made.raster_source.num_channels == channels
    assert config.expand_palette is None


def test_indices_of_a_palette_used_as_imagery_are_warned_of(tmp_path, run, caplog):
    palette(tmp_path / 'palette.png')

    run(RasterioSourceConfig(uris=str(tmp_path / 'palette.png'), expand_palette=False))
    assert 'palette.png' in caplog.text and 'expand_palette' in caplog.text


def test_labels_with_a_palette_keep_their_indices(tmp_path):
    palette(tmp_path / 'labels.png')
    config = SemanticSegmentationLabelSourceConfig(
        raster_source=RasterioSourceConfig(uris=str(tmp_path / 'labels.png'))
    )
    source = config.build(CLASSES, RasterioSource(str(tmp_path / 'labels.png')).crs_transformer)

    assert np.array_equal(source.get_label_arr(), halves(count=1)[0] // BRIGHT)


@pytest.mark.parametrize('rest', [0, 100, 5_000])
def test_a_damaged_file_is_named_with_its_scene_and_leaves_no_predictions(tmp_path, run, rest):
    noise = np.random.default_rng(0).integers(1, 255, (3, HEIGHT, WIDTH), dtype=np.uint8)
    save(tmp_path / 'damaged.tif', noise, compress='deflate', blockysize=1, **UTM)
    (tmp_path / 'damaged.tif').write_bytes((tmp_path / 'damaged.tif').read_bytes()[:rest])

    with pytest.raises(NotReadableError, match=r"scene 's'.*damaged\.tif.*gdalinfo"):
        run(RasterioSourceConfig(uris=str(tmp_path / 'damaged.tif')))
    assert not (tmp_path / 'out' / 'predict').exists()


@pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')
@pytest.mark.parametrize('driver', ['GTiff', 'PNG', 'JPEG', 'BMP', 'WEBP', 'JP2OpenJPEG', 'GIF'])
def test_half_a_file_is_an_error_also_if_it_is_read_whole(tmp_path, driver):
    noise = np.random.default_rng(0).integers(1, 255, (1 if driver == 'GIF' else 3, 300, 200), dtype=np.uint8)
    path = tmp_path / f'half.{driver.lower()}'
    save(tmp_path / 'whole.tif', noise)
    rasterio.shutil.copy(str(tmp_path / 'whole.tif'), str(path), driver=driver)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    with pytest.raises(NotReadableError, match='half'):
        RasterioSource(str(path))[:, :]


def test_the_map_can_be_that_of_the_image(tmp_path, run):
    save(tmp_path / 'image.tif', halves(), **UTM)
    pipeline = run(RasterioSourceConfig(uris=str(tmp_path / 'image.tif'), map_crs=None))
    folder = Path(pipeline.config.layout.raster_prediction('s'))

    text = next(folder.glob('vector_output/*.json')).read_text()

    polygons = shapely.union_all(
        shapely.from_geojson([json.dumps(f['geometry']) for f in json.loads(text)['features']])
    )
    assert polygons.bounds == (500_250, 4_999_600, 500_500, 5_000_000)
    assert json.loads(text)['crs']['properties']['name'] == 'urn:ogc:def:crs:EPSG::32633'


def test_polynomials_that_lead_nowhere_are_refused(tmp_path):
    broken = RPC(**{**RPCS.to_dict(), 'line_den_coeff': [0.0] * 20, 'err_bias': None, 'err_rand': None})
    save(tmp_path / 'image.tif', halves(), rpcs=broken)

    with pytest.warns(TransformWarning), pytest.raises(DataError, match='no place for its corners'):
        RasterioSource(str(tmp_path / 'image.tif'))


def test_control_points_in_a_line_are_refused(tmp_path):
    save(tmp_path / 'image.tif', halves(), gcps=GCPS[:3], crs='epsg:4326')

    with pytest.raises(DataError, match='3 ground control points'):
        RasterioSource(str(tmp_path / 'image.tif'))


def test_a_part_of_an_image_with_control_points_has_points_of_its_own(tmp_path, run):
    save(tmp_path / 'image.tif', halves(), gcps=GCPS, crs='epsg:4326')
    pipeline = run(RasterioSourceConfig(uris=str(tmp_path / 'image.tif'), bbox=(10, 20, 40, 50)))

    with rasterio.open(Path(pipeline.config.layout.raster_prediction('s')) / 'labels.tif') as labels:
        assert [(p.row, p.col, p.x, p.y) for p in labels.gcps[0]] == [(p.row - 10, p.col - 20, p.x, p.y) for p in GCPS]
