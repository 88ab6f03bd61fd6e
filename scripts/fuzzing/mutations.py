"""Damages files: their bytes, and what they hold by the rules of their format."""

import copy
import io
import json
import random
import sqlite3
import struct
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

ODD_VALUES: tuple[Callable[[], Any], ...] = (
    lambda: None,
    lambda: True,
    list,
    dict,
    lambda: '',
    lambda: 'text',
    lambda: -1,
    lambda: 0,
    lambda: 10**10,
    lambda: 10**5,
    lambda: 5000,
    lambda: -(10**9),
    lambda: 10**30,
    lambda: 0.5,
    lambda: 1e308,
    lambda: float('nan'),
    lambda: float('inf'),
    lambda: '../../outside',
    lambda: '/nowhere/at/all',
    lambda: 'x' * 5000,
    lambda: '\ud800',
    lambda: '\x1b[2J\0',
    lambda: '$\\frac{$ [/b]',
    lambda: [[1], 2],
    lambda: {'a': {'b': 1}},
    lambda: [None],
)
RAW_TEXTS = ('9' * 6000, '[' * 3000 + ']' * 3000, '{"a": 1, "a": 2}', 'NaN', '-Infinity', '1e999', '"\\udead"', 'tru')
MARK = 'put-raw-text-here'


def flip_bytes(data: bytes, rng: random.Random) -> bytes:
    """Change, cut, repeat or add a few bytes."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        if not found:
            return b'\0'
        place = rng.randrange(len(found))
        action = rng.random()
        if action < 0.6:
            found[place] = rng.choice((found[place] ^ 1 << rng.randrange(8), 0, 255, rng.randrange(256)))
        elif action < 0.75:
            del found[place : place + rng.choice((1, 4, 100))]
        elif action < 0.9:
            found[place:place] = found[place : place + rng.choice((1, 4, 100))]
        elif action < 0.97:
            del found[place:]
        else:
            found[place:place] = bytes(rng.randrange(256) for _ in range(8))
    return bytes(found)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += _places(inner, (*path, key))
    return found


def change_data(value: Any, rng: random.Random) -> Any:
    """Change a few values of plain data: to others of other types, away, doubled, renamed."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = _places(value)
        if not places or rng.random() < 0.02:
            return rng.choice(ODD_VALUES)()
        *path, key = rng.choice(places)
        parent = value
        for step in path:
            parent = parent[step]
        action = rng.random()
        if action < 0.65:
            parent[key] = rng.choice(ODD_VALUES)()
        elif action < 0.8:
            del parent[key]
        elif action < 0.9:
            *other, last = rng.choice(places)
            donor = value
            for step in other:
                donor = donor[step]
            parent[key] = copy.deepcopy(donor[last])
        elif action < 0.95:
            parent[key] = [parent[key]]
        elif isinstance(parent, dict):
            parent[f'{key}x'] = parent.pop(key)
        else:
            parent.extend(parent[:1] * 3)
    return value


def change_json(data: bytes, rng: random.Random) -> bytes:
    """Change a JSON document: its values, or, now and then, its text."""
    action = rng.random()
    if action < 0.15:
        return flip_bytes(data, rng)
    value = json.loads(data)
    if action < 0.22:
        value = change_data(value, rng) if not isinstance(value, dict | list) else _with_mark(value, rng)
        return json.dumps(value).replace(f'"{MARK}"', rng.choice(RAW_TEXTS)).encode()
    text = json.dumps(change_data(value, rng))
    if action > 0.98:
        return text.encode(rng.choice(('utf-8-sig', 'utf-16', 'utf-32', 'cp500')))
    return text.encode()


def _with_mark(value: Any, rng: random.Random) -> Any:
    value = copy.deepcopy(value)
    places = _places(value)
    if not places:
        return MARK
    *path, key = rng.choice(places)
    parent = value
    for step in path:
        parent = parent[step]
    parent[key] = MARK
    return value


