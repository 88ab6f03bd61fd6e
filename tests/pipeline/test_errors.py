import inspect
import json
import pickle

import pytest

from rastervision.pipeline import errors
from rastervision.pipeline.config import ValidationError, build_config
from rastervision.pipeline.file_system import (
    download_if_needed,
    download_or_copy,
    extract,
    file_to_json,
    file_to_str,
    make_dir,
    str_to_file,
    sync_from_dir,
    unzip,
)

ARGUMENTS = {errors.ChannelOrderError: ([0, 7], 3)}
ERRORS = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, errors.RasterVisionError)]


@pytest.mark.parametrize('cls', ERRORS)
def test_errors_come_back_whole_from_worker_processes(cls):
    error = cls(*ARGUMENTS.get(cls, ('what, where, what to try',)))
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy)) == (cls, str(error))


@pytest.mark.parametrize(
    ('cause', 'kinds'),
    [
        (lambda p: file_to_json(write(p / 'x.json', '{')), (ValueError, OSError, json.JSONDecodeError)),
        (lambda p: file_to_str(str(p / 'none')), (FileNotFoundError,)),
        (lambda p: file_to_str(str(p)), (OSError,)),
        (lambda p: str_to_file('x', '/proc/none/x'), (FileNotFoundError, errors.NotWritableError)),
        (lambda p: make_dir(write(p / 'x', '') and str(p), check_empty=True), (ValueError, errors.NotWritableError)),
        (lambda p: download_if_needed(str(p / 'none')), (FileNotFoundError,)),
        (lambda p: download_or_copy(str(p / 'none'), str(p)), (FileNotFoundError,)),
        (lambda p: sync_from_dir(str(p / 'none'), str(p / 'to')), (FileNotFoundError,)),
        (lambda p: unzip(str(p / 'none.zip'), str(p / 'to')), (FileNotFoundError,)),
        (lambda p: extract(write(p / 'x.xyz', ''), str(p / 'to')), (OSError, ValueError)),
        (lambda p: build_config({'type_hint': 'pipeline', 'nope': 1}), (ValidationError, ValueError)),
    ],
)
def test_errors_are_also_what_others_call_them(cause, kinds, tmp_path):
    for kind in (*kinds, errors.RasterVisionError):
        with pytest.raises(kind):
            cause(tmp_path)


def write(path, text):
    path.write_text(text)
    return str(path)


def test_json_that_is_none_says_where_it_is_wrong(tmp_path):
    with pytest.raises(json.JSONDecodeError) as caught:
        file_to_json(write(tmp_path / 'x.json', '[1,\n x]'))

    copy = pickle.loads(pickle.dumps(caught.value))
    assert [(e.doc, e.pos, e.lineno, e.colno) for e in (caught.value, copy)] == [('[1,\n x]', 5, 2, 2)] * 2
