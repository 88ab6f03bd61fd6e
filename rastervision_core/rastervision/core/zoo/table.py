"""Models as a table of text."""

from collections.abc import Sequence

from rastervision.core.zoo.index import Model
from rastervision.pipeline.plain_text import plain_line

HEADER = ('name', 'task', 'm/px', 'MB', 'license', 'bands', 'classes')
NUMBERS = ('m/px', 'MB')
MAX_SHOWN, MAX_CHARACTERS = 8, 40
MB = 1e6
UNKNOWN = '-'


def table(models: Sequence[Model]) -> str:
    """A line for each model, under a header. Long lists are cut; steering characters are shown, not done."""
    rows = [HEADER, *(_row(model) for model in models)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    return '\n'.join('  '.join(map(_aligned, row, widths, HEADER)).rstrip() for row in rows)


def _aligned(text: str, width: int, name: str) -> str:
    return text.rjust(width) if name in NUMBERS else text.ljust(width)


def _row(model: Model) -> tuple[str, ...]:
    resolution = UNKNOWN if model.metres_per_pixel is None else f'{model.metres_per_pixel:.4g}'
    license = UNKNOWN if model.license is None else _short(model.license)
    names = (_joined(model.bands), _joined(model.classes))
    return (model.name, _short(model.task), resolution, f'{model.size / MB:.1f}', license, *names)


def _joined(names: Sequence[str]) -> str:
    more = [f'and {len(names) - MAX_SHOWN} more'] if len(names) > MAX_SHOWN else []
    return ', '.join([*map(_short, names[:MAX_SHOWN]), *more]) or UNKNOWN


def _short(text: str) -> str:
    shown = plain_line(text)
    return shown if len(shown) <= MAX_CHARACTERS else f'{shown[:MAX_CHARACTERS]}...'
