"""The runner of probes tells outcomes that are the same from others."""

import importlib
import re
from pathlib import Path

import numpy as np
import shapely

from rastervision.core.box import Box
from rastervision.core.data import class_config
from rastervision.pipeline import file_system

SCRIPTS = Path(__file__).resolve().parents[2] / 'scripts'


def raised(name, *caught_by):
    return {'raises': name, 'caught_by': list(caught_by)}


ERRORS = {
    'same': ('return FU.file_to_str("/nope")', raised('FileNotFoundError', 'FileNotFoundError', 'OSError')),
    'other': ('return FU.file_to_str("/nope")', raised('KeyError', 'KeyError', 'LookupError')),
    'none': ('return 1', raised('KeyError', 'KeyError')),
    'config': ('return D.ClassConfig(names=3)', raised('ValidationError', 'ValueError', 'pydantic.ValidationError')),
}
OUTCOMES = {
    'equal': ('return Box(0, 0, 1, 2), [1.5], None', '["(tuple)", "Box(0, 0, 1, 2)", ["float:1.5"], null]'),
    'types': ('return np.int64(3), np.array(2.0)', '["(tuple)", 3, "float64:2"]'),
    'ring': ('return sbox(0, 0, 1, 1)', '"geom POLYGON ((0 0, 0 1, 1 1, 1 0, 0 0))"'),
    'unequal': ('return 1', '2'),
    'fails': ('return 1 / 0', '2'),
    'joined': ('a = 1; b = 2 for i in range(3): a += i return a, b', '["(tuple)", 4, 2]'),
    'cut': ('return list(range(99))', '[' + ', '.join(map(str, range(99)))[:259]),
    'lost': ('return (1', '1'),
}
EXPECTED = {
    'same': 'agrees', 'other': 'differs', 'none': 'differs', 'config': 'agrees',
    'equal': 'agrees', 'types': 'alike', 'ring': 'alike', 'unequal': 'differs', 'fails': 'differs',
    'joined': 'agrees', 'cut': 'agrees', 'lost': 'not run',
}  # fmt: skip


def probes(rows):
    return [{'probe': name, 'call': call, 'peer': peer} for name, (call, peer) in rows.items()]


def test_each_probe_is_told_how_it_ends_and_all_are_counted(monkeypatch, capsys):
    monkeypatch.syspath_prepend(SCRIPTS)
    runner = importlib.import_module('probe_api')
    data = {'error_type_differences': probes(ERRORS), 'outcome_differences': probes(OUTCOMES)}

    runner.report(data, {'np': np, 'Box': Box, 'sbox': shapely.box, 'FU': file_system, 'D': class_config})

    out = capsys.readouterr().out
    found = re.findall(r'^(agrees|alike|differs|not run) +(\w+)$', out, re.MULTILINE)
    assert {name: verdict for verdict, name in found} == EXPECTED
    assert "error_type_differences: {'agrees': 2, 'differs': 2}" in out
    assert 'ZeroDivisionError: division by zero (<probe>:2)' in out
