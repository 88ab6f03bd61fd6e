"""The model card of a pipeline's bundle: the card of its model, and what the pipeline knows about imagery.

A card is a STAC item with the MLM extension, as plain data. See
`rastervision.pytorch_learner.learner_config.card` for what the model's part holds.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rastervision.core.data.raster_names import files_of
from rastervision.core.data.raster_transformer.stats_transformer_config import StatsTransformerConfig
from rastervision.core.defaults import MAP_CRS
from rastervision.core.layout import BUNDLE_FILE, CONFIG_FILE
from rastervision.pipeline.config.base import descendants
from rastervision.pipeline.errors import RasterVisionError
from rastervision.pipeline.file_system.utils import is_local

if TYPE_CHECKING:
    from rastervision.core.data.raster_source.raster_source import RasterSource
    from rastervision.core.data.raster_source.raster_source_config import RasterSourceConfig
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.rv_pipeline.rv_pipeline_config import RVPipelineConfig

log = logging.getLogger(__name__)

Card = dict[str, Any]
ReadStats = Callable[[str], Mapping[str, Any] | None]

TRAINING = 'rastervision:training_data'
BANDS = 'raster:bands'  # where the MLM extension looks for them, and STAC allows them
MAX_STDS = 3.0  # see StatsTransformer
EXTENT_DIGITS, DIGITS = 6, 4
HALF_TURN = 180.0  # degrees


@dataclass(frozen=True)
class ImageFacts:
    """What is known of an image from its header.

    Attributes:
        dtype: Type of its pixels, as numpy names it.
        crs: Its CRS, such as 'EPSG:32633', or None.
        gsd: Metres on the ground from pixel to pixel in its middle, or None.
        extent: West, south, east and north in degrees (EPSG:4326), or None. East is less than west if the image lies
            across the antimeridian.
    """

    dtype: str
    crs: str | None = None
    gsd: float | None = None
    extent: tuple[float, float, float, float] | None = None

    @classmethod
    def of(cls, source: 'RasterSource') -> 'ImageFacts':
        """The facts of an open image."""
        import numpy as np
        from pyproj import CRS, Geod, Transformer

        from rastervision.core.data.crs_transformer.rasterio_crs_transformer import is_local_crs

        transformer, box, dtype = source.crs_transformer, source.extent, str(source.dtype)
        if transformer.image_crs is None:
            return cls(dtype)
        if is_local_crs(CRS(transformer.image_crs)):
            return cls(dtype, CRS(transformer.image_crs).name)
        middle_y, middle_x = (box.ymin + box.ymax) / 2, (box.xmin + box.xmax) / 2
        xs = [box.xmin, box.xmax, box.xmin, box.xmax, middle_x, middle_x + 1]
        ys = [box.ymin, box.ymin, box.ymax, box.ymax, middle_y, middle_y]
        x, y = transformer.to_map((xs, ys), source.bbox)
        lon, lat = Transformer.from_crs(transformer.map_crs, MAP_CRS, always_xy=True).transform(x, y)
        authority = CRS(transformer.image_crs).to_authority()
        crs = ':'.join(authority) if authority else None
        if not np.isfinite([lon, lat]).all():
            return cls(dtype, crs)
        _, _, gsd = Geod(ellps='WGS84').inv(lon[4], lat[4], lon[5], lat[5])
        edges = _bounds(lon[:4], lat[:4])
        west, south, east, north = (round(float(edge), EXTENT_DIGITS) for edge in edges)
        return cls(dtype, crs, _rounded(gsd), (west, south, east, north))


def _bounds(lon: Sequence[float], lat: Sequence[float]) -> tuple[float, float, float, float]:
    """West, south, east, north of points in degrees; if they lie across the antimeridian, east is less than west."""
    west, east = min(lon), max(lon)
    if east - west > HALF_TURN:
        turned = [x + 2 * HALF_TURN if x < 0 else x for x in lon]
        west, east = min(turned), max(turned)
    west, east = (x - 2 * HALF_TURN if x > HALF_TURN else x for x in (west, east))
    return west, min(lat), east, max(lat)


def read_images(scenes: 'Iterable[SceneConfig]', tmp_dir: str) -> list[ImageFacts]:
    """What is known of the images of scenes.

    Opens each image once and reads no pixels. Images that would have to be downloaded, or cannot be read, are left
    out.

    Args:
        scenes: The scenes.
        tmp_dir: A folder for scratch files.
    """
    facts = []
    for scene in scenes:
        if not is_cheap(scene.raster_source):
            continue
        try:
            facts.append(ImageFacts.of(scene.raster_source.as_imagery().build(tmp_dir, use_transformers=False)))
        except RasterVisionError as error:
            log.info('The model card leaves out the image of scene %r: %s', scene.id, error)
    return facts


def describe_pipeline(
    card: Card, config: 'RVPipelineConfig', images: Sequence[ImageFacts] = (), read_stats: ReadStats = lambda _: None
) -> Card:
    """The card of a pipeline's bundle.

    Args:
        card: The card of the model; it is not changed.
        config: The config of the pipeline, of this or an earlier version.
        images: What is known of the images for training.
        read_stats: Gives the content of the stats.json of a scene group in the bundle, or None.

    Returns:
        A card with bands of the image file, normalisation, extent and resolution of the training data.
    """
    properties = dict(card['properties'])
    given = {'license': config.license, 'description': config.description}
    properties |= {name: value for name, value in given.items() if value is not None}
    dataset = config.dataset
    splits = {'train': dataset.train_scenes, 'valid': dataset.validation_scenes, 'test': dataset.test_scenes}
    scenes = {name: len(scenes) for name, scenes in splits.items() if scenes}
    properties[TRAINING] = {'scenes': scenes, **_places(images), **properties.get(TRAINING, {})}
    gsds = [image.gsd for image in images if image.gsd is not None]
    if gsds:
        properties['gsd'] = min(gsds)
    first = next((scene for scenes in splits.values() for scene in scenes), None)
    (image,) = properties['mlm:input']
    bands = [{'name': name} for name in image['bands']]
    if first is not None:
        bands, more = _imagery(first.raster_source, images, bands, read_stats)
        properties['mlm:input'] = [{**image, **more}]
    extents = [image.extent for image in images if image.extent is not None]
    return {**card, **_footprint(extents), 'properties': properties, 'assets': _assets(bands)}


TRAINING = 'rastervision:training_data'


def bands_of(card: Card) -> list[dict[str, Any]]:
    """The bands that a card speaks of: at least 'name' of each."""
    for asset in card.get('assets', {}).values():
        if asset.get(BANDS):
            bands: list[dict[str, Any]] = asset[BANDS]
            return bands
    return [{'name': name} for image in card.get('properties', {}).get('mlm:input', []) for name in image['bands']]


def _assets(bands: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        'model': {
            'href': f'./{BUNDLE_FILE}',
            'title': 'The model, with its own card in it.',
            'type': 'application/zip',
            'roles': ['mlm:model'],
            'mlm:artifact_type': 'rastervision.model-bundle',
            BANDS: bands,
        },
        'config': {
            'href': f'./{CONFIG_FILE}',
            'title': 'The config of the pipeline.',
            'type': 'application/json',
            'roles': ['metadata'],
        },
    }


def is_cheap(source: 'RasterSourceConfig') -> bool:
    """Whether the images of a source can be opened without downloading them."""
    parts = [source, *descendants(source)]
    for part in parts:
        uris = getattr(part, 'uris', None) or []
        remote = [uri for uri in files_of([uris] if isinstance(uris, str) else uris) if not is_local(uri)]
        if remote and not getattr(part, 'allow_streaming', False):
            return False
    return any(hasattr(part, 'uris') for part in parts)


def _places(images: Sequence[ImageFacts]) -> dict[str, Any]:
    """The CRSs, resolutions and types of images, each once."""
    gsds = [image.gsd for image in images if image.gsd is not None]
    places: dict[str, Any] = {
        'crs': sorted({image.crs for image in images if image.crs is not None}),
        'gsd': sorted({min(gsds), max(gsds)}) if gsds else [],
        'data_type': sorted({image.dtype for image in images}),
    }
    return {name: values for name, values in places.items() if values}


def _footprint(extents: Sequence[tuple[float, float, float, float]]) -> Card:
    """Geometry and bbox of a STAC item: the rectangle around all extents."""
    if not extents:
        return {'geometry': None}
    wests, souths, easts, norths = zip(*extents, strict=True)
    west, south, east, north = min(wests), min(souths), max(easts), max(norths)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {'geometry': {'type': 'Polygon', 'coordinates': [ring]}, 'bbox': [west, south, east, north]}


def _imagery(
    source: 'RasterSourceConfig', images: Sequence[ImageFacts], bands: list[dict[str, Any]], read_stats: ReadStats
) -> tuple[list[dict[str, Any]], Card]:
    """The bands, by their numbers in the file, and what else the model's input is: their names, and their scaling."""
    dtypes = {image.dtype for image in images}
    dtype = dtypes.pop() if len(dtypes) == 1 else None
    bands = [{'name': name} for name in _band_names(source, len(bands))] or bands
    stats = _stats(source, len(bands), read_stats)
    if dtype is not None:
        bands = [{**band, 'data_type': dtype} for band in bands]
    if stats:
        numbers = [{'mean': mean, 'stddev': std} for mean, std in stats]
        bands = [{**band, 'statistics': pair} for band, pair in zip(bands, numbers, strict=True)]
    more: Card = {'bands': [band['name'] for band in bands]}
    scaling = _scaling(source, stats, dtype)
    return bands, {**more, 'value_scaling': scaling} if scaling else more


