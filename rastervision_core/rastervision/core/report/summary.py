"""What was run: the numbers that matter most, the model, times, memory and versions."""

from datetime import timedelta
from typing import TYPE_CHECKING

from rastervision.core.report.blocks import Block, Details, Facts, Table, Value, missing
from rastervision.core.report.metrics import average_of

if TYPE_CHECKING:
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
    """The task, what it was run on, and F1 in each group: on average, and by class if they are few."""
    dataset = run.config.dataset
    scenes = [len(scenes) for scenes in (dataset.train_scenes, dataset.validation_scenes, dataset.test_scenes)]
    facts: list[tuple[str, Value]] = [
        ('task', str(run.config.dict()['type_hint']).replace('_', ' ')),
        ('scenes (train / validation / test)', ' / '.join(map(str, scenes))),
        ('classes', ', '.join(run.class_names) if len(run.class_names) <= FEW_CLASSES else len(run.class_names)),
    ]
    for group, evaluation in run.evaluations.items():
        name, items = group.removesuffix('_scenes'), evaluation['overall']
        facts.append((f'average F1, {name}', average_of(items)['metrics'].get('f1')))
        by_class = [item for item in items if 'class_id' in item]
        if len(by_class) <= FEW_CLASSES:
            facts += [(f'F1 of {item["class_name"]}, {name}', item['metrics'].get('f1')) for item in by_class]
        if 'mAP50' in average_of(items)['metrics']:
            facts.append((f'mAP50, {name}', average_of(items)['metrics']['mAP50']))
    return [*facts, ('seed', run.config.seed)]


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
