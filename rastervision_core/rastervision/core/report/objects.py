"""Objects of vector outputs: how many were found, and pictures of those that were missed and of false alarms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from rastervision.core.box import Box
from rastervision.core.evaluation.semantic_segmentation_evaluation import VECTOR_OUTPUTS
from rastervision.core.report.blocks import Block, Details, Heading, Legend, Picture, Row, Table, Text, Value, missing
from rastervision.core.report.frame import Display, Frame, place_text, read_image
from rastervision.core.report.metrics import MANY_SCENES
from rastervision.core.report.page import shown
from rastervision.core.report.plots import encode
from rastervision.core.report.scan import FALSE_ALARM, HIT, MAX_SIDE, MISS, Grid

if TYPE_CHECKING:
    from rastervision.core.data.scene import Scene
    from rastervision.core.evaluation.polygon_comparison import PolygonComparison
    from rastervision.core.evaluation.vector_outputs import ComparedOutput
    from rastervision.core.report.run import Run
    from rastervision.core.report.scenes import ScannedScene, Scans

SHOWN = 8  # missed objects, and false alarms, of a vector output of a scene: the largest
IN_A_ROW = 4
SIDE = 256  # pixels of a picture of an object
SMALLEST, AROUND = 48, 2.5  # what it shows: so many pixels of the scene at least, and so many times the object
THICK = 2  # the outline of the object that a picture is about, in pixels
FRACTION_BITS = 4  # of coordinates, when they are drawn
LEGEND = {HIT: 'right', FALSE_ALARM: 'false alarm', MISS: 'missed'}
HEAD = ['vector output', 'class', 'true', 'predicted', 'found', 'false alarms', 'missed', 'precision', 'recall', 'F1']

Item = dict[str, Any]
Color = tuple[int, int, int]
Layer = tuple[Color, np.ndarray]


@dataclass(frozen=True)
class ScannedOutput:
    """A vector output of a scene, drawn.

    Attributes:
        name: Name of the vector output.
        found: How many true objects were found.
        false_alarms: How many predicted ones are wrong.
        missed: How many true ones were not found.
        picture: The scene with the outlines of all.
        misses: The largest objects that were missed.
        wrong: The largest false alarms.
    """

    name: str
    found: int
    false_alarms: int
    missed: int
    picture: Picture
    misses: tuple[Picture, ...]
    wrong: tuple[Picture, ...]


def draw_outputs(scene: 'Scene', outputs: 'Sequence[ComparedOutput]', name: str) -> Iterator[ScannedOutput]:
    """Draw the vector outputs of a scene; the image is read at the resolution of the pictures.

    Args:
        scene: The scene.
        outputs: Its vector outputs, compared with the truth.
        name: What names of pictures begin with.
    """
    if not outputs:
        return
    source, display = scene.raster_source, Display.of(scene.raster_source)
    tile = Grid.of(scene.extent).block

    def draw(comparison: 'PolygonComparison', frame: Frame, title: str, name: str, *thick: Layer) -> Picture:
        picture = read_image(source, frame, display, tile=tile)
        for color, polygons in (
            (HIT, comparison.hits),
            (FALSE_ALARM, comparison.false_alarms),
            (MISS, comparison.missed),
        ):
            outline(picture, frame, polygons, color)
        for color, polygons in thick:
            outline(picture, frame, polygons, color, thickness=THICK)
        return encode(name, title, picture, pixelated=max(frame.shape) < SIDE)

    for number, output in enumerate(outputs):
        compared, own_name = output.comparison, f'{name}-objects-{number + 1}'
        sides = []
        for kind, color, polygons in (
            ('missed', MISS, compared.missed),
            ('false-alarm', FALSE_ALARM, compared.false_alarms),
        ):
            pictures = []
            for i, polygon in enumerate(largest(polygons)):
                window = around(polygon[0], scene.extent)
                frame, title = Frame.fit(window, SIDE), place_text(window)
                pictures.append(draw(compared, frame, title, f'{own_name}-{kind}-{i + 1}', (color, polygon)))
            sides.append(tuple(pictures))
        yield ScannedOutput(
            output.name,
            len(compared.hits),
            len(compared.false_alarms),
            len(compared.missed),
            draw(compared, Frame.fit(scene.extent, MAX_SIDE), f'{output.name}: outlines', own_name),
            *sides,
        )


def object_blocks(run: 'Run', scans: 'Scans') -> list[Block]:
    """Tables of the objects in the eval.json of each scene group, and pictures of what was missed and of false alarms.

    Empty if there are no vector outputs.
    """
    blocks: list[Block] = []
    for group, evaluation in run.evaluations.items():
        objects = evaluation.get(VECTOR_OUTPUTS)
        if objects is not None:
            rows = [_row(item) for item in objects['overall']]
            blocks += [Heading(f'Group {group}'), Table(HEAD, rows, 'Objects found, at an IoU of 0.5 at least')]
            blocks.append(_by_scene(objects['per_scene']))
    blocks += [missing(f'Objects are left out, as they could not be read: {why}') for why in scans.left_out.values()]
    drawn = [scanned for scanned in scans.scenes if scanned.outputs]
    if drawn:
        blocks.append(Legend([(f'rgb{color}', text) for color, text in LEGEND.items()]))
    for i, scanned in enumerate(drawn):
        blocks += _scene(scanned, is_open=i == 0)
    return blocks


def largest(polygons: np.ndarray) -> list[np.ndarray]:
    """The largest polygons, at most `SHOWN`, each as an array of one; of equals the first."""
    order = np.argsort(-shapely.area(polygons), kind='stable')[:SHOWN]
    return [polygons[[i]] for i in order]


def around(polygon: Any, extent: Box) -> Box:
    """A window around a polygon, inside an extent; a square, if it has room."""
    xmin, ymin, xmax, ymax = polygon.bounds
    side = round(max(SMALLEST, AROUND * max(xmax - xmin, ymax - ymin)))
    height, width = min(side, extent.height), min(side, extent.width)
    top = min(max(round((ymin + ymax - height) / 2), extent.ymin), extent.ymax - height)
    left = min(max(round((xmin + xmax - width) / 2), extent.xmin), extent.xmax - width)
    return Box(top, left, top + height, left + width)


def outline(picture: np.ndarray, frame: Frame, polygons: np.ndarray, color: Color, *, thickness: int = 1) -> None:
    """Draw the outlines of polygons, in pixels of the scene, on a picture of a frame."""
    import cv2

    bounds, window = shapely.bounds(polygons).reshape(-1, 4), frame.window
    visible = (bounds[:, :2] < (window.xmax, window.ymax)).all(axis=1)
    visible &= (bounds[:, 2:] > (window.xmin, window.ymin)).all(axis=1)
    rings = shapely.get_rings(shapely.get_parts(polygons[visible]))
    coordinates, owners = shapely.get_coordinates(rings, return_index=True)
    # A pixel's middle is what drawing calls its place, and edges of the window are those of the picture.
    places = (coordinates - (window.xmin, window.ymin)) / frame.factor - 0.5
    points = np.rint(places * 2**FRACTION_BITS).astype(np.int32)
    lines = np.split(points, np.flatnonzero(np.diff(owners)) + 1)
    cv2.polylines(picture, lines, True, color, thickness, cv2.LINE_AA, FRACTION_BITS)


def _by_scene(per_scene: dict[str, list[Item]]) -> Block:
    rows = [[scene_id, *_row(item)] for scene_id, items in per_scene.items() for item in items]
    rows.sort(key=lambda row: (row[-1] is not None, row[-1], row[0]))
    table = Table(['scene', *HEAD], rows, 'Objects found by scene, the worst first')
    return Details(f'{len(per_scene)} scenes', [table]) if len(per_scene) > MANY_SCENES else table


def _row(item: Item) -> list[Value]:
    counts = [item.get(name) for name in ('gt_count', 'pred_count', 'true_pos', 'false_pos', 'false_neg')]
    metrics = [item['metrics'].get(name) for name in ('precision', 'recall', 'f1')]
    whole: list[Value] = [None if count is None else int(count) for count in counts]
    return [str(item.get('vector_output')), item['class_name'], *whole, *metrics]


def _scene(scanned: 'ScannedScene', *, is_open: bool) -> list[Block]:
    blocks: list[Block] = [Heading(f'{scanned.scene_id} ({scanned.split})')]
    for output in scanned.outputs:
        counts = f'{shown(output.found)} found, {shown(output.missed)} missed'
        blocks += [Text(f'{output.name}: {counts}, {shown(output.false_alarms)} false alarms.'), output.picture]
        for title, pictures in (('missed', output.misses), ('false alarms', output.wrong)):
            if pictures:
                rows = [Row(pictures[i : i + IN_A_ROW]) for i in range(0, len(pictures), IN_A_ROW)]
                blocks.append(Details(f'The largest: {title}', rows, is_open=is_open))
    return blocks
