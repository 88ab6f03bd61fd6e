"""Runs probes of the public face, and compares what comes out with what Raster Vision 0.31 gave.

    python scripts/probe_api.py API_DIFF_JSON [--only NAME ...] [--quiet]

A probe is a few statements that end with `return`. Its file says what the older version gave or raised; both are cut
after 260 characters, and lines are joined. Here the lines are parted again where that makes Python of them; what is
cut is completed in `probe_repairs.py`. What probes refer to without saying, such as a small image, is in
`probe_prelude.py`, written from how they use it: where an outcome depends on data that are not known, the repair
compares its form.

A probe *agrees* if the outcome is the same, or if the error is also of the classes by which the older one was caught.
It is *alike* if only types of numbers differ (`int64` or `int`, or an array without axes), or where the ring of a
polygon starts.
"""

import argparse
import ast
import contextlib
import io
import itertools
import json
import logging
import re
import signal
import sys
import textwrap
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import torch
from probe_repairs import REPAIRS
from shapely.geometry.base import BaseGeometry

from rastervision.core.box import Box
from rastervision.pipeline.config.base import Config

CUT = 260
SECONDS = 120
MOST_SPLITS = 3
NUMBER = re.compile(r'\b(?:u?int|float)\d*:(-?[\w.+-]+)')


