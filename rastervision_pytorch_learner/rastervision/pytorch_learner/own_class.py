"""Tells the code of this package from that of others."""

from rastervision.pipeline import overriding

PACKAGE = __name__.rpartition('.')[0]


def own_class(owner: object) -> type:
    """The first class of this package that an object is of, or is derived from; see :func:`.overriding.own_class`."""
    return overriding.own_class(owner, PACKAGE)
