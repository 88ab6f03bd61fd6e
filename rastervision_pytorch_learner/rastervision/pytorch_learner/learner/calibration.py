"""Calibrating probabilities by one number, the temperature, that logits are divided by before softmax.

After C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger: On Calibration of Modern Neural Networks (ICML 2017).
"""

import math

import torch
from torch import Tensor

MAX_ELEMENTS = 500_000  # a single number needs no more
BINS = 15  # as in the paper
MIN_TEMPERATURE, MAX_TEMPERATURE = 0.05, 20.0
HALVINGS = 30


class LogitSample:
    """Some of the logits and labels of a data set: of each image as many, drawn at random but always the same.

    Memory: at most about half a million elements, whatever the size of the data set.

    Args:
        num_images: Number of images in the data set.
        seed: Where random numbers start.
        ignored_class: Class whose elements are left out.
    """

    def __init__(self, num_images: int, *, seed: int, ignored_class: int | None = None) -> None:
        self._per_image = max(1, MAX_ELEMENTS // max(1, num_images))
        self._generator = torch.Generator().manual_seed(seed)
        self._ignored_class = ignored_class
        self._logits: list[Tensor] = []
        self._labels: list[Tensor] = []

    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Draw from a batch of images.

        Args:
            logits: (batch, classes, ...), floating point.
            labels: Class ids, (batch, ...). Those that are no class are left out.
        """
        num_classes = logits.shape[1]
        ignored = None if self._ignored_class is None else self._ignored_class % num_classes
        for of_image, truth in zip(logits.flatten(2) if logits.ndim > 2 else logits[..., None], labels, strict=True):
            truth = truth.reshape(-1)
            drawn = torch.randperm(len(truth), generator=self._generator)[: self._per_image].to(truth.device)
            drawn = drawn[(truth[drawn] >= 0) & (truth[drawn] < num_classes)]
            if ignored is not None:
                drawn = drawn[truth[drawn] != ignored]
            self._logits.append(of_image[:, drawn].T.float().cpu())
            self._labels.append(truth[drawn].long().cpu())

    def tensors(self) -> tuple[Tensor, Tensor]:
        """What was drawn: logits, (n, classes), float32, and class ids, (n,)."""
        return torch.cat(self._logits), torch.cat(self._labels)


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature with which the probabilities of true classes are highest (least cross entropy).

    Cross entropy is convex in 1 / temperature; the root of its derivative is found by bisection, to six digits.

    Args:
        logits: (n, classes).
        labels: Class ids, (n,).

    Returns:
        A number from 0.05 to 20; greater than one if the probabilities were too sure.
    """
    logits = logits.double()
    of_truth = logits.gather(1, labels[:, None])[:, 0]
    low, high = math.log(MIN_TEMPERATURE), math.log(MAX_TEMPERATURE)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        expected = ((logits / math.exp(middle)).softmax(dim=1) * logits).sum(dim=1)
        if (expected - of_truth).mean() > 0:  # too sure
            low = middle
        else:
            high = middle
    return round(math.exp((low + high) / 2), 6)


def calibration_error(probabilities: Tensor, labels: Tensor) -> float:
    """Expected calibration error: how far, on average, the probability of the best class is from its hit rate.

    Args:
        probabilities: (n, classes).
        labels: Class ids, (n,).

    Returns:
        The mean over 15 bins of equal width, weighted by their numbers of elements: 0 to 1.
    """
    confidence, predicted = probabilities.double().max(dim=1)
    bins = (confidence * BINS).ceil().long().clamp(1, BINS) - 1
    gaps = torch.zeros(BINS, dtype=torch.float64).scatter_add_(0, bins, confidence - (predicted == labels).double())
    return float(gaps.abs().sum() / len(labels))
