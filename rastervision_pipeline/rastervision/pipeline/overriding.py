"""Tells whether code of others has taken the place of a method, so that no shortcut goes past it."""

import inspect


def is_overridden(owner: object, *names: str, base: type) -> bool:
    """Whether one of these methods or properties is another one than that of a base class.

    A class whose inner way to a result is shorter than its public methods asks this first: what a subclass, or
    whoever has set an attribute of the object, has put in the place of a public method is always called.

    Args:
        owner: An object of a subclass, or a subclass.
        names: The methods.
        base: The class whose own methods may be left out. One that it does not have counts as overridden where it is.
    """
    cls = owner if isinstance(owner, type) else type(owner)
    own = {} if isinstance(owner, type) else getattr(owner, '__dict__', {})
    missing = object()
    return any(
        name in own or inspect.getattr_static(cls, name, missing) is not inspect.getattr_static(base, name, missing)
        for name in names
    )


def own_class(owner: object, package: str) -> type:
    """The first class of a package that an object is of, or is derived from; `object` if there is none.

    What an object has that is not of this class was put there by others.

    Args:
        owner: The object, or a class.
        package: Its full name.
    """
    kinds = owner.__mro__ if isinstance(owner, type) else type(owner).__mro__
    return next((cls for cls in kinds if f'{cls.__module__}.'.startswith(f'{package}.')), object)


def is_overridden_later(owner: object, *names: str, than: tuple[str, ...]) -> bool:
    """Whether some methods are defined nearer to an object than others, which then no longer say what it does.

    For classes that have an older and a newer method for the same, each of which a subclass may override.

    Args:
        owner: The object.
        names: Some of the methods.
        than: The others. They count where one class defines both.
    """
    own = [getattr(owner, '__dict__', {}), *(vars(cls) for cls in type(owner).__mro__)]
    for members in own:
        if any(name in members for name in than):
            return False
        if any(name in members for name in names):
            return True
    return False
