"""Boxes as GeoJSON."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import shapely

from rastervision.core.data.label_store.feature_file import box_polygons
from rastervision.core.data.label_store.placing import Placer
from rastervision.pipeline import lazy
from rastervision.pipeline.errors import ArgumentError

if TYPE_CHECKING:
    from rastervision.core.box import Box
    from rastervision.core.data.class_config import ClassConfig
    from rastervision.core.data.crs_transformer.crs_transformer import CRSTransformer

lazy.also_give(__name__, 'rastervision.core.data.geojson: geoms_to_geojson')

PROGRESSBAR_DELAY_SEC = 5

Score = float | Sequence[float]


def boxes_to_geojson(
    boxes: 'Sequence[Box]',
    class_ids: Sequence[int],
    crs_transformer: 'CRSTransformer',
    class_config: 'ClassConfig',
    scores: Sequence[Score | None] | None = None,
    bbox: 'Box | None' = None,
) -> dict[str, Any]:
    """Boxes as GeoJSON in map coordinates.

    Args:
        boxes: Boxes in pixels.
        class_ids: Of each box.
        crs_transformer: From pixels to the map.
        class_config: Gives the names of the classes.
        scores: Of each box: a number (property `score`), or one for each class or None (property `scores`).
        bbox: What pixel coordinates are relative to.

    Raises:
        ArgumentError: If there are not as many class ids, or scores, as boxes.
    """
    counts = {len(values) for values in (boxes, class_ids, scores) if values is not None}
    if len(counts) > 1:
        raise ArgumentError(
            f'{len(boxes)} boxes, {len(class_ids)} class ids and {len(boxes) if scores is None else len(scores)} '
            'scores: there must be as many of each.'
        )
    polygons = box_polygons(boxes)
    mapped = Placer(crs_transformer, bbox).place(polygons, follow_edges=False)
    properties = box_properties(class_ids, class_config, scores)
    features = [
        {'type': 'Feature', 'properties': values, 'geometry': shapely.geometry.mapping(polygon)}
        for polygon, values in zip(mapped, properties, strict=True)
    ]
    return {'type': 'FeatureCollection', 'features': features}


def box_properties(
    class_ids: Sequence[int], class_config: 'ClassConfig', scores: Sequence[Score | None] | None
) -> list[dict[str, Any]]:
    """Properties of the features of boxes; see `boxes_to_geojson`."""
    properties: list[dict[str, Any]] = [
        {'class_id': int(class_id), 'class_name': class_config.get_name(class_id)} for class_id in class_ids
    ]
    for values, score in zip(properties, scores or (), strict=False):
        if isinstance(score, int | float):
            values['score'] = score
        else:
            values['scores'] = None if score is None else list(score)
    return properties
