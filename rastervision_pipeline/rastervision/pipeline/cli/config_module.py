"""Loads the configs that a user's module, or a JSON file, describes."""

import importlib
import importlib.util
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from rastervision.pipeline.cli.arguments import cast_args
from rastervision.pipeline.config.files import read_config_data
from rastervision.pipeline.config.resolve import resolve
from rastervision.pipeline.errors import (
    ConfigError,
    ConfigImportError,
    ConfigTypeError,
    RasterVisionError,
    about,
    did_you_mean,
)
from rastervision.pipeline.lazy import sparing
from rastervision.pipeline.pipeline_config import PipelineConfig

# Config classes in a user's file count as part of this plugin, unless they say otherwise.
FILE_MODULE_NAME = 'rastervision.pipeline'
FUNCTIONS = ('get_configs', 'get_config')


def get_configs(
    cfg_module_path: str, runner: str | None = None, args: dict[str, Any] | None = None
) -> list[PipelineConfig]:
    """Load the pipeline configs that a module, a Python file or a JSON file describes.

    Args:
        cfg_module_path: A dotted module name, a path that ends with .py, or a URI that ends with .json of a saved
            config, or a list of such, of this version or an earlier one.
        runner: Name of the runner, which is passed to the module's function first.
        args: Keyword arguments for the function, as typed.

    Raises:
        NotReadableError: If a JSON file cannot be read.
        ConfigError: If a config is not valid, the module fails, or an argument does not fit. (An `ImportError` as
            well, if there is no such module or no function in it; a `TypeError`, if it gives something else.)
    """
    if not cfg_module_path.endswith('.json'):
        return get_configs_from_module(cfg_module_path, runner, args or {})
    if args:
        raise ConfigError(f'-a {next(iter(args))}: {cfg_module_path!r} is a finished config, which takes no arguments.')
    data = read_config_data(cfg_module_path)
    with about(cfg_module_path):
        configs = [_pipeline_config(item) for item in (data if isinstance(data, list) else [data])]
        for config in _check_configs(configs, cfg_module_path):
            resolve(config)  # so that what is wrong is said with the name of the file
        return configs


def _pipeline_config(data: Any) -> PipelineConfig:
    if isinstance(data, dict) and 'type_hint' not in data:
        raise ConfigTypeError('There is no type_hint, which says what it is. Is this the config of a pipeline?')
    return PipelineConfig.deserialize(data)


def get_configs_from_module(cfg_module_path: str, runner: str | None, args: dict[str, Any]) -> list[PipelineConfig]:
    """Call `get_configs` of a module, or `get_config` if it has none.

    Args:
        cfg_module_path: A dotted module name, or a path that ends with .py.
        runner: Passed first.
        args: Keyword arguments as typed; see :func:`.cast_args`.

    Raises:
        ConfigError: See :func:`.get_configs`.
    """
    _find_helpers(cfg_module_path)
    module = _import(cfg_module_path)
    function = _function_of(module, cfg_module_path)
    cast = cast_args(function, runner, args)
    with _blaming(module.__file__ or cfg_module_path):
        result = function(runner, **cast)
    return _check_configs(result if isinstance(result, list | tuple) else [result], cfg_module_path)


def _find_helpers(cfg_module_path: str) -> None:
    """Let a user's module import what lies beside it, or a dotted one what Python finds from here.

    These places come after all that is installed. Who names a module to run trusts it; no other command looks there.
    """
    is_file = cfg_module_path.endswith('.py')
    place = os.path.dirname(os.path.abspath(cfg_module_path)) if is_file else os.getcwd()
    sys.path.extend(dict.fromkeys(each for each in (place, os.getcwd()) if each not in sys.path))


def _import(cfg_module_path: str) -> ModuleType:
    if not cfg_module_path.endswith('.py'):
        return _import_dotted(cfg_module_path)
    path = os.path.abspath(cfg_module_path)
    spec = importlib.util.spec_from_file_location(FILE_MODULE_NAME, path)
    if not os.path.isfile(path) or spec is None or spec.loader is None:
        raise ConfigImportError(f'There is no config file {cfg_module_path!r}. (Looked for {path!r}.)')
    module = importlib.util.module_from_spec(spec)
    with _blaming(path), sparing(path):
        spec.loader.exec_module(module)
    return module


def _import_dotted(name: str) -> ModuleType:
    try:
        spec = importlib.util.find_spec(name)
        with sparing(None if spec is None else spec.origin):
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f'{name}.'.startswith(f'{error.name}.'):
            raise ConfigImportError(f'{name} cannot be imported: {error}.') from error
        raise ConfigImportError(
            f'There is no module {name!r} (no {error.name!r}). Give a module that Python finds from here, a path that '
            'ends with .py, or a URI that ends with .json.'
        ) from error
    except Exception as error:
        raise ConfigError(f'{name} cannot be imported: {_text_of(error)}') from error


def _function_of(module: ModuleType, cfg_module_path: str) -> Callable[..., Any]:
    for name in FUNCTIONS:
        function = getattr(module, name, None)
        if callable(function):
            return function  # type: ignore[no-any-return]
    raise ConfigImportError(
        f'{cfg_module_path!r} has no function get_config. It needs one: get_config(runner, ...) -> PipelineConfig.'
    )


def _check_configs(configs: Any, source: str) -> list[PipelineConfig]:
    if not configs:
        raise ConfigError(f'{source!r} gives no pipelines: an empty list. There is nothing to run.')
    for config in configs:
        if not isinstance(config, PipelineConfig):
            raise ConfigTypeError(
                f'{source!r} gives a {type(config).__name__}, which is no PipelineConfig. get_config must return a '
                'PipelineConfig, and get_configs a list of them.'
            )
    return list(configs)


@contextmanager
def _blaming(path: str) -> Iterator[None]:
    """Turn an error of a user's file into one that says which line of it is to blame."""
    try:
        yield
    except SyntaxError as error:
        line = '' if error.lineno is None else f', line {error.lineno}'
        text = f': {error.text.strip()}' if error.text else ''
        raise ConfigError(f'{error.filename or path}{line}: {error.msg}{text}') from error
    except SystemExit as error:
        raise ConfigError(
            f'{path}: it ends the program by sys.exit({error.code!r}) instead of giving a config.'
        ) from error
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = next((f for f in reversed(frames) if os.path.abspath(f.filename) == os.path.abspath(path)), None)
        where = f'{path}, line {own.lineno}: {own.line}\n  ' if own else f'{path}: '
        raise ConfigError(where + _text_of(error)) from error


def _text_of(error: Exception) -> str:
    if isinstance(error, RasterVisionError):
        return str(error)
    text = f'{type(error).__name__}: {error}' if str(error) else type(error).__name__
    if isinstance(error, AttributeError) and error.name is not None:
        return text + did_you_mean(error.name, dir(error.obj))
    if isinstance(error, ImportError) and (found := re.match(r"cannot import name '(\w+)'", str(error))):
        return text + did_you_mean(found[1], dir(sys.modules.get(error.name or '')))
    return text