def _band_names(source: 'RasterSourceConfig', count: int) -> list[str]:
    """Names of the bands that become channels, by their numbers in the file, from 1; empty if they are not those."""
    if not hasattr(source, 'uris'):
        return []  # several sources in one
    order = source.channel_order if source.channel_order is not None else range(count)
    return [f'band-{index + 1}' for index in order] if len(order) == count else []


def _stats(source: 'RasterSourceConfig', count: int, read_stats: ReadStats) -> list[tuple[float, float]]:
    """Mean and standard deviation of each channel that the source is normalised with; empty if it is not."""
    for transformer in source.transformers:
        if isinstance(transformer, StatsTransformerConfig):
            stats = read_stats(transformer.scene_group)
            if stats is None:
                return []
            pairs = [(float(mean), float(std)) for mean, std in zip(stats['means'], stats['stds'], strict=True)]
            order = source.channel_order
            if transformer.needs_channel_order and order is not None and max(order) < len(pairs):
                pairs = [pairs[index] for index in order]
            return pairs if len(pairs) == count else []
    return []


def _scaling(
    source: 'RasterSourceConfig', stats: Sequence[tuple[float, float]], dtype: str | None
) -> list[dict[str, Any]]:
    """How pixels become numbers from 0 to 1, as the MLM extension says it; empty if that is not known."""
    import numpy as np

    if stats and dtype != 'uint8':  # StatsTransformer leaves uint8 as it is
        ends = [(mean - MAX_STDS * std, mean + MAX_STDS * std) for mean, std in stats]
        return [{'type': 'min-max', 'minimum': low, 'maximum': high} for low, high in ends]
    only_stats = all(isinstance(each, StatsTransformerConfig) for each in source.transformers)
    if only_stats and dtype is not None and np.issubdtype(dtype, np.unsignedinteger):
        return [{'type': 'scale', 'value': int(np.iinfo(dtype).max)}]
    return []


def _rounded(value: float) -> float:
    return float(f'{value:.{DIGITS}g}')
