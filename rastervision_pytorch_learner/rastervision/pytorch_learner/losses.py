"""Losses of logits and class ids.

All take logits, (n, classes, ...), float, and class ids, (n, ...), int64, and give one number, float32. All honour
class weights, a class id that does not count, and `NO_CLASS`, which is no class and does not count either. A batch in
which nothing counts costs 0, and has gradients of 0.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from rastervision.pytorch_learner.dataset.labels import NO_CLASS

SMOOTH = 1.0  # added to both sides of the quotient of dice, so that tiny objects do not make it jump


class CrossEntropyLoss(nn.CrossEntropyLoss):
    """Cross entropy, whose mean is weighted by class; see `nn.CrossEntropyLoss`."""

    def forward(self, out: Tensor, y: Tensor) -> Tensor:
        """The loss of a batch; 0 if nothing counts."""
        y = _counting(y, self.ignore_index, self.weight)
        options = {'weight': self.weight, 'ignore_index': NO_CLASS, 'label_smoothing': self.label_smoothing}
        total = functional.cross_entropy(out.float(), y, reduction='sum', **options)  # type: ignore[arg-type]
        return _mean(total, _shares(y, self.weight))


class FocalLoss(nn.Module):
    """Cross entropy that counts pixels less the better they are predicted already.

    Lin et al. 2017, https://arxiv.org/abs/1708.02002, equation 5: -w (1 - p)^gamma log(p), where p is the predicted
    probability of the true class. The mean is weighted by w, as that of `nn.CrossEntropyLoss`, which this is for
    gamma 0.

    Args:
        gamma: How much less.
        weight: Weight of each class, (classes,).
        ignore_index: Class id that does not count.
    """

    weight: Tensor | None

    def __init__(self, gamma: float = 2.0, weight: Tensor | None = None, ignore_index: int = NO_CLASS) -> None:
        super().__init__()
        self.gamma = gamma
        self.ignore_index = ignore_index
        self.register_buffer('weight', weight)

    def forward(self, out: Tensor, y: Tensor) -> Tensor:
        """The loss of a batch; 0 if nothing counts."""
        y = _counting(y, self.ignore_index, self.weight)
        surprise = functional.cross_entropy(out.float(), y, ignore_index=NO_CLASS, reduction='none')
        shares = _shares(y, self.weight)
        # Not below the smallest number: the gradient of a power below 1 is infinite at 0.
        doubt = (1 - torch.exp(-surprise)).clamp(min=torch.finfo(torch.float32).tiny)
        return _mean((shares * doubt**self.gamma * surprise).sum(), shares)


class DiceLoss(nn.Module):
    """One minus the overlap of prediction and truth, averaged over the classes that a batch has.

    Milletari et al. 2016, https://arxiv.org/abs/1606.04797, with sums instead of squares in the denominator:
    1 - (2 sum(p t) + 1) / (sum(p) + sum(t) + 1), where p is the probability of a class and t whether it is true.

    Args:
        weight: Weight of each class in the average, (classes,).
        ignore_index: Class id whose pixels do not count.
    """

    weight: Tensor | None

    def __init__(self, weight: Tensor | None = None, ignore_index: int = NO_CLASS) -> None:
        super().__init__()
        self.ignore_index = ignore_index
        self.register_buffer('weight', weight)

    def forward(self, out: Tensor, y: Tensor) -> Tensor:
        """The loss of a batch; 0 if nothing counts."""
        y = _counting(y, self.ignore_index, self.weight)
        counts = (y != NO_CLASS)[:, None]
        prob = out.float().softmax(dim=1) * counts
        true = functional.one_hot(y.where(counts[:, 0], 0), out.shape[1]).movedim(-1, 1) * counts
        pixels = [dim for dim in range(out.ndim) if dim != 1]
        total = true.sum(pixels)
        loss = 1 - (2 * (prob * true).sum(pixels) + SMOOTH) / (prob.sum(pixels) + total + SMOOTH)
        share = (total > 0).float() * (1.0 if self.weight is None else self.weight)
        return _mean((loss * share).sum(), share)


class WeightedSum(nn.Module):
    """The sum of several losses, each times a number.

    Args:
        losses: The losses.
        factors: A factor for each.
    """

    def __init__(self, losses: Sequence[nn.Module], factors: Sequence[float]) -> None:
        super().__init__()
        self.losses = nn.ModuleList(losses)
        self.factors = tuple(factors)

    def forward(self, out: Tensor, y: Tensor) -> Tensor:
        """The loss of a batch."""
        parts = [factor * loss(out, y) for factor, loss in zip(self.factors, self.losses, strict=True)]
        return torch.stack(parts).sum()


def _counting(y: Tensor, ignored: int, weight: Tensor | None) -> Tensor:
    """Class ids, with `NO_CLASS` instead of those that do not count: the one that is ignored, those without weight."""
    y = y if ignored == NO_CLASS else y.where(y != ignored, NO_CLASS)
    return y if weight is None else y.where(weight[y.where(y != NO_CLASS, 0)] > 0, NO_CLASS)


def _shares(y: Tensor, weight: Tensor | None) -> Tensor:
    """How much each element counts: the weight of its class."""
    counts = y != NO_CLASS
    return counts.float() if weight is None else counts * weight[y.where(counts, 0)]


def _mean(total: Tensor, shares: Tensor) -> Tensor:
    """A weighted mean; 0 if nothing counts."""
    return total / shares.sum().clamp(min=torch.finfo(torch.float32).tiny)


def build_loss(
    parts: Mapping[str, float],
    num_classes: int,
    *,
    class_weights: Sequence[float] | None = None,
    ignore_class_index: int | None = None,
    label_smoothing: float = 0.0,
    focal_gamma: float = 2.0,
) -> nn.Module:
    """Build a loss, or the weighted sum of several.

    Args:
        parts: The factor of each loss: 'cross_entropy', 'focal', 'dice'.
        num_classes: Number of classes.
        class_weights: Weight of each class.
        ignore_class_index: Class that does not count. Negative: counted from the end.
        label_smoothing: Share of the truth that is spread over all classes, of cross entropy only.
        focal_gamma: See :class:`FocalLoss`.
    """
    weight = None if class_weights is None else torch.tensor(class_weights, dtype=torch.float32)
    ignored = NO_CLASS if ignore_class_index is None else ignore_class_index
    ignored = ignored % num_classes if ignore_class_index is not None and ignored < 0 else ignored
    losses: dict[str, Callable[[], nn.Module]] = {
        'cross_entropy': lambda: CrossEntropyLoss(weight, ignore_index=ignored, label_smoothing=label_smoothing),
        'focal': lambda: FocalLoss(focal_gamma, weight, ignored),
        'dice': lambda: DiceLoss(weight, ignored),
    }
    built = [losses[name]() for name in parts]
    if len(built) == 1 and set(parts.values()) == {1.0}:
        return built[0]
    return WeightedSum(built, list(parts.values()))
