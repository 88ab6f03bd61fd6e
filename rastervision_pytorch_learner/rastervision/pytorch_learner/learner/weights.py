"""Writes and reads weights of models. Reading never runs code."""

import os
import pickle
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_model
from torch import Tensor, nn

from rastervision.pipeline.errors import BundleError
from rastervision.pipeline.file_system.publish import publish_file
from rastervision.pipeline.file_system.utils import download_if_needed

SAFETENSORS_EXT = '.safetensors'


def save_weights(model: nn.Module, path: str) -> None:
    """Write the weights of a model, as a torch file or, by its name, a safetensors file. Atomic."""
    with publish_file(path) as tmp_path:
        if path.endswith(SAFETENSORS_EXT):
            save_model(model, tmp_path)
        else:
            torch.save(model.state_dict(), tmp_path)


def read_weights(uri: str) -> dict[str, Tensor]:
    """Read weights.

    Args:
        uri: A torch file with a state_dict, or a safetensors file; local or remote.

    Raises:
        BundleError: If the file has something else in it.
    """
    path = download_if_needed(uri)
    try:
        if path.endswith(SAFETENSORS_EXT):
            return load_file(path)
        weights = torch.load(path, map_location='cpu', weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, SafetensorError) as error:
        raise BundleError(
            f'{uri}: cannot be read as weights ({error}). Give a file that torch.save(model.state_dict(), path) wrote.'
        ) from error
    if not isinstance(weights, dict):
        raise BundleError(f'{uri}: has a {type(weights).__name__} in it, not the state_dict of a model.')
    return weights


def load_weights(model: nn.Module, uri: str, **kwargs: Any) -> None:
    """Read weights into a model, in place.

    Args:
        model: The model.
        uri: See `read_weights`.
        kwargs: Passed to `load_state_dict`, such as `strict=False`.

    Raises:
        BundleError: If they do not fit.
    """
    weights = read_weights(uri)
    if uri.endswith(SAFETENSORS_EXT):
        weights = _with_shared(model, weights)
    try:
        model.load_state_dict(weights, **kwargs)
    except RuntimeError as error:
        raise BundleError(
            f'{os.path.basename(uri)}: the weights do not fit the model. Check backbone, number of channels and '
            f'classes, or set load_strict=False.\n{error}'
        ) from error


def _with_shared(model: nn.Module, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Safetensors keeps one name of tensors that have several; add the others."""
    by_storage: dict[int, str] = {}
    own = model.state_dict(keep_vars=True)
    for name, tensor in own.items():
        if name in weights:
            by_storage.setdefault(id(tensor), name)
    shared = {
        name: weights[by_storage[id(t)]] for name, t in own.items() if name not in weights and id(t) in by_storage
    }
    return {**weights, **shared}
