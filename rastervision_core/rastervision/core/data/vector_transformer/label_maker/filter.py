"""Filters on features in the language of Mapbox styles.

A filter is a list, such as `['all', ['==', 'kind', 'road'], ['>=', 'lanes', 2]]`. It is compiled to closures once;
nothing of it is run as code. https://docs.mapbox.com/style-spec/reference/other/#other-filter
"""

import logging
import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from rastervision.pipeline.errors import ConfigError, did_you_mean

log = logging.getLogger(__name__)

Feature: TypeAlias = dict[str, Any]
Predicate: TypeAlias = Callable[[Feature], bool]
Getter: TypeAlias = Callable[[Feature], Any]

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    '==': operator.eq,
    '!=': operator.ne,
    '<': operator.lt,
    '>': operator.gt,
    '<=': operator.le,
    '>=': operator.ge,
}
COMBINATIONS = ('any', 'all', 'none')
MEMBERSHIPS = ('in', '!in')
PRESENCES = ('has', '!has')
OPERATORS = (*COMPARISONS, *MEMBERSHIPS, *PRESENCES, *COMBINATIONS)

MULTI_PREFIX = 'Multi'


def create_filter(filt: Sequence[Any] | None) -> Predicate:
    """Compile a filter.

    Properties are named by their key; `$type` is the type of the geometry, `$id` the id of the feature. A key with
    dots that is no property is looked up in nested properties, except by `has`. Values of different types are never
    equal, such as 1, '1' and true; a comparison by size is false for features that lack the property, or have another
    type of value there.

    Args:
        filt: The filter. Empty or None: every feature passes. So it does one with an unknown operator, with a warning.

    Returns:
        A function of a GeoJSON Feature, of which `properties`, `geometry` and `id` are used.

    Raises:
        ConfigError: If the filter is not a list that starts with the name of an operator.
    """
    if not filt:
        return _always
    if isinstance(filt, str) or not isinstance(filt, Sequence) or not isinstance(filt[0], str):
        raise ConfigError(f'{filt!r} is no filter. A filter is a list such as ["==", "building", "yes"].')
    op, *args = filt
    if not args:
        return _never if op == 'any' else _always
    if op in COMBINATIONS:
        return _combination(op, [create_filter(arg) for arg in args])
    if op not in OPERATORS:
        log.warning('Unknown operator %r in filter %r, which every feature passes%s', op, filt, _suggest(op))
        return _always
    return _condition(op, args)


def _suggest(op: str) -> str:
    return did_you_mean(op, OPERATORS) or f'. Operators are {", ".join(OPERATORS)}.'


def _always(feature: Feature) -> bool:
    return True


def _never(feature: Feature) -> bool:
    return False


def _combination(op: str, parts: list[Predicate]) -> Predicate:
    if op == 'all':
        return lambda feature: all(part(feature) for part in parts)
    if op == 'any':
        return lambda feature: any(part(feature) for part in parts)
    return lambda feature: not any(part(feature) for part in parts)


def _condition(op: str, args: list[Any]) -> Predicate:
    key, *values = args
    if not isinstance(key, str):
        raise ConfigError(f'The filter {[op, *args]!r} should name a property first, but has {key!r}.')
    if op in PRESENCES:
        return _negated(_presence(key), op.startswith('!'))
    get = _getter(key)
    if op in MEMBERSHIPS:
        return _negated(lambda feature: _is_among(get(feature), values), op.startswith('!'))
    if not values:
        raise ConfigError(f'The filter {[op, *args]!r} lacks a value to compare {key!r} with.')
    return _comparison(COMPARISONS[op], get, values[0])


def _negated(predicate: Predicate, negate: bool) -> Predicate:
    return (lambda feature: not predicate(feature)) if negate else predicate


def _comparison(compare: Callable[[Any, Any], bool], get: Getter, value: Any) -> Predicate:
    def passes(feature: Feature) -> bool:
        found = get(feature)
        if isinstance(found, bool) != isinstance(value, bool):  # which Python compares as 0 and 1
            return compare is operator.ne
        try:
            return bool(compare(found, value))
        except TypeError:  # of different types, or the property is missing
            return False

    return passes


def _is_among(found: Any, values: list[Any]) -> bool:
    return any(found == value and isinstance(found, bool) == isinstance(value, bool) for value in values)


def _presence(key: str) -> Predicate:
    if key == '$type':
        return lambda feature: bool(feature.get('geometry'))
    if key == '$id':
        return lambda feature: feature.get('id') is not None
    return lambda feature: key in (feature.get('properties') or {})


def _getter(key: str) -> Getter:
    if key == '$type':
        return lambda feature: (feature.get('geometry') or {}).get('type', '').removeprefix(MULTI_PREFIX)
    if key == '$id':
        return lambda feature: feature.get('id')
    path = key.split('.')

    def get(feature: Feature) -> Any:
        value: Any = feature.get('properties') or {}
        if key in value or len(path) == 1:
            return value.get(key)
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    return get
