"""What stands for the code that a command of a pipeline runs: it changes if the result may."""

import dis
import inspect
import types
from functools import cache
from importlib import metadata
from typing import Any

from rastervision.pipeline.config.base import descendants
from rastervision.pipeline.pipeline import Pipeline
from rastervision.pipeline.records import digest
from rastervision.pipeline.registry import registry_

NAMESPACE = 'rastervision'
Named = types.FunctionType | type


def code_versions(pipeline: Pipeline, command: str) -> dict[str, Any]:
    """Versions of the plugins that a command uses, and the source of the pipeline's own methods that it may call.

    Args:
        pipeline: The pipeline.
        command: Name of the command.
    """
    used = _plugins_of(pipeline)
    cls: Any = type(pipeline)
    return {
        'distributions': [text for name, text in _distributions() if name in used],
        'plugins': {name: version for name, version in registry_.get_plugin_versions().items() if _top(name) in used},
        'classes': _source_digest(cls, command, frozenset(pipeline.all_commands)),
    }


def _plugins_of(pipeline: Pipeline) -> set[str]:
    """The packages `rastervision.<name>` that a pipeline and its config come from, as `rastervision_<name>`."""
    parts = [pipeline.config, *descendants(pipeline.config)]
    modules = {cls.__module__ for part in parts for cls in type(part).__mro__}
    modules |= {cls.__module__ for cls in type(pipeline).__mro__}
    return {_top(module) for module in modules if module.startswith(f'{NAMESPACE}.')}


def _top(module: str) -> str:
    """`rastervision_core` of `rastervision.core.data`."""
    return '_'.join(module.split('.')[:2])


@cache
def _distributions() -> list[tuple[str, str]]:
    found = {(item.metadata['Name'] or '', item.version) for item in metadata.distributions()}
    return sorted((name.lower().replace('-', '_'), f'{name} {version}') for name, version in found)


@cache
def _source_digest(cls: type, command: str, commands: frozenset[str]) -> str:
    """Of the methods that are no other commands, or are called by this one, and what they use of their modules.

    One by one: the source of a class in a user's config file is not found by its module.
    """
    methods = [
        (base, name, member)
        for base in cls.__mro__[:-1]
        for name, value in vars(base).items()
        for member in _functions(value)
    ]
    wanted = {name for _, name, _ in methods if name not in commands or name == command}
    while True:
        called = {used for _, name, member in methods if name in wanted for used in _used_of_self(member)}
        if commands & called <= wanted:
            break
        wanted |= commands & called
    parts: dict[str, str] = {}
    for base, name, member in methods:
        if name in wanted:
            _add_source(member, f'{base.__qualname__}.{name}', parts)
    return digest(parts)


def _functions(member: Any) -> list[types.FunctionType]:
    """The functions that a member of a class is made of."""
    if isinstance(member, property):
        candidates = [member.fget, member.fset, member.fdel]
    else:
        candidates = [getattr(member, '__func__', getattr(member, 'func', member))]
    return [function for function in candidates if isinstance(function, types.FunctionType)]


def _add_source(item: Named, name: str, parts: dict[str, str]) -> None:
    """Add the source of a function or class, and of the functions and classes beside it that it names."""
    if name in parts:
        return
    try:
        parts[name] = inspect.getsource(item)
    except (OSError, TypeError):  # typed into a shell, say
        parts[name] = item.__qualname__
    if item.__module__.startswith(f'{NAMESPACE}.') and _top(item.__module__) in _versioned():
        return  # the version of its package stands for what is beside it
    functions = (
        [item] if isinstance(item, types.FunctionType) else [f for v in vars(item).values() for f in _functions(v)]
    )
    for function in functions:
        for used in _names_in(function.__code__):
            other = function.__globals__.get(used)
            if isinstance(other, types.FunctionType | type) and other.__module__ == item.__module__:
                _add_source(other, f'{other.__module__}.{used}', parts)
            elif isinstance(other, bool | int | float | str | tuple):
                parts[f'{item.__module__}.{used}'] = repr(other)


@cache
def _versioned() -> frozenset[str]:
    """The packages of the project's own distributions and of installed plugins."""
    return frozenset(name for name, _ in _distributions())


def _used_of_self(method: types.FunctionType) -> set[str]:
    """Names of the members of its own object that a method uses, also in functions inside it."""
    code = method.__code__
    return _members_of(code.co_varnames[0], code) if code.co_argcount else set()


def _members_of(variable: str, code: types.CodeType) -> set[str]:
    """Names of the attributes that code takes of a variable."""
    used: set[str] = set()
    before: Any = None  # what was loaded last: a name, or two where Python loads two at once
    for step in dis.get_instructions(code):
        if step.opname in ('LOAD_ATTR', 'LOAD_METHOD') and before == variable:
            used.add(step.argval)
        loads = step.opname.startswith(('LOAD_FAST', 'LOAD_DEREF', 'LOAD_CLASSDEREF'))
        before = step.argval[-1] if loads and isinstance(step.argval, tuple) else step.argval if loads else None
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return used.union(*(_members_of(variable, constant) for constant in inner))


def _names_in(code: types.CodeType) -> set[str]:
    """Names that code uses: globals and attributes, also in functions inside it."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names_in(constant)
    return names
