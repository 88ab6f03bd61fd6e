"""Albumentations transforms to and from the dicts that configs hold."""

import importlib
import os
import shutil
from typing import Any

import albumentations as A
from albumentations.core.serialization import SERIALIZABLE_REGISTRY, shorten_class_name

from rastervision.core.defaults import MAX_SIDE
from rastervision.pipeline.errors import WRONG_DATA, ConfigError, did_you_mean
from rastervision.pipeline.registry import registry_
from rastervision.pytorch_learner.dataset.min_max_normalize import MinMaxNormalize
from rastervision.pytorch_learner.dataset.nodata_patches import NodataPatches
from rastervision.pytorch_learner.transform_dict import (
    CLASS_KEY,
    LAMBDA_PATH_KEY,
    validate_transform_dict,
)
from rastervision.pytorch_learner.user_code import load_file

SIZES = ('height', 'width', 'size')  # how arguments of transforms end that are in pixels
LAMBDAS_NAME = 'lambda_transforms'
OWN_TRANSFORMS = (MinMaxNormalize, NodataPatches)  # importing them makes albumentations know them


def validate_albumentation_transform(tf_dict: dict[str, Any] | None) -> dict[str, Any] | None:
    """Check that a dict can be made into a transform, by making it.

    Raises:
        ConfigError: If it cannot.
    """
    if tf_dict is not None:
        deserialize_albumentation_transform(tf_dict)
    return tf_dict


def serialize_albumentation_transform(
    tf: A.BasicTransform | A.BaseCompose, lambda_transforms_path: str | None = None, dst_dir: str | None = None
) -> dict[str, Any]:
    """Make a dict of a transform, for a config.

    Args:
        tf: The transform.
        lambda_transforms_path: If `tf` has an `A.Lambda` in it: a Python file with a dict `lambda_transforms`, name ->
            transform. It is executed when the dict is made into a transform again.
        dst_dir: If given, that file is copied there and the dict names the copy.

    Raises:
        ConfigError: If there is no such file, or it lacks the dict.
    """
    tf_dict: dict[str, Any] = A.to_dict(tf)
    if lambda_transforms_path is None:
        return tf_dict
    _load_lambdas(lambda_transforms_path)
    if dst_dir is not None:
        os.makedirs(dst_dir, exist_ok=True)
        lambda_transforms_path = shutil.copy2(lambda_transforms_path, dst_dir)
    return {**tf_dict, LAMBDA_PATH_KEY: lambda_transforms_path}


def deserialize_albumentation_transform(tf_dict: dict[str, Any]) -> A.BasicTransform | A.BaseCompose:
    """Make a transform of a dict; executes the file that the dict names as `lambda_transforms_path`, if any.

    Raises:
        ConfigError: If there is no such transform, or it does not take such arguments.
    """
    validate_transform_dict(tf_dict)
    path = tf_dict.get(LAMBDA_PATH_KEY)
    lambdas = None if path is None else _load_lambdas(path)
    spec = _known(tf_dict['transform'])
    try:
        return A.from_dict({'transform': spec}, nonserializable=lambdas)
    except (*WRONG_DATA, Warning) as error:
        raise ConfigError(f'The transform {spec[CLASS_KEY]!r} cannot be made of {spec!r:.300}: {error}') from error


def _known(spec: dict[str, Any]) -> dict[str, Any]:
    """The dict of a transform, without arguments of albumentations 1, once all its classes are known to exist."""
    name = spec.get(CLASS_KEY) if isinstance(spec, dict) else None
    if not isinstance(name, str):
        raise ConfigError(f'{spec!r:.200} is no transform: it needs {CLASS_KEY!r}, the name of a class.')
    if '.' in name and name not in SERIALIZABLE_REGISTRY and not name.startswith('albumentations.'):
        _import_module_of(name)
    # A.Lambda is in another registry and gets its checks there.
    if shorten_class_name(name) not in SERIALIZABLE_REGISTRY and not name.endswith('Lambda'):
        near = did_you_mean(name, SERIALIZABLE_REGISTRY) or '.'
        raise ConfigError(f'unknown transform {name!r} (albumentations {A.__version__}){near}')
    for key, value in spec.items():
        if key.endswith(SIZES) and isinstance(value, int | float) and not -MAX_SIDE <= value <= MAX_SIDE:
            raise ConfigError(f'The transform {name!r} has {key}={value!r}; at most {MAX_SIDE} pixels are possible.')
    known = dict(spec)
    if known.pop('always_apply', None):
        known['p'] = 1.0
    if isinstance(known.get('transforms'), list):
        known['transforms'] = [_known(inner) for inner in known['transforms']]
    return known


def _import_module_of(name: str) -> None:
    """Import the module of a class, which makes albumentations know it, if it is a transform.

    The name comes from a file. So only those modules are imported that are installed as, or named by, a plugin.
    """
    module = name.rpartition('.')[0]
    allowed = registry_.get_transform_modules()
    if not any(f'{module}.'.startswith(f'{known}.') for known in allowed):
        raise ConfigError(
            f'The transform {name!r} is not imported: it is neither of albumentations nor of an installed plugin. Let '
            f'a plugin say registry.add_transform_module({module!r}), or use an A.Lambda with a '
            'lambda_transforms_path.'
        )
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise ConfigError(f'The transform {name!r} cannot be imported: {error}. Is the package installed?') from error


def _load_lambdas(path: str) -> dict[str, Any]:
    if not os.path.isfile(path):
        raise ConfigError(f'{LAMBDA_PATH_KEY}: there is no file {path!r}.')
    try:
        module = load_file(path)
    except (ImportError, SyntaxError) as error:
        raise ConfigError(f'{LAMBDA_PATH_KEY}: {path!r} cannot be imported: {error}') from error
    lambdas = getattr(module, LAMBDAS_NAME, None)
    if not isinstance(lambdas, dict):
        raise ConfigError(f'{path!r} has no dict {LAMBDAS_NAME!r} (name -> transform).')
    return lambdas
