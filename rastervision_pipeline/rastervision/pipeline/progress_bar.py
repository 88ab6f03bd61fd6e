"""Shows how far a loop is."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import Any, TypeVar

from rastervision.pipeline.verbosity import Verbosity

T = TypeVar('T')

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 10.0


def progress_bar(items: Iterable[T], desc: str, **options: Any) -> Iterator[T]:
    """Go through items, and show how far that is: a bar on a terminal or in a notebook, else lines in the log.

    Lines come every ten seconds, and none at the verbosity QUIET. They survive in a file, which a bar would fill.

    Args:
        items: What to go through.
        desc: What is done with them.
        options: Passed to `tqdm`, which draws the bar; of these, lines follow `desc`, `total` and `disable`.
    """
    options = {'desc': desc, **options}
    if sys.stderr.isatty() or 'ipykernel' in sys.modules:
        from tqdm import tqdm

        yield from tqdm(items, **options)
    elif options.get('disable') or Verbosity.get() == Verbosity.QUIET:
        yield from items
    else:
        total = options.get('total', len(items) if isinstance(items, Sized) else None)
        yield from _logged(items, options['desc'], total)


def _logged(items: Iterable[T], desc: str, total: int | None) -> Iterator[T]:
    shown = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        if time.monotonic() - shown >= SECONDS_BETWEEN_LINES:
            shown = time.monotonic()
            log.info('%s: %d%s', desc, done, f' of {total}' if total is not None else '')
