"""Weights that torchvision and the Hugging Face hub offer."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torchvision.models import get_model_weights

from rastervision.pipeline.errors import NotReadableError, RasterVisionError

INSTEAD = 'Set pretrained=False, or pretrained=False and init_weights to a URI of weights'


def default_weights(name: str, pretrained: bool) -> Any:
    """The best weights that torchvision has for a network, or None if it shall not be pretrained."""
    return get_model_weights(name).DEFAULT if pretrained else None


@contextmanager
def explained_download(weights: Any) -> Iterator[None]:
    """Tell what can be done if weights cannot be downloaded.

    Args:
        weights: What is downloaded inside; see `default_weights`.

    Raises:
        NotReadableError: If they are neither in the cache nor to be had from the network.
    """
    try:
        yield
    except RasterVisionError:
        raise
    except OSError as error:
        if weights is None:
            raise
        cache = os.path.join(torch.hub.get_dir(), 'checkpoints')
        raise NotReadableError(
            f'{weights.url}: the pretrained weights cannot be downloaded ({error}). {INSTEAD}, or put the file '
            f'{os.path.basename(weights.url)!r} into {cache}.'
        ) from error


@contextmanager
def explained_hub_download(name: str) -> Iterator[None]:
    """Tell what can be done if weights cannot be downloaded from the Hugging Face hub.

    Args:
        name: The model that is built inside.

    Raises:
        NotReadableError: If they are neither in the cache nor to be had from the network.
    """
    try:
        yield
    except RasterVisionError:
        raise
    except OSError as error:
        raise NotReadableError(
            f'{name}: the pretrained weights cannot be downloaded from the Hugging Face hub ({error}). {INSTEAD}, or '
            'copy the cache (~/.cache/huggingface, or where HF_HOME points to) from a machine that has them.'
        ) from error
