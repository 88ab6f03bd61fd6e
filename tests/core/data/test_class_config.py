import pytest

from rastervision.core.data.class_config import ClassConfig
from rastervision.pipeline.errors import ConfigError, RasterVisionError, UnknownClassIdError


def test_colours_are_the_same_each_time_if_none_are_given():
    assert ClassConfig(names=['a', 'b']).colors == ClassConfig(names=['a', 'b']).colors


def test_a_class_called_null_is_the_null_class():
    config = ClassConfig(names=['a', 'null'], colors=['red', 'black'])
    assert (config.null_class, config.null_class_id) == ('null', 1)


def test_without_a_null_class_its_id_is_an_error():
    with pytest.raises(ConfigError, match='no null class'):
        _ = ClassConfig(names=['a']).null_class_id


def test_a_null_class_is_added_once_and_is_black():
    config = ClassConfig(names=['a'], colors=['red'])
    config.ensure_null_class()
    config.ensure_null_class()
    assert (config.names, config.colors) == (['a', 'null'], ['red', 'black'])


def test_the_null_class_gets_another_colour_if_black_is_taken():
    config = ClassConfig(names=['a'], colors=['#000000'])
    config.ensure_null_class()
    assert config.color_triples[1] != config.color_triples[0]


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        ({'names': ['a', 'b'], 'colors': ['red']}, '1 entries for 2 names'),
        ({'names': ['roads'], 'null_class': 'road'}, "Did you mean 'roads'"),
        ({'names': ['a', 'null'], 'null_class': 'a'}, "names also has 'null'"),
    ],
)
def test_what_does_not_fit_is_refused(fields, message):
    with pytest.raises(ConfigError, match=message):
        ClassConfig(**fields)


def test_a_wrong_colour_is_found_by_validation():
    with pytest.raises(ConfigError, match="'gren' is not a colour"):
        ClassConfig(names=['a'], colors=['gren']).validate_config()


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(ConfigError, match="Did you mean 'building'"):
        ClassConfig(names=['building']).get_class_id('buildings')


def test_an_unknown_id_is_an_index_error():
    with pytest.raises(IndexError) as error:
        ClassConfig(names=['a']).get_name(3)
    assert isinstance(error.value, RasterVisionError)


@pytest.mark.parametrize('names', [['a', 'b', 'a'], ['Geb\u00e4ude', 'Geba\u0308ude'], ['1', '1']])
def test_two_classes_of_one_name_are_refused(names):
    with pytest.raises(ConfigError, match='twice'):
        ClassConfig(names=names)


def test_composed_and_decomposed_letters_are_the_same_name():
    config = ClassConfig(names=['Wald', 'Geb\u00e4ude'])
    assert config.get_class_id('Geba\u0308ude') == 1
    assert config.names[1] == 'Geb\u00e4ude'


@pytest.mark.parametrize('class_id', [-1, 2, 10**30])
def test_an_id_that_is_none_is_an_error(class_id):
    with pytest.raises(UnknownClassIdError, match='from 0 to 1'):
        ClassConfig(names=['a', 'b']).get_name(class_id)


@pytest.mark.parametrize('names', [['avg', 'mean'], ['average', 'null'], ['0', '1'], ['True', 'None']])
def test_any_names_will_do(names):
    assert [ClassConfig(names=names).get_class_id(name) for name in names] == [0, 1]
