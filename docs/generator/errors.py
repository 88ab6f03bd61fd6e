"""The table of errors, from their classes: what each says of itself, and what else code may catch it as."""

import importlib
import inspect
import re
from pathlib import Path

from generator.names import ROOT
from generator.rst import code, plain, table, write_if_changed
from rastervision.pipeline.errors import RasterVisionError

DEFINITION = re.compile(r'^class \w+Error\(', re.MULTILINE)


def write(folder: Path) -> None:
    """Write the table, which the page of errors includes."""
    widths = '22 18 30 30'
    rows = [row(cls) for cls in found()]
    write_if_changed(folder / 'errors.rst', table(('error', 'also', 'what happened', 'what to do'), rows, widths))


def found() -> list[type[RasterVisionError]]:
    """All errors of the framework, each after those that it is a kind of."""
    for path in sorted(ROOT.glob('rastervision_*/rastervision/**/*.py')):
        if DEFINITION.search(path.read_text()):
            importlib.import_module('.'.join(path.relative_to(ROOT).with_suffix('').parts[1:]))
    return [cls for cls in _with_kinds(RasterVisionError) if cls.__module__.startswith('rastervision.')]


def row(cls: type[RasterVisionError]) -> tuple[str, str, str, str]:
    """What the table says of an error."""
    kinds = [base for base in cls.__mro__[1:] if issubclass(base, Exception) and base is not Exception]
    ours = [base.__name__ for base in kinds if issubclass(base, RasterVisionError) and base is not RasterVisionError]
    theirs = [base.__name__ for base in kinds if not issubclass(base, RasterVisionError)]
    what, _, advice = inspect.cleandoc(cls.__doc__ or '').partition('\n\n')
    return code(cls.__name__), ', '.join(map(code, [*ours, *theirs])), plain(what), plain(advice.partition('\n\n')[0])


def _with_kinds(cls: type[RasterVisionError]) -> list[type[RasterVisionError]]:
    below = [kind for child in cls.__subclasses__() for kind in (child, *_with_kinds(child))]
    return list(dict.fromkeys(below))
