"""How training went, and what it was given."""

from typing import TYPE_CHECKING

from rastervision.core.report import plots
from rastervision.core.report.blocks import Block, Picture, Row, missing

if TYPE_CHECKING:
    from rastervision.core.report.run import Run

EPOCH = 'epoch'
LOSSES, METRICS = ('train_loss', 'val_loss'), ('avg_precision', 'avg_recall', 'avg_f1', 'mAP', 'mAP50', 'mean_iou')
NAN = float('nan')


def training_blocks(run: 'Run') -> list[Block]:
    """Curves of the training log, and chips that training has drawn."""
    if not run.log:
        return [missing(f'No training log was found under {run.layout.train}. Run the train command.')]
    pictures = []
    losses = [name for name in run.log[0] if name in LOSSES] or [name for name in run.log[0] if 'loss' in name]
    metrics = [name for name in METRICS if name in run.log[0]]
    class_f1 = [name for name in run.log[0] if name.endswith('_f1') and name not in METRICS]
    for name, title, columns in (
        ('losses', 'Loss by epoch', losses),
        ('metrics', 'Metrics on validation chips by epoch', metrics),
        ('class-f1', 'F1 of each class on validation chips by epoch', class_f1),
        ('learning-rate', 'Learning rate by epoch', ['lr']),
    ):
        picture = _curves(run, name, title, columns)
        pictures += [picture] if picture else []
    return [Row(pictures[:2]), *([Row(pictures[2:])] if pictures[2:] else [])]


def sample_blocks(run: 'Run') -> list[Block]:
    """Chips that training has drawn, with augmentation."""
    samples = [Picture(name, title, data) for name, title, data in run.samples()]
    return list(samples) or [missing('Training has left no pictures of chips.')]


def numbers(run: 'Run', column: str) -> list[float]:
    """A column of the training log; NaN for what is no number."""
    return [_number(row.get(column)) for row in run.log]


def epochs(run: 'Run') -> list[float]:
    """The epochs of the training log."""
    return numbers(run, EPOCH)


def _curves(run: 'Run', name: str, title: str, columns: list[str]) -> Picture | None:
    lines = {column: (epochs(run), numbers(run, column)) for column in columns}
    lines = {column: line for column, line in lines.items() if any(value == value for value in line[1])}
    return plots.curves(name, title, lines, 'epoch', '') if lines else None


def _number(text: str | None) -> float:
    try:
        return float(text) if text else NAN
    except ValueError:
        return NAN
