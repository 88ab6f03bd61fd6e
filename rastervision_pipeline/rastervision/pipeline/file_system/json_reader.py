"""Reads JSON of any origin: at a bounded cost, and with one kind of error."""

import codecs
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from rastervision.pipeline.errors import MalformedJsonError, NotReadableError
from rastervision.pipeline.file_system.file_system import MAX_BYTES, MB

OTHER_ENCODINGS = {
    codecs.BOM_UTF32_LE: 'UTF-32',
    codecs.BOM_UTF32_BE: 'UTF-32',
    codecs.BOM_UTF16_LE: 'UTF-16',
    codecs.BOM_UTF16_BE: 'UTF-16',
}
HALF_OF_A_PAIR = re.compile(r'\\u[dD][89a-fA-F]')
CHARACTERS_SHOWN = 60
MAX_DIGITS = 50


@dataclass(frozen=True)
class JsonLimits:
    """What JSON may be.

    Attributes:
        max_bytes: Size of the file.
        max_depth: How many lists and objects may be inside each other.
        is_strict: Whether what JSON's standard leaves open is refused: a key twice in one object, NaN, Infinity, and
            numbers that are too large for a float.
    """

    max_bytes: int
    max_depth: int
    is_strict: bool


DOCUMENT = JsonLimits(64 * MB, 100, is_strict=True)  # configs, cards, records, STAC
DATA = JsonLimits(MAX_BYTES, 500, is_strict=False)  # labels, predictions and what else grows with imagery


def parse_json(content: bytes | str, where: str, limits: JsonLimits = DOCUMENT) -> Any:
    """Read JSON.

    Args:
        content: The text, or UTF-8 with or without a byte order mark.
        where: The file, for messages.
        limits: What it may be.

    Raises:
        NotReadableError: If it is no JSON, or none within the limits.
    """
    check_size(len(content), where, limits)
    text = _decoded(content, where) if isinstance(content, bytes) else content.removeprefix('\ufeff')
    try:
        value = json.loads(text, **_strict_hooks(where) if limits.is_strict else {})
    except json.JSONDecodeError as error:
        message = f'{where!r} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}.'
        raise MalformedJsonError(message, error) from error
    except RecursionError as error:
        raise MalformedJsonError(_too_deep(where, limits)) from error
    except ValueError as error:  # of int(), about thousands of digits
        raise MalformedJsonError(f'{where!r} has a number with too many digits in it.') from error
    if limits.is_strict:
        _check_depth(value, where, limits)
    if HALF_OF_A_PAIR.search(text):
        _check_characters(value, where)
    return value


def check_size(size: int, where: str, limits: JsonLimits = DOCUMENT) -> None:
    """See that a file is not too large to be read.

    Raises:
        NotReadableError: If it is.
    """
    if size > limits.max_bytes:
        raise NotReadableError(
            f'{where!r} is not read: it has {size / MB:,.0f} MB, and JSON of this kind {limits.max_bytes / MB:,.0f} MB '
            'or less.'
        )


def _decoded(content: bytes, where: str) -> str:
    for mark, encoding in OTHER_ENCODINGS.items():
        if content.startswith(mark):
            raise NotReadableError(f'{where!r} cannot be read: it is {encoding}, not UTF-8. Save it as UTF-8.')
    try:
        return content.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise NotReadableError(
            f'{where!r} cannot be read: it is not UTF-8 (byte {error.start}: {error.reason}). Save it as UTF-8.'
        ) from error


def _strict_hooks(where: str) -> dict[str, Any]:
    def refuse_constant(name: str) -> NoReturn:
        raise NotReadableError(f'{where!r} has the number {name} in it, which JSON does not know. Write null.')

    def read_float(text: str) -> float:
        number = float(text)
        if math.isinf(number):
            raise NotReadableError(f'{where!r} has the number {_short(text)} in it, which is too large.')
        return number

    def read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in found if keys.count(key) > 1)
            raise NotReadableError(f'{where!r} has the key {_short(twice)!r} twice in one object. Remove one.')
        return found

    def read_int(text: str) -> int:
        if len(text) > MAX_DIGITS:
            raise NotReadableError(f'{where!r} has a number of {len(text)} digits in it: {_short(text)}.')
        return int(text)

    return {
        'parse_int': read_int,
        'parse_float': read_float,
        'parse_constant': refuse_constant,
        'object_pairs_hook': read_object,
    }


def _check_depth(value: Any, where: str, limits: JsonLimits) -> None:
    """See that what comes after this may walk through a value by recursion."""
    level = [value]
    for _ in range(limits.max_depth + 1):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return
    raise NotReadableError(_too_deep(where, limits))


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            if isinstance(inner, list | dict):
                yield inner


def _check_characters(value: Any, where: str) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        character = error.object[error.start]
        raise NotReadableError(
            f'{where!r} has {character!a} in a text, which is half of a character. Write the character itself.'
        ) from error


def _too_deep(where: str, limits: JsonLimits) -> str:
    return f'{where!r} is not read: its lists and objects are nested more than {limits.max_depth} deep.'


def _short(text: str) -> str:
    return text if len(text) <= CHARACTERS_SHOWN else f'{text[:CHARACTERS_SHOWN]}...'
