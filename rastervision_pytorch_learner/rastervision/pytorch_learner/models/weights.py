"""Weights that torchvision offers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torchvision.models import get_model_weights

from rastervision.pipeline.errors import NotReadableError


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
    except OSError as error:
        if weights is None:
            raise
        cache = os.path.join(torch.hub.get_dir(), 'checkpoints')
        raise NotReadableError(
            f'{weights.url}: the pretrained weights cannot be downloaded ({error}). Set pretrained=False, or '
            f'pretrained=False and init_weights to a URI of weights, or put the file {os.path.basename(weights.url)!r} '
            f'into {cache}.'
        ) from error