def canon(value: Any) -> Any:
    """A value as the file writes it: plain data, with types where JSON has none."""
    if value is None or isinstance(value, bool | str) or type(value) is int:
        return value
    if isinstance(value, float | np.floating | np.integer):
        kind = 'float' if type(value) is float else value.dtype.name
        return f'{kind}:{float(value):.6g}'
    if isinstance(value, tuple | list):
        return [*(['(tuple)'] if isinstance(value, tuple) else []), *map(canon, value)]
    if isinstance(value, dict):
        return {str(key): canon(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        numbers = np.round(value.astype(float), 5).tolist()
        return f'nd{value.shape} {value.dtype} {numbers if value.size else []}'
    if isinstance(value, torch.Tensor):
        return f'tensor{tuple(value.shape)} {value.dtype} {canon(value.detach().numpy())}'
    if isinstance(value, Box):
        sides = [canon(side) for side in value]
        return f'Box({", ".join(repr(side) if isinstance(side, str) else str(side) for side in sides)})'
    if isinstance(value, BaseGeometry):
        return f'geom {value.wkt}'
    kind = type(value)
    shown = re.sub(r", type_hint='\w+'\)$", ')', repr(value)) if isinstance(value, Config) else repr(value)
    return f'{kind.__module__}.{kind.__qualname__} {shown}'


def compiles(code: str) -> bool:
    """Whether statements are Python, as the body of a function."""
    try:
        ast.parse(as_function(code))
    except SyntaxError:
        return False
    return True


def as_function(code: str) -> str:
    """Statements as the body of a function `probe`."""
    return f'def probe():\n{textwrap.indent(code, "    ")}\n'


def part_lines(call: str) -> str | None:
    """A call whose lines were joined, with as few breaks put in as make Python of it. None: it takes more."""
    blanks = [match.start() for match in re.finditer(' ', call)]
    for count in range(MOST_SPLITS + 1):
        for places in itertools.combinations(blanks, count):
            parts = [call[a + 1 : b] for a, b in itertools.pairwise([-1, *places, len(call)])]
            if all(compiles(part) for part in parts) and compiles('\n'.join(parts)):
                return '\n'.join(parts)
    return None


def run(code: str, names: dict[str, Any]) -> Any:
    """What a probe returns."""
    scope = dict(names)
    exec(compile(as_function(code), '<probe>', 'exec'), scope)
    signal.alarm(SECONDS)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return canon(scope['probe']())
    finally:
        signal.alarm(0)


def compare(found: Any, expected: str) -> str:
    """How an outcome compares with that of the older version, which may be cut."""
    text = json.dumps(found)
    for verdict, form in (('agrees', str), ('alike', without_types)):
        ours, theirs = form(text), form(expected)
        if ours == theirs:
            return verdict
        if len(expected) >= CUT - 1:  # of either, only the start is known
            theirs, ours = form(expected.rpartition(', ')[0]).rstrip('"'), ours.rstrip(']')
            if theirs and (ours.startswith(theirs) or theirs.startswith(ours)):
                return verdict
    return 'differs'


def without_types(text: str) -> str:
    """An outcome without the types of numbers, and with polygons in one order."""
    text = re.sub(r'nd\(\) \w+ (-?[\w.+-]+)', r'float:\1', text)
    text = re.sub(r'"?\'?' + NUMBER.pattern + r'\'?"?', lambda match: f'{float(match[1]):g}', text)
    text = re.sub(r'\bgeom ([^"]*)', lambda match: shapely.from_wkt(match[1]).normalize().wkt, text)
    return re.sub(r'\b(?:u?int|float)\d+\b', 'number', text).replace("'", '')


def is_caught(error: BaseException, peer: dict[str, Any]) -> bool:
    """Whether `except` of a class that caught the older error catches this one."""
    own = {cls.__name__ for cls in type(error).__mro__}
    # pydantic's class cannot be a base; `rastervision.pipeline.config.ValidationError` is ConfigError.
    wanted = {'ConfigError' if name == 'pydantic.ValidationError' else name for name in peer['caught_by']}
    return wanted <= own


def judge(probe: dict[str, Any], names: dict[str, Any]) -> tuple[str, str]:
    """How a probe ends, and what came out."""
    repair = REPAIRS.get(probe['probe'], {})
    if 'skip' in repair:
        return 'not run', repair['skip']
    peer = repair.get('expect', probe['peer'])
    code = textwrap.dedent(repair['call']).strip() if 'call' in repair else part_lines(probe['call'])
    if code is None:
        return 'not run', 'its lines cannot be told apart'
    try:
        found = run(code, names)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        if isinstance(peer, dict) and 'raises' in peer and is_caught(error, peer):
            return 'agrees', type(error).__name__
        where = traceback.extract_tb(error.__traceback__)[-1]
        return 'differs', f'{type(error).__name__}: {error!s:.200} ({Path(where.filename).name}:{where.lineno})'
    if isinstance(peer, dict) and 'raises' in peer:
        return 'differs', f'no error, but {json.dumps(found):.200}'
    return compare(found, peer), json.dumps(found)


def main() -> None:
    """Run the probes of a file, and print how each ends and how many end so."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('file', type=Path)
    parser.add_argument('--only', nargs='*', help='Names of probes.')
    parser.add_argument('--quiet', action='store_true', help='Print only those that differ.')
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGALRM, _too_long)
    import probe_prelude

    report(json.loads(args.file.read_text()), vars(probe_prelude), only=args.only, quiet=args.quiet)


def report(data: dict[str, Any], names: dict[str, Any], *, only: list[str] | None = None, quiet: bool = False) -> None:
    """Run probes, and print how each ends and how many end so.

    Args:
        data: What their file says, by groups.
        names: What they refer to.
        only: Names of those to run. None: all.
        quiet: Print only those that differ.
    """
    for group in ('error_type_differences', 'outcome_differences'):
        counts: Counter[str] = Counter()
        for probe in data[group]:
            if only and probe['probe'] not in only:
                continue
            verdict, found = judge(probe, names)
            counts[verdict] += 1
            if not quiet or verdict not in ('agrees', 'alike'):
                print(f'{verdict:8} {probe["probe"]}')
            if verdict not in ('agrees', 'alike'):
                print(f'         there: {json.dumps(probe["peer"])[:400]}\n         here:  {found[:400]}')
            sys.stdout.flush()
        print(f'{group}: {dict(counts)}', flush=True)


def _too_long(number: int, frame: Any) -> None:
    raise TimeoutError(f'more than {SECONDS} s')


if __name__ == '__main__':
    main()
