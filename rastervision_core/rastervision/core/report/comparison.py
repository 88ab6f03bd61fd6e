"""Several runs side by side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rastervision.core.evaluation.semantic_segmentation_evaluation import VECTOR_OUTPUTS
from rastervision.core.report import plots
from rastervision.core.report.blocks import Block, Details, Heading, Picture, Row, Section, Table, Text, Value, missing
from rastervision.core.report.metrics import AVERAGE_NAMES, average_of
from rastervision.core.report.settings import settings_of, shorten
from rastervision.core.report.training import epochs, numbers

if TYPE_CHECKING:
    from rastervision.core.report.run import Run
    from rastervision.core.report.scenes import Scans

CURVES = {'val_loss': 'Loss on validation chips by epoch', 'avg_f1': 'F1 on validation chips by epoch'}


def comparison_sections(runs: 'Sequence[Run]', scans: 'Sequence[Scans]') -> list[Section]:
    """The sections that compare runs.

    Args:
        runs: The runs.
        scans: The scanned scenes of each.
    """
    return [
        Section('Metrics', [*_metrics(runs), *_by_class(runs), *_by_output(runs), *_by_scene(runs)]),
        Section('Settings that differ', _settings(runs)),
        Section('Training', _training(runs)),
        Section('Cost', [_cost(runs)]),
        Section('Errors', _errors(runs, scans)),
    ]


def _groups(runs: 'Sequence[Run]') -> list[str]:
    return sorted({group for run in runs for group in run.evaluations})


def _metrics(runs: 'Sequence[Run]') -> list[Block]:
    blocks: list[Block] = [
        missing(f'Run {run.name} has no eval.json. Run its eval command.') for run in runs if not run.evaluations
    ]
    for group in _groups(runs):
        averages = [
            average_of(run.evaluations.get(group, {'overall': []})['overall'], run.null_class)['metrics']
            for run in runs
        ]
        names = [name for name in AVERAGE_NAMES if any(name in metrics for metrics in averages)]
        rows: list[list[Value]] = [
            [AVERAGE_NAMES[name], *(metrics.get(name) for metrics in averages)] for name in names
        ]
        blocks.append(Table(['average', *(run.name for run in runs)], rows, f'Group {group}', _shades(rows)))
    return blocks


def _by_class(runs: 'Sequence[Run]') -> list[Block]:
    blocks: list[Block] = []
    for group in _groups(runs):
        f1 = [
            {
                item['class_name']: item['metrics'].get('f1')
                for item in run.evaluations[group]['overall']
                if 'class_id' in item
            }
            if group in run.evaluations
            else {}
            for run in runs
        ]
        names = list(dict.fromkeys(name for values in f1 for name in values))
        rows: list[list[Value]] = [[name, *(values.get(name) for values in f1)] for name in names]
        blocks.append(Table(['class', *(run.name for run in runs)], rows, f'F1 by class, {group}', _shades(rows)))
    return blocks


def _by_output(runs: 'Sequence[Run]') -> list[Block]:
    """F1 of the objects of vector outputs, where there are any."""
    blocks: list[Block] = []
    for group in _groups(runs):
        objects = [run.evaluations.get(group, {}).get(VECTOR_OUTPUTS, {}).get('overall', []) for run in runs]
        f1 = [{str(item.get('vector_output')): item['metrics'].get('f1') for item in items} for items in objects]
        names = list(dict.fromkeys(name for values in f1 for name in values))
        rows: list[list[Value]] = [[name, *(values.get(name) for values in f1)] for name in names]
        if rows:
            title = f'F1 of objects by vector output, {group}'
            blocks.append(Table(['vector output', *(run.name for run in runs)], rows, title, _shades(rows)))
    return blocks


def _by_scene(runs: 'Sequence[Run]') -> list[Block]:
    blocks: list[Block] = []
    for group in _groups(runs):
        scenes = [run.evaluations.get(group, {}).get('per_scene', {}) for run in runs]
        ids = sorted({scene_id for per_scene in scenes for scene_id in per_scene})
        nulls = [run.null_class for run in runs]
        rows: list[list[Value]] = [
            [
                scene_id,
                *(
                    average_of(per_scene.get(scene_id, []), null)['metrics'].get('f1')
                    for per_scene, null in zip(scenes, nulls, strict=True)
                ),
            ]
            for scene_id in ids
        ]
        if rows:
            title = f'Average F1 by scene, {group}'
            blocks.append(Table(['scene', *(run.name for run in runs)], rows, title, _shades(rows)))
    return blocks


def _shades(rows: Sequence[Sequence[Value]]) -> list[list[float | None]]:
    """The best of the numbers of each row is marked, if they differ."""
    shades: list[list[float | None]] = []
    for row in rows:
        numbers = [value for value in row[1:] if isinstance(value, int | float)]
        best = max(numbers, default=None)
        differ = len(set(numbers)) > 1
        shades.append([None, *(0.35 if differ and value == best else None for value in row[1:])])
    return shades


def _settings(runs: 'Sequence[Run]') -> list[Block]:
    all_settings = [settings_of(run) for run in runs]
    names = list(dict.fromkeys(name for settings in all_settings for name in settings))
    rows: list[list[Value]] = []
    for name in names:
        texts = [_value(settings, name, run.root) for settings, run in zip(all_settings, runs, strict=True)]
        if len(set(texts)) > 1:
            rows.append([name, *texts])
    if not rows:
        return [Text('The configs are the same, but for the folders that the runs write to.')]
    return [Table(['setting', *(run.name for run in runs)], rows)]


def _value(settings: dict[str, tuple[list[str], bool]], name: str, root: str) -> str:
    values = settings.get(name, ([], False))[0]
    return shorten([value.replace(root, '<root>') for value in values]) if values else 'not there'


def _training(runs: 'Sequence[Run]') -> list[Block]:
    pictures = []
    for column, title in CURVES.items():
        lines = {run.name: (epochs(run), numbers(run, column)) for run in runs if run.log and column in run.log[0]}
        if lines:
            pictures.append(plots.curves(f'compared-{column}', title, lines, 'epoch', column))
    return [Row(pictures)] if pictures else [missing('None of the runs has a training log.')]


def _cost(runs: 'Sequence[Run]') -> Block:
    jobs = [{job.command: job for job in run.jobs} for run in runs]
    commands = list(dict.fromkeys(command for each in jobs for command in each))
    rows: list[list[Value]] = []
    for command in commands:
        found = [each.get(command) for each in jobs]
        rows.append([command, *(None if job is None else f'{job.seconds:.0f} s, {job.memory_mb} MiB' for job in found)])
    if not rows:
        return missing('No records of finished commands were found, so times and memory are not known.')
    return Table(['command', *(run.name for run in runs)], rows, 'Time and peak memory')


def _errors(runs: 'Sequence[Run]', scans: 'Sequence[Scans]') -> list[Block]:
    """The errors of each run in the scenes of which there are pictures."""
    blocks: list[Block] = []
    by_id = [{scanned.scene_id: scanned for scanned in each.scenes} for each in scans]
    shown = dict.fromkeys(scanned.scene_id for each in scans for scanned in each.scenes if scanned.pictures)
    for scene_id in shown:
        pictures: list[Picture] = []
        for run, known in zip(runs, by_id, strict=True):
            scanned = known.get(scene_id)
            if scanned is not None and scanned.pictures:
                errors = scanned.pictures[-1]
                title = f'{run.name}: {scanned.share:.1%} wrong'
                pictures.append(Picture(errors.name, title, errors.data, errors.form, errors.pixelated))
        blocks += [Heading(scene_id), Row(pictures)]
    failures = [f'{run.name}: {why}' for run, each in zip(runs, scans, strict=True) for why in each.failures.values()]
    if failures:
        blocks.append(Details(f'{len(failures)} scenes could not be read', [missing(text) for text in failures]))
    return blocks or [missing('There are no scenes with both ground truth and predictions.')]
