import json
import os

import pytest

from rastervision.pipeline.errors import NotReadableError
from rastervision.pipeline.file_system.json_reader import DATA, DOCUMENT, parse_json
from rastervision.pipeline.file_system.utils import file_to_json

HOSTILE = {
    'deep': '[' * 100_000 + ']' * 100_000,
    'rather deep': '[' * 200 + ']' * 200,
    'long number': '{"a": ' + '9' * 10_000 + '}',
    'long negative number': '{"a": -' + '9' * 60 + '}',
    'NaN': '{"a": NaN}',
    'Infinity': '{"a": -Infinity}',
    'too large': '{"a": 1e999}',
    'twice': '{"a": 1, "a": 2}',
    'half of a character': '{"a": "\\ud800"}',
    'half of a character in a key': '{"\\uDC00": 1}',
    'no JSON': '{"a": tru}',
    'nothing': '',
}
BYTES = {'UTF-16': '{}'.encode('utf-16'), 'UTF-32': '{}'.encode('utf-32'), 'Latin-1': '{"a": "é"}'.encode('latin-1')}


@pytest.mark.parametrize('text', HOSTILE.values(), ids=HOSTILE)
def test_document_that_is_none_is_refused_with_its_name(text):
    with pytest.raises(NotReadableError, match=r'odd\.json'):
        parse_json(text, 'odd.json', DOCUMENT)


@pytest.mark.parametrize('content', BYTES.values(), ids=BYTES)
def test_other_encodings_are_refused_with_what_to_do(content):
    with pytest.raises(NotReadableError, match=r'odd\.json.*UTF-8'):
        parse_json(content, 'odd.json', DOCUMENT)


def test_byte_order_mark_is_left_out():
    assert parse_json('{"a": "é"}'.encode('utf-8-sig'), 'a.json') == {'a': 'é'}


def test_data_may_have_what_programs_write_against_the_standard():
    assert parse_json('{"a": 1, "a": 2}', 'a.json', DATA) == {'a': 2}
    assert parse_json('[Infinity, NaN]', 'a.json', DATA)[0] == float('inf')


@pytest.mark.parametrize('text', [HOSTILE[name] for name in ('deep', 'long number', 'half of a character')])
def test_data_are_limited_too(text):
    with pytest.raises(NotReadableError):
        parse_json(text, 'a.json', DATA)


def test_large_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / 'large.json'
    path.touch()
    os.truncate(path, 1 << 40)  # takes no room

    for limits in (DOCUMENT, DATA):
        with pytest.raises(NotReadableError, match=r'large\.json.* is not read: it has more than'):
            file_to_json(str(path), limits)


def test_whole_characters_and_usual_depth_are_read():
    value = {'a': '\U0001f600', 'b': [[[[[[1]]]]]]}

    assert parse_json(json.dumps(value), 'a.json') == value
