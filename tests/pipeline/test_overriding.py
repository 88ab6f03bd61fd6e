import pytest

from rastervision.pipeline.overriding import is_overridden


class Base:
    def read(self):
        return 'base'

    @property
    def size(self):
        return 1


class Same(Base):
    pass


class Own(Base):
    def read(self):
        return 'own'


class Sized(Base):
    size = 2


class Grandchild(Own):
    pass


@pytest.mark.parametrize(('cls', 'expected'), [(Base, False), (Same, False), (Own, True), (Grandchild, True)])
def test_methods_of_subclasses_are_told_from_those_of_the_base(cls, expected):
    assert is_overridden(cls(), 'read', base=Base) is expected
    assert is_overridden(cls, 'read', base=Base) is expected


def test_a_property_may_be_replaced_by_a_value():
    assert is_overridden(Sized(), 'read', 'size', base=Base)
    assert not is_overridden(Sized(), 'read', base=Base)


def test_a_method_that_is_set_on_an_object_counts():
    thing = Same()
    thing.read = lambda: 'set'

    assert is_overridden(thing, 'read', base=Base)


def test_a_method_that_the_base_does_not_have_counts_where_it_is():
    assert not is_overridden(Same(), 'write', base=Base)
    assert is_overridden(Own(), 'read', base=object)
