"""What the run was given: scenes and where they are, and how often each class is true."""

import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from rastervision.core.defaults import MAP_CRS
from rastervision.core.report import plots
from rastervision.core.report.blocks import Block, Details, Table, Text, Value, missing
from rastervision.core.rv_pipeline.model_card import TRAINING, ImageFacts, is_cheap
from rastervision.pipeline.errors import RasterVisionError

if TYPE_CHECKING:
    from rastervision.core.data.raster_source.raster_source import RasterSource
    from rastervision.core.data.scene_config import SceneConfig
    from rastervision.core.report.run import Run

log = logging.getLogger(__name__)

MOST_SCENES, MANY_SCENES, DEGREES = 500, 20, 2


def data_blocks(run: 'Run') -> list[Block]:
    """A table of scenes, a map of them, and the balance of classes.

    Opens the image of each of the first `MOST_SCENES` scenes, and reads no pixels.
    """
    rows: list[list[Value]] = []
    outlines: dict[str, list[np.ndarray]] = defaultdict(list)
    areas: list[np.ndarray] = []
    problems: list[str] = []
    for split, scene in list(run.scenes())[:MOST_SCENES]:
        try:
            row, outline, rings = _look_at(scene)
        except (RasterVisionError, OSError) as error:
            problems.append(f'scene {scene.id!r}: {error}')
            row, outline, rings = [None] * 5, None, []
        rows.append([scene.id, split, *row])
        areas += rings
        if outline is not None:
            outlines[split].append(outline)
    head = ['scene', 'split', 'height x width', 'channels', 'type', 'CRS', 'metres per pixel']
    table = Table(head, rows, 'Scenes')
    blocks: list[Block] = [*_class_balance(run)]
    blocks.append(Details(f'{len(rows)} scenes', [table]) if len(rows) > MANY_SCENES else table)
    blocks += [missing(f'An image could not be opened: {text}') for text in problems[:MANY_SCENES]]
    if outlines:
        blocks.append(plots.footprints('footprints', 'Where the scenes are', outlines, areas))
    return blocks


def _look_at(scene: 'SceneConfig') -> tuple[list[Value], np.ndarray | None, list[np.ndarray]]:
    """What the table says of a scene, its outline and its areas of interest in longitude and latitude."""
    if not is_cheap(scene.raster_source):
        return ['not downloaded', None, None, None, None], None, []
    source = scene.raster_source.as_imagery().build(use_transformers=False)
    facts = ImageFacts.of(source)
    height, width = source.extent.size
    row: list[Value] = [f'{height} x {width}', source.num_channels, facts.dtype, facts.crs, facts.gsd]
    if facts.extent is None:
        return row, None, []
    west, south, east, north = facts.extent
    east += 360 * (east < west)  # across the antimeridian
    return row, shapely.get_coordinates(shapely.box(west, south, east, north)), _areas(scene, source)


def _areas(scene: 'SceneConfig', source: 'RasterSource') -> list[np.ndarray]:
    transformer = source.crs_transformer
    if not scene.aoi_uris or str(transformer.map_crs) != MAP_CRS:
        return []
    from rastervision.core.data.vector_source.geojson_vector_source import get_polygons_from_uris

    polygons: Any = np.array(get_polygons_from_uris(scene.aoi_uris, transformer), dtype=object)
    parts = shapely.get_parts(transformer.to_map(polygons))
    return [shapely.get_coordinates(shapely.get_exterior_ring(part)) for part in parts]


def _class_balance(run: 'Run') -> list[Block]:
    groups: dict[str, list[float]] = {}
    data = run.card.get(TRAINING, {})
    names = run.class_names
    if data.get('class_shares'):
        groups['training chips'] = [data['class_shares'].get(name, 0.0) for name in names]
    for group, evaluation in run.evaluations.items():
        counts = {item['class_name']: item['gt_count'] for item in evaluation['overall'] if 'class_id' in item}
        total = sum(counts.values())
        if total:
            groups[group] = [counts.get(name, 0) / total for name in names]
    if not groups:
        return [missing('How often each class is true is not known: there is no model card and no eval.json.')]
    rows: list[list[Value]] = [[name, *(values[i] for values in groups.values())] for i, name in enumerate(names)]
    blocks: list[Block] = [
        plots.bars('class-balance', 'How often each class is true', groups, names, 'share'),
        Table(['class', *groups], rows),
    ]
    if 'chips_counted' in data:
        blocks.append(Text(f'Shares in training are of {data["chips_counted"]} chips.'))
    return blocks
