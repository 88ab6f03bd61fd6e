"""What was run: the numbers that matter most, the model, times, memory and versions."""

from datetime import timedelta
from typing import TYPE_CHECKING

from rastervision.core.evaluation.class_order import leading_classes
from rastervision.core.report.blocks import Block, Details, Facts, Table, Value, missing
from rastervision.core.report.metrics import average_of, named_items, says_nothing
from rastervision.core.report.page import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rastervision.core.report.metrics import Item
    from rastervision.core.report.run import Run

CARD_FACTS = {
    'mlm:architecture': 'model',
    'mlm:total_parameters': 'parameters',
    'mlm:pretrained_source': 'pretrained on',
    'mlm:accelerator': 'accelerator',
    'gsd': 'metres per pixel',
    'license': 'license',
    'description': 'description',
}
VERSIONS, HYPERPARAMETERS = 'rastervision:versions', 'mlm:hyperparameters'
FEW_CLASSES = 6


def summary_blocks(run: 'Run') -> list[Block]:
    """The blocks of the summary; says which commands have left nothing."""
    blocks: list[Block] = [Facts(headline(run))]
    if not run.evaluations:
        blocks.append(
            missing(f'No eval.json was found under {run.layout.eval}, so there are no metrics. Run the eval command.')
        )
    blocks += [_jobs(run), *_model(run)]
    return blocks


def headline(run: 'Run') -> list[tuple[str, Value]]:
    """The task, what it was run on, and F1 in each group: of the class that matters most first, on average last."""
    dataset = run.config.dataset
    scenes = [len(scenes) for scenes in (dataset.train_scenes, dataset.validation_scenes, dataset.test_scenes)]
    facts: list[tuple[str, Value]] = [
        ('task', str(run.config.dict()['type_hint']).replace('_', ' ')),
        ('scenes (train / validation / test)', ' / '.join(map(str, scenes))),
        ('classes', ', '.join(run.class_names) if len(run.class_names) <= FEW_CLASSES else len(run.class_names)),
    ]
    for group, evaluation in run.evaluations.items():
        facts += _group_facts(group.removesuffix('_scenes'), evaluation['overall'], run.null_class)
    return [*facts, ('seed', run.config.seed)]


def _group_facts(group: str, items: 'Sequence[Item]', null_class: str | None) -> list[tuple[str, Value]]:
    """The rarest class, the others if they are few, and averages; these say nothing if only the null class is there."""
    absent_last = not says_nothing(items, null_class)
    named = {item['class_name']: item for item in named_items(items, null_class)}
    counts = {name: item['gt_count'] for name, item in named.items()}
    by_class = [named[name] for name in leading_classes(list(named), counts, null_class, absent_last=absent_last)]
    first = f' ({shown(int(by_class[0]["gt_count"]))} true)' if by_class else ''
    facts: list[tuple[str, Value]] = [
        (f'F1 of {item["class_name"]}, {group}{"" if number else first}', item['metrics'].get('f1'))
        for number, item in enumerate(by_class)
        if number == 0 or len(by_class) <= FEW_CLASSES
    ]
    average = average_of(items, null_class)['metrics']
    if 'mAP50' in average:
        facts.append((f'mAP50, {group}', average['mAP50']))
    return [*facts, (f'average F1, {group}', average.get('f1'))]


def _jobs(run: 'Run') -> Block:
    if not run.jobs:
        return missing('No records of finished commands were found, so times and memory are not known.')
    rows: list[list[Value]] = [
        [
            job.command,
            job.started[:19].replace('T', ' '),
            str(timedelta(seconds=round(job.seconds))),
            job.memory_mb,
            job.jobs,
        ]
        for job in run.jobs
    ]
    return Table(['command', 'started (UTC)', 'time', 'peak memory, MiB', 'jobs'], rows, 'Commands that have ended')


def _model(run: 'Run') -> list[Block]:
    card = run.card
    if not card:
        return [missing('No model card was found in a bundle, so the model is described by the config below only.')]
    rows: list[list[Value]] = [
        [title, card[name] if isinstance(card[name], int | float) else str(card[name])]
        for name, title in CARD_FACTS.items()
        if card.get(name) is not None and not isinstance(card[name], dict | bool)
    ]
    blocks: list[Block] = [Table(['model', ''], rows)]
    tables = {'Hyperparameters': HYPERPARAMETERS, 'Versions when it was trained': VERSIONS}
    for title, name in tables.items():
        values: list[list[Value]] = [[key, str(value)] for key, value in card.get(name, {}).items()]
        if values:
            blocks.append(Details(title, [Table(['name', 'value'], values)]))
    return blocks
