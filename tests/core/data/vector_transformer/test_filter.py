import pytest

from rastervision.core.data.vector_transformer.label_maker.filter import create_filter
from rastervision.pipeline.errors import ConfigError

HOUSE = {
    'id': 4,
    'geometry': {'type': 'Polygon'},
    'properties': {'kind': 'house', 'h': 5, 'flag': True, 'tags': {'roof': 'flat'}},
}


@pytest.mark.parametrize(
    ('filt', 'passes'),
    [
        (['==', 'kind', 'house'], True),
        (['!=', 'kind', 'house'], False),
        (['>=', 'h', 5], True),
        (['<', 'missing', 5], False),
        (['<', 'kind', 5], False),
        (['in', 'kind', 'road', 'house'], True),
        (['!in', 'kind', 'road'], True),
        (['has', 'h'], True),
        (['!has', 'h'], False),
        (['==', 'tags.roof', 'flat'], True),
        (['==', 'h', '5'], False),
        (['==', 'flag', 1], False),
        (['!=', 'flag', 1], True),
        (['in', 'flag', 1, 2], False),
        (['in', 'flag', True], True),
        (['<', 'flag', 2], False),
        (['in', 'h', 4, 5], True),
        (['in', 'h'], False),
        (['<=', 'kind', 'hut'], True),
        (['none'], True),
        (['none', ['has', 'h']], False),
        (['any', ['has', 'x'], ['has', 'h']], True),
        (['in', '$type', 'Point', 'Polygon'], True),
        (['has', '$id'], True),
        (['!has', 'tags.roof'], True),
        (['all', ['any', ['==', 'kind', 'road'], ['none', ['has', 'road']]], ['!in', '$id', 5]], True),
        (['==', '$type', 'Polygon'], True),
        (['==', '$id', 4], True),
        (['all', ['has', 'h'], ['none', ['==', 'h', 6]]], True),
        (['any'], False),
        (['all'], True),
        ([], True),
        (None, True),
    ],
)
def test_filter(filt, passes):
    assert create_filter(filt)(HOUSE) is passes


def test_text_in_a_filter_is_never_run_as_code():
    create_filter(['==', '__import__("os").abort()', '")'])(HOUSE)


def test_an_unknown_operator_is_named_with_the_nearest(caplog):
    assert create_filter(['=', 'kind', 'road'])(HOUSE)
    assert "Unknown operator '='" in caplog.text


@pytest.mark.parametrize('filt', ['kind == house', [1, 2], ['==', 'kind'], ['==', 3, 3], ['all', 'kind']])
def test_what_is_no_filter_is_refused(filt):
    with pytest.raises(ConfigError):
        create_filter(filt)
