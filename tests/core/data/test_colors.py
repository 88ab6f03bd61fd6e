import numpy as np
import pytest

from rastervision.core.data.colors import (
    color_to_integer,
    color_to_triple,
    make_colors,
    normalize_color,
    rgb_to_int_array,
)
from rastervision.pipeline.errors import ConfigError


@pytest.mark.parametrize('color', ['red', '#f00', '#ff0000', 'rgb(255,0,0)', 'hsl(0,100%,50%)', (255, 0, 0)])
def test_a_colour_may_be_written_in_many_ways(color):
    assert color_to_triple(color) == (255, 0, 0)
    assert color_to_integer(color) == 0xFF0000


def test_numbers_from_0_to_1_are_normalised_already():
    assert normalize_color((0.5, 0.0, 1.0)) == (0.5, 0.0, 1.0)
    assert normalize_color((0, 0, 51)) == (0.0, 0.0, 0.2)


def test_made_up_colours_are_the_same_each_time_and_all_differ():
    assert make_colors(50) == make_colors(50)
    assert len(set(make_colors(50))) == 50
    assert make_colors(5) == make_colors(50)[:5]


def test_made_up_colours_avoid_those_taken():
    first, second = make_colors(2)
    assert make_colors(1, taken=[first]) == [second]


def test_pixels_are_numbered_as_colours_are():
    pixels = np.array([[[255, 0, 0], [1, 2, 3]]], dtype=np.uint8)
    assert rgb_to_int_array(pixels).tolist() == [[color_to_integer('red'), color_to_integer((1, 2, 3))]]


@pytest.mark.parametrize('color', ['bleu', (1, 2), (0, 0, 300)])
def test_what_is_no_colour_is_named(color):
    with pytest.raises(ConfigError, match='is not a colour'):
        color_to_triple(color)


def test_a_misspelt_colour_gets_a_suggestion():
    with pytest.raises(ConfigError, match="Did you mean 'green'"):
        color_to_triple('gren')
