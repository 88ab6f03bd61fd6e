"""Tells the code of this package from that of others."""

PACKAGE = __name__.rpartition('.')[0]


def own_class(owner: object) -> type:
    """The first class of this package that an object is of, or is derived from; `object` if there is none.

    What an object has that is not of this class was put there by others.
    """
    return next((cls for cls in type(owner).__mro__ if f'{cls.__module__}.'.startswith(f'{PACKAGE}.')), object)
