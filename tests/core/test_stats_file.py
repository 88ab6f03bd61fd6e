import json

import pytest

from rastervision.core.raster_stats import RasterStats
from rastervision.core.stats_file import checked_stats
from rastervision.pipeline.errors import DataError

GOOD = {'means': [1, 2.5], 'stds': [1, 0], 'counts': [3, 4]}


@pytest.mark.parametrize(
    'change',
    [
        {'means': [[1], 2]},
        {'means': 'ab'},
        {'means': None},
        {'means': []},
        {'means': [1]},
        {'means': [10**400, 2]},
        {'means': [True, 2]},
        {'stds': [{}, 1]},
        {'stds': [-1, 1]},
        {'stds': {'a': 1}},
        {'counts': [[1], 2]},
        {'counts': [1]},
        {'means': [1] * 70_000, 'stds': [1] * 70_000, 'counts': None},
    ],
    ids=str,
)
def test_statistics_of_other_types_are_an_error_that_names_the_file(change, tmp_path):
    path = tmp_path / 'odd.json'
    path.write_text(json.dumps({**GOOD, **change}))

    with pytest.raises(DataError, match=r'odd\.json'):
        RasterStats.load(str(path))


def test_good_statistics_are_as_they_are():
    assert checked_stats(GOOD, 'a.json') is GOOD
