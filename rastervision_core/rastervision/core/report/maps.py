"""Scenes with their errors: pictures, and the windows in which most is wrong."""

import base64
import json
from typing import TYPE_CHECKING

from rastervision.core.defaults import MAP_CRS
from rastervision.core.report.blocks import Block, Details, Heading, Legend, Link, Row, Table, Text, Value, missing
from rastervision.core.report.frame import place_text
from rastervision.core.report.page import shown
from rastervision.core.report.scan import CONFUSED, FALSE_ALARM, HIT, MISS

if TYPE_CHECKING:
    from rastervision.core.report.run import Run
    from rastervision.core.report.scenes import ScannedScene, Scans, WorstWindow

MOST_WINDOWS = 20
WINDOWS_FILE = 'worst-windows.geojson'
LEGENDS = {
    'pixels': {HIT: 'right', FALSE_ALARM: 'false alarm', MISS: 'missed', CONFUSED: 'another class'},
    'boxes': {HIT: 'right', FALSE_ALARM: 'false alarm', MISS: 'missed'},
    'cells': {HIT: 'right', FALSE_ALARM: 'wrong'},
}
MAP_URL = 'https://www.openstreetmap.org/?mlat={y:.6f}&mlon={x:.6f}#map=17/{y:.6f}/{x:.6f}'


def map_blocks(run: 'Run', scans: 'Scans') -> list[Block]:
    """Pictures of the scenes with the largest share of errors, and of the worst windows of each."""
    blocks: list[Block] = []
    if not scans.has_task:
        return [missing('The evaluator of this run is of a plugin, so it is not known how to draw its errors.')]
    blocks += [missing(f'Left out, as it could not be read: {why}') for why in scans.failures.values()]
    if not scans.scenes:
        return [*blocks, missing('There are no scenes with both ground truth and predictions.')]
    colors = LEGENDS[scans.scenes[0].unit]
    triples = run.config.dataset.class_config.color_triples
    blocks += [
        Legend([(_css(color), text) for color, text in colors.items()]),
        Legend([(_css(_bytes(color)), name) for color, name in zip(triples, run.class_names, strict=True)]),
    ]
    left_out = sum(not scanned.pictures for scanned in scans.scenes)
    if left_out:
        blocks.append(Text(f'{left_out} scenes with fewer errors are left out; --scenes shows more of them.'))
    for i, scanned in enumerate(scanned for scanned in scans.scenes if scanned.pictures):
        blocks += _scene(scanned, is_open=i == 0)
    return blocks


def window_blocks(scans: 'Scans') -> list[Block]:
    """A table of the worst windows of all scenes, and a file of them for a GIS."""
    windows = sorted(
        (window for scanned in scans.scenes for window in scanned.worst), key=lambda window: -window.errors
    )[:MOST_WINDOWS]
    if not windows:
        return [Text('There are no errors.')] if scans.scenes else []
    crs = {scanned.scene_id: scanned.map_crs for scanned in scans.scenes}
    units = scans.scenes[0].unit
    rows: list[list[Value]] = []
    for number, window in enumerate(windows):
        x, y = window.middle
        share = window.errors / max(window.compared, 1)
        place = f'{x:.6f}, {y:.6f}' if crs[window.scene_id] else None
        rows.append([str(number + 1), window.scene_id, place_text(window.window), place, window.errors, f'{share:.1%}'])
    head = ['', 'scene', 'rows, columns', 'middle (x, y)', f'wrong {units}', 'share']
    blocks: list[Block] = [Table(head, rows, f'The {len(rows)} windows with most errors')]
    placed = [window for window in windows if crs[window.scene_id] == MAP_CRS]
    if placed:
        text = f'Save as {WINDOWS_FILE}, to open in QGIS or another GIS'
        blocks.append(Link(text, _data_url(windows_geojson(placed)), WINDOWS_FILE))
        blocks.append(
            Details(
                'On the map (these links need a network)',
                [
                    Link(
                        f'{window.scene_id}, {place_text(window.window)}',
                        MAP_URL.format(x=window.middle[0], y=window.middle[1]),
                    )
                    for window in placed
                ],
            )
        )
    return blocks


def windows_geojson(windows: 'list[WorstWindow]') -> str:
    """The outlines of windows, in longitude and latitude, as GeoJSON."""
    features = [
        {
            'type': 'Feature',
            'properties': {
                'rank': rank + 1,
                'scene': window.scene_id,
                'pixels': place_text(window.window),
                'errors': window.errors,
                'compared': window.compared,
            },
            'geometry': {'type': 'Polygon', 'coordinates': [window.outline.round(8).tolist()]},
        }
        for rank, window in enumerate(windows)
    ]
    return json.dumps({'type': 'FeatureCollection', 'features': features})


def _scene(scanned: 'ScannedScene', *, is_open: bool) -> list[Block]:
    wrong, compared = (int(counts.sum()) for counts in (scanned.tally.errors, scanned.tally.compared))
    blocks: list[Block] = [
        Heading(f'{scanned.scene_id} ({scanned.split})'),
        Text(f'{scanned.share:.1%} wrong: {shown(wrong)} of {shown(compared)} {scanned.unit}.'),
        Row(scanned.pictures),
    ]
    crops: list[Block] = []
    for window, pictures in zip(scanned.worst, scanned.crops, strict=False):
        x, y = window.middle
        place = f'; middle on the map {x:.6f}, {y:.6f}' if scanned.map_crs else ''
        crops += [
            Text(f'{place_text(window.window)}{place}: {shown(window.errors)} {scanned.unit} wrong.'),
            Row(pictures),
        ]
    return [*blocks, Details('Its worst windows', crops, is_open=is_open)] if crops else blocks


def _bytes(color: tuple[float, float, float]) -> tuple[int, int, int]:
    red, green, blue = (round(255 * part) for part in color)
    return red, green, blue


def _css(color: tuple[int, int, int]) -> str:
    return f'rgb{color}'


def _data_url(geojson: str) -> str:
    return f'data:application/geo+json;base64,{base64.b64encode(geojson.encode()).decode()}'
