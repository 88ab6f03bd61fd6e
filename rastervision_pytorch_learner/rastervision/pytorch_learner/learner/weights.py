"""Writes and reads weights of models. Reading never runs code."""

import logging
import pickle
import struct
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_model
from torch import Tensor, nn

from rastervision.pipeline.errors import WRONG_DATA, BundleError, about
from rastervision.pipeline.file_system.publish import publish_file
from rastervision.pipeline.file_system.utils import download_if_needed
from rastervision.pipeline.masking import mask
from rastervision.pytorch_learner.models.matching import match_weights, with_versions

log = logging.getLogger(__name__)

SAFETENSORS_EXT = '.safetensors'
DAMAGED = (pickle.UnpicklingError, RuntimeError, EOFError, OSError, struct.error, SafetensorError, *WRONG_DATA)
STATE_DICT_KEYS = ('state_dict', 'model_state_dict', 'model')  # where checkpoints have it


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
        uri: A torch file with a state_dict, or with one inside a checkpoint of Lightning or the like, or a safetensors
            file; local or remote.

    Raises:
        BundleError: If the file has something else in it.
    """
    path = download_if_needed(uri)
    try:
        if path.endswith(SAFETENSORS_EXT):
            return load_file(path)
        content = torch.load(path, map_location='cpu', weights_only=True)
    except DAMAGED as error:
        raise BundleError(
            f'{uri}: cannot be read as weights ({error}). Give a file that torch.save(model.state_dict(), path) wrote. '
            'If it is a checkpoint with other objects in it, and you trust its origin, write its weights to a new '
            "file: torch.save(torch.load(path, weights_only=False)['state_dict'], new_path)."
        ) from error
    return _state_dict_in(content, uri)


def input_channels(weights: dict[str, Tensor]) -> int | None:
    """Number of channels of the images that a model takes, told by its first convolution; None if it has none.

    Args:
        weights: Those of the model, in the order of its layers, as in a torch file.
    """
    name, kernel = next(((name, value) for name, value in weights.items() if value.ndim == 4), (None, None))
    if name is None or kernel is None:
        return None
    # A network that was trained on fewer channels has a second convolution for the others; see adjust_conv_channels.
    added = weights.get(f'{name.removesuffix(".1.0.weight")}.1.1.weight') if name.endswith('.1.0.weight') else None
    return int(kernel.shape[1]) + (0 if added is None else int(added.shape[1]))


def _state_dict_in(content: Any, uri: str) -> dict[str, Tensor]:
    """The state_dict that a file is, or that is an entry of it."""
    if isinstance(content, dict):
        inside = (content[key] for key in STATE_DICT_KEYS if isinstance(content.get(key), dict))
        weights: dict[str, Tensor] = next(inside, content)
        if not all(isinstance(name, str) for name in weights):
            raise BundleError(f'{uri}: has names of weights that are no text: {list(weights)!r:.120}.')
        if not weights or any(isinstance(value, Tensor) for value in weights.values()):
            return weights
    kind = f'dict with {sorted(map(str, content))}' if isinstance(content, dict) else type(content).__name__
    raise BundleError(f'{uri}: has a {kind} in it, not the state_dict of a model.')


def load_weights(model: nn.Module, uri: str, *, strict: bool = True, **kwargs: Any) -> None:
    """Read weights into a model, in place.

    Wrappers of networks in front of names ('module.', 'model.', 'backbone.' and so on) may differ.

    Args:
        model: The model.
        uri: See `read_weights`.
        strict: Whether all weights must fit. Otherwise those that do are taken; the log says which do not.
        kwargs: Passed to `load_state_dict`.

    Raises:
        BundleError: If they do not fit; without `strict`, if none does.
    """
    weights = read_weights(uri)
    if uri.endswith(SAFETENSORS_EXT):
        weights = _with_shared(model, weights)
    with about(uri, BundleError):
        _fill(model, weights, uri, strict=strict, **kwargs)
        _check_finite(model, uri)


def _check_finite(model: nn.Module, uri: str) -> None:
    """See that no parameter is NaN or infinite, of which all predictions would be NaN."""
    broken = [name for name, value in model.named_parameters() if not torch.isfinite(value).all()]
    if broken:
        raise BundleError(
            f'{uri}: {len(broken)} weights have values in them that are not finite, such as {broken[0]!r}. The '
            'training that made them has failed, or the file is damaged.'
        )


def _fill(model: nn.Module, weights: dict[str, Tensor], uri: str, *, strict: bool, **kwargs: Any) -> None:
    if strict and _load_as_they_are(model, weights, **kwargs):
        return
    match = match_weights(model, weights)
    if (strict and not match.complete) or not match.fitting:
        raise BundleError(
            f'{uri}: the weights do not fit the model: {match.report()} Check backbone or name, and the numbers of '
            f'channels and classes{", or set load_strict=False" if strict else ""}.'
        )
    model.load_state_dict(with_versions(model, match.fitting), strict=False, **kwargs)
    log.info('%s: %s', mask(uri), match.report())


def _load_as_they_are(model: nn.Module, weights: dict[str, Tensor], **kwargs: Any) -> bool:
    """Fill a model with weights if all of them fit unchanged. (Layers may translate those of older versions.)"""
    try:
        model.load_state_dict(with_versions(model, weights), **kwargs)
    except RuntimeError:
        return False
    return True


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
