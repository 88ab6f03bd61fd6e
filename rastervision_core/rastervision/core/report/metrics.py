"""Metrics by class and scene, with intervals; confusion matrix, precision and recall, reliability."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rastervision.core.evaluation.average_precision import NUM_RECALLS, precision_curves
from rastervision.core.evaluation.classification_evaluation import AVERAGE
from rastervision.core.report import plots
from rastervision.core.report.blocks import Block, Details, Heading, Table, Text, Value, missing
from rastervision.core.report.bootstrap import Intervals, bootstrap

if TYPE_CHECKING:
    from rastervision.core.report.run import Run
    from rastervision.core.report.scenes import ScannedScene, Scans

AVERAGE_NAMES = {'f1': 'F1', 'precision': 'precision', 'recall': 'recall', 'mAP50': 'mAP50', 'mAP': 'mAP'}
CLASS_NAMES = {'precision': 'precision', 'recall': 'recall', 'f1': 'F1', 'AP50': 'AP50', 'AP': 'AP'}
MANY_SCENES, MANY_CLASSES, MANY_CURVES = 30, 40, 8

Item = dict[str, Any]


def average_of(items: Sequence[Item], null_class: str | None = None) -> Item:
    """The item of the average among those of an evaluation; without metrics if there is none.

    Args:
        items: The items.
        null_class: Name of the null class. Metrics of the average are None if they would be those of the background
            only; see `says_nothing`.
    """
    found: Item = next(
        (item for item in items if item['class_name'] == AVERAGE and 'class_id' not in item), {'metrics': {}}
    )
    return {**found, 'metrics': dict.fromkeys(found['metrics'])} if says_nothing(items, null_class) else found


def says_nothing(items: Sequence[Item], null_class: str | None) -> bool:
    """Whether there was nothing to tell apart: no true object, or all pixels or cells of one class, or without one."""
    by_class = [item for item in items if 'class_id' in item]
    if not by_class:
        return False
    if not any(item['gt_count'] for item in named_items(items, null_class)):
        return True
    everything_counts = 'conf_mat' in by_class[0]  # not only objects
    return everything_counts and len(by_class) > 1 and sum(item['gt_count'] > 0 for item in by_class) == 1


def named_items(items: Sequence[Item], null_class: str | None) -> list[Item]:
    """The items of classes but the null class; of all, if there is no other."""
    by_class = [item for item in items if 'class_id' in item]
    return [item for item in by_class if item['class_name'] != null_class] or by_class


def metrics_blocks(run: 'Run', scans: 'Scans') -> list[Block]:
    """Tables and plots of the metrics in the eval.json of each scene group."""
    if not run.evaluations:
        return [missing('There are no metrics: no eval.json was found.')]
    blocks: list[Block] = []
    for group, evaluation in run.evaluations.items():
        blocks.append(Heading(f'Group {group}'))
        ids = run.config.dataset.scene_groups[group]
        counts = [scanned.tally.counts for scanned in scans.scenes if scanned.scene_id in ids]
        intervals = bootstrap(counts, run.config.seed) if set(evaluation['per_scene']) <= _ids(scans) else None
        blocks += [_by_class(evaluation['overall'], intervals), *_about(intervals)]
        blocks += _confusion(average_of(evaluation['overall']), run.class_names)
        if evaluation['per_scene']:
            blocks.append(_by_scene(evaluation['per_scene'], run.null_class))
    return blocks


def confidence_blocks(run: 'Run', scans: 'Scans') -> list[Block]:
    """How precision falls as recall grows, in object detection; and whether confidences can be believed."""
    return [*_precision_recall(run, scans.scenes), *_reliability(scans.scenes)]


def _ids(scans: 'Scans') -> set[str]:
    return {scanned.scene_id for scanned in scans.scenes}


def _by_class(items: Sequence[Item], intervals: Intervals | None) -> Table:
    names = [name for name in CLASS_NAMES if name in items[0]['metrics']]
    has_iou = 'conf_mat' in items[0]
    head = ['class', 'true', 'predicted']
    for name in names:
        head.append(CLASS_NAMES[name])
        if intervals is not None and hasattr(intervals, name):
            head.append('95 %')
    rows: list[list[Value]] = []
    for item in items:
        row: list[Value] = [item['class_name'], int(item['gt_count']), int(item['pred_count'])]
        for name in names:
            metrics = item['metrics']
            value = metrics.get(name, metrics.get(f'm{name}'))
            row.append(value)
            if intervals is not None and hasattr(intervals, name):
                row.append(None if value is None else _interval(getattr(intervals, name), item.get('class_id')))
        f1 = item['metrics'].get('f1')
        rows.append([*row, f1 / (2 - f1) if f1 is not None and 'class_id' in item else None] if has_iou else row)
    return Table([*head, 'IoU'] if has_iou else head, rows, 'By class')


def _interval(limits: np.ndarray, class_id: int | None) -> Value:
    if class_id is None or np.isnan(limits[class_id]).any():
        return None
    low, high = limits[class_id]
    return f'{low:.3f} to {high:.3f}'


def _about(intervals: Intervals | None) -> list[Block]:
    if intervals is None:
        return [Text('There are too few scenes and blocks for confidence intervals, or not all could be read.')]
    near = ' Blocks next to each other are alike, so the intervals are rather too narrow.'
    return [
        Text(
            f'95 %: where the metric lies in 95 of 100 draws of {intervals.units} {intervals.kind} with replacement '
            f'(bootstrap).{near if intervals.kind == "blocks" else ""}'
        )
    ]


def _by_scene(per_scene: dict[str, list[Item]], null_class: str | None) -> Block:
    rows: list[list[Value]] = []
    for scene_id, items in per_scene.items():
        average = average_of(items, null_class)
        metrics = average['metrics']
        values = [metrics.get(name) for name in AVERAGE_NAMES if name in metrics]
        rows.append([scene_id, int(average.get('gt_count', 0)), int(average.get('pred_count', 0)), *values])
    rows.sort(key=lambda row: (row[3:4] not in ([], [None]), row[3:4], row[0]))
    first = average_of(next(iter(per_scene.values())))['metrics']
    head = ['scene', 'true', 'predicted', *(title for name, title in AVERAGE_NAMES.items() if name in first)]
    table = Table(head, rows, 'By scene, the worst first: averages over classes')
    return Details(f'{len(rows)} scenes', [table]) if len(rows) > MANY_SCENES else table


def _confusion(average: Item, names: Sequence[str]) -> list[Block]:
    if average.get('conf_mat') is None:
        return []
    counts = np.array([[np.nan if value is None else value for value in row] for row in average['conf_mat']])
    shares = np.nan_to_num(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))
    rows: list[list[Value]] = [[name, *row.tolist()] for name, row in zip(names, counts, strict=True)]
    shades = [[None, *row.tolist()] for row in shares]
    table = Table(['true / predicted', *names], rows, 'Confusion matrix: darker is more of the true class', shades)
    return [Details('Confusion matrix', [table])] if len(names) > MANY_CLASSES else [table]


def _precision_recall(run: 'Run', scenes: 'Sequence[ScannedScene]') -> list[Block]:
    pairs = [scanned.boxes for scanned in scenes if scanned.boxes is not None]
    if not pairs:
        return []
    truths, predictions = zip(*pairs, strict=True)
    names = run.class_names
    precision = precision_curves(truths, predictions, len(names))
    recalls = np.linspace(0, 1, NUM_RECALLS).tolist()
    by_class = [(name, precision[0, :, i]) for i, name in enumerate(names) if not np.isnan(precision[0, :, i]).any()]
    if not by_class:
        return [missing('There are no true boxes, so there is no curve of precision over recall.')]
    rows: list[list[Value]] = [
        [name, float(np.nanmean(precision[0, :, i])), float(np.nanmean(precision[..., i]))]
        for i, name in enumerate(names)
        if not np.isnan(precision[0, :, i]).any()
    ]
    rows.append(['mean', *(float(np.mean([row[k] for row in rows])) for k in (1, 2))])
    lines = {name: (recalls, values.tolist()) for name, values in by_class[:MANY_CURVES]}
    title = 'Precision over recall, at an intersection over union of 0.5'
    return [
        plots.curves('precision-recall', title, lines, 'recall', 'precision', share=True),
        Table(['class', 'AP50', 'AP'], rows, 'Average precision over all evaluated scenes, as COCO defines it'),
    ]


def _reliability(scenes: 'Sequence[ScannedScene]') -> list[Block]:
    bins = np.sum([scanned.tally.reliability for scanned in scenes], axis=0) if scenes else np.zeros((1, 3))
    number, confidence, right = bins.T
    if not number.sum():
        return [
            missing(
                'There are no scores, so it cannot be told whether confidences can be believed. Semantic segmentation '
                'writes them with smooth_output=True of its label store.'
            )
        ]
    used = number > 0
    gap = np.abs(confidence[used] - right[used]).sum() / number.sum()
    return [
        plots.reliability('reliability', 'How often predictions are right, by their confidence', bins),
        Text(
            f'Expected calibration error: {gap:.3f}, the mean distance between confidence and the share that is right. '
            'Points below the dashed line: the model is surer than it should be.'
        ),
    ]