def change_tiff(data: bytes, rng: random.Random) -> bytes:
    """Change tags of a TIFF file, or its bytes."""
    if rng.random() < 0.25 or data[:4] != b'II*\0':
        return flip_bytes(data, rng)
    found = bytearray(data)
    (start,) = struct.unpack_from('<I', found, 4)
    (count,) = struct.unpack_from('<H', found, start)
    for _ in range(rng.choice((1, 1, 2, 4))):
        entry = start + 2 + 12 * rng.randrange(count)
        tag, kind, number, value = struct.unpack_from('<HHII', found, entry)
        action = rng.random()
        odd = rng.choice((0, 1, 2, 255, 65535, 2**31 - 1, 2**31, 2**32 - 1, rng.randrange(2**32), value ^ 1, value + 1))
        if action < 0.5:
            value = odd
        elif action < 0.65:
            number = odd
        elif action < 0.8:
            kind = rng.randrange(20)
        elif action < 0.9:
            tag = rng.choice((256, 257, 258, 259, 262, 277, 317, 322, 323, 339, 33550, 34264, 34735, 42113, 65000))
        elif value < len(found) - 8:
            struct.pack_into('<d', found, value, rng.choice((0.0, float('nan'), float('inf'), 1e300, -1.0, 1e-300)))
        struct.pack_into('<HHII', found, entry, tag % 65536, kind, number % 2**32, value % 2**32)
    return bytes(found)


def change_sqlite(data: bytes, rng: random.Random, folder: Path) -> bytes:
    """Change values, columns and tables of an SQLite file, or its bytes."""
    if rng.random() < 0.3:
        return flip_bytes(data, rng)
    path = folder / 'changed.sqlite'
    path.write_bytes(data)
    with closing(sqlite3.connect(path)) as db:
        db.create_function('ST_IsEmpty', 1, lambda _: 0)
        for name in ('MinX', 'MinY', 'MaxX', 'MaxY'):
            db.create_function(f'ST_{name}', 1, lambda _: 0.0)
        names = [row[0] for row in db.execute("select name from sqlite_master where type = 'table'")]
        for _ in range(rng.choice((1, 1, 2))):
            try:
                _change_table(db, rng.choice(names), rng)
            except (sqlite3.Error, OverflowError, UnicodeEncodeError):
                continue
        db.commit()
    return path.read_bytes()


def _change_table(db: sqlite3.Connection, table: str, rng: random.Random) -> None:
    columns = [row[1] for row in db.execute(f'pragma table_info("{table}")')]
    if not columns:
        return
    column, action = rng.choice(columns), rng.random()
    if action < 0.7:
        odd = (None, '', 'text', 5, -1, 2**62, 1.5, b'', b'\0\1\2', b'GP\0\0', 'x' * 5000, '[[1]]', b'\x1f\x8b\x08\0')
        db.execute(f'update "{table}" set "{column}" = ?', (rng.choice(odd),))
    elif action < 0.78:
        db.execute(f'delete from "{table}"')
    elif action < 0.86:
        db.execute(f'drop table "{table}"')
    elif action < 0.93:
        db.execute(f'alter table "{table}" rename column "{column}" to "{column}x"')
    else:
        db.execute(f'alter table "{table}" drop column "{column}"')


def change_zip(data: bytes, rng: random.Random, inner: Callable[[str, bytes, random.Random], bytes]) -> bytes:
    """Change the members of a zip file, or its bytes.

    Args:
        data: The zip file.
        rng: What the changes depend on.
        inner: Changes one member, given its name and content.
    """
    if rng.random() < 0.15:
        return flip_bytes(data, rng)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [[name, archive.read(name)] for name in archive.namelist()]
    chosen, action = rng.choice(members), rng.random()
    if action < 0.8:
        chosen[1] = inner(chosen[0], chosen[1], rng)
    elif action < 0.86:
        members.remove(chosen)
    elif action < 0.92:
        members.append([rng.choice((chosen[0], f'{chosen[0]}/x', '../x', '/x', chosen[0].upper(), 'x' * 300)), b'{}'])
    elif action < 0.96:
        chosen[1] = rng.choice((b'', b'null', b'[]', b'PK\5\6' + bytes(18)))
    else:
        chosen[1] = b'{"a": "' + b' ' * (20 << 20) + b'"}'
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()
