"""Losses of logits and class ids.

All take logits, (n, classes, ...), float, and class ids, (n, ...), int64, and give one number, float32. All honour
class weights and a class id that does not count.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

SMOOTH = 1.0  # added to both sides of the quotient of dice, so that tiny objects do not make it jump
NO_CLASS = -100  # what PyTorch ignores by default


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
        """The loss of a batch; NaN if no pixel counts, as cross entropy has it."""
        surprise = functional.cross_entropy(out.float(), y, ignore_index=self.ignore_index, reduction='none')
        counts = (y != self.ignore_index).float()
        if self.weight is not None:
            counts = counts * self.weight[y.where(y != self.ignore_index, 0)]
        return (counts * (1 - torch.exp(-surprise)) ** self.gamma * surprise).sum() / counts.sum()


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
        """The loss of a batch; 0 if no pixel counts."""
        counts = (y != self.ignore_index)[:, None]
        prob = out.float().softmax(dim=1) * counts
        true = functional.one_hot(y.where(counts[:, 0], 0), out.shape[1]).movedim(-1, 1) * counts
        pixels = [dim for dim in range(out.ndim) if dim != 1]
        total = true.sum(pixels)
        loss = 1 - (2 * (prob * true).sum(pixels) + SMOOTH) / (prob.sum(pixels) + total + SMOOTH)
        share = (total > 0).float() * (1.0 if self.weight is None else self.weight)
        return (loss * share).sum() / share.sum().clamp(min=1e-6)


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
        'cross_entropy': lambda: nn.CrossEntropyLoss(weight, ignore_index=ignored, label_smoothing=label_smoothing),
        'focal': lambda: FocalLoss(focal_gamma, weight, ignored),
        'dice': lambda: DiceLoss(weight, ignored),
    }
    built = [losses[name]() for name in parts]
    if len(built) == 1 and set(parts.values()) == {1.0}:
        return built[0]
    return WeightedSum(built, list(parts.values()))
