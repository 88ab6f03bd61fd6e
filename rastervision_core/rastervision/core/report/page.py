"""Makes one HTML page of the sections of a report: nothing is loaded from elsewhere."""

import base64
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rastervision.core.report.blocks import Section, Value
from rastervision.pipeline.plain_text import plain

TEMPLATE = 'page.html.jinja'
DIGITS = 3
LARGE = 1000


def render(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """The page.

    All text is escaped, and pictures are inside. The page has no scripts and forbids the browser to load anything, so
    it looks the same on a machine without network.

    Args:
        title: Title of the page.
        subtitle: A line below it.
        sections: What is in the page.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, finalize=_plain
    )
    environment.filters |= {'shown': shown, 'base64': _base64}
    return environment.get_template(TEMPLATE).render(title=title, subtitle=subtitle, sections=sections)


def shown(value: Value) -> str:
    """A value as text: whole numbers with thin spaces between thousands, others with three decimals."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return 'none'
    if isinstance(value, str):
        return value
    if float(value).is_integer() and (isinstance(value, int) or abs(value) >= LARGE):
        return f'{int(value):,}'.replace(',', '\N{NARROW NO-BREAK SPACE}')
    return f'{value:.{DIGITS}f}' if 10**-DIGITS <= abs(value) < LARGE or value == 0 else f'{value:.{DIGITS}g}'


def _plain(value: Any) -> Any:
    return plain(value) if isinstance(value, str) and not hasattr(value, '__html__') else value


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
