"""Text for people, from names that may come from anywhere.

What would steer a terminal is shown, not done; secrets are masked.
"""

import re
from typing import Any

from rastervision.pipeline.masking import mask, mask_data

# Control characters but tab and line feed, what turns the direction of text, and halves of characters.
STEERING = re.compile(
    r'[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]'
)


def plain(text: str) -> str:
    r"""A text for people.

    It steers no terminal: escape sequences and the like are written as in Python, such as `\x1b`. Passwords, signatures
    and tokens are masked.
    """
    return mask(STEERING.sub(lambda found: ascii(found[0])[1:-1], text))


def plain_line(text: str) -> str:
    """A text of one line, for a cell of a table or a label."""
    return plain(text).replace('\n', r'\n').replace('\t', ' ')


def plot_label(text: str) -> str:
    """A text that matplotlib shows as it is, without taking dollars for formulas."""
    return plain_line(text).replace('$', r'\$')


def echo(message: Any = '', *, err: bool = False) -> None:
    """Print a text.

    Args:
        message: What to print.
        err: To stderr, not stdout.
    """
    import click

    click.echo(plain(str(message)), err=err)


def echo_json(data: Any) -> None:
    """Print plain data as JSON that can be read back, whatever control characters are in it; secrets are masked.

    Args:
        data: Dicts, lists, texts, numbers.
    """
    import json

    echo(json.dumps(mask_data(data), indent=2).replace('\x7f', r'\u007f'))  # the one that dumps leaves as it is
